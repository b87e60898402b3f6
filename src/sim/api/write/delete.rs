//! DELETE of one object or of a selection, and evictions.

use serde_json::{Value, json};

use super::super::super::deletion::{self, DeleteOptions, Deleted, Propagation};
use super::super::super::json;
use super::super::super::status::Status;
use super::super::super::store::{Store, Timestamp};
use super::super::Answer;
use super::super::list::{self, Selection};
use super::super::request::Request;
use super::super::wire;
use super::dry_run;

/// The options of a deletion, from body and parameters.
pub(super) fn options(body: &Value, request: &Request) -> DeleteOptions {
    let body = body.get("deleteOptions").unwrap_or(body);
    let text = |pointer: &str| json::text(body, pointer).map(str::to_owned);
    let asked = request.query.get("propagationPolicy");
    let policy = if asked.is_empty() {
        json::text(body, "/propagationPolicy").unwrap_or_default()
    } else {
        asked
    };
    let orphan = body.get("orphanDependents") == Some(&Value::Bool(true)) || request.query.flag("orphanDependents");
    DeleteOptions {
        uid: text("/preconditions/uid"),
        resource_version: text("/preconditions/resourceVersion"),
        grace_seconds: request
            .query
            .get("gracePeriodSeconds")
            .parse()
            .ok()
            .or_else(|| json::number(body, "/gracePeriodSeconds")),
        propagation: match policy {
            "Foreground" => Propagation::Foreground,
            "Orphan" => Propagation::Orphan,
            _ if orphan => Propagation::Orphan,
            _ => Propagation::Background,
        },
    }
}

fn delete_body(request: &Request) -> Result<Value, Status> {
    if request.body.is_empty() {
        return Ok(json!({}));
    }
    wire::delete_options(&request.body).ok_or_else(|| {
        let what = "(must be of type DeleteOptions): neither JSON nor protobuf";
        Status::bad_request(format!("the object provided is unrecognized {what}"))
    })
}

/// Of options in the body the server looks at those alone, and not at the parameters of the path.
fn is_dry(body: &Value, request: &Request) -> Result<bool, Status> {
    if request.body.is_empty() {
        return dry_run(request, "DeleteOptions");
    }
    Ok(json::array(body, "/dryRun").iter().any(|one| one == "All"))
}

/// Deletes one object.
pub(in super::super) fn delete(store: &mut Store, request: &Request, now: Timestamp) -> Result<Answer, Status> {
    let body = delete_body(request)?;
    let place = (request.namespace.as_str(), request.name.as_str());
    let options = options(&body, request);
    let deleted = if is_dry(&body, request)? {
        deletion::try_delete(store, &request.resource, place, &options, now)?
    } else {
        deletion::delete(store, &request.resource, place, &options, now)?
    };
    Ok(match deleted {
        // A pod is answered with the object in any case.
        Deleted::Gone(object) if request.resource.plural == "pods" => Answer::Object(200, object),
        Deleted::Going(object) => Answer::Object(200, object),
        Deleted::Gone(object) => {
            let mut details = json!({"name": request.name, "kind": request.resource.plural});
            if !request.resource.group.is_empty() {
                json::set(&mut details, &["group"], request.resource.group.to_string());
            }
            json::set(&mut details, &["uid"], json::meta(&object, "uid"));
            let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                "details": details});
            Answer::Json(200, status)
        }
    })
}

/// Deletes what is selected.
pub(in super::super) fn delete_collection(
    store: &mut Store,
    request: &Request,
    now: Timestamp,
) -> Result<Answer, Status> {
    let body = delete_body(request)?;
    let selection = Selection::of(request)?;
    let mut listed = list::list(store, request)?;
    listed.items.retain(|object| selection.matches(object));
    if !is_dry(&body, request)? {
        let options = options(&body, request);
        for object in &listed.items {
            let place = (json::meta(object, "namespace"), json::meta(object, "name"));
            // What somebody else deleted meanwhile is gone as well.
            let _ = deletion::delete(store, &request.resource, place, &options, now);
        }
    }
    listed.revision = store.revision();
    Ok(Answer::List(listed))
}
