//! A Deployment's status: counts from its replica sets, and the conditions with their reasons and sentences.

use serde_json::{Value, json};

use super::super::context::{Context, Task, replicas, status_count};
use super::super::object::{condition, integer, items, map_at, moment, set, stamp, text};
use super::{View, after};
use crate::domain::Timestamp;
use crate::sim::resource::DEPLOYMENTS;

/// No deadline: what the hold of a gray release sets.
const NO_DEADLINE: i64 = 2_147_483_647;

fn deadline(deployment: &Value) -> Option<i64> {
    match integer(deployment, &["spec", "progressDeadlineSeconds"]) {
        Some(NO_DEADLINE) => None,
        Some(seconds) => Some(seconds),
        None => Some(600),
    }
}

/// Writes the status if it differs; `estimate` says whether progress is judged (not while paused or scaled).
pub(crate) fn write(cx: &mut Context<'_>, view: &View, estimate: bool) {
    let Some(deployment) = cx.get(&DEPLOYMENTS, &view.key) else {
        return;
    };
    let status = status_of(&deployment, view, estimate, cx.now);
    let waits = wait(&deployment, &status, estimate);
    cx.set_status(&DEPLOYMENTS, &view.key, status);
    if let Some(when) = waits {
        // The deadline counts from whole seconds; one more makes sure that it has passed.
        cx.timers
            .at(after(when, 1).max(cx.now), Task::Deployment(view.key.clone()));
    }
}

/// When a rollout that makes no progress has to be looked at again.
fn wait(deployment: &Value, status: &Value, estimate: bool) -> Option<Timestamp> {
    let seconds = deadline(deployment).filter(|_| estimate)?;
    let progressing = condition_in(status, "Progressing")?;
    let reason = text(progressing, &["reason"]);
    let over = reason == "ProgressDeadlineExceeded" || reason == "NewReplicaSetAvailable";
    let updated = moment(progressing, &["lastUpdateTime"]).filter(|_| !over)?;
    Some(after(updated, seconds))
}

/// The status that follows from the replica sets.
pub(crate) fn status_of(deployment: &Value, view: &View, estimate: bool, now: Timestamp) -> Value {
    let sum = |field: &str| view.all().map(|set| status_count(set, field)).sum::<i64>();
    let wanted: i64 = view.all().map(|set| replicas(set)).sum();
    let available = sum("availableReplicas");
    let mut status = json!({
        "observedGeneration": integer(deployment, &["metadata", "generation"]).unwrap_or(1),
        "terminatingReplicas": sum("terminatingReplicas"),
    });
    let updated = view.new.as_ref().map_or(0, |new| status_count(new, "replicas"));
    for (field, count) in [
        ("replicas", sum("replicas")),
        ("updatedReplicas", updated),
        ("readyReplicas", sum("readyReplicas")),
        ("availableReplicas", available),
        ("unavailableReplicas", (wanted - available).max(0)),
        ("collisionCount", status_count(deployment, "collisionCount")),
    ] {
        if count != 0 {
            set(&mut status, &[field], count);
        }
    }
    let mut conditions = items(deployment, &["status", "conditions"]).to_vec();
    let (value, reason, sentence) = if available >= view.limits.fewest() {
        (
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        (
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    };
    merge(&mut conditions, made("Available", value, reason, sentence, now));
    if estimate {
        judge(deployment, view, &status, &mut conditions, now);
        failures(view, &mut conditions);
    }
    if !conditions.is_empty() {
        set(&mut status, &["conditions"], conditions);
    }
    status
}

/// Whether the rollout moves, is done, or has run out of time.
fn judge(deployment: &Value, view: &View, status: &Value, conditions: &mut Vec<Value>, now: Timestamp) {
    let Some(seconds) = deadline(deployment) else {
        conditions.retain(|c| text(c, &["type"]) != "Progressing");
        return;
    };
    let count = |field: &str| integer(status, &[field]).unwrap_or(0);
    let before = |field: &str| status_count(deployment, field);
    let current = condition(deployment, "Progressing");
    let reason = current.map_or("", |c| text(c, &["reason"]));
    if count("replicas") == count("updatedReplicas") && reason == "NewReplicaSetAvailable" {
        return;
    }
    let subject = match &view.new {
        Some(new) => format!("ReplicaSet \"{}\"", text(new, &["metadata", "name"])),
        None => format!("Deployment \"{}\"", text(deployment, &["metadata", "name"])),
    };
    let wanted = view.limits.replicas;
    let complete =
        count("updatedReplicas") == wanted && count("replicas") == wanted && count("availableReplicas") == wanted;
    let moves = count("updatedReplicas") > before("updatedReplicas")
        || count("replicas") - count("updatedReplicas") < before("replicas") - before("updatedReplicas")
        || count("readyReplicas") > before("readyReplicas")
        || count("availableReplicas") > before("availableReplicas");
    let late = match reason {
        "" | "NewReplicaSetAvailable" => false,
        "ProgressDeadlineExceeded" => true,
        _ => current
            .and_then(|c| moment(c, &["lastUpdateTime"]))
            .is_some_and(|updated| after(updated, seconds) < now),
    };
    if complete {
        let sentence = format!("{subject} has successfully progressed.");
        merge(
            conditions,
            made("Progressing", "True", "NewReplicaSetAvailable", &sentence, now),
        );
    } else if moves {
        let sentence = format!("{subject} is progressing.");
        let mut next = made("Progressing", "True", "ReplicaSetUpdated", &sentence, now);
        if let Some(current) = current.filter(|c| text(c, &["status"]) == "True") {
            set(
                &mut next,
                &["lastTransitionTime"],
                text(current, &["lastTransitionTime"]),
            );
        }
        conditions.retain(|c| text(c, &["type"]) != "Progressing");
        conditions.push(next);
    } else if late {
        let sentence = format!("{subject} has timed out progressing.");
        merge(
            conditions,
            made("Progressing", "False", "ProgressDeadlineExceeded", &sentence, now),
        );
    }
}

/// Passes on that a replica set cannot create its pods; the new one's failure counts more.
fn failures(view: &View, conditions: &mut Vec<Value>) {
    let failure = view
        .new
        .iter()
        .chain(&view.old)
        .find_map(|set| condition(set, "ReplicaFailure").cloned());
    match failure {
        Some(mut failure) => {
            let since = text(&failure, &["lastTransitionTime"]).to_owned();
            set(&mut failure, &["lastUpdateTime"], since);
            merge(conditions, failure);
        }
        None => conditions.retain(|c| text(c, &["type"]) != "ReplicaFailure"),
    }
}

/// Says that a Deployment was paused or resumed, once; true if that was written.
pub(crate) fn write_pause(cx: &mut Context<'_>, view: &View, paused: bool) -> bool {
    let current = condition(&view.deployment, "Progressing").map_or("", |c| text(c, &["reason"]));
    let said = current == "DeploymentPaused";
    if deadline(&view.deployment).is_none() || current == "ProgressDeadlineExceeded" || said == paused {
        return false;
    }
    let (reason, sentence) = if paused {
        ("DeploymentPaused", "Deployment is paused")
    } else {
        ("DeploymentResumed", "Deployment is resumed")
    };
    let condition = made("Progressing", "Unknown", reason, sentence, cx.now);
    cx.update(&DEPLOYMENTS, &view.key, |deployment| put(deployment, condition));
    true
}

/// `Progressing` for a new replica set.
pub(crate) fn created(deployment: &Value, name: &str, now: Timestamp) -> Option<Value> {
    deadline(deployment)?;
    let sentence = format!("Created new replica set \"{name}\"");
    Some(made("Progressing", "True", "NewReplicaSetCreated", &sentence, now))
}

/// `Progressing` for a Deployment that had none though its replica set is there.
pub(crate) fn found(deployment: &Value, new: &Value, now: Timestamp) -> Option<Value> {
    deadline(deployment)?;
    if condition(deployment, "Progressing").is_some() {
        return None;
    }
    let sentence = format!("Found new replica set \"{}\"", text(new, &["metadata", "name"]));
    Some(made("Progressing", "True", "FoundNewReplicaSet", &sentence, now))
}

/// Puts a condition into an object's status.
pub(crate) fn put(object: &mut Value, condition: Value) {
    if let Some(status) = map_at(object, &["status"]) {
        let list = status.entry("conditions").or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            merge(list, condition);
        }
    }
}

fn made(kind: &str, value: &str, reason: &str, sentence: &str, now: Timestamp) -> Value {
    let now = stamp(now);
    json!({
        "type": kind, "status": value, "reason": reason, "message": sentence,
        "lastUpdateTime": now, "lastTransitionTime": now,
    })
}

/// Replaces the condition of a type unless status and reason are the same; a status that stays keeps its time.
fn merge(conditions: &mut Vec<Value>, mut next: Value) {
    let kind = text(&next, &["type"]).to_owned();
    if let Some(current) = conditions.iter().find(|c| text(c, &["type"]) == kind) {
        if text(current, &["status"]) == text(&next, &["status"]) {
            if text(current, &["reason"]) == text(&next, &["reason"]) {
                return;
            }
            let since = text(current, &["lastTransitionTime"]).to_owned();
            set(&mut next, &["lastTransitionTime"], since);
        }
    }
    conditions.retain(|c| text(c, &["type"]) != kind);
    conditions.push(next);
}

fn condition_in<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    items(status, &["conditions"])
        .iter()
        .find(|c| text(c, &["type"]) == kind)
}
