//! A job that runs before a version of a workload is released, such as a migration of its database: which one, what it
//! is made of, and how far it is.
//!
//! The workload's annotation [`ANNOTATION`] names a `CronJob` of its namespace, best a suspended one: Kubernetes has no
//! other object that holds a job's template. The job's name is made of the workload and of the images that are
//! released, so that it runs once for them: of two that create it the server refuses one, and one that ended well is
//! not run again.

use serde_json::{Map, Value, json};

use super::config::hash::sha256;
use super::known::images;
use super::live::Refusal;
use super::plan::Seen;
use super::request::{Act, Part, Place, Request, Resource, Waits};
use crate::domain::ImageName;

/// On a workload: the `CronJob` whose template is run before each of its versions.
pub const ANNOTATION: &str = "pilothouse.dev/pre-release-job";
/// On a job: the workload it ran for, by its uid.
pub const LABEL: &str = "pilothouse.dev/ran-before";
/// On a job: the images that it ran for.
const IMAGES: &str = "pilothouse.dev/images";
/// Where a job's containers are.
const LISTS: [&str; 2] = ["initContainers", "containers"];
/// Longest name of a job, so that its pods' names and labels fit (`DNS-1123` label).
const LONGEST: usize = 63;
/// So much of a hash makes a name that nothing else has.
const OF_HASH: usize = 10;

/// The template of the job, and the job of the version, where there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Before {
    /// The `CronJob`'s name, and itself unless there is none.
    pub template: (String, Option<Value>),
    pub job: Option<Value>,
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    Going,
    Done,
    /// Why, as its controller says.
    Failed(String),
}

/// The name of the `CronJob` that a workload wants run.
pub fn wanted(workload: &Value) -> Option<&str> {
    let name = workload.pointer("/metadata/annotations")?.get(ANNOTATION)?.as_str()?;
    Some(name.trim()).filter(|name| !name.is_empty())
}

/// Jobs, in the version that every server has them in.
pub fn resource() -> Resource {
    Resource {
        kind: "Job",
        group: "batch",
        version: "v1".to_owned(),
        plural: "jobs",
    }
}

/// How a job stands, by its conditions (<https://kubernetes.io/docs/concepts/workloads/controllers/job/>).
pub fn run(job: &Value) -> Run {
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array);
    let holds = |kind: &str| {
        let mut all = conditions.into_iter().flatten();
        all.find(|c| c.get("type").and_then(Value::as_str) == Some(kind) && c.get("status") == Some(&"True".into()))
    };
    if holds("Complete").is_some() {
        return Run::Done;
    }
    holds("Failed").map_or(Run::Going, |failed| {
        let text = |key: &str| failed.get(key).and_then(Value::as_str).unwrap_or_default();
        Run::Failed(format!("{}: {}", text("reason"), text("message")))
    })
}

/// Puts the job before the requests of a release of a template, unless it ended well before.
///
/// # Errors
/// There is no such template of a job, or the job failed before.
pub(super) fn first(seen: &Seen, template: &Value, mut requests: Vec<Request>) -> Result<Vec<Request>, Refusal> {
    let Some(before) = &seen.before else {
        return Ok(requests);
    };
    let (source, found) = &before.template;
    let cron_job = found.as_ref().ok_or_else(|| Refusal::NoJob(source.clone()))?;
    let job = job(seen, cron_job, template).ok_or_else(|| Refusal::NoJob(source.clone()))?;
    let place = Place::new(resource(), &job);
    let label = |job: &Value| {
        job.pointer("/metadata/labels")
            .and_then(|labels| labels.get(LABEL))
            .cloned()
    };
    let there = before.job.as_ref();
    if there.is_some_and(|there| label(there) != label(&job)) {
        return Err(Refusal::JobTaken(place.name));
    }
    match there.map(run) {
        Some(Run::Done) => return Ok(requests),
        Some(Run::Failed(why)) => {
            return Err(Refusal::JobFailed {
                name: place.name,
                why,
                wrote: Vec::new(),
            });
        }
        None | Some(Run::Going) => {}
    }
    if let Some(first) = requests.first_mut() {
        first.waits = Waits::Complete(place.clone());
    }
    if there.is_none() {
        requests.insert(0, Request::new(place, Act::Create(job)));
    }
    Ok(requests)
}

/// Where the job of a template's images is, by the name of its `CronJob`.
pub fn place(seen: &Seen, source: &str, template: &Value) -> Place {
    let text = |path: &str| seen.object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let of = format!("{}\n{}", text("/metadata/uid"), images(template).join("\n"));
    Place {
        resource: resource(),
        namespace: text("/metadata/namespace").to_owned(),
        name: name(source, &of),
        part: Part::Whole,
    }
}

/// The job of a template's images; `None` where the `CronJob` has no template of a job.
fn job(seen: &Seen, cron_job: &Value, template: &Value) -> Option<Value> {
    let text = |path: &str| seen.object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let mut spec = cron_job
        .pointer("/spec/jobTemplate/spec")
        .filter(|spec| spec.is_object())?
        .clone();
    let source = cron_job.pointer("/metadata/name")?.as_str()?;
    let released = images(template);
    with_images(&mut spec, &released);
    if let Some(spec) = spec.as_object_mut() {
        // It is the memory of what ran: nothing takes it away by itself.
        spec.remove("ttlSecondsAfterFinished");
        spec.insert("suspend".into(), false.into());
    }
    let own = cron_job.pointer("/spec/jobTemplate/metadata");
    let map = |key: &str| {
        own.and_then(|own| own.get(key)?.as_object())
            .cloned()
            .unwrap_or_default()
    };
    let (mut labels, mut annotations): (Map<String, Value>, _) = (map("labels"), map("annotations"));
    labels.insert(LABEL.into(), text("/metadata/uid").into());
    labels.insert("app.kubernetes.io/managed-by".into(), "pilothouse".into());
    annotations.insert(IMAGES.into(), released.join(" ").into());
    annotations.insert("pilothouse.dev/job-template".into(), source.into());
    let owner = json!([{
        "apiVersion": seen.object.get("apiVersion").cloned().unwrap_or_else(|| api_version(&seen.resource).into()),
        "kind": seen.resource.kind, "name": text("/metadata/name"), "uid": text("/metadata/uid"),
    }]);
    Some(json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": place(seen, source, template).name,
            "namespace": text("/metadata/namespace"),
            "labels": labels, "annotations": annotations,
            // It goes with the workload, and is not managed by it.
            "ownerReferences": owner,
        },
        "spec": spec,
    }))
}

fn api_version(resource: &Resource) -> String {
    format!("{}/{}", resource.group, resource.version)
}

/// Gives containers of the job the released image of the same repository: a migration comes with the version.
fn with_images(spec: &mut Value, released: &[String]) {
    let is_same = |one: &str, other: &str| {
        let names = ImageName::parse(one).zip(ImageName::parse(other));
        names.is_some_and(|(one, other)| one.is_same_repository(&other))
    };
    for list in LISTS {
        let containers = spec.pointer_mut(&format!("/template/spec/{list}"));
        for container in containers.and_then(Value::as_array_mut).into_iter().flatten() {
            let own = container.get("image").and_then(Value::as_str).unwrap_or_default();
            let same = released.iter().find(|image| is_same(image, own));
            if let (Some(image), Some(fields)) = (same, container.as_object_mut()) {
                fields.insert("image".into(), image.as_str().into());
            }
        }
    }
}

/// What is told of something that is created: of a job its images too.
pub fn created(made: &Value) -> String {
    let images: Vec<&str> = images_of(made).collect();
    if images.is_empty() {
        "is created".to_owned()
    } else {
        format!("is created of {}", images.join(", "))
    }
}

/// The job that a request creates, where it runs none of the images that are released.
pub fn of_others(request: &Request) -> Option<&str> {
    let Act::Create(made) = &request.act else { return None };
    let released = made.pointer("/metadata/annotations")?.get(IMAGES)?.as_str()?;
    let mut released = released.split(' ');
    let is_of_others = !released.any(|image| images_of(made).any(|own| own == image));
    is_of_others.then_some(request.place.name.as_str())
}

fn images_of(job: &Value) -> impl Iterator<Item = &str> {
    let is_job = job.get("kind").and_then(Value::as_str) == Some("Job");
    let lists = LISTS.into_iter().filter(move |_| is_job);
    let containers = lists.filter_map(|list| job.pointer(&format!("/spec/template/spec/{list}"))?.as_array());
    containers
        .flatten()
        .filter_map(|container| container.get("image")?.as_str())
}

/// A name that is the same for the same, and another for anything else.
fn name(source: &str, of: &str) -> String {
    let mut hash = sha256(of.as_bytes());
    hash.truncate(OF_HASH);
    let suffix = format!("-{hash}");
    let source: String = source.chars().take(LONGEST - suffix.len()).collect();
    format!("{}{suffix}", source.trim_end_matches(['-', '.']))
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
