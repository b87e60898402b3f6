//! How many instances a share of an app is, and how many are divided among clusters and locations.

use std::cmp::Ordering;

/// What a share comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    pub instances: i32,
    /// Percent of the instances that were asked for, and that they are.
    pub asked: f64,
    pub real: f64,
}

/// The instances beside `replicas` old ones that get `percent` of the requests, where these are spread evenly over
/// instances: `p·R / (1 − p)`, at least one, at most as many as there are old ones (`research/release.md` 1.4).
pub fn beside(replicas: i32, percent: f64) -> Share {
    let share = (percent / 100.0).clamp(0.0, 0.5);
    let wanted = (share * f64::from(replicas) / (1.0 - share)).round() as i32;
    let instances = wanted.clamp(1, replicas.max(1));
    let all = f64::from(replicas.max(0)) + f64::from(instances);
    Share {
        instances,
        asked: percent,
        real: f64::from(instances) / all * 100.0,
    }
}

/// What so many instances are of `replicas`, beside or in place of old ones.
pub fn of_instances(replicas: i32, instances: i32, beside: bool) -> Share {
    let all = if beside {
        replicas.saturating_add(instances)
    } else {
        replicas
    };
    let real = f64::from(instances) / f64::from(all.max(1)) * 100.0;
    Share {
        instances,
        asked: real,
        real,
    }
}

/// The instances in place of old ones that are `percent` of `replicas`: rounded up, at least one.
pub fn in_place(replicas: i32, percent: f64) -> Share {
    let share = (percent / 100.0).clamp(0.0, 1.0);
    let most = replicas.max(1);
    // A share that is whole but for the last bit of a float is whole.
    let wanted = (share * f64::from(most) - 1e-9).ceil() as i32;
    let instances = wanted.clamp(1, most);
    Share {
        instances,
        asked: percent,
        real: f64::from(instances) / f64::from(most) * 100.0,
    }
}

/// How a number of instances is divided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Of each place, in the order they were given.
    pub seats: Vec<u32>,
    /// What fits nowhere.
    pub unplaced: u32,
}

/// Divides `instances` by Webster's method: the next goes where `weight / (2 · seats + 1)` is largest, of equal ones where
/// fewer are, then to the first. `takes` is asked whether a place takes one more, and has given it away where it does; one
/// that does not is asked no more. One more instance takes none from any place (`research/release.md` 5.4, where largest
/// remainders fail this).
pub fn deal(instances: u32, weights: &[f64], mut takes: impl FnMut(usize) -> bool) -> Split {
    let mut split = Split {
        seats: vec![0; weights.len()],
        unplaced: instances,
    };
    let mut weights = weights.to_vec();
    while split.unplaced > 0 {
        let Some(next) = next(&weights, &split.seats) else {
            break;
        };
        if takes(next) {
            if let Some(seats) = split.seats.get_mut(next) {
                *seats += 1;
            }
            split.unplaced -= 1;
        } else if let Some(weight) = weights.get_mut(next) {
            *weight = 0.0;
        }
    }
    split
}

fn next(weights: &[f64], seats: &[u32]) -> Option<usize> {
    let mut best: Option<(f64, u32, usize)> = None;
    for (index, (&weight, &taken)) in weights.iter().zip(seats).enumerate() {
        if weight.is_nan() || weight <= 0.0 {
            continue;
        }
        let claim = weight / (2.0 * f64::from(taken) + 1.0);
        let is_better = best.is_none_or(|(known, fewest, _)| match claim.total_cmp(&known) {
            Ordering::Greater => true,
            Ordering::Equal => taken < fewest,
            Ordering::Less => false,
        });
        if is_better {
            best = Some((claim, taken, index));
        }
    }
    best.map(|(.., index)| index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_share_tells_what_was_asked_and_what_it_is() {
        type Case = (i32, f64, i32, f64);
        type Asked = fn(i32, f64) -> Share;
        #[rustfmt::skip]
        let cases: [(Asked, &[Case]); 2] = [
            (beside, &[
                (10, 20.0, 3, 23.1), (10, 17.0, 2, 16.7), (42, 9.0, 4, 8.7), (10, 0.1, 1, 9.1),
                (10, 50.0, 10, 50.0), (10, 90.0, 10, 50.0), (1, 10.0, 1, 50.0),
            ]),
            (in_place, &[(10, 20.0, 2, 20.0), (10, 21.0, 3, 30.0), (10, 30.0, 3, 30.0), (3, 1.0, 1, 33.3), (10, 100.0, 10, 100.0)]),
        ];
        for (ask, cases) in cases {
            for &(replicas, percent, instances, real) in cases {
                let share = ask(replicas, percent);
                assert_eq!((share.instances, share.asked), (instances, percent), "{replicas}");
                assert!((share.real - real).abs() < 0.05, "{share:?}");
            }
        }
    }

    /// A place that takes so many more, and how much it is liked.
    #[derive(Clone, Copy, Debug)]
    struct Place {
        room: u32,
        preference: f64,
    }

    fn place(room: u32, preference: f64) -> Place {
        Place { room, preference }
    }

    fn split(instances: u32, places: &[Place]) -> Split {
        let weight = |place: &Place| f64::from(place.room) * place.preference;
        let weights: Vec<f64> = places.iter().map(weight).collect();
        let mut left: Vec<u32> = places.iter().map(|place| place.room).collect();
        deal(instances, &weights, |place| {
            let takes = left[place] > 0;
            left[place] -= u32::from(takes);
            takes
        })
    }

    #[test]
    fn instances_go_where_there_is_room_and_where_it_is_liked() {
        let two = [place(20, 1.0), place(14, 1.0)];
        assert_eq!(split(23, &two).seats, [14, 9]);
        let rest = split(40, &two);
        assert_eq!(
            (rest.seats, rest.unplaced),
            (vec![20, 14], 6),
            "what fits nowhere is told"
        );
        assert_eq!(split(4, &[place(10, 1.0), place(10, 0.0)]).seats, [4, 0]);
        assert_eq!(split(6, &[place(10, 2.0), place(10, 1.0)]).seats, [4, 2]);
        assert_eq!(split(2, &[place(5, 1.0), place(5, 1.0)]).seats, [1, 1]);
        assert_eq!(split(3, &[]).unplaced, 3);
    }

    fn places() -> impl Strategy<Value = Vec<Place>> {
        let one = (0_u32..80, 0_u32..4).prop_map(|(room, liked)| place(room, f64::from(liked)));
        proptest::collection::vec(one, 0..7)
    }

    proptest! {
        #[test]
        fn no_place_gets_more_than_its_room_and_nothing_is_lost(instances in 0_u32..300, places in places()) {
            let split = split(instances, &places);
            let placed: u32 = split.seats.iter().sum();
            prop_assert_eq!(placed + split.unplaced, instances);
            for (place, &seats) in places.iter().zip(&split.seats) {
                prop_assert!(seats <= place.room);
                prop_assert!(place.preference > 0.0 || seats == 0);
            }
            let room: u32 = places.iter().filter(|p| p.preference > 0.0).map(|p| p.room).sum();
            prop_assert_eq!(split.unplaced, instances.saturating_sub(room));
        }

        #[test]
        fn one_more_instance_takes_none_away(instances in 0_u32..200, places in places()) {
            let (before, after) = (split(instances, &places), split(instances + 1, &places));
            for (before, after) in before.seats.iter().zip(&after.seats) {
                prop_assert!(before <= after);
            }
        }
    }
}
