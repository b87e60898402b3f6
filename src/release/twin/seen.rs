//! A Deployment with its twin as both are seen: the phase they are in together, and their two sides.
//!
//! What is seen of a Deployment is not its whole template. Whether it has the twin's is told by its newest revision,
//! which is no more the one that the twin was made beside, and by its images and version, which are the twin's. What is
//! written is held against the whole templates ([`super::phase`]).

use super::super::phase::newest;
use super::super::side::{Release, Side};
use super::super::{Cause, Phase, Symptoms};
use crate::domain::pod::label;
use crate::domain::terms::HOLD_FROM;
use crate::domain::workload::{Revision, Workload};
use crate::domain::{Terms, Timestamp};
use crate::release::ledger::Operation;

/// A Deployment, or its twin, with its revisions.
type Known<'a> = (&'a Workload, &'a [&'a Revision]);

/// Whether the Deployment is what it was when its twin was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    Beside,
    Promoted,
    Foreign,
}

fn course((stable, revisions): Known<'_>, twin: &Workload) -> Course {
    let from = label(&twin.labels, HOLD_FROM);
    let is_alike = stable.images == twin.images && stable.version == twin.version;
    let is_left = newest(stable, revisions).map(|newest| newest.hash.as_ref() == from);
    match is_left {
        // Without its revisions only the images tell.
        Some(false) | None if is_alike => Course::Promoted,
        Some(false) => Course::Foreign,
        Some(true) | None => Course::Beside,
    }
}

const fn is_leaving(workload: &Workload) -> bool {
    match &workload.terms {
        Terms::Deployment(rolling) => rolling.leaving,
        _ => false,
    }
}

/// The phase of a Deployment with its twin, before their pods are looked at.
pub fn phase_of(stable: Known<'_>, twin: Known<'_>) -> Phase {
    let (deployment, _) = stable;
    let (beside, revisions) = twin;
    let course = course(stable, beside);
    let own = Phase::of(deployment, stable.1);
    if is_leaving(beside) {
        let left = beside.instances;
        return match course {
            Course::Promoted => Phase::Offlining { old: left },
            Course::Beside | Course::Foreign => Phase::Aborting { left },
        };
    }
    if matches!(own, Phase::Unseen | Phase::Paused | Phase::OrphanHold) {
        return own;
    }
    if beside.generation.1 < beside.generation.0 {
        return Phase::Unseen;
    }
    match course {
        Course::Foreign => Phase::ForeignChange,
        // A hold beside a twin is nothing that this program began.
        _ if matches!(own, Phase::Gray { .. } | Phase::Full { .. }) => Phase::ForeignChange,
        Course::Promoted => match own {
            Phase::Stable | Phase::Scaling { .. } => Phase::Full {
                new: deployment.ready,
                old: beside.instances,
            },
            own => own,
        },
        Course::Beside
            if matches!(
                own,
                Phase::Rolling { .. } | Phase::Offlining { .. } | Phase::Stuck { .. }
            ) =>
        {
            own
        }
        Course::Beside => gray(deployment, (beside, revisions)),
    }
}

fn gray(stable: &Workload, (twin, revisions): Known<'_>) -> Phase {
    let (ready, wanted) = (twin.ready, twin.desired);
    let refused = newest(twin, revisions).and_then(|newest| newest.failure.clone());
    match refused {
        Some(why) => Phase::GrayFailed {
            ready,
            wanted,
            cause: Cause::Refused(why),
        },
        None => Phase::Gray {
            ready,
            wanted,
            old: stable.instances,
            timed: false,
        },
    }
}

/// When what is under way began.
fn since(stable: Known<'_>, twin: &Workload) -> Option<Timestamp> {
    match course(stable, twin) {
        Course::Promoted => newest(stable.0, stable.1).and_then(|newest| newest.created),
        Course::Beside | Course::Foreign => twin.created,
    }
}

/// The release of a Deployment with its twin, from what each of them shows alone: the twin's instances are new ones.
/// `cause` is what is wrong with these.
pub fn release(own: Release, stable: Known<'_>, beside: Release, (twin, cause): (Known<'_>, Option<Cause>)) -> Release {
    let gray = Side::sum(beside.old.into_iter().chain([beside.new]).collect());
    let mut phase = phase_of(stable, twin);
    let (old, new, symptoms) = match course(stable, twin.0) {
        Course::Promoted => {
            let (version, revision) = (own.new.version.clone(), own.new.revision.clone());
            let new = Side {
                version,
                revision,
                ..Side::sum(vec![own.new, gray])
            };
            (own.old, new, own.symptoms)
        }
        Course::Beside | Course::Foreign => {
            phase = phase.with_pods(gray.ready, cause.clone());
            let all = own.old.into_iter().chain([own.new]).collect();
            let version = twin.0.version.clone();
            let symptoms = Symptoms {
                cause,
                ..beside.symptoms
            };
            (Some(Side::sum(all)), Side { version, ..gray }, symptoms)
        }
    };
    Release {
        phase,
        old: old.filter(|old| old.instances > 0),
        new,
        since: since(stable, twin.0),
        came: beside.came,
        symptoms,
        deadline: own.deadline,
    }
}

/// Why a step cannot be taken now on a Deployment with a twin, beyond what keeps it from being taken anyway; `None`
/// where nothing is known against it.
pub fn refusal(step: Operation, phase: &Phase) -> Option<String> {
    use Operation::{Abort, EndFloor, Full, Grow, KeepOld, Offline, Repair, Resume, Scale};
    let is_possible = match (step, phase) {
        (_, Phase::Unseen) if !matches!(step, Scale | EndFloor) => {
            return Some("its controller has not seen the last change yet".into());
        }
        (Abort, Phase::Aborting { .. } | Phase::Offlining { .. }) => return Some("it is going already".into()),
        (Abort | Scale | EndFloor, _)
        | (Resume, Phase::Paused)
        | (Repair, Phase::OrphanHold)
        | (Grow | KeepOld | Full, Phase::Gray { .. } | Phase::GrayFailed { .. })
        | (Offline, Phase::Full { .. }) => true,
        (Grow | KeepOld | Full, Phase::Full { .. } | Phase::Rolling { .. } | Phase::Offlining { .. }) => {
            return Some("its Deployment has the new version already".into());
        }
        (Offline, _) => return Some("its Deployment has not the new version in full yet".into()),
        _ => false,
    };
    (!is_possible).then(|| "a gray release is under way beside it: finish or abort it first".to_owned())
}

/// What is shown of a twin whose Deployment is gone.
pub fn orphaned(of: &str) -> Phase {
    Phase::Stuck {
        reason: "Orphaned".into(),
        message: format!("it is the gray release of the Deployment {of}, which is gone: abort it to take it away")
            .into(),
    }
}
