//! The phase of a workload's release, from what its cluster says and from nothing else.
//!
//! | phase | what says so (`research/release.md` 1.2, for a Deployment; S: `minReadySeconds` of a hold) |
//! |---|---|
//! | Stable | not S, no old instances, as many ready as wanted |
//! | Gray | S, the label of a hold, the newest revision is not the one left |
//! | Full | as Gray, and as many new ones ready as are wanted, old ones beside them |
//! | Rolling, Offlining | not S, old instances are left; Offlining once all new ones are there |
//! | Aborting | not S, the newest revision is the one left, others still have instances |
//! | `OrphanHold` | S without the label, or the newest revision is the one left |
//! | `ForeignChange` | S, the label, and the newest revision came after the one released |
//! | `GrayFailed` | Gray, and something is wrong with a new instance |
//!
//! Of kinds whose new instances take the place of old ones the controller's counts tell (`counts`).
//!
//! The revision that was released is the next one after that which was left: a Deployment counts its revisions up
//! by one for each change of its template, and for nothing else.

mod counts;

use chrono::TimeDelta;

use super::Cause;
use crate::domain::pod::label;
use crate::domain::terms::{HOLD, HOLD_FROM, Rolling};
use crate::domain::workload::{Revision, Workload};
use crate::domain::{Clean, Terms, Timestamp};
use counts::counted;

pub(super) use counts::begun;

/// How long instances of a gray release may take to be ready before it counts as failed, unless told otherwise.
pub const GRAY_DEADLINE: TimeDelta = TimeDelta::minutes(10);

/// How far a workload is with what it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Nothing is under way.
    #[default]
    Stable,
    /// Fewer or more instances than wanted, of one version.
    Scaling { instances: i64, desired: i64 },
    /// The controller has not seen the last change.
    Unseen,
    /// All new instances are there; so many old ones go.
    Offlining { old: i64 },
    /// New instances replace old ones: of the new version there are `updated` of `desired`, of older ones `old`.
    Rolling { updated: i64, desired: i64, old: i64 },
    /// Back to the old version: so many instances of the other are left.
    Aborting { left: i64 },
    /// Of the new version `ready` of `wanted` are ready beside the old ones; then it waits: for a person, or
    /// where `timed` for a while.
    Gray {
        ready: i64,
        wanted: i64,
        old: i64,
        timed: bool,
    },
    /// All new instances are ready, all old ones are kept; a person takes these offline.
    Full { new: i64, old: i64 },
    /// `spec.paused`.
    Paused,
    /// A hold that nobody can tell the end of: its label is gone, or the version it left is back.
    OrphanHold,
    /// Somebody changed the template during a gray release.
    ForeignChange,
    /// Given up by its controller's own hand, back on the old version; the template is still the new one.
    Aborted { message: Clean },
    /// A gray release whose new instances do not become ready.
    GrayFailed { ready: i64, wanted: i64, cause: Cause },
    /// The controller gave up: reason and message of the condition.
    Stuck { reason: Clean, message: Clean },
}

impl Phase {
    /// The phase of a workload with its revisions (a Deployment's or Rollout's), before its pods are looked at
    /// ([`Phase::with_pods`]). Without revisions a hold is judged by the counts alone.
    pub fn of(workload: &Workload, revisions: &[&Revision]) -> Self {
        match &workload.terms {
            Terms::Deployment(rolling) if rolling.is_held() => held(workload, rolling, revisions),
            Terms::Deployment(rolling) => rolls(workload, rolling, revisions),
            Terms::Rollout(argo) if !argo.phase.is_empty() => super::argo::phase(workload, argo),
            Terms::Plain | Terms::Revised(_) | Terms::Rollout(_) | Terms::Build(_) => counted(workload),
        }
    }

    /// The phase with what the newest version's instances show: how many are ready, and what is wrong.
    #[must_use]
    pub fn with_pods(self, seen: i64, cause: Option<Cause>) -> Self {
        match (self, cause) {
            (Self::Gray { wanted, .. }, Some(cause)) => Self::GrayFailed {
                ready: seen,
                wanted,
                cause,
            },
            (Self::Gray { wanted, old, timed, .. }, None) => Self::Gray {
                ready: seen,
                wanted,
                old,
                timed,
            },
            (phase, _) => phase,
        }
    }

    /// The phase by the clock: a gray release that began at `since` has a deadline to become ready.
    #[must_use]
    pub fn at(self, since: Option<Timestamp>, now: Timestamp, deadline: TimeDelta) -> Self {
        let is_late = since.is_some_and(|since| now - since > deadline);
        let late = |because: Option<Cause>| Cause::Late {
            seconds: deadline.num_seconds(),
            because: because.map(Box::new),
        };
        match self {
            Self::Gray { ready, wanted, .. } if ready < wanted && is_late => Self::GrayFailed {
                ready,
                wanted,
                cause: late(None),
            },
            Self::GrayFailed { ready, wanted, cause } if is_late && !cause.is_final() => Self::GrayFailed {
                ready,
                wanted,
                cause: late(Some(cause)),
            },
            phase => phase,
        }
    }

    /// Its name, for scripts.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Scaling { .. } => "scaling",
            Self::Unseen => "unseen",
            Self::Offlining { .. } => "offlining",
            Self::Rolling { .. } => "rolling",
            Self::Aborting { .. } => "aborting",
            Self::Gray { .. } => "gray",
            Self::Full { .. } => "full",
            Self::Paused => "paused",
            Self::OrphanHold => "orphan-hold",
            Self::ForeignChange => "foreign-change",
            Self::Aborted { .. } => "aborted",
            Self::GrayFailed { .. } => "gray-failed",
            Self::Stuck { .. } => "stuck",
        }
    }

    /// Somebody changed the workload in the middle of a release.
    pub const fn is_foreign(&self) -> bool {
        matches!(self, Self::OrphanHold | Self::ForeignChange)
    }

    /// A version passes into another, or waits to.
    pub const fn is_release(&self) -> bool {
        !matches!(self, Self::Stable | Self::Scaling { .. } | Self::Unseen)
    }

    /// Nothing goes on until a person decides.
    pub const fn waits(&self) -> bool {
        match self {
            Self::Gray {
                ready, wanted, timed, ..
            } => *ready >= *wanted && !*timed,
            Self::Full { .. } | Self::Paused | Self::OrphanHold | Self::ForeignChange | Self::Aborted { .. } => true,
            Self::Stable
            | Self::Scaling { .. }
            | Self::Unseen
            | Self::Offlining { .. }
            | Self::Rolling { .. }
            | Self::Aborting { .. }
            | Self::GrayFailed { .. }
            | Self::Stuck { .. } => false,
        }
    }

    /// Something is wrong with it.
    pub const fn fails(&self) -> bool {
        matches!(self, Self::GrayFailed { .. } | Self::Stuck { .. })
    }

    /// Why it fails, where it does.
    pub fn failing(&self) -> Option<String> {
        match self {
            Self::GrayFailed { cause, .. } => Some(cause.words()),
            Self::Stuck { message, .. } => Some(message.to_string()),
            _ => None,
        }
    }

    /// What two workloads of one app show together: the sums where both do the same, else the more urgent.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        match (self, other) {
            (
                Self::Rolling { updated, desired, old },
                Self::Rolling {
                    updated: u,
                    desired: d,
                    old: o,
                },
            ) => Self::Rolling {
                updated: updated + u,
                desired: desired + d,
                old: old + o,
            },
            (
                Self::Gray {
                    ready,
                    wanted,
                    old,
                    timed,
                },
                Self::Gray {
                    ready: r,
                    wanted: w,
                    old: o,
                    timed: t,
                },
            ) => Self::Gray {
                ready: ready + r,
                wanted: wanted + w,
                old: old + o,
                timed: timed && t,
            },
            (Self::Full { new, old }, Self::Full { new: n, old: o }) => Self::Full {
                new: new + n,
                old: old + o,
            },
            (
                Self::Scaling { instances, desired },
                Self::Scaling {
                    instances: i,
                    desired: d,
                },
            ) => Self::Scaling {
                instances: instances + i,
                desired: desired + d,
            },
            (Self::Offlining { old }, Self::Offlining { old: o }) => Self::Offlining { old: old + o },
            (Self::Aborting { left }, Self::Aborting { left: l }) => Self::Aborting { left: left + l },
            (a, b) if b.urgency() > a.urgency() => b,
            (a, _) => a,
        }
    }

    /// How much it wants a look.
    pub const fn urgency(&self) -> u8 {
        match self {
            Self::Stable => 0,
            Self::Unseen => 1,
            Self::Scaling { .. } => 2,
            Self::Offlining { .. } => 3,
            Self::Rolling { .. } => 4,
            Self::Aborting { .. } => 5,
            Self::Gray { .. } => 6,
            Self::Full { .. } => 7,
            Self::Paused => 8,
            Self::Aborted { .. } => 9,
            Self::ForeignChange => 10,
            Self::OrphanHold => 11,
            Self::GrayFailed { .. } => 12,
            Self::Stuck { .. } => 13,
        }
    }
}

/// The revision that a workload's template is: by its number, or by what its controller says.
pub fn newest<'a>(workload: &Workload, revisions: &[&'a Revision]) -> Option<&'a Revision> {
    let mut all = revisions.iter().copied();
    match &workload.terms {
        Terms::Deployment(rolling) => {
            let number = rolling.revision?;
            all.find(|revision| revision.number == Some(number))
        }
        Terms::Rollout(argo) => all.find(|revision| revision.hash.as_ref() == Some(&argo.current)),
        Terms::Plain | Terms::Revised(_) | Terms::Build(_) => None,
    }
}

/// Instances of other templates than the newest.
pub(super) fn old(workload: &Workload) -> i64 {
    (workload.instances - workload.updated).max(0)
}

pub(super) const fn is_unseen(workload: &Workload) -> bool {
    workload.generation.1 < workload.generation.0
}

fn held(workload: &Workload, rolling: &Rolling, revisions: &[&Revision]) -> Phase {
    if is_unseen(workload) {
        return Phase::Unseen;
    }
    let from = label(&workload.labels, HOLD_FROM);
    let newest = newest(workload, revisions);
    let is_back = newest.is_some_and(|newest| newest.hash.as_ref() == from);
    let (Some(_), Some(from)) = (label(&workload.labels, HOLD), from) else {
        return Phase::OrphanHold;
    };
    if is_back {
        return Phase::OrphanHold;
    }
    let left = revisions.iter().find(|revision| revision.hash.as_ref() == Some(from));
    if let (Some(left), Some(number)) = (left.and_then(|left| left.number), rolling.revision)
        && number != left + 1
    {
        return Phase::ForeignChange;
    }
    if workload.paused {
        return Phase::Paused;
    }
    // A hold's new instances are never available, its old ones are: what is ready beyond those is new.
    let (ready, wanted) = newest.map_or((workload.ready - workload.available, workload.updated), |newest| {
        (newest.ready.into(), newest.desired.into())
    });
    let (ready, old) = (ready.max(0), old(workload));
    if let Some(why) = newest.and_then(|newest| newest.failure.clone()) {
        let cause = Cause::Refused(why);
        return Phase::GrayFailed { ready, wanted, cause };
    }
    if old > 0 && ready >= workload.desired {
        return Phase::Full { new: ready, old };
    }
    Phase::Gray {
        ready,
        wanted,
        old,
        timed: false,
    }
}

fn rolls(workload: &Workload, rolling: &Rolling, revisions: &[&Revision]) -> Phase {
    let phase = counted(workload);
    let newest = || newest(workload, revisions);
    let from = || label(&workload.labels, HOLD_FROM);
    match phase {
        Phase::Rolling { old, .. }
            if from().is_some() && newest().is_some_and(|newest| newest.hash.as_ref() == from()) =>
        {
            Phase::Aborting { left: old }
        }
        Phase::Rolling { updated, desired, old }
            if updated >= desired && newest().is_some_and(|newest| i64::from(newest.available) >= desired) =>
        {
            Phase::Offlining { old }
        }
        Phase::Scaling { desired, .. } if !rolling.settled => Phase::Rolling {
            updated: workload.updated.min(workload.available),
            desired,
            old: 0,
        },
        phase => phase,
    }
}

#[cfg(test)]
#[path = "phase_tests.rs"]
mod tests;
