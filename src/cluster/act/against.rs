//! What speaks against a step: asked before it is shown, and again before it is written.

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::super::{clock, kinds};
use super::{ActError, Note, get, ledger};
use crate::domain::{AppKey, ResourceRef};
use crate::release::Prepared;
use crate::release::against::{self, Against};
use crate::release::freeze;
use crate::release::live::Refusal;
use crate::release::step::Step;

/// What freezes a namespace now.
pub(super) struct Frozen {
    pub(super) against: Option<Against>,
    /// The namespace may not be read.
    pub(super) is_hidden: bool,
}

/// What freezes the namespace of an object now, as far as this step cares. The annotation goes before the configuration.
pub(super) async fn frozen(hub: &Hub, object: &ResourceRef, step: &Step) -> Result<Frozen, ClusterError> {
    let mut found = Frozen {
        against: None,
        is_hidden: false,
    };
    if !freeze::stops(step.operation()) {
        return Ok(found);
    }
    let name = object.key.namespace.as_str();
    let now = clock::now();
    let mut freeze = None;
    match get(hub, &format!("/api/v1/namespaces/{}", kinds::escape(name))).await {
        Ok(namespace) => freeze = freeze::of_namespace(&namespace, now),
        Err(ClusterError::Forbidden { .. }) => found.is_hidden = true,
        Err(error) => return Err(error),
    }
    let freeze = freeze.or_else(|| freeze::of_windows(&hub.freezes, name, now));
    found.against = freeze.map(Against::Frozen);
    Ok(found)
}

/// Who says now that the version is bad which is released. Where that cannot be read it counts what was read before, and
/// so does what other clusters said; that one version came before another has not changed while the object has not.
async fn of_version(hub: &Hub, prepared: &Prepared, note: &Note<'_>) -> Vec<Against> {
    let before = prepared.against.iter().filter(|one| !matches!(one, Against::Frozen(_)));
    if prepared.brings.is_empty() {
        return before.cloned().collect();
    }
    let app = AppKey {
        namespace: prepared.object.key.namespace.clone(),
        name: note.app.into(),
    };
    let Ok(ledger) = ledger(hub, &app).await else {
        return before.cloned().collect();
    };
    let bad = against::marked(&ledger.versions, &prepared.workload(), &prepared.brings);
    let stays = |one: &&Against| match one {
        Against::Bad { elsewhere, .. } => elsewhere.is_some(),
        Against::Bytes { .. } | Against::Older { .. } | Against::Frozen(_) => true,
    };
    bad.into_iter().chain(before.filter(stays).cloned()).collect()
}

/// Refuses a write that something speaks against, unless what was shown of that was overridden.
pub(super) async fn refuse(hub: &Hub, prepared: &Prepared, note: &Note<'_>) -> Result<(), ActError> {
    let frozen = frozen(hub, &prepared.object, &prepared.step).await?;
    let mut now: Vec<Against> = frozen.against.into_iter().collect();
    now.extend(of_version(hub, prepared, note).await);
    let is_known = |one: &Against| prepared.against.iter().any(|before| one.is_as(before));
    if now.is_empty() || (note.why.overridden.is_some() && now.iter().all(is_known)) {
        return Ok(());
    }
    Err(Refusal::Against(against::words(&now)).into())
}
