//! Takes answers apart: a list into its objects, a watch into its events, without reading the objects.
//!
//! A protobuf answer is the bytes `k8s\0`, then a message `Unknown` whose field 2 holds the object. In a
//! watch it comes as frames of a big-endian 32-bit length and a `WatchEvent` (1 type, 2 `RawExtension`);
//! in JSON as lines.

use prost::encoding::{WireType, decode_key, decode_varint};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::meta::ListMeta;
use super::{Encoding, Unreadable, Wire};

/// What every protobuf answer begins with.
const MAGIC: &[u8] = b"k8s\0";

/// The fields of a protobuf message that have a length, in order; others are passed over.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, &'a [u8]), Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.0.is_empty() {
            match self.field() {
                Ok(Some(field)) => return Some(Ok(field)),
                Ok(None) => {}
                Err(error) => {
                    self.0 = &[];
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<Option<(u32, &'a [u8])>, Unreadable> {
        let (tag, wire_type) = decode_key(&mut self.0).map_err(|_| Unreadable)?;
        let length = match wire_type {
            WireType::Varint => {
                decode_varint(&mut self.0).map_err(|_| Unreadable)?;
                return Ok(None);
            }
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            WireType::LengthDelimited => {
                usize::try_from(decode_varint(&mut self.0).map_err(|_| Unreadable)?).map_err(|_| Unreadable)?
            }
            WireType::StartGroup | WireType::EndGroup => return Err(Unreadable),
        };
        let (value, rest) = self.0.split_at_checked(length).ok_or(Unreadable)?;
        self.0 = rest;
        Ok((wire_type == WireType::LengthDelimited).then_some((tag, value)))
    }

    fn find(mut self, wanted: u32) -> Result<&'a [u8], Unreadable> {
        self.find_map(|field| match field {
            Ok((tag, value)) => (tag == wanted).then_some(Ok(value)),
            Err(error) => Some(Err(error)),
        })
        .unwrap_or(Ok(&[]))
    }
}

/// Takes the envelope off a single object.
pub(crate) fn object(bytes: &[u8], encoding: Encoding) -> Result<&[u8], Unreadable> {
    match encoding {
        Encoding::Json => Ok(bytes),
        Encoding::Protobuf => Fields(bytes.strip_prefix(MAGIC).ok_or(Unreadable)?).find(2),
    }
}

/// A page of a list: its metadata and its objects, each still to be read.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) meta: ListMeta,
    pub(crate) items: Vec<&'a [u8]>,
}

/// Takes a page apart. Fails when the page as a whole is broken; a broken object shows when it is read.
pub(crate) fn page(bytes: &[u8], encoding: Encoding) -> Result<Page<'_>, Unreadable> {
    match encoding {
        Encoding::Protobuf => {
            let mut page = Page {
                meta: ListMeta::default(),
                items: Vec::new(),
            };
            for field in Fields(object(bytes, encoding)?) {
                match field? {
                    (1, meta) => page.meta = ListMeta::read(meta, encoding)?,
                    (2, item) => page.items.push(item),
                    _ => {}
                }
            }
            Ok(page)
        }
        Encoding::Json => {
            #[derive(Deserialize)]
            struct List<'a> {
                #[serde(default, deserialize_with = "super::or_default")]
                metadata: ListMeta,
                #[serde(borrow, default)]
                items: Option<Vec<&'a RawValue>>,
            }
            let list: List<'_> = serde_json::from_slice(bytes).map_err(|_| Unreadable)?;
            Ok(Page {
                meta: list.metadata,
                items: list
                    .items
                    .into_iter()
                    .flatten()
                    .map(|raw| raw.get().as_bytes())
                    .collect(),
            })
        }
    }
}

/// What a watch event says of its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
}

/// A watch event whose object is still to be read.
#[derive(Debug)]
pub(crate) struct WatchEvent<'a> {
    pub(crate) kind: EventKind,
    pub(crate) object: &'a [u8],
}

/// Takes a watch event apart.
pub(crate) fn event(bytes: &[u8], encoding: Encoding) -> Result<WatchEvent<'_>, Unreadable> {
    let (name, raw) = match encoding {
        Encoding::Protobuf => {
            let name = std::str::from_utf8(Fields(bytes).find(1)?).map_err(|_| Unreadable)?;
            let extension = Fields(bytes).find(2)?;
            (name.into(), object(Fields(extension).find(1)?, encoding)?)
        }
        Encoding::Json => {
            #[derive(Deserialize)]
            struct Line<'a> {
                #[serde(rename = "type", borrow)]
                kind: std::borrow::Cow<'a, str>,
                #[serde(borrow)]
                object: &'a RawValue,
            }
            let line: Line<'_> = serde_json::from_slice(bytes).map_err(|_| Unreadable)?;
            (line.kind, line.object.get().as_bytes())
        }
    };
    let kind = match name.as_ref() {
        "ADDED" => EventKind::Added,
        "MODIFIED" => EventKind::Modified,
        "DELETED" => EventKind::Deleted,
        "BOOKMARK" => EventKind::Bookmark,
        "ERROR" => EventKind::Error,
        _ => return Err(Unreadable),
    };
    Ok(WatchEvent { kind, object: raw })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_bytes_are_unreadable_not_a_panic() {
        for bytes in [
            &b"k8s\0\x12\xff\x01"[..],
            b"k8s\0\x0b",
            b"nonsense",
            b"",
            b"{\"items\":[",
            b"{\"items\":3}",
        ] {
            for encoding in [Encoding::Json, Encoding::Protobuf] {
                assert!(page(bytes, encoding).is_err(), "{bytes:?} {encoding:?}");
            }
        }
        assert!(event(b"{\"type\":\"WHAT\",\"object\":{}}", Encoding::Json).is_err());
    }
}
