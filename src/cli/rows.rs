//! What `get` prints of each thing: the fields scripts may rely on. Unknown is null, never zero.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::{Clean, ClusterId, Resources, Timestamp, Version};

/// CPU and memory with their units in the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Amounts {
    pub cpu_millis: i64,
    pub memory_bytes: i64,
}

impl From<Resources> for Amounts {
    fn from(resources: Resources) -> Self {
        Self {
            cpu_millis: resources.cpu.0,
            memory_bytes: resources.memory.0,
        }
    }
}

/// How many more instances of half a core and 512 MiB fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Headroom {
    pub instances: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterRow {
    pub cluster: ClusterId,
    pub name: Clean,
    pub server: Option<Clean>,
    pub version: Option<Clean>,
    pub link: &'static str,
    pub provider: Option<String>,
    pub locations: Option<u32>,
    pub nodes: Option<u32>,
    pub nodes_ready: Option<u32>,
    pub apps: Option<u32>,
    pub instances: Option<u32>,
    pub ready: Option<u32>,
    pub allocatable: Option<Amounts>,
    pub requested: Option<Amounts>,
    pub headroom: Option<Headroom>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LocationRow {
    pub cluster: ClusterId,
    pub name: Clean,
    pub location: Clean,
    pub provider: Option<String>,
    pub nodes: u32,
    pub nodes_ready: u32,
    pub groups: Vec<Clean>,
    /// Nodes that only one app may use, by app.
    pub exclusive: BTreeMap<Clean, u32>,
    pub instances: Option<u32>,
    pub ready: Option<u32>,
    pub allocatable: Amounts,
    pub requested: Option<Amounts>,
    pub headroom: Option<Headroom>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppRow {
    pub cluster: ClusterId,
    pub namespace: Clean,
    pub name: Clean,
    pub owner: Option<Clean>,
    /// Null where no workload says, as of bare instances.
    pub desired: Option<i64>,
    /// Null, as all that follows from the pods, where they are not all known.
    pub instances: Option<u32>,
    pub ready: Option<u32>,
    /// Instances wanted of a gray release; those of one in a second Deployment are not among the desired. Null: none.
    pub gray: Option<i64>,
    pub restarts: Option<u64>,
    pub versions: Option<Vec<VersionRow>>,
    pub locations: Option<Vec<PlaceRow>>,
    pub progress: String,
    /// Null where nothing is wrong.
    pub trouble: Option<Clean>,
    pub requested: Option<Amounts>,
    /// Those of each workload that carries it; of bare instances there is one without.
    #[serde(skip)]
    pub labels: Vec<BTreeMap<Clean, Clean>>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionRow {
    pub version: Option<String>,
    pub instances: u32,
    pub ready: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaceRow {
    pub location: Clean,
    pub instances: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceRow {
    pub cluster: ClusterId,
    pub namespace: Clean,
    pub name: Clean,
    pub app: Option<Clean>,
    pub version: Option<String>,
    pub node: Option<Clean>,
    pub location: Option<Clean>,
    pub phase: &'static str,
    /// kubectl's word; `Unknown` on a node that is not heard of.
    pub status: Clean,
    /// Null on a node that is not heard of.
    pub ready: Option<bool>,
    /// Of a gray release that is under way.
    pub gray: bool,
    pub restarts: u32,
    pub ip: Option<String>,
    pub created: Option<Timestamp>,
    #[serde(skip)]
    pub labels: BTreeMap<Clean, Clean>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeRow {
    pub cluster: ClusterId,
    pub name: Clean,
    pub location: Clean,
    pub group: Option<Clean>,
    pub exclusive: Option<Clean>,
    pub provider: Option<String>,
    pub status: &'static str,
    pub cordoned: bool,
    pub pressures: Vec<Clean>,
    pub pod_cidrs: Vec<Clean>,
    pub internal_ip: Option<Clean>,
    pub kubelet_version: Option<Clean>,
    pub instances: Option<u32>,
    pub allocatable: Amounts,
    pub requested: Option<Amounts>,
    pub headroom: Option<Headroom>,
    pub created: Option<Timestamp>,
    #[serde(skip)]
    pub labels: BTreeMap<Clean, Clean>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRow {
    pub cluster: ClusterId,
    pub namespace: Clean,
    pub name: Clean,
    #[serde(rename = "type")]
    pub severity: &'static str,
    pub reason: Clean,
    pub message: Clean,
    pub about: AboutRow,
    pub count: u32,
    pub first_seen: Option<Timestamp>,
    pub last_seen: Option<Timestamp>,
    pub source: Option<Clean>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AboutRow {
    pub kind: Clean,
    /// Null for what belongs to no namespace.
    pub namespace: Option<Clean>,
    pub name: Clean,
}

/// A version as scripts read it; null where nothing tells it.
pub fn version(version: &Version) -> Option<String> {
    Some(version.full().to_owned()).filter(|text| !text.is_empty())
}
