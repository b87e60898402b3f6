//! A machine of a cluster: where it stands, what it has, how it is.

use std::sync::Arc;

use super::Timestamp;
use super::cluster::Provider;
use super::pod::Labels;
use super::quantity::Resources;
use super::resource::Uid;
use super::text::Clean;

/// One node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    pub name: Clean,
    pub uid: Uid,
    pub labels: Labels,
    /// The part of the cluster it belongs to: first of `location_labels`; empty where no label says so.
    pub location: Clean,
    /// The part of its location it belongs to: first of the group labels.
    pub group: Option<Clean>,
    /// The only app that may land here (taint `pilothouse.dev/exclusive`).
    pub exclusive: Option<Clean>,
    pub provider: Provider,
    pub pod_cidrs: Arc<[Clean]>,
    pub internal_ip: Option<Clean>,
    pub kubelet_version: Clean,
    pub instance_type: Option<Clean>,
    pub created: Option<Timestamp>,
    pub health: NodeHealth,
    /// Since when the `Ready` condition is as it is.
    pub ready_since: Option<Timestamp>,
    /// Pressures and other conditions that are not as they should be: `DiskPressure` …
    pub pressures: Arc<[Clean]>,
    /// `spec.unschedulable`.
    pub cordoned: bool,
    pub taints: Arc<[Taint]>,
    pub allocatable: Resources,
    /// Most pods it takes.
    pub pod_slots: i64,
}

/// A node's `Ready` condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeHealth {
    Ready,
    /// The kubelet says it is not ready.
    NotReady,
    /// The kubelet has not been heard of.
    #[default]
    Unknown,
}

impl Node {
    /// Whether what its pods report can no longer be trusted: the kubelet is not heard of.
    pub fn is_lost(&self) -> bool {
        self.health == NodeHealth::Unknown
    }

    /// Whether it takes instances and runs them, by what the kubelet says.
    pub fn is_ready(&self) -> bool {
        self.health == NodeHealth::Ready
    }
}

/// A taint: it repels pods that do not tolerate it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Taint {
    pub key: Clean,
    pub value: Clean,
    pub effect: TaintEffect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaintEffect {
    NoSchedule,
    PreferNoSchedule,
    NoExecute,
}
