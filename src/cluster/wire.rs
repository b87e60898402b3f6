//! What the API server sends, reduced to the fields this program uses.
//!
//! One struct a kind, read from protobuf (tag numbers from the `generated.proto` files of the Go modules
//! `k8s.io/api` and `k8s.io/apimachinery` 0.36) and from JSON. Whatever is not listed is skipped while
//! reading: managed fields, the last applied configuration, node images and environment variables are
//! never held. `null` reads as absent; a wrong type makes that one object unreadable.

pub(crate) mod apps;
pub(crate) mod custom;
pub(crate) mod event;
pub(crate) mod frame;
pub(crate) mod meta;
pub(crate) mod node;
pub(crate) mod pod;
pub(crate) mod policy;
pub(crate) mod scalar;
pub(crate) mod splitter;

use serde::{Deserialize, Deserializer};

/// Declares wire structs: `[prost attributes] field: Type`, read from JSON by the camel-cased name.
macro_rules! wire {
    ($($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* [$($tag:tt)+] $field:ident: $ty:ty,)* })*) => {$(
        $(#[$outer])*
        #[derive(Clone, PartialEq, ::prost::Message, ::serde::Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub(crate) struct $name {
            $(
                $(#[$inner])*
                #[prost($($tag)+)]
                #[serde(deserialize_with = "crate::cluster::wire::or_default")]
                pub(crate) $field: $ty,
            )*
        }
    )*};
}
pub(crate) use wire;

/// Reads `null` as the default.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// An object that could not be read. What it held is not kept: it might be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// How the server encoded an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Protobuf,
    Json,
}

/// A kind that both encodings can carry.
pub(crate) trait Wire: Sized {
    /// Reads one object; `bytes` hold the message without envelope.
    fn read(bytes: &[u8], encoding: Encoding) -> Result<Self, Unreadable>;
}

impl<T: prost::Message + Default + for<'de> Deserialize<'de>> Wire for T {
    fn read(bytes: &[u8], encoding: Encoding) -> Result<Self, Unreadable> {
        match encoding {
            Encoding::Protobuf => T::decode(bytes).map_err(|_| Unreadable),
            // Checked as a whole, which is faster than string by string.
            Encoding::Json => std::str::from_utf8(bytes)
                .ok()
                .and_then(|text| serde_json::from_str(text).ok())
                .ok_or(Unreadable),
        }
    }
}

#[cfg(test)]
mod tests;
