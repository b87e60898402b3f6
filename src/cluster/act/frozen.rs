//! Whether a namespace is frozen: asked before a step is shown, and again before it is written.

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::super::{clock, kinds};
use super::{ActError, get};
use crate::domain::ResourceRef;
use crate::release::freeze::{self, Freeze};
use crate::release::live::Refusal;
use crate::release::step::Step;
use crate::release::{Prepared, Why};

/// What freezes a namespace now.
pub(super) struct Found {
    pub(super) freeze: Option<Freeze>,
    /// The namespace may not be read.
    pub(super) is_hidden: bool,
}

/// What freezes the namespace of an object now, as far as this step cares. The annotation goes before the configuration.
pub(super) async fn find(hub: &Hub, object: &ResourceRef, step: &Step) -> Result<Found, ClusterError> {
    let mut found = Found {
        freeze: None,
        is_hidden: false,
    };
    if !freeze::stops(step.operation()) {
        return Ok(found);
    }
    let name = object.key.namespace.as_str();
    let now = clock::now();
    match get(hub, &format!("/api/v1/namespaces/{}", kinds::escape(name))).await {
        Ok(namespace) => found.freeze = freeze::of_namespace(&namespace, now),
        Err(ClusterError::Forbidden { .. }) => found.is_hidden = true,
        Err(error) => return Err(error),
    }
    found.freeze = found.freeze.or_else(|| freeze::of_windows(&hub.freezes, name, now));
    Ok(found)
}

/// Refuses a write where it is frozen, unless what was shown of that was overridden.
pub(super) async fn refuse(hub: &Hub, prepared: &Prepared, why: &Why) -> Result<(), ActError> {
    let found = find(hub, &prepared.object, &prepared.step).await?;
    let Some(freeze) = found.freeze else { return Ok(()) };
    let is_known = prepared.frozen.as_ref().is_some_and(|before| freeze.is_as(before));
    if is_known && why.overridden.is_some() {
        return Ok(());
    }
    Err(Refusal::Frozen(freeze.words()).into())
}
