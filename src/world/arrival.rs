//! How far the instances of a workload are that were asked for: which are ready, which start, which wait, and for what.

use std::collections::BTreeMap;

use super::cluster::ClusterView;
use crate::domain::pod::Health;
use crate::domain::{Clean, Workload};
use crate::release::Cause;

/// Counts of a workload's instances that are not being taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stages {
    /// Without a node.
    pub pending: i64,
    /// On a node, not ready.
    pub starting: i64,
    pub ready: i64,
}

/// How far they are, location by location.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrival {
    /// By location; those without a node have none.
    pub places: BTreeMap<Clean, Stages>,
    pub all: Stages,
    /// What keeps some from coming.
    pub blocked: Option<Cause>,
}

impl ClusterView {
    /// How far the instances of a workload are.
    pub fn arrival(&self, workload: &Workload) -> Arrival {
        let mut arrival = Arrival::default();
        let mut blocked = Vec::new();
        for pod in self.pods_of(workload) {
            if pod.deleting.is_some() || pod.phase.is_terminal() {
                continue;
            }
            let node = pod.node.as_ref().and_then(|name| self.node(name));
            let place = node.map(|node| self.location_of(node));
            let is_ready = self.health(pod) == Health::Ready;
            let count = |stages: &mut Stages| match (pod.node.is_some(), is_ready) {
                (false, _) => stages.pending += 1,
                (true, false) => stages.starting += 1,
                (true, true) => stages.ready += 1,
            };
            count(&mut arrival.all);
            if let Some(place) = place {
                count(arrival.places.entry(place).or_default());
            }
            if !is_ready {
                blocked.extend(Cause::of_pod(pod));
            }
        }
        arrival.blocked = blocked.into_iter().min();
        if arrival.blocked.is_none() {
            let refused = self.revisions_of(workload).into_iter();
            arrival.blocked = refused
                .filter_map(|revision| revision.failure.clone())
                .map(Cause::Refused)
                .next();
        }
        arrival
    }
}

impl Arrival {
    /// `52 of 69 ready, 12 starting, 5 without a node: Unschedulable: …; idc-bj-a 40 + 12, aliyun-h 12`
    pub fn words(&self, wanted: i64) -> String {
        let Stages {
            pending,
            starting,
            ready,
        } = self.all;
        let mut parts = vec![format!("{ready} of {wanted} ready")];
        parts.extend((starting > 0).then(|| format!("{starting} starting")));
        parts.extend((pending > 0).then(|| format!("{pending} without a node")));
        let cause = self
            .blocked
            .as_ref()
            .map_or_else(String::new, |cause| format!(": {}", cause.words()));
        let place = |(name, stages): (&Clean, &Stages)| match stages.starting {
            0 => format!("{name} {}", stages.ready),
            starting => format!("{name} {} + {starting}", stages.ready),
        };
        let places: Vec<String> = self.places.iter().map(place).collect();
        let places = if places.len() > 1 {
            format!(" · {}", places.join(", "))
        } else {
            String::new()
        };
        format!("{}{cause}{places}", parts.join(", "))
    }
}
