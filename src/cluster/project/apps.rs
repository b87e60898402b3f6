//! Workloads and their revisions.

use std::sync::Arc;

use super::{Item, Projector, controller, moment, uid};
use crate::cluster::wire::apps as wire;
use crate::cluster::wire::meta::{Condition, ObjectMeta, annotation};
use crate::cluster::wire::pod::PodTemplate;
use crate::cluster::wire::scalar::IntOrString;
use crate::domain::terms::{Driver, Rolling, Terms};
use crate::domain::workload::{Revision, Workload};
use crate::domain::{Amount, Clean, Kind, Object, Source};

/// The update strategy that waits for a person to delete each instance.
const ON_DELETE: &str = "OnDelete";

/// Instances of a workload as its controller counts them.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) desired: i64,
    /// Of any template.
    pub(super) instances: i64,
    pub(super) ready: i64,
    pub(super) updated: i64,
    pub(super) available: i64,
    /// Instances that the update strategy leaves on older templates until a person acts.
    pub(super) held: i64,
}

/// What a workload's kind says in its own way.
#[derive(Debug)]
pub(super) struct Said<'a> {
    pub(super) kind: Kind,
    pub(super) observed_generation: i64,
    pub(super) counts: Counts,
    pub(super) paused: bool,
    pub(super) terms: Terms,
    pub(super) template: Option<&'a PodTemplate>,
    pub(super) conditions: Vec<(&'a str, &'a str, &'a str)>,
    pub(super) strategy: Vec<(&'static str, String)>,
}

impl Projector {
    pub(super) fn workload(&mut self, meta: ObjectMeta, said: &Said<'_>) -> Item {
        let template = said.template.cloned().unwrap_or_default();
        let template_meta = template.metadata.unwrap_or_default();
        let spec = template.spec.unwrap_or_default();
        let image = spec.containers.first().map(|c| c.image.as_str());
        let shape = self.pod_shape(&template_meta.labels, &spec, None);
        let key = self.key(&meta);
        let number = |key: &str| annotation(&meta.annotations, key).and_then(|text| text.trim().parse().ok());
        let workload = Workload {
            kind: said.kind,
            key: key.clone(),
            uid: uid(&meta),
            // The template's labels come first: they are what the instances carry.
            app: {
                let own = self.app((&meta.labels, &[]), &meta.name);
                self.app((&template_meta.labels, &template_meta.annotations), &own)
            },
            labels: self.labels(&meta.labels),
            created: moment(meta.creation_timestamp),
            generation: (meta.generation, said.observed_generation),
            desired: said.counts.desired,
            instances: said.counts.instances,
            ready: said.counts.ready,
            updated: said.counts.updated,
            available: said.counts.available,
            rolls_to: (said.counts.desired - said.counts.held).max(0),
            paused: said.paused,
            terms: said.terms.clone(),
            driver: driver(&meta),
            version: self.version(&template_meta.labels, &template_meta.annotations, image),
            images: spec.containers.iter().map(|c| self.text(&c.image)).collect(),
            shape: self.shape(shape),
            owner: annotation(&meta.annotations, "pilothouse.dev/owner").and_then(|name| self.some(name)),
            default_location: annotation(&meta.annotations, "pilothouse.dev/location").and_then(|at| self.some(at)),
            min_instances: number("pilothouse.dev/min-instances"),
            max_instances: number("pilothouse.dev/max-instances"),
            source: self.source(&meta),
            conditions: said
                .conditions
                .iter()
                .map(|(kind, reason, message)| (self.text(kind), self.text(reason), Clean::new(message)))
                .collect(),
            strategy: said
                .strategy
                .iter()
                .map(|(label, value)| (self.text(label), self.text(value)))
                .collect(),
        };
        Self::item(key, meta, Object::Workload(Box::new(workload)))
    }

    fn source(&mut self, meta: &ObjectMeta) -> Option<Arc<Source>> {
        let mut said = |key| annotation(&meta.annotations, key).and_then(|text| self.some(text));
        let source = Source {
            repo: said(Source::REPO),
            branch: said(Source::BRANCH),
            builder: said(Source::BUILDER),
            image: said(Source::IMAGE),
            compiler: said(Source::COMPILER),
        };
        (!source.is_empty()).then(|| Arc::new(source))
    }

    pub(super) fn deployment(&mut self, wire: wire::Deployment) -> Item {
        let meta = wire.metadata.unwrap_or_default();
        let spec = wire.spec.unwrap_or_default();
        let status = wire.status.unwrap_or_default();
        let rolling = rolling(&meta, &spec, &status);
        let mut strategy = Vec::new();
        if let Some(s) = &spec.strategy {
            strategy.push(("strategy", s.kind.clone()));
            let rolling = s.rolling_update.clone().unwrap_or_default();
            written(&mut strategy, "max surge", rolling.max_surge.as_ref());
            written(&mut strategy, "max unavailable", rolling.max_unavailable.as_ref());
        }
        strategy.push(("min ready seconds", spec.min_ready_seconds.to_string()));
        if let Some(seconds) = spec.progress_deadline_seconds {
            strategy.push(("progress deadline seconds", seconds.to_string()));
        }
        self.workload(
            meta,
            &Said {
                kind: Kind::Deployment,
                observed_generation: status.observed_generation,
                counts: Counts {
                    desired: spec.replicas.unwrap_or(1).into(),
                    instances: status.replicas.into(),
                    ready: status.ready_replicas.into(),
                    updated: status.updated_replicas.into(),
                    available: status.available_replicas.into(),
                    held: 0,
                },
                paused: spec.paused,
                terms: Terms::Deployment(rolling),
                template: spec.template.as_ref(),
                conditions: troubles(&status.conditions),
                strategy,
            },
        )
    }

    pub(super) fn stateful_set(&mut self, wire: wire::StatefulSet) -> Item {
        let spec = wire.spec.unwrap_or_default();
        let status = wire.status.unwrap_or_default();
        let mut strategy = Vec::new();
        if let Some(s) = &spec.update_strategy {
            strategy.push(("strategy", s.kind.clone()));
            if let Some(partition) = s.rolling_update.as_ref().and_then(|r| r.partition) {
                strategy.push(("partition", partition.to_string()));
            }
            let unavailable = s.rolling_update.as_ref().and_then(|r| r.max_unavailable.as_ref());
            written(&mut strategy, "max unavailable", unavailable);
        }
        if !spec.pod_management_policy.is_empty() {
            strategy.push(("pod management", spec.pod_management_policy.clone()));
        }
        strategy.push(("min ready seconds", spec.min_ready_seconds.to_string()));
        let desired = i64::from(spec.replicas.unwrap_or(1));
        let update = spec.update_strategy.unwrap_or_default();
        let partition = update.rolling_update.and_then(|r| r.partition).unwrap_or(0);
        let newest = self.some(&status.update_revision);
        self.workload(
            wire.metadata.unwrap_or_default(),
            &Said {
                kind: Kind::StatefulSet,
                observed_generation: status.observed_generation,
                counts: Counts {
                    desired,
                    instances: status.replicas.into(),
                    ready: status.ready_replicas.into(),
                    updated: status.updated_replicas.into(),
                    available: status.available_replicas.into(),
                    held: if update.kind == ON_DELETE {
                        desired
                    } else {
                        partition.into()
                    },
                },
                paused: false,
                terms: Terms::Revised(newest),
                template: spec.template.as_ref(),
                conditions: troubles(&status.conditions),
                strategy,
            },
        )
    }

    pub(super) fn daemon_set(&mut self, wire: wire::DaemonSet) -> Item {
        let spec = wire.spec.unwrap_or_default();
        let status = wire.status.unwrap_or_default();
        let mut strategy = Vec::new();
        if let Some(s) = &spec.update_strategy {
            strategy.push(("strategy", s.kind.clone()));
            let rolling = s.rolling_update.clone().unwrap_or_default();
            written(&mut strategy, "max surge", rolling.max_surge.as_ref());
            written(&mut strategy, "max unavailable", rolling.max_unavailable.as_ref());
        }
        strategy.push(("min ready seconds", spec.min_ready_seconds.to_string()));
        let desired = i64::from(status.desired_number_scheduled);
        let waits = spec.update_strategy.is_some_and(|s| s.kind == ON_DELETE);
        self.workload(
            wire.metadata.unwrap_or_default(),
            &Said {
                kind: Kind::DaemonSet,
                observed_generation: status.observed_generation,
                counts: Counts {
                    desired,
                    instances: status.current_number_scheduled.into(),
                    ready: status.number_ready.into(),
                    updated: status.updated_number_scheduled.into(),
                    available: status.number_available.into(),
                    held: if waits { desired } else { 0 },
                },
                paused: false,
                terms: Terms::Plain,
                template: spec.template.as_ref(),
                conditions: troubles(&status.conditions),
                strategy,
            },
        )
    }

    pub(super) fn replica_set(&mut self, wire: wire::ReplicaSet) -> Item {
        let meta = wire.metadata.unwrap_or_default();
        let spec = wire.spec.unwrap_or_default();
        let status = wire.status.unwrap_or_default();
        let template = spec.template.unwrap_or_default();
        let template_meta = template.metadata.unwrap_or_default();
        let containers = template.spec.map(|s| s.containers).unwrap_or_default();
        let owner = controller(&meta);
        let number = ["deployment.kubernetes.io/revision", "rollout.argoproj.io/revision"]
            .into_iter()
            .find_map(|key| annotation(&meta.annotations, key));
        let hash = ["pod-template-hash", "rollouts-pod-template-hash"]
            .into_iter()
            .find_map(|key| meta.labels.get(key));
        let failure = status
            .conditions
            .iter()
            .find(|c| c.kind == "ReplicaFailure" && c.status == "True");
        let key = self.key(&meta);
        let revision = Revision {
            key: key.clone(),
            uid: uid(&meta),
            app: self.app(
                (&meta.labels, &template_meta.annotations),
                owner.map_or(meta.name.as_str(), |owner| owner.name.as_str()),
            ),
            workload: owner.and_then(|owner| Some((Kind::from_name(&owner.kind)?, self.text(&owner.name)))),
            number: number.and_then(|n| n.parse().ok()),
            hash: hash.map(|hash| self.text(hash)),
            version: self.version(
                &template_meta.labels,
                &template_meta.annotations,
                containers.first().map(|c| c.image.as_str()),
            ),
            images: containers.iter().map(|c| self.text(&c.image)).collect::<Arc<[_]>>(),
            created: moment(meta.creation_timestamp),
            desired: spec.replicas.unwrap_or(1),
            instances: status.replicas,
            ready: status.ready_replicas,
            available: status.available_replicas,
            failure: failure.map(|c| Clean::new(&c.message)),
        };
        Self::item(key, meta, Object::Revision(Box::new(revision)))
    }
}

/// How a Deployment rolls.
fn rolling(meta: &ObjectMeta, spec: &wire::DeploymentSpec, status: &wire::DeploymentStatus) -> Rolling {
    let limits = spec.strategy.as_ref().and_then(|s| s.rolling_update.as_ref());
    let amount = |value: Option<&IntOrString>| value.and_then(|value| Amount::parse(&value.written()));
    let progressing = status.conditions.iter().find(|c| c.kind == "Progressing");
    Rolling {
        revision: annotation(&meta.annotations, "deployment.kubernetes.io/revision").and_then(|n| n.parse().ok()),
        min_ready_seconds: spec.min_ready_seconds,
        surge: amount(limits.and_then(|l| l.max_surge.as_ref())),
        unavailable: amount(limits.and_then(|l| l.max_unavailable.as_ref())),
        settled: progressing.is_none_or(|c| c.reason == "NewReplicaSetAvailable"),
        leaving: meta.deletion_timestamp.is_some(),
    }
}

/// Who else releases a workload, by the marks they leave on it (`research/release.md` 3).
fn driver(meta: &ObjectMeta) -> Option<Driver> {
    const KRUISE: [&str; 2] = [
        "rollouts.kruise.io/in-progressing",
        "batchrelease.rollouts.kruise.io/control-info",
    ];
    let marked = KRUISE.iter().any(|key| annotation(&meta.annotations, key).is_some());
    if marked || meta.labels.contains_key("rollouts.kruise.io/canary-deployment") {
        return Some(Driver::KruiseRollouts);
    }
    let mut owners = meta.owner_references.iter();
    owners
        .any(|owner| owner.kind == "Canary" && owner.api_version.starts_with("flagger.app/"))
        .then_some(Driver::Flagger)
}

/// Adds a setting as it was written, if it was.
pub(super) fn written(to: &mut Vec<(&'static str, String)>, label: &'static str, value: Option<&IntOrString>) {
    if let Some(value) = value {
        to.push((label, value.written()));
    }
}

/// Conditions that hold something back: what should be true and is not, and failures that are true.
pub(super) fn troubles(conditions: &[Condition]) -> Vec<(&str, &str, &str)> {
    conditions
        .iter()
        .filter(|c| is_trouble(&c.kind, &c.status))
        .map(|c| (c.kind.as_str(), c.reason.as_str(), c.message.as_str()))
        .collect()
}

pub(super) fn is_trouble(kind: &str, status: &str) -> bool {
    match kind {
        "ReplicaFailure" | "Failed" | "FailureTarget" | "InvalidSpec" | "Suspended" | "FailedScale"
        | "FailedUpdate" => status == "True",
        "Available" | "Progressing" | "Healthy" => status == "False",
        _ => false,
    }
}

#[cfg(test)]
#[path = "apps_tests.rs"]
mod tests;
