//! What is kept of a build that is over: its log on this machine, its line in the app's ledger.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::super::release::targets::Target;
use super::super::setup::Setup;
use super::super::watch::Known;
use super::super::{Failure, Printable};
use super::follow::Tails;
use crate::build::{Build, Record, StageState, State};
use crate::cluster::Cluster;
use crate::domain::{AppKey, Clean};
use crate::runtime::files;

/// So many logs are kept.
const MOST_FILES: usize = 100;

/// Saves the log of a build that did not end well, and notes the build; gives the file. What cannot be kept is said.
pub(super) async fn keep(
    setup: &Setup,
    cluster: &Cluster,
    (build, tails): (&Build, &Tails),
    err: &mut dyn Write,
) -> Result<Option<PathBuf>, Failure> {
    let mut saved = None;
    if build.state != State::Done && !tails.is_empty() {
        match save(&setup.paths.builds(), build, tails) {
            Ok(path) => saved = Some(path),
            Err(error) => writeln!(err, "pilothouse: its log is not saved: {error}")?,
        }
    }
    let is_telling = |state: &StageState| matches!(state, StageState::Failed { .. } | StageState::Running);
    let mut telling = build.stages.iter().filter(|stage| is_telling(&stage.state));
    let tail = telling
        .find_map(|stage| tails.get(&stage.container))
        .map_or(&[][..], Vec::as_slice);
    let tail = if build.state == State::Done { &[][..] } else { tail };
    if let Some(record) = Record::of(build, tail)
        && let Err(error) = cluster.note_builds(&build.app_key(), &[record]).await
    {
        let told = format!("the ledger of {} is not written: {error}", build.app);
        writeln!(err, "pilothouse: {}", Printable(&told))?;
    }
    Ok(saved)
}

/// Notes the builds of an app that ended while nobody looked, before their Jobs go.
pub(super) async fn note_ended(
    known: &Known,
    target: &Target,
    app: &AppKey,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let view = known.world.cluster(&target.object.cluster);
    let builds = view.map(|view| view.builds_of(app)).unwrap_or_default();
    let ended: Vec<Record> = builds.iter().rev().filter_map(|build| Record::of(build, &[])).collect();
    if ended.is_empty() {
        return Ok(());
    }
    if let Err(error) = target.cluster.note_builds(app, &ended).await {
        let told = format!("the ledger of {} is not written: {error}", app.name);
        writeln!(err, "pilothouse: {}", Printable(&told))?;
    }
    Ok(())
}

/// Writes what the stages wrote last into one file that only this person reads.
fn save(folder: &Path, build: &Build, tails: &Tails) -> std::io::Result<PathBuf> {
    files::private_folder(folder)?;
    let path = folder.join(format!(
        "{}-{}-{}.log",
        build.cluster.as_str().replace('/', "_"),
        build.namespace,
        build.name
    ));
    let mut text = String::new();
    for stage in &build.stages {
        let lines: &[Clean] = tails.get(&stage.container).map_or(&[], Vec::as_slice);
        text.extend(["==> ", &stage.name, ": ", stage.state.name(), "\n"]);
        text.extend(lines.iter().flat_map(|line| [line.as_str(), "\n"]));
    }
    // One of the same name is of a Job that is gone.
    if path.exists() {
        fs::remove_file(&path)?;
    }
    files::private_file(&path)?.write_all(text.as_bytes())?;
    bound(folder)?;
    Ok(path)
}

/// Removes the oldest logs beyond [`MOST_FILES`].
fn bound(folder: &Path) -> std::io::Result<()> {
    let mut all: Vec<(std::time::SystemTime, PathBuf)> = fs::read_dir(folder)?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
        })
        .collect();
    all.sort();
    let surplus = all.len().saturating_sub(MOST_FILES);
    all.into_iter()
        .take(surplus)
        .try_for_each(|(_, path)| fs::remove_file(path))
}
