//! `pods/log`: what a container printed and prints. Options and refusals are those of API server and kubelet.

use std::sync::Arc;

use serde_json::Value;

use super::super::body::SimBody;
use super::super::cluster::Inner;
use super::super::controllers::kubelet::address;
use super::super::controllers::kubelet::behaviour::Behaviour;
use super::super::controllers::kubelet::turn::{is_init, statuses};
use super::super::controllers::node::is_dead;
use super::super::controllers::object::{at, count, items, moment, text};
use super::super::fault::{Fault, LogFault};
use super::super::journal::script::Script;
use super::super::journal::{End, Journal, Nanos};
use super::super::load::{Plan, PodLoad};
use super::super::resource::{NODES, PODS};
use super::super::status::{Cause, Status};
use super::super::store::Stored;
use super::Answer;
use super::list::number;
use super::request::Request;
use crate::domain::build::BUILD_OF;

mod stream;

/// What is asked of a log.
#[derive(Clone, Debug, Default)]
struct Options {
    follow: bool,
    previous: bool,
    timestamps: bool,
    since: Option<Nanos>,
    tail: Option<u64>,
    limit: Option<u64>,
}

/// Which run of a container is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    namespace: String,
    pod: String,
    uid: String,
    container: String,
    /// Without the runtime's name.
    id: String,
}

/// Answers `GET …/pods/NAME/log`.
pub(super) fn answer(cluster: &Arc<Inner>, request: &Request) -> Result<Answer, Status> {
    let found = cluster.with_store(|store| {
        let pod = store.get(&PODS, &request.namespace, &request.name).cloned()?;
        let node = store.get(&NODES, "", text(&pod, &["spec", "nodeName"])).cloned();
        Some((pod, node))
    });
    let (pod, node) = found.ok_or_else(|| Status::not_found(&PODS, &request.name))?;
    let options = options(request, cluster.now().timestamp_nanos_opt().unwrap_or_default())?;
    let container = container_of(&pod, request.query.get("container"))?;
    if text(&pod, &["spec", "nodeName"]).is_empty() {
        return Ok(Answer::Text(200, String::new()));
    }
    if let Some(node) = node.filter(|node| is_dead(node)) {
        let host = address(&node);
        let (namespace, name) = (&request.namespace, &request.name);
        let why = format!(
            "Get \"https://{host}:10250/containerLogs/{namespace}/{name}/{container}\": {}",
            super::proxy::no_route(&node)
        );
        return Err(Status::new(500, "", why));
    }
    let status = status_of(&pod, &container);
    let id = run_of(&pod, status, &container, options.previous).map_err(Status::bad_request)?;
    let run = Run {
        namespace: request.namespace.clone(),
        pod: request.name.clone(),
        uid: text(&pod, &["metadata", "uid"]).to_owned(),
        container,
        id,
    };
    let plan = cluster.load();
    let journal = journal(&pod, &run, &plan).ok_or_else(Status::no_such_path)?;
    let odd = cluster.faults.take(|fault| match fault {
        Fault::Logs(LogFault::Print(odd)) => Some(*odd),
        _ => None,
    });
    let stream = stream::start(cluster.clone(), run, journal.odd(odd), options);
    Ok(Answer::Body(200, "text/plain", SimBody::stream(stream)))
}

fn options(request: &Request, now: Nanos) -> Result<Options, Status> {
    let query = &request.query;
    let mut causes = Vec::new();
    let mut whole = |name: &str, least: i64| -> Result<Option<i64>, Status> {
        let value = if query.get(name).is_empty() {
            None
        } else {
            number(query, name)?
        };
        if let Some(value) = value.filter(|value| *value < least) {
            let why = if least == 0 {
                "must be greater than or equal to 0"
            } else {
                "must be greater than 0"
            };
            causes.push(Cause::invalid(name, value, why));
        }
        Ok(value)
    };
    let tail = whole("tailLines", 0)?;
    let limit = whole("limitBytes", 1)?;
    let since_seconds = whole("sinceSeconds", 1)?;
    let since_time = query.get("sinceTime");
    let since_time = match since_time {
        "" => None,
        text => Some(
            chrono::DateTime::parse_from_rfc3339(text)
                .map_err(|error| Status::bad_request(format!("parsing time \"{text}\": {error}")))?,
        ),
    };
    if since_seconds.is_some() && since_time.is_some() {
        causes.push(Cause::forbidden(
            "",
            "at most one of `sinceTime` or `sinceSeconds` may be specified",
        ));
    }
    if !causes.is_empty() {
        let kind = super::super::resource::Resource {
            kind: "PodLogOptions".into(),
            ..PODS.clone()
        };
        return Err(Status::invalid(&kind, &request.name, &causes));
    }
    // The API server passes times on in whole seconds.
    let since = since_time
        .map(|at| at.timestamp() * 1_000_000_000)
        .or_else(|| since_seconds.map(|seconds| now.saturating_sub(seconds.saturating_mul(1_000_000_000))));
    Ok(Options {
        follow: query.flag("follow"),
        previous: query.flag("previous"),
        timestamps: query.flag("timestamps"),
        since,
        tail: tail.and_then(|tail| tail.try_into().ok()),
        limit: limit.and_then(|limit| limit.try_into().ok()),
    })
}

fn names<'a>(pod: &'a Value, field: &str) -> Vec<&'a str> {
    items(pod, &["spec", field])
        .iter()
        .map(|c| text(c, &["name"]))
        .collect()
}

/// The container that is meant, if the pod has it.
fn container_of(pod: &Value, asked: &str) -> Result<String, Status> {
    let name = text(pod, &["metadata", "name"]);
    let all = names(pod, "containers");
    let first = names(pod, "initContainers");
    if asked.is_empty() {
        return match all.as_slice() {
            [one] => Ok((*one).to_owned()),
            many => {
                let more = if first.is_empty() {
                    String::new()
                } else {
                    format!(" or one of the init containers: [{}]", first.join(" "))
                };
                let many = many.join(" ");
                Err(Status::bad_request(format!(
                    "a container name must be specified for pod {name}, choose one of: [{many}]{more}"
                )))
            }
        };
    }
    if all.contains(&asked) || first.contains(&asked) || names(pod, "ephemeralContainers").contains(&asked) {
        return Ok(asked.to_owned());
    }
    Err(Status::bad_request(format!(
        "container {asked} is not valid for pod {name}"
    )))
}

fn status_of<'a>(pod: &'a Value, container: &str) -> Option<&'a Value> {
    statuses(pod).find(|status| text(status, &["name"]) == container)
}

/// The run whose log there is, as the kubelet chooses it (`validateContainerLogStatus`); else why there is none.
fn run_of(pod: &Value, status: Option<&Value>, container: &str, previous: bool) -> Result<String, String> {
    let name = text(pod, &["metadata", "name"]);
    let waits = |why: &str| format!("container \"{container}\" in pod \"{name}\" is waiting to start: {why}");
    let Some(status) = status else {
        return Err(format!("container \"{container}\" in pod \"{name}\" is not available"));
    };
    let last = at(status, &["lastState", "terminated"]);
    let id = |full: &str| full.split_once("://").map_or(full, |(_, id)| id).to_owned();
    if previous {
        return last
            .map(|end| id(text(end, &["containerID"])))
            .ok_or_else(|| format!("previous terminated container \"{container}\" in pod \"{name}\" not found"));
    }
    if at(status, &["state", "running"]).is_some() {
        return Ok(id(text(status, &["containerID"])));
    }
    if let Some(end) = at(status, &["state", "terminated"]).or(last) {
        return Ok(id(text(end, &["containerID"])));
    }
    Err(match text(status, &["state", "waiting", "reason"]) {
        "ErrImagePull" => waits("image can't be pulled"),
        "ImagePullBackOff" => waits("trying and failing to pull image"),
        "" => format!("container \"{container}\" in pod \"{name}\" is waiting to start - no logs yet"),
        reason => waits(reason),
    })
}

/// The log of a run as it is known now; none where the pod no longer tells of the run.
fn journal(pod: &Stored, run: &Run, plan: &Plan) -> Option<Journal> {
    let status = status_of(pod, &run.container)?;
    let is_run = |state: &Value| text(state, &["containerID"]).ends_with(&run.id);
    let ended = [["state", "terminated"], ["lastState", "terminated"]]
        .iter()
        .filter_map(|path| at(status, path))
        .find(|end| is_run(end));
    let running = at(status, &["state", "running"]).filter(|_| is_run(status));
    let began = moment(running.or(ended)?, &["startedAt"])?.timestamp() as f64;
    let is_build = !text(pod, &["metadata", "labels", BUILD_OF]).is_empty();
    let behaviour = Behaviour::of(pod);
    let subject = behaviour.container == run.container;
    let by_itself = subject && behaviour.crash.is_some() && behaviour.exit_reason.as_deref() != Some("OOMKilled");
    let failing = by_itself && behaviour.exit_code != 0;
    let end = running.is_none().then_some(ended).flatten().and_then(|end| {
        let code = count(end, &["exitCode"]);
        Some(End {
            // The API tells whole seconds; the run may have gone on to the end of that one.
            at: moment(end, &["finishedAt"])?.timestamp_nanos_opt()? + 1_000_000_000,
            // Whoever is killed says nothing more.
            crashed: !matches!(code, 0 | 137 | 143),
        })
    });
    if is_build || is_init(pod, &run.container) {
        return Some(Journal::scripted(Script::of(pod, &run.container), began).ended(end));
    }
    let load = PodLoad::of(pod, plan, None)?;
    let container = load.containers.iter().find(|one| one.name == run.container)?;
    let salt = format!("{}/{}/{}", run.uid, run.container, began);
    Some(Journal::new(&salt, container, began, failing).ended(end))
}

#[cfg(test)]
mod tests;
