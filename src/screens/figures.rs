//! What is used, as cells of a list: the number with its unit, how near it is to its bound, and what it was
//! in the last quarter of an hour.

mod bounds;
pub(super) mod columns;

use std::sync::Arc;

pub use bounds::Bounds;

use super::context::Context;
use super::words;
use crate::domain::quantity::Rate;
use crate::domain::{AppKey, Clean, ClusterId, Cpu, Memory, Pod, Resources};
use crate::listing::{Cell, ColumnId, Span, Tone, Value};
use crate::metrics::{Figure, Level, Millis, Resolution, Subject, Total, Unit};
use crate::world::ClusterView;

/// Cells of a line in a list, a minute each.
pub const MINUTES: u32 = 15;

/// A sum of which less is known says nothing of the whole.
pub const LEAST_KNOWN: f64 = 0.9;

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

/// Whose figures a row shows: of one thing, or of what it has in several clusters.
#[derive(Debug)]
pub struct Whose<'a> {
    parts: Vec<(&'a ClusterView, Subject)>,
}

impl<'a> Whose<'a> {
    pub fn one(cluster: &'a ClusterView, subject: Subject) -> Self {
        Self {
            parts: vec![(cluster, subject)],
        }
    }

    /// An app in the clusters and locations of a scope.
    pub fn app(ctx: &Context<'a>, key: &AppKey) -> Self {
        let mut parts = Vec::new();
        for cluster in ctx.world.clusters_in(ctx.scope) {
            if cluster.tally.app(key).is_none() {
                continue;
            }
            let of = |location: &crate::world::LocationKey| Subject::AppIn(key.clone(), location.name.clone());
            let here = ctx
                .scope
                .locations
                .iter()
                .filter(|location| location.cluster == cluster.id);
            let here: Vec<Subject> = here.map(of).filter(|s| cluster.usage.sums(s).is_some()).collect();
            if here.is_empty() {
                parts.push((cluster, Subject::App(key.clone())));
            } else {
                parts.extend(here.into_iter().map(|subject| (cluster, subject)));
            }
        }
        Self { parts }
    }

    /// What a cluster has in the locations of a scope.
    pub fn cluster(ctx: &Context<'a>, cluster: &'a ClusterView) -> Self {
        let here = ctx
            .scope
            .locations
            .iter()
            .filter(|location| location.cluster == cluster.id);
        let mut parts: Vec<_> = here
            .map(|location| (cluster, Subject::Location(location.name.clone())))
            .collect();
        if parts.is_empty() {
            parts.push((cluster, Subject::Cluster));
        }
        Self { parts }
    }

    /// A node or a location.
    pub fn place(ctx: &Context<'a>, cluster: &ClusterId, subject: Subject) -> Self {
        let found = ctx.world.cluster(cluster);
        Self {
            parts: found.map(|cluster| (cluster, subject)).into_iter().collect(),
        }
    }

    /// Some instances of a cluster, as many as there are now.
    pub fn instances(cluster: &'a ClusterView, pods: &[Arc<Pod>]) -> Self {
        let subjects = pods.iter().map(|pod| Subject::Pod(pod.key.clone()));
        Self {
            parts: subjects.map(|subject| (cluster, subject)).collect(),
        }
    }

    /// The subjects it is the sum of.
    pub fn parts(&self) -> &[(&'a ClusterView, Subject)] {
        &self.parts
    }

    /// How much it is now, and how much of it that is known of.
    pub fn now(&self, ctx: &Context<'_>, figure: Figure) -> Total {
        let mut all = Total::default();
        for (cluster, subject) in &self.parts {
            let known = is_measured(cluster);
            let measured = cluster.usage.now(subject, figure, ctx.millis());
            let measured = measured
                .or_else(|| inside(ctx, cluster, subject, figure))
                .filter(|_| known);
            let sum = cluster.usage.sums(subject).and_then(|sums| sums.get(figure));
            // Of a machine that was measured itself its instances are only a part.
            match sum.filter(|_| known && measured.is_none()) {
                Some(sum) => {
                    all.sum += sum.sum;
                    all.known += sum.known;
                    all.of += sum.of;
                }
                None => all.add(measured),
            }
        }
        all
    }

    /// What it was, newest last; what is mostly unknown is a gap. An instance is a part from its beginning on.
    pub fn line(&self, ctx: &Context<'_>, figure: Figure, at: Resolution, slots: u32) -> Vec<Option<f64>> {
        let mut totals = vec![Total::default(); slots as usize];
        for (cluster, subject) in &self.parts {
            let line = whole_line(cluster, subject, figure, at, ctx.millis(), slots);
            let before = slots_before(cluster, subject, at, ctx.millis(), slots);
            let weights = weights(cluster, subject, figure, at, ctx.millis(), slots);
            for (slot, ((total, value), weight)) in totals.iter_mut().zip(line).zip(weights).enumerate() {
                if slot >= before || value.is_some() {
                    total.add_several(value, weight);
                }
            }
        }
        let is_known = |total: &Total| total.share().is_some_and(|share| share >= self.least());
        let mut line: Vec<Option<f64>> = totals
            .into_iter()
            .map(|total| of_all(figure, total).filter(|_| is_known(&total)))
            .collect();
        if let Some(last) = line.last_mut().filter(|last| last.is_none()) {
            let now = self.now(ctx, figure);
            *last = of_all(figure, now).filter(|_| now.share().is_some_and(|share| share >= LEAST_KNOWN));
        }
        line
    }

    /// The share of its parts that have to be known: instances are alike, clusters are not.
    fn least(&self) -> f64 {
        let is_instance = |(_, subject): &(_, Subject)| matches!(subject, Subject::Pod(_));
        if self.parts.iter().all(is_instance) {
            LEAST_KNOWN
        } else {
            1.0
        }
    }

    /// As a filter and an order see it.
    pub fn value(&self, ctx: &Context<'_>, figure: Figure) -> Value<'static> {
        let now = of_all(figure, self.now(ctx, figure));
        Value::number(now.map(|value| match figure.unit() {
            Unit::Cores | Unit::PerSecond | Unit::Share => (value * 1000.0).round() as i64,
            Unit::Bytes | Unit::BytesPerSecond | Unit::Count => value.round() as i64,
        }))
    }

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

/// What an instance's containers use together, where that is known of each that runs and only of them.
fn inside(ctx: &Context<'_>, cluster: &ClusterView, subject: &Subject, figure: Figure) -> Option<f64> {
    let Subject::Pod(key) = subject else { return None };
    if figure.is_network() || !figure.adds_up() {
        return None;
    }
    let running = cluster.pod(key)?.containers.iter().filter(|c| c.state.is_running());
    let of = |name: &Clean| Subject::Container(key.clone(), name.clone());
    let sum: Total = running
        .map(|container| cluster.usage.now(&of(&container.name), figure, ctx.millis()))
        .collect();
    sum.value().filter(|_| sum.is_whole())
}

/// What stands for several of a figure: their sum, or of shares their mean.
fn of_all(figure: Figure, total: Total) -> Option<f64> {
    if figure.adds_up() { total.value() } else { total.mean() }
}

/// Whether being near the limit or the request says something: a page cache fills what it may.
const fn is_bounded(figure: Figure) -> bool {
    matches!(figure, Figure::Cpu | Figure::MemoryWorkingSet | Figure::MemoryRss)
}

/// What a subject was; of a sum the slots in which nearly all of it was known.
fn whole_line(
    cluster: &ClusterView,
    subject: &Subject,
    figure: Figure,
    at: Resolution,
    until: Millis,
    slots: u32,
) -> Vec<Option<f64>> {
    let mut line = cluster.usage.line(subject, figure, at, until, slots);
    if matches!(
        subject,
        Subject::App(_) | Subject::AppIn(..) | Subject::Location(_) | Subject::Cluster
    ) {
        let known = cluster.usage.history().known(subject, at, until, slots);
        for (value, known) in line.iter_mut().zip(known) {
            if known.is_none_or(|known| known < LEAST_KNOWN) {
                *value = None;
            }
        }
    }
    line
}

/// What a subject counts for slot by slot: where the line of a sum is a mean, as many as it has parts.
fn weights(
    cluster: &ClusterView,
    subject: &Subject,
    figure: Figure,
    at: Resolution,
    until: Millis,
    slots: u32,
) -> Vec<u32> {
    if figure.adds_up() {
        return vec![1; slots as usize];
    }
    let parts = cluster.usage.history().parts(subject, at, until, slots).into_iter();
    parts.map(|parts| parts.map_or(1, |parts| (parts.round() as u32).max(1))).collect()
}

/// The slots of a line in which an instance was not there yet, the one it began in among them.
fn slots_before(cluster: &ClusterView, subject: &Subject, at: Resolution, until: Millis, slots: u32) -> usize {
    let Subject::Pod(pod) = subject else { return 0 };
    let created = cluster.pod(pod).and_then(|pod| pod.created);
    let limits = cluster.usage.history().limits();
    let shape = match at {
        Resolution::Recent => limits.recent,
        Resolution::Coarse => limits.coarse,
    };
    let newest = shape.slot(until);
    let began = created.and_then(|created| shape.slot(created.timestamp_millis()));
    let age = newest.zip(began).map(|(newest, began)| newest.saturating_sub(began));
    age.map_or(0, |age| slots.saturating_sub(age) as usize)
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
