//! The phase by the counts that the controllers of all kinds keep, and of kinds whose new instances take the place of old
//! ones: these replace one after the other, so until a release begun here has as many as it may it is gray, not rolling.

use super::{Phase, is_unseen, old};
use crate::domain::pod::label;
use crate::domain::terms::{HOLD, HOLD_OP};
use crate::domain::workload::Workload;
use crate::domain::{Clean, Kind};

/// The operation that began a gray release of a kind whose new instances take the place of old ones.
pub(in crate::release) fn begun(workload: &Workload) -> Option<&Clean> {
    label(&workload.labels, HOLD_OP).filter(|_| is_in_place(workload))
}

const fn is_in_place(workload: &Workload) -> bool {
    matches!(workload.kind, Kind::StatefulSet | Kind::DaemonSet | Kind::CloneSet)
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
    if let Some(phase) = in_place(workload).filter(|_| is_in_place(workload)) {
        return phase;
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

/// Of a gray release that was begun here. When all are new it is not at its end: what it was set to before is noted on
/// it, until a person has that put back.
fn in_place(workload: &Workload) -> Option<Phase> {
    let is_noted = label(&workload.labels, HOLD).is_some();
    let is_gray = label(&workload.labels, HOLD_OP).is_some();
    let (desired, is_ready) = (workload.desired, workload.ready >= workload.desired);
    match old(workload) {
        0 if is_ready && (is_gray || is_noted) => Some(Phase::Full { new: desired, old: 0 }),
        0 if is_ready => None,
        _ => is_gray.then(|| gray(workload)),
    }
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
