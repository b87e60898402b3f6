//! What is told of an app above its tree: who answers for it, what runs, where, what still fits.

use super::{fact, join, named};
use crate::domain::pod::Health;
use crate::domain::{AppKey, Autoscaler, Budget};
use crate::listing::{Cell, Tone};
use crate::screens::apps::newest_version;
use crate::screens::context::Context;
use crate::screens::figures::{Bounds, Whose, uses};
use crate::screens::states;
use crate::world::{AppHeadroom, AppSummary, Progress};

pub(super) fn facts(key: &AppKey, ctx: &Context<'_>) -> Vec<Cell> {
    let Some(app) = ctx.world.app(key, ctx.scope) else {
        return super::gone("app");
    };
    let mut lines = vec![
        fact("state", states::app_state(&app)),
        fact("versions", versions(&app, ctx)),
    ];
    lines.extend(troubles(&app, ctx));
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

/// Each version with its instances: old ones, then the one that new instances get.
fn versions(app: &AppSummary, ctx: &Context<'_>) -> Cell {
    let newest = newest_version(ctx, &app.key);
    let mut known: Vec<_> = app.versions.iter().collect();
    known.sort_by_key(|(version, ..)| newest.as_ref() == Some(version));
    if known.is_empty() {
        let instances = if app.pods_known {
            "no instances"
        } else {
            "instances not known"
        };
        return newest.map_or_else(Cell::unknown, |version| Cell::muted(format!("{version}, {instances}")));
    }
    let several = known.len() > 1;
    let mut cell = Cell::empty();
    for (place, (version, count, ready)) in known.into_iter().enumerate() {
        if place > 0 {
            cell = cell.and("  ▸  ", Tone::Muted);
        }
        let is_new = several && newest.as_ref() == Some(version);
        let word = if !several {
            ""
        } else if is_new {
            "new "
        } else {
            "old "
        };
        let tone = if ready < count { Tone::Warning } else { Tone::Good };
        cell = cell
            .and(word, Tone::Muted)
            .and(version.short(), if is_new { Tone::Accent } else { Tone::Strong })
            .and(format!("  {ready}/{count} ready"), tone);
    }
    cell
}

/// Why it is not well, in Kubernetes' own sentence where there is one.
fn troubles(app: &AppSummary, ctx: &Context<'_>) -> Vec<Cell> {
    let mut lines = Vec::new();
    if let Progress::Stuck { message, .. } = &app.progress {
        lines.push(fact("why", Cell::new(message.as_str(), Tone::Bad)));
    }
    let pods = || {
        ctx.world
            .instances_of(&app.key)
            .filter_map(|(cluster, slot)| cluster.pods.at(slot).map(|pod| (cluster, pod)))
    };
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
    for (cluster, workload) in ctx.world.workloads_of(&app.key) {
        let targets = |a: &&std::sync::Arc<Autoscaler>| {
            a.key.namespace == workload.key.namespace
                && a.target.0 == workload.kind.name()
                && a.target.1 == workload.key.name
        };
        rules.extend(cluster.autoscalers.values().find(targets).map(|a| autoscaler(a)));
        let covers = |b: &&std::sync::Arc<Budget>| {
            b.key.namespace == workload.key.namespace
                && !b.selector.is_empty()
                && b.selector.iter().all(|wanted| workload.labels.contains(wanted))
        };
        rules.extend(cluster.budgets.values().find(covers).map(|b| budget(b)));
        let strategy = workload.strategy.iter();
        rules.extend(strategy.map(|(name, value)| named(name, Cell::plain(value.as_str()))));
    }
    rules.dedup();
    join(rules)
}

fn autoscaler(a: &Autoscaler) -> Cell {
    let cell = named("autoscaler", Cell::plain(format!("{}–{}", a.min, a.max)));
    let metrics: Vec<&str> = a.metrics.iter().map(crate::domain::Clean::as_str).collect();
    let cell = cell.and(format!(" at {} {}", a.current, metrics.join(", ")), Tone::Muted);
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
    let tone = if fits == 0 { Tone::Warning } else { Tone::Strong };
    Cell::plain(format!("{} ", room.location.name))
        .and(fits.to_string(), tone)
        .and(
            if limit.is_empty() {
                String::new()
            } else {
                format!(" until {limit}")
            },
            Tone::Muted,
        )
}
