//! Taking reports in: every change of an object with what it does to the counts.

use std::mem::discriminant;
use std::sync::Arc;

use super::cluster::ClusterView;
use super::store::Slot;
use super::tally::Standing;
use crate::domain::{
    AppKey, Batch, Change, Clean, ClusterReport, Kind, Node, Object, ObjectKey, Pod, Timestamp, Workload,
};

/// Most events kept a cluster; the oldest go first.
const MAX_EVENTS: usize = 20_000;

/// Most notices kept a cluster; the oldest go first.
const MAX_NOTICES: usize = 100;

impl ClusterView {
    /// Takes a report in and says whether anything is different; `version` is the world's behind it.
    pub(super) fn apply(&mut self, report: ClusterReport, now: Timestamp, version: u64) -> bool {
        self.tally.begin(version);
        match report {
            ClusterReport::Link(link) => {
                self.lost = if link.is_live() { None } else { self.lost.or(Some(now)) };
                replace(&mut self.link, link)
            }
            ClusterReport::Identity(identity) => replace(&mut self.identity, identity),
            ClusterReport::Access(access) => {
                self.access.answers.extend(access.answers);
                true
            }
            ClusterReport::Scope(namespaces) => {
                self.tally.outdate_lists();
                replace(&mut self.watched, namespaces)
            }
            ClusterReport::Feed(kind, namespace, feed) => {
                let key = (kind, namespace);
                self.feed_log.changed(kind, &key.1, self.feeds.get(&key), &feed, now);
                let old = self.feeds.insert(key, feed.clone());
                if kind == Kind::Node {
                    self.miss_nodes();
                }
                if kind == Kind::Pod && old.as_ref().map(discriminant) != Some(discriminant(&feed)) {
                    // Whether the instances of any app are all known may be different.
                    self.tally.outdate_lists();
                }
                old.as_ref() != Some(&feed)
            }
            ClusterReport::Ended(kind, namespace) => {
                let key = (kind, namespace);
                self.feed_log.ended(&key);
                if kind == Kind::Pod {
                    self.pods_listed.remove(&key.1);
                }
                self.feeds.remove(&key).is_some()
            }
            ClusterReport::Notice(text) => {
                self.notices.push((now, text));
                let surplus = self.notices.len().saturating_sub(MAX_NOTICES);
                self.notices.drain(..surplus);
                true
            }
            ClusterReport::Batch(batch) => {
                self.feed_log.brought(&batch, now);
                self.apply_batch(batch, now)
            }
        }
    }

    fn apply_batch(&mut self, batch: Batch, now: Timestamp) -> bool {
        let changed = !batch.changes.is_empty();
        for change in batch.changes {
            match change {
                Change::Upsert(object) => self.upsert(object, batch.generation),
                Change::Delete(key) => self.delete(batch.kind, &key, now),
            }
        }
        if !batch.sweep {
            return changed;
        }
        if batch.kind == Kind::Pod && self.pods_listed.insert(batch.namespace.clone()) {
            self.tally.outdate_lists();
        }
        let gone = self.unswept(batch.kind, batch.generation, &batch.namespace);
        for key in &gone {
            self.delete(batch.kind, key, now);
        }
        changed || !gone.is_empty()
    }

    fn upsert(&mut self, object: Object, generation: u32) {
        match object {
            Object::Namespace(namespace) => {
                let key = ObjectKey::new("", namespace.name.clone());
                self.namespaces.upsert(key, generation, namespace);
            }
            Object::Node(node) => self.upsert_node(*node, generation),
            Object::Pod(pod) => self.upsert_pod(*pod, generation),
            Object::Workload(workload) => self.upsert_workload(*workload, generation),
            Object::Revision(revision) => {
                let (slot, old) = self.revisions.upsert(revision.key.clone(), generation, *revision);
                if let Some(new) = self.revisions.at(slot).map(Arc::clone) {
                    self.note_revision(slot, old.as_deref(), &new);
                }
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
        if let Some(node) = &pod.node
            && self.knows_nodes()
            && self.node(node).is_none()
        {
            self.losses.missed(node);
        }
        let standing = self.standing(&pod);
        if standing.lost {
            self.losses.saw(&pod);
        }
        let (slot, old) = self.pods.upsert(pod.key.clone(), generation, pod);
        let Some(new) = self.pods.at(slot).map(Arc::clone) else {
            return;
        };
        self.note_build_pod(slot, old.as_deref(), Some(&new));
        match old {
            None => self.tally.add(slot, &new, &standing),
            Some(old) => {
                if old.uid != new.uid {
                    self.usage.forget(&new.key);
                }
                let before = self.standing(&old);
                self.tally.replace(slot, (&old, &before), (&new, &standing));
            }
        }
        self.reword(slot);
    }

    fn upsert_node(&mut self, node: Node, generation: u32) {
        let name = node.name.clone();
        let before: Vec<(Slot, Arc<Pod>, Standing)> = self.pods_with_standing(&name);
        let (slot, old) = self.nodes.upsert(ObjectKey::new("", name.clone()), generation, node);
        let Some(node) = self.nodes.at(slot).map(Arc::clone) else {
            return;
        };
        let pods = before.iter().map(|(_, pod, _)| pod);
        self.losses.node_changed(&node, pods);
        let grouped_anew = old.is_none_or(|old| old.group != node.group);
        self.restand(before, grouped_anew);
    }

    fn node_gone(&mut self, name: &Clean, now: Timestamp) {
        let before = self.pods_with_standing(name);
        self.nodes.remove(&ObjectKey::new("", name.clone()));
        let since = self.time(now);
        self.losses.node_gone(name, before.iter().map(|(_, pod, _)| pod), since);
        self.restand(before, true);
        self.losses.bound(&self.nodes, &self.tally);
    }

    /// Finds the pods of nodes that do not exist: they were deleted while nobody looked.
    fn miss_nodes(&mut self) {
        if !self.knows_nodes() {
            return;
        }
        let absent: Vec<Clean> = self
            .tally
            .node_names()
            .filter(|name| self.node(name).is_none() && !self.losses.contains(name))
            .cloned()
            .collect();
        for name in absent {
            let before = self.pods_with_standing(&name);
            self.losses.missed(&name);
            for (_, pod, _) in &before {
                self.losses.saw(pod);
            }
            self.restand(before, false);
        }
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

    /// Counts the instances of a node anew that stand differently now; their words follow, as they do
    /// when the node's group is another.
    fn restand(&mut self, before: Vec<(Slot, Arc<Pod>, Standing)>, grouped_anew: bool) {
        for (slot, pod, old) in before {
            let new = self.standing(&pod);
            if new != old {
                self.tally.replace(slot, (&pod, &old), (&pod, &new));
            }
            if new != old || grouped_anew {
                self.reword(slot);
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
        self.note_twin(kind, &key, true);
        self.settle_assumed(kind, &key);
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

    fn delete(&mut self, kind: Kind, key: &ObjectKey, now: Timestamp) {
        match kind {
            Kind::Namespace => drop(self.namespaces.remove(key)),
            Kind::Node => self.node_gone(&key.name, now),
            Kind::Pod => {
                if let Some((slot, pod)) = self.pods.remove(key) {
                    let standing = self.standing(&pod);
                    self.note_build_pod(slot, Some(&pod), None);
                    self.tally.take(slot, &pod, &standing);
                    self.texts.take(slot);
                    self.usage.forget(key);
                }
            }
            Kind::ReplicaSet => {
                if let Some((slot, old)) = self.revisions.remove(key) {
                    self.forget_revision(slot, Some(&old));
                }
            }
            Kind::HorizontalPodAutoscaler => drop(self.autoscalers.remove(key)),
            Kind::PodDisruptionBudget => drop(self.budgets.remove(key)),
            Kind::ResourceQuota => drop(self.quotas.remove(key)),
            // The server forgets events after an hour; what was read stays until there are too many.
            Kind::Event => {}
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Job | Kind::Rollout | Kind::CloneSet => {
                self.note_twin(kind, key, false);
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
}

fn replace<T: PartialEq>(place: &mut T, value: T) -> bool {
    let changed = *place != value;
    *place = value;
    changed
}
