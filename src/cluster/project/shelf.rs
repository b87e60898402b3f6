//! Shares equal values behind one `Arc`, and forgets those nobody holds any more.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashSet;

/// Values that repeat, each kept once.
#[derive(Debug)]
pub(super) struct Shelf<T: ?Sized> {
    seen: FxHashSet<Arc<T>>,
    sweep_at: usize,
}

impl<T: ?Sized> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            seen: FxHashSet::default(),
            sweep_at: 1024,
        }
    }
}

impl<T: ?Sized + Hash + Eq> Shelf<T> {
    fn keep(&mut self, value: Arc<T>) -> Arc<T> {
        if self.seen.len() >= self.sweep_at {
            self.seen.retain(|known| Arc::strong_count(known) > 1);
            self.sweep_at = (self.seen.len() * 2).max(1024);
        }
        self.seen.insert(Arc::clone(&value));
        value
    }
}

impl<T: Hash + Eq> Shelf<T> {
    pub(super) fn share(&mut self, value: T) -> Arc<T> {
        match self.seen.get(&value) {
            Some(known) => Arc::clone(known),
            None => self.keep(Arc::new(value)),
        }
    }
}

impl<T: Hash + Eq + Clone> Shelf<[T]> {
    pub(super) fn share_slice(&mut self, value: &[T]) -> Arc<[T]>
    where
        Arc<[T]>: Borrow<[T]>,
    {
        match self.seen.get(value) {
            Some(known) => Arc::clone(known),
            None => self.keep(Arc::from(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one_and_unused_ones_go() {
        let mut shelf = Shelf::<[u32]>::default();
        let a = shelf.share_slice(&[1, 2]);
        assert!(Arc::ptr_eq(&a, &shelf.share_slice(&[1, 2])));
        for n in 0..10_000 {
            shelf.share_slice(&[n]);
        }
        assert!(shelf.seen.len() < 3_000, "{}", shelf.seen.len());
        assert!(Arc::ptr_eq(&a, &shelf.share_slice(&[1, 2])), "held values stay");
    }
}
