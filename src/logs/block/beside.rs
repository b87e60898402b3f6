//! Lines of a block that are beside those that the filter shows.

use super::super::around::{Mark, Verdict};
use super::{BARRED, Block, DIVIDER, FIRST, FOUND, Line, NEAR, PASSED, Place, Sieve, StreamId};

impl Block {
    /// What the filter says of the line at a place; `None` for dividers.
    pub(in crate::logs) fn verdict(&self, place: Place) -> Option<Verdict> {
        self.lines.get(self.before(place)).and_then(Line::verdict)
    }

    /// The lines with what the filter says of them.
    pub(in crate::logs) fn verdicts(&self) -> impl Iterator<Item = (StreamId, Place, Verdict)> {
        let lines = self.lines.iter();
        lines.filter_map(|line| Some((line.stream, line.place, line.verdict()?)))
    }

    /// Notes what a line is beside.
    pub(in crate::logs) fn mark(&mut self, mark: Mark, sieve: &Sieve) {
        let (Mark::Near(place) | Mark::First(place)) = mark;
        let index = self.before(place);
        let Some(line) = self.lines.get_mut(index).filter(|line| line.place == place) else {
            return;
        };
        if matches!(mark, Mark::First(_)) {
            line.flags |= FIRST;
        } else if line.flags & (PASSED | NEAR) == 0 {
            line.flags |= NEAR;
            self.shown += 1;
            if sieve.finds(self.text.get(line.range())) {
                line.flags |= FOUND;
                self.found += 1;
            }
        }
    }
}

impl Line {
    const fn verdict(&self) -> Option<Verdict> {
        match self.flags {
            flags if flags & DIVIDER != 0 => None,
            flags if flags & PASSED != 0 => Some(Verdict::Shown),
            flags if flags & BARRED != 0 => Some(Verdict::Barred),
            _ => Some(Verdict::Hidden),
        }
    }
}
