//! Follows a build until it is over, and keeps what its stages wrote last: a pod that is stopped takes its logs along.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use chrono::Utc;
use tokio::time::Instant;

use super::super::Failure;
use super::super::watch::{self, Known};
use crate::build::{Build, StageState, State};
use crate::cluster::Cluster;
use crate::domain::{Clean, ObjectKey};

/// How often the log of the stage that runs is read.
const READ_EVERY: Duration = Duration::from_secs(5);
/// So many of a stage's last lines are kept.
const LINES: u32 = 2_000;

/// What stages wrote last, by their containers.
pub(super) type Tails = BTreeMap<Clean, Vec<Clean>>;

/// Reads what the stages of a build wrote last, as far as it can be read.
pub(super) async fn tails(cluster: &Cluster, build: &Build) -> Tails {
    let mut tails = Tails::new();
    for stage in &build.stages {
        if !matches!(stage.state, StageState::Waiting | StageState::Skipped) {
            read(cluster, build, &stage.container, &mut tails).await;
        }
    }
    tails
}

async fn read(cluster: &Cluster, build: &Build, container: &Clean, tails: &mut Tails) {
    let Some(pod) = &build.pod else { return };
    let pod = ObjectKey::new(build.namespace.clone(), pod.clone());
    if let Ok(lines) = cluster.log_tail(&pod, container, LINES).await {
        tails.insert(container.clone(), lines);
    }
}

/// Follows until it is over; `None` where that takes too long. A Job that goes before its end was stopped by somebody.
pub(super) async fn follow(
    known: &mut Known,
    cluster: &Cluster,
    key: &ObjectKey,
    timeout: Duration,
    err: &mut dyn Write,
) -> Result<Option<(Build, Tails)>, Failure> {
    let begun = Instant::now();
    let (mut said, mut last) = (String::new(), None::<Build>);
    let (mut tails_so_far, mut read_at) = (Tails::new(), begun);
    loop {
        let now = known.world.cluster(cluster.id()).and_then(|view| view.build(key));
        if now.is_none()
            && let Some(build) = last.take()
        {
            writeln!(err, "{}: {key}: it is gone: somebody stopped it", cluster.id())?;
            let stopped = Build {
                state: State::Cancelled,
                ended: Some(Utc::now()),
                uid: None,
                ..build
            };
            return Ok(Some((stopped, tails_so_far)));
        }
        if let Some(build) = now {
            let word = words(&build);
            if said != word {
                writeln!(err, "{}: {key}: {word} ({} s)", cluster.id(), begun.elapsed().as_secs())?;
                said = word;
            }
            if build.state.is_over() {
                tails_so_far.extend(tails(cluster, &build).await);
                let mut failed = build
                    .stages
                    .iter()
                    .filter(|stage| matches!(stage.state, StageState::Failed { .. }));
                let lines = failed
                    .find_map(|stage| tails_so_far.get(&stage.container))
                    .cloned()
                    .unwrap_or_default();
                return Ok(Some((build.told_by(&lines), tails_so_far)));
            }
            if read_at <= Instant::now() {
                read_at = Instant::now() + READ_EVERY;
                let running = build.stages.iter().filter(|stage| stage.state == StageState::Running);
                for stage in running {
                    read(cluster, &build, &stage.container, &mut tails_so_far).await;
                }
            }
            last = Some(build);
        }
        let until = begun + timeout;
        let tick = (Instant::now() + Duration::from_secs(1)).min(until);
        match tokio::time::timeout_at(tick, known.reports.recv()).await {
            Ok(Some((id, report))) => watch::apply(&mut known.world, &id, report),
            Ok(None) => return Ok(None),
            Err(_) if Instant::now() >= until => {
                writeln!(err, "{key}: not over after {} s; it goes on", timeout.as_secs())?;
                return Ok(None);
            }
            Err(_) => {}
        }
    }
}

/// `running, compile`
fn words(build: &Build) -> String {
    let mut words = build.state.name().to_owned();
    if let (State::Running, Some(stage)) = (&build.state, build.stage()) {
        words = format!("{words}, {}", stage.name);
    }
    match &build.held {
        Some(held) => format!("{words}: {held}"),
        None => words,
    }
}
