//! The job that runs before a version is released: what there is of it, and waiting until it is complete.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::super::kinds;
use super::super::logs::{self, cut};
use super::look::list;
use super::renew::anew;
use super::who::with_who;
use super::{ActError, Note, against, get, write};
use crate::domain::{Clean, ObjectKey, ResourceRef};
use crate::release::Prepared;
use crate::release::job::{self, Before, Run};
use crate::release::live::Refusal;
use crate::release::plan::{Seen, released};
use crate::release::request::{Part, Place, Request, Resource, Waits};
use crate::release::step::Step;

/// How often it is looked whether a job has ended, and for how long.
const BETWEEN: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_mins(30);
/// Of its log so many lines are told, of so many bytes at most.
const TOLD: Reach = (10, 16 * 1024);
/// To be read they are whole.
const READ: Reach = (500, 256 * 1024);

/// So many lines of a log, of so many bytes at most.
type Reach = (u32, u32);

/// What there is of the job that a workload wants run before its versions, where the step releases one.
pub(super) async fn read(hub: &Hub, seen: &Seen, step: &Step) -> Result<Option<Before>, ClusterError> {
    let Step::Start(new) = step else { return Ok(None) };
    let Some((name, template)) = job::wanted(&seen.object).zip(released(seen, new).ok()) else {
        return Ok(None);
    };
    let place = job::place(seen, name, &template);
    let cron_job = Place {
        resource: Resource {
            kind: "CronJob",
            plural: "cronjobs",
            ..job::resource()
        },
        name: name.to_owned(),
        ..place.clone()
    };
    Ok(Some(Before {
        template: (name.to_owned(), there(hub, &cron_job).await?),
        job: there(hub, &place).await?,
    }))
}

async fn there(hub: &Hub, place: &Place) -> Result<Option<Value>, ClusterError> {
    match get(hub, &place.path()).await {
        Ok(found) => Ok(Some(found)),
        Err(ClusterError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Lets the job run that a step waits for; gives what came of it. Time has passed then: what is written is what would be
/// written now, if it is what was shown.
pub(super) async fn run(
    hub: &Hub,
    prepared: &Prepared,
    note: &Note<'_>,
) -> Result<Option<(Prepared, Vec<Clean>)>, ActError> {
    let place = |(request, _): &(Request, Value)| match &request.waits {
        Waits::Complete(place) => Some(place.clone()),
        Waits::Nothing | Waits::Seen => None,
    };
    let Some(job) = prepared.requests.iter().find_map(place) else {
        return Ok(None);
    };
    let is_its = |(request, _): &&(Request, Value)| request.place == job;
    for (number, creation) in prepared.requests.iter().enumerate().filter(|(_, one)| is_its(one)) {
        if let Err(error) = write(hub, prepared, number, (&creation.0, &creation.1)).await {
            return Err(with_who(hub, &prepared.object, error).await);
        }
    }
    let told = complete(hub, &job).await?;
    against::refuse(hub, prepared, note).await?;
    Ok(Some((anew(hub, prepared, &job).await?, told)))
}

/// Waits until a job is complete; gives what it wrote last.
async fn complete(hub: &Hub, place: &Place) -> Result<Vec<Clean>, ActError> {
    let end = Instant::now() + LONGEST;
    while Instant::now() < end {
        let job = match get(hub, &place.path()).await {
            Ok(job) => job,
            // It goes on without us: a link that comes back finds it.
            Err(ClusterError::Transport { .. } | ClusterError::Server { .. } | ClusterError::Throttled { .. }) => {
                tokio::time::sleep(BETWEEN).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        match job::run(&job) {
            Run::Going => tokio::time::sleep(BETWEEN).await,
            Run::Done => {
                let (so, wrote) = last_lines(hub, place, &job).await;
                let mut told = vec![Clean::new(&format!("the job {} ended well{so}", place.name))];
                told.extend(wrote.iter().map(|line| Clean::new(&format!("it wrote: {line}"))));
                return Ok(told);
            }
            Run::Failed(why) => {
                let (so, wrote) = last_lines(hub, place, &job).await;
                let (name, why) = (place.name.clone(), format!("{why}{so}"));
                return Err(Refusal::JobFailed { name, why, wrote }.into());
            }
        }
    }
    Err(Refusal::JobRuns(place.name.clone()).into())
}

/// What the last of its pods wrote last; why that is not known.
async fn last_lines(hub: &Hub, place: &Place, job: &Value) -> (String, Vec<Clean>) {
    match lines(hub, place, job, TOLD).await {
        Ok(lines) if lines.is_empty() => ("; it wrote nothing".to_owned(), lines),
        Ok(lines) => (String::new(), lines.iter().map(cut).collect()),
        Err(error) => (format!("; its log cannot be read: {error}"), Vec::new()),
    }
}

/// What a job wrote last, so far.
pub(crate) async fn log(hub: &Hub, job: &ObjectKey) -> Result<Vec<Clean>, ClusterError> {
    let place = Place {
        resource: job::resource(),
        namespace: job.namespace.to_string(),
        name: job.name.to_string(),
        part: Part::Whole,
    };
    let job = get(hub, &place.path()).await?;
    lines(hub, &place, &job, READ).await
}

/// The refusal with what the job wrote last that failed before.
pub(super) async fn with_log(hub: &Hub, object: &ResourceRef, error: ActError) -> ActError {
    let ActError::Refused(Refusal::JobFailed { name, why, wrote }) = error else {
        return error;
    };
    let key = ObjectKey::new(object.key.namespace.clone(), name.as_str());
    let wrote = match log(hub, &key).await {
        Ok(lines) => {
            let least = lines.len().saturating_sub(TOLD.0 as usize);
            lines.iter().skip(least).map(cut).collect()
        }
        Err(_) => wrote,
    };
    Refusal::JobFailed { name, why, wrote }.into()
}

async fn lines(hub: &Hub, place: &Place, job: &Value, reach: Reach) -> Result<Vec<Clean>, ClusterError> {
    let namespace = kinds::escape(&place.namespace);
    let all = format!("/api/v1/namespaces/{namespace}/pods");
    let uid = job.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
    let text = |pod: &Value, path: &str| pod.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut pods = list(
        hub,
        &format!("{all}?labelSelector=controller-uid%3D{}", kinds::escape(uid)),
    )
    .await?;
    pods.sort_by_key(|pod| text(pod, "/metadata/creationTimestamp"));
    let Some(pod) = pods.last() else { return Ok(Vec::new()) };
    let container = text(pod, "/spec/containers/0/name");
    let key = ObjectKey::new(place.namespace.as_str(), text(pod, "/metadata/name").as_str());
    logs::last(hub, (&key, &container), false, reach).await
}
