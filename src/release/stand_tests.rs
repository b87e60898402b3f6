//! Which step each phase allows, what is done already, and where a step ends.

use super::*;
use crate::domain::terms::Argo;
use crate::release::Cause;
use crate::release::config::Source;
use crate::release::step::New;
use crate::release::template::Facts;

const STEPS: [Operation; 13] = [
    Operation::Start,
    Operation::Grow,
    Operation::KeepOld,
    Operation::Full,
    Operation::Offline,
    Operation::Abort,
    Operation::Rollback,
    Operation::Repair,
    Operation::Pause,
    Operation::Resume,
    Operation::Restart,
    Operation::Promote,
    Operation::Retry,
];

fn gray(ready: i64) -> Phase {
    Phase::Gray {
        ready,
        wanted: 2,
        old: 10,
        timed: false,
    }
}

fn failed() -> Phase {
    Phase::GrayFailed {
        ready: 0,
        wanted: 2,
        cause: Cause::Late {
            seconds: 600,
            because: None,
        },
    }
}

/// Nodes may come.
fn no_room() -> Phase {
    Phase::GrayFailed {
        ready: 0,
        wanted: 2,
        cause: Cause::Unschedulable("0/3 nodes are available".into()),
    }
}

fn start(image: &str) -> Step {
    Step::Start(Box::new(New {
        image: image.into(),
        container: None,
        facts: Facts::default(),
        method: Method::Surge,
        count: Count::Instances(2),
        config: Source::Current,
    }))
}

#[test]
fn each_phase_allows_the_steps_that_lead_out_of_it() {
    use Operation::{Abort, Full, Grow, KeepOld, Offline, Pause, Repair, Restart, Resume, Rollback, Start};
    let full = Phase::Full { new: 10, old: 10 };
    let stuck = Phase::Stuck {
        reason: "a".into(),
        message: "b".into(),
    };
    let rolling = Phase::Rolling {
        updated: 1,
        desired: 2,
        old: 1,
    };
    for (phase, allowed) in [
        (Phase::Stable, &[Start, Rollback, Pause, Restart][..]),
        (
            Phase::Scaling {
                instances: 1,
                desired: 2,
            },
            &[Start, Rollback, Pause, Restart],
        ),
        (stuck, &[Start, Rollback, Pause, Restart]),
        (rolling, &[Rollback, Pause, Restart]),
        (Phase::Offlining { old: 1 }, &[Rollback, Pause, Restart]),
        (Phase::Aborting { left: 1 }, &[Rollback, Pause, Restart]),
        (gray(1), &[Grow, KeepOld, Full, Abort, Pause]),
        (failed(), &[Grow, KeepOld, Full, Abort, Pause]),
        (full, &[Offline, Abort, Pause]),
        (Phase::ForeignChange, &[Abort, Pause]),
        (Phase::OrphanHold, &[Repair, Pause]),
        (Phase::Paused, &[Resume]),
        (Phase::Aborted { message: "c".into() }, &[Pause]),
        (Phase::Unseen, &[]),
    ] {
        let of = |step| refusal(step, (Kind::Deployment, &phase), None).is_none();
        let found: Vec<Operation> = STEPS.into_iter().filter(|step| of(*step)).collect();
        assert_eq!(found, allowed, "{phase:?}");
    }
}

#[test]
fn each_kind_has_its_own_steps() {
    use Operation::{Abort, Full, Grow, Pause, Promote, Restart, Resume, Retry, Rollback, Start};
    let aborted = Phase::Aborted { message: "c".into() };
    for (kind, phase, allowed) in [
        (Kind::StatefulSet, Phase::Stable, &[Start, Rollback, Restart][..]),
        (Kind::StatefulSet, gray(1), &[Grow, Full, Abort]),
        (Kind::StatefulSet, Phase::Paused, &[]),
        (Kind::DaemonSet, failed(), &[Grow, Full, Abort]),
        (Kind::CloneSet, gray(1), &[Grow, Full, Abort, Pause]),
        (Kind::CloneSet, Phase::Paused, &[Resume]),
        (Kind::Rollout, Phase::Stable, &[Start, Rollback, Pause, Restart]),
        (
            Kind::Rollout,
            gray(1),
            &[Full, Abort, Rollback, Pause, Restart, Promote],
        ),
        (Kind::Rollout, aborted, &[Start, Rollback, Pause, Retry]),
        (Kind::Rollout, Phase::Paused, &[Abort, Rollback, Resume]),
        (Kind::Rollout, Phase::Unseen, &[]),
        (Kind::Job, Phase::Stable, &[]),
    ] {
        let of = |step| refusal(step, (kind, &phase), None).is_none();
        let found: Vec<Operation> = STEPS.into_iter().filter(|step| of(*step)).collect();
        assert_eq!(found, allowed, "{kind} {phase:?}");
    }
    let why = |kind, step| refusal(step, (kind, &gray(1)), None).unwrap();
    assert_eq!(
        why(Kind::StatefulSet, Operation::KeepOld),
        "its new instances take the place of old ones: grow it, or roll out"
    );
    assert_eq!(
        why(Kind::Rollout, Grow),
        "its steps say how many: go on with the next, or roll out"
    );
}

#[test]
fn what_another_controller_releases_is_left_to_it_but_for_its_own_word() {
    let of = |step, driver| refusal(step, (Kind::Deployment, &Phase::Stable), Some(driver));
    for step in [Operation::Start, Operation::Rollback, Operation::Abort] {
        assert_eq!(of(step, Driver::Flagger).unwrap(), "Flagger releases it: publish there");
    }
    assert_eq!(of(Operation::Restart, Driver::Flagger), None);
    assert!(of(Operation::Promote, Driver::Flagger).is_some());
    assert_eq!(of(Operation::Promote, Driver::KruiseRollouts), None);
}

#[test]
fn what_is_done_already_is_told() {
    let images = ["live:v2".into()];
    let told = |step: &Step, phase: &Phase| already(step, phase, (10, &images, false));
    assert_eq!(told(&start("live:v2"), &gray(1)).unwrap(), "gray, 1 of 2 ready");
    assert_eq!(told(&start("live:v3"), &gray(1)), None, "another version's");
    assert_eq!(told(&start("live:v2"), &Phase::Stable).unwrap(), "runs it already");
    assert_eq!(
        told(&start("live:v2"), &failed()).unwrap(),
        format!(
            "gray, and fails: {}",
            Cause::Late {
                seconds: 600,
                because: None,
            }
            .words()
        )
    );
    for (count, is_there) in [
        (Count::Instances(2), true),
        (Count::Instances(3), false),
        (Count::Percent(10.0), true),
        (Count::Percent(40.0), false),
    ] {
        assert_eq!(told(&Step::Grow(count), &gray(2)).is_some(), is_there, "{count:?}");
    }
    for (instances, is_there) in [(1, false), (2, true), (3, false)] {
        let count = Step::Grow(Count::Instances(instances));
        let done = already(&count, &gray(2), (10, &images, true));
        assert_eq!(done.is_some(), is_there, "it can be {instances}");
    }
    assert!(told(&Step::Abort, &Phase::Aborting { left: 2 }).is_some());
    assert!(told(&Step::Abort, &gray(2)).is_none());
}

#[test]
fn each_step_has_its_end() {
    let full = Phase::Full { new: 10, old: 10 };
    for (step, phase, expected) in [
        (Step::KeepOld, gray(2), Stand::Going),
        (Step::KeepOld, full.clone(), Stand::There),
        (Step::KeepOld, Phase::Stable, Stand::Foreign),
        (Step::Offline, full, Stand::Going),
        (Step::Offline, Phase::Stable, Stand::There),
        (Step::Offline, Phase::OrphanHold, Stand::Foreign),
        (Step::Abort, failed(), Stand::Going),
        (Step::Full, failed(), Stand::Failed),
        (start("live:v2"), failed(), Stand::Failed),
        (start("live:v2"), no_room(), Stand::Going),
        (Step::Grow(Count::Instances(2)), no_room(), Stand::Going),
        (Step::Pause, Phase::Stable, Stand::Going),
        (Step::Pause, Phase::Paused, Stand::There),
        (Step::Resume, Phase::Paused, Stand::Going),
    ] {
        assert_eq!(stand(&step, (Kind::Deployment, &phase)), expected, "{step:?} {phase:?}");
    }
    let grow = Step::Grow(Count::Instances(2));
    assert_eq!(
        [1, 2].map(|ready| stand(&grow, (Kind::Deployment, &gray(ready)))),
        [Stand::Going, Stand::There]
    );
}

#[test]
fn a_promotion_is_there_once_its_rollout_has_gone_on() {
    let at = |step: i32| {
        let mut workload = super::super::testing::deployment(1);
        workload.kind = Kind::Rollout;
        let argo = Argo {
            step: Some((step, 4)),
            ..Argo::default()
        };
        workload.terms = Terms::Rollout(Box::new(argo));
        workload
    };
    let stands = |step: i32, phase: &Phase, leads_to: Option<i32>| {
        let workload = at(step);
        let written = Written {
            leads_to,
            ..Written::default()
        };
        stand_of(&Step::Promote, (&workload, phase), &written)
    };
    let waits = gray(2);
    assert_eq!(stands(1, &waits, Some(2)), Stand::Going, "as it was before");
    assert_eq!(stands(3, &waits, Some(2)), Stand::There);
    assert_eq!(
        stands(1, &waits, None),
        Stand::There,
        "the write was no promotion of a step"
    );
    assert_eq!(stands(1, &Phase::Stable, Some(2)), Stand::There, "it is over");
    assert_eq!(stands(1, &failed(), Some(2)), Stand::Failed);
}

#[test]
fn a_rollout_s_way_back_waits_at_its_steps_too() {
    let back = Step::Rollback(Return::to(crate::release::past::Back::LastGood));
    assert_eq!(stand(&back, (Kind::Rollout, &gray(2))), Stand::There);
    assert_eq!(stand(&back, (Kind::Deployment, &gray(2))), Stand::Going);
}

#[test]
fn a_gray_release_is_there_with_as_many_instances_as_were_asked_for() {
    let stands = |instances: i64, (wanted, desired): (i64, i64)| {
        let workload = Workload {
            desired,
            ..super::super::testing::deployment(1)
        };
        let phase = Phase::Gray {
            ready: wanted,
            wanted,
            old: 10,
            timed: false,
        };
        let written = Written {
            asked: Some(Asked { instances, of: 10 }),
            ..Written::default()
        };
        stand_of(&Step::Grow(Count::Instances(4)), (&workload, &phase), &written)
    };
    assert_eq!(
        stands(4, (2, 10)),
        Stand::Going,
        "as it was before, or one node of several"
    );
    assert_eq!(stands(4, (4, 10)), Stand::There);
    assert_eq!(stands(4, (2, 5)), Stand::There, "it was scaled in");
    assert_eq!(stands(4, (1, 5)), Stand::Going);
    assert_eq!(stands(4, (4, 20)), Stand::There, "a partition keeps its number");
}
