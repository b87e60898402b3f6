//! The protobuf that `kubectl` sends whatever the server prefers: reviews of `auth can-i`, the options of deletions and
//! evictions by `drain`, and what `create` makes (`wire/created.rs`). Other kinds are taken as JSON and YAML alone.
//! Tags are those of `generated.proto` in `k8s.io/api`.

mod created;

use prost::Message;
use serde_json::{Value, json};

/// What stands before a protobuf body of the API.
const MAGIC: &[u8] = b"k8s\0";

#[derive(Clone, PartialEq, Message)]
struct Unknown {
    #[prost(bytes = "vec", optional, tag = "2")]
    raw: Option<Vec<u8>>,
}

/// The same with the kind of what is in it.
#[derive(Clone, PartialEq, Message)]
struct Envelope {
    #[prost(message, optional, tag = "1")]
    of: Option<TypeMeta>,
    #[prost(bytes = "vec", optional, tag = "2")]
    raw: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct TypeMeta {
    #[prost(string, tag = "2")]
    kind: String,
}

/// Any of the reviews: they all have their spec at 2.
#[derive(Clone, PartialEq, Message)]
struct Review {
    #[prost(bytes = "vec", optional, tag = "2")]
    spec: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct AccessSpec {
    #[prost(message, optional, tag = "1")]
    attributes: Option<Attributes>,
}

#[derive(Clone, PartialEq, Message)]
struct Attributes {
    #[prost(string, tag = "1")]
    namespace: String,
    #[prost(string, tag = "2")]
    verb: String,
    #[prost(string, tag = "3")]
    group: String,
    #[prost(string, tag = "5")]
    resource: String,
    #[prost(string, tag = "6")]
    subresource: String,
    #[prost(string, tag = "7")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct RulesSpec {
    #[prost(string, tag = "1")]
    namespace: String,
}

#[derive(Clone, PartialEq, Message)]
struct DeleteOptions {
    #[prost(int64, optional, tag = "1")]
    grace_period_seconds: Option<i64>,
    #[prost(message, optional, tag = "2")]
    preconditions: Option<Preconditions>,
    #[prost(bool, optional, tag = "3")]
    orphan_dependents: Option<bool>,
    #[prost(string, optional, tag = "4")]
    propagation_policy: Option<String>,
    #[prost(string, repeated, tag = "5")]
    dry_run: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Preconditions {
    #[prost(string, optional, tag = "1")]
    uid: Option<String>,
    #[prost(string, optional, tag = "2")]
    resource_version: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Eviction {
    #[prost(message, optional, tag = "2")]
    delete_options: Option<DeleteOptions>,
}

/// The options of a deletion, or the eviction that holds them, as JSON: a body of either form. `None`: unreadable.
pub(super) fn delete_options(body: &[u8]) -> Option<Value> {
    let Some(body) = body.strip_prefix(MAGIC) else {
        return serde_json::from_slice(body).ok();
    };
    let unknown = Envelope::decode(body).ok()?;
    let raw = unknown.raw.unwrap_or_default();
    let options = if unknown.of.is_some_and(|of| of.kind == "Eviction") {
        Eviction::decode(raw.as_slice())
            .ok()?
            .delete_options
            .unwrap_or_default()
    } else {
        DeleteOptions::decode(raw.as_slice()).ok()?
    };
    let preconditions = options.preconditions.unwrap_or_default();
    let mut json = json!({
        "gracePeriodSeconds": options.grace_period_seconds,
        "preconditions": {"uid": preconditions.uid, "resourceVersion": preconditions.resource_version},
        "orphanDependents": options.orphan_dependents,
        "propagationPolicy": options.propagation_policy,
        "dryRun": options.dry_run,
    });
    super::super::json::object_mut(&mut json).retain(|_, value| !value.is_null());
    Some(json)
}

/// The review of a protobuf body as JSON; none if it is not one.
pub(super) fn review(plural: &str, body: &[u8]) -> Option<Value> {
    let unknown = Unknown::decode(body.strip_prefix(MAGIC)?).ok()?;
    let spec = Review::decode(unknown.raw?.as_slice()).ok()?.spec.unwrap_or_default();
    let spec = match plural {
        "selfsubjectaccessreviews" => {
            let asked = AccessSpec::decode(spec.as_slice()).ok()?.attributes;
            asked.map_or_else(
                || json!({}),
                |asked| {
                    json!({"resourceAttributes": {"namespace": asked.namespace, "verb": asked.verb,
                        "group": asked.group, "resource": asked.resource, "subresource": asked.subresource,
                        "name": asked.name}})
                },
            )
        }
        "selfsubjectrulesreviews" => json!({"namespace": RulesSpec::decode(spec.as_slice()).ok()?.namespace}),
        "selfsubjectreviews" => json!({}),
        _ => return None,
    };
    Some(json!({"spec": spec}))
}

/// The object of a protobuf body as JSON; none for kinds and fields that are not read in this form.
pub(super) fn object(plural: &str, body: &[u8]) -> Option<Value> {
    let unknown = Unknown::decode(body.strip_prefix(MAGIC)?).ok()?;
    created::object(plural, unknown.raw?.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `kubectl auth can-i list pods` sent.
    const RECORDED: &[u8] = b"k8s\0\n2\n\x17authorization.k8s.io/v1\x12\x17SelfSubjectAccessReview\x12=\n\x10\n\0\x12\0\x1a\0\"\0*\x002\08\0B\0\x12\x1f\n\x1d\n\x07default\x12\x04list\x1a\0\"\0*\x04pods2\0:\0\x1a\x08\x08\0\x12\0\x1a\0 \0\x1a\0\"\0";

    #[test]
    fn a_recorded_review_is_read() {
        let decoded = review("selfsubjectaccessreviews", RECORDED).unwrap();
        let asked = decoded.pointer("/spec/resourceAttributes").unwrap();
        assert_eq!(
            (&asked["namespace"], &asked["verb"], &asked["resource"]),
            (&json!("default"), &json!("list"), &json!("pods"))
        );
        assert_eq!(review("selfsubjectaccessreviews", b"{}"), None);
    }

    #[test]
    fn options_of_deletions_are_read_in_both_forms() {
        let options = DeleteOptions {
            grace_period_seconds: Some(5),
            preconditions: Some(Preconditions {
                uid: Some("u1".into()),
                resource_version: None,
            }),
            orphan_dependents: None,
            propagation_policy: Some("Foreground".into()),
            dry_run: Vec::new(),
        };
        let enveloped = |kind: &str, raw: Vec<u8>| {
            let of = Some(TypeMeta { kind: kind.to_owned() });
            let envelope = Envelope { of, raw: Some(raw) };
            [MAGIC, &envelope.encode_to_vec()].concat()
        };
        let eviction = Eviction {
            delete_options: Some(options.clone()),
        };
        let bodies = [
            enveloped("DeleteOptions", options.encode_to_vec()),
            enveloped("Eviction", eviction.encode_to_vec()),
            br#"{"gracePeriodSeconds":5,"propagationPolicy":"Foreground","preconditions":{"uid":"u1"}}"#.to_vec(),
        ];
        for body in bodies {
            let read = delete_options(&body).unwrap();
            assert_eq!(
                (
                    &read["gracePeriodSeconds"],
                    &read["propagationPolicy"],
                    &read["preconditions"]["uid"]
                ),
                (&json!(5), &json!("Foreground"), &json!("u1"))
            );
        }
        assert_eq!(delete_options(b"k8s\0\xff"), None);
        assert_eq!(delete_options(b"nonsense"), None);
    }
}
