//! What is told of a cluster above its watches: its link, what answers, who we are there, what it has.

use super::{fact, join, named};
use crate::domain::quantity::thousands;
use crate::domain::{Clean, ClusterId, Feed, Kind, Link, Memory};
use crate::listing::{Cell, Tone};
use crate::screens::context::Context;
use crate::screens::words;
use crate::world::{ClusterView, Scope};

/// Most things it said that are told again.
const NOTICES: usize = 3;

pub(super) fn facts(id: &ClusterId, ctx: &Context<'_>) -> Vec<Cell> {
    let Some(cluster) = ctx.world.cluster(id) else {
        return super::gone("cluster");
    };
    let mut lines = vec![fact("link", link(cluster, ctx))];
    if let Link::Denied { hint, .. } = &cluster.link {
        lines.push(fact("hint", Cell::plain(hint.as_str())));
    }
    lines.push(fact("server", server(cluster)));
    lines.push(fact("you are", who(cluster)));
    lines.push(fact("has", holdings(cluster, ctx.scope)));
    lines.push(fact("watched", watched(cluster)));
    lines.push(fact("figures", figures(cluster)));
    lines.push(fact("releases", releases(cluster)));
    lines.extend(rights(cluster));
    let said = cluster.notices.iter().rev().take(NOTICES).enumerate();
    lines.extend(said.map(|(place, (at, text))| {
        let ago = words::age(Some(*at), ctx.now).text();
        let label = if place == 0 { "said" } else { "" };
        fact(
            label,
            Cell::plain(text.as_str()).and(format!("  {ago} ago"), Tone::Muted),
        )
    }));
    lines
}

fn link(cluster: &ClusterView, ctx: &Context<'_>) -> Cell {
    let (text, tone) = words::link(&cluster.link, ctx.moment);
    let cell = Cell::new(text, tone);
    match &cluster.link {
        Link::Stale { reason, .. }
        | Link::Unreachable { reason }
        | Link::Denied { reason, .. }
        | Link::Connecting { reason: Some(reason) } => cell.and(format!("  {reason}"), Tone::Plain),
        Link::Connecting { reason: None } | Link::Live | Link::Unstable { .. } => cell,
    }
}

fn server(cluster: &ClusterView) -> Cell {
    let identity = &cluster.identity;
    let clock = match (identity.clock_skew, identity.clock_is_off()) {
        (None, _) => named("clock", Cell::unknown()),
        (Some(_), None) => named("clock", Cell::plain("in step")),
        (_, Some(skew)) => {
            let side = if skew > 0 { "ahead" } else { "behind" };
            Cell::new(
                format!("▲ its clock is {} {side}", words::exact_span(skew.abs())),
                Tone::Warning,
            )
        }
    };
    let insecure = identity
        .insecure
        .then(|| Cell::new("✖ certificates are not checked", Tone::Bad));
    let parts = [
        Cell::or_unknown(Some(&identity.server)),
        named("version", Cell::or_unknown(identity.version.as_ref())),
        clock,
    ];
    join(parts.into_iter().chain(insecure))
}

fn who(cluster: &ClusterView) -> Cell {
    let readonly = cluster.readonly.then(|| Cell::new("read only", Tone::Accent));
    join(
        [Cell::or_unknown(cluster.identity.user.as_ref())]
            .into_iter()
            .chain(readonly),
    )
}

fn holdings(cluster: &ClusterView, scope: &Scope) -> Cell {
    let sum = cluster.summary(scope);
    if sum.nodes == 0 && sum.instances == 0 {
        return Cell::unknown();
    }
    let counted = |n: u32, one: &str, many: &str| {
        let text = thousands(i64::from(n));
        Cell::new(text, Tone::Strong).and(format!(" {}", if n == 1 { one } else { many }), Tone::Muted)
    };
    join([
        counted(sum.locations, "location", "locations"),
        counted(sum.nodes, "node", "nodes"),
        counted(sum.apps, "app", "apps"),
        counted(sum.instances, "instance", "instances"),
    ])
}

fn watched(cluster: &ClusterView) -> Cell {
    let told = match &cluster.watched {
        None => "all namespaces".to_owned(),
        Some(names) => names.iter().map(Clean::as_str).collect::<Vec<_>>().join(", "),
    };
    let feeds = || Kind::ALL.into_iter().flat_map(|kind| cluster.feeds_of(kind));
    let live = feeds().filter(|(_, feed)| **feed == Feed::Live).count();
    let all = feeds().filter(|(_, feed)| **feed != Feed::Absent).count();
    let tone = if live < all { Tone::Warning } else { Tone::Good };
    join([
        Cell::plain(told),
        Cell::new(format!("{live} of {all} watches live"), tone),
    ])
}

/// Where the figures of use come from, or why there are none.
pub(super) fn figures(cluster: &ClusterView) -> Cell {
    let supply = cluster.usage.supply();
    let tone = match supply.current {
        None => Tone::Unknown,
        Some(_) if supply.failing > 0 => Tone::Warning,
        Some(_) => Tone::Plain,
    };
    let cell = Cell::new(supply.sentence().as_str(), tone);
    let history = cluster.usage.history();
    let Some(shortage) = history.shortage() else {
        return cell;
    };
    let usage = history.usage();
    let room = Memory(i64::try_from(usage.budget).unwrap_or(i64::MAX));
    let reach = words::span(shortage.reach_ms / 1000);
    let rest = if shortage.is_partial {
        ", and some have none"
    } else {
        ""
    };
    let told = format!(
        "  ·  {} histories fill {room}: they reach back {reach}{rest}",
        thousands(usage.subjects as i64)
    );
    cell.and(told, Tone::Warning)
}

/// The controllers of releases that discovery found.
fn releases(cluster: &ClusterView) -> Cell {
    let found = |kind: Kind, name: &str| {
        let is_seen = |(namespace, feed): (&Clean, &Feed)| match feed {
            Feed::Listing { .. } | Feed::Live | Feed::NoAccess { .. } => true,
            // Cut after it was read, or never found.
            Feed::Stale { .. } => cluster.feed_log.of(kind, namespace).listed.is_some(),
            Feed::Waiting | Feed::Absent => false,
        };
        if cluster.feeds_of(kind).any(is_seen) {
            named(name, Cell::new("● here", Tone::Good))
        } else if cluster.feed(kind) == Some(&Feed::Absent) {
            named(name, Cell::muted("not here"))
        } else {
            named(name, Cell::unknown())
        }
    };
    join([
        found(Kind::Rollout, "Argo Rollouts"),
        found(Kind::CloneSet, "OpenKruise"),
    ])
}

/// What was asked of the server about our rights, the missing ones first.
fn rights(cluster: &ClusterView) -> Option<Cell> {
    let mut answers: Vec<_> = cluster.access.answers.iter().collect();
    answers.sort_by_key(|(_, allowed)| **allowed);
    let told = answers.into_iter().map(|(right, allowed)| {
        if *allowed {
            Cell::new("✓ ", Tone::Good).and(right.to_string(), Tone::Plain)
        } else {
            Cell::new("✖ ", Tone::Bad).and(right.to_string(), Tone::Plain)
        }
    });
    let cell = join(told);
    (!cell.spans.is_empty()).then(|| fact("rights", cell))
}
