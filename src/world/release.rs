//! Releases: each workload's with its revisions and pods, and how they stand all together.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::World;
use super::cluster::ClusterView;
use super::scope::Scope;
use super::store::Slot;
use super::tally::AppTally;
use crate::domain::container::{ContainerRole, ContainerState};
use crate::domain::pod::Health;
use crate::domain::{
    AppKey, Clean, ClusterId, Driver, Kind, ObjectKey, Pod, ResourceRef, Revision, Terms, Timestamp, Uid, Version,
    Workload,
};
use crate::release::freeze::{self, Freeze};
use crate::release::ledger::Operation;
use crate::release::step::Step;
use crate::release::{Author, Cause, Phase, Release, Side, Written, phase, side, stand, twin};

/// By kind and name of a workload: of which object and generation it was asked, and who changed it to be of that.
pub(super) type Authors = FxHashMap<(Kind, ObjectKey), (Uid, i64, Option<Author>)>;

impl ClusterView {
    /// A workload here, as a command names it.
    pub fn object_of(&self, workload: &Workload) -> ResourceRef {
        ResourceRef {
            cluster: self.id.clone(),
            kind: workload.kind,
            key: workload.key.clone(),
            uid: workload.uid.clone(),
        }
    }

    fn author_asked(&self, workload: &Workload) -> Option<&Option<Author>> {
        let asked = self.authors.get(&(workload.kind, workload.key.clone()))?;
        let (uid, generation, author) = asked;
        (*uid == workload.uid && *generation == workload.generation.0).then_some(author)
    }

    /// Whether it was asked who made a workload what it is.
    pub fn is_author_asked(&self, workload: &Workload) -> bool {
        self.author_asked(workload).is_some()
    }

    /// Who made a workload what it is, as far as it was asked.
    pub fn author_of(&self, workload: &Workload) -> Option<&Author> {
        self.author_asked(workload)?.as_ref()
    }

    /// The revisions of a workload that are known, in no order.
    pub fn revisions_of(&self, workload: &Workload) -> Vec<&Revision> {
        let slots = self.revisions_by.get(&(workload.kind, workload.key.clone()));
        let known = slots.into_iter().flatten().filter_map(|&slot| self.revisions.at(slot));
        known.map(Arc::as_ref).collect()
    }

    /// The instances of one workload.
    pub fn pods_of<'a>(&'a self, workload: &'a Workload) -> impl Iterator<Item = &'a Arc<Pod>> {
        let app = app_of(workload);
        self.instances_of(&app).filter(|pod| {
            let is_its = |(kind, name): &(_, _)| *kind == workload.kind && *name == workload.key.name;
            pod.workload.as_ref().is_some_and(is_its)
        })
    }

    /// What freezes a namespace by the clock of its cluster, as far as is known.
    pub fn freeze_of(&self, namespace: &Clean, now: Timestamp) -> Option<Freeze> {
        let now = self.time(now);
        let known = self.namespaces.get(&ObjectKey::new("", namespace.clone()));
        let annotated = known.and_then(|known| freeze::annotated(known.freeze.as_ref()?, now));
        annotated.or_else(|| freeze::of_windows(&self.freezes, namespace, now))
    }

    /// The second Deployment beside one, where its gray release is in such.
    pub fn twin_of(&self, workload: &Workload) -> Option<&Arc<Workload>> {
        let twin = self
            .twins
            .get(&workload.key)
            .filter(|_| workload.kind == Kind::Deployment)?;
        let is_its = |twin: &&Arc<Workload>| twin.twin_of() == Some(workload.key.name.as_str());
        self.workload(Kind::Deployment, twin).filter(is_its)
    }

    /// Whether a workload is the twin of one that is there, and no workload of its own.
    pub fn is_beside(&self, workload: &Workload) -> bool {
        let of = workload.twin_of().map(|of| ObjectKey {
            namespace: workload.key.namespace.clone(),
            name: of.into(),
        });
        of.is_some_and(|of| self.workload(Kind::Deployment, &of).is_some())
    }

    /// Whether what was written to a workload, and to the twin beside it, is seen: their controllers have seen it too.
    pub fn has_seen(&self, workload: &Workload, written: &Written) -> bool {
        let is_seen = |generation: (i64, i64), least: i64| generation.0 >= least && generation.1 >= least;
        let twin = self.twin_of(workload);
        let twin_is = match &written.twin {
            None => true,
            Some((uid, Some(least))) => twin.is_some_and(|twin| twin.uid == *uid && is_seen(twin.generation, *least)),
            Some((uid, None)) => twin.is_none_or(|twin| twin.uid != *uid),
        };
        is_seen(workload.generation, written.generation) && twin_is
    }

    /// The release of a workload, with what is beside it.
    pub fn release_of(&self, workload: &Workload) -> Release {
        let own = self.release_alone(workload);
        let Some(twin) = self.twin_of(workload) else {
            return match workload.twin_of() {
                Some(of) => Release {
                    phase: twin::orphaned(of),
                    ..own
                },
                None => own,
            };
        };
        let cause = Cause::of(self.pods_of(twin).map(Arc::as_ref));
        let (revisions, of_twin) = (self.revisions_of(workload), self.revisions_of(twin));
        let beside = self.release_alone(twin);
        twin::release(own, (workload, &revisions), beside, ((twin, &of_twin), cause))
    }

    /// What is done already of a step on a workload that is seen in a phase, in words; with what is beside it.
    pub fn already(&self, workload: &Workload, phase: &Phase, step: &Step) -> Option<String> {
        let twin = self.twin_of(workload);
        let images = twin.map_or(&workload.images, |twin| &twin.images);
        stand::already(step, phase, (workload.desired, images, twin.is_some()))
    }

    /// Why a step cannot be taken on a workload in a phase, with what is beside it; `None` where nothing is known
    /// against it.
    pub fn step_refusal(&self, workload: &Workload, phase: &Phase, step: Operation) -> Option<String> {
        if workload.twin_of().is_some() {
            let why = || "it is a gray release whose Deployment is gone: abort it".to_owned();
            return (step != Operation::Abort).then(why);
        }
        match self.twin_of(workload) {
            Some(_) => twin::refusal(step, phase),
            None => stand::refusal(step, (workload.kind, phase), self.driver_of(workload, step)),
        }
    }

    /// Who else releases a workload, as far as a step depends on it: as its marks say, or an Argo Rollout that has its
    /// template, which bears no mark. What is under way may be ended whoever came to release it meanwhile.
    fn driver_of(&self, workload: &Workload, step: Operation) -> Option<Driver> {
        let is_its = |rollout: &Arc<Workload>| match &rollout.terms {
            Terms::Rollout(argo) => argo.template_of.as_ref().is_some_and(|(kind, name)| {
                *kind == *workload.kind.name()
                    && *name == workload.key.name
                    && rollout.key.namespace == workload.key.namespace
            }),
            _ => false,
        };
        let publishes = matches!(step, Operation::Start | Operation::Rollback);
        let by_argo = || publishes && self.workloads(Kind::Rollout).any(is_its);
        workload.driver.or_else(|| by_argo().then_some(Driver::ArgoRollouts))
    }

    /// Why the version fails that an abort of a workload's release would leave, at a time of its cluster; `None` where that
    /// says nothing of the version: there is no room, no image to be had, or beside a twin the Deployment is stuck by itself.
    pub fn failing(&self, workload: &Workload, now: Timestamp) -> Option<String> {
        let phase = self.release_of(workload).at(now);
        let is_another = |twin: &Arc<Workload>| twin.images != workload.images || twin.version != workload.version;
        let is_of_old = matches!(phase, Phase::Stuck { .. }) && self.twin_of(workload).is_some_and(is_another);
        let is_its_own = match &phase {
            Phase::GrayFailed { cause, .. } => cause.is_of_version(),
            Phase::Stuck { reason, .. } => {
                let newest = self.pods_of(workload).filter(|pod| self.is_newest(pod));
                let cause = Cause::of(newest.map(Arc::as_ref));
                // Its controller could not make instances.
                **reason != *"FailedCreate" && cause.is_none_or(|cause| cause.is_of_version())
            }
            _ => true,
        };
        phase.failing().filter(|_| is_its_own && !is_of_old)
    }

    fn release_alone(&self, workload: &Workload) -> Release {
        let is_ready = |pod: &Pod| self.health(pod) == Health::Ready;
        let pods = self.knows_pods_in(&workload.key.namespace).then(|| {
            let pods = self.pods_of(workload).map(Arc::as_ref);
            pods.map(|pod| (pod, is_ready(pod))).collect()
        });
        Release {
            deadline: self.gray_deadline,
            ..Release::of(workload, &self.revisions_of(workload), pods)
        }
    }

    /// Whether a pod runs the newest version of its workload; those of a gray release beside one do.
    pub fn is_newest(&self, pod: &Pod) -> bool {
        if pod.is_of_twin() {
            return true;
        }
        let carrier = pod.workload.as_ref();
        let workload = carrier
            .and_then(|(kind, name)| self.workload(*kind, &ObjectKey::new(pod.key.namespace.clone(), name.clone())));
        workload.is_some_and(|workload| {
            let revisions = self.revisions_of(workload);
            side::is_newest(workload, phase::newest(workload, &revisions), pod)
        })
    }

    /// The phase of a workload, since when, and when the last of its new instances came that are not ready; its pods are
    /// looked at only where they can say more.
    pub fn phase_and_since(&self, workload: &Workload) -> (Phase, [Option<Timestamp>; 2]) {
        if self.twin_of(workload).is_some() || workload.twin_of().is_some() {
            let release = self.release_of(workload);
            return (release.phase, [release.since, release.came]);
        }
        let revisions = self.revisions_of(workload);
        match Phase::of(workload, &revisions) {
            Phase::Gray { .. } => {
                let release = self.release_of(workload);
                (release.phase, [release.since, release.came])
            }
            phase => {
                let since = side::since(workload, phase::newest(workload, &revisions));
                (phase, [since, None])
            }
        }
    }

    /// The phase of an app's workloads here, the most urgent where they differ.
    pub(super) fn phase_of_app(&self, app: &AppTally) -> Phase {
        let workloads = app.workloads.iter();
        workloads
            .filter_map(|(kind, key)| self.workload(*kind, key))
            .filter(|workload| !self.is_beside(workload))
            .fold(Phase::Stable, |all, workload| {
                all.worse(self.phase_and_since(workload).0)
            })
    }

    /// Notes whose a revision is; what its workload's app shows may be different now.
    pub(super) fn note_revision(&mut self, slot: Slot, old: Option<&Revision>, new: &Revision) {
        if old.is_some_and(|old| old.workload != new.workload) {
            self.forget_revision(slot, old);
        }
        let Some((kind, key)) = carrier(new) else { return };
        let slots = self.revisions_by.entry((kind, key.clone())).or_default();
        if !slots.contains(&slot) {
            slots.push(slot);
        }
        self.touch_app(kind, &key);
    }

    /// The revision in this place is gone.
    pub(super) fn forget_revision(&mut self, slot: Slot, old: Option<&Revision>) {
        let Some((kind, key)) = old.and_then(carrier) else {
            return;
        };
        if let Some(slots) = self.revisions_by.get_mut(&(kind, key.clone())) {
            slots.retain(|known| *known != slot);
            if slots.is_empty() {
                self.revisions_by.remove(&(kind, key.clone()));
            }
        }
        self.touch_app(kind, &key);
    }

    /// A workload is there, or about to go: what it is the twin of, or has as its twin, may be told differently now.
    pub(super) fn note_twin(&mut self, kind: Kind, key: &ObjectKey, is_there: bool) {
        let of = self
            .workload(kind, key)
            .and_then(|workload| workload.twin_of())
            .map(Clean::new);
        if let Some(of) = of {
            let of = ObjectKey {
                namespace: key.namespace.clone(),
                name: of,
            };
            if is_there {
                self.twins.insert(of.clone(), key.clone());
            } else {
                self.twins.remove(&of);
            }
            self.touch_app(kind, &of);
        } else if let Some(twin) = self.twins.get(key).cloned() {
            self.touch_app(kind, &twin);
        }
    }

    fn touch_app(&mut self, kind: Kind, key: &ObjectKey) {
        let app = self.workload(kind, key).map(|workload| app_of(workload));
        if let Some(app) = app {
            self.tally.touch(&app);
        }
    }
}

impl World {
    /// Notes who changed an object to be of a generation, or that it was asked.
    pub fn note_author(&mut self, object: &ResourceRef, generation: i64, author: Option<Author>) {
        if let Some(cluster) = self.clusters.iter_mut().find(|cluster| cluster.id == object.cluster) {
            let of = (object.kind, object.key.clone());
            cluster.authors.insert(of, (object.uid.clone(), generation, author));
        }
    }

    /// The instances of an app in all clusters: those of older versions, and those of the newest; the version told
    /// of each is that of most.
    pub fn sides_of(&self, app: &AppKey) -> (Side, Side) {
        let everything = Scope::default();
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for (cluster, workload) in self.workloads_of(app, &everything) {
            let release = cluster.release_of(workload);
            old.extend(release.old);
            new.push(release.new);
        }
        (Side::sum(old), Side::sum(new))
    }

    /// The hashes that the instances of an app's newest version carry, in each cluster.
    pub fn newest_of(&self, app: &AppKey) -> BTreeSet<(ClusterId, Clean)> {
        let everything = Scope::default();
        let newest = self.instances_of(app, &everything).filter_map(|(cluster, pod)| {
            let hash = pod.revision.clone().filter(|_| cluster.is_newest(pod))?;
            Some((cluster.id.clone(), hash))
        });
        newest.collect()
    }

    /// How an app's instances stand that are not being taken away: those that are not new and those that are.
    pub fn readiness_of(&self, app: &AppKey, is_new: impl Fn(&ClusterId, &Pod) -> bool) -> [Readiness; 2] {
        let everything = Scope::default();
        let mut sides = [Readiness::default(), Readiness::default()];
        for (cluster, pod) in self.instances_of(app, &everything) {
            if pod.deleting.is_some() || pod.phase.is_terminal() {
                continue;
            }
            let [old, new] = &mut sides;
            let side = if is_new(&cluster.id, pod) { new } else { old };
            side.add(pod, cluster.health(pod));
        }
        sides
    }
}

/// How some instances stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    pub ready: i64,
    pub all: i64,
    /// A container of one of them runs.
    pub is_running: bool,
    /// Each once, in no order.
    pub versions: Vec<Version>,
    /// The one that is worst off, in the word for its state.
    worst: Option<(Health, Clean)>,
}

impl Readiness {
    fn add(&mut self, pod: &Pod, health: Health) {
        self.ready += i64::from(health == Health::Ready);
        self.all += 1;
        if !self.versions.contains(&pod.version) {
            self.versions.push(pod.version.clone());
        }
        let mut main = pod
            .containers
            .iter()
            .filter(|container| container.role == ContainerRole::Main);
        self.is_running |= main.any(|container| matches!(container.state, ContainerState::Running { .. }));
        if self.worst.as_ref().is_none_or(|(worst, _)| *worst < health) {
            self.worst = Some((health, pod.status()));
        }
    }

    /// What keeps all of them from running.
    pub fn obstacle(&self) -> Option<&Clean> {
        let (_, word) = self.worst.as_ref().filter(|_| !self.is_running)?;
        Some(word)
    }
}

/// The app that a workload carries.
pub fn app_of(workload: &Workload) -> AppKey {
    AppKey {
        namespace: workload.key.namespace.clone(),
        name: workload.app.clone(),
    }
}

fn carrier(revision: &Revision) -> Option<(Kind, ObjectKey)> {
    let (kind, name) = revision.workload.as_ref()?;
    Some((*kind, ObjectKey::new(revision.key.namespace.clone(), name.clone())))
}
