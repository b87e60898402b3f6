//! Events that this program writes on objects: what was done, for everybody to see.

use chrono::SecondsFormat;
use http::Method;
use serde_json::json;

use super::door::{JSON, MANAGER, Write};
use super::error::ClusterError;
use super::hub::Hub;
use super::{clock, kinds};
use crate::domain::{Kind, ResourceRef};

/// Writes an Event on an object as an API's group and version has it: its reason, and what it says. `suffix` makes its
/// name: the same however often it is sent, and another for each thing that is told.
pub(super) async fn write(
    hub: &Hub,
    object: &ResourceRef,
    (api_version, suffix): (&str, &str),
    (reason, message): (&str, &str),
) -> Result<(), ClusterError> {
    /// A name has 253 characters at most.
    const OF_OBJECT: usize = 180;
    let namespace = object.key.namespace.as_str();
    let now = clock::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let own: String = object.key.name.chars().take(OF_OBJECT).collect();
    let name = format!("{}.{}", own.trim_end_matches(['.', '-']), suffix.to_ascii_lowercase());
    let body = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {
            "apiVersion": api_version, "kind": object.kind.name(), "name": object.key.name.as_str(),
            "namespace": namespace, "uid": object.uid.to_string(),
        },
        "reason": reason, "type": "Normal", "count": 1, "firstTimestamp": now, "lastTimestamp": now,
        "message": message,
        "source": {"component": MANAGER}, "reportingComponent": MANAGER,
    });
    let write = Write {
        method: Method::POST,
        path: &kinds::collection(Kind::Event, "v1", namespace),
        kind: JSON,
        body: &body,
    };
    match hub.door.write(write).await {
        // An answer that was lost on the way, and the same write again.
        Err(ClusterError::Conflict { .. }) => Ok(()),
        answer => answer.map(drop),
    }
}
