//! Why a write was not made.

use super::super::error::ClusterError;
use crate::domain::access::Right;
use crate::domain::{Clean, Verb};
use crate::release::live::Refusal;

/// Why a write was not made, or whether it was is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("{0}")]
    Cluster(#[from] ClusterError),
    /// The server says so before anything is sent.
    #[error("you may not {0}")]
    Forbidden(Right),
    /// What was to be created is there, and is another.
    #[error("it is there already, and is another: {0}")]
    Exists(Clean),
    /// What was to be created has no namespace to be in.
    #[error("there is no namespace {0}")]
    NoNamespace(Clean),
    /// A test of the patch failed.
    #[error("somebody changed it since it was looked at: {0}")]
    Changed(Clean),
    /// No answer came, and the object does not show it.
    #[error("no answer came ({0}), and the object does not show the change; it may still arrive")]
    Unclear(ClusterError),
    /// Of several writes only the first ones were made.
    #[error("{done} of {all} writes were made, then: {why}")]
    Partly { done: usize, all: usize, why: Clean },
}

impl ActError {
    /// Whether a request that changes something may have been sent: these are said before one is.
    pub const fn is_sent(&self) -> bool {
        !matches!(
            self,
            Self::Refused(_) | Self::Forbidden(_) | Self::Cluster(ClusterError::ReadOnly)
        )
    }

    /// What the job wrote last that failed, line by line: to be shown, and not to be written down.
    pub fn wrote(&self) -> &[Clean] {
        match self {
            Self::Refused(Refusal::JobFailed { wrote, .. }) => wrote,
            _ => &[],
        }
    }

    /// The job that failed before it.
    pub fn job(&self) -> Option<&str> {
        match self {
            Self::Refused(Refusal::JobFailed { name, .. }) => Some(name),
            _ => None,
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Refused(Refusal::Against(_)) => {
                "say with --override why that does not count, or wait until it is over"
            }
            Self::Refused(_) => "look at its phase with `pilothouse release status`",
            Self::Cluster(ClusterError::Invalid { .. }) => {
                "nobody changed it: its rules or its admission do not take this; its own words say what to change"
            }
            Self::Cluster(error) => error.hint(),
            Self::Forbidden(right) if right.resource == "jobs" && right.verb == Verb::Delete => {
                "`pilothouse rbac builder` prints the rights that it needs"
            }
            Self::Forbidden(_) => "`pilothouse rbac operator` prints the rights that it needs",
            Self::Exists(_) => "choose another name, or take it away first: what is there is never changed",
            Self::NoNamespace(_) => "choose one that is there, or have it made: `kubectl create namespace`",
            Self::Changed(_) => "look again what is under way, and repeat it if it is still wanted",
            Self::Unclear(_) => "look before you repeat it: a repeat does no harm, its tests would fail",
            Self::Partly { .. } => "look what is under way: the same step can be taken again from there, or aborted",
        }
    }
}
