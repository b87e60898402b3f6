//! The four kinds of patches, from an object to the patched one.

use serde_json::Value;

use super::super::resource::Resource;
use super::super::status::Status;

mod apply;
mod json_patch;
mod strategic;

pub(super) use apply::apply;

/// How a patch is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl Kind {
    /// By the request's content type.
    pub(super) fn of(content_type: &str, resource: &Resource) -> Result<Self, Status> {
        match content_type.split(';').next().unwrap_or_default().trim() {
            "application/json-patch+json" => Ok(Self::Json),
            "application/merge-patch+json" => Ok(Self::Merge),
            "application/strategic-merge-patch+json" if !resource.traits.custom => Ok(Self::Strategic),
            "application/apply-patch+yaml" => Ok(Self::Apply),
            _ => {
                let mut status = Status::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
                status.details = Some(serde_json::json!({}));
                Err(status)
            }
        }
    }
}

/// The object with a JSON, merge or strategic merge patch applied.
pub(super) fn patched(kind: Kind, resource: &Resource, object: &Value, body: &[u8]) -> Result<Value, Status> {
    let decode = |error: serde_json::Error| {
        let why = if error.is_eof() {
            "unexpected end of JSON input".to_owned()
        } else {
            error.to_string()
        };
        Status::bad_request(format!("error decoding patch: {why}"))
    };
    let patch: Value = serde_json::from_slice(body).map_err(decode)?;
    match kind {
        Kind::Json => json_patch::patched(object, &patch),
        Kind::Merge => {
            let mut object = object.clone();
            merge(&mut object, &patch);
            Ok(object)
        }
        Kind::Strategic | Kind::Apply => Ok(strategic::patched(resource, object, &patch)),
    }
}

/// RFC 7386.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    let target = super::super::json::object_mut(target);
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merge_patches_follow_the_rfc() {
        for (target, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut merged = target.clone();
            merge(&mut merged, &patch);
            assert_eq!(merged, expected, "{target} + {patch}");
        }
    }
}
