//! What the ledgers of apps say of what is seen, as far as they were asked.

use rustc_hash::FxHashMap;

use super::World;
use super::cluster::ClusterView;
use super::release::app_of;
use crate::domain::pod::label;
use crate::domain::terms::HOLD_OP;
use crate::domain::{AppKey, Clean, ClusterId, Kind, ObjectKey, Timestamp, Workload};
use crate::release::against;
use crate::release::known::{Known, Mark, is_same_image};
use crate::release::ledger::{Entry, Ledger, Operation};

pub(super) type Ledgers = FxHashMap<AppKey, Ledger>;

/// When the ledger of an app was asked for last, and how often.
pub(super) type Asks = FxHashMap<AppKey, (Timestamp, u32)>;

/// How long a ledger that lacks what is looked for is left alone, in seconds: twice as long each time.
const PAUSE: i64 = 5;
const LONGEST_PAUSE: i64 = 600;

/// Who began a release, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    pub by: Clean,
    pub at: Timestamp,
}

impl ClusterView {
    /// Whether it is time to ask for the ledger of an app: it never was, or it lacks what is looked for.
    pub fn is_ledger_wanted(&self, app: &AppKey, is_lacking: bool, now: Timestamp) -> bool {
        let Some((at, times)) = self.ledger_asks.get(app) else {
            return true;
        };
        let pause = PAUSE.saturating_mul(1 << times.min(&16)).min(LONGEST_PAUSE);
        is_lacking && (now - *at).num_seconds() >= pause
    }

    /// Who began the release of a workload that is under way: by its operation's label where it has one, else by what
    /// its template runs.
    pub fn beginning(&self, workload: &Workload) -> Option<Beginning> {
        let name = named(workload.kind, &workload.key.name);
        let begins =
            |entry: &&Entry| entry.workload == name && matches!(entry.op, Operation::Start | Operation::Rollback);
        let mut entries = self.ledgers.get(&app_of(workload))?.entries().filter(begins);
        let runs = |entry: &&Entry| workload.images.iter().any(|image| entry.to.as_deref() == Some(image));
        let entry = if let Some(operation) = label(&workload.labels, HOLD_OP) {
            entries.find(|entry| *entry.id == **operation)?
        } else {
            entries.next().filter(runs)?
        };
        Some(Beginning {
            by: Clean::new(&entry.by),
            at: entry.at,
        })
    }

    /// Who says that what a workload's template runs is bad.
    pub fn bad(&self, workload: &Workload) -> Option<&Mark> {
        let ledger = self.ledgers.get(&app_of(workload))?;
        let workload_name = named(workload.kind, &workload.key.name);
        against::bad(&ledger.versions, &workload_name, &texts(&workload.images))
    }

    /// Who says that the version of a workload's revision is bad.
    pub fn bad_revision(&self, app: &AppKey, (kind, name): (Kind, &str), hash: &str) -> Option<&Mark> {
        let workload = named(kind, name);
        let mut known = self.ledgers.get(app)?.versions.all();
        let is_it = |known: &&Known| known.workload == workload && known.hash.as_deref() == Some(hash);
        known.find(is_it)?.bad.as_ref()
    }

    /// Who says that a version of a workload with this image is bad; an image that another version has too is not.
    pub fn bad_image(&self, app: &AppKey, (kind, name): (Kind, &str), image: &str) -> Option<&Mark> {
        let has_it = |images: &[String]| images.iter().any(|other| is_same_image(other, image));
        let key = ObjectKey::new(app.namespace.clone(), name);
        let runs = self.workload(kind, &key).map(|workload| texts(&workload.images));
        if runs.is_some_and(|runs| has_it(&runs)) {
            return None;
        }
        let workload = named(kind, name);
        let known = self.ledgers.get(app)?.versions.all();
        let mut known = known.filter(|known| known.workload == workload && has_it(&known.images));
        let marks: Option<Vec<&Mark>> = known.by_ref().map(|known| known.bad.as_ref()).collect();
        marks?.first().copied()
    }

    /// The images of an app that somebody said to be bad, each with the workload that it is of.
    pub fn bad_images(&self, app: &AppKey) -> Vec<(&str, &Mark)> {
        let mut found: Vec<(&str, &Mark)> = Vec::new();
        for known in self.ledgers.get(app).iter().flat_map(|ledger| ledger.versions.all()) {
            let Some((kind, name)) = known.workload.split_once(' ') else {
                continue;
            };
            let kind = Kind::ALL.into_iter().find(|other| other.name() == kind);
            for image in &known.images {
                let mark = kind.and_then(|kind| self.bad_image(app, (kind, name), image));
                if let Some(mark) = mark.filter(|_| !found.iter().any(|(other, _)| other == image)) {
                    found.push((image, mark));
                }
            }
        }
        found
    }
}

fn texts(images: &[Clean]) -> Vec<String> {
    images.iter().map(ToString::to_string).collect()
}

/// As the ledger calls it.
fn named(kind: Kind, name: &str) -> String {
    format!("{kind} {name}")
}

impl World {
    /// Notes that the ledger of an app is asked for.
    pub fn note_ledger_asked(&mut self, id: &ClusterId, app: &AppKey, now: Timestamp) {
        if let Some(cluster) = self.clusters.iter_mut().find(|cluster| cluster.id == *id) {
            let (at, times) = cluster.ledger_asks.entry(app.clone()).or_insert((now, 0));
            (*at, *times) = (now, *times + 1);
        }
    }

    /// Takes what the ledger of an app says.
    pub fn note_ledger(&mut self, id: &ClusterId, app: &AppKey, ledger: &Ledger) {
        if let Some(cluster) = self.clusters.iter_mut().find(|cluster| cluster.id == *id) {
            self.version += 1;
            cluster.ledgers.insert(app.clone(), ledger.bare());
        }
    }
}
