//! Gray releases of kinds that hold back by themselves: a StatefulSet's or CloneSet's partition, a DaemonSet's
//! `OnDelete` (`research/release.md` 1.9, 3).
//!
//! A partition says how many instances stay on the old version, so N new ones of R are a partition of R − N. An
//! instance of a DaemonSet under `OnDelete` becomes new when a person deletes it: one node after the other.
//!
//! The object notes how it was set before and which revision it left. Where it was set to hold instances back for good
//! that is put back by a second [`full`], once all are of one version: before, it would keep some from it.

mod before;
mod broken;
mod steps;

use serde_json::{Value, json};

use super::deployment::restarted;
use super::history::template_of;
use super::live::{Refusal, add, label_path, operation, test, within};
use super::template::{same, without_hash};
use crate::domain::Timestamp;
use crate::domain::terms::{HOLD, HOLD_FROM, HOLD_OP};

pub use before::Before;
pub use steps::{back, begin, requests};

/// Which of them it is, and so where its settings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    StatefulSet,
    /// `apps.kruise.io/v1alpha1`: beside the strategy's type.
    CloneSet,
    /// `apps.kruise.io/v1beta1`: under `rollingUpdate`.
    CloneSetBeta,
    DaemonSet,
}

impl Shape {
    /// By the object's own kind and version; `None` of any other.
    pub fn of(object: &Value) -> Option<Self> {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        match (text("kind"), text("apiVersion")) {
            ("StatefulSet", _) => Some(Self::StatefulSet),
            ("DaemonSet", _) => Some(Self::DaemonSet),
            ("CloneSet", "apps.kruise.io/v1alpha1") => Some(Self::CloneSet),
            ("CloneSet", _) => Some(Self::CloneSetBeta),
            _ => None,
        }
    }

    /// Where `partition` stands.
    const fn place(self) -> &'static str {
        match self {
            Self::CloneSet => "/spec/updateStrategy",
            Self::StatefulSet | Self::CloneSetBeta | Self::DaemonSet => "/spec/updateStrategy/rollingUpdate",
        }
    }
}

/// Begins a gray release of so many instances, which leaves the revision `from`; of a DaemonSet none is new until one is
/// deleted, and `instances` counts for nothing.
///
/// # Errors
/// It is paused, another version is under way, or so many cannot be had.
pub fn start(object: &Value, template: &Value, (instances, from): (i32, &str), ulid: &str) -> Result<Value, Refusal> {
    let shape = Shape::of(object).ok_or(Refusal::Incomplete("a kind that has partitions"))?;
    seen_of(object)?;
    if is_paused(object, shape) {
        return Err(Refusal::Paused);
    }
    if !is_settled(object, shape) {
        return Err(Refusal::NotStable);
    }
    if object.pointer("/spec/template").is_some_and(|now| same(now, template)) {
        return Err(Refusal::SameTemplate);
    }
    let text = |path: &str| object.pointer(path).and_then(Value::as_str);
    let mut patch = vec![
        test(
            "/metadata/uid",
            text("/metadata/uid").ok_or(Refusal::Incomplete("a uid"))?.into(),
        ),
        test(
            "/metadata/resourceVersion",
            text("/metadata/resourceVersion")
                .ok_or(Refusal::Incomplete("a resourceVersion"))?
                .into(),
        ),
    ];
    if object.pointer("/metadata/labels").is_none_or(Value::is_null) {
        patch.push(add("/metadata/labels", json!({})));
    }
    let before = Before::of(object, shape)?;
    for (key, value) in [(HOLD, before.label().as_str()), (HOLD_FROM, from), (HOLD_OP, ulid)] {
        patch.push(add(&label_path(key), value.into()));
    }
    patch.push(operation("replace", "/spec/template", without_hash(template)));
    if shape == Shape::DaemonSet {
        patch.push(add("/spec/updateStrategy/type", "OnDelete".into()));
    } else {
        within(instances, 1, wanted(object))?;
        patch.extend(rolls(object, shape, wanted(object) - instances));
    }
    Ok(Value::Array(patch))
}

/// More instances of the new version: `instances` in all.
///
/// # Errors
/// There are as many already, or it is a DaemonSet, whose instances are deleted one by one.
pub fn grow(object: &Value, instances: i32) -> Result<Value, Refusal> {
    let shape = Shape::of(object)
        .filter(|shape| *shape != Shape::DaemonSet)
        .ok_or(Refusal::NotInHold)?;
    let held = object
        .pointer(&format!("{}/partition", shape.place()))
        .and_then(Value::as_i64);
    let held = held
        .and_then(|held| i32::try_from(held).ok())
        .filter(|held| *held > 0)
        .ok_or(Refusal::NotInHold)?;
    let least = wanted(object).saturating_sub(held).saturating_add(1);
    within(instances, least.max(1), wanted(object))?;
    let mut patch = tests(object)?;
    patch.extend(partition(object, shape, (wanted(object) - instances).into()));
    Ok(Value::Array(patch))
}

/// So many instances in all while a gray release is under way: as many new ones as before, the others old. By its number
/// alone every further instance would be of the version that nobody has taken yet. `None`: nothing is held back here.
///
/// # Errors
/// The object is not whole.
pub fn scaled(object: &Value, instances: i64) -> Result<Option<Value>, Refusal> {
    let shape = Shape::of(object).filter(|shape| *shape != Shape::DaemonSet && has_label(object, HOLD_OP));
    let held = |shape: Shape| object.pointer(&format!("{}/partition", shape.place()))?.as_i64();
    let Some((shape, held)) = shape.and_then(|shape| Some((shape, held(shape)?))) else {
        return Ok(None);
    };
    let new = (i64::from(wanted(object)) - held).max(0);
    let mut patch = tests(object)?;
    patch.extend(partition(object, shape, (instances - new).max(0).into()));
    patch.push(add("/spec/replicas", instances.into()));
    Ok(Some(Value::Array(patch)))
}

/// All instances: nothing is held back any more. Once all are of one version it is set as it was before.
///
/// # Errors
/// Nothing is under way, or the object is not whole.
pub fn full(object: &Value) -> Result<Value, Refusal> {
    let shape = Shape::of(object).ok_or(Refusal::NotInHold)?;
    let is_noted = [HOLD, HOLD_OP].iter().any(|key| has_label(object, key));
    let is_one = seen_of(object).is_ok() && is_settled(object, shape);
    if is_one && !is_noted {
        return Err(Refusal::NotInHold);
    }
    let before = Before::of(object, shape)?;
    let mut patch = tests(object)?;
    if is_one && has_label(object, HOLD) {
        patch.extend(before.restored(object, shape));
        patch.extend(without(object, &[HOLD, HOLD_FROM, HOLD_OP]));
    } else {
        patch.extend(freed(object, shape)?);
    }
    Ok(Value::Array(patch))
}

/// Back to the template that its old revision (`ControllerRevision`) keeps.
///
/// # Errors
/// The revision has no template, or it is the one that runs.
pub fn abort(object: &Value, revision: &Value) -> Result<Value, Refusal> {
    let template = template_of(revision).ok_or_else(|| {
        let name = revision.pointer("/metadata/name").and_then(Value::as_str);
        Refusal::RevisionGone(name.unwrap_or_default().to_owned())
    })?;
    publish(object, &template)
}

/// A template for all instances at once.
///
/// # Errors
/// It is the one that runs.
pub fn publish(object: &Value, template: &Value) -> Result<Value, Refusal> {
    let shape = Shape::of(object).ok_or(Refusal::NotInHold)?;
    if object.pointer("/spec/template").is_some_and(|now| same(now, template)) {
        return Err(Refusal::SameTemplate);
    }
    let mut patch = tests(object)?;
    patch.push(operation("replace", "/spec/template", without_hash(template)));
    patch.extend(freed(object, shape)?);
    Ok(Value::Array(patch))
}

/// Replaces every instance, as `kubectl rollout restart` does it.
fn restart(object: &Value, now: Timestamp) -> Result<Value, Refusal> {
    let mut patch = tests(object)?;
    patch.extend(restarted(object, now));
    Ok(Value::Array(patch))
}

fn pause(object: &Value, shape: Shape, pause: bool) -> Result<Value, Refusal> {
    match (is_paused(object, shape), pause) {
        (true, true) => return Err(Refusal::Paused),
        (false, false) => return Err(Refusal::NotPaused),
        _ => {}
    }
    let mut patch = tests(object)?;
    patch.extend(made(object, shape));
    patch.push(add(&format!("{}/paused", shape.place()), pause.into()));
    Ok(Value::Array(patch))
}

/// Lets the controller bring all instances to the template. Where it was set to hold some back that stays noted.
fn freed(object: &Value, shape: Shape) -> Result<Vec<Value>, Refusal> {
    let before = Before::of(object, shape)?;
    let mut patch = if shape == Shape::DaemonSet {
        vec![add("/spec/updateStrategy/type", "RollingUpdate".into())]
    } else {
        rolls(object, shape, 0)
    };
    if before.holds_nothing() {
        patch.extend(without(object, &[HOLD]));
    } else if !has_label(object, HOLD) {
        if object.pointer("/metadata/labels").is_none_or(Value::is_null) {
            patch.push(add("/metadata/labels", json!({})));
        }
        patch.push(add(&label_path(HOLD), before.label().into()));
    }
    patch.extend(without(object, &[HOLD_FROM, HOLD_OP]));
    Ok(patch)
}

fn has_label(object: &Value, key: &str) -> bool {
    object.pointer(&label_path(key)).is_some()
}

fn without(object: &Value, keys: &[&str]) -> Vec<Value> {
    let there = keys.iter().filter(|key| has_label(object, key));
    there
        .map(|key| json!({"op": "remove", "path": label_path(key)}))
        .collect()
}

/// Sets the partition, under a strategy that has one.
fn rolls(object: &Value, shape: Shape, held: i32) -> Vec<Value> {
    let on_delete = object.pointer("/spec/updateStrategy/type") == Some(&Value::String("OnDelete".into()));
    if shape == Shape::StatefulSet && on_delete {
        let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": held}});
        return vec![add("/spec/updateStrategy", strategy)];
    }
    partition(object, shape, held.into())
}

/// Sets the partition.
fn partition(object: &Value, shape: Shape, held: Value) -> Vec<Value> {
    let mut patch = made(object, shape);
    patch.push(add(&format!("{}/partition", shape.place()), held));
    patch
}

/// Makes what a shape's settings stand in where that is missing.
fn made(object: &Value, shape: Shape) -> Vec<Value> {
    let mut patch = Vec::new();
    for place in ["/spec/updateStrategy", shape.place()] {
        let is_missing = object.pointer(place).is_none_or(Value::is_null);
        let is_made = |op: &Value| op.get("path").and_then(Value::as_str) == Some(place);
        if is_missing && !patch.iter().any(is_made) {
            patch.push(add(place, json!({})));
        }
    }
    patch
}

fn tests(object: &Value) -> Result<Vec<Value>, Refusal> {
    let uid = object
        .pointer("/metadata/uid")
        .cloned()
        .ok_or(Refusal::Incomplete("a uid"))?;
    let generation = object.pointer("/metadata/generation").cloned();
    let generation = generation.ok_or(Refusal::Incomplete("a generation"))?;
    let mut tests = vec![test("/metadata/uid", uid), test("/metadata/generation", generation)];
    let path = label_path(HOLD_OP);
    if let Some(operation) = object.pointer(&path) {
        tests.push(test(&path, operation.clone()));
    }
    Ok(tests)
}

fn wanted(object: &Value) -> i32 {
    let replicas = object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
    i32::try_from(replicas).unwrap_or(i32::MAX)
}

fn seen_of(object: &Value) -> Result<(), Refusal> {
    let number = |path: &str| object.pointer(path).and_then(Value::as_i64);
    let generation = number("/metadata/generation").ok_or(Refusal::Incomplete("a generation"))?;
    if number("/status/observedGeneration").unwrap_or(0) < generation {
        return Err(Refusal::Unseen);
    }
    Ok(())
}

fn is_paused(object: &Value, shape: Shape) -> bool {
    let path = format!("{}/paused", shape.place());
    object.pointer(&path) == Some(&Value::Bool(true))
}

/// Every instance is of the newest version, by the controller's counts.
fn is_settled(object: &Value, shape: Shape) -> bool {
    let count = |field: &str| {
        object
            .pointer(&format!("/status/{field}"))
            .and_then(Value::as_i64)
            .unwrap_or(0)
    };
    match shape {
        Shape::DaemonSet => count("updatedNumberScheduled") >= count("currentNumberScheduled"),
        Shape::StatefulSet | Shape::CloneSet | Shape::CloneSetBeta => {
            let text = |field: &str| object.pointer(&format!("/status/{field}")).and_then(Value::as_str);
            // A StatefulSet at rest counts its instances as current, not as updated.
            text("currentRevision") == text("updateRevision") || count("updatedReplicas") >= count("replicas")
        }
    }
}

#[cfg(test)]
#[path = "partition_tests.rs"]
mod tests;
