//! Creates the objects of a new app: each is tried without effect, then sent once. What is there and equal counts as
//! created; anything else that is there is never touched.

use serde_json::Value;

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::super::{event, kinds};
use super::{ActError, LOOKS, SETTLE, get, send};
use crate::create::same::difference;
use crate::domain::ulid::ulid;
use crate::domain::{Clean, Kind, ObjectKey, ResourceRef, Uid};
use crate::release::request::{Act, Place, Request, Resource};

/// What would become of an object that is to be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// The server takes it.
    Created,
    /// It is there, and equal.
    There,
}

/// An object that was created, or was there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub uid: Uid,
    pub is_new: bool,
    /// Why no Event was written, where one was to be.
    pub unnoted: Option<Clean>,
}

/// Which kind of object it is, as request paths spell it.
fn resource(object: &Value) -> Option<Resource> {
    match object.get("kind").and_then(Value::as_str)? {
        "Service" => Some(Resource {
            kind: "Service",
            group: "",
            version: "v1".to_owned(),
            plural: "services",
        }),
        kind => Kind::from_name(kind).map(|kind| Resource::of(kind, kinds::version(kind))),
    }
}

fn request(object: &Value) -> Result<Request, ActError> {
    let unknown = ActError::Cluster(ClusterError::Unreadable);
    let place = Place::new(resource(object).ok_or(unknown)?, object);
    Ok(Request::new(place, Act::Create(object.clone())))
}

/// The object in its place, if it is the wanted one; `None`: there is none.
async fn there(hub: &Hub, place: &Place, wanted: &Value) -> Result<Option<Uid>, ActError> {
    let found = match get(hub, &place.path()).await {
        Ok(found) => found,
        Err(ClusterError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let about = |what: &str| ActError::Exists(Clean::new(&format!("{} {}: {what}", place.resource.kind, place.name)));
    if found.pointer("/metadata/deletionTimestamp").is_some() {
        return Err(about("it is being deleted"));
    }
    // The server tells neither in what it gives back of a list.
    let wanted = without_type(wanted);
    if let Some(place) = difference(&found, &wanted) {
        return Err(about(&format!("its {place} is another")));
    }
    let uid = found
        .pointer("/metadata/uid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    Ok(Some(Uid::parse(uid)))
}

fn without_type(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("kind");
        fields.remove("apiVersion");
    }
    object
}

/// The request that creates an object, verb and path; `None` of a kind that is none of an app's.
pub fn creation(object: &Value) -> Option<String> {
    request(object).ok().map(|request| request.line())
}

/// Lets the server try to create an object, without effect.
pub(crate) async fn try_create(hub: &Hub, object: &Value) -> Result<Trial, ActError> {
    hub.door.may_write()?;
    let request = request(object)?;
    if there(hub, &request.place, object).await?.is_some() {
        return Ok(Trial::There);
    }
    match send(hub, &request, "dryRun=All").await {
        Ok(_) => Ok(Trial::Created),
        Err(error) => Err(in_words(error, &request.place)),
    }
}

/// Creates an object, once; `by` whom is told by an Event on a Deployment.
pub(crate) async fn create(hub: &Hub, object: &Value, by: &str) -> Result<Made, ActError> {
    hub.door.may_write()?;
    let request = request(object)?;
    let made = |uid: Uid, is_new: bool| Made {
        uid,
        is_new,
        unnoted: None,
    };
    let sent = match send(hub, &request, "").await {
        Ok(created) => {
            let uid = created
                .pointer("/metadata/uid")
                .and_then(Value::as_str)
                .unwrap_or_default();
            made(Uid::parse(uid), true)
        }
        Err(ClusterError::Conflict { message }) => match there(hub, &request.place, object).await? {
            Some(uid) => made(uid, false),
            None => return Err(ActError::Changed(message)),
        },
        Err(error) if error.is_unclear() => made(look_again(hub, &request, object, error).await?, true),
        Err(error) => return Err(in_words(error, &request.place)),
    };
    let is_told = sent.is_new && request.place.resource.kind == Kind::Deployment.name();
    let unnoted = if is_told {
        tell(hub, &request.place, &sent.uid, by).await
    } else {
        None
    };
    Ok(Made { unnoted, ..sent })
}

/// Looks for an object whose creation was not answered.
async fn look_again(hub: &Hub, request: &Request, object: &Value, error: ClusterError) -> Result<Uid, ActError> {
    for _ in 0..LOOKS {
        if let Ok(Some(uid)) = there(hub, &request.place, object).await {
            return Ok(uid);
        }
        tokio::time::sleep(SETTLE).await;
    }
    Err(ActError::Unclear(error))
}

fn in_words(error: ClusterError, place: &Place) -> ActError {
    match error {
        // Nothing else can be missing of what is created.
        ClusterError::NotFound { .. } => ActError::NoNamespace(Clean::new(&place.namespace)),
        error => ActError::Cluster(error),
    }
}

/// Writes an Event on a new Deployment; why not, where that fails.
async fn tell(hub: &Hub, place: &Place, uid: &Uid, by: &str) -> Option<Clean> {
    let object = ResourceRef {
        cluster: hub.id.clone(),
        kind: Kind::Deployment,
        key: ObjectKey::new(place.namespace.as_str(), place.name.as_str()),
        uid: uid.clone(),
    };
    let suffix = ulid(super::clock::now(), hub.random());
    let message = format!("new app by {by}");
    let written = event::write(hub, &object, ("apps/v1", &suffix), ("Create", &message)).await;
    written
        .err()
        .map(|error| Clean::new(&format!("no Event is written: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_object_of_a_new_app_has_its_path() {
        for (kind, wanted) in [
            ("Deployment", "/apis/apps/v1/namespaces/gift/deployments/live"),
            ("Service", "/api/v1/namespaces/gift/services/live"),
            (
                "PodDisruptionBudget",
                "/apis/policy/v1/namespaces/gift/poddisruptionbudgets/live",
            ),
            (
                "HorizontalPodAutoscaler",
                "/apis/autoscaling/v2/namespaces/gift/horizontalpodautoscalers/live",
            ),
        ] {
            let object = json!({"kind": kind, "metadata": {"name": "live", "namespace": "gift"}});
            assert_eq!(request(&object).unwrap().place.path(), wanted);
        }
        assert!(request(&json!({"kind": "Ingress"})).is_err());
    }
}
