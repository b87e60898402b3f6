//! What a step of a release is meant for here: workloads, and clusters that may have some of which nothing is known.

use super::Model;
use super::release::Found;
use crate::domain::{AppKey, ClusterId, Kind, ResourceRef};
use crate::listing::RowKey;
use crate::overlays::draft::Aim;
use crate::screens::{Rows, ScreenKind, builds, releases, tree};
use crate::world::ClusterView;

impl Model {
    /// The workloads that a step of a release is meant for here: of what is marked, else of the selected row; each
    /// once, cluster after cluster.
    pub(crate) fn meant(&self) -> Vec<Found<'_>> {
        let screen = self.trail.top();
        if !matches!(
            screen.kind,
            ScreenKind::Apps | ScreenKind::App(_) | ScreenKind::Releases | ScreenKind::Builds
        ) {
            return Vec::new();
        }
        let marks = screen.list.marks();
        let rows: Vec<&RowKey> = if marks.is_empty() {
            screen.list.selected().into_iter().collect()
        } else {
            marks.iter().collect()
        };
        let mut found: Vec<Found<'_>> = Vec::new();
        for (view, workload) in rows.into_iter().flat_map(|row| self.workloads_behind(row)) {
            let is_known = |(other, known): &Found<'_>| other.id == view.id && known.uid == workload.uid;
            if workload.kind != Kind::Job && !found.iter().any(is_known) {
                found.push((view, workload));
            }
        }
        let place = |id: &ClusterId| self.world.clusters().iter().position(|cluster| cluster.id == *id);
        found.sort_by_key(|(view, _)| place(&view.id));
        found
    }

    fn workloads_behind<'a>(&'a self, row: &RowKey) -> Vec<Found<'a>> {
        let one = |object: &ResourceRef| {
            let view = self.world.cluster(&object.cluster)?;
            let workload = view.workload(object.kind, &object.key)?;
            (workload.uid == object.uid).then_some((view, workload))
        };
        match (row, &self.trail.top().rows) {
            (RowKey::App(app), _) => self.workloads_of_app(app),
            (RowKey::Build(_, key), Rows::Builds(rows)) => {
                builds::app_of_row(rows, key).map_or_else(Vec::new, |app| self.workloads_of_app(&app))
            }
            (RowKey::Object(object), Rows::Releases(rows)) => {
                let found = releases::workload_of_row(rows, object);
                let found = found.and_then(|(cluster, kind, key)| {
                    let view = self.world.cluster(&cluster)?;
                    Some((view, view.workload(kind, &key)?))
                });
                found.into_iter().collect()
            }
            (row, Rows::Tree(rows)) => tree::workload_of_row(rows, row)
                .as_ref()
                .and_then(one)
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn workloads_of_app<'a>(&'a self, app: &AppKey) -> Vec<Found<'a>> {
        let scope = self.scope_here();
        let clusters = self.world.clusters().iter().filter(|view| scope.has_cluster(&view.id));
        let found = clusters.flat_map(|view| view.workloads_of(app).map(move |workload| (view, workload)));
        found.collect()
    }

    /// The clusters here of which it is not known what they have of what is meant: where an app is meant, all that do not
    /// answer may have it.
    pub(super) fn unreached(&self, aims: &[Aim]) -> Vec<ClusterId> {
        let screen = self.trail.top();
        let marks = screen.list.marks();
        let mut rows = screen
            .list
            .selected()
            .into_iter()
            .filter(|_| marks.is_empty())
            .chain(marks);
        let is_app = rows.any(|row| matches!(row, RowKey::App(_) | RowKey::Build(..)));
        let scope = self.scope_here();
        let may_have = |view: &&ClusterView| {
            let has_lost = || aims.iter().any(|aim| aim.is_lost && aim.object.cluster == view.id);
            (is_app && scope.has_cluster(&view.id) && !view.knows_workloads()) || has_lost()
        };
        let clusters = self.world.clusters().iter();
        clusters.filter(may_have).map(|view| view.id.clone()).collect()
    }

    /// The first of some clusters that comes before one in the order of clusters.
    pub(super) fn first_before(&self, id: &ClusterId, some: &[ClusterId]) -> Option<ClusterId> {
        let place = |id: &ClusterId| self.world.clusters().iter().position(|cluster| cluster.id == *id);
        let before = |other: &&ClusterId| place(other) < place(id);
        some.iter().filter(before).min_by_key(|other| place(other)).cloned()
    }
}
