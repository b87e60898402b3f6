//! Follows a step that was written until it is there, fails, or somebody else changes it.

use std::io::Write;
use std::time::Duration;

use chrono::Utc;
use tokio::time::Instant;

use super::super::Failure;
use super::super::watch::{self, Known};
use crate::domain::ResourceRef;
use crate::release::step::Step;
use crate::release::{Phase, Release};
use crate::runtime::Exit;

/// The exit code where somebody else changed it.
pub(super) const CHANGED: u8 = 4;

/// How a step that was written stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    Going,
    There,
    Failed,
    /// It is neither what was written nor on the way there.
    Foreign,
}

fn stand(step: &Step, phase: &Phase) -> Stand {
    if phase.fails() && !matches!(step, Step::Abort | Step::Pause) {
        return Stand::Failed;
    }
    let keeps_old = matches!(step, Step::Start(_) | Step::Grow(_) | Step::KeepOld);
    match phase {
        Phase::ForeignChange | Phase::OrphanHold => Stand::Foreign,
        Phase::Gray { ready, wanted, .. } if keeps_old && *step != Step::KeepOld && *wanted > 0 && ready >= wanted => {
            Stand::There
        }
        Phase::Full { .. } if keeps_old => Stand::There,
        Phase::Stable | Phase::Aborting { .. } if keeps_old => Stand::Foreign,
        Phase::Paused if *step == Step::Pause => Stand::There,
        Phase::Stable if *step != Step::Pause => Stand::There,
        _ => Stand::Going,
    }
}

/// Follows until the step is there, fails, or somebody else changes it.
pub(super) async fn follow(
    known: &mut Known,
    object: &ResourceRef,
    step: &Step,
    generation: i64,
    timeout: Duration,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let until = Instant::now() + timeout;
    let name = format!("{}: {}", object.cluster, object.key);
    let mut said = String::new();
    loop {
        let view = known.world.cluster(&object.cluster);
        let found = view.and_then(|view| Some((view, view.workload(object.kind, &object.key)?)));
        if let Some((view, workload)) = found
            && workload.generation.0 >= generation
            && workload.generation.1 >= generation
        {
            let mut release = view.release_of(workload);
            release.phase = release.phase.at(release.since, view.time(Utc::now()));
            let word = words(&release);
            if said != word {
                writeln!(err, "{name}: {word}")?;
                said = word;
            }
            match stand(step, &release.phase) {
                Stand::Going => {}
                Stand::There => return Ok(Exit(Exit::DONE)),
                Stand::Failed => return Ok(Exit(Exit::FAILED)),
                Stand::Foreign => return Ok(Exit(CHANGED)),
            }
        }
        let tick = (Instant::now() + Duration::from_secs(1)).min(until);
        match tokio::time::timeout_at(tick, known.reports.recv()).await {
            Ok(Some((id, report))) => watch::apply(&mut known.world, &id, report),
            Ok(None) => return Ok(Exit(Exit::FAILED)),
            Err(_) if Instant::now() >= until => {
                writeln!(err, "{name}: not there after {} s; it goes on", timeout.as_secs())?;
                return Ok(Exit(Exit::FAILED));
            }
            Err(_) => {}
        }
    }
}

fn words(release: &Release) -> String {
    let why = match &release.phase {
        Phase::GrayFailed { cause, .. } => format!(": {}", cause.words()),
        Phase::Stuck { message, .. } => format!(": {message}"),
        _ => String::new(),
    };
    let old = release.old.as_ref().map_or(0, |old| old.ready);
    format!(
        "{}{why}, new {} ready, old {old} ready",
        release.phase.name(),
        release.new.ready
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::Cause;

    #[test]
    fn each_step_has_its_end() {
        let gray = |ready| Phase::Gray {
            ready,
            wanted: 2,
            old: 10,
            timed: false,
        };
        let full = Phase::Full { new: 10, old: 10 };
        let failed = Phase::GrayFailed {
            ready: 0,
            wanted: 2,
            cause: Cause::NotReady,
        };
        for (step, phase, expected) in [
            (Step::KeepOld, gray(2), Stand::Going),
            (Step::KeepOld, full.clone(), Stand::There),
            (Step::KeepOld, Phase::Stable, Stand::Foreign),
            (Step::Offline, full, Stand::Going),
            (Step::Offline, Phase::Stable, Stand::There),
            (Step::Offline, Phase::OrphanHold, Stand::Foreign),
            (Step::Abort, failed.clone(), Stand::Going),
            (Step::Full, failed, Stand::Failed),
            (Step::Pause, Phase::Stable, Stand::Going),
            (Step::Pause, Phase::Paused, Stand::There),
            (Step::Resume, Phase::Paused, Stand::Going),
        ] {
            assert_eq!(stand(&step, &phase), expected, "{step:?} {phase:?}");
        }
        let grow = Step::Grow(crate::release::step::Count::Instances(2));
        assert_eq!(
            [1, 2].map(|ready| stand(&grow, &gray(ready))),
            [Stand::Going, Stand::There]
        );
    }
}
