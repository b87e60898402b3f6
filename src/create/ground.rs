//! Where in one cluster a new app is to run: its locations, a group, exclusive nodes.

use serde_json::{Map, Value, json};

use super::answers::App;
use crate::domain::headroom::{AffinityTerm, Operator, Requirement, Toleration};
use crate::domain::node::TaintEffect;
use crate::domain::{Clean, PodShape};

/// The taint that keeps a node for one app.
const EXCLUSIVE: &str = "pilothouse.dev/exclusive";

/// A label of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub key: Clean,
    pub value: Clean,
}

/// Where in one cluster an app is to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// Names of the locations, the default one first; empty: anywhere in the cluster.
    pub locations: Vec<Clean>,
    /// The labels that tell their nodes, all of one key; empty where the whole cluster is the location.
    pub labels: Vec<Label>,
    pub group: Option<Label>,
    /// Nodes that are kept for the app are for it.
    pub exclusive: bool,
}

impl Ground {
    /// `nodeSelector`: what all nodes of it have.
    pub(super) fn node_selector(&self) -> Map<String, Value> {
        let location = match self.labels.as_slice() {
            [one] => Some(one),
            _ => None,
        };
        let labels = location.into_iter().chain(&self.group);
        labels
            .map(|label| (label.key.to_string(), label.value.as_str().into()))
            .collect()
    }

    /// `requiredDuringSchedulingIgnoredDuringExecution` of several locations: one of them.
    pub(super) fn affinity(&self) -> Option<Value> {
        let first = self.labels.first().filter(|_| self.labels.len() > 1)?;
        let values: Vec<&str> = self.labels.iter().map(|label| label.value.as_str()).collect();
        let expression = json!({"key": first.key.as_str(), "operator": "In", "values": values});
        Some(json!({"nodeSelectorTerms": [{"matchExpressions": [expression]}]}))
    }

    /// What lets it onto the nodes that are kept for it.
    pub(super) fn tolerations(&self, app: &App) -> Vec<Value> {
        let toleration = json!({"key": EXCLUSIVE, "operator": "Equal", "value": app.name, "effect": "NoSchedule"});
        self.exclusive.then_some(toleration).into_iter().collect()
    }

    /// What the scheduler will look at in an instance: for its headroom.
    pub fn shape(&self, app: &App) -> PodShape {
        let own = self.labels.len() == 1;
        let labels = self.labels.iter().filter(|_| own).chain(&self.group);
        let term = self.labels.first().filter(|_| !own).map(|first| AffinityTerm {
            labels: vec![Requirement {
                key: first.key.clone(),
                operator: Operator::In,
                values: self.labels.iter().map(|label| label.value.clone()).collect(),
            }],
            names: Vec::new(),
        });
        let toleration = Toleration {
            key: EXCLUSIVE.into(),
            value: Some(app.name.as_str().into()),
            effect: Some(TaintEffect::NoSchedule),
        };
        PodShape {
            node_selector: labels.map(|label| (label.key.clone(), label.value.clone())).collect(),
            node_affinity: term.into_iter().collect(),
            tolerations: self.exclusive.then_some(toleration).into_iter().collect(),
            limits: crate::domain::Resources::new(0, app.resources.memory.0),
            ..PodShape::plain(app.resources)
        }
    }
}
