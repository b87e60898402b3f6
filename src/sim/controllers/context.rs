//! What every controller works with: the store, the clock, timers, events and chance.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::events::Recorder;
use super::nodes::Nodes;
use super::object::{at, count, integer, set, text};
use super::random::Random;
use super::timers::Timers;
use crate::domain::Timestamp;
use crate::sim::deletion::{self, DeleteOptions};
use crate::sim::resource::{PODS, Resource};
use crate::sim::status::Status;
use crate::sim::store::{Store, Stored};

/// The name of an object within its kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Arc<str>,
}

impl Key {
    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    pub(crate) fn of(object: &Value) -> Self {
        Self::new(
            text(object, &["metadata", "namespace"]),
            text(object, &["metadata", "name"]),
        )
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Something a controller has to look at. The order is the order of work within one moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Task {
    Node(Key),
    Deployment(Key),
    ReplicaSet(Key),
    StatefulSet(Key),
    DaemonSet(Key),
    Job(Key),
    Autoscaler(Key),
    Schedule(Key),
    /// A pod that its kubelet looks at.
    Pod(Key),
    Quota(Arc<str>),
    /// Old events are forgotten.
    Forget,
}

/// What a controller may touch while it looks at one object.
pub(crate) struct Context<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) nodes: &'a Nodes,
    pub(crate) timers: &'a mut Timers<Task>,
    pub(crate) recorder: &'a mut Recorder,
    pub(crate) random: &'a mut Random,
    pub(crate) now: Timestamp,
}

/// Whether an event is good news or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Normal,
    Warning,
}

impl Context<'_> {
    pub(crate) fn get(&self, resource: &Resource, key: &Key) -> Option<Stored> {
        self.store.get(resource, &key.namespace, &key.name).cloned()
    }

    /// Changes an object; one that is gone in the meantime needs no change.
    pub(crate) fn update(&mut self, resource: &Resource, key: &Key, change: impl FnOnce(&mut Value)) -> Option<Stored> {
        self.store
            .update(resource, &key.namespace, &key.name, self.now, change)
            .ok()
    }

    pub(crate) fn create(&mut self, resource: &Resource, object: Value) -> Result<Stored, Status> {
        self.store.create(resource, object, self.now)
    }

    pub(crate) fn remove(&mut self, resource: &Resource, key: &Key) {
        // Gone already is as good.
        drop(self.store.remove(resource, &key.namespace, &key.name));
    }

    /// Replaces `status`, if it differs.
    pub(crate) fn set_status(&mut self, resource: &Resource, key: &Key, status: Value) {
        self.update(resource, key, |object| set(object, &["status"], status));
    }

    /// The pods an object owns.
    pub(crate) fn pods_of(&self, owner: &Value) -> Vec<Stored> {
        self.owned(owner, &PODS)
    }

    /// What an object owns of one resource.
    pub(crate) fn owned(&self, owner: &Value, resource: &Resource) -> Vec<Stored> {
        self.store
            .dependents(text(owner, &["metadata", "uid"]))
            .filter(|(kind, _)| kind.same(resource))
            .map(|(_, object)| object.clone())
            .collect()
    }

    /// Deletes a pod as the API does: one that runs gets its grace period, any other goes at once.
    pub(crate) fn delete_pod(&mut self, pod: &Value) {
        if !is_deleting(pod) {
            let (namespace, name) = (text(pod, &["metadata", "namespace"]), text(pod, &["metadata", "name"]));
            // Gone already is as good.
            drop(deletion::delete(
                self.store,
                &PODS,
                (namespace, name),
                &DeleteOptions::default(),
                self.now,
            ));
        }
    }

    /// Records an event about an object.
    pub(crate) fn event(&mut self, about: &Value, tone: Tone, reason: &str, message: &str, source: &str) {
        self.recorder.record(
            self.store,
            self.now,
            &super::events::Note {
                about,
                field: "",
                tone,
                reason,
                message,
                source,
                host: "",
            },
        );
    }
}

/// Whether an object is on its way out.
pub(crate) fn is_deleting(object: &Value) -> bool {
    at(object, &["metadata", "deletionTimestamp"]).is_some()
}

/// Whether a pod has ended by itself.
pub(crate) fn is_over(pod: &Value) -> bool {
    matches!(text(pod, &["status", "phase"]), "Succeeded" | "Failed")
}

/// `spec.replicas`; 1 where nothing is said.
pub(crate) fn replicas(workload: &Value) -> i64 {
    integer(workload, &["spec", "replicas"]).unwrap_or(1)
}

/// A count of a workload's status.
pub(crate) fn status_count(workload: &Value, field: &str) -> i64 {
    count(workload, &["status", field])
}
