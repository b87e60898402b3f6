//! Claims an app by its Lease, and leaves it. Each write is conditional; none that fails keeps anybody from anything.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use serde_json::Value;
use tokio::time::Instant;

use super::super::door::{JSON, Write};
use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::super::{clock, kinds};
use super::{MANAGER, get};
use crate::domain::{AppKey, Clean};
use crate::release::claim::{Claim, Holder, held, holder, left, name};

/// How often it is tried against others who claim it at the same time.
const TRIES: u32 = 3;

/// The Leases of others as they were seen last, and since when they are as they are.
#[derive(Debug, Default)]
pub(crate) struct Sightings(Mutex<HashMap<AppKey, (Value, Instant)>>);

impl Sightings {
    /// For how long a Lease was seen not to change.
    fn unchanged(&self, app: &AppKey, lease: &Value) -> Duration {
        let spec = lease.get("spec").unwrap_or(&Value::Null);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get(app) {
            Some((before, since)) if before == spec => since.elapsed(),
            _ => {
                seen.insert(app.clone(), (spec.clone(), Instant::now()));
                Duration::ZERO
            }
        }
    }
}

/// Claims an app for `me`, or says who has it; `takes_over`: from whoever that is.
pub(crate) async fn claim(hub: &Hub, app: &AppKey, me: &str, takes_over: bool) -> Claim {
    let mut last = ClusterError::Unreadable;
    for _ in 0..TRIES {
        match try_to(hub, app, me, takes_over).await {
            Ok(claim) => return claim,
            Err(error) => last = error,
        }
        if !matches!(last, ClusterError::Conflict { .. }) {
            break;
        }
    }
    Claim::Unknown(Clean::new(&last.to_string()))
}

async fn try_to(hub: &Hub, app: &AppKey, me: &str, takes_over: bool) -> Result<Claim, ClusterError> {
    let (collection, path) = places(app);
    let before = match get(hub, &path).await {
        Ok(lease) => Some(lease),
        Err(ClusterError::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    let other = before
        .as_ref()
        .and_then(|lease| holder(lease, me, hub.claims.unchanged(app, lease)));
    if let Some(other) = other.clone().filter(|_| !takes_over) {
        return Ok(Claim::Theirs(other));
    }
    let body = held(&app.name, me, clock::now(), before.as_ref());
    let (method, place) = match before {
        None => (Method::POST, &collection),
        // The resourceVersion it was read at is in it: who was first has it.
        Some(_) => (Method::PUT, &path),
    };
    write(hub, method, place, &body).await?;
    Ok(other.map_or(Claim::Ours, |other| Claim::TakenOver(other.by)))
}

/// Leaves an app that `me` claimed; one that somebody took over stays theirs.
pub(crate) async fn let_go(hub: &Hub, app: &AppKey, me: &str) -> Result<(), ClusterError> {
    let (_, path) = places(app);
    let lease = get(hub, &path).await?;
    match left(&lease, me, clock::now()) {
        Some(body) => write(hub, Method::PUT, &path, &body).await,
        None => Ok(()),
    }
}

/// Who else has an app, as its Lease says; whether they still are there one look does not tell.
pub(crate) async fn holder_of(hub: &Hub, app: &AppKey, me: &str) -> Result<Option<Holder>, ClusterError> {
    let (_, path) = places(app);
    match get(hub, &path).await {
        Ok(lease) => Ok(holder(&lease, me, hub.claims.unchanged(app, &lease))),
        Err(ClusterError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn places(app: &AppKey) -> (String, String) {
    let namespace = kinds::escape(&app.namespace);
    let collection = format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases");
    let path = format!("{collection}/{}", kinds::escape(&name(&app.name)));
    (collection, path)
}

async fn write(hub: &Hub, method: Method, place: &str, body: &Value) -> Result<(), ClusterError> {
    let write = Write {
        method,
        path: &format!("{place}?fieldManager={MANAGER}"),
        kind: JSON,
        body,
    };
    hub.door.write(write).await.map(drop)
}
