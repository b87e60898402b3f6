//! The clocks and the dice: the only places here that read either.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::domain::{Moment, Timestamp};

/// Now, by this machine's clock.
pub(crate) fn now() -> Timestamp {
    chrono::Utc::now()
}

/// Now, by the clock that nobody sets.
pub fn moment() -> Moment {
    // The monotonic clock of Linux stands still while the machine sleeps; that of macOS does not.
    #[cfg(target_os = "linux")]
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    Moment(Duration::try_from(clock_gettime(clock)).unwrap_or_default())
}

/// Random numbers to spread retries; not for secrets. Repeatable from a seed.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice that fall differently each time, or as the seed says.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self(seed.unwrap_or_else(|| RandomState::new().hash_one(0_u8)) | 1)
    }

    /// Between 0 and 1 (xorshift).
    pub(crate) fn throw(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Somewhere between two durations.
    pub(crate) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        least + most.saturating_sub(least).mul_f64(self.throw())
    }
}
