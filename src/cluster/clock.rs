//! The wall clock and the dice: the only places here that read either.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::domain::Timestamp;

/// Now, by this machine's clock.
pub(crate) fn now() -> Timestamp {
    chrono::Utc::now()
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
