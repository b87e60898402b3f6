//! Nodes that are not heard of, or no longer exist: what was on them, where it went, what is stuck.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cluster::ClusterView;
use super::store::{Slot, Store};
use super::tally::{AppTally, Tally, app_key, is_instance};
use crate::domain::{AppKey, Clean, Kind, Node, ObjectKey, Pod, Timestamp, Uid};

/// Most nodes that no longer exist and hold no pods any more whose loss is remembered; the oldest go first.
const MAX_GONE: usize = 100;

/// What was on each node when it was lost. A node without pods that no longer exists is no loss.
#[derive(Debug, Default)]
pub struct Losses(BTreeMap<Clean, Loss>);

#[derive(Debug)]
struct Loss {
    since: Option<Timestamp>,
    /// Instances that were on the node when it was lost, or that were still bound to it when first seen.
    was: BTreeMap<Uid, AppKey>,
}

/// What became of the instances of a node that was lost.
#[derive(Clone, Debug, PartialEq)]
pub struct LossSummary {
    /// Since when the node is not heard of.
    pub since: Option<Timestamp>,
    /// How many instances were on it.
    pub was: usize,
    /// Those that are still bound to it: nobody knows whether they run.
    pub stuck: Vec<Slot>,
    pub replaced: Vec<Replaced>,
}

/// One app's instances that a node took with it, and where new ones run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    pub app: AppKey,
    /// How many were on the node.
    pub lost: usize,
    /// Where instances made since then run: node and how many.
    pub on: Vec<(Clean, usize)>,
    /// A DaemonSet's: there is one a node, and nothing goes elsewhere.
    pub stays: bool,
}

impl Losses {
    /// Whether a node is not heard of, or no longer exists.
    pub fn contains(&self, node: &str) -> bool {
        self.0.contains_key(node)
    }

    pub(super) fn node_changed<'a>(&mut self, node: &Node, pods: impl Iterator<Item = &'a Arc<Pod>>) {
        if !node.is_lost() {
            self.0.remove(&node.name);
            return;
        }
        let loss = self.0.entry(node.name.clone()).or_insert_with(|| Loss {
            since: node.ready_since,
            was: BTreeMap::new(),
        });
        for pod in pods {
            loss.saw(pod);
        }
    }

    /// A node was deleted; what is bound to it is lost, whatever the node said last.
    pub(super) fn node_gone<'a>(
        &mut self,
        node: &Clean,
        pods: impl ExactSizeIterator<Item = &'a Arc<Pod>>,
        now: Timestamp,
    ) {
        let holds_pods = pods.len() > 0;
        let loss = self.0.entry(node.clone()).or_insert_with(|| Loss {
            since: Some(now),
            was: BTreeMap::new(),
        });
        for pod in pods {
            loss.saw(pod);
        }
        if loss.was.is_empty() && !holds_pods {
            self.0.remove(node);
        }
    }

    /// A node that pods are bound to does not exist, nobody knows since when.
    pub(super) fn missed(&mut self, node: &Clean) {
        if !self.contains(node) {
            let loss = Loss {
                since: None,
                was: BTreeMap::new(),
            };
            self.0.insert(node.clone(), loss);
        }
    }

    /// Forgets the oldest of too many nodes that no longer exist and hold nothing.
    pub(super) fn bound(&mut self, nodes: &Store<Node>, tally: &Tally) {
        let is_over =
            |name: &Clean| nodes.get(&ObjectKey::new("", name.clone())).is_none() && tally.on_node(name).is_empty();
        let mut over: Vec<(Option<Timestamp>, Clean)> = self
            .0
            .iter()
            .filter(|(name, _)| is_over(name))
            .map(|(name, loss)| (loss.since, name.clone()))
            .collect();
        over.sort();
        let surplus = over.len().saturating_sub(MAX_GONE);
        for (_, name) in over.into_iter().take(surplus) {
            self.0.remove(&name);
        }
    }

    /// An instance turned up on a node that was lost already.
    pub(super) fn saw(&mut self, pod: &Pod) {
        if let Some(loss) = pod.node.as_ref().and_then(|node| self.0.get_mut(node)) {
            loss.saw(pod);
        }
    }
}

impl Loss {
    fn saw(&mut self, pod: &Pod) {
        if !pod.phase.is_terminal()
            && let Some(app) = app_key(pod)
        {
            self.was.insert(pod.uid.clone(), app);
        }
    }
}

impl ClusterView {
    /// What became of the instances of a node that is lost; `None` for a node that is well.
    pub fn loss(&self, node: &Clean) -> Option<LossSummary> {
        let loss = self.losses.0.get(node)?;
        let stuck: Vec<Slot> = self
            .tally
            .on_node(node)
            .iter()
            .copied()
            .filter(|&slot| {
                self.pods
                    .at(slot)
                    .is_some_and(|pod| !pod.phase.is_terminal() && is_instance(pod))
            })
            .collect();
        let mut counts: BTreeMap<&AppKey, usize> = BTreeMap::new();
        for app in loss.was.values() {
            *counts.entry(app).or_default() += 1;
        }
        let replaced = counts
            .into_iter()
            .map(|(app, lost)| Replaced {
                app: app.clone(),
                lost,
                on: self.made_since(app, loss.since, node),
                stays: self.tally.app(app).is_some_and(is_daemon),
            })
            .collect();
        Some(LossSummary {
            since: loss.since,
            was: loss.was.len(),
            stuck,
            replaced,
        })
    }

    /// Where instances of an app were made since, other than on the lost node; those that have ended replace nothing.
    fn made_since(&self, app: &AppKey, since: Option<Timestamp>, lost: &Clean) -> Vec<(Clean, usize)> {
        let mut nodes: BTreeMap<Clean, usize> = BTreeMap::new();
        for pod in self.tally.instances(app).iter().filter_map(|&slot| self.pods.at(slot)) {
            let made_after = since.is_some_and(|since| pod.created.is_some_and(|created| created >= since));
            let replaces = made_after && !pod.phase.is_terminal();
            if let Some(node) = pod.node.as_ref().filter(|node| replaces && *node != lost) {
                *nodes.entry(node.clone()).or_default() += 1;
            }
        }
        nodes.into_iter().collect()
    }
}

fn is_daemon(app: &AppTally) -> bool {
    !app.workloads.is_empty() && app.workloads.iter().all(|(kind, _)| *kind == Kind::DaemonSet)
}
