//! Server-side apply: what one manager wants, merged with what others applied, with conflicts between them.

use serde_json::{Map, Value, json};

use super::super::super::json;
use super::super::super::resource::Resource;
use super::super::super::status::{Cause, Status};
use super::super::super::store::{Timestamp, format_time};
use super::super::request::Query;
use super::strategic::{self, Merging, merging};

/// The object after a manager applied its configuration; `object` is what was there before.
pub(in super::super) fn apply(
    resource: &Resource,
    object: &Value,
    configuration: &Value,
    query: &Query,
    now: Timestamp,
) -> Result<Value, Status> {
    let manager = query.get("fieldManager");
    if manager.is_empty() {
        let cause = Cause::required("fieldManager", "is required for apply patch");
        return Err(Status::invalid_options("PatchOptions", &cause));
    }
    let wanted = fields(configuration, "", true);
    let (mine, others): (Vec<Value>, Vec<Value>) = json::array(object, "/metadata/managedFields")
        .iter()
        .cloned()
        .partition(|entry| json::text(entry, "/manager") == Some(manager) && is_applied(entry));
    let mut conflicts = Vec::new();
    let mut kept = Vec::new();
    for mut entry in others {
        if !is_applied(&entry) {
            kept.push(entry);
            continue;
        }
        let other = json::text(&entry, "/manager").unwrap_or_default().to_owned();
        let mut clashing = Vec::new();
        let owned = entry.get("fieldsV1").cloned().unwrap_or_default();
        clashes(&wanted, &owned, (object, configuration), &mut Vec::new(), &mut clashing);
        if query.flag("force") {
            for path in &clashing {
                disown(&mut entry, path);
            }
            kept.push(entry);
        } else {
            conflicts.extend(clashing.into_iter().map(|path| (other.clone(), path)));
            kept.push(entry);
        }
    }
    if !conflicts.is_empty() {
        return Err(refusal(&conflicts));
    }
    let mut result = object.clone();
    if let Some(before) = mine.first().and_then(|entry| entry.get("fieldsV1")) {
        drop_fields(&mut result, before, &wanted, &kept);
    }
    result = strategic::patched(&result, configuration);
    kept.push(
        json!({"manager": manager, "operation": "Apply", "apiVersion": resource.api_version(),
        "time": format_time(now), "fieldsType": "FieldsV1", "fieldsV1": wanted}),
    );
    json::set_meta(&mut result, "managedFields", kept);
    Ok(result)
}

/// Fields that were written otherwise are not known well enough for a conflict.
fn is_applied(entry: &Value) -> bool {
    json::text(entry, "/operation") == Some("Apply")
}

/// The set of fields a configuration names, as `fieldsV1` spells it.
fn fields(value: &Value, parent: &str, top: bool) -> Value {
    let Value::Object(map) = value else { return json!({}) };
    let mut set = Map::new();
    for (key, value) in map {
        // Names and types identify; nobody owns them.
        if top && matches!(key.as_str(), "apiVersion" | "kind") {
            continue;
        }
        if parent == "metadata"
            && matches!(
                key.as_str(),
                "name" | "namespace" | "managedFields" | "creationTimestamp"
            )
        {
            continue;
        }
        let inner = match (value, merging(parent, key)) {
            (Value::Array(items), Merging::Keyed(field)) => items
                .iter()
                .map(|item| {
                    let identity = json!({field: item.get(field)});
                    let mut inner = fields(item, key, false);
                    json::object_mut(&mut inner).insert(".".into(), json!({}));
                    (format!("k:{identity}"), inner)
                })
                .collect(),
            _ => fields(value, key, false),
        };
        if !(top && key == "metadata" && inner == json!({})) {
            set.insert(format!("f:{key}"), inner);
        }
    }
    Value::Object(set)
}

fn is_leaf(set: &Value) -> bool {
    set.as_object().is_none_or(Map::is_empty)
}

/// The value a step of a field set leads to.
fn step<'a>(value: &'a Value, step: &str) -> Option<&'a Value> {
    if let Some(key) = step.strip_prefix("f:") {
        return value.get(key);
    }
    let identity: Value = serde_json::from_str(step.strip_prefix("k:")?).ok()?;
    let (field, wanted) = identity.as_object()?.iter().next()?;
    value.as_array()?.iter().find(|item| item.get(field) == Some(wanted))
}

/// The leaves both own whose value would change.
fn clashes(
    wanted: &Value,
    owned: &Value,
    (before, after): (&Value, &Value),
    path: &mut Vec<String>,
    found: &mut Vec<Vec<String>>,
) {
    let (Some(wanted), Some(owned)) = (wanted.as_object(), owned.as_object()) else {
        return;
    };
    for (key, wanted) in wanted {
        let Some(owned) = owned.get(key) else { continue };
        let (Some(before), Some(after)) = (step(before, key), step(after, key)) else {
            continue;
        };
        path.push(key.clone());
        if is_leaf(wanted) || is_leaf(owned) {
            if before != after {
                found.push(path.clone());
            }
        } else {
            clashes(wanted, owned, (before, after), path, found);
        }
        path.pop();
    }
}

fn disown(entry: &mut Value, path: &[String]) {
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let mut at = entry.get_mut("fieldsV1");
    for key in parents {
        at = at.and_then(|set| set.get_mut(key));
    }
    if let Some(Value::Object(set)) = at {
        set.remove(last);
    }
}

/// Takes away what the manager applied before, does not want any more, and nobody else applied.
fn drop_fields(value: &mut Value, before: &Value, wanted: &Value, others: &[Value]) {
    let others: Vec<&Value> = others.iter().filter_map(|entry| entry.get("fieldsV1")).collect();
    drop_below(value, before, wanted, &others);
}

fn drop_below(value: &mut Value, before: &Value, wanted: &Value, others: &[&Value]) {
    for (key, before) in before.as_object().into_iter().flatten() {
        let below: Vec<&Value> = others.iter().filter_map(|set| set.get(key)).collect();
        match wanted.get(key) {
            Some(wanted) => {
                if let Some(inner) = step_mut(value, key) {
                    drop_below(inner, before, wanted, &below);
                }
            }
            None if below.is_empty() => remove(value, key),
            None => {
                if let Some(inner) = step_mut(value, key) {
                    drop_below(inner, before, &Value::Null, &below);
                }
            }
        }
    }
}

fn step_mut<'a>(value: &'a mut Value, step: &str) -> Option<&'a mut Value> {
    if let Some(key) = step.strip_prefix("f:") {
        return value.get_mut(key);
    }
    let identity: Value = serde_json::from_str(step.strip_prefix("k:")?).ok()?;
    let (field, wanted) = identity.as_object()?.iter().next()?;
    value
        .as_array_mut()?
        .iter_mut()
        .find(|item| item.get(field) == Some(wanted))
}

fn remove(value: &mut Value, step: &str) {
    if let (Some(key), Value::Object(map)) = (step.strip_prefix("f:"), &mut *value) {
        map.remove(key);
        return;
    }
    let identity = step
        .strip_prefix("k:")
        .and_then(|identity| serde_json::from_str::<Value>(identity).ok());
    let Some(Value::Object(identity)) = identity else {
        return;
    };
    if let (Some((field, wanted)), Value::Array(items)) = (identity.iter().next(), value) {
        items.retain(|item| item.get(field) != Some(wanted));
    }
}

/// A path of a field set in words: `.spec.containers[name="a"].image`.
fn spell(path: &[String]) -> String {
    let mut spelt = String::new();
    for step in path {
        if let Some(key) = step.strip_prefix("f:") {
            spelt.push('.');
            spelt.push_str(key);
        } else {
            let identity = step
                .strip_prefix("k:")
                .unwrap_or(step)
                .replace(['{', '}'], "")
                .replace("\":", "\"=");
            spelt.push('[');
            spelt.push_str(&identity.replacen('"', "", 2));
            spelt.push(']');
        }
    }
    spelt
}

fn refusal(conflicts: &[(String, Vec<String>)]) -> Status {
    let many = if conflicts.len() == 1 { "" } else { "s" };
    let list: Vec<String> = match conflicts {
        [(manager, path)] => vec![format!("conflict with \"{manager}\": {}", spell(path))],
        many => many
            .iter()
            .map(|(manager, path)| format!("conflict with \"{manager}\": {}", spell(path)))
            .collect(),
    };
    let message = format!(
        "Apply failed with {} conflict{many}: {}",
        conflicts.len(),
        list.join("\n")
    );
    let causes: Vec<Value> = conflicts
        .iter()
        .map(|(manager, path)| {
            json!({"reason": "FieldManagerConflict", "message": format!("conflict with \"{manager}\""),
                "field": spell(path)})
        })
        .collect();
    let mut status = Status::new(409, "Conflict", message);
    status.details = Some(json!({"causes": causes}));
    status
}
