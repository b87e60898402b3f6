//! What is used, as cells of a list: the number with its unit, how near it is to its bound, and what it was
//! in the last quarter of an hour.

mod bounds;
pub(super) mod columns;
mod whose;

pub use bounds::Bounds;
pub use whose::Whose;
use whose::{of_all, remembered_kills};

use super::context::Context;
use super::words;
use crate::domain::quantity::Rate;
use crate::domain::{Cpu, Memory, Pod, Resources};
use crate::listing::{Cell, ColumnId, Span, Tone};
use crate::metrics::{Figure, Level, Resolution, Subject, Unit};
use crate::world::ClusterView;
use crate::world::usage::LEAST_KNOWN;

/// Cells of a line in a list, a minute each.
pub const MINUTES: u32 = 15;

/// The figure a column shows.
pub const fn figure(column: ColumnId) -> Option<Figure> {
    match column {
        ColumnId::Used(figure) => Some(figure),
        _ => None,
    }
}

/// Whether any cluster in scope says what is used at all: without one its columns only take room.
pub fn any(ctx: &Context<'_>) -> bool {
    ctx.world.clusters_in(ctx.scope).any(is_measured)
}

fn is_measured(cluster: &ClusterView) -> bool {
    cluster.usage.supply().current.is_some()
}

/// Whether a column is there: those of use where something is measured.
pub fn shows(ctx: &Context<'_>, column: ColumnId) -> bool {
    let is_growth = matches!(column, ColumnId::Growth | ColumnId::GrowthShare | ColumnId::GrowthCause);
    (figure(column).is_none() && !is_growth) || any(ctx)
}

/// An amount with its unit, as short as it can be read.
pub fn amount(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Cores if value > 0.0 && value < 0.001 => "<1m".to_owned(),
        Unit::Cores => Cpu((value * 1000.0).round() as i64).to_string(),
        Unit::Bytes => Memory(value.round() as i64).to_string(),
        Unit::BytesPerSecond => Rate(value.round() as i64).to_string(),
        Unit::PerSecond if value > 0.0 && value < 0.095 => format!("{value:.2}/s"),
        Unit::PerSecond if value > 0.0 && value < 9.95 => format!("{value:.1}/s"),
        Unit::PerSecond => format!("{}/s", crate::domain::quantity::thousands(value.round() as i64)),
        Unit::Count => crate::domain::quantity::thousands(value.round() as i64),
        Unit::Share if value > 0.0 && value < 0.009_5 => format!("{:.1} %", value * 100.0),
        Unit::Share => format!("{:.0} %", value * 100.0),
    }
}

impl Whose<'_> {
    /// As a list shows it: a sign where it is near its bound or only part is known, number, unit, line.
    pub fn cell(&self, ctx: &Context<'_>, figure: Figure, bounds: Bounds) -> Cell {
        let now = self.now(ctx, figure);
        let line = self.line(ctx, figure, Resolution::Coarse, MINUTES);
        let width = number_width(figure.unit());
        let Some(value) = of_all(figure, now) else {
            let cell = Cell::new(format!(" {:>width$}", "–"), Tone::Unknown);
            return if line.iter().all(Option::is_none) {
                cell
            } else {
                cell.and_line(line, None, Tone::Accent)
            };
        };
        let (limit, request) = if is_bounded(figure) {
            bounds.of(figure)
        } else {
            (None, None)
        };
        let level = ctx.thresholds.of(Some(value), limit, request).map(|(level, ..)| level);
        let (sign, tone) = match level {
            _ if !now.is_whole() => (if figure.adds_up() { "≥" } else { " " }, Tone::Unknown),
            Some(Level::Critical) => ("✖", Tone::Bad),
            Some(Level::High) => ("▲", Tone::Warning),
            _ if figure == Figure::OomKills && value > 0.0 => ("▲", Tone::Warning),
            Some(Level::Normal) | None => (" ", Tone::Plain),
        };
        Cell::new(sign, tone)
            .and(format!("{:>width$}", amount(figure.unit(), value)), tone)
            .and_line(line, None, if tone == Tone::Plain { Tone::Accent } else { tone })
    }
}

/// What is used in a line of facts, each number with its last quarter of an hour; where nothing is measured
/// the reason.
pub fn uses(ctx: &Context<'_>, whose: &Whose<'_>, bounds: Bounds) -> Cell {
    let mut clusters = whose.parts.iter().map(|(cluster, _)| cluster);
    if !whose.parts.iter().any(|(cluster, _)| is_measured(cluster)) {
        let why = clusters.next().map(|cluster| cluster.usage.supply().sentence());
        return Cell::unknown().and(
            why.map_or_else(String::new, |why| format!(" not measured: {why}")),
            Tone::Muted,
        );
    }
    let shown = [
        ("CPU", Figure::Cpu),
        ("memory", Figure::MemoryWorkingSet),
        ("net in", Figure::NetworkReceiveBytes),
        ("out", Figure::NetworkTransmitBytes),
    ];
    let mut cell = Cell::empty();
    let measured = whose.now(ctx, Figure::Cpu);
    if measured.of > 1 && !measured.is_whole() {
        let told = format!("{} of {} instances measured", measured.known, measured.of);
        cell = cell.and(told, Tone::Unknown);
    }
    for (name, figure) in shown {
        if !cell.spans.is_empty() {
            cell = cell.and("  ·  ", Tone::Muted);
        }
        cell = cell.and(format!("{name} "), Tone::Muted);
        let told = whose.cell(ctx, figure, bounds).spans.into_iter();
        cell.spans.extend(told.filter_map(|span| match span {
            Span::Text(text, _) if text.trim().is_empty() => None,
            Span::Text(text, tone) => Some(Span::Text(text.trim_start().to_owned(), tone)),
            other => Some(other),
        }));
    }
    cell
}

/// How many processes were killed for want of memory since an instance or a container began; where nobody counts
/// them, as many as Kubernetes remembers at least.
pub fn kills(ctx: &Context<'_>, cluster: &ClusterView, subject: &Subject) -> Option<(String, Tone)> {
    let unit = Figure::OomKills.unit();
    if let Some(kills) = cluster.usage.now(subject, Figure::OomKills, ctx.millis()) {
        let tone = if kills > 0.0 { Tone::Warning } else { Tone::Muted };
        return Some((format!("OOM kills {} since it began", amount(unit, kills)), tone));
    }
    let remembered = remembered_kills(cluster, subject)?;
    let told = format!("OOM kills ≥{} by Kubernetes", amount(unit, remembered));
    Some((told, Tone::Warning))
}

/// Whether being near the limit or the request says something: a page cache fills what it may.
const fn is_bounded(figure: Figure) -> bool {
    matches!(figure, Figure::Cpu | Figure::MemoryWorkingSet | Figure::MemoryRss)
}

/// The columns of the longest number of a unit.
const fn number_width(unit: Unit) -> usize {
    match unit {
        Unit::Cores => 5,
        _ => 8,
    }
}

/// An instance's figures, as its lists show them.
pub fn of_pod(ctx: &Context<'_>, cluster: &ClusterView, pod: &Pod, figure: Figure) -> Cell {
    Whose::one(cluster, Subject::Pod(pod.key.clone())).cell(ctx, figure, Bounds::of_pod(pod))
}

/// A container's figures; its network is its instance's.
pub fn of_container(
    ctx: &Context<'_>,
    cluster: &ClusterView,
    pod: &crate::domain::ObjectKey,
    container: &crate::domain::Container,
    figure: Figure,
) -> Cell {
    if figure.is_network() {
        return Cell::muted("");
    }
    let subject = Subject::Container(pod.clone(), container.name.clone());
    Whose::one(cluster, subject).cell(ctx, figure, Bounds::of_container(container))
}

/// How much of a place is requested and used, both of what there is: `78 % / 41 %` after a bar of the first.
pub fn requested_and_used(
    ctx: &Context<'_>,
    whose: &Whose<'_>,
    column: ColumnId,
    requested: Resources,
    allocatable: Resources,
) -> Cell {
    let (figure, requested, all, unit) = match column {
        ColumnId::Cpu => (Figure::Cpu, requested.cpu.0, allocatable.cpu.0, 1000.0),
        _ => (Figure::MemoryWorkingSet, requested.memory.0, allocatable.memory.0, 1.0),
    };
    let bar = words::share_bar(requested, all);
    if all <= 0 || !any(ctx) {
        return bar;
    }
    let now = whose.now(ctx, figure);
    let known = now.share().is_some_and(|share| share >= LEAST_KNOWN);
    let bar = bar.and(" / ", Tone::Muted);
    let Some(used) = now.value().filter(|_| known) else {
        return bar.and("–   ", Tone::Unknown);
    };
    let share = used * unit / all as f64;
    let tone = match ctx.thresholds.level(share) {
        Level::Normal => Tone::Plain,
        Level::High => Tone::Warning,
        Level::Critical => Tone::Bad,
    };
    bar.and(format!("{:>2.0} %", share * 100.0), tone)
}
