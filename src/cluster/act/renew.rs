//! The same write for an object whose state moved on without touching what is written.

use super::super::hub::Hub;
use super::{ActError, look_at};
use crate::release::Prepared;
use crate::release::plan::plan;
use crate::release::request::Request;
use crate::release::step::Around;

/// The request that would be written to the object as it is now, where that is the one that was shown but for the
/// state it is for.
pub(super) async fn renewed(hub: &Hub, prepared: &Prepared, done: usize) -> Result<Option<Request>, ActError> {
    let Some((shown, _)) = prepared.requests.get(done) else {
        return Ok(None);
    };
    if !shown.act.is_of_one_state() {
        return Ok(None);
    }
    let seen = look_at(hub, &prepared.object, &prepared.step, prepared.driver).await?;
    let around = Around {
        operation: &prepared.operation,
        driver: prepared.driver,
        now: prepared.at,
    };
    let now = plan(&prepared.step, &seen, around)?;
    let found = now
        .into_iter()
        .find(|request| request.place == shown.place && request.act.is_alike(&shown.act));
    Ok(found)
}
