//! Reading and writing single objects: create, replace, patch, delete, and the subresources.

use serde_json::{Value, json};

use super::super::deletion;
use super::super::resource::{NAMESPACES, NODES, Resource};
use super::super::status::{Cause, Status};
use super::super::store::{Store, Stored, Timestamp};
use super::super::{defaults, json, validation};
use super::patch;
use super::request::{Request, Verb};
use super::{Answer, managed, wire};

mod delete;
mod scale;

pub(super) use delete::{delete, delete_collection};

/// Reads one object.
pub(super) fn get(store: &Store, request: &Request) -> Result<Answer, Status> {
    let object = current(store, request)?;
    match request.subresource.as_str() {
        "" | "status" => Ok(Answer::Object(200, object)),
        "scale" => scale::of(&request.resource, &object).map(|scale| Answer::Json(200, scale)),
        _ => Err(Status::no_such_path()),
    }
}

fn current(store: &Store, request: &Request) -> Result<Stored, Status> {
    let object = store.get(&request.resource, &request.namespace, &request.name).cloned();
    object.ok_or_else(|| Status::not_found(&request.resource, &request.name))
}

fn dry_run(request: &Request, options: &str) -> Result<bool, Status> {
    match request.query.get("dryRun") {
        "" => Ok(false),
        "All" => Ok(true),
        other => Err(Status::invalid_options(
            options,
            &Cause::unsupported("dryRun", other, &["All"]),
        )),
    }
}

/// Reads the body as an object of the resource.
fn decode(request: &Request) -> Result<Value, Status> {
    let kind = &request.resource.kind;
    let content_type = request
        .headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let unreadable = |error: &dyn std::fmt::Display| {
        let what = format!("(must be of type {kind}): couldn't get version/kind; json parse error: {error}");
        Status::bad_request(format!("the object provided is unrecognized {what}"))
    };
    let object: Value = match content_type
        .unwrap_or("application/json")
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
    {
        "application/json" | "" => serde_json::from_slice(&request.body).map_err(|error| unreadable(&error))?,
        "application/yaml" => serde_yaml_ng::from_slice(&request.body).map_err(|error| unreadable(&error))?,
        "application/vnd.kubernetes.protobuf" => {
            wire::object(&request.resource.plural, &request.body).ok_or_else(|| Status::protobuf(kind))?
        }
        _ => return Err(Status::unsupported_media_type()),
    };
    check_kind(&request.resource, &object)?;
    Ok(object)
}

fn check_kind(resource: &Resource, object: &Value) -> Result<(), Status> {
    let kind = json::text(object, "/kind")
        .filter(|kind| !kind.is_empty())
        .unwrap_or(&resource.kind);
    let (own, version) = (&resource.kind, resource.api_version());
    let given = json::text(object, "/apiVersion")
        .filter(|given| !given.is_empty())
        .unwrap_or(&version);
    if kind != own {
        let message = format!("{kind} in version \"{given}\" cannot be handled as a {own}");
        return Err(Status::bad_request(message));
    }
    if given != version {
        return Err(Status::bad_request(format!(
            "the API version in the data ({given}) does not match the expected API version ({version})"
        )));
    }
    Ok(())
}

/// Adds an object.
pub(super) fn create(store: &mut Store, request: &Request, now: Timestamp) -> Result<Answer, Status> {
    if !request.name.is_empty() {
        return subresource(store, request, now);
    }
    let dry = dry_run(request, "CreateOptions")?;
    let object = decode(request)?;
    new(store, request, object, dry, now)
}

fn new(store: &mut Store, request: &Request, mut object: Value, dry: bool, now: Timestamp) -> Result<Answer, Status> {
    let resource = &*request.resource;
    if resource.namespaced {
        let given = json::meta(&object, "namespace");
        if !given.is_empty() && given != request.namespace {
            let message = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Status::bad_request(message));
        }
        check_namespace(store, request, &object)?;
        json::set_meta(&mut object, "namespace", request.namespace.clone());
    }
    prune(request, &mut object).map_err(|why| unfit(request, &why))?;
    // Whoever creates an object wants it; what it is others say. A kubelet says both of its node at once.
    if resource.traits.status && !resource.same(&NODES) {
        json::object_mut(&mut object).remove("status");
    }
    defaults::apply(resource, &mut object);
    managed::note(request, None, &mut object, now);
    validation::new(resource, &object)?;
    if dry {
        let made = store.try_create(resource, object, now)?;
        return Ok(Answer::Object(201, made.into()));
    }
    store
        .create(resource, object, now)
        .map(|object| Answer::Object(201, object))
}

/// Takes away unknown fields, or refuses them where the client wants that.
fn prune(request: &Request, object: &mut Value) -> Result<(), String> {
    let unknown = validation::prune(&request.resource, object)?;
    if unknown.is_empty() || request.query.get("fieldValidation") != "Strict" {
        return Ok(());
    }
    let unknown: Vec<String> = unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect();
    Err(format!("strict decoding error: {}", unknown.join(", ")))
}

fn check_namespace(store: &Store, request: &Request, object: &Value) -> Result<(), Status> {
    let namespace = &request.namespace;
    let found = store
        .get(&NAMESPACES, "", namespace)
        .ok_or_else(|| Status::not_found(&NAMESPACES, namespace))?;
    if found.pointer("/metadata/deletionTimestamp").is_some() {
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        return Err(Status::forbidden(&request.resource, json::meta(object, "name"), &why));
    }
    Ok(())
}

/// `pods/NAME/eviction` and `pods/NAME/binding`.
fn subresource(store: &mut Store, request: &Request, now: Timestamp) -> Result<Answer, Status> {
    let success = || {
        Answer::Json(
            201,
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
        )
    };
    let place = (request.namespace.as_str(), request.name.as_str());
    let body = wire::delete_options(&request.body).unwrap_or_default();
    match (request.resource.plural.as_ref(), request.subresource.as_str()) {
        ("pods", "eviction") => {
            if !dry_run(request, "CreateOptions")? {
                deletion::delete(store, &request.resource, place, &delete::options(&body, request), now)?;
            }
            Ok(success())
        }
        ("pods", "binding") => {
            let node = json::text(&body, "/target/name").unwrap_or_default().to_owned();
            store.update(&request.resource, place.0, place.1, now, |pod| {
                json::set(pod, &["spec", "nodeName"], node);
            })?;
            Ok(success())
        }
        _ => Err(Status::no_such_path()),
    }
}

/// Replaces an object.
pub(super) fn put(store: &mut Store, request: &Request, now: Timestamp) -> Result<Answer, Status> {
    let dry = dry_run(request, "UpdateOptions")?;
    if request.subresource == "scale" {
        let scale = serde_json::from_slice(&request.body).map_err(|error| Status::bad_request(error.to_string()))?;
        return scale::write(store, request, &scale, dry, now);
    }
    let object = decode(request)?;
    let old = current(store, request)?;
    let uid = json::meta(&object, "uid");
    if !uid.is_empty() && uid != json::meta(&old, "uid") {
        let why = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            json::meta(&old, "uid")
        );
        return Err(Status::conflict(&request.resource, &request.name, &why));
    }
    if request.resource.traits.custom && json::meta(&object, "resourceVersion").is_empty() {
        let cause = Cause::invalid("metadata.resourceVersion", "0x0", "must be specified for an update");
        return Err(Status::invalid(&request.resource, &request.name, &[cause]));
    }
    save(store, request, &old, object, (dry, now))
}

/// Patches an object, or applies one.
pub(super) fn patch(store: &mut Store, request: &Request, now: Timestamp) -> Result<Answer, Status> {
    let content_type = request
        .headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = patch::Kind::of(content_type.unwrap_or_default(), &request.resource)?;
    let dry = dry_run(request, "PatchOptions")?;
    if kind == patch::Kind::Apply {
        return apply(store, request, dry, now);
    }
    let old = current(store, request)?;
    if request.subresource == "scale" {
        let scale = scale::of(&request.resource, &old)?;
        let scale = patch::patched(kind, &scale, &request.body)?;
        return scale::write(store, request, &scale, dry, now);
    }
    let object = patch::patched(kind, &old, &request.body)?;
    let uid = json::meta(&object, "uid");
    if uid != json::meta(&old, "uid") {
        let cause = Cause::invalid("metadata.uid", format!("\"{uid}\""), "field is immutable");
        return Err(Status::invalid(
            &request.resource,
            &request.name,
            &[cause.clone(), cause],
        ));
    }
    save(store, request, &old, object, (dry, now))
}

fn apply(store: &mut Store, request: &Request, dry: bool, now: Timestamp) -> Result<Answer, Status> {
    let unreadable = |error: serde_yaml_ng::Error| Status::bad_request(format!("error decoding YAML: {error}"));
    let configuration: Value = serde_yaml_ng::from_slice(&request.body).map_err(unreadable)?;
    check_kind(&request.resource, &configuration)?;
    let name = json::meta(&configuration, "name");
    if !name.is_empty() && name != request.name {
        return Err(wrong_name(name, &request.name));
    }
    let old = store.get(&request.resource, &request.namespace, &request.name).cloned();
    let Some(old) = old else {
        let mut nothing = json!({});
        json::set_meta(&mut nothing, "name", request.name.clone());
        let object = patch::apply(&request.resource, &nothing, &configuration, &request.query, now)?;
        return new(store, request, object, dry, now);
    };
    let mut object = patch::apply(&request.resource, &old, &configuration, &request.query, now)?;
    // A time alone is no change.
    let mut timeless = (Value::clone(&old), object.clone());
    for side in [&mut timeless.0, &mut timeless.1] {
        let entries = side
            .pointer_mut("/metadata/managedFields")
            .and_then(Value::as_array_mut);
        for entry in entries.into_iter().flatten() {
            json::object_mut(entry).remove("time");
        }
    }
    if timeless.0 == timeless.1 {
        object = Value::clone(&old);
    }
    save(store, request, &old, object, (dry, now))
}

fn wrong_name(given: &str, expected: &str) -> Status {
    Status::bad_request(format!(
        "the name of the object ({given}) does not match the name on the URL ({expected})"
    ))
}

/// Checks and stores the new state of an object, or of its status.
fn save(
    store: &mut Store,
    request: &Request,
    old: &Stored,
    mut object: Value,
    (dry, now): (bool, Timestamp),
) -> Result<Answer, Status> {
    let resource = &*request.resource;
    check_kind(resource, &object)?;
    let name = json::meta(&object, "name");
    if name != request.name {
        return Err(wrong_name(name, &request.name));
    }
    let version = json::meta(&object, "resourceVersion");
    if !version.is_empty() && version != json::meta(old, "resourceVersion") {
        return Err(Status::modified(resource, &request.name));
    }
    match request.subresource.as_str() {
        "" if resource.traits.status => replace_field(&mut object, old, "status"),
        "status" if resource.traits.status => {
            let status = object.get("status").cloned();
            object = Value::clone(old);
            if let Some(status) = status {
                json::set(&mut object, &["status"], status);
            }
        }
        "" | "finalize" => {}
        _ => return Err(Status::no_such_path()),
    }
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        let metadata = json::child_mut(&mut object, "metadata");
        match old.pointer(&format!("/metadata/{field}")) {
            Some(value) => metadata.insert(field.into(), value.clone()),
            None => metadata.remove(field),
        };
    }
    json::set(&mut object, &["apiVersion"], resource.api_version());
    json::set(&mut object, &["kind"], resource.kind.to_string());
    let given = object.to_string();
    prune(request, &mut object).map_err(|why| match request.verb {
        Verb::Patch => Status::unfit_patch(&given, &why),
        _ => unfit(request, &why),
    })?;
    if resource.traits.generation {
        let generation = generation(request, old, &object);
        json::set_meta(&mut object, "generation", generation);
    }
    defaults::apply(resource, &mut object);
    managed::note(request, Some(old), &mut object, now);
    validation::change(resource, old, &object)?;
    let place = (request.namespace.as_str(), request.name.as_str());
    if dry {
        let would = store.try_update(resource, place, |stored| *stored = object)?;
        return Ok(Answer::Object(200, would.into()));
    }
    store
        .update(resource, place.0, place.1, now, |stored| *stored = object)
        .map(|new| Answer::Object(200, new))
}

/// The generation before the spec is looked at: annotations of a Deployment count too.
fn generation(request: &Request, old: &Stored, object: &Value) -> i64 {
    let before = json::number(old, "/metadata/generation").unwrap_or(0);
    let annotations = |object: &Value| object.pointer("/metadata/annotations").cloned().unwrap_or_default();
    let annotated = request.resource.plural == "deployments" && annotations(old) != annotations(object);
    if annotated && request.subresource.is_empty() {
        before + 1
    } else {
        before
    }
}

/// The refusal of an object that is not of its type.
fn unfit(request: &Request, why: &str) -> Status {
    let (kind, version) = (&request.resource.kind, &request.resource.version);
    Status::bad_request(format!(
        "{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"
    ))
}

fn replace_field(object: &mut Value, old: &Value, field: &str) {
    match old.get(field) {
        Some(value) => json::set(object, &[field], value.clone()),
        None => drop(json::object_mut(object).remove(field)),
    }
}
