//! The garbage collector: takes away what lost its owners, and what is in an ending namespace.
//!
//! Its place is beside the API, before the controllers, so that none of them replaces what is about to go.

use serde_json::Value;

use super::deletion::{DeleteOptions, FOREGROUND, ORPHAN, Propagation, delete};
use super::json;
use super::resource::{NAMESPACES, Resource};
use super::store::{Store, Stored, Timestamp, Verb};

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
