//! A build as it is printed.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::super::release::targets::Target;
use crate::build::{Asked, Build, Stage, StageState, State};
use crate::cluster::{PreparedBuild, Stands};
use crate::domain::{Clean, ClusterId, Timestamp};

/// One build, for scripts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BuildRow {
    cluster: ClusterId,
    namespace: Clean,
    app: Clean,
    /// The Job's; null where there was none.
    name: Option<Clean>,
    commit: Clean,
    #[serde(rename = "ref")]
    reference: Option<Clean>,
    repo: Clean,
    image: Clean,
    digest: Option<Clean>,
    by: Option<Clean>,
    builder: Option<Clean>,
    /// `shown`, `waiting`, `running`, `done`, `failed`, `cancelled`.
    state: &'static str,
    cause: Option<String>,
    asked: Option<Timestamp>,
    began: Option<Timestamp>,
    ended: Option<Timestamp>,
    stages: Vec<StageRow>,
    /// The file its log was saved in.
    log: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct StageRow {
    name: Clean,
    state: &'static str,
    exit_code: Option<i32>,
    began: Option<Timestamp>,
    ended: Option<Timestamp>,
}

impl StageRow {
    fn of(stage: &Stage) -> Self {
        Self {
            name: stage.name.clone(),
            state: stage.state.name(),
            exit_code: match stage.state {
                StageState::Failed { code, .. } => Some(code),
                _ => None,
            },
            began: stage.began,
            ended: stage.ended,
        }
    }
}

impl BuildRow {
    /// What is asked, of which there is nothing yet.
    fn asked(asked: &Asked, target: &Target) -> Self {
        let reference = Some(asked.reference.as_str()).filter(|reference| !reference.is_empty());
        Self {
            cluster: target.object.cluster.clone(),
            namespace: asked.app.namespace.clone(),
            app: asked.app.name.clone(),
            name: None,
            commit: asked.commit.as_str().into(),
            reference: reference.map(Clean::new),
            repo: asked.repo.as_str().into(),
            image: asked.tagged().into(),
            digest: None,
            by: Some(asked.by.as_str().into()),
            builder: Some(asked.builder.as_str().into()),
            state: "shown",
            cause: None,
            asked: None,
            began: None,
            ended: None,
            stages: Vec::new(),
            log: None,
        }
    }

    /// An image that is there already.
    pub(super) fn there(asked: &Asked, target: &Target, digest: &Clean) -> Self {
        Self {
            digest: Some(digest.clone()),
            state: State::Done.name(),
            ..Self::asked(asked, target)
        }
    }

    /// What would be created, or joined.
    pub(super) fn shown(prepared: &PreparedBuild, target: &Target) -> Self {
        let list = |list: &str| prepared.job.pointer(&format!("/spec/template/spec/{list}"))?.as_array();
        let containers = ["initContainers", "containers"].into_iter().filter_map(list).flatten();
        let stage = |container: &serde_json::Value| StageRow {
            name: Clean::new(
                container
                    .get("name")
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or_default(),
            ),
            state: StageState::Waiting.name(),
            exit_code: None,
            began: None,
            ended: None,
        };
        Self {
            name: Some(prepared.name.clone()),
            state: match prepared.stands {
                Stands::Running(_) => State::Running.name(),
                Stands::New | Stands::Built(_) => "shown",
            },
            stages: containers.map(stage).collect(),
            ..Self::asked(&prepared.asked, target)
        }
    }

    /// The same once it is created.
    pub(super) fn begun(self) -> Self {
        Self {
            state: if self.state == "shown" {
                State::Waiting.name()
            } else {
                self.state
            },
            ..self
        }
    }

    /// A build, and where its log was saved.
    pub(super) fn of(build: &Build, log: Option<PathBuf>) -> Self {
        Self {
            cluster: build.cluster.clone(),
            namespace: build.namespace.clone(),
            app: build.app.clone(),
            name: Some(build.name.clone()),
            commit: build.commit.clone(),
            reference: build.reference.clone(),
            repo: build.repo.clone(),
            image: build.image.clone(),
            digest: build.digest.clone(),
            by: build.by.clone(),
            builder: build.builder.clone(),
            state: build.state.name(),
            cause: match &build.state {
                State::Failed(cause) => Some(cause.to_string()),
                _ => build.held.as_ref().map(ToString::to_string),
            },
            asked: build.asked,
            began: build.began,
            ended: build.ended,
            stages: build.stages.iter().map(StageRow::of).collect(),
            log,
        }
    }

    /// Prints it for a person.
    pub(super) fn print(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let name = self.name.as_ref().map_or_else(String::new, |name| format!(" {name}"));
        let (cluster, namespace, app) = (&self.cluster, &self.namespace, &self.app);
        writeln!(out, "{cluster}  {namespace}/{app}{name}: {}", self.state)?;
        let reference = self
            .reference
            .as_ref()
            .map_or_else(String::new, |on| format!(" ({on})"));
        writeln!(out, "  commit: {}{reference} of {}", self.commit, self.repo)?;
        let digest = self
            .digest
            .as_ref()
            .map_or_else(String::new, |digest| format!("@{digest}"));
        writeln!(out, "  image: {}{digest}", self.image)?;
        for stage in &self.stages {
            let took = stage
                .ended
                .zip(stage.began)
                .map(|(ended, began)| (ended - began).num_seconds());
            let took = took.map_or_else(String::new, |seconds| format!(" {seconds} s"));
            let code = stage.exit_code.map_or_else(String::new, |code| format!(" exit {code}"));
            writeln!(out, "  {}: {}{code}{took}", stage.name, stage.state)?;
        }
        if let Some(cause) = &self.cause {
            writeln!(out, "  ✖ {}", super::Printable(cause))?;
        }
        if let Some(log) = &self.log {
            writeln!(out, "  log: {}", super::Printable(&log.display().to_string()))?;
        }
        Ok(())
    }
}
