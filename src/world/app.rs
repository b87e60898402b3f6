//! Apps: what carries them, what they run, where, and how well.

use std::cmp::Reverse;
use std::sync::Arc;

use chrono::TimeDelta;

use super::World;
use super::app_list::AppList;
use super::census::Census;
use super::cluster::ClusterView;
use super::place::LocationKey;
use super::scope::Scope;
use super::tally::AppTally;
use crate::domain::pod::Health;
use crate::domain::{AppKey, Clean, ClusterId, Kind, Pod, Resources, Timestamp, Version, Workload};
use crate::release::Phase;

/// An app over the clusters in scope.
#[derive(Clone, Debug, PartialEq)]
pub struct AppSummary {
    pub key: AppKey,
    /// Kind of each workload that carries it, with its cluster, sorted.
    pub workloads: Vec<(ClusterId, Kind)>,
    /// Instances wanted; `None` where no workload says (bare pods), or not of the locations in scope.
    pub desired: Option<i64>,
    /// Instances that have not ended.
    pub instances: u32,
    pub ready: u32,
    /// Instances on nodes that are not heard of.
    pub stuck: u32,
    pub restarts: u64,
    pub requested: Resources,
    /// Versions that run: instances and how many are ready, most instances first.
    pub versions: Vec<(Version, u32, u32)>,
    /// Where instances are: location and how many, most first. Instances without a node are not in it.
    pub places: Vec<(LocationKey, u32)>,
    /// How many instances are in each state of health that is not `Ready`, worst first.
    pub health: Vec<(Health, u32)>,
    /// The commonest status of instances that fail, such as `CrashLoopBackOff`, and how many; without one
    /// `NodeLost`, when instances are stuck on nodes that are not heard of.
    pub trouble: Option<(Clean, u32)>,
    /// The most urgent phase of its workloads, and since when.
    pub phase: Phase,
    pub since: Option<Timestamp>,
    /// When the last of the new instances came that are not ready.
    pub came: Option<Timestamp>,
    /// How long its gray releases may take to be ready.
    pub deadline: TimeDelta,
    pub owner: Option<Clean>,
    pub default_location: Option<Clean>,
    pub min_instances: Option<i64>,
    pub max_instances: Option<i64>,
    /// Every location it runs in is in scope; only then `desired` can be held against `ready`.
    pub is_whole: bool,
    /// Whether all its pods are known; without that its instances cannot be counted.
    pub pods_known: bool,
}

impl World {
    /// The apps in scope, by key.
    pub fn apps(&self, scope: &Scope) -> Vec<AppSummary> {
        AppList::default().follow(self, scope).into_rows()
    }

    /// An app as far as it has something in the clusters, locations and namespaces of the scope.
    pub(super) fn app_here(&self, key: &AppKey, scope: &Scope) -> Option<AppSummary> {
        let parts = self.clusters_in(scope).filter_map(|c| c.tally.app(key).map(|t| (c, t)));
        let parts: Vec<_> = parts.filter(|(c, tally)| c.has_in_scope(tally, scope)).collect();
        summarise(&parts, scope)
    }

    /// One app over all clusters of the scope.
    pub fn app(&self, key: &AppKey, scope: &Scope) -> Option<AppSummary> {
        let parts: Vec<_> = self
            .clusters_in(scope)
            .filter_map(|c| c.tally.app(key).map(|t| (c, t)))
            .collect();
        summarise(&parts, scope)
    }

    /// The instances of an app in the clusters of the scope.
    pub fn instances_of<'a>(
        &'a self,
        key: &'a AppKey,
        scope: &'a Scope,
    ) -> impl Iterator<Item = (&'a ClusterView, &'a Arc<Pod>)> {
        self.clusters_in(scope)
            .flat_map(move |c| c.instances_of(key).map(move |pod| (c, pod)))
    }

    /// The workloads of an app in the clusters of the scope.
    pub fn workloads_of<'a>(
        &'a self,
        key: &'a AppKey,
        scope: &'a Scope,
    ) -> impl Iterator<Item = (&'a ClusterView, &'a Arc<Workload>)> {
        self.clusters_in(scope)
            .flat_map(move |c| c.workloads_of(key).map(move |workload| (c, workload)))
    }
}

/// What the parts of an app in single clusters are together, counted in the locations of the scope.
fn summarise(parts: &[(&ClusterView, &AppTally)], scope: &Scope) -> Option<AppSummary> {
    let (first_cluster, first) = parts.first()?;
    let mut sum = AppSummary {
        key: first.key.clone(),
        workloads: Vec::new(),
        desired: None,
        instances: 0,
        ready: 0,
        stuck: 0,
        restarts: 0,
        requested: Resources::default(),
        versions: Vec::new(),
        places: Vec::new(),
        health: Vec::new(),
        trouble: None,
        phase: Phase::Stable,
        since: None,
        came: None,
        deadline: first_cluster.gray_deadline,
        owner: None,
        default_location: None,
        min_instances: None,
        max_instances: None,
        is_whole: true,
        pods_known: true,
    };
    let mut troubles: Vec<(Clean, u32)> = Vec::new();
    for (cluster, tally) in parts {
        sum.add_places(cluster, tally, scope);
        sum.add_workloads(cluster, tally);
        for census in tally.in_scope(&cluster.id, scope) {
            sum.add_census(census);
            for (status, count) in &census.failing_as {
                add_to(&mut troubles, status, *count);
            }
        }
    }
    sum.versions.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    sum.places.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    sum.health.sort_by_key(|(health, _)| Reverse(*health));
    sum.trouble = troubles
        .into_iter()
        .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))
        .or_else(|| (sum.stuck > 0).then(|| ("NodeLost".into(), sum.stuck)));
    Some(sum)
}

fn add_to<K: Clone + PartialEq>(counts: &mut Vec<(K, u32)>, key: &K, amount: u32) {
    match counts.iter_mut().find(|(k, _)| k == key) {
        Some((_, count)) => *count += amount,
        None => counts.push((key.clone(), amount)),
    }
}

impl AppSummary {
    fn add_census(&mut self, census: &Census) {
        self.instances += census.counts.instances;
        self.ready += census.counts.ready;
        self.stuck += census.counts.stuck;
        self.restarts += census.counts.restarts;
        self.requested += census.counts.requested;
        for (version, total, ready) in &census.versions {
            match self.versions.iter_mut().find(|(v, _, _)| v == version) {
                Some((_, t, r)) => (*t, *r) = (*t + total, *r + ready),
                None => self.versions.push((version.clone(), *total, *ready)),
            }
        }
        for (health, count) in census.health_counts() {
            add_to(&mut self.health, &health, count);
        }
    }

    fn add_places(&mut self, cluster: &ClusterView, tally: &AppTally, scope: &Scope) {
        self.pods_known &= cluster.knows_pods_in(&tally.key.namespace);
        for (name, census) in &tally.places {
            if scope.has_location(&cluster.id, name) {
                let (cluster, name) = (cluster.id.clone(), name.clone());
                self.places
                    .push((LocationKey { cluster, name }, census.counts.instances));
            } else {
                self.is_whole = false;
            }
        }
    }

    fn add_workloads(&mut self, cluster: &ClusterView, tally: &AppTally) {
        for workload in tally
            .workloads
            .iter()
            .filter_map(|(kind, key)| cluster.workload(*kind, key))
            .filter(|workload| !cluster.is_beside(workload))
        {
            self.workloads.push((cluster.id.clone(), workload.kind));
            self.desired = Some(self.desired.unwrap_or(0) + workload.desired).filter(|_| self.is_whole);
            let (phase, [since, came]) = cluster.phase_and_since(workload);
            if phase.urgency() >= self.phase.urgency() {
                let alike = phase.urgency() == self.phase.urgency();
                self.since = since.max(self.since.filter(|_| alike));
                self.came = came.max(self.came.filter(|_| alike));
            }
            self.phase = std::mem::take(&mut self.phase).worse(phase);
            self.owner = self.owner.take().or_else(|| workload.owner.clone());
            self.default_location = self
                .default_location
                .take()
                .or_else(|| workload.default_location.clone());
            self.min_instances = self.min_instances.or(workload.min_instances);
            self.max_instances = self.max_instances.or(workload.max_instances);
        }
    }
}

impl ClusterView {
    /// The instances of an app here.
    pub fn instances_of<'a>(&'a self, key: &AppKey) -> impl Iterator<Item = &'a Arc<Pod>> + use<'a> {
        let slots = self.tally.instances(key).iter();
        slots.filter_map(|&slot| self.pods.at(slot))
    }

    /// The workloads of an app here; a twin is none of its own while its Deployment is there.
    pub fn workloads_of<'a>(&'a self, key: &AppKey) -> impl Iterator<Item = &'a Arc<Workload>> + use<'a> {
        let known = self.tally.app(key).into_iter().flat_map(|tally| &tally.workloads);
        let known = known.filter_map(|(kind, object)| self.workload(*kind, object));
        known.filter(|workload| !self.is_beside(workload))
    }
}
