//! The objects cases create.

use serde_json::{Value, json};

/// A `ConfigMap`, the plainest kind there is.
pub(crate) fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"word": "one"}})
}

/// A `ConfigMap` with labels.
pub(crate) fn labelled(name: &str, labels: &Value) -> Value {
    let mut object = config_map(name);
    object["metadata"]["labels"] = labels.clone();
    object
}

/// A pod that never runs: its node does not exist.
pub(crate) fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"nodeName": "contract-no-such-node", "containers": [{"name": "main", "image": "example/app:1"}]}})
}

/// A Deployment of no instances, so that nothing but requests changes it; two containers, an environment, a toleration.
pub(crate) fn deployment(name: &str) -> Value {
    let container = json!({"name": "main", "image": "example/app:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]});
    let sidecar = json!({"name": "proxy", "image": "example/proxy:1"});
    let toleration =
        json!({"key": "pilothouse.dev/exclusive", "operator": "Equal", "value": name, "effect": "NoSchedule"});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [container, sidecar], "tolerations": [toleration]}}}})
}
