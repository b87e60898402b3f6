//! Instances that keep a StatefulSet from going back: by default it makes and replaces them in their order, and waits for
//! one that is not ready also where its template is asked for no more (kubernetes/kubernetes#67250). Nothing but deleting
//! it helps ("Forced rollback" in Kubernetes' documentation).

use serde_json::Value;

use super::super::history::{History, hash, template_of};
use super::super::plan::Seen;
use super::super::request::Request;
use super::super::template::same;
use super::steps::deletions;
use crate::domain::Kind;

/// Deletes the instances of other templates than the one it goes back to that are not ready; each only as the one it
/// is, once the controller knows what comes in its place.
pub(super) fn broken(seen: &Seen, template: &Value) -> Vec<Request> {
    let policy = seen.object.pointer("/spec/podManagementPolicy").and_then(Value::as_str);
    if seen.kind != Kind::StatefulSet || policy == Some("Parallel") {
        return Vec::new();
    }
    let history = History::of(&seen.object, &seen.revisions);
    let mut all = history.all();
    let target = all.find(|revision| template_of(revision).is_some_and(|other| same(template, &other)));
    let target = target.and_then(|revision| revision.pointer("/metadata/name")?.as_str());
    let stuck: Vec<&Value> = history
        .instances(&seen.pods)
        .into_iter()
        .filter(|pod| !is_ready(pod) && (target.is_none() || hash(pod) != target))
        .collect();
    deletions(&stuck, i32::MAX).collect()
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        let is = |key: &str, value: &str| condition.get(key).and_then(Value::as_str) == Some(value);
        is("type", "Ready") && is("status", "True")
    })
}
