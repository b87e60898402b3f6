//! Reading and building API objects that are held as JSON.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::domain::Timestamp;

/// Walks down by field names.
pub(crate) fn at<'a>(object: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, field| value.get(field))
}

/// The text of a field; empty where there is none.
pub(crate) fn text<'a>(object: &'a Value, path: &[&str]) -> &'a str {
    at(object, path).and_then(Value::as_str).unwrap_or_default()
}

/// The whole number of a field.
pub(crate) fn integer(object: &Value, path: &[&str]) -> Option<i64> {
    at(object, path).and_then(Value::as_i64)
}

/// A count that is 0 where it is absent, as in every status.
pub(crate) fn count(object: &Value, path: &[&str]) -> i64 {
    integer(object, path).unwrap_or(0)
}

/// A moment written as RFC 3339.
pub(crate) fn moment(object: &Value, path: &[&str]) -> Option<Timestamp> {
    let text = text(object, path);
    if text.is_empty() {
        return None;
    }
    DateTime::parse_from_rfc3339(text).ok().map(|t| t.with_timezone(&Utc))
}

/// The elements of a list; none where there is no list.
pub(crate) fn items<'a>(object: &'a Value, path: &[&str]) -> &'a [Value] {
    at(object, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A moment as the API writes it: whole seconds.
pub(crate) fn stamp(moment: Timestamp) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// An annotation of the object itself.
pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    at(object, &["metadata", "annotations", key]).and_then(Value::as_str)
}

/// The map at `path`, made where it is not.
pub(crate) fn map_at<'a>(object: &'a mut Value, path: &[&str]) -> Option<&'a mut Map<String, Value>> {
    let mut value = object;
    for field in path {
        value = map_of(value)?.entry(*field).or_insert(Value::Null);
    }
    map_of(value)
}

fn map_of(value: &mut Value) -> Option<&mut Map<String, Value>> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

/// Sets a field, making what is above it.
pub(crate) fn set(object: &mut Value, path: &[&str], value: impl Into<Value>) {
    if let Some((last, above)) = path.split_last()
        && let Some(map) = map_at(object, above)
    {
        map.insert((*last).to_owned(), value.into());
    }
}

/// Takes a field away.
pub(crate) fn unset(object: &mut Value, path: &[&str]) {
    if let Some((last, above)) = path.split_last()
        && let Some(map) = map_at(object, above)
    {
        map.remove(*last);
    }
}

/// The condition of a type in `status.conditions`.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    items(object, &["status", "conditions"])
        .iter()
        .find(|c| text(c, &["type"]) == kind)
}

/// Whether the condition of a type is `True`.
pub(crate) fn holds(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|c| text(c, &["status"]) == "True")
}

/// The owner that manages the object: kind, name, uid.
pub(crate) fn controller_of(object: &Value) -> Option<(&str, &str, &str)> {
    items(object, &["metadata", "ownerReferences"])
        .iter()
        .find(|owner| at(owner, &["controller"]) == Some(&Value::Bool(true)))
        .map(|owner| (text(owner, &["kind"]), text(owner, &["name"]), text(owner, &["uid"])))
}

/// The owner reference that makes `owner` the manager of an object.
pub(crate) fn owned_by(owner: &Value, api_version: &str, kind: &str) -> Value {
    json!([{
        "apiVersion": api_version, "kind": kind,
        "name": text(owner, &["metadata", "name"]), "uid": text(owner, &["metadata", "uid"]),
        "controller": true, "blockOwnerDeletion": true,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_made_and_taken_away() {
        let mut object = json!({"status": null});
        set(&mut object, &["status", "phase"], "Running");
        set(&mut object, &["metadata", "name"], "a");
        assert_eq!(
            object,
            json!({"status": {"phase": "Running"}, "metadata": {"name": "a"}})
        );
        unset(&mut object, &["status", "phase"]);
        assert_eq!(text(&object, &["status", "phase"]), "");
        assert_eq!(count(&object, &["status", "replicas"]), 0);
    }

    #[test]
    fn moments_survive_the_round_trip() {
        let object = json!({"at": "2026-11-22T17:20:50Z"});
        assert_eq!(stamp(moment(&object, &["at"]).unwrap()), "2026-11-22T17:20:50Z");
        assert_eq!(moment(&object, &["never"]), None);
    }
}
