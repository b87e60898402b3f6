//! Why a server did not take a write: somebody was faster, or it does not take it whoever else writes.

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::{ActError, get};
use crate::domain::Kind;
use crate::release::live::Refusal;
use crate::release::request::{Act, Request};
use crate::release::twin;

/// A failed test answers 422 (one of a resourceVersion 409), and so does what admission refuses or what is not valid.
/// The object tells which it was.
pub(super) async fn in_words(hub: &Hub, request: &Request, error: ClusterError) -> ActError {
    match error {
        ClusterError::Conflict { message } => match taken(hub, request).await {
            Some(refusal) => refusal.into(),
            None => ActError::Changed(message),
        },
        ClusterError::Invalid { code: 422, message } => {
            let is_as_it_was = match get(hub, &request.place.path()).await {
                Ok(found) => request.act.is_met(&found),
                // What is not there is not what was tested.
                Err(ClusterError::NotFound { .. }) => matches!(request.act, Act::Create(_)),
                // Nobody is known to have changed it: the server's words say most.
                Err(_) => true,
            };
            if is_as_it_was {
                ActError::Cluster(ClusterError::Invalid { code: 422, message })
            } else {
                ActError::Changed(message)
            }
        }
        error => ActError::Cluster(error),
    }
}

/// Whether a Deployment that is no twin has the name of the twin that was to be made.
async fn taken(hub: &Hub, request: &Request) -> Option<Refusal> {
    let Act::Create(made) = &request.act else { return None };
    if request.place.resource.kind != Kind::Deployment.name() {
        return None;
    }
    let found = get(hub, &request.place.path()).await.ok()?;
    (!twin::is_of_same(made, &found)).then(|| Refusal::TwinTaken(request.place.name.clone()))
}
