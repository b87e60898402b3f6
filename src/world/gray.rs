//! The instances of gray releases: how many are wanted of each, and which they are.

use std::collections::BTreeSet;

use super::cluster::ClusterView;
use crate::domain::{Kind, Uid, Workload};
use crate::release::Phase;
use crate::release::phase::newest;
use crate::release::side::is_newest;

impl ClusterView {
    /// Instances wanted of a workload's gray release, in it or in its twin; `None` where none is under way.
    pub fn gray_of(&self, workload: &Workload) -> Option<i64> {
        if let Some(twin) = self.twin_of(workload) {
            return Some(twin.desired);
        }
        match self.phase_and_since(workload).0 {
            Phase::Gray { wanted, .. } | Phase::GrayFailed { wanted, .. } => Some(wanted),
            _ => None,
        }
    }

    /// The instances of all gray releases that are under way.
    pub fn gray_instances(&self) -> BTreeSet<Uid> {
        let mut found = BTreeSet::new();
        for workload in Kind::ALL.into_iter().flat_map(|kind| self.workloads(kind)) {
            if workload.twin_of().is_some() || self.gray_of(workload).is_none() {
                continue;
            }
            if let Some(twin) = self.twin_of(workload) {
                found.extend(self.pods_of(twin).map(|pod| pod.uid.clone()));
                continue;
            }
            let revisions = self.revisions_of(workload);
            let newest = newest(workload, &revisions);
            let new = self.pods_of(workload).filter(|pod| is_newest(workload, newest, pod));
            found.extend(new.map(|pod| pod.uid.clone()));
        }
        found
    }
}
