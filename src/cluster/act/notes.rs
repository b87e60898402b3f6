//! What is noted beside a write: a line in the app's ledger, and an Event on the object.

use chrono::SecondsFormat;
use http::Method;
use serde_json::{Map, Value, json};

use super::super::door::{JSON, Write};
use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::super::{clock, kinds};
use super::around::is_workload;
use super::{MANAGER, get, is_unclear};
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
    /// Who, as the cluster knows them, else as their machine does.
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
        pending: true,
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
        operation: Some(prepared.operation.clone()),
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

/// Writes a ledger anew with a change; who else writes it meanwhile loses nothing. An answer that does not come is
/// asked for again: the change is made of what is there then.
async fn rewrite<T>(
    hub: &Hub,
    (prepared, note): (&Prepared, &Note<'_>),
    mut change: impl FnMut(&mut Ledger) -> T,
) -> Result<T, ClusterError> {
    let name = ledger::name(note.app);
    let namespace = kinds::escape(&prepared.object.key.namespace);
    let collection = format!("/api/v1/namespaces/{namespace}/configmaps");
    let path = format!("{collection}/{}", kinds::escape(&name));
    let mut tries = 0;
    loop {
        tries += 1;
        let found = match get(hub, &path).await {
            Ok(found) => Some(found),
            Err(ClusterError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let mut ledger = found.as_ref().map(read_ledger).unwrap_or_default();
        let before = ledger.clone();
        let changed = change(&mut ledger);
        if ledger == before {
            return Ok(changed);
        }
        let (method, place) = match found {
            None => (Method::POST, &collection),
            Some(_) => (Method::PUT, &path),
        };
        let write = Write {
            method,
            path: &format!("{place}?fieldManager={MANAGER}"),
            kind: JSON,
            body: &written(&name, &ledger, found),
        };
        match hub.door.write(write).await {
            Ok(_) => return Ok(changed),
            Err(ClusterError::Conflict { .. }) if tries < LEDGER_TRIES => {}
            // Once: what waits for it is worth more than a note.
            Err(error) if tries == 1 && is_unclear(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The `ConfigMap` of a ledger. The resourceVersion that it was read at stays in it: the server refuses it where somebody
/// else was first.
fn written(name: &str, ledger: &Ledger, found: Option<Value>) -> Value {
    let Some(mut map) = found else {
        let metadata = json!({"name": name, "labels": {"app.kubernetes.io/managed-by": MANAGER}});
        let data = ledger.data().into_iter();
        let data: Map<String, Value> = data
            .filter_map(|(key, text)| Some((key.into(), text?.into())))
            .collect();
        return json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
    };
    let data = map.get_mut("data").map(Value::take);
    let mut data = data.filter(Value::is_object).unwrap_or_else(|| json!({}));
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
    map
}

/// What was noted before a write.
pub(super) struct Begun {
    entry: Entry,
    /// The mark on the version that is left, as it was before.
    mark: Option<Mark>,
    /// What there was no room for.
    pub(super) dropped: Vec<Clean>,
    /// Why nothing was.
    unnoted: Option<ClusterError>,
}

/// Notes what is about to be written: a line in the app's ledger, and the version that is left. So it is known whatever
/// becomes of the answer, or of this program.
pub(super) async fn begin(hub: &Hub, prepared: &Prepared, note: &Note<'_>) -> Begun {
    let mut begun = Begun {
        entry: entry(prepared, note),
        mark: None,
        dropped: Vec::new(),
        unnoted: None,
    };
    let left = prepared.leaves.as_ref().map(|(known, _)| known.as_ref());
    let noted = rewrite(hub, (prepared, note), |ledger| {
        if let Some(known) = left {
            ledger.settle_by(&known.workload, &known.images);
        }
        if !ledger.has_begun(&begun.entry) {
            begun.mark = left.and_then(|known| ledger.versions.mark_of(known));
            begun.dropped = keep(ledger, prepared, note);
            ledger.add(begun.entry.clone());
        }
    });
    begun.unnoted = noted.await.err();
    begun
}

/// Notes what came of it: it was written, or the server did not take it.
pub(super) async fn end(
    hub: &Hub,
    (prepared, note): (&Prepared, &Note<'_>),
    begun: &Begun,
    is_written: bool,
) -> Result<Vec<Clean>, ClusterError> {
    let left = prepared.leaves.as_ref().map(|(known, _)| known.as_ref());
    if !is_written {
        let taken_back = rewrite(hub, (prepared, note), |ledger| {
            if let Some(known) = left.filter(|_| ledger.has_begun(&begun.entry)) {
                ledger.versions.set_mark(known, begun.mark.as_ref());
            }
            ledger.retract(&begun.entry);
        });
        return taken_back.await.map(|()| Vec::new());
    }
    rewrite(hub, (prepared, note), |ledger| {
        if prepared.step == Step::Abort {
            // A way back that is given up says nothing any more of what runs on.
            ledger.versions.unmark(&prepared.workload(), &prepared.operation, left);
        }
        if ledger.settle(&begun.entry) || begun.unnoted.is_none() {
            return Vec::new();
        }
        let dropped = keep(ledger, prepared, note);
        ledger.add(Entry {
            pending: false,
            ..begun.entry.clone()
        });
        dropped
    })
    .await
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
    let step = prepared.step.operation().name();
    let suffix = format!("{}.{step}-{:x}", prepared.operation, prepared.at.timestamp_millis());
    let event = event(object, &api_version(prepared), &suffix, ("Release", message));
    write_event(hub, &object.key.namespace, &event).await
}

/// An Event on an object as an API's group and version has it: its reason, and what it says. `suffix` makes its name:
/// the same however often it is sent, and another for each thing that is told.
pub(super) fn event(object: &ResourceRef, api_version: &str, suffix: &str, (reason, message): (&str, String)) -> Value {
    /// A name has 253 characters at most.
    const OF_OBJECT: usize = 180;
    let namespace = object.key.namespace.as_str();
    let now = clock::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let own: String = object.key.name.chars().take(OF_OBJECT).collect();
    let name = format!("{}.{}", own.trim_end_matches(['.', '-']), suffix.to_ascii_lowercase());
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {
            "apiVersion": api_version, "kind": object.kind.name(), "name": object.key.name.as_str(),
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
    match hub.door.write(write).await {
        // An answer that was lost on the way, and the same write again.
        Err(ClusterError::Conflict { .. }) => Ok(()),
        answer => answer.map(drop),
    }
}

/// Of the object as it is written: who asks for its events names the API's group and version.
fn api_version(prepared: &Prepared) -> String {
    let mut own = prepared.requests.iter().map(|(request, _)| request);
    let own = own.find(|request| is_workload(&prepared.object, request));
    let kind = prepared.object.kind;
    let (group, version) = match own {
        Some(own) => (own.place.resource.group, own.place.resource.version.as_str()),
        None => (kind.group(), kinds::version(kind)),
    };
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}
