//! The controllers work together: the order of states a Deployment goes through, what a dead node causes.

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};

use super::object::{at, condition, count, integer, items, set, text};
use super::*;
use crate::sim::deletion::{DeleteOptions, delete};
use crate::sim::garbage::collect;
use crate::sim::resource::{EVENTS, NAMESPACES, RESOURCE_QUOTAS, Resource};

mod jobs;
mod nodes;

/// A cluster whose clock the test moves.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) controllers: Controllers,
    pub(crate) now: Timestamp,
    collected: u64,
}

impl World {
    pub(crate) fn with_nodes(count: usize) -> Self {
        let mut world = Self {
            store: Store::new(1),
            controllers: Controllers::new(1),
            now: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            collected: 0,
        };
        for number in 1..=count {
            world.create(
                &NODES,
                json!({
                    "metadata": {"name": format!("node-{number}"), "labels": {"kubernetes.io/hostname": format!("node-{number}")}},
                    "status": {"allocatable": {"cpu": "8", "memory": "16Gi", "pods": "20"}},
                }),
            );
        }
        world.step();
        world
    }

    pub(crate) fn create(&mut self, resource: &Resource, object: Value) {
        self.store.create(resource, object, self.now).unwrap();
    }

    /// Lets the garbage collector and the controllers act until both are done, as a simulated cluster does.
    pub(crate) fn step(&mut self) -> Option<Timestamp> {
        loop {
            let next = self.controllers.step(&mut self.store, self.now);
            if self.collected == self.store.revision() {
                return next;
            }
            while self.collected < self.store.revision() {
                let since = std::mem::replace(&mut self.collected, self.store.revision());
                collect(&mut self.store, since, self.now);
            }
        }
    }

    /// Lets time pass, stopping wherever the controllers want to be called.
    pub(crate) fn pass(&mut self, seconds: i64) {
        let end = self.now + TimeDelta::seconds(seconds);
        while let Some(next) = self.step().filter(|next| *next <= end) {
            assert!(next > self.now, "a step leaves nothing due");
            self.now = next;
        }
        self.now = end;
        self.step();
    }

    pub(crate) fn edit(&mut self, resource: &Resource, name: &str, change: impl FnOnce(&mut Value)) {
        let namespace = if resource.namespaced { "shop" } else { "" };
        self.store.update(resource, namespace, name, self.now, change).unwrap();
    }

    fn get(&self, resource: &Resource, name: &str) -> Value {
        let namespace = if resource.namespaced { "shop" } else { "" };
        Value::clone(self.store.get(resource, namespace, name).unwrap())
    }

    /// (replicas, updated, ready, available, unavailable) of the Deployment `web`.
    fn counts(&self) -> [i64; 5] {
        let web = self.get(&DEPLOYMENTS, "web");
        [
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
        ]
        .map(|field| count(&web, &["status", field]))
    }

    fn progress(&self) -> String {
        let web = self.get(&DEPLOYMENTS, "web");
        condition(&web, "Progressing").map_or_else(String::new, |c| text(c, &["reason"]).to_owned())
    }

    fn reasons(&self) -> Vec<String> {
        self.store
            .list(&EVENTS)
            .map(|e| text(e, &["reason"]).to_owned())
            .collect()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "callers write json!() in place")]
pub(crate) fn deployment(replicas: i64, spec: Value) -> Value {
    let mut object = json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "progressDeadlineSeconds": 600,
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "restartPolicy": "Always", "terminationGracePeriodSeconds": 5,
                    "containers": [{"name": "main", "image": "web:1", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}],
                },
            },
        },
    });
    for (field, value) in spec.as_object().cloned().unwrap_or_default() {
        set(&mut object, &["spec", &field], value);
    }
    object
}

#[expect(clippy::needless_pass_by_value, reason = "callers write json!() in place")]
fn rolling(surge: Value, unavailable: Value) -> Value {
    json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}})
}

fn annotate(deployment: &mut Value, name: &str, value: &str) {
    set(
        deployment,
        &[
            "spec",
            "template",
            "metadata",
            "annotations",
            &format!("sim.pilothouse.dev/{name}"),
        ],
        value,
    );
}

fn new_image(deployment: &mut Value) {
    let container = json!([{"name": "main", "image": "web:2"}]);
    set(deployment, &["spec", "template", "spec", "containers"], container);
}

#[test]
fn a_deployment_comes_up_and_says_so() {
    let mut world = World::with_nodes(2);
    world.create(&DEPLOYMENTS, deployment(3, json!({})));
    world.step();
    assert_eq!(
        (world.counts(), world.progress().as_str()),
        ([3, 3, 0, 0, 3], "ReplicaSetUpdated")
    );
    world.pass(3);
    assert_eq!(
        (world.counts(), world.progress().as_str()),
        ([3, 3, 3, 3, 0], "NewReplicaSetAvailable")
    );
    let web = world.get(&DEPLOYMENTS, "web");
    assert_eq!(
        text(&web, &["metadata", "annotations", "deployment.kubernetes.io/revision"]),
        "1"
    );
    assert_eq!(integer(&web, &["status", "observedGeneration"]), Some(1));
    let reasons = world.reasons();
    for reason in [
        "ScalingReplicaSet",
        "SuccessfulCreate",
        "Scheduled",
        "Pulled",
        "Created",
        "Started",
    ] {
        assert!(reasons.iter().any(|r| r == reason), "{reason} in {reasons:?}");
    }
    let pods: Vec<_> = world.store.list(&PODS).collect();
    assert!(pods.iter().all(|pod| !text(pod, &["status", "podIP"]).is_empty()));
    let revision = world.store.revision();
    world.pass(3000);
    assert_eq!(world.store.revision(), revision, "a healthy cluster is quiet");
    world.controllers.resync(&world.store);
    world.step();
    assert_eq!(world.store.revision(), revision, "and stays so when looked at again");
}

#[test]
fn a_hold_stops_by_itself_and_ends_as_decided() {
    let mut world = World::with_nodes(3);
    world.create(&DEPLOYMENTS, deployment(10, json!({})));
    world.pass(5);
    world.edit(&DEPLOYMENTS, "web", |web| {
        new_image(web);
        set(web, &["spec", "minReadySeconds"], 2_147_483_646);
        set(web, &["spec", "progressDeadlineSeconds"], 2_147_483_647);
        set(
            web,
            &["spec", "strategy"],
            rolling(2.into(), 0.into())["strategy"].clone(),
        );
    });
    world.pass(3600);
    assert_eq!(world.counts(), [12, 2, 12, 10, 2]);
    world.edit(&DEPLOYMENTS, "web", |web| set(web, &["spec", "replicas"], 14));
    world.pass(60);
    assert_eq!(
        world.counts(),
        [16, 3, 16, 13, 3],
        "13 old + 3 gray, as on a real control plane"
    );
    world.edit(&DEPLOYMENTS, "web", |web| {
        set(
            web,
            &["spec", "strategy"],
            rolling("100%".into(), 0.into())["strategy"].clone(),
        );
    });
    world.pass(60);
    assert_eq!(world.counts()[1], 14);
    world.edit(&DEPLOYMENTS, "web", |web| {
        set(web, &["spec", "minReadySeconds"], 0);
        set(web, &["spec", "progressDeadlineSeconds"], 600);
    });
    world.pass(60);
    assert_eq!(world.counts(), [14, 14, 14, 14, 0]);
}

#[test]
fn a_rollout_that_fails_runs_out_of_time_and_keeps_the_old() {
    let mut world = World::with_nodes(3);
    let mut spec = rolling("25%".into(), "25%".into());
    set(&mut spec, &["progressDeadlineSeconds"], 60);
    world.create(&DEPLOYMENTS, deployment(8, spec));
    world.pass(5);
    world.edit(&DEPLOYMENTS, "web", |web| {
        new_image(web);
        annotate(web, "crash-after", "2");
        annotate(web, "ready-seconds", "never");
    });
    world.pass(300);
    assert_eq!(world.counts(), [10, 4, 6, 6, 4]);
    assert_eq!(world.progress(), "ProgressDeadlineExceeded");
    let reasons: Vec<String> = world
        .store
        .list(&PODS)
        .flat_map(|pod| items(pod, &["status", "containerStatuses"]).to_vec())
        .map(|c| text(&c, &["state", "waiting", "reason"]).to_owned())
        .filter(|reason| !reason.is_empty())
        .collect();
    assert_eq!(reasons, ["CrashLoopBackOff"; 4]);
    // Back to the first version: its replica set is used again under a new revision.
    let old = world
        .store
        .list(&REPLICA_SETS)
        .find(|set| context::replicas(set) == 6)
        .cloned()
        .unwrap();
    let mut template = at(&old, &["spec", "template"]).unwrap().clone();
    object::unset(&mut template, &["metadata", "labels", template::HASH]);
    world.edit(&DEPLOYMENTS, "web", |web| set(web, &["spec", "template"], template));
    world.pass(30);
    assert_eq!(world.counts(), [8, 8, 8, 8, 0]);
    assert_eq!(deployment::revision::revision(&world.get(&DEPLOYMENTS, "web")), 3);
}

#[test]
fn recreate_waits_until_the_old_are_gone() {
    let mut world = World::with_nodes(1);
    world.create(&DEPLOYMENTS, deployment(3, json!({"strategy": {"type": "Recreate"}})));
    world.pass(5);
    world.edit(&DEPLOYMENTS, "web", new_image);
    world.step();
    assert_eq!(world.store.count(&REPLICA_SETS), 1, "nothing new while the old stop");
    world.pass(5);
    assert_eq!(world.counts(), [3, 3, 3, 3, 0]);
    assert_eq!(world.store.count(&PODS), 3);
}

#[test]
fn min_ready_seconds_and_pause_hold_a_rollout() {
    let mut world = World::with_nodes(2);
    let mut spec = rolling(1.into(), 0.into());
    set(&mut spec, &["minReadySeconds"], 20);
    world.create(&DEPLOYMENTS, deployment(2, spec));
    world.pass(10);
    assert_eq!(world.counts(), [2, 2, 2, 0, 2]);
    world.pass(20);
    assert_eq!(world.counts(), [2, 2, 2, 2, 0]);
    world.edit(&DEPLOYMENTS, "web", |web| {
        set(web, &["spec", "paused"], true);
        new_image(web);
    });
    world.pass(60);
    assert_eq!(
        (world.store.count(&REPLICA_SETS), world.progress().as_str()),
        (1, "DeploymentPaused")
    );
    world.edit(&DEPLOYMENTS, "web", |web| set(web, &["spec", "paused"], false));
    world.pass(10);
    assert_eq!(world.counts(), [3, 1, 3, 2, 1]);
    world.pass(60);
    assert_eq!(world.counts(), [2, 2, 2, 2, 0]);
}

#[test]
fn a_quota_stops_new_instances_with_the_real_words() {
    let mut world = World::with_nodes(2);
    world.create(
        &RESOURCE_QUOTAS,
        json!({"metadata": {"name": "team", "namespace": "shop"}, "spec": {"hard": {"pods": "2", "requests.memory": "9Gi"}}}),
    );
    world.create(&DEPLOYMENTS, deployment(3, json!({})));
    world.pass(5);
    assert_eq!(world.counts(), [2, 2, 2, 2, 1]);
    let web = world.get(&DEPLOYMENTS, "web");
    let failure = condition(&web, "ReplicaFailure").unwrap();
    assert!(
        text(failure, &["message"]).ends_with("exceeded quota: team, requested: pods=1, used: pods=2, limited: pods=2")
    );
    let quota = world.get(&RESOURCE_QUOTAS, "team");
    assert_eq!(
        at(&quota, &["status", "used"]),
        Some(&json!({"pods": "2", "requests.memory": "2Gi"}))
    );
    world.edit(&RESOURCE_QUOTAS, "team", |quota| {
        set(quota, &["spec", "hard", "pods"], "5");
    });
    world.pass(30);
    assert_eq!(world.counts(), [3, 3, 3, 3, 0]);
}

#[test]
fn what_is_owned_goes_with_its_owner_and_its_namespace() {
    let mut world = World::with_nodes(2);
    world.create(&NAMESPACES, json!({"metadata": {"name": "shop"}}));
    world.create(&DEPLOYMENTS, deployment(3, json!({})));
    world.pass(5);
    world.store.remove(&DEPLOYMENTS, "shop", "web").unwrap();
    world.pass(10);
    assert_eq!((world.store.count(&REPLICA_SETS), world.store.count(&PODS)), (0, 0));
    world.create(&DEPLOYMENTS, deployment(3, json!({})));
    world.pass(5);
    delete(
        &mut world.store,
        &NAMESPACES,
        ("", "shop"),
        &DeleteOptions::default(),
        world.now,
    )
    .unwrap();
    world.pass(10);
    assert_eq!(
        [&NAMESPACES, &DEPLOYMENTS, &REPLICA_SETS, &PODS].map(|r| world.store.count(r)),
        [0; 4]
    );
}

#[test]
fn images_that_do_not_exist_back_off() {
    let mut world = World::with_nodes(1);
    let mut web = deployment(1, json!({}));
    set(
        &mut web,
        &["spec", "template", "spec", "containers"],
        json!([{"name": "main", "image": "web:missing"}]),
    );
    world.create(&DEPLOYMENTS, web);
    let reason = |world: &World| {
        let pod = world.store.list(&PODS).next().unwrap();
        items(pod, &["status", "containerStatuses"])
            .first()
            .map(|c| text(c, &["state", "waiting", "reason"]).to_owned())
    };
    let mut seen = Vec::new();
    for _ in 0..6 {
        world.pass(1);
        seen.extend(reason(&world));
    }
    seen.dedup();
    assert_eq!(
        seen,
        ["ContainerCreating", "ErrImagePull", "ImagePullBackOff"].map(String::from)[1..].to_vec()
    );
    world.pass(120);
    assert!(world.reasons().iter().any(|r| r == "BackOff"));
}
