//! An instance: a pod, its containers and the state a person needs to know.

use std::net::IpAddr;
use std::sync::Arc;

use super::Timestamp;
use super::build::BuildRun;
use super::container::{Container, ContainerRole, ContainerState, Exit};
use super::headroom::PodShape;
use super::resource::{Kind, ObjectKey, Uid};
use super::terms::{GRAY, TRACK};
use super::text::Clean;
use super::version::Version;

/// `status.phase`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PodPhase {
    Pending,
    Running,
    Succeeded,
    Failed,
    #[default]
    Unknown,
}

impl PodPhase {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
        }
    }

    /// Neither running nor going to.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// One pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pod {
    pub key: ObjectKey,
    pub uid: Uid,
    /// Name of the app it belongs to, by `app_labels`, else by its owner; its own name without either.
    pub app: Clean,
    /// The workload at the top of its owners, as far as the pod alone tells.
    pub workload: Option<(Kind, Clean)>,
    /// The controller that owns it directly: a ReplicaSet's, StatefulSet's or Job's name.
    pub owner: Option<(Clean, Clean)>,
    /// What tells the revisions of a workload apart: the pod template's or controller revision's hash.
    pub revision: Option<Clean>,
    pub version: Version,
    pub labels: Labels,
    pub node: Option<Clean>,
    pub ip: Option<IpAddr>,
    /// It uses its node's network: what is counted there is the node's traffic (`spec.hostNetwork`).
    pub host_network: bool,
    pub phase: PodPhase,
    /// The `Ready` condition.
    pub ready: bool,
    /// Since when `ready` is as it is.
    pub ready_since: Option<Timestamp>,
    pub created: Option<Timestamp>,
    /// When it will be gone at the latest, once it is being deleted (`metadata.deletionTimestamp`).
    pub deleting: Option<Timestamp>,
    /// Why it is where it is, when Kubernetes says so: `Evicted`, `NodeLost`, `Unschedulable` …
    pub reason: Option<Clean>,
    /// Kubernetes' sentence to the reason.
    pub message: Option<Clean>,
    pub containers: Arc<[Container]>,
    /// What the scheduler looks at; shared by the instances of a revision.
    pub shape: Arc<PodShape>,
    /// Sum of its containers' limits; `None` in a field where a container has none.
    pub limits: (Option<i64>, Option<i64>),
    /// The runs of its containers, where it is a build's; of all other pods that is not kept.
    pub runs: Option<Arc<[BuildRun]>>,
}

/// Labels or annotations, sorted by key; shared by the objects that have the same.
pub type Labels = Arc<[(Clean, Clean)]>;

/// Finds a label.
pub fn label<'a>(labels: &'a Labels, key: &str) -> Option<&'a Clean> {
    labels.iter().find(|(k, _)| k == key).map(|(_, v)| v)
}

impl Pod {
    /// It is of a gray release beside its Deployment, in a second one.
    pub fn is_of_twin(&self) -> bool {
        label(&self.labels, TRACK).is_some_and(|track| track == GRAY)
    }
}

/// How well an instance is, from best to worst for sorting by trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// Runs and answers its readiness probe.
    Ready,
    /// Ended well: `Succeeded`.
    Completed,
    /// Being taken away.
    Terminating,
    /// On its way up: not ready yet, nothing wrong so far.
    Starting,
    /// Its node does not answer: what it does is not known.
    Unknown,
    /// Waits for a node.
    Unschedulable,
    /// Something is wrong: crashing, image not to be had, failed.
    Failing,
}

impl Pod {
    /// Restarts of all containers together.
    pub fn restarts(&self) -> u32 {
        self.containers.iter().map(|c| c.restarts).sum()
    }

    /// The last run of a container that was killed for the memory it took, as far as Kubernetes remembers.
    pub fn out_of_memory(&self) -> Option<&Exit> {
        let runs = self.containers.iter().flat_map(Container::out_of_memory);
        runs.max_by_key(|exit| exit.at)
    }

    /// How many runs were killed for the memory they took, as far as Kubernetes remembers: at least so many.
    pub fn out_of_memory_kills(&self) -> u32 {
        let runs = self.containers.iter().flat_map(Container::out_of_memory);
        u32::try_from(runs.count()).unwrap_or(u32::MAX)
    }

    /// Whether it holds a place and resources on its node (the scheduler's view).
    pub fn holds_resources(&self) -> bool {
        self.node.is_some() && !self.phase.is_terminal()
    }

    /// The word `kubectl get pods` shows, without regard to the pod's node; where kubectl says `Pending` of a pod that
    /// no node takes, it is `Unschedulable`.
    ///
    /// Follows kubectl's `printPod`: deletion, then a failing or unfinished init container, then the
    /// first main container that does not run, then the pod's own reason, then its phase.
    pub fn status(&self) -> Clean {
        if self.deleting.is_some() && self.reason.as_ref().is_some_and(|reason| reason == "NodeLost") {
            return "Unknown".into();
        }
        if self.deleting.is_some() && !self.phase.is_terminal() {
            return "Terminating".into();
        }
        if let Some(status) = self.init_status().or_else(|| self.main_status()) {
            return status;
        }
        match (&self.reason, self.phase) {
            (Some(reason), _) => reason.clone(),
            (None, PodPhase::Succeeded) => "Completed".into(),
            (None, phase) => phase.name().into(),
        }
    }

    fn init_status(&self) -> Option<Clean> {
        let init = || {
            self.containers
                .iter()
                .filter(|c| matches!(c.role, ContainerRole::Init | ContainerRole::Sidecar))
        };
        let (index, open) = init().enumerate().find(|(_, c)| !c.is_initialised())?;
        match &open.state {
            ContainerState::Terminated(exit) => Some(format!("Init:{}", exit.word()).into()),
            ContainerState::Waiting { reason, .. } if !reason.is_empty() && reason != "PodInitializing" => {
                Some(format!("Init:{reason}").into())
            }
            ContainerState::Waiting { .. } | ContainerState::Running { .. } | ContainerState::Unknown => {
                let on_its_way = self.phase == PodPhase::Pending && self.reason.is_none() && self.node.is_some();
                on_its_way.then(|| format!("Init:{index}/{}", init().count()).into())
            }
        }
    }

    fn main_status(&self) -> Option<Clean> {
        let main = || self.containers.iter().filter(|c| c.role == ContainerRole::Main);
        let status = main().find_map(|c| match &c.state {
            ContainerState::Waiting { reason, .. } if !reason.is_empty() => Some(reason.clone()),
            ContainerState::Terminated(exit) if !self.phase.is_terminal() || exit.code != 0 => Some(exit.word()),
            ContainerState::Waiting { .. }
            | ContainerState::Terminated(_)
            | ContainerState::Running { .. }
            | ContainerState::Unknown => None,
        })?;
        if status != "Completed" {
            return Some(status);
        }
        // A container that is done says nothing of a pod in which another runs, or failed.
        let runs = main().any(|c| c.ready && matches!(c.state, ContainerState::Running { .. }));
        let failed = main().find_map(|c| match &c.state {
            ContainerState::Terminated(exit) if exit.code != 0 => Some(exit.word()),
            _ => None,
        });
        Some(match failed {
            _ if runs && self.ready => "Running".into(),
            Some(word) => word,
            None if runs => "NotReady".into(),
            None => status,
        })
    }

    /// How well it is; `node_lost` says that its node no longer answers.
    pub fn health(&self, node_lost: bool) -> Health {
        if self.phase == PodPhase::Succeeded {
            return Health::Completed;
        }
        if self.phase == PodPhase::Failed {
            return Health::Failing;
        }
        if node_lost || self.phase == PodPhase::Unknown {
            return Health::Unknown;
        }
        if self.deleting.is_some() {
            return Health::Terminating;
        }
        if self.reason.as_ref().is_some_and(|r| r == "Unschedulable") {
            return Health::Unschedulable;
        }
        // A debugging container that ended stays in the list for good and says nothing of the instance.
        let lasting = |c: &&Container| c.role != ContainerRole::Ephemeral;
        if self.containers.iter().filter(lasting).any(Container::is_failing) {
            return Health::Failing;
        }
        if self.ready { Health::Ready } else { Health::Starting }
    }
}

#[cfg(test)]
mod tests;
