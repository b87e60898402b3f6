//! How close use is to what was promised or allowed.

/// How close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Normal,
    High,
    Critical,
}

/// What use is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// What it may not exceed.
    Limit,
    /// What it was promised; it may use more where there is room.
    Request,
}

/// The shares at which a level begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    pub high: f64,
    pub critical: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            high: 0.7,
            critical: 0.9,
        }
    }
}

impl Thresholds {
    pub fn level(self, share: f64) -> Level {
        if share >= self.critical {
            Level::Critical
        } else if share >= self.high {
            Level::High
        } else {
            Level::Normal
        }
    }

    /// Holds use against its limit, else against its request; `None` where it has neither, or where use
    /// is not known. All three in the same unit.
    pub fn of(self, used: Option<f64>, limit: Option<f64>, request: Option<f64>) -> Option<(Level, Bound, f64)> {
        let positive = |bound: Option<f64>| bound.filter(|bound| *bound > 0.0);
        let limit = positive(limit).map(|bound| (Bound::Limit, bound));
        let (bound, most) = limit.or_else(|| positive(request).map(|bound| (Bound::Request, bound)))?;
        let share = used? / most;
        Some((self.level(share), bound, share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_begin_at_their_shares() {
        let thresholds = Thresholds::default();
        for (used, limit, request, expected) in [
            (Some(6.9), Some(10.0), Some(1.0), Some((Level::Normal, Bound::Limit))),
            (Some(7.0), Some(10.0), None, Some((Level::High, Bound::Limit))),
            (Some(9.0), Some(10.0), None, Some((Level::Critical, Bound::Limit))),
            (Some(9.0), None, Some(5.0), Some((Level::Critical, Bound::Request))),
            (Some(9.0), Some(0.0), Some(0.0), None),
            (None, Some(10.0), None, None),
        ] {
            let got = thresholds
                .of(used, limit, request)
                .map(|(level, bound, _)| (level, bound));
            assert_eq!(got, expected);
        }
        assert!(Level::Normal < Level::High && Level::High < Level::Critical);
    }
}
