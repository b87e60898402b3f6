//! What is known of each stream, by its number: numbers are given in turn, and none twice.

use rustc_hash::FxHashMap;

use super::block::StreamId;

/// Something for each stream that is not forgotten.
#[derive(Clone, Debug)]
pub(super) struct Streams<T> {
    known: FxHashMap<StreamId, T>,
    next: u32,
}

impl<T> Default for Streams<T> {
    fn default() -> Self {
        Self {
            known: FxHashMap::default(),
            next: 0,
        }
    }
}

impl<T> Streams<T> {
    /// A further stream.
    pub(super) fn join(&mut self, known: T) -> StreamId {
        let id = StreamId(self.next);
        self.next += 1;
        self.known.insert(id, known);
        id
    }

    pub(super) fn forget(&mut self, id: StreamId) {
        self.known.remove(&id);
    }

    pub(super) fn get(&self, id: StreamId) -> Option<&T> {
        self.known.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: StreamId) -> Option<&mut T> {
        self.known.get_mut(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (StreamId, &T)> {
        self.known.iter().map(|(id, known)| (*id, known))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (StreamId, &mut T)> {
        self.known.iter_mut().map(|(id, known)| (*id, known))
    }
}
