//! Names who was faster.

use super::super::hub::Hub;
use super::super::questions;
use super::ActError;
use crate::domain::{Clean, ResourceRef};
use crate::release::author;

/// Names who changed an object, where that is why it was not written.
pub(super) async fn with_who(hub: &Hub, object: &ResourceRef, error: ActError) -> ActError {
    let ActError::Changed(what) = error else { return error };
    let now = questions::object_value(&hub.door, object).await.ok();
    let author = now.as_ref().and_then(author::of_spec);
    ActError::Changed(author.map_or(what.clone(), |author| {
        Clean::new(&format!("{what}; last written by {}", author.words()))
    }))
}
