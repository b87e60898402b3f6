//! What no watch brings and was read when it was asked for: the revisions of workloads that have no `ReplicaSet`s, and
//! what of KEDA decides how many instances they have.

use rustc_hash::FxHashMap;

use super::World;
use super::cluster::ClusterView;
use crate::domain::{Clean, Kind, ObjectKey, ResourceRef, Uid, Workload};
use crate::release::history::Told;
use crate::release::scale::Scaler;

/// By kind and name of a workload.
pub(super) type AllBeside = FxHashMap<(Kind, ObjectKey), Beside>;

/// What was read of one workload.
#[derive(Debug, Default)]
pub(super) struct Beside {
    uid: Uid,
    history: Option<Vec<Told>>,
    /// Whether it was read.
    knows_scaler: bool,
    scaler: Option<Scaler>,
    /// The bounds of its autoscaler when that was asked for last.
    asked_at: Option<(i64, i64)>,
}

/// Whether a workload's older versions are in `ControllerRevision`s, which are not watched.
pub const fn has_history(kind: Kind) -> bool {
    matches!(kind, Kind::StatefulSet | Kind::DaemonSet | Kind::CloneSet)
}

impl ClusterView {
    fn beside(&self, workload: &Workload) -> Option<&Beside> {
        let beside = self.beside.get(&(workload.kind, workload.key.clone()))?;
        (beside.uid == workload.uid).then_some(beside)
    }

    /// The revisions of a workload that no watch brings, oldest first; `None` where they were not read.
    pub fn history_of(&self, workload: &Workload) -> Option<&[Told]> {
        self.beside(workload)?.history.as_deref()
    }

    /// What of KEDA decides how many instances a workload has, as far as it was read.
    pub fn scaler_of(&self, workload: &Workload) -> Option<&Scaler> {
        self.beside(workload)?.scaler.as_ref()
    }

    /// A workload's bounds before its floor was raised for a while, where it is: of its `ScaledObject`, else of its
    /// autoscaler.
    pub fn floor_of(&self, workload: &Workload) -> Option<&Clean> {
        match self.scaler_of(workload) {
            Some(scaler) => scaler.floor_from.as_ref(),
            None => self.autoscaler_of(workload)?.floor_from.as_ref(),
        }
    }

    /// Whether a floor may have been raised of which nothing was read: KEDA keeps it.
    pub fn may_have_floor(&self, workload: &Workload) -> bool {
        let is_read = self.beside(workload).is_some_and(|beside| beside.knows_scaler);
        let is_of_keda = self.autoscaler_of(workload).is_some_and(|hpa| hpa.keda.is_some());
        self.floor_of(workload).is_some() || (is_of_keda && !is_read)
    }

    /// The bounds of a workload's autoscaler where KEDA made it and they moved since it was asked why.
    pub fn scaler_wanted(&self, workload: &Workload) -> Option<(i64, i64)> {
        let hpa = self.autoscaler_of(workload).filter(|hpa| hpa.keda.is_some())?;
        let bounds = (hpa.min, hpa.max);
        let asked = self.beside(workload).and_then(|beside| beside.asked_at);
        (asked != Some(bounds)).then_some(bounds)
    }
}

impl World {
    fn beside_mut(&mut self, object: &ResourceRef) -> Option<&mut Beside> {
        let cluster = self.clusters.iter_mut().find(|cluster| cluster.id == object.cluster)?;
        let beside = cluster.beside.entry((object.kind, object.key.clone())).or_default();
        if beside.uid != object.uid {
            *beside = Beside {
                uid: object.uid.clone(),
                ..Beside::default()
            };
        }
        self.version += 1;
        Some(beside)
    }

    /// Takes the revisions of a workload.
    pub fn note_history(&mut self, object: &ResourceRef, history: Vec<Told>) {
        if let Some(beside) = self.beside_mut(object) {
            beside.history = Some(history);
        }
    }

    /// Takes what of KEDA decides how many instances a workload has.
    pub fn note_scaler(&mut self, object: &ResourceRef, scaler: Option<Scaler>) {
        if let Some(beside) = self.beside_mut(object) {
            (beside.knows_scaler, beside.scaler) = (true, scaler);
        }
    }

    /// Notes that it is asked for, and what the bounds of the autoscaler are then.
    pub fn note_scaler_asked(&mut self, object: &ResourceRef, bounds: (i64, i64)) {
        if let Some(beside) = self.beside_mut(object) {
            beside.asked_at = Some(bounds);
        }
    }

    /// Whether the revisions of a workload were read, or need not be.
    pub fn knows_history(&self, object: &ResourceRef) -> bool {
        let view = self.cluster(&object.cluster);
        let workload = view.and_then(|view| Some((view, view.workload(object.kind, &object.key)?)));
        !has_history(object.kind) || workload.is_some_and(|(view, workload)| view.history_of(workload).is_some())
    }
}
