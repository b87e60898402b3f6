//! Whether a version runs well: in full, every instance ready, and undisturbed for a while.

use chrono::TimeDelta;
use serde_json::Value;

use super::known::Known;
use super::past::{self, moment};
use super::plan::Seen;
use super::step::{Around, Step};
use super::template::same_version;
use super::twin;
use crate::domain::{Kind, Timestamp};

/// How long a version has to run in full before it counts as good.
pub const UNDISTURBED: TimeDelta = TimeDelta::minutes(10);

/// Since when a workload runs its version in full: all instances of it, all ready, and nothing under way; `None` where
/// it does not. A controller that goes back reuses the revision, which is then older than that: the ledger knows.
pub fn full_since(seen: &Seen) -> Option<Timestamp> {
    let object = &seen.object;
    let is_full = is_seen(object) && is_whole(seen) && !fails(object);
    if !is_full {
        return None;
    }
    let made = moment(past::newest(seen)?, "/metadata/creationTimestamp")?;
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let moments = conditions.into_iter().flatten().filter_map(|condition| {
        let text = |key: &str| condition.get(key).and_then(Value::as_str);
        match (text("type")?, text("reason")) {
            ("Progressing", Some("NewReplicaSetAvailable")) => moment(condition, "/lastUpdateTime"),
            ("Available", _) => moment(condition, "/lastTransitionTime"),
            _ => None,
        }
    });
    moments.chain([made]).max()
}

/// The version that a step leaves where it is one to go back to, and since when it runs in full.
pub fn left(step: &Step, seen: &Seen, around: &Around<'_>) -> Option<(Box<Known>, Option<Timestamp>)> {
    // Of a gray release beside it that is given up it is the twin's, which never ran in full there.
    let beside = match (step, &seen.twin) {
        (Step::Abort, Some(_)) => Some(twin::given_up(seen)?),
        _ => None,
    };
    let since = if beside.is_some() { None } else { full_since(seen) };
    let seen = beside.as_ref().unwrap_or(seen);
    let is_left = match step {
        // Who goes back to before a restart leaves no version.
        Step::Rollback(back) => past::find(&back.to, seen).is_ok_and(|past| !is_running(seen, &past.template)),
        Step::Start(_) | Step::Abort => true,
        _ => false,
    };
    let known = Known::of(seen, since, (around.operation, around.now)).filter(|_| is_left)?;
    Some((Box::new(known), since))
}

fn is_running(seen: &Seen, template: &Value) -> bool {
    let runs = seen.object.pointer("/spec/template");
    runs.is_some_and(|runs| same_version(runs, template))
}

/// Whether a version that runs in full since a moment is good; `changed` is when a release of it last began or ended.
pub fn is_good(since: Option<Timestamp>, changed: Option<Timestamp>, now: Timestamp) -> bool {
    since.is_some_and(|since| now - since.max(changed.unwrap_or(since)) >= UNDISTURBED)
}

fn number(object: &Value, path: &str) -> i64 {
    object.pointer(path).and_then(Value::as_i64).unwrap_or(0)
}

/// Its controller has seen it; Argo's writes the number as text.
fn is_seen(object: &Value) -> bool {
    let observed = object.pointer("/status/observedGeneration");
    let observed = observed.and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
    observed.is_some_and(|observed| observed >= number(object, "/metadata/generation"))
}

fn is_whole(seen: &Seen) -> bool {
    let object = &seen.object;
    let all = |desired: i64, fields: &[&str]| {
        let count = |field: &&str| number(object, &format!("/status/{field}"));
        desired > 0 && fields.iter().all(|field| count(field) == desired)
    };
    let text = |path: &str| object.pointer(path).and_then(Value::as_str);
    let desired = seen.desired();
    match seen.kind {
        Kind::Deployment => {
            let live = seen.live();
            let counts = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"];
            !live.is_held() && !live.has_others() && all(desired, &counts)
        }
        Kind::StatefulSet => {
            let is_one = text("/status/currentRevision") == text("/status/updateRevision");
            is_one && all(desired, &["replicas", "readyReplicas"])
        }
        Kind::CloneSet => all(desired, &["replicas", "readyReplicas", "updatedReplicas"]),
        Kind::DaemonSet => all(
            desired,
            &["currentNumberScheduled", "updatedNumberScheduled", "numberReady"],
        ),
        Kind::Rollout => {
            let is_one =
                text("/status/stableRS").is_some() && text("/status/stableRS") == text("/status/currentPodHash");
            is_one && text("/status/phase").is_none_or(|phase| phase == "Healthy") && all(desired, &["readyReplicas"])
        }
        _ => false,
    }
}

fn fails(object: &Value) -> bool {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        let text = |key: &str| condition.get(key).and_then(Value::as_str);
        matches!(
            (text("type"), text("status")),
            (Some("Progressing" | "Available"), Some("False")) | (Some("ReplicaFailure" | "Degraded"), Some("True"))
        )
    })
}
