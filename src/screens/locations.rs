//! Locations: where the machines are, how full they are, what still fits.

use super::context::Context;
use super::figures::{self, Bounds, Whose};
use super::growth::{self, Culprit};
use super::words;
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::metrics::{Figure, Subject};
use crate::world::LocationSummary;

pub(super) static COLUMNS: [Column; 19] = [
    Column::text(ColumnId::Cluster, "CLUSTER", &["cluster"], (8, 20), 5),
    Column::text(ColumnId::Location, "LOCATION", &["location", "name"], (10, 26), 0).keeping_end(),
    Column::text(ColumnId::Provider, "PROVIDER", &["provider"], (8, 12), 6),
    Column::number(ColumnId::Nodes, "NODES", &["nodes"], 9, 1, Unit::Count),
    Column::number(ColumnId::Groups, "GROUPS", &["groups"], 6, 8, Unit::Count),
    Column::number(ColumnId::Exclusive, "EXCL", &["exclusive", "excl"], 4, 7, Unit::Count),
    Column::figure(Figure::Cpu, 4),
    Column::figure(Figure::MemoryWorkingSet, 5),
    Column::figure(Figure::NetworkReceiveBytes, 8),
    Column::figure(Figure::NetworkTransmitBytes, 9),
    Column::bar(ColumnId::Cpu, "CPU req / used", &["cpu-req"], (14, 28), 2),
    Column::bar(
        ColumnId::Memory,
        "MEM req / used",
        &["memory-req", "mem-req"],
        (14, 28),
        3,
    ),
    Column::number(ColumnId::Headroom, "ROOM*", &["room", "headroom"], 7, 1, Unit::Count).up_to(9),
    Column::text(ColumnId::Growth, "GROWS, cores", &["grows", "growth"], (14, 46), 2).worst_first(),
    Column::number(
        ColumnId::Instances,
        "READY",
        &["ready", "instances"],
        11,
        4,
        Unit::Count,
    ),
    Column::text(ColumnId::Trouble, "TROUBLE", &["trouble", "state"], (12, 40), 1).worst_first(),
    Column::number(ColumnId::CpuAllocatable, "CORES", &["cores"], 15, 9, Unit::Cpu).only_wide(),
    Column::number(ColumnId::MemoryAllocatable, "RAM", &["ram"], 20, 9, Unit::Memory).only_wide(),
    Column::text(ColumnId::Group, "GROUP NAMES", &["group"], (12, 40), 10).only_wide(),
];

pub(super) fn collect(ctx: &Context<'_>) -> Vec<(LocationSummary, Culprit)> {
    let locations = ctx.world.locations(ctx.scope).into_iter();
    locations
        .map(|location| {
            let culprit = growth::of_location(ctx, &location);
            (location, culprit)
        })
        .collect()
}

/// Reads locations.
#[derive(Debug)]
pub(super) struct Locations<'a> {
    pub(super) rows: &'a [(LocationSummary, Culprit)],
    pub(super) ctx: Context<'a>,
}

impl<'a> Locations<'a> {
    fn get(&self, row: u32) -> Option<&'a LocationSummary> {
        self.rows.get(row as usize).map(|(location, _)| location)
    }

    fn culprit(&self, row: u32) -> &'a Culprit {
        self.rows
            .get(row as usize)
            .map_or(&Culprit::Unknown, |(_, culprit)| culprit)
    }

    fn whose(&self, l: &LocationSummary) -> Whose<'a> {
        Whose::place(&self.ctx, &l.key.cluster, Subject::Location(l.key.name.clone()))
    }
}

impl Source for Locations<'_> {
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
        self.get(row)
            .map(|l| RowKey::Location(l.key.cluster.clone(), l.key.name.clone()))
    }

    fn value(&self, row: u32, column: ColumnId) -> Value<'_> {
        let Some(l) = self.get(row) else {
            return Value::Absent;
        };
        if !l.pods_known && words::rests_on_pods(column) {
            return Value::Absent;
        }
        match column {
            ColumnId::Cluster => Value::text(l.key.cluster.as_str()),
            ColumnId::Location => Value::text(l.key.name.as_str()),
            ColumnId::Provider => Value::text(l.provider.to_string()),
            ColumnId::Nodes => Value::Number(i64::from(l.nodes)),
            ColumnId::Groups => Value::Number(l.groups.len() as i64),
            ColumnId::Exclusive => Value::Number(l.exclusive.values().map(|&n| i64::from(n)).sum()),
            ColumnId::Used(figure) => self.whose(l).value(&self.ctx, figure),
            ColumnId::Growth => self.culprit(row).value(),
            ColumnId::Cpu => Value::number(words::share(l.requested.cpu.0, l.allocatable.cpu.0)),
            ColumnId::Memory => Value::number(words::share(l.requested.memory.0, l.allocatable.memory.0)),
            ColumnId::CpuAllocatable => Value::Number(l.allocatable.cpu.0),
            ColumnId::MemoryAllocatable => Value::Number(l.allocatable.memory.0),
            ColumnId::Headroom => Value::Number(l.headroom),
            ColumnId::Instances => Value::number(ready(l)),
            ColumnId::Trouble => {
                let rank = i64::from(l.nodes - l.nodes_ready) * 1000 + i64::from(l.stuck + l.failing);
                trouble(l).ranked(rank)
            }
            ColumnId::Group => Cell::muted(groups(l)).value(),
            _ => Value::Absent,
        }
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        let Some(l) = self.get(row) else {
            return Cell::unknown();
        };
        if !l.pods_known && words::rests_on_pods(column) {
            return Cell::unknown();
        }
        match column {
            ColumnId::Cluster => Cell::muted(l.key.cluster.as_str()),
            ColumnId::Location => Cell::new(l.key.name.as_str(), Tone::Strong),
            ColumnId::Provider => Cell::plain(l.provider.to_string()),
            ColumnId::Nodes => words::of_all(i64::from(l.nodes_ready), i64::from(l.nodes)),
            ColumnId::Groups => Cell::count(l.groups.len() as i64),
            ColumnId::Exclusive => Cell::count(l.exclusive.values().map(|&n| i64::from(n)).sum()),
            ColumnId::Used(figure) => self
                .whose(l)
                .cell(&self.ctx, figure, Bounds::of_machines(l.allocatable)),
            ColumnId::Growth => self.culprit(row).cell(),
            ColumnId::Cpu | ColumnId::Memory => {
                figures::requested_and_used(&self.ctx, &self.whose(l), column, l.requested, l.allocatable)
            }
            ColumnId::CpuAllocatable if !l.pods_known => Cell::plain(l.allocatable.cpu.to_string()),
            ColumnId::MemoryAllocatable if !l.pods_known => Cell::plain(l.allocatable.memory.to_string()),
            ColumnId::CpuAllocatable => Cell::plain(l.requested.cpu.to_string())
                .and(" of ", Tone::Muted)
                .and(l.allocatable.cpu.to_string(), Tone::Plain),
            ColumnId::MemoryAllocatable => Cell::plain(l.requested.memory.to_string())
                .and(" of ", Tone::Muted)
                .and(l.allocatable.memory.to_string(), Tone::Plain),
            ColumnId::Headroom => words::room(l.headroom, l.limit()),
            ColumnId::Instances => {
                ready(l).map_or_else(Cell::unknown, |ready| words::of_all(ready, i64::from(l.instances)))
            }
            ColumnId::Trouble => trouble(l),
            ColumnId::Group => Cell::muted(groups(l)),
            _ => Cell::unknown(),
        }
    }

    fn is_stale(&self, row: u32) -> bool {
        self.get(row).is_some_and(|l| self.ctx.is_stale(&l.key.cluster))
    }

    fn shows(&self, column: ColumnId) -> bool {
        match column {
            ColumnId::Cluster => self.ctx.world.clusters().len() > 1,
            _ => figures::shows(&self.ctx, column),
        }
    }
}

/// Its instances that are ready; of pods that are not known there may be some.
fn ready(l: &LocationSummary) -> Option<i64> {
    (l.pods_known || l.instances > 0).then(|| i64::from(l.ready))
}

fn groups(l: &LocationSummary) -> String {
    let names: Vec<&str> = l.groups.iter().map(crate::domain::Clean::as_str).collect();
    names.join(" ")
}

fn trouble(l: &LocationSummary) -> Cell {
    let lost = l.nodes - l.nodes_ready;
    let mut cell = Cell::empty();
    if l.failing > 0 {
        cell = cell.and(format!("✖ {} failing", l.failing), Tone::Bad);
    }
    if lost > 0 {
        if l.failing > 0 {
            cell = cell.and(" · ", Tone::Muted);
        }
        let word = if lost == 1 { "node lost" } else { "nodes lost" };
        cell = cell.and(format!("▲ {lost} {word}"), Tone::Warning);
        if l.stuck > 0 {
            cell = cell.and(format!(", {} stuck", l.stuck), Tone::Warning);
        }
    }
    if l.cordoned > 0 {
        let gap = if lost > 0 || l.failing > 0 { " · " } else { "" };
        cell = cell.and(format!("{gap}⊘ {} cordoned", l.cordoned), Tone::Muted);
    }
    if !cell.spans.is_empty() {
        cell
    } else if l.pods_known {
        Cell::new("● none", Tone::Good)
    } else {
        Cell::unknown()
    }
}
