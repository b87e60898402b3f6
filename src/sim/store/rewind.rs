//! History undone, as when etcd is restored from a backup.

use super::{Store, key_of};

impl Store {
    /// Goes back to a kept revision as an etcd restore does: later writes never happened, and versions repeat.
    pub fn rewind(&mut self, revision: u64) {
        let kept = revision.max(self.compacted);
        while self.history.back().is_some_and(|change| change.revision > kept) {
            let Some(change) = self.history.pop_back() else { break };
            let key = key_of(&change.resource, &change.object);
            let Some(index) = self.index(&change.resource) else {
                continue;
            };
            self.dependents.forget(index, &key, &change.object);
            if let Some(table) = self.tables.get_mut(index) {
                table.objects.remove(key.as_str());
            }
            if let Some(previous) = change.previous {
                self.dependents.remember(index, &key, &previous);
                if let Some(table) = self.tables.get_mut(index) {
                    table.objects.insert(key.into(), previous);
                }
            }
        }
        self.revision = self.revision.min(kept);
    }
}
