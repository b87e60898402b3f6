//! Who changed a workload, in `metadata.managedFields`, as far as the simulation keeps it: for each tool the fields of
//! `spec` that it wrote last, and when. What is applied is kept by `patch::apply`.

use serde_json::{Map, Value, json};

use super::super::json as read;
use super::super::store::{Timestamp, format_time};
use super::request::Request;

/// Notes the writer of what is different in a workload's `spec` from before.
pub(super) fn note(request: &Request, old: Option<&Value>, object: &mut Value, now: Timestamp) {
    let spec = |object: Option<&Value>| object.and_then(|object| object.get("spec")?.as_object().cloned());
    let (before, after) = (spec(old).unwrap_or_default(), spec(Some(object)).unwrap_or_default());
    if !after.contains_key("template") || is_applied(request) {
        return;
    }
    let fields = before.keys().chain(after.keys());
    let changed: Map<String, Value> = fields
        .filter(|field| before.get(*field) != after.get(*field))
        .map(|field| (format!("f:{field}"), json!({})))
        .collect();
    if changed.is_empty() {
        return;
    }
    let manager = manager(request);
    let mut mine = changed.clone();
    let mut entries = Vec::new();
    for mut entry in read::array(old.unwrap_or(&Value::Null), "/metadata/managedFields")
        .iter()
        .cloned()
    {
        if read::text(&entry, "/operation") == Some("Update") {
            let owned = entry.pointer_mut("/fieldsV1/f:spec").and_then(Value::as_object_mut);
            let left: Map<String, Value> = owned.map_or_else(Map::new, |owned| {
                owned.retain(|field, _| !changed.contains_key(field));
                owned.clone()
            });
            if read::text(&entry, "/manager") == Some(manager.as_str()) {
                mine.extend(left);
                continue;
            }
            if left.is_empty() {
                continue;
            }
        }
        entries.push(entry);
    }
    entries.push(
        json!({"manager": manager, "operation": "Update", "apiVersion": request.resource.api_version(),
        "time": format_time(now), "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": mine}}),
    );
    read::set_meta(object, "managedFields", entries);
}

fn is_applied(request: &Request) -> bool {
    let kind = request
        .headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/apply-patch"))
}

/// The name that a tool gives itself, else what its user agent begins with.
fn manager(request: &Request) -> String {
    let named = request.query.get("fieldManager");
    let agent = request
        .headers
        .get(http::header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    let agent = agent
        .and_then(|agent| agent.split('/').next())
        .filter(|agent| !agent.is_empty());
    match (named, agent) {
        ("", agent) => agent.unwrap_or("unknown").to_owned(),
        (named, _) => named.to_owned(),
    }
}
