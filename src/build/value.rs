//! A build as it is seen now, or as the ledger tells of it.

use super::cause::{self, Cause};
use super::stage::{Stage, StageState};
use crate::domain::{AppKey, Clean, ClusterId, Timestamp, Uid};

/// What runs a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    Job,
    PipelineRun,
    BuildRun,
}

impl Backend {
    /// The kind as manifests spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Job => "Job",
            Self::PipelineRun => "PipelineRun",
            Self::BuildRun => "BuildRun",
        }
    }
}

/// How far a build is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// No container of it has run yet.
    Waiting,
    Running,
    /// The image is in the registry.
    Done,
    Failed(Cause),
    /// Somebody stopped it.
    Cancelled,
}

impl State {
    /// Nothing more becomes of it.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Done | Self::Failed(_) | Self::Cancelled)
    }

    /// As screens, scripts and the ledger spell it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A build.
#[derive(Clone, Debug, PartialEq)]
pub struct Build {
    pub cluster: ClusterId,
    /// Of the Job and of the app.
    pub namespace: Clean,
    /// The app's name.
    pub app: Clean,
    pub backend: Backend,
    /// The object's name ([`super::name`]): with cluster and namespace it tells a build from all others.
    pub name: Clean,
    /// `None`: the object is gone, the ledger alone tells of it.
    pub uid: Option<Uid>,
    /// 40 hexadecimal digits.
    pub commit: Clean,
    pub repo: Clean,
    /// The branch or tag by which the commit was picked.
    pub reference: Option<Clean>,
    /// `host/path:tag`, without its digest.
    pub image: Clean,
    /// `sha256:…`, once it is known.
    pub digest: Option<Clean>,
    pub by: Option<Clean>,
    /// The template it was made by.
    pub builder: Option<Clean>,
    /// When it was asked for: the object's creation.
    pub asked: Option<Timestamp>,
    /// When its controller began.
    pub began: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    pub state: State,
    /// In the order they run; none where nothing is known of them any more.
    pub stages: Vec<Stage>,
    /// The pod that runs or ran it, as long as it is there: its containers' logs are the stages'.
    pub pod: Option<Clean>,
    /// Why it does not go on although nothing has ended: what it waits for.
    pub held: Option<Cause>,
}

impl Build {
    /// The same with what was noted of it when it ended: why it failed, as its log told, and what went with its pod.
    #[must_use]
    pub fn noted(mut self, then: &Self) -> Self {
        if let (State::Failed(_), State::Failed(_)) = (&self.state, &then.state) {
            self.state = then.state.clone();
        }
        if self.stages.is_empty() {
            self.stages.clone_from(&then.stages);
        }
        self.digest = self.digest.or_else(|| then.digest.clone());
        self
    }

    /// The same with a cause that tells more, by what the stage that failed wrote last.
    #[must_use]
    pub fn told_by(self, last: &[Clean]) -> Self {
        let state = match &self.state {
            State::Failed(Cause::Stage { stage, code, .. }) => State::Failed(cause::of_stage(stage, *code, last)),
            other => other.clone(),
        };
        Self { state, ..self }
    }

    pub fn app_key(&self) -> AppKey {
        AppKey {
            namespace: self.namespace.clone(),
            name: self.app.clone(),
        }
    }

    /// Its object is in the cluster: it can be cancelled, and its logs may be there.
    pub const fn is_there(&self) -> bool {
        self.uid.is_some()
    }

    /// The stage it is at: the one that runs or failed, else the next; `None` once all are done.
    pub fn stage(&self) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.state != StageState::Done)
    }

    /// How long it took, or has taken by `now` on its cluster's clock, in seconds.
    pub fn took(&self, now: Timestamp) -> Option<i64> {
        let began = self.began.or(self.asked)?;
        let end = if self.state.is_over() { self.ended? } else { now };
        Some((end - began).num_seconds().max(0))
    }

    /// What is released: the image by its digest, `None` unless both are known.
    pub fn released_as(&self) -> Option<String> {
        let digest = self.digest.as_ref().filter(|_| self.state == State::Done)?;
        let image = crate::domain::ImageName::parse(&self.image)?;
        Some(format!("{}@{digest}", image.place()))
    }
}
