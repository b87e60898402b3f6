//! What a person should know before a twin begins or grows: what a quota has to have room for, and who does not see its
//! instances.

use serde_json::{Value, json};

use super::super::plan::Seen;
use super::super::request::{Act, Request};
use super::super::warning::Warning;
use super::{Overlap, overlap, undressed};

/// Whether a request is about another Deployment than the workload.
fn is_of_twin(seen: &Seen, request: &Request) -> bool {
    request.place.resource == seen.resource && request.place != seen.place()
}

/// What becomes of what by these requests, where they are about the twin: a Deployment with as many more instances, or
/// the twin itself.
pub fn becomes(seen: &Seen, requests: &[(Request, Value)]) -> Option<(Value, Value)> {
    let (request, after) = requests.iter().find(|(request, _)| is_of_twin(seen, request))?;
    match &request.act {
        Act::Create(made) => {
            let mut grown = seen.object.clone();
            let template = made.pointer("/spec/template")?;
            *grown.pointer_mut("/spec/template")? = undressed(template, &seen.object);
            let surge = json!({"maxSurge": made.pointer("/spec/replicas"), "maxUnavailable": 0});
            let strategy = json!({"type": "RollingUpdate", "rollingUpdate": surge});
            grown
                .get_mut("spec")?
                .as_object_mut()?
                .insert("strategy".into(), strategy);
            Some((seen.object.clone(), grown))
        }
        Act::JsonPatch(_) => Some((seen.twin.clone()?, after.clone())),
        Act::MergePatch(_) | Act::Replace(_) | Act::Delete(_) => None,
    }
}

/// The twin's template as the workload would have it.
pub fn template_of(seen: &Seen) -> Option<Value> {
    Some(undressed(seen.twin.as_ref()?.pointer("/spec/template")?, &seen.object))
}

/// The workload as if its template were the twin's: the version that is left where the twin is given up.
pub fn given_up(seen: &Seen) -> Option<Seen> {
    let mut beside = seen.clone();
    *beside.object.pointer_mut("/spec/template")? = template_of(seen)?;
    Some(beside)
}

/// The workload with the version that a twin has by these requests, where it is created or resized.
pub fn published(seen: &Seen, requests: &[(Request, Value)]) -> Option<Value> {
    let of_twin = |(request, _): &&(Request, Value)| {
        is_of_twin(seen, request) && matches!(request.act, Act::Create(_) | Act::JsonPatch(_))
    };
    let (_, after) = requests.iter().find(of_twin)?;
    let mut made = seen.object.clone();
    *made.pointer_mut("/spec/template")? = undressed(after.pointer("/spec/template")?, &seen.object);
    Some(made)
}

/// What there is to know of a twin that is created: replaces what is said of a hold.
pub fn warnings(seen: &Seen, requests: &[(Request, Value)], found: &mut Vec<Warning>) {
    let is_created =
        |(request, _): &(Request, Value)| is_of_twin(seen, request) && matches!(request.act, Act::Create(_));
    if !requests.iter().any(is_created) {
        return;
    }
    let services = match &seen.services {
        Ok(services) => services,
        Err(why) => {
            found.push(Warning::Unknown("which Services send to it", why.clone()));
            found.push(Warning::SameLabels);
            return;
        }
    };
    match overlap(&seen.object, services) {
        Overlap::Disjoint(key) => {
            // Its selector matches the Deployment's instances alone.
            found.retain(|warning| !matches!(warning, Warning::Autoscaled(_)));
            found.push(Warning::OtherLabel(key));
        }
        Overlap::Overlaps => found.push(Warning::SameLabels),
    }
}
