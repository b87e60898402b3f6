//! How often nodes are asked, and what follows from it: how long a value says what is used now, and how long a gap a
//! rate may span.

use super::Millis;
use super::rate::{MISSED, Spacing};

/// How often a node on screen is to be asked: the kubelet measures every 10 to 15 s.
pub const SHOWN_MS: Millis = 10_000;
/// How often any other is: its history has a slot a minute, of which it should have two samples.
pub const REST_MS: Millis = 30_000;
/// What lies further back says nothing of now, however seldom nodes are asked; no rate spans more either.
const LONGEST_MS: Millis = 3_600_000;

/// Milliseconds between two questions to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// To one on screen.
    pub shown_ms: Millis,
    /// To any other.
    pub rest_ms: Millis,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            shown_ms: SHOWN_MS,
            rest_ms: REST_MS,
        }
    }
}

impl Pace {
    /// How long a value counts as what is used now: one turn may be missed, and an answer late.
    pub fn fresh_ms(self) -> Millis {
        fresh(self.rest_ms)
    }

    /// The same of what was measured while it was on screen: it is asked often, however seldom the rest is.
    pub fn fresh_shown_ms(self) -> Millis {
        fresh(self.shown_ms)
    }

    /// How long what is on screen takes to be measured anew, with what an answer may take and the kubelet's own pause.
    pub fn held_ms(self) -> Millis {
        self.shown_ms.max(SHOWN_MS) + 20_000
    }

    /// What a rate of a node may span, of one that is on screen or of another.
    pub fn spacing(self, is_shown: bool) -> Spacing {
        let asked = if is_shown { self.shown_ms } else { self.rest_ms };
        Spacing::of(asked.clamp(REST_MS, LONGEST_MS / MISSED))
    }

    /// The other one where it differs by more than a tenth: it wavers with the size of the answers. What is as it should
    /// be again is news however little it differs.
    #[must_use]
    pub fn or_still(self, new: Self) -> Self {
        let differs = |a: Millis, b: Millis, best: Millis| (a - b).abs() * 10 > a.max(b) || (a > best && b <= best);
        if differs(self.shown_ms, new.shown_ms, SHOWN_MS) || differs(self.rest_ms, new.rest_ms, REST_MS) {
            new
        } else {
            self
        }
    }

    /// How seldom nodes are asked, where that is less often than they should be.
    pub fn words(self) -> Option<String> {
        let mut parts = Vec::new();
        if self.rest_ms > REST_MS {
            parts.push(format!("each node every {} s", self.rest_ms / 1000));
        }
        if self.shown_ms > SHOWN_MS {
            parts.push(format!("those on screen every {} s", self.shown_ms / 1000));
        }
        if self.rest_ms > LONGEST_MS {
            parts.push("too seldom to tell what is used off screen".to_owned());
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

fn fresh(asked_ms: Millis) -> Millis {
    (2 * asked_ms.max(REST_MS) + 90_000).min(LONGEST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn pace(shown: Millis, rest: Millis) -> Pace {
        Pace {
            shown_ms: shown * 1000,
            rest_ms: rest * 1000,
        }
    }

    #[test]
    fn a_slow_rotation_makes_values_last_and_rates_reach_but_never_for_more_than_an_hour() {
        for (rest, fresh, gap) in [
            (30, 150, 120),
            (1, 150, 120),
            (320, 730, 1_280),
            (1_500, 3_090, 3_600),
            (9_000, 3_600, 3_600),
        ] {
            let pace = pace(10, rest);
            let found = (pace.fresh_ms(), pace.spacing(false).longest_ms);
            assert_eq!(found, (fresh * 1000, gap * 1000), "{rest}");
        }
        assert_eq!([pace(10, 30), pace(25, 30)].map(Pace::held_ms), [30_000, 45_000]);
        let shown = [pace(10, 1_500), pace(60, 30)];
        assert_eq!(shown.map(Pace::fresh_shown_ms), [150_000, 210_000]);
        assert_eq!(shown.map(|pace| pace.spacing(true).longest_ms), [120_000, 240_000]);
    }

    #[test]
    fn what_is_slower_than_it_should_be_is_said() {
        for (pace, words) in [
            (Pace::default(), None),
            (pace(10, 320), Some("each node every 320 s")),
            (pace(20, 320), Some("each node every 320 s, those on screen every 20 s")),
            (
                pace(10, 7_200),
                Some("each node every 7200 s, too seldom to tell what is used off screen"),
            ),
        ] {
            assert_eq!(pace.words().as_deref(), words);
        }
    }

    #[test]
    fn a_pace_that_wavers_is_no_news() {
        let said = pace(10, 300);
        assert_eq!(said.or_still(pace(10, 320)), said);
        for other in [pace(10, 340), pace(10, 260), pace(12, 300)] {
            assert_eq!(said.or_still(other), other);
        }
        let late = pace(10, 33);
        assert_eq!(
            late.or_still(Pace::default()),
            Pace::default(),
            "nothing is late any more"
        );
        assert_eq!(Pace::default().or_still(late), Pace::default());
        assert_eq!(pace(11, 33).or_still(pace(10, 34)), pace(10, 34));
    }
}
