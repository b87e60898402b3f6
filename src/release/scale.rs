//! How many instances: what is asked for, how it is divided over clusters by the room they have, and what is written.
//!
//! | what decides the number | what is written (`research/release.md` 1.8) |
//! |---|---|
//! | nobody | the workload's `scale`; of one that holds old instances back by its partition both, so that what is added is old |
//! | a `HorizontalPodAutoscaler` | its floor, and its ceiling where that is lower; both as they were in [`FLOOR`]; of none, where it is switched off, the workload's `scale` as well |
//! | KEDA | the same of its `ScaledObject`, which owns the autoscaler |
//!
//! An autoscaler would undo what is written to the workload. Below its floor it goes at once at its next look.

mod division;

use serde_json::{Value, json};

use super::live::{Refusal, add, escaped, operation, test};
use super::partition;
use super::plan::Seen;
use super::request::{Act, Part, Place, Request, Resource};
use crate::domain::terms::FLOOR;
use crate::domain::{Clean, Kind};

pub use division::{Amount, Division, Room, divide, lacks_room};

/// What KEDA takes where nothing is said.
const KEDA_MOST: i64 = 100;

/// What decides how many instances a workload has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decider<'a> {
    Nobody,
    Autoscaler(&'a Value),
    Keda(&'a Value),
}

/// A `ScaledObject` of KEDA, as a person is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaler {
    pub name: Clean,
    pub min: i64,
    pub max: i64,
    /// Its bounds before its floor was raised for a while, as the annotation says them.
    pub floor_from: Option<Clean>,
    /// Why it decides nothing now.
    pub paused: Option<Clean>,
}

impl Scaler {
    /// The one of a workload, among those of its namespace.
    pub fn of(all: &[Value], kind: Kind, name: &str) -> Option<Self> {
        let scaled = all.iter().find(|scaled| targets(scaled, "Deployment", (kind, name)))?;
        let number = |field: &str| scaled.pointer("/spec")?.get(field)?.as_i64();
        let floor = scaled
            .pointer("/metadata/annotations")
            .and_then(|all| all.get(FLOOR)?.as_str());
        Some(Self {
            name: Clean::new(named(scaled)),
            min: number(SCALED_OBJECT.min).unwrap_or(0),
            max: number(SCALED_OBJECT.max).unwrap_or(KEDA_MOST),
            floor_from: floor.map(Clean::new),
            paused: paused(scaled).map(Clean::from),
        })
    }
}

/// The annotation by which a `ScaledObject` is paused: it decides nothing then, or a number of its own.
/// Source: KEDA's documentation, "Pause auto-scaling".
fn paused(scaled: &Value) -> Option<String> {
    let annotation = |name: &str| {
        let key = format!("autoscaling.keda.sh/{name}");
        let value = scaled.pointer("/metadata/annotations")?.get(&key)?.as_str()?;
        Some((key, value))
    };
    let is_on = |(_, value): &(String, &str)| !value.trim().eq_ignore_ascii_case("false");
    let number = annotation("paused-replicas");
    let number = number.map(|(key, value)| format!("{key}: {}", Clean::new(value)));
    let switch = ["paused", "paused-scale-out"]
        .into_iter()
        .filter_map(annotation)
        .find(is_on);
    number.or_else(|| switch.map(|(key, _)| key))
}

fn named(object: &Value) -> &str {
    object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Whether an autoscaler or `ScaledObject` is of a workload; `default`: the kind that is meant where none is named.
fn targets(of: &Value, default: &str, (kind, name): (Kind, &str)) -> bool {
    let target = |field: &str| of.pointer("/spec/scaleTargetRef")?.get(field)?.as_str();
    target("kind").unwrap_or(default) == kind.name() && target("name") == Some(name)
}

/// Looks for it among a namespace's autoscalers and `ScaledObject`s.
pub fn decider(seen: &Seen) -> Decider<'_> {
    let of = (seen.kind, named(&seen.object));
    // One that KEDA made is of its ScaledObject.
    if let Some(scaled) = seen.scaled.iter().find(|scaled| targets(scaled, "Deployment", of)) {
        return Decider::Keda(scaled);
    }
    let found = seen.autoscalers.iter().find(|hpa| targets(hpa, "", of));
    found.map_or(Decider::Nobody, Decider::Autoscaler)
}

/// The write of a new number.
///
/// # Errors
/// A kind without a number, or an autoscaler that would not let it be fewer.
pub fn requests(seen: &Seen, to: i64) -> Result<Vec<Request>, Refusal> {
    if !matches!(
        seen.kind,
        Kind::Deployment | Kind::StatefulSet | Kind::Rollout | Kind::CloneSet
    ) {
        return Err(Refusal::NotOfThisKind(
            seen.kind,
            "its instances are not counted by a person",
        ));
    }
    let now = seen.desired();
    if to == now {
        return Err(Refusal::ThatMany(now));
    }
    match decider(seen) {
        Decider::Nobody => Ok(vec![match partition::scaled(&seen.object, to)? {
            Some(patch) => {
                let place = Place::new(seen.resource.clone(), &seen.object);
                Request::new(place, Act::JsonPatch(patch))
            }
            None => scale(seen, to),
        }]),
        Decider::Autoscaler(_) | Decider::Keda(_) if to < now => Err(Refusal::Autoscaled),
        Decider::Keda(scaled) if paused(scaled).is_some() => {
            let why = paused(scaled).unwrap_or_default();
            Err(Refusal::PausedScaler(named(scaled).to_owned(), why))
        }
        Decider::Autoscaler(hpa) if now == 0 => {
            // A floor that is high enough already stays as it is.
            let floor = floor(hpa, &HPA, to).ok().into_iter();
            Ok(floor.chain([scale(seen, to)]).collect())
        }
        Decider::Autoscaler(hpa) => floor(hpa, &HPA, to).map(|request| vec![request]),
        Decider::Keda(scaled) => floor(scaled, &SCALED_OBJECT, to).map(|request| vec![request]),
    }
}

fn scale(seen: &Seen, to: i64) -> Request {
    let field = |path: &str| seen.object.pointer(path).cloned().unwrap_or(Value::Null);
    let mut patch = vec![test("/metadata/uid", field("/metadata/uid"))];
    // What a workload leaves out is one, and what its scale leaves out is none: there is nothing to test or to replace.
    if seen.desired() == 0 {
        patch.push(test("/metadata/resourceVersion", field("/metadata/resourceVersion")));
        patch.push(add("/spec", json!({"replicas": to})));
    } else {
        patch.push(test("/spec/replicas", seen.desired().into()));
        patch.push(operation("replace", "/spec/replicas", to.into()));
    }
    let place = Place::new(seen.resource.clone(), &seen.object).part(Part::Scale);
    Request::new(place, Act::JsonPatch(Value::Array(patch)))
}

/// Where an autoscaler keeps its bounds.
#[derive(Debug)]
struct Bounds {
    kind: &'static str,
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    min: &'static str,
    max: &'static str,
    /// Where nothing is said.
    most: Option<i64>,
}

static HPA: Bounds = Bounds {
    kind: "HorizontalPodAutoscaler",
    group: "autoscaling",
    version: "v2",
    plural: "horizontalpodautoscalers",
    min: "minReplicas",
    max: "maxReplicas",
    most: None,
};
static SCALED_OBJECT: Bounds = Bounds {
    kind: "ScaledObject",
    group: "keda.sh",
    version: "v1alpha1",
    plural: "scaledobjects",
    min: "minReplicaCount",
    max: "maxReplicaCount",
    most: Some(KEDA_MOST),
};

impl Bounds {
    fn place(&self, object: &Value) -> Place {
        let resource = Resource {
            kind: self.kind,
            group: self.group,
            version: self.version.to_owned(),
            plural: self.plural,
        };
        Place::new(resource, object)
    }

    /// Tests that object and bounds are those that were looked at.
    fn tests(&self, object: &Value) -> Vec<Value> {
        let mut patch = vec![test(
            "/metadata/uid",
            object.pointer("/metadata/uid").cloned().unwrap_or(Value::Null),
        )];
        for field in [self.min, self.max] {
            let place = format!("/spec/{field}");
            if let Some(value) = object.pointer(&place) {
                patch.push(test(&place, value.clone()));
            }
        }
        if let Some(version) = object.pointer("/metadata/resourceVersion").filter(|_| patch.len() < 3) {
            patch.push(test("/metadata/resourceVersion", version.clone()));
        }
        patch
    }
}

/// Raises the floor, and the ceiling with it where that is lower.
fn floor(object: &Value, bounds: &Bounds, to: i64) -> Result<Request, Refusal> {
    let number = |field: &str| object.pointer(&format!("/spec/{field}")).and_then(Value::as_i64);
    let (min, max) = (number(bounds.min), number(bounds.max));
    if min.unwrap_or(1) >= to {
        return Err(Refusal::ThatMany(min.unwrap_or(1)));
    }
    let mut patch = bounds.tests(object);
    let annotations = object.pointer("/metadata/annotations");
    if annotations.and_then(|all| all.get(FLOOR)).is_none() {
        if annotations.is_none_or(Value::is_null) {
            patch.push(add("/metadata/annotations", json!({})));
        }
        let word = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let was = format!("v1.min{}.max{}", word(min), word(max));
        patch.push(add(&floor_path(), was.into()));
    }
    patch.push(add(&format!("/spec/{}", bounds.min), to.into()));
    if max.or(bounds.most).is_some_and(|max| max < to) {
        patch.push(add(&format!("/spec/{}", bounds.max), to.into()));
    }
    Ok(Request::new(bounds.place(object), Act::JsonPatch(Value::Array(patch))))
}

/// Takes a floor away: the bounds are as they were before it.
///
/// # Errors
/// There is none.
pub fn end(seen: &Seen) -> Result<Vec<Request>, Refusal> {
    let (object, bounds) = match decider(seen) {
        Decider::Nobody => return Err(Refusal::NoFloor),
        Decider::Autoscaler(hpa) => (hpa, &HPA),
        Decider::Keda(scaled) => (scaled, &SCALED_OBJECT),
    };
    let was = object
        .pointer("/metadata/annotations")
        .and_then(|all| all.get(FLOOR)?.as_str());
    let was = was.ok_or(Refusal::NoFloor)?;
    let (min, max) = before(was).ok_or_else(|| Refusal::BadLabel(was.to_owned()))?;
    let mut patch = bounds.tests(object);
    patch.push(test(&floor_path(), was.into()));
    patch.push(json!({"op": "remove", "path": floor_path()}));
    for (field, value) in [(bounds.min, min), (bounds.max, max)] {
        let place = format!("/spec/{field}");
        match value {
            Some(value) => patch.push(add(&place, value.into())),
            None if object.pointer(&place).is_some() => patch.push(json!({"op": "remove", "path": place})),
            None => {}
        }
    }
    Ok(vec![Request::new(
        bounds.place(object),
        Act::JsonPatch(Value::Array(patch)),
    )])
}

fn floor_path() -> String {
    format!("/metadata/annotations/{}", escaped(FLOOR))
}

/// The bounds that stood before a floor: the least and the most, as far as they were said.
pub fn before(floor: &str) -> Option<(Option<i64>, Option<i64>)> {
    let (min, max) = floor.strip_prefix("v1.min")?.split_once(".max")?;
    let number = |text: &str| match text {
        "-" => Some(None),
        text => text.parse().ok().map(Some),
    };
    Some((number(min)?, number(max)?))
}

#[cfg(test)]
#[path = "scale_tests.rs"]
mod tests;
