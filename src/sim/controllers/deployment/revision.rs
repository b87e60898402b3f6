//! Which replica set carries a Deployment's template, the revisions they count, and how many old ones are kept.

use serde_json::{Value, json};

use super::super::context::{Context, Key, Tone, is_deleting, replicas, status_count};
use super::super::object::{annotation, at, integer, owned_by, set, text};
use super::super::replicaset;
use super::super::rolling::new_size;
use super::super::template::{HASH, hash};
use super::{SOURCE, View, note_size, status};
use crate::sim::resource::{DEPLOYMENTS, REPLICA_SETS};

pub(crate) const REVISION: &str = "deployment.kubernetes.io/revision";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";

/// Deployment annotations that are not copied to its replica sets.
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    super::DESIRED,
    super::MAX,
    "deprecated.deployment.rollback.to",
];

/// Sees to the new replica set, its revision and the Deployment's; true if something was written.
pub(crate) fn sync(cx: &mut Context<'_>, view: &View, create: bool) -> bool {
    let newest = view.old.iter().map(|set| revision(set)).max().unwrap_or(0);
    match &view.new {
        Some(new) => adopt(cx, view, new, newest + 1),
        None if create => make(cx, view, newest + 1),
        None => false,
    }
}

/// The revision a replica set or Deployment carries; 0 without one.
pub(crate) fn revision(object: &Value) -> i64 {
    annotation(object, REVISION)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn adopt(cx: &mut Context<'_>, view: &View, new: &Value, newest: i64) -> bool {
    let before = text(new, &["metadata", "resourceVersion"]).to_owned();
    let deployment = &view.deployment;
    let min_ready = integer(deployment, &["spec", "minReadySeconds"]).unwrap_or(0);
    let written = cx.update(&REPLICA_SETS, &Key::of(new), |new| {
        copy_annotations(deployment, new);
        count_up(new, newest);
        if integer(new, &["spec", "minReadySeconds"]).unwrap_or(0) != min_ready {
            set(new, &["spec", "minReadySeconds"], min_ready);
        }
    });
    if written.is_none_or(|new| text(&new, &["metadata", "resourceVersion"]) != before) {
        // The real controller then tries to write the copy it still has, is refused, and comes again a little later:
        // mostly its instances are counted anew by then.
        replicaset::sync(cx, &Key::of(new));
        return true;
    }
    let number = annotation(new, REVISION).unwrap_or_default().to_owned();
    let found = status::found(deployment, new, cx.now);
    if annotation(deployment, REVISION) == Some(&number) && found.is_none() {
        return false;
    }
    cx.update(&DEPLOYMENTS, &view.key, |deployment| {
        set(deployment, &["metadata", "annotations", REVISION], number);
        if let Some(condition) = found {
            status::put(deployment, condition);
        }
    });
    true
}

/// Copies annotations from the Deployment; the replica set keeps what only it has.
fn copy_annotations(deployment: &Value, replica_set: &mut Value) {
    let annotations = at(deployment, &["metadata", "annotations"]).and_then(Value::as_object);
    for (key, value) in annotations.into_iter().flatten() {
        if !NOT_COPIED.contains(&key.as_str()) {
            set(replica_set, &["metadata", "annotations", key], value.clone());
        }
    }
}

/// Raises the revision, and remembers the one it had before: that is a rollback.
fn count_up(replica_set: &mut Value, newest: i64) {
    let before = revision(replica_set);
    if before >= newest {
        return;
    }
    if before > 0 {
        let history = match annotation(replica_set, HISTORY) {
            Some(history) if !history.is_empty() => format!("{history},{before}"),
            _ => before.to_string(),
        };
        set(replica_set, &["metadata", "annotations", HISTORY], history);
    }
    set(replica_set, &["metadata", "annotations", REVISION], newest.to_string());
}

fn make(cx: &mut Context<'_>, view: &View, newest: i64) -> bool {
    let deployment = &view.deployment;
    let size = new_size(view.limits, 0, view.old.iter().map(|set| replicas(set)).sum());
    let object = replica_set(deployment, size, newest);
    let name = text(&object, &["metadata", "name"]).to_owned();
    match cx.create(&REPLICA_SETS, object) {
        Ok(_) => {
            if size > 0 {
                let message = format!("Scaled up replica set {name} from 0 to {size}");
                cx.event(deployment, Tone::Normal, "ScalingReplicaSet", &message, SOURCE);
            }
            let created = status::created(deployment, &name, cx.now);
            cx.update(&DEPLOYMENTS, &view.key, |deployment| {
                set(deployment, &["metadata", "annotations", REVISION], newest.to_string());
                if let Some(condition) = created {
                    status::put(deployment, condition);
                }
            });
        }
        Err(refusal) if refusal.code == 409 => {
            // Another template has the same hash: count the collision, and hash again.
            cx.update(&DEPLOYMENTS, &view.key, |deployment| {
                let count = status_count(deployment, "collisionCount") + 1;
                set(deployment, &["status", "collisionCount"], count);
            });
        }
        Err(refusal) => {
            let message = format!("Failed to create new replica set \"{name}\": {}", refusal.message);
            cx.event(deployment, Tone::Warning, "ReplicaSetCreateError", &message, SOURCE);
            return false;
        }
    }
    true
}

/// The replica set for a Deployment's template.
pub(crate) fn replica_set(deployment: &Value, size: i64, revision: i64) -> Value {
    let null = Value::Null;
    let template = at(deployment, &["spec", "template"]).unwrap_or(&null);
    let hash = hash(template, integer(deployment, &["status", "collisionCount"]));
    let mut labelled = template.clone();
    set(&mut labelled, &["metadata", "labels", HASH], hash.as_str());
    let mut selector = at(deployment, &["spec", "selector"]).cloned().unwrap_or_default();
    set(&mut selector, &["matchLabels", HASH], hash.as_str());
    let name = text(deployment, &["metadata", "name"]);
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{name}-{hash}"), "namespace": text(deployment, &["metadata", "namespace"]),
            "ownerReferences": owned_by(deployment, "apps/v1", "Deployment"),
            "labels": at(&labelled, &["metadata", "labels"]).cloned().unwrap_or_default(),
        },
        "spec": {"replicas": size, "selector": selector, "template": labelled},
        "status": {"replicas": 0},
    });
    if let Some(seconds) = integer(deployment, &["spec", "minReadySeconds"]).filter(|&seconds| seconds > 0) {
        set(&mut object, &["spec", "minReadySeconds"], seconds);
    }
    copy_annotations(deployment, &mut object);
    count_up(&mut object, revision);
    note_size(&mut object, super::limits(deployment));
    object
}

/// Takes away old replica sets beyond `revisionHistoryLimit`, oldest revisions first.
pub(crate) fn forget_old(cx: &mut Context<'_>, view: &View) {
    let limit = integer(&view.deployment, &["spec", "revisionHistoryLimit"]).unwrap_or(10);
    let mut old: Vec<_> = view.old.iter().filter(|set| !is_deleting(set)).collect();
    old.sort_by_key(|set| revision(set));
    let extra = old.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    for set in old.into_iter().take(extra) {
        if replicas(set) == 0 && status_count(set, "replicas") == 0 && super::is_observed(set) {
            cx.remove(&REPLICA_SETS, &Key::of(set));
        }
    }
}
