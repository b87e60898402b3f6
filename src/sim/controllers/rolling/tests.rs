//! The rolling update keeps its promises for any strategy, any failure and any order of events.

use proptest::prelude::*;

use super::*;

#[test]
fn surge_rounds_up_and_unavailable_down() {
    use Amount::{Count, Percent};
    for (replicas, surge, unavailable, expected) in [
        (10, Percent(25), Percent(25), (3, 2)),
        (1, Percent(25), Percent(25), (1, 0)),
        (4, Percent(0), Percent(10), (0, 1)),
        (10, Count(0), Count(0), (0, 1)),
        (3, Count(0), Count(9), (0, 3)),
        (7, Count(2), Count(0), (2, 0)),
        (0, Percent(25), Percent(25), (0, 0)),
    ] {
        let limits = Limits::rolling(replicas, surge, unavailable);
        assert_eq!(
            (limits.surge, limits.unavailable),
            expected,
            "{replicas} {surge:?} {unavailable:?}"
        );
    }
    assert_eq!(Amount::parse(&"25%".into()), Some(Percent(25)));
    assert_eq!(Amount::parse(&3.into()), Some(Count(3)));
    assert_eq!(Amount::parse(&"x".into()), None);
}

#[test]
fn unhealthy_instances_go_before_healthy_ones() {
    let limits = Limits {
        replicas: 10,
        surge: 3,
        unavailable: 2,
    };
    let set = |wanted, available| Set { wanted, available };
    // The first step of an ordinary update: three new are not up yet, two old may go.
    assert_eq!(
        shrink_old(limits, set(3, 0), &[set(10, 10)]),
        [Shrink {
            index: 0,
            from: 10,
            to: 8
        }]
    );
    // Crashing old ones go first, and nothing healthy follows them.
    assert_eq!(
        shrink_old(limits, set(3, 0), &[set(8, 8), set(2, 0)]),
        [Shrink {
            index: 1,
            from: 2,
            to: 0
        }]
    );
}

#[test]
fn a_hold_scaled_up_shares_in_proportion() {
    // 10 + 2 at surge 2 becomes 14: the real control plane made it 13 + 3.
    let limits = Limits {
        replicas: 14,
        surge: 2,
        unavailable: 0,
    };
    let before = |size| Share { size, most_before: 12 };
    assert_eq!(proportional(limits, &[before(10), before(2)]), [13, 3]);
    let none = Limits {
        replicas: 0,
        surge: 2,
        unavailable: 0,
    };
    assert_eq!(proportional(none, &[before(10), before(2)]), [0, 0]);
}

/// A Deployment with one old and one new replica set whose pods come up or break as the test says.
#[derive(Clone, Debug)]
struct Rollout {
    limits: Limits,
    old: Set,
    new: Set,
}

impl Rollout {
    fn control(&mut self) {
        let total = self.old.wanted + self.new.wanted;
        let size = new_size(self.limits, self.new.wanted, total);
        if size != self.new.wanted {
            self.new.wanted = size;
            return;
        }
        for step in shrink_old(self.limits, self.new, &[self.old]) {
            self.old.wanted = step.to;
        }
        self.old.available = self.old.available.min(self.old.wanted);
    }

    fn settle(&mut self) {
        loop {
            let before = (self.old, self.new);
            self.control();
            if (self.old, self.new) == before {
                return;
            }
        }
    }
}

proptest! {
    #[test]
    fn never_too_many_and_never_too_few(
        replicas in 1_i64..60,
        surge in 0_i64..=100,
        unavailable in 0_i64..=100,
        steps in prop::collection::vec((any::<bool>(), 1_i64..5), 0..200),
    ) {
        let limits = Limits::rolling(replicas, Amount::Percent(surge), Amount::Percent(unavailable));
        let mut rollout = Rollout {
            limits,
            old: Set { wanted: replicas, available: replicas },
            new: Set::default(),
        };
        for (comes_up, count) in steps {
            if comes_up {
                rollout.new.available = (rollout.new.available + count).min(rollout.new.wanted);
            } else {
                rollout.control();
            }
            prop_assert!(rollout.old.wanted + rollout.new.wanted <= limits.most(), "{rollout:?}");
            prop_assert!(rollout.old.available + rollout.new.available >= limits.fewest(), "{rollout:?}");
        }
        // Everything that starts also becomes available: then the update ends.
        for _ in 0..2 * replicas + 2 {
            rollout.settle();
            rollout.new.available = rollout.new.wanted;
        }
        prop_assert_eq!((rollout.old.wanted, rollout.new.wanted), (0, replicas));
    }

    #[test]
    fn a_hold_is_exactly_n_new_beside_all_old(replicas in 1_i64..60, wanted in 1_i64..60) {
        let new = wanted.min(replicas);
        let mut rollout = Rollout {
            limits: Limits { replicas, surge: new, unavailable: 0 },
            old: Set { wanted: replicas, available: replicas },
            new: Set::default(),
        };
        // minReadySeconds of 68 years: the new ones are never available.
        rollout.settle();
        prop_assert_eq!((rollout.old.wanted, rollout.new.wanted), (replicas, new));
        // Grown to all, then offline: the originals come back and the new ones count as available at once.
        rollout.limits = Limits { replicas, surge: replicas, unavailable: 0 };
        rollout.settle();
        prop_assert_eq!((rollout.old.wanted, rollout.new.wanted), (replicas, replicas));
        rollout.limits = Limits::rolling(replicas, Amount::Percent(25), Amount::Percent(25));
        rollout.new.available = rollout.new.wanted;
        rollout.settle();
        prop_assert_eq!((rollout.old.wanted, rollout.new.wanted), (0, replicas));
    }

    #[test]
    fn scaling_in_the_middle_never_passes_the_most(
        replicas in 0_i64..80, surge in 0_i64..10, a in 1_i64..40, b in 1_i64..40,
    ) {
        let limits = Limits { replicas, surge, unavailable: 0 };
        let mut sets = [a, b];
        sets.sort_unstable_by(|x, y| y.cmp(x));
        let shares = sets.map(|size| Share { size, most_before: a + b });
        let total: i64 = proportional(limits, &shares).iter().sum();
        let most = if replicas == 0 { 0 } else { limits.most() };
        prop_assert_eq!(total, most);
    }
}
