//! Copies of `ConfigMap`s: a version that is brought back runs with a copy, which nobody can change, of what it ran
//! with; what others use stays as it is.
//!
//! The name of a copy tells its content and whose it is, so that the same one is made but once and no other workload
//! ever uses it: it goes with its owner. Which copies a template points at stands in an annotation on it, so that its
//! revisions and instances tell it too, and so that a version is the same one whether it runs with a copy or not.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::hash::{Contents, sha256};
use super::record::Content;
use super::{Holder, each};
use crate::domain::Timestamp;
use crate::release::plan::Seen;

/// On a template: `live-config-1a2b3c4d=live-config`, with commas between them.
pub const COPIES: &str = "pilothouse.dev/config-copies";
/// On a copy: what it is a copy of, and when that was read.
pub const COPY_OF: &str = "pilothouse.dev/copy-of";
pub const READ_AT: &str = "pilothouse.dev/read-at";

/// What names may have at most.
const MOST_OF_NAME: usize = 253;
const OF_HASH: usize = 8;

/// What the copies that a template points at are copies of.
pub fn copies(template: &Value) -> BTreeMap<String, String> {
    let annotations = template.pointer("/metadata/annotations");
    let text = annotations.and_then(|all| all.get(COPIES)?.as_str());
    let pair = |pair: &str| {
        let (copy, original) = pair.split_once('=')?;
        Some((copy.to_owned(), original.to_owned()))
    };
    text.into_iter()
        .flat_map(|text| text.split(','))
        .filter_map(pair)
        .collect()
}

pub(super) fn original<'a>(copies: &'a BTreeMap<String, String>, name: &'a str) -> &'a str {
    copies.get(name).map_or(name, String::as_str)
}

/// The template with the originals in place of copies.
#[must_use]
pub fn with_originals(template: &Value) -> Value {
    let copies = copies(template);
    if copies.is_empty() {
        return template.clone();
    }
    let mut made = template.clone();
    rename(&mut made, &copies);
    if let Some(Value::Object(metadata)) = made.pointer_mut("/metadata")
        && let Some(Value::Object(annotations)) = metadata.get_mut("annotations")
    {
        annotations.remove(COPIES);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    made
}

/// A template without copies with these in place of originals, by the names of those.
#[must_use]
pub fn with_copies(template: &Value, copies: &BTreeMap<String, String>) -> Value {
    let mut made = template.clone();
    if copies.is_empty() {
        return made;
    }
    rename(&mut made, copies);
    let told: Vec<String> = copies
        .iter()
        .map(|(original, copy)| format!("{copy}={original}"))
        .collect();
    annotate(&mut made, &told.join(","));
    made
}

fn annotate(template: &mut Value, told: &str) {
    let empty = || json!({});
    let metadata = template
        .as_object_mut()
        .map(|fields| fields.entry("metadata").or_insert_with(empty));
    let metadata = metadata.and_then(Value::as_object_mut);
    let Some(annotations) = metadata.map(|fields| fields.entry("annotations").or_insert_with(empty)) else {
        return;
    };
    if annotations.is_null() {
        *annotations = empty();
    }
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.insert(COPIES.into(), told.into());
    }
}

fn rename(template: &mut Value, names: &BTreeMap<String, String>) {
    each(template, &mut |holder, name, _| {
        if holder == Holder::ConfigMap
            && let Some(new) = names.get(name)
        {
            name.clone_from(new);
        }
    });
}

/// `live-config-1a2b3c4d`: the same for the same content, name and owner.
pub fn copy_name(name: &str, hash: &str, owner: &str) -> String {
    let own = sha256(format!("{name}\n{hash}\n{owner}").as_bytes());
    let (short, _) = own.split_at_checked(OF_HASH).unwrap_or((&own, ""));
    let most = MOST_OF_NAME - OF_HASH - 1;
    let (head, _) = name.split_at_checked(most).unwrap_or((name, ""));
    format!("{}-{short}", head.trim_end_matches(['-', '.']))
}

/// The copy of a `ConfigMap`, as it is created: it goes with the workload.
pub fn body(seen: &Seen, (original, copy): (&str, &str), (content, at): (&Content, Timestamp)) -> Value {
    let text = |path: &str| seen.object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let (name, uid) = (text("/metadata/name"), text("/metadata/uid"));
    let resource = &seen.resource;
    let mut labels = Map::new();
    labels.insert("app.kubernetes.io/managed-by".into(), "pilothouse".into());
    // A label's value holds fewer characters than a name.
    if name.len() <= 63 {
        labels.insert("pilothouse.dev/copied-for".into(), name.into());
    }
    let mut map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": copy, "namespace": text("/metadata/namespace"), "labels": labels,
            "annotations": {COPY_OF: original, READ_AT: at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)},
            "ownerReferences": [{
                "apiVersion": format!("{}/{}", resource.group, resource.version), "kind": resource.kind,
                "name": name, "uid": uid,
            }],
        },
        "immutable": true,
    });
    if let Value::Object(fields) = &mut map {
        for (key, values) in [("data", &content.data), ("binaryData", &content.binary_data)] {
            if !values.is_empty() {
                fields.insert(key.into(), json!(values));
            }
        }
    }
    map
}

/// Whether a `ConfigMap` that is there is the copy of the content of this hash.
pub fn is_copy(map: &Value, hash: &str) -> bool {
    map.get("immutable") == Some(&Value::Bool(true)) && Contents::of(map).plain() == hash
}

/// `of 2026-01-01 14:32 UTC`, as far as a copy says when it was read.
pub fn read_at(map: &Value) -> Option<String> {
    let annotations = map.pointer("/metadata/annotations")?;
    let at = chrono::DateTime::parse_from_rfc3339(annotations.get(READ_AT)?.as_str()?).ok()?;
    Some(at.to_utc().format("%Y-%m-%d %H:%M UTC").to_string())
}
