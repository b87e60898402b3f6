//! How objects go: graceful deletion, finalizers, preconditions, and the collection of what a gone owner leaves behind.
//!
//! [`delete`] is what a DELETE request and the controllers call; [`collect`] is the garbage collector, run after writes.

use serde_json::Value;

use super::json;
use super::resource::{NAMESPACES, PODS, Resource};
use super::status::Status;
use super::store::{Store, Stored, Timestamp, Verb, format_time};

/// What becomes of the objects that name the deleted one as their owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Propagation {
    /// They go after it.
    #[default]
    Background,
    /// They go before it.
    Foreground,
    /// They stay, without an owner.
    Orphan,
}

/// The options of a deletion.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DeleteOptions {
    /// Refuse unless the object has this uid.
    pub uid: Option<String>,
    /// Refuse unless the object is at this version.
    pub resource_version: Option<String>,
    /// Seconds a pod gets to end; its own `terminationGracePeriodSeconds` if none.
    pub grace_seconds: Option<i64>,
    pub propagation: Propagation,
}

/// What a deletion came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Deleted {
    /// The object is gone; this is how it last was.
    Gone(Stored),
    /// The object is marked and goes later.
    Going(Stored),
}

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// Deletes an object as the API server does: pods on a node get their grace period, finalizers hold it back.
///
/// # Errors
/// 404 if there is none, 409 if a precondition fails.
pub fn delete(
    store: &mut Store,
    resource: &Resource,
    (namespace, name): (&str, &str),
    options: &DeleteOptions,
    now: Timestamp,
) -> Result<Deleted, Status> {
    let (_, plan) = plan(store, resource, (namespace, name), options)?;
    let Plan::Mark { grace, finalizer } = plan else {
        return store.remove(resource, namespace, name).map(Deleted::Gone);
    };
    let marked = store.update(resource, namespace, name, now, |object| {
        mark(resource, object, grace, finalizer, now)
    })?;
    let gone = store.get(resource, namespace, name).is_none();
    Ok(if gone {
        Deleted::Gone(marked)
    } else {
        Deleted::Going(marked)
    })
}

/// What [`delete`] would come to.
///
/// # Errors
/// As there.
pub fn try_delete(
    store: &Store,
    resource: &Resource,
    place: (&str, &str),
    options: &DeleteOptions,
    now: Timestamp,
) -> Result<Deleted, Status> {
    let (object, plan) = plan(store, resource, place, options)?;
    let Plan::Mark { grace, finalizer } = plan else {
        return Ok(Deleted::Gone(object));
    };
    let marked = store.try_update(resource, place, |object| mark(resource, object, grace, finalizer, now))?;
    Ok(Deleted::Going(marked.into()))
}

/// How an object goes.
enum Plan {
    AtOnce,
    Mark {
        grace: i64,
        finalizer: Option<&'static str>,
    },
}

fn plan(
    store: &Store,
    resource: &Resource,
    (namespace, name): (&str, &str),
    options: &DeleteOptions,
) -> Result<(Stored, Plan), Status> {
    let object = store
        .get(resource, namespace, name)
        .cloned()
        .ok_or_else(|| Status::not_found(resource, name))?;
    check(resource, &object, options)?;
    let grace = grace_seconds(resource, &object, options);
    let finalizer = match options.propagation {
        Propagation::Background => None,
        Propagation::Foreground => Some(FOREGROUND),
        Propagation::Orphan => Some(ORPHAN),
    };
    let held = finalizer.is_some() || !json::array(&object, "/metadata/finalizers").is_empty();
    let held = held || resource.same(&NAMESPACES);
    let plan = if grace == 0 && !held {
        Plan::AtOnce
    } else {
        Plan::Mark { grace, finalizer }
    };
    Ok((object, plan))
}

fn check(resource: &Resource, object: &Value, options: &DeleteOptions) -> Result<(), Status> {
    let name = json::meta(object, "name");
    let refuse = |what: &str, wanted: &str, has: &str, perhaps: &str| {
        let why = format!(
            "the {what} in the precondition ({wanted}) does not match the {what} in record ({has}). The object might \
             have been {perhaps}"
        );
        Err(Status::conflict_of_kind(resource, name, &why))
    };
    let (uid, version) = (json::meta(object, "uid"), json::meta(object, "resourceVersion"));
    match (&options.uid, &options.resource_version) {
        (Some(wanted), _) if wanted != uid => refuse("UID", wanted, uid, "deleted and then recreated"),
        (_, Some(wanted)) if wanted != version => refuse("ResourceVersion", wanted, version, "modified"),
        _ => Ok(()),
    }
}

/// Only a pod that has a node and still runs is given time.
fn grace_seconds(resource: &Resource, object: &Value, options: &DeleteOptions) -> i64 {
    let ended = matches!(json::text(object, "/status/phase"), Some("Succeeded" | "Failed"));
    if !resource.same(&PODS) || json::text(object, "/spec/nodeName").is_none_or(str::is_empty) || ended {
        return 0;
    }
    let own = json::number(object, "/spec/terminationGracePeriodSeconds").unwrap_or(30);
    options.grace_seconds.unwrap_or(own).max(0)
}

fn mark(resource: &Resource, object: &mut Value, grace: i64, finalizer: Option<&str>, now: Timestamp) {
    if resource.same(&NAMESPACES) {
        json::set(object, &["status", "phase"], "Terminating");
    }
    let earlier = json::number(object, "/metadata/deletionGracePeriodSeconds");
    if object.pointer("/metadata/deletionTimestamp").is_none() || earlier.is_some_and(|earlier| grace < earlier) {
        json::set_meta(
            object,
            "deletionTimestamp",
            format_time(now + chrono::Duration::seconds(grace)),
        );
        json::set_meta(object, "deletionGracePeriodSeconds", grace);
    }
    if let Some(finalizer) = finalizer {
        let mut finalizers = json::array(object, "/metadata/finalizers").to_vec();
        if !finalizers.iter().any(|held| held == finalizer) {
            finalizers.push(finalizer.into());
        }
        json::set_meta(object, "finalizers", finalizers);
    }
}

/// Deletes what lost its owners, lets go of owners whose dependents are settled, and empties ending namespaces.
/// Looks at the writes after `since`; call it until it writes nothing.
pub fn collect(store: &mut Store, since: u64, now: Timestamp) {
    let mut gone: Vec<String> = Vec::new();
    let mut ending: Vec<(Resource, Stored)> = Vec::new();
    let mut namespaces: Vec<String> = Vec::new();
    for change in store.changes_since(since) {
        let namespace = json::meta(&change.object, "namespace");
        match change.verb {
            Verb::Deleted => {
                gone.push(json::meta(&change.object, "uid").to_owned());
                if !namespace.is_empty() {
                    namespaces.push(namespace.to_owned());
                }
            }
            Verb::Added | Verb::Modified => {
                if change.object.pointer("/metadata/deletionTimestamp").is_some() {
                    ending.push((Resource::clone(&change.resource), change.object.clone()));
                }
            }
        }
        // The owner of what went may have waited for it.
        if change.verb == Verb::Deleted {
            for owner in json::array(&change.object, "/metadata/ownerReferences") {
                ending.extend(find_owner(store, namespace, owner));
            }
        }
    }
    for uid in gone {
        drop_dependents(store, &uid, now);
    }
    for (resource, object) in ending {
        if resource.same(&NAMESPACES) {
            namespaces.push(json::meta(&object, "name").to_owned());
        } else {
            settle(store, &resource, &object, now);
        }
    }
    namespaces.sort_unstable();
    namespaces.dedup();
    for namespace in namespaces {
        empty_namespace(store, &namespace, now);
    }
}

fn find_owner(store: &Store, namespace: &str, owner: &Value) -> Option<(Resource, Stored)> {
    let resource = store.resource_of(json::text(owner, "/apiVersion")?, json::text(owner, "/kind")?)?;
    let namespace = if resource.namespaced { namespace } else { "" };
    let object = store.get(&resource, namespace, json::text(owner, "/name")?)?;
    object.pointer("/metadata/deletionTimestamp")?;
    Some((Resource::clone(&resource), object.clone()))
}

type Named = (Resource, String, String);

fn dependents(store: &Store, uid: &str) -> Vec<Named> {
    let named = |(resource, object): (&std::sync::Arc<Resource>, &Stored)| {
        let (namespace, name) = (json::meta(object, "namespace"), json::meta(object, "name"));
        (Resource::clone(resource), namespace.to_owned(), name.to_owned())
    };
    store.dependents(uid).map(named).collect()
}

/// Deletes those of whom the gone object was the only owner; takes it off the others' lists.
fn drop_dependents(store: &mut Store, uid: &str, now: Timestamp) {
    for (resource, namespace, name) in dependents(store, uid) {
        let Some(object) = store.get(&resource, &namespace, &name) else {
            continue;
        };
        let owners = json::array(object, "/metadata/ownerReferences").len();
        let going = object.pointer("/metadata/deletionTimestamp").is_some();
        // A 404 or 409 here means that somebody was quicker, which is as good.
        if owners > 1 {
            let _ = store.update(&resource, &namespace, &name, now, |object| disown(object, uid));
        } else if !going {
            let _ = delete(store, &resource, (&namespace, &name), &DeleteOptions::default(), now);
        }
    }
}

fn disown(object: &mut Value, uid: &str) {
    let mut owners = json::array(object, "/metadata/ownerReferences").to_vec();
    owners.retain(|owner| json::text(owner, "/uid") != Some(uid));
    if owners.is_empty() {
        json::child_mut(object, "metadata").remove("ownerReferences");
    } else {
        json::set_meta(object, "ownerReferences", owners);
    }
}

/// Moves an object that waits on its dependents one step on.
fn settle(store: &mut Store, resource: &Resource, object: &Stored, now: Timestamp) {
    let (namespace, name, uid) = (
        json::meta(object, "namespace"),
        json::meta(object, "name"),
        json::meta(object, "uid"),
    );
    let holds = |finalizer: &str| {
        json::array(object, "/metadata/finalizers")
            .iter()
            .any(|held| held == finalizer)
    };
    let release = |store: &mut Store, finalizer: &str| {
        let _ = store.update(resource, namespace, name, now, |object| {
            let mut finalizers = json::array(object, "/metadata/finalizers").to_vec();
            finalizers.retain(|held| held != finalizer);
            json::set_meta(object, "finalizers", finalizers);
        });
    };
    if store
        .get(resource, namespace, name)
        .is_none_or(|now| json::meta(now, "uid") != uid)
    {
        return;
    }
    if holds(ORPHAN) {
        for (resource, namespace, name) in dependents(store, uid) {
            let _ = store.update(&resource, &namespace, &name, now, |object| disown(object, uid));
        }
        release(store, ORPHAN);
    } else if holds(FOREGROUND) {
        let waiting = dependents(store, uid);
        if waiting.is_empty() {
            release(store, FOREGROUND);
        }
        let options = DeleteOptions {
            propagation: Propagation::Foreground,
            ..DeleteOptions::default()
        };
        for (resource, namespace, name) in waiting {
            let going = store.get(&resource, &namespace, &name);
            if going.is_some_and(|object| object.pointer("/metadata/deletionTimestamp").is_none()) {
                let _ = delete(store, &resource, (&namespace, &name), &options, now);
            }
        }
    }
}

/// Deletes what is in an ending namespace, and the namespace once it is empty.
fn empty_namespace(store: &mut Store, namespace: &str, now: Timestamp) {
    let ending = store.get(&NAMESPACES, "", namespace);
    if ending.is_none_or(|object| object.pointer("/metadata/deletionTimestamp").is_none()) {
        return;
    }
    let resources: Vec<Resource> = store
        .resources()
        .filter(|one| one.namespaced)
        .map(|one| Resource::clone(one))
        .collect();
    let mut left = 0;
    for resource in resources {
        let objects: Vec<Stored> = store.list_in(&resource, namespace).cloned().collect();
        for object in objects {
            if object.pointer("/metadata/deletionTimestamp").is_none() {
                let _ = delete(
                    store,
                    &resource,
                    (namespace, json::meta(&object, "name")),
                    &DeleteOptions::default(),
                    now,
                );
            }
        }
        left += store.list_in(&resource, namespace).count();
    }
    if left == 0 {
        let _ = store.remove(&NAMESPACES, "", namespace);
    }
}
