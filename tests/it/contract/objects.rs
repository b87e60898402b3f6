//! The objects cases create.

use serde_json::{Value, json};

use super::answer::Outcome;
use super::frame::Ctx;

/// A `Secret`: a plain kind of which a real server makes none of its own in a new namespace.
pub(crate) fn secret(name: &str, labels: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": labels},
        "type": "Opaque", "data": {"word": "b25l"}})
}

/// Creates some Secrets with the same labels.
pub(crate) async fn secrets(ctx: &Ctx, names: &[&str], labels: &Value) -> Outcome {
    for name in names {
        ctx.create(&ctx.core("secrets"), &secret(name, labels)).await?;
    }
    Ok(())
}

/// A `ConfigMap` with two keys.
pub(crate) fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"one": "1", "two": "2"}})
}

/// A pod that never runs: its node does not exist.
pub(crate) fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"nodeName": "contract-no-such-node", "containers": [{"name": "main", "image": "example/app:1"}]}})
}

/// A Deployment of no instances, so that requests alone change its `spec`; two containers, an environment, a toleration.
pub(crate) fn deployment(name: &str) -> Value {
    let env = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]);
    let main = json!({"name": "main", "image": "example/app:1", "env": env});
    let proxy = json!({"name": "proxy", "image": "example/proxy:1"});
    let toleration =
        json!({"key": "pilothouse.dev/exclusive", "operator": "Equal", "value": name, "effect": "NoSchedule"});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [main, proxy], "tolerations": [toleration]}}}})
}

/// The definition of a namespaced kind like Argo's Rollout: `PLURAL.GROUP`, with `/status` and `/scale` and columns.
pub(crate) fn definition(group: &str, plural: &str, kind: &str) -> Value {
    let subresources = json!({"status": {}, "scale": {"specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.HPAReplicas", "labelSelectorPath": ".status.selector"}});
    let columns =
        json!([{"name": "Desired", "type": "integer", "jsonPath": ".spec.replicas", "description": "Number wanted"}]);
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    let version = json!({"name": "v1alpha1", "served": true, "storage": true, "schema": schema,
        "subresources": subresources, "additionalPrinterColumns": columns});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "versions": [version],
            "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List"), "shortNames": ["cro"]}}})
}
