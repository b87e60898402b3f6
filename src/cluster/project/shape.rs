//! What the scheduler looks at in a pod: effective requests, selectors, tolerations.

use std::collections::BTreeMap;

use super::Projector;
use crate::cluster::wire::meta::{LabelSelector, SelectorRequirement};
use crate::cluster::wire::pod::{Amounts, Container, ContainerStatus, PodSpec, PodStatus, Requirements};
use crate::cluster::wire::scalar::Quantity;
use crate::domain::headroom::{AffinityTerm, Operator, Requirement, Toleration, effective_requests};
use crate::domain::node::TaintEffect;
use crate::domain::{Cpu, Memory, PodShape, Resources};

/// The label of a node's own name, the topology in which anti-affinity means "one a node".
const HOSTNAME: &str = "kubernetes.io/hostname";

impl Projector {
    /// The shape of a pod or, without a status, of the pods a template makes.
    pub(super) fn pod_shape(
        &mut self,
        labels: &BTreeMap<String, String>,
        spec: &PodSpec,
        status: Option<&PodStatus>,
    ) -> PodShape {
        let affinity = spec.affinity.as_ref();
        let terms = affinity
            .and_then(|a| a.node_affinity.as_ref())
            .and_then(|a| a.required.as_ref())
            .map_or(&[][..], |selector| &selector.node_selector_terms);
        PodShape {
            requests: requests(spec, status),
            limits: limits(spec),
            node_selector: self.pairs(&spec.node_selector),
            node_affinity: terms
                .iter()
                .map(|term| AffinityTerm {
                    labels: self.requirements(&term.match_expressions),
                    names: self.requirements(&term.match_fields),
                })
                .collect(),
            tolerations: spec.tolerations.iter().map(|t| self.toleration(t)).collect(),
            host_port: spec
                .containers
                .iter()
                .any(|c| c.ports.iter().any(|port| port.host_port > 0)),
            one_per_node: affinity.and_then(|a| a.pod_anti_affinity.as_ref()).is_some_and(|anti| {
                anti.required.iter().any(|term| {
                    term.topology_key == HOSTNAME
                        && term
                            .label_selector
                            .as_ref()
                            .is_some_and(|selector| selects(selector, labels))
                })
            }),
        }
    }

    fn requirements(&mut self, wire: &[SelectorRequirement]) -> Vec<Requirement> {
        wire.iter()
            .filter_map(|r| {
                Some(Requirement {
                    key: self.text(&r.key),
                    operator: match r.operator.as_str() {
                        "In" => Operator::In,
                        "NotIn" => Operator::NotIn,
                        "Exists" => Operator::Exists,
                        "DoesNotExist" => Operator::DoesNotExist,
                        "Gt" => Operator::Gt,
                        "Lt" => Operator::Lt,
                        _ => return None,
                    },
                    values: r.values.iter().map(|v| self.text(v)).collect(),
                })
            })
            .collect()
    }

    fn toleration(&mut self, wire: &crate::cluster::wire::pod::Toleration) -> Toleration {
        Toleration {
            key: self.text(&wire.key),
            value: (wire.operator != "Exists").then(|| self.text(&wire.value)),
            effect: effect(&wire.effect),
        }
    }
}

/// A taint's effect by its name.
pub(super) fn effect(name: &str) -> Option<TaintEffect> {
    match name {
        "NoSchedule" => Some(TaintEffect::NoSchedule),
        "PreferNoSchedule" => Some(TaintEffect::PreferNoSchedule),
        "NoExecute" => Some(TaintEffect::NoExecute),
        _ => None,
    }
}

fn selects(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let by_labels = selector.match_labels.iter().all(|(k, v)| labels.get(k) == Some(v));
    by_labels
        && selector.match_expressions.iter().all(|r| {
            let value = labels.get(&r.key);
            match r.operator.as_str() {
                "In" => value.is_some_and(|v| r.values.contains(v)),
                "NotIn" => value.is_none_or(|v| !r.values.contains(v)),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        })
}

/// CPU and memory of a list of amounts.
pub(super) fn resources(amounts: &Amounts) -> Resources {
    Resources {
        cpu: amounts.get("cpu").and_then(Quantity::cpu).unwrap_or_default(),
        memory: amounts.get("memory").and_then(Quantity::memory).unwrap_or_default(),
    }
}

/// A container's requests; where one is missing the limit stands in, as the API server defaults it.
pub(super) fn container_requests(requirements: Option<&Requirements>) -> Resources {
    requirements.map_or_else(Resources::default, |r| {
        let limits = resources(&r.limits);
        let requests = resources(&r.requests);
        Resources {
            cpu: if r.requests.contains_key("cpu") {
                requests.cpu
            } else {
                limits.cpu
            },
            memory: if r.requests.contains_key("memory") {
                requests.memory
            } else {
                limits.memory
            },
        }
    })
}

/// A container's CPU limit in thousandths and memory limit in bytes.
pub(super) fn container_limits(requirements: Option<&Requirements>) -> (Option<i64>, Option<i64>) {
    let limits = requirements.map(|r| &r.limits);
    (
        limits
            .and_then(|l| l.get("cpu"))
            .and_then(Quantity::cpu)
            .map(|Cpu(m)| m),
        limits
            .and_then(|l| l.get("memory"))
            .and_then(Quantity::memory)
            .map(|Memory(b)| b),
    )
}

fn requests(spec: &PodSpec, status: Option<&PodStatus>) -> Resources {
    let infeasible = status.is_some_and(|s| {
        s.resize == "Infeasible"
            || s.conditions
                .iter()
                .any(|c| c.kind == "PodResizePending" && c.reason == "Infeasible")
    });
    let of = |container: &Container, statuses: &[ContainerStatus]| {
        let asked = container_requests(container.resources.as_ref());
        let Some(status) = statuses.iter().find(|s| s.name == container.name) else {
            return asked;
        };
        // While a container is resized in place, the scheduler counts the larger of what is asked for,
        // what the node has set aside and what runs; a resize that cannot be is not counted.
        let allocated = resources(&status.allocated_resources);
        let actual = status
            .resources
            .as_ref()
            .map(|r| resources(&r.requests))
            .unwrap_or_default();
        let held = allocated.max(actual);
        if infeasible && !held.is_zero() {
            held
        } else {
            asked.max(held)
        }
    };
    let (main, init) = status.map_or((&[][..], &[][..]), |s| {
        (&s.container_statuses, &s.init_container_statuses)
    });
    let containers: Vec<_> = spec.containers.iter().map(|c| of(c, main)).collect();
    let inits: Vec<_> = spec
        .init_containers
        .iter()
        .map(|c| (of(c, init), c.restart_policy == "Always"))
        .collect();
    let overhead = resources(&spec.overhead);
    let sum = effective_requests(&containers, &inits, Resources::default());
    // Requests of the pod as a whole replace the sum of its containers', resource by resource.
    let pod = spec.resources.as_ref();
    let whole = container_requests(pod);
    let has = |name: &str| pod.is_some_and(|r| r.requests.contains_key(name) || r.limits.contains_key(name));
    Resources {
        cpu: if has("cpu") { whole.cpu } else { sum.cpu },
        memory: if has("memory") { whole.memory } else { sum.memory },
    } + overhead
}

/// Limits of a pod together, as quotas count them (`PodLimits` beside `PodRequests`): overhead is added to a resource that
/// is limited at all.
fn limits(spec: &PodSpec) -> Resources {
    let of =
        |requirements: Option<&Requirements>| requirements.map_or_else(Resources::default, |r| resources(&r.limits));
    let containers: Vec<_> = spec.containers.iter().map(|c| of(c.resources.as_ref())).collect();
    let inits = spec.init_containers.iter();
    let inits: Vec<_> = inits
        .map(|c| (of(c.resources.as_ref()), c.restart_policy == "Always"))
        .collect();
    let mut sum = effective_requests(&containers, &inits, Resources::default());
    let (whole, overhead) = (of(spec.resources.as_ref()), resources(&spec.overhead));
    if whole.cpu != Cpu::default() {
        sum.cpu = whole.cpu;
    }
    if whole.memory != Memory::default() {
        sum.memory = whole.memory;
    }
    if sum.cpu != Cpu::default() {
        sum.cpu += overhead.cpu;
    }
    if sum.memory != Memory::default() {
        sum.memory += overhead.memory;
    }
    sum
}
