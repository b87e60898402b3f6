//! Hashes of what is in a `ConfigMap` or a Secret, so that it can be told whether it is the same.
//!
//! Of a `ConfigMap`, whose content is kept beside, it is the plain SHA-256. What is in a Secret may be a short password,
//! which anybody who reads a plain hash could find by trying: its hash is PBKDF2 with a salt that is new for each
//! version. So no table helps, each guess costs ten thousand hashes, and equal Secrets of two versions or two ledgers do
//! not show as equal. Whoever may read the ledger can still test a guess of the *whole* Secret: a hash that tells a
//! change cannot do less. Without the right to read Secrets there is none.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use ring::pbkdf2;
use serde::Serialize;
use serde_json::Value;

const ROUNDS: NonZeroU32 = match NonZeroU32::new(10_000) {
    Some(rounds) => rounds,
    None => NonZeroU32::MIN,
};

/// What is in it: texts, and bytes in base64, by their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Contents {
    pub(super) data: BTreeMap<String, String>,
    pub(super) binary_data: BTreeMap<String, String>,
}

impl Contents {
    pub(super) fn of(object: &Value) -> Self {
        let texts = |field: &str| {
            let fields = object.get(field).and_then(Value::as_object);
            let fields = fields.into_iter().flatten();
            let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
            fields.filter_map(text).collect()
        };
        Self {
            data: texts("data"),
            binary_data: texts("binaryData"),
        }
    }

    /// Its keys in order, whatever order the server gave them in.
    fn canonical(&self) -> Vec<u8> {
        // Texts by texts can always be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// `sha256:9f86d081…`
    pub(super) fn plain(&self) -> String {
        format!("sha256:{}", sha256(&self.canonical()))
    }

    /// `pbkdf2:5e8a…`
    pub(super) fn salted(&self, salt: &str) -> String {
        let mut out = [0; SHA256_OUTPUT_LEN];
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(algorithm, ROUNDS, salt.as_bytes(), &self.canonical(), &mut out);
        format!("pbkdf2:{}", hex(&out))
    }
}

/// In hexadecimal.
pub(in crate::release) fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
