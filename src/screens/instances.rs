//! Instances: the pods of the scope, of an app or of a node, with what their containers do.

mod container;
mod rows;

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use self::container::Inside;
pub(super) use self::rows::{InstanceRow, Of, collect, in_locations};
use super::context::Context;
use super::figures::{self, Whose, columns};
use super::words;
use crate::domain::pod::{Health, label};
use crate::domain::{Clean, Kind, Pod, ResourceRef, Resources};
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::metrics::{Figure, Subject};
use crate::world::{ClusterView, Slot};

pub(super) static COLUMNS: [Column; 22] = [
    Column::text(ColumnId::Name, "INSTANCE", &["name", "instance"], (20, 46), 0).keeping_end(),
    Column::text(ColumnId::State, "STATE", &["state", "status"], (18, 30), 0).worst_first(),
    Column::number(ColumnId::Ready, "READY", &["ready"], 5, 4, Unit::Count),
    Column::text(ColumnId::App, "APP", &["app"], (14, 30), 8),
    Column::text(ColumnId::Version, "VERSION", &["version"], (8, 12), 5),
    Column::text(ColumnId::Cluster, "CLUSTER", &["cluster"], (8, 16), 9),
    Column::text(ColumnId::Location, "LOCATION", &["location"], (10, 18), 7),
    Column::text(ColumnId::Node, "NODE", &["node"], (8, 24), 4),
    Column::text(ColumnId::Address, "IP", &["ip", "address"], (13, 15), 10),
    columns::CPU,
    columns::MEMORY,
    columns::NET_IN,
    columns::NET_OUT,
    columns::CPU_REQUESTED,
    columns::MEMORY_REQUESTED,
    Column::number(ColumnId::Restarts, "↻", &["restarts"], 4, 1, Unit::Count),
    Column::number(ColumnId::Age, "AGE", &["age"], 6, 2, Unit::Age),
    Column::text(ColumnId::Namespace, "NAMESPACE", &["namespace", "ns"], (9, 20), 11).only_wide(),
    Column::number(ColumnId::CpuLimit, "CPU limit", &["cpu-limit"], 9, 12, Unit::Cpu).only_wide(),
    Column::number(
        ColumnId::MemoryLimit,
        "MEM limit",
        &["memory-limit", "mem-limit"],
        9,
        12,
        Unit::Memory,
    )
    .only_wide(),
    Column::text(ColumnId::Group, "GROUP", &["group"], (8, 16), 13).only_wide(),
    Column::text(ColumnId::Image, "IMAGE", &["image"], (20, 50), 14).only_wide(),
];

/// Reads instances.
#[derive(Debug)]
pub(super) struct Instances<'a> {
    pub(super) rows: &'a [InstanceRow],
    pub(super) ctx: Context<'a>,
    /// The node is told above the list already.
    pub(super) of: &'a Of,
    pub(super) written: Written,
}

/// What [`NUMBERS`] are written from: requests, limits, whether the node is lost and what is ready, restarts.
type Numbers = (Resources, (Option<i64>, Option<i64>), (bool, (i64, i64)), u32);

/// Figures as they are shown, one a line: few differ among many instances, and a filter looks through all.
pub(super) type Written = RefCell<FxHashMap<Numbers, Box<str>>>;

/// The columns of numbers, without the age and what is used: hardly two are alike.
const NUMBERS: [ColumnId; 6] = [
    ColumnId::Ready,
    ColumnId::Cpu,
    ColumnId::Memory,
    ColumnId::CpuLimit,
    ColumnId::MemoryLimit,
    ColumnId::Restarts,
];

impl<'a> Instances<'a> {
    fn place(&self, row: u32) -> Option<(&'a ClusterView, Slot)> {
        let row = self.rows.get(row as usize)?;
        Some((self.ctx.world.clusters().get(usize::from(row.cluster))?, row.slot))
    }

    fn get(&self, row: u32) -> Option<(&'a ClusterView, &'a Arc<Pod>)> {
        let (cluster, slot) = self.place(row)?;
        Some((cluster, cluster.pods.at(slot)?))
    }

    /// The container that the row is, of an instance that is open.
    fn container(&self, row: u32) -> Option<Inside<'a>> {
        let place = self.rows.get(row as usize)?.container?;
        let (cluster, pod) = self.get(row)?;
        let container = pod.containers.get(usize::from(place))?;
        Some(Inside {
            cluster,
            pod,
            container,
        })
    }
}

impl Source for Instances<'_> {
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
        let (cluster, pod) = self.get(row)?;
        let pod = pod_ref(cluster, pod);
        Some(match self.container(row) {
            Some(inside) => RowKey::Container(pod, inside.container.name.clone()),
            None => RowKey::Object(pod),
        })
    }

    fn depth(&self, row: u32) -> usize {
        let row = self.rows.get(row as usize);
        usize::from(row.is_some_and(|row| row.container.is_some()))
    }

    fn value(&self, row: u32, column: ColumnId) -> Value<'_> {
        if let Some(inside) = self.container(row)
            && let Some(value) = inside.value(&self.ctx, column)
        {
            return value;
        }
        self.get(row)
            .map_or(Value::Absent, |(cluster, pod)| value(&self.ctx, cluster, pod, column))
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        if let Some(inside) = self.container(row) {
            return inside.cell(&self.ctx, column);
        }
        self.get(row).map_or_else(
            || Cell::muted("gone"),
            |(cluster, pod)| cell(&self.ctx, cluster, pod, column),
        )
    }

    fn any_text(&self, row: u32, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let named = self.place(row).is_some_and(|(cluster, slot)| {
            let pod = cluster.pods.at(slot);
            pod.is_some_and(|pod| cluster.any_word(pod, &mut *test))
        });
        named || self.any_other_text(row, test)
    }

    fn words(&self, row: u32) -> Option<&str> {
        self.place(row).map(|(cluster, slot)| cluster.words_of(slot).0)
    }

    fn any_other_text(&self, row: u32, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let Some((cluster, slot)) = self.place(row) else {
            return false;
        };
        if self.container(row).is_some_and(|inside| inside.any_text(test)) {
            return true;
        }
        let state = |test: &mut dyn FnMut(&str) -> bool| {
            let pod = cluster.pods.at(slot);
            pod.is_some_and(|pod| test(&words::instance_state(cluster, pod, self.ctx.now).text()))
        };
        test(cluster.id.as_str())
            || match cluster.words_of(slot).1 {
                Health::Ready => {
                    let pod = cluster.pods.at(slot);
                    test("ready") || (pod.is_some_and(|pod| pod.out_of_memory().is_some()) && state(test))
                }
                Health::Completed => test("completed"),
                _ => state(test),
            }
    }

    fn any_cell(&self, row: u32, test: &mut dyn FnMut(&str) -> bool) -> bool {
        // What the other columns say is among the words.
        let Some((cluster, pod)) = self.get(row) else {
            return false;
        };
        if let Some(inside) = self.container(row) {
            return NUMBERS
                .iter()
                .any(|column| test(&inside.cell(&self.ctx, *column).text()));
        }
        let lost = cluster.health(pod) == Health::Unknown;
        let figures = (pod.shape.requests, pod.limits, (lost, ready(pod)), pod.restarts());
        let mut written = self.written.borrow_mut();
        let written = written.entry(figures).or_insert_with(|| {
            let cells = NUMBERS.map(|column| cell(&self.ctx, cluster, pod, column).text());
            cells.join("\n").to_lowercase().into()
        });
        let age = words::seconds_since(pod.created, cluster.time(self.ctx.now));
        test(written) || age.is_some_and(|age| test(&words::span(age)))
    }

    fn is(&self, row: u32, key: &RowKey) -> bool {
        let object = match (key, self.container(row)) {
            (RowKey::Object(object), None) => object,
            (RowKey::Container(object, name), Some(inside)) if inside.container.name == *name => object,
            _ => return false,
        };
        self.get(row).is_some_and(|(cluster, pod)| {
            pod.uid == object.uid && pod.key == object.key && cluster.id == object.cluster && object.kind == Kind::Pod
        })
    }

    fn has_labels(&self) -> bool {
        true
    }

    fn label(&self, row: u32, key: &str) -> Option<&str> {
        let (_, pod) = self.get(row)?;
        label(&pod.labels, key).map(Clean::as_str)
    }

    fn is_stale(&self, row: u32) -> bool {
        self.get(row).is_some_and(|(cluster, _)| !cluster.link.is_live())
    }

    fn shows(&self, column: ColumnId) -> bool {
        match column {
            ColumnId::Cluster => self.ctx.world.clusters().len() > 1 && !matches!(self.of, Of::Node(..)),
            // The app is shown with it: it is there to sort and filter by.
            ColumnId::Namespace => false,
            ColumnId::Location | ColumnId::Node => !matches!(self.of, Of::Node(..)),
            _ => figures::shows(&self.ctx, column),
        }
    }
}

/// An instance's identity.
pub(super) fn pod_ref(cluster: &ClusterView, pod: &Pod) -> ResourceRef {
    ResourceRef {
        cluster: cluster.id.clone(),
        kind: Kind::Pod,
        key: pod.key.clone(),
        uid: pod.uid.clone(),
    }
}

/// Containers that are ready, and how many run at the same time.
fn ready(pod: &Pod) -> (i64, i64) {
    use crate::domain::container::ContainerRole::{Ephemeral, Init, Main, Sidecar};
    let lasting = pod.containers.iter().filter(|c| match c.role {
        Main | Sidecar => true,
        Init | Ephemeral => false,
    });
    lasting.fold((0, 0), |(ready, all), c| (ready + i64::from(c.ready), all + 1))
}

/// The same as far as it is known: what a lost node last said of readiness may hold no more.
pub(super) fn ready_now(cluster: &ClusterView, pod: &Pod) -> Option<(i64, i64)> {
    (cluster.health(pod) != Health::Unknown).then(|| ready(pod))
}

/// What an instance has in a column.
fn value<'a>(ctx: &Context<'_>, cluster: &'a ClusterView, pod: &'a Pod, column: ColumnId) -> Value<'a> {
    let node = || pod.node.as_ref().and_then(|name| cluster.node(name));
    match column {
        ColumnId::Name => Value::text(pod.key.name.as_str()),
        ColumnId::Namespace => Value::text(pod.key.namespace.as_str()),
        ColumnId::App => Value::text(pod.app.as_str()),
        ColumnId::State => words::instance_value(cluster, pod, ctx.now),
        ColumnId::Ready => Value::number(ready_now(cluster, pod).map(|(ready, _)| ready)),
        ColumnId::Version => Value::known(pod.version.full()),
        ColumnId::Cluster => Value::text(cluster.id.as_str()),
        ColumnId::Location => node().map_or(Value::Absent, |n| Value::text(cluster.location_of(n).to_string())),
        ColumnId::Group => Value::known(node().and_then(|n| n.group.as_deref()).unwrap_or_default()),
        ColumnId::Node => Value::known(pod.node.as_deref().unwrap_or_default()),
        ColumnId::Address => pod.ip.map_or(Value::Absent, |ip| Value::text(ip.to_string())),
        ColumnId::Used(figure) => Whose::one(cluster, Subject::Pod(pod.key.clone())).value(ctx, figure),
        ColumnId::Cpu => Value::Number(pod.shape.requests.cpu.0),
        ColumnId::Memory => Value::Number(pod.shape.requests.memory.0),
        ColumnId::CpuLimit => Value::number(pod.limits.0),
        ColumnId::MemoryLimit => Value::number(pod.limits.1),
        ColumnId::Restarts => Value::Number(i64::from(pod.restarts())),
        ColumnId::Age => Value::number(words::seconds_since(pod.created, cluster.time(ctx.clock))),
        ColumnId::Image => Value::known(pod.containers.first().map_or("", |c| &c.image)),
        _ => Value::Absent,
    }
}

/// What an instance shows in a column, also in the tree of an app.
pub(super) fn cell(ctx: &Context<'_>, cluster: &ClusterView, pod: &Pod, column: ColumnId) -> Cell {
    let node = || pod.node.as_ref().and_then(|name| cluster.node(name));
    let lost = cluster.health(pod) == Health::Unknown;
    match column {
        ColumnId::Name => Cell::new(pod.key.name.as_str(), Tone::Strong),
        ColumnId::Namespace => Cell::muted(pod.key.namespace.as_str()),
        ColumnId::App => Cell::muted(format!("{}/", pod.key.namespace)).and(pod.app.as_str(), Tone::Plain),
        ColumnId::State => words::instance_state(cluster, pod, ctx.now),
        ColumnId::Ready => ready_now(cluster, pod).map_or_else(Cell::unknown, |(ready, all)| words::of_all(ready, all)),
        ColumnId::Version => Cell::plain(words::version(&pod.version)),
        ColumnId::Cluster => Cell::muted(cluster.id.as_str()),
        ColumnId::Location => node().map_or_else(Cell::unknown, |n| Cell::plain(cluster.location_of(n).as_str())),
        ColumnId::Group => Cell::or_unknown(node().and_then(|n| n.group.as_ref())),
        ColumnId::Node if lost => Cell::new(pod.node.as_deref().unwrap_or_default(), Tone::Warning),
        ColumnId::Node => Cell::or_unknown(pod.node.as_ref()),
        ColumnId::Address => pod.ip.map_or_else(Cell::unknown, |ip| Cell::muted(ip.to_string())),
        ColumnId::Used(figure) => figures::of_pod(ctx, cluster, pod, figure),
        ColumnId::Cpu => words::requested(pod.shape.requests).0,
        ColumnId::Memory => words::requested(pod.shape.requests).1,
        ColumnId::CpuLimit => words::limits(pod.limits).0,
        ColumnId::MemoryLimit => words::limits(pod.limits).1,
        ColumnId::Restarts => match pod.restarts() {
            n @ 10.. => Cell::new(n.to_string(), Tone::Bad),
            n @ 3.. => Cell::new(n.to_string(), Tone::Warning),
            n => Cell::count(i64::from(n)),
        },
        ColumnId::Age => words::age(pod.created, cluster.time(ctx.now)),
        ColumnId::Image => Cell::or_unknown(pod.containers.first().map(|c| &c.image)),
        _ => Cell::unknown(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::listing::Align;

    #[test]
    fn a_filter_looks_through_every_column_of_numbers() {
        let numbers = COLUMNS
            .iter()
            .filter(|c| c.unit != Unit::Text && c.id != ColumnId::Age && c.align != Align::Line);
        let numbers: BTreeSet<ColumnId> = numbers.map(|c| c.id).collect();
        assert_eq!(numbers, BTreeSet::from(NUMBERS));
    }
}
