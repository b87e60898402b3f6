//! The clock of a simulated cluster: real, or driven by a test.

use chrono::{Duration, Utc};
use tokio::sync::watch;
use tokio::time::Instant;

use super::store::Timestamp;

/// Where time comes from.
#[derive(Debug)]
pub(super) enum Clock {
    /// Runs with the runtime's timers, and so stands still and jumps with tokio's paused time.
    Real { epoch: Timestamp, started: Instant },
    /// Stands still until it is advanced.
    Manual(watch::Sender<Timestamp>),
}

impl Clock {
    /// `behind` is how long ago it is there.
    pub(super) fn real(behind: Duration) -> Self {
        Self::Real {
            epoch: Utc::now() - behind,
            started: Instant::now(),
        }
    }

    pub(super) fn manual(start: Timestamp) -> Self {
        Self::Manual(watch::Sender::new(start))
    }

    pub(super) fn now(&self) -> Timestamp {
        match self {
            Self::Real { epoch, started } => *epoch + Duration::from_std(started.elapsed()).unwrap_or_default(),
            Self::Manual(time) => *time.borrow(),
        }
    }

    /// Sets a manual clock; a real one goes its own way.
    pub(super) fn set(&self, now: Timestamp) {
        if let Self::Manual(time) = self {
            time.send_replace(now);
        }
    }

    pub(super) async fn sleep_until(&self, until: Timestamp) {
        match self {
            Self::Real { .. } => {
                let wait = (until - self.now()).to_std().unwrap_or_default();
                tokio::time::sleep(wait).await;
            }
            Self::Manual(time) => {
                // The sender lives in `self`, so this ends only when the time has come.
                let _ = time.subscribe().wait_for(|now| *now >= until).await;
            }
        }
    }
}
