//! Finds who else releases a workload: a Rollout of Kruise or Argo or a Canary of Flagger that names it. The workload itself
//! bears their marks only while they are at work.

use serde_json::Value;

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::look::list;
use crate::domain::{Driver, Kind, ResourceRef};
use crate::release::driver::{self, Driven, Releasing};
use crate::release::request::Resource;
use crate::release::step::Step;

/// Versions of Kruise's Rollouts, newest first.
const KRUISE: [&str; 2] = ["v1beta1", "v1alpha1"];
const KRUISE_GROUP: &str = "rollouts.kruise.io";

/// What releases a workload.
#[derive(Default)]
pub(super) struct Found {
    pub(super) driven: Option<Driven>,
    /// Kruise's Rollout, in the version it was read in.
    pub(super) rollout: Option<(Resource, Value)>,
    /// Why nothing is known of one of them.
    pub(super) unread: Option<String>,
}

/// Looks where the workload's marks say that Kruise releases it, and before a version is published where they say
/// nothing: what is under way may be ended whoever came to release it meanwhile.
pub(super) async fn find(
    hub: &Hub,
    object: &ResourceRef,
    step: &Step,
    marked: Option<Driver>,
) -> Result<Found, ClusterError> {
    let mut found = Found::default();
    let is_asked = marked.is_none() && matches!(step, Step::Start(_) | Step::Rollback(_));
    let by_kruise = matches!(
        object.kind,
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::CloneSet
    );
    if marked == Some(Driver::KruiseRollouts) || (is_asked && by_kruise) {
        match kruise(hub, object).await {
            Ok(Some((resource, rollout, driven))) => {
                found.rollout = Some((resource, rollout));
                found.driven = Some(driven);
            }
            Ok(None) => {}
            Err(error) if is_asked && is_passed(step, &error) => found.hide("Kruise's Rollouts", &error),
            Err(error) => return Err(error),
        }
    }
    let by_flagger = matches!(object.kind, Kind::Deployment | Kind::DaemonSet);
    if is_asked && by_flagger && found.driven.is_none() {
        match flagger(hub, object).await {
            Ok(driven) => found.driven = driven,
            Err(error) if is_passed(step, &error) => found.hide("Flagger's Canaries", &error),
            Err(error) => return Err(error),
        }
    }
    if is_asked && object.kind == Kind::Deployment && found.driven.is_none() {
        match argo(hub, object).await {
            Ok(driven) => found.driven = driven,
            Err(error) if is_passed(step, &error) => found.hide("Argo's Rollouts", &error),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

impl Found {
    fn hide(&mut self, what: &str, error: &ClusterError) {
        let why = match error {
            ClusterError::Forbidden { .. } => format!("{what} may not be read"),
            error => format!("{what} cannot be read: {error}"),
        };
        let before = self
            .unread
            .take()
            .map_or_else(String::new, |before| format!("{before}; "));
        self.unread = Some(before + &why);
    }
}

/// Whether a step is taken all the same. A way back is not kept waiting by what is broken elsewhere.
const fn is_passed(step: &Step, error: &ClusterError) -> bool {
    matches!(step, Step::Rollback(_)) || matches!(error, ClusterError::Forbidden { .. })
}

async fn kruise(hub: &Hub, object: &ResourceRef) -> Result<Option<(Resource, Value, Driven)>, ClusterError> {
    for version in KRUISE {
        let resource = Resource {
            kind: "Rollout",
            group: KRUISE_GROUP,
            version: version.to_owned(),
            plural: "rollouts",
        };
        let Some(rollouts) = all(hub, &resource, object).await? else {
            continue;
        };
        let its = Releasing {
            rollouts: &rollouts,
            ..Releasing::default()
        };
        let Some(driven) = named(object, its) else {
            return Ok(None);
        };
        let is_it = |rollout: &Value| {
            let name = rollout.pointer("/metadata/name").and_then(Value::as_str);
            name == Some(&driven.name)
        };
        let rollout = rollouts.into_iter().find(is_it);
        return Ok(rollout.map(|rollout| (resource, rollout, driven)));
    }
    Ok(None)
}

async fn flagger(hub: &Hub, object: &ResourceRef) -> Result<Option<Driven>, ClusterError> {
    let resource = Resource {
        kind: "Canary",
        group: "flagger.app",
        version: "v1beta1".to_owned(),
        plural: "canaries",
    };
    let canaries = all(hub, &resource, object).await?.unwrap_or_default();
    let its = Releasing {
        canaries: &canaries,
        ..Releasing::default()
    };
    Ok(named(object, its))
}

/// The Rollout of Argo that has its template in a Deployment.
async fn argo(hub: &Hub, object: &ResourceRef) -> Result<Option<Driven>, ClusterError> {
    let resource = Resource::of(Kind::Rollout, "v1alpha1");
    let rollouts = all(hub, &resource, object).await?.unwrap_or_default();
    let its = Releasing {
        argo: &rollouts,
        ..Releasing::default()
    };
    Ok(named(object, its))
}

/// All of them in the workload's namespace; `None` where the server does not have the kind.
async fn all(hub: &Hub, resource: &Resource, object: &ResourceRef) -> Result<Option<Vec<Value>>, ClusterError> {
    match list(hub, &resource.collection(object.key.namespace.as_str())).await {
        Err(ClusterError::NotFound { .. }) => Ok(None),
        found => found.map(Some),
    }
}

fn named(object: &ResourceRef, all: Releasing<'_>) -> Option<Driven> {
    driver::of(object.kind.name(), object.key.name.as_str(), all)
}
