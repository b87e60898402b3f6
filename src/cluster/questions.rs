//! Questions asked once: what the user may do, what happened to an object, what an object looks like.

use futures::{StreamExt, stream};
use serde_json::{Value, json};

use super::discovery;
use super::door::{Door, JSON, PROTOBUF_OR_JSON};
use super::error::ClusterError;
use super::hub::Hub;
use super::kinds;
use super::wire::frame;
use crate::domain::access::Right;
use crate::domain::{Access, Clean, Event, Kind, Object, ObjectKey, ResourceRef, Uid};
use crate::release::{Author, author};

const QUESTIONS_AT_ONCE: usize = 8;
/// Most events about one object.
const MOST_EVENTS: usize = 5_000;
/// Lines of an object that are shown.
const MOST_LINES: usize = 20_000;

/// Whether a right is given (`SelfSubjectAccessReview`).
pub(crate) async fn may(door: &Door, right: &Right) -> Result<bool, ClusterError> {
    let (resource, subresource) = right.resource.split_once('/').unwrap_or((&right.resource, ""));
    let question = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "verb": right.verb.name(),
            "group": right.group,
            "resource": resource,
            "subresource": subresource,
            "namespace": right.namespace,
        }},
    });
    let answer = door
        .review("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &question)
        .await?;
    answer
        .pointer("/status/allowed")
        .and_then(Value::as_bool)
        .ok_or(ClusterError::Unreadable)
}

/// Answers for those rights that the server answers for.
pub(crate) async fn review(door: &Door, rights: &[Right]) -> Access {
    let asked = stream::iter(rights.to_vec()).map(|right| async move {
        let answer = may(door, &right).await.ok()?;
        Some((right, answer))
    });
    Access {
        answers: asked
            .buffer_unordered(QUESTIONS_AT_ONCE)
            .filter_map(|answer| async { answer })
            .collect()
            .await,
    }
}

/// Events about one object, newest first.
pub(crate) async fn events_about(
    hub: &Hub,
    kind: &str,
    key: &ObjectKey,
    uid: &Uid,
) -> Result<Vec<Event>, ClusterError> {
    let selector = format!("involvedObject.kind={kind},involvedObject.name={}", key.name);
    let path = kinds::collection(Kind::Event, "v1", &key.namespace);
    let path = format!("{path}?fieldSelector={}&", kinds::escape(&selector));
    // A node's events carry its name for a uid, and some writers leave it out.
    let is_about = |event: &Event| {
        let (about_kind, about, about_uid) = &event.about;
        about_kind == kind
            && about.name == key.name
            && (about_uid == uid || about_uid.to_string() == *key.name || about_uid.to_string().is_empty())
    };
    newest_events(hub, &path, MOST_EVENTS, is_about).await
}

/// The newest events of a namespace, or of all where it is empty.
pub(crate) async fn recent_events(hub: &Hub, namespace: &str, limit: usize) -> Result<Vec<Event>, ClusterError> {
    let path = kinds::collection(Kind::Event, "v1", namespace);
    newest_events(hub, &format!("{path}?"), limit, |_| true).await
}

/// The newest events that are wanted, newest first. The server gives them by name, not by time: all are read,
/// and never many more than `limit` kept.
async fn newest_events(
    hub: &Hub,
    path: &str,
    limit: usize,
    is_wanted: impl Fn(&Event) -> bool,
) -> Result<Vec<Event>, ClusterError> {
    let mut events: Vec<Event> = Vec::new();
    let mut token = String::new();
    loop {
        let go_on = if token.is_empty() {
            String::new()
        } else {
            format!("&continue={}", kinds::escape(&token))
        };
        let (bytes, encoding) = hub
            .door
            .read(&format!("{path}limit=500{go_on}"), PROTOBUF_OR_JSON)
            .await?;
        let page = frame::page(&bytes, encoding).map_err(|_| ClusterError::Unreadable)?;
        for item in hub
            .project(Kind::Event, page.items.iter().copied(), encoding)
            .into_iter()
            .flatten()
        {
            if let Object::Event(event) = item.object
                && is_wanted(&event)
            {
                events.push(*event);
            }
        }
        token.clone_from(&page.meta.continue_token);
        if token.is_empty() || events.len() >= limit.saturating_mul(2) {
            events.sort_by_key(|event| std::cmp::Reverse(event.last_seen));
            events.truncate(limit);
        }
        if token.is_empty() {
            return Ok(events);
        }
    }
}

/// Who changed the template of an object last.
pub(crate) async fn changed_by(door: &Door, object: &ResourceRef) -> Result<Option<Author>, ClusterError> {
    let value = object_value(door, object).await?;
    let uid = value.pointer("/metadata/uid").and_then(Value::as_str).map(Uid::parse);
    let is_same = uid.is_some_and(|uid| uid == object.uid);
    Ok(author::of_template(&value).filter(|_| is_same))
}

/// An object as it is now.
pub(crate) async fn object_value(door: &Door, object: &ResourceRef) -> Result<Value, ClusterError> {
    let version = if object.kind.is_custom() {
        discovery::version(door, object.kind).await?
    } else {
        kinds::version(object.kind).to_owned()
    };
    let collection = kinds::collection(object.kind, &version, &object.key.namespace);
    read(door, &format!("{collection}/{}", kinds::escape(&object.key.name))).await
}

/// The JSON at a path.
pub(crate) async fn read(door: &Door, path: &str) -> Result<Value, ClusterError> {
    let (bytes, _) = door.read(path, JSON).await?;
    serde_json::from_slice(&bytes).map_err(|_| ClusterError::Unreadable)
}

/// An object as YAML, line by line, without what only controllers read.
pub(crate) async fn object_text(door: &Door, object: &ResourceRef) -> Result<Vec<Clean>, ClusterError> {
    let mut value = object_value(door, object).await?;
    if let Some(meta) = value.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
        if let Some(annotations) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    let text = serde_yaml_ng::to_string(&value).map_err(|_| ClusterError::Unreadable)?;
    let mut lines: Vec<Clean> = text.lines().take(MOST_LINES).map(Clean::new).collect();
    let rest = text.lines().count().saturating_sub(MOST_LINES);
    if rest > 0 {
        lines.push(format!("# {rest} more lines are not shown").into());
    }
    Ok(lines)
}
