//! Which containers' logs to read, from what a person selected and the instances known now.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::run::Run;
use crate::domain::container::{Container, ContainerRole, ContainerState};
use crate::domain::pod::label;
use crate::domain::resource::AppKey;
use crate::domain::selector::Selector;
use crate::domain::{Clean, ClusterId, Kind, ObjectKey, Pod, Uid};

/// Streams open at a time in one cluster, unless told otherwise.
pub const FOLLOW_LIMIT: usize = 50;
/// Lines of a container's past to begin with, unless told otherwise.
pub const FIRST_LINES: u64 = 200;

/// What a person wants to read: instances that come later belong to it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// An app in every cluster.
    App(AppKey),
    Workload {
        cluster: ClusterId,
        kind: Kind,
        key: ObjectKey,
    },
    /// The instances of one template of a workload.
    Revision {
        cluster: ClusterId,
        kind: Kind,
        key: ObjectKey,
        revision: Clean,
    },
    /// Instances with labels like these, in one namespace or all.
    Labels {
        cluster: ClusterId,
        namespace: Option<Clean>,
        selector: Selector,
    },
    Instance {
        cluster: ClusterId,
        uid: Uid,
    },
    Container {
        cluster: ClusterId,
        uid: Uid,
        container: Clean,
    },
}

/// Which containers of the instances, and which of their runs; all of them and the present run, unless told otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Containers for this are not read.
    pub without: Vec<ContainerRole>,
    /// Containers of these names alone; empty: all.
    pub containers: Vec<Clean>,
    /// The run before the present one, once, instead of the present one.
    pub previous: bool,
}

/// A container whose log is read, whichever of its runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    pub cluster: ClusterId,
    pub uid: Uid,
    pub container: Clean,
}

/// What can be read of a container now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It runs.
    Follow,
    /// It ended, or will start again: there is a log, and it ends.
    Read,
    /// It has no log yet, and why.
    Wait(Clean),
}

/// One log to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub slot: Slot,
    pub pod: ObjectKey,
    pub role: ContainerRole,
    pub app: Clean,
    pub revision: Option<Clean>,
    /// Restarts before the run that is read.
    pub restarts: u32,
    /// Ask with `previous=true`.
    pub previous: bool,
    pub phase: Phase,
}

impl Target {
    pub fn run(&self) -> Run {
        Run {
            uid: self.slot.uid.clone(),
            container: self.slot.container.clone(),
            restarts: self.restarts,
        }
    }
}

/// What is being read, what was read to its end (with the restarts of its last run), and what was refused.
#[derive(Clone, Debug, Default)]
pub struct Held {
    pub open: FxHashSet<Slot>,
    pub done: FxHashMap<Slot, u32>,
    /// Not asked for now, because the server refused them a while ago.
    pub resting: FxHashSet<Slot>,
}

/// What to do about the containers that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub follow: Vec<Target>,
    /// Wait for a place, the next first; to be said, not hidden.
    pub queued: Vec<Target>,
    /// Have no log yet.
    pub waiting: Vec<Target>,
}

/// A step from one plan to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Join(Target),
    /// The instance or the container is gone, or no longer asked for.
    Leave(Slot),
}

/// Plans which logs to read, at most `limit` a cluster.
///
/// What is open keeps its place. Free places go in turn to each thing that was selected and to each of its
/// revisions, so that a few new instances are not behind a hundred old ones.
pub fn plan<'a>(
    intents: &[Intent],
    choice: &Choice,
    instances: impl IntoIterator<Item = (&'a ClusterId, &'a Pod)>,
    held: &Held,
    limit: usize,
) -> Plan {
    let mut plan = Plan::default();
    let mut ready = Vec::new();
    for (cluster, pod) in instances {
        for (order, container) in pod.containers.iter().enumerate() {
            let wants = |intent: &Intent| wants(intent, choice, cluster, pod, container);
            let Some(asked_by) = intents.iter().position(wants) else {
                continue;
            };
            let target = target(cluster, pod, container, choice.previous);
            let is_done = held.done.get(&target.slot) == Some(&target.restarts);
            if is_done || held.resting.contains(&target.slot) {
                continue;
            }
            if matches!(target.phase, Phase::Wait(_)) {
                plan.waiting.push(target);
            } else {
                ready.push((asked_by, order, target));
            }
        }
    }
    ready.sort_by(|(_, a_order, a), (_, b_order, b)| {
        (a.role as u8, &a.pod, a_order).cmp(&(b.role as u8, &b.pod, b_order))
    });
    let mut turns: BTreeMap<(ClusterId, usize, Option<Clean>), usize> = BTreeMap::new();
    let mut in_turn: Vec<_> = ready
        .into_iter()
        .map(|(asked_by, _, target)| {
            let group = (target.slot.cluster.clone(), asked_by, target.revision.clone());
            let turn = turns.entry(group).or_insert(0);
            *turn += 1;
            (!held.open.contains(&target.slot), *turn, asked_by, target)
        })
        .collect();
    in_turn.sort_by_key(|(is_new, turn, asked_by, _)| (*is_new, *turn, *asked_by));
    let mut taken: BTreeMap<ClusterId, usize> = BTreeMap::new();
    for (_, _, _, target) in in_turn {
        let places = taken.entry(target.slot.cluster.clone()).or_insert(0);
        *places += 1;
        if *places <= limit {
            &mut plan.follow
        } else {
            &mut plan.queued
        }
        .push(target);
    }
    plan
}

/// What to open and to close to come from one plan to another.
pub fn steps(held: &Held, plan: &Plan) -> Vec<Step> {
    let wanted: FxHashSet<&Slot> = plan.follow.iter().map(|target| &target.slot).collect();
    let mut leaving: Vec<_> = held
        .open
        .iter()
        .filter(|slot| !wanted.contains(slot))
        .cloned()
        .collect();
    leaving.sort_unstable();
    let joining = plan.follow.iter().filter(|target| !held.open.contains(&target.slot));
    leaving
        .into_iter()
        .map(Step::Leave)
        .chain(joining.cloned().map(Step::Join))
        .collect()
}

/// The containers that join, as they are known now.
pub(super) fn containers_of<'a>(
    pods: impl Iterator<Item = (&'a ClusterId, &'a Pod)>,
    steps: &[Step],
) -> FxHashMap<Slot, &'a Container> {
    let joining = steps.iter().filter_map(|step| match step {
        Step::Join(target) => Some((&target.slot.cluster, &target.slot.uid, &target.slot)),
        Step::Leave(_) => None,
    });
    let mut by_pod: FxHashMap<_, Vec<&Slot>> = FxHashMap::default();
    for (cluster, uid, slot) in joining {
        by_pod.entry((cluster, uid)).or_default().push(slot);
    }
    let mut found = FxHashMap::default();
    if by_pod.is_empty() {
        return found;
    }
    for (cluster, pod) in pods {
        for slot in by_pod.get(&(cluster, &pod.uid)).into_iter().flatten() {
            let container = pod.containers.iter().find(|container| container.name == slot.container);
            found.extend(container.map(|container| ((*slot).clone(), container)));
        }
    }
    found
}

/// The instances that have these names now, be they the same or others that took the names.
pub(super) fn named<'s, 'a>(
    pods: impl Iterator<Item = (&'a ClusterId, &'a Pod)>,
    slots: impl Iterator<Item = (&'s Slot, &'s ObjectKey)>,
) -> FxHashMap<Slot, &'a Pod> {
    let mut by_name: FxHashMap<_, Vec<&Slot>> = FxHashMap::default();
    for (slot, name) in slots {
        by_name.entry((&slot.cluster, name)).or_default().push(slot);
    }
    let mut found = FxHashMap::default();
    if by_name.is_empty() {
        return found;
    }
    for (cluster, pod) in pods {
        let of_name = by_name.get(&(cluster, &pod.key)).into_iter().flatten();
        found.extend(of_name.map(|slot| ((*slot).clone(), pod)));
    }
    found
}

/// Whether anything of an instance was asked for.
pub fn covers(intents: &[Intent], choice: &Choice, cluster: &ClusterId, pod: &Pod) -> bool {
    let mut containers = pod.containers.iter();
    containers.any(|container| {
        intents
            .iter()
            .any(|intent| wants(intent, choice, cluster, pod, container))
    })
}

fn wants(intent: &Intent, choice: &Choice, cluster: &ClusterId, pod: &Pod, container: &Container) -> bool {
    let is_named = choice.containers.is_empty() || choice.containers.contains(&container.name);
    let is_chosen = is_named && !choice.without.contains(&container.role);
    let is_of = |of: &ClusterId, kind: &Kind, key: &ObjectKey| {
        let workload = pod.workload.as_ref();
        of == cluster
            && pod.key.namespace == key.namespace
            && workload.is_some_and(|(k, n)| k == kind && *n == key.name)
    };
    match intent {
        Intent::App(app) => is_chosen && pod.key.namespace == app.namespace && pod.app == app.name,
        Intent::Workload { cluster: of, kind, key } => is_chosen && is_of(of, kind, key),
        Intent::Revision {
            cluster: of,
            kind,
            key,
            revision,
        } => is_chosen && is_of(of, kind, key) && pod.revision.as_ref() == Some(revision),
        Intent::Labels {
            cluster: of,
            namespace,
            selector,
        } => {
            let is_like = selector.holds(|key| label(&pod.labels, key).map(Clean::as_str));
            let is_in = namespace
                .as_ref()
                .is_none_or(|namespace| *namespace == pod.key.namespace);
            is_chosen && of == cluster && is_in && is_like
        }
        Intent::Instance { cluster: of, uid } => is_chosen && of == cluster && *uid == pod.uid,
        // Who asks for a container by name means it, whatever it is for.
        Intent::Container {
            cluster: of,
            uid,
            container: name,
        } => of == cluster && *uid == pod.uid && *name == container.name,
    }
}

fn target(cluster: &ClusterId, pod: &Pod, container: &Container, previous: bool) -> Target {
    let slot = Slot {
        cluster: cluster.clone(),
        uid: pod.uid.clone(),
        container: container.name.clone(),
    };
    Target {
        slot,
        pod: pod.key.clone(),
        role: container.role,
        app: pod.app.clone(),
        revision: pod.revision.clone(),
        restarts: container.restarts.saturating_sub(u32::from(previous)),
        previous,
        phase: if previous {
            previous_phase(container)
        } else {
            phase(container)
        },
    }
}

/// The kubelet serves the log of a container that waits to start again from the run before
/// (`validateContainerLogStatus` in `pkg/kubelet/kubelet_pods.go`).
fn phase(container: &Container) -> Phase {
    match &container.state {
        ContainerState::Running { .. } => Phase::Follow,
        ContainerState::Terminated(_) => Phase::Read,
        ContainerState::Waiting { .. } if container.last_exit.is_some() => Phase::Read,
        ContainerState::Waiting { reason, .. } if !reason.is_empty() => Phase::Wait(reason.clone()),
        ContainerState::Waiting { .. } => Phase::Wait("waiting to start".into()),
        ContainerState::Unknown => Phase::Wait("not reported by its node yet".into()),
    }
}

fn previous_phase(container: &Container) -> Phase {
    if container.restarts > 0 || container.last_exit.is_some() {
        Phase::Read
    } else {
        Phase::Wait("has not restarted: there is no run before this one".into())
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
