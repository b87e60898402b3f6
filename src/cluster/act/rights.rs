//! What a step's requests have to be allowed: asked before the first of them is sent, even to be tried.

use super::super::hub::Hub;
use super::super::questions;
use super::ActError;
use crate::domain::Verb;
use crate::domain::access::Right;
use crate::release::request::{Act, Part, Request};

/// Refuses requests of which the server says that this user may not make them. Where it does not say, it decides
/// when they are sent.
pub(super) async fn allowed(hub: &Hub, requests: &[Request]) -> Result<(), ActError> {
    let mut asked = Vec::new();
    for request in requests {
        let right = right(request);
        if asked.contains(&right) {
            continue;
        }
        if questions::may(&hub.door, &right).await == Ok(false) {
            return Err(ActError::Forbidden(right));
        }
        asked.push(right);
    }
    Ok(())
}

fn right(request: &Request) -> Right {
    let place = &request.place;
    let part = match place.part {
        Part::Whole => "",
        Part::Status => "/status",
        Part::Scale => "/scale",
    };
    Right {
        verb: match request.act {
            Act::JsonPatch(_) | Act::MergePatch(_) => Verb::Patch,
            Act::Replace(_) => Verb::Update,
            Act::Create(_) => Verb::Create,
            Act::Delete(_) => Verb::Delete,
        },
        group: place.resource.group.into(),
        resource: format!("{}{part}", place.resource.plural).into(),
        namespace: place.namespace.as_str().into(),
    }
}
