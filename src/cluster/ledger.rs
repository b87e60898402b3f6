//! The `ConfigMap` of an app's ledger: read, and written so that who else writes it meanwhile loses nothing.

use http::Method;
use serde_json::{Map, Value, json};

use super::door::{JSON, MANAGER, Write};
use super::error::ClusterError;
use super::hub::Hub;
use super::{kinds, questions};
use crate::domain::AppKey;
use crate::release::ledger;

/// How often a ledger is written anew that somebody else wrote meanwhile.
const TRIES: u32 = 5;

/// What is written of a ledger's data: by key, and what is to be taken away.
pub(super) type Texts = Vec<(&'static str, Option<String>)>;

fn collection(namespace: &str) -> String {
    format!("/api/v1/namespaces/{}/configmaps", kinds::escape(namespace))
}

fn path(app: &AppKey) -> String {
    let name = ledger::name(&app.name);
    format!("{}/{}", collection(&app.namespace), kinds::escape(&name))
}

/// The `ConfigMap`; `None` where none was ever written.
async fn found(hub: &Hub, app: &AppKey) -> Result<Option<Value>, ClusterError> {
    match questions::read(&hub.door, &path(app)).await {
        Ok(found) => Ok(Some(found)),
        Err(ClusterError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The data of an app's ledger; null where none was ever written.
pub(super) async fn read(hub: &Hub, app: &AppKey) -> Result<Value, ClusterError> {
    let mut map = found(hub, app).await?.unwrap_or_default();
    Ok(map.get_mut("data").map(Value::take).unwrap_or_default())
}

/// Changes the data of an app's ledger (null where there is none yet); `None` writes nothing. Who else writes it
/// meanwhile loses nothing. An answer that does not come is asked for again: the change is made of what is there then.
pub(super) async fn update<T>(
    hub: &Hub,
    app: &AppKey,
    mut change: impl FnMut(&Value) -> (Option<Texts>, T),
) -> Result<T, ClusterError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let found = found(hub, app).await?;
        let data = found.as_ref().and_then(|map| map.get("data")).unwrap_or(&Value::Null);
        let (texts, told) = change(data);
        let Some(texts) = texts else { return Ok(told) };
        let (method, place) = match found {
            None => (Method::POST, collection(&app.namespace)),
            Some(_) => (Method::PUT, path(app)),
        };
        let write = Write {
            method,
            path: &format!("{place}?fieldManager={MANAGER}"),
            kind: JSON,
            body: &written(&ledger::name(&app.name), texts, found),
        };
        match hub.door.write(write).await {
            Err(ClusterError::Conflict { .. }) if tries < TRIES => {}
            // Once: what waits for it is worth more than a note.
            Err(error) if tries == 1 && error.is_unclear() => {}
            answer => return answer.map(|_| told),
        }
    }
}

/// The `ConfigMap` with some keys written anew. The resourceVersion that it was read at stays in it: the server refuses
/// it where somebody else was first.
fn written(name: &str, texts: Texts, found: Option<Value>) -> Value {
    let mut map = found.unwrap_or_else(|| {
        let metadata = json!({"name": name, "labels": {"app.kubernetes.io/managed-by": MANAGER}});
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    });
    let mut data: Map<String, Value> = match map.get_mut("data").map(Value::take) {
        Some(Value::Object(data)) => data,
        _ => Map::new(),
    };
    for (key, text) in texts {
        match text {
            Some(text) => drop(data.insert(key.into(), text.into())),
            None => drop(data.remove(key)),
        }
    }
    if let Some(map) = map.as_object_mut() {
        map.insert("data".into(), data.into());
    }
    map
}
