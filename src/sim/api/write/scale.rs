//! The `/scale` subresource: the number of instances alone.

use serde_json::{Value, json};

use super::super::super::resource::Resource;
use super::super::super::status::{Cause, Status};
use super::super::super::store::{Store, Timestamp};
use super::super::super::{json, validation};
use super::super::Answer;
use super::super::request::Request;

/// An object's scale.
pub(super) fn of(resource: &Resource, object: &Value) -> Result<Value, Status> {
    if !resource.traits.scale {
        return Err(Status::no_such_path());
    }
    let metadata = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"];
    let metadata: serde_json::Map<String, Value> = metadata
        .iter()
        .map(|field| ((*field).to_owned(), json::meta(object, field).into()))
        .collect();
    let labels = object
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let selector: Vec<String> = labels
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let count = |pointer: &str| json::number(object, pointer).unwrap_or(0);
    Ok(json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        "spec": {"replicas": count("/spec/replicas")},
        "status": {"replicas": count("/status/replicas"), "selector": selector.join(",")},
    }))
}

/// Sets the number of instances.
pub(super) fn write(
    store: &mut Store,
    request: &Request,
    scale: &Value,
    dry: bool,
    now: Timestamp,
) -> Result<Answer, Status> {
    let resource = &*request.resource;
    let old = super::current(store, request)?;
    of(resource, &old)?;
    let version = json::meta(scale, "resourceVersion");
    if !version.is_empty() && version != json::meta(&old, "resourceVersion") {
        return Err(Status::modified(resource, &request.name));
    }
    let replicas = json::number(scale, "/spec/replicas").unwrap_or(0);
    if replicas < 0 {
        let cause = Cause::invalid("spec.replicas", replicas, "must be greater than or equal to 0");
        return Err(validation::invalid_scale(&request.name, &cause));
    }
    let place = (request.namespace.as_str(), request.name.as_str());
    let change = |object: &mut Value| json::set(object, &["spec", "replicas"], replicas);
    let new = if dry {
        store.try_update(resource, place, change)?
    } else {
        Value::clone(&*store.update(resource, place.0, place.1, now, change)?)
    };
    of(resource, &new).map(|scale| Answer::Json(200, scale))
}
