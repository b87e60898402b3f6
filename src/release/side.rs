//! The two sides of a release: the instances of the newest version, and those of all others.

use chrono::TimeDelta;

use super::phase::GRAY_DEADLINE;
use super::{Phase, Symptoms, phase};
use crate::domain::pod::label;
use crate::domain::terms::{HOLD_FROM, HOLD_OP};
use crate::domain::ulid::made_at;
use crate::domain::workload::{Revision, Workload};
use crate::domain::{Clean, Pod, Terms, Timestamp, Version};

/// A pod, and whether it is ready on a node that is heard of.
pub type Seen<'a> = (&'a Pod, bool);

/// One version's instances of a workload.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Side {
    pub version: Version,
    /// The hash of its revision, where it is one.
    pub revision: Option<Clean>,
    /// Instances that have not ended and are not being taken away.
    pub instances: i64,
    pub ready: i64,
    pub restarts: i64,
}

/// The release of one workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    pub phase: Phase,
    /// `None` where there are no instances but the newest version's.
    pub old: Option<Side>,
    pub new: Side,
    /// When what is under way began; of what is stable since when its version runs.
    pub since: Option<Timestamp>,
    /// When the last of its new instances came that are not ready yet.
    pub came: Option<Timestamp>,
    /// How long its new instances may take to be ready.
    pub deadline: TimeDelta,
    /// What its new instances show.
    pub symptoms: Symptoms,
}

impl Release {
    /// The phase by the clock of its cluster.
    pub fn at(&self, now: Timestamp) -> Phase {
        // They come one after the other in place of old ones, and later where it grows.
        self.phase.clone().at(self.since.max(self.came), now, self.deadline)
    }

    /// The release of a workload as its revisions and its pods show it; with `pods` that are not all known only
    /// the controller's counts tell.
    pub fn of<'a>(workload: &Workload, revisions: &[&Revision], pods: Option<Vec<Seen<'a>>>) -> Self {
        let mut phase = Phase::of(workload, revisions);
        let newest = phase::newest(workload, revisions);
        let since = since(workload, newest);
        let live = |pod: &Pod| pod.deleting.is_none() && !pod.phase.is_terminal();
        let Some(pods) = pods else {
            let (old, new) = counts(workload, newest);
            return Self {
                phase,
                old,
                new,
                since,
                came: None,
                deadline: GRAY_DEADLINE,
                symptoms: Symptoms::default(),
            };
        };
        let (new, old): (Vec<Seen<'a>>, Vec<Seen<'a>>) =
            pods.into_iter().partition(|(pod, _)| is_newest(workload, newest, pod));
        let symptoms = Symptoms::of(&new, newest.and_then(|newest| newest.failure.clone()));
        let missing = new.iter().filter(|(pod, ready)| live(pod) && !ready);
        let came = missing.filter_map(|(pod, _)| pod.created).max();
        let is_foreign = are_of_three(workload, new.iter().chain(&old).filter(|(pod, _)| live(pod)));
        let old = Side::of(old.into_iter().filter(|(pod, _)| live(pod)));
        let new = Side::of(new.into_iter().filter(|(pod, _)| live(pod)));
        phase = match phase.with_pods(new.ready, symptoms.cause.clone()) {
            Phase::Gray { .. } | Phase::GrayFailed { .. } if is_foreign => Phase::ForeignChange,
            phase => phase,
        };
        let new = Side {
            version: workload.version.clone(),
            revision: newest.and_then(|newest| newest.hash.clone()),
            ..new
        };
        Self {
            phase,
            old: (old.instances > 0).then_some(old),
            new,
            since,
            came,
            deadline: GRAY_DEADLINE,
            symptoms,
        }
    }

    /// What keeps it from going on in this phase, where the phase itself does not say.
    pub fn lacks(&self, phase: &Phase) -> Option<String> {
        self.symptoms.words(phase)
    }

    /// How many new instances are to be ready before anything else happens.
    pub const fn wanted(&self) -> i64 {
        match self.phase {
            Phase::Gray { wanted, .. } | Phase::GrayFailed { wanted, .. } => wanted,
            Phase::Rolling { desired, .. } => desired,
            _ => self.new.instances,
        }
    }

    /// Thousandths of the ready instances that run the newest version, which is what it gets of the requests
    /// where they are spread evenly; `None` of nothing.
    pub fn share(&self) -> Option<i64> {
        let old = self.old.as_ref().map_or(0, |old| old.ready);
        let all = old + self.new.ready;
        (all > 0).then(|| self.new.ready * 1000 / all)
    }
}

impl Side {
    /// What instances are together; the version is that of most.
    fn of<'a>(pods: impl Iterator<Item = Seen<'a>>) -> Self {
        let mut side = Self::default();
        let mut versions: Vec<(&Version, Option<&Clean>, u32)> = Vec::new();
        for (pod, ready) in pods {
            side.instances += 1;
            side.ready += i64::from(ready);
            side.restarts += i64::from(pod.restarts());
            match versions.iter_mut().find(|(version, ..)| **version == pod.version) {
                Some((_, _, count)) => *count += 1,
                None => versions.push((&pod.version, pod.revision.as_ref(), 1)),
            }
        }
        if let Some((version, revision, _)) = versions.into_iter().max_by_key(|(.., count)| *count) {
            side.version = version.clone();
            side.revision = revision.cloned();
        }
        side
    }
}

impl Side {
    /// Sides of several workloads as one; the version and revision are those of the largest.
    pub fn sum(sides: Vec<Self>) -> Self {
        let mut sum = Self::default();
        for side in &sides {
            sum.instances += side.instances;
            sum.ready += side.ready;
            sum.restarts += side.restarts;
        }
        if let Some(largest) = sides.into_iter().max_by_key(|side| side.instances) {
            (sum.version, sum.revision) = (largest.version, largest.revision);
        }
        sum
    }
}

/// Whether an instance is of its workload's newest version.
pub fn is_newest(workload: &Workload, newest: Option<&Revision>, pod: &Pod) -> bool {
    let of_pod = pod.revision.as_deref().unwrap_or_default();
    match (&workload.terms, newest) {
        (_, Some(newest)) => newest.hash.as_deref() == Some(of_pod),
        // Pods carry the whole name of their revision, or the hash at its end.
        (Terms::Revised(Some(name)), None) => !of_pod.is_empty() && name.ends_with(of_pod),
        _ => pod.version == workload.version,
    }
}

/// Whether instances are of two revisions beside the one that a gray release in place of old ones left.
fn are_of_three<'a>(workload: &Workload, pods: impl Iterator<Item = &'a Seen<'a>>) -> bool {
    let Some(from) = label(&workload.labels, HOLD_FROM).filter(|_| phase::begun(workload).is_some()) else {
        return false;
    };
    let revisions = pods.filter_map(|(pod, _)| pod.revision.as_ref());
    let mut others = revisions.filter(|revision| !revision.ends_with(from.as_str()));
    others.next().is_some_and(|first| others.any(|other| other != first))
}

/// What the controllers count.
fn counts(workload: &Workload, newest: Option<&Revision>) -> (Option<Side>, Side) {
    let new = newest.map_or((workload.updated, workload.updated.min(workload.ready)), |newest| {
        (newest.instances.into(), newest.ready.into())
    });
    let side = |(instances, ready): (i64, i64)| Side {
        instances,
        ready,
        ..Side::default()
    };
    let old = side(((workload.instances - new.0).max(0), (workload.ready - new.1).max(0)));
    let new = Side {
        version: workload.version.clone(),
        revision: newest.and_then(|newest| newest.hash.clone()),
        ..side(new)
    };
    ((old.instances > 0).then_some(old), new)
}

/// The start of a hold by the name of its operation, a pause's own, else when the newest revision was made.
pub fn since(workload: &Workload, newest: Option<&Revision>) -> Option<Timestamp> {
    let made = newest.and_then(|newest| newest.created);
    if let Some(op) = phase::begun(workload) {
        return made_at(op);
    }
    match &workload.terms {
        Terms::Deployment(rolling) if rolling.is_held() => {
            label(&workload.labels, HOLD_OP).and_then(|op| made_at(op)).or(made)
        }
        Terms::Rollout(argo) => argo.pause.as_ref().and_then(|(_, since)| *since).or(made),
        Terms::Plain | Terms::Deployment(_) | Terms::Revised(_) | Terms::Build(_) => made,
    }
}
