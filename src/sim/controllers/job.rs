//! The Job controller: pods until so many of them ended well, a failure too many, or the time is over.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::context::{Context, Key, Task, Tone, is_deleting, is_over};
use super::kubelet::turn::statuses;
use super::nodes::requests;
use super::object::{at, condition, count, holds, integer, items, moment, set, stamp, text};
use super::template::{Maker, pod};
use crate::domain::Timestamp;
use crate::sim::resource::{JOBS, PODS};
use crate::sim::store::Stored;

const SOURCE: &str = "job-controller";
/// Labels of a job's pods (`pkg/apis/batch/types.go`), the old and the new names.
const LABELS: [(&str, &str); 4] = [
    ("job-name", "name"),
    ("batch.kubernetes.io/job-name", "name"),
    ("controller-uid", "uid"),
    ("batch.kubernetes.io/controller-uid", "uid"),
];
/// How long is waited after a pod that failed, doubled with each, and at most.
const BACK_OFF: TimeDelta = TimeDelta::seconds(10);
const MOST_BACK_OFF: TimeDelta = TimeDelta::minutes(10);

/// How a job ended.
struct End {
    condition: &'static str,
    reason: &'static str,
    message: &'static str,
}

const COMPLETE: End = End {
    condition: "Complete",
    reason: "CompletionsReached",
    message: "Reached expected number of succeeded pods",
};
const TOO_MANY: End = End {
    condition: "Failed",
    reason: "BackoffLimitExceeded",
    message: "Job has reached the specified backoff limit",
};
const TOO_LONG: End = End {
    condition: "Failed",
    reason: "DeadlineExceeded",
    message: "Job was active longer than specified deadline",
};

/// The pods of a job, by how they stand.
struct Pods {
    active: Vec<Stored>,
    succeeded: i64,
    failed: i64,
    /// Runs that failed, where pods run again themselves.
    restarts: i64,
    last_failure: Option<Timestamp>,
}

/// Whether there is nothing to do for a job.
pub(crate) fn is_settled(job: &Value) -> bool {
    is_ended(job)
}

fn is_ended(job: &Value) -> bool {
    holds(job, "Complete") || holds(job, "Failed")
}

/// Makes the pods that a job still needs, and counts them.
pub(crate) fn sync(cx: &mut Context<'_>, key: &Key) {
    let Some(job) = cx.get(&JOBS, key) else { return };
    if is_deleting(&job) || is_ended(&job) {
        return;
    }
    let pods = pods(cx, &job);
    let begun = moment(&job, &["status", "startTime"]).unwrap_or(cx.now);
    let spec = |field: &str| integer(&job, &["spec", field]);
    let end = ending(&job, &pods, begun, cx.now);
    let mut active = pods.active.clone();
    if end.is_some() || is_suspended(&job) {
        for pod in active.drain(..) {
            cx.delete_pod(&pod);
        }
    } else {
        let missing = (spec("completions").unwrap_or(1) - pods.succeeded).min(spec("parallelism").unwrap_or(1));
        let due = after_failures(&pods);
        if due.is_none_or(|due| due <= cx.now) {
            for _ in active.len()..usize::try_from(missing).unwrap_or(0) {
                let Some(made) = make(cx, &job) else { break };
                active.push(made);
            }
        } else if let Some(due) = due {
            cx.timers.at(due, Task::Job(key.clone()));
        }
        if let Some(seconds) = spec("activeDeadlineSeconds") {
            let over = begun + TimeDelta::try_seconds(seconds).unwrap_or_default();
            cx.timers.at(over, Task::Job(key.clone()));
        }
    }
    let status = status_of(&job, &pods, &active, (begun, end.as_ref()), cx.now);
    cx.set_status(&JOBS, key, status);
    if let Some(end) = end {
        let (tone, reason) = if end.condition == "Complete" {
            (Tone::Normal, "Completed")
        } else {
            (Tone::Warning, end.reason)
        };
        let message = if tone == Tone::Normal {
            "Job completed"
        } else {
            end.message
        };
        cx.event(&job, tone, reason, message, SOURCE);
    }
}

fn is_suspended(job: &Value) -> bool {
    at(job, &["spec", "suspend"]) == Some(&Value::Bool(true))
}

fn pods(cx: &Context<'_>, job: &Value) -> Pods {
    let mut found = Pods {
        active: Vec::new(),
        succeeded: 0,
        failed: 0,
        restarts: 0,
        last_failure: None,
    };
    for pod in cx.pods_of(job) {
        if !is_over(&pod) {
            let containers = items(&pod, &["status", "containerStatuses"]);
            let restarts = containers.iter().map(|container| count(container, &["restartCount"]));
            found.restarts += restarts.sum::<i64>();
            if !is_deleting(&pod) {
                found.active.push(pod);
            }
        } else if text(&pod, &["status", "phase"]) == "Succeeded" {
            found.succeeded += 1;
        } else {
            found.failed += 1;
            let ends = statuses(&pod);
            let ends = ends.filter_map(|container| moment(container, &["state", "terminated", "finishedAt"]));
            found.last_failure = ends.chain(found.last_failure).max();
        }
    }
    found
}

fn ending(job: &Value, pods: &Pods, begun: Timestamp, now: Timestamp) -> Option<End> {
    let spec = |field: &str| integer(job, &["spec", field]);
    if pods.succeeded >= spec("completions").unwrap_or(1) {
        return Some(COMPLETE);
    }
    if pods.failed.max(pods.restarts) > spec("backoffLimit").unwrap_or(6) {
        return Some(TOO_MANY);
    }
    let deadline = spec("activeDeadlineSeconds").and_then(TimeDelta::try_seconds);
    let is_over = deadline.is_some_and(|deadline| now >= begun + deadline);
    (is_over && !is_suspended(job)).then_some(TOO_LONG)
}

/// When the next pod may be made after those that failed.
fn after_failures(pods: &Pods) -> Option<Timestamp> {
    let last = pods.last_failure?;
    let times = u32::try_from(pods.failed - 1).unwrap_or(0).min(10);
    Some(last + (BACK_OFF * 2_i32.pow(times)).min(MOST_BACK_OFF))
}

fn make(cx: &mut Context<'_>, job: &Value) -> Option<Stored> {
    let mut template = at(job, &["spec", "template"]).cloned().unwrap_or_default();
    for (label, field) in LABELS {
        let value = text(job, &["metadata", field]);
        set(&mut template, &["metadata", "labels", label], value);
    }
    let name = format!("{}-{}", text(job, &["metadata", "name"]), cx.random.suffix(5));
    let maker = Maker {
        owner: job,
        api_version: "batch/v1",
        kind: "Job",
    };
    let object = pod(maker, &template, &name);
    let refusal = super::quota::refusal(cx.store, &object, requests(&object));
    let made = match refusal {
        Some(refusal) => Err(refusal),
        None => cx.create(&PODS, object).map_err(|status| status.message),
    };
    match made {
        Ok(made) => {
            cx.event(
                job,
                Tone::Normal,
                "SuccessfulCreate",
                &format!("Created pod: {name}"),
                SOURCE,
            );
            Some(made)
        }
        Err(refusal) => {
            let message = format!("Error creating: {refusal}");
            cx.event(job, Tone::Warning, "FailedCreate", &message, SOURCE);
            // The real controller backs off and tries again.
            cx.timers.at(cx.now + TimeDelta::seconds(5), Task::Job(Key::of(job)));
            None
        }
    }
}

fn status_of(
    job: &Value,
    pods: &Pods,
    active: &[Stored],
    (begun, end): (Timestamp, Option<&End>),
    now: Timestamp,
) -> Value {
    let mut status = Map::new();
    let mut put = |field: &str, value: Value| drop(status.insert(field.to_owned(), value));
    for (field, number) in [
        ("active", active.len() as i64),
        ("succeeded", pods.succeeded),
        ("failed", pods.failed),
    ] {
        if number > 0 {
            put(field, number.into());
        }
    }
    let ready = active.iter().filter(|pod| holds(pod, "Ready")).count();
    put("ready", ready.into());
    put("terminating", 0.into());
    put("uncountedTerminatedPods", json!({}));
    put("startTime", stamp(begun).into());
    let mut conditions: Vec<Value> = Vec::new();
    if let Some(end) = end {
        if end.condition == "Complete" {
            put("completionTime", stamp(now).into());
        }
        let first = if end.condition == "Complete" {
            "SuccessCriteriaMet"
        } else {
            "FailureTarget"
        };
        for kind in [first, end.condition] {
            conditions.push(json!({
                "type": kind, "status": "True", "reason": end.reason, "message": end.message,
                "lastProbeTime": stamp(now), "lastTransitionTime": stamp(now),
            }));
        }
    } else if is_suspended(job) {
        let since =
            condition(job, "Suspended").map_or_else(|| stamp(now), |c| text(c, &["lastTransitionTime"]).to_owned());
        conditions.push(json!({
            "type": "Suspended", "status": "True", "reason": "JobSuspended", "message": "Job suspended",
            "lastProbeTime": since, "lastTransitionTime": since,
        }));
    }
    if !conditions.is_empty() {
        put("conditions", conditions.into());
    }
    Value::Object(status)
}
