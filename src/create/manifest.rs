//! The objects of a new app in one cluster: its Deployment, its Service, and where they make sense a disruption budget
//! and an autoscaler.
//!
//! Instances live with changing addresses: what they are told of themselves is their own name and address, never their
//! node's. They pass the Pod Security level `restricted`.

use serde_json::{Map, Value, json};

use super::answers::App;
use super::ground::Ground;
use super::template::Template;
use crate::domain::terms::UNBUILT;

/// The label that an app is known by, and that its Service, its budget and gray instances beside share.
const NAME: &str = "app.kubernetes.io/name";
/// The label that the Deployment selects by beside it, and the Service does not: gray instances in a second Deployment
/// have another value of it.
const INSTANCE: &str = "app.kubernetes.io/instance";
/// Seconds that stop.sh lets requests end.
const DRAIN: i64 = 10;
/// A start-up may take so many probes, of two seconds each.
const STARTUP_PROBES: i64 = 150;
/// Percent of the requested CPU that an autoscaler keeps instances at.
const CPU_TARGET: i64 = 70;

/// The objects, in the order in which they are created: the Deployment's name is the lock.
pub fn objects(app: &App, ground: &Ground, template: &Template) -> Vec<Value> {
    let budget = (app.min > 1).then(|| budget(app));
    let autoscaler = (app.max > app.min).then(|| autoscaler(app));
    let mut objects = vec![deployment(app, ground), service(app)];
    objects.extend(budget.into_iter().chain(autoscaler));
    for object in &mut objects {
        template.lay_over(object, app);
    }
    objects
}

fn metadata(app: &App) -> Value {
    json!({"name": app.name, "namespace": app.namespace, "labels": {NAME: app.name}})
}

fn deployment(app: &App, ground: &Ground) -> Value {
    let mut metadata = metadata(app);
    if let Some(fields) = metadata.as_object_mut() {
        fields.insert("annotations".into(), annotations(app, ground).into());
    }
    let labels = json!({NAME: app.name, INSTANCE: app.name});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": 0,
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
            "template": {"metadata": {"labels": labels}, "spec": pod(app, ground)},
        },
    })
}

fn annotations(app: &App, ground: &Ground) -> Map<String, Value> {
    let location = ground.locations.first().map(ToString::to_string);
    let said = [
        ("repo", Some(app.repository.clone())),
        ("branch", Some(app.branch.clone())),
        ("builder", Some(app.builder.clone())),
        ("image", Some(app.image.clone())),
        ("owner", app.owner.clone()),
        ("location", location),
        ("min-instances", Some(app.min.to_string())),
        ("max-instances", Some(app.max.to_string())),
    ];
    let said = said.into_iter().filter_map(|(key, value)| Some((key, value?)));
    said.map(|(key, value)| (format!("pilothouse.dev/{key}"), value.into()))
        .collect()
}

fn pod(app: &App, ground: &Ground) -> Value {
    let mut spec = json!({
        "automountServiceAccountToken": false,
        "containers": [container(app)],
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": app.grace,
        // Instances keep apart where they can, and start where they cannot.
        "topologySpreadConstraints": [{
            "labelSelector": {"matchLabels": {NAME: app.name}},
            "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
        }],
    });
    let Some(fields) = spec.as_object_mut() else {
        return spec;
    };
    let selector = ground.node_selector();
    if !selector.is_empty() {
        fields.insert("nodeSelector".into(), selector.into());
    }
    if let Some(required) = ground.affinity() {
        let affinity = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}});
        fields.insert("affinity".into(), affinity);
    }
    let tolerations = ground.tolerations(app);
    if !tolerations.is_empty() {
        fields.insert("tolerations".into(), tolerations.into());
    }
    spec
}

fn container(app: &App) -> Value {
    let own = |name: &str, path: &str| json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}});
    let discovery = json!({"configMapKeyRef": {"key": "url", "name": "service-discovery", "optional": true}});
    // stop.sh and the end of the app share the time that an instance has to end.
    let drain = DRAIN.min(app.grace / 2);
    let probe = match &app.probe {
        Some(path) => json!({"httpGet": {"path": path, "port": "http"}}),
        None => json!({"tcpSocket": {"port": "http"}}),
    };
    let every = |seconds: i64, failures: i64| {
        let mut probe = probe.clone();
        if let Some(fields) = probe.as_object_mut() {
            fields.insert("periodSeconds".into(), seconds.into());
            fields.insert("failureThreshold".into(), failures.into());
            fields.insert("timeoutSeconds".into(), 2.into());
        }
        probe
    };
    json!({
        "name": app.name,
        "image": format!("{}:{UNBUILT}", app.image),
        "env": [
            {"name": "APP", "value": app.name},
            own("NAMESPACE", "metadata.namespace"),
            own("POD_NAME", "metadata.name"),
            own("POD_IP", "status.podIP"),
            {"name": "PORT", "value": app.port.to_string()},
            {"name": "PROBE", "value": app.probe.as_deref().unwrap_or_default()},
            {"name": "DRAIN_SECONDS", "value": drain.to_string()},
            {"name": "DISCOVERY_URL", "valueFrom": discovery},
        ],
        "lifecycle": {"preStop": {"exec": {"command": ["sh", "/app/stop.sh"]}}},
        "ports": [{"name": "http", "containerPort": app.port}],
        "readinessProbe": every(5, 3),
        "startupProbe": every(2, STARTUP_PROBES),
        "resources": {
            "requests": {"cpu": app.cpu, "memory": app.memory},
            "limits": {"memory": app.memory},
        },
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
    })
}

fn service(app: &App) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": metadata(app),
        "spec": {
            "ports": [{"name": "http", "port": app.port, "targetPort": "http"}],
            "selector": {NAME: app.name},
        },
    })
}

fn budget(app: &App) -> Value {
    json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": metadata(app),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {NAME: app.name}}},
    })
}

fn autoscaler(app: &App) -> Value {
    let cpu = json!({"name": "cpu", "target": {"type": "Utilization", "averageUtilization": CPU_TARGET}});
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(app),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": app.name},
            "minReplicas": app.min, "maxReplicas": app.max,
            "metrics": [{"type": "Resource", "resource": cpu}],
        },
    })
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
