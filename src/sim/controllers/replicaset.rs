//! The ReplicaSet controller: as many pods as asked for, and the count of them.

use std::cmp::Reverse;

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use super::context::{Context, Key, Task, Tone, is_deleting, is_over, replicas, status_count};
use super::deployment::{after, is_observed};
use super::nodes::requests;
use super::object::{annotation, condition, count, holds, integer, items, moment, set, stamp, text};
use super::template::{Maker, pod};
use crate::domain::Timestamp;
use crate::sim::resource::{PODS, REPLICA_SETS};
use crate::sim::store::Stored;

const SOURCE: &str = "replicaset-controller";

/// How many pods are made or deleted at one go.
const BURST: usize = 500;

/// Brings the pods of a replica set to its size, and counts them.
pub(crate) fn sync(cx: &mut Context<'_>, key: &Key) {
    let Some(replica_set) = cx.get(&REPLICA_SETS, key) else {
        return;
    };
    let pods = cx.pods_of(&replica_set);
    let active: Vec<&Stored> = pods.iter().filter(|pod| !is_deleting(pod) && !is_over(pod)).collect();
    let failure = if is_deleting(&replica_set) {
        None
    } else {
        manage(cx, &replica_set, &active)
    };
    let (status, next) = status_of(&replica_set, &pods, failure.as_deref(), cx.now);
    let Some(replica_set) = cx.get(&REPLICA_SETS, key) else {
        return;
    };
    if Some(&status) != replica_set.get("status") {
        cx.set_status(&REPLICA_SETS, key, status);
    }
    if let Some(when) = next {
        cx.timers.at(when, Task::ReplicaSet(key.clone()));
    }
    if failure.is_some() {
        // The real controller backs off and tries again.
        cx.timers.at(after(cx.now, 5), Task::ReplicaSet(key.clone()));
    }
}

/// Makes or deletes pods; what kept it from making one.
fn manage(cx: &mut Context<'_>, replica_set: &Stored, active: &[&Stored]) -> Option<String> {
    let wanted = usize::try_from(replicas(replica_set)).unwrap_or(0);
    if active.len() < wanted {
        for _ in 0..(wanted - active.len()).min(BURST) {
            if let Err(refusal) = make(cx, replica_set) {
                let message = format!("Error creating: {refusal}");
                cx.event(replica_set, Tone::Warning, "FailedCreate", &message, SOURCE);
                return Some(refusal);
            }
        }
    } else {
        for victim in victims(active, (active.len() - wanted).min(BURST), cx.now) {
            cx.delete_pod(&victim);
            let message = format!("Deleted pod: {}", text(&victim, &["metadata", "name"]));
            cx.event(replica_set, Tone::Normal, "SuccessfulDelete", &message, SOURCE);
        }
    }
    None
}

fn make(cx: &mut Context<'_>, replica_set: &Value) -> Result<(), String> {
    let null = Value::Null;
    let template = super::object::at(replica_set, &["spec", "template"]).unwrap_or(&null);
    let name = format!("{}-{}", text(replica_set, &["metadata", "name"]), cx.random.suffix(5));
    let maker = Maker {
        owner: replica_set,
        api_version: "apps/v1",
        kind: "ReplicaSet",
    };
    let object = pod(maker, template, &name);
    if let Some(refusal) = super::quota::refusal(cx.store, &object, requests(&object)) {
        return Err(refusal);
    }
    cx.create(&PODS, object).map_err(|status| status.message)?;
    cx.event(
        replica_set,
        Tone::Normal,
        "SuccessfulCreate",
        &format!("Created pod: {name}"),
        SOURCE,
    );
    Ok(())
}

/// The pods to delete first, in Kubernetes' order: what is least missed.
fn victims(active: &[&Stored], count: usize, now: Timestamp) -> Vec<Stored> {
    let mut together: FxHashMap<&str, i64> = FxHashMap::default();
    for pod in active.iter().filter(|pod| holds(pod, "Ready")) {
        *together.entry(text(pod, &["spec", "nodeName"])).or_default() += 1;
    }
    let mut pods: Vec<&&Stored> = active.iter().collect();
    pods.sort_by_cached_key(|pod| preference(pod, &together, now));
    pods.into_iter().take(count).map(|&pod| pod.clone()).collect()
}

type Preference = (bool, u8, bool, i64, Reverse<i64>, u32, Reverse<i64>, u32, String);

/// How old something is in powers of two, so that pods of about the same age go in no particular order.
fn rank(since: Option<Timestamp>, now: Timestamp) -> u32 {
    let age = since.map_or(0, |since| (now - since).num_nanoseconds().unwrap_or(i64::MAX));
    u64::try_from(age)
        .ok()
        .and_then(u64::checked_ilog2)
        .map_or(0, |rank| rank + 1)
}

/// Smaller goes first: unassigned, pending, not ready, cheap, crowded, lately ready, often restarted, new.
fn preference(pod: &Value, together: &FxHashMap<&str, i64>, now: Timestamp) -> Preference {
    let node = text(pod, &["spec", "nodeName"]);
    let phase = match text(pod, &["status", "phase"]) {
        "Pending" => 0,
        "Running" => 2,
        _ => 1,
    };
    let ready = condition(pod, "Ready").filter(|c| text(c, &["status"]) == "True");
    let cost = annotation(pod, "controller.kubernetes.io/pod-deletion-cost").and_then(|c| c.parse().ok());
    let restarts = items(pod, &["status", "containerStatuses"])
        .iter()
        .map(|c| count(c, &["restartCount"]))
        .max();
    (
        !node.is_empty(),
        phase,
        ready.is_some(),
        cost.unwrap_or(0),
        Reverse(together.get(node).copied().unwrap_or(0)),
        ready.map_or(0, |c| rank(moment(c, &["lastTransitionTime"]), now)),
        Reverse(restarts.unwrap_or(0)),
        rank(moment(pod, &["metadata", "creationTimestamp"]), now),
        text(pod, &["metadata", "uid"]).to_owned(),
    )
}

/// Whether a pod counts as available, and if it will by itself, when.
pub(crate) fn availability(pod: &Value, min_ready: i64, now: Timestamp) -> (bool, Option<Timestamp>) {
    let Some(ready) = condition(pod, "Ready").filter(|c| text(c, &["status"]) == "True") else {
        return (false, None);
    };
    if min_ready == 0 {
        return (true, None);
    }
    match moment(ready, &["lastTransitionTime"]).map(|since| after(since, min_ready)) {
        Some(when) if when <= now => (true, None),
        when => (false, when),
    }
}

/// The status that follows from the pods, and when one more becomes available by itself.
pub(crate) fn status_of(
    replica_set: &Value,
    pods: &[Stored],
    failure: Option<&str>,
    now: Timestamp,
) -> (Value, Option<Timestamp>) {
    let min_ready = integer(replica_set, &["spec", "minReadySeconds"]).unwrap_or(0);
    let (mut active, mut ready, mut available, mut terminating, mut next) = (0, 0, 0, 0, None::<Timestamp>);
    for pod in pods.iter().filter(|pod| !is_over(pod)) {
        if is_deleting(pod) {
            terminating += 1;
            continue;
        }
        active += 1;
        ready += i64::from(holds(pod, "Ready"));
        let (now_available, when) = availability(pod, min_ready, now);
        available += i64::from(now_available);
        next = match (next, when) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    let mut status = json!({"replicas": active, "terminatingReplicas": terminating});
    for (field, number) in [
        ("fullyLabeledReplicas", active),
        ("readyReplicas", ready),
        ("availableReplicas", available),
        (
            "observedGeneration",
            integer(replica_set, &["metadata", "generation"]).unwrap_or(1),
        ),
    ] {
        if number != 0 {
            set(&mut status, &[field], number);
        }
    }
    if let Some(sentence) = failure {
        let current = condition(replica_set, "ReplicaFailure").cloned();
        let condition = current.unwrap_or_else(|| {
            json!({
                "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": sentence,
                "lastTransitionTime": stamp(now),
            })
        });
        set(&mut status, &["conditions"], vec![condition]);
    }
    (status, next)
}

/// Whether nothing is left to do for a replica set, as far as its own status tells.
pub(crate) fn is_settled(replica_set: &Value) -> bool {
    let wanted = replicas(replica_set);
    ["replicas", "readyReplicas", "availableReplicas"]
        .iter()
        .all(|field| status_count(replica_set, field) == wanted)
        && is_observed(replica_set)
}
