//! Who changed a template, in `metadata.managedFields`, as far as the simulation keeps it: an entry for each tool whose
//! write changed the template of a workload, with when it last did. What is applied is kept by `patch::apply`.

use serde_json::{Value, json};

use super::super::json as read;
use super::super::store::{Timestamp, format_time};
use super::request::Request;

const TEMPLATE: &str = "/spec/template";

/// Notes the writer of an object's template where it is another than before.
pub(super) fn note(request: &Request, old: Option<&Value>, object: &mut Value, now: Timestamp) {
    let after = object.pointer(TEMPLATE);
    if after.is_none() || after == old.and_then(|old| old.pointer(TEMPLATE)) {
        return;
    }
    let manager = manager(request);
    let is_same = |entry: &Value| {
        read::text(entry, "/manager") == Some(manager.as_str()) && read::text(entry, "/operation") == Some("Update")
    };
    let old = old.unwrap_or(&Value::Null);
    let kept = read::array(old, "/metadata/managedFields")
        .iter()
        .filter(|entry| !is_same(entry));
    let mut entries: Vec<Value> = kept.cloned().collect();
    entries.push(
        json!({"manager": manager, "operation": "Update", "apiVersion": request.resource.api_version(),
        "time": format_time(now), "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:template": {}}}}),
    );
    read::set_meta(object, "managedFields", entries);
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
