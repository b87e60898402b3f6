//! Which pods are on which node, kept up with the store's changes: a kubelet is asked about its own pods only.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::controllers::context::is_over;
use super::controllers::object::text;
use super::load::pod::{began, traits};
use super::load::{Plan, PodLoad, Sample, Seconds};
use super::resource::PODS;
use super::store::{Store, Stored, Timestamp, Verb};

/// The pods of every node.
#[derive(Debug, Default)]
pub(super) struct Residents {
    /// The store's revision this is of.
    revision: u64,
    nodes: FxHashMap<String, OnNode>,
}

/// The pods of one node.
#[derive(Clone, Debug, Default)]
pub(super) struct OnNode {
    /// By uid.
    pub(super) pods: BTreeMap<String, Stored>,
    /// What the pods that have left had counted: the counters of the node itself go on.
    pub(super) left: Sample,
}

impl OnNode {
    /// Since when a noisy neighbour is there.
    pub(super) fn squeezed(&self, plan: &Plan) -> Option<Seconds> {
        let noisy = self.pods.values().filter(|pod| traits(pod, plan).noisy);
        noisy.filter_map(|pod| began(pod)).min_by(f64::total_cmp)
    }

    /// What its pods use.
    pub(super) fn loads(&self, plan: &Plan) -> Vec<PodLoad> {
        let squeezed = self.squeezed(plan);
        self.pods
            .values()
            .filter_map(|pod| PodLoad::of(pod, plan, squeezed))
            .collect()
    }
}

impl Residents {
    /// Catches up with the store.
    pub(super) fn refresh(&mut self, store: &Store, plan: &Plan, now: Timestamp) {
        if self.revision == 0 || store.compacted() > self.revision || store.revision() < self.revision {
            self.nodes.clear();
            for pod in store.list(&PODS) {
                self.put(pod);
            }
        } else {
            for change in store.changes_since(self.revision) {
                if !change.resource.same(&PODS) {
                    continue;
                }
                if change.verb == Verb::Deleted || is_over(&change.object) {
                    self.leave(&change.object, plan, now);
                } else {
                    self.put(&change.object);
                }
            }
        }
        self.revision = store.revision();
    }

    fn put(&mut self, pod: &Stored) {
        let node = text(pod, &["spec", "nodeName"]);
        if !node.is_empty() && !is_over(pod) {
            let place = self.nodes.entry(node.to_owned()).or_default();
            place.pods.insert(uid(pod), pod.clone());
        }
    }

    fn leave(&mut self, pod: &Value, plan: &Plan, now: Timestamp) {
        let Some(place) = self.nodes.get_mut(text(pod, &["spec", "nodeName"])) else {
            return;
        };
        if place.pods.remove(&uid(pod)).is_some()
            && let Some(load) = PodLoad::of(pod, plan, None)
        {
            place.left += load.whole(now.timestamp_millis() as f64 / 1000.0);
        }
    }

    /// The pods of every node, in the order of names.
    pub(super) fn all(&self) -> Vec<(String, OnNode)> {
        let mut all: Vec<(String, OnNode)> = self
            .nodes
            .iter()
            .map(|(name, place)| (name.clone(), place.clone()))
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// The pods of a node; none where it has none.
    pub(super) fn on_node(&self, node: &str) -> OnNode {
        self.nodes.get(node).cloned().unwrap_or_default()
    }
}

fn uid(pod: &Value) -> String {
    text(pod, &["metadata", "uid"]).to_owned()
}
