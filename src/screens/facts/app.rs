//! What is told of an app above its tree: who answers for it, what runs, where, what still fits.

use std::sync::Arc;

use super::{fact, join, named};
use crate::domain::pod::Health;
use crate::domain::{AppKey, Autoscaler, Budget, Clean, Pod, Workload};
use crate::listing::{Cell, Tone};
use crate::release::scale::{self, Scaler};
use crate::screens::context::Context;
use crate::screens::figures::{Bounds, Whose, uses};
use crate::screens::versions::{self, Passage};
use crate::screens::{instances, states, words};
use crate::world::{AppHeadroom, AppSummary, ClusterView};

pub(super) fn facts(key: &AppKey, ctx: &Context<'_>) -> Vec<Cell> {
    let Some(app) = ctx.world.app(key, ctx.scope) else {
        return super::gone("app");
    };
    let mut lines = vec![fact("state", states::app_state(&app, ctx.now))];
    let releases = super::release::facts(key, ctx);
    // The track of the only workload tells its versions.
    if releases.is_empty() || app.workloads.len() > 1 {
        lines.push(fact("versions", versions(&app, ctx)));
    }
    lines.extend(releases);
    lines.extend(troubles(&app, ctx));
    lines.extend(super::build::of_app(key, ctx));
    lines.push(fact("uses", uses(ctx, &Whose::app(ctx, key), Bounds::of_app(&app))));
    lines.push(fact("rules", rules(&app, ctx)));
    lines.push(fact("runs in", places(&app)));
    let room = ctx.world.app_headroom(key);
    if !room.is_empty() {
        let scoped = room.iter().filter(|r| ctx.scope.has_cluster(&r.location.cluster));
        lines.push(fact("room for", join(scoped.map(headroom))));
    }
    lines
}

/// Each version with its instances: old ones, then those that take their place.
fn versions(app: &AppSummary, ctx: &Context<'_>) -> Cell {
    let passage = Passage::of(ctx, &app.key);
    let mut known: Vec<_> = app.versions.iter().collect();
    known.sort_by_key(|(version, ..)| passage.is_new(version));
    if known.is_empty() {
        let instances = if app.pods_known {
            "no instances"
        } else {
            "instances not known"
        };
        let asked = versions::templates(ctx, &app.key);
        return asked.map_or_else(Cell::unknown, |asked| Cell::muted(format!("{asked}, {instances}")));
    }
    let mut cell = Cell::empty();
    let mut came_old = false;
    for (version, count, ready) in known {
        let (word, strength) = if passage.is_new(version) {
            ("new ", Tone::Accent)
        } else if passage.is_old(version) {
            ("old ", Tone::Strong)
        } else {
            ("", Tone::Strong)
        };
        if !cell.spans.is_empty() {
            let gap = if came_old && word == "new " {
                "  ▸  "
            } else {
                "  ·  "
            };
            cell = cell.and(gap, Tone::Muted);
        }
        came_old = word == "old ";
        let tone = if ready < count { Tone::Warning } else { Tone::Good };
        cell = cell
            .and(word, Tone::Muted)
            .and(words::version(version), strength)
            .and(format!("  {ready}/{count} ready"), tone);
    }
    for version in passage.awaited(app) {
        cell = cell
            .and("  ▸  new ", Tone::Muted)
            .and(words::version(version), Tone::Accent)
            .and("  no instances yet", Tone::Muted);
    }
    cell
}

/// Why it is not well, in Kubernetes' own sentence where there is one.
fn troubles(app: &AppSummary, ctx: &Context<'_>) -> Vec<Cell> {
    let mut lines = Vec::new();
    let is_here = |(cluster, pod): &(&ClusterView, &Arc<Pod>)| instances::in_locations(ctx, cluster, pod);
    let pods = || ctx.world.instances_of(&app.key, ctx.scope).filter(is_here);
    let homeless = pods().find(|(cluster, pod)| cluster.health(pod) == Health::Unschedulable);
    if let Some(message) = homeless.and_then(|(_, pod)| pod.message.as_ref()) {
        lines.push(fact("why", Cell::new(message.as_str(), Tone::Warning)));
    }
    if app.stuck > 0 {
        let mut nodes: Vec<(String, u32)> = Vec::new();
        for (_, pod) in pods().filter(|(cluster, pod)| cluster.standing(pod).lost) {
            let name = pod.node.as_deref().unwrap_or_default();
            match nodes.iter_mut().find(|(node, _)| node == name) {
                Some((_, count)) => *count += 1,
                None => nodes.push((name.to_owned(), 1)),
            }
        }
        let told = nodes
            .into_iter()
            .map(|(node, count)| Cell::new(format!("{count} on {node}"), Tone::Warning));
        lines.push(fact("stuck", join(told)));
    }
    lines
}

fn rules(app: &AppSummary, ctx: &Context<'_>) -> Cell {
    let mut rules = vec![
        named("owner", Cell::or_unknown(app.owner.as_ref())),
        named("default location", Cell::or_unknown(app.default_location.as_ref())),
    ];
    let bound = |name: &str, bound: Option<i64>| bound.map(|n| named(name, Cell::plain(n.to_string())));
    rules.extend(bound("min", app.min_instances));
    rules.extend(bound("max", app.max_instances));
    let of_each: Vec<(&ClusterView, Vec<Cell>)> = ctx
        .world
        .workloads_of(&app.key, ctx.scope)
        .map(|(cluster, workload)| (cluster, rules_of(cluster, workload)))
        .filter(|(_, rules)| !rules.is_empty())
        .collect();
    let are_alike = of_each
        .windows(2)
        .all(|pair| matches!(pair, [(_, a), (_, b)] if a == b));
    for (place, (cluster, own)) in of_each.into_iter().enumerate() {
        if are_alike {
            rules.extend(own.into_iter().filter(|_| place == 0));
        } else {
            rules.push(named(&format!("in {}:", cluster.id), join(own)));
        }
    }
    join(rules)
}

/// What a workload is held to, by others and by itself.
fn rules_of(cluster: &ClusterView, workload: &Workload) -> Vec<Cell> {
    let floor = cluster.floor_of(workload);
    let scaled = cluster.autoscaler_of(workload).map(|a| autoscaler(a, floor));
    let paused = cluster.scaler_of(workload).and_then(paused);
    let spared = cluster.budgets_of(workload).next().map(|b| budget(b));
    let strategy = workload.strategy.iter();
    let own = strategy.map(|(name, value)| named(name, Cell::plain(value.as_str())));
    scaled.into_iter().chain(paused).chain(spared).chain(own).collect()
}

/// That KEDA decides nothing now, and why.
fn paused(scaler: &Scaler) -> Option<Cell> {
    let why = scaler.paused.as_ref()?;
    Some(named(
        "ScaledObject",
        Cell::new(format!("▲ paused ({why})"), Tone::Warning),
    ))
}

fn autoscaler(a: &Autoscaler, floor: Option<&Clean>) -> Cell {
    let cell = named("autoscaler", Cell::plain(format!("{}–{}", a.min, a.max)));
    let metrics: Vec<&str> = a.metrics.iter().map(Clean::as_str).collect();
    let cell = cell.and(format!(" at {} {}", a.current, metrics.join(", ")), Tone::Muted);
    let was = floor.and_then(|floor| scale::before(floor));
    let cell = match was {
        Some((min, max)) => {
            let word = |bound: Option<i64>| bound.map_or_else(|| "?".to_owned(), |bound| bound.to_string());
            let told = format!(" ▲ floor raised for now, was {}–{}", word(min), word(max));
            cell.and(told, Tone::Warning)
        }
        None => cell,
    };
    match &a.trouble {
        Some(trouble) => cell.and(format!(" ▲ {trouble}"), Tone::Warning),
        None => cell,
    }
}

fn budget(b: &Budget) -> Cell {
    let tone = if b.allowed == 0 { Tone::Warning } else { Tone::Plain };
    named("may be disrupted", Cell::new(b.allowed.to_string(), tone))
}

fn places(app: &AppSummary) -> Cell {
    let told = app.places.iter().map(|(location, count)| {
        Cell::muted(format!("{}/", location.cluster))
            .and(location.name.as_str(), Tone::Plain)
            .and(format!(" {count}"), Tone::Strong)
    });
    let nowhere = i64::from(app.instances) - app.places.iter().map(|(_, n)| i64::from(*n)).sum::<i64>();
    let homeless = (nowhere > 0).then(|| Cell::new(format!("no node {nowhere}"), Tone::Warning));
    let cell = join(told.chain(homeless));
    if cell.spans.is_empty() { Cell::unknown() } else { cell }
}

/// How many more fit in a location, and what stops the next.
fn headroom(room: &AppHeadroom) -> Cell {
    let (fits, limit) = match (&room.quota, room.limit) {
        (Some((resource, most)), _) => (*most, format!("quota {resource}")),
        (None, limit) => (
            room.fits,
            limit.map_or_else(String::new, |limit| limit.name().to_owned()),
        ),
    };
    // What no node of it takes at all does not end anywhere.
    let joint = if fits == 0 { ":" } else { " until" };
    let tone = if fits == 0 { Tone::Warning } else { Tone::Strong };
    Cell::plain(format!("{} ", room.location.name))
        .and(fits.to_string(), tone)
        .and(
            if limit.is_empty() {
                String::new()
            } else {
                format!("{joint} {limit}")
            },
            Tone::Muted,
        )
}
