//! Pods and pod templates.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::meta::{LabelSelector, ObjectMeta, TemplateMeta, TimedCondition};
use super::scalar::{Quantity, Time};
use super::wire;

/// Amounts by resource name.
pub(crate) type Amounts = BTreeMap<String, Quantity>;

wire! {
    Pod {
        [message, optional, tag = "1"] metadata: Option<ObjectMeta>,
        [message, optional, tag = "2"] spec: Option<PodSpec>,
        [message, optional, tag = "3"] status: Option<PodStatus>,
    }
    PodTemplate {
        [message, optional, tag = "1"] metadata: Option<TemplateMeta>,
        [message, optional, tag = "2"] spec: Option<PodSpec>,
    }
    PodSpec {
        [message, repeated, tag = "2"] containers: Vec<Container>,
        [btree_map = "string, string", tag = "7"] node_selector: BTreeMap<String, String>,
        [string, tag = "10"] node_name: String,
        [bool, tag = "11"] host_network: bool,
        [message, optional, tag = "18"] affinity: Option<Affinity>,
        [message, repeated, tag = "20"] init_containers: Vec<Container>,
        [message, repeated, tag = "22"] tolerations: Vec<Toleration>,
        [btree_map = "string, message", tag = "32"] overhead: Amounts,
        [message, repeated, tag = "34"] ephemeral_containers: Vec<EphemeralContainer>,
        [message, optional, tag = "40"] resources: Option<Requirements>,
    }
    Container {
        [string, tag = "1"] name: String,
        [string, tag = "2"] image: String,
        [message, repeated, tag = "6"] ports: Vec<ContainerPort>,
        [message, optional, tag = "8"] resources: Option<Requirements>,
        [string, tag = "24"] restart_policy: String,
    }
    ContainerPort {
        [int32, tag = "2"] host_port: i32,
    }
    Requirements {
        [btree_map = "string, message", tag = "1"] limits: Amounts,
        [btree_map = "string, message", tag = "2"] requests: Amounts,
    }
    Affinity {
        [message, optional, tag = "1"] node_affinity: Option<NodeAffinity>,
        [message, optional, tag = "3"] pod_anti_affinity: Option<PodAntiAffinity>,
    }
    NodeAffinity {
        #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
        [message, optional, tag = "1"] required: Option<NodeSelector>,
    }
    NodeSelector {
        [message, repeated, tag = "1"] node_selector_terms: Vec<NodeSelectorTerm>,
    }
    NodeSelectorTerm {
        [message, repeated, tag = "1"] match_expressions: Vec<super::meta::SelectorRequirement>,
        [message, repeated, tag = "2"] match_fields: Vec<super::meta::SelectorRequirement>,
    }
    PodAntiAffinity {
        #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
        [message, repeated, tag = "1"] required: Vec<PodAffinityTerm>,
    }
    PodAffinityTerm {
        [message, optional, tag = "1"] label_selector: Option<LabelSelector>,
        [string, tag = "3"] topology_key: String,
    }
    Toleration {
        [string, tag = "1"] key: String,
        [string, tag = "2"] operator: String,
        [string, tag = "3"] value: String,
        [string, tag = "4"] effect: String,
    }
    PodStatus {
        [string, tag = "1"] phase: String,
        [message, repeated, tag = "2"] conditions: Vec<TimedCondition>,
        [string, tag = "3"] message: String,
        [string, tag = "4"] reason: String,
        #[serde(rename = "podIP")]
        [string, tag = "6"] pod_ip: String,
        [message, repeated, tag = "8"] container_statuses: Vec<ContainerStatus>,
        [message, repeated, tag = "10"] init_container_statuses: Vec<ContainerStatus>,
        [message, repeated, tag = "13"] ephemeral_container_statuses: Vec<ContainerStatus>,
        [string, tag = "14"] resize: String,
    }
    ContainerStatus {
        [string, tag = "1"] name: String,
        [message, optional, tag = "2"] state: Option<ContainerState>,
        [message, optional, tag = "3"] last_state: Option<ContainerState>,
        [bool, tag = "4"] ready: bool,
        [int32, tag = "5"] restart_count: i32,
        #[serde(rename = "imageID")]
        [string, tag = "7"] image_id: String,
        [btree_map = "string, message", tag = "10"] allocated_resources: Amounts,
        [message, optional, tag = "11"] resources: Option<Requirements>,
    }
    ContainerState {
        [message, optional, tag = "1"] waiting: Option<Waiting>,
        [message, optional, tag = "2"] running: Option<Running>,
        [message, optional, tag = "3"] terminated: Option<Terminated>,
    }
    Waiting {
        [string, tag = "1"] reason: String,
        [string, tag = "2"] message: String,
    }
    Running {
        [message, optional, tag = "1"] started_at: Option<Time>,
    }
    Terminated {
        [int32, tag = "1"] exit_code: i32,
        [int32, tag = "2"] signal: i32,
        [string, tag = "3"] reason: String,
        [string, tag = "4"] message: String,
        [message, optional, tag = "5"] started_at: Option<Time>,
        [message, optional, tag = "6"] finished_at: Option<Time>,
    }
}

/// A debugging container; protobuf nests what JSON writes flat.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct EphemeralContainer {
    #[prost(message, optional, tag = "1")]
    pub(crate) common: Option<Container>,
}

impl<'de> Deserialize<'de> for EphemeralContainer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Container::deserialize(deserializer).map(|common| Self { common: Some(common) })
    }
}
