//! The stages of a build: the containers of its pod, in the order they run.

use crate::domain::{Clean, Timestamp};

/// What becomes of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StageState {
    /// It has not begun.
    Waiting,
    Running,
    Done,
    /// Its exit code, and Kubernetes' word for it: `Error`, `OOMKilled` …
    Failed {
        code: i32,
        reason: Clean,
    },
    /// The build ended before it began.
    Skipped,
}

impl StageState {
    /// As screens, scripts and the ledger spell it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed { .. } => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What it does: `clone`, `compile`, `package`, or whatever its container is called.
    pub name: Clean,
    /// Whose log is the stage's.
    pub container: Clean,
    pub state: StageState,
    pub began: Option<Timestamp>,
    pub ended: Option<Timestamp>,
}

impl Stage {
    /// How long it took, or has taken by `now` on its cluster's clock, in seconds; `None` before it begins.
    pub fn took(&self, now: Timestamp) -> Option<i64> {
        let end = match self.state {
            StageState::Running => now,
            _ => self.ended?,
        };
        Some((end - self.began?).num_seconds().max(0))
    }
}
