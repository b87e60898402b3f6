//! Nodes and namespaces: where a machine stands, who it belongs to, how it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::shape::{effect, resources};
use super::{Item, Projector, moment, uid};
use crate::cluster::wire::meta::{TimedCondition, annotation};
use crate::cluster::wire::node::{self as wire, NodeSpec};
use crate::domain::node::{Node, NodeHealth, Taint};
use crate::domain::{Clean, Namespace, Object, Provider};
use crate::release::freeze::ANNOTATION;

/// The taint that keeps a node for one app.
const EXCLUSIVE: &str = "pilothouse.dev/exclusive";

/// Labels that only the nodes of one cloud have.
const CLOUD_LABELS: [(&str, &str); 6] = [
    ("eks.amazonaws.com/nodegroup", "aws"),
    ("cloud.google.com/gke-nodepool", "gcp"),
    ("kubernetes.azure.com/agentpool", "azure"),
    ("alibabacloud.com/nodepool-id", "aliyun"),
    ("tke.cloud.tencent.com/nodepool-id", "tencent"),
    ("doks.digitalocean.com/node-pool-id", "digitalocean"),
];

impl Projector {
    pub(super) fn namespace(&mut self, wire: wire::Namespace) -> Item {
        let meta = wire.metadata.unwrap_or_default();
        let key = self.key(&meta);
        let namespace = Namespace {
            name: self.text(&meta.name),
            freeze: annotation(&meta.annotations, ANNOTATION).map(Clean::new),
        };
        Self::item(key, meta, Object::Namespace(namespace))
    }

    pub(super) fn node(&mut self, wire: wire::Node) -> Item {
        let meta = wire.metadata.unwrap_or_default();
        let spec = wire.spec.unwrap_or_default();
        let status = wire.status.unwrap_or_default();
        let rules = Arc::clone(&self.rules);
        let first = |keys: &[String]| {
            keys.iter()
                .find_map(|key| meta.labels.get(key))
                .filter(|v| !v.is_empty())
        };
        let place = first(&rules.location_labels);
        let group = first(&rules.group_labels).filter(|&group| Some(group) != place);
        let ready = status.conditions.iter().find(|c| c.kind == "Ready");
        let internal = status.addresses.iter().find(|a| a.kind == "InternalIP");
        let instance_type = meta
            .labels
            .get("node.kubernetes.io/instance-type")
            .or_else(|| meta.labels.get("beta.kubernetes.io/instance-type"));
        let key = self.key(&meta);
        let node = Node {
            name: self.text(&meta.name),
            uid: uid(&meta),
            location: self.text(place.map_or("", String::as_str)),
            group: group.map(|group| self.text(group)),
            exclusive: spec
                .taints
                .iter()
                .find(|t| t.key == EXCLUSIVE)
                .and_then(|t| self.some(&t.value)),
            provider: self.provider(&meta.labels, &spec.provider_id, place.is_some()),
            labels: self.labels(&meta.labels),
            pod_cidrs: pod_cidrs(&spec).iter().map(|cidr| (*cidr).into()).collect(),
            internal_ip: internal.map(|a| a.address.as_str().into()),
            kubelet_version: self.text(&status.node_info.unwrap_or_default().kubelet_version),
            instance_type: instance_type.map(|name| self.text(name)),
            created: moment(meta.creation_timestamp),
            health: health(ready),
            ready_since: ready.and_then(|c| moment(c.last_transition_time)),
            pressures: self.pressures(&status.conditions),
            cordoned: spec.unschedulable,
            taints: spec.taints.iter().filter_map(|taint| self.taint(taint)).collect(),
            allocatable: resources(&status.allocatable),
            pod_slots: status
                .allocatable
                .get("pods")
                .and_then(|q| q.text.parse().ok())
                .unwrap_or(0),
        };
        Self::item(key, meta, Object::Node(Box::new(node)))
    }

    fn taint(&mut self, taint: &wire::Taint) -> Option<Taint> {
        Some(Taint {
            effect: effect(&taint.effect)?,
            key: self.text(&taint.key),
            value: self.text(&taint.value),
        })
    }

    /// Conditions that should not be: all that are true but `Ready`.
    fn pressures(&mut self, conditions: &[TimedCondition]) -> Arc<[Clean]> {
        let bad = conditions.iter().filter(|c| c.kind != "Ready" && c.status == "True");
        bad.map(|c| self.text(&c.kind)).collect()
    }

    /// Whose machine it is: what a label says, what only one cloud's nodes have, the provider id.
    ///
    /// A cloud's controller writes a provider id on every node it knows. A node without one that
    /// somebody gave a location is therefore taken for one of the company's own.
    fn provider(&mut self, labels: &BTreeMap<String, String>, provider_id: &str, has_location: bool) -> Provider {
        let is_true = |key: &str| labels.get(key).is_some_and(|v| v == "true");
        let said = ["pilothouse.dev/provider", "provider"]
            .into_iter()
            .find_map(|key| labels.get(key));
        match said.map(String::as_str) {
            Some("idc" | "IDC") => return Provider::Idc,
            Some("mixed") => return Provider::Mixed,
            Some(name) if !name.is_empty() => return Provider::Cloud(self.text(name)),
            _ => {}
        }
        if is_true("alibabacloud.com/external") || is_true("alibabacloud.com/is-edge-worker") {
            return Provider::Idc;
        }
        if let Some((_, cloud)) = CLOUD_LABELS.iter().find(|(label, _)| labels.contains_key(*label)) {
            return Provider::Cloud(self.text(cloud));
        }
        let scheme = provider_id.split_once("://").map_or("", |(scheme, _)| scheme);
        match scheme {
            "aws" | "azure" | "digitalocean" | "hcloud" | "linode" | "ibm" | "oci" | "vultr" => {
                Provider::Cloud(self.text(scheme))
            }
            "gce" => Provider::Cloud(self.text("gcp")),
            "alicloud" | "aliyun" => Provider::Cloud(self.text("aliyun")),
            "qcloud" => Provider::Cloud(self.text("tencent")),
            "huaweicloud" => Provider::Cloud(self.text("huawei")),
            "vsphere" | "openstack" | "metal3" | "baremetalhost" | "maas" | "proxmox" | "harvester" => Provider::Idc,
            // Alibaba Cloud writes `REGION.INSTANCE` without a scheme.
            "" if provider_id.contains(".i-") => Provider::Cloud(self.text("aliyun")),
            "" if provider_id.is_empty() && has_location => Provider::Idc,
            _ => Provider::Unknown,
        }
    }
}

fn health(ready: Option<&TimedCondition>) -> NodeHealth {
    match ready.map(|c| c.status.as_str()) {
        Some("True") => NodeHealth::Ready,
        Some("False") => NodeHealth::NotReady,
        _ => NodeHealth::Unknown,
    }
}

fn pod_cidrs(spec: &NodeSpec) -> Vec<&str> {
    if spec.pod_cidrs.is_empty() {
        std::iter::once(spec.pod_cidr.as_str())
            .filter(|cidr| !cidr.is_empty())
            .collect()
    } else {
        spec.pod_cidrs.iter().map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::project_with;
    use super::*;
    use crate::cluster::Rules;
    use crate::domain::{Kind, Memory};

    fn node(rules: Rules, json: &Value) -> Node {
        match project_with(rules, Kind::Node, json) {
            Object::Node(node) => *node,
            other => panic!("not a node: {other:?}"),
        }
    }

    #[test]
    fn the_place_comes_from_the_first_label() {
        for (labels, location, group) in [
            (
                json!({"topology.kubernetes.io/zone": "a", "pilothouse.dev/location": "idc-1"}),
                "idc-1",
                None,
            ),
            (
                json!({"topology.kubernetes.io/zone": "a", "pilothouse.dev/group": "g1"}),
                "a",
                Some("g1"),
            ),
            (json!({}), "", None),
            (json!(null), "", None),
            (json!({"karpenter.sh/nodepool": "spot"}), "spot", None),
        ] {
            let node = node(Rules::default(), &json!({"metadata": {"name": "n", "labels": labels}}));
            assert_eq!(node.location, location, "{labels}");
            assert_eq!(node.group.as_ref().map(Clean::as_str), group, "{labels}");
        }
    }

    #[test]
    fn the_provider_is_said_or_inferred_or_unknown() {
        let cloud = |name: &str| Provider::Cloud(name.into());
        for (labels, id, provider) in [
            (json!({"provider": "idc"}), "aws:///x", Provider::Idc),
            (json!({"provider": "aliyun"}), "", cloud("aliyun")),
            (json!({"cloud.google.com/gke-nodepool": "p"}), "", cloud("gcp")),
            (
                json!({"alibabacloud.com/nodepool-id": "p", "alibabacloud.com/external": "true"}),
                "",
                Provider::Idc,
            ),
            (json!({}), "aws:///eu-1a/i-1", cloud("aws")),
            (json!({}), "cn-beijing.i-2ze", cloud("aliyun")),
            (json!({}), "kind://docker/x", Provider::Unknown),
            (json!({"topology.kubernetes.io/zone": "idc-a"}), "", Provider::Idc),
            (json!({}), "", Provider::Unknown),
        ] {
            let node = node(
                Rules::default(),
                &json!({"metadata": {"name": "n", "labels": labels}, "spec": {"providerID": id}}),
            );
            assert_eq!(node.provider, provider, "{labels} {id}");
        }
    }

    #[test]
    fn health_room_and_taints_are_read() {
        let node = node(
            Rules::default(),
            &json!({"metadata": {"name": "n"},
                "spec": {"podCIDR": "10.0.0.0/24", "unschedulable": true, "taints": [
                    {"key": "pilothouse.dev/exclusive", "value": "gift", "effect": "NoSchedule"}]},
                "status": {"allocatable": {"cpu": "7900m", "memory": "15Gi", "pods": "110"},
                    "conditions": [{"type": "Ready", "status": "Unknown"}, {"type": "DiskPressure", "status": "True"},
                                   {"type": "PIDPressure", "status": "False"}],
                    "addresses": [{"type": "InternalIP", "address": "10.1.2.3"}],
                    "nodeInfo": {"kubeletVersion": "v1.36.1"}, "images": [{"names": ["x"], "sizeBytes": 1}]}}),
        );
        assert_eq!(node.health, NodeHealth::Unknown);
        assert_eq!(node.pressures.as_ref(), ["DiskPressure"]);
        assert_eq!(node.exclusive.as_ref().unwrap(), &"gift");
        assert_eq!((node.pod_slots, node.allocatable.memory), (110, Memory(15 << 30)));
        assert_eq!(node.pod_cidrs.as_ref(), ["10.0.0.0/24"]);
        assert!(node.cordoned);
    }
}
