//! JSON patches (RFC 6902), all or nothing.

use serde_json::Value;

use super::super::super::json;
use super::super::super::status::Status;

/// The object after every operation.
pub(super) fn patched(object: &Value, patch: &Value) -> Result<Value, Status> {
    let Value::Array(operations) = patch else {
        return Err(Status::bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ));
    };
    let mut object = object.clone();
    for operation in operations {
        // A real server says no more than this, whichever operation failed.
        step(&mut object, operation).ok_or_else(Status::rejected_patch)?;
    }
    Ok(object)
}

fn step(object: &mut Value, operation: &Value) -> Option<()> {
    let path = json::text(operation, "/path")?;
    let value = || operation.get("value").cloned();
    match json::text(operation, "/op")? {
        "add" => add(object, path, value()?),
        "remove" => remove(object, path).map(drop),
        "replace" => {
            *object.pointer_mut(path)? = value()?;
            Some(())
        }
        "move" => {
            let value = remove(object, json::text(operation, "/from")?)?;
            add(object, path, value)
        }
        "copy" => {
            let value = object.pointer(json::text(operation, "/from")?)?.clone();
            add(object, path, value)
        }
        "test" => {
            let wanted = operation.get("value").unwrap_or(&Value::Null);
            // An absent field equals null, as in the library API servers use.
            (object.pointer(path).unwrap_or(&Value::Null) == wanted).then_some(())
        }
        _ => None,
    }
}

/// The parent of a path and the last, unescaped part of it.
fn split(path: &str) -> Option<(&str, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn add(object: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *object = value;
        return Some(());
    }
    let (parent, last) = split(path)?;
    match object.pointer_mut(parent)? {
        Value::Object(map) => {
            map.insert(last, value);
            Some(())
        }
        Value::Array(items) => {
            let index = if last == "-" { items.len() } else { last.parse().ok()? };
            (index <= items.len()).then(|| items.insert(index, value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn remove(object: &mut Value, path: &str) -> Option<Value> {
    let (parent, last) = split(path)?;
    match object.pointer_mut(parent)? {
        Value::Object(map) => map.remove(&last),
        Value::Array(items) => {
            let index: usize = last.parse().ok()?;
            (index < items.len()).then(|| items.remove(index))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_work_or_refuse() {
        let object = json!({"a": 1, "list": ["x", "y"], "labels": {"a/b": "c"}});
        for (patch, expected) in [
            (json!([{"op": "add", "path": "/b", "value": 2}]), Some(("/b", json!(2)))),
            (
                json!([{"op": "add", "path": "/list/-", "value": "z"}]),
                Some(("/list/2", json!("z"))),
            ),
            (
                json!([{"op": "add", "path": "/list/0", "value": "z"}]),
                Some(("/list/1", json!("x"))),
            ),
            (
                json!([{"op": "replace", "path": "/labels/a~1b", "value": "d"}]),
                Some(("/labels/a~1b", json!("d"))),
            ),
            (
                json!([{"op": "move", "from": "/a", "path": "/c"}]),
                Some(("/c", json!(1))),
            ),
            (
                json!([{"op": "copy", "from": "/a", "path": "/c"}]),
                Some(("/a", json!(1))),
            ),
            (
                json!([{"op": "test", "path": "/a", "value": 1}]),
                Some(("/a", json!(1))),
            ),
            (
                json!([{"op": "test", "path": "/none", "value": null}]),
                Some(("/a", json!(1))),
            ),
            (
                json!([{"op": "remove", "path": "/list/0"}]),
                Some(("/list/0", json!("y"))),
            ),
            (json!([{"op": "test", "path": "/a", "value": 2}]), None),
            (json!([{"op": "replace", "path": "/none", "value": 2}]), None),
            (json!([{"op": "remove", "path": "/none"}]), None),
            (json!([{"op": "add", "path": "/none/x", "value": 2}]), None),
            (json!([{"op": "add", "path": "/list/9", "value": 2}]), None),
            (json!([{"op": "frob", "path": "/a"}]), None),
        ] {
            let result = patched(&object, &patch);
            match expected {
                Some((path, value)) => assert_eq!(result.unwrap().pointer(path), Some(&value), "{patch}"),
                None => assert_eq!(result.unwrap_err().code, 422, "{patch}"),
            }
        }
    }
}
