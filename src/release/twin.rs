//! A gray release beside a Deployment, in a second one: its twin. For where gray instances must land elsewhere or carry
//! other settings, or where there are to be fewer of them again (`research/release.md` 1.3).
//!
//! | phase | what says so | next |
//! |---|---|---|
//! | Idle | there is no twin | create it: a second creation is refused, which is the lock |
//! | Graying | templates differ, not all are ready | wait |
//! | Gray | templates differ, all are ready | resize, promote or delete it |
//! | Promoting | templates are the same, the Deployment is not through | wait |
//! | Cleanup | templates are the same, the Deployment is through | delete it |
//! | Leaving | it is being deleted | wait |
//!
//! A step that is cut short leaves more instances, never fewer.

mod beside;
mod seen;
mod steps;

use serde_json::{Map, Value, json};

use super::live::{Live, Refusal, hash_of, operation, within};
use super::template::{same, without_hash};
use crate::domain::terms::{GRAY, GRAY_APP, GRAY_KEY, GRAY_OF, GRAY_SUFFIX, HOLD_FROM, HOLD_OP, TRACK};

pub use beside::{becomes, given_up, published, template_of, warnings};
pub use seen::{orphaned, phase_of, refusal, release};
pub use steps::{is_orphan, of_orphan, requests, start};

/// Longest value of a label.
const LONGEST: usize = 63;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Idle,
    Graying { ready: i64, wanted: i64 },
    Gray { instances: i64 },
    Promoting,
    Cleanup,
    Leaving,
}

/// Whether the Deployment's selector matches the twin's instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// It does not: this label of theirs has another value, and no Service looks at it.
    Disjoint(String),
    /// It does: an autoscaler counts them too.
    Overlaps,
}

/// The name of a Deployment's twin.
pub fn name_of(deployment: &str) -> String {
    format!("{deployment}{GRAY_SUFFIX}")
}

/// Whether a Deployment of a twin's name is this one's twin.
pub fn is_twin(stable: &Value, twin: &Value) -> bool {
    let of = twin.pointer("/metadata/labels").and_then(|labels| labels.get(GRAY_OF));
    of.is_some() && of == stable.pointer("/metadata/name")
}

/// Whether two Deployments are twins of the same one.
pub fn is_of_same(one: &Value, other: &Value) -> bool {
    let of = |twin: &'_ Value| twin.pointer("/metadata/labels")?.get(GRAY_OF).cloned();
    of(one).is_some() && of(one) == of(other)
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
    let fits = |value: &Value| {
        value
            .as_str()
            .is_some_and(|value| value.len() + GRAY_SUFFIX.len() <= LONGEST)
    };
    let free = selected
        .iter()
        .find(|(key, value)| fits(value) && !serving.iter().any(|selector| selector.contains_key(*key)));
    free.map_or(Overlap::Overlaps, |(key, _)| Overlap::Disjoint(key.clone()))
}

/// What a twin is made of.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    pub template: &'a Value,
    pub instances: i32,
    pub overlap: &'a Overlap,
    /// The operation's ULID.
    pub operation: &'a str,
}

/// The twin of a Deployment, to be created.
///
/// # Errors
/// The Deployment is in a hold, paused, not stable, runs this template, or so many instances cannot be had.
pub fn create(live: Live<'_>, made: Made<'_>) -> Result<Value, Refusal> {
    if live.is_held() {
        return Err(Refusal::InHold);
    }
    if live.is_paused() {
        return Err(Refusal::Paused);
    }
    live.seen()?;
    let newest = live.newest().filter(|_| !live.has_others());
    let from = newest.and_then(hash_of).ok_or(Refusal::NotStable)?;
    if live.template().is_some_and(|now| same(now, made.template)) {
        return Err(Refusal::SameTemplate);
    }
    within(made.instances, 1, live.most())?;
    let name = live.text("/metadata/name").ok_or(Refusal::Incomplete("a name"))?;
    if name.len() > LONGEST {
        return Err(Refusal::LongName);
    }
    let uid = live.text("/metadata/uid").ok_or(Refusal::Incomplete("a uid"))?;
    let mut selector = Map::new();
    selector.insert(TRACK.into(), GRAY.into());
    selector.insert(GRAY_APP.into(), name.into());
    if let Overlap::Disjoint(key) = made.overlap {
        let value = map(live.deployment, "/spec/selector/matchLabels").and_then(|all| all.get(key)?.as_str());
        selector.insert(
            key.clone(),
            format!("{}{GRAY_SUFFIX}", value.unwrap_or_default()).into(),
        );
    }
    let mut spec = json!({
        "replicas": made.instances,
        "selector": {"matchLabels": selector},
        "template": dressed(made.template, &selector, made.overlap).ok_or(Refusal::Incomplete("a template"))?,
    });
    for field in [
        "strategy",
        "minReadySeconds",
        "progressDeadlineSeconds",
        "revisionHistoryLimit",
    ] {
        if let (Some(value), Some(spec)) = (live.deployment.pointer(&format!("/spec/{field}")), spec.as_object_mut()) {
            spec.insert(field.into(), value.clone());
        }
    }
    Ok(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": name_of(name), "namespace": live.text("/metadata/namespace"),
            "labels": {GRAY_OF: name, TRACK: GRAY, HOLD_FROM: from, HOLD_OP: made.operation},
            // It goes with the Deployment, and is not managed by it.
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": uid}],
        },
        "spec": spec,
    }))
}

/// How far a twin is.
pub fn phase(stable: &Value, twin: Option<&Value>) -> Phase {
    let Some(twin) = twin else { return Phase::Idle };
    if twin.pointer("/metadata/deletionTimestamp").is_some() {
        return Phase::Leaving;
    }
    if is_promoted(stable, twin) {
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

/// Whether the Deployment has the twin's template.
fn is_promoted(stable: &Value, twin: &Value) -> bool {
    let template = twin.pointer("/spec/template");
    let alike = |now: &Value| template.is_some_and(|template| same(now, &undressed(template, stable)));
    stable.pointer("/spec/template").is_some_and(alike)
}

/// Gives the Deployment the twin's template, and an app that was never built its first instances; the twin stays until the
/// Deployment is through.
///
/// # Errors
/// The twin is not ready or going, or the Deployment is not what it was beside.
pub fn promote(live: Live<'_>, twin: &Value) -> Result<Value, Refusal> {
    let stable = live.deployment;
    match phase(stable, Some(twin)) {
        Phase::Gray { .. } => {}
        Phase::Graying { ready, wanted } => return Err(Refusal::NotFull { ready, desired: wanted }),
        Phase::Promoting | Phase::Cleanup => return Err(Refusal::SameTemplate),
        Phase::Idle | Phase::Leaving => return Err(Refusal::NotInHold),
    }
    live.seen()?;
    if live.is_paused() {
        return Err(Refusal::Paused);
    }
    if live.is_held() || live.newest().and_then(hash_of) != left(twin) {
        return Err(Refusal::ForeignChange);
    }
    if live.has_others() {
        return Err(Refusal::NotStable);
    }
    let template = twin
        .pointer("/spec/template")
        .ok_or(Refusal::Incomplete("a template"))?;
    let mut patch = live.tests()?;
    patch.push(operation("replace", "/spec/template", undressed(template, stable)));
    if let Some(instances) = live.begins_with() {
        patch.push(operation("replace", "/spec/replicas", instances.into()));
    }
    patch.extend(live.without_labels(&[HOLD_OP]));
    Ok(Value::Array(patch))
}

/// Another number of gray instances, at most as many as the Deployment has.
///
/// # Errors
/// So many cannot be had, or it has as many.
pub fn resize(twin: &Value, instances: i32, most: i32) -> Result<Value, Refusal> {
    within(instances, 1, most)?;
    let live = Live {
        deployment: twin,
        sets: &[],
    };
    let now = number(twin, "/spec/replicas").unwrap_or(1);
    if now == i64::from(instances) {
        return Err(Refusal::ThatMany(now));
    }
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

/// The hash of the Deployment's revision that the twin was made beside.
fn left(twin: &Value) -> Option<&str> {
    twin.pointer("/metadata/labels")?.get(HOLD_FROM)?.as_str()
}

/// A Deployment's template as its twin has it.
fn dressed(template: &Value, labels: &Map<String, Value>, overlap: &Overlap) -> Option<Value> {
    let mut made = without_hash(template);
    labels_of(&mut made)?.extend(labels.clone());
    if let Overlap::Disjoint(key) = overlap {
        let metadata = made.pointer_mut("/metadata").and_then(Value::as_object_mut)?;
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        if annotations.is_null() {
            *annotations = json!({});
        }
        annotations
            .as_object_mut()?
            .insert(GRAY_KEY.into(), key.as_str().into());
    }
    Some(made)
}

/// The twin's template as the Deployment would have it.
fn undressed(template: &Value, stable: &Value) -> Value {
    let mut made = without_hash(template);
    let mut key = None;
    if let Some(Value::Object(metadata)) = made.pointer_mut("/metadata")
        && let Some(Value::Object(annotations)) = metadata.get_mut("annotations")
    {
        key = annotations.remove(GRAY_KEY);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    if let Some(labels) = labels_of(&mut made) {
        labels.remove(TRACK);
        labels.remove(GRAY_APP);
        let key = key.as_ref().and_then(Value::as_str);
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
