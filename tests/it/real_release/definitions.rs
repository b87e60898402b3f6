//! A part of what other controllers define, as a test applies it to a real cluster: the fields that the program reads
//! and writes, so that what it writes elsewhere is pruned. Taken away again afterwards.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// A kind of object, with the schema of each version it is served in; the first is the one that is stored.
pub(super) struct Definition {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    pub(super) plural: &'static str,
    pub(super) versions: Vec<(&'static str, Value)>,
    /// Where the number of instances stands, for kinds that have one.
    pub(super) scale: Option<&'static str>,
}

/// A definition that a cluster has.
pub(super) struct Installed {
    all: Api<CustomResourceDefinition>,
    name: String,
}

impl Definition {
    fn object(&self) -> Value {
        let versions = self.versions.iter().enumerate().map(|(number, (name, schema))| {
            let mut parts = json!({"status": {}});
            if let Some(place) = self.scale {
                parts["scale"] = json!({"specReplicasPath": place, "statusReplicasPath": ".status.replicas"});
            }
            json!({"name": name, "served": true, "storage": number == 0, "subresources": parts,
                "schema": {"openAPIV3Schema": schema}})
        });
        let (group, plural) = (self.group, self.plural);
        json!({"metadata": {"name": format!("{plural}.{group}")}, "spec": {"group": group, "scope": "Namespaced",
            "names": {"kind": self.kind, "plural": plural}, "versions": versions.collect::<Vec<_>>()}})
    }

    /// Gives it to a cluster, in place of one that an earlier run left.
    pub(super) async fn install(&self, client: &kube::Client) -> Installed {
        let installed = Installed {
            all: Api::all(client.clone()),
            name: format!("{}.{}", self.plural, self.group),
        };
        installed.clear().await;
        let object: CustomResourceDefinition = serde_json::from_value(self.object()).unwrap();
        installed.all.create(&PostParams::default(), &object).await.unwrap();
        installed
            .until("it is served", |found| found.is_some_and(is_served))
            .await;
        installed
    }
}

impl Installed {
    async fn until(&self, what: &str, is_met: impl Fn(Option<&CustomResourceDefinition>) -> bool) {
        let end = tokio::time::Instant::now() + PATIENCE;
        while !is_met(self.all.get_opt(&self.name).await.unwrap().as_ref()) {
            assert!(
                tokio::time::Instant::now() < end,
                "{}: not within {PATIENCE:?}: {what}",
                self.name
            );
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Takes it away with all objects of it.
    pub(super) async fn clear(&self) {
        if self.all.get_opt(&self.name).await.unwrap().is_some() {
            let options = DeleteParams::default();
            self.all.delete(&self.name, &options).await.unwrap();
            self.until("it is gone", |found| found.is_none()).await;
        }
    }
}

fn is_served(definition: &CustomResourceDefinition) -> bool {
    let conditions = definition.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|c| c.type_ == "Established" && c.status == "True"))
}

/// An object of these fields.
fn object(fields: &Value) -> Value {
    json!({"type": "object", "properties": fields})
}

/// Anything at all.
fn free() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

fn whole(spec: &Value, status: &Value) -> Value {
    object(&json!({"spec": object(spec), "status": object(status)}))
}

fn number() -> Value {
    json!({"type": "integer"})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn switch() -> Value {
    json!({"type": "boolean"})
}

fn number_or_text() -> Value {
    json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]})
}

/// A CloneSet in one of its shapes.
pub(super) fn clone_set(version: &'static str) -> Definition {
    let mut how = json!({"partition": number_or_text(), "maxUnavailable": number_or_text(), "maxSurge": number_or_text(), "paused": switch()});
    if version == "v1beta1" {
        how = json!({"rollingUpdate": object(&how)});
    }
    how["type"] = text();
    let spec = json!({"replicas": number(), "selector": free(), "template": free(), "updateStrategy": object(&how)});
    let status = json!({"observedGeneration": number(), "replicas": number(), "readyReplicas": number(), "updatedReplicas": number(),
        "availableReplicas": number(), "updatedReadyReplicas": number(), "currentRevision": text(), "updateRevision": text()});
    Definition {
        group: "apps.kruise.io",
        kind: "CloneSet",
        plural: "clonesets",
        versions: vec![(version, whole(&spec, &status))],
        scale: Some(".spec.replicas"),
    }
}

/// Kruise's Rollout, in one of its versions: the older one names the workload one level deeper.
pub(super) fn kruise_rollout(version: &'static str) -> Definition {
    let workload = object(&json!({"apiVersion": text(), "kind": text(), "name": text()}));
    let mut spec = match version {
        "v1alpha1" => json!({"objectRef": object(&json!({"workloadRef": workload}))}),
        _ => json!({"workloadRef": workload}),
    };
    spec["strategy"] = free();
    let at = object(
        &json!({"currentStepIndex": number(), "nextStepIndex": number(), "currentStepState": text(), "message": text()}),
    );
    let status = json!({"phase": text(), "message": text(), "canaryStatus": at, "blueGreenStatus": at});
    Definition {
        group: "rollouts.kruise.io",
        kind: "Rollout",
        plural: "rollouts",
        versions: vec![(version, whole(&spec, &status))],
        scale: None,
    }
}

/// Flagger's Canary.
pub(super) fn canary() -> Definition {
    let target = object(&json!({"apiVersion": text(), "kind": text(), "name": text()}));
    let status = json!({"phase": text(), "canaryWeight": number(), "iterations": number(), "failedChecks": number()});
    Definition {
        group: "flagger.app",
        kind: "Canary",
        plural: "canaries",
        versions: vec![(
            "v1beta1",
            whole(&json!({"targetRef": target, "analysis": free()}), &status),
        )],
        scale: None,
    }
}

/// KEDA's `ScaledObject`.
pub(super) fn scaled_object() -> Definition {
    let target = object(&json!({"apiVersion": text(), "kind": text(), "name": text()}));
    let spec = json!({"scaleTargetRef": target, "minReplicaCount": number(), "maxReplicaCount": number(),
        "triggers": {"type": "array", "items": free()}});
    Definition {
        group: "keda.sh",
        kind: "ScaledObject",
        plural: "scaledobjects",
        versions: vec![("v1alpha1", whole(&spec, &json!({"hpaName": text()})))],
        scale: None,
    }
}
