//! What is noted beside a write: a line in the app's ledger, and an Event on the object.

use chrono::SecondsFormat;
use http::Method;
use serde_json::{Map, Value, json};

use super::super::door::{JSON, Write};
use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::super::{clock, kinds};
use super::{MANAGER, get};
use crate::domain::{AppKey, Clean, ResourceRef};
use crate::release::against::Against;
use crate::release::config::record::{Config, Running};
use crate::release::good;
use crate::release::known::{Known, Mark, are_same_images};
use crate::release::ledger::{self, Entry, Ledger};
use crate::release::step::Step;
use crate::release::{Prepared, Why};

/// How often a ledger is written anew that somebody else wrote meanwhile.
const LEDGER_TRIES: u32 = 5;

/// What is noted beside a write.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    pub app: &'a str,
    /// Who, as the cluster knows them.
    pub by: &'a str,
    pub why: &'a Why,
}

fn entry(prepared: &Prepared, note: &Note<'_>) -> Entry {
    let (from, to) = prepared.images();
    let text = |image: Option<&Clean>| image.map(ToString::to_string);
    Entry {
        id: prepared.operation.clone(),
        op: prepared.step.operation(),
        at: clock::now(),
        by: note.by.to_owned(),
        workload: prepared.workload(),
        from: text(from),
        to: text(to),
        reason: note.why.reason.as_ref().map(ToString::to_string),
        overridden: note.why.overridden.as_ref().map(ToString::to_string),
        taken_over: note.why.taken_over.as_ref().map(ToString::to_string),
        config: prepared.config.names.clone(),
        more: Map::new(),
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
    Ledger::of(map.get("data").unwrap_or(&Value::Null))
}

/// Who says that the version which is left is bad, where that is why it is left.
fn mark(prepared: &Prepared, note: &Note<'_>) -> Option<Mark> {
    let why = match prepared.step {
        Step::Rollback(_) if prepared.undoes => "it was rolled back".to_owned(),
        Step::Abort if !keeps_images(prepared) => format!("its gray release failed: {}", note.why.fails.as_ref()?),
        _ => return None,
    };
    let said = note.why.reason.as_ref().map(|reason| format!(" ({reason})"));
    let left = prepared.leaves.as_ref();
    Some(Mark {
        by: note.by.to_owned(),
        at: clock::now(),
        reason: why + &said.unwrap_or_default(),
        images: left
            .map(|(known, _)| known.left_for(&prepared.becomes))
            .unwrap_or_default(),
    })
}

/// Whether what is gone back to has the images of what is left: a mark on those would be one on what then runs.
fn keeps_images(prepared: &Prepared) -> bool {
    let left = prepared.leaves.as_ref();
    left.is_some_and(|(left, _)| are_same_images(&left.images, &prepared.becomes))
}

/// Writes down what the version that begins runs with, and the one that is left, if it was good or is bad; says what there is no
/// room for any more.
fn keep(ledger: &mut Ledger, prepared: &Prepared, note: &Note<'_>) -> Vec<Clean> {
    let mut told = keep_version(ledger, prepared, note);
    let app = note.app;
    let mut without = Vec::new();
    if let Some((known, _)) = &prepared.leaves
        && let Some(config) = &known.config
        && ledger.config.of(&known.workload, &known.template).is_none()
    {
        // It may not be good, and be gone back to all the same.
        let left = Running::of(&known.workload, &known.template, config.clone());
        without.extend(ledger.config.run(left));
    }
    if let Some(running) = prepared.config.running.clone() {
        without.extend(ledger.config.run(running));
    }
    told.extend(without.iter().map(|workload| {
        format!("the ledger of {app} has no room: what versions of {workload} ran with is not all kept any more").into()
    }));
    let Ledger { versions, config, .. } = ledger;
    let configs: Vec<&Config> = versions.all().filter_map(|known| known.config.as_ref()).collect();
    let dropped = config.keep(prepared.config.contents.clone(), &configs);
    let is_its = |known: &&Known| {
        let held = known.config.iter().flat_map(|config| &config.held);
        held.filter_map(|held| held.hash.as_ref())
            .any(|hash| dropped.contains(hash))
    };
    told.extend(versions.all().filter(is_its).map(|known| {
        let (name, last) = (known.name(), known.last.format("%Y-%m-%d"));
        format!("the ledger of {app} has no room: what was in the ConfigMaps of {name} of {last} is kept no longer")
            .into()
    }));
    told
}

/// Writes down the version that is left, if it was good or is bad; says which there is no room for any more.
fn keep_version(ledger: &mut Ledger, prepared: &Prepared, note: &Note<'_>) -> Vec<Clean> {
    let Some((known, since)) = &prepared.leaves else {
        return Vec::new();
    };
    let changed = ledger.changed(&known.workload);
    let good = good::is_good(*since, changed, prepared.at);
    let bad = mark(prepared, note);
    if !good && bad.is_none() {
        return Vec::new();
    }
    let app = note.app;
    // What it began to run with counts more than what is there when it is left.
    let began = ledger.config.of(&known.workload, &known.template).cloned();
    let dropped = ledger.versions.keep(Known {
        good,
        bad,
        config: began.or_else(|| known.config.clone()),
        ..known.as_ref().clone()
    });
    let told = |known: &Known| {
        let (name, last) = (known.name(), known.last.format("%Y-%m-%d"));
        format!("the ledger of {app} has no room: {name} of {last} is kept no longer").into()
    };
    dropped.iter().map(told).collect()
}

/// Adds a line to the app's ledger, and the version that is left; who else writes it meanwhile loses nothing. Says which
/// versions it has no room for any more.
pub(super) async fn remember(hub: &Hub, prepared: &Prepared, note: &Note<'_>) -> Result<Vec<Clean>, ClusterError> {
    let name = ledger::name(note.app);
    let namespace = kinds::escape(&prepared.object.key.namespace);
    let collection = format!("/api/v1/namespaces/{namespace}/configmaps");
    let path = format!("{collection}/{}", kinds::escape(&name));
    let entry = entry(prepared, note);
    let mut outcome = Ok(Vec::new());
    for _ in 0..LEDGER_TRIES {
        let found = match get(hub, &path).await {
            Ok(found) => Some(found),
            Err(ClusterError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let mut ledger = found.as_ref().map(read_ledger).unwrap_or_default();
        let dropped = keep(&mut ledger, prepared, note);
        ledger.add(entry.clone());
        let (method, place, body) = match found {
            None => {
                let metadata = json!({"name": name, "labels": {"app.kubernetes.io/managed-by": MANAGER}});
                let data = ledger.data().into_iter();
                let data: Map<String, Value> = data
                    .filter_map(|(key, text)| Some((key.into(), text?.into())))
                    .collect();
                let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
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
                    for (key, text) in ledger.data() {
                        match text {
                            Some(text) => drop(data.insert(key.into(), text.into())),
                            None => drop(data.remove(key)),
                        }
                    }
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
        outcome = hub.door.write(write).await.map(|_| dropped);
        if !matches!(outcome, Err(ClusterError::Conflict { .. })) {
            return outcome;
        }
    }
    outcome
}

/// Writes an Event on the object.
pub(super) async fn tell(hub: &Hub, prepared: &Prepared, note: &Note<'_>) -> Result<(), ClusterError> {
    let object = &prepared.object;
    let entry = entry(prepared, note);
    let to = entry.to.map_or_else(String::new, |to| format!(": {to}"));
    let against: Vec<&str> = prepared.against.iter().map(Against::name).collect();
    let overridden = entry
        .overridden
        .map(|why| format!("overrides {}: {why}", against.join(" and ")));
    let taken_over = entry.taken_over.map(|from| format!("takes it over from {from}"));
    let said: Vec<String> = entry.reason.into_iter().chain(overridden).chain(taken_over).collect();
    let said = if said.is_empty() {
        String::new()
    } else {
        format!(" ({})", said.join("; "))
    };
    let message = format!("{} by {}{to}{said}", prepared.step.title(), note.by);
    let event = event(object, &prepared.operation, ("Release", message));
    write_event(hub, &object.key.namespace, &event).await
}

/// An Event on an object: its reason, and what it says. `suffix` makes its name.
pub(super) fn event(object: &ResourceRef, suffix: &str, (reason, message): (&str, String)) -> Value {
    let namespace = object.key.namespace.as_str();
    let now = clock::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let suffix = suffix.to_ascii_lowercase();
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"generateName": format!("{}.{suffix}.", object.key.name), "namespace": namespace},
        "involvedObject": {
            "apiVersion": "apps/v1", "kind": object.kind.name(), "name": object.key.name.as_str(),
            "namespace": namespace, "uid": object.uid.to_string(),
        },
        "reason": reason, "type": "Normal", "count": 1, "firstTimestamp": now, "lastTimestamp": now,
        "message": message,
        "source": {"component": MANAGER}, "reportingComponent": MANAGER,
    })
}

/// Writes an Event.
pub(super) async fn write_event(hub: &Hub, namespace: &str, event: &Value) -> Result<(), ClusterError> {
    let write = Write {
        method: Method::POST,
        path: &format!("/api/v1/namespaces/{}/events", kinds::escape(namespace)),
        kind: JSON,
        body: event,
    };
    hub.door.write(write).await.map(drop)
}
