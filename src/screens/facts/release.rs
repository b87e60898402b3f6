//! What is told of an app's releases: the track of each workload, and its two sides held against each other.

use super::fact;
use crate::domain::{AppKey, Workload};
use crate::listing::{Cell, Span, Tone};
use crate::metrics::{Figure, Resolution, Subject, series};
use crate::release::{Phase, Release, Side, phase, side};
use crate::screens::context::Context;
use crate::screens::figures::{LEAST_KNOWN, MINUTES, amount};
use crate::screens::{releases::percent, words};
use crate::world::ClusterView;

/// Width of the first column of the comparison, and of each side's.
const NAMES: usize = 16;
const SIDE: usize = 26;

/// The lines about the releases of an app that are in flight: none where nothing is.
pub(super) fn facts(app: &AppKey, ctx: &Context<'_>) -> Vec<Cell> {
    let mut lines = Vec::new();
    for (cluster, workload) in ctx.world.workloads_of(app, ctx.scope) {
        let release = cluster.release_of(workload);
        if !release.phase.is_release() {
            continue;
        }
        lines.push(fact("release", track(ctx, cluster, &release)));
        if let Some(why) = why(ctx, cluster, &release) {
            lines.push(fact("why", why));
        }
        if let Some(driver) = workload.driver {
            let told = format!("{} releases it: publish there", driver.name());
            lines.push(fact("driven by", Cell::new(told, Tone::Warning)));
        }
        if let Some(old) = release.old.as_ref().filter(|_| release.new.instances > 0) {
            lines.extend(compared(ctx, (cluster, workload), old, &release.new));
        }
    }
    lines
}

/// From the old version to what is left to do: where it stands is told, with for how long.
fn track(ctx: &Context<'_>, cluster: &ClusterView, release: &Release) -> Cell {
    const WAY: &str = " ─── ";
    let now = ctx.now_in(&cluster.id);
    let side = |side: &Side| format!("{} {}/{}", side.version.short(), side.ready, side.instances);
    let mut cell = Cell::empty();
    if ctx.world.clusters().len() > 1 {
        cell = cell.and(format!("{}  ", cluster.id), Tone::Muted);
    }
    if let Some(old) = &release.old {
        let tone = if old.ready < old.instances {
            Tone::Warning
        } else {
            Tone::Good
        };
        cell = cell.and(format!("● {}", side(old)), tone).and(WAY, Tone::Muted);
    }
    let share = release
        .share()
        .map_or_else(String::new, |share| format!(" ({})", percent(share)));
    let (glyph, tone) = match release.phase {
        Phase::GrayFailed { .. } | Phase::Stuck { .. } | Phase::OrphanHold => ("✖", Tone::Bad),
        Phase::ForeignChange => ("▲", Tone::Warning),
        Phase::Full { .. } | Phase::Offlining { .. } => ("●", Tone::Good),
        _ => ("◐", Tone::Accent),
    };
    cell = cell.and(format!("{glyph} {}{share}", side(&release.new)), tone);
    for ahead in ahead(&release.phase) {
        cell = cell.and(WAY, Tone::Muted).and(*ahead, Tone::Muted);
    }
    if let Some(seconds) = words::seconds_since(release.since, now) {
        cell = cell.and(format!("   for {}", words::span(seconds)), Tone::Muted);
    }
    if release.phase.waits() {
        cell = cell.and(", waiting for you", Tone::Warning);
    }
    cell
}

/// What comes after.
const fn ahead(phase: &Phase) -> &'static [&'static str] {
    match phase {
        Phase::Gray { .. } | Phase::GrayFailed { .. } | Phase::Paused | Phase::ForeignChange => {
            &["full", "old offline"]
        }
        Phase::Full { .. } | Phase::Rolling { .. } => &["old offline"],
        _ => &[],
    }
}

fn why(ctx: &Context<'_>, cluster: &ClusterView, release: &Release) -> Option<Cell> {
    let phase = release.phase.clone().at(release.since, ctx.now_in(&cluster.id));
    let (words, tone) = match phase {
        Phase::GrayFailed { cause, .. } => (cause.words(), Tone::Bad),
        Phase::OrphanHold => (
            "new instances never count as available: somebody undid or edited it in the middle of a gray release"
                .into(),
            Tone::Bad,
        ),
        Phase::ForeignChange => (
            "the template is neither what was released nor what was left".into(),
            Tone::Warning,
        ),
        Phase::Stuck { message, .. } | Phase::Aborted { message } => (message.to_string(), Tone::Bad),
        _ => return None,
    };
    Some(Cell::new(words, tone))
}

/// Old and new instances side by side, an instance on average.
fn compared(ctx: &Context<'_>, of: (&ClusterView, &Workload), old: &Side, new: &Side) -> Vec<Cell> {
    let count = |side: &Side| format!("{}/{}", side.ready, side.instances);
    let head = row("", [named("old", old), named("new", new)], None);
    let mut lines = vec![
        head,
        row("ready", [Cell::plain(count(old)), Cell::plain(count(new))], None),
        row("restarts", [Cell::count(old.restarts), restarts(new, old)], None),
    ];
    lines.extend(figure(ctx, of, "CPU each", &[Figure::Cpu]));
    lines.extend(figure(
        ctx,
        of,
        "memory each",
        &[Figure::MemoryRss, Figure::MemoryWorkingSet],
    ));
    lines
}

fn named(word: &str, side: &Side) -> Cell {
    let tone = if word == "new" { Tone::Accent } else { Tone::Strong };
    Cell::muted(format!("{word} ")).and(side.version.short(), tone)
}

/// More restarts an instance than the old ones have want a look.
fn restarts(new: &Side, old: &Side) -> Cell {
    let is_more = new.restarts * old.instances.max(1) > old.restarts * new.instances.max(1);
    let tone = if is_more { Tone::Bad } else { Tone::Plain };
    Cell::new(new.restarts.to_string(), tone)
}

fn row(name: &str, sides: [Cell; 2], more: Option<Cell>) -> Cell {
    let mut cell = fact("", Cell::muted(format!("{name:<NAMES$}")));
    let last = sides.len() - 1;
    for (place, side) in sides.into_iter().enumerate() {
        let width: usize = side.spans.iter().map(width).sum();
        cell.spans.extend(side.spans);
        // Blanks that nothing follows would be shown as left out where there is little room.
        if place < last || more.is_some() {
            cell = cell.and(" ".repeat(SIDE.saturating_sub(width)), Tone::Muted);
        }
    }
    cell.spans.extend(more.into_iter().flat_map(|more| more.spans));
    cell
}

/// The columns a span takes where there is room.
fn width(span: &Span) -> usize {
    match span {
        Span::Text(text, _) => text.chars().count(),
        Span::Line { values, .. } => 1 + values.len(),
        Span::Bar { .. } => 0,
    }
}

/// A figure of each side's instances on average: the first of these that is known of both.
fn figure(
    ctx: &Context<'_>,
    (cluster, workload): (&ClusterView, &Workload),
    name: &str,
    figures: &[Figure],
) -> Option<Cell> {
    let revisions = cluster.revisions_of(workload);
    let newest = phase::newest(workload, &revisions);
    let (new, old): (Vec<_>, Vec<_>) = cluster
        .pods_of(workload)
        .filter(|pod| pod.deleting.is_none() && !pod.phase.is_terminal())
        .partition(|pod| side::is_newest(workload, newest, pod));
    let subjects = |pods: Vec<&std::sync::Arc<crate::domain::Pod>>| -> Vec<Subject> {
        pods.into_iter().map(|pod| Subject::Pod(pod.key.clone())).collect()
    };
    let sides = [subjects(old), subjects(new)];
    let (figure, means) = figures.iter().find_map(|&figure| {
        let [old, new] = &sides;
        Some((
            figure,
            [mean(ctx, cluster, old, figure)?, mean(ctx, cluster, new, figure)?],
        ))
    })?;
    let word = if figure == Figure::MemoryRss {
        "memory rss"
    } else {
        name
    };
    let [before, after] = means;
    let more = (before > 0.0).then(|| {
        let change = (after / before - 1.0) * 100.0;
        let tone = if change.abs() < 20.0 {
            Tone::Muted
        } else {
            Tone::Warning
        };
        Cell::new(format!("{change:+.0} %"), tone)
    });
    let [old, new] = &sides;
    let lines = [old, new].map(|subjects| past(ctx, cluster, subjects, figure));
    // One height for both, so that they can be held against each other.
    let top = lines.iter().flatten().flatten().copied().fold(0.0, f64::max);
    let [before_line, after_line] = lines;
    let cells = [(before_line, before), (after_line, after)].map(|(line, mean)| {
        let number = Cell::plain(format!("{:<8}", amount(figure.unit(), mean)));
        number.and_line(line, Some(top), Tone::Accent)
    });
    Some(row(word, cells, more))
}

/// What it is of an instance now; not known unless it is of nearly all.
fn mean(ctx: &Context<'_>, cluster: &ClusterView, of: &[Subject], figure: Figure) -> Option<f64> {
    let now = of
        .iter()
        .map(|subject| cluster.usage.now(subject, figure, ctx.millis()));
    let total: series::Total = now.collect();
    let sum = total
        .value()
        .filter(|_| total.share().is_some_and(|share| share >= LEAST_KNOWN))?;
    Some(sum / f64::from(total.known))
}

/// What it was of an instance on average.
fn past(ctx: &Context<'_>, cluster: &ClusterView, of: &[Subject], figure: Figure) -> Vec<Option<f64>> {
    let lines: Vec<Vec<Option<f64>>> = of
        .iter()
        .map(|subject| {
            cluster
                .usage
                .line(subject, figure, Resolution::Coarse, ctx.millis(), MINUTES)
        })
        .collect();
    let totals = series::add_up(lines.iter().map(Vec::as_slice), MINUTES as usize);
    let mean = |total: series::Total| total.value().map(|sum| sum / f64::from(total.known.max(1)));
    totals.into_iter().map(mean).collect()
}
