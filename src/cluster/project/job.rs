//! Jobs, those that build an app among them.

use std::sync::Arc;

use super::apps::{Counts, Said, is_trouble};
use super::{Item, Projector, moment};
use crate::cluster::wire::apps as wire;
use crate::cluster::wire::meta::{ObjectMeta, TimedCondition, annotation};
use crate::cluster::wire::pod::{Container, Pod, Terminated};
use crate::domain::build::{self, BuildFacts, BuildRun, JobEnd};
use crate::domain::{Clean, Kind, Terms};

impl Projector {
    pub(super) fn job(&mut self, wire: wire::Job) -> Item {
        let spec = wire.spec.unwrap_or_default();
        let status = wire.status.unwrap_or_default();
        let meta = wire.metadata.unwrap_or_default();
        let is_over = status
            .conditions
            .iter()
            .any(|c| matches!(c.kind.as_str(), "Complete" | "Failed") && c.status == "True");
        let parallel = i64::from(spec.parallelism.unwrap_or(1));
        let left = spec
            .completions
            .map_or(parallel, |n| i64::from(n - status.succeeded).max(0));
        let mut strategy = vec![("parallelism", parallel.to_string())];
        let completions = spec.completions.map_or_else(|| "any".to_owned(), |n| n.to_string());
        strategy.push(("succeeded", format!("{} of {completions}", status.succeeded)));
        strategy.push(("failed", status.failed.to_string()));
        if let Some(limit) = spec.backoff_limit {
            strategy.push(("retries at most", limit.to_string()));
        }
        let terms = self
            .build(&meta, &spec, &status)
            .map_or(Terms::Plain, |facts| Terms::Build(Box::new(facts)));
        let said = Said {
            kind: Kind::Job,
            observed_generation: meta.generation,
            counts: Counts {
                desired: if is_over || spec.suspend { 0 } else { parallel.min(left) },
                instances: status.active.into(),
                ready: status.ready.unwrap_or(0).into(),
                updated: status.active.into(),
                available: status.ready.unwrap_or(0).into(),
                held: 0,
            },
            paused: spec.suspend,
            terms,
            template: spec.template.as_ref(),
            conditions: timed_troubles(&status.conditions),
            strategy,
        };
        self.workload(meta, &said)
    }

    /// What a Job says of the build that it is; `None`: it is none.
    fn build(&mut self, meta: &ObjectMeta, spec: &wire::JobSpec, status: &wire::JobStatus) -> Option<BuildFacts> {
        let app = meta.labels.get(build::BUILD_OF).filter(|app| !app.is_empty())?;
        let said = |key: &str| annotation(&meta.annotations, key).unwrap_or_default();
        let over = |kind: &str| status.conditions.iter().find(|c| c.kind == kind && c.status == "True");
        let (complete, failed) = (over("Complete"), over("Failed"));
        let since = complete
            .or(failed)
            .and_then(|condition| moment(condition.last_transition_time));
        let template = spec.template.as_ref().and_then(|template| template.spec.as_ref());
        let containers = template
            .into_iter()
            .flat_map(|spec| spec.init_containers.iter().chain(&spec.containers));
        Some(BuildFacts {
            app: self.text(app),
            commit: meta
                .labels
                .get(build::COMMIT)
                .map(|commit| Clean::new(commit))
                .unwrap_or_default(),
            repo: self.text(said(build::REPO)),
            reference: self.some(said(build::REF)),
            image: Clean::new(said(build::IMAGE)),
            by: self.some(said(build::BY)),
            builder: self.some(said(build::BUILDER)),
            containers: containers.map(|container| self.text(&container.name)).collect(),
            began: moment(status.start_time),
            ended: moment(status.completion_time).or(since),
            outcome: failed.map_or(complete.map(|_| JobEnd::Complete), |failed| {
                Some(JobEnd::Failed {
                    reason: self.text(&failed.reason),
                    message: Clean::new(&failed.message),
                })
            }),
            leaving: meta.deletion_timestamp.is_some(),
        })
    }

    /// The runs of the containers of a build's pod; `None` of any other pod.
    pub(super) fn runs(&mut self, pod: &Pod) -> Option<Arc<[BuildRun]>> {
        pod.metadata.as_ref()?.labels.get(build::BUILD_OF)?;
        let (spec, status) = (pod.spec.as_ref()?, pod.status.as_ref()?);
        let statuses = || status.init_container_statuses.iter().chain(&status.container_statuses);
        let mut run = |container: &Container| {
            let state = statuses()
                .find(|status| status.name == container.name)?
                .state
                .as_ref()?;
            let began = state.running.as_ref().and_then(|running| running.started_at);
            let end = state.terminated.as_ref();
            Some(BuildRun {
                container: self.text(&container.name),
                began: moment(end.map_or(began, |end: &Terminated| end.started_at)),
                ended: moment(end.and_then(|end| end.finished_at)),
                message: Clean::new(end.map_or("", |end| &end.message)),
            })
        };
        let containers = spec.init_containers.iter().chain(&spec.containers);
        Some(containers.filter_map(&mut run).collect())
    }
}

fn timed_troubles(conditions: &[TimedCondition]) -> Vec<(&str, &str, &str)> {
    conditions
        .iter()
        .filter(|c| is_trouble(&c.kind, &c.status))
        .map(|c| (c.kind.as_str(), c.reason.as_str(), c.message.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::project;
    use crate::domain::{JobEnd, Kind, Object, Terms};

    #[test]
    fn a_job_that_builds_says_what_it_builds_and_how_it_ended() {
        let read = |status: serde_json::Value| {
            let job = json!({"metadata": {"name": "build-live-c04d", "labels": {
                    "pilothouse.dev/build-of": "live", "pilothouse.dev/commit": "c04d"},
                "annotations": {"pilothouse.dev/repo": "https://git/live.git", "pilothouse.dev/image": "r/live:c04d"}},
                "spec": {"template": {"spec": {"initContainers": [{"name": "clone"}], "containers": [{"name": "package"}]}}},
                "status": status});
            let Object::Workload(workload) = project(Kind::Job, &job) else {
                panic!("no workload")
            };
            match workload.terms {
                Terms::Build(facts) => *facts,
                other => panic!("{other:?}"),
            }
        };
        let runs = read(json!({"startTime": "2026-11-23T10:00:00Z"}));
        assert_eq!(
            (runs.app.as_str(), runs.commit.as_str(), runs.repo.as_str()),
            ("live", "c04d", "https://git/live.git")
        );
        assert_eq!(runs.containers.join(" "), "clone package");
        assert!(runs.began.is_some() && runs.ended.is_none() && runs.outcome.is_none());
        let failed = read(
            json!({"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded",
            "message": "late", "lastTransitionTime": "2026-11-23T10:10:00Z"}]}),
        );
        assert!(matches!(failed.outcome, Some(JobEnd::Failed { reason, .. }) if reason == "DeadlineExceeded"));
        assert!(failed.ended.is_some());
        let done = read(json!({"completionTime": "2026-11-23T10:10:00Z",
            "conditions": [{"type": "Complete", "status": "True"}]}));
        assert_eq!((done.outcome, done.ended.is_some()), (Some(JobEnd::Complete), true));
    }

    #[test]
    fn only_of_a_builds_pod_the_runs_are_kept() {
        let read = |labels: serde_json::Value| {
            let ended = json!({"terminated": {"exitCode": 0, "startedAt": "2026-11-23T10:00:00Z",
                "finishedAt": "2026-11-23T10:00:07Z", "message": "sha256:ff"}});
            let pod = json!({"metadata": {"name": "p", "labels": labels},
                "spec": {"initContainers": [{"name": "clone"}], "containers": [{"name": "package"}]},
                "status": {"initContainerStatuses": [{"name": "clone", "state": ended}],
                    "containerStatuses": [{"name": "package", "state": {"waiting": {"reason": "PodInitializing"}}}]}});
            let Object::Pod(pod) = project(Kind::Pod, &pod) else {
                panic!("no pod")
            };
            pod.runs
        };
        assert_eq!(read(json!({"app": "live"})), None);
        let runs = read(json!({"pilothouse.dev/build-of": "live"})).expect("runs");
        let [clone, package] = &*runs else { panic!("{runs:?}") };
        let took = clone
            .ended
            .zip(clone.began)
            .map(|(ended, began)| (ended - began).num_seconds());
        assert_eq!((took, clone.message.as_str()), (Some(7), "sha256:ff"));
        assert_eq!(
            (package.began, package.ended, package.message.as_str()),
            (None, None, "")
        );
    }
}
