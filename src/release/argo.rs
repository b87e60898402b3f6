//! Argo Rollouts: the phase its own clients show (`research/release.md` 2).

use super::phase::{is_unseen, old};
use super::{Cause, Phase};
use crate::domain::Workload;
use crate::domain::terms::Argo;

/// As Argo Rollouts' own clients judge (`research/release.md` 2).
pub(super) fn phase(workload: &Workload, argo: &Argo) -> Phase {
    let (updated, desired, old) = (workload.updated, workload.desired, old(workload));
    let rolling = Phase::Rolling { updated, desired, old };
    if is_unseen(workload) {
        return Phase::Unseen;
    }
    if argo.controller_pause && argo.pause.is_none() {
        // It was told to go on and has not yet.
        return rolling;
    }
    match argo.phase.as_str() {
        "Healthy" if workload.ready == desired => Phase::Stable,
        "Healthy" => Phase::Scaling {
            instances: workload.ready,
            desired,
        },
        "Paused" if argo.paused => Phase::Paused,
        "Paused" => match argo.pause.as_ref().map_or("", |(reason, _)| reason.as_str()) {
            reason if reason.starts_with("Inconclusive") => Phase::GrayFailed {
                ready: updated,
                wanted: updated,
                cause: Cause::Said(reason.into()),
            },
            _ if argo.blue_green && old > 0 => Phase::Full { new: updated, old },
            _ => Phase::Gray {
                ready: updated,
                wanted: updated,
                old,
                timed: argo.timed,
            },
        },
        _ if argo.aborted && updated > 0 => Phase::Aborting { left: updated },
        _ if argo.aborted => Phase::Aborted {
            message: argo.message.clone(),
        },
        "Progressing" => rolling,
        other => Phase::Stuck {
            reason: other.into(),
            message: argo.message.clone(),
        },
    }
}
