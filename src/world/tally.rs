//! Counts of apps and nodes, kept by adding what an instance brings and taking away what it brought.
//!
//! What an instance counts for depends on the pod and on its node alone, so a change of one is undone
//! and redone exactly; a property test holds that against counting everything anew.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::census::{Census, Counts, Sign};
use super::scope::Scope;
use super::store::Slot;
use crate::domain::headroom::Taken;
use crate::domain::pod::Health;
use crate::domain::{AppKey, Clean, ClusterId, Kind, ObjectKey, Pod};

/// What an instance's node says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The location of its node; `None` without a node, or while the node is not known.
    pub location: Option<Clean>,
    /// The node is not heard of.
    pub lost: bool,
}

/// Counts of one app in one cluster.
#[derive(Debug, PartialEq)]
pub struct AppTally {
    pub key: AppKey,
    /// The version of the world that last changed something here.
    pub changed_at: u64,
    pub workloads: Vec<(Kind, ObjectKey)>,
    pub slots: Vec<Slot>,
    /// Of all instances, also those without a node.
    pub whole: Census,
    /// Of the instances in each location.
    pub places: Vec<(Clean, Census)>,
}

/// Counts of one node. All pods take room; instances are those that belong to an app.
#[derive(Debug, Default, PartialEq)]
pub struct NodeTally {
    pub taken: Taken,
    pub slots: Vec<Slot>,
    pub instances: u32,
    pub ready: u32,
}

/// The counts of one cluster.
#[derive(Debug, Default, PartialEq)]
pub struct Tally {
    apps: FxHashMap<AppKey, AppTally>,
    nodes: FxHashMap<Clean, NodeTally>,
    /// The pods that no node was found for.
    homeless: BTreeSet<Slot>,
    /// The version of the world that is being made.
    version: u64,
    /// The version of the world at which an app went, or something changed that may concern any app.
    outdated_at: u64,
}

impl AppTally {
    fn new(key: AppKey) -> Self {
        Self {
            key,
            changed_at: 0,
            workloads: Vec::new(),
            slots: Vec::new(),
            whole: Census::default(),
            places: Vec::new(),
        }
    }

    /// What is counted in the locations of the scope. Instances without a node are in no location: they count
    /// only where no location limits the view.
    pub fn in_scope<'a>(&'a self, cluster: &'a ClusterId, scope: &'a Scope) -> impl Iterator<Item = &'a Census> {
        let whole = scope.locations.is_empty();
        let places = self.places.iter();
        let here = places.filter(move |(location, _)| !whole && scope.has_location(cluster, location));
        whole
            .then_some(&self.whole)
            .into_iter()
            .chain(here.map(|(_, census)| census))
    }

    /// The counts in the locations of the scope, as [`AppTally::in_scope`] chooses them.
    pub fn counts_in(&self, cluster: &ClusterId, scope: &Scope) -> Counts {
        let mut sum = Counts::default();
        for census in self.in_scope(cluster, scope) {
            sum += census.counts;
        }
        sum
    }

    fn count(&mut self, pod: &Pod, standing: &Standing, sign: Sign) {
        if pod.phase.is_terminal() {
            return;
        }
        let health = pod.health(standing.lost);
        self.whole.count(pod, health, standing.lost, sign);
        let Some(location) = &standing.location else { return };
        if !self.places.iter().any(|(name, _)| name == location) {
            self.places.push((location.clone(), Census::default()));
        }
        if let Some((_, census)) = self.places.iter_mut().find(|(name, _)| name == location) {
            census.count(pod, health, standing.lost, sign);
        }
        self.places.retain(|(_, census)| census.counts.instances > 0);
    }

    fn is_empty(&self) -> bool {
        self.slots.is_empty() && self.workloads.is_empty()
    }
}

impl Tally {
    /// What changes from now on belongs to this version of the world.
    pub fn begin(&mut self, version: u64) {
        self.version = version;
    }

    /// Something changes that may concern any app.
    pub fn outdate_lists(&mut self) {
        self.outdated_at = self.version;
    }

    /// Whether a list of apps made at this version may be wrong in more than the apps that changed since.
    pub const fn outdates_lists_of(&self, version: u64) -> bool {
        self.outdated_at > version
    }

    /// Counts an instance in, once.
    pub fn add(&mut self, slot: Slot, pod: &Pod, standing: &Standing) {
        self.count(pod, standing, Sign::Add);
        if let Some(key) = app_key(pod) {
            self.app_mut(key).slots.push(slot);
        }
        match &pod.node {
            Some(node) => self.nodes.entry(node.clone()).or_default().slots.push(slot),
            None => drop(self.homeless.insert(slot)),
        }
    }

    /// Counts an instance out; `pod` and `standing` must be what it was counted in with.
    pub fn take(&mut self, slot: Slot, pod: &Pod, standing: &Standing) {
        self.count(pod, standing, Sign::Take);
        if let Some(key) = app_key(pod)
            && let Some(tally) = self.apps.get_mut(&key)
        {
            drop_slot(&mut tally.slots, slot);
            if tally.is_empty() {
                self.apps.remove(&key);
                self.outdate_lists();
            }
        }
        self.homeless.remove(&slot);
        if let Some(node) = &pod.node
            && let Some(tally) = self.nodes.get_mut(node)
        {
            drop_slot(&mut tally.slots, slot);
            if tally.slots.is_empty() {
                self.nodes.remove(node);
            }
        }
    }

    /// Replaces what an instance counts for; the slots move only if its app or node changed.
    pub fn replace(&mut self, slot: Slot, old: (&Pod, &Standing), new: (&Pod, &Standing)) {
        if old.0.node == new.0.node && app_key(old.0) == app_key(new.0) {
            self.count(old.0, old.1, Sign::Take);
            self.count(new.0, new.1, Sign::Add);
        } else {
            self.take(slot, old.0, old.1);
            self.add(slot, new.0, new.1);
        }
    }

    fn count(&mut self, pod: &Pod, standing: &Standing, sign: Sign) {
        if let Some(key) = app_key(pod) {
            self.app_mut(key).count(pod, standing, sign);
        }
        if let Some(node) = &pod.node {
            let tally = self.nodes.entry(node.clone()).or_default();
            if pod.holds_resources() {
                match sign {
                    Sign::Add => {
                        tally.taken.requested += pod.shape.requests;
                        tally.taken.pods += 1;
                    }
                    Sign::Take => {
                        tally.taken.requested -= pod.shape.requests;
                        tally.taken.pods -= 1;
                    }
                }
                if is_instance(pod) {
                    sign.on(&mut tally.instances, 1);
                    sign.on(&mut tally.ready, u32::from(pod.health(standing.lost) == Health::Ready));
                }
            }
        }
    }

    fn app_mut(&mut self, key: AppKey) -> &mut AppTally {
        let tally = self.apps.entry(key.clone()).or_insert_with(|| AppTally::new(key));
        tally.changed_at = self.version;
        tally
    }

    /// Something of an app changed that is not counted.
    pub fn touch(&mut self, app: &AppKey) {
        if let Some(tally) = self.apps.get_mut(app) {
            tally.changed_at = self.version;
        }
    }

    /// Says that a workload carries an app.
    pub fn add_workload(&mut self, app: AppKey, kind: Kind, object: &ObjectKey) {
        let workloads = &mut self.app_mut(app).workloads;
        let entry = (kind, object.clone());
        if let Err(place) = workloads.binary_search(&entry) {
            workloads.insert(place, entry);
        }
    }

    pub fn take_workload(&mut self, app: &AppKey, kind: Kind, object: &ObjectKey) {
        if let Some(tally) = self.apps.get_mut(app) {
            tally.changed_at = self.version;
            tally.workloads.retain(|(k, o)| *k != kind || o != object);
            if tally.is_empty() {
                self.apps.remove(app);
                self.outdate_lists();
            }
        }
    }

    pub fn apps(&self) -> impl Iterator<Item = &AppTally> {
        self.apps.values()
    }

    /// The nodes that carry instances, in the order of their names.
    pub fn nodes(&self) -> impl Iterator<Item = &Clean> {
        let mut names: Vec<&Clean> = self.nodes.keys().collect();
        names.sort_unstable();
        names.into_iter()
    }

    pub fn app(&self, key: &AppKey) -> Option<&AppTally> {
        self.apps.get(key)
    }

    pub fn node(&self, name: &Clean) -> Option<&NodeTally> {
        self.nodes.get(name)
    }

    /// The nodes that pods are bound to.
    pub fn node_names(&self) -> impl Iterator<Item = &Clean> {
        self.nodes.keys()
    }

    /// The slots of an app's instances, those that ended too.
    pub fn instances(&self, key: &AppKey) -> &[Slot] {
        self.apps.get(key).map_or(&[], |tally| &tally.slots)
    }

    /// The slots of the pods that no node was found for, those that ended too.
    pub fn homeless(&self) -> impl Iterator<Item = Slot> {
        self.homeless.iter().copied()
    }

    /// The slots of the pods bound to a node, those that ended too.
    pub fn on_node(&self, name: &Clean) -> &[Slot] {
        self.nodes.get(name).map_or(&[], |tally| &tally.slots)
    }
}

fn drop_slot(slots: &mut Vec<Slot>, slot: Slot) {
    if let Some(place) = slots.iter().position(|&s| s == slot) {
        slots.swap_remove(place);
    }
}

/// Whether a pod counts as an instance. A Job's pods come and go by themselves and are never released: they
/// are listed among the instances and take room on their nodes, but count nowhere, not in a cluster, a
/// location or a node, and belong to no app.
pub fn is_instance(pod: &Pod) -> bool {
    pod.owner.as_ref().is_none_or(|(kind, _)| kind != "Job")
}

/// The app an instance belongs to.
pub fn app_key(pod: &Pod) -> Option<AppKey> {
    is_instance(pod).then(|| AppKey {
        namespace: pod.key.namespace.clone(),
        name: pod.app.clone(),
    })
}
