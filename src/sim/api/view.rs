//! How a client wants to see objects: whole, as rows of a table, or their metadata only.

use http::HeaderMap;
use http::header::ACCEPT;
use serde_json::{Value, json};

use super::super::resource::Resource;
use super::super::store::{Stored, Timestamp};
use super::request::Query;
use super::table;

/// What the `Accept` header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Object,
    Table(Include),
    Partial,
}

/// What a table's rows carry beside their cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Include {
    Nothing,
    Metadata,
    Object,
}

impl View {
    pub(super) fn of(headers: &HeaderMap, query: &Query) -> Self {
        let accept = headers
            .get(ACCEPT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        for kind in accept.split(',') {
            let has = |wanted: &str| kind.split(';').any(|parameter| parameter.trim() == wanted);
            if has("as=Table") && !has("v=v1beta1") {
                return Self::Table(match query.get("includeObject") {
                    "None" => Include::Nothing,
                    "Object" => Include::Object,
                    _ => Include::Metadata,
                });
            }
            if has("as=PartialObjectMetadata") || has("as=PartialObjectMetadataList") {
                return Self::Partial;
            }
            if kind.trim().starts_with("application/json") || kind.trim() == "*/*" {
                return Self::Object;
            }
        }
        Self::Object
    }

    /// One object as it is wanted.
    pub(super) fn one(self, resource: &Resource, object: &Stored, now: Timestamp, columns: bool) -> Value {
        match self {
            Self::Object => Value::clone(object),
            Self::Table(include) => {
                let version = object.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
                let metadata = json!({"resourceVersion": version});
                table::table(resource, [object].into_iter(), &metadata, include, now, columns)
            }
            Self::Partial => partial(object),
        }
    }
}

/// An object's metadata alone.
pub(super) fn partial(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object.get("metadata")})
}
