//! Pods.

use super::shape::{container_limits, container_requests};
use super::{Item, Projector, controller, moment, uid};
use crate::cluster::wire::meta::{ObjectMeta, OwnerReference, annotation};
use crate::cluster::wire::pod::{self as wire, Container as WireContainer, ContainerStatus, PodSpec, PodStatus};
use crate::domain::container::{Container, ContainerRole, ContainerState, Exit};
use crate::domain::pod::{Pod, PodPhase};
use crate::domain::{Clean, Kind, Object};

/// What a Deployment's controller writes on its pods, and Argo's on a Rollout's.
const TEMPLATE_HASH: &str = "pod-template-hash";
const ROLLOUT_HASH: &str = "rollouts-pod-template-hash";
const REVISION_HASH: &str = "controller-revision-hash";
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

impl Projector {
    pub(super) fn pod(&mut self, wire: wire::Pod) -> Item {
        let runs = self.runs(&wire);
        let meta = wire.metadata.unwrap_or_default();
        let spec = wire.spec.unwrap_or_default();
        let status = wire.status.unwrap_or_default();
        let owner = controller(&meta);
        let workload = owner.and_then(|owner| top_workload(&meta, owner));
        let fallback = workload
            .map(|(_, name)| name)
            .or_else(|| owner.map(|owner| owner.name.as_str()))
            .unwrap_or(&meta.name);
        let ready = status.conditions.iter().find(|c| c.kind == "Ready");
        let (reason, message) = self.pod_reason(&status);
        let shape = self.pod_shape(&meta.labels, &spec, Some(&status));
        let containers = self.containers(&spec, &status);
        let hash = [TEMPLATE_HASH, ROLLOUT_HASH, REVISION_HASH]
            .into_iter()
            .find_map(|key| meta.labels.get(key));
        let key = self.key(&meta);
        let pod = Pod {
            key: key.clone(),
            uid: uid(&meta),
            app: self.app((&meta.labels, &meta.annotations), fallback),
            workload: workload.map(|(kind, name)| (kind, self.text(name))),
            owner: owner.map(|owner| (self.text(&owner.kind), self.text(&owner.name))),
            revision: hash.map(|hash| self.text(hash)),
            version: self.version(&meta.labels, &meta.annotations, main_image(&meta, &spec)),
            labels: self.labels(&meta.labels),
            node: self.some(&spec.node_name),
            ip: status.pod_ip.parse().ok(),
            host_network: spec.host_network,
            phase: phase(&status.phase),
            ready: ready.is_some_and(|c| c.status == "True"),
            ready_since: ready.and_then(|c| moment(c.last_transition_time)),
            created: moment(meta.creation_timestamp),
            deleting: moment(meta.deletion_timestamp),
            reason,
            message,
            limits: sum_of_limits(&containers),
            containers: containers.into(),
            shape: self.shape(shape),
            runs,
        };
        Self::item(key, meta, Object::Pod(Box::new(pod)))
    }

    /// Why a pod is where it is: its own reason, else why the scheduler has no place for it.
    fn pod_reason(&mut self, status: &PodStatus) -> (Option<Clean>, Option<Clean>) {
        if !status.reason.is_empty() {
            return (self.some(&status.reason), self.some(&status.message));
        }
        status
            .conditions
            .iter()
            .find(|c| c.kind == "PodScheduled" && c.status == "False" && !c.reason.is_empty())
            .map_or((None, None), |c| (self.some(&c.reason), self.some(&c.message)))
    }

    fn containers(&mut self, spec: &PodSpec, status: &PodStatus) -> Vec<Container> {
        let mut all = Vec::with_capacity(spec.init_containers.len() + spec.containers.len());
        for container in &spec.init_containers {
            let role = if container.restart_policy == "Always" {
                ContainerRole::Sidecar
            } else {
                ContainerRole::Init
            };
            all.push(self.container(container, role, &status.init_container_statuses));
        }
        for container in &spec.containers {
            all.push(self.container(container, ContainerRole::Main, &status.container_statuses));
        }
        for container in spec.ephemeral_containers.iter().filter_map(|c| c.common.as_ref()) {
            all.push(self.container(
                container,
                ContainerRole::Ephemeral,
                &status.ephemeral_container_statuses,
            ));
        }
        all
    }

    fn container(&mut self, spec: &WireContainer, role: ContainerRole, statuses: &[ContainerStatus]) -> Container {
        let status = statuses.iter().find(|s| s.name == spec.name);
        let last = status
            .and_then(|s| s.last_state.as_ref())
            .and_then(|s| s.terminated.as_ref());
        Container {
            name: self.text(&spec.name),
            role,
            image: self.text(&spec.image),
            image_id: self.text(status.map_or("", |s| s.image_id.as_str())),
            state: self.state(status.and_then(|s| s.state.as_ref())),
            last_exit: last.map(|exit| self.exit(exit)),
            ready: status.is_some_and(|s| s.ready),
            restarts: status.map_or(0, |s| u32::try_from(s.restart_count).unwrap_or(0)),
            requests: container_requests(spec.resources.as_ref()),
            limits: container_limits(spec.resources.as_ref()),
        }
    }

    fn state(&mut self, state: Option<&wire::ContainerState>) -> ContainerState {
        let Some(state) = state else {
            return ContainerState::Unknown;
        };
        if let Some(exit) = &state.terminated {
            ContainerState::Terminated(self.exit(exit))
        } else if let Some(running) = &state.running {
            ContainerState::Running {
                since: moment(running.started_at),
            }
        } else if let Some(waiting) = &state.waiting {
            ContainerState::Waiting {
                reason: self.text(&waiting.reason),
                message: self.text(&waiting.message),
            }
        } else {
            ContainerState::Unknown
        }
    }

    fn exit(&mut self, exit: &wire::Terminated) -> Exit {
        Exit {
            code: exit.exit_code,
            signal: (exit.signal != 0).then_some(exit.signal),
            reason: self.text(&exit.reason),
            at: moment(exit.finished_at),
        }
    }
}

/// The workload at the top of a pod's owners, as far as the pod alone tells: a ReplicaSet named
/// `X-HASH` belongs to `X`, and which label holds the hash says whether that is a Deployment.
fn top_workload<'a>(meta: &'a ObjectMeta, owner: &'a OwnerReference) -> Option<(Kind, &'a str)> {
    if owner.kind != "ReplicaSet" {
        let kind = Kind::from_name(&owner.kind).filter(|kind| kind.is_workload())?;
        return Some((kind, &owner.name));
    }
    [(TEMPLATE_HASH, Kind::Deployment), (ROLLOUT_HASH, Kind::Rollout)]
        .into_iter()
        .find_map(|(label, kind)| {
            let hash = meta.labels.get(label)?;
            let name = owner.name.strip_suffix(hash.as_str())?.strip_suffix('-')?;
            Some((kind, name))
        })
}

/// The image of the container that counts: the one named by annotation, else the first.
fn main_image<'a>(meta: &ObjectMeta, spec: &'a PodSpec) -> Option<&'a str> {
    let named = annotation(&meta.annotations, DEFAULT_CONTAINER);
    spec.containers
        .iter()
        .find(|c| Some(c.name.as_str()) == named)
        .or_else(|| spec.containers.first())
        .map(|c| c.image.as_str())
}

fn phase(name: &str) -> PodPhase {
    match name {
        "Pending" => PodPhase::Pending,
        "Running" => PodPhase::Running,
        "Succeeded" => PodPhase::Succeeded,
        "Failed" => PodPhase::Failed,
        _ => PodPhase::Unknown,
    }
}

fn sum_of_limits(containers: &[Container]) -> (Option<i64>, Option<i64>) {
    containers
        .iter()
        .filter(|c| matches!(c.role, ContainerRole::Main | ContainerRole::Sidecar))
        .fold((Some(0), Some(0)), |(cpu, memory), c| {
            (
                cpu.zip(c.limits.0).map(|(a, b)| a + b),
                memory.zip(c.limits.1).map(|(a, b)| a + b),
            )
        })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::project;
    use super::*;
    use crate::domain::{Resources, Version};

    fn pod(json: &Value) -> Pod {
        match project(Kind::Pod, json) {
            Object::Pod(pod) => *pod,
            other => panic!("not a pod: {other:?}"),
        }
    }

    fn owned(kind: &str, name: &str, labels: &Value) -> Value {
        json!({"metadata": {"name": "p", "namespace": "gift", "labels": labels,
            "ownerReferences": [{"kind": kind, "name": name, "controller": true}]}})
    }

    #[test]
    fn the_top_owner_and_the_app_are_told_by_the_pod_alone() {
        for (object, workload, app) in [
            (
                owned("ReplicaSet", "live-6c5c9", &json!({"pod-template-hash": "6c5c9"})),
                Some((Kind::Deployment, "live")),
                "live",
            ),
            (
                owned(
                    "ReplicaSet",
                    "live-6c5c9",
                    &json!({"rollouts-pod-template-hash": "6c5c9", "app": "gift-live"}),
                ),
                Some((Kind::Rollout, "live")),
                "gift-live",
            ),
            (owned("ReplicaSet", "bare", &json!({})), None, "bare"),
            (
                owned("StatefulSet", "db", &json!(null)),
                Some((Kind::StatefulSet, "db")),
                "db",
            ),
            (
                owned("CloneSet", "im", &json!({"k8s-app": "im-gate"})),
                Some((Kind::CloneSet, "im")),
                "im-gate",
            ),
            (owned("Workflow", "w", &json!({})), None, "w"),
            (json!({"metadata": {"name": "alone"}}), None, "alone"),
        ] {
            let pod = pod(&object);
            assert_eq!(
                pod.workload.as_ref().map(|(k, n)| (*k, n.as_str())),
                workload,
                "{object}"
            );
            assert_eq!(pod.app, app, "{object}");
        }
    }

    #[test]
    fn the_version_is_the_commit_else_the_images() {
        for (annotations, image, version) in [
            (
                json!({"pilothouse.dev/commit": "c0ffee1234"}),
                "a:v1",
                Version::Commit("c0ffee1234".into()),
            ),
            (
                json!({"org.opencontainers.image.revision": "beef"}),
                "a:v1",
                Version::Commit("beef".into()),
            ),
            (
                json!({"kubectl.kubernetes.io/default-container": "main"}),
                "a:v1",
                Version::Tag("v2".into()),
            ),
            (json!(null), "a@sha256:abc", Version::Digest("sha256:abc".into())),
        ] {
            let object = json!({"metadata": {"name": "p", "annotations": annotations},
                "spec": {"containers": [{"name": "side", "image": image}, {"name": "main", "image": "b:v2"}]}});
            assert_eq!(pod(&object).version, version, "{object}");
        }
    }

    #[test]
    fn requests_follow_limits_pod_level_and_resize() {
        let container = |requests: Value, limits: Value| json!({"name": "c", "resources": {"requests": requests, "limits": limits}});
        for (spec, status, cpu) in [
            (
                json!({"containers": [container(json!({"cpu": "100m"}), json!({"cpu": 1}))]}),
                json!({}),
                100,
            ),
            (
                json!({"containers": [container(json!(null), json!({"cpu": 1}))]}),
                json!({}),
                1000,
            ),
            (
                json!({"containers": [container(json!({"cpu": "100m"}), json!({}))], "resources": {"requests": {"cpu": "700m"}}}),
                json!({}),
                700,
            ),
            (
                json!({"containers": [container(json!({"cpu": "100m"}), json!({}))], "overhead": {"cpu": "50m"}}),
                json!({"containerStatuses": [{"name": "c", "allocatedResources": {"cpu": "300m"}}]}),
                350,
            ),
            (
                json!({"containers": [container(json!({"cpu": "900m"}), json!({}))]}),
                json!({"resize": "Infeasible", "containerStatuses": [{"name": "c", "allocatedResources": {"cpu": "300m"}}]}),
                300,
            ),
        ] {
            let pod = pod(&json!({"metadata": {"name": "p"}, "spec": spec, "status": status}));
            assert_eq!(pod.shape.requests, Resources::new(cpu, 0), "{spec} {status}");
        }
    }

    #[test]
    fn a_pod_without_a_place_says_why_and_limits_need_all() {
        let pod = pod(&json!({"metadata": {"name": "p"},
            "spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}},
                                    {"name": "b", "resources": {"limits": {"memory": "1Gi"}}}]},
            "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
                "reason": "Unschedulable", "message": "0/3 nodes"}]}}));
        assert_eq!(pod.status(), "Unschedulable");
        assert_eq!(pod.message.as_ref().unwrap(), &"0/3 nodes");
        assert_eq!(pod.limits, (None, Some(2 << 30)));
    }
}
