//! Argo Rollouts: the phase its own clients show, and the requests they write (`research/release.md` 2).
//!
//! | command | request |
//! |---|---|
//! | [`promote`] | `spec.paused` false where it is; then of `status` the pauses taken away, or the next step, or both |
//! | [`promote_full`] | `spec.paused` false where it is; `status.promoteFull` |
//! | [`abort`], [`retry`] | `status.abort` |
//! | [`pause`], [`restart`] | `spec.paused`, `spec.restartAt` |
//! | [`undo`], [`roll_back`] | a JSON Patch with an old revision's template; what is under way is aborted first |
//! | [`publish`] | the whole object with the new template |

use serde_json::{Value, json};

use super::phase::old;
use super::template::{same, without_hash};
use super::{Cause, Phase};
use crate::domain::terms::Argo;
use crate::domain::{Timestamp, Workload};

/// As Argo Rollouts' own clients judge (`research/release.md` 2).
pub(super) fn phase(workload: &Workload, argo: &Argo) -> Phase {
    let (updated, desired, old) = (workload.updated, workload.desired, old(workload));
    let rolling = Phase::Rolling { updated, desired, old };
    if super::phase::is_unseen(workload) {
        return Phase::Unseen;
    }
    if argo.controller_pause && argo.pause.is_none() {
        // It was told to go on and has not yet.
        return rolling;
    }
    match argo.phase.as_str() {
        "Healthy" if workload.ready == desired => Phase::Stable,
        "Healthy" => Phase::Scaling {
            instances: workload.ready,
            desired,
        },
        "Paused" if argo.paused => Phase::Paused,
        "Paused" => match argo.pause.as_ref().map_or("", |(reason, _)| reason.as_str()) {
            reason if reason.starts_with("Inconclusive") => Phase::GrayFailed {
                ready: updated,
                wanted: updated,
                cause: Cause::Said(reason.into()),
            },
            _ if argo.blue_green && old > 0 => Phase::Full { new: updated, old },
            _ => Phase::Gray {
                ready: updated,
                wanted: updated,
                old,
                timed: argo.timed,
            },
        },
        _ if argo.aborted && updated > 0 => Phase::Aborting { left: updated },
        _ if argo.aborted => Phase::Aborted {
            message: argo.message.clone(),
        },
        "Progressing" => rolling,
        other => Phase::Stuck {
            reason: other.into(),
            message: argo.message.clone(),
        },
    }
}

/// Where a patch goes: the object, or its `status` subresource (where a cluster's Rollouts have none, at the object
/// with the same body).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    Object,
    Status,
}

/// How a body is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/merge-patch+json`
    Merge,
    /// `application/json-patch+json`
    Json,
    /// The whole object, its `resourceVersion` tells from which state.
    Replace,
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    pub to: To,
    pub form: Form,
    pub body: Value,
}

/// Why it cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("nothing waits to be promoted")]
    NothingToPromote,
    #[error("it is aborted: retry it, or roll back")]
    Aborted,
    #[error("it is not aborted")]
    NotAborted,
    #[error("it runs the stable version: nothing is under way")]
    NothingUnderWay,
    #[error("it is paused already")]
    Paused,
    #[error("nobody paused it")]
    NotPaused,
    #[error("it runs this template already")]
    SameTemplate,
    #[error(
        "its template is that of {0}, which the tool that made it changes: that goes through the steps of this Rollout"
    )]
    Elsewhere(String),
}

/// Goes on: past the pause or the step it is at.
///
/// # Errors
/// It is aborted, or waits for nothing.
pub fn promote(rollout: &Value) -> Result<Vec<Write>, Refusal> {
    if is_true(rollout, "/status/abort") {
        return Err(Refusal::Aborted);
    }
    let mut writes = unpause(rollout);
    let steps = rollout
        .pointer("/spec/strategy/canary/steps")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    let at = rollout
        .pointer("/status/currentStepIndex")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    let next = (at + 1).min(steps as u64);
    let pauses = rollout.pointer("/status/pauseConditions").and_then(Value::as_array);
    let waits = pauses.is_some_and(|pauses| !pauses.is_empty());
    let analysis = rollout
        .pointer("/status/canary/currentStepAnalysisRunStatus/status")
        .and_then(Value::as_str);
    let is_inconclusive = analysis == Some("Inconclusive") && waits && is_true(rollout, "/status/controllerPause");
    let body = if is_inconclusive {
        Some(json!({"pauseConditions": null, "controllerPause": false, "currentStepIndex": next}))
    } else if waits {
        Some(json!({"pauseConditions": null}))
    } else if steps > 0 && at < steps as u64 {
        Some(json!({"pauseConditions": null, "currentStepIndex": next}))
    } else {
        None
    };
    writes.extend(body.map(status));
    if writes.is_empty() {
        return Err(Refusal::NothingToPromote);
    }
    Ok(writes)
}

/// Goes on to the end, past all steps.
///
/// # Errors
/// It runs the stable version, and is not paused.
pub fn promote_full(rollout: &Value) -> Result<Vec<Write>, Refusal> {
    let mut writes = unpause(rollout);
    let hash = |path: &str| rollout.pointer(path).and_then(Value::as_str);
    if hash("/status/currentPodHash") != hash("/status/stableRS") {
        writes.push(status(json!({"promoteFull": true})));
    }
    if writes.is_empty() {
        return Err(Refusal::NothingUnderWay);
    }
    Ok(writes)
}

/// Back to the stable version; the template stays the new one.
///
/// # Errors
/// It is aborted already, or runs the stable version.
pub fn abort(rollout: &Value) -> Result<Vec<Write>, Refusal> {
    if is_true(rollout, "/status/abort") {
        return Err(Refusal::Aborted);
    }
    let hash = |path: &str| rollout.pointer(path).and_then(Value::as_str);
    if hash("/status/currentPodHash") == hash("/status/stableRS") {
        return Err(Refusal::NothingUnderWay);
    }
    Ok(vec![status(json!({"abort": true}))])
}

/// Begins again what was aborted.
///
/// # Errors
/// It was not aborted.
pub fn retry(rollout: &Value) -> Result<Vec<Write>, Refusal> {
    if !is_true(rollout, "/status/abort") {
        return Err(Refusal::NotAborted);
    }
    Ok(vec![status(json!({"abort": false}))])
}

/// Stops it where it is.
///
/// # Errors
/// It is paused by a person already.
pub fn pause(rollout: &Value) -> Result<Vec<Write>, Refusal> {
    if is_true(rollout, "/spec/paused") {
        return Err(Refusal::Paused);
    }
    Ok(vec![object(json!({"paused": true}))])
}

/// Lets it go on where a person stopped it.
///
/// # Errors
/// No person paused it.
pub fn resume(rollout: &Value) -> Result<Vec<Write>, Refusal> {
    let writes = unpause(rollout);
    if writes.is_empty() {
        return Err(Refusal::NotPaused);
    }
    Ok(writes)
}

/// Replaces all instances that began before `now`.
pub fn restart(now: Timestamp) -> Vec<Write> {
    let at = now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    vec![object(json!({"restartAt": at}))]
}

/// Publishes an old revision's template.
///
/// # Errors
/// Its template is another object's, or is this one already.
pub fn undo(rollout: &Value, template: &Value) -> Result<Vec<Write>, Refusal> {
    own_template(rollout)?;
    if rollout.pointer("/spec/template").is_some_and(|now| same(now, template)) {
        return Err(Refusal::SameTemplate);
    }
    Ok(vec![Write {
        to: To::Object,
        form: Form::Json,
        body: json!([{"op": "replace", "path": "/spec/template", "value": without_hash(template)}]),
    }])
}

/// Goes back to an old version's template; where another is under way it is aborted too, for a retry would go forward
/// again.
///
/// # Errors
/// Its template is another object's, or is this one already.
pub fn roll_back(rollout: &Value, template: &Value) -> Result<Vec<Write>, Refusal> {
    let back = undo(rollout, template)?;
    let stop = is_under_way(rollout).then(|| status(json!({"abort": true})));
    Ok(stop.into_iter().chain(back).collect())
}

/// Whether another version than the stable one is on its way, and nobody gave it up.
pub(super) fn is_under_way(rollout: &Value) -> bool {
    let text = |path: &str| rollout.pointer(path).and_then(Value::as_str);
    let (stable, current) = (text("/status/stableRS"), text("/status/currentPodHash"));
    stable.is_some() && stable != current && !is_true(rollout, "/status/abort")
}

/// Whether its controller has not seen the last change. It writes the generation as a text; before 1.0 that was a
/// hash, which says nothing.
pub(super) fn is_unseen(rollout: &Value) -> bool {
    let seen = rollout.pointer("/status/observedGeneration").and_then(Value::as_str);
    let seen = seen.and_then(|seen| seen.parse::<i64>().ok());
    let generation = rollout.pointer("/metadata/generation").and_then(Value::as_i64);
    seen.is_some() && seen < generation
}

pub(super) fn hash(set: &Value) -> Option<&str> {
    set.pointer("/metadata/labels/rollouts-pod-template-hash")?.as_str()
}

pub(super) fn number(set: &Value) -> Option<i64> {
    let number = set.pointer("/metadata/annotations/rollout.argoproj.io~1revision")?;
    number.as_str()?.parse().ok()
}

/// Publishes a new version: the whole object with its template, to be put back over the state it was read at.
///
/// # Errors
/// Its template is another object's.
pub fn publish(rollout: &Value, template: &Value) -> Result<Vec<Write>, Refusal> {
    own_template(rollout)?;
    let mut body = rollout.clone();
    if let Some(place) = body.pointer_mut("/spec/template") {
        *place = without_hash(template);
    }
    Ok(vec![Write {
        to: To::Object,
        form: Form::Replace,
        body,
    }])
}

/// Whether its template is its own.
pub(super) fn own_template(rollout: &Value) -> Result<(), Refusal> {
    let Some(elsewhere) = rollout.pointer("/spec/workloadRef").filter(|at| at.is_object()) else {
        return Ok(());
    };
    let text = |key: &str| elsewhere.get(key).and_then(Value::as_str).unwrap_or_default();
    Err(Refusal::Elsewhere(format!("{} {}", text("kind"), text("name"))))
}

fn unpause(rollout: &Value) -> Vec<Write> {
    let is_paused = is_true(rollout, "/spec/paused");
    is_paused
        .then(|| object(json!({"paused": false})))
        .into_iter()
        .collect()
}

fn is_true(rollout: &Value, path: &str) -> bool {
    rollout.pointer(path) == Some(&Value::Bool(true))
}

fn object(spec: Value) -> Write {
    merge(To::Object, "spec", spec)
}

fn status(status: Value) -> Write {
    merge(To::Status, "status", status)
}

fn merge(to: To, part: &str, value: Value) -> Write {
    Write {
        to,
        form: Form::Merge,
        body: Value::Object([(part.to_owned(), value)].into_iter().collect()),
    }
}

#[cfg(test)]
#[path = "argo_tests.rs"]
mod tests;
