//! The protobuf that `kubectl` sends whatever the server prefers: reviews of `auth can-i`, and `create namespace` or
//! `create serviceaccount`, of which only the metadata matters. Other kinds are taken as JSON and YAML alone. Tags are those of `generated.proto` in `k8s.io/api`.

use std::collections::HashMap;

use prost::Message;
use serde_json::{Value, json};

/// What stands before a protobuf body of the API.
const MAGIC: &[u8] = b"k8s\0";

#[derive(Clone, PartialEq, Message)]
struct Unknown {
    #[prost(bytes = "vec", optional, tag = "2")]
    raw: Option<Vec<u8>>,
}

/// An object of which only the metadata matters.
#[derive(Clone, PartialEq, Message)]
struct Named {
    #[prost(message, optional, tag = "1")]
    metadata: Option<Metadata>,
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    generate_name: String,
    #[prost(map = "string, string", tag = "11")]
    labels: HashMap<String, String>,
    #[prost(map = "string, string", tag = "12")]
    annotations: HashMap<String, String>,
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

/// The object of a protobuf body as JSON; none for kinds that are not read in this form.
pub(super) fn named(plural: &str, body: &[u8]) -> Option<Value> {
    if !matches!(plural, "namespaces" | "serviceaccounts") {
        return None;
    }
    let unknown = Unknown::decode(body.strip_prefix(MAGIC)?).ok()?;
    let metadata = Named::decode(unknown.raw?.as_slice()).ok()?.metadata?;
    let mut object = json!({"metadata": {"name": metadata.name, "generateName": metadata.generate_name}});
    for (field, map) in [("labels", metadata.labels), ("annotations", metadata.annotations)] {
        if !map.is_empty() {
            super::super::json::set_meta(&mut object, field, json!(map));
        }
    }
    Some(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `kubectl auth can-i list pods` sent.
    const RECORDED: &[u8] = b"k8s\0\n2\n\x17authorization.k8s.io/v1\x12\x17SelfSubjectAccessReview\x12=\n\x10\n\0\x12\0\x1a\0\"\0*\x002\08\0B\0\x12\x1f\n\x1d\n\x07default\x12\x04list\x1a\0\"\0*\x04pods2\0:\0\x1a\x08\x08\0\x12\0\x1a\0 \0\x1a\0\"\0";

    #[test]
    fn a_recorded_review_is_read() {
        let review = review("selfsubjectaccessreviews", RECORDED).unwrap();
        let asked = review.pointer("/spec/resourceAttributes").unwrap();
        assert_eq!(
            (&asked["namespace"], &asked["verb"], &asked["resource"]),
            (&json!("default"), &json!("list"), &json!("pods"))
        );
        assert_eq!(review("selfsubjectaccessreviews", b"{}"), None);
    }
}
