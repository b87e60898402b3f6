//! A row of the study's tables each.

use super::*;
use crate::domain::terms::{HELD_SECONDS, HOLD_OP, Rolling};
use crate::domain::{Amount, Kind, ObjectKey, Pod, Uid, Version};
use crate::release::Release;
use crate::release::testing::deployment;

fn revision(number: i64, hash: &str, (desired, ready, available): (i32, i32, i32)) -> Revision {
    Revision {
        key: ObjectKey::new("gift", format!("live-{hash}")),
        uid: Uid::default(),
        app: "live".into(),
        workload: Some((Kind::Deployment, "live".into())),
        number: Some(number),
        hash: Some(hash.into()),
        version: Version::Tag("v2".into()),
        images: [].into(),
        created: None,
        desired,
        instances: desired,
        ready,
        available,
        failure: None,
    }
}

/// The same, held: `new` instances beside ten old ones, `ready` of them ready.
fn hold(number: i64, new: i64, ready: i64) -> Workload {
    Workload {
        labels: [
            (HOLD.into(), "v1.mrs0.pd600.su25p.un25p".into()),
            (HOLD_FROM.into(), "old".into()),
            (HOLD_OP.into(), "01K4XJ6V9Q0000000000000000".into()),
        ]
        .into(),
        terms: Terms::Deployment(Rolling {
            revision: Some(number),
            min_ready_seconds: HELD_SECONDS,
            surge: Some(Amount::Count(new as i32)),
            unavailable: Some(Amount::Count(0)),
            settled: true,
            leaving: false,
        }),
        instances: 10 + new,
        ready: 10 + ready,
        updated: new,
        ..deployment(number)
    }
}

fn gray(ready: i64, wanted: i64) -> Phase {
    Phase::Gray {
        ready,
        wanted,
        old: 10,
        timed: false,
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_deployment_s_phase_follows_the_table() {
    let old = revision(3, "old", (10, 10, 10));
    let new = |ready| revision(4, "new", (2, ready, 0));
    let not_held = |workload: Workload| Workload {
        terms: deployment(4).terms,
        ..workload
    };
    let aborted = |number| {
        let labels = [(HOLD_FROM.into(), "old".into())].into();
        Workload {
            labels,
            updated: 10,
            ..not_held(hold(number, 2, 2))
        }
    };
    for (name, workload, revisions, phase) in [
        (
            "stable",
            deployment(4),
            vec![revision(4, "new", (10, 10, 10))],
            Phase::Stable,
        ),
        ("gray, starting", hold(4, 2, 1), vec![old.clone(), new(1)], gray(1, 2)),
        ("gray, ready", hold(4, 2, 2), vec![old.clone(), new(2)], gray(2, 2)),
        ("gray by the counts alone", hold(4, 2, 1), vec![], gray(1, 2)),
        (
            "gray while scaled: the actual count",
            Workload {
                desired: 13,
                instances: 16,
                ready: 16,
                updated: 3,
                ..hold(4, 2, 2)
            },
            vec![revision(3, "old", (13, 13, 13)), revision(4, "new", (3, 3, 0))],
            Phase::Gray {
                ready: 3,
                wanted: 3,
                old: 13,
                timed: false,
            },
        ),
        (
            "full, old kept",
            hold(4, 10, 10),
            vec![old.clone(), revision(4, "new", (10, 10, 0))],
            Phase::Full { new: 10, old: 10 },
        ),
        (
            "not yet full",
            hold(4, 10, 9),
            vec![old.clone(), revision(4, "new", (10, 9, 0))],
            gray(9, 10),
        ),
        (
            "rolling",
            Workload {
                updated: 4,
                instances: 12,
                ..deployment(4)
            },
            vec![revision(3, "old", (8, 8, 8)), revision(4, "new", (4, 3, 3))],
            Phase::Rolling {
                updated: 4,
                desired: 10,
                old: 8,
            },
        ),
        (
            "offlining",
            Workload {
                instances: 13,
                ..deployment(4)
            },
            vec![revision(3, "old", (0, 3, 3)), revision(4, "new", (10, 10, 10))],
            Phase::Offlining { old: 3 },
        ),
        (
            "the tail of a rolling update",
            Workload {
                ready: 8,
                available: 8,
                terms: Terms::Deployment(Rolling {
                    revision: Some(4),
                    settled: false,
                    ..Rolling::default()
                }),
                ..deployment(4)
            },
            vec![],
            Phase::Rolling {
                updated: 8,
                desired: 10,
                old: 0,
            },
        ),
        (
            "aborting",
            aborted(5),
            vec![revision(5, "old", (10, 10, 10)), revision(4, "new", (2, 2, 0))]
                .into_iter()
                .collect(),
            // The Deployment still says 4 in these terms: see below.
            Phase::Rolling {
                updated: 10,
                desired: 10,
                old: 2,
            },
        ),
        (
            "a hold without its label",
            Workload {
                labels: [].into(),
                ..hold(4, 2, 2)
            },
            vec![old.clone(), new(2)],
            Phase::OrphanHold,
        ),
        (
            "a hold whose old version is back",
            hold(5, 2, 2),
            vec![revision(5, "old", (10, 10, 10)), new(2)],
            Phase::OrphanHold,
        ),
        (
            "a third version in the middle",
            hold(5, 2, 2),
            vec![old.clone(), new(0), revision(5, "third", (2, 2, 0))],
            Phase::ForeignChange,
        ),
        (
            "refused by a quota",
            hold(4, 2, 0),
            vec![
                old.clone(),
                Revision {
                    failure: Some("exceeded quota".into()),
                    ..new(0)
                },
            ],
            Phase::GrayFailed {
                ready: 0,
                wanted: 2,
                cause: Cause::Refused("exceeded quota".into()),
            },
        ),
        (
            "paused in a hold",
            Workload {
                paused: true,
                ..hold(4, 2, 2)
            },
            vec![old.clone(), new(2)],
            Phase::Paused,
        ),
        (
            "not seen yet",
            Workload {
                generation: (8, 7),
                ..hold(4, 2, 2)
            },
            vec![old.clone(), new(2)],
            Phase::Unseen,
        ),
    ] {
        let revisions: Vec<&Revision> = revisions.iter().collect();
        assert_eq!(Phase::of(&workload, &revisions), phase, "{name}");
    }
    let back = Workload {
        terms: deployment(5).terms,
        ..aborted(5)
    };
    let revisions = [revision(5, "old", (10, 10, 10)), revision(4, "new", (2, 2, 0))];
    let revisions: Vec<&Revision> = revisions.iter().collect();
    assert_eq!(Phase::of(&back, &revisions), Phase::Aborting { left: 2 });
}

#[test]
fn instances_that_fail_fail_the_gray_release_and_so_does_the_clock() {
    let crash = Cause::Crash {
        exit: Some(1),
        restarts: 3,
    };
    let failed = |cause| Phase::GrayFailed {
        ready: 1,
        wanted: 2,
        cause,
    };
    assert_eq!(gray(0, 2).with_pods(1, Some(crash.clone())), failed(crash.clone()));
    assert_eq!(gray(0, 2).with_pods(1, None), gray(1, 2));
    assert_eq!(
        Phase::Stable.with_pods(0, Some(crash)),
        Phase::Stable,
        "only a gray release fails so"
    );
    let full = Cause::Unschedulable("0/3 nodes are available".into());
    let began = Timestamp::UNIX_EPOCH;
    let later = |seconds| began + TimeDelta::seconds(seconds);
    assert_eq!(gray(1, 2).at(Some(began), later(600), GRAY_DEADLINE), gray(1, 2));
    assert_eq!(
        gray(1, 2).at(Some(began), later(601), GRAY_DEADLINE),
        failed(Cause::Late {
            seconds: 600,
            because: None,
        })
    );
    assert_eq!(
        failed(full.clone()).at(Some(began), later(600), GRAY_DEADLINE),
        failed(full.clone())
    );
    assert_eq!(
        failed(full.clone()).at(Some(began), later(601), GRAY_DEADLINE),
        failed(Cause::Late {
            seconds: 600,
            because: Some(Box::new(full)),
        })
    );
    assert_eq!(
        gray(2, 2).at(Some(began), later(9999), GRAY_DEADLINE),
        gray(2, 2),
        "a person may take their time"
    );
    assert_eq!(gray(1, 2).at(None, later(9999), GRAY_DEADLINE), gray(1, 2));
}

#[test]
fn it_is_told_who_has_the_next_word() {
    for (phase, waits, fails) in [
        (gray(2, 2), true, false),
        (gray(1, 2), false, false),
        (
            Phase::Gray {
                ready: 2,
                wanted: 2,
                old: 8,
                timed: true,
            },
            false,
            false,
        ),
        (Phase::Full { new: 10, old: 10 }, true, false),
        (Phase::Paused, true, false),
        (Phase::OrphanHold, true, false),
        (Phase::ForeignChange, true, false),
        (
            Phase::Rolling {
                updated: 1,
                desired: 2,
                old: 1,
            },
            false,
            false,
        ),
        (
            Phase::GrayFailed {
                ready: 0,
                wanted: 2,
                cause: Cause::OutOfMemory { restarts: 1 },
            },
            false,
            true,
        ),
    ] {
        assert_eq!((phase.waits(), phase.fails()), (waits, fails), "{phase:?}");
        assert!(phase.is_release());
    }
    for phase in [
        Phase::Stable,
        Phase::Unseen,
        Phase::Scaling {
            instances: 1,
            desired: 2,
        },
    ] {
        assert!(!phase.is_release() && !phase.waits() && !phase.fails(), "{phase:?}");
    }
}

#[test]
fn two_workloads_of_an_app_show_their_sum_or_the_more_urgent() {
    assert_eq!(
        gray(1, 2).worse(gray(2, 2)),
        Phase::Gray {
            ready: 3,
            wanted: 4,
            old: 20,
            timed: false
        }
    );
    let failed = Phase::GrayFailed {
        ready: 0,
        wanted: 2,
        cause: Cause::OutOfMemory { restarts: 1 },
    };
    assert_eq!(gray(2, 2).worse(failed.clone()), failed);
    assert_eq!(failed.clone().worse(Phase::Stable), failed);
}

/// A StatefulSet of five whose partition lets two be new, begun at `began`; `updated` are new, `ready` are ready.
fn partitioned(began: Timestamp, updated: i64, ready: i64) -> Workload {
    Workload {
        kind: Kind::StatefulSet,
        labels: [(HOLD_OP.into(), crate::domain::ulid::ulid(began, 1).as_str().into())].into(),
        desired: 5,
        instances: 5,
        ready,
        updated,
        rolls_to: 2,
        terms: Terms::Revised(Some("live-new".into())),
        ..deployment(1)
    }
}

#[test]
fn what_replaces_one_after_the_other_is_gray_from_the_first_on_and_fails_as_any_other() {
    let began = Timestamp::UNIX_EPOCH + TimeDelta::hours(1);
    let first = partitioned(began, 1, 4);
    let gray = |ready, old| Phase::Gray {
        ready,
        wanted: 2,
        old,
        timed: false,
    };
    assert_eq!(Phase::of(&first, &[]), gray(0, 4));
    let of_others = Workload {
        labels: [].into(),
        ..first.clone()
    };
    assert_eq!(Phase::of(&of_others, &[]).name(), "rolling", "begun by somebody else");
    let pod = |minutes| Pod {
        revision: Some("live-new".into()),
        created: Some(began + TimeDelta::minutes(minutes)),
        ..Pod::default()
    };
    let at = |pods: &[(Pod, bool)], minutes| {
        let pods = pods.iter().map(|(pod, ready)| (pod, *ready)).collect();
        let release = Release::of(&first, &[], Some(pods));
        assert_eq!(release.since, Some(began));
        release.at(began + TimeDelta::minutes(minutes))
    };
    assert_eq!(at(&[(pod(0), false)], 10), gray(0, 4));
    assert_eq!(at(&[(pod(0), false)], 11).name(), "gray-failed", "it has a deadline");
    let both = [(pod(0), true), (pod(8), false)];
    assert_eq!(at(&both, 11), gray(1, 4), "the second came later");
    assert_eq!(at(&both, 19).name(), "gray-failed");
}
