//! How objects go: graceful deletion, finalizers, preconditions.
//!
//! What a gone owner leaves behind, and what an ending namespace holds, `sim::garbage` takes away.

use serde_json::Value;

pub use super::garbage::collect;
use super::json;
use super::resource::{NAMESPACES, PODS, Resource};
use super::status::Status;
use super::store::{Store, Stored, Timestamp, format_time};

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

pub(super) const FOREGROUND: &str = "foregroundDeletion";
pub(super) const ORPHAN: &str = "orphan";

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
