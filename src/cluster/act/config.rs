//! Reads the `ConfigMap`s and Secrets that a version uses, and copies that were made already. What may not be read is left out, and keeps nothing from
//! being done.

use futures::{StreamExt, stream};
use serde_json::Value;

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::super::{kinds, questions};
use super::{ActError, get};
use crate::domain::Verb;
use crate::domain::access::Right;
use crate::release::config::{Found, Holder, Today};
use crate::release::live::Refusal;
use crate::release::request::Request;

/// So many are read at once.
const AT_ONCE: usize = 8;

/// Each as it is today.
pub(super) async fn today(hub: &Hub, namespace: &str, wanted: Vec<(Holder, String)>) -> Today {
    let needs_secrets = wanted.iter().any(|(holder, _)| *holder == Holder::Secret);
    // Who may not is not noted by the server as one who tried.
    let hidden = if needs_secrets {
        hidden(hub, namespace).await
    } else {
        None
    };
    let read = wanted.into_iter().map(|(holder, name)| {
        let hidden = hidden.clone().filter(|_| holder == Holder::Secret);
        async move {
            let found = match hidden {
                Some(why) => Found::Unread(why),
                None => read(hub, namespace, (holder, &name)).await,
            };
            ((holder, name), found)
        }
    });
    Today::new(stream::iter(read).buffered(AT_ONCE).collect::<Vec<_>>().await)
}

async fn read(hub: &Hub, namespace: &str, (holder, name): (Holder, &str)) -> Found {
    let path = format!(
        "/api/v1/namespaces/{}/{}/{}",
        kinds::escape(namespace),
        holder.plural(),
        kinds::escape(name)
    );
    match get(hub, &path).await {
        Ok(object) => Found::There(object),
        Err(ClusterError::NotFound { .. }) => Found::Absent,
        Err(error) => Found::Unread(error.to_string()),
    }
}

/// Why Secrets are not read.
async fn hidden(hub: &Hub, namespace: &str) -> Option<String> {
    let right = Right {
        verb: Verb::Get,
        group: "".into(),
        resource: "secrets".into(),
        namespace: namespace.into(),
    };
    match questions::may(&hub.door, &right).await {
        Ok(true) => None,
        Ok(false) => Some(format!("you may not {right}")),
        Err(error) => Some(error.to_string()),
    }
}

/// The copy that somebody else made meanwhile.
pub(super) async fn made_already(hub: &Hub, request: &Request, after: &Value) -> Result<Value, ActError> {
    let found = get(hub, &request.place.path()).await?;
    if request.is_done(Some(&found), after) {
        return Ok(found);
    }
    Err(Refusal::CopyTaken(request.place.name.clone()).into())
}
