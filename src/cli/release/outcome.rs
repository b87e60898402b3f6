//! What became of each workload that a step was meant for, for scripts: also of those that were not begun.

use serde::Serialize;

use super::targets::Target;
use crate::domain::{Clean, ResourceRef};

/// What became of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// It was tried without effect.
    Shown,
    Written,
    /// The step was taken there before.
    There,
    /// Nothing, or nothing that is known, was written to it.
    Left,
    /// The write was tried and did not end well.
    Failed,
}

/// A workload that nothing was written to now, with why.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Other {
    pub(super) object: ResourceRef,
    pub(super) app: Clean,
    pub(super) outcome: Outcome,
    pub(super) why: Clean,
}

impl Other {
    pub(super) fn of(target: &Target, outcome: Outcome, why: &str) -> Self {
        Self {
            object: target.object.clone(),
            app: target.app.clone(),
            outcome,
            why: Clean::new(why),
        }
    }
}
