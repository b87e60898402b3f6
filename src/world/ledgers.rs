//! What the ledgers of apps say of what is seen, as far as they were asked.

use rustc_hash::FxHashMap;

use super::World;
use super::cluster::ClusterView;
use super::release::app_of;
use crate::domain::pod::label;
use crate::domain::terms::HOLD_OP;
use crate::domain::{AppKey, Clean, ClusterId, Kind, Timestamp, Workload};
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
    /// What the ledger of an app says, as far as it was read; without the templates of versions.
    pub fn ledger_of(&self, app: &AppKey) -> Option<&Ledger> {
        self.ledgers.get(app)
    }

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
}

/// As the ledger calls it.
pub(super) fn named(kind: Kind, name: &str) -> String {
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
