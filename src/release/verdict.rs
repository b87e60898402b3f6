//! What speaks against releasing a version: somebody said that it is bad, or it is older than what runs. A way back to
//! such a one is a rollback, and is not asked.

use chrono::SecondsFormat;
use serde_json::Value;

use super::known::images;
use super::past::{moment, newest, pasts};
use super::plan::Seen;
use super::template::same_version;
use crate::domain::Timestamp;

/// Why a template is not to be released on a workload; `None` where nothing is known against it. A version is told by
/// its images: what else changed of a template makes no bad one good.
pub fn against(template: &Value, seen: &Seen) -> Option<String> {
    let runs = seen.object.pointer("/spec/template").unwrap_or(&Value::Null);
    let meant = images(template);
    if meant == images(runs) {
        return None;
    }
    let name = meant.iter().find(|image| !images(runs).contains(image))?;
    let workload = seen.workload();
    let mut known = seen.ledger.versions.of(&workload).filter(|known| known.images == meant);
    if let Some(mark) = known.find_map(|known| known.bad.as_ref()) {
        return Some(format!("{name} is bad: {}", mark.words()));
    }
    let all = pasts(seen);
    let same = all.iter().filter(|past| images(&past.template) == meant);
    let began = same.filter_map(|past| past.created).max()?;
    let now = began_to_run(seen, runs)?;
    let at = |time: Timestamp| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    (began < now).then(|| format!("{name} is of {}, older than what runs ({})", at(began), at(now)))
}

/// When the version that runs came first, as far as anybody knows.
fn began_to_run(seen: &Seen, runs: &Value) -> Option<Timestamp> {
    let made = newest(seen).and_then(|revision| moment(revision, "/metadata/creationTimestamp"));
    let workload = seen.workload();
    let mut known = seen.ledger.versions.of(&workload);
    let known = known.find(|known| same_version(&known.template, runs)).map(|known| known.first);
    made.into_iter().chain(known).min()
}
