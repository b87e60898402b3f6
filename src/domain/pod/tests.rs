//! The word and the health of an instance.

use super::*;

fn container(role: ContainerRole, state: ContainerState) -> Container {
    Container {
        role,
        state,
        ..Container::default()
    }
}

fn waiting(reason: &str) -> ContainerState {
    ContainerState::Waiting {
        reason: reason.into(),
        message: Clean::default(),
    }
}

fn ended(code: i32, reason: &str) -> ContainerState {
    ContainerState::Terminated(Exit {
        code,
        reason: reason.into(),
        ..Exit::default()
    })
}

fn pod(phase: PodPhase, containers: Vec<Container>) -> Pod {
    Pod {
        phase,
        containers: containers.into(),
        node: Some("node-1".into()),
        ready: true,
        ..Pod::default()
    }
}

fn running() -> ContainerState {
    ContainerState::Running { since: None }
}

#[test]
fn the_newest_run_that_was_killed_for_its_memory_is_told() {
    let killed = |second, reason: &str| Exit {
        code: 137,
        reason: reason.into(),
        at: Timestamp::from_timestamp(second, 0),
        ..Exit::default()
    };
    let before = |state, exit| Container {
        last_exit: Some(exit),
        ..container(ContainerRole::Main, state)
    };
    let of = |containers| pod(PodPhase::Running, containers);
    let two = of(vec![
        before(running(), killed(20, "OOMKilled")),
        before(
            ContainerState::Terminated(killed(30, "OOMKilled")),
            killed(10, "OOMKilled"),
        ),
        before(running(), killed(40, "Error")),
    ]);
    let newest = two.out_of_memory().and_then(|exit| exit.at);
    assert_eq!(
        (newest, two.out_of_memory_kills()),
        (Timestamp::from_timestamp(30, 0), 3)
    );
    let none = of(vec![
        before(running(), killed(40, "Error")),
        container(ContainerRole::Main, running()),
    ]);
    assert_eq!((none.out_of_memory(), none.out_of_memory_kills()), (None, 0));
}

#[test]
fn a_container_that_is_done_hides_no_other() {
    let beside_a_done_one = |is_ready, state| Pod {
        ready: is_ready,
        ..pod(
            PodPhase::Running,
            vec![
                container(ContainerRole::Main, ended(0, "Completed")),
                Container {
                    ready: true,
                    ..container(ContainerRole::Main, state)
                },
            ],
        )
    };
    for (pod, status) in [
        (beside_a_done_one(true, running()), "Running"),
        (beside_a_done_one(false, running()), "NotReady"),
        (beside_a_done_one(false, ended(2, "Error")), "Error"),
    ] {
        assert_eq!(pod.status(), status);
    }
}

#[test]
fn the_status_is_the_word_kubectl_shows() {
    let main = |phase, state| pod(phase, vec![container(ContainerRole::Main, state)]);
    let well = main(PodPhase::Running, running());
    for (pod, status) in [
        (
            Pod {
                ready: false,
                ..well.clone()
            },
            "Running",
        ),
        (
            Pod {
                deleting: Some(Timestamp::UNIX_EPOCH),
                ..well.clone()
            },
            "Terminating",
        ),
        (well, "Running"),
        (
            main(PodPhase::Pending, waiting("ContainerCreating")),
            "ContainerCreating",
        ),
        (main(PodPhase::Running, waiting("CrashLoopBackOff")), "CrashLoopBackOff"),
        (main(PodPhase::Running, ended(137, "OOMKilled")), "OOMKilled"),
        (main(PodPhase::Running, ended(3, "")), "ExitCode:3"),
        (
            main(
                PodPhase::Running,
                ContainerState::Terminated(Exit {
                    code: 137,
                    signal: Some(9),
                    ..Exit::default()
                }),
            ),
            "Signal:9",
        ),
        (
            Pod {
                deleting: Some(Timestamp::UNIX_EPOCH),
                ..main(PodPhase::Succeeded, ended(0, "Completed"))
            },
            "Completed",
        ),
        (main(PodPhase::Succeeded, ended(0, "Completed")), "Completed"),
        (
            Pod {
                reason: Some("Evicted".into()),
                ..pod(PodPhase::Failed, vec![])
            },
            "Evicted",
        ),
    ] {
        assert_eq!(pod.status(), status);
    }
}

#[test]
fn init_containers_are_counted_until_the_main_ones_start() {
    use ContainerRole::{Init, Main, Sidecar};
    let sidecar_up = Container {
        ready: true,
        ..container(Sidecar, running())
    };
    let done = || container(Init, ended(0, "Completed"));
    for (containers, status) in [
        (
            vec![container(Init, running()), container(Main, waiting("PodInitializing"))],
            "Init:0/1",
        ),
        (
            vec![container(Init, waiting("ImagePullBackOff"))],
            "Init:ImagePullBackOff",
        ),
        (vec![container(Init, ended(1, "Error"))], "Init:Error"),
        (vec![sidecar_up, done(), container(Init, running())], "Init:2/3"),
    ] {
        assert_eq!(pod(PodPhase::Pending, containers).status(), status);
    }
}

#[test]
fn health_never_trusts_a_lost_node() {
    let well = pod(
        PodPhase::Running,
        vec![container(ContainerRole::Main, ContainerState::Running { since: None })],
    );
    assert_eq!(well.health(false), Health::Ready);
    assert_eq!(well.health(true), Health::Unknown);
    let crashing = pod(
        PodPhase::Running,
        vec![container(ContainerRole::Main, waiting("CrashLoopBackOff"))],
    );
    assert_eq!(crashing.health(false), Health::Failing);
    let debugged = pod(
        PodPhase::Running,
        vec![container(ContainerRole::Ephemeral, ended(1, "Error"))],
    );
    assert_eq!(
        debugged.health(false),
        Health::Ready,
        "a debugging container is not the instance"
    );
    assert_eq!(Pod { ready: false, ..well }.health(false), Health::Starting);
}
