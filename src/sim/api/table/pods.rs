//! Cells of pods: the status a person reads comes from phase, reasons and every container's state.

use serde_json::Value;

use super::super::super::json;
use super::super::super::store::Timestamp;
use super::cells::{age, name, since, text_or};
use super::{Column, STRING};

pub(super) const COLUMNS: &[Column] = &[
    ("Name", STRING, false),
    ("Ready", STRING, false),
    ("Status", STRING, false),
    ("Restarts", STRING, false),
    ("Age", STRING, false),
    ("IP", STRING, true),
    ("Node", STRING, true),
    ("Nominated Node", STRING, true),
    ("Readiness Gates", STRING, true),
];

pub(super) fn cells(pod: &Value, now: Timestamp) -> Vec<Value> {
    let statuses = json::array(pod, "/status/containerStatuses");
    let running = statuses
        .iter()
        .filter(|one| is_ready(one) && one.pointer("/state/running").is_some())
        .count();
    let sidecars: Vec<&Value> = json::array(pod, "/status/initContainerStatuses")
        .iter()
        .filter(|one| is_sidecar(pod, json::text(one, "/name").unwrap_or_default()))
        .collect();
    let ready_sidecars = sidecars
        .iter()
        .filter(|one| is_ready(one) && one.pointer("/state/running").is_some())
        .count();
    let total = json::array(pod, "/spec/containers").len() + sidecars.len();
    vec![
        name(pod),
        format!("{}/{total}", running + ready_sidecars).into(),
        status(pod).into(),
        restarts(pod, now).into(),
        age(pod, now),
        text_or(pod, "/status/podIP", "<none>"),
        text_or(pod, "/spec/nodeName", "<none>"),
        text_or(pod, "/status/nominatedNodeName", "<none>"),
        gates(pod).into(),
    ]
}

fn is_ready(status: &Value) -> bool {
    status.get("ready") == Some(&Value::Bool(true))
}

fn is_sidecar(pod: &Value, name: &str) -> bool {
    json::array(pod, "/spec/initContainers")
        .iter()
        .any(|one| json::text(one, "/name") == Some(name) && json::text(one, "/restartPolicy") == Some("Always"))
}

/// What `kubectl get pods` calls the pod's status.
fn status(pod: &Value) -> String {
    let deleted = pod.pointer("/metadata/deletionTimestamp").is_some();
    if deleted && json::text(pod, "/status/reason") == Some("NodeLost") {
        return "Unknown".into();
    }
    if deleted && !matches!(json::text(pod, "/status/phase"), Some("Succeeded" | "Failed")) {
        return "Terminating".into();
    }
    let phase = json::text(pod, "/status/phase").unwrap_or_default();
    let mut reason = json::text(pod, "/status/reason").unwrap_or(phase).to_owned();
    if gated(pod) {
        reason = "SchedulingGated".into();
    }
    initializing(pod).unwrap_or_else(|| {
        let mut running = false;
        for container in json::array(pod, "/status/containerStatuses").iter().rev() {
            if let Some(own) = container_reason(container) {
                reason = own;
            } else if is_ready(container) && container.pointer("/state/running").is_some() {
                running = true;
            }
        }
        if reason == "Completed" && running {
            reason = if has_condition(pod, "Ready") {
                "Running".into()
            } else {
                "NotReady".into()
            };
        }
        reason
    })
}

fn gated(pod: &Value) -> bool {
    json::array(pod, "/status/conditions").iter().any(|one| {
        json::text(one, "/type") == Some("PodScheduled") && json::text(one, "/reason") == Some("SchedulingGated")
    })
}

fn has_condition(pod: &Value, kind: &str) -> bool {
    json::array(pod, "/status/conditions")
        .iter()
        .any(|one| json::text(one, "/type") == Some(kind) && json::text(one, "/status") == Some("True"))
}

/// Why a container waits or ended.
fn container_reason(container: &Value) -> Option<String> {
    if let Some(reason) = json::text(container, "/state/waiting/reason").filter(|reason| !reason.is_empty()) {
        return Some(reason.to_owned());
    }
    let ended = container.pointer("/state/terminated")?;
    Some(end_reason(ended))
}

fn end_reason(ended: &Value) -> String {
    match (
        json::text(ended, "/reason"),
        json::number(ended, "/signal"),
        json::number(ended, "/exitCode"),
    ) {
        (Some(reason), _, _) if !reason.is_empty() => reason.to_owned(),
        (_, Some(signal), _) if signal != 0 => format!("Signal:{signal}"),
        (_, _, code) => format!("ExitCode:{}", code.unwrap_or(0)),
    }
}

/// The status while init containers are not through.
fn initializing(pod: &Value) -> Option<String> {
    let total = json::array(pod, "/spec/initContainers").len();
    for (index, container) in json::array(pod, "/status/initContainerStatuses").iter().enumerate() {
        let sidecar = is_sidecar(pod, json::text(container, "/name").unwrap_or_default());
        if let Some(ended) = container.pointer("/state/terminated") {
            if json::number(ended, "/exitCode") == Some(0) {
                continue;
            }
            return Some(format!("Init:{}", end_reason(ended)));
        }
        if sidecar && container.get("started") == Some(&Value::Bool(true)) {
            continue;
        }
        let waiting = json::text(container, "/state/waiting/reason").filter(|reason| *reason != "PodInitializing");
        return Some(match waiting {
            Some(reason) if !reason.is_empty() => format!("Init:{reason}"),
            _ => format!("Init:{index}/{total}"),
        });
    }
    None
}

fn restarts(pod: &Value, now: Timestamp) -> String {
    let own = json::array(pod, "/status/containerStatuses");
    let init = json::array(pod, "/status/initContainerStatuses").iter();
    let sidecars = init.filter(|one| is_sidecar(pod, json::text(one, "/name").unwrap_or_default()));
    let all: Vec<&Value> = own.iter().chain(sidecars).collect();
    let count: i64 = all.iter().filter_map(|one| json::number(one, "/restartCount")).sum();
    let last = all
        .iter()
        .filter_map(|one| json::text(one, "/lastState/terminated/finishedAt"))
        .max();
    match last.filter(|_| count > 0) {
        Some(last) => format!("{count} ({} ago)", since(last, now)),
        None => count.to_string(),
    }
}

fn gates(pod: &Value) -> String {
    let gates = json::array(pod, "/spec/readinessGates");
    if gates.is_empty() {
        return "<none>".into();
    }
    let met = gates
        .iter()
        .filter_map(|gate| json::text(gate, "/conditionType"))
        .filter(|kind| has_condition(pod, kind));
    format!("{}/{}", met.count(), gates.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_status_says_what_is_wrong() {
        let running = json!({"name": "a", "ready": true, "restartCount": 0, "state": {"running": {}}});
        let crashing = json!({"name": "b", "ready": false, "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"finishedAt": "2023-11-14T22:12:20Z"}}});
        let pod = |statuses: Value, extra: Value| {
            let mut pod = json!({"metadata": {"name": "p", "creationTimestamp": "2023-11-14T22:03:20Z"},
                "spec": {"containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}]},
                "status": {"phase": "Running", "containerStatuses": statuses}});
            json::object_mut(json::object_mut(&mut pod).get_mut("status").unwrap())
                .append(&mut extra.as_object().cloned().unwrap());
            pod
        };
        let now = Timestamp::from_timestamp(1_700_000_000, 0).unwrap();
        let shown = |pod: &Value| cells(pod, now).into_iter().skip(1).take(4).collect::<Vec<_>>();
        let both = pod(json!([running, crashing]), json!({}));
        assert_eq!(shown(&both), ["1/2", "CrashLoopBackOff", "3 (60s ago)", "10m"]);
        assert_eq!(shown(&pod(json!([running, running]), json!({})))[1], "Running");
        let init = json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"running": {}}}]});
        assert_eq!(shown(&pod(json!([]), init))[1], "Init:0/1");
        let evicted = json!({"phase": "Failed", "reason": "Evicted"});
        assert_eq!(shown(&pod(json!([]), evicted))[1], "Evicted");
        let mut going = both;
        json::set_meta(&mut going, "deletionTimestamp", "2023-11-14T22:13:20Z");
        assert_eq!(shown(&going)[1], "Terminating");
    }
}
