//! The fleet: its clusters, their links, what they have and what is asked of them.

use super::context::Context;
use super::figures::{self, Bounds, Whose};
use super::words;
use crate::domain::{Feed, Kind, Link};
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::metrics::Figure;
use crate::world::{ClusterSummary, ClusterView};

/// A cluster with its sums.
#[derive(Clone, Debug)]
pub struct ClusterRow {
    index: usize,
    sum: ClusterSummary,
    /// Under way; `None` where its Jobs are not known.
    builds: Option<i64>,
}

pub(super) static COLUMNS: [Column; 21] = [
    Column::text(ColumnId::Cluster, "CLUSTER", &["cluster", "name"], (10, 24), 0).keeping_end(),
    Column::text(ColumnId::Link, "LINK", &["link"], (16, 22), 0).keeping_width(),
    Column::text(ColumnId::Server, "SERVER", &["server", "version"], (8, 12), 7),
    Column::text(ColumnId::Provider, "PROVIDER", &["provider"], (8, 10), 8),
    Column::number(ColumnId::Locations, "LOC", &["locations"], 3, 9, Unit::Count),
    Column::number(ColumnId::Nodes, "NODES", &["nodes"], 9, 1, Unit::Count),
    Column::number(ColumnId::Apps, "APPS", &["apps"], 6, 6, Unit::Count),
    Column::number(
        ColumnId::Instances,
        "READY",
        &["ready", "instances"],
        13,
        2,
        Unit::Count,
    ),
    Column::figure(Figure::Cpu, 5),
    Column::figure(Figure::MemoryWorkingSet, 6),
    Column::figure(Figure::NetworkReceiveBytes, 8),
    Column::figure(Figure::NetworkTransmitBytes, 9),
    Column::bar(ColumnId::Cpu, "CPU req / used", &["cpu-req"], (14, 26), 3),
    Column::bar(
        ColumnId::Memory,
        "MEM req / used",
        &["memory-req", "mem-req"],
        (14, 26),
        4,
    ),
    Column::number(ColumnId::Headroom, "ROOM*", &["room", "headroom"], 7, 5, Unit::Count),
    Column::text(ColumnId::Releases, "RELEASES", &["releases"], (9, 30), 8).worst_first(),
    Column::number(ColumnId::Builds, "BUILDS", &["builds"], 6, 9, Unit::Count),
    Column::text(ColumnId::Trouble, "TROUBLE", &["trouble", "state"], (30, 90), 0)
        .worst_first()
        .keeping_width(),
    Column::text(ColumnId::Figures, "FIGURES", &["figures", "source"], (12, 60), 9).only_wide(),
    Column::number(ColumnId::CpuAllocatable, "CORES", &["cores"], 7, 10, Unit::Cpu).only_wide(),
    Column::number(ColumnId::MemoryAllocatable, "RAM", &["ram"], 8, 10, Unit::Memory).only_wide(),
];

/// The clusters in scope, in the order they were asked for.
pub(super) fn collect(ctx: &Context<'_>) -> Vec<ClusterRow> {
    let clusters = ctx.world.clusters().iter().enumerate();
    clusters
        .filter(|(_, cluster)| ctx.scope.has_cluster(&cluster.id))
        .map(|(index, cluster)| ClusterRow {
            index,
            sum: cluster.summary(ctx.scope),
            builds: builds(cluster, ctx),
        })
        .collect()
}

/// Reads [`ClusterRow`]s.
#[derive(Debug)]
pub(super) struct Clusters<'a> {
    pub(super) rows: &'a [ClusterRow],
    pub(super) ctx: Context<'a>,
}

impl<'a> Clusters<'a> {
    fn get(&self, row: u32) -> Option<(&'a ClusterView, &'a ClusterSummary)> {
        let row = self.rows.get(row as usize)?;
        Some((self.ctx.world.clusters().get(row.index)?, &row.sum))
    }

    fn builds(&self, row: u32) -> Option<i64> {
        self.rows.get(row as usize)?.builds
    }
}

impl Source for Clusters<'_> {
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
        self.get(row).map(|(cluster, _)| RowKey::Cluster(cluster.id.clone()))
    }

    fn value(&self, row: u32, column: ColumnId) -> Value<'_> {
        let Some((cluster, sum)) = self.get(row) else {
            return Value::Absent;
        };
        if !sum.pods_known && words::rests_on_pods(column) {
            return Value::Absent;
        }
        let count = |n: u32| Value::number(count(sum, n));
        let known = sum.allocatable.cpu.0 > 0;
        match column {
            ColumnId::Cluster => Value::text(cluster.id.as_str()),
            ColumnId::Link => Value::text(words::link(&cluster.link, self.ctx.moment).0),
            ColumnId::Server => Value::known(cluster.identity.version.as_deref().unwrap_or_default()),
            ColumnId::Provider => Value::text(sum.provider.to_string()),
            ColumnId::Locations => count(sum.locations),
            ColumnId::Nodes => Value::number((sum.nodes > 0).then_some(i64::from(sum.nodes))),
            ColumnId::Apps => count(sum.apps),
            ColumnId::Instances => Value::number(ready(sum)),
            ColumnId::Used(figure) => Whose::cluster(&self.ctx, cluster).value(&self.ctx, figure),
            ColumnId::Cpu => Value::number(words::share(sum.requested.cpu.0, sum.allocatable.cpu.0)),
            ColumnId::Memory => Value::number(words::share(sum.requested.memory.0, sum.allocatable.memory.0)),
            ColumnId::CpuAllocatable => Value::number(known.then_some(sum.allocatable.cpu.0)),
            ColumnId::MemoryAllocatable => Value::number(known.then_some(sum.allocatable.memory.0)),
            ColumnId::Figures => Value::text(cluster.usage.supply().sentence().to_string()),
            ColumnId::Headroom => Value::number(known.then_some(sum.headroom)),
            ColumnId::Releases => {
                let rank = i64::from(sum.waiting) << 32 | i64::from(sum.release_fails) << 16 | i64::from(sum.releasing);
                releases(sum).ranked(rank)
            }
            ColumnId::Builds => Value::number(self.builds(row)),
            ColumnId::Trouble => {
                let counted = i64::from(sum.failing + sum.stuck + sum.nodes - sum.nodes_ready);
                trouble(cluster, sum).ranked(link_rank(&cluster.link) + counted)
            }
            _ => Value::Absent,
        }
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        let Some((cluster, sum)) = self.get(row) else {
            return Cell::unknown();
        };
        if !sum.pods_known && words::rests_on_pods(column) {
            return Cell::unknown();
        }
        let count = |n: u32| count(sum, n).map_or_else(Cell::unknown, Cell::count);
        let known = sum.allocatable.cpu.0 > 0;
        match column {
            ColumnId::Cluster => {
                let name = Cell::new(cluster.id.as_str(), Tone::Strong);
                match &cluster.tag {
                    Some(tag) => name.and(format!(" {tag}"), words::tag(tag)),
                    None => name,
                }
            }
            ColumnId::Link => {
                let (text, tone) = words::link(&cluster.link, self.ctx.moment);
                Cell::new(text, tone)
            }
            ColumnId::Server => Cell::or_unknown(cluster.identity.version.as_ref()),
            ColumnId::Provider => Cell::plain(sum.provider.to_string()),
            ColumnId::Locations => count(sum.locations),
            ColumnId::Nodes if sum.nodes == 0 => Cell::unknown(),
            ColumnId::Nodes => words::of_all(i64::from(sum.nodes_ready), i64::from(sum.nodes)),
            ColumnId::Apps => count(sum.apps),
            ColumnId::Instances => match ready(sum) {
                Some(_) if sum.instances == 0 => Cell::count(0),
                Some(ready) => words::of_all(ready, i64::from(sum.instances)),
                None => Cell::unknown(),
            },
            ColumnId::Used(figure) => {
                Whose::cluster(&self.ctx, cluster).cell(&self.ctx, figure, Bounds::of_machines(sum.allocatable))
            }
            ColumnId::Cpu | ColumnId::Memory => {
                let whose = Whose::cluster(&self.ctx, cluster);
                figures::requested_and_used(&self.ctx, &whose, column, sum.requested, sum.allocatable)
            }
            ColumnId::Figures => Cell::muted(cluster.usage.supply().sentence().as_str()),
            ColumnId::Headroom if known => Cell::count(sum.headroom),
            ColumnId::CpuAllocatable if known => Cell::plain(sum.allocatable.cpu.to_string()),
            ColumnId::MemoryAllocatable if known => Cell::plain(sum.allocatable.memory.to_string()),
            ColumnId::Releases => releases(sum),
            ColumnId::Builds => self.builds(row).map_or_else(Cell::unknown, Cell::count),
            ColumnId::Trouble => trouble(cluster, sum),
            _ => Cell::unknown(),
        }
    }

    fn shows(&self, column: ColumnId) -> bool {
        figures::shows(&self.ctx, column)
    }

    fn is_stale(&self, row: u32) -> bool {
        self.get(row).is_some_and(|(cluster, _)| !cluster.link.is_live())
    }
}

/// The builds under way in the scope, as far as its Jobs are known.
fn builds(cluster: &ClusterView, ctx: &Context<'_>) -> Option<i64> {
    let is_known = matches!(cluster.feed(Kind::Job), Some(Feed::Live));
    let all = cluster.builds();
    let all = all.iter().filter(|build| ctx.scope.has_namespace(&build.namespace));
    let running = all.filter(|build| !build.state.is_over()).count();
    (is_known || running > 0).then(|| i64::try_from(running).unwrap_or(i64::MAX))
}

/// What was counted; nothing counted where not everything is known may be anything.
fn count(sum: &ClusterSummary, n: u32) -> Option<i64> {
    let is_whole = sum.nodes > 0 && sum.pods_known;
    (n > 0 || is_whole).then(|| i64::from(n))
}

/// Its instances that are ready.
fn ready(sum: &ClusterSummary) -> Option<i64> {
    count(sum, sum.instances).map(|_| i64::from(sum.ready))
}

/// How bad a link is beside what is wrong in a cluster: worse than any number of instances that fail.
const fn link_rank(link: &Link) -> i64 {
    const STEP: i64 = 1 << 40;
    match link {
        Link::Live | Link::Unstable { .. } => 0,
        Link::Connecting { .. } => STEP,
        Link::Stale { .. } => 2 * STEP,
        Link::Unreachable { .. } => 3 * STEP,
        Link::Denied { .. } => 4 * STEP,
    }
}

/// The releases in flight: those that wait for a person first, then those that fail, then the others.
fn releases(sum: &ClusterSummary) -> Cell {
    let moving = sum.releasing.saturating_sub(sum.waiting + sum.release_fails);
    let verb = if sum.waiting == 1 { "waits" } else { "wait" };
    let fail = if sum.release_fails == 1 { "fails" } else { "fail" };
    let parts = [
        (sum.waiting, "◐", verb, Tone::Warning),
        (sum.release_fails, "✖", fail, Tone::Bad),
        (moving, "◌", "going on", Tone::Busy),
    ];
    let mut cell = Cell::empty();
    for (count, glyph, word, tone) in parts.into_iter().filter(|(count, ..)| *count > 0) {
        if !cell.spans.is_empty() {
            cell = cell.and(" · ", Tone::Muted);
        }
        cell = cell.and(format!("{glyph} {count} {word}"), tone);
    }
    match (cell.spans.is_empty(), sum.apps) {
        (false, _) => cell,
        (true, 0) => Cell::unknown(),
        (true, _) => Cell::muted("none"),
    }
}

fn trouble(cluster: &ClusterView, sum: &ClusterSummary) -> Cell {
    match &cluster.link {
        Link::Denied { reason, .. } | Link::Unreachable { reason } => return Cell::new(reason.as_str(), Tone::Bad),
        Link::Connecting { reason: Some(reason) } => return Cell::new(reason.as_str(), Tone::Warning),
        Link::Stale { reason, .. } if sum.nodes == 0 => return Cell::new(reason.as_str(), Tone::Warning),
        Link::Connecting { reason: None } => return Cell::unknown(),
        Link::Stale { .. } | Link::Live | Link::Unstable { .. } => {}
    }
    let lost = sum.nodes - sum.nodes_ready;
    let parts = [
        (sum.failing, "✖", "failing", Tone::Bad),
        (
            lost,
            "▲",
            if lost == 1 { "node lost" } else { "nodes lost" },
            Tone::Warning,
        ),
        (sum.stuck, "▲", "stuck", Tone::Warning),
        (
            sum.waiting,
            "◐",
            if sum.waiting == 1 {
                "release waits"
            } else {
                "releases wait"
            },
            Tone::Warning,
        ),
        (
            sum.release_fails,
            "✖",
            if sum.release_fails == 1 {
                "release fails"
            } else {
                "releases fail"
            },
            Tone::Bad,
        ),
    ];
    let mut cell = Cell::empty();
    for (count, glyph, word, tone) in parts.into_iter().filter(|(count, ..)| *count > 0) {
        if !cell.spans.is_empty() {
            cell = cell.and(" · ", Tone::Muted);
        }
        cell = cell.and(format!("{glyph} {count} {word}"), tone);
    }
    if !cell.spans.is_empty() {
        cell
    } else if !sum.pods_known || (sum.nodes == 0 && sum.instances == 0) {
        Cell::unknown()
    } else {
        Cell::new("● none", Tone::Good)
    }
}
