//! Times as log lines carry them.

use std::io::Write;

use chrono::{DateTime, Utc};

use super::Nanos;

/// Writes a time as the kubelet does: always nine digits.
pub(crate) fn write(out: &mut Vec<u8>, at: Nanos) {
    // Writing to memory cannot fail.
    let _ = write!(out, "{}", moment(at).format("%Y-%m-%dT%H:%M:%S%.9fZ"));
}

pub(super) fn moment(at: Nanos) -> DateTime<Utc> {
    DateTime::from_timestamp_nanos(at)
}
