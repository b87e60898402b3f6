//! How many lines, and how many errors among them, a view was given in each of the last minutes.

use std::collections::VecDeque;

use super::level::Level;
use super::stamp::{SECOND, Stamp};

/// Seconds that are counted as one; a minute is so many of these.
const STEP: i64 = 10;
const STEPS_A_MINUTE: i64 = 60 / STEP;
/// Minutes that are counted.
pub const MINUTES: usize = 15;
/// Nanoseconds: lines that come and are older are of the past.
const BEHIND: i64 = 60 * SECOND;
const STEPS: usize = MINUTES * STEPS_A_MINUTE as usize;

/// Lines of some time, and those of them that are errors or worse; the lines of a stack trace are one error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub lines: u64,
    pub errors: u64,
}

impl Count {
    const fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.errors += other.errors;
    }
}

/// Counts by the lines' own times.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// From `first` on.
    steps: VecDeque<Count>,
    first: i64,
    /// The time of the line that came last, and how many came, by now and by the last tick.
    last: Option<Stamp>,
    added: u64,
    told: u64,
    /// How far was read, while what comes is of the past.
    until: Option<Stamp>,
}

impl Pace {
    /// Counts a line; what is older than is counted is left out.
    pub fn add(&mut self, at: Stamp, level: Option<Level>, continues: bool) {
        self.last = Some(at);
        self.added += 1;
        let step = at.second().div_euclid(STEP);
        if self.steps.is_empty() {
            self.first = step;
        }
        while step < self.first && self.steps.len() < STEPS {
            self.steps.push_front(Count::default());
            self.first -= 1;
        }
        if step - self.first >= 2 * STEPS as i64 {
            self.steps.clear();
            self.first = step;
        }
        let Ok(place) = usize::try_from(step - self.first) else {
            return;
        };
        while self.steps.len() <= place {
            self.steps.push_back(Count::default());
        }
        let is_error = !continues && level.is_some_and(|level| level >= Level::Error);
        if let Some(count) = self.steps.get_mut(place) {
            count.add(Count {
                lines: 1,
                errors: u64::from(is_error),
            });
        }
        while self.steps.len() > STEPS {
            self.steps.pop_front();
            self.first += 1;
        }
    }

    /// Takes note of the time: whether what comes is still of the past.
    pub fn tick(&mut self, now: Stamp) {
        let is_coming = self.added != self.told;
        self.told = self.added;
        self.until = self.last.filter(|last| is_coming && now.after(*last) > BEHIND);
    }

    /// The minutes before a time, the earliest first; `None` where not all of a minute was read, which was from
    /// `since` on, and up to the newest line unless it `is_read` now.
    pub fn minutes(&self, now: Stamp, since: Stamp, is_read: bool) -> [Option<Count>; MINUTES] {
        let until = if is_read {
            self.until
        } else {
            Some(self.last.unwrap_or(Stamp(i64::MIN)))
        };
        let end = now.second().div_euclid(STEP) + 1;
        let mut minutes = [None; MINUTES];
        for (back, minute) in minutes.iter_mut().rev().enumerate() {
            let from = end - (back as i64 + 1) * STEPS_A_MINUTE;
            if from * STEP < since.second() {
                break;
            }
            if until.is_some_and(|until| (from + STEPS_A_MINUTE) * STEP > until.second()) {
                continue;
            }
            let mut sum = Count::default();
            for step in from..from + STEPS_A_MINUTE {
                let place = usize::try_from(step - self.first).ok();
                sum.add(
                    place
                        .and_then(|place| self.steps.get(place))
                        .copied()
                        .unwrap_or_default(),
                );
            }
            *minute = Some(sum);
        }
        minutes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn of_seconds(seconds: i64) -> Stamp {
        Stamp(seconds.saturating_mul(SECOND))
    }

    fn pace(lines: impl IntoIterator<Item = (i64, Option<Level>, bool)>) -> Pace {
        let mut pace = Pace::default();
        for (second, level, continues) in lines {
            pace.add(of_seconds(second), level, continues);
        }
        pace
    }

    #[test]
    fn each_minute_has_its_lines_and_its_errors() {
        let error = Some(Level::Error);
        let counted = pace([
            (930, None, false),
            (1_790, error, false),
            (1_791, error, true),
            (1_800, Some(Level::Fatal), false),
            (1_740, Some(Level::Warn), false),
            (1_690, None, false),
        ]);
        let minutes = counted.minutes(of_seconds(1_805), of_seconds(0), true);
        let count = |lines, errors| Some(Count { lines, errors });
        assert_eq!(
            minutes[MINUTES - 1],
            count(3, 2),
            "the last sixty seconds, one of them begun"
        );
        assert_eq!(minutes[MINUTES - 2], count(2, 0));
        assert_eq!(minutes[0], count(1, 0));
        assert_eq!(minutes.iter().flatten().map(|count| count.lines).sum::<u64>(), 6);
    }

    #[test]
    fn a_minute_that_was_not_all_read_is_unknown_and_a_silent_one_is_nothing() {
        let minutes = pace([(1_800, None, false)]).minutes(of_seconds(1_809), of_seconds(1_700), true);
        assert_eq!(minutes[MINUTES - 1], Some(Count { lines: 1, errors: 0 }));
        assert_eq!(minutes[MINUTES - 2], None);
        let silent = pace([]).minutes(of_seconds(1_809), of_seconds(0), true);
        assert_eq!(silent[MINUTES - 1], Some(Count::default()));
        let unread = pace([]).minutes(of_seconds(1_809), of_seconds(0), false);
        assert_eq!(unread, [None; MINUTES]);
    }

    #[test]
    fn minutes_after_the_newest_line_are_unknown_while_nobody_reads() {
        let counted = pace((900..1_500).map(|second| (second, None, false)));
        let minutes = |is_read| counted.minutes(of_seconds(1_800), of_seconds(0), is_read);
        assert!(minutes(false)[MINUTES - 5..].iter().all(Option::is_none));
        assert_eq!(minutes(false)[MINUTES - 7].map(|count| count.lines), Some(60));
        assert!(
            minutes(true)[MINUTES - 5..]
                .iter()
                .all(|count| *count == Some(Count::default()))
        );
    }

    #[test]
    fn minutes_that_are_still_to_be_read_are_unknown() {
        let mut counted = pace((900..1_500).map(|second| (second, None, false)));
        counted.tick(of_seconds(1_800));
        let minutes = counted.minutes(of_seconds(1_800), of_seconds(0), true);
        assert!(minutes[MINUTES - 5..].iter().all(Option::is_none), "{minutes:?}");
        assert_eq!(minutes[MINUTES - 7].map(|count| count.lines), Some(60));
        // Nothing more comes: that was all.
        counted.tick(of_seconds(1_801));
        let minutes = counted.minutes(of_seconds(1_801), of_seconds(0), true);
        assert_eq!(minutes[MINUTES - 1], Some(Count::default()));
    }

    #[test]
    fn what_is_counted_is_bounded_whatever_the_times_are() {
        let mut counted = pace((0..100_000).map(|second| (second * 7, None, false)));
        assert!(counted.steps.len() <= STEPS);
        for second in [i64::MAX / SECOND, 0, i64::MIN / SECOND] {
            counted.add(of_seconds(second), None, false);
            assert!(counted.steps.len() <= STEPS);
        }
    }
}
