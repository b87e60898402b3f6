//! Instances of a fleet that is made at one go: running as their kubelet would have them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::place::Seat;
use crate::domain::Timestamp;
use crate::sim::controllers::kubelet::container::{digest, run};
use crate::sim::controllers::kubelet::{admit, mark, set_ip, settle};
use crate::sim::controllers::object::{at, items, map_at, set, stamp, text};
use crate::sim::controllers::template::{Maker, pod};

/// The pod all instances of a template started at one time are copied from.
pub(crate) fn prototype(maker: Maker<'_>, template: &Value, started: Timestamp) -> Value {
    running(pod(maker, template, ""), started)
}

/// A pod as it is once it runs and is ready.
pub(crate) fn running(mut pod: Value, started: Timestamp) -> Value {
    admit(&mut pod, "0.0.0.0", started - TimeDelta::seconds(9));
    let images: Vec<String> = images(&pod);
    each_status(&mut pod, |index, status| {
        run(status, images.get(index).map_or("", String::as_str), "", started);
        set(status, &["ready"], true);
    });
    set_ip(&mut pod, "0.0.0.0");
    settle(&mut pod, started);
    pod
}

fn images(pod: &Value) -> Vec<String> {
    items(pod, &["spec", "containers"])
        .iter()
        .map(|c| text(c, &["image"]).to_owned())
        .collect()
}

fn each_status(pod: &mut Value, mut change: impl FnMut(usize, &mut Value)) {
    let statuses = map_at(pod, &["status"])
        .and_then(|status| status.get_mut("containerStatuses"))
        .and_then(Value::as_array_mut);
    for (index, status) in statuses.into_iter().flatten().enumerate() {
        change(index, status);
    }
}

/// An instance at its place.
pub(crate) fn instance(prototype: &Value, name: &str, seat: &Seat<'_>) -> Value {
    let mut pod = prototype.clone();
    set(&mut pod, &["metadata", "name"], name);
    set(&mut pod, &["spec", "nodeName"], seat.node);
    set(&mut pod, &["status", "hostIP"], seat.address);
    set(&mut pod, &["status", "hostIPs"], json!([{"ip": seat.address}]));
    set_ip(&mut pod, &seat.ip);
    each_status(&mut pod, |index, status| {
        set(
            status,
            &["containerID"],
            format!("containerd://{}", digest(&format!("{name}/{index}"))),
        );
    });
    pod
}

/// Makes an instance one whose first container crashed so often and waits for its next run.
pub(crate) fn crash(pod: &mut Value, restarts: i64, ended: Timestamp) {
    let full = format!(
        "{}_{}({})",
        text(pod, &["metadata", "name"]),
        text(pod, &["metadata", "namespace"]),
        text(pod, &["metadata", "uid"])
    );
    let name = first_container(pod);
    each_status(pod, |index, status| {
        if index > 0 {
            return;
        }
        let end = json!({
            "exitCode": 1, "reason": "Error", "startedAt": stamp(ended - TimeDelta::seconds(4)),
            "finishedAt": stamp(ended), "containerID": text(status, &["containerID"]),
        });
        let message = format!("back-off 5m0s restarting failed container={name} pod={full}");
        set(status, &["lastState"], json!({"terminated": end}));
        set(
            status,
            &["state"],
            json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}}),
        );
        set(status, &["restartCount"], restarts);
        set(status, &["ready"], false);
        set(status, &["started"], false);
    });
    settle(pod, ended);
}

fn first_container(pod: &Value) -> String {
    items(pod, &["spec", "containers"])
        .first()
        .map(|c| text(c, &["name"]).to_owned())
        .unwrap_or_default()
}

/// Makes an instance one that was started anew so often, last at a moment.
pub(crate) fn restart(pod: &mut Value, restarts: i64, ran: TimeDelta, started: Timestamp) {
    each_status(pod, |index, status| {
        if index > 0 {
            return;
        }
        let ended = started - TimeDelta::seconds(1);
        let end = json!({
            "exitCode": 137, "reason": "OOMKilled", "startedAt": stamp(ended - ran), "finishedAt": stamp(ended),
            "containerID": text(status, &["containerID"]),
        });
        set(status, &["lastState"], json!({"terminated": end}));
        set(status, &["restartCount"], restarts);
        set(status, &["state"], json!({"running": {"startedAt": stamp(started)}}));
    });
}

/// Makes an instance one that sits on a dead node: not ready since the node fell silent.
pub(crate) fn silence(pod: &mut Value, since: Timestamp) {
    mark(pod, "Ready", false, None, since);
}

/// Makes an instance one that was told to go and cannot, because its node is dead.
pub(crate) fn strand(pod: &mut Value, told: Timestamp) {
    let why = (
        "DeletionByTaintManager",
        "Taint manager: deleting due to NoExecute taint",
    );
    mark(pod, "DisruptionTarget", true, Some(why), told);
    let grace = at(pod, &["spec", "terminationGracePeriodSeconds"])
        .and_then(Value::as_i64)
        .unwrap_or(30);
    set(
        pod,
        &["metadata", "deletionTimestamp"],
        stamp(told + TimeDelta::seconds(grace)),
    );
    set(pod, &["metadata", "deletionGracePeriodSeconds"], grace);
}

/// Makes a pod one that ended well.
pub(crate) fn complete(pod: &mut Value, started: Timestamp, ended: Timestamp) {
    each_status(pod, |_, status| {
        let end = json!({
            "exitCode": 0, "reason": "Completed", "startedAt": stamp(started), "finishedAt": stamp(ended),
            "containerID": text(status, &["containerID"]),
        });
        set(status, &["state"], json!({"terminated": end}));
        set(status, &["ready"], false);
        set(status, &["started"], false);
    });
    settle(pod, ended);
}
