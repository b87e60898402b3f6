//! What a cluster may be asked for: so many requests at a time, and bytes that fill up at the budget's rate, a second's
//! worth at most. There is one purse a cluster, and whoever asks it for figures pays out of that one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// What the API server is asked for at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Requests under way.
    pub requests: usize,
    pub bytes_per_second: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            requests: 8,
            bytes_per_second: 20_000_000,
        }
    }
}

/// What may still be asked for.
#[derive(Debug)]
pub(crate) struct Purse {
    requests: Semaphore,
    bytes: Mutex<Filling>,
}

/// Why nothing may be asked for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As many requests are under way as may be.
    Full,
    /// The bytes are there after so long.
    After(Duration),
}

#[derive(Debug)]
struct Filling {
    /// Bytes a second.
    rate: f64,
    /// Below zero after an answer that was larger than expected.
    left: f64,
    filled: Instant,
}

impl Purse {
    pub(crate) fn new(budget: Budget, now: Instant) -> Self {
        let rate = budget.bytes_per_second.max(1) as f64;
        Self {
            requests: Semaphore::new(budget.requests.clamp(1, Semaphore::MAX_PERMITS)),
            bytes: Mutex::new(Filling {
                rate,
                left: rate,
                filled: now,
            }),
        }
    }

    fn bytes<T>(&self, what: impl FnOnce(&mut Filling) -> T) -> T {
        what(&mut self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes what an answer of so many bytes costs.
    ///
    /// # Errors
    /// It is not there; why.
    pub(crate) fn take(&self, expected: u64, now: Instant) -> Result<Ticket<'_>, Refusal> {
        let place = self.requests.try_acquire().map_err(|_| Refusal::Full)?;
        self.ticket(place, expected, now).map_err(Refusal::After)
    }

    fn ticket<'a>(&'a self, place: SemaphorePermit<'a>, expected: u64, now: Instant) -> Result<Ticket<'a>, Duration> {
        self.bytes(|bytes| bytes.take(expected, now))?;
        Ok(Ticket {
            purse: self,
            _place: place,
            expected,
            came: 0,
        })
    }

    /// Waits until what an answer of so many bytes costs can be taken.
    pub(super) async fn pay(&self, expected: u64) -> Ticket<'_> {
        loop {
            // It is never closed.
            let Ok(place) = self.requests.acquire().await else {
                return std::future::pending().await;
            };
            // Whose turn it is takes its place at once: who let it go to ask again would wait behind the others.
            match self.ticket(place, expected, Instant::now()) {
                Ok(ticket) => return ticket,
                Err(wait) => tokio::time::sleep(wait.max(Duration::from_millis(1))).await,
            }
        }
    }

    /// Waits until fewer requests are under way than may be.
    pub(super) async fn room(&self) {
        drop(self.requests.acquire().await);
    }
}

impl Filling {
    /// Takes so many bytes, or says how long to wait for them.
    fn take(&mut self, bytes: u64, now: Instant) -> Result<(), Duration> {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.left = (self.left + passed * self.rate).min(self.rate);
        self.filled = self.filled.max(now);
        // An answer larger than the whole purse must not wait for ever.
        let needed = (bytes as f64).min(self.rate);
        if self.left < needed {
            return Err(Duration::from_secs_f64((needed - self.left) / self.rate));
        }
        self.left -= bytes as f64;
        Ok(())
    }
}

/// A question that is paid for, until its answer is read or given up: then what was expected and did not come goes back.
#[derive(Debug)]
pub(crate) struct Ticket<'a> {
    purse: &'a Purse,
    _place: SemaphorePermit<'a>,
    expected: u64,
    came: u64,
}

impl Ticket<'_> {
    /// Takes note of bytes that came; those beyond what was expected are taken at once.
    pub(crate) fn spend(&mut self, bytes: usize) {
        let before = self.came.max(self.expected);
        self.came += bytes as u64;
        let more = self.came.saturating_sub(before);
        self.purse.bytes(|bytes| bytes.left -= more as f64);
    }

    /// Bytes that came.
    pub(crate) const fn came(&self) -> u64 {
        self.came
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let unused = self.expected.saturating_sub(self.came);
        self.purse.bytes(|bytes| bytes.left += unused as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget {
        requests: 2,
        bytes_per_second: 100,
    };

    #[test]
    fn whoever_asks_pays_out_of_the_same_purse() {
        let now = Instant::now();
        let purse = Purse::new(BUDGET, now);
        let wait = |bytes, after| purse.take(bytes, now + Duration::from_secs(after)).err();
        let mut one = purse.take(60, now).unwrap();
        assert_eq!(wait(60, 0), Some(Refusal::After(Duration::from_millis(200))));
        let other = purse.take(40, now).unwrap();
        assert_eq!(wait(0, 9), Some(Refusal::Full));
        drop(other);
        assert_eq!(wait(40, 0), None, "it was given up, and nothing had come");
        one.spend(50);
        one.spend(50);
        assert_eq!(one.came(), 100);
        drop(one);
        assert_eq!(
            wait(1, 0),
            Some(Refusal::After(Duration::from_millis(10))),
            "all that came"
        );
        assert_eq!(wait(1_000, 1), None, "more than there ever is waits for all there is");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_there_is_waited_for() {
        let begun = Instant::now();
        let purse = Purse::new(BUDGET, begun);
        let mut first = purse.pay(0).await;
        first.spend(300);
        let second = purse.pay(50).await;
        assert_eq!(begun.elapsed().as_millis(), 2_500);
        let third = async {
            drop(purse.pay(0).await);
            begun.elapsed().as_secs()
        };
        let freed = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            drop(first);
        };
        assert_eq!(tokio::join!(third, freed).0, 7);
        drop(second);
    }
}
