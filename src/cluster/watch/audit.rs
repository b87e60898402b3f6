//! Counts what the server has against what we have, at the same version: a guard against events that were
//! missed for reasons nobody knows yet.
//!
//! The server's number is of one moment; ours goes on changing while the answer is on its way. So our
//! numbers are kept with their versions from the question on, and compared where the versions meet.

use std::time::Duration;

use tokio::time::Instant;

/// Between two checks.
const PERIOD: (Duration, Duration) = (Duration::from_secs(570), Duration::from_secs(630));
/// Between a check that found a difference and the one that confirms it.
const AGAIN: Duration = Duration::from_mins(1);
/// Differences in a row that mean something.
const CERTAIN: u32 = 2;
/// Most changes that are kept while an answer is on its way.
const MOST_CHANGES: usize = 65_536;

/// The numbers of one moment, where they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) ours: usize,
    pub(super) theirs: usize,
}

/// What a comparison shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The versions have not met yet, or nothing was asked.
    Open,
    /// Nothing is certain to be wrong; the next check is set.
    Settled,
    /// A difference was found often enough; the next check is set.
    Differs(Difference),
}

#[derive(Debug, Default)]
pub(super) struct Audit {
    /// When to ask next; `None`: nothing was listed yet.
    due: Option<Instant>,
    /// Our number after each version since the question.
    ours: Vec<(u64, usize)>,
    /// The server's, once it answered.
    theirs: Option<(u64, usize)>,
    differences: u32,
    /// What was listed is not of one moment: list anew when due, whatever the numbers say.
    is_patched: bool,
}

impl Audit {
    /// Between these the next check is due.
    pub(super) const fn period() -> (Duration, Duration) {
        PERIOD
    }

    /// A list was read.
    pub(super) fn listed(&mut self, due: Instant, is_whole: bool) {
        *self = Self {
            due: Some(due),
            is_patched: !is_whole,
            ..Self::default()
        };
    }

    /// Forgets a question that will not be answered any more.
    pub(super) fn give_up(&mut self) {
        self.ours.clear();
        self.theirs = None;
    }

    /// When to ask, if nothing was asked yet.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| self.ours.is_empty())
    }

    pub(super) fn is_patched(&self) -> bool {
        self.is_patched
    }

    /// The question is asked; the number is ours after `version`.
    pub(super) fn ask(&mut self, version: u64, count: usize) {
        self.theirs = None;
        self.ours = vec![(version, count)];
    }

    /// Puts the next check off.
    pub(super) fn put_off(&mut self, due: Instant) {
        self.give_up();
        self.due = Some(due);
    }

    /// Whether changes have to be told.
    pub(super) fn is_asking(&self) -> bool {
        !self.ours.is_empty()
    }

    /// Our number after an event or bookmark of this version.
    pub(super) fn passed(&mut self, version: u64, count: usize) {
        if self.ours.len() >= MOST_CHANGES {
            // More than happens while an answer is on its way: compare another time.
            self.give_up();
            return;
        }
        self.ours.push((version, count));
    }

    /// The server's number at a version.
    pub(super) fn answered(&mut self, version: u64, count: usize) {
        self.theirs = Some((version, count)).filter(|_| self.is_asking());
    }

    /// Compares, once our version has reached the server's; `period` is asked for the time until the next check.
    pub(super) fn compare(&mut self, now: Instant, period: impl FnOnce() -> Duration) -> Verdict {
        let (Some((at, theirs)), Some((reached, _))) = (self.theirs, self.ours.last()) else {
            return Verdict::Open;
        };
        if *reached < at {
            return Verdict::Open;
        }
        let ours = self.ours.iter().take_while(|(version, _)| *version <= at).last();
        let found = ours.map(|(_, ours)| Difference { ours: *ours, theirs });
        self.put_off(now + period());
        match found {
            Some(difference) if difference.ours != difference.theirs => {
                self.differences += 1;
                self.due = Some(now + AGAIN);
                if self.differences >= CERTAIN {
                    Verdict::Differs(difference)
                } else {
                    Verdict::Settled
                }
            }
            Some(_) => {
                self.differences = 0;
                Verdict::Settled
            }
            // The answer is older than the question: from a cache that is behind.
            None => Verdict::Settled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Duration = Duration::from_mins(10);

    fn asked(changes: &[(u64, usize)], answer: (u64, usize)) -> Verdict {
        let mut audit = Audit {
            differences: CERTAIN - 1,
            ..Audit::default()
        };
        audit.ask(100, 7);
        for (version, count) in changes {
            audit.passed(*version, *count);
        }
        audit.answered(answer.0, answer.1);
        audit.compare(Instant::now(), || LATER)
    }

    #[test]
    fn numbers_are_compared_where_the_versions_meet() {
        let differs = |ours, theirs| Verdict::Differs(Difference { ours, theirs });
        for (changes, answer, outcome) in [
            (&[][..], (100, 7), Verdict::Settled),
            (&[], (100, 8), differs(7, 8)),
            (&[], (105, 8), Verdict::Open),
            (&[(103, 8)], (105, 8), Verdict::Open),
            (&[(103, 8), (105, 8)], (105, 8), Verdict::Settled),
            (&[(103, 8), (110, 9)], (105, 8), Verdict::Settled),
            (&[(103, 8), (110, 9)], (105, 9), differs(8, 9)),
            (&[], (90, 3), Verdict::Settled),
        ] {
            assert_eq!(asked(changes, answer), outcome, "{changes:?} {answer:?}");
        }
    }

    #[test]
    fn one_difference_is_not_enough_and_equality_forgives_it() {
        let mut audit = Audit::default();
        let now = Instant::now();
        for (theirs, is_certain) in [(8, false), (7, false), (8, false), (8, true)] {
            audit.ask(100, 7);
            audit.answered(100, theirs);
            let verdict = audit.compare(now, || LATER);
            assert_eq!(matches!(verdict, Verdict::Differs(_)), is_certain, "{verdict:?}");
        }
        assert_eq!(audit.due(), Some(now + AGAIN));
    }

    #[test]
    fn a_storm_does_not_grow_what_is_kept() {
        let mut audit = Audit::default();
        audit.ask(0, 0);
        for version in 1..=3 * MOST_CHANGES as u64 {
            if audit.is_asking() {
                audit.passed(version, 1);
            }
        }
        assert!(!audit.is_asking());
        audit.answered(7, 2);
        assert_eq!(audit.compare(Instant::now(), || LATER), Verdict::Open);
    }
}
