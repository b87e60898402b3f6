//! A gray release beside a Deployment, in a second one: where gray must land elsewhere or carry other settings
//! (`research/release.md` 1.3).
//!
//! | phase | what says so | next |
//! |---|---|---|
//! | Idle | there is no twin | create it: a second creation is refused, which is the lock |
//! | Graying | templates differ, not all are ready | wait |
//! | Gray | templates differ, all are ready | resize, promote or delete it |
//! | Promoting | templates are the same, the Deployment is not through | wait |
//! | Cleanup | templates are the same, the Deployment is through | delete it |
//! | Aborting | it is marked or being deleted | delete it |
//!
//! A step that is cut short leaves more instances, never fewer.

use serde_json::{Map, Value, json};

use super::live::{Live, Refusal, operation};
use super::template::{same, without_hash};

/// Labels of the twin's instances, and of the twin.
const TRACK: &str = "pilothouse.dev/track";
const APP: &str = "pilothouse.dev/app";
const GRAY_OF: &str = "pilothouse.dev/gray-of";
/// Annotations of the twin: which label of its instances is not the Deployment's; that it is given up.
const KEY: &str = "pilothouse.dev/gray-key";
const ABORT: &str = "pilothouse.dev/abort";
const SUFFIX: &str = "-gray";

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Idle,
    Graying { ready: i64, wanted: i64 },
    Gray { instances: i64 },
    Promoting,
    Cleanup,
    Aborting,
}

/// Whether the Deployment's selector matches the twin's instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// It does not: this label of theirs has another value, and no Service looks at it.
    Disjoint(String),
    /// It does: an autoscaler counts them too.
    Overlaps,
}

/// Looks for a label that the Deployment selects by and no Service of its pods does.
pub fn overlap(stable: &Value, services: &[Value]) -> Overlap {
    let none = Map::new();
    let labels = map(stable, "/spec/template/metadata/labels").unwrap_or(&none);
    let serving: Vec<&Map<String, Value>> = services
        .iter()
        .filter_map(|service| map(service, "/spec/selector"))
        .filter(|selector| !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
        .collect();
    let selected = map(stable, "/spec/selector/matchLabels").unwrap_or(&none);
    let free = selected
        .keys()
        .find(|key| !serving.iter().any(|selector| selector.contains_key(*key)));
    free.map_or(Overlap::Overlaps, |key| Overlap::Disjoint(key.clone()))
}

/// The twin of a Deployment, to be created.
///
/// # Errors
/// The Deployment is in a hold or paused, runs this template, or so many instances cannot be had.
pub fn create(stable: &Value, template: &Value, instances: i32, services: &[Value]) -> Result<Value, Refusal> {
    let live = Live {
        deployment: stable,
        sets: &[],
    };
    if live.is_held() {
        return Err(Refusal::InHold);
    }
    if live.is_paused() {
        return Err(Refusal::Paused);
    }
    live.seen()?;
    if live.template().is_some_and(|now| same(now, template)) {
        return Err(Refusal::SameTemplate);
    }
    super::live::within(instances, 1, i32::try_from(live.desired()).unwrap_or(i32::MAX))?;
    let name = live.text("/metadata/name").ok_or(Refusal::Incomplete("a name"))?;
    let uid = live.text("/metadata/uid").ok_or(Refusal::Incomplete("a uid"))?;
    let mut made = without_hash(template);
    let mut selector = Map::new();
    selector.insert(TRACK.into(), "gray".into());
    selector.insert(APP.into(), name.into());
    let mut annotations = Map::new();
    if let Overlap::Disjoint(key) = overlap(stable, services) {
        let value = live.text(&format!("/spec/selector/matchLabels/{}", super::live::escaped(&key)));
        selector.insert(key.clone(), format!("{}{SUFFIX}", value.unwrap_or_default()).into());
        annotations.insert(KEY.into(), key.into());
    }
    let labels = labels_of(&mut made).ok_or(Refusal::Incomplete("a template"))?;
    labels.extend(selector.clone());
    let strategy = stable
        .pointer("/spec/strategy")
        .cloned()
        .unwrap_or_else(|| json!({"type": "RollingUpdate"}));
    Ok(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": format!("{name}{SUFFIX}"), "namespace": live.text("/metadata/namespace"),
            "labels": {GRAY_OF: name, TRACK: "gray"}, "annotations": annotations,
            // It goes with the Deployment, and is not managed by it.
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": uid}],
        },
        "spec": {"replicas": instances, "selector": {"matchLabels": selector}, "template": made, "strategy": strategy},
    }))
}

/// How far a twin is.
pub fn phase(stable: &Value, twin: Option<&Value>) -> Phase {
    let Some(twin) = twin else { return Phase::Idle };
    let is_given_up = twin.pointer("/metadata/deletionTimestamp").is_some()
        || map(twin, "/metadata/annotations").is_some_and(|all| all.contains_key(ABORT));
    if is_given_up {
        return Phase::Aborting;
    }
    let template = twin.pointer("/spec/template");
    let alike = |now: &Value| template.is_some_and(|template| same(now, &undressed(template, stable, twin)));
    if stable.pointer("/spec/template").is_some_and(alike) {
        return if is_through(stable) {
            Phase::Cleanup
        } else {
            Phase::Promoting
        };
    }
    let wanted = number(twin, "/spec/replicas").unwrap_or(1);
    let ready = number(twin, "/status/readyReplicas").unwrap_or(0);
    if ready < wanted {
        Phase::Graying { ready, wanted }
    } else {
        Phase::Gray { instances: wanted }
    }
}

/// Gives the Deployment the twin's template; the twin stays until the Deployment is through.
///
/// # Errors
/// The twin is not ready, or given up.
pub fn promote(stable: &Value, twin: &Value) -> Result<Value, Refusal> {
    match phase(stable, Some(twin)) {
        Phase::Gray { .. } => {}
        Phase::Graying { ready, wanted } => return Err(Refusal::NotFull { ready, desired: wanted }),
        Phase::Promoting | Phase::Cleanup => return Err(Refusal::SameTemplate),
        Phase::Idle | Phase::Aborting => return Err(Refusal::NotInHold),
    }
    let live = Live {
        deployment: stable,
        sets: &[],
    };
    let template = twin
        .pointer("/spec/template")
        .ok_or(Refusal::Incomplete("a template"))?;
    let mut patch = live.tests()?;
    patch.push(operation(
        "replace",
        "/spec/template",
        undressed(template, stable, twin),
    ));
    Ok(Value::Array(patch))
}

/// Another number of gray instances.
///
/// # Errors
/// The twin is not whole.
pub fn resize(twin: &Value, instances: i32) -> Result<Value, Refusal> {
    let live = Live {
        deployment: twin,
        sets: &[],
    };
    let mut patch = live.tests()?;
    patch.push(operation("replace", "/spec/replicas", instances.into()));
    Ok(Value::Array(patch))
}

/// The options of the twin's deletion: this very object, and all that it owns with it. Orphans would be adopted.
///
/// # Errors
/// The twin is not whole.
pub fn deletion(twin: &Value) -> Result<Value, Refusal> {
    let text = |path: &str| twin.pointer(path).and_then(Value::as_str);
    let uid = text("/metadata/uid").ok_or(Refusal::Incomplete("a uid"))?;
    let version = text("/metadata/resourceVersion").ok_or(Refusal::Incomplete("a resourceVersion"))?;
    Ok(json!({
        "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background",
        "preconditions": {"uid": uid, "resourceVersion": version},
    }))
}

/// The twin's template as the Deployment would have it.
fn undressed(template: &Value, stable: &Value, twin: &Value) -> Value {
    let mut made = without_hash(template);
    let key = map(twin, "/metadata/annotations")
        .and_then(|all| all.get(KEY))
        .and_then(Value::as_str);
    if let Some(labels) = labels_of(&mut made) {
        labels.remove(TRACK);
        labels.remove(APP);
        let own = key.and_then(|key| Some((key, map(stable, "/spec/selector/matchLabels")?.get(key)?)));
        if let Some((key, value)) = own {
            labels.insert(key.into(), value.clone());
        }
    }
    made
}

/// As `kubectl rollout status` judges.
fn is_through(deployment: &Value) -> bool {
    let count = |field: &str| number(deployment, &format!("/status/{field}")).unwrap_or(0);
    let wanted = number(deployment, "/spec/replicas").unwrap_or(1);
    count("observedGeneration") >= number(deployment, "/metadata/generation").unwrap_or(0)
        && count("updatedReplicas") >= wanted
        && count("replicas") <= count("updatedReplicas")
        && count("availableReplicas") >= count("updatedReplicas")
}

fn number(object: &Value, path: &str) -> Option<i64> {
    object.pointer(path).and_then(Value::as_i64)
}

fn map<'a>(object: &'a Value, path: &str) -> Option<&'a Map<String, Value>> {
    object.pointer(path).and_then(Value::as_object)
}

fn labels_of(template: &mut Value) -> Option<&mut Map<String, Value>> {
    template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut)
}

#[cfg(test)]
#[path = "twin_tests.rs"]
mod tests;
