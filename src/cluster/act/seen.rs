//! Looks what became of a write: whether it arrived, and whether the workload's controller has seen it.

use std::time::Duration;

use serde_json::Value;

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::around::is_workload;
use super::{ActError, LOOKS, SETTLE, generation, get};
use crate::release::Prepared;
use crate::release::live::Refusal;
use crate::release::request::Request;

/// How long apart it is looked whether a write arrived.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// How often it is looked whether a controller has seen a write that the next one waits for; ten seconds in all.
const SEEN_LOOKS: u32 = 33;

/// Waits until the workload's controller has seen what was written to it.
pub(super) async fn seen_by_controller(hub: &Hub, prepared: &Prepared, written: i64) -> Result<(), ActError> {
    let mut own = prepared.requests.iter().map(|(request, _)| request);
    let own = own.find(|request| is_workload(&prepared.object, request));
    let place = own.map(|request| request.place.path());
    let place = place.unwrap_or_default();
    for _ in 0..SEEN_LOOKS {
        let found = get(hub, &place).await?;
        let observed = found.pointer("/status/observedGeneration").and_then(Value::as_i64);
        if generation(&found) != written {
            return Err(ActError::Changed(
                "its spec is not what was written a moment ago".into(),
            ));
        }
        if observed >= Some(written) {
            return Ok(());
        }
        tokio::time::sleep(SETTLE).await;
    }
    Err(ActError::Refused(Refusal::Unseen))
}

/// Looks for a write whose answer did not come.
pub(super) async fn look_again(
    hub: &Hub,
    request: &Request,
    after: &Value,
    error: ClusterError,
) -> Result<Value, ActError> {
    let place = request.place.path();
    for _ in 0..LOOKS {
        let found = match get(hub, &place).await {
            Ok(found) => Some(Some(found)),
            Err(ClusterError::NotFound { .. }) => Some(None),
            Err(_) => None,
        };
        if let Some(found) = found
            && request.is_done(found.as_ref(), after)
        {
            return Ok(found.unwrap_or_default());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(ActError::Unclear(error))
}
