//! What Kubernetes says happened to an object.

use super::Timestamp;
use super::resource::{ObjectKey, Uid};
use super::text::Clean;

/// One Event object; the same event seen again raises its count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    pub key: ObjectKey,
    pub uid: Uid,
    /// `Warning` events are marked.
    pub warning: bool,
    pub reason: Clean,
    pub message: Clean,
    /// Kind, key and uid of the object it is about.
    pub about: (Clean, ObjectKey, Uid),
    /// Who reports it: a controller, a kubelet.
    pub source: Clean,
    pub count: u32,
    pub first_seen: Option<Timestamp>,
    pub last_seen: Option<Timestamp>,
}
