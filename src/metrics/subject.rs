//! Whose figures: a container, a pod, a node, or a sum of them.

use super::Millis;
use crate::domain::{AppKey, Clean, ObjectKey};

/// Whose figures they are, within one cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Cluster,
    Location(Clean),
    Node(Clean),
    App(AppKey),
    /// What an app has in one location.
    AppIn(AppKey, Clean),
    Pod(ObjectKey),
    /// A pod and the container's name in it.
    Container(ObjectKey, Clean),
}

/// The time that figures hold for, on this program's clock: rates over all of it, amounts at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Millis,
    pub to: Millis,
}

impl Span {
    /// A moment.
    pub const fn at(at: Millis) -> Self {
        Self { from: at, to: at }
    }
}
