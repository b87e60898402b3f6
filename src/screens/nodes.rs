//! Nodes: how they are, where they stand, how full they are.

use super::context::Context;
use super::figures::{self, Bounds, Whose};
use super::words;
use crate::domain::headroom::{Limit, Refusal};
use crate::domain::pod::label;
use crate::domain::{Clean, Kind, Node, NodeHealth, ObjectKey, ResourceRef};
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::metrics::{Figure, Subject};
use crate::world::NodeSummary;

pub(super) static COLUMNS: [Column; 23] = [
    Column::text(ColumnId::Name, "NODE", &["name", "node"], (12, 30), 0).keeping_end(),
    Column::text(ColumnId::State, "STATE", &["state", "status"], (14, 34), 0).worst_first(),
    Column::text(ColumnId::Cluster, "CLUSTER", &["cluster"], (8, 16), 9),
    Column::text(ColumnId::Location, "LOCATION", &["location"], (10, 20), 4),
    Column::text(ColumnId::Group, "GROUP", &["group"], (7, 16), 6),
    Column::text(ColumnId::Exclusive, "EXCLUSIVE", &["exclusive", "excl"], (9, 20), 8),
    Column::number(ColumnId::Instances, "INST", &["instances", "inst"], 5, 3, Unit::Count),
    Column::figure(Figure::Cpu, 3),
    Column::figure(Figure::MemoryWorkingSet, 4),
    Column::figure(Figure::NetworkReceiveBytes, 7),
    Column::figure(Figure::NetworkTransmitBytes, 9),
    Column::bar(ColumnId::Cpu, "CPU req / used", &["cpu-req"], (14, 24), 1),
    Column::bar(
        ColumnId::Memory,
        "MEM req / used",
        &["memory-req", "mem-req"],
        (14, 24),
        2,
    ),
    Column::number(ColumnId::Headroom, "ROOM*", &["room", "headroom"], 5, 5, Unit::Count),
    Column::text(ColumnId::Cidr, "POD CIDR", &["cidr"], (16, 18), 10),
    Column::number(ColumnId::Age, "AGE", &["age"], 6, 7, Unit::Age),
    Column::number(ColumnId::Slots, "SLOTS", &["slots"], 7, 11, Unit::Count).only_wide(),
    Column::text(ColumnId::Address, "IP", &["ip", "address"], (13, 15), 11).only_wide(),
    Column::text(ColumnId::Kubelet, "KUBELET", &["kubelet"], (8, 12), 12).only_wide(),
    Column::text(ColumnId::Instance, "TYPE", &["type"], (8, 18), 13).only_wide(),
    Column::text(ColumnId::Provider, "PROVIDER", &["provider"], (8, 10), 14).only_wide(),
    Column::number(ColumnId::CpuAllocatable, "CORES", &["cores"], 6, 15, Unit::Cpu).only_wide(),
    Column::number(ColumnId::MemoryAllocatable, "RAM", &["ram"], 8, 16, Unit::Memory).only_wide(),
];

pub(super) fn collect(ctx: &Context<'_>) -> Vec<NodeSummary> {
    let mut rows = ctx.world.nodes(ctx.scope);
    rows.sort_by(|a, b| (&a.cluster, &a.node.name).cmp(&(&b.cluster, &b.node.name)));
    rows
}

/// Reads nodes.
#[derive(Debug)]
pub(super) struct Nodes<'a> {
    rows: &'a [NodeSummary],
    ctx: Context<'a>,
    /// Looked for once: a filter asks it for every row.
    has_groups: bool,
    has_exclusive: bool,
}

impl<'a> Nodes<'a> {
    pub(super) fn new(rows: &'a [NodeSummary], ctx: Context<'a>) -> Self {
        Self {
            rows,
            ctx,
            has_groups: rows.iter().any(|n| n.node.group.is_some()),
            has_exclusive: rows.iter().any(|n| n.node.exclusive.is_some()),
        }
    }

    fn get(&self, row: u32) -> Option<&'a NodeSummary> {
        self.rows.get(row as usize)
    }

    fn whose(&self, n: &NodeSummary) -> Whose<'a> {
        Whose::place(&self.ctx, &n.cluster, Subject::Node(n.node.name.clone()))
    }
}

impl Source for Nodes<'_> {
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
        self.get(row).map(|n| {
            RowKey::Object(ResourceRef {
                cluster: n.cluster.clone(),
                kind: Kind::Node,
                key: ObjectKey::new("", n.node.name.clone()),
                uid: n.node.uid.clone(),
            })
        })
    }

    fn value(&self, row: u32, column: ColumnId) -> Value<'_> {
        let Some(n) = self.get(row) else {
            return Value::Absent;
        };
        if !n.pods_known && words::rests_on_pods(column) {
            return Value::Absent;
        }
        let (node, taken) = (&n.node, n.taken.requested);
        match column {
            ColumnId::Name => Value::text(node.name.as_str()),
            ColumnId::State => Value::Ranked(rank(node), state(node, n.stuck).text().into()),
            ColumnId::Cluster => Value::text(n.cluster.as_str()),
            ColumnId::Location => Value::text(n.location.as_str()),
            ColumnId::Group => Value::known(node.group.as_deref().unwrap_or_default()),
            ColumnId::Exclusive => Value::known(node.exclusive.as_deref().unwrap_or_default()),
            ColumnId::Instances => Value::number(instances(n)),
            ColumnId::Slots => Value::Number(n.taken.pods),
            ColumnId::Used(figure) => self.whose(n).value(&self.ctx, figure),
            ColumnId::Cpu => Value::number(words::share(taken.cpu.0, node.allocatable.cpu.0)),
            ColumnId::Memory => Value::number(words::share(taken.memory.0, node.allocatable.memory.0)),
            ColumnId::Headroom => Value::Number(n.headroom.count),
            ColumnId::Cidr => Value::known(node.pod_cidrs.first().map_or("", Clean::as_str)),
            ColumnId::Age => Value::number(words::seconds_since(node.created, self.ctx.clock_in(&n.cluster))),
            ColumnId::Address => Value::known(node.internal_ip.as_deref().unwrap_or_default()),
            ColumnId::Kubelet => Value::known(&node.kubelet_version),
            ColumnId::Instance => Value::known(node.instance_type.as_deref().unwrap_or_default()),
            ColumnId::Provider => Value::text(node.provider.to_string()),
            ColumnId::CpuAllocatable => Value::Number(node.allocatable.cpu.0),
            ColumnId::MemoryAllocatable => Value::Number(node.allocatable.memory.0),
            _ => Value::Absent,
        }
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        let Some(n) = self.get(row) else {
            return Cell::unknown();
        };
        if !n.pods_known && words::rests_on_pods(column) {
            return Cell::unknown();
        }
        let (node, taken) = (&n.node, n.taken.requested);
        let allocatable = node.allocatable;
        match column {
            ColumnId::Name => Cell::new(node.name.as_str(), Tone::Strong),
            ColumnId::State => state(node, n.stuck),
            ColumnId::Cluster => Cell::muted(n.cluster.as_str()),
            ColumnId::Location => Cell::plain(n.location.as_str()),
            ColumnId::Group => Cell::or_unknown(node.group.as_ref()),
            ColumnId::Exclusive => match &node.exclusive {
                Some(app) => Cell::new(app.as_str(), Tone::Accent),
                None => Cell::muted("no"),
            },
            ColumnId::Instances => instances(n).map_or_else(Cell::unknown, Cell::count),
            ColumnId::Slots => {
                let taken = n.taken.pods;
                let tone = if taken >= node.pod_slots {
                    Tone::Warning
                } else {
                    Tone::Plain
                };
                Cell::new(format!("{taken}/{}", node.pod_slots), tone)
            }
            ColumnId::Used(figure) => self.whose(n).cell(&self.ctx, figure, Bounds::of_machines(allocatable)),
            ColumnId::Cpu | ColumnId::Memory => {
                figures::requested_and_used(&self.ctx, &self.whose(n), column, taken, allocatable)
            }
            // What else keeps instances away its state tells.
            ColumnId::Headroom => match n.headroom.limit {
                limit @ Limit::Refused(Refusal::Taint) => words::room(n.headroom.count, Some(limit)),
                _ => Cell::count(n.headroom.count),
            },
            ColumnId::Cidr => Cell::or_unknown(node.pod_cidrs.first()),
            ColumnId::Age => words::age(node.created, self.ctx.now_in(&n.cluster)),
            ColumnId::Address => Cell::or_unknown(node.internal_ip.as_ref()),
            ColumnId::Kubelet => Cell::or_unknown(Some(&node.kubelet_version)),
            ColumnId::Instance => Cell::or_unknown(node.instance_type.as_ref()),
            ColumnId::Provider => Cell::plain(node.provider.to_string()),
            ColumnId::CpuAllocatable => Cell::plain(node.allocatable.cpu.to_string()),
            ColumnId::MemoryAllocatable => Cell::plain(node.allocatable.memory.to_string()),
            _ => Cell::unknown(),
        }
    }

    fn has_labels(&self) -> bool {
        true
    }

    fn label(&self, row: u32, key: &str) -> Option<&str> {
        label(&self.get(row)?.node.labels, key).map(Clean::as_str)
    }

    fn is_stale(&self, row: u32) -> bool {
        self.get(row).is_some_and(|n| self.ctx.is_stale(&n.cluster))
    }

    fn shows(&self, column: ColumnId) -> bool {
        match column {
            ColumnId::Cluster => self.ctx.world.clusters().len() > 1,
            ColumnId::Group => self.has_groups,
            ColumnId::Exclusive => self.has_exclusive,
            _ => figures::shows(&self.ctx, column),
        }
    }
}

/// Its instances; of pods that are not known there may be some.
fn instances(n: &NodeSummary) -> Option<i64> {
    (n.pods_known || n.instances > 0).then(|| i64::from(n.instances))
}

fn rank(node: &Node) -> i64 {
    match node.health {
        NodeHealth::Unknown => 4,
        NodeHealth::NotReady => 3,
        NodeHealth::Ready if !node.pressures.is_empty() => 2,
        NodeHealth::Ready => i64::from(node.cordoned),
    }
}

/// A node's state; a lost node tells what is stuck on it.
pub(super) fn state(node: &Node, stuck: u32) -> Cell {
    let with_stuck = |words: &str, tone: Tone| match stuck {
        0 => Cell::new(words, tone),
        n => Cell::new(format!("{words} · {n} stuck"), tone),
    };
    match node.health {
        NodeHealth::Unknown => with_stuck("✖ lost", Tone::Bad),
        NodeHealth::NotReady => with_stuck("✖ not ready", Tone::Bad),
        NodeHealth::Ready if !node.pressures.is_empty() => {
            let words: Vec<&str> = node.pressures.iter().map(Clean::as_str).collect();
            Cell::new(format!("▲ {}", words.join(" ")), Tone::Warning)
        }
        NodeHealth::Ready if node.cordoned => Cell::new("⊘ cordoned", Tone::Warning),
        NodeHealth::Ready => Cell::new("● ready", Tone::Good),
    }
}
