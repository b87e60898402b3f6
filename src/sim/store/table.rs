//! The objects of one resource, and the names they go by.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::Stored;
use crate::sim::json;
use crate::sim::resource::Resource;

#[derive(Debug)]
pub(super) struct Table {
    pub(super) resource: Arc<Resource>,
    /// By `NAMESPACE/NAME`, or `NAME` for what has no namespace: the order of etcd.
    pub(super) objects: BTreeMap<Box<str>, Stored>,
}

impl Table {
    pub(super) fn new(resource: Resource) -> Self {
        Self {
            resource: Arc::new(resource),
            objects: BTreeMap::new(),
        }
    }
}

pub(super) fn key(resource: &Resource, namespace: &str, name: &str) -> String {
    if resource.namespaced {
        format!("{namespace}/{name}")
    } else {
        name.to_owned()
    }
}

pub(super) fn key_of(resource: &Resource, object: &Value) -> String {
    key(resource, json::meta(object, "namespace"), json::meta(object, "name"))
}
