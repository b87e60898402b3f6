//! Gray releases of kinds that hold back by themselves: a StatefulSet's or CloneSet's partition, a DaemonSet's
//! `OnDelete` (`research/release.md` 1.9, 3).
//!
//! A partition says how many instances stay on the old version, so N new ones of R are a partition of R − N. An
//! instance of a DaemonSet under `OnDelete` becomes new when a person deletes it: one node after the other.

use serde_json::{Value, json};

use super::deployment::restarted;
use super::history::{History, template_of};
use super::live::{Method, Refusal, add, label_path, operation, test, within};
use super::plan::Seen;
use super::request::{Act, Place, Request, Resource, Waits, deletion_of};
use super::step::{Around, Count, Step};
use super::template::{same, without_hash};
use crate::domain::terms::HOLD_OP;
use crate::domain::{Kind, Timestamp};

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

/// Begins a gray release of so many instances; of a DaemonSet none is new until one is deleted, and `instances`
/// counts for nothing.
///
/// # Errors
/// It is paused, another version is under way, or so many cannot be had.
pub fn start(object: &Value, template: &Value, instances: i32, ulid: &str) -> Result<Value, Refusal> {
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
    patch.push(add(&label_path(HOLD_OP), ulid.into()));
    patch.push(operation("replace", "/spec/template", without_hash(template)));
    if shape == Shape::DaemonSet {
        patch.push(add("/spec/updateStrategy/type", "OnDelete".into()));
    } else {
        within(instances, 1, wanted(object))?;
        patch.extend(partition(object, shape, wanted(object) - instances));
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
    patch.extend(partition(object, shape, wanted(object) - instances));
    Ok(Value::Array(patch))
}

/// All instances: nothing is held back any more.
///
/// # Errors
/// The object is not whole.
pub fn full(object: &Value) -> Result<Value, Refusal> {
    let shape = Shape::of(object).ok_or(Refusal::NotInHold)?;
    let mut patch = tests(object)?;
    patch.extend(freed(object, shape));
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
    patch.extend(freed(object, shape));
    Ok(Value::Array(patch))
}

/// The requests that begin a gray release of so many instances.
///
/// # Errors
/// As [`start`]'s.
pub fn begin(seen: &Seen, template: &Value, instances: i32, around: Around<'_>) -> Result<Vec<Request>, Refusal> {
    let mut all = seen.json(start(&seen.object, template, instances, around.operation)?);
    if seen.kind == Kind::DaemonSet {
        let desired = i32::try_from(seen.desired()).unwrap_or(i32::MAX);
        within(instances, 1, desired)?;
        let history = History::of(&seen.object, &seen.revisions);
        all.extend(deletions(&history.instances(&seen.pods), instances));
    }
    Ok(all)
}

/// The requests of a step on one of these kinds.
///
/// # Errors
/// Why it cannot be taken now.
pub fn requests(step: &Step, seen: &Seen, around: Around<'_>) -> Result<Vec<Request>, Refusal> {
    const IN_PLACE: &str = "its new instances take the place of old ones: none can be kept";
    const NOT_PAUSED: &str = "its controller cannot be paused";
    let object = &seen.object;
    let history = History::of(object, &seen.revisions);
    let desired = i32::try_from(seen.desired()).unwrap_or(i32::MAX);
    let of = |count: Count| count.of(desired, Method::Replace).instances;
    let gone = |what: &str| Refusal::RevisionGone(what.to_owned());
    let patch = match step {
        Step::Grow(count) if seen.kind == Kind::DaemonSet => return grow_by_node(seen, &history, of(*count)),
        Step::Grow(count) => grow(object, of(*count))?,
        Step::Full => full(object)?,
        Step::Abort => abort(object, history.stable().ok_or_else(|| gone("before"))?)?,
        Step::Restart => restart(object, around.now)?,
        Step::Pause | Step::Resume => {
            let shape = Shape::of(object).filter(|shape| matches!(shape, Shape::CloneSet | Shape::CloneSetBeta));
            let shape = shape.ok_or(Refusal::NotOfThisKind(seen.kind, NOT_PAUSED))?;
            pause(object, shape, *step == Step::Pause)?
        }
        Step::Start(_) | Step::Rollback(_) | Step::KeepOld | Step::Offline => {
            return Err(Refusal::NotOfThisKind(seen.kind, IN_PLACE));
        }
        Step::Repair => return Err(Refusal::NothingToRepair),
        Step::Promote | Step::Retry | Step::Scale(_) | Step::EndFloor | Step::Delete | Step::Cancel => {
            return Err(Refusal::NotOfThisKind(
                seen.kind,
                "it waits for nobody's steps: grow it or make it full",
            ));
        }
    };
    Ok(seen.json(patch))
}

/// More nodes of a DaemonSet get the new version: as many instances are deleted as are still missing.
fn grow_by_node(seen: &Seen, history: &History<'_>, instances: i32) -> Result<Vec<Request>, Refusal> {
    let object = &seen.object;
    if object.pointer("/spec/updateStrategy/type").and_then(Value::as_str) != Some("OnDelete") {
        return Err(Refusal::NotInHold);
    }
    seen_of(object)?;
    let all = i32::try_from(seen.desired()).unwrap_or(i32::MAX);
    let old = history
        .outdated(&seen.pods)
        .ok_or_else(|| Refusal::RevisionGone("of its template".to_owned()))?;
    let new = all.saturating_sub(i32::try_from(old.len()).unwrap_or(i32::MAX));
    within(instances, new.saturating_add(1), all)?;
    let mut deletions: Vec<Request> = deletions(&old, instances - new).collect();
    for deletion in &mut deletions {
        // The controller has seen its template already.
        deletion.waits = Waits::Nothing;
    }
    Ok(deletions)
}

/// Deletes the first of these instances, each only as the one it is; what comes in their place has the template that
/// the controller has seen by then.
fn deletions(pods: &[&Value], count: i32) -> impl Iterator<Item = Request> {
    let count = usize::try_from(count).unwrap_or(0);
    let delete = |pod: &&Value| {
        let uid = pod.pointer("/metadata/uid").cloned().unwrap_or_default();
        let place = Place::new(Resource::of(Kind::Pod, "v1"), pod);
        Request {
            waits: Waits::Seen,
            ..Request::new(place, Act::Delete(deletion_of(&uid)))
        }
    };
    let all: Vec<Request> = pods.iter().take(count).map(delete).collect();
    all.into_iter()
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

fn freed(object: &Value, shape: Shape) -> Vec<Value> {
    let mut patch = if shape == Shape::DaemonSet {
        vec![add("/spec/updateStrategy/type", "RollingUpdate".into())]
    } else {
        partition(object, shape, 0)
    };
    let label = label_path(HOLD_OP);
    if object.pointer(&label).is_some() {
        patch.push(json!({"op": "remove", "path": label}));
    }
    patch
}

/// Sets the partition.
fn partition(object: &Value, shape: Shape, held: i32) -> Vec<Value> {
    let mut patch = made(object, shape);
    patch.push(add(&format!("{}/partition", shape.place()), held.into()));
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
