//! Who decides how many instances a workload has, and below how many it is not taken.

use std::sync::Arc;

use super::cluster::ClusterView;
use super::headroom::AppHeadroom;
use crate::domain::{Autoscaler, Budget, Workload};
use crate::release::scale::Room;

impl ClusterView {
    /// The autoscaler that decides how many instances a workload has.
    pub fn autoscaler_of(&self, workload: &Workload) -> Option<&Autoscaler> {
        let is_its = |hpa: &&Arc<Autoscaler>| {
            hpa.key.namespace == workload.key.namespace
                && hpa.target.0 == *workload.kind.name()
                && hpa.target.1 == workload.key.name
        };
        self.autoscalers.values().find(is_its).map(Arc::as_ref)
    }

    /// The disruption budgets that cover a workload's instances.
    pub fn budgets_of<'a>(&'a self, workload: &'a Workload) -> impl Iterator<Item = &'a Arc<Budget>> {
        self.budgets.values().filter(|budget| {
            budget.key.namespace == workload.key.namespace
                && !budget.selector.is_empty()
                && budget.selector.iter().all(|wanted| workload.labels.contains(wanted))
        })
    }

    /// How many instances a workload has and where more fit; and how many fit location by location, or why that is not
    /// known.
    pub fn room_of(&self, workload: &Workload) -> (Room, Result<Vec<AppHeadroom>, String>) {
        let room = Room {
            cluster: self.id.0.clone(),
            now: workload.desired,
            least: self.least_of(workload),
            ..Room::default()
        };
        match self.workload_headroom(workload) {
            Err(why) => (room, Err(why)),
            Ok((fits, places)) => {
                let all: i64 = places.iter().map(|place| place.fits).sum();
                let room = Room {
                    fits: Some(fits),
                    places: places
                        .iter()
                        .map(|place| (place.location.name.clone(), place.fits))
                        .collect(),
                    quota: (fits < all).then_some(fits),
                    ..room
                };
                (room, Ok(places))
            }
        }
    }

    /// Below how many instances a workload is not taken where fewer are divided over several: what an autoscaler decides
    /// stays, for it would undo that; else what its owner and the disruption budgets ask for.
    fn least_of(&self, workload: &Workload) -> i64 {
        if self.autoscaler_of(workload).is_some() || self.scaler_of(workload).is_some() {
            return workload.desired;
        }
        let budgets = self.budgets_of(workload).filter_map(|budget| budget.least);
        budgets.chain(workload.min_instances).max().unwrap_or(0)
    }
}
