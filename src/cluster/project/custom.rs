//! Workloads of Argo Rollouts and OpenKruise.

use super::apps::{Counts, Said, troubles, written};
use super::{Item, Projector};
use crate::cluster::wire::custom as wire;
use crate::domain::Kind;

impl Projector {
    pub(super) fn rollout(&mut self, wire: wire::Rollout) -> Item {
        let (spec, status) = (wire.spec, wire.status);
        let mut strategy = Vec::new();
        if let Some(canary) = &spec.strategy.canary {
            strategy.push(("strategy", "Canary".to_owned()));
            written(&mut strategy, "max surge", canary.max_surge.as_ref());
            written(&mut strategy, "max unavailable", canary.max_unavailable.as_ref());
            if !canary.steps.is_empty() {
                let step = status.current_step_index.unwrap_or(0);
                strategy.push(("step", format!("{step} of {}", canary.steps.len())));
            }
        }
        if let Some(blue_green) = &spec.strategy.blue_green {
            strategy.push(("strategy", "BlueGreen".to_owned()));
            strategy.push(("active service", blue_green.active_service.clone()));
            strategy.push(("preview service", blue_green.preview_service.clone()));
        }
        if let Some(workload) = &spec.workload_ref {
            strategy.push(("template of", format!("{} {}", workload.kind, workload.name)));
        }
        strategy.push(("min ready seconds", spec.min_ready_seconds.to_string()));
        let mut conditions = troubles(&status.conditions);
        if matches!(status.phase.as_str(), "Degraded" | "Paused") {
            conditions.push(("Phase", &status.phase, &status.message));
        }
        self.workload(
            wire.metadata.unwrap_or_default(),
            &Said {
                kind: Kind::Rollout,
                observed_generation: status.observed_generation.0,
                counts: Counts {
                    desired: spec.replicas.unwrap_or(1).into(),
                    ready: status.ready_replicas.into(),
                    updated: status.updated_replicas.into(),
                    available: status.available_replicas.into(),
                },
                paused: spec.paused || status.controller_pause,
                template: spec.template.as_ref(),
                conditions,
                strategy,
            },
        )
    }

    pub(super) fn clone_set(&mut self, wire: wire::CloneSet) -> Item {
        let (spec, status) = (wire.spec, wire.status);
        let update = &spec.update_strategy;
        let mut strategy = Vec::new();
        if !update.kind.is_empty() {
            strategy.push(("strategy", update.kind.clone()));
        }
        written(&mut strategy, "partition", update.partition.as_ref());
        written(&mut strategy, "max surge", update.max_surge.as_ref());
        written(&mut strategy, "max unavailable", update.max_unavailable.as_ref());
        strategy.push(("min ready seconds", spec.min_ready_seconds.to_string()));
        self.workload(
            wire.metadata.unwrap_or_default(),
            &Said {
                kind: Kind::CloneSet,
                observed_generation: status.observed_generation.0,
                counts: Counts {
                    desired: spec.replicas.unwrap_or(1).into(),
                    ready: status.ready_replicas.into(),
                    updated: status.updated_replicas.into(),
                    available: status.available_replicas.into(),
                },
                paused: update.paused,
                template: spec.template.as_ref(),
                conditions: troubles(&status.conditions),
                strategy,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::project;
    use crate::domain::{Kind, Object};

    #[test]
    fn custom_workloads_read_their_own_fields() {
        for (kind, object, generation, paused, setting) in [
            (
                Kind::Rollout,
                json!({"metadata": {"name": "r", "generation": 3},
                    "spec": {"replicas": 5, "strategy": {"canary": {"steps": [{"setWeight": 5}, {"pause": {}}]}}},
                    "status": {"observedGeneration": "3", "controllerPause": true, "currentStepIndex": 1, "readyReplicas": 5}}),
                (3, 3),
                true,
                ("step", "1 of 2"),
            ),
            (
                Kind::CloneSet,
                json!({"metadata": {"name": "c", "generation": 2},
                    "spec": {"replicas": 5, "updateStrategy": {"partition": "80%"}},
                    "status": {"observedGeneration": 1, "readyReplicas": 5}}),
                (2, 1),
                false,
                ("partition", "80%"),
            ),
        ] {
            let Object::Workload(workload) = project(kind, &object) else {
                panic!("not a workload")
            };
            assert_eq!(
                (workload.kind, workload.generation, workload.paused),
                (kind, generation, paused)
            );
            assert_eq!((workload.desired, workload.ready), (5, 5));
            assert!(
                workload.strategy.contains(&(setting.0.into(), setting.1.into())),
                "{:?}",
                workload.strategy
            );
        }
    }
}
