//! What every object and list carries: names, versions, labels, the few annotations that mean something
//! here; and the server's own answers (`Status`).

use std::collections::BTreeMap;
use std::fmt;

use prost::DecodeError;
use prost::bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType, encoded_len_varint, skip_field, string};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::or_default;
use super::scalar::Time;
use super::wire;

/// Annotations outside these prefixes are skipped while reading, above all the last applied
/// configuration, which repeats the object (and, for a Secret, its data).
const ANNOTATIONS: [&str; 7] = [
    "pilothouse.dev/",
    "deployment.kubernetes.io/revision",
    "rollout.argoproj.io/revision",
    "org.opencontainers.image.revision",
    "kubectl.kubernetes.io/default-container",
    "rollouts.kruise.io/in-progressing",
    "batchrelease.rollouts.kruise.io/control-info",
];

fn is_wanted(key: &str) -> bool {
    ANNOTATIONS.iter().any(|wanted| key.starts_with(wanted))
}

/// `ObjectMeta`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ObjectMeta {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "or_default")]
    pub(crate) name: String,
    #[prost(string, tag = "3")]
    #[serde(deserialize_with = "or_default")]
    pub(crate) namespace: String,
    #[prost(string, tag = "5")]
    #[serde(deserialize_with = "or_default")]
    pub(crate) uid: String,
    #[prost(string, tag = "6")]
    #[serde(deserialize_with = "or_default")]
    pub(crate) resource_version: String,
    #[prost(int64, tag = "7")]
    #[serde(deserialize_with = "or_default")]
    pub(crate) generation: i64,
    #[prost(message, optional, tag = "8")]
    #[serde(deserialize_with = "or_default")]
    pub(crate) creation_timestamp: Option<Time>,
    #[prost(message, optional, tag = "9")]
    #[serde(deserialize_with = "or_default")]
    pub(crate) deletion_timestamp: Option<Time>,
    #[prost(btree_map = "string, string", tag = "11")]
    #[serde(deserialize_with = "or_default")]
    pub(crate) labels: BTreeMap<String, String>,
    #[prost(message, repeated, tag = "12")]
    #[serde(deserialize_with = "annotations")]
    pub(crate) annotations: Vec<Annotation>,
    #[prost(message, repeated, tag = "13")]
    #[serde(deserialize_with = "or_default")]
    pub(crate) owner_references: Vec<OwnerReference>,
}

/// The part of a pod template's metadata that says anything.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TemplateMeta {
    #[prost(btree_map = "string, string", tag = "11")]
    #[serde(deserialize_with = "or_default")]
    pub(crate) labels: BTreeMap<String, String>,
    #[prost(message, repeated, tag = "12")]
    #[serde(deserialize_with = "annotations")]
    pub(crate) annotations: Vec<Annotation>,
}

/// Finds an annotation that was kept.
pub(crate) fn annotation<'a>(annotations: &'a [Annotation], key: &str) -> Option<&'a str> {
    annotations.iter().find(|a| a.key == key).map(|a| a.value.as_str())
}

wire! {
    OwnerReference {
        [string, tag = "1"] kind: String,
        [string, tag = "3"] name: String,
        [string, tag = "5"] api_version: String,
        [bool, optional, tag = "6"] controller: Option<bool>,
    }
    ListMeta {
        [string, tag = "2"] resource_version: String,
        #[serde(rename = "continue")]
        [string, tag = "3"] continue_token: String,
        [int64, optional, tag = "4"] remaining_item_count: Option<i64>,
    }
    /// The metadata of an object whose rest does not matter.
    MetaOnly {
        [message, optional, tag = "1"] metadata: Option<ObjectMeta>,
    }
    /// An answer that is not an object: mostly an error.
    Status {
        [message, optional, tag = "1"] metadata: Option<ListMeta>,
        [string, tag = "3"] message: String,
        [string, tag = "4"] reason: String,
        [message, optional, tag = "5"] details: Option<StatusDetails>,
        [int32, tag = "6"] code: i32,
    }
    StatusDetails {
        [int32, tag = "5"] retry_after_seconds: i32,
    }
    LabelSelector {
        [btree_map = "string, string", tag = "1"] match_labels: BTreeMap<String, String>,
        [message, repeated, tag = "2"] match_expressions: Vec<SelectorRequirement>,
    }
    SelectorRequirement {
        [string, tag = "1"] key: String,
        [string, tag = "2"] operator: String,
        [string, repeated, tag = "3"] values: Vec<String>,
    }
    /// A controller's condition.
    Condition {
        #[serde(rename = "type")]
        [string, tag = "1"] kind: String,
        [string, tag = "2"] status: String,
        [string, tag = "4"] reason: String,
        [string, tag = "5"] message: String,
    }
    /// A node's, pod's or job's condition.
    TimedCondition {
        #[serde(rename = "type")]
        [string, tag = "1"] kind: String,
        [string, tag = "2"] status: String,
        [message, optional, tag = "4"] last_transition_time: Option<Time>,
        [string, tag = "5"] reason: String,
        [string, tag = "6"] message: String,
    }
}

/// One annotation; empty where it is not among [`ANNOTATIONS`].
///
/// Read by hand because the value of an unwanted one must not even be copied.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Annotation {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl fmt::Debug for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

impl prost::Message for Annotation {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        string::encode(1, &self.key, buffer);
        string::encode(2, &self.value, buffer);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        match tag {
            1 => {
                string::merge(wire_type, &mut self.key, buffer, context)?;
                if !is_wanted(&self.key) {
                    self.key.clear();
                }
                Ok(())
            }
            // A map entry's key comes before its value.
            2 if !self.key.is_empty() => string::merge(wire_type, &mut self.value, buffer, context),
            _ => skip_field(wire_type, tag, buffer, context),
        }
    }

    fn encoded_len(&self) -> usize {
        let field = |text: &str| 1 + encoded_len_varint(text.len() as u64) + text.len();
        field(&self.key) + field(&self.value)
    }

    fn clear(&mut self) {
        self.key.clear();
        self.value.clear();
    }
}

fn annotations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Annotation>, D::Error> {
    struct Wanted;
    impl<'de> Visitor<'de> for Wanted {
        type Value = Vec<Annotation>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of strings")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_map(self)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut kept = Vec::new();
            while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
                if is_wanted(&key) {
                    kept.push(Annotation {
                        key: key.into_owned(),
                        value: map.next_value()?,
                    });
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(kept)
        }
    }
    deserializer.deserialize_option(Wanted)
}
