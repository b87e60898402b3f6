//! How many more instances of an app fit, location by location, and what stops the next one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::World;
use super::cluster::ClusterView;
use super::place::LocationKey;
use super::promised::Promised;
use super::release::app_of;
use crate::domain::headroom::Limit;
use crate::domain::{AppKey, Clean, Feed, Kind, PodShape, Quota, Workload};

/// How many more instances of an app fit in a location, and what stops the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppHeadroom {
    pub location: LocationKey,
    pub fits: i64,
    /// What stops most nodes of the location from taking one more.
    pub limit: Option<Limit>,
    /// The namespace's quota that allows less than the nodes do: resource and how many it lets in.
    pub quota: Option<(Clean, i64)>,
}

/// Nodes that share a limit, by the limit's name.
type NodesByLimit = BTreeMap<&'static str, (Limit, u32)>;

impl World {
    /// How many more instances of an app fit, location by location, counted node by node.
    ///
    /// The shape is that of its workload's template in each cluster, else of its newest instance.
    pub fn app_headroom(&self, key: &AppKey) -> Vec<AppHeadroom> {
        self.clusters
            .iter()
            .flat_map(|cluster| cluster.app_headroom(key))
            .collect()
    }
}

impl ClusterView {
    fn app_headroom(&self, key: &AppKey) -> Vec<AppHeadroom> {
        self.shape_of(key)
            .map(|shape| self.headroom_of(key, &shape))
            .unwrap_or_default()
    }

    /// How many more instances of one workload fit, location by location, and how many in all: what its namespace's
    /// quota allows of what its nodes take.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn workload_headroom(&self, workload: &Workload) -> Result<(i64, Vec<AppHeadroom>), String> {
        if let Some(why) = self.room_unknown() {
            return Err(why);
        }
        let rooms = self.headroom_of(&app_of(workload), &workload.shape);
        let fits: i64 = rooms.iter().map(|room| room.fits).sum();
        let quota = self.quota_headroom(&workload.key.namespace, &workload.shape, &self.promised());
        Ok((quota.map_or(fits, |(_, most)| fits.min(most)), rooms))
    }

    /// Why it is not known how much room there is.
    fn room_unknown(&self) -> Option<String> {
        let of = |kind: Kind| match self.feed(kind) {
            Some(Feed::NoAccess { right }) => Some(format!("no right to {right}")),
            _ => None,
        };
        of(Kind::Node).or_else(|| of(Kind::Pod)).or_else(|| {
            let is_known = self.knows_pods() && !self.nodes.is_empty();
            (!is_known).then(|| "not all nodes and instances of the cluster are seen".to_owned())
        })
    }

    /// How many instances of a shape fit beside what is there and what is promised room, location by location; none is
    /// known where not all pods are.
    pub fn headroom_of(&self, key: &AppKey, shape: &PodShape) -> Vec<AppHeadroom> {
        if !self.knows_pods() {
            return Vec::new();
        }
        let promised = self.promised();
        let mut found: BTreeMap<Clean, (i64, NodesByLimit)> = BTreeMap::new();
        for (node, fit) in self.settled(&promised).fits(key, shape) {
            let (sum, limits) = found.entry(self.location_of(node)).or_default();
            *sum += fit.count;
            limits.entry(fit.limit.name()).or_insert((fit.limit, 0)).1 += 1;
        }
        let quota = self.quota_headroom(&key.namespace, shape, &promised);
        found
            .into_iter()
            .map(|(location, (fits, limits))| AppHeadroom {
                location: LocationKey {
                    cluster: self.id.clone(),
                    name: location,
                },
                fits,
                limit: limits
                    .into_values()
                    .max_by_key(|(_, nodes)| *nodes)
                    .map(|(limit, _)| limit),
                quota: quota.clone().filter(|(_, most)| *most < fits),
            })
            .collect()
    }

    fn shape_of(&self, key: &AppKey) -> Option<Arc<PodShape>> {
        let tally = self.tally.app(key)?;
        let from_workload = tally
            .workloads
            .iter()
            .find_map(|(kind, object)| self.workload(*kind, object))
            .map(|w| Arc::clone(&w.shape));
        from_workload.or_else(|| {
            let newest = tally
                .slots
                .iter()
                .filter_map(|&slot| self.pods.at(slot))
                .max_by_key(|pod| pod.created)?;
            Some(Arc::clone(&newest.shape))
        })
    }

    /// The tightest quota of a namespace for one shape, less what instances need that are still to be made: its resource
    /// and how many more it lets in.
    fn quota_headroom(&self, namespace: &str, shape: &PodShape, promised: &[Promised]) -> Option<(Clean, i64)> {
        let to_come = |quota: &Quota, resource: &str| -> i64 {
            let counted = promised
                .iter()
                .filter(|promised| promised.app.namespace == namespace && quota.covers(&promised.shape));
            counted
                .map(|promised| promised.unmade.saturating_mul(needed(resource, &promised.shape)))
                .sum()
        };
        let quotas = self.quotas.values();
        quotas
            .filter(|quota| quota.key.namespace == namespace && quota.covers(shape))
            .flat_map(|quota| quota.limits.iter().map(move |limit| (quota, limit)))
            .filter_map(|(quota, limit)| {
                let one = needed(&limit.resource, shape);
                let left = limit.hard_millis.saturating_sub(limit.used_millis);
                let left = left.saturating_sub(to_come(quota, &limit.resource));
                (one > 0).then(|| (limit.resource.clone(), (left / one).max(0)))
            })
            .min_by_key(|(_, count)| *count)
    }
}

/// How much of a quota's resource one instance takes, in thousandths; 0 of what instances do not take.
fn needed(resource: &str, shape: &PodShape) -> i64 {
    match resource {
        "cpu" | "requests.cpu" => shape.requests.cpu.0,
        "memory" | "requests.memory" => shape.requests.memory.0.saturating_mul(1000),
        "limits.cpu" => shape.limits.cpu.0,
        "limits.memory" => shape.limits.memory.0.saturating_mul(1000),
        "pods" | "count/pods" => 1000,
        _ => 0,
    }
}
