//! How configuration goes with a step: what has to be looked at, what an old version gets back, what is told of it and
//! what is written down.
//!
//! A version is written down with what it ran with when it became what runs in full: pods read variables when they
//! start and volumes as they change, but an edit that was made while it ran well may be the very thing to go back from.
//! Each step by which a version gets more instances, or its old ones go, notes what is there then; the last one counts.
//! Of a version that nobody released by these steps it is what was there when the next one began.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::{Change, What, changes};
use super::copy::{body, copies, copy_name, is_copy, read_at, with_copies, with_originals};
use super::record::{Config, Content, Held, Noted, Running, note};
use super::{Found, Holder, Source, Today, Used, used};
use crate::domain::Timestamp;
use crate::release::bytes::is_by_tag;
use crate::release::ledger::Operation;
use crate::release::live::Refusal;
use crate::release::past::{self, Past};
use crate::release::plan::Seen;
use crate::release::step::Step;
use crate::release::twin;

/// Something to know of the configuration before a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is needed and not there.
    Missing(Holder, String),
    /// A `ConfigMap` that is too large to be kept.
    TooLarge(String),
    /// What the version ran with was never written down.
    Unrecorded,
    /// What was in a `ConfigMap` is not kept.
    NotKept(String),
    /// A `ConfigMap` that was not there when the version ran, and is now.
    WasAbsent(String),
    /// A Secret is not what it was.
    SecretChanged(String),
    /// Whether Secrets are what they were, with why that is not known.
    SecretsUnknown(Vec<String>, String),
    /// What runs has a copy of a `ConfigMap`, read then; the new version has the `ConfigMap` again.
    OriginalAgain(String, String),
    /// The new version has the copy too: its name, what it is a copy of, read then.
    RunsCopy(String, String, String),
}

impl Doubt {
    pub fn words(&self) -> String {
        match self {
            Self::Missing(holder, name) => format!("there is no {holder} {name}: new instances cannot start"),
            Self::TooLarge(name) => {
                format!("ConfigMap {name} is too large to be kept: a rollback could not bring back what is in it")
            }
            Self::Unrecorded => {
                "what configuration it ran with was never noted: it gets what is there today".to_owned()
            }
            Self::NotKept(name) => {
                format!("what was in ConfigMap {name} is not kept: it gets what is in it today")
            }
            Self::WasAbsent(name) => {
                format!("there was no ConfigMap {name} when it ran: it gets what is in it today")
            }
            Self::SecretChanged(name) => {
                format!("Secret {name} is another than it ran with, and cannot be brought back: it gets today's")
            }
            Self::SecretsUnknown(names, why) => {
                format!(
                    "whether Secrets are what it ran with is not known ({}): {why}",
                    names.join(", ")
                )
            }
            Self::OriginalAgain(name, read) => {
                format!("the new version has ConfigMap {name} as it is today; what runs has a copy{read}")
            }
            Self::RunsCopy(copy, name, read) => {
                format!(
                    "it runs with the copy {copy} of ConfigMap {name}{read}: what is changed there does not reach it"
                )
            }
        }
    }
}

/// How configuration goes with a step that was tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Carried {
    /// What the version uses: `configmap/live-config`.
    pub names: Vec<String>,
    /// From what runs to what it becomes.
    pub changes: Vec<Change>,
    /// Which configuration it is to run with, where there is a choice.
    pub choice: Option<Source>,
    /// When what it gets back was noted, where that is not what is there today.
    pub noted: Option<Timestamp>,
    pub(crate) running: Option<Running>,
    pub(crate) contents: Vec<Content>,
}

impl Carried {
    /// The same with what a registry said that the tag names which a step releases.
    #[must_use]
    pub(crate) fn resolved(mut self, step: &Step) -> Self {
        if let (Step::Start(new), Some(running)) = (step, &mut self.running)
            && let Some(digest) = &new.facts.image_digest
            && is_by_tag(&new.image)
        {
            running.digests.insert(new.image.clone(), digest.clone());
        }
        self
    }
}

/// Whether what a version runs with is looked at and written down at a step: not where one goes back to what stood
/// beside all the time. Who starts all instances anew has them start with what is there then.
pub const fn is_noted(step: &Step) -> bool {
    let operation = step.operation();
    let is_anew = matches!(operation, Operation::Restart);
    is_anew || operation.changes_version() && !matches!(operation, Operation::Abort | Operation::Repair)
}

/// What has to be looked at for a step.
pub fn wanted(step: &Step, seen: &Seen) -> Vec<(Holder, String)> {
    if !is_noted(step) {
        return Vec::new();
    }
    let own = seen.object.pointer("/spec/template").cloned();
    let own = own.into_iter().chain(twin::template_of(seen));
    let mut templates: Vec<Value> = own.flat_map(|own| [with_originals(&own), own]).collect();
    let mut names = Vec::new();
    if let Step::Rollback(back) = step
        && let Ok(past) = past::find(&back.to, seen)
    {
        templates.push(with_originals(&past.template));
        let held = recorded(seen, &past).into_iter().flat_map(|config| &config.held);
        let copy = |held: &Held| Some((Holder::ConfigMap, copy_name(&held.name, held.hash.as_ref()?, uid(seen))));
        names.extend(held.filter(|held| held.kind == Holder::ConfigMap).filter_map(copy));
    }
    names.extend(templates.iter().flat_map(used).map(|one| (one.holder, one.name)));
    names.sort();
    names.dedup();
    names
}

fn uid(seen: &Seen) -> &str {
    let uid = seen.object.pointer("/metadata/uid").and_then(Value::as_str);
    uid.unwrap_or_default()
}

/// What a version ran with.
fn recorded<'a>(seen: &'a Seen, past: &'a Past) -> Option<&'a Config> {
    let known = past.known.as_ref().and_then(|known| known.config.as_ref());
    known.or_else(|| seen.ledger.config.of(&seen.workload(), &past.template))
}

/// An old version's template, and the copies of `ConfigMap`s that have to be made for it first.
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    pub template: Value,
    pub creates: Vec<Value>,
    pub doubts: Vec<Doubt>,
}

/// What is published to go back to a version, with what it ran with or with what is there today.
///
/// # Errors
/// Something else has the name of a copy.
pub fn restored(seen: &Seen, past: &Past, source: Source) -> Result<Restored, Refusal> {
    let mut found = Restored {
        template: with_originals(&past.template),
        creates: Vec::new(),
        doubts: Vec::new(),
    };
    if source == Source::Current {
        return Ok(found);
    }
    let uses = used(&found.template);
    let Some(config) = recorded(seen, past) else {
        found.doubts.extend((!uses.is_empty()).then_some(Doubt::Unrecorded));
        return Ok(found);
    };
    let mut copies = BTreeMap::new();
    for Used { holder, name, .. } in uses.iter().filter(|one| one.holder == Holder::ConfigMap) {
        let today = seen.config.get(*holder, name);
        let held = config.get(*holder, name);
        let Some(hash) = held.and_then(|held| held.hash.as_ref()) else {
            let was_absent = held.is_some_and(|held| held.unread.is_none());
            found.doubts.extend(match (was_absent, today) {
                (true, Found::Absent) => None,
                (true, _) => Some(Doubt::WasAbsent(name.clone())),
                (false, _) => Some(Doubt::NotKept(name.clone())),
            });
            continue;
        };
        if matches!(&today, Found::There(map) if Content::of(map).hash == *hash) {
            continue;
        }
        let copy = copy_name(name, hash, uid(seen));
        let made = seen.config.get(Holder::ConfigMap, &copy);
        // One that was made before is all that is needed.
        if !matches!(&made, Found::There(map) if is_copy(map, hash)) {
            let Some(content) = seen.ledger.config.content(hash) else {
                found.doubts.push(Doubt::NotKept(name.clone()));
                continue;
            };
            if matches!(made, Found::There(_)) {
                return Err(Refusal::CopyTaken(copy));
            }
            // Where it could not be looked at the server knows.
            found.creates.push(body(seen, (name, &copy), (content, config.at)));
        }
        copies.insert(name.clone(), copy);
    }
    found.doubts.extend(of_secrets(seen, (config, &found.template)));
    found.template = with_copies(&found.template, &copies);
    Ok(found)
}

/// Secrets that are not what they were, or of which that is not known.
fn of_secrets(seen: &Seen, (config, template): (&Config, &Value)) -> Vec<Doubt> {
    let today = note(template, &seen.config, (&config.salt, config.at)).config;
    let (mut doubts, mut unknown, mut reason) = (Vec::new(), Vec::new(), None);
    for held in today.held.iter().filter(|held| held.kind == Holder::Secret) {
        let before = config.get(Holder::Secret, &held.name);
        let why = held.unread.as_ref().or_else(|| before?.unread.as_ref());
        match (why, before) {
            (Some(why), _) => {
                unknown.push(held.name.clone());
                reason = reason.or_else(|| Some(why.clone()));
            }
            (None, Some(before)) if before.hash != held.hash => doubts.push(Doubt::SecretChanged(held.name.clone())),
            (None, _) => {}
        }
    }
    doubts.extend(reason.map(|why| Doubt::SecretsUnknown(unknown, why)));
    doubts
}

/// How configuration goes with a step, and what to know before: `after` is what the workload becomes by the server's
/// dry run, `made` are the `ConfigMap`s that are created for it.
pub fn carried(
    step: &Step,
    seen: &Seen,
    (after, made): (&Value, &[&Value]),
    (salt, at): (&str, Timestamp),
) -> (Carried, Vec<Doubt>) {
    let templates = seen
        .object
        .pointer("/spec/template")
        .zip(after.pointer("/spec/template"));
    let Some((runs, becomes)) = templates.filter(|_| is_noted(step)) else {
        return (Carried::default(), Vec::new());
    };
    let today = made.iter().fold(seen.config.clone(), |today, map| {
        let name = map.pointer("/metadata/name").and_then(Value::as_str);
        today.with(name.unwrap_or_default(), (*map).clone())
    });
    let Noted {
        config,
        mut contents,
        large,
    } = note(becomes, &today, (salt, at));
    let mut doubts = missing(becomes, &today);
    doubts.extend(large.into_iter().map(Doubt::TooLarge));
    let left = note(runs, &today, (salt, at));
    contents.extend(left.contents);
    let workload = seen.workload();
    let kept = &seen.ledger.config;
    let before = match step {
        // Who begins something new compares with what was there when the one before became what runs.
        Step::Start(_) => kept.of(&workload, runs).cloned().unwrap_or(left.config),
        _ => left.config,
    };
    let same_salt = if before.salt == salt {
        config.clone()
    } else {
        note(becomes, &today, (&before.salt, at)).config
    };
    let content = |hash: &str| {
        let own = contents.iter().find(|content| content.hash == hash);
        own.or_else(|| kept.content(hash))
    };
    let is_told = matches!(step, Step::Start(_) | Step::Rollback(_));
    let mut changes = if is_told {
        changes(&before, &same_salt, content)
    } else {
        Vec::new()
    };
    // Of a way back they are compared with what was, and a doubt tells it.
    let is_back = matches!(step, Step::Rollback(_));
    changes.retain(|change| !(is_back && change.holder == Holder::Secret && matches!(change.what, What::Unknown(_))));
    let choice = choice(step, seen, &mut doubts);
    let noted = match (step, choice) {
        (Step::Rollback(back), Some(Source::Recorded)) => {
            let past = past::find(&back.to, seen).ok();
            past.and_then(|past| recorded(seen, &past).map(|config| config.at))
        }
        _ => None,
    };
    let carried = Carried {
        names: config.names(),
        changes,
        choice,
        noted,
        running: Some(Running::of(&workload, becomes, config)),
        contents,
    };
    (carried, doubts)
}

/// What instances need and is not there.
fn missing(template: &Value, today: &Today) -> Vec<Doubt> {
    let needed = used(template).into_iter().filter(|one| !one.optional);
    let is_gone = |one: &Used| today.get(one.holder, &one.name) == Found::Absent;
    let gone = needed.filter(is_gone);
    gone.map(|one| Doubt::Missing(one.holder, one.name)).collect()
}

/// Which configuration was chosen where there is a choice, and what to know of it.
fn choice(step: &Step, seen: &Seen, doubts: &mut Vec<Doubt>) -> Option<Source> {
    match step {
        Step::Rollback(back) => {
            let past = past::find(&back.to, seen).ok()?;
            let restored = restored(seen, &past, Source::Recorded).ok()?;
            if back.config == Source::Recorded {
                doubts.extend(restored.doubts);
            }
            let is_other = !copies(&restored.template).is_empty();
            is_other.then_some(back.config)
        }
        Step::Start(new) => {
            let copies = copies(seen.object.pointer("/spec/template")?);
            for (copy, name) in &copies {
                let read = match seen.config.get(Holder::ConfigMap, copy) {
                    Found::There(map) => read_at(&map).map(|at| format!(" of {at}")),
                    _ => None,
                };
                let (name, read) = (name.clone(), read.unwrap_or_default());
                doubts.push(match new.config {
                    Source::Current => Doubt::OriginalAgain(name, read),
                    Source::Recorded => Doubt::RunsCopy(copy.clone(), name, read),
                });
            }
            (!copies.is_empty()).then_some(new.config)
        }
        _ => None,
    }
}
