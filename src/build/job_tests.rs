//! Jobs and pods as the projection gives them.

use super::*;
use crate::domain::container::{ContainerRole, Exit};
use crate::domain::{Kind, Timestamp};

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn at(second: i64) -> Option<Timestamp> {
    Timestamp::from_timestamp(second, 0)
}

fn job(outcome: Option<JobEnd>) -> Workload {
    let facts = BuildFacts {
        app: "live".into(),
        commit: "c04d21b9f31c2a77ab0e4f5d6a7b8c9d0e1f2a3b".into(),
        image: "registry.local/gift/live:c04d21b9f31c".into(),
        containers: ["clone".into(), "compile".into(), "package".into()].into(),
        began: at(10),
        ended: outcome.as_ref().and_then(|_| at(100)),
        outcome,
        ..BuildFacts::default()
    };
    let mut job = crate::release::testing::deployment(1);
    job.kind = Kind::Job;
    job.terms = Terms::Build(Box::new(facts));
    job
}

fn ended(code: i32, reason: &str) -> ContainerState {
    ContainerState::Terminated(Exit {
        code,
        reason: reason.into(),
        ..Exit::default()
    })
}

fn pod(states: [ContainerState; 3]) -> Pod {
    let names = ["clone", "compile", "package"];
    let roles = [ContainerRole::Init, ContainerRole::Init, ContainerRole::Main];
    let containers = names
        .iter()
        .zip(roles)
        .zip(states)
        .map(|((name, role), state)| Container {
            name: (*name).into(),
            role,
            state,
            ..Container::default()
        });
    let run = |(name, second): (&str, i64)| BuildRun {
        container: name.into(),
        began: at(second),
        ended: at(second + 20),
        message: if name == "package" {
            DIGEST.into()
        } else {
            Clean::default()
        },
    };
    Pod {
        node: Some("node-1".into()),
        containers: containers.collect(),
        runs: Some(names.into_iter().zip([20, 40, 60]).map(run).collect()),
        ..Pod::default()
    }
}

fn failed(reason: &str) -> JobEnd {
    JobEnd::Failed {
        reason: reason.into(),
        message: "m".into(),
    }
}

fn built(job: &Workload, pod: Option<&Pod>) -> Build {
    of_job(&ClusterId::new("a"), job, pod, None).unwrap()
}

#[test]
fn a_build_that_is_done_has_its_stages_times_and_digest() {
    let done = || ended(0, "Completed");
    let mut ended = pod([done(), done(), done()]);
    ended.phase = PodPhase::Running;
    let build = built(&job(Some(JobEnd::Complete)), Some(&ended));
    assert_eq!(build.state, State::Running, "the end of its pod is on its way");
    ended.phase = PodPhase::Succeeded;
    let build = built(&job(Some(JobEnd::Complete)), Some(&ended));
    assert_eq!(build.state, State::Done);
    assert_eq!(build.took(at(1000).unwrap()), Some(90));
    assert_eq!(
        build
            .stages
            .iter()
            .map(|s| s.took(at(1000).unwrap()))
            .collect::<Vec<_>>(),
        [Some(20); 3]
    );
    assert_eq!(build.released_as(), Some(format!("registry.local/gift/live@{DIGEST}")));
    assert_eq!(build.stage(), None);
}

#[test]
fn a_build_runs_once_a_container_has_begun_and_says_at_which_stage() {
    let waiting = || ContainerState::Waiting {
        reason: "PodInitializing".into(),
        message: Clean::default(),
    };
    let build = built(&job(None), Some(&pod([waiting(), waiting(), waiting()])));
    assert_eq!((build.state.name(), build.held.clone()), ("waiting", None));
    let runs = ContainerState::Running { since: at(40) };
    let build = built(&job(None), Some(&pod([ended(0, ""), runs, waiting()])));
    assert_eq!(build.state, State::Running);
    assert_eq!(build.stage().map(|stage| stage.name.as_str()), Some("compile"));
    assert_eq!(built(&job(None), None).state, State::Waiting);
}

#[test]
fn a_build_that_failed_names_the_stage_and_skips_the_rest() {
    let mut compiling = pod([ended(0, ""), ended(2, "Error"), ContainerState::Unknown]);
    compiling.phase = PodPhase::Running;
    let build = built(&job(Some(failed("BackoffLimitExceeded"))), Some(&compiling));
    assert_eq!(build.state, State::Running, "why it failed is on its way");
    compiling.phase = PodPhase::Failed;
    let build = built(&job(Some(failed("BackoffLimitExceeded"))), Some(&compiling));
    assert_eq!(build.state, State::Failed(cause::of_stage(&"compile".into(), 2, &[])));
    assert_eq!(build.stages.last().map(|stage| stage.state.name()), Some("skipped"));
    let mut killed = pod([ended(0, ""), ended(137, "OOMKilled"), ContainerState::Unknown]);
    killed.phase = PodPhase::Failed;
    let build = built(&job(Some(failed("BackoffLimitExceeded"))), Some(&killed));
    assert_eq!(build.state, State::Failed(Cause::OutOfMemory("compile".into())));
    assert_eq!(
        built(&job(Some(failed("DeadlineExceeded"))), None).state,
        State::Failed(Cause::Deadline)
    );
    let mut evicted = pod([ended(0, ""), ended(137, "Error"), ContainerState::Unknown]);
    evicted.reason = Some("Evicted".into());
    evicted.phase = PodPhase::Failed;
    let build = built(&job(Some(failed("BackoffLimitExceeded"))), Some(&evicted));
    assert_eq!(build.state, State::Failed(Cause::Lost("Evicted".into())));
}

#[test]
fn what_a_build_waits_for_is_said() {
    let refused: Clean = "pods \"b\" is forbidden: violates PodSecurity \"baseline\"".into();
    let build = of_job(&ClusterId::new("a"), &job(None), None, Some(&refused)).unwrap();
    assert_eq!(build.held, Some(Cause::PodSecurity(refused)));
    let mut waits = pod([
        ContainerState::Unknown,
        ContainerState::Unknown,
        ContainerState::Unknown,
    ]);
    waits.node = None;
    waits.phase = PodPhase::Pending;
    waits.reason = Some("Unschedulable".into());
    waits.message = Some("0/3 nodes are available".into());
    let build = built(&job(None), Some(&waits));
    assert_eq!(build.held, Some(Cause::Unschedulable("0/3 nodes are available".into())));
}

#[test]
fn a_job_that_is_being_deleted_before_its_end_is_cancelled() {
    let mut leaving = job(None);
    if let Terms::Build(facts) = &mut leaving.terms {
        facts.leaving = true;
    }
    assert_eq!(built(&leaving, None).state, State::Cancelled);
    leaving.terms = Terms::Plain;
    assert_eq!(of_job(&ClusterId::new("a"), &leaving, None, None), None);
}

#[test]
fn a_digest_is_found_in_what_builders_leave() {
    assert_eq!(digest_in(&format!("{DIGEST}\n")).as_deref(), Some(DIGEST));
    let buildctl = format!("{{\"containerimage.config.digest\":\"sha256:ff\",\"containerimage.digest\":\"{DIGEST}\"}}");
    assert_eq!(digest_in(&buildctl).as_deref(), Some(DIGEST));
    assert_eq!(digest_in("sha256:short"), None);
    assert_eq!(digest_in(""), None);
}
