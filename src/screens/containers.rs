//! The containers of one instance: what each does now and how it ended before.

use std::sync::Arc;

use super::context::Context;
use super::figures::{self, Whose};
use super::words;
use crate::domain::container::{ContainerRole, ContainerState};
use crate::domain::{Container, Pod, ResourceRef};
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::metrics::{Figure, Subject};

pub(super) static COLUMNS: [Column; 13] = [
    Column::text(ColumnId::Name, "CONTAINER", &["name", "container"], (16, 30), 0),
    Column::text(ColumnId::State, "STATE", &["state", "status"], (22, 40), 0),
    Column::text(ColumnId::Kind, "ROLE", &["role"], (9, 9), 4),
    Column::number(ColumnId::Restarts, "↻", &["restarts"], 4, 1, Unit::Count),
    Column::text(ColumnId::Outcome, "LAST RUN", &["last-run", "last"], (18, 34), 2),
    Column::figure(Figure::Cpu, 1),
    Column::figure(Figure::MemoryWorkingSet, 2),
    Column::number(ColumnId::Cpu, "CPU req", &["cpu-req"], 7, 5, Unit::Cpu),
    Column::number(ColumnId::CpuLimit, "limit", &["cpu-limit"], 7, 6, Unit::Cpu),
    Column::number(
        ColumnId::Memory,
        "MEM req",
        &["memory-req", "mem-req"],
        8,
        5,
        Unit::Memory,
    ),
    Column::number(
        ColumnId::MemoryLimit,
        "limit",
        &["memory-limit", "mem-limit"],
        8,
        6,
        Unit::Memory,
    ),
    Column::number(ColumnId::Age, "FOR", &["for", "age"], 6, 3, Unit::Age),
    Column::text(ColumnId::Image, "IMAGE", &["image"], (20, 70), 3),
];

/// How many containers an instance has.
pub(super) fn count(ctx: &Context<'_>, pod: &ResourceRef) -> usize {
    find(ctx, pod).map_or(0, |pod| pod.containers.len())
}

/// An instance, if it is still the one it was.
pub(super) fn find<'a>(ctx: &Context<'a>, pod: &ResourceRef) -> Option<&'a Arc<Pod>> {
    let found = ctx.world.cluster(&pod.cluster)?.pod(&pod.key)?;
    (found.uid == pod.uid).then_some(found)
}

/// Reads the containers of an instance.
#[derive(Debug)]
pub(super) struct Containers<'a> {
    ctx: Context<'a>,
    of: &'a ResourceRef,
    pod: Option<&'a Arc<Pod>>,
    count: usize,
}

impl<'a> Containers<'a> {
    pub(super) fn new(ctx: Context<'a>, of: &'a ResourceRef, count: usize) -> Self {
        let pod = find(&ctx, of);
        Self { ctx, of, pod, count }
    }

    fn get(&self, row: u32) -> Option<&'a Container> {
        self.pod?.containers.get(row as usize)
    }
}

impl Source for Containers<'_> {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn figure(&self) -> Option<Figure> {
        self.ctx.figure
    }

    fn len(&self) -> usize {
        self.count
    }

    fn key(&self, row: u32) -> Option<RowKey> {
        self.get(row)
            .map(|container| RowKey::Container(self.of.clone(), container.name.clone()))
    }

    fn value(&self, row: u32, column: ColumnId) -> Value<'_> {
        let Some(container) = self.get(row) else {
            return Value::Absent;
        };
        match column {
            ColumnId::Name => Value::text(container.name.as_str()),
            ColumnId::Restarts => Value::Number(i64::from(container.restarts)),
            ColumnId::Age => Value::number(words::seconds_since(
                since(container),
                self.ctx.clock_in(&self.of.cluster),
            )),
            ColumnId::Used(figure) => self
                .whose(container)
                .map_or(Value::Absent, |whose| whose.value(&self.ctx, figure)),
            ColumnId::Cpu => Value::Number(container.requests.cpu.0),
            ColumnId::Memory => Value::Number(container.requests.memory.0),
            ColumnId::CpuLimit => Value::number(container.limits.0),
            ColumnId::MemoryLimit => Value::number(container.limits.1),
            _ => self.cell(row, column).value(),
        }
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        let Some(container) = self.get(row) else {
            return Cell::muted("gone");
        };
        let lost = self.is_lost();
        match column {
            ColumnId::Name => Cell::new(container.name.as_str(), Tone::Strong),
            ColumnId::State if lost => Cell::new("? unknown: node lost", Tone::Unknown),
            ColumnId::State => state(container),
            ColumnId::Kind => Cell::muted(role(container.role)),
            ColumnId::Restarts => Cell::count(i64::from(container.restarts)),
            ColumnId::Outcome => match &container.last_exit {
                None => Cell::muted("none before"),
                Some(exit) => {
                    let ago = words::seconds_since(exit.at, self.ctx.now_in(&self.of.cluster))
                        .map_or_else(String::new, |seconds| format!(" {} ago", words::span(seconds)));
                    Cell::plain(words::exit_words(exit)).and(ago, Tone::Muted)
                }
            },
            ColumnId::Used(figure) => {
                let cluster = self.ctx.world.cluster(&self.of.cluster);
                cluster.map_or_else(Cell::unknown, |cluster| {
                    figures::of_container(&self.ctx, cluster, &self.of.key, container, figure)
                })
            }
            ColumnId::Cpu => words::requested(container.requests).0,
            ColumnId::Memory => words::requested(container.requests).1,
            ColumnId::CpuLimit => words::limits(container.limits).0,
            ColumnId::MemoryLimit => words::limits(container.limits).1,
            ColumnId::Age => words::age(since(container), self.ctx.now_in(&self.of.cluster)),
            ColumnId::Image => Cell::plain(container.image.as_str()),
            _ => Cell::unknown(),
        }
    }

    fn shows(&self, column: ColumnId) -> bool {
        figures::shows(&self.ctx, column)
    }

    fn is_stale(&self, _row: u32) -> bool {
        self.ctx.is_stale(&self.of.cluster)
    }
}

impl Containers<'_> {
    fn whose(&self, container: &Container) -> Option<Whose<'_>> {
        let cluster = self.ctx.world.cluster(&self.of.cluster)?;
        let subject = Subject::Container(self.of.key.clone(), container.name.clone());
        Some(Whose::one(cluster, subject))
    }

    fn is_lost(&self) -> bool {
        let cluster = self.ctx.world.cluster(&self.of.cluster);
        cluster
            .zip(self.pod)
            .is_some_and(|(cluster, pod)| cluster.standing(pod).lost)
    }
}

/// A container's state: glyph, word, exit code.
pub(super) fn state(container: &Container) -> Cell {
    match &container.state {
        ContainerState::Unknown => Cell::new("? not reported", Tone::Unknown),
        ContainerState::Running { .. } if container.ready => Cell::new("● ready", Tone::Good),
        ContainerState::Running { .. } if container.role == ContainerRole::Main => {
            Cell::new("◌ running, not ready", Tone::Busy)
        }
        ContainerState::Running { .. } => Cell::new("● running", Tone::Good),
        ContainerState::Waiting { reason, .. } if container.is_failing() => Cell::new(format!("✖ {reason}"), Tone::Bad),
        ContainerState::Waiting { reason, .. } => Cell::new(format!("◌ {reason}"), Tone::Busy),
        ContainerState::Terminated(exit) if exit.code == 0 => Cell::new("○ completed", Tone::Muted),
        ContainerState::Terminated(exit) => Cell::new(format!("✖ {}", words::exit_words(exit)), Tone::Bad),
    }
}

/// Since when it has been in its state.
pub(super) fn since(container: &Container) -> Option<crate::domain::Timestamp> {
    match &container.state {
        ContainerState::Running { since } => *since,
        ContainerState::Terminated(exit) => exit.at,
        ContainerState::Waiting { .. } | ContainerState::Unknown => None,
    }
}

pub(super) const fn role(role: ContainerRole) -> &'static str {
    match role {
        ContainerRole::Main => "main",
        ContainerRole::Init => "init",
        ContainerRole::Sidecar => "sidecar",
        ContainerRole::Ephemeral => "debug",
    }
}
