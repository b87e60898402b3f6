//! Which objects name an owner, found by the owner's uid.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::super::json;

/// Table and key of each dependent, by the owner's uid.
#[derive(Debug, Default)]
pub(super) struct Dependents(FxHashMap<Box<str>, BTreeSet<(usize, Box<str>)>>);

impl Dependents {
    pub(super) fn of(&self, uid: &str) -> impl Iterator<Item = &(usize, Box<str>)> {
        self.0.get(uid).into_iter().flatten()
    }

    pub(super) fn remember(&mut self, table: usize, key: &str, object: &Value) {
        for uid in owners(object) {
            self.0.entry(uid.into()).or_default().insert((table, key.into()));
        }
    }

    pub(super) fn forget(&mut self, table: usize, key: &str, object: &Value) {
        for uid in owners(object) {
            if let Some(keys) = self.0.get_mut(uid) {
                keys.remove(&(table, Box::from(key)));
                if keys.is_empty() {
                    self.0.remove(uid);
                }
            }
        }
    }
}

fn owners(object: &Value) -> impl Iterator<Item = &str> {
    json::array(object, "/metadata/ownerReferences")
        .iter()
        .filter_map(|owner| json::text(owner, "/uid"))
}
