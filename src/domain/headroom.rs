//! How many more instances of a shape a node takes, counted as the scheduler counts.
//!
//! Rules from Kubernetes' `noderesources/fit.go` and `nodeaffinity`, collected in
//! `research/release.md` 5.4. Preemption, topology spread and volumes are not considered.

use super::node::{Node, TaintEffect};
use super::pod::label;
use super::quantity::{Cpu, Memory, Resources};
use super::text::Clean;

/// What the scheduler looks at in a pod, apart from its name. Equal for the instances of a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodShape {
    /// Effective requests: init containers, sidecars and overhead counted as the scheduler does.
    pub requests: Resources,
    /// Effective limits, which some quotas count; zero where there is none.
    pub limits: Resources,
    /// `nodeSelector`: all must match.
    pub node_selector: Vec<(Clean, Clean)>,
    /// `requiredDuringSchedulingIgnoredDuringExecution` terms: one must match; empty: no demand.
    pub node_affinity: Vec<AffinityTerm>,
    pub tolerations: Vec<Toleration>,
    /// It binds a port of its node, so only one fits on each.
    pub host_port: bool,
    /// It refuses to share a node with its like (required anti-affinity on `kubernetes.io/hostname`).
    pub one_per_node: bool,
}

/// One term of a node affinity: every requirement must hold. A term without requirements matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AffinityTerm {
    pub labels: Vec<Requirement>,
    /// Names of nodes (`matchFields` on `metadata.name`).
    pub names: Vec<Requirement>,
}

/// A requirement on one label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    pub key: Clean,
    pub operator: Operator,
    pub values: Vec<Clean>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    Gt,
    Lt,
}

impl Requirement {
    /// Whether a value, or its absence, satisfies the requirement.
    pub fn matches(&self, value: Option<&str>) -> bool {
        let number = |text: &str| text.parse::<i64>().ok();
        match (self.operator, value) {
            (Operator::In, Some(v)) => self.values.iter().any(|wanted| wanted == v),
            (Operator::NotIn, Some(v)) => !self.values.iter().any(|refused| refused == v),
            (Operator::NotIn | Operator::DoesNotExist, None) | (Operator::Exists, Some(_)) => true,
            (Operator::In | Operator::Exists | Operator::Gt | Operator::Lt, None)
            | (Operator::DoesNotExist, Some(_)) => false,
            (Operator::Gt | Operator::Lt, Some(v)) => match (number(v), self.values.first().and_then(|w| number(w))) {
                (Some(v), Some(wanted)) if self.operator == Operator::Gt => v > wanted,
                (Some(v), Some(wanted)) => v < wanted,
                _ => false,
            },
        }
    }
}

/// A toleration; an empty `key` tolerates every taint, no `effect` every effect, no `value` every value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Toleration {
    pub key: Clean,
    /// `None` for the operator `Exists`.
    pub value: Option<Clean>,
    pub effect: Option<TaintEffect>,
}

/// What is taken on a node: by pods that hold resources there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub requested: Resources,
    pub pods: i64,
}

/// How many more fit on a node, and what stops the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    pub count: i64,
    pub limit: Limit,
}

/// What stops one more instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// The node takes none of this shape, for the reason given.
    Refused(Refusal),
    Slots,
    Cpu,
    Memory,
    /// One instance a node at the most.
    OnePerNode,
}

impl Limit {
    /// The limit in a word or two.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused(Refusal::NotReady) => "node not ready",
            Self::Refused(Refusal::Cordoned) => "cordoned",
            Self::Refused(Refusal::Taint) => "taint",
            Self::Refused(Refusal::Selector) => "selector",
            Self::Slots => "pod slots",
            Self::Cpu => "CPU",
            Self::Memory => "memory",
            Self::OnePerNode => "one a node",
        }
    }
}

/// Why a node takes no instance of a shape at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    NotReady,
    Cordoned,
    Taint,
    Selector,
}

impl PodShape {
    /// A pod that asks for `requests` and nothing else.
    pub fn plain(requests: Resources) -> Self {
        Self {
            requests,
            ..Self::default()
        }
    }

    /// How many more instances of this shape `node` takes beside what is `taken`.
    ///
    /// `has_one` says that an instance of this app is there already, which matters for shapes that
    /// allow one a node.
    pub fn fit(&self, node: &Node, taken: Taken, has_one: bool) -> Fit {
        if let Some(refusal) = self.refusal(node) {
            return Fit {
                count: 0,
                limit: Limit::Refused(refusal),
            };
        }
        let mut fit = Fit {
            count: (node.pod_slots - taken.pods).max(0),
            limit: Limit::Slots,
        };
        let free = node.allocatable - taken.requested;
        let mut at_most = |count: i64, limit: Limit| {
            if count < fit.count {
                fit = Fit { count, limit };
            }
        };
        if self.requests.cpu > Cpu(0) {
            at_most((free.cpu.0 / self.requests.cpu.0).max(0), Limit::Cpu);
        }
        if self.requests.memory > Memory(0) {
            at_most((free.memory.0 / self.requests.memory.0).max(0), Limit::Memory);
        }
        if self.host_port || self.one_per_node {
            at_most(i64::from(!has_one), Limit::OnePerNode);
        }
        fit
    }

    fn refusal(&self, node: &Node) -> Option<Refusal> {
        if !node.is_ready() {
            return Some(Refusal::NotReady);
        }
        if node.cordoned && !self.tolerates("node.kubernetes.io/unschedulable", "", TaintEffect::NoSchedule) {
            return Some(Refusal::Cordoned);
        }
        let repelled = node.taints.iter().any(|taint| {
            taint.effect != TaintEffect::PreferNoSchedule
                && taint.key != "node.kubernetes.io/unschedulable"
                && !self.tolerates(&taint.key, &taint.value, taint.effect)
        });
        if repelled {
            return Some(Refusal::Taint);
        }
        (!self.selects(node)).then_some(Refusal::Selector)
    }

    fn tolerates(&self, key: &str, value: &str, effect: TaintEffect) -> bool {
        self.tolerations.iter().any(|t| {
            t.effect.is_none_or(|e| e == effect)
                && (t.key.is_empty() && t.value.is_none() || t.key == key)
                && t.value.as_ref().is_none_or(|v| v == value)
        })
    }

    fn selects(&self, node: &Node) -> bool {
        let value = |key: &str| label(&node.labels, key).map(Clean::as_str);
        let by_selector = self.node_selector.iter().all(|(k, v)| value(k) == Some(v.as_str()));
        let by_affinity = self.node_affinity.is_empty()
            || self.node_affinity.iter().any(|term| {
                !(term.labels.is_empty() && term.names.is_empty())
                    && term.labels.iter().all(|r| r.matches(value(&r.key)))
                    && term.names.iter().all(|r| r.matches(Some(&node.name)))
            });
        by_selector && by_affinity
    }
}

/// The requests the scheduler counts for a pod: `max(Σ main + Σ sidecars, max over init steps) + overhead`.
///
/// `containers` and `init` in the pod's order; `init` pairs each request with whether it is a sidecar.
/// Source: Kubernetes `component-helpers/resource/helpers.go`, `PodRequests`.
pub fn effective_requests(containers: &[Resources], init: &[(Resources, bool)], overhead: Resources) -> Resources {
    let mut steady: Resources = containers.iter().copied().sum();
    let mut sidecars = Resources::default();
    let mut start = Resources::default();
    for &(request, is_sidecar) in init {
        if is_sidecar {
            sidecars += request;
            steady += request;
            start = start.max(sidecars);
        } else {
            start = start.max(request + sidecars);
        }
    }
    steady.max(start) + overhead
}

#[cfg(test)]
mod tests {
    use super::super::node::{NodeHealth, Taint};
    use super::*;

    fn node() -> Node {
        Node {
            name: "node-1".into(),
            labels: [("zone".into(), "a".into())].into(),
            health: NodeHealth::Ready,
            allocatable: Resources::new(4000, 8 << 30),
            pod_slots: 110,
            ..Node::default()
        }
    }

    fn taken(cpu: i64, memory: i64, pods: i64) -> Taken {
        Taken {
            requested: Resources::new(cpu, memory),
            pods,
        }
    }

    #[test]
    fn the_scarcest_resource_decides() {
        let shape = PodShape::plain(Resources::new(500, 512 << 20));
        for (taken, count, limit) in [
            (taken(0, 0, 0), 8, Limit::Cpu),
            (taken(0, 7 << 30, 0), 2, Limit::Memory),
            (taken(0, 0, 107), 3, Limit::Slots),
            (taken(5000, 0, 0), 0, Limit::Cpu),
        ] {
            assert_eq!(shape.fit(&node(), taken, false), Fit { count, limit });
        }
    }

    #[test]
    fn nodes_refuse_for_a_reason() {
        let shape = PodShape::plain(Resources::new(500, 0));
        let refused = |node: Node, shape: &PodShape| match shape.fit(&node, Taken::default(), false).limit {
            Limit::Refused(refusal) => Some(refusal),
            _ => None,
        };
        assert_eq!(refused(node(), &shape), None);
        assert_eq!(
            refused(
                Node {
                    health: NodeHealth::Unknown,
                    ..node()
                },
                &shape
            ),
            Some(Refusal::NotReady)
        );
        assert_eq!(
            refused(
                Node {
                    cordoned: true,
                    ..node()
                },
                &shape
            ),
            Some(Refusal::Cordoned)
        );
        let taint = Taint {
            key: "pilothouse.dev/exclusive".into(),
            value: "gift".into(),
            effect: TaintEffect::NoSchedule,
        };
        let tainted = Node {
            taints: [taint].into(),
            ..node()
        };
        assert_eq!(refused(tainted.clone(), &shape), Some(Refusal::Taint));
        let tolerant = |value: Option<&str>| PodShape {
            tolerations: vec![Toleration {
                key: "pilothouse.dev/exclusive".into(),
                value: value.map(Into::into),
                effect: None,
            }],
            ..shape.clone()
        };
        assert_eq!(refused(tainted.clone(), &tolerant(Some("gift"))), None);
        assert_eq!(refused(tainted.clone(), &tolerant(Some("feed"))), Some(Refusal::Taint));
        assert_eq!(refused(tainted, &tolerant(None)), None);
        let elsewhere = PodShape {
            node_selector: vec![("zone".into(), "b".into())],
            ..shape
        };
        assert_eq!(refused(node(), &elsewhere), Some(Refusal::Selector));
    }

    #[test]
    fn affinity_terms_are_alternatives() {
        let term = |operator, values: &[&str]| AffinityTerm {
            labels: vec![Requirement {
                key: "zone".into(),
                operator,
                values: values.iter().map(|&v| v.into()).collect(),
            }],
            names: vec![],
        };
        let shape = |terms| PodShape {
            node_affinity: terms,
            ..PodShape::default()
        };
        for (terms, fits) in [
            (vec![term(Operator::In, &["b"]), term(Operator::In, &["a"])], true),
            (vec![term(Operator::In, &["b"])], false),
            (vec![term(Operator::NotIn, &["a"])], false),
            (vec![term(Operator::DoesNotExist, &[])], false),
            (vec![AffinityTerm::default()], false),
        ] {
            assert_eq!(
                shape(terms.clone()).fit(&node(), Taken::default(), false).count > 0,
                fits,
                "{terms:?}"
            );
        }
    }

    #[test]
    fn one_a_node_means_one() {
        let shape = PodShape {
            one_per_node: true,
            ..PodShape::default()
        };
        assert_eq!(shape.fit(&node(), Taken::default(), false).count, 1);
        assert_eq!(shape.fit(&node(), Taken::default(), true).count, 0);
    }

    #[test]
    fn requests_count_init_containers_and_sidecars_as_the_scheduler_does() {
        let cpu = |m| Resources::new(m, 0);
        for (main, init, overhead, total) in [
            (vec![cpu(100), cpu(200)], vec![], cpu(0), 300),
            (vec![cpu(100)], vec![(cpu(500), false)], cpu(0), 500),
            (vec![cpu(100)], vec![(cpu(50), true), (cpu(500), false)], cpu(0), 550),
            (vec![cpu(100)], vec![(cpu(500), false), (cpu(50), true)], cpu(0), 500),
            (vec![cpu(100)], vec![(cpu(50), true)], cpu(10), 160),
        ] {
            assert_eq!(effective_requests(&main, &init, overhead).cpu, Cpu(total));
        }
    }
}
