//! So many are read, and divided by the room there is.

use proptest::prelude::*;

use super::*;

#[test]
fn so_many_are_read() {
    for (text, amount) in [
        ("+12", Some(Amount::By(12))),
        ("+50%", Some(Amount::ByPercent(50.0))),
        (" 69 ", Some(Amount::To(69))),
        ("0", Some(Amount::To(0))),
        ("-3", None),
        ("+0", None),
        ("50%", None),
        ("+x", None),
        ("", None),
        ("999999999", None),
    ] {
        assert_eq!(Amount::parse(text).ok(), amount, "{text}");
    }
    assert_eq!(Amount::ByPercent(50.0).of(46), 69);
    assert_eq!(Amount::ByPercent(10.0).of(1), 2, "a share of little is one");
}

fn room(cluster: &str, now: i64, fits: i64) -> Room {
    Room {
        cluster: cluster.into(),
        now,
        fits: Some(fits),
        ..Room::default()
    }
}

/// What they get, and what has room nowhere.
fn divided(amount: Amount, rooms: &[Room]) -> (Vec<i64>, i64) {
    let Division { to, unplaced, .. } = divide(amount, rooms);
    (to, unplaced)
}

#[test]
fn where_nobody_knows_how_many_have_room_one_place_gets_what_is_asked_for_and_several_are_not_divided() {
    let unknown = Room {
        cluster: "b".into(),
        now: 10,
        ..Room::default()
    };
    let one = std::slice::from_ref(&unknown);
    assert_eq!(divided(Amount::By(90), one), (vec![100], 0));
    assert!(!lacks_room(Amount::By(90), one));
    let two = [room("a", 4, 9), unknown.clone()];
    assert!(lacks_room(Amount::By(1), &two));
    assert!(!lacks_room(Amount::By(1), &[room("a", 4, 9), room("b", 4, 9)]));
    assert!(!lacks_room(Amount::To(8), &two), "fewer need no room");
    let same = [unknown.clone(), unknown];
    assert!(!lacks_room(Amount::By(8), &same), "they share whatever room there is");
    assert_eq!(divided(Amount::By(8), &same), (vec![14, 14], 0));
}

#[test]
fn more_goes_where_there_is_room() {
    let rooms = [room("a", 46, 20), room("b", 0, 14)];
    assert_eq!(divided(Amount::By(23), &rooms), (vec![60, 9], 0));
    assert_eq!(divided(Amount::By(40), &rooms), (vec![66, 14], 6));
    assert_eq!(divided(Amount::To(50), &rooms[..1]), (vec![50], 0));
    let late = divided(Amount::To(70), &rooms[..1]);
    assert_eq!(
        late,
        (vec![70], 4),
        "what does not fit may come once there are more nodes"
    );
}

#[test]
fn workloads_of_one_cluster_share_its_room() {
    let two = [room("a", 5, 20), room("a", 5, 20), room("b", 5, 20)];
    assert_eq!(divided(Amount::By(40), &two), (vec![15, 15, 25], 0));
    assert_eq!(
        divided(Amount::By(45), &two),
        (vec![15, 15, 25], 5),
        "no place is given away twice"
    );
    assert_eq!(
        divided(Amount::By(8), &two),
        (vec![7, 7, 9], 0),
        "by the room that each has, once"
    );
}

/// A workload with so many more in each of these locations.
fn pinned(places: &[(&str, i64)], quota: Option<i64>) -> Room {
    let fits = places.iter().map(|(_, fits)| fits).sum();
    Room {
        places: places.iter().map(|(name, fits)| ((*name).into(), *fits)).collect(),
        quota,
        ..room("a", 0, quota.map_or(fits, |quota| fits.min(quota)))
    }
}

#[test]
fn each_gets_only_what_fits_where_it_may_run() {
    let apart = [pinned(&[("idc", 6)], None), pinned(&[("cloud", 9)], None)];
    assert_eq!(divided(Amount::By(20), &apart), (vec![6, 9], 5), "nobody shares");
    let overlap = [pinned(&[("idc", 6)], None), pinned(&[("idc", 6), ("cloud", 9)], None)];
    let (to, unplaced) = divided(Amount::By(20), &overlap);
    assert_eq!((to.iter().sum::<i64>(), unplaced), (15, 5), "{to:?}");
    assert!(to[0] <= 6 && to[1] >= 9, "{to:?}");
    // One is twice as large: two of the other go where one of it goes.
    let uneven = [pinned(&[("idc", 4)], None), pinned(&[("idc", 8)], None)];
    let (to, _) = divided(Amount::By(20), &uneven);
    assert!(to[0] * 2 + to[1] <= 8 && to[0] * 2 + to[1] >= 7, "{to:?}");
    let quota = [pinned(&[("idc", 9)], Some(5)), pinned(&[("cloud", 9)], Some(5))];
    assert_eq!(divided(Amount::By(20), &quota), (vec![3, 2], 15), "their quota is one");
}

#[test]
fn none_is_taken_below_its_least_where_fewer_are_divided() {
    let two = [room("a", 10, 0), room("b", 4, 0)];
    assert_eq!(divided(Amount::To(8), &two), (vec![4, 4], 0));
    let kept = |least: [i64; 2], to: i64| {
        let rooms: Vec<Room> = two
            .iter()
            .zip(least)
            .map(|(room, least)| Room { least, ..room.clone() })
            .collect();
        let Division { to, kept, .. } = divide(Amount::To(to), &rooms);
        (to, kept)
    };
    assert_eq!(kept([7, 0], 8), (vec![7, 1], 0));
    assert_eq!(kept([7, 3], 8), (vec![7, 3], 2));
    assert_eq!(kept([12, 0], 2), (vec![10, 0], 8), "what is below it already stays");
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nobody_gets_fewer_by_more(more in 1_i64..200, rooms in proptest::collection::vec((0_i64..60, 0_i64..60), 2..6)) {
        let named = |(number, (now, fits)): (usize, (i64, i64))| room(&number.to_string(), now, fits);
        let rooms: Vec<Room> = rooms.into_iter().enumerate().map(named).collect();
        let now: i64 = rooms.iter().map(|room| room.now).sum();
        let divided = divide(Amount::By(more), &rooms);
        prop_assert_eq!(divided.to.iter().sum::<i64>() + divided.unplaced, now + more);
        for (room, to) in rooms.iter().zip(&divided.to) {
            prop_assert!(*to >= room.now && *to <= room.now + room.fits.unwrap());
        }
        let less = (now - more).max(0);
        let divided = divide(Amount::To(less), &rooms);
        prop_assert_eq!(divided.to.iter().sum::<i64>(), less);
        prop_assert!(divided.to.iter().all(|to| *to >= 0));
    }

    #[test]
    fn what_is_shared_is_given_away_once(more in 1_i64..200, fits in 1_i64..60, sharing in 2_usize..5) {
        let rooms: Vec<Room> = (0..sharing).map(|_| room("a", 3, fits)).collect();
        let divided = divide(Amount::By(more), &rooms);
        let got: i64 = divided.to.iter().map(|to| to - 3).sum();
        prop_assert_eq!(got, more.min(fits));
        prop_assert_eq!(divided.unplaced, more - got);
    }
}
