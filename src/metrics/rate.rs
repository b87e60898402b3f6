//! What two readings of a counter say: a rate, or why there is none.
//!
//! Times are the samples' own. The kubelet measures each container every 10 to 20 s whatever the pace of
//! the scrapes, so samples repeat; a node's clock may be set; counters begin anew with their container.

use super::Millis;

/// How long the kubelet lets pass between two measurements when it has much to do
/// (`--housekeeping-interval` 10 s with jitter; up to 30 s seen on a busy machine).
pub const HOUSEKEEPING_MS: Millis = 15_000;

/// How many scrapes may be missed before what lies between is not known.
pub const MISSED: Millis = 4;

/// Readings closer than this say more about their rounding than about the container.
pub const SHORTEST_MS: Millis = 500;

/// The longest time between two samples that a rate is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spacing {
    pub longest_ms: Millis,
}

impl Spacing {
    /// For scrapes this far apart.
    pub const fn of(interval_ms: Millis) -> Self {
        let interval = if interval_ms > HOUSEKEEPING_MS {
            interval_ms
        } else {
            HOUSEKEEPING_MS
        };
        Self {
            longest_ms: interval.saturating_mul(MISSED),
        }
    }
}

/// What a sample's time is to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    First,
    /// Not measured again, or so soon after that it is as good as the same: nothing new.
    Repeat,
    /// Older than what is known: it came late, and is dropped.
    Late,
    /// Long enough after the one before it that what lies between is not known.
    Gap,
    /// The node's clock was set back: times before and after do not compare.
    ClockSet,
    /// Milliseconds since the one before it.
    After(Millis),
}

impl Step {
    /// Whether the sample is to be kept as the one to compare the next with.
    pub const fn is_new(self) -> bool {
        !matches!(self, Self::Repeat | Self::Late)
    }
}

/// The time of the last sample of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Track {
    last: Option<Millis>,
    /// The last sample that seemed late.
    late: Option<Millis>,
}

impl Track {
    /// Takes the time of the next sample.
    ///
    /// One that is older than what is known came late; two of them, the second after the first, or one
    /// from long before, show that the clock was set back.
    pub fn step(&mut self, at: Millis, spacing: Spacing) -> Step {
        let Some(last) = self.last else {
            self.last = Some(at);
            return Step::First;
        };
        let passed = at.saturating_sub(last);
        let step = match passed {
            0..SHORTEST_MS => Step::Repeat,
            SHORTEST_MS.. if passed <= spacing.longest_ms => Step::After(passed),
            SHORTEST_MS.. => Step::Gap,
            _ if passed < -spacing.longest_ms || self.late.is_some_and(|late| at > late) => Step::ClockSet,
            _ => Step::Late,
        };
        self.late = match step {
            Step::Late => Some(at),
            Step::Repeat => self.late,
            Step::First | Step::Gap | Step::ClockSet | Step::After(_) => None,
        };
        if step.is_new() {
            self.last = Some(at);
        }
        step
    }
}

/// How much a counter grew; `None` if it began anew or one of the two is no count.
pub fn increase(before: f64, after: f64) -> Option<f64> {
    let grown = after - before;
    (before >= 0.0 && grown >= 0.0 && grown.is_finite()).then_some(grown)
}

/// Increase a second; `passed_ms` comes from [`Step::After`] and is positive.
pub fn per_second(before: f64, after: f64, passed_ms: Millis) -> Option<f64> {
    let grown = increase(before, after)?;
    (passed_ms > 0)
        .then(|| grown * 1000.0 / passed_ms as f64)
        .filter(|rate| rate.is_finite())
}

/// What share of the increase of `whole` the increase of `part` is: from 0 to 1, and 0 of nothing.
pub fn share(part: (f64, f64), whole: (f64, f64)) -> Option<f64> {
    let part = increase(part.0, part.1)?;
    let whole = increase(whole.0, whole.1)?;
    Some(if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPACING: Spacing = Spacing::of(15_000);

    fn steps(times: &[Millis]) -> Vec<Step> {
        let mut track = Track::default();
        times.iter().map(|&at| track.step(at, SPACING)).collect()
    }

    #[test]
    fn times_are_told_apart() {
        use Step::{After, ClockSet, First, Gap, Late, Repeat};
        for (times, expected) in [
            (
                &[0, 15_000, 15_000, 30_000][..],
                vec![First, After(15_000), Repeat, After(15_000)],
            ),
            (&[0, 400, 15_000], vec![First, Repeat, After(15_000)]),
            (
                &[0, 60_000, 120_001, 130_001],
                vec![First, After(60_000), Gap, After(10_000)],
            ),
            (&[30_000, 20_000, 45_000], vec![First, Late, After(15_000)]),
            (
                &[30_000, 20_000, 10_000, 45_000],
                vec![First, Late, Late, After(15_000)],
            ),
            (
                &[30_000, 5_000, 20_000, 35_000],
                vec![First, Late, ClockSet, After(15_000)],
            ),
            (
                &[30_000, 5_000, 30_000, 20_000, 45_000],
                vec![First, Late, Repeat, ClockSet, After(25_000)],
            ),
            (&[90_000, 10_000, 25_000], vec![First, ClockSet, After(15_000)]),
            (&[i64::MAX, i64::MIN, i64::MAX], vec![First, ClockSet, Gap]),
        ] {
            assert_eq!(steps(times), expected, "{times:?}");
        }
    }

    #[test]
    fn a_fast_scrape_waits_for_the_kubelet_and_a_slow_one_is_no_gap() {
        assert_eq!(Spacing::of(1_000).longest_ms, 60_000);
        assert_eq!(Spacing::of(60_000).longest_ms, 240_000);
    }

    #[test]
    fn a_reset_is_no_rate() {
        assert_eq!(per_second(10.0, 25.0, 15_000), Some(1.0));
        assert_eq!(per_second(10.0, 10.0, 15_000), Some(0.0));
        assert_eq!(per_second(10.0, 9.0, 15_000), None);
        assert_eq!(share((0.0, 5.0), (0.0, 10.0)), Some(0.5));
        assert_eq!(
            share((0.0, 0.0), (7.0, 7.0)),
            Some(0.0),
            "nothing ran, nothing was held back"
        );
        assert_eq!(share((5.0, 0.0), (0.0, 10.0)), None);
        assert_eq!(share((0.0, 11.0), (0.0, 10.0)), Some(1.0));
    }

    proptest! {
        #[test]
        fn a_rate_is_never_negative_nor_nonsense(before: f64, after: f64, passed: i64, whole: (f64, f64)) {
            for rate in [per_second(before, after, passed), share((before, after), whole)].into_iter().flatten() {
                prop_assert!(rate.is_finite() && rate >= 0.0);
            }
        }

        #[test]
        fn no_step_is_longer_than_it_may_be(times in prop::collection::vec(any::<i64>(), 0..20), near in prop::collection::vec(-90_000..90_000_i64, 0..40)) {
            for step in steps(&times).into_iter().chain(steps(&near)) {
                if let Step::After(passed) = step {
                    prop_assert!((SHORTEST_MS..=SPACING.longest_ms).contains(&passed));
                }
            }
        }
    }
}
