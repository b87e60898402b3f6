//! Takes away what lost its owner, and what lives in a namespace that is being deleted.

use serde_json::Value;

use super::context::{Context, Key, is_deleting};
use super::object::{at, items, set, text};
use crate::sim::resource::{EVENTS, NAMESPACES, PODS, Resource};
use crate::sim::store::Stored;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// Whether an object waits for what it owns.
pub(crate) fn waits(object: &Value) -> bool {
    is_deleting(object) && [FOREGROUND, ORPHAN].iter().any(|finalizer| has(object, finalizer))
}

fn has(object: &Value, finalizer: &str) -> bool {
    items(object, &["metadata", "finalizers"])
        .iter()
        .any(|f| f.as_str() == Some(finalizer))
}

/// Deletes what a vanished object owned.
pub(crate) fn orphans(cx: &mut Context<'_>, uid: &str) {
    for (resource, object) in dependents(cx, uid) {
        delete(cx, &resource, &object);
    }
}

fn dependents(cx: &Context<'_>, uid: &str) -> Vec<(Resource, Stored)> {
    cx.store
        .dependents(uid)
        .map(|(resource, object)| (Resource::clone(resource), object.clone()))
        .collect()
}

fn delete(cx: &mut Context<'_>, resource: &Resource, object: &Stored) {
    if resource.same(&PODS) {
        cx.delete_pod(object);
    } else if items(object, &["metadata", "finalizers"]).is_empty() {
        cx.remove(resource, &Key::of(object));
    } else if !is_deleting(object) {
        let now = super::object::stamp(cx.now);
        cx.update(resource, &Key::of(object), |object| {
            set(object, &["metadata", "deletionTimestamp"], now);
        });
    }
}

/// Goes on with an object that is deleted in the foreground, or whose dependents are to be kept.
pub(crate) fn finalize(cx: &mut Context<'_>, plural: &str, key: &Key) {
    let resource = cx.store.resources().find(|r| r.plural == plural).cloned();
    let Some((resource, object)) = resource.and_then(|r| cx.get(&r, key).map(|object| (r, object))) else {
        return;
    };
    if !waits(&object) {
        return;
    }
    let uid = text(&object, &["metadata", "uid"]).to_owned();
    let owned = dependents(cx, &uid);
    if has(&object, ORPHAN) {
        for (resource, dependent) in owned {
            let mut owners = items(&dependent, &["metadata", "ownerReferences"]).to_vec();
            owners.retain(|owner| text(owner, &["uid"]) != uid);
            cx.update(&resource, &Key::of(&dependent), |object| {
                set(object, &["metadata", "ownerReferences"], owners);
            });
        }
    } else if !owned.is_empty() {
        for (resource, dependent) in owned {
            delete(cx, &resource, &dependent);
        }
        if !dependents(cx, &uid).is_empty() {
            return;
        }
    }
    cx.update(&resource, key, |object| {
        let mut finalizers = items(object, &["metadata", "finalizers"]).to_vec();
        finalizers.retain(|f| f.as_str() != Some(FOREGROUND) && f.as_str() != Some(ORPHAN));
        set(object, &["metadata", "finalizers"], finalizers);
    });
}

/// Empties a namespace that is being deleted; it goes with the last thing in it.
pub(crate) fn namespace(cx: &mut Context<'_>, key: &Key) {
    let Some(namespace) = cx.get(&NAMESPACES, key).filter(|object| is_terminating(object)) else {
        return;
    };
    let name = text(&namespace, &["metadata", "name"]).to_owned();
    let resources: Vec<Resource> = cx
        .store
        .resources()
        .filter(|r| r.namespaced)
        .map(|r| Resource::clone(r))
        .collect();
    let mut left = false;
    // Workloads first, so that no controller replaces what is deleted; events last.
    let is_pods = |r: &&Resource| r.same(&PODS);
    let order = resources.iter().filter(|r| !is_pods(r) && !r.same(&EVENTS));
    for resource in order
        .chain(resources.iter().filter(is_pods))
        .chain([&EVENTS as &Resource])
    {
        let objects: Vec<Stored> = cx.store.list_in(resource, &name).cloned().collect();
        for object in objects {
            delete(cx, resource, &object);
        }
        left |= !resource.same(&EVENTS) && cx.store.list_in(resource, &name).next().is_some();
    }
    if !left {
        cx.remove(&NAMESPACES, key);
    }
}

/// Whether a namespace is being deleted.
pub(crate) fn is_terminating(namespace: &Value) -> bool {
    is_deleting(namespace) || at(namespace, &["status", "phase"]).is_some_and(|phase| phase == "Terminating")
}
