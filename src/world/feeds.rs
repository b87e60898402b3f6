//! When each watch of a cluster was last heard of: what its detail tells beside how far it is.

use std::collections::BTreeMap;
use std::mem::discriminant;

use crate::domain::{Batch, Clean, Feed, Kind, Timestamp};

/// Moments in the life of one watch, on this machine's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedTimes {
    /// It is in its state since then.
    pub since: Option<Timestamp>,
    /// Its list was read to the end.
    pub listed: Option<Timestamp>,
    /// It brought a change.
    pub heard: Option<Timestamp>,
}

/// The moments of all watches of a cluster, by kind and namespace (empty: all).
#[derive(Clone, Debug, Default)]
pub struct FeedLog(BTreeMap<(Kind, Clean), FeedTimes>);

impl FeedLog {
    pub fn of(&self, kind: Kind, namespace: &Clean) -> FeedTimes {
        self.0.get(&(kind, namespace.clone())).copied().unwrap_or_default()
    }

    /// A watch told its state; how far a list is does not make it another one.
    pub(super) fn changed(&mut self, kind: Kind, namespace: &Clean, old: Option<&Feed>, new: &Feed, now: Timestamp) {
        let times = self.0.entry((kind, namespace.clone())).or_default();
        if old.is_none_or(|old| discriminant(old) != discriminant(new)) {
            times.since = Some(now);
        }
    }

    pub(super) fn ended(&mut self, watch: &(Kind, Clean)) {
        self.0.remove(watch);
    }

    pub(super) fn brought(&mut self, batch: &Batch, now: Timestamp) {
        let times = self.0.entry((batch.kind, batch.namespace.clone())).or_default();
        if !batch.changes.is_empty() {
            times.heard = Some(now);
        }
        if batch.sweep {
            times.listed = Some(now);
        }
    }
}
