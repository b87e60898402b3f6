//! Nodes and namespaces.

use super::meta::{ObjectMeta, TimedCondition};
use super::pod::Amounts;
use super::wire;

wire! {
    Namespace {
        [message, optional, tag = "1"] metadata: Option<ObjectMeta>,
    }
    Node {
        [message, optional, tag = "1"] metadata: Option<ObjectMeta>,
        [message, optional, tag = "2"] spec: Option<NodeSpec>,
        [message, optional, tag = "3"] status: Option<NodeStatus>,
    }
    NodeSpec {
        #[serde(rename = "podCIDR")]
        [string, tag = "1"] pod_cidr: String,
        #[serde(rename = "providerID")]
        [string, tag = "3"] provider_id: String,
        [bool, tag = "4"] unschedulable: bool,
        [message, repeated, tag = "5"] taints: Vec<Taint>,
        #[serde(rename = "podCIDRs")]
        [string, repeated, tag = "7"] pod_cidrs: Vec<String>,
    }
    Taint {
        [string, tag = "1"] key: String,
        [string, tag = "2"] value: String,
        [string, tag = "3"] effect: String,
    }
    NodeStatus {
        [btree_map = "string, message", tag = "2"] allocatable: Amounts,
        [message, repeated, tag = "4"] conditions: Vec<TimedCondition>,
        [message, repeated, tag = "5"] addresses: Vec<Address>,
        [message, optional, tag = "7"] node_info: Option<NodeInfo>,
    }
    Address {
        #[serde(rename = "type")]
        [string, tag = "1"] kind: String,
        [string, tag = "2"] address: String,
    }
    NodeInfo {
        [string, tag = "7"] kubelet_version: String,
    }
}
