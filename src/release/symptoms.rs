//! What the new instances of a release show that are not ready, in whichever phase: what is wrong with them, what they
//! wait for, and the container that ended, whose last lines tell why.

use std::cmp::Reverse;

use super::{Cause, Phase};
use crate::domain::container::{ContainerRole, ContainerState};
use crate::domain::{Clean, Container, ObjectKey, Pod, Uid};

/// A container that ended and was not meant to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub instance: ObjectKey,
    pub uid: Uid,
    /// What its instance's revision is called.
    pub revision: Option<Clean>,
    pub container: Clean,
    pub restarts: u32,
    /// It was started again: its log is that of the run before.
    pub previous: bool,
}

/// What instances show that are not ready.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Symptoms {
    pub cause: Option<Cause>,
    /// So many run and are not ready.
    pub unready: usize,
    pub ended: Option<Ended>,
}

impl Symptoms {
    /// Of the instances of a version, each with whether it is ready; `refused`: why its controller gets no more of them.
    pub fn of(pods: &[(&Pod, bool)], refused: Option<Clean>) -> Self {
        let ended = pods.iter().filter(|(_, is_ready)| !is_ready);
        let ended = ended.filter_map(|(pod, _)| of_pod(pod));
        Self {
            cause: refused
                .map(Cause::Refused)
                .or_else(|| Cause::of(pods.iter().map(|(pod, _)| *pod))),
            unready: pods.iter().filter(|(pod, is_ready)| !is_ready && runs(pod)).count(),
            // The same one as long as it is there.
            ended: ended.min_by_key(|ended| (Reverse(ended.restarts), ended.instance.clone())),
        }
    }

    /// What keeps a release from going on, where its phase does not tell; `None` where nothing does.
    pub fn words(&self, phase: &Phase) -> Option<String> {
        let is_told = matches!(phase, Phase::Stable | Phase::Unseen | Phase::GrayFailed { .. }) || phase.is_foreign();
        if is_told {
            return None;
        }
        if let Some(cause) = &self.cause {
            return Some(cause.words());
        }
        let again = match &self.ended {
            Some(ended) if ended.restarts > 0 => {
                format!(", started again {} so far", times(ended.restarts))
            }
            _ => String::new(),
        };
        let stands = if self.unready == 1 {
            "1 runs and is not ready".to_owned()
        } else {
            format!("{} run and are not ready", self.unready)
        };
        let probe = "the readiness probe does not answer so far";
        (self.unready > 0).then(|| format!("{stands}: {probe}{again}"))
    }
}

fn times(count: u32) -> String {
    if count == 1 {
        "once".to_owned()
    } else {
        format!("{count} times")
    }
}

/// Whether all that is to run of an instance does.
fn runs(pod: &Pod) -> bool {
    let mut main = pod.containers.iter().filter(|c| c.role == ContainerRole::Main);
    pod.deleting.is_none() && !pod.containers.is_empty() && main.all(|c| c.state.is_running())
}

fn of_pod(pod: &Pod) -> Option<Ended> {
    let lasting = pod.containers.iter().filter(|c| c.role != ContainerRole::Ephemeral);
    let ended = lasting.filter(|_| pod.deleting.is_none());
    let (container, previous) = ended.filter_map(of_container).max_by_key(|(c, _)| c.restarts)?;
    Some(Ended {
        instance: pod.key.clone(),
        uid: pod.uid.clone(),
        revision: pod.revision.clone(),
        container: container.name.clone(),
        restarts: container.restarts,
        previous,
    })
}

/// A container that failed now, or in the run before this one; whether its log is that of the run before.
fn of_container(container: &Container) -> Option<(&Container, bool)> {
    let previous = match &container.state {
        ContainerState::Terminated(exit) => {
            return (exit.code != 0).then_some((container, false));
        }
        ContainerState::Waiting { .. } | ContainerState::Running { .. } | ContainerState::Unknown => {
            container.last_exit.as_ref()?
        }
    };
    (previous.code != 0).then_some((container, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::container::Exit;

    fn exit(code: i32) -> Exit {
        Exit {
            code,
            ..Exit::default()
        }
    }

    fn container(state: ContainerState, before: Option<i32>) -> Container {
        Container {
            name: "app".into(),
            state,
            last_exit: before.map(exit),
            restarts: u32::from(before.is_some()) * 2,
            ..Container::default()
        }
    }

    fn pod(name: &str, container: Container) -> Pod {
        Pod {
            key: ObjectKey::new("gift", name),
            containers: [container].into(),
            ..Pod::default()
        }
    }

    fn backing_off(name: &str) -> Pod {
        let (reason, message) = ("CrashLoopBackOff".into(), Clean::default());
        pod(name, container(ContainerState::Waiting { reason, message }, Some(3)))
    }

    const ROLLING: Phase = Phase::Rolling {
        updated: 1,
        desired: 3,
        old: 2,
    };

    #[test]
    fn a_crash_is_told_with_the_run_whose_last_lines_say_why_while_old_ones_are_replaced() {
        let (one, other) = (backing_off("live-b"), backing_off("live-a"));
        let symptoms = Symptoms::of(&[(&one, false), (&other, false)], None);
        assert_eq!(symptoms.words(&ROLLING).as_deref(), Some("CrashLoopBackOff exit 3"));
        let ended = symptoms.ended.unwrap();
        assert_eq!((ended.instance.name.as_str(), ended.previous), ("live-a", true));
        let first = pod("live-c", container(ContainerState::Terminated(exit(1)), None));
        let ended = Symptoms::of(&[(&first, false)], None).ended.unwrap();
        assert!(!ended.previous, "it was not started again: its log is its own");
        let well = pod("live-d", container(ContainerState::Terminated(exit(0)), None));
        assert_eq!(Symptoms::of(&[(&well, false)], None).ended, None);
    }

    #[test]
    fn what_runs_and_is_not_ready_is_told_before_any_deadline() {
        let running = |before| container(ContainerState::Running { since: None }, before);
        let (fresh, again, ready) = (
            pod("a", running(None)),
            pod("b", running(Some(1))),
            pod("c", running(None)),
        );
        let words = |pods: &[(&Pod, bool)]| Symptoms::of(pods, None).words(&ROLLING);
        assert_eq!(words(&[(&ready, true)]), None);
        assert_eq!(
            words(&[(&fresh, false), (&ready, true)]).as_deref(),
            Some("1 runs and is not ready: the readiness probe does not answer so far")
        );
        let told = words(&[(&fresh, false), (&again, false)]).unwrap();
        assert!(told.starts_with("2 run and are not ready") && told.ends_with("started again 2 times so far"));
        let waiting = Phase::GrayFailed {
            ready: 0,
            wanted: 1,
            cause: Cause::Said("late".into()),
        };
        let symptoms = Symptoms::of(&[(&fresh, false)], None);
        assert_eq!(symptoms.words(&waiting), None, "the phase tells it");
        let refused = Symptoms::of(&[], Some("exceeded quota".into()));
        assert_eq!(
            refused.words(&ROLLING).as_deref(),
            Some("instances are refused: exceeded quota")
        );
    }
}
