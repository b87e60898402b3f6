//! Workloads in sight of which their cluster is asked more: who changed them in the middle of a release, and what the
//! ledger of their app says.

use std::sync::Arc;

use super::Model;
use crate::domain::{AppKey, ClusterId, ResourceRef, Workload};
use crate::listing::RowKey;
use crate::overlays::Confirm;
use crate::release::Ended;
use crate::screens::{Rows, ScreenKind, releases};
use crate::world::ClusterView;
use crate::world::release::app_of;

/// Most ledgers, and logs, that are asked for at a time.
const MOST_ASKED: usize = 8;

impl Model {
    /// Those of which it was not asked yet, with the generation that they are at.
    pub(crate) fn changed_in_sight(&self) -> Vec<(ResourceRef, i64)> {
        let changed = self.released_in_sight().into_iter().filter(|(view, workload)| {
            let is_open = view.link.is_live() && !view.is_author_asked(workload);
            is_open && view.phase_and_since(workload).0.is_foreign()
        });
        changed
            .map(|(view, workload)| (view.object_of(workload), workload.generation.0))
            .collect()
    }

    /// Those that an app has, or whose releases are in flight, where that is what is shown.
    fn released_in_sight(&self) -> Vec<(&ClusterView, &Arc<Workload>)> {
        let screen = self.trail.top();
        match (&screen.kind, &screen.rows) {
            (ScreenKind::App(app), _) => self.workloads_of_app(app),
            (_, Rows::Releases(rows)) => {
                let flights = releases::flights(rows);
                let found = flights.filter_map(|(id, workload)| Some((self.world.cluster(id)?, workload)));
                found.collect()
            }
            _ => Vec::new(),
        }
    }

    /// Containers that ended of releases in sight, with their workloads, of which it is to be read what they wrote last:
    /// of an app that is open, of the row that is selected, and of what a person is asked about.
    pub(crate) fn ended_in_sight(&self) -> Vec<(ResourceRef, Ended)> {
        let screen = self.trail.top();
        let mut found = match (&screen.kind, &screen.rows) {
            (ScreenKind::App(_), _) => self.released_in_sight(),
            (_, Rows::Releases(_)) => self.meant(),
            _ => Vec::new(),
        };
        found.extend(self.confirm().and_then(Confirm::place).and_then(|place| {
            let view = self.world.cluster(&place.object.cluster)?;
            Some((view, view.workload(place.object.kind, &place.object.key)?))
        }));
        let mut wanted: Vec<(ResourceRef, Ended)> = Vec::new();
        for (view, workload) in found
            .into_iter()
            .take(MOST_ASKED)
            .filter(|(view, _)| view.link.is_live())
        {
            let object = view.object_of(workload);
            if let Some(ended) = view.ended_of(workload)
                && view.are_last_lines_wanted(workload, &ended, self.now)
                && !wanted.iter().any(|(known, _)| *known == object)
            {
                wanted.push((object, ended));
            }
        }
        wanted
    }

    /// The apps in sight whose ledgers say who began what is under way, or what is bad, and are to be asked for.
    pub(crate) fn ledgers_in_sight(&self) -> Vec<(ClusterId, AppKey)> {
        let mut wanted: Vec<(ClusterId, AppKey)> = Vec::new();
        let mut add = |view: &ClusterView, app: AppKey, is_lacking: bool| {
            let is_open = view.link.is_live() && view.is_ledger_wanted(&app, is_lacking, self.now);
            let asked = (view.id.clone(), app);
            if is_open && wanted.len() < MOST_ASKED && !wanted.contains(&asked) {
                wanted.push(asked);
            }
        };
        for (view, workload) in self.released_in_sight() {
            let is_under_way = view.phase_and_since(workload).0.is_release() && workload.driver.is_none();
            add(
                view,
                app_of(workload),
                is_under_way && view.beginning(workload).is_none(),
            );
        }
        let screen = self.trail.top();
        if let (Rows::Releases(rows), Some(RowKey::Object(object))) = (&screen.rows, screen.list.selected())
            && let (Some(app), Some(view)) = (releases::app_of_row(rows, object), self.world.cluster(&object.cluster))
        {
            add(view, app, false);
        }
        wanted
    }

    /// The workloads of the app in sight of which KEDA's bounds are to be read, with those of its autoscaler.
    pub(crate) fn scalers_in_sight(&self) -> Vec<(ResourceRef, (i64, i64))> {
        let ScreenKind::App(app) = &self.trail.top().kind else {
            return Vec::new();
        };
        let found = self
            .workloads_of_app(app)
            .into_iter()
            .filter(|(view, _)| view.link.is_live());
        let wanted =
            found.filter_map(|(view, workload)| Some((view.object_of(workload), view.scaler_wanted(workload)?)));
        wanted.take(MOST_ASKED).collect()
    }
}
