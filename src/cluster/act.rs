//! Writes of a release: prepared from the objects as they are, tried by the server without effect, shown, then sent
//! exactly once; an answer that does not come is read back.

mod against;
mod around;
mod before;
mod beside;
mod changes;
mod claim;
mod config;
mod create;
mod driven;
mod error;
mod look;
mod notes;
mod renew;
mod rights;
mod seen;
mod untaken;
mod who;

use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::clock;
use super::door::{JSON, MANAGER, Write};
use super::error::ClusterError;
use super::hub::Hub;
use crate::domain::ulid::ulid;
use crate::domain::{Clean, Driver, Kind, ResourceRef, Timestamp, Uid};
use crate::release::against::judge;
use crate::release::bytes;
use crate::release::config::goes;
use crate::release::good;
use crate::release::job;
use crate::release::known::images;
use crate::release::live::Refusal;
use crate::release::plan::{Seen, plan};
use crate::release::request::{Act, Part, Request, Waits};
use crate::release::step::{Around, Step};
use crate::release::twin;
use crate::release::warning::Warning;
use crate::release::{Done, Prepared, Written};
use around::{becomes, is_workload};
use changes::changes;
use look::look;
use renew::renewed;
use seen::{look_again, seen_by_controller};
use untaken::in_words;
use who::with_who;

pub(crate) use before::log as job_log;
pub(crate) use beside::{history, scaler};
pub(crate) use claim::{Sightings, claim, holder_of, let_go};
pub use create::{Made, Trial, creation};
pub(crate) use create::{create, try_create};
pub use error::ActError;
pub use notes::Note;
pub(crate) use notes::ledger;

const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";
/// How often it is looked whether a write arrived whose answer did not.
const LOOKS: u32 = 5;
/// How long a controller is given to see the last change before a step is refused for it.
const SETTLE: Duration = Duration::from_millis(300);
/// How often a write is made anew of an object whose state moved on without touching what is written.
const RENEWALS: u32 = 3;

async fn get(hub: &Hub, path: &str) -> Result<Value, ClusterError> {
    let (bytes, _) = hub.door.read(path, JSON).await?;
    serde_json::from_slice(&bytes).map_err(|_| ClusterError::Unreadable)
}

/// Looks at the object, makes the requests and lets the server try them; looks again where it changed in between.
pub(crate) async fn prepare(
    hub: &Hub,
    object: &ResourceRef,
    step: &Step,
    driver: Option<Driver>,
) -> Result<Prepared, ActError> {
    hub.door.may_write()?;
    match look_until_seen(hub, object, (step, driver), None).await {
        Err(error) => Err(before::with_log(hub, object, with_who(hub, object, error).await).await),
        prepared => prepared,
    }
}

/// `again`: the id of the operation that it is tried for, and when that was prepared, where it was prepared before.
async fn look_until_seen(
    hub: &Hub,
    object: &ResourceRef,
    (step, driver): (&Step, Option<Driver>),
    again: Option<(&str, Timestamp)>,
) -> Result<Prepared, ActError> {
    let mut prepared = look_and_try(hub, object, (step, driver), again).await;
    for _ in 1..LOOKS {
        let passes = matches!(prepared, Err(ActError::Changed(_) | ActError::Refused(Refusal::Unseen)));
        if !passes {
            break;
        }
        tokio::time::sleep(SETTLE).await;
        prepared = look_and_try(hub, object, (step, driver), again).await;
    }
    prepared
}

async fn look_and_try(
    hub: &Hub,
    object: &ResourceRef,
    (step, driver): (&Step, Option<Driver>),
    again: Option<(&str, Timestamp)>,
) -> Result<Prepared, ActError> {
    let seen = look_at(hub, object, step, driver).await?;
    let driver = driver.or_else(|| seen.driven.as_ref().map(|driven| driven.by));
    let frozen = against::frozen(hub, object, step).await?;
    let running = seen.operation(step).map(str::to_owned);
    let (id, now) = again.map_or_else(|| (None, clock::now()), |(id, at)| (Some(id.to_owned()), at));
    let operation = running.or(id).unwrap_or_else(|| ulid(now, hub.random()));
    let around = Around {
        operation: &operation,
        driver,
        now,
    };
    let planned = plan(step, &seen, around)?;
    rights::allowed(hub, &planned).await?;
    let (mut requests, mut found) = (Vec::new(), Vec::new());
    for request in planned {
        let after = try_out(hub, &request).await?;
        found.extend(changes(&request, &seen, &after));
        requests.push((request, after));
    }
    let verdict = judge(step, &seen);
    let mut warnings = around::warnings(hub, object, &seen, &requests).await;
    warnings.splice(0..0, verdict.warning);
    if let (Step::Rollback(_) | Step::Abort, Some(job)) = (step, job::wanted(&seen.object)) {
        warnings.push(Warning::JobStays(job.to_owned()));
    }
    warnings.retain(|warning| warning.concerns(step));
    if frozen.is_hidden {
        let what = "whether its namespace is frozen";
        warnings.push(Warning::Unknown(what, "it may not be read".into()));
    }
    let beside = twin::published(&seen, &requests);
    let becomes = beside.as_ref().unwrap_or_else(|| becomes(object, &seen, &requests));
    let copies = requests.iter().map(|(request, _)| request);
    let copies: Vec<&Value> = copies.filter(|r| r.is_copy()).map(|r| r.act.body()).collect();
    let (config, doubts) = goes::carried(step, &seen, (becomes, &copies), (&operation, around.now));
    warnings.extend(doubts.into_iter().map(Warning::Config));
    warnings.extend(Warning::several_bytes(bytes::running(&seen).several));
    Ok(Prepared {
        object: object.clone(),
        step: step.clone(),
        driver,
        at: around.now,
        generation: generation(&seen.object),
        differences: found,
        warnings,
        against: frozen.against.into_iter().chain(verdict.against).collect(),
        held: None,
        brings: verdict.brings,
        becomes: images(becomes.pointer("/spec/template").unwrap_or(&Value::Null)),
        undoes: verdict.undoes,
        desired: seen.desired(),
        config: config.resolved(step),
        by_tag: bytes::back(step, &seen, becomes),
        leaves: good::left(step, &seen, &around),
        operation,
        requests,
    })
}

async fn look_at(hub: &Hub, object: &ResourceRef, step: &Step, driver: Option<Driver>) -> Result<Seen, ActError> {
    let seen = look(hub, object, step, driver).await?;
    let uid = seen.object.pointer("/metadata/uid").and_then(Value::as_str);
    if uid != Some(object.uid.to_string().as_str()) {
        return Err(ActError::Changed("another object of this name took its place".into()));
    }
    Ok(seen)
}

fn generation(object: &Value) -> i64 {
    let number = object.pointer("/metadata/generation").and_then(Value::as_i64);
    number.unwrap_or(0)
}

/// A request as it is sent; `query` is added to the path.
async fn send(hub: &Hub, request: &Request, query: &str) -> Result<Value, ClusterError> {
    let (method, kind) = match &request.act {
        Act::JsonPatch(_) => (Method::PATCH, JSON_PATCH),
        Act::MergePatch(_) => (Method::PATCH, MERGE_PATCH),
        Act::Replace(_) => (Method::PUT, JSON),
        Act::Create(_) => (Method::POST, JSON),
        Act::Delete(_) => (Method::DELETE, JSON),
    };
    let path = request.path();
    // A deletion has no fields to be managed.
    let manager = (!matches!(request.act, Act::Delete(_))).then(|| format!("fieldManager={MANAGER}"));
    let asked = [Some(query.to_owned()).filter(|query| !query.is_empty()), manager];
    let path = match asked.into_iter().flatten().collect::<Vec<_>>().join("&").as_str() {
        "" => path,
        query => format!("{path}?{query}"),
    };
    let write = Write {
        method,
        path: &path,
        kind,
        body: request.act.body(),
    };
    hub.door.write(write).await
}

/// Lets the server try a request without effect.
async fn try_out(hub: &Hub, request: &Request) -> Result<Value, ActError> {
    let tried = tried(request);
    let request = tried.as_ref().unwrap_or(request);
    match send(hub, request, "dryRun=All").await {
        Err(ClusterError::NotFound { .. }) if request.place.part == Part::Status => {
            let request = on_the_object(request);
            match send(hub, &request, "dryRun=All").await {
                Ok(answer) => Ok(answer),
                Err(error) => Err(in_words(hub, &request, error).await),
            }
        }
        // It could not be looked at before, or somebody made it meanwhile.
        Err(ClusterError::Conflict { .. }) if request.is_copy() => {
            config::made_already(hub, request, request.act.body()).await
        }
        Ok(answer) => Ok(answer),
        Err(error) => Err(in_words(hub, request, error).await),
    }
}

/// A deletion as it is tried. Where options come in the body, the API server looks at no parameter of the path: it would
/// delete (`apiserver/pkg/endpoints/handlers/delete.go`).
fn tried(request: &Request) -> Option<Request> {
    let Act::Delete(Value::Object(options)) = &request.act else {
        return None;
    };
    let mut options = options.clone();
    options.insert("dryRun".into(), Value::Array(vec!["All".into()]));
    Some(Request {
        act: Act::Delete(Value::Object(options)),
        ..request.clone()
    })
}

/// Before 0.10 Argo's Rollouts had no `status` resource: the object takes the same body.
fn on_the_object(request: &Request) -> Request {
    Request {
        place: request.place.clone().part(Part::Whole),
        ..request.clone()
    }
}

/// Sends what was prepared, each request once, and notes it in the app's ledger and as an Event.
pub(crate) async fn carry_out(hub: &Hub, prepared: &Prepared, note: &Note<'_>) -> Result<Done, ActError> {
    against::refuse(hub, prepared, note).await?;
    match before::run(hub, prepared, note).await? {
        Some((now, told)) => send_noted(hub, &now, note, told).await,
        None => send_noted(hub, prepared, note, Vec::new()).await,
    }
}

/// Notes it, sends it, and notes what came of it. Of what may still arrive it stays noted that it was begun.
async fn send_noted(hub: &Hub, prepared: &Prepared, note: &Note<'_>, told: Vec<Clean>) -> Result<Done, ActError> {
    let mut begun = notes::begin(hub, prepared, note).await;
    let written = match send_all(hub, prepared).await {
        Ok(written) => written,
        Err(error) => {
            if !matches!(error, ActError::Unclear(_) | ActError::Partly { .. }) {
                // That it was begun stays noted where this fails as well.
                drop(notes::end(hub, (prepared, note), &begun, false).await);
            }
            return Err(error);
        }
    };
    let mut unnoted = std::mem::take(&mut begun.dropped);
    match notes::end(hub, (prepared, note), &begun, true).await {
        Ok(dropped) => unnoted.extend(dropped),
        Err(error) => unnoted.push(format!("the ledger of {} is not written: {error}", note.app).into()),
    }
    if let Err(error) = notes::tell(hub, prepared, note).await {
        unnoted.push(format!("no Event is written: {error}").into());
    }
    Ok(Done { written, told, unnoted })
}

async fn send_all(hub: &Hub, prepared: &Prepared) -> Result<Written, ActError> {
    let mut done_so_far = Written {
        generation: prepared.generation,
        twin: None,
        leads_to: prepared.leads_to(),
        asked: prepared.asked(),
    };
    // Copies that were made change nothing of the workload: they count as nothing that was written of it.
    let is_own = |(request, _): &&(Request, Value)| !request.is_copy();
    let all = prepared.requests.iter().filter(is_own).count();
    for (done, (request, after)) in prepared.requests.iter().enumerate() {
        let begun = prepared.requests.iter().take(done).filter(is_own).count();
        let partly = |error: ActError| match (begun, error) {
            (0, error) => error,
            (done, why) => ActError::Partly {
                done,
                all,
                why: Clean::new(&why.to_string()),
            },
        };
        match &request.waits {
            // The job ended before.
            Waits::Nothing | Waits::Complete(_) => {}
            Waits::Seen => seen_by_controller(hub, prepared, done_so_far.generation)
                .await
                .map_err(partly)?,
        }
        let written = match write(hub, prepared, done, (request, after)).await {
            Ok(written) => written,
            Err(error) => return Err(partly(with_who(hub, &prepared.object, error).await)),
        };
        if is_workload(&prepared.object, request) {
            done_so_far.generation = generation(&written).max(done_so_far.generation);
        } else if request.place.resource.kind == Kind::Deployment.name() {
            done_so_far.twin = Some(twin_of(request, &written));
        }
    }
    Ok(done_so_far)
}

/// The twin that was written to, and its generation unless it was deleted.
fn twin_of(request: &Request, written: &Value) -> (Uid, Option<i64>) {
    let uid = |object: &Value, path: &str| Uid::parse(object.pointer(path).and_then(Value::as_str).unwrap_or_default());
    match &request.act {
        Act::Delete(options) => (uid(options, "/preconditions/uid"), None),
        _ => (uid(written, "/metadata/uid"), Some(generation(written))),
    }
}

/// Sends one request, once. Of a request that the server refused because the object's state moved on it is looked
/// whether the same would be written now: then it is sent for that state.
async fn write(
    hub: &Hub,
    prepared: &Prepared,
    done: usize,
    (request, after): (&Request, &Value),
) -> Result<Value, ActError> {
    let mut request = request.clone();
    if done > 0
        && matches!(request.act, Act::MergePatch(_))
        && let Some(renewed) = renewed(hub, prepared, done).await?
    {
        request = renewed;
    }
    for _ in 0..RENEWALS {
        match send(hub, &request, "").await {
            Err(ClusterError::NotFound { .. }) if request.place.part == Part::Status => {
                request = on_the_object(&request);
            }
            Err(ClusterError::Conflict { .. }) if request.is_copy() => {
                return config::made_already(hub, &request, after).await;
            }
            Err(error) if error.is_unclear() => return look_again(hub, &request, after, error).await,
            Err(error) => match in_words(hub, &request, error).await {
                ActError::Changed(message) => match renewed(hub, prepared, done).await {
                    Ok(Some(renewed)) if renewed != request => request = renewed,
                    _ => return Err(ActError::Changed(message)),
                },
                error => return Err(error),
            },
            Ok(answer) => return Ok(answer),
        }
    }
    Err(ActError::Changed(
        "its state changes faster than it can be written".into(),
    ))
}
