//! Fingerprints of the lines of the last seconds, second by second, within a bound.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::stamp::Stamp;

/// Fingerprints kept of one stream: 1 MiB. A second that does not fit any more is counted.
pub(super) const PRINT_LIMIT: usize = 128 * 1024;

/// The lines taken in the last seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    seconds: VecDeque<Second>,
    kept: usize,
}

/// One second, by its number since the epoch.
#[derive(Clone, Debug)]
struct Second {
    number: i64,
    lines: u64,
    /// All its fingerprints in one, in their order.
    chain: u64,
    /// Each of them; none once there are too many.
    prints: Vec<u64>,
    is_counted: bool,
}

/// A second of which only the count and the order are known: the first so many lines of it that come again
/// are the ones that were taken, and the chain proves it.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    second: i64,
    lines: u64,
    chain: u64,
    seen: u64,
    seen_chain: u64,
}

impl Counted {
    pub(super) const fn wants(&self, at: Stamp) -> bool {
        self.second == at.second() && self.seen < self.lines
    }

    /// Crosses off a line; true once all of them came.
    pub(super) const fn cross_off(&mut self, print: u64) -> bool {
        self.seen += 1;
        self.seen_chain = link(self.seen_chain, print);
        self.seen == self.lines
    }

    /// Other lines came than were taken.
    pub(super) const fn is_wrong(&self) -> bool {
        self.seen != self.lines || self.seen_chain != self.chain
    }
}

const fn link(chain: u64, print: u64) -> u64 {
    // An odd factor keeps every bit of what came before; the golden ratio's spreads them.
    chain.rotate_left(5).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ print
}

impl Recent {
    pub(super) fn clear(&mut self) {
        self.seconds.clear();
        self.kept = 0;
    }

    pub(super) fn add(&mut self, at: Stamp, print: u64) {
        let second = at.second();
        let place = self.seconds.iter().rposition(|s| s.number <= second);
        let place = match place {
            Some(place) if self.seconds.get(place).is_some_and(|s| s.number == second) => place,
            before => {
                let place = before.map_or(0, |place| place + 1);
                let empty = Second {
                    number: second,
                    lines: 0,
                    chain: 0,
                    prints: Vec::new(),
                    is_counted: false,
                };
                self.seconds.insert(place, empty);
                place
            }
        };
        let Some(entry) = self.seconds.get_mut(place) else {
            return;
        };
        entry.lines += 1;
        entry.chain = link(entry.chain, print);
        if !entry.is_counted {
            entry.prints.push(print);
            self.kept += 1;
        }
        if self.kept > PRINT_LIMIT {
            self.count_the_longest();
        }
    }

    fn count_the_longest(&mut self) {
        if let Some(longest) = self.seconds.iter_mut().max_by_key(|s| s.prints.len()) {
            self.kept -= longest.prints.len();
            longest.prints = Vec::new();
            longest.is_counted = true;
        }
    }

    pub(super) fn forget_before(&mut self, second: i64) {
        while self.seconds.front().is_some_and(|s| s.number < second) {
            self.kept -= self.seconds.pop_front().map_or(0, |s| s.prints.len());
        }
    }

    /// What comes again when the server is asked from the oldest of these seconds on.
    pub(super) fn expected(&self) -> (FxHashMap<u64, u32>, Vec<Counted>) {
        let mut left = FxHashMap::default();
        for print in self.seconds.iter().flat_map(|s| &s.prints) {
            *left.entry(*print).or_insert(0) += 1;
        }
        let counted = self.seconds.iter().filter(|s| s.is_counted);
        let counted = counted.map(|s| Counted {
            second: s.number,
            lines: s.lines,
            chain: s.chain,
            seen: 0,
            seen_chain: 0,
        });
        (left, counted.collect())
    }

    #[cfg(test)]
    pub(super) const fn kept(&self) -> usize {
        self.kept
    }
}
