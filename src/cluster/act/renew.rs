//! The same write for an object whose state moved on without touching what is written.

use serde_json::Value;

use super::super::hub::Hub;
use super::{ActError, look_at, look_until_seen};
use crate::domain::Clean;
use crate::release::Prepared;
use crate::release::plan::plan;
use crate::release::request::{Act, Place, Request};
use crate::release::step::{Around, Difference};

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

/// What would be written after the job, to everything as it is now, where that is what was shown.
pub(super) async fn anew(hub: &Hub, shown: &Prepared, job: &Place) -> Result<Prepared, ActError> {
    let asked = (&shown.step, shown.driver);
    let again = Some((shown.operation.as_str(), shown.at));
    let now = match look_until_seen(hub, &shown.object, asked, again).await {
        // It could be done when it was shown.
        Err(ActError::Refused(why)) => return Err(ActError::Changed(Clean::new(&why.to_string()))),
        now => now?,
    };
    let creation = |request: &Request| request.place == *job;
    let told = |difference: &&Difference| {
        let mut creations = shown.requests.iter().filter(|(request, _)| creation(request));
        !creations.any(|(request, _)| request.about() == difference.place)
    };
    let before = shown.requests.iter().map(|(request, _)| request);
    let (before, after): (Vec<&Request>, Vec<&Request>) = (
        before.filter(|request| !creation(request)).collect(),
        now.requests.iter().map(|(request, _)| request).collect(),
    );
    let is_as_shown = before.len() == after.len()
        && before.iter().zip(&after).all(|(one, other)| is_as(one, other))
        && shown.differences.iter().filter(told).eq(&now.differences)
        && shown.driver == now.driver;
    if is_as_shown {
        Ok(now)
    } else {
        Err(ActError::Changed("it would become another than was shown".into()))
    }
}

/// Whether two requests are the same but for the state that they are for, of which the dry run tells the rest.
fn is_as(one: &Request, other: &Request) -> bool {
    let is_alike = match (&one.act, &other.act) {
        (Act::Replace(_), Act::Replace(_)) => true,
        (Act::Create(one), Act::Create(other)) => one == other,
        (Act::JsonPatch(one), Act::JsonPatch(other)) => operations(one).eq(operations(other)),
        (one, other) => one.is_alike(other),
    };
    one.place == other.place && is_alike
}

/// What a JSON Patch changes, without its tests.
fn operations(patch: &Value) -> impl Iterator<Item = &Value> {
    let all = patch.as_array().into_iter().flatten();
    all.filter(|operation| operation.get("op").and_then(Value::as_str) != Some("test"))
}
