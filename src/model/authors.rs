//! Workloads in sight that somebody changed in the middle of a release: of those it is asked who it was.

use super::Model;
use crate::domain::ResourceRef;
use crate::screens::{Rows, ScreenKind, releases};

impl Model {
    /// Those of which it was not asked yet, with the generation that they are at.
    pub(crate) fn changed_in_sight(&self) -> Vec<(ResourceRef, i64)> {
        let screen = self.trail.top();
        let workloads = match (&screen.kind, &screen.rows) {
            (ScreenKind::App(app), _) => self.workloads_of_app(app),
            (_, Rows::Releases(rows)) => {
                let flights = releases::flights(rows);
                let found = flights.filter_map(|(id, workload)| Some((self.world.cluster(id)?, workload)));
                found.collect()
            }
            _ => return Vec::new(),
        };
        let changed = workloads.into_iter().filter(|(view, workload)| {
            let is_open = view.link.is_live() && !view.is_author_asked(workload);
            is_open && view.phase_and_since(workload).0.is_foreign()
        });
        changed
            .map(|(view, workload)| (view.object_of(workload), workload.generation.0))
            .collect()
    }
}
