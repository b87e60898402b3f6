//! Builds as effects: tried without effect, then begun once, with a line of the activity log for each attempt.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::activity::{ActivityLog, Attempt};
use super::fleet::Beside;
use super::tasks::Work;
use crate::build::template::{SHIPPED, Template, TemplateError};
use crate::build::{Asked, PreparedBuild};
use crate::cluster::{BuildError, Cluster};
use crate::domain::{Clean, ClusterId, ImageName, Kind, ObjectKey, ResourceRef};
use crate::message::{Message, Severity, Ticket, Trouble};
use crate::registry::{Registries, RegistryError};
use crate::release::request::Resource;

/// What builds are made by.
#[derive(Clone, Debug, Default)]
pub struct Builders {
    /// Where a person keeps templates of their own.
    pub folder: PathBuf,
    /// So many builds of a namespace run at a time.
    pub most: usize,
}

impl Builders {
    /// A template of this person's, else one that ships.
    ///
    /// # Errors
    /// There is none of this name, or something is wrong in it.
    pub fn template(&self, builder: &str) -> Result<Template, TemplateError> {
        let is_name = !builder.is_empty() && builder.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let path = self.folder.join(format!("{builder}.yaml"));
        if is_name && let Ok(text) = std::fs::read_to_string(&path) {
            return Template::parse(builder, &path.display().to_string(), &text);
        }
        Template::shipped(builder).ok_or_else(|| {
            let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
            TemplateError {
                place: "builder".into(),
                what: format!("there is no template '{builder}'"),
                hint: format!(
                    "{} are shipped; {} would be another",
                    names.join(" and "),
                    path.display()
                ),
            }
        })
    }
}

/// The digest of the commit's image, where the registry has one.
///
/// # Errors
/// The registry could not be asked, in words.
pub async fn image_there(
    registries: &Registries,
    asked: &Asked,
    (cluster, object): (&Cluster, &ResourceRef),
) -> Result<Option<Clean>, Clean> {
    let Some(image) = ImageName::parse(&asked.tagged()) else {
        return Ok(None);
    };
    let repository = registries.of_workload(&image, cluster, object).await;
    match repository.digest(image.reference()).await {
        Ok(digest) => Ok(digest),
        Err(RegistryError::NotFound { .. }) => Ok(None),
        Err(error) => Err(Clean::new(&format!(
            "the registry could not be asked whether it has the image: {error} ({})",
            error.hint()
        ))),
    }
}

fn trouble(cluster: &ClusterId, error: &BuildError) -> Trouble {
    Trouble {
        severity: Severity::Error,
        text: Clean::new(&format!("{cluster}: {error}")),
        hint: Some(Clean::new(&error.hint())),
    }
}

/// Tries a build.
pub(super) fn prepare(
    cluster: Cluster,
    beside: &Beside,
    ticket: Ticket,
    (object, asked): (ResourceRef, Asked),
) -> Work {
    let (builders, registries) = (beside.builders.clone(), beside.registries.clone());
    Work::new(format!("try build {}", ticket.0), async move {
        let tried = async {
            let template = builders.template(&asked.builder)?;
            cluster.prepare_build(&asked, &template, (builders.most, false)).await
        };
        let mut prepared = tried.await;
        if let (Ok(prepared), Some(registries)) = (&mut prepared, &registries) {
            match image_there(registries, &asked, (&cluster, &object)).await {
                Ok(None) => {}
                Ok(Some(digest)) => prepared.notes.push(format!("there is an image of it: {digest}").into()),
                Err(why) => prepared.notes.push(why),
            }
        }
        let answer = prepared.map(Box::new).map_err(|error| trouble(cluster.id(), &error));
        Some(Message::BuildPrepared(ticket, answer))
    })
}

/// Begins a build.
pub(super) fn begin(cluster: Cluster, ticket: Ticket, prepared: PreparedBuild, activity: &ActivityLog) -> Work {
    let activity = activity.clone();
    Work::new(format!("build {}", ticket.0), async move {
        let sent = Instant::now();
        let answer = cluster.begin_build(&prepared).await;
        let key = ObjectKey::new(prepared.asked.app.namespace.clone(), prepared.name.clone());
        let uid = answer.as_ref().map(|begun| begun.uid.to_string()).unwrap_or_default();
        let told = answer.as_ref().map_or_else(ToString::to_string, |begun| {
            if begun.joined { "joined" } else { "done" }.to_owned()
        });
        let place = (cluster.id(), &key, uid.as_str());
        let request = format!("POST {}", jobs(&key.namespace));
        note(
            &activity,
            "build",
            (&prepared.asked, place, request),
            (told, sent.elapsed()),
        );
        let answer = answer.map(Box::new).map_err(|error| trouble(cluster.id(), &error));
        Some(Message::BuildBegun(ticket, answer))
    })
}

/// Where builds of a namespace are made.
pub fn jobs(namespace: &str) -> String {
    Resource::of(Kind::Job, "v1").collection(namespace)
}

/// A line of the activity log on what was tried with a build's Job.
pub fn note(
    activity: &ActivityLog,
    did: &str,
    (asked, (cluster, key, uid), request): (&Asked, (&ClusterId, &ObjectKey, &str), String),
    (answer, took): (String, Duration),
) {
    let attempt = Attempt {
        cluster: cluster.as_str(),
        object: format!("Job {key}"),
        app: &asked.app.name,
        uid: uid.to_owned(),
        operation: &key.name,
        user: &asked.by,
        from: None,
        to: Some(asked.tagged()),
        request: Some(request),
        reason: None,
        overridden: None,
        taken_over: None,
        answer,
        milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    };
    activity.attempted(Utc::now(), did, &attempt);
}
