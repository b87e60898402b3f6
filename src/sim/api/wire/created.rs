//! The objects that `kubectl create` sends as protobuf whatever the server prefers, as JSON.
//!
//! A table a message says which fields are read; tags are those of `generated.proto` in `k8s.io/api`. An object
//! with anything else in it is not read at all: a field that is lost without a word would be worse than a refusal.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::encoding::{WireType, decode_key, decode_varint};
use serde_json::{Map, Value, json};

/// A message: of each field its tag, its name in JSON and what it holds.
type Fields = &'static [(u32, &'static str, Of)];

/// What a field holds.
#[derive(Clone, Copy)]
enum Of {
    Text,
    Texts,
    /// A number that is absent when it is 0.
    Number,
    /// A number that may be 0.
    Count,
    Flag,
    Message(Fields),
    Messages(Fields),
    /// Texts by name.
    Labels,
    /// Bytes by name, in base64.
    Blobs,
    /// What only the server writes.
    Ignored,
}

const METADATA: Fields = &[
    (1, "name", Of::Text),
    (2, "generateName", Of::Text),
    (3, "namespace", Of::Text),
    (8, "creationTimestamp", Of::Ignored),
    (11, "labels", Of::Labels),
    (12, "annotations", Of::Labels),
];
const NAMED: Fields = &[(1, "metadata", Of::Message(METADATA)), (3, "status", Of::Ignored)];
const CONFIG_MAP: Fields = &[
    (1, "metadata", Of::Message(METADATA)),
    (2, "data", Of::Labels),
    (3, "binaryData", Of::Blobs),
    (4, "immutable", Of::Flag),
];
const SECRET: Fields = &[
    (1, "metadata", Of::Message(METADATA)),
    (2, "data", Of::Blobs),
    (3, "type", Of::Text),
    (4, "stringData", Of::Labels),
    (5, "immutable", Of::Flag),
];
const DEPLOYMENT: Fields = &[
    (1, "metadata", Of::Message(METADATA)),
    (2, "spec", Of::Message(DEPLOYMENT_SPEC)),
    (3, "status", Of::Ignored),
];
const DEPLOYMENT_SPEC: Fields = &[
    (1, "replicas", Of::Count),
    (2, "selector", Of::Message(&[(1, "matchLabels", Of::Labels)])),
    (3, "template", Of::Message(TEMPLATE)),
    (4, "strategy", Of::Message(&[(1, "type", Of::Text)])),
    (5, "minReadySeconds", Of::Number),
    (6, "revisionHistoryLimit", Of::Count),
    (7, "paused", Of::Flag),
];
const TEMPLATE: Fields = &[
    (1, "metadata", Of::Message(METADATA)),
    (
        2,
        "spec",
        Of::Message(&[
            (2, "containers", Of::Messages(CONTAINER)),
            (3, "restartPolicy", Of::Text),
            (4, "terminationGracePeriodSeconds", Of::Count),
            (7, "nodeSelector", Of::Labels),
            (8, "serviceAccountName", Of::Text),
        ]),
    ),
];
const CONTAINER: Fields = &[
    (1, "name", Of::Text),
    (2, "image", Of::Text),
    (3, "command", Of::Texts),
    (4, "args", Of::Texts),
    (5, "workingDir", Of::Text),
    (
        6,
        "ports",
        Of::Messages(&[
            (1, "name", Of::Text),
            (2, "hostPort", Of::Number),
            (3, "containerPort", Of::Number),
            (4, "protocol", Of::Text),
        ]),
    ),
    (14, "imagePullPolicy", Of::Text),
];

/// The object in the raw bytes of an envelope; `None` for a kind, or a field, that is not read in this form.
pub(super) fn object(plural: &str, raw: &[u8]) -> Option<Value> {
    let fields = match plural {
        "namespaces" | "serviceaccounts" => NAMED,
        "configmaps" => CONFIG_MAP,
        "secrets" => SECRET,
        "deployments" => DEPLOYMENT,
        _ => return None,
    };
    message(raw, fields)
}

/// One field as it stands in the bytes.
enum Raw<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn next<'a>(bytes: &mut &'a [u8]) -> Option<(u32, Raw<'a>)> {
    let (tag, wire) = decode_key(bytes).ok()?;
    let number = decode_varint(bytes).ok()?;
    match wire {
        WireType::Varint => Some((tag, Raw::Number(number))),
        WireType::LengthDelimited => {
            let (value, rest) = bytes.split_at_checked(usize::try_from(number).ok()?)?;
            *bytes = rest;
            Some((tag, Raw::Bytes(value)))
        }
        _ => None,
    }
}

fn message(mut bytes: &[u8], fields: Fields) -> Option<Value> {
    let mut object = Map::new();
    while !bytes.is_empty() {
        let (tag, raw) = next(&mut bytes)?;
        let known = fields.iter().find(|(known, ..)| *known == tag);
        match (known, raw) {
            // Go writes every field that is no pointer, also an empty one.
            (None, Raw::Number(0) | Raw::Bytes([]))
            | (Some((_, _, Of::Ignored)), _)
            | (Some((_, _, Of::Text)), Raw::Bytes([]))
            | (Some((_, _, Of::Number | Of::Flag)), Raw::Number(0)) => {}
            (Some((_, name, of)), raw) => put(&mut object, name, *of, &raw)?,
            (None, Raw::Bytes(bytes)) if is_empty(bytes) => {}
            (None, _) => return None,
        }
    }
    Some(object.into())
}

/// Whether a message holds nothing but empty fields.
fn is_empty(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match next(&mut bytes) {
            Some((_, Raw::Number(0))) => {}
            Some((_, Raw::Bytes(inside))) if is_empty(inside) => {}
            _ => return false,
        }
    }
    true
}

fn put(object: &mut Map<String, Value>, name: &str, of: Of, raw: &Raw<'_>) -> Option<()> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    match (of, raw) {
        (Of::Text, Raw::Bytes(bytes)) => object.insert(name.to_owned(), text(bytes)?.into()),
        (Of::Number | Of::Count, Raw::Number(number)) => object.insert(name.to_owned(), number.cast_signed().into()),
        (Of::Flag, Raw::Number(_)) => object.insert(name.to_owned(), true.into()),
        (Of::Message(fields), Raw::Bytes(bytes)) => object.insert(name.to_owned(), message(bytes, fields)?),
        (Of::Texts, Raw::Bytes(bytes)) => push(object, name, text(bytes)?.into()),
        (Of::Messages(fields), Raw::Bytes(bytes)) => push(object, name, message(bytes, fields)?),
        (Of::Labels | Of::Blobs, Raw::Bytes(bytes)) => {
            let (key, value) = entry(bytes)?;
            let value = match of {
                Of::Blobs => STANDARD.encode(value),
                _ => text(value)?,
            };
            let map = object.entry(name).or_insert_with(|| json!({})).as_object_mut()?;
            map.insert(text(key)?, value.into())
        }
        _ => return None,
    };
    Some(())
}

fn push(object: &mut Map<String, Value>, name: &str, value: Value) -> Option<Value> {
    let list = object.entry(name).or_insert_with(|| json!([]));
    list.as_array_mut()?.push(value);
    None
}

/// Key and value of a map's entry.
fn entry(mut bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    while !bytes.is_empty() {
        match next(&mut bytes)? {
            (1, Raw::Bytes(bytes)) => key = bytes,
            (2, Raw::Bytes(bytes)) => value = bytes,
            _ => return None,
        }
    }
    Some((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The object of what `kubectl create deployment made --image=a:1 --replicas=2 --port=80 -- serve -v` sends
    /// (recorded from kubectl 1.33).
    const DEPLOYMENT: &[u8] =
        b"\n!\n\x04made\x12\0\x1a\0\"\0*\x002\x008\0B\0Z\x0b\n\x03app\x12\x04made\x12\x8d\x01\x08\x02\x12\x0d\n\
        \x0b\n\x03app\x12\x04made\x1ar\n\x1d\n\0\x12\0\x1a\0\"\0*\x002\x008\0B\0Z\x0b\n\x03app\x12\x04made\x12\
        Q\x123\n\x01a\x12\x03a:1\x1a\x05serve\x1a\x02-v*\x002\n\n\0\x10\0\x18P\"\0*\0B\0j\0r\0\x80\x01\0\x88\x01\
        \0\x90\x01\0\xa2\x01\0\x1a\x002\0B\0J\0R\0X\0`\0h\0\x82\x01\0\x8a\x01\0\x9a\x01\0\xc2\x01\0\"\x02\n\0\
        (\x008\0\x1a\x0c\x08\0\x10\0\x18\0 \0(\x008\0";

    #[test]
    fn a_recorded_deployment_is_read() {
        assert_eq!(
            object("deployments", DEPLOYMENT),
            Some(json!({
                "metadata": {"name": "made", "labels": {"app": "made"}},
                "spec": {
                    "replicas": 2, "selector": {"matchLabels": {"app": "made"}}, "strategy": {},
                    "template": {"metadata": {"labels": {"app": "made"}}, "spec": {"containers": [{
                        "name": "a", "image": "a:1", "command": ["serve", "-v"],
                        "ports": [{"containerPort": 80}],
                    }]}},
                },
            }))
        );
    }

    #[test]
    fn maps_of_text_and_of_bytes_are_read() {
        let secret = b"\n\x06\n\x04made\x12\x0c\n\x04word\x12\x04open\x1a\0\x1a\0";
        assert_eq!(
            object("secrets", secret),
            Some(json!({"metadata": {"name": "made"}, "data": {"word": "b3Blbg=="}}))
        );
        let map = b"\n\x06\n\x04made\x12\r\n\x05color\x12\x04blue";
        assert_eq!(
            object("configmaps", map),
            Some(json!({"metadata": {"name": "made"}, "data": {"color": "blue"}}))
        );
    }

    #[test]
    fn what_is_not_in_the_tables_is_refused_whole() {
        let finalized = b"\n\r\n\x04made\x72\x05block";
        for (plural, bytes) in [
            ("configmaps", &finalized[..]),
            ("jobs", b"\n\x06\n\x04made"),
            ("configmaps", b"\n\x06\n"),
            ("configmaps", b"\n\x06\n\x04ma\xffe"),
        ] {
            assert_eq!(object(plural, bytes), None, "{plural} {bytes:?}");
        }
    }
}
