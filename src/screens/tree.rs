//! The tree of an app: workload, revision, instance, container; old and new versions told apart.

mod cells;
mod rows;

use cells::{fold, revision_cell, workload_cell, workload_ready};
pub(super) use rows::collect;
pub(crate) use rows::revision_key;
use rows::workload_key;
pub(crate) use rows::workload_of_row;
pub use rows::{Age, TreeRow};

use super::context::Context;
use super::figures::{self, Bounds, Whose, columns};
use super::{containers, instances, states, words};
use crate::domain::pod::label;
use crate::domain::{Clean, ClusterId, Kind, ResourceRef, Version};
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::metrics::{Figure, Subject};

pub(super) static COLUMNS: [Column; 15] = [
    Column::text(
        ColumnId::Name,
        "WORKLOAD · REVISION · INSTANCE",
        &["name", "workload", "revision", "instance"],
        (32, 56),
        0,
    )
    .keeping_end(),
    Column::text(ColumnId::State, "STATE", &["state", "status"], (20, 34), 0),
    Column::number(ColumnId::Ready, "READY", &["ready"], 7, 1, Unit::Count).up_to(14),
    Column::text(ColumnId::Version, "VERSION", &["version"], (8, 12), 3),
    Column::text(ColumnId::Location, "LOCATION", &["location"], (10, 20), 5),
    Column::text(ColumnId::Node, "NODE", &["node"], (8, 24), 4),
    Column::text(ColumnId::Address, "IP", &["ip"], (13, 15), 9),
    columns::CPU,
    columns::MEMORY,
    columns::NET_IN,
    columns::NET_OUT,
    columns::CPU_REQUESTED,
    columns::MEMORY_REQUESTED,
    Column::number(ColumnId::Restarts, "↻", &["restarts"], 4, 2, Unit::Count),
    Column::number(ColumnId::Age, "AGE", &["age"], 6, 6, Unit::Age),
];

/// Reads the tree.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) rows: &'a [TreeRow],
    pub(super) ctx: Context<'a>,
}

impl Tree<'_> {
    fn number(&self, row: &TreeRow, column: ColumnId) -> Option<i64> {
        let age = |made, cluster| words::seconds_since(made, self.ctx.clock_in(cluster));
        match (row, column) {
            (TreeRow::Workload { ready, .. }, ColumnId::Ready) => ready.map(i64::from),
            (TreeRow::Workload { cluster, workload, .. }, ColumnId::Age) => age(workload.created, cluster),
            (TreeRow::Revision { ready, .. }, ColumnId::Ready) => Some(i64::from(*ready)),
            (TreeRow::Revision { restarts, .. }, ColumnId::Restarts) => Some(*restarts as i64),
            (TreeRow::Instance { pod, .. }, ColumnId::Restarts) => Some(i64::from(pod.restarts())),
            (TreeRow::Instance { pod, .. }, ColumnId::Cpu) => Some(pod.shape.requests.cpu.0),
            (TreeRow::Instance { pod, .. }, ColumnId::Memory) => Some(pod.shape.requests.memory.0),
            (TreeRow::Instance { cluster, pod, .. }, ColumnId::Age) => age(pod.created, cluster),
            (TreeRow::Instance { cluster, pod, .. }, ColumnId::Ready) => {
                let view = self.ctx.world.cluster(cluster)?;
                instances::ready_now(view, pod).map(|(ready, _)| ready)
            }
            (TreeRow::Container { container, .. }, ColumnId::Restarts) => Some(i64::from(container.restarts)),
            (TreeRow::Container { container, .. }, ColumnId::Cpu) => Some(container.requests.cpu.0),
            (TreeRow::Container { container, .. }, ColumnId::Memory) => Some(container.requests.memory.0),
            _ => None,
        }
    }
}

impl<'a> Tree<'a> {
    /// Whose figures a row shows, and what they are held against.
    fn whose(&self, row: &'a TreeRow) -> Option<(Whose<'a>, Bounds)> {
        let view = |cluster: &ClusterId| self.ctx.world.cluster(cluster);
        match row {
            TreeRow::Workload { cluster, pods, .. } | TreeRow::Revision { cluster, pods, .. } => {
                (!pods.is_empty()).then_some(())?;
                Some((Whose::instances(view(cluster)?, pods), Bounds::of_pods(pods)))
            }
            TreeRow::Instance { cluster, pod, .. } => {
                let whose = Whose::one(view(cluster)?, Subject::Pod(pod.key.clone()));
                Some((whose, Bounds::of_pod(pod)))
            }
            TreeRow::Container { pod, container, .. } => {
                let subject = Subject::Container(pod.key.clone(), container.name.clone());
                let whose = Whose::one(view(&pod.cluster)?, subject);
                Some((whose, Bounds::of_container(container)))
            }
        }
    }
}

impl Source for Tree<'_> {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn figure(&self) -> Option<Figure> {
        self.ctx.figure
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn key(&self, row: u32) -> Option<RowKey> {
        self.rows.get(row as usize).map(|row| match row {
            TreeRow::Workload { cluster, workload, .. } => workload_key(cluster, workload),
            TreeRow::Revision { key, .. } => key.clone(),
            TreeRow::Instance { cluster, pod, .. } => RowKey::Object(ResourceRef {
                cluster: cluster.clone(),
                kind: Kind::Pod,
                key: pod.key.clone(),
                uid: pod.uid.clone(),
            }),
            TreeRow::Container { pod, container, .. } => RowKey::Container(pod.clone(), container.name.clone()),
        })
    }

    fn value(&self, row: u32, column: ColumnId) -> Value<'_> {
        if let Some(figure) = figures::figure(column) {
            let whose = self.rows.get(row as usize).and_then(|row| self.whose(row));
            return whose.map_or(Value::Absent, |(whose, _)| whose.value(&self.ctx, figure));
        }
        let is_number = COLUMNS.iter().any(|c| c.id == column && c.unit != Unit::Text);
        if is_number {
            Value::number(self.rows.get(row as usize).and_then(|row| self.number(row, column)))
        } else {
            self.cell(row, column).value()
        }
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        let Some(row) = self.rows.get(row as usize) else {
            return Cell::unknown();
        };
        match (row, figures::figure(column)) {
            (TreeRow::Workload { .. } | TreeRow::Revision { .. }, Some(figure)) => {
                let whose = self.whose(row);
                return whose.map_or_else(Cell::empty, |(whose, bounds)| whose.cell(&self.ctx, figure, bounds));
            }
            (TreeRow::Container { pod, container, .. }, Some(figure)) => {
                let cluster = self.ctx.world.cluster(&pod.cluster);
                return cluster.map_or_else(Cell::unknown, |cluster| {
                    figures::of_container(&self.ctx, cluster, &pod.key, container, figure)
                });
            }
            _ => {}
        }
        match row {
            TreeRow::Workload {
                cluster,
                workload,
                ready,
                stuck,
                release,
                open,
                ..
            } => match column {
                ColumnId::Ready => workload_ready(release, *ready, workload.desired),
                ColumnId::State => {
                    let ready = ready.map_or(workload.ready, i64::from);
                    states::workload_state(release, (ready, workload.desired), *stuck, self.ctx.now_in(cluster))
                }
                other => workload_cell(&self.ctx, cluster, workload, *open, other),
            },
            TreeRow::Revision { .. } => revision_cell(row, column),
            TreeRow::Instance { cluster, pod, open } => {
                let Some(view) = self.ctx.world.cluster(cluster) else {
                    return Cell::unknown();
                };
                match column {
                    ColumnId::Name => {
                        Cell::muted(format!("    {} ", fold(*open))).and(pod.key.name.as_str(), Tone::Strong)
                    }
                    ColumnId::Ready if pod.containers.len() == 1 => Cell::empty(),
                    other => instances::cell(&self.ctx, view, pod, other),
                }
            }
            TreeRow::Container { container, lost, .. } => match column {
                ColumnId::Name => Cell::muted("        ").and(container.name.as_str(), Tone::Plain),
                ColumnId::State if *lost => Cell::new("? unknown: node lost", Tone::Unknown),
                ColumnId::State => containers::state(container),
                ColumnId::Cpu => words::requested(container.requests).0,
                ColumnId::Memory => words::requested(container.requests).1,
                ColumnId::Restarts => Cell::count(i64::from(container.restarts)),
                ColumnId::Version => Cell::muted(words::version(&Version::of_image(&container.image))),
                _ => Cell::empty(),
            },
        }
    }

    fn any_text(&self, row: u32, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let more = match self.rows.get(row as usize) {
            Some(TreeRow::Workload { workload, .. }) => test(workload.version.full()),
            Some(TreeRow::Revision { version, hash, .. }) => {
                test(version.full()) || hash.as_ref().is_some_and(|hash| test(hash))
            }
            Some(TreeRow::Instance { pod, .. }) => test(pod.version.full()),
            Some(TreeRow::Container { container, .. }) => test(&container.image),
            None => false,
        };
        let mut words = COLUMNS.iter().filter(|c| c.unit == Unit::Text);
        more || words.any(|c| test(&self.cell(row, c.id).text()))
    }

    fn has_labels(&self) -> bool {
        true
    }

    fn label(&self, row: u32, key: &str) -> Option<&str> {
        match self.rows.get(row as usize)? {
            TreeRow::Workload { workload, .. } => label(&workload.labels, key).map(Clean::as_str),
            TreeRow::Instance { pod, .. } => label(&pod.labels, key).map(Clean::as_str),
            TreeRow::Revision { .. } | TreeRow::Container { .. } => None,
        }
    }

    fn depth(&self, row: u32) -> usize {
        match self.rows.get(row as usize) {
            Some(TreeRow::Workload { .. }) | None => 0,
            Some(TreeRow::Revision { .. }) => 1,
            Some(TreeRow::Instance { .. }) => 2,
            Some(TreeRow::Container { .. }) => 3,
        }
    }

    fn shows(&self, column: ColumnId) -> bool {
        figures::shows(&self.ctx, column)
    }

    fn is_stale(&self, row: u32) -> bool {
        match self.key(row) {
            Some(RowKey::Object(object) | RowKey::Container(object, _)) => self.ctx.is_stale(&object.cluster),
            Some(RowKey::Loose(cluster, _)) => self.ctx.is_stale(&cluster),
            _ => false,
        }
    }
}
