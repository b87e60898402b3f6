//! Strategic merge patches: merge patches that know which lists are keyed, and by what.

use serde_json::{Map, Value};

use super::super::super::json;
use super::super::super::resource::Resource;

/// How a list is merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merging {
    /// The new list takes the place of the old.
    Atomic,
    /// Its values are a set.
    Set,
    /// Its objects are told apart by this field.
    Keyed(&'static str),
}

/// How the list under a key is merged; `parent` is the key of the object or list around it.
/// From the `patchStrategy` and `patchMergeKey` tags of `k8s.io/api`.
pub(super) fn merging(parent: &str, key: &str) -> Merging {
    match (parent, key) {
        ("containers" | "initContainers" | "ephemeralContainers", "ports") => Merging::Keyed("containerPort"),
        (_, "ports") => Merging::Keyed("port"),
        ("spec", "containers" | "initContainers" | "ephemeralContainers" | "volumes" | "imagePullSecrets")
        | ("spec", "resourceClaims" | "schedulingGates")
        | (_, "env" | "secrets") => Merging::Keyed("name"),
        (_, "volumeMounts") => Merging::Keyed("mountPath"),
        (_, "volumeDevices") => Merging::Keyed("devicePath"),
        ("spec", "hostAliases") | ("status", "podIPs") => Merging::Keyed("ip"),
        ("spec", "topologySpreadConstraints") => Merging::Keyed("topologyKey"),
        ("status", "conditions" | "addresses") => Merging::Keyed("type"),
        ("metadata", "ownerReferences") => Merging::Keyed("uid"),
        ("metadata", "finalizers") | ("spec", "podCIDRs") => Merging::Set,
        _ => Merging::Atomic,
    }
}

/// The object with the patch applied.
pub(super) fn patched(_: &Resource, object: &Value, patch: &Value) -> Value {
    let mut object = object.clone();
    merge(&mut object, patch, "");
    object
}

const DIRECTIVE: &str = "$patch";
const ORDER: &str = "$setElementOrder/";
const DELETE_VALUES: &str = "$deleteFromPrimitiveList/";
const RETAIN: &str = "$retainKeys";

fn merge(target: &mut Value, patch: &Value, parent: &str) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    match patch.get(DIRECTIVE).and_then(Value::as_str) {
        Some("replace") => {
            *target = clean(&Value::Object(patch.clone()));
            return;
        }
        Some("delete") => {
            *target = Value::Object(Map::new());
            return;
        }
        _ => {}
    }
    let target = json::object_mut(target);
    if let Some(Value::Array(retained)) = patch.get(RETAIN) {
        target.retain(|key, _| retained.iter().any(|kept| kept == key));
    }
    for (key, value) in patch {
        if let Some(field) = key.strip_prefix(DELETE_VALUES) {
            if let Some(Value::Array(values)) = target.get_mut(field) {
                values.retain(|one| !value.as_array().is_some_and(|gone| gone.contains(one)));
            }
        } else if key.starts_with('$') {
            // Orders come after the lists they are for.
        } else if value.is_null() {
            target.remove(key);
        } else {
            merge_field(target, key, value, parent);
        }
    }
    for (key, order) in patch {
        if let Some(field) = key.strip_prefix(ORDER)
            && let Some(Value::Array(items)) = target.get_mut(field)
        {
            sort(items, json::array(order, ""), merging(parent, field));
        }
    }
}

fn merge_field(target: &mut Map<String, Value>, key: &str, value: &Value, parent: &str) {
    match (value, target.get_mut(key)) {
        (Value::Array(patches), existing) => match (merging(parent, key), existing) {
            (Merging::Keyed(field), existing) => {
                let mut items = existing.and_then(|list| list.as_array().cloned()).unwrap_or_default();
                merge_items(&mut items, patches, field, key);
                target.insert(key.to_owned(), items.into());
            }
            (Merging::Set, Some(Value::Array(items))) => {
                let new: Vec<Value> = patches.iter().filter(|one| !items.contains(one)).cloned().collect();
                items.extend(new);
            }
            (Merging::Set | Merging::Atomic, _) => {
                target.insert(key.to_owned(), clean(value));
            }
        },
        (Value::Object(_), Some(existing @ Value::Object(_))) => merge(existing, value, key),
        _ => {
            target.insert(key.to_owned(), clean(value));
        }
    }
}

fn merge_items(items: &mut Vec<Value>, patches: &[Value], field: &str, key: &str) {
    if patches
        .iter()
        .any(|patch| patch.get(DIRECTIVE) == Some(&Value::from("replace")))
    {
        items.clear();
    }
    for patch in patches {
        let found = items
            .iter()
            .position(|item| item.get(field).is_some() && item.get(field) == patch.get(field));
        match (patch.get(DIRECTIVE).and_then(Value::as_str), found) {
            (Some("delete"), Some(index)) => {
                items.remove(index);
            }
            // A bare `{"$patch": "replace"}` only says that the list is new.
            (Some("delete"), None) => {}
            (Some("replace"), None) if patch.as_object().is_some_and(|patch| patch.len() == 1) => {}
            (_, Some(index)) => {
                if let Some(item) = items.get_mut(index) {
                    merge(item, patch, key);
                }
            }
            (_, None) => items.push(clean(patch)),
        }
    }
}

/// Puts items in the order given; those it does not name keep their places after their former neighbours.
fn sort(items: &mut [Value], order: &[Value], merging: Merging) {
    let place = |item: &Value| {
        order.iter().position(|wanted| match merging {
            Merging::Keyed(field) => wanted.get(field).is_some() && wanted.get(field) == item.get(field),
            Merging::Set | Merging::Atomic => wanted == item,
        })
    };
    items.sort_by_key(|item| place(item).unwrap_or(usize::MAX));
}

/// A new value without nulls and directives.
fn clean(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields
                .iter()
                .filter(|(key, value)| !value.is_null() && !key.starts_with('$'));
            Value::Object(kept.map(|(key, value)| (key.clone(), clean(value))).collect())
        }
        Value::Array(items) => items.iter().map(clean).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::super::resource::DEPLOYMENTS;
    use super::*;

    fn deployment() -> Value {
        json!({"metadata": {"finalizers": ["a/b"]}, "spec": {
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
            "template": {"spec": {
                "tolerations": [{"key": "a"}, {"key": "b"}],
                "containers": [
                    {"name": "main", "image": "m:1", "args": ["x"], "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
                    {"name": "side", "image": "s:1"}]}}}})
    }

    #[test]
    fn keyed_lists_merge_and_others_are_replaced() {
        let template = |spec: Value| json!({"spec": {"template": {"spec": spec}}});
        for (patch, at, expected) in [
            (
                template(json!({"containers": [{"name": "main", "image": "m:2"}]})),
                "/spec/template/spec/containers/0",
                json!({"name": "main", "image": "m:2", "args": ["x"], "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}),
            ),
            (
                template(
                    json!({"containers": [{"name": "main", "env": [{"name": "A", "value": "9"}, {"name": "B", "$patch": "delete"}]}]}),
                ),
                "/spec/template/spec/containers/0/env",
                json!([{"name": "A", "value": "9"}]),
            ),
            (
                template(json!({"containers": [{"name": "side", "$patch": "delete"}]})),
                "/spec/template/spec/containers/1",
                Value::Null,
            ),
            (
                template(
                    json!({"$setElementOrder/containers": [{"name": "side"}, {"name": "main"}], "containers": [{"name": "main", "args": ["y"]}]}),
                ),
                "/spec/template/spec/containers/0/name",
                json!("side"),
            ),
            (
                template(json!({"containers": [{"$patch": "replace"}, {"name": "new", "image": "n"}]})),
                "/spec/template/spec/containers",
                json!([{"name": "new", "image": "n"}]),
            ),
            (
                template(json!({"tolerations": [{"key": "c"}]})),
                "/spec/template/spec/tolerations",
                json!([{"key": "c"}]),
            ),
            (
                json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
                "/spec/strategy",
                json!({"type": "Recreate"}),
            ),
            (json!({"spec": {"strategy": null}}), "/spec/strategy", Value::Null),
            (
                json!({"metadata": {"finalizers": ["c/d"]}}),
                "/metadata/finalizers",
                json!(["a/b", "c/d"]),
            ),
            (
                json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/b"]}}),
                "/metadata/finalizers",
                json!([]),
            ),
        ] {
            let result = patched(&DEPLOYMENTS, &deployment(), &patch);
            assert_eq!(*result.pointer(at).unwrap_or(&Value::Null), expected, "{patch}");
        }
    }
}
