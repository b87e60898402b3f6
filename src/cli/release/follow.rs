//! Follows a step that was written until it is there, fails, or somebody else changes it.

use std::io::Write;
use std::time::Duration;

use chrono::Utc;
use tokio::time::Instant;

use super::super::Failure;
use super::super::watch::{self, Known};
use super::last_lines;
use crate::domain::{ResourceRef, Workload};
use crate::release::stand::{Stand, has_arrived, stand_of};
use crate::release::step::Step;
use crate::release::{Phase, Release, Written};
use crate::runtime::Exit;
use crate::world::ClusterView;

/// The exit code where somebody else changed it.
pub(super) const CHANGED: u8 = 4;

/// So long a cluster that does not answer any more is waited for where others need the step as well.
pub(super) const PASSED_AFTER: Duration = Duration::from_secs(15);

/// Follows until the step is there, fails, or somebody else changes it; `None` once its cluster did not answer for as
/// long as `lost` says.
pub(super) async fn follow(
    known: &mut Known,
    object: &ResourceRef,
    (step, written): (&Step, &Written),
    (timeout, lost): (Duration, Option<Duration>),
    err: &mut dyn Write,
) -> Result<Option<Exit>, Failure> {
    let begun = Instant::now();
    let until = begun + timeout;
    let name = format!("{}: {}", object.cluster, object.key);
    let mut said = String::new();
    let mut silent = None;
    loop {
        let view = known.world.cluster(&object.cluster);
        let is_live = view.is_some_and(|view| view.link.is_live());
        let found = view.and_then(|view| Some((view, view.workload(object.kind, &object.key)?)));
        let found = found.filter(|(_, workload)| workload.uid == object.uid);
        if is_live {
            silent = None;
        }
        if !is_live {
            // What is known of it is old: nothing is judged by it.
            let word = "its cluster does not answer: it is waited for";
            if said != word {
                writeln!(err, "{name}: {word} ({} s)", begun.elapsed().as_secs())?;
                word.clone_into(&mut said);
            }
            let since = *silent.get_or_insert_with(Instant::now);
            if lost.is_some_and(|lost| since.elapsed() >= lost) {
                return Ok(None);
            }
        } else if found.is_none() {
            writeln!(err, "{name}: somebody deleted it")?;
            return Ok(Some(Exit(CHANGED)));
        } else if let Some((view, workload)) = found
            && view.has_seen(workload, written)
        {
            let (word, stands) = stands(view, workload, (step, written));
            if said != word {
                writeln!(err, "{name}: {word} ({} s)", begun.elapsed().as_secs())?;
                said = word;
            }
            match stands {
                Stand::Going => {}
                Stand::There => return Ok(Some(Exit(Exit::DONE))),
                Stand::Failed => {
                    last_lines::tell(known, object, err).await?;
                    return Ok(Some(Exit(Exit::FAILED)));
                }
                Stand::Foreign => return Ok(Some(Exit(CHANGED))),
            }
        }
        let tick = (Instant::now() + Duration::from_secs(1)).min(until);
        match tokio::time::timeout_at(tick, known.reports.recv()).await {
            Ok(Some((id, report))) => watch::apply(&mut known.world, &id, report),
            Ok(None) => return Ok(Some(Exit(Exit::FAILED))),
            Err(_) if Instant::now() >= until => {
                writeln!(err, "{name}: not there after {} s; it goes on", timeout.as_secs())?;
                last_lines::tell(known, object, err).await?;
                return Ok(Some(Exit(Exit::FAILED)));
            }
            Err(_) => {}
        }
    }
}

/// How it stands, in words.
fn stands(view: &ClusterView, workload: &Workload, (step, written): (&Step, &Written)) -> (String, Stand) {
    let mut release = view.release_of(workload);
    release.phase = release.at(view.heard(Utc::now()));
    if let Step::Scale(to) = step {
        // Instances are told of by another watch, which may be behind: the end is told as it was judged.
        if has_arrived(workload, *to) {
            (format!("{} of {to} ready", workload.ready), Stand::There)
        } else {
            (view.arrival(workload).words(*to), Stand::Going)
        }
    } else {
        (words(&release), stand_of(step, (workload, &release.phase), written))
    }
}

fn words(release: &Release) -> String {
    let why = match &release.phase {
        Phase::GrayFailed { cause, .. } => format!(": {}", cause.words()),
        Phase::Stuck { message, .. } => {
            let lacks = release.lacks(&release.phase);
            format!(
                ": {message}{}",
                lacks.map_or_else(String::new, |lacks| format!("; {lacks}"))
            )
        }
        phase => release
            .lacks(phase)
            .map_or_else(String::new, |lacks| format!(": {lacks}")),
    };
    let old = release.old.as_ref().map_or(0, |old| old.ready);
    format!(
        "{}{why}, new {} ready, old {old} ready",
        release.phase.name(),
        release.new.ready
    )
}
