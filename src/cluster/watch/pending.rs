//! Changes that wait to be sent: of one object only the last counts.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::domain::{Change, ObjectKey};

/// Most changes that are sent at once: whoever takes them has other things to do in between.
pub(super) const MOST_AT_ONCE: usize = 500;

/// Changes in the order their objects first changed.
#[derive(Debug, Default)]
pub(super) struct Pending {
    changes: VecDeque<(ObjectKey, Change)>,
    /// By object the number of its change, counted from the first ever put.
    numbers: FxHashMap<ObjectKey, usize>,
    /// How many were sent.
    sent: usize,
}

impl Pending {
    pub(super) fn put(&mut self, key: ObjectKey, change: Change) {
        let number = self.numbers.get(&key).and_then(|number| number.checked_sub(self.sent));
        if let Some((_, waiting)) = number.and_then(|place| self.changes.get_mut(place)) {
            *waiting = change;
        } else {
            self.numbers.insert(key.clone(), self.sent + self.changes.len());
            self.changes.push_back((key, change));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The oldest changes, at most [`MOST_AT_ONCE`].
    pub(super) fn take(&mut self) -> Vec<Change> {
        let count = self.changes.len().min(MOST_AT_ONCE);
        let mut taken = Vec::with_capacity(count);
        for (key, change) in self.changes.drain(..count) {
            self.numbers.remove(&key);
            taken.push(change);
        }
        self.sent += count;
        if self.changes.is_empty() && self.numbers.capacity() > 2 * MOST_AT_ONCE {
            // What a burst took is given back.
            *self = Self::default();
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clean, Object};

    fn namespace(name: &str) -> Object {
        Object::Namespace(Clean::new(name).into())
    }

    #[test]
    fn the_last_change_of_an_object_counts() {
        let mut pending = Pending::default();
        let key = |name: &str| ObjectKey::new("", name);
        pending.put(key("a"), Change::Upsert(namespace("a")));
        pending.put(key("b"), Change::Upsert(namespace("b")));
        pending.put(key("a"), Change::Delete(key("a")));
        assert_eq!(
            pending.take(),
            [Change::Delete(key("a")), Change::Upsert(namespace("b"))]
        );
        assert!(pending.is_empty());
    }

    #[test]
    fn a_burst_goes_out_in_parts_and_what_changes_meanwhile_is_sent_once_more() {
        let mut pending = Pending::default();
        let key = |n: usize| ObjectKey::new("", format!("{n:04}"));
        let change = |n: usize, text: &str| (key(n), Change::Upsert(namespace(&format!("{n} {text}"))));
        let put = |pending: &mut Pending, n, text| {
            let (key, change) = change(n, text);
            pending.put(key, change);
        };
        for n in 0..MOST_AT_ONCE + 2 {
            put(&mut pending, n, "first");
        }
        assert_eq!(pending.take().len(), MOST_AT_ONCE);
        put(&mut pending, 0, "again");
        put(&mut pending, MOST_AT_ONCE, "again");
        let rest = [(MOST_AT_ONCE, "again"), (MOST_AT_ONCE + 1, "first"), (0, "again")];
        assert_eq!(pending.take(), rest.map(|(n, text)| change(n, text).1));
        assert!(pending.is_empty() && pending.take().is_empty());
        put(&mut pending, 0, "later");
        assert_eq!(pending.take(), [change(0, "later").1]);
    }
}
