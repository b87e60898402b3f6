//! What is told of an app's releases: the track of each workload, and its two sides held against each other.

use super::fact;
use crate::domain::{AppKey, Workload};
use crate::listing::{Cell, Span, Tone};
use crate::metrics::{Figure, Resolution, Subject, series};
use crate::release::{Phase, Release, Side, phase, side};
use crate::screens::context::Context;
use crate::screens::figures::{MINUTES, amount};
use crate::screens::{releases::percent, states, words};
use crate::world::ClusterView;
use crate::world::usage::LEAST_KNOWN;

/// Width of the first column of the comparison, and of each side's.
const NAMES: usize = 12;
const SIDE: usize = 26;

/// The lines about the releases of an app that are in flight: none where nothing is.
pub(super) fn facts(app: &AppKey, ctx: &Context<'_>) -> Vec<Cell> {
    let mut lines = Vec::new();
    for (cluster, workload) in ctx.world.workloads_of(app, ctx.scope) {
        let release = cluster.release_of(workload);
        if !release.phase.is_release() {
            continue;
        }
        let phase = release.at(ctx.heard_in(&cluster.id));
        lines.push(fact("release", stand(ctx, cluster, (&release, &phase))));
        if let Some((why, tone)) = states::why_and_who(&phase, cluster.author_of(workload), ctx.now_in(&cluster.id)) {
            lines.push(fact("why", Cell::new(why, tone)));
        }
        lines.extend(lacking(cluster, workload, (&release, &phase)));
        lines.push(track(&release));
        if let Some(began) = cluster.beginning(workload) {
            lines.push(fact("begun", Cell::plain(words::begun(&began, ctx))));
        }
        if let Some(said) = ctx.world.bad_now(cluster, workload) {
            let words = said.words();
            let told = words.strip_prefix("bad: ").unwrap_or(&words);
            lines.push(fact("bad", Cell::new(told, Tone::Bad)));
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

/// What its new instances lack beyond what the phase says, and what one of them wrote last.
fn lacking(cluster: &ClusterView, workload: &Workload, (release, phase): (&Release, &Phase)) -> Vec<Cell> {
    let tone = if release.symptoms.cause.is_some() {
        Tone::Bad
    } else {
        Tone::Warning
    };
    let lacks = release.lacks(phase).map(|lacks| fact("lacks", Cell::new(lacks, tone)));
    let mut lines: Vec<Cell> = lacks.into_iter().collect();
    let ended = release.symptoms.ended.as_ref();
    if let Some(last) = ended.and_then(|ended| cluster.last_lines_of(workload, ended)) {
        let title = last.title().into_iter();
        lines.extend(title.map(|title| fact("log", Cell::muted(title))));
        lines.extend(last.lines().iter().map(|line| fact("", Cell::plain(line.as_str()))));
    }
    lines
}

/// Where it stands, and for how long.
fn stand(ctx: &Context<'_>, cluster: &ClusterView, (release, phase): (&Release, &Phase)) -> Cell {
    let mut cell = Cell::empty();
    if ctx.world.clusters().len() > 1 {
        cell = cell.and(format!("{}  ", cluster.id), Tone::Muted);
    }
    cell.spans.extend(states::release_word(phase).spans);
    if let Some(share) = release.share() {
        cell = cell.and(format!(" · {} on the new version", percent(share)), Tone::Muted);
    }
    match words::seconds_since(release.since, ctx.now_in(&cluster.id)) {
        Some(seconds) => cell.and(format!(" · {}", words::span(seconds)), Tone::Muted),
        None => cell,
    }
}

/// From the old version to what is left to do.
fn track(release: &Release) -> Cell {
    const WAY: &str = " ── ";
    let side = |side: &Side, all: i64| format!("{} {}/{all}", words::version(&side.version), side.ready);
    let mut cell = Cell::muted("  ");
    if let Some(old) = &release.old {
        let tone = if old.ready < old.instances {
            Tone::Warning
        } else {
            Tone::Good
        };
        cell = cell
            .and(format!("● {}", side(old, old.instances)), tone)
            .and(WAY, Tone::Muted);
    }
    let (glyph, tone) = match release.phase {
        Phase::GrayFailed { .. } | Phase::Stuck { .. } | Phase::OrphanHold => ("✖", Tone::Bad),
        Phase::ForeignChange => ("▲", Tone::Warning),
        Phase::Full { .. } | Phase::Offlining { .. } => ("●", Tone::Good),
        _ => ("◐", Tone::Accent),
    };
    cell = cell.and(format!("{glyph} {}", side(&release.new, release.wanted())), tone);
    for ahead in ahead(&release.phase) {
        cell = cell.and(WAY, Tone::Muted).and(*ahead, Tone::Muted);
    }
    cell
}

/// What comes after.
const fn ahead(phase: &Phase) -> &'static [&'static str] {
    match phase {
        Phase::Gray { .. } | Phase::GrayFailed { .. } | Phase::Paused | Phase::ForeignChange => {
            &["full", "old offline"]
        }
        Phase::Full { old: 1.., .. } | Phase::Rolling { .. } => &["old offline"],
        _ => &[],
    }
}

/// Old and new instances side by side, an instance on average.
fn compared(ctx: &Context<'_>, of: (&ClusterView, &Workload), old: &Side, new: &Side) -> Vec<Cell> {
    let mut lines = vec![
        row("", [named("old", old), named("new", new)], None),
        row("restarts", [Cell::count(old.restarts), restarts(new, old)], None),
    ];
    lines.extend(figure(ctx, of, "CPU each", &[Figure::Cpu]));
    lines.extend(figure(
        ctx,
        of,
        "mem each",
        &[Figure::MemoryRss, Figure::MemoryWorkingSet],
    ));
    lines
}

fn named(word: &str, side: &Side) -> Cell {
    let tone = if word == "new" { Tone::Accent } else { Tone::Strong };
    Cell::muted(format!("{word} ")).and(words::version(&side.version), tone)
}

/// More restarts an instance than the old ones have want a look.
fn restarts(new: &Side, old: &Side) -> Cell {
    let is_more = new.restarts * old.instances.max(1) > old.restarts * new.instances.max(1);
    let tone = if is_more { Tone::Bad } else { Tone::Plain };
    Cell::new(new.restarts.to_string(), tone)
}

fn row(name: &str, sides: [Cell; 2], more: Option<Cell>) -> Cell {
    let mut cell = Cell::muted(format!("  {name:<NAMES$}"));
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
    let word = if figure == Figure::MemoryRss { "mem rss" } else { name };
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
