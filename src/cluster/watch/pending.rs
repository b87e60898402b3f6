//! Changes that wait to be sent: of one object only the last counts.

use rustc_hash::FxHashMap;

use crate::domain::{Change, ObjectKey};

#[derive(Debug, Default)]
pub(super) struct Pending {
    changes: Vec<Change>,
    places: FxHashMap<ObjectKey, usize>,
}

impl Pending {
    pub(super) fn put(&mut self, key: ObjectKey, change: Change) {
        let place = self.places.get(&key).and_then(|&at| self.changes.get_mut(at));
        if let Some(place) = place {
            *place = change;
        } else {
            self.places.insert(key, self.changes.len());
            self.changes.push(change);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn take(&mut self) -> Vec<Change> {
        self.places.clear();
        if self.places.capacity() > 1024 {
            self.places = FxHashMap::default();
        }
        std::mem::take(&mut self.changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Object;

    #[test]
    fn the_last_change_of_an_object_counts() {
        let mut pending = Pending::default();
        let key = |name: &str| ObjectKey::new("", name);
        pending.put(key("a"), Change::Upsert(Object::Namespace("a".into())));
        pending.put(key("b"), Change::Upsert(Object::Namespace("b".into())));
        pending.put(key("a"), Change::Delete(key("a")));
        assert_eq!(
            pending.take(),
            [Change::Delete(key("a")), Change::Upsert(Object::Namespace("b".into()))]
        );
        assert!(pending.is_empty());
    }
}
