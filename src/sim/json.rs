//! Small readers and writers for JSON objects of the API.

use serde_json::{Map, Value};

/// The text at a JSON pointer.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// The whole number at a JSON pointer.
pub fn number(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Value::as_i64)
}

/// The array at a JSON pointer; empty if there is none.
pub fn array<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A text of `metadata`; empty if absent.
pub fn meta<'a>(object: &'a Value, field: &str) -> &'a str {
    object
        .get("metadata")
        .and_then(|metadata| metadata.get(field))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The value as an object, made one if it was something else.
pub fn object_mut(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            unreachable!("it was just made an object")
        }
    }
}

/// The object under a key, made if it is missing.
pub fn child_mut<'a>(value: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    object_mut(object_mut(value).entry(key).or_insert(Value::Null))
}

/// Sets a field of `metadata`.
pub fn set_meta(object: &mut Value, field: &str, value: impl Into<Value>) {
    child_mut(object, "metadata").insert(field.to_owned(), value.into());
}

/// Sets a text where the path of keys leads, making what is missing on the way.
pub fn set(object: &mut Value, path: &[&str], value: impl Into<Value>) {
    if let Some((last, parents)) = path.split_last() {
        let mut at = object;
        for key in parents {
            at = object_mut(at).entry(*key).or_insert(Value::Null);
        }
        object_mut(at).insert((*last).to_owned(), value.into());
    }
}
