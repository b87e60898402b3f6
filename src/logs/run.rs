//! What follows when a stream ended, from what is known of its instance now.

use super::divider::Divider;
use crate::domain::container::{Container, ContainerState, Exit};
use crate::domain::{Pod, Uid};

/// Which run of which container a stream read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    pub uid: Uid,
    pub container: crate::domain::Clean,
    /// Restarts before it.
    pub restarts: u32,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The server closed it in order: the container's log had no more, or a time limit of the server's passed.
    Closed,
    /// The connection broke.
    Broken,
    /// The server does not give it: the right to it is missing. Asking again soon changes nothing.
    Refused,
    /// The server has none, or not yet: its container is being created, or is gone.
    Absent,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Ask again with the cursor; without following, if the container has ended.
    Resume { follow: bool },
    /// Nothing yet: the container is to start again, or it is not known that it ended.
    Wait(Option<Divider>),
    /// Read of the run before (`previous=true`) what there is to read, then divide, then follow the new run from
    /// its start.
    Restart {
        before: Option<Before>,
        divider: Divider,
        run: Run,
    },
    /// Nothing more will come.
    Finish(Divider),
}

/// What there is to read of the run before the present one.
#[derive(Clone, Debug, PartialEq)]
pub enum Before {
    /// What is left of it, with the cursor.
    Rest,
    /// All of it, behind this divider: nothing of it was read.
    Whole(Divider),
}

/// How much of a run was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    ToItsEnd,
    /// There may be more of it.
    SoFar,
}

/// Decides what follows a stream's end. `pod` is the instance of that name now, `None` if it is gone.
pub fn next(run: &Run, end: End, pod: Option<&Pod>) -> Next {
    let Some(pod) = pod else {
        return Next::Finish(Divider::Gone);
    };
    if pod.uid != run.uid {
        return Next::Finish(Divider::Replaced);
    }
    let Some(container) = pod.containers.iter().find(|c| c.name == run.container) else {
        return Next::Finish(Divider::Gone);
    };
    if container.restarts > run.restarts {
        return restarted(run, Extent::SoFar, container);
    }
    match (&container.state, end) {
        (ContainerState::Running { .. }, _) => Next::Resume { follow: true },
        (_, End::Broken | End::Refused | End::Absent) => Next::Resume { follow: false },
        (ContainerState::Terminated(exit), End::Closed) => Next::Finish(Divider::Ended {
            exit: Some(exit.clone()),
        }),
        (ContainerState::Waiting { .. }, End::Closed) => {
            let ended = container
                .last_exit
                .clone()
                .map(|exit| Divider::Ended { exit: Some(exit) });
            Next::Wait(ended)
        }
        (ContainerState::Unknown, End::Closed) => Next::Wait(None),
    }
}

/// What follows on a run of a container that has restarted since.
///
/// Of the runs in between a node keeps the last one. `previous=true` gives it unless the container waits to start
/// again: then the last one to end is the present run (`validateContainerLogStatus` in `pkg/kubelet/kubelet_pods.go`).
pub fn restarted(run: &Run, extent: Extent, container: &Container) -> Next {
    let between = container.restarts.saturating_sub(run.restarts + 1);
    let is_waiting = matches!(container.state, ContainerState::Waiting { .. });
    let last: Option<Exit> = container.last_exit.clone().filter(|_| !is_waiting);
    let divider = |restarts, exit, missed| Divider::Restarted { restarts, exit, missed };
    let restarts = container.restarts;
    let (before, divider) = match (between, extent) {
        (0, Extent::ToItsEnd) => (None, Divider::Joined { restarts }),
        // Without a word of how it ended there may still be a log of it.
        (0, Extent::SoFar) => ((!is_waiting).then_some(Before::Rest), divider(restarts, last, 0)),
        (between, _) if last.is_some() => {
            let behind = divider(restarts - 1, None, between - 1);
            (Some(Before::Whole(behind)), divider(restarts, last, 0))
        }
        (between, _) => (None, divider(restarts, None, between)),
    };
    Next::Restart {
        before,
        divider,
        run: Run {
            restarts,
            ..run.clone()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        Run {
            uid: Uid::Uuid(7),
            container: "app".into(),
            restarts: 2,
        }
    }

    fn exit() -> Exit {
        Exit {
            code: 137,
            reason: "OOMKilled".into(),
            ..Exit::default()
        }
    }

    fn pod(restarts: u32, state: ContainerState) -> Pod {
        let container = Container {
            name: "app".into(),
            restarts,
            state,
            last_exit: Some(exit()),
            ..Container::default()
        };
        Pod {
            uid: Uid::Uuid(7),
            containers: [container].into(),
            ..Pod::default()
        }
    }

    fn waiting() -> ContainerState {
        ContainerState::Waiting {
            reason: "CrashLoopBackOff".into(),
            message: "".into(),
        }
    }

    #[test]
    fn what_follows_is_what_the_instance_does() {
        let running = || ContainerState::Running { since: None };
        let ended = || Divider::Ended { exit: Some(exit()) };
        for (end, pod, next_is) in [
            (End::Closed, Some(pod(2, running())), Next::Resume { follow: true }),
            (End::Broken, Some(pod(2, running())), Next::Resume { follow: true }),
            (
                End::Broken,
                Some(pod(2, ContainerState::Terminated(exit()))),
                Next::Resume { follow: false },
            ),
            (
                End::Closed,
                Some(pod(2, ContainerState::Terminated(exit()))),
                Next::Finish(ended()),
            ),
            (End::Closed, Some(pod(2, waiting())), Next::Wait(Some(ended()))),
            (End::Closed, Some(pod(2, ContainerState::Unknown)), Next::Wait(None)),
            (End::Closed, None, Next::Finish(Divider::Gone)),
            (
                End::Closed,
                Some(Pod {
                    uid: Uid::Uuid(8),
                    ..pod(0, running())
                }),
                Next::Finish(Divider::Replaced),
            ),
            (
                End::Closed,
                Some(Pod {
                    containers: [].into(),
                    ..pod(0, running())
                }),
                Next::Finish(Divider::Gone),
            ),
        ] {
            assert_eq!(next(&run(), end, pod.as_ref()), next_is, "{end:?} {pod:?}");
        }
    }

    #[test]
    fn of_runs_since_then_what_is_kept_is_read_and_the_others_are_told() {
        let running = || ContainerState::Running { since: None };
        let divider = |restarts, exit, missed| Divider::Restarted { restarts, exit, missed };
        let (rest, whole) = (Some(Before::Rest), |missed| {
            Some(Before::Whole(divider(4, None, missed)))
        });
        for (now, extent, before, divider) in [
            (pod(3, running()), Extent::SoFar, rest, divider(3, Some(exit()), 0)),
            (pod(3, waiting()), Extent::SoFar, None, divider(3, None, 0)),
            (pod(5, running()), Extent::SoFar, whole(1), divider(5, Some(exit()), 0)),
            (pod(5, waiting()), Extent::SoFar, None, divider(5, None, 2)),
            (
                pod(3, running()),
                Extent::ToItsEnd,
                None,
                Divider::Joined { restarts: 3 },
            ),
            (
                pod(5, running()),
                Extent::ToItsEnd,
                whole(1),
                divider(5, Some(exit()), 0),
            ),
        ] {
            let container = now.containers.first().unwrap();
            let run_now = Run {
                restarts: container.restarts,
                ..run()
            };
            let wanted = Next::Restart {
                before,
                divider,
                run: run_now,
            };
            assert_eq!(restarted(&run(), extent, container), wanted, "{extent:?} {container:?}");
        }
    }
}
