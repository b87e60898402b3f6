//! A Deployment's release: the JSON Patch of each step, computed from the objects as they are now.
//!
//! | step | what it writes (`research/release.md` 1.2) | allowed |
//! |---|---|---|
//! | [`start`] | the new template, and the hold beside or in place of old instances | stable, not paused |
//! | [`grow`] | more new instances | in a gray release |
//! | [`keep_old`] | as many new instances as are wanted, all old ones kept | in a gray release beside |
//! | [`offline`] | the settings from before the hold: old instances go at once | full |
//! | [`full`] | the same, from gray: an ordinary rolling update | in a gray release |
//! | [`abort`] | the old template and the settings from before, in one patch | in a hold |
//! | [`rollback`] | an old revision's template | not in a hold, not paused |
//! | [`repair`] | the settings from before | a hold without end |
//! | [`pause`], [`resume`], [`restart`] | `spec.paused`; the annotation that `kubectl rollout restart` writes | |
//!
//! Every patch is absolute, so a repeat does no harm, and begins with tests: uid, generation, and the operation's
//! label where there is one. Each step changes the spec, and so the generation: of two that begin at once one is
//! refused. Status writes change the resourceVersion all the time, so it is tested only where nothing else tells. The
//! API server runs the tests against the object it then writes; one that fails answers 422.

use serde_json::{Value, json};

use super::hold::Originals;
use super::live::{Live, Method, Refusal, add, escaped, hash_of, label_path, operation, within};
use super::template::{RESTARTED, same, without_hash};
use crate::domain::terms::{HELD_SECONDS, HOLD, HOLD_FROM, HOLD_OP};
use crate::domain::{Driver, Timestamp};

/// No deadline: the controller takes this for none.
const NO_DEADLINE: i32 = i32::MAX;

/// What is asked for where a gray release begins.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    pub template: &'a Value,
    pub method: Method,
    pub instances: i32,
    /// The operation's ULID.
    pub operation: &'a str,
    /// Who else releases the Deployment.
    pub driver: Option<Driver>,
}

/// Begins a gray release.
///
/// # Errors
/// It is paused, not stable, released by another controller, or the number of instances cannot be had.
pub fn start(live: Live<'_>, ask: Start<'_>) -> Result<Value, Refusal> {
    if let Some(driver) = ask.driver {
        return Err(Refusal::Driven(super::driver::refusal(driver, None)));
    }
    if live.is_held() {
        return Err(Refusal::InHold);
    }
    live.seen()?;
    if live.is_paused() {
        return Err(Refusal::Paused);
    }
    let newest = live.newest().ok_or(Refusal::NotStable)?;
    if live.has_others() {
        return Err(Refusal::NotStable);
    }
    if live.template().is_some_and(|template| same(template, ask.template)) {
        return Err(Refusal::SameTemplate);
    }
    let desired = i32::try_from(live.desired()).unwrap_or(i32::MAX);
    within(ask.instances, 1, desired)?;
    let from = hash_of(newest).ok_or(Refusal::Incomplete("a revision's hash"))?;
    let originals = Originals::of(live.deployment).ok_or(Refusal::Incomplete("a strategy"))?;
    let mut patch = live.locked(ask.operation)?;
    let (surge, unavailable) = match ask.method {
        Method::Surge | Method::Twin => (ask.instances, 0),
        Method::Replace => (0, ask.instances),
    };
    patch.extend([
        add(&label_path(HOLD), originals.label().into()),
        add(&label_path(HOLD_FROM), from.into()),
        operation("replace", "/spec/template", without_hash(ask.template)),
        add("/spec/minReadySeconds", HELD_SECONDS.into()),
        add("/spec/progressDeadlineSeconds", NO_DEADLINE.into()),
        add(
            "/spec/strategy",
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}),
        ),
    ]);
    Ok(Value::Array(patch))
}

/// Makes more instances of the new version: `instances` in all.
///
/// # Errors
/// There is no gray release, or it has as many already: a hold cannot shrink.
pub fn grow(live: Live<'_>, instances: i32) -> Result<Value, Refusal> {
    live.in_hold()?;
    let (method, now) = live.surge();
    let now = i32::try_from(now).unwrap_or(i32::MAX);
    let most = i32::try_from(live.desired()).unwrap_or(i32::MAX);
    within(instances, now.saturating_add(1), most)?;
    let field = match method {
        Method::Surge | Method::Twin => "maxSurge",
        Method::Replace => "maxUnavailable",
    };
    let mut patch = live.tests()?;
    patch.push(limit(field, instances.into()));
    Ok(Value::Array(patch))
}

/// Makes all new instances beside the old ones.
///
/// # Errors
/// There is no gray release, or its instances took the place of old ones.
pub fn keep_old(live: Live<'_>) -> Result<Value, Refusal> {
    live.in_hold()?;
    if live.surge().0 == Method::Replace {
        return Err(Refusal::Replacing);
    }
    let mut patch = live.tests()?;
    patch.push(limit("maxSurge", "100%".into()));
    Ok(Value::Array(patch))
}

/// Takes the old instances offline once all new ones are ready.
///
/// # Errors
/// There is no gray release, or not as many new instances are ready as are wanted.
pub fn offline(live: Live<'_>) -> Result<Value, Refusal> {
    live.in_hold()?;
    live.seen()?;
    let ready = live
        .newest()
        .and_then(|set| set.pointer("/status/readyReplicas")?.as_i64());
    let (ready, desired) = (ready.unwrap_or(0), live.desired());
    if ready < desired {
        return Err(Refusal::NotFull { ready, desired });
    }
    full(live)
}

/// From gray to an ordinary rolling update.
///
/// # Errors
/// There is no gray release.
pub fn full(live: Live<'_>) -> Result<Value, Refusal> {
    let originals = live.in_hold()?;
    let mut patch = live.tests()?;
    patch.extend(settings(&originals));
    patch.extend(live.without_labels(&[HOLD, HOLD_FROM, HOLD_OP]));
    Ok(Value::Array(patch))
}

/// Back to the old version. Where it came from stays on the object, which tells that it is on its way back.
///
/// # Errors
/// There is no hold, or the old revision is gone.
pub fn abort(live: Live<'_>) -> Result<Value, Refusal> {
    if !live.is_held() {
        return Err(Refusal::NotInHold);
    }
    let originals = live.originals()?;
    let from = live.label(HOLD_FROM).ok_or(Refusal::NotInHold)?;
    let gone = || Refusal::RevisionGone(from.to_owned());
    let template = live
        .of_hash(from)
        .and_then(|set| set.pointer("/spec/template"))
        .ok_or_else(gone)?;
    let mut patch = live.tests()?;
    patch.push(operation("replace", "/spec/template", without_hash(template)));
    patch.extend(settings(&originals));
    patch.extend(live.without_labels(&[HOLD]));
    Ok(Value::Array(patch))
}

/// Publishes the template of an old version.
///
/// # Errors
/// A hold is under way, it is paused, or it is what runs.
pub fn rollback(live: Live<'_>, template: &Value) -> Result<Value, Refusal> {
    if live.is_held() {
        return Err(Refusal::InHold);
    }
    if live.is_paused() {
        return Err(Refusal::Paused);
    }
    if live.template().is_some_and(|now| same(now, template)) {
        return Err(Refusal::SameTemplate);
    }
    let mut patch = live.tests()?;
    patch.push(operation("replace", "/spec/template", without_hash(template)));
    Ok(Value::Array(patch))
}

/// Ends a hold that has lost its label or whose old version is back: the settings from before, or Kubernetes' own
/// where nobody knows them any more.
///
/// # Errors
/// The hold is in order, or there is none.
pub fn repair(live: Live<'_>) -> Result<Value, Refusal> {
    if !live.is_held() {
        return Err(Refusal::NotInHold);
    }
    let from = live.label(HOLD_FROM);
    let is_back = from.is_some() && live.newest().and_then(hash_of) == from;
    if live.label(HOLD).is_some() && from.is_some() && !is_back {
        return Err(Refusal::NothingToRepair);
    }
    let originals = live.originals().unwrap_or_default();
    let mut patch = live.tests()?;
    patch.extend(settings(&originals));
    patch.extend(live.without_labels(&[HOLD, HOLD_FROM, HOLD_OP]));
    Ok(Value::Array(patch))
}

/// Stops the controller from replacing instances.
///
/// # Errors
/// It is paused already.
pub fn pause(live: Live<'_>) -> Result<Value, Refusal> {
    paused(live, true)
}

/// Lets the controller go on.
///
/// # Errors
/// It is not paused.
pub fn resume(live: Live<'_>) -> Result<Value, Refusal> {
    paused(live, false)
}

fn paused(live: Live<'_>, wanted: bool) -> Result<Value, Refusal> {
    match (live.is_paused(), wanted) {
        (true, true) => return Err(Refusal::Paused),
        (false, false) => return Err(Refusal::NotPaused),
        _ => {}
    }
    let mut patch = live.tests()?;
    patch.push(add("/spec/paused", wanted.into()));
    Ok(Value::Array(patch))
}

/// Replaces all instances by new ones of the same version.
///
/// # Errors
/// A hold is under way, which this would be a change of, or it is paused.
pub fn restart(live: Live<'_>, now: Timestamp) -> Result<Value, Refusal> {
    if live.is_held() {
        return Err(Refusal::InHold);
    }
    if live.is_paused() {
        return Err(Refusal::Paused);
    }
    let mut patch = live.tests()?;
    patch.extend(restarted(live.deployment, now));
    Ok(Value::Array(patch))
}

/// Makes its template another one of the same version.
pub(super) fn restarted(object: &Value, now: Timestamp) -> Vec<Value> {
    let missing = ["/spec/template/metadata", "/spec/template/metadata/annotations"]
        .into_iter()
        .filter(|path| object.pointer(path).is_none_or(Value::is_null));
    let mut patch: Vec<Value> = missing.map(|path| add(path, json!({}))).collect();
    let place = format!("/spec/template/metadata/annotations/{}", escaped(RESTARTED));
    let at = now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    patch.push(add(&place, at.into()));
    patch
}

fn settings(originals: &Originals) -> [Value; 3] {
    let deadline = "/spec/progressDeadlineSeconds";
    [
        add("/spec/minReadySeconds", originals.min_ready_seconds.into()),
        match originals.progress_deadline_seconds {
            Some(seconds) => add(deadline, seconds.into()),
            None => json!({"op": "remove", "path": deadline}),
        },
        add("/spec/strategy", originals.strategy()),
    ]
}

fn limit(field: &str, value: Value) -> Value {
    operation("replace", &format!("/spec/strategy/rollingUpdate/{field}"), value)
}

#[cfg(test)]
#[path = "deployment_tests.rs"]
mod tests;
