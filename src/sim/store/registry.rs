//! What the registry of an API server does to an object's metadata on its way into the store.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::super::json;
use super::super::resource::Resource;
use super::super::status::{Cause, Status};
use super::Timestamp;

/// A time as the API writes it: whole seconds, UTC.
pub fn format_time(time: Timestamp) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Scrambles a number (splitmix64): the same input gives the same output, neighbours share nothing.
pub(super) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// The letters and digits of generated names: without vowels, so that no word appears.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Gives the object its name from `generateName` if it has none.
pub(super) fn name(resource: &Resource, object: &mut Value, random: u64) -> Result<(), Status> {
    if !json::meta(object, "name").is_empty() {
        return Ok(());
    }
    let prefix = json::meta(object, "generateName");
    if prefix.is_empty() {
        let cause = Cause::required("metadata.name", "name or generateName is required");
        return Err(Status::invalid(resource, "", &[cause]));
    }
    let mut name = prefix.to_owned();
    let mut left = random;
    for _ in 0..5 {
        let letter = ALPHABET
            .get((left % ALPHABET.len() as u64) as usize)
            .copied()
            .unwrap_or(b'x');
        name.push(char::from(letter));
        left /= ALPHABET.len() as u64;
    }
    json::set_meta(object, "name", name);
    Ok(())
}

/// Fills in what every new object gets.
pub(super) fn prepare_new(resource: &Resource, object: &mut Value, random: u64, now: Timestamp) {
    json::set(object, &["apiVersion"], resource.api_version());
    json::set(object, &["kind"], resource.kind.to_string());
    json::set_meta(object, "uid", uid(random));
    json::set_meta(object, "creationTimestamp", format_time(now));
    let metadata = json::child_mut(object, "metadata");
    metadata.remove("deletionTimestamp");
    metadata.remove("deletionGracePeriodSeconds");
    metadata.remove("generation");
    if !resource.namespaced {
        metadata.remove("namespace");
    }
    if resource.traits.generation {
        metadata.insert("generation".into(), 1.into());
    }
}

fn uid(random: u64) -> String {
    let (high, low) = (mix(random), mix(random.wrapping_add(1)));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff
    )
}

/// What no write may change.
fn keep_identity(old: &Value, new: &mut Value) {
    for field in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "resourceVersion",
        "generation",
    ] {
        match old.get("metadata").and_then(|metadata| metadata.get(field)) {
            Some(value) => {
                json::child_mut(new, "metadata").insert(field.into(), value.clone());
            }
            None => {
                json::child_mut(new, "metadata").remove(field);
            }
        }
    }
}

/// The object after a change: its identity kept, its generation raised if something else than metadata and status
/// changed.
pub(super) fn changed(resource: &Resource, old: &Value, change: impl FnOnce(&mut Value)) -> Value {
    let mut new = old.clone();
    change(&mut new);
    keep_identity(old, &mut new);
    let started_deletion =
        old.pointer("/metadata/deletionTimestamp").is_none() && new.pointer("/metadata/deletionTimestamp").is_some();
    if resource.traits.generation && (started_deletion || !same_but_for_status(old, &new)) {
        let generation = json::number(old, "/metadata/generation").unwrap_or(0) + 1;
        json::set_meta(&mut new, "generation", generation);
    }
    new
}

fn same_but_for_status(old: &Value, new: &Value) -> bool {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
        return old == new;
    };
    let desired = |key: &String| !matches!(key.as_str(), "metadata" | "status" | "apiVersion" | "kind");
    old.iter()
        .filter(|(key, _)| desired(key))
        .all(|(key, value)| new.get(key) == Some(value))
        && new.keys().filter(|key| desired(key)).all(|key| old.contains_key(key))
}

/// Whether the object was asked to go, and nothing holds it any more.
pub(super) fn is_finished(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
        && json::array(object, "/metadata/finalizers").is_empty()
        // A namespace is held by what is in it.
        && json::text(object, "/kind") != Some("Namespace")
        && json::number(object, "/metadata/deletionGracePeriodSeconds").unwrap_or(0) == 0
}

/// A `CustomResourceDefinition` is served at once, and says so.
pub(super) fn establish(definition: &mut Value, now: Timestamp) {
    let names = definition.pointer("/spec/names").cloned().unwrap_or_default();
    let since = format_time(now);
    let condition = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": since});
    let versions = json::array(definition, "/spec/versions").iter();
    let stored: Vec<Value> = versions
        .filter(|version| version.get("storage") == Some(&Value::Bool(true)))
        .filter_map(|version| version.get("name").cloned())
        .collect();
    let conditions = [
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition(
            "Established",
            "InitialNamesAccepted",
            "the initial names have been accepted",
        ),
    ];
    json::set(
        definition,
        &["status"],
        json!({"conditions": conditions, "acceptedNames": names, "storedVersions": stored}),
    );
}
