//! The controllers of a simulated cluster: what makes its objects live.
//!
//! [`Controllers::step`] reads what changed in the store since the last step, works until nothing is left to do at
//! this moment, and says when it wants to be called next. Nothing in here reads a clock or rolls dice: time comes in,
//! chance comes from the seed. A step costs as much as changed, not as much as there is.
//!
//! Reading order: `context` (what a controller may touch), `rolling` and `deployment`, `replicaset`,
//! `scheduler` over `nodes`, `kubelet`, `node`. The garbage collector and the end of namespaces are in
//! [`super::garbage`].

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use self::context::{Context, Key, Task, is_deleting};
use self::events::Recorder;
use self::kubelet::Kubelet;
use self::node::Silence;
use self::nodes::Nodes;
use self::object::{controller_of, text};
use self::random::Random;
use self::scheduler::Scheduler;
use self::timers::Timers;
use super::resource::{DAEMON_SETS, DEPLOYMENTS, JOBS, NODES, PODS, REPLICA_SETS, STATEFUL_SETS};
use super::store::{Change, Store, Verb};
use crate::domain::Timestamp;

pub(crate) mod autoscaler;
pub(crate) mod context;
pub(crate) mod daemonset;
pub(crate) mod deployment;
pub(crate) mod events;
pub(crate) mod history;
pub(crate) mod job;
pub(crate) mod kubelet;
pub(crate) mod node;
pub(crate) mod nodes;
pub(crate) mod object;
pub(crate) mod quota;
pub(crate) mod random;
pub(crate) mod replicaset;
pub(crate) mod rolling;
pub(crate) mod scheduler;
pub(crate) mod statefulset;
pub(crate) mod template;
pub(crate) mod timers;

/// The controllers of one cluster.
pub struct Controllers {
    /// The last write taken in; nothing yet before the first step.
    seen: Option<u64>,
    queue: BTreeSet<Task>,
    timers: Timers<Task>,
    nodes: Nodes,
    recorder: Recorder,
    random: Random,
    kubelet: Kubelet,
    scheduler: Scheduler,
    silence: Silence,
    daemon_sets: BTreeSet<Key>,
    /// Room on a node may have become free.
    freed: bool,
}

impl fmt::Debug for Controllers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controllers")
            .field("seen", &self.seen)
            .field("queue", &self.queue.len())
            .finish_non_exhaustive()
    }
}

impl Controllers {
    pub fn new(seed: u64) -> Self {
        Self {
            seen: None,
            queue: BTreeSet::new(),
            timers: Timers::default(),
            nodes: Nodes::default(),
            recorder: Recorder::default(),
            random: Random::new(seed),
            kubelet: Kubelet::default(),
            scheduler: Scheduler::default(),
            silence: Silence::default(),
            daemon_sets: BTreeSet::new(),
            freed: false,
        }
    }

    /// Reacts to what changed since the last call and to what is due; returns when it wants to be called next at the latest.
    pub fn step(&mut self, store: &mut Store, now: Timestamp) -> Option<Timestamp> {
        self.catch_up(store, now);
        loop {
            while let Some(task) = self.timers.take(now) {
                self.queue.insert(task);
            }
            let Some(task) = self.queue.pop_first() else { break };
            self.work(store, now, &task);
            self.catch_up(store, now);
        }
        self.timers.next()
    }

    /// Looks at every workload again, as the real controllers do every few hours.
    pub fn resync(&mut self, store: &Store) {
        for (resource, task) in [
            (&DEPLOYMENTS, Task::Deployment as fn(Key) -> Task),
            (&REPLICA_SETS, Task::ReplicaSet),
            (&STATEFUL_SETS, Task::StatefulSet),
            (&DAEMON_SETS, Task::DaemonSet),
            (&JOBS, Task::Job),
            (&NODES, Task::Node),
            (&PODS, Task::Pod),
        ] {
            self.queue
                .extend(store.list(resource).map(|object| task(Key::of(object))));
        }
    }

    fn work(&mut self, store: &mut Store, now: Timestamp, task: &Task) {
        let cx = &mut Context {
            store,
            nodes: &self.nodes,
            timers: &mut self.timers,
            recorder: &mut self.recorder,
            random: &mut self.random,
            now,
        };
        match task {
            Task::Node(key) => self.silence.sync(cx, key),
            Task::Deployment(key) => deployment::sync(cx, key),
            Task::ReplicaSet(key) => replicaset::sync(cx, key),
            Task::StatefulSet(key) => statefulset::sync(cx, key),
            Task::DaemonSet(key) => daemonset::sync(cx, key),
            Task::Job(key) => job::sync(cx, key),
            Task::Schedule(key) => self.scheduler.sync(cx, key),
            Task::Pod(key) => self.kubelet.sync(cx, key),
            Task::Autoscaler(key) => autoscaler::sync(cx, key),
            Task::Quota(namespace) => quota::sync(cx, namespace),
            Task::Forget => {
                if let Some(when) = cx.recorder.forget(cx.store, now) {
                    cx.timers.at(when, Task::Forget);
                }
            }
        }
    }

    fn catch_up(&mut self, store: &mut Store, now: Timestamp) {
        let Some(seen) = self.seen else {
            self.fill(store, now);
            return;
        };
        if store.revision() == seen {
            return;
        }
        // The store is not written to while its changes are taken in, so none is missed.
        let changes: Vec<Change> = store.changes_since(seen).cloned().collect();
        self.seen = Some(store.revision());
        for change in &changes {
            self.take_in(change, now);
        }
        if std::mem::take(&mut self.freed) {
            let cx = &mut Context {
                store,
                nodes: &self.nodes,
                timers: &mut self.timers,
                recorder: &mut self.recorder,
                random: &mut self.random,
                now,
            };
            self.scheduler.wake(cx);
        }
    }

    /// Takes in a cluster as it stands; looks only at what is not settled.
    fn fill(&mut self, store: &Store, now: Timestamp) {
        self.seen = Some(store.revision());
        for node in store.list(&NODES) {
            self.nodes.set(text(node, &["metadata", "name"]), Some(node));
            if !object::holds(node, "Ready") || node::is_dead(node) {
                self.queue.insert(Task::Node(Key::of(node)));
            }
        }
        for pod in store.list(&PODS) {
            self.nodes.follow(None, Some(pod));
            if text(pod, &["spec", "nodeName"]).is_empty() {
                self.queue.insert(Task::Schedule(Key::of(pod)));
            } else if kubelet::is_restless(pod) {
                self.queue.insert(Task::Pod(Key::of(pod)));
            }
        }
        self.daemon_sets = store.list(&DAEMON_SETS).map(|set| Key::of(set)).collect();
        for (resource, settled, task) in [
            (
                &DEPLOYMENTS,
                deployment::is_settled as fn(&Value) -> bool,
                Task::Deployment as fn(Key) -> Task,
            ),
            (&REPLICA_SETS, replicaset::is_settled, Task::ReplicaSet),
            (&STATEFUL_SETS, statefulset::is_settled, Task::StatefulSet),
            (&DAEMON_SETS, daemonset::is_settled, Task::DaemonSet),
            (&JOBS, job::is_settled, Task::Job),
        ] {
            let unsettled = store.list(resource).filter(|object| !settled(object));
            self.queue.extend(unsettled.map(|object| task(Key::of(object))));
        }
        self.timers.at(now + chrono::TimeDelta::hours(1), Task::Forget);
    }

    /// Decides who has to look at a change.
    fn take_in(&mut self, change: &Change, now: Timestamp) {
        let object = &change.object;
        let key = Key::of(object);
        let gone = change.verb == Verb::Deleted;
        match (change.resource.group.as_ref(), change.resource.plural.as_ref()) {
            ("", "pods") => self.take_in_pod(change, key.clone(), now),
            ("", "nodes") => self.take_in_node(change, key.clone()),
            ("autoscaling", "horizontalpodautoscalers") => {
                self.queue.insert(Task::Autoscaler(key.clone()));
            }
            ("", "resourcequotas") => {
                self.queue.insert(Task::Quota(key.namespace.clone()));
            }
            ("apps", "deployments") => {
                self.queue.insert(Task::Deployment(key.clone()));
            }
            ("apps", "replicasets") => {
                self.queue.insert(Task::ReplicaSet(key.clone()));
                self.wake_owner(object, &key.namespace);
            }
            ("apps", "statefulsets") => {
                self.queue.insert(Task::StatefulSet(key.clone()));
            }
            ("apps", "daemonsets") => {
                if gone {
                    self.daemon_sets.remove(&key);
                } else {
                    self.daemon_sets.insert(key.clone());
                }
                self.queue.insert(Task::DaemonSet(key.clone()));
            }
            ("batch", "jobs") => {
                self.queue.insert(Task::Job(key.clone()));
            }
            _ => {}
        }
    }

    fn take_in_pod(&mut self, change: &Change, key: Key, now: Timestamp) {
        let (object, gone) = (&change.object, change.verb == Verb::Deleted);
        let before = change.previous.as_deref();
        self.nodes.follow(before, (!gone).then_some(object));
        let ended = gone || context::is_over(object) && before.is_none_or(|before| !context::is_over(before));
        self.freed |= ended;
        if ended || change.verb == Verb::Added {
            // Counted a moment later, once for many.
            let soon = now + chrono::TimeDelta::seconds(1);
            self.timers.at(soon, Task::Quota(key.namespace.clone()));
        }
        self.wake_owner(object, &key.namespace);
        if gone {
            return;
        }
        if !text(object, &["spec", "nodeName"]).is_empty() {
            self.queue.insert(Task::Pod(key));
        } else if !is_deleting(object) && before.is_none_or(|before| before.get("spec") != object.get("spec")) {
            self.queue.insert(Task::Schedule(key));
        }
    }

    fn take_in_node(&mut self, change: &Change, key: Key) {
        let node = &change.object;
        let now_there = (change.verb != Verb::Deleted).then_some(node.as_ref());
        let before = change.previous.as_deref().map(nodes::read);
        self.nodes.set(&key.name, now_there);
        if before != now_there.map(nodes::read) {
            self.freed = true;
            let daemons = self.daemon_sets.iter().cloned().map(Task::DaemonSet);
            self.queue.extend(daemons);
        }
        if let Some(place) = self.nodes.get(&key.name)
            && change.previous.as_deref().is_some_and(node::is_dead) != node::is_dead(node)
        {
            self.queue.extend(place.pods.iter().cloned().map(Task::Pod));
        }
        self.queue.insert(Task::Node(key));
    }

    fn wake_owner(&mut self, object: &Value, namespace: &Arc<str>) {
        let Some((kind, name, _)) = controller_of(object) else {
            return;
        };
        let key = Key {
            namespace: namespace.clone(),
            name: name.into(),
        };
        let task = match kind {
            "Deployment" => Task::Deployment(key),
            "ReplicaSet" => Task::ReplicaSet(key),
            "StatefulSet" => Task::StatefulSet(key),
            "DaemonSet" => Task::DaemonSet(key),
            "Job" => Task::Job(key),
            _ => return,
        };
        self.queue.insert(task);
    }
}

#[cfg(test)]
mod tests;
