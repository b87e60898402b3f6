//! What is due when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::domain::Timestamp;

/// Tasks with the moment each is due; a task is there once, at its earliest moment.
#[derive(Clone, Debug)]
pub(crate) struct Timers<T> {
    heap: BinaryHeap<Reverse<(Timestamp, T)>>,
    due: FxHashMap<T, Timestamp>,
}

impl<T: Ord + Hash + Clone> Default for Timers<T> {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
            due: FxHashMap::default(),
        }
    }
}

impl<T: Ord + Hash + Clone> Timers<T> {
    /// Asks for a task at a moment; an earlier wish for it stays.
    pub(crate) fn at(&mut self, when: Timestamp, task: T) {
        if self.due.get(&task).is_some_and(|&sooner| sooner <= when) {
            return;
        }
        self.due.insert(task.clone(), when);
        self.heap.push(Reverse((when, task)));
    }

    /// Takes the next task that is due.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<T> {
        while self.heap.peek().is_some_and(|Reverse((when, _))| *when <= now) {
            let Reverse((when, task)) = self.heap.pop()?;
            // What was replaced by an earlier wish is only passed over.
            if self.due.get(&task) == Some(&when) {
                self.due.remove(&task);
                return Some(task);
            }
        }
        None
    }

    /// The moment of the earliest task.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse((when, _))| *when)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn the_earliest_wish_counts_and_once() {
        let start = DateTime::UNIX_EPOCH;
        let after = |seconds| start + TimeDelta::seconds(seconds);
        let mut timers = Timers::default();
        timers.at(after(5), "a");
        timers.at(after(3), "b");
        timers.at(after(2), "a");
        timers.at(after(9), "a");
        assert_eq!(timers.next(), Some(after(2)));
        assert_eq!(timers.take(after(1)), None);
        assert_eq!(timers.take(after(6)), Some("a"));
        assert_eq!(timers.take(after(6)), Some("b"));
        assert_eq!(timers.take(after(6)), None);
    }
}
