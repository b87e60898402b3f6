//! Where instances run: nodes, locations and clusters, what they have, what is asked of it, what still fits.
//!
//! In a scope of namespaces apps and instances are counted of those alone. What a machine has, what is asked
//! of it and what still fits stay whole: the other namespaces' instances take room all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cluster::ClusterView;
use super::scope::Scope;
use super::tally::{AppTally, is_instance};
use super::{Slot, World};
use crate::domain::headroom::{Limit, Taken};
use crate::domain::pod::Health;
use crate::domain::{Clean, ClusterId, Fit, Node, PodShape, Provider, Resources};

/// The instance that headroom is counted in where no app is named: half a core, 512 MiB.
pub const REFERENCE_INSTANCE: Resources = Resources::new(500, 512 << 20);

/// A location: its cluster and its name there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocationKey {
    pub cluster: ClusterId,
    pub name: Clean,
}

/// A node with what runs on it.
#[derive(Clone, Debug)]
pub struct NodeSummary {
    pub cluster: ClusterId,
    pub slot: Slot,
    pub node: Arc<Node>,
    /// The name of its location; the cluster's where no label gives one.
    pub location: Clean,
    pub taken: Taken,
    /// Instances of the scope on it that have not ended.
    pub instances: u32,
    pub ready: u32,
    /// Instances that a lost node holds: they count nowhere as healthy.
    pub stuck: u32,
    /// How many instances of [`REFERENCE_INSTANCE`] still fit.
    pub headroom: Fit,
    /// Whether all pods are known; without that what is taken, and what fits, is not.
    pub pods_known: bool,
}

/// A location summed over its nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct LocationSummary {
    pub key: LocationKey,
    pub provider: Provider,
    pub nodes: u32,
    pub nodes_ready: u32,
    pub cordoned: u32,
    pub groups: BTreeSet<Clean>,
    /// Nodes that only one app may use, by app.
    pub exclusive: BTreeMap<Clean, u32>,
    pub allocatable: Resources,
    pub requested: Resources,
    pub instances: u32,
    pub ready: u32,
    pub stuck: u32,
    pub failing: u32,
    /// Instances of [`REFERENCE_INSTANCE`] that still fit, node by node, without exclusive nodes.
    pub headroom: i64,
    /// What stops one more, and on how many nodes.
    pub limits: BTreeMap<Limit, u32>,
    /// Whether all pods are known; without that what is requested, and what fits, is not.
    pub pods_known: bool,
}

/// A cluster summed over its locations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterSummary {
    pub provider: Provider,
    pub locations: u32,
    pub nodes: u32,
    pub nodes_ready: u32,
    pub apps: u32,
    pub instances: u32,
    pub ready: u32,
    pub failing: u32,
    pub stuck: u32,
    pub allocatable: Resources,
    pub requested: Resources,
    pub headroom: i64,
    /// Apps of which a new version is coming, or waits to come; of these those that wait for a person, and those
    /// whose release fails.
    pub releasing: u32,
    pub waiting: u32,
    pub release_fails: u32,
    /// Whether all pods are known; without that what is requested, and what fits, is not.
    pub pods_known: bool,
}

impl ClusterView {
    /// The nodes in the locations of the scope, with what runs on them.
    pub fn node_summaries<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = NodeSummary> + 'a {
        let shape = PodShape::plain(REFERENCE_INSTANCE);
        let pods_known = self.knows_pods();
        self.nodes.iter().filter_map(move |(slot, node)| {
            let location = self.location_of(node);
            if !scope.has_location(&self.id, &location) {
                return None;
            }
            let taken = self.tally.node(&node.name).map_or_else(Taken::default, |t| t.taken);
            let (instances, ready) = self.instances_on(&node.name, scope);
            Some(NodeSummary {
                cluster: self.id.clone(),
                slot,
                location,
                headroom: shape.fit(node, taken, false),
                taken,
                instances,
                ready,
                stuck: if node.is_lost() { instances } else { 0 },
                node: Arc::clone(node),
                pods_known,
            })
        })
    }

    /// Instances of the scope's namespaces on a node, and how many of them are ready.
    fn instances_on(&self, node: &Clean, scope: &Scope) -> (u32, u32) {
        if scope.namespaces.is_empty() {
            return self.tally.node(node).map_or((0, 0), |t| (t.instances, t.ready));
        }
        let slots = self.tally.on_node(node).iter();
        slots
            .filter_map(|&slot| self.pods.at(slot))
            .filter(|pod| !pod.phase.is_terminal() && is_instance(pod) && scope.has_namespace(&pod.key.namespace))
            .fold((0, 0), |(all, ready), pod| {
                (all + 1, ready + u32::from(self.health(pod) == Health::Ready))
            })
    }

    /// The locations in scope, by name.
    pub fn location_summaries(&self, scope: &Scope) -> Vec<LocationSummary> {
        let mut found: BTreeMap<Clean, LocationSummary> = BTreeMap::new();
        for node in self.node_summaries(scope) {
            found
                .entry(node.location.clone())
                .or_insert_with(|| LocationSummary::empty(self.id.clone(), node.location.clone()))
                .add(&node);
        }
        for (name, census) in self.apps_in(scope).flat_map(|app| &app.places) {
            if let Some(location) = found.get_mut(name) {
                location.failing += census.counts.failing;
            }
        }
        found.into_values().collect()
    }

    /// The apps of the scope's namespaces that have instances in its locations.
    pub(super) fn apps_in<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a AppTally> {
        self.tally.apps().filter(move |app| self.has_in_scope(app, scope))
    }

    /// Whether an app is in the scope's namespaces and has instances in its locations.
    pub(super) fn has_in_scope(&self, app: &AppTally, scope: &Scope) -> bool {
        scope.has_namespace(&app.key.namespace)
            && (scope.locations.is_empty() || app.places.iter().any(|(name, _)| scope.has_location(&self.id, name)))
    }

    /// The cluster summed up, as far as it is in scope.
    pub fn summary(&self, scope: &Scope) -> ClusterSummary {
        let mut sum = ClusterSummary {
            pods_known: self.knows_pods(),
            ..ClusterSummary::default()
        };
        for location in self.location_summaries(scope) {
            sum.locations += 1;
            sum.nodes += location.nodes;
            sum.nodes_ready += location.nodes_ready;
            sum.provider = sum.provider.and(&location.provider);
            sum.allocatable += location.allocatable;
            sum.requested += location.requested;
            sum.headroom += location.headroom;
        }
        for tally in self.apps_in(scope) {
            sum.apps += 1;
            let phase = self.phase_of_app(tally);
            sum.releasing += u32::from(phase.is_release());
            sum.waiting += u32::from(phase.waits());
            sum.release_fails += u32::from(phase.fails());
            let counts = tally.counts_in(&self.id, scope);
            sum.instances += counts.instances;
            sum.ready += counts.ready;
            sum.failing += counts.failing;
            sum.stuck += counts.stuck;
        }
        sum
    }

    /// The name of a node's location: its label's, else the configured one, else the cluster's.
    pub fn location_of(&self, node: &Node) -> Clean {
        if !node.location.is_empty() {
            node.location.clone()
        } else if let Some(name) = &self.default_location {
            name.clone()
        } else {
            self.id.0.clone()
        }
    }
}

impl LocationSummary {
    fn empty(cluster: ClusterId, name: Clean) -> Self {
        Self {
            key: LocationKey { cluster, name },
            provider: Provider::Unknown,
            nodes: 0,
            nodes_ready: 0,
            cordoned: 0,
            groups: BTreeSet::new(),
            exclusive: BTreeMap::new(),
            allocatable: Resources::default(),
            requested: Resources::default(),
            instances: 0,
            ready: 0,
            stuck: 0,
            failing: 0,
            headroom: 0,
            limits: BTreeMap::new(),
            pods_known: true,
        }
    }

    /// What stops most of its nodes from taking one more.
    pub fn limit(&self) -> Option<Limit> {
        let most = self.limits.iter().max_by_key(|(_, nodes)| **nodes);
        most.map(|(limit, _)| *limit)
    }

    fn add(&mut self, summary: &NodeSummary) {
        let node = &summary.node;
        self.provider = std::mem::take(&mut self.provider).and(&node.provider);
        self.nodes += 1;
        self.nodes_ready += u32::from(node.is_ready());
        self.cordoned += u32::from(node.cordoned);
        if let Some(group) = &node.group {
            self.groups.insert(group.clone());
        }
        if let Some(app) = &node.exclusive {
            *self.exclusive.entry(app.clone()).or_default() += 1;
        }
        self.allocatable += node.allocatable;
        self.requested += summary.taken.requested;
        self.instances += summary.instances;
        self.ready += summary.ready;
        self.stuck += summary.stuck;
        self.headroom += summary.headroom.count;
        *self.limits.entry(summary.headroom.limit).or_default() += 1;
        self.pods_known &= summary.pods_known;
    }
}

impl World {
    /// The locations in scope, in the clusters' order.
    pub fn locations(&self, scope: &Scope) -> Vec<LocationSummary> {
        self.clusters_in(scope)
            .flat_map(|cluster| cluster.location_summaries(scope))
            .collect()
    }

    /// The nodes in scope.
    pub fn nodes(&self, scope: &Scope) -> Vec<NodeSummary> {
        self.clusters_in(scope)
            .flat_map(|cluster| cluster.node_summaries(scope))
            .collect()
    }
}
