//! Writes to a Deployment's release: prepared from the object as it is, tried by the server without effect, shown,
//! then sent exactly once; an answer that does not come is read back.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::door::{JSON, Write};
use super::error::ClusterError;
use super::hub::Hub;
use super::{clock, kinds};
use crate::domain::ulid::ulid;
use crate::domain::{AppKey, Clean, Driver, Kind, ResourceRef};
use crate::release::ledger::{self, Entry, Ledger};
use crate::release::live::{Live, Refusal};
use crate::release::step::{Around, Step, differences};
use crate::release::{Done, Prepared, warning};

const JSON_PATCH: &str = "application/json-patch+json";
/// Who wrote, in `managedFields`.
const MANAGER: &str = "pilothouse";
/// How often, and how long apart, it is looked whether a write arrived whose answer did not.
const LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// How long a controller is given to see the last change before a step is refused for it.
const SETTLE: Duration = Duration::from_millis(300);
/// How often a ledger is written anew that somebody else wrote meanwhile.
const LEDGER_TRIES: u32 = 5;

/// Why a write was not made, or whether it was is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("{0}")]
    Cluster(#[from] ClusterError),
    /// A test of the patch failed.
    #[error("somebody changed it since it was looked at: {0}")]
    Changed(Clean),
    /// No answer came, and the object does not show it.
    #[error("no answer came ({0}), and the object does not show the change; it may still arrive")]
    Unclear(ClusterError),
    #[error("a {0} cannot be released like this yet")]
    Unsupported(Kind),
}

impl ActError {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Refused(_) => "look at its phase with `pilothouse release status`",
            Self::Cluster(error) => error.hint(),
            Self::Changed(_) => "look again what is under way, and repeat it if it is still wanted",
            Self::Unclear(_) => "look before you repeat it: a repeat does no harm, its tests would fail",
            Self::Unsupported(_) => "use the tool that releases it",
        }
    }
}

fn path(object: &ResourceRef) -> String {
    let collection = kinds::collection(object.kind, kinds::version(object.kind), &object.key.namespace);
    format!("{collection}/{}", kinds::escape(&object.key.name))
}

async fn get(hub: &Hub, path: &str) -> Result<Value, ClusterError> {
    let (bytes, _) = hub.door.read(path, JSON).await?;
    serde_json::from_slice(&bytes).map_err(|_| ClusterError::Unreadable)
}

async fn list(hub: &Hub, kind: Kind, namespace: &str) -> Result<Vec<Value>, ClusterError> {
    let path = kinds::collection(kind, kinds::version(kind), namespace);
    let mut items = get(hub, &path).await?;
    match items.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => Ok(items),
        _ => Ok(Vec::new()),
    }
}

/// Looks at the object, makes the patch and lets the server try it; looks again where it changed in between.
pub(crate) async fn prepare(
    hub: &Hub,
    object: &ResourceRef,
    step: &Step,
    driver: Option<Driver>,
) -> Result<Prepared, ActError> {
    hub.door.may_write()?;
    let mut prepared = look_and_try(hub, object, step, driver).await;
    for _ in 1..LOOKS {
        let passes = matches!(prepared, Err(ActError::Changed(_) | ActError::Refused(Refusal::Unseen)));
        if !passes {
            break;
        }
        tokio::time::sleep(SETTLE).await;
        prepared = look_and_try(hub, object, step, driver).await;
    }
    prepared
}

async fn look_and_try(
    hub: &Hub,
    object: &ResourceRef,
    step: &Step,
    driver: Option<Driver>,
) -> Result<Prepared, ActError> {
    if object.kind != Kind::Deployment {
        return Err(ActError::Unsupported(object.kind));
    }
    let place = path(object);
    let deployment = get(hub, &place).await?;
    if deployment.pointer("/metadata/uid").and_then(Value::as_str) != Some(object.uid.to_string().as_str()) {
        return Err(ActError::Changed("another object of this name took its place".into()));
    }
    let sets = list(hub, Kind::ReplicaSet, &object.key.namespace).await?;
    let autoscalers = list(hub, Kind::HorizontalPodAutoscaler, &object.key.namespace).await;
    let live = Live {
        deployment: &deployment,
        sets: &sets,
    };
    let running = live.operation().map(str::to_owned);
    let operation = running.unwrap_or_else(|| ulid(clock::now(), hub.random()));
    let around = Around {
        operation: &operation,
        driver,
        now: clock::now(),
    };
    let patch = step.patch(live, around)?;
    let tried = Write {
        method: Method::PATCH,
        path: &format!("{place}?dryRun=All&fieldManager={MANAGER}"),
        kind: JSON_PATCH,
        body: &patch,
    };
    let after = hub.door.write(tried).await.map_err(in_words)?;
    Ok(Prepared {
        object: object.clone(),
        step: step.clone(),
        generation: deployment
            .pointer("/metadata/generation")
            .and_then(Value::as_i64)
            .unwrap_or(0),
        differences: differences(&deployment, &after),
        warnings: warning::of(&deployment, &autoscalers.unwrap_or_default()),
        desired: live.desired(),
        operation,
        patch,
        after,
    })
}

/// A failed test answers 422, one of a resourceVersion 409.
fn in_words(error: ClusterError) -> ActError {
    match error {
        ClusterError::Conflict { message } | ClusterError::Invalid { code: 422, message } => ActError::Changed(message),
        error => ActError::Cluster(error),
    }
}

/// Sends what was prepared, once, and notes it in the app's ledger and as an Event.
pub(crate) async fn carry_out(hub: &Hub, prepared: &Prepared, note: &Note<'_>) -> Result<Done, ActError> {
    let path = path(&prepared.object);
    let write = Write {
        method: Method::PATCH,
        path: &format!("{path}?fieldManager={MANAGER}"),
        kind: JSON_PATCH,
        body: &prepared.patch,
    };
    let written = match hub.door.write(write).await {
        Ok(written) => written,
        Err(error) if is_unclear(&error) => look_again(hub, &path, prepared, error).await?,
        Err(error) => return Err(in_words(error)),
    };
    let generation = written
        .pointer("/metadata/generation")
        .and_then(Value::as_i64)
        .unwrap_or(0);
    let mut unnoted = Vec::new();
    if let Err(error) = remember(hub, prepared, note).await {
        unnoted.push(format!("the ledger of {} is not written: {error}", note.app).into());
    }
    if let Err(error) = tell(hub, prepared, note).await {
        unnoted.push(format!("no Event is written: {error}").into());
    }
    Ok(Done { generation, unnoted })
}

/// Whether the server may have done it although it did not say so.
const fn is_unclear(error: &ClusterError) -> bool {
    matches!(
        error,
        ClusterError::Transport { .. } | ClusterError::Server { .. } | ClusterError::Unreadable
    )
}

async fn look_again(hub: &Hub, path: &str, prepared: &Prepared, error: ClusterError) -> Result<Value, ActError> {
    for _ in 0..LOOKS {
        if let Ok(found) = get(hub, path).await
            && is_done(&found, &prepared.after)
        {
            return Ok(found);
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(ActError::Unclear(error))
}

/// The object is as the dry run said that it would be.
fn is_done(found: &Value, after: &Value) -> bool {
    let same = |path| found.pointer(path) == after.pointer(path);
    same("/metadata/uid") && same("/spec") && same("/metadata/labels")
}

/// What is noted beside a write.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    pub app: &'a str,
    /// Who, as the cluster knows them.
    pub by: &'a str,
    pub reason: Option<&'a str>,
}

fn entry(prepared: &Prepared, note: &Note<'_>) -> Entry {
    let (from, to) = prepared.images();
    let text = |image: Option<&Clean>| image.map(ToString::to_string);
    Entry {
        id: prepared.operation.clone(),
        op: prepared.step.operation(),
        at: clock::now(),
        by: note.by.to_owned(),
        workload: format!("{} {}", prepared.object.kind, prepared.object.key.name),
        from: text(from),
        to: text(to),
        reason: note.reason.map(str::to_owned),
        config: Vec::new(),
        more: serde_json::Map::new(),
    }
}

/// The ledger of an app; an empty one where none was ever written.
pub(crate) async fn ledger(hub: &Hub, app: &AppKey) -> Result<Ledger, ClusterError> {
    let namespace = kinds::escape(&app.namespace);
    let name = ledger::name(&app.name);
    let path = format!("/api/v1/namespaces/{namespace}/configmaps/{}", kinds::escape(&name));
    match get(hub, &path).await {
        Ok(map) => Ok(read_ledger(&map)),
        Err(ClusterError::NotFound { .. }) => Ok(Ledger::default()),
        Err(error) => Err(error),
    }
}

fn read_ledger(map: &Value) -> Ledger {
    let text = map.pointer("/data").and_then(|data| data.get(ledger::KEY)?.as_str());
    Ledger::parse(text.unwrap_or_default())
}

/// Adds a line to the app's ledger; who else writes it meanwhile loses nothing.
async fn remember(hub: &Hub, prepared: &Prepared, note: &Note<'_>) -> Result<(), ClusterError> {
    let name = ledger::name(note.app);
    let namespace = kinds::escape(&prepared.object.key.namespace);
    let collection = format!("/api/v1/namespaces/{namespace}/configmaps");
    let path = format!("{collection}/{}", kinds::escape(&name));
    let entry = entry(prepared, note);
    let mut outcome = Ok(());
    for _ in 0..LEDGER_TRIES {
        let found = match get(hub, &path).await {
            Ok(found) => Some(found),
            Err(ClusterError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let mut ledger = found.as_ref().map(read_ledger).unwrap_or_default();
        ledger.add(entry.clone());
        let (method, place, body) = match found {
            None => {
                let metadata = json!({"name": name, "labels": {"app.kubernetes.io/managed-by": MANAGER}});
                let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {ledger::KEY: ledger.text()}});
                (Method::POST, &collection, body)
            }
            // The resourceVersion it was read at is in it: the server refuses it where somebody else was first.
            Some(mut map) => {
                let mut data = map
                    .get_mut("data")
                    .map(Value::take)
                    .filter(Value::is_object)
                    .unwrap_or_else(|| json!({}));
                if let Some(data) = data.as_object_mut() {
                    data.insert(ledger::KEY.into(), ledger.text().into());
                }
                if let Some(map) = map.as_object_mut() {
                    map.insert("data".into(), data);
                }
                (Method::PUT, &path, map)
            }
        };
        let write = Write {
            method,
            path: &format!("{place}?fieldManager={MANAGER}"),
            kind: JSON,
            body: &body,
        };
        outcome = hub.door.write(write).await.map(drop);
        if !matches!(outcome, Err(ClusterError::Conflict { .. })) {
            return outcome;
        }
    }
    outcome
}

/// Writes an Event on the object.
async fn tell(hub: &Hub, prepared: &Prepared, note: &Note<'_>) -> Result<(), ClusterError> {
    let object = &prepared.object;
    let namespace = object.key.namespace.as_str();
    let now = clock::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let suffix = prepared.operation.to_ascii_lowercase();
    let entry = entry(prepared, note);
    let to = entry.to.map_or_else(String::new, |to| format!(": {to}"));
    let body = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"generateName": format!("{}.{suffix}.", object.key.name), "namespace": namespace},
        "involvedObject": {
            "apiVersion": "apps/v1", "kind": object.kind.name(), "name": object.key.name.as_str(),
            "namespace": namespace, "uid": object.uid.to_string(),
        },
        "reason": "Release", "type": "Normal", "count": 1, "firstTimestamp": now, "lastTimestamp": now,
        "message": format!("{} by {}{to}", prepared.step.title(), note.by),
        "source": {"component": MANAGER}, "reportingComponent": MANAGER,
    });
    let write = Write {
        method: Method::POST,
        path: &format!("/api/v1/namespaces/{}/events", kinds::escape(namespace)),
        kind: JSON,
        body: &body,
    };
    hub.door.write(write).await.map(drop)
}
