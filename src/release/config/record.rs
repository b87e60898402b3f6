//! What a version runs with, as its app's ledger keeps it: of each `ConfigMap` and Secret the name and a hash, of
//! `ConfigMap`s the content beside, each content once whoever ran with it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::copy::{copies, original};
use super::hash::Contents;
use super::{Found, Holder, Today, Used, used};
use crate::domain::Timestamp;
use crate::release::bytes::Digests;
use crate::release::ledger::{Line, read_lines, write_lines};
use crate::release::template::identity;

/// Most bytes of the contents of one version.
pub const MOST_BYTES_OF_VERSION: usize = 128 * 1024;
/// Most bytes of all contents of an app: a `ConfigMap` holds 1 MiB, with the lines and versions beside.
pub const MOST_BYTES: usize = 224 * 1024;
/// Of how many versions of one workload it is kept what they began to run with, until they are versions that were.
pub const MOST_RUNNING: usize = 3;
/// Most bytes of all that versions began to run with.
pub const MOST_BYTES_OF_RUNNING: usize = 64 * 1024;

/// What a version runs with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// When it was read.
    pub at: Timestamp,
    /// Of the hashes of its Secrets.
    pub salt: String,
    pub held: Vec<Held>,
}

/// One `ConfigMap` or Secret of it; without a hash and a reason it was not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    pub kind: Holder,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Why it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

impl Config {
    /// `configmap/live-config`
    pub fn names(&self) -> Vec<String> {
        let name = |held: &Held| format!("{}/{}", held.kind.name().to_lowercase(), held.name);
        self.held.iter().map(name).collect()
    }

    /// Takes what was known before of what could not be read.
    fn fill(&mut self, before: &Self) {
        let is_same_salt = self.salt == before.salt;
        for held in self.held.iter_mut().filter(|held| held.unread.is_some()) {
            // With another salt the hash of a Secret says nothing.
            let is_comparable = held.kind == Holder::ConfigMap || is_same_salt;
            if let Some(known) = before.get(held.kind, &held.name)
                && known.unread.is_none()
                && is_comparable
            {
                held.clone_from(known);
            }
        }
    }

    pub fn get(&self, kind: Holder, name: &str) -> Option<&Held> {
        self.held.iter().find(|held| held.kind == kind && held.name == name)
    }
}

/// What is in a `ConfigMap`: texts, and bytes in base64, by their keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    pub hash: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub binary_data: BTreeMap<String, String>,
}

impl Content {
    pub fn of(map: &Value) -> Self {
        let contents = Contents::of(map);
        Self {
            hash: contents.plain(),
            data: contents.data,
            binary_data: contents.binary_data,
        }
    }

    fn bytes(&self) -> usize {
        let all = self.data.iter().chain(&self.binary_data);
        all.map(|(key, value)| key.len() + value.len()).sum()
    }
}

/// What a version runs with, and what is in its `ConfigMap`s as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Noted {
    pub config: Config,
    pub contents: Vec<Content>,
    /// `ConfigMap`s that are too large to be kept.
    pub large: Vec<String>,
}

/// What a template runs with today.
pub fn note(template: &Value, today: &Today, (salt, at): (&str, Timestamp)) -> Noted {
    let copies = copies(template);
    let (mut contents, mut large) = (Vec::new(), Vec::new());
    let mut room = MOST_BYTES_OF_VERSION;
    let held = used(template).into_iter().map(|Used { holder, name, .. }| {
        let (hash, unread) = match today.get(holder, &name) {
            Found::There(object) if holder == Holder::Secret => (Some(Contents::of(&object).salted(salt)), None),
            Found::There(map) => {
                let content = Content::of(&map);
                let hash = content.hash.clone();
                match room.checked_sub(content.bytes()) {
                    Some(left) => {
                        room = left;
                        contents.push(content);
                    }
                    None => large.push(name.clone()),
                }
                (Some(hash), None)
            }
            Found::Absent => (None, None),
            Found::Unread(why) => (None, Some(why)),
        };
        Held {
            kind: holder,
            name: original(&copies, &name).to_owned(),
            hash,
            unread,
        }
    });
    let config = Config {
        at,
        salt: salt.to_owned(),
        held: held.collect(),
    };
    Noted {
        config,
        contents,
        large,
    }
}

/// What the version that a workload is becoming runs with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Running {
    /// `Deployment live-gift`.
    pub workload: String,
    /// Which version, by a hash of its template.
    pub version: String,
    pub config: Config,
    /// What its images that it names by tag alone were.
    #[serde(default, skip_serializing_if = "Digests::is_empty")]
    pub digests: Digests,
    /// What a newer program wrote beside.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Running {
    pub fn of(workload: &str, template: &Value, config: Config) -> Self {
        Self {
            workload: workload.to_owned(),
            version: identity(template),
            config,
            digests: Digests::new(),
            more: Map::new(),
        }
    }
}

/// What an app's ledger keeps of configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    pub running: Vec<Line<Running>>,
    pub contents: Vec<Line<Content>>,
}

impl Kept {
    /// Reads the lines; nothing is refused.
    pub fn parse(running: &str, contents: &str) -> Self {
        Self {
            running: read_lines(running),
            contents: read_lines(contents),
        }
    }

    /// Both as they are written.
    pub fn texts(&self) -> (String, String) {
        (write_lines(&self.running), write_lines(&self.contents))
    }

    pub fn content(&self, hash: &str) -> Option<&Content> {
        self.contents.iter().find_map(|line| match line {
            Line::Entry(content) if content.hash == hash => Some(content.as_ref()),
            _ => None,
        })
    }

    /// What a version of a workload began to run with.
    pub fn of(&self, workload: &str, template: &Value) -> Option<&Config> {
        self.line_of(workload, &identity(template))
            .map(|running| &running.config)
    }

    /// What the images of a version were that it names by tag alone.
    pub fn digests(&self, workload: &str, template: &Value) -> Option<&Digests> {
        self.line_of(workload, &identity(template))
            .map(|running| &running.digests)
    }

    fn line_of(&self, workload: &str, version: &str) -> Option<&Running> {
        self.running.iter().rev().find_map(|line| match line {
            Line::Entry(running) if running.workload == workload && running.version == version => {
                Some(running.as_ref())
            }
            _ => None,
        })
    }

    /// Adds what the instances of a version say that its images are, where there is a line of it.
    pub fn resolve(&mut self, workload: &str, template: &Value, digests: &Digests) {
        let version = identity(template);
        for line in &mut self.running {
            if let Line::Entry(running) = line
                && running.workload == workload
                && running.version == version
            {
                running.digests.extend(digests.clone());
            }
        }
    }

    /// Writes down what a version runs with, in place of what was known of it; what could not be read now is what it
    /// was before. Gives the workloads of which there is no room for all any more.
    pub fn run(&mut self, mut new: Running) -> Vec<String> {
        if let Some(before) = self.line_of(&new.workload, &new.version) {
            new.config.fill(&before.config);
            let mut digests = before.digests.clone();
            digests.append(&mut new.digests);
            new.digests = digests;
        }
        let is_own = |line: &Line<Running>| matches!(line, Line::Entry(running) if running.workload == new.workload);
        self.running
            .retain(|line| !is_own(line) || !matches!(line, Line::Entry(running) if running.version == new.version));
        while self.running.iter().filter(|line| is_own(line)).count() >= MOST_RUNNING {
            if let Some(oldest) = self.running.iter().position(is_own) {
                self.running.remove(oldest);
            }
        }
        self.running.push(Line::Entry(Box::new(new)));
        let mut dropped = Vec::new();
        while self.running.len() > 1 && write_lines(&self.running).len() > MOST_BYTES_OF_RUNNING {
            if let Line::Entry(running) = self.running.remove(self.least_needed()) {
                dropped.push(running.workload);
            }
        }
        dropped
    }

    /// The oldest that a newer one of the same workload follows; the oldest of all where there is none.
    fn least_needed(&self) -> usize {
        let workload = |line: &Line<Running>| match line {
            Line::Entry(running) => Some(running.workload.clone()),
            Line::Other(_) => None,
        };
        let mut all = self.running.iter().map(workload).enumerate();
        let is_followed = |(place, own): &(usize, Option<String>)| {
            own.is_some() && self.running.iter().skip(place + 1).any(|other| workload(other) == *own)
        };
        all.find(is_followed).map_or(0, |(place, _)| place)
    }

    /// Adds contents, and drops those that no version ran with and, of the others, the oldest that there is no room
    /// for; gives the hashes of these.
    pub fn keep(&mut self, new: Vec<Content>, versions: &[&Config]) -> Vec<String> {
        for content in new {
            let is_it = |line: &Line<Content>| matches!(line, Line::Entry(known) if known.hash == content.hash);
            self.contents.retain(|line| !is_it(line));
            self.contents.push(Line::Entry(Box::new(content)));
        }
        let running = self.running.iter().filter_map(|line| match line {
            Line::Entry(running) => Some(&running.config),
            Line::Other(_) => None,
        });
        let held = running.chain(versions.iter().copied()).flat_map(|config| &config.held);
        let hashes: BTreeSet<&String> = held.filter_map(|held| held.hash.as_ref()).collect();
        self.contents.retain(|line| match line {
            Line::Entry(content) => hashes.contains(&content.hash),
            Line::Other(_) => true,
        });
        let mut dropped = Vec::new();
        while write_lines(&self.contents).len() > MOST_BYTES {
            match self.contents.remove(0) {
                Line::Entry(content) => dropped.push(content.hash),
                Line::Other(_) => {}
            }
        }
        dropped
    }
}
