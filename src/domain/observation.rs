//! What a cluster reports: changes of objects, the state of each watch, the link.

use super::Timestamp;
use super::access::Access;
use super::cluster::{Identity, Link};
use super::event::Event;
use super::namespace::Namespace;
use super::node::Node;
use super::pod::Pod;
use super::policy::{Autoscaler, Budget, Quota};
use super::resource::{Kind, ObjectKey};
use super::text::Clean;
use super::workload::{Revision, Workload};

/// A message from one cluster.
#[derive(Clone, Debug, PartialEq)]
pub enum ClusterReport {
    Link(Link),
    Identity(Identity),
    Access(Access),
    /// The namespaces watched in this cluster; `None`: all of them.
    Scope(Option<Vec<Clean>>),
    Batch(Batch),
    /// The state of one watch changed.
    Feed(Kind, Clean, Feed),
    /// The watch of one namespace is over: one of all namespaces has taken its place.
    Ended(Kind, Clean),
    /// Something a person should read once: `resynchronised`, `history rewound`, `1 object unreadable`.
    Notice(Clean),
}

/// Changes of one kind, in the order the server gave them.
///
/// A relist sends the rows page by page under a new `generation`; the batch that ends it has `sweep`,
/// and rows of that kind and namespace which an older generation brought are then dropped. So old rows
/// stay on screen until the new ones are all there, and no second copy exists.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    pub kind: Kind,
    /// The namespace the watch is limited to; empty: all.
    pub namespace: Clean,
    pub generation: u32,
    pub changes: Vec<Change>,
    pub sweep: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Upsert(Object),
    Delete(ObjectKey),
}

/// An object of any watched kind. Boxed where large, so that a batch stays small.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    Namespace(Namespace),
    Node(Box<Node>),
    Pod(Box<Pod>),
    Workload(Box<Workload>),
    Revision(Box<Revision>),
    Autoscaler(Box<Autoscaler>),
    Budget(Box<Budget>),
    Quota(Box<Quota>),
    Event(Box<Event>),
}

/// How far one watch (a kind in a cluster or one of its namespaces) is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Feed {
    /// Waits for its turn or for the connection.
    #[default]
    Waiting,
    /// Reads the first list; `total` when the server said how many there are.
    Listing {
        rows: usize,
        total: Option<usize>,
    },
    Live,
    /// Cut; what was read stays, from `since` on it may be old.
    Stale {
        since: Timestamp,
        reason: Clean,
        retry_at: Option<Timestamp>,
    },
    /// The user may not; `right` in words (`list pods in gift`). Asked again from time to time.
    NoAccess {
        right: Clean,
    },
    /// The cluster does not have this kind.
    Absent,
}
