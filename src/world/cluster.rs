//! One cluster as it is known: its objects, its link, and the tallies over them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::feeds::FeedLog;
use super::loss::Losses;
use super::store::{Slot, Store};
use super::tally::{Standing, Tally, app_key};
use crate::domain::cluster::Identity;
use crate::domain::pod::Health;
use crate::domain::{
    Access, AppKey, Autoscaler, Batch, Budget, Change, Clean, ClusterId, ClusterReport, Event, Feed, Kind, Link, Node,
    Object, ObjectKey, Pod, Quota, Revision, Timestamp, Uid, Workload,
};

/// Most events kept a cluster; the oldest go first.
const MAX_EVENTS: usize = 20_000;

/// What the configuration says of a cluster before anything is known of it.
#[derive(Clone, Debug)]
pub struct ClusterSetup {
    pub id: ClusterId,
    /// Colour tag: a word such as `production`, shown with the cluster's name.
    pub tag: Option<Clean>,
    pub readonly: bool,
    /// The location of nodes that no label places.
    pub location: Option<Clean>,
}

impl ClusterSetup {
    pub fn named(name: &str) -> Self {
        Self {
            id: ClusterId::new(name),
            tag: None,
            readonly: false,
            location: None,
        }
    }
}

/// A cluster as it is known now.
#[derive(Debug)]
pub struct ClusterView {
    pub id: ClusterId,
    pub tag: Option<Clean>,
    pub readonly: bool,
    pub default_location: Option<Clean>,
    pub link: Link,
    pub identity: Identity,
    pub access: Access,
    /// The namespaces that are watched; `None`: all.
    pub watched: Option<Vec<Clean>>,
    /// How far each watch is, by kind and namespace (empty: all).
    pub feeds: BTreeMap<(Kind, Clean), Feed>,
    /// When each watch was heard of.
    pub feed_log: FeedLog,
    /// What it said that a person should read, newest last.
    pub notices: Vec<(Timestamp, Clean)>,
    pub namespaces: Store<Clean>,
    pub nodes: Store<Node>,
    pub pods: Store<Pod>,
    pub revisions: Store<Revision>,
    pub autoscalers: Store<Autoscaler>,
    pub budgets: Store<Budget>,
    pub quotas: Store<Quota>,
    pub events: Store<Event>,
    workloads: FxHashMap<Kind, Store<Workload>>,
    /// A list of all pods was read to its end at least once.
    pods_listed: bool,
    pub tally: Tally,
    pub losses: Losses,
}

impl ClusterView {
    pub(super) fn new(setup: ClusterSetup) -> Self {
        Self {
            id: setup.id,
            tag: setup.tag,
            readonly: setup.readonly,
            default_location: setup.location,
            link: Link::Connecting,
            identity: Identity::default(),
            access: Access::default(),
            watched: None,
            feeds: BTreeMap::new(),
            feed_log: FeedLog::default(),
            notices: Vec::new(),
            namespaces: Store::default(),
            nodes: Store::default(),
            pods: Store::default(),
            revisions: Store::default(),
            autoscalers: Store::default(),
            budgets: Store::default(),
            quotas: Store::default(),
            events: Store::default(),
            workloads: FxHashMap::default(),
            pods_listed: false,
            tally: Tally::default(),
            losses: Losses::default(),
        }
    }

    /// Takes a report in and says whether anything is different.
    pub(super) fn apply(&mut self, report: ClusterReport, now: Timestamp) -> bool {
        match report {
            ClusterReport::Link(link) => replace(&mut self.link, link),
            ClusterReport::Identity(identity) => replace(&mut self.identity, identity),
            ClusterReport::Access(access) => {
                self.access.answers.extend(access.answers);
                true
            }
            ClusterReport::Scope(namespaces) => replace(&mut self.watched, namespaces),
            ClusterReport::Feed(kind, namespace, feed) => {
                let key = (kind, namespace);
                self.feed_log.changed(kind, &key.1, self.feeds.get(&key), &feed, now);
                let old = self.feeds.insert(key, feed.clone());
                old.as_ref() != Some(&feed)
            }
            ClusterReport::Notice(text) => {
                self.notices.push((now, text));
                let surplus = self.notices.len().saturating_sub(100);
                self.notices.drain(..surplus);
                true
            }
            ClusterReport::Batch(batch) => {
                self.feed_log.brought(&batch, now);
                self.apply_batch(batch)
            }
        }
    }

    fn apply_batch(&mut self, batch: Batch) -> bool {
        let changed = !batch.changes.is_empty();
        for change in batch.changes {
            match change {
                Change::Upsert(object) => self.upsert(object, batch.generation),
                Change::Delete(key) => self.delete(batch.kind, &key),
            }
        }
        if !batch.sweep {
            return changed;
        }
        self.pods_listed |= batch.kind == Kind::Pod && batch.namespace.is_empty();
        let gone = self.unswept(batch.kind, batch.generation, &batch.namespace);
        for key in &gone {
            self.delete(batch.kind, key);
        }
        changed || !gone.is_empty()
    }

    fn upsert(&mut self, object: Object, generation: u32) {
        match object {
            Object::Namespace(name) => {
                self.namespaces
                    .upsert(ObjectKey::new("", name.clone()), generation, name);
            }
            Object::Node(node) => self.upsert_node(*node, generation),
            Object::Pod(pod) => self.upsert_pod(*pod, generation),
            Object::Workload(workload) => self.upsert_workload(*workload, generation),
            Object::Revision(revision) => {
                self.revisions.upsert(revision.key.clone(), generation, *revision);
            }
            Object::Autoscaler(autoscaler) => {
                self.autoscalers.upsert(autoscaler.key.clone(), generation, *autoscaler);
            }
            Object::Budget(budget) => {
                self.budgets.upsert(budget.key.clone(), generation, *budget);
            }
            Object::Quota(quota) => {
                self.quotas.upsert(quota.key.clone(), generation, *quota);
            }
            Object::Event(event) => {
                self.events.upsert(event.key.clone(), generation, *event);
                self.bound_events();
            }
        }
    }

    fn upsert_pod(&mut self, pod: Pod, generation: u32) {
        let standing = self.standing(&pod);
        if standing.lost {
            self.losses.saw(&pod);
        }
        let (slot, old) = self.pods.upsert(pod.key.clone(), generation, pod);
        let Some(new) = self.pods.at(slot).map(Arc::clone) else {
            return;
        };
        match old {
            None => self.tally.add(slot, &new, &standing),
            Some(old) => {
                let before = self.standing(&old);
                self.tally.replace(slot, (&old, &before), (&new, &standing));
            }
        }
    }

    fn upsert_node(&mut self, node: Node, generation: u32) {
        let name = node.name.clone();
        let before: Vec<(Slot, Arc<Pod>, Standing)> = self.pods_with_standing(&name);
        let (slot, _) = self.nodes.upsert(ObjectKey::new("", name.clone()), generation, node);
        let Some(node) = self.nodes.at(slot).map(Arc::clone) else {
            return;
        };
        self.restand(before);
        let pods = self.tally.on_node(&name).iter().filter_map(|&slot| self.pods.at(slot));
        self.losses.node_changed(&node, pods);
    }

    fn pods_with_standing(&self, node: &Clean) -> Vec<(Slot, Arc<Pod>, Standing)> {
        let slots = self.tally.on_node(node).iter();
        slots
            .filter_map(|&slot| {
                self.pods
                    .at(slot)
                    .map(|pod| (slot, Arc::clone(pod), self.standing(pod)))
            })
            .collect()
    }

    fn restand(&mut self, before: Vec<(Slot, Arc<Pod>, Standing)>) {
        for (slot, pod, old) in before {
            let new = self.standing(&pod);
            if new != old {
                self.tally.replace(slot, (&pod, &old), (&pod, &new));
            }
        }
    }

    fn upsert_workload(&mut self, workload: Workload, generation: u32) {
        let (kind, key) = (workload.kind, workload.key.clone());
        let app = AppKey {
            namespace: key.namespace.clone(),
            name: workload.app.clone(),
        };
        let (_, old) = self
            .workloads
            .entry(kind)
            .or_default()
            .upsert(key.clone(), generation, workload);
        if kind == Kind::Job {
            return;
        }
        if let Some(old) = old.filter(|old| old.app != app.name) {
            self.tally.take_workload(
                &AppKey {
                    namespace: key.namespace.clone(),
                    name: old.app.clone(),
                },
                kind,
                &key,
            );
        }
        self.tally.add_workload(app, kind, &key);
    }

    fn delete(&mut self, kind: Kind, key: &ObjectKey) {
        match kind {
            Kind::Namespace => drop(self.namespaces.remove(key)),
            Kind::Node => {
                let before = self.pods_with_standing(&key.name);
                self.nodes.remove(key);
                self.restand(before);
                self.losses.node_gone(&key.name);
            }
            Kind::Pod => {
                if let Some((slot, pod)) = self.pods.remove(key) {
                    let standing = self.standing(&pod);
                    self.tally.take(slot, &pod, &standing);
                }
            }
            Kind::ReplicaSet => drop(self.revisions.remove(key)),
            Kind::HorizontalPodAutoscaler => drop(self.autoscalers.remove(key)),
            Kind::PodDisruptionBudget => drop(self.budgets.remove(key)),
            Kind::ResourceQuota => drop(self.quotas.remove(key)),
            // The server forgets events after an hour; what was read stays until there are too many.
            Kind::Event => {}
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Job | Kind::Rollout | Kind::CloneSet => {
                if let Some((_, old)) = self.workloads.get_mut(&kind).and_then(|store| store.remove(key)) {
                    self.tally.take_workload(
                        &AppKey {
                            namespace: key.namespace.clone(),
                            name: old.app.clone(),
                        },
                        kind,
                        key,
                    );
                }
            }
        }
    }

    fn unswept(&self, kind: Kind, generation: u32, namespace: &str) -> Vec<ObjectKey> {
        match kind {
            Kind::Namespace => self.namespaces.unswept(generation, namespace),
            Kind::Node => self.nodes.unswept(generation, namespace),
            Kind::Pod => self.pods.unswept(generation, namespace),
            Kind::ReplicaSet => self.revisions.unswept(generation, namespace),
            Kind::HorizontalPodAutoscaler => self.autoscalers.unswept(generation, namespace),
            Kind::PodDisruptionBudget => self.budgets.unswept(generation, namespace),
            Kind::ResourceQuota => self.quotas.unswept(generation, namespace),
            Kind::Event => Vec::new(),
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Job | Kind::Rollout | Kind::CloneSet => self
                .workloads
                .get(&kind)
                .map(|store| store.unswept(generation, namespace))
                .unwrap_or_default(),
        }
    }

    fn bound_events(&mut self) {
        if self.events.len() <= MAX_EVENTS {
            return;
        }
        let mut by_age: Vec<(Option<Timestamp>, ObjectKey)> = self
            .events
            .values()
            .map(|event| (event.last_seen, event.key.clone()))
            .collect();
        by_age.sort();
        // A tenth at once, so that a full store is not sorted for each event.
        for (_, key) in by_age.into_iter().take(MAX_EVENTS / 10) {
            self.events.remove(&key);
        }
    }

    /// What an instance's node says of it.
    pub fn standing(&self, pod: &Pod) -> Standing {
        let node = pod.node.as_ref().and_then(|name| self.node(name));
        Standing {
            location: node.map(|node| self.location_of(node)),
            lost: node.is_some_and(|node| node.is_lost()) && !pod.phase.is_terminal(),
        }
    }

    /// How well an instance is, its node taken into account.
    pub fn health(&self, pod: &Pod) -> Health {
        pod.health(pod.node.as_ref().is_some_and(|node| self.losses.contains(node)))
    }

    /// How far the watch is that brings a kind's objects of one namespace: its own, else the one of all namespaces.
    pub fn feed_for(&self, kind: Kind, namespace: &str) -> Option<&Feed> {
        self.feeds
            .get(&(kind, Clean::new(namespace)))
            .or_else(|| self.feeds.get(&(kind, Clean::default())))
    }

    /// Whether every pod of the cluster is known, so that what is asked of nodes and what still fits can be said.
    /// With some namespaces only, or without the right to list pods, it cannot.
    pub fn knows_pods(&self) -> bool {
        self.watched.is_none()
            && match self.feeds.get(&(Kind::Pod, Clean::default())) {
                None | Some(Feed::Live | Feed::Stale { .. }) => true,
                Some(Feed::Listing { .. }) => self.pods_listed,
                Some(Feed::Waiting | Feed::NoAccess { .. } | Feed::Absent) => false,
            }
    }

    pub fn node(&self, name: &str) -> Option<&Arc<Node>> {
        self.nodes.get(&ObjectKey::new("", name))
    }

    pub fn pod(&self, key: &ObjectKey) -> Option<&Arc<Pod>> {
        self.pods.get(key)
    }

    pub fn workload(&self, kind: Kind, key: &ObjectKey) -> Option<&Arc<Workload>> {
        self.workloads.get(&kind)?.get(key)
    }

    /// All workloads of a kind.
    pub fn workloads(&self, kind: Kind) -> impl Iterator<Item = &Arc<Workload>> {
        self.workloads.get(&kind).into_iter().flat_map(Store::values)
    }

    /// How many objects of a kind are held.
    pub fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::Namespace => self.namespaces.len(),
            Kind::Node => self.nodes.len(),
            Kind::Pod => self.pods.len(),
            Kind::ReplicaSet => self.revisions.len(),
            Kind::HorizontalPodAutoscaler => self.autoscalers.len(),
            Kind::PodDisruptionBudget => self.budgets.len(),
            Kind::ResourceQuota => self.quotas.len(),
            Kind::Event => self.events.len(),
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Job | Kind::Rollout | Kind::CloneSet => {
                self.workloads.get(&kind).map_or(0, Store::len)
            }
        }
    }

    /// The uid of an object as it is now.
    pub fn uid_of(&self, kind: Kind, key: &ObjectKey) -> Option<&Uid> {
        match kind {
            Kind::Namespace => None,
            Kind::Node => self.nodes.get(key).map(|o| &o.uid),
            Kind::Pod => self.pods.get(key).map(|o| &o.uid),
            Kind::ReplicaSet => self.revisions.get(key).map(|o| &o.uid),
            Kind::HorizontalPodAutoscaler => self.autoscalers.get(key).map(|o| &o.uid),
            Kind::PodDisruptionBudget => self.budgets.get(key).map(|o| &o.uid),
            Kind::ResourceQuota => self.quotas.get(key).map(|o| &o.uid),
            Kind::Event => self.events.get(key).map(|o| &o.uid),
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Job | Kind::Rollout | Kind::CloneSet => {
                self.workload(kind, key).map(|o| &o.uid)
            }
        }
    }

    pub(super) fn has_instance_on(&self, app: &AppKey, node: &Clean) -> bool {
        let slots = self.tally.on_node(node).iter();
        slots
            .filter_map(|&slot| self.pods.at(slot))
            .any(|pod| app_key(pod).as_ref() == Some(app) && !pod.phase.is_terminal())
    }

    /// The oldest and least of what the watches of a kind say, for a list of that kind.
    pub fn feed(&self, kind: Kind) -> Option<&Feed> {
        self.feeds
            .iter()
            .filter(|((k, _), _)| *k == kind)
            .map(|(_, feed)| feed)
            .max_by_key(|feed| feed_rank(feed))
    }
}

fn feed_rank(feed: &Feed) -> u8 {
    match feed {
        Feed::Live => 0,
        Feed::Absent => 1,
        Feed::Listing { .. } => 2,
        Feed::Waiting => 3,
        Feed::NoAccess { .. } => 4,
        Feed::Stale { .. } => 5,
    }
}

fn replace<T: PartialEq>(place: &mut T, value: T) -> bool {
    let changed = *place != value;
    *place = value;
    changed
}
