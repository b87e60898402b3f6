//! Moments on a clock that nobody sets, for what is measured here: how long ago a server was heard.

use std::time::Duration;

/// The time since this machine started, its sleep included. The wall clock may be put back or forward
/// meanwhile; the time between two moments stays what it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Duration);

impl Moment {
    /// Whole seconds since an earlier moment; 0 if that is a later one.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        i64::try_from(self.0.saturating_sub(earlier.0).as_secs()).unwrap_or(i64::MAX)
    }
}
