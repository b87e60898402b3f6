//! The phase by the counts that the controllers of all kinds keep, and of kinds whose new instances take the place of old
//! ones: these replace one after the other, so until a release begun here has as many as it may it is gray, not rolling.

use super::{Phase, is_unseen, old};
use crate::domain::pod::label;
use crate::domain::terms::HOLD_OP;
use crate::domain::workload::Workload;
use crate::domain::{Clean, Kind};

/// The operation that began a gray release of a kind whose new instances take the place of old ones.
pub(in crate::release) fn begun(workload: &Workload) -> Option<&Clean> {
    let in_place = matches!(workload.kind, Kind::StatefulSet | Kind::DaemonSet | Kind::CloneSet);
    label(&workload.labels, HOLD_OP).filter(|_| in_place)
}

/// By the counts that every kind has.
pub(super) fn counted(workload: &Workload) -> Phase {
    let failed = workload.conditions.iter().find(|(_, reason, _)| {
        reason == "ProgressDeadlineExceeded" || reason == "FailedCreate" || reason == "ReplicaSetCreateError"
    });
    if let Some((_, reason, message)) = failed {
        return Phase::Stuck {
            reason: reason.clone(),
            message: message.clone(),
        };
    }
    if is_unseen(workload) {
        return Phase::Unseen;
    }
    if workload.paused {
        return Phase::Paused;
    }
    if let Some(held) = begun(workload).and_then(|_| in_place(workload)) {
        return held;
    }
    let (desired, updated, rolls_to) = (workload.desired, workload.updated, workload.rolls_to);
    let old = old(workload);
    // As `kubectl rollout status` judges: also when all new instances are there, the old ones have to leave.
    // Without old ones, what lacks is a matter of how many there are.
    if old > 0 && (updated < rolls_to || rolls_to == desired) {
        let desired = rolls_to;
        return Phase::Rolling { updated, desired, old };
    }
    if old > 0 && workload.kind != Kind::Job {
        return gray(workload);
    }
    if workload.ready != desired {
        return Phase::Scaling {
            instances: workload.ready,
            desired,
        };
    }
    Phase::Stable
}

/// Of a gray release that was begun here; `None` where it has no instances of another version any more.
fn in_place(workload: &Workload) -> Option<Phase> {
    (old(workload) > 0).then(|| gray(workload))
}

fn gray(workload: &Workload) -> Phase {
    let updated = workload.updated;
    // Which of them is not ready the counts do not say: the new ones, until the pods say otherwise.
    let ready = (updated - (workload.desired - workload.ready).max(0)).max(0);
    Phase::Gray {
        ready,
        wanted: updated.max(workload.rolls_to),
        old: old(workload),
        timed: false,
    }
}
