//! Versions that a workload was, as its app's ledger keeps them: whole enough to be brought back where no revision of
//! theirs is left. One is written down when the next one begins.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::bytes::{self, Digests};
use super::config::record::{Config, note};
use super::config::used;
use super::ledger::{Line, read_lines, write_lines};
use super::plan::Seen;
use super::template::{same_version, without_hash};
use crate::domain::{ImageName, Timestamp};

/// Most versions of one workload that are kept, and as many bad ones beside them; the oldest go first.
pub const MOST_VERSIONS: usize = 20;
/// Most bytes of all of them together: a `ConfigMap` holds 1 MiB.
pub const MOST_BYTES: usize = 448 * 1024;

/// A version that a workload was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    /// The ULID of the operation at which it was first written down.
    pub id: String,
    /// `Deployment live-gift`.
    pub workload: String,
    /// Of its template, container after container.
    pub images: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What its instances resolved the images to that it names by tag alone.
    #[serde(default, skip_serializing_if = "Digests::is_empty")]
    pub digests: Digests,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The hash of its revision while it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// When it began to run and when it was last known to, as far as anybody saw.
    pub first: Timestamp,
    pub last: Timestamp,
    /// It ran in full, and undisturbed for a while.
    #[serde(default)]
    pub good: bool,
    /// Who says that it is bad; that counts more than that it ran well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad: Option<Mark>,
    /// The whole of it, without the hash of its revision.
    pub template: Value,
    /// What it ran with, as far as anybody noted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Config>,
    /// What a newer program wrote beside.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Who says that a version is bad, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub by: String,
    pub at: Timestamp,
    pub reason: String,
    /// The ULID of the operation that said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The images that are bad; none where nobody said which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
}

impl Mark {
    /// `by oncall at 2026-01-01 14:32 UTC: errors`
    pub fn words(&self) -> String {
        format!(
            "by {} at {}: {}",
            self.by,
            self.at.format("%Y-%m-%d %H:%M UTC"),
            self.reason
        )
    }
}

impl Known {
    /// The version that a workload's template is now.
    ///
    /// `since` is when it began to run in full; `None` where it does not.
    pub fn of(seen: &Seen, since: Option<Timestamp>, (id, now): (&str, Timestamp)) -> Option<Self> {
        let template = without_hash(seen.object.pointer("/spec/template").filter(|t| t.is_object())?);
        let annotation = |key: &str| {
            let annotations = template.pointer("/metadata/annotations")?;
            annotations.get(key)?.as_str().map(str::to_owned)
        };
        let images = images(&template);
        let of_image = || {
            images
                .iter()
                .find_map(|image| Some(image.split_once('@')?.1.to_owned()))
        };
        let is_looked_at = seen.config.is_known() || used(&template).is_empty();
        let config = is_looked_at.then(|| note(&template, &seen.config, (id, now)).config);
        let digests = bytes::running(seen).digests;
        // What is annotated may be of an image that another tool replaced since.
        let of_instances = || digests.get(&own_image(&template)?).cloned();
        let digest = of_image().or_else(of_instances);
        Some(Self {
            id: id.to_owned(),
            workload: seen.workload(),
            digest: digest.or_else(|| annotation("pilothouse.dev/image-digest")),
            digests,
            commit: annotation("pilothouse.dev/commit"),
            hash: super::past::running(seen),
            images,
            first: since.unwrap_or(now),
            last: now,
            good: false,
            bad: None,
            template,
            config,
            more: Map::new(),
        })
    }

    /// Whether one can go back to it without a second thought.
    pub const fn is_good(&self) -> bool {
        self.good && self.bad.is_none()
    }

    /// The images that it is bad for: those that its mark names, else that of its first container.
    pub fn bad_images(&self) -> &[String] {
        match &self.bad {
            Some(mark) if !mark.images.is_empty() => &mark.images,
            Some(_) => self.images.get(..1).unwrap_or_default(),
            None => &[],
        }
    }

    /// The images that it is left for where these come back: that of the app's own container where it is another, else
    /// all that are. Sidecars may change with a version, or stay as they are: neither makes them the reason.
    pub fn left_for(&self, back: &[String]) -> Vec<String> {
        let differs = |image: &&String| !back.iter().any(|other| is_same_image(other, image));
        let own = own_image(&self.template).filter(|own| differs(&own));
        own.map_or_else(
            || self.images.iter().filter(differs).cloned().collect(),
            |own| vec![own],
        )
    }

    /// What it is called: its commit, else its first image's version.
    pub fn name(&self) -> String {
        let of_image = || self.images.first().map(|image| crate::domain::Version::of_image(image));
        match (&self.commit, of_image()) {
            (Some(commit), _) => crate::domain::Version::Commit(commit.as_str().into()).to_string(),
            (None, Some(version)) => version.to_string(),
            (None, None) => "?".to_owned(),
        }
    }
}

/// The images of a template, container after container.
pub fn images(template: &Value) -> Vec<String> {
    let containers = template.pointer("/spec/containers").and_then(Value::as_array);
    let image = |container: &Value| container.get("image")?.as_str().map(str::to_owned);
    containers.into_iter().flatten().filter_map(image).collect()
}

/// The container that is the app: the one that the template names (`kubectl.kubernetes.io/default-container`), else the
/// first.
pub fn own_container(template: &Value) -> Option<&Value> {
    let annotations = template.pointer("/metadata/annotations");
    let named = annotations.and_then(|all| all.get("kubectl.kubernetes.io/default-container"));
    let containers = template.pointer("/spec/containers")?.as_array()?;
    let own = containers
        .iter()
        .find(|one| named.is_some() && one.get("name") == named);
    own.or(containers.first())
}

fn own_image(template: &Value) -> Option<String> {
    own_container(template)?.get("image")?.as_str().map(str::to_owned)
}

/// Whether two names mean the same image, as far as they say.
pub fn is_same_image(one: &str, other: &str) -> bool {
    let names = || ImageName::parse(one).zip(ImageName::parse(other));
    one == other || names().is_some_and(|(one, other)| one.is_same(&other))
}

/// Whether two versions consist of the same images, however these are spelt; of none nothing is said.
pub fn are_same_images(one: &[String], other: &[String]) -> bool {
    let mut pairs = one.iter().zip(other);
    !one.is_empty() && one.len() == other.len() && pairs.all(|(one, other)| is_same_image(one, other))
}

/// The versions of an app's workloads, the one that was last known to run at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Versions {
    pub lines: Vec<Line<Known>>,
}

impl Versions {
    /// Reads the lines; nothing is refused.
    pub fn parse(text: &str) -> Self {
        Self {
            lines: read_lines(text),
        }
    }

    /// The lines as they are written.
    pub fn text(&self) -> String {
        write_lines(&self.lines)
    }

    /// All that are understood, the one that was last known to run first.
    pub fn all(&self) -> impl Iterator<Item = &Known> {
        self.lines.iter().rev().filter_map(|line| match line {
            Line::Entry(known) => Some(known.as_ref()),
            Line::Other(_) => None,
        })
    }

    /// Those of one workload.
    pub fn of<'a>(&'a self, workload: &'a str) -> impl Iterator<Item = &'a Known> {
        self.all().filter(move |known| known.workload == workload)
    }

    /// Takes back what an operation said against versions of a workload but the one that is left: it was given up, and
    /// they run on.
    pub fn unmark(&mut self, workload: &str, operation: &str, left: Option<&Known>) {
        let is_left = |known: &Known| left.is_some_and(|left| are_same_images(&left.images, &known.images));
        for line in &mut self.lines {
            if let Line::Entry(known) = line
                && known.workload == workload
                && !is_left(known)
                && known
                    .bad
                    .as_ref()
                    .is_some_and(|mark| mark.operation.as_deref() == Some(operation))
            {
                known.bad = None;
            }
        }
    }

    /// The mark on a version, where it is known.
    pub fn mark_of(&self, known: &Known) -> Option<Mark> {
        let mut all = self.of(&known.workload);
        all.find(|other| same_version(&other.template, &known.template))?
            .bad
            .clone()
    }

    /// Sets the mark on a version that is known.
    pub fn set_mark(&mut self, known: &Known, mark: Option<&Mark>) {
        for line in &mut self.lines {
            if let Line::Entry(other) = line
                && other.workload == known.workload
                && same_version(&other.template, &known.template)
            {
                other.bad = mark.cloned();
            }
        }
    }

    /// Writes a version down. What is known of it from before stays: its name, when it began, and that it was bad
    /// unless it ran well since. Gives the versions that there is no room for any more.
    pub fn keep(&mut self, mut new: Known) -> Vec<Known> {
        let is_it = |line: &Line<Known>| match line {
            Line::Entry(known) => known.workload == new.workload && same_version(&known.template, &new.template),
            Line::Other(_) => false,
        };
        if let Some(place) = self.lines.iter().position(is_it)
            && let Line::Entry(before) = self.lines.remove(place)
        {
            let before = *before;
            let stays_bad = before.bad.filter(|_| !new.good);
            let mut digests = before.digests;
            digests.extend(std::mem::take(&mut new.digests));
            new = Known {
                id: before.id,
                first: before.first.min(new.first),
                good: before.good || new.good,
                bad: new.bad.or(stays_bad),
                config: new.config.or(before.config),
                digest: new.digest.or(before.digest),
                digests,
                more: before.more,
                ..new
            };
        }
        let workload = new.workload.clone();
        self.lines.push(Line::Entry(Box::new(new)));
        // Releases that fail one after the other take no room from versions to go back to.
        for is_bad in [false, true] {
            let is_such = |line: &Line<Known>| matches!(line, Line::Entry(known) if known.workload == workload && known.bad.is_some() == is_bad);
            while self.lines.iter().filter(|line| is_such(line)).count() > MOST_VERSIONS {
                // Of many the oldest is missed by nobody: it is not told.
                if let Some(oldest) = self.lines.iter().position(is_such) {
                    self.lines.remove(oldest);
                }
            }
        }
        let mut dropped = Vec::new();
        while !self.lines.is_empty() && self.text().len() > MOST_BYTES {
            if let Line::Entry(known) = self.lines.remove(0) {
                dropped.push(*known);
            }
        }
        dropped
    }
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;
