//! Why instances of a version do not become ready, from their pods alone (`research/release.md` 1.6).

use crate::domain::container::{ContainerRole, ContainerState, Exit};
use crate::domain::{Clean, Container, Pod};

/// What is wrong with a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Instances are refused: a quota, an admission policy; Kubernetes' own sentence.
    Refused(Clean),
    /// No node takes an instance; the scheduler's own sentence.
    Unschedulable(Clean),
    /// The image is not to be had; `missing`: its registry says that there is none.
    Image { reason: Clean, image: Clean, missing: bool },
    /// A container was killed for the memory it took; it was started again so often.
    OutOfMemory { restarts: u32 },
    /// A container ends, and was started again so often.
    Crash { exit: Option<i32>, restarts: u32 },
    /// A container cannot be made: a missing `ConfigMap`, Secret or volume.
    Start { reason: Clean, message: Clean },
    /// An instance has ended: evicted, failed.
    Ended(Clean),
    /// It was not ready within the seconds that it was given; what was wrong with it all the while, as far as is known.
    Late { seconds: i64, because: Option<Box<Cause>> },
    /// The controller's own words.
    Said(Clean),
}

/// After so many restarts nobody waits for a container to do better.
const MOST_RESTARTS: u32 = 3;

impl Cause {
    /// The most telling cause among the instances of a version, one that stays before one that may pass; `None`: nothing
    /// is wrong so far.
    pub fn of<'a>(pods: impl IntoIterator<Item = &'a Pod>) -> Option<Self> {
        let all = pods.into_iter().filter_map(Self::of_pod);
        all.min_by(|one, other| (!one.is_final(), one).cmp(&(!other.is_final(), other)))
    }

    /// Whether it stays. What may pass by itself has until the deadline: nodes are added, a registry comes back, what a
    /// container waits for at its start is there.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Late { .. } | Self::Said(_) => true,
            Self::OutOfMemory { restarts } | Self::Crash { restarts, .. } => *restarts >= MOST_RESTARTS,
            Self::Image { reason, missing, .. } => {
                *missing || matches!(reason.as_str(), "InvalidImageName" | "ErrImageNeverPull")
            }
            Self::Unschedulable(_) | Self::Start { .. } | Self::Ended(_) => false,
        }
    }

    /// Whether it says something of the version, and not of the room, the registry or the nodes that it met.
    pub fn is_of_version(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Unschedulable(_) | Self::Image { .. } | Self::Ended(_) => false,
            Self::OutOfMemory { .. } | Self::Crash { .. } | Self::Start { .. } | Self::Said(_) => true,
            Self::Late { because, .. } => because.as_deref().is_none_or(Self::is_of_version),
        }
    }

    /// Why one instance is not well.
    pub fn of_pod(pod: &Pod) -> Option<Self> {
        if pod.deleting.is_some() {
            return None;
        }
        let lasting = |c: &&Container| c.role != ContainerRole::Ephemeral;
        if let Some(cause) = pod.containers.iter().filter(lasting).find_map(of_container) {
            return Some(cause);
        }
        match &pod.reason {
            Some(reason) if reason == "Unschedulable" => {
                Some(Self::Unschedulable(pod.message.clone().unwrap_or_default()))
            }
            reason if pod.phase == crate::domain::PodPhase::Failed => {
                Some(Self::Ended(reason.clone().unwrap_or_else(|| "Failed".into())))
            }
            _ => {
                let mut ended = pod.containers.iter().filter(lasting).filter(|c| c.restarts > 0);
                let killed = ended.find(|c| c.last_exit.as_ref().is_some_and(Exit::is_out_of_memory));
                let restarts = killed.filter(|_| !pod.ready)?.restarts;
                Some(Self::OutOfMemory { restarts })
            }
        }
    }

    /// One word or two of it, for where there is little room.
    pub fn brief(&self) -> String {
        match self {
            Self::Refused(_) => "instances are refused".into(),
            Self::Unschedulable(_) => "unschedulable".into(),
            Self::Image { reason, .. } | Self::Start { reason, .. } | Self::Ended(reason) | Self::Said(reason) => {
                reason.to_string()
            }
            Self::OutOfMemory { .. } => "OOMKilled".into(),
            Self::Crash { exit: Some(code), .. } => format!("CrashLoopBackOff exit {code}"),
            Self::Crash { exit: None, .. } => "CrashLoopBackOff".into(),
            Self::Late {
                because: Some(because), ..
            } => because.brief(),
            Self::Late { because: None, .. } => "not ready in time".into(),
        }
    }

    /// All of it in words.
    pub fn words(&self) -> String {
        let more = match self {
            Self::Refused(why) | Self::Unschedulable(why) => why.as_str(),
            Self::Image { image, .. } => image.as_str(),
            Self::Start { message, .. } => message.as_str(),
            Self::Late { seconds, because } => {
                let span = match (seconds / 60, seconds % 60) {
                    (minutes, 0) => format!("{minutes} min"),
                    _ => format!("{seconds} s"),
                };
                return match because {
                    Some(because) => format!("{}; it was given {span}", because.words()),
                    None => format!("{}: it was given {span} to answer its readiness probe", self.brief()),
                };
            }
            Self::OutOfMemory { .. } => "a container took more memory than its limit",
            Self::Crash { .. } | Self::Ended(_) | Self::Said(_) => "",
        };
        if more.is_empty() {
            self.brief()
        } else {
            format!("{}: {more}", self.brief())
        }
    }
}

fn of_container(container: &Container) -> Option<Cause> {
    match &container.state {
        ContainerState::Waiting { reason, message } => match reason.as_str() {
            "ImagePullBackOff" | "ErrImagePull" | "ErrImageNeverPull" | "InvalidImageName" => Some(Cause::Image {
                reason: reason.clone(),
                image: container.image.clone(),
                missing: is_missing(message),
            }),
            "CrashLoopBackOff" => Some(of_exit(container.last_exit.as_ref(), container.restarts)),
            "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => Some(Cause::Start {
                reason: reason.clone(),
                message: message.clone(),
            }),
            _ => None,
        },
        ContainerState::Terminated(exit) if exit.code != 0 => Some(of_exit(Some(exit), container.restarts)),
        ContainerState::Terminated(_) | ContainerState::Running { .. } | ContainerState::Unknown => None,
    }
}

/// What container runtimes and registries say where there is no such image.
fn is_missing(message: &str) -> bool {
    const WORDS: [&str; 3] = ["not found", "manifest unknown", "does not exist"];
    WORDS.iter().any(|words| message.contains(words))
}

fn of_exit(exit: Option<&Exit>, restarts: u32) -> Cause {
    match exit {
        Some(exit) if exit.is_out_of_memory() => Cause::OutOfMemory { restarts },
        exit => Cause::Crash {
            exit: exit.map(|exit| exit.code),
            restarts,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PodPhase;

    fn pod(state: ContainerState, last_exit: Option<Exit>) -> Pod {
        let container = Container {
            image: "reg/live:v2".into(),
            restarts: u32::from(last_exit.is_some()),
            state,
            last_exit,
            ..Container::default()
        };
        Pod {
            phase: PodPhase::Running,
            containers: [container].into(),
            ..Pod::default()
        }
    }

    fn waiting(reason: &str, message: &str) -> ContainerState {
        ContainerState::Waiting {
            reason: reason.into(),
            message: message.into(),
        }
    }

    fn exit(code: i32, reason: &str) -> Exit {
        Exit {
            code,
            reason: reason.into(),
            ..Exit::default()
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn each_signal_is_told_in_words() {
        let running = || ContainerState::Running { since: None };
        for (pod, words) in [
            (
                pod(waiting("ImagePullBackOff", ""), None),
                Some("ImagePullBackOff: reg/live:v2"),
            ),
            (
                pod(waiting("ErrImagePull", ""), None),
                Some("ErrImagePull: reg/live:v2"),
            ),
            (
                pod(waiting("CrashLoopBackOff", ""), Some(exit(3, "Error"))),
                Some("CrashLoopBackOff exit 3"),
            ),
            (pod(waiting("CrashLoopBackOff", ""), None), Some("CrashLoopBackOff")),
            (
                pod(waiting("CrashLoopBackOff", ""), Some(exit(137, "OOMKilled"))),
                Some("OOMKilled: a container took more memory than its limit"),
            ),
            (
                pod(ContainerState::Terminated(exit(1, "Error")), None),
                Some("CrashLoopBackOff exit 1"),
            ),
            (
                pod(waiting("CreateContainerConfigError", "secret \"db\" not found"), None),
                Some("CreateContainerConfigError: secret \"db\" not found"),
            ),
            (
                // It runs again, and was killed before.
                pod(running(), Some(exit(137, "OOMKilled"))),
                Some("OOMKilled: a container took more memory than its limit"),
            ),
            (
                Pod {
                    ready: true,
                    ..pod(running(), Some(exit(137, "OOMKilled")))
                },
                None,
            ),
            (
                Pod {
                    phase: PodPhase::Pending,
                    reason: Some("Unschedulable".into()),
                    message: Some("0/3 nodes are available".into()),
                    ..Pod::default()
                },
                Some("unschedulable: 0/3 nodes are available"),
            ),
            (
                Pod {
                    phase: PodPhase::Failed,
                    reason: Some("Evicted".into()),
                    ..Pod::default()
                },
                Some("Evicted"),
            ),
            (pod(waiting("ContainerCreating", ""), None), None),
            (pod(running(), None), None),
            (
                Pod {
                    deleting: Some(crate::domain::Timestamp::UNIX_EPOCH),
                    ..pod(ContainerState::Terminated(exit(143, "Error")), None)
                },
                None,
            ),
        ] {
            assert_eq!(Cause::of_pod(&pod).map(|cause| cause.words()).as_deref(), words);
        }
    }

    #[test]
    fn of_several_the_most_telling_is_told() {
        let crashing = pod(waiting("CrashLoopBackOff", ""), Some(exit(1, "Error")));
        let no_image = pod(waiting("ImagePullBackOff", ""), None);
        let cause = Cause::of([&crashing, &no_image]).unwrap();
        assert_eq!(cause.brief(), "ImagePullBackOff");
        assert_eq!(Cause::of([]), None);
        let mut again = crashing.clone();
        again.containers = [Container {
            restarts: MOST_RESTARTS,
            ..crashing.containers[0].clone()
        }]
        .into();
        let cause = Cause::of([&no_image, &crashing, &again]).unwrap();
        assert_eq!(cause.brief(), "CrashLoopBackOff exit 1", "what stays goes first");
    }

    #[test]
    fn what_may_pass_has_until_the_deadline_and_what_it_met_is_not_the_version_s_fault() {
        let image = |reason: &str, message: &str| Cause::of_pod(&pod(waiting(reason, message), None)).unwrap();
        let none = "rpc error: code = NotFound desc = failed to resolve reg/live:v2: not found";
        let late = |because: Option<Cause>| Cause::Late {
            seconds: 600,
            because: because.map(Box::new),
        };
        let crash = |restarts| Cause::Crash {
            exit: Some(1),
            restarts,
        };
        let full = || Cause::Unschedulable("0/3 nodes are available".into());
        for (cause, is_final, is_of_version) in [
            (Cause::Refused("exceeded quota".into()), true, false),
            (full(), false, false),
            (image("ErrImagePull", "dial tcp: i/o timeout"), false, false),
            (image("ErrImagePull", none), true, false),
            (image("InvalidImageName", ""), true, false),
            (crash(0), false, true),
            (crash(3), true, true),
            (Cause::OutOfMemory { restarts: 1 }, false, true),
            (Cause::OutOfMemory { restarts: 3 }, true, true),
            (Cause::Ended("Evicted".into()), false, false),
            (late(None), true, true),
            (late(Some(full())), true, false),
            (late(Some(crash(1))), true, true),
        ] {
            assert_eq!(
                (cause.is_final(), cause.is_of_version()),
                (is_final, is_of_version),
                "{cause:?}"
            );
        }
        assert_eq!(
            late(Some(full())).words(),
            "unschedulable: 0/3 nodes are available; it was given 10 min"
        );
    }
}
