//! A build from a Job and its pod.

use super::cause::{self, Cause};
use super::stage::{Stage, StageState};
use super::value::{Backend, Build, State};
use crate::domain::{
    BuildFacts, BuildRun, Clean, ClusterId, Container, ContainerState, JobEnd, Pod, PodPhase, Terms, Workload,
};

/// What a Job and its newest pod say of a build; `None`: the Job is none. `refused` is the sentence of the Job's
/// controller where it could make no pod (`FailedCreate`).
pub fn of_job(cluster: &ClusterId, job: &Workload, pod: Option<&Pod>, refused: Option<&Clean>) -> Option<Build> {
    let Terms::Build(facts) = &job.terms else { return None };
    let state = state(facts, pod);
    let held = if state.is_over() { None } else { held(pod, refused) };
    Some(Build {
        cluster: cluster.clone(),
        namespace: job.key.namespace.clone(),
        app: facts.app.clone(),
        backend: Backend::Job,
        name: job.key.name.clone(),
        uid: Some(job.uid.clone()),
        commit: facts.commit.clone(),
        repo: facts.repo.clone(),
        reference: facts.reference.clone(),
        image: facts.image.clone(),
        digest: pod.and_then(digest),
        by: facts.by.clone(),
        builder: facts.builder.clone(),
        asked: job.created,
        began: facts.began,
        ended: facts.ended,
        stages: stages(facts, pod, state.is_over()),
        state,
        pod: pod.map(|pod| pod.key.name.clone()),
        held,
    })
}

fn state(facts: &BuildFacts, pod: Option<&Pod>) -> State {
    match &facts.outcome {
        // A Job ends after its pods (Kubernetes 1.31): the pod's end, with its digest or its exit code, is on its way.
        Some(_) if pod.is_some_and(|pod| !pod.phase.is_terminal() && pod.deleting.is_none()) => State::Running,
        Some(JobEnd::Complete) => State::Done,
        Some(JobEnd::Failed { reason, message }) => State::Failed(failure(reason, message, pod)),
        None if facts.leaving => State::Cancelled,
        None => {
            let has_run = |pod: &Pod| pod.containers.iter().any(|c| began(&c.state));
            if pod.is_some_and(has_run) {
                State::Running
            } else {
                State::Waiting
            }
        }
    }
}

const fn began(state: &ContainerState) -> bool {
    matches!(state, ContainerState::Running { .. } | ContainerState::Terminated(_))
}

/// Why a Job failed, as far as its states tell: what a stage wrote says more ([`cause::of_stage`]).
fn failure(reason: &Clean, message: &Clean, pod: Option<&Pod>) -> Cause {
    if reason == "DeadlineExceeded" {
        return Cause::Deadline;
    }
    let Some(pod) = pod else {
        return Cause::Said(format!("{reason}: {message}").into());
    };
    for container in pod.containers.iter() {
        if let ContainerState::Terminated(exit) = &container.state {
            if exit.is_out_of_memory() {
                return Cause::OutOfMemory(container.name.clone());
            }
            if exit.code != 0 && pod.reason.is_none() {
                return cause::of_stage(&container.name, exit.code, &[]);
            }
        }
    }
    match (&pod.reason, &pod.message) {
        (Some(reason), Some(message)) => Cause::Lost(format!("{reason}: {message}").into()),
        (Some(reason), None) => Cause::Lost(reason.clone()),
        (None, _) => Cause::Said(format!("{reason}: {message}").into()),
    }
}

/// What keeps a build that is not over from going on.
fn held(pod: Option<&Pod>, refused: Option<&Clean>) -> Option<Cause> {
    let Some(pod) = pod else {
        return refused.map(cause::of_refusal);
    };
    if pod.phase == PodPhase::Pending && pod.node.is_none() {
        let is_it = pod.reason.as_ref().is_some_and(|reason| reason == "Unschedulable");
        return is_it.then(|| Cause::Unschedulable(pod.message.clone().unwrap_or_default()));
    }
    pod.containers.iter().find_map(|container| match &container.state {
        ContainerState::Waiting { reason, message } => match reason.as_str() {
            "ImagePullBackOff" | "ErrImagePull" | "ErrImageNeverPull" | "InvalidImageName" => Some(Cause::Image {
                image: container.image.clone(),
                reason: reason.clone(),
            }),
            "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => Some(Cause::Start {
                stage: container.name.clone(),
                message: message.clone(),
            }),
            _ => None,
        },
        _ => None,
    })
}

fn stages(facts: &BuildFacts, pod: Option<&Pod>, is_over: bool) -> Vec<Stage> {
    let of = |name: &Clean| {
        let container = pod.and_then(|pod| pod.containers.iter().find(|container| container.name == *name));
        let run = pod.and_then(|pod| pod.runs.as_ref()?.iter().find(|run| run.container == *name));
        Stage {
            name: name.clone(),
            container: name.clone(),
            state: stage_state(container, pod.is_some(), is_over),
            began: run.and_then(|run| run.began),
            ended: run.and_then(|run| run.ended),
        }
    };
    // Without a pod there is nothing to tell of an ended build's stages.
    if pod.is_none() && is_over {
        return Vec::new();
    }
    facts.containers.iter().map(of).collect()
}

fn stage_state(container: Option<&Container>, has_pod: bool, is_over: bool) -> StageState {
    match container.map(|container| &container.state) {
        Some(ContainerState::Terminated(exit)) if exit.code == 0 => StageState::Done,
        Some(ContainerState::Terminated(exit)) => StageState::Failed {
            code: exit.code,
            reason: exit.word(),
        },
        Some(ContainerState::Running { .. }) => StageState::Running,
        _ if is_over && has_pod => StageState::Skipped,
        _ => StageState::Waiting,
    }
}

/// The image's digest, as the last container that says one left it in its termination log.
fn digest(pod: &Pod) -> Option<Clean> {
    let runs = pod.runs.as_ref()?;
    runs.iter()
        .rev()
        .find_map(|run: &BuildRun| digest_in(&run.message))
        .map(Clean::from)
}

/// A digest in a termination message: buildctl's metadata (`containerimage.digest`), or `sha256:…` alone, as buildah's
/// `--digestfile` has it.
pub fn digest_in(message: &str) -> Option<String> {
    let json: Option<serde_json::Value> = serde_json::from_str(message).ok();
    let told = json
        .as_ref()
        .and_then(|json| json.get("containerimage.digest")?.as_str());
    let mut words = message.split(|c: char| c.is_whitespace() || c == '"');
    let digest = told.or_else(|| words.find(|word| word.starts_with("sha256:")))?;
    let hex = digest.strip_prefix("sha256:")?;
    let fits = hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| digest.to_owned())
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
