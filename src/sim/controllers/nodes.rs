//! The nodes as the scheduler and the daemon sets see them: what each offers, what is taken, who is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::context::{Key, is_over};
use super::object::{at, condition, integer, items, text};
use crate::domain::headroom::{AffinityTerm, Operator, Requirement, Taken, Toleration, effective_requests};
use crate::domain::node::{Taint, TaintEffect};
use crate::domain::{Clean, Cpu, Memory, Node, NodeHealth, PodShape, Resources};

/// Every node of a cluster, by name.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    places: BTreeMap<Arc<str>, Place>,
}

/// One node and what is on it.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// Nothing where pods name a node that does not exist.
    pub(crate) node: Option<Node>,
    pub(crate) taken: Taken,
    pub(crate) pods: BTreeSet<Key>,
}

impl Nodes {
    /// Takes in a node's newest state, or that it is gone.
    pub(crate) fn set(&mut self, name: &str, node: Option<&Value>) {
        let place = self.place(name);
        place.node = node.map(read);
        if place.node.is_none() && place.pods.is_empty() {
            self.places.remove(name);
        }
    }

    /// Takes in that a pod changed from one state to another.
    pub(crate) fn follow(&mut self, before: Option<&Value>, after: Option<&Value>) {
        for (pod, sign) in [(before, -1), (after, 1)] {
            let Some(pod) = pod else { continue };
            let name = text(pod, &["spec", "nodeName"]);
            if name.is_empty() {
                continue;
            }
            let held = if is_over(pod) {
                Resources::default()
            } else {
                requests(pod)
            };
            let slots = i64::from(!is_over(pod)) * sign;
            let place = self.place(name);
            if sign > 0 {
                place.taken.requested += held;
                place.pods.insert(Key::of(pod));
            } else {
                place.taken.requested -= held;
                place.pods.remove(&Key::of(pod));
            }
            place.taken.pods += slots;
        }
    }

    fn place(&mut self, name: &str) -> &mut Place {
        if !self.places.contains_key(name) {
            self.places.insert(name.into(), Place::default());
        }
        self.places.entry(name.into()).or_default()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Place> {
        self.places.get(name)
    }

    /// Every node there is, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Node, &Place)> {
        self.places
            .values()
            .filter_map(|place| place.node.as_ref().map(|node| (node, place)))
    }
}

/// What of a node decides about pods.
pub(crate) fn read(node: &Value) -> Node {
    let amount = |resource| text(node, &["status", "allocatable", resource]);
    let health = match condition(node, "Ready").map(|c| text(c, &["status"])) {
        Some("True") => NodeHealth::Ready,
        Some("False") => NodeHealth::NotReady,
        _ => NodeHealth::Unknown,
    };
    Node {
        name: text(node, &["metadata", "name"]).into(),
        labels: pairs(node, &["metadata", "labels"]).into(),
        health,
        cordoned: at(node, &["spec", "unschedulable"]) == Some(&Value::Bool(true)),
        taints: items(node, &["spec", "taints"]).iter().filter_map(taint).collect(),
        allocatable: Resources {
            cpu: Cpu::parse(amount("cpu")).unwrap_or_default(),
            memory: Memory::parse(amount("memory")).unwrap_or_default(),
        },
        pod_slots: amount("pods").parse().unwrap_or(110),
        ..Node::default()
    }
}

fn pairs(object: &Value, path: &[&str]) -> Vec<(Clean, Clean)> {
    let map = at(object, path).and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str().into(), value.as_str().unwrap_or_default().into()))
        .collect()
}

fn effect(text: &str) -> Option<TaintEffect> {
    match text {
        "NoSchedule" => Some(TaintEffect::NoSchedule),
        "PreferNoSchedule" => Some(TaintEffect::PreferNoSchedule),
        "NoExecute" => Some(TaintEffect::NoExecute),
        _ => None,
    }
}

fn taint(taint: &Value) -> Option<Taint> {
    Some(Taint {
        key: text(taint, &["key"]).into(),
        value: text(taint, &["value"]).into(),
        effect: effect(text(taint, &["effect"]))?,
    })
}

/// What a pod asks for, as the scheduler counts it.
pub(crate) fn requests(pod: &Value) -> Resources {
    let of = |container: &Value| {
        let amount = |resource| match text(container, &["resources", "requests", resource]) {
            "" => text(container, &["resources", "limits", resource]),
            request => request,
        };
        Resources {
            cpu: Cpu::parse(amount("cpu")).unwrap_or_default(),
            memory: Memory::parse(amount("memory")).unwrap_or_default(),
        }
    };
    let main: Vec<Resources> = items(pod, &["spec", "containers"]).iter().map(of).collect();
    let init: Vec<(Resources, bool)> = items(pod, &["spec", "initContainers"])
        .iter()
        .map(|c| (of(c), text(c, &["restartPolicy"]) == "Always"))
        .collect();
    let overhead = |resource| text(pod, &["spec", "overhead", resource]);
    let overhead = Resources {
        cpu: Cpu::parse(overhead("cpu")).unwrap_or_default(),
        memory: Memory::parse(overhead("memory")).unwrap_or_default(),
    };
    effective_requests(&main, &init, overhead)
}

/// What the scheduler looks at in a pod.
pub(crate) fn shape(pod: &Value) -> PodShape {
    let terms = items(
        pod,
        &[
            "spec",
            "affinity",
            "nodeAffinity",
            "requiredDuringSchedulingIgnoredDuringExecution",
            "nodeSelectorTerms",
        ],
    );
    let apart = items(
        pod,
        &[
            "spec",
            "affinity",
            "podAntiAffinity",
            "requiredDuringSchedulingIgnoredDuringExecution",
        ],
    );
    PodShape {
        requests: requests(pod),
        limits: Resources::default(),
        node_selector: pairs(pod, &["spec", "nodeSelector"]),
        node_affinity: terms.iter().map(term).collect(),
        tolerations: items(pod, &["spec", "tolerations"]).iter().map(toleration).collect(),
        host_port: items(pod, &["spec", "containers"])
            .iter()
            .flat_map(|c| items(c, &["ports"]))
            .any(|port| integer(port, &["hostPort"]).is_some_and(|port| port > 0)),
        one_per_node: apart
            .iter()
            .any(|t| text(t, &["topologyKey"]) == "kubernetes.io/hostname"),
    }
}

fn term(term: &Value) -> AffinityTerm {
    let read = |field: &str| items(term, &[field]).iter().filter_map(requirement).collect();
    AffinityTerm {
        labels: read("matchExpressions"),
        names: read("matchFields"),
    }
}

fn requirement(value: &Value) -> Option<Requirement> {
    let operator = match text(value, &["operator"]) {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        "Gt" => Operator::Gt,
        "Lt" => Operator::Lt,
        _ => return None,
    };
    let values = items(value, &["values"]).iter().filter_map(Value::as_str);
    Some(Requirement {
        key: text(value, &["key"]).into(),
        operator,
        values: values.map(Into::into).collect(),
    })
}

fn toleration(value: &Value) -> Toleration {
    Toleration {
        key: text(value, &["key"]).into(),
        value: (text(value, &["operator"]) != "Exists").then(|| text(value, &["value"]).into()),
        effect: effect(text(value, &["effect"])),
    }
}
