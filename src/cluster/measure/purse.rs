//! Bytes that a server may still be asked for: they fill up at the budget's rate, a second's worth at most, and
//! each answer empties them by its size.

use std::time::Duration;

use tokio::time::Instant;

/// What may still be asked for.
#[derive(Debug)]
pub(super) struct Purse {
    /// Bytes a second.
    rate: f64,
    /// Below zero after an answer that was larger than expected.
    left: f64,
    filled: Instant,
}

impl Purse {
    pub(super) fn new(bytes_per_second: u64, now: Instant) -> Self {
        let rate = bytes_per_second.max(1) as f64;
        Self {
            rate,
            left: rate,
            filled: now,
        }
    }

    /// How long to wait until so many bytes may be asked for; `None`: now.
    pub(super) fn wait_for(&mut self, bytes: u64, now: Instant) -> Option<Duration> {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.left = (self.left + passed * self.rate).min(self.rate);
        self.filled = now;
        // An answer larger than the whole purse must not wait for ever.
        let needed = (bytes as f64).min(self.rate);
        (self.left < needed).then(|| Duration::from_secs_f64((needed - self.left) / self.rate))
    }

    pub(super) fn spend(&mut self, bytes: u64) {
        self.left -= bytes as f64;
    }

    /// Gives back what was taken for an answer that turned out otherwise.
    pub(super) fn give_back(&mut self, bytes: u64) {
        self.left += bytes as f64;
    }
}
