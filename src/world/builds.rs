//! The builds of apps: from their Jobs and the pods of these.

use super::World;
use super::cluster::ClusterView;
use super::scope::Scope;
use super::store::Slot;
use crate::build::{Build, Record, Records, job};
use crate::domain::{AppKey, Clean, ClusterId, Event, Kind, ObjectKey, Pod, Terms, Workload};

/// The Job of a build's pod; `None` of any other pod.
fn job_of(pod: &Pod) -> Option<ObjectKey> {
    pod.runs.as_ref()?;
    let (kind, name) = pod.owner.as_ref()?;
    (kind == Kind::Job.name()).then(|| ObjectKey::new(pod.key.namespace.clone(), name.clone()))
}

impl ClusterView {
    /// Keeps up which pods belong to a build.
    pub(super) fn note_build_pod(&mut self, slot: Slot, old: Option<&Pod>, new: Option<&Pod>) {
        let (before, after) = (old.and_then(job_of), new.and_then(job_of));
        if before == after {
            return;
        }
        if let Some(job) = before
            && let Some(slots) = self.build_pods.get_mut(&job)
        {
            slots.retain(|other| *other != slot);
            if slots.is_empty() {
                self.build_pods.remove(&job);
            }
        }
        if let Some(job) = after {
            self.build_pods.entry(job).or_default().push(slot);
        }
    }

    /// The builds whose objects are in the cluster, and those that ledgers tell of as far as they were asked, the newest
    /// first.
    pub fn builds(&self) -> Vec<Build> {
        let jobs = self.workloads(Kind::Job);
        let mut all: Vec<Build> = jobs.filter_map(|job| self.build_of(job)).collect();
        for (app, records) in &self.build_records {
            let is_there = |record: &&Record| {
                let is_it = |build: &Build| *build.name == record.name && build.asked == record.asked;
                all.iter().any(|build| build.namespace == app.namespace && is_it(build))
            };
            let gone = records.all().filter(|record| !is_there(record));
            let gone: Vec<Build> = gone.map(|record| record.build(&self.id, app)).collect();
            all.extend(gone);
        }
        all.sort_by(|one, other| other.asked.cmp(&one.asked).then_with(|| one.name.cmp(&other.name)));
        all
    }

    /// The build of this name; `None`: there is none.
    pub fn build(&self, key: &ObjectKey) -> Option<Build> {
        self.build_of(self.workload(Kind::Job, key)?)
    }

    /// The builds of an app, the newest first.
    pub fn builds_of(&self, app: &AppKey) -> Vec<Build> {
        let mut all = self.builds();
        all.retain(|build| build.namespace == app.namespace && build.app == app.name);
        all
    }

    fn build_of(&self, job: &Workload) -> Option<Build> {
        let Terms::Build(facts) = &job.terms else { return None };
        let slots = self.build_pods.get(&job.key).into_iter().flatten();
        let pods = slots.filter_map(|&slot| self.pods.at(slot));
        let newest = pods.max_by(|one, other| one.created.cmp(&other.created).then_with(|| one.key.cmp(&other.key)));
        let known = AppKey {
            namespace: job.key.namespace.clone(),
            name: facts.app.clone(),
        };
        let record = self.build_records.get(&known);
        let record = record.and_then(|records| records.find(&job.key.name, job.created));
        let refused = (newest.is_none() && facts.outcome.is_none())
            .then(|| self.refusal(job))
            .flatten();
        let build = job::of_job(&self.id, job, newest.map(AsRef::as_ref), refused.as_ref())?;
        Some(match record {
            Some(record) => build.noted(&record.build(&self.id, &known)),
            None => build,
        })
    }

    /// Why the controller of a Job could make no pod, by the last that it said of it.
    fn refusal(&self, job: &Workload) -> Option<Clean> {
        let is_it = |event: &&std::sync::Arc<Event>| {
            let (kind, about, uid) = &event.about;
            kind == Kind::Job.name() && *about == job.key && *uid == job.uid && event.reason == "FailedCreate"
        };
        let last = self.events.values().filter(is_it).max_by_key(|event| event.last_seen);
        last.map(|event| event.message.clone())
    }
}

impl World {
    /// Takes what the ledger of an app tells of its builds.
    pub fn note_builds(&mut self, id: &ClusterId, app: &AppKey, records: Records) {
        if let Some(cluster) = self.clusters.iter_mut().find(|cluster| cluster.id == *id) {
            self.version += 1;
            cluster.build_records.insert(app.clone(), records);
        }
    }

    /// The builds of all clusters in scope, the newest first.
    pub fn builds(&self, scope: &Scope) -> Vec<Build> {
        let in_scope = |build: &Build| scope.has_namespace(&build.namespace);
        let clusters = self.clusters_in(scope);
        let mut all: Vec<Build> = clusters.flat_map(ClusterView::builds).filter(in_scope).collect();
        all.sort_by_key(|build| std::cmp::Reverse(build.asked));
        all
    }
}
