//! The job that runs before a version is released: what there is of it, and waiting until it is complete.

use std::time::Duration;

use serde_json::Value;

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::super::kinds;
use super::look::{collection, list, path};
use super::{ActError, get};
use crate::domain::{Clean, ResourceRef};
use crate::release::job::{self, Before, Run};
use crate::release::live::Refusal;
use crate::release::request::{Place, Resource};
use crate::release::step::Step;

/// How often it is looked whether a job has ended, and how often in a row at most: half an hour.
const BETWEEN: Duration = Duration::from_secs(2);
const MOST: u32 = 900;
/// Of its log so many lines are told, of so many bytes at most.
const LINES: u32 = 10;
const BYTES: u32 = 16 * 1024;

/// What there is of the job that a workload wants run before its versions, where the step releases one.
pub(super) async fn read(
    hub: &Hub,
    object: &ResourceRef,
    workload: &Value,
    step: &Step,
) -> Result<Option<Before>, ClusterError> {
    let wanted = matches!(step, Step::Start(_)).then(|| job::wanted(workload)).flatten();
    let Some(name) = wanted else { return Ok(None) };
    let namespace = object.key.namespace.as_str();
    let cron_jobs = Resource {
        kind: "CronJob",
        plural: "cronjobs",
        ..job::resource()
    };
    let source = format!("{}/{}", collection(&cron_jobs, namespace), kinds::escape(name));
    let template = match get(hub, &source).await {
        Ok(template) => Some(template),
        Err(ClusterError::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    let jobs = format!(
        "{}?labelSelector={}%3D{}",
        collection(&job::resource(), namespace),
        kinds::escape(job::LABEL),
        object.uid
    );
    Ok(Some(Before {
        template: (name.to_owned(), template),
        jobs: list(hub, &jobs).await?,
    }))
}

/// Waits until a job is complete; gives what it wrote last.
pub(super) async fn complete(hub: &Hub, place: &Place) -> Result<Clean, ActError> {
    for _ in 0..MOST {
        let job = match get(hub, &path(place)).await {
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
                let wrote = last_lines(hub, place, &job).await;
                return Ok(Clean::new(&format!("the job {} ended well{wrote}", place.name)));
            }
            Run::Failed(why) => {
                let why = format!("{why}{}", last_lines(hub, place, &job).await);
                let name = place.name.clone();
                return Err(Refusal::JobFailed { name, why }.into());
            }
        }
    }
    Err(Refusal::JobRuns(place.name.clone()).into())
}

/// What the last of its pods wrote last; why that is not known.
async fn last_lines(hub: &Hub, place: &Place, job: &Value) -> String {
    match lines(hub, place, job).await {
        Ok(lines) if lines.is_empty() => "; it wrote nothing".to_owned(),
        Ok(lines) => format!("; it wrote last: {}", lines.join(" ⏎ ")),
        Err(error) => format!("; its log cannot be read: {error}"),
    }
}

async fn lines(hub: &Hub, place: &Place, job: &Value) -> Result<Vec<String>, ClusterError> {
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
    let log = format!(
        "{all}/{}/log?container={}&tailLines={LINES}&limitBytes={BYTES}",
        kinds::escape(&text(pod, "/metadata/name")),
        kinds::escape(&container)
    );
    let (bytes, _) = hub.door.read(&log, "*/*").await?;
    let log = String::from_utf8_lossy(&bytes);
    let lines = log.lines().map(|line| Clean::new(line).trim().to_owned());
    Ok(lines.filter(|line| !line.is_empty()).collect())
}
