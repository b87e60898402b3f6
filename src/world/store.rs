//! Objects of one kind in one cluster, by key, with a stable slot for as long as an object lives.
//!
//! Filled by mark and sweep: a relist marks what it brings with a new generation and then sweeps
//! what kept an older one, so the old rows stay until the new ones are all there and nothing is held twice.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::domain::{Clean, ObjectKey};

/// The place of an object in its [`Store`]. Reused after the object is gone: compare keys, not slots, over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u32);

impl Slot {
    /// Its number, from 0 and below [`Store::slots`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug)]
struct Row<T> {
    key: ObjectKey,
    generation: u32,
    value: Arc<T>,
}

/// Objects of one kind.
#[derive(Debug)]
pub struct Store<T> {
    rows: Vec<Option<Row<T>>>,
    free: Vec<u32>,
    by_key: FxHashMap<ObjectKey, u32>,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            free: Vec::new(),
            by_key: FxHashMap::default(),
        }
    }
}

impl<T> Store<T> {
    /// Puts an object in and returns its slot and what it replaces.
    pub fn upsert(&mut self, key: ObjectKey, generation: u32, value: T) -> (Slot, Option<Arc<T>>) {
        let value = Arc::new(value);
        if let Some(&index) = self.by_key.get(&key)
            && let Some(Some(row)) = self.rows.get_mut(index as usize)
        {
            row.generation = generation;
            return (Slot(index), Some(std::mem::replace(&mut row.value, value)));
        }
        let row = Row {
            key: key.clone(),
            generation,
            value,
        };
        let index = if let Some(index) = self.free.pop() {
            if let Some(place) = self.rows.get_mut(index as usize) {
                *place = Some(row);
            }
            index
        } else {
            self.rows.push(Some(row));
            (self.rows.len() - 1) as u32
        };
        self.by_key.insert(key, index);
        (Slot(index), None)
    }

    /// Takes an object out.
    pub fn remove(&mut self, key: &ObjectKey) -> Option<(Slot, Arc<T>)> {
        let index = self.by_key.remove(key)?;
        let row = self.rows.get_mut(index as usize)?.take()?;
        self.free.push(index);
        Some((Slot(index), row.value))
    }

    /// The keys that a relist of `namespace` (empty: all) under `generation` did not bring.
    pub fn unswept(&self, generation: u32, namespace: &str) -> Vec<ObjectKey> {
        self.rows
            .iter()
            .flatten()
            .filter(|row| row.generation != generation && (namespace.is_empty() || row.key.namespace == namespace))
            .map(|row| row.key.clone())
            .collect()
    }

    pub fn get(&self, key: &ObjectKey) -> Option<&Arc<T>> {
        self.by_key.get(key).and_then(|&index| self.at(Slot(index)))
    }

    pub fn slot(&self, key: &ObjectKey) -> Option<Slot> {
        self.by_key.get(key).map(|&index| Slot(index))
    }

    pub fn at(&self, slot: Slot) -> Option<&Arc<T>> {
        self.rows.get(slot.0 as usize)?.as_ref().map(|row| &row.value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Slot, &Arc<T>)> {
        self.rows
            .iter()
            .enumerate()
            .filter_map(|(i, row)| row.as_ref().map(|row| (Slot(i as u32), &row.value)))
    }

    pub fn values(&self) -> impl Iterator<Item = &Arc<T>> + Clone {
        self.rows.iter().flatten().map(|row| &row.value)
    }

    /// How many slots there are, free ones too.
    pub fn slots(&self) -> usize {
        self.rows.len()
    }

    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// The namespaces that objects are in.
    pub fn namespaces(&self) -> std::collections::BTreeSet<Clean> {
        self.by_key.keys().map(|key| key.namespace.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new("default", name)
    }

    #[test]
    fn a_relist_keeps_old_rows_until_it_is_swept() {
        let mut store = Store::default();
        for name in ["a", "b", "c"] {
            store.upsert(key(name), 1, 1);
        }
        store.upsert(key("b"), 2, 2);
        store.upsert(key("d"), 2, 2);
        assert_eq!(store.len(), 4, "nothing vanishes before the sweep");
        let mut gone = store.unswept(2, "");
        gone.sort();
        assert_eq!(gone, [key("a"), key("c")]);
        assert!(
            store.unswept(2, "elsewhere").is_empty(),
            "a relist of one namespace sweeps that one"
        );
    }

    #[test]
    fn a_slot_stays_while_its_object_lives() {
        let mut store = Store::default();
        let (slot, _) = store.upsert(key("a"), 1, 1);
        store.upsert(key("b"), 1, 2);
        assert_eq!(store.upsert(key("a"), 1, 3), (slot, Some(Arc::new(1))));
        store.remove(&key("a"));
        assert_eq!(store.at(slot), None);
        let (reused, _) = store.upsert(key("c"), 1, 4);
        assert_eq!(reused, slot, "places are used again");
        assert_eq!(store.slot(&key("a")), None);
    }
}
