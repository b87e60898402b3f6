//! Releases of what is no Deployment: a StatefulSet by its partition, a DaemonSet node by node, a CloneSet in both of its
//! shapes, Argo's Rollouts, and the approval of Kruise's; where no controller of theirs runs, the test says what it would.

mod controllers;
mod in_place;
mod past;

use std::time::Duration;

use pilothouse::cluster::{ActError, Note, Target};
use pilothouse::domain::rights::Role;
use pilothouse::domain::{ClusterId, Driver, Kind, Object, ResourceRef, Workload};
use pilothouse::release::config::Source;
use pilothouse::release::live::Method;
use pilothouse::release::step::{Count, New, Step};
use pilothouse::release::template::Facts;
use pilothouse::release::{Done, Phase, Why};
use pilothouse::sim::Simulation;
use pilothouse::sim::resource::{CUSTOM_RESOURCE_DEFINITIONS, NODES};
use pilothouse::sim::store::Store;
use serde_json::{Value, json};

use super::wire::is_conditional;
use super::{Sent, Wire, pass, send};
use crate::support::observer::Observer;
use crate::support::rights::give;
use crate::support::watch_target;

const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";

/// A cluster of four nodes with one workload, watched.
struct Bench {
    simulation: Simulation,
    observer: Observer,
    cluster: pilothouse::cluster::Cluster,
    wire: std::sync::Arc<std::sync::Mutex<Wire>>,
    kind: Kind,
    path: String,
}

impl Bench {
    async fn new(kind: Kind, version: &str, object: &Value) -> Self {
        let (simulation, path) = with_workload(kind, version, object).await;
        let (server, wire) = (simulation.clone(), std::sync::Arc::default());
        let noted = std::sync::Arc::clone(&wire);
        let target = Target::in_process(ClusterId::new("sim"), move |request| {
            let (server, noted) = (server.clone(), std::sync::Arc::clone(&noted));
            async move { pass(&server, &noted, request).await }
        });
        let (cluster, observer) = watch_target(target);
        let mut bench = Self {
            simulation,
            observer,
            cluster,
            wire,
            kind,
            path,
        };
        bench.until("it is seen", |_| true).await;
        bench
    }

    async fn until(&mut self, what: &str, is_met: impl Fn(&Workload) -> bool) -> Workload {
        let kind = self.kind;
        let found = |seen: &crate::support::observer::Seen| match seen.object(kind, "live") {
            Some(Object::Workload(workload)) => Some(workload.clone()),
            _ => None,
        };
        let is_there = |seen: &crate::support::observer::Seen| found(seen).is_some_and(|workload| is_met(&workload));
        self.observer.until(what, Duration::from_mins(5), is_there).await;
        (*found(&self.observer.seen).unwrap()).clone()
    }

    fn object(&self) -> ResourceRef {
        let Some(Object::Workload(workload)) = self.observer.seen.object(self.kind, "live") else {
            panic!("it is not seen");
        };
        ResourceRef {
            cluster: self.cluster.id().clone(),
            kind: self.kind,
            key: workload.key.clone(),
            uid: workload.uid.clone(),
        }
    }

    async fn take(&self, step: &Step) -> Result<Done, ActError> {
        self.take_of(step, None).await
    }

    async fn take_of(&self, step: &Step, driver: Option<Driver>) -> Result<Done, ActError> {
        let prepared = self.cluster.prepare(&self.object(), step, driver).await?;
        let note = Note {
            app: "live",
            by: "oncall",
            why: &Why::default(),
        };
        self.cluster.carry_out(&prepared, &note).await
    }

    async fn read(&self) -> Value {
        send(&self.simulation, "GET", &self.path, JSON, &Value::Null).await.1
    }

    /// What somebody else makes of it.
    async fn change(&self, body: &Value) {
        const STRATEGIC: &str = "application/strategic-merge-patch+json";
        let (code, answer) = send(&self.simulation, "PATCH", &self.path, STRATEGIC, body).await;
        assert_eq!(code, 200, "{answer}");
    }

    /// What its controller would say.
    async fn says(&self, status: &Value) {
        let body = json!({"status": status});
        let (code, answer) = send(
            &self.simulation,
            "PATCH",
            &format!("{}/status", self.path),
            MERGE,
            &body,
        )
        .await;
        assert_eq!(code, 200, "{answer}");
    }

    /// The bodies of what was sent to workloads and pods that is no dry run, without conditions and notes.
    fn written(&self) -> Vec<(String, Value)> {
        let mut wire = self.wire.lock().unwrap();
        let sent = std::mem::take(&mut wire.sent);
        let is_note = |sent: &Sent| sent.path.contains("/events") || sent.path.contains("/configmaps");
        let real = sent
            .into_iter()
            .filter(|sent| !sent.path.contains("dryRun") && !is_note(sent));
        real.map(|sent| {
            let mut body = sent.body;
            let of = sent
                .path
                .split('?')
                .next()
                .unwrap()
                .rsplit('/')
                .take(2)
                .collect::<Vec<_>>();
            assert!(
                is_conditional(&sent.method, &body),
                "{} {}: {body}",
                sent.method,
                sent.path
            );
            if let Some(fields) = body.as_object_mut() {
                fields.remove("metadata");
            }
            (format!("{} {}/{}", sent.method, of[1], of[0]), body)
        })
        .collect()
    }
}

/// A cluster of four nodes with one workload; its path.
pub(super) async fn with_workload(kind: Kind, version: &str, object: &Value) -> (Simulation, String) {
    let simulation = Simulation::new(Store::new(1)).with_controllers(1);
    let room = json!({"cpu": "64", "memory": "256Gi", "pods": "110"});
    for name in ["n1", "n2", "n3", "n4"] {
        let node = json!({"metadata": {"name": name}, "status": {"capacity": room, "allocatable": room}});
        simulation.change(|store, now| drop(store.create(&NODES, node, now)));
    }
    for (plural, group, kind, version) in [
        ("rollouts", "argoproj.io", "Rollout", "v1alpha1"),
        ("clonesets", "apps.kruise.io", "CloneSet", version),
        ("rollouts", "rollouts.kruise.io", "Rollout", "v1beta1"),
    ] {
        define(&simulation, plural, group, kind, version);
    }
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gift"}});
    send(&simulation, "POST", "/api/v1/namespaces", JSON, &namespace).await;
    let group = kind.group();
    let collection = format!("/apis/{group}/{version}/namespaces/gift/{}", kind.plural());
    let (code, answer) = send(&simulation, "POST", &collection, JSON, object).await;
    assert_eq!(code, 201, "{answer}");
    give(&simulation, Role::Operator.name(), Role::Operator, &[]).await;
    let name = object["metadata"]["name"].as_str().unwrap();
    (simulation, format!("{collection}/{name}"))
}

pub(super) fn define(simulation: &Simulation, plural: &str, group: &str, kind: &str, version: &str) {
    let version = json!({"name": version, "served": true, "storage": true, "subresources": {"status": {}}});
    let definition = json!({"metadata": {"name": format!("{plural}.{group}")}, "spec": {"group": group,
        "scope": "Namespaced", "names": {"plural": plural, "kind": kind}, "versions": [version]}});
    simulation.change(|store, now| drop(store.create(&CUSTOM_RESOURCE_DEFINITIONS, definition, now)));
}

fn start(image: &str, instances: i32) -> Step {
    Step::Start(Box::new(New {
        image: image.into(),
        container: None,
        facts: Facts::default(),
        method: Method::Replace,
        count: Count::Instances(instances),
        config: Source::Current,
    }))
}

pub(super) fn workload(kind: &str, version: &str, spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": version, "kind": kind, "metadata": {"name": "live", "namespace": "gift"},
        "spec": {
            "selector": {"matchLabels": {"app": "live"}},
            "template": {"metadata": {"labels": {"app": "live"}},
                "spec": {"containers": [{"name": "live", "image": "live:v1"}]}},
        },
    });
    for (key, value) in spec.as_object().unwrap() {
        object["spec"][key] = value.clone();
    }
    object
}

fn gray(ready: i64, wanted: i64, old: i64) -> Phase {
    Phase::Gray {
        ready,
        wanted,
        old,
        timed: false,
    }
}

fn phase(workload: &Workload) -> Phase {
    Phase::of(workload, &[])
}
