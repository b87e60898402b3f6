//! The versions that a workload can go back to: those its revisions keep, and those the ledger knows; and which of them
//! is meant by what a person says.

use chrono::DateTime;
use serde_json::Value;

use super::argo;
use super::bytes::{Digests, are_same_bytes};
use super::history::{History, template_of};
use super::known::{Known, are_same_images, images};
use super::live::{self, Refusal};
use super::plan::Seen;
use super::template::{same, same_version};
use crate::domain::{Kind, Timestamp, Version};

/// To which version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// The last that was good, else the one before what runs.
    LastGood,
    /// By a revision's number, name or hash, a commit, an image, its tag or its digest.
    Named(String),
    /// By the id under which the ledger keeps it.
    Known(String),
}

impl Back {
    fn word(&self) -> &str {
        match self {
            Self::LastGood => "before",
            Self::Named(word) | Self::Known(word) => word,
        }
    }
}

/// A version that a workload was.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Of its revision; `None` where the ledger alone knows it.
    pub number: Option<i64>,
    name: Option<String>,
    pub hash: Option<String>,
    pub template: Value,
    /// What the ledger knows of it.
    pub known: Option<Known>,
}

impl Past {
    /// `revision 4 (6c5d), live:v41`
    pub fn words(&self) -> String {
        let revision = self.number.map(|number| format!("revision {number}"));
        let hash = self.hash.as_ref().map(|hash| format!("hash {hash}"));
        let id = self
            .known
            .as_ref()
            .filter(|_| self.hash.is_none())
            .map(|known| known.id.clone());
        let parts = [revision, hash, id, images(&self.template).first().cloned()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Who says that it is bad, when and why.
    pub fn why(&self) -> Option<String> {
        let mark = self.known.as_ref()?.bad.as_ref()?;
        Some(format!("{} is bad: {}", self.words(), mark.words()))
    }

    /// What its images are that it names by tag alone, as far as the ledger keeps that.
    fn digests(&self) -> Digests {
        self.known
            .as_ref()
            .map(|known| known.digests.clone())
            .unwrap_or_default()
    }

    /// Whether it is the same version, by the digests of its images where it names them by tag.
    fn is_same(&self, other: &Self) -> bool {
        let same = are_same_bytes((&self.template, &self.digests()), (&other.template, &other.digests()));
        same || same_version(&self.template, &other.template)
    }

    /// Whether it is what a template runs.
    fn runs(&self, template: &Value) -> bool {
        let same = are_same_bytes((&self.template, &self.digests()), (template, &Digests::new()));
        same || same_version(&self.template, template)
    }

    fn is_named(&self, word: &str) -> bool {
        let is = |text: Option<&str>| text == Some(word);
        let annotation = |key: &str| self.template.pointer("/metadata/annotations")?.get(key)?.as_str();
        let short = |hash: Option<&str>, least: usize| {
            let hex = hash.map(|hash| hash.split_once(':').map_or(hash, |(_, hex)| hex));
            let word = word.split_once(':').map_or(word, |(_, hex)| hex);
            word.len() >= least && hex.is_some_and(|hex| hex.starts_with(word))
        };
        let of_image = |image: &String| {
            let tag = matches!(Version::of_image(image.split('@').next().unwrap_or(image)), Version::Tag(tag) if tag == *word);
            image == word || tag || short(image.split_once('@').map(|(_, digest)| digest), 12)
        };
        self.number.is_some_and(|number| number.to_string() == word)
            || is(self.hash.as_deref())
            || is(self.name.as_deref())
            || self.name.as_deref().is_some_and(|name| is(name.rsplit('-').next()))
            || self.known.as_ref().is_some_and(|known| known.id == word)
            || short(annotation("pilothouse.dev/commit"), 7)
            || short(annotation("pilothouse.dev/image-digest"), 12)
            || images(&self.template).iter().any(of_image)
    }
}

/// A time that stands in an object.
pub(super) fn moment(value: &Value, path: &str) -> Option<Timestamp> {
    let text = value.pointer(path)?.as_str()?;
    DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc())
}

/// When a version of these images came first, as far as its revisions and the ledger know.
pub(super) fn first(seen: &Seen, meant: &[String]) -> Option<Timestamp> {
    let workload = seen.workload();
    let own = revisions(seen).into_iter();
    let own = own.filter(|(_, past)| are_same_images(&images(&past.template), meant));
    let made = own.filter_map(|(revision, _)| moment(revision, "/metadata/creationTimestamp"));
    let known = seen.ledger.versions.of(&workload);
    let known = known.filter(|known| are_same_images(&known.images, meant));
    made.chain(known.map(|known| known.first)).min()
}

/// Its own revisions, as they were read, with the number and hash of each.
pub(super) fn revisions(seen: &Seen) -> Vec<(&Value, Past)> {
    let past = |revision: &Value, number: Option<i64>, hash: Option<&str>, template: Value| Past {
        number,
        name: revision
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .map(str::to_owned),
        hash: hash.map(str::to_owned),
        template,
        known: None,
    };
    let template = |set: &Value| set.pointer("/spec/template").cloned();
    match seen.kind {
        Kind::Deployment | Kind::Rollout => {
            let is_ours = seen.kind == Kind::Deployment;
            let live = seen.live();
            let all = live.owned().map(|set| {
                let (number, hash) = if is_ours {
                    (live::revision(set), live::hash_of(set))
                } else {
                    (argo::number(set), argo::hash(set))
                };
                Some((set, past(set, number, hash, template(set)?)))
            });
            all.flatten().collect()
        }
        _ => {
            let history = History::of(&seen.object, &seen.revisions);
            let all = history.all().map(|revision| {
                let number = revision.get("revision").and_then(Value::as_i64);
                let hash = super::history::hash(revision);
                Some((revision, past(revision, number, hash, template_of(revision)?)))
            });
            all.flatten().collect()
        }
    }
}

/// The revision of its template, as it was read.
pub(super) fn newest(seen: &Seen) -> Option<&Value> {
    let template = seen.object.pointer("/spec/template")?;
    let mut own = revisions(seen);
    own.retain(|(_, past)| same(template, &past.template));
    own.into_iter()
        .max_by_key(|(_, past)| past.number)
        .map(|(revision, _)| revision)
}

/// The hash of the revision of its template.
pub(super) fn running(seen: &Seen) -> Option<String> {
    let template = seen.object.pointer("/spec/template")?;
    let mut own = revisions(seen).into_iter().map(|(_, past)| past);
    own.find(|past| same(template, &past.template))?.hash
}

/// What it was, the highest number first and then what the ledger alone knows; what it runs is not among them.
pub fn pasts(seen: &Seen) -> Vec<Past> {
    let runs = seen.object.pointer("/spec/template").unwrap_or(&Value::Null);
    let workload = seen.workload();
    let mut all: Vec<Past> = revisions(seen).into_iter().map(|(_, past)| past).collect();
    all.retain(|past| !same(runs, &past.template) && !live::is_unbuilt(&past.template));
    all.sort_by_key(|past| std::cmp::Reverse(past.number));
    for known in seen.ledger.versions.of(&workload) {
        let mut is_kept = false;
        for past in all
            .iter_mut()
            .filter(|past| same_version(&past.template, &known.template))
        {
            past.known = Some(known.clone());
            is_kept = true;
        }
        if !is_kept && !same_version(runs, &known.template) {
            all.push(Past {
                number: None,
                name: None,
                hash: None,
                template: known.template.clone(),
                known: Some(known.clone()),
            });
        }
    }
    all
}

/// The version to go back to.
///
/// # Errors
/// Nobody knows it, several are called so, or it is what runs.
pub fn find(back: &Back, seen: &Seen) -> Result<Past, Refusal> {
    let runs = seen.object.pointer("/spec/template").unwrap_or(&Value::Null);
    let all = pasts(seen);
    let found = match back {
        Back::LastGood => return last(seen, runs, all),
        Back::Known(id) => all
            .into_iter()
            .filter(|past| past.known.as_ref().is_some_and(|known| known.id == *id))
            .collect(),
        Back::Named(word) => named(word, all),
    };
    let mut found: Vec<Past> = found;
    if found.len() > 1 && matches!(back, Back::Known(_)) {
        found.truncate(1);
    }
    match (found.pop(), found.is_empty()) {
        (Some(past), true) => Ok(past),
        (Some(past), false) => {
            found.push(past);
            let list: Vec<String> = found.iter().map(Past::words).collect();
            Err(Refusal::Ambiguous(back.word().to_owned(), list.join("; ")))
        }
        (None, _) => {
            let of_it = revisions(seen).into_iter().map(|(_, past)| past);
            let is_it = |past: Past| same(runs, &past.template) && past.is_named(back.word());
            if of_it.into_iter().any(is_it) {
                return Err(Refusal::SameTemplate);
            }
            Err(Refusal::RevisionGone(back.word().to_owned()))
        }
    }
}

/// All that are called so; of several revisions of one version the newest.
fn named(word: &str, all: Vec<Past>) -> Vec<Past> {
    let mut found: Vec<Past> = Vec::new();
    for past in all.into_iter().filter(|past| past.is_named(word)) {
        let is_exact = |past: &Past| past.hash.as_deref() == Some(word) || past.name.as_deref() == Some(word);
        if is_exact(&past) {
            return vec![past];
        }
        if !found.iter().any(|known| known.is_same(&past)) {
            found.push(past);
        }
    }
    found
}

/// The last that was good; where none is known the one before, which must not be a bad one. Of a Rollout that has
/// another version under way it is the stable one.
fn last(seen: &Seen, runs: &Value, all: Vec<Past>) -> Result<Past, Refusal> {
    let text = |path: &str| seen.object.pointer(path).and_then(Value::as_str);
    let (stable, current) = (text("/status/stableRS"), text("/status/currentPodHash"));
    if seen.kind == Kind::Rollout
        && let Some(stable) = stable.filter(|stable| Some(*stable) != current)
    {
        let found = all.into_iter().find(|past| past.hash.as_deref() == Some(stable));
        return found.ok_or_else(|| Refusal::RevisionGone(stable.to_owned()));
    }
    if let Some(how) = super::returned::already(seen) {
        return Err(Refusal::WentBack(how));
    }
    let others = all.iter().filter(|past| !past.runs(runs));
    let good = others
        .clone()
        .filter(|past| past.known.as_ref().is_some_and(Known::is_good));
    if let Some(good) = good.max_by_key(|past| past.known.as_ref().map(|known| known.last)) {
        return Ok(good.clone());
    }
    let now = revisions(seen)
        .into_iter()
        .map(|(_, past)| past)
        .find(|past| same(runs, &past.template));
    let now = now.and_then(|past| past.number);
    let has_sets = matches!(seen.kind, Kind::Deployment | Kind::Rollout);
    let older = others.filter(|past| past.number.is_some() && (past.number < now || !has_sets));
    let (bad, fine): (Vec<&Past>, Vec<&Past>) = older.partition(|past| past.why().is_some());
    match (fine.first(), bad.first()) {
        (Some(past), _) => Ok((*past).clone()),
        (None, Some(bad)) => Err(Refusal::Bad(bad.why().unwrap_or_default())),
        (None, None) => Err(Refusal::RevisionGone("before".to_owned())),
    }
}

#[cfg(test)]
#[path = "past_tests.rs"]
mod tests;
