//! Workloads of Argo Rollouts and OpenKruise.

use super::apps::{Counts, Said, troubles, written};
use super::{Item, Projector, moment};
use crate::cluster::wire::custom as wire;
use crate::cluster::wire::scalar::IntOrString;
use crate::domain::terms::{Argo, Terms};
use crate::domain::{Clean, Kind};

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
        let terms = Terms::Rollout(Box::new(self.argo(&spec, &status)));
        self.workload(
            wire.metadata.unwrap_or_default(),
            &Said {
                kind: Kind::Rollout,
                observed_generation: status.observed_generation.0,
                counts: Counts {
                    desired: spec.replicas.unwrap_or(1).into(),
                    instances: status.replicas.into(),
                    ready: status.ready_replicas.into(),
                    updated: status.updated_replicas.into(),
                    available: status.available_replicas.into(),
                    held: 0,
                },
                paused: spec.paused || status.controller_pause,
                terms,
                template: spec.template.as_ref(),
                conditions,
                strategy,
            },
        )
    }

    fn argo(&mut self, spec: &wire::RolloutSpec, status: &wire::RolloutStatus) -> Argo {
        let steps = spec.strategy.canary.as_ref().map_or(&[][..], |canary| &canary.steps);
        let at = status.current_step_index.unwrap_or(0);
        let step = usize::try_from(at).ok().and_then(|at| steps.get(at));
        let pause = status.pause_conditions.first();
        Argo {
            phase: self.text(&status.phase),
            message: Clean::new(&status.message),
            current: self.text(&status.current_pod_hash),
            stable: self.text(&status.stable_rs),
            aborted: status.abort,
            promoting: status.promote_full,
            paused: spec.paused,
            controller_pause: status.controller_pause,
            pause: pause.map(|pause| (self.text(&pause.reason), moment(pause.start_time))),
            step: (!steps.is_empty()).then(|| (at, i32::try_from(steps.len()).unwrap_or(i32::MAX))),
            timed: step.is_some_and(|step| step.pause.as_ref().is_some_and(|pause| pause.duration.is_some())),
            blue_green: spec.strategy.blue_green.is_some(),
            template_of: spec
                .workload_ref
                .as_ref()
                .map(|of| (self.text(&of.kind), self.text(&of.name))),
        }
    }

    pub(super) fn clone_set(&mut self, wire: wire::CloneSet) -> Item {
        let (spec, status) = (wire.spec, wire.status);
        let update = &spec.update_strategy;
        let newer = update.rolling_update.clone().unwrap_or_default();
        let partition = update.partition.as_ref().or(newer.partition.as_ref());
        let mut strategy = Vec::new();
        if !update.kind.is_empty() {
            strategy.push(("strategy", update.kind.clone()));
        }
        written(&mut strategy, "partition", partition);
        let surge = update.max_surge.as_ref().or(newer.max_surge.as_ref());
        written(&mut strategy, "max surge", surge);
        let unavailable = update.max_unavailable.as_ref().or(newer.max_unavailable.as_ref());
        written(&mut strategy, "max unavailable", unavailable);
        strategy.push(("min ready seconds", spec.min_ready_seconds.to_string()));
        let desired = i64::from(spec.replicas.unwrap_or(1));
        let terms = Terms::Revised(self.some(&status.update_revision));
        self.workload(
            wire.metadata.unwrap_or_default(),
            &Said {
                kind: Kind::CloneSet,
                observed_generation: status.observed_generation.0,
                counts: Counts {
                    desired,
                    instances: status.replicas.into(),
                    ready: status.ready_replicas.into(),
                    updated: status.updated_replicas.into(),
                    available: status.available_replicas.into(),
                    held: partition.map_or(0, |partition| held(partition, desired)),
                },
                paused: update.paused || newer.paused,
                terms,
                template: spec.template.as_ref(),
                conditions: troubles(&status.conditions),
                strategy,
            },
        )
    }
}

/// How many instances a CloneSet's partition leaves on older templates (`CalculatePartitionReplicas` of
/// OpenKruise): a share is rounded up, but one below 100 % of several lets one go.
fn held(partition: &IntOrString, desired: i64) -> i64 {
    let written = partition.written();
    let Some(percent) = written.strip_suffix('%').and_then(|n| n.parse::<i64>().ok()) else {
        return written.parse().unwrap_or(0);
    };
    let held = (desired.saturating_mul(percent) + 99) / 100;
    if percent < 100 && desired > 1 {
        held.min(desired - 1)
    } else {
        held
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::project;
    use crate::domain::terms::Terms;
    use crate::domain::{Clean, Kind, Object};

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

    #[test]
    fn a_partition_holds_back_what_open_kruise_would() {
        for (partition, desired, rolls_to) in [
            (json!(3), 5, 2),
            (json!(9), 5, 0),
            (json!("80%"), 5, 1),
            (json!("99%"), 5, 1),
            (json!("100%"), 5, 0),
            (json!("50%"), 1, 0),
            (json!("0%"), 5, 5),
        ] {
            let object = json!({"metadata": {"name": "c"},
                "spec": {"replicas": desired, "updateStrategy": {"partition": partition}}});
            let Object::Workload(workload) = project(Kind::CloneSet, &object) else {
                panic!("not a workload")
            };
            assert_eq!(workload.rolls_to, rolls_to, "{partition} of {desired}");
        }
    }

    #[test]
    fn a_rollout_says_where_it_stands_and_a_clone_set_has_two_shapes() {
        let object = json!({"metadata": {"name": "r"},
            "spec": {"strategy": {"canary": {"steps": [{"setWeight": 5}, {"pause": {"duration": "5m"}}, {"pause": {}}]}}},
            "status": {"phase": "Paused", "message": "m", "currentPodHash": "new", "stableRS": "old", "currentStepIndex": 1,
                "controllerPause": true, "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}]}});
        let Object::Workload(workload) = project(Kind::Rollout, &object) else {
            panic!("not a workload")
        };
        let Terms::Rollout(argo) = workload.terms else {
            panic!("not a Rollout's")
        };
        let texts = [&argo.phase, &argo.message, &argo.current, &argo.stable].map(Clean::as_str);
        assert_eq!(texts, ["Paused", "m", "new", "old"]);
        assert_eq!((argo.step, argo.timed, argo.aborted), (Some((1, 3)), true, false));
        assert!(
            argo.pause
                .is_some_and(|(reason, since)| reason == "CanaryPauseStep" && since.is_some())
        );
        for strategy in [json!({"partition": 3}), json!({"rollingUpdate": {"partition": 3}})] {
            let object = json!({"metadata": {"name": "c"}, "spec": {"replicas": 5, "updateStrategy": strategy}});
            let Object::Workload(workload) = project(Kind::CloneSet, &object) else {
                panic!("not a workload")
            };
            assert_eq!(workload.rolls_to, 2, "{strategy}");
        }
    }
}
