//! How a step stands: whether a phase allows it, whether it is done already, and whether it is there once it was written.

use super::ledger::Operation;
use super::live::Method;
use super::step::{Count, Return, Step};
use super::{Phase, Written};
use crate::domain::{Clean, Driver, Kind, Terms, Workload};

/// How a step that was written stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    Going,
    There,
    Failed,
    /// It is neither what was written nor on the way there.
    Foreign,
}

/// Whether it fails, and nothing that may pass by itself is why.
fn fails_for_good(phase: &Phase) -> bool {
    match phase {
        Phase::GrayFailed { cause, .. } => cause.is_final(),
        phase => phase.fails(),
    }
}

/// How a step on a workload of this kind stands in a phase that was seen after it was written.
pub fn stand(step: &Step, (kind, phase): (Kind, &Phase)) -> Stand {
    if fails_for_good(phase) && !matches!(step, Step::Abort | Step::Pause) {
        return Stand::Failed;
    }
    let is_gray = matches!(
        step,
        Step::Start(_) | Step::Grow(_) | Step::Rollback(Return { gray: Some(_), .. })
    );
    let keeps_old = is_gray || *step == Step::KeepOld;
    match phase {
        Phase::ForeignChange | Phase::OrphanHold => Stand::Foreign,
        Phase::Gray { ready, wanted, .. } if is_gray && *wanted > 0 && ready >= wanted => Stand::There,
        // All are of one version; only what it was set to before is still to be put back.
        Phase::Full { old: 0, .. } if *step != Step::Pause => Stand::There,
        Phase::Full { .. } if keeps_old || *step == Step::Full => Stand::There,
        // Where new instances take the place of old ones the last of them ends the release.
        Phase::Stable if keeps_old && kind != Kind::Deployment => Stand::There,
        Phase::Stable | Phase::Aborting { .. } if keeps_old => Stand::Foreign,
        Phase::Gray { .. } | Phase::Full { .. } if *step == Step::Promote => Stand::There,
        // Its way back leads through its steps as well.
        Phase::Gray { .. } if kind == Kind::Rollout && matches!(step, Step::Rollback(_)) => Stand::There,
        Phase::Aborted { .. } if matches!(step, Step::Abort) => Stand::There,
        Phase::Gray { .. } if *step == Step::Retry => Stand::There,
        Phase::Paused if *step == Step::Pause => Stand::There,
        Phase::Stable if *step != Step::Pause => Stand::There,
        _ => Stand::Going,
    }
}

/// How many new instances a step was for, of how many that were wanted then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub instances: i64,
    pub of: i64,
}

impl Asked {
    /// Whether so many are as many; where it was scaled meanwhile its controller keeps the share, as far as it rounds.
    pub const fn is_met(self, wanted: i64, desired: i64) -> bool {
        let share = self.instances.saturating_mul(desired) / if self.of > 0 { self.of } else { 1 };
        wanted >= self.instances || wanted >= if share > 0 { share } else { 1 }
    }
}

/// The same of a workload that was written to. A promotion leads to a step of its Rollout at least: where that has not
/// gone on it is seen as it was before. A gray release is there with as many new instances as were asked for: those
/// that do not come by one write, and those that are not seen yet, are still to come.
pub fn stand_of(step: &Step, (workload, phase): (&Workload, &Phase), written: &Written) -> Stand {
    let is_before = match (&workload.terms, written.leads_to) {
        (Terms::Rollout(argo), Some(to)) => argo.step.is_some_and(|(at, _)| at < to),
        _ => false,
    };
    let are_fewer = match (phase, written.asked) {
        (Phase::Gray { wanted, .. }, Some(asked)) => !asked.is_met(*wanted, workload.desired),
        _ => false,
    };
    match stand(step, (workload.kind, phase)) {
        Stand::There if are_fewer || (is_before && phase.is_release()) => Stand::Going,
        stand => stand,
    }
}

/// Whether so many instances as were asked for are ready; an autoscaler may want more than its floor.
pub const fn has_arrived(workload: &Workload, to: i64) -> bool {
    let enough = workload.desired >= to && workload.ready >= workload.desired;
    enough && (workload.desired > to || workload.instances == to)
}

/// Why a step cannot be taken on a workload of this kind in this phase; `None` where nothing is known against it. The
/// objects themselves are looked at again before anything is written.
pub fn refusal(step: Operation, (kind, phase): (Kind, &Phase), driver: Option<Driver>) -> Option<String> {
    match step {
        Operation::Scale if matches!(kind, Kind::DaemonSet | Kind::Job) => {
            return Some(format!("a {kind} has no number of instances that a person says"));
        }
        Operation::Scale | Operation::EndFloor => return None,
        Operation::Delete => return Some("only instances are deleted".into()),
        Operation::Cancel => return Some("only builds are cancelled".into()),
        _ => {}
    }
    if let Some(driver) = driver {
        let is_approved = step == Operation::Promote && driver == Driver::KruiseRollouts;
        return match step {
            Operation::Pause | Operation::Resume | Operation::Restart => {
                (!allows(phase, step)).then(|| why_not(phase, step))
            }
            // Whether it is at a step that waits is the Kruise Rollout's to say, not the workload's.
            _ if is_approved => None,
            _ => Some(format!("{} releases it: publish there", driver.name())),
        };
    }
    let of_kind = match kind {
        Kind::Deployment => !matches!(step, Operation::Promote | Operation::Retry) && allows(phase, step),
        Kind::Rollout => rollout_allows(phase, step),
        Kind::CloneSet => in_place_allows(phase, step),
        Kind::StatefulSet | Kind::DaemonSet => {
            !matches!(step, Operation::Pause | Operation::Resume) && in_place_allows(phase, step)
        }
        other => return Some(format!("a {other} is not released")),
    };
    (!of_kind).then(|| not_of_kind(kind, step).map_or_else(|| why_not(phase, step), str::to_owned))
}

/// Why a kind never has a step, whatever its phase.
const fn not_of_kind(kind: Kind, step: Operation) -> Option<&'static str> {
    use Operation::{Grow, KeepOld, Offline, Pause, Promote, Repair, Resume, Retry};
    match (kind, step) {
        (Kind::Rollout, Grow | KeepOld) => Some("its steps say how many: go on with the next, or roll out"),
        (Kind::Rollout, Offline) => Some("its controller takes old instances away by itself"),
        (Kind::StatefulSet | Kind::DaemonSet | Kind::CloneSet, KeepOld | Offline) => {
            Some("its new instances take the place of old ones: grow it, or roll out")
        }
        (Kind::StatefulSet | Kind::DaemonSet, Pause | Resume) => Some("its controller cannot be paused"),
        (Kind::Rollout | Kind::StatefulSet | Kind::DaemonSet | Kind::CloneSet, Repair) => {
            Some("there is nothing to repair")
        }
        (Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::CloneSet, Promote) => {
            Some("it waits for nobody's steps: grow it, or roll out")
        }
        (Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::CloneSet, Retry) => {
            Some("nothing was given up by its controller")
        }
        _ => None,
    }
}

/// The same for what Argo Rollouts releases.
const fn rollout_allows(phase: &Phase, step: Operation) -> bool {
    use Operation::{Abort, Full, Pause, Promote, Restart, Resume, Retry, Rollback, Start};
    match phase {
        Phase::Gray { .. } | Phase::GrayFailed { .. } | Phase::Full { .. } | Phase::Rolling { .. } => {
            matches!(step, Promote | Full | Abort | Rollback | Pause | Restart)
        }
        Phase::Stable | Phase::Scaling { .. } => matches!(step, Start | Rollback | Restart | Pause),
        Phase::Stuck { .. } => matches!(step, Start | Rollback | Abort | Retry | Restart | Pause),
        Phase::Aborting { .. } | Phase::Aborted { .. } => matches!(step, Retry | Rollback | Start | Pause),
        Phase::Paused => matches!(step, Resume | Abort | Rollback),
        Phase::Unseen | Phase::Offlining { .. } | Phase::OrphanHold | Phase::ForeignChange => false,
    }
}

/// The same for kinds whose new instances take the place of old ones.
const fn in_place_allows(phase: &Phase, step: Operation) -> bool {
    use Operation::{Abort, Full, Grow, Pause, Restart, Resume, Rollback, Start};
    match phase {
        Phase::Gray { .. } | Phase::GrayFailed { .. } => matches!(step, Grow | Full | Abort | Pause),
        Phase::Stable | Phase::Scaling { .. } => matches!(step, Start | Rollback | Restart | Pause),
        Phase::Stuck { .. } => matches!(step, Start | Rollback | Restart | Abort | Pause),
        Phase::Rolling { .. } | Phase::Aborting { .. } | Phase::Offlining { .. } => {
            matches!(step, Abort | Rollback | Restart | Pause)
        }
        Phase::Paused => matches!(step, Resume),
        Phase::Full { .. } => matches!(step, Full | Abort | Pause),
        Phase::ForeignChange => matches!(step, Abort | Pause),
        Phase::Unseen | Phase::OrphanHold | Phase::Aborted { .. } => false,
    }
}

/// Whether a step leads out of a Deployment's phase, or can be taken in it.
fn allows(phase: &Phase, step: Operation) -> bool {
    use Operation::{Abort, Full, Grow, KeepOld, Offline, Pause, Repair, Restart, Resume, Rollback, Start};
    match phase {
        Phase::Unseen => false,
        Phase::Paused => step == Resume,
        Phase::Aborted { .. } => step == Pause,
        Phase::OrphanHold => matches!(step, Repair | Pause),
        Phase::ForeignChange => matches!(step, Abort | Pause),
        Phase::Stable | Phase::Scaling { .. } | Phase::Stuck { .. } => {
            matches!(step, Start | Rollback | Restart | Pause)
        }
        Phase::Offlining { .. } | Phase::Rolling { .. } | Phase::Aborting { .. } => {
            matches!(step, Rollback | Restart | Pause)
        }
        Phase::Gray { .. } | Phase::GrayFailed { .. } => matches!(step, Grow | KeepOld | Full | Abort | Pause),
        Phase::Full { .. } => matches!(step, Offline | Abort | Pause),
    }
}

/// Why a step cannot be taken in a phase that does not allow it.
fn why_not(phase: &Phase, step: Operation) -> String {
    use Operation::{Full, Grow, KeepOld, Offline, Pause, Repair, Restart, Resume, Rollback, Start};
    let reason = match (phase, step) {
        (Phase::Unseen, _) => "its controller has not seen the last change yet",
        (Phase::Paused, Pause) => "it is paused already",
        (Phase::Paused, _) => "it is paused: resume it first",
        (_, Resume) => "it is not paused",
        (Phase::OrphanHold, _) => "a hold without end: repair it first",
        (_, Repair) => "there is nothing to repair",
        (Phase::Aborted { .. }, _) => "its controller gave it up",
        (Phase::Offlining { .. } | Phase::Rolling { .. } | Phase::Aborting { .. }, Start) => {
            "a rolling update is under way: wait until it is through"
        }
        (Phase::Gray { ready, .. } | Phase::GrayFailed { ready, .. }, Offline) => {
            return format!("{ready} new instances are ready: the old ones are still needed");
        }
        (Phase::Full { .. }, Grow | KeepOld) => "all new instances are there",
        (Phase::Full { .. }, Full) => "all new instances are there: take the old ones offline",
        (Phase::ForeignChange, Grow | KeepOld | Full | Offline) => "somebody changed the template: abort it",
        (_, Start | Rollback | Restart) => "a gray release is under way: finish or abort it first",
        _ => "no gray release is under way",
    };
    reason.to_owned()
}

/// What is done already of a step that is asked for, in words; `None` where there is something left to do. `images` are
/// those of the newest version's template; `shrinks`: its gray instances may become fewer again.
pub fn already(step: &Step, phase: &Phase, (desired, images, shrinks): (i64, &[Clean], bool)) -> Option<String> {
    let runs = |image: &str| images.iter().any(|known| known == image);
    let is_enough = |wanted: i64, count: &Count| {
        let asked = i64::from(of(*count, desired));
        wanted == asked || (wanted > asked && !shrinks)
    };
    match (step, phase) {
        (Step::Start(new), Phase::Gray { ready, wanted, .. }) if runs(&new.image) => {
            Some(format!("gray, {ready} of {wanted} ready"))
        }
        (Step::Start(new), Phase::GrayFailed { cause, .. }) if runs(&new.image) => {
            Some(format!("gray, and fails: {}", cause.words()))
        }
        (Step::Start(new), Phase::Full { .. }) if runs(&new.image) => Some("all new instances are there".into()),
        (Step::Start(new), Phase::Stable | Phase::Scaling { .. } | Phase::Rolling { .. } | Phase::Offlining { .. })
            if runs(&new.image) =>
        {
            Some("runs it already".into())
        }
        (Step::Grow(count), Phase::Gray { ready, wanted, .. }) if is_enough(*wanted, count) => {
            Some(format!("gray, {ready} of {wanted} ready"))
        }
        (Step::Grow(_) | Step::KeepOld, Phase::Full { .. }) => Some("all new instances are there".into()),
        (Step::Offline, Phase::Offlining { old }) => Some(format!("{old} old instances are going")),
        (Step::Abort, Phase::Aborting { left }) => Some(format!("{left} instances are going")),
        (Step::Pause, Phase::Paused) => Some("it is paused".into()),
        _ => None,
    }
}

fn of(count: Count, desired: i64) -> i32 {
    count
        .of(i32::try_from(desired).unwrap_or(i32::MAX), Method::Surge)
        .instances
}

#[cfg(test)]
#[path = "stand_tests.rs"]
mod tests;
