//! The recorded templates of StatefulSets and DaemonSets: ControllerRevisions.

use serde_json::{Value, json};

use super::context::{Context, Key};
use super::object::{at, count, integer, owned_by, set, text};
use super::template::hash;
use crate::sim::resource::CONTROLLER_REVISIONS;
use crate::sim::store::Stored;

/// The label that tells the pods of one template from those of another.
pub(crate) const HASH: &str = "controller-revision-hash";

/// Finds or makes the record of a workload's template.
pub(crate) fn current(cx: &mut Context<'_>, owner: &Value, kind: &str) -> Option<Stored> {
    let (object, name) = record(owner, kind, 0);
    let namespace = text(owner, &["metadata", "namespace"]).to_owned();
    let known = cx.owned(owner, &CONTROLLER_REVISIONS);
    let newest = known.iter().map(|r| count(r, &["revision"])).max().unwrap_or(0);
    let key = Key::new(&namespace, &name);
    if let Some(found) = cx.get(&CONTROLLER_REVISIONS, &key) {
        if count(&found, &["revision"]) < newest {
            // A rollback: the old template becomes the newest again.
            return cx.update(&CONTROLLER_REVISIONS, &key, |r| set(r, &["revision"], newest + 1));
        }
        return Some(found);
    }
    let mut object = object;
    set(&mut object, &["revision"], newest + 1);
    cx.create(&CONTROLLER_REVISIONS, object).ok()
}

/// The record of a workload's template, and its name.
pub(crate) fn record(owner: &Value, kind: &str, revision: i64) -> (Value, String) {
    let null = Value::Null;
    let template = at(owner, &["spec", "template"]).unwrap_or(&null);
    let hash = hash(
        template,
        integer(owner, &["status", "collisionCount"]).filter(|&n| n > 0),
    );
    let name = format!("{}-{hash}", text(owner, &["metadata", "name"]));
    let mut kept = template.clone();
    set(&mut kept, &["$patch"], "replace");
    let mut labels = at(template, &["metadata", "labels"])
        .cloned()
        .unwrap_or_else(|| json!({}));
    set(&mut labels, &[HASH], hash);
    let object = json!({
        "apiVersion": "apps/v1", "kind": "ControllerRevision",
        "metadata": {
            "name": name, "namespace": text(owner, &["metadata", "namespace"]), "labels": labels,
            "ownerReferences": owned_by(owner, "apps/v1", kind),
        },
        "data": {"spec": {"template": kept}}, "revision": revision,
    });
    (object, name)
}

/// The hash in a record's name.
pub(crate) fn hash_of(record: &Value) -> &str {
    at(record, &["metadata", "labels", HASH])
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The template a record keeps.
pub(crate) fn template_of(record: &Value) -> Value {
    let mut template = at(record, &["data", "spec", "template"]).cloned().unwrap_or_default();
    if let Some(map) = template.as_object_mut() {
        map.remove("$patch");
    }
    template
}

/// Takes away records beyond the limit that no pod uses, oldest first.
pub(crate) fn forget(cx: &mut Context<'_>, owner: &Value, in_use: &[&str]) {
    let limit = integer(owner, &["spec", "revisionHistoryLimit"]).unwrap_or(10);
    let mut spare: Vec<Stored> = cx.owned(owner, &CONTROLLER_REVISIONS);
    spare.retain(|r| !in_use.contains(&hash_of(r)));
    spare.sort_by_key(|r| count(r, &["revision"]));
    let extra = spare.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    for record in spare.into_iter().take(extra) {
        cx.remove(&CONTROLLER_REVISIONS, &Key::of(&record));
    }
}
