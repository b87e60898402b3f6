//! A container of a pod: what it is for, what it does, how its runs ended.

use super::Timestamp;
use super::quantity::Resources;
use super::text::Clean;

/// What a container of a pod is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ContainerRole {
    #[default]
    Main,
    /// Runs to its end before the main ones start.
    Init,
    /// An init container with `restartPolicy: Always`.
    Sidecar,
    /// Added to a running pod for debugging.
    Ephemeral,
}

impl ContainerRole {
    pub const ALL: [Self; 4] = [Self::Main, Self::Init, Self::Sidecar, Self::Ephemeral];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Init => "init",
            Self::Sidecar => "sidecar",
            Self::Ephemeral => "ephemeral",
        }
    }
}

/// One container of a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Container {
    pub name: Clean,
    pub role: ContainerRole,
    pub image: Clean,
    /// The image's digest as the node resolved it.
    pub image_id: Clean,
    pub state: ContainerState,
    /// How the run before this one ended.
    pub last_exit: Option<Exit>,
    pub ready: bool,
    pub restarts: u32,
    pub requests: Resources,
    pub limits: (Option<i64>, Option<i64>),
}

/// What a container does now.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ContainerState {
    /// The node has not reported it.
    #[default]
    Unknown,
    Waiting {
        reason: Clean,
        message: Clean,
    },
    Running {
        since: Option<Timestamp>,
    },
    Terminated(Exit),
}

impl ContainerState {
    pub const fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }
}

/// How a container's run ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exit {
    pub code: i32,
    pub signal: Option<i32>,
    /// `Completed`, `Error`, `OOMKilled` …
    pub reason: Clean,
    pub at: Option<Timestamp>,
}

impl Exit {
    /// Killed for the memory it took.
    pub fn is_out_of_memory(&self) -> bool {
        self.reason == "OOMKilled"
    }

    /// Its reason, else the signal or code that tells most.
    pub fn word(&self) -> Clean {
        match self.signal {
            _ if !self.reason.is_empty() => self.reason.clone(),
            Some(signal) if signal != 0 => format!("Signal:{signal}").into(),
            _ => format!("ExitCode:{}", self.code).into(),
        }
    }
}

impl Container {
    /// An init container that is done, or a sidecar that is up.
    pub(super) fn is_initialised(&self) -> bool {
        match &self.state {
            ContainerState::Terminated(exit) => exit.code == 0,
            ContainerState::Running { .. } => self.role == ContainerRole::Sidecar && self.ready,
            ContainerState::Waiting { .. } | ContainerState::Unknown => false,
        }
    }

    /// Its runs that were killed for the memory they took, as far as Kubernetes remembers: the one that ended last, and
    /// the one before it. The newest first.
    pub fn out_of_memory(&self) -> impl Iterator<Item = &Exit> {
        let now = match &self.state {
            ContainerState::Terminated(exit) => Some(exit),
            ContainerState::Waiting { .. } | ContainerState::Running { .. } | ContainerState::Unknown => None,
        };
        let runs = now.into_iter().chain(&self.last_exit);
        runs.filter(|exit| exit.is_out_of_memory())
    }

    /// Waits for a reason that does not pass by itself, or ended badly and is expected to run.
    pub fn is_failing(&self) -> bool {
        match &self.state {
            ContainerState::Waiting { reason, .. } => is_failure_reason(reason),
            ContainerState::Terminated(exit) => exit.code != 0,
            ContainerState::Running { .. } | ContainerState::Unknown => false,
        }
    }
}

/// Waiting reasons that mean trouble (kubectl's own list, `research/release.md` 1.6).
pub fn is_failure_reason(reason: &str) -> bool {
    matches!(
        reason,
        "CrashLoopBackOff"
            | "ImagePullBackOff"
            | "ErrImagePull"
            | "ErrImageNeverPull"
            | "InvalidImageName"
            | "CreateContainerConfigError"
            | "CreateContainerError"
            | "RunContainerError"
    )
}
