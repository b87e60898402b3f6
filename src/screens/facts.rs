//! The facts above the list of a detail screen: lines of words, most important first.

mod app;
mod build;
mod cluster;
mod instance;
mod node;
mod problems;
mod release;

use super::ScreenKind;
use super::context::Context;
use super::words;
use crate::domain::ResourceRef;
use crate::listing::{Cell, Tone};

/// How many of these lines are in sight at once where there are `lines` for them and the list, which keeps a
/// third at least. One more line says how many are not.
pub fn in_sight(lines: u16) -> usize {
    usize::from(lines.saturating_sub(6)) * 2 / 3
}

/// The lines above the list; empty for plain lists.
pub fn facts(kind: &ScreenKind, ctx: &Context<'_>) -> Vec<Cell> {
    match kind {
        ScreenKind::App(key) => app::facts(key, ctx),
        ScreenKind::Instance(pod) => instance::facts(pod, ctx),
        ScreenKind::Container(pod, name) => instance::container_facts(pod, name, ctx),
        ScreenKind::Node(node) => node::facts(node, ctx),
        ScreenKind::Cluster(id) => cluster::facts(id, ctx),
        ScreenKind::Build(cluster, key) => build::facts(cluster, key, ctx),
        ScreenKind::Log => problems::facts(ctx.problems),
        ScreenKind::Fleet
        | ScreenKind::Locations
        | ScreenKind::Apps
        | ScreenKind::Instances
        | ScreenKind::Nodes
        | ScreenKind::Releases
        | ScreenKind::Builds
        | ScreenKind::Events
        | ScreenKind::EventsOf(_)
        | ScreenKind::EventsOfApp(_)
        | ScreenKind::Logs(_)
        | ScreenKind::Activity => Vec::new(),
    }
}

/// A line that begins with what it is about.
fn fact(label: &str, value: Cell) -> Cell {
    let mut cell = Cell::muted(format!("{label:<10} "));
    cell.spans.extend(value.spans);
    cell
}

/// Values one after the other.
fn join(values: impl IntoIterator<Item = Cell>) -> Cell {
    let mut all = Cell::empty();
    for value in values {
        if !all.spans.is_empty() {
            all = all.and("  ·  ", Tone::Muted);
        }
        all.spans.extend(value.spans);
    }
    all
}

/// A value after its name.
fn named(name: &str, value: Cell) -> Cell {
    let mut cell = Cell::muted(format!("{name} "));
    cell.spans.extend(value.spans);
    cell
}

/// What is left of something that vanished while one looked at it.
fn gone(what: &str) -> Vec<Cell> {
    vec![Cell::new(format!("▲ this {what} is gone"), Tone::Warning)]
}

/// The newest events about an object, one a line.
fn events(object: &ResourceRef, ctx: &Context<'_>, most: usize) -> Vec<Cell> {
    let Some(cluster) = ctx.world.cluster(&object.cluster) else {
        return Vec::new();
    };
    let now = cluster.time(ctx.now);
    let mut found: Vec<_> = cluster
        .events
        .values()
        .filter(|event| super::events::concerns(event, object))
        .collect();
    found.sort_by_key(|event| std::cmp::Reverse(event.last_seen));
    let lines = found.into_iter().take(most).enumerate().map(|(place, event)| {
        let label = if place == 0 { "events" } else { "" };
        let (glyph, tone) = if event.warning {
            ("▲", Tone::Warning)
        } else {
            ("·", Tone::Muted)
        };
        let age = words::seconds_since(event.last_seen, now).map_or_else(|| "–".to_owned(), words::span);
        let count = if event.count > 1 {
            format!(" ×{}", event.count)
        } else {
            String::new()
        };
        let text = Cell::new(format!("{glyph} {age:>6} "), tone)
            .and(
                format!("{}{count}", event.reason),
                if event.warning { Tone::Warning } else { Tone::Plain },
            )
            .and(format!("  {}", event.message), Tone::Muted);
        fact(label, text)
    });
    lines.collect()
}
