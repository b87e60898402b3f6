//! Reads a workload whole, with what its kind keeps beside it.

use serde_json::Value;

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::super::{discovery, kinds};
use super::{before, driven, get};
use crate::domain::{AppKey, Driver, Kind, ResourceRef};
use crate::release::config::{Today, goes};
use crate::release::ledger::Ledger;
use crate::release::live::Method;
use crate::release::plan::Seen;
use crate::release::request::{Part, Place, Resource};
use crate::release::step::Step;
use crate::release::twin;

/// The version that a kind is written in.
async fn resource(hub: &Hub, kind: Kind) -> Result<Resource, ClusterError> {
    if !kind.is_custom() {
        return Ok(Resource::of(kind, kinds::version(kind)));
    }
    let known = hub.served.borrow().versions.get(&kind).cloned().flatten();
    let version = match known {
        Some(version) => version,
        None => discovery::version(&hub.door, kind).await?,
    };
    Ok(Resource::of(kind, &version))
}

/// Where an object is read and written.
async fn place_of(hub: &Hub, object: &ResourceRef) -> Result<Place, ClusterError> {
    Ok(Place {
        resource: resource(hub, object.kind).await?,
        namespace: object.key.namespace.to_string(),
        name: object.key.name.to_string(),
        part: Part::Whole,
    })
}

pub(super) async fn path_of(hub: &Hub, object: &ResourceRef) -> Result<String, ClusterError> {
    Ok(place_of(hub, object).await?.path())
}

/// The revisions of all workloads of a kind in a namespace, as that kind keeps them.
pub(super) async fn revisions(hub: &Hub, kind: Kind, namespace: &str) -> Result<Vec<Value>, ClusterError> {
    match kind {
        Kind::Deployment | Kind::Rollout => list(hub, &of(Kind::ReplicaSet).collection(namespace)).await,
        Kind::StatefulSet | Kind::DaemonSet | Kind::CloneSet => {
            let revisions = Resource {
                kind: "ControllerRevision",
                group: "apps",
                version: "v1".to_owned(),
                plural: "controllerrevisions",
            };
            list(hub, &revisions.collection(namespace)).await
        }
        _ => Ok(Vec::new()),
    }
}

/// The `ScaledObject`s of a namespace; none where there is no KEDA.
pub(super) async fn scaled_objects(hub: &Hub, namespace: &str) -> Result<Vec<Value>, ClusterError> {
    let scaled = Resource {
        kind: "ScaledObject",
        group: "keda.sh",
        version: "v1alpha1".to_owned(),
        plural: "scaledobjects",
    };
    match list(hub, &scaled.collection(namespace)).await {
        Err(ClusterError::NotFound { .. }) => Ok(Vec::new()),
        scaled => scaled,
    }
}

/// Reads an object with what a step needs to know beside it.
pub(super) async fn look(
    hub: &Hub,
    object: &ResourceRef,
    step: &Step,
    driver: Option<Driver>,
) -> Result<Seen, ClusterError> {
    let place = place_of(hub, object).await?;
    let resource = place.resource.clone();
    let namespace = object.key.namespace.as_str();
    let mut read = get(hub, &place.path()).await?;
    if let Some(fields) = read.as_object_mut() {
        // What is put back whole is whole only with these, which lists leave out.
        fields.entry("kind").or_insert_with(|| resource.kind.into());
    }
    let revisions = revisions(hub, object.kind, namespace).await?;
    let (pods, instances) = pods(hub, (object.kind, step), &read, namespace).await?;
    let drivers = driven::find(hub, object, step, driver).await?;
    let (autoscalers, scaled) = deciders(hub, object, step).await?;
    let autoscalers_unread = autoscalers.as_ref().err().cloned();
    let ledger = past(hub, object, step, &read).await;
    let unread = ledger.as_ref().err().map(ToString::to_string);
    let mut seen = Seen {
        twin: twin_of(hub, &read, &place).await?,
        services: services(hub, step, namespace).await,
        kind: object.kind,
        resource,
        object: read,
        revisions,
        pods,
        instances,
        driven: drivers.driven,
        drivers_unread: drivers.unread,
        releasing: drivers.rollout,
        autoscalers: autoscalers.unwrap_or_default(),
        autoscalers_unread,
        scaled,
        before: None,
        ledger: ledger.unwrap_or_default(),
        unread,
        config: Today::default(),
    };
    seen.before = before::read(hub, &seen, step).await?;
    seen.config = super::config::today(hub, namespace, goes::wanted(step, &seen)).await;
    Ok(seen)
}

/// The pods of its namespace, where instances may have to be deleted; its own, where it matters which bytes they run.
async fn pods(
    hub: &Hub,
    (kind, step): (Kind, &Step),
    workload: &Value,
    namespace: &str,
) -> Result<(Vec<Value>, Vec<Value>), ClusterError> {
    let pods = if looks_at_pods(kind, step) {
        list(hub, &of(Kind::Pod).collection(namespace)).await?
    } else {
        Vec::new()
    };
    let own = if looks_at_bytes(kind, step) {
        instances(hub, workload, namespace).await
    } else {
        Vec::new()
    };
    Ok((pods, own))
}

/// Whether instances may have to be deleted one by one.
const fn looks_at_pods(kind: Kind, step: &Step) -> bool {
    match kind {
        Kind::DaemonSet => matches!(step, Step::Start(_) | Step::Grow(_) | Step::Rollback(_)),
        Kind::StatefulSet => matches!(step, Step::Abort | Step::Rollback(_)),
        _ => false,
    }
}

/// Whether it matters to a step which bytes instances run.
const fn looks_at_bytes(kind: Kind, step: &Step) -> bool {
    kind.is_workload() && matches!(step, Step::Start(_) | Step::Rollback(_) | Step::Abort)
}

/// The instances that a workload selects; none where they cannot be read, which keeps nothing from being done.
async fn instances(hub: &Hub, workload: &Value, namespace: &str) -> Vec<Value> {
    let labels = workload
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object);
    let pairs = labels.into_iter().flatten();
    let pairs: Vec<String> = pairs
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    if pairs.is_empty() {
        return Vec::new();
    }
    let pods = of(Kind::Pod).collection(namespace);
    let path = format!("{pods}?labelSelector={}", kinds::escape(&pairs.join(",")));
    list(hub, &path).await.unwrap_or_default()
}

/// What was released of its app before, as far as the step depends on it.
async fn past(hub: &Hub, object: &ResourceRef, step: &Step, read: &Value) -> Result<Ledger, ClusterError> {
    match step {
        Step::Start(_) | Step::Retry | Step::Rollback(_) => ledger_of(hub, object, read).await,
        _ => Ok(Ledger::default()),
    }
}

/// Whether a twin is to begin.
fn begins_beside(step: &Step) -> bool {
    let method = match step {
        Step::Start(new) => Some(new.method),
        Step::Rollback(back) => back.gray.map(|(_, method)| method),
        _ => None,
    };
    method == Some(Method::Twin)
}

/// The Services of a namespace, where a twin is to begin.
async fn services(hub: &Hub, step: &Step, namespace: &str) -> Result<Vec<Value>, String> {
    if !begins_beside(step) {
        return Ok(Vec::new());
    }
    let services = Resource {
        kind: "Service",
        group: "",
        version: "v1".to_owned(),
        plural: "services",
    };
    let services = list(hub, &services.collection(namespace)).await;
    services.map_err(|error| error.to_string())
}

/// The twin of a Deployment, where it has one.
async fn twin_of(hub: &Hub, stable: &Value, place: &Place) -> Result<Option<Value>, ClusterError> {
    let place = Place {
        name: twin::name_of(&place.name),
        ..place.clone()
    };
    if place.resource.kind != Kind::Deployment.name() {
        return Ok(None);
    }
    match get(hub, &place.path()).await {
        Ok(found) => Ok(Some(found).filter(|found| twin::is_twin(stable, found))),
        Err(ClusterError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn ledger_of(hub: &Hub, object: &ResourceRef, read: &Value) -> Result<Ledger, ClusterError> {
    let app = AppKey {
        namespace: object.key.namespace.clone(),
        name: hub.app_of(read).into(),
    };
    super::ledger(hub, &app).await
}

/// The autoscalers of a namespace, or why they are not known; and KEDA's `ScaledObject`s, as far as the step depends on
/// them.
async fn deciders(
    hub: &Hub,
    object: &ResourceRef,
    step: &Step,
) -> Result<(Result<Vec<Value>, String>, Vec<Value>), ClusterError> {
    let namespace = object.key.namespace.as_str();
    if object.kind == Kind::Pod {
        return Ok((Ok(Vec::new()), Vec::new()));
    }
    let autoscalers = list(hub, &of(Kind::HorizontalPodAutoscaler).collection(namespace)).await;
    if !matches!(step, Step::Scale(_) | Step::EndFloor) {
        let autoscalers = match autoscalers {
            // The server does not have the kind.
            Err(ClusterError::NotFound { .. }) => Ok(Vec::new()),
            // Who may not see them is warned of that, and kept from nothing.
            found => found.map_err(|error| error.to_string()),
        };
        return Ok((autoscalers, Vec::new()));
    }
    let scaled = scaled_objects(hub, namespace).await?;
    Ok((Ok(autoscalers?), scaled))
}

fn of(kind: Kind) -> Resource {
    Resource::of(kind, kinds::version(kind))
}

pub(super) async fn list(hub: &Hub, path: &str) -> Result<Vec<Value>, ClusterError> {
    let mut items = get(hub, path).await?;
    match items.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => Ok(items),
        _ => Ok(Vec::new()),
    }
}
