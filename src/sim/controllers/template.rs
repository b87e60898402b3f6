//! What a pod template decides: its hash, whether two are the same, and the pods made from it.

use serde_json::{Value, json};

use super::object::{at, owned_by, set, text};
use super::random::encode;

/// The label that tells the pods of one ReplicaSet from those of another.
pub(crate) const HASH: &str = "pod-template-hash";

/// The hash of a template: FNV-1a over its fields in order, then the collision count.
///
/// Kubernetes hashes its own in-memory print of the template, which nothing outside Go can repeat; what
/// matters is that equal templates hash alike.
pub(crate) fn hash(template: &Value, collisions: Option<i64>) -> String {
    let mut hash = 0x811c_9dc5_u32;
    let mut feed = |bytes: &[u8]| {
        for &byte in bytes {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    };
    walk(template, &mut feed);
    if let Some(count) = collisions {
        feed(&count.to_le_bytes());
    }
    encode(hash)
}

fn walk(value: &Value, feed: &mut impl FnMut(&[u8])) {
    match value {
        Value::Null => feed(b"~"),
        Value::Bool(flag) => feed(&[u8::from(*flag)]),
        Value::Number(number) => feed(number.to_string().as_bytes()),
        Value::String(text) => {
            feed(text.as_bytes());
            feed(&[0]);
        }
        Value::Array(items) => {
            feed(b"[");
            for item in items {
                walk(item, feed);
            }
            feed(b"]");
        }
        Value::Object(map) => {
            feed(b"{");
            for (key, item) in map {
                feed(key.as_bytes());
                feed(&[0]);
                walk(item, feed);
            }
            feed(b"}");
        }
    }
}

/// Whether two templates are the same but for the hash label.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    a.get("spec") == b.get("spec") && {
        let (a, b) = (&a["metadata"], &b["metadata"]);
        a.get("annotations") == b.get("annotations") && labels_but_hash(a).eq(labels_but_hash(b))
    }
}

fn labels_but_hash(metadata: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let labels = at(metadata, &["labels"]).and_then(Value::as_object);
    labels.into_iter().flatten().filter(|(key, _)| *key != HASH)
}

/// Who a pod is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Maker<'a> {
    pub(crate) owner: &'a Value,
    pub(crate) api_version: &'a str,
    pub(crate) kind: &'a str,
}

/// A pod made from the owner's template. Scheduling and status come later.
pub(crate) fn pod(maker: Maker<'_>, template: &Value, name: &str) -> Value {
    let Maker {
        owner,
        api_version,
        kind,
    } = maker;
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": text(owner, &["metadata", "namespace"]),
            "ownerReferences": owned_by(owner, api_version, kind),
        },
    });
    for field in ["labels", "annotations"] {
        if let Some(value) = at(template, &["metadata", field]) {
            set(&mut pod, &["metadata", field], value.clone());
        }
    }
    if kind == "ReplicaSet" || kind == "DaemonSet" {
        let base = format!("{}-", text(owner, &["metadata", "name"]));
        set(&mut pod, &["metadata", "generateName"], base);
    }
    set(&mut pod, &["spec"], template.get("spec").cloned().unwrap_or_default());
    set(
        &mut pod,
        &["status"],
        json!({"phase": "Pending", "qosClass": quality(template.get("spec").unwrap_or(&Value::Null))}),
    );
    pod
}

/// The class of service that the kubelet evicts by.
fn quality(spec: &Value) -> &'static str {
    let containers = super::object::items(spec, &["containers"]);
    let of = |c: &Value, what: &str, resource: &str| at(c, &["resources", what, resource]).cloned();
    let any = containers.iter().any(|c| {
        ["requests", "limits"].iter().any(|what| {
            at(c, &["resources", what])
                .and_then(Value::as_object)
                .is_some_and(|m| !m.is_empty())
        })
    });
    let all = containers.iter().all(|c| {
        ["cpu", "memory"].iter().all(|r| {
            let limit = of(c, "limits", r);
            limit.is_some() && of(c, "requests", r).is_none_or(|request| Some(request) == limit)
        })
    });
    match (any, all) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(image: &str) -> Value {
        json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "main", "image": image}]}})
    }

    #[test]
    fn equal_templates_hash_alike_and_others_do_not() {
        assert_eq!(hash(&template("a:1"), None), hash(&template("a:1"), None));
        assert_ne!(hash(&template("a:1"), None), hash(&template("a:2"), None));
        assert_ne!(hash(&template("a:1"), None), hash(&template("a:1"), Some(1)));
    }

    #[test]
    fn the_hash_label_does_not_make_a_version() {
        let mut labelled = template("a:1");
        set(&mut labelled, &["metadata", "labels", HASH], "abc");
        assert!(same(&template("a:1"), &labelled));
        assert!(!same(&template("a:2"), &labelled));
    }

    #[test]
    fn service_classes() {
        let spec = |resources: Value| json!({"containers": [{"resources": resources}]});
        for (resources, class) in [
            (json!({}), "BestEffort"),
            (json!({"requests": {"cpu": "1"}}), "Burstable"),
            (json!({"limits": {"cpu": "1", "memory": "1Gi"}}), "Guaranteed"),
            (
                json!({"requests": {"cpu": "500m"}, "limits": {"cpu": "1", "memory": "1Gi"}}),
                "Burstable",
            ),
        ] {
            assert_eq!(quality(&spec(resources)), class);
        }
    }
}
