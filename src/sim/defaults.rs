//! The defaults an API server fills in on every write, for the kinds that controllers and clients rely on.

use serde_json::{Map, Value, json};

use super::json;
use super::resource::Resource;

/// Fills in what the object leaves out.
pub fn apply(resource: &Resource, object: &mut Value) {
    match (resource.group.as_ref(), resource.plural.as_ref()) {
        ("", "pods") => pod(object),
        ("", "namespaces") => namespace(object),
        ("", "services") => service(object),
        ("apps", "deployments") => deployment(object),
        ("apps", "replicasets") => replica_set(object),
        ("apps", "statefulsets") => stateful_set(object),
        ("apps", "daemonsets") => daemon_set(object),
        ("batch", "jobs") => job(object),
        ("autoscaling", "horizontalpodautoscalers") => {
            let spec = json::child_mut(object, "spec");
            or(spec, "minReplicas", 1);
            let target = json!({"type": "Utilization", "averageUtilization": 80});
            or(
                spec,
                "metrics",
                json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]),
            );
        }
        ("policy", "poddisruptionbudgets") | ("", "nodes" | "resourcequotas") => status(object, json!({})),
        ("", "secrets") => or(json::object_mut(object), "type", "Opaque"),
        _ => {}
    }
}

/// Sets a field that is absent or null.
fn or(map: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    if map.get(key).is_none_or(Value::is_null) {
        map.insert(key.to_owned(), value.into());
    }
}

fn status(object: &mut Value, value: Value) {
    or(json::object_mut(object), "status", value);
}

fn namespace(object: &mut Value) {
    let name = json::meta(object, "name").to_owned();
    if !name.is_empty() {
        json::set(object, &["metadata", "labels", "kubernetes.io/metadata.name"], name);
    }
    or(json::child_mut(object, "spec"), "finalizers", json!(["kubernetes"]));
    or(json::child_mut(object, "status"), "phase", "Active");
}

fn service(object: &mut Value) {
    let spec = json::child_mut(object, "spec");
    or(spec, "type", "ClusterIP");
    or(spec, "sessionAffinity", "None");
    for port in spec
        .get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        let port = json::object_mut(port);
        or(port, "protocol", "TCP");
        let number = port.get("port").cloned().unwrap_or_default();
        or(port, "targetPort", number);
    }
    status(object, json!({"loadBalancer": {}}));
}

fn deployment(object: &mut Value) {
    let spec = json::child_mut(object, "spec");
    or(spec, "replicas", 1);
    or(spec, "revisionHistoryLimit", 10);
    or(spec, "progressDeadlineSeconds", 600);
    or(spec, "strategy", json!({}));
    if let Some(strategy) = spec.get_mut("strategy") {
        or(json::object_mut(strategy), "type", "RollingUpdate");
        if json::text(strategy, "/type") == Some("RollingUpdate") {
            let rolling = json::child_mut(strategy, "rollingUpdate");
            or(rolling, "maxUnavailable", "25%");
            or(rolling, "maxSurge", "25%");
        }
    }
    template(object);
    status(object, json!({}));
}

fn replica_set(object: &mut Value) {
    or(json::child_mut(object, "spec"), "replicas", 1);
    template(object);
    status(object, json!({"replicas": 0}));
}

fn stateful_set(object: &mut Value) {
    let spec = json::child_mut(object, "spec");
    or(spec, "replicas", 1);
    or(spec, "podManagementPolicy", "OrderedReady");
    or(
        spec,
        "updateStrategy",
        json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
    );
    or(spec, "revisionHistoryLimit", 10);
    or(
        spec,
        "persistentVolumeClaimRetentionPolicy",
        json!({"whenDeleted": "Retain", "whenScaled": "Retain"}),
    );
    template(object);
    status(object, json!({"replicas": 0, "availableReplicas": 0}));
}

fn daemon_set(object: &mut Value) {
    let spec = json::child_mut(object, "spec");
    let rolling = json!({"maxUnavailable": 1, "maxSurge": 0});
    or(
        spec,
        "updateStrategy",
        json!({"type": "RollingUpdate", "rollingUpdate": rolling}),
    );
    or(spec, "revisionHistoryLimit", 10);
    template(object);
    let zero = 0;
    status(
        object,
        json!({"currentNumberScheduled": zero, "numberMisscheduled": zero, "desiredNumberScheduled": zero,
            "numberReady": zero}),
    );
}

fn job(object: &mut Value) {
    let spec = json::child_mut(object, "spec");
    or(spec, "parallelism", 1);
    or(spec, "completions", 1);
    or(spec, "backoffLimit", 6);
    or(spec, "completionMode", "NonIndexed");
    or(spec, "suspend", false);
    template(object);
    status(object, json!({}));
}

fn template(object: &mut Value) {
    if let Some(template) = object.pointer_mut("/spec/template") {
        pod_template(template);
    }
}

/// Fills in what a workload's pod template leaves out.
pub(super) fn pod_template(template: &mut Value) {
    if let Some(spec) = template.get_mut("spec") {
        pod_spec(spec);
    }
}

/// A pod as it is stored: the spec's defaults, what admission adds, and the first status.
fn pod(object: &mut Value) {
    let spec = json::child_mut(object, "spec");
    or(spec, "serviceAccountName", "default");
    let account = spec.get("serviceAccountName").cloned().unwrap_or_default();
    or(spec, "serviceAccount", account);
    or(spec, "enableServiceLinks", true);
    or(spec, "priority", 0);
    or(spec, "preemptionPolicy", "PreemptLowerPriority");
    let mut tolerations = spec
        .get("tolerations")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerates = |one: &Value| json::text(one, "/key").is_none_or(|own| own == key);
        if !tolerations.iter().any(tolerates) {
            tolerations
                .push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
    spec.insert("tolerations".into(), tolerations.into());
    if let Some(spec) = object.get_mut("spec") {
        pod_spec(spec);
        for list in ["containers", "initContainers"] {
            spec.get_mut(list)
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
                .for_each(request_limits);
        }
    }
    let quality = quality(object);
    let status = json::child_mut(object, "status");
    or(status, "phase", "Pending");
    or(status, "qosClass", quality);
}

/// The quality-of-service class that follows from requests and limits.
fn quality(pod: &Value) -> &'static str {
    let mut guaranteed = true;
    let mut any = false;
    for container in json::array(pod, "/spec/containers")
        .iter()
        .chain(json::array(pod, "/spec/initContainers"))
    {
        for resource in ["cpu", "memory"] {
            let get = |kind: &str| container.pointer(&format!("/resources/{kind}/{resource}"));
            let (request, limit) = (get("requests"), get("limits"));
            any |= request.is_some() || limit.is_some();
            guaranteed &= limit.is_some() && request.is_none_or(|request| Some(request) == limit);
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

fn pod_spec(spec: &mut Value) {
    let spec = json::object_mut(spec);
    or(spec, "restartPolicy", "Always");
    or(spec, "terminationGracePeriodSeconds", 30);
    or(spec, "dnsPolicy", "ClusterFirst");
    or(spec, "securityContext", json!({}));
    or(spec, "schedulerName", "default-scheduler");
    for list in ["containers", "initContainers"] {
        spec.get_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .for_each(container);
    }
    for volume in spec
        .get_mut("volumes")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        for source in ["configMap", "secret", "projected"] {
            if let Some(source) = volume.get_mut(source) {
                or(json::object_mut(source), "defaultMode", 420);
            }
        }
    }
}

fn container(container: &mut Value) {
    let latest = json::text(container, "/image").is_some_and(is_latest);
    let map = json::object_mut(container);
    or(map, "resources", json!({}));
    or(map, "terminationMessagePath", "/dev/termination-log");
    or(map, "terminationMessagePolicy", "File");
    or(map, "imagePullPolicy", if latest { "Always" } else { "IfNotPresent" });
    for port in map.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        or(json::object_mut(port), "protocol", "TCP");
    }
    for probe in ["readinessProbe", "livenessProbe", "startupProbe"] {
        let Some(probe) = map.get_mut(probe) else { continue };
        let probe = json::object_mut(probe);
        for (field, value) in [
            ("timeoutSeconds", 1),
            ("periodSeconds", 10),
            ("successThreshold", 1),
            ("failureThreshold", 3),
        ] {
            or(probe, field, value);
        }
        if let Some(get) = probe.get_mut("httpGet") {
            or(json::object_mut(get), "scheme", "HTTP");
        }
    }
}

/// What a pod's container is limited to and does not request, it requests.
fn request_limits(container: &mut Value) {
    let limits = container
        .pointer("/resources/limits")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    if limits.is_empty() {
        return;
    }
    let resources = json::child_mut(container, "resources");
    let requests = resources.entry("requests").or_insert_with(|| json!({}));
    for (name, limit) in limits {
        or(json::object_mut(requests), &name, limit);
    }
}

fn is_latest(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    !name.contains('@') && name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

#[cfg(test)]
mod tests {
    use super::super::resource::{DEPLOYMENTS, PODS};
    use super::*;

    #[test]
    fn a_deployment_gets_its_strategy_and_its_containers_their_policies() {
        let mut object = json!({"spec": {"strategy": {"rollingUpdate": {"maxSurge": 2}}, "template": {"spec": {"containers": [
            {"name": "a", "image": "registry:5000/web"}, {"name": "b", "image": "web:1"}]}}}});
        apply(&DEPLOYMENTS, &mut object);
        let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": "25%"}});
        assert_eq!(object.pointer("/spec/strategy"), Some(&strategy));
        let policy = |index: usize| {
            json::text(
                &object,
                &format!("/spec/template/spec/containers/{index}/imagePullPolicy"),
            )
            .unwrap()
            .to_owned()
        };
        assert_eq!((policy(0).as_str(), policy(1).as_str()), ("Always", "IfNotPresent"));
        let once = object.clone();
        apply(&DEPLOYMENTS, &mut object);
        assert_eq!(object, once, "defaults do not change what has them");
    }

    #[test]
    fn a_pod_gets_its_class() {
        for (resources, expected) in [
            (json!({}), "BestEffort"),
            (json!({"requests": {"cpu": "1"}}), "Burstable"),
            (json!({"limits": {"cpu": "1", "memory": "1Gi"}}), "Guaranteed"),
        ] {
            let mut pod = json!({"spec": {"containers": [{"name": "a", "image": "a:1", "resources": resources}]}});
            apply(&PODS, &mut pod);
            assert_eq!(json::text(&pod, "/status/qosClass"), Some(expected));
        }
    }
}
