//! Reads what a person chooses from or should know before a step, that no watch brings: older versions, and what KEDA keeps.

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::get;
use super::look::{path_of, revisions, scaled_objects};
use crate::domain::ResourceRef;
use crate::release::history::{Told, told};
use crate::release::scale::Scaler;

/// The versions that a StatefulSet, DaemonSet or CloneSet has revisions of, oldest first.
pub(crate) async fn history(hub: &Hub, object: &ResourceRef) -> Result<Vec<Told>, ClusterError> {
    let read = get(hub, &path_of(hub, object).await?).await?;
    let revisions = revisions(hub, object.kind, &object.key.namespace).await?;
    Ok(told(&read, &revisions))
}

/// The `ScaledObject` that decides how many instances a workload has, where there is one.
pub(crate) async fn scaler(hub: &Hub, object: &ResourceRef) -> Result<Option<Scaler>, ClusterError> {
    let all = scaled_objects(hub, &object.key.namespace).await?;
    Ok(Scaler::of(&all, object.kind, &object.key.name))
}
