//! Builds: looked at and tried without effect, created once, cancelled, noted in the app's ledger.

mod error;

use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::door::{JSON, MANAGER, Write};
use super::error::ClusterError;
use super::hub::Hub;
use super::questions::{may, read};
use super::{event, kinds, ledger};
use crate::build::needs::{Level, secrets};
use crate::build::record::KEY;
use crate::build::template::Template;
use crate::build::{Asked, Record, Records, name};
use crate::domain::access::Right;
use crate::domain::build::{BUILD_OF, COMMIT};
use crate::domain::{AppKey, Clean, Kind, ObjectKey, ResourceRef, Uid, Verb};
use crate::release::job::{Run, run};
use crate::release::request::deletion_of;

pub use crate::build::prepared::{Begun, PreparedBuild, Stands};
pub use error::BuildError;

/// How often it is looked whether a Job is there whose creation was not answered, and how long between.
const LOOKS: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(300);
/// What a Secret is asked for as: its name and no content.
const NAME_ONLY: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
/// Most bytes of a stage's log that are read at a time.
const MOST_LOG: u32 = 1 << 20;

fn jobs(namespace: &str) -> String {
    kinds::collection(Kind::Job, "v1", namespace)
}

fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn label<'a>(object: &'a Value, key: &str) -> &'a str {
    let labels = object.pointer("/metadata/labels");
    labels.and_then(|labels| labels.get(key)?.as_str()).unwrap_or_default()
}

/// Looks whether it can be built, and lets the server try it. `most`: so many builds of a namespace run at a time.
pub(crate) async fn prepare(
    hub: &Hub,
    asked: &Asked,
    template: &Template,
    (most, again): (usize, bool),
) -> Result<PreparedBuild, BuildError> {
    hub.door.may_write()?;
    let namespace = asked.app.namespace.as_str();
    let right = Right {
        verb: Verb::Create,
        group: "batch".into(),
        resource: "jobs".into(),
        namespace: namespace.into(),
    };
    if may(&hub.door, &right).await == Ok(false) {
        return Err(BuildError::Forbidden(right));
    }
    let path = format!("{}?labelSelector={}", jobs(namespace), kinds::escape(BUILD_OF));
    let listed = read(&hub.door, &path).await?;
    let all = listed
        .get("items")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let is_own = |job: &&Value| label(job, BUILD_OF) == asked.app.name.as_str() && label(job, COMMIT) == asked.commit;
    let named = |job: &Value| Clean::new(text(job, "/metadata/name"));
    let running = |job: &&Value| run(job) == Run::Going && job.pointer("/metadata/deletionTimestamp").is_none();
    let own = || all.iter().filter(is_own);
    let attempt = own()
        .map(|job| name::attempt(text(job, "/metadata/name"), &asked.commit))
        .max();
    let stands = if let Some(job) = own().find(running) {
        Stands::Running(named(job))
    } else if let Some(job) = own().find(|job| run(job) == Run::Done && !again) {
        Stands::Built(named(job))
    } else {
        Stands::New
    };
    let job = template.job(asked, attempt.unwrap_or(0) + 1)?;
    let (name, notes) = match &stands {
        Stands::Running(name) | Stands::Built(name) => (name.clone(), Vec::new()),
        Stands::New => {
            let others: Vec<Clean> = all.iter().filter(running).map(named).collect();
            if others.len() >= most {
                return Err(BuildError::TooMany {
                    running: others,
                    most,
                    namespace: asked.app.namespace.clone(),
                });
            }
            let notes = look_around(hub, &job, namespace).await?;
            create(hub, &job, namespace, "dryRun=All&").await?;
            (named(&job), notes)
        }
    };
    Ok(PreparedBuild {
        asked: asked.clone(),
        stands,
        name,
        job,
        notes,
    })
}

/// What the namespace has of what the Job needs; gives what is not known.
async fn look_around(hub: &Hub, job: &Value, namespace: &str) -> Result<Vec<Clean>, BuildError> {
    let mut notes = Vec::new();
    let place = format!("/api/v1/namespaces/{}", kinds::escape(namespace));
    match read(&hub.door, &place).await {
        Ok(found) => {
            let (enforced, needed) = (Level::enforced(&found), Level::needed(job));
            if needed > enforced {
                return Err(BuildError::Security {
                    namespace: namespace.into(),
                    enforced,
                    needed,
                });
            }
        }
        Err(error) => notes.push(format!("which pods {namespace} lets in is not known: {error}").into()),
    }
    for secret in secrets(job) {
        let path = format!("{place}/secrets/{}", kinds::escape(&secret.name));
        match hub.door.get(&path, NAME_ONLY).await {
            Ok(_) => {}
            Err(ClusterError::NotFound { .. }) if secret.optional => {
                notes.push(format!("{namespace} has no Secret {}: it goes without", secret.name).into());
            }
            Err(ClusterError::NotFound { .. }) => {
                return Err(BuildError::NoSecret {
                    namespace: namespace.into(),
                    name: secret.name,
                });
            }
            Err(error) => notes.push(format!("whether there is a Secret {} is not known: {error}", secret.name).into()),
        }
    }
    Ok(notes)
}

async fn create(hub: &Hub, job: &Value, namespace: &str, query: &str) -> Result<Value, ClusterError> {
    let write = Write {
        method: Method::POST,
        path: &format!("{}?{query}fieldManager={MANAGER}", jobs(namespace)),
        kind: JSON,
        body: job,
    };
    hub.door.write(write).await
}

/// Creates the Job, once; one of the same name that builds the same is joined.
pub(crate) async fn begin(hub: &Hub, prepared: &PreparedBuild) -> Result<Begun, BuildError> {
    let namespace = prepared.asked.app.namespace.as_str();
    let key = ObjectKey::new(namespace, prepared.name.clone());
    let begun = |job: &Value, joined: bool| Begun {
        key: key.clone(),
        uid: Uid::parse(text(job, "/metadata/uid")),
        joined,
        unnoted: None,
    };
    if prepared.stands != Stands::New {
        return Ok(begun(&there(hub, prepared).await?, true));
    }
    let job = match create(hub, &prepared.job, namespace, "").await {
        Ok(job) => job,
        Err(ClusterError::Conflict { .. }) => return Ok(begun(&there(hub, prepared).await?, true)),
        Err(error) if error.is_unclear() => look_again(hub, prepared, error).await?,
        Err(error) => return Err(error.into()),
    };
    let begun = begun(&job, false);
    let object = ResourceRef {
        cluster: hub.id.clone(),
        kind: Kind::Job,
        key: begun.key.clone(),
        uid: begun.uid.clone(),
    };
    let asked = &prepared.asked;
    let message = format!("build of {} by {}: {}", asked.commit, asked.by, asked.tagged());
    let told = event::write(hub, &object, ("batch/v1", &begun.uid.to_string()), ("Build", &message)).await;
    Ok(Begun {
        unnoted: told.err().map(|error| format!("no Event is written: {error}").into()),
        ..begun
    })
}

/// The Job of this name, if it builds what is asked.
async fn there(hub: &Hub, prepared: &PreparedBuild) -> Result<Value, BuildError> {
    let asked = &prepared.asked;
    let path = format!("{}/{}", jobs(&asked.app.namespace), kinds::escape(&prepared.name));
    let job = read(&hub.door, &path).await?;
    if label(&job, BUILD_OF) == asked.app.name.as_str() && label(&job, COMMIT) == asked.commit {
        Ok(job)
    } else {
        Err(BuildError::Taken(prepared.name.clone()))
    }
}

/// Looks whether a Job is there whose creation was not answered.
async fn look_again(hub: &Hub, prepared: &PreparedBuild, why: ClusterError) -> Result<Value, BuildError> {
    for _ in 0..LOOKS {
        if let Ok(job) = there(hub, prepared).await {
            return Ok(job);
        }
        tokio::time::sleep(BETWEEN).await;
    }
    Err(BuildError::Unclear(why))
}

/// Deletes the Job of a build with its pods, if it is still this one.
pub(crate) async fn cancel(hub: &Hub, key: &ObjectKey, uid: &Uid) -> Result<(), ClusterError> {
    let options = deletion_of(&uid.to_string().into());
    let write = Write {
        method: Method::DELETE,
        path: &format!("{}/{}", jobs(&key.namespace), kinds::escape(&key.name)),
        kind: JSON,
        body: &options,
    };
    hub.door.write(write).await.map(drop)
}

/// The last lines of a stage's log.
pub(crate) async fn tail(hub: &Hub, pod: &ObjectKey, container: &str, lines: u32) -> Result<Vec<Clean>, ClusterError> {
    let path = format!(
        "/api/v1/namespaces/{}/pods/{}/log?container={}&tailLines={lines}&limitBytes={MOST_LOG}",
        kinds::escape(&pod.namespace),
        kinds::escape(&pod.name),
        kinds::escape(container)
    );
    let (bytes, _) = hub.door.read(&path, "*/*").await?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(Clean::new).collect())
}

/// The builds that an app's ledger tells of.
pub(crate) async fn records(hub: &Hub, app: &AppKey) -> Result<Records, ClusterError> {
    Ok(Records::of(&ledger::read(hub, app).await?))
}

/// Notes builds that are over in the app's ledger, each once.
pub(crate) async fn remember(hub: &Hub, app: &AppKey, done: &[Record]) -> Result<(), ClusterError> {
    ledger::update(hub, app, |data| {
        let mut records = Records::of(data);
        let mut is_new = false;
        for record in done {
            is_new |= records.add(record.clone());
        }
        let texts = is_new.then(|| vec![(KEY, Some(records.text()))]);
        (texts, ())
    })
    .await
}
