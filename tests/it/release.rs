//! The steps of a gray release against a simulated cluster with its controllers: the same counts at the same steps as
//! on a real one, and the phase that is told of each.

mod bad;
mod before;
mod bytes;
mod cancelled;
mod claimed;
mod command;
mod config;
mod course;
mod crashes;
mod created;
mod cut;
mod driven;
mod elsewhere;
mod frozen;
mod keda;
mod keys;
mod keys_back;
mod keys_fail;
mod keys_in_place;
mod keys_many;
mod keys_twin;
mod kinds;
mod past;
pub(crate) mod same;
mod scaling;
mod screens;
pub(crate) mod twin;
mod untaken;
mod who;
pub(crate) mod wire;
mod writes;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pilothouse::cluster::Target;
use pilothouse::domain::rights::Role;
use pilothouse::domain::ulid::ulid;
use pilothouse::domain::{ClusterId, Kind, Object, Revision, Timestamp, Workload};
use pilothouse::release::deployment::{self, Start};
use pilothouse::release::live::{Live, Method, Refusal};
use pilothouse::release::template::{Facts, with_image};
use pilothouse::release::{Cause, Phase};
use pilothouse::sim::Simulation;
use pilothouse::sim::resource::NODES;
use pilothouse::sim::store::Store;
use serde_json::{Value, json};

use crate::support::observer::{Observer, Seen};
use crate::support::rights::give;
use crate::support::watch_target;
use wire::{Sent, Wire, pass, send};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/gift/deployments/live";
const SETS: &str = "/apis/apps/v1/namespaces/gift/replicasets";

/// A cluster with an app of ten instances, watched.
struct Flow {
    simulation: Simulation,
    observer: Observer,
    cluster: pilothouse::cluster::Cluster,
    wire: Arc<Mutex<Wire>>,
}

impl Flow {
    async fn new() -> Self {
        Self::with(false).await
    }

    async fn with(readonly: bool) -> Self {
        Self::on(with_app().await, readonly).await
    }

    async fn on(simulation: Simulation, readonly: bool) -> Self {
        let server = simulation.clone();
        let wire = Arc::new(Mutex::new(Wire::default()));
        let noted = Arc::clone(&wire);
        let target = Target::in_process(ClusterId::new("sim"), move |request| {
            let (server, noted) = (server.clone(), Arc::clone(&noted));
            async move { pass(&server, &noted, request).await }
        });
        let (cluster, observer) = watch_target(target.with_readonly(readonly));
        let mut flow = Self {
            simulation,
            observer,
            cluster,
            wire,
        };
        flow.until("all are there", &Phase::Stable).await;
        flow
    }

    async fn send(&self, method: &str, path: &str, kind: &str, body: &Value) -> (u16, Value) {
        send(&self.simulation, method, path, kind, body).await
    }

    /// Computes a step from the objects as they are, and writes it.
    async fn step(&self, make: impl Fn(Live<'_>) -> Result<Value, Refusal>) -> Result<u16, Refusal> {
        let patch = self.patch(make).await?;
        Ok(self.write(&patch).await)
    }

    async fn patch(&self, make: impl Fn(Live<'_>) -> Result<Value, Refusal>) -> Result<Value, Refusal> {
        let deployment = self.deployment().await;
        let (_, mut sets) = self.send("GET", SETS, "application/json", &Value::Null).await;
        let sets: Vec<Value> = serde_json::from_value(sets["items"].take()).unwrap();
        make(Live {
            deployment: &deployment,
            sets: &sets,
        })
    }

    async fn write(&self, patch: &Value) -> u16 {
        self.send("PATCH", DEPLOYMENT, "application/json-patch+json", patch)
            .await
            .0
    }

    async fn deployment(&self) -> Value {
        self.send("GET", DEPLOYMENT, "application/json", &Value::Null).await.1
    }

    /// Starts a gray release of an image.
    async fn start(&self, image: &str, instances: i32) -> Result<u16, Refusal> {
        self.step(|live| {
            let template = with_image(&live.deployment["spec"]["template"], None, image, &Facts::default()).unwrap();
            deployment::start(
                live,
                Start {
                    template: &template,
                    method: Method::Surge,
                    instances,
                    operation: &ulid(Timestamp::UNIX_EPOCH, 7),
                    driver: None,
                },
            )
        })
        .await
    }

    /// Waits for a phase, and makes sure that it stays.
    async fn until(&mut self, what: &str, phase: &Phase) {
        for _ in 0..60 {
            if seen_phase(&self.observer.seen).as_ref() == Some(phase) {
                break;
            }
            self.observer.rest(Duration::from_secs(5)).await;
        }
        self.observer.rest(Duration::from_secs(30)).await;
        assert_eq!(seen_phase(&self.observer.seen).as_ref(), Some(phase), "{what}");
    }

    async fn counts(&self) -> [i64; 4] {
        let deployment = self.deployment().await;
        ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"]
            .map(|field| deployment["status"][field].as_i64().unwrap_or(0))
    }
}

/// A cluster with a node, and an app of ten instances that are made as time goes on.
async fn with_app() -> Simulation {
    app_on(Simulation::new(Store::new(1)).with_controllers(1)).await
}

async fn app_on(simulation: Simulation) -> Simulation {
    let room = json!({"cpu": "64", "memory": "256Gi", "pods": "110"});
    let node = json!({"metadata": {"name": "sim"}, "status": {"capacity": room, "allocatable": room}});
    simulation.change(|store, now| drop(store.create(&NODES, node, now)));
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gift"}});
    send(
        &simulation,
        "POST",
        "/api/v1/namespaces",
        "application/json",
        &namespace,
    )
    .await;
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "live", "namespace": "gift"},
        "spec": {
            "replicas": 10, "selector": {"matchLabels": {"app": "live"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
            "template": {"metadata": {"labels": {"app": "live"}},
                "spec": {"containers": [{"name": "live", "image": "live:v1"}]}},
        },
    });
    let path = "/apis/apps/v1/namespaces/gift/deployments";
    send(&simulation, "POST", path, "application/json", &deployment).await;
    give(&simulation, Role::Operator.name(), Role::Operator, &[]).await;
    simulation
}

fn seen_phase(seen: &Seen) -> Option<Phase> {
    let Some(Object::Workload(workload)) = seen.object(Kind::Deployment, "live") else {
        return None;
    };
    let workload: &Workload = workload;
    let names = seen.names(Kind::ReplicaSet);
    let revisions: Vec<&Revision> = names
        .iter()
        .filter_map(|name| {
            let name = name.rsplit('/').next().unwrap_or(name);
            match seen.object(Kind::ReplicaSet, name) {
                Some(Object::Revision(revision)) => Some(revision.as_ref()),
                _ => None,
            }
        })
        .collect();
    Some(Phase::of(workload, &revisions))
}

fn gray(instances: i64, old: i64) -> Phase {
    Phase::Gray {
        ready: instances,
        wanted: instances,
        old,
        timed: false,
    }
}

#[tokio::test(start_paused = true)]
async fn gray_grown_full_and_the_old_offline() {
    let mut flow = Flow::new().await;
    assert_eq!(flow.start("live:v2", 2).await, Ok(200));
    flow.until("two beside ten", &gray(2, 10)).await;
    assert_eq!(flow.counts().await, [12, 2, 12, 10]);
    assert_eq!(
        flow.start("live:v3", 2).await,
        Err(Refusal::InHold),
        "one release at a time"
    );
    assert_eq!(flow.step(|live| deployment::grow(live, 4)).await, Ok(200));
    flow.until("four beside ten", &gray(4, 10)).await;
    assert_eq!(flow.counts().await, [14, 4, 14, 10]);
    let early = flow.step(deployment::offline).await;
    assert_eq!(early, Err(Refusal::NotFull { ready: 4, desired: 10 }));
    assert_eq!(flow.step(deployment::keep_old).await, Ok(200));
    flow.until("ten beside ten", &Phase::Full { new: 10, old: 10 }).await;
    assert_eq!(flow.counts().await, [20, 10, 20, 10]);
    assert_eq!(flow.step(deployment::offline).await, Ok(200));
    flow.until("the new alone", &Phase::Stable).await;
    assert_eq!(flow.counts().await, [10, 10, 10, 10]);
    let after = flow.deployment().await;
    let limits = json!({"maxSurge": "25%", "maxUnavailable": 0});
    assert_eq!(
        after["spec"]["strategy"]["rollingUpdate"], limits,
        "as it was set before"
    );
    assert!(
        after["metadata"]["labels"]
            .as_object()
            .is_none_or(serde_json::Map::is_empty)
    );
}

#[tokio::test(start_paused = true)]
async fn an_abort_goes_back_and_a_rollback_publishes_what_was() {
    let mut flow = Flow::new().await;
    flow.start("live:v2", 2).await.unwrap();
    flow.until("two beside ten", &gray(2, 10)).await;
    assert_eq!(flow.step(deployment::abort).await, Ok(200));
    flow.until("the old alone", &Phase::Stable).await;
    assert_eq!(flow.counts().await, [10, 10, 10, 10]);
    let image = "/spec/template/spec/containers/0/image";
    assert_eq!(flow.deployment().await.pointer(image), Some(&json!("live:v1")));
    // Again, and to the end; then back without a build.
    flow.start("live:v2", 2).await.unwrap();
    flow.until("two beside ten again", &gray(2, 10)).await;
    assert_eq!(flow.step(deployment::full).await, Ok(200));
    flow.until("the new alone", &Phase::Stable).await;
    assert_eq!(flow.deployment().await.pointer(image), Some(&json!("live:v2")));
    let (_, sets) = flow.send("GET", SETS, "application/json", &Value::Null).await;
    let old = sets["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|set| set.pointer(image) == Some(&json!("live:v1")));
    let template = old.unwrap()["spec"]["template"].clone();
    assert_eq!(flow.step(|live| deployment::rollback(live, &template)).await, Ok(200));
    flow.until("the old alone", &Phase::Stable).await;
    assert_eq!(flow.deployment().await.pointer(image), Some(&json!("live:v1")));
}

#[tokio::test(start_paused = true)]
async fn an_undo_in_the_middle_leaves_a_hold_that_repair_ends() {
    let mut flow = Flow::new().await;
    let before = flow.deployment().await;
    flow.start("live:v2", 2).await.unwrap();
    flow.until("two beside ten", &gray(2, 10)).await;
    // What `kubectl rollout undo` writes: the template alone.
    let undo = json!([{"op": "replace", "path": "/spec/template", "value": before["spec"]["template"]}]);
    assert_eq!(flow.write(&undo).await, 200);
    flow.until("a hold without end", &Phase::OrphanHold).await;
    assert_eq!(flow.counts().await[3], 0, "none counts as available any more");
    assert_eq!(flow.step(deployment::repair).await, Ok(200));
    flow.until("mended", &Phase::Stable).await;
    assert_eq!(flow.counts().await, [10, 10, 10, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_third_version_in_the_middle_is_told_and_can_be_left() {
    let mut flow = Flow::new().await;
    flow.start("live:v2", 2).await.unwrap();
    flow.until("two beside ten", &gray(2, 10)).await;
    let third = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "live:v3"}]);
    assert_eq!(flow.write(&third).await, 200);
    flow.until("somebody else's version", &Phase::ForeignChange).await;
    assert_eq!(
        flow.step(|live| deployment::grow(live, 4)).await,
        Err(Refusal::ForeignChange)
    );
    assert_eq!(flow.step(deployment::abort).await, Ok(200));
    flow.until("the old alone", &Phase::Stable).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_who_start_at_once_one_is_refused() {
    let mut flow = Flow::new().await;
    let make = |image: &'static str| {
        move |live: Live<'_>| {
            let template = with_image(&live.deployment["spec"]["template"], None, image, &Facts::default()).unwrap();
            let asked = Start {
                template: &template,
                method: Method::Surge,
                instances: 2,
                operation: &ulid(Timestamp::UNIX_EPOCH, 1),
                driver: None,
            };
            deployment::start(live, asked)
        }
    };
    let first = flow.patch(make("live:v2")).await.unwrap();
    let second = flow.patch(make("live:v3")).await.unwrap();
    assert_eq!((flow.write(&first).await, flow.write(&second).await), (200, 422));
    flow.until("the first one's", &gray(2, 10)).await;
    // A step that was computed before somebody else took one is refused as well.
    let grown = flow.patch(|live| deployment::grow(live, 4)).await.unwrap();
    let aborted = flow.patch(deployment::abort).await.unwrap();
    assert_eq!((flow.write(&aborted).await, flow.write(&grown).await), (200, 422));
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_refuses_instances_fails_the_gray_release() {
    let mut flow = Flow::new().await;
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "few", "namespace": "gift"}, "spec": {"hard": {"pods": "10"}}});
    let path = "/api/v1/namespaces/gift/resourcequotas";
    flow.send("POST", path, "application/json", &quota).await;
    flow.start("live:v2", 2).await.unwrap();
    let is_refused = |seen: &Seen| {
        matches!(seen_phase(seen), Some(Phase::GrayFailed { ready: 0, cause: Cause::Refused(why), .. })
            if why.contains("exceeded quota"))
    };
    let limit = Duration::from_mins(2);
    flow.observer.until("refused by the quota", limit, is_refused).await;
}
