//! What is told of a node above its instances; of a lost one what was on it, and where that went.

use super::{events, fact, join, named};
use crate::domain::node::TaintEffect;
use crate::domain::{Clean, Node, NodeHealth, ResourceRef, Timestamp};
use crate::listing::{Cell, Tone};
use crate::metrics::Subject;
use crate::screens::context::Context;
use crate::screens::figures::{Bounds, Whose, uses};
use crate::screens::{nodes, words};
use crate::world::{ClusterView, NodeSummary, Scope};

/// Most apps of a lost node told one by one.
const APPS: usize = 6;

pub(super) fn facts(object: &ResourceRef, ctx: &Context<'_>) -> Vec<Cell> {
    let Some(cluster) = ctx.world.cluster(&object.cluster) else {
        return super::gone("node");
    };
    let everything = Scope::default();
    let Some(summary) = cluster
        .node_summaries(&everything)
        .find(|n| n.node.name == object.key.name)
    else {
        let mut lines = super::gone("node");
        lines.extend(loss(cluster, &object.key.name, ctx));
        lines.extend(events(object, ctx, 4));
        return lines;
    };
    let node = &summary.node;
    let mut lines = vec![fact("state", state(&summary, ctx))];
    lines.extend(loss(cluster, &node.name, ctx));
    lines.push(fact("stands in", stands(&summary)));
    lines.push(share(
        "CPU",
        summary.taken.requested.cpu.0,
        node.allocatable.cpu.0,
        |n| crate::domain::Cpu(n).to_string(),
    ));
    lines.push(share(
        "memory",
        summary.taken.requested.memory.0,
        node.allocatable.memory.0,
        |n| crate::domain::Memory(n).to_string(),
    ));
    let whose = Whose::one(cluster, Subject::Node(node.name.clone()));
    lines.push(fact("uses", uses(ctx, &whose, Bounds::of_machines(node.allocatable))));
    lines.push(fact("room", room(&summary)));
    lines.push(fact("machine", machine(node, cluster.time(ctx.now))));
    if !node.taints.is_empty() {
        lines.push(fact("taints", join(node.taints.iter().map(taint))));
    }
    let labels = node
        .labels
        .iter()
        .map(|(k, v)| Cell::muted(format!("{k}=")).and(v.as_str(), Tone::Plain));
    lines.push(fact("labels", join(labels)));
    lines.extend(events(object, ctx, 4));
    lines
}

fn state(summary: &NodeSummary, ctx: &Context<'_>) -> Cell {
    let node = &summary.node;
    let state = nodes::state(node, summary.stuck);
    let word = match node.health {
        NodeHealth::Ready => "ready for",
        NodeHealth::NotReady => "not ready for",
        NodeHealth::Unknown => "not heard of for",
    };
    let mut parts = vec![
        state,
        named(word, words::age(node.ready_since, ctx.now_in(&summary.cluster))),
    ];
    if node.cordoned && !node.is_ready() {
        parts.push(Cell::new("⊘ cordoned", Tone::Warning));
    }
    join(parts)
}

/// What was on a lost node, and where instances made since then run.
fn loss(cluster: &ClusterView, node: &Clean, ctx: &Context<'_>) -> Vec<Cell> {
    let Some(loss) = cluster.loss(node) else {
        return Vec::new();
    };
    let since = match loss.since {
        Some(since) => format!("{} ago", words::age(Some(since), cluster.time(ctx.now)).text()),
        None => "before it could be seen,".to_owned(),
    };
    let mut lines = vec![fact(
        "lost",
        Cell::new(
            format!("{since} with {}", words::counted(loss.was, "instance")),
            Tone::Bad,
        )
        .and(
            format!(", {} of them stuck: nobody knows whether they run", loss.stuck.len()),
            Tone::Warning,
        ),
    )];
    for (place, replaced) in loss.replaced.iter().take(APPS).enumerate() {
        let mut cell = Cell::plain(replaced.app.to_string()).and(format!(" {}", replaced.lost), Tone::Strong);
        let elsewhere: Vec<_> = replaced.on.iter().filter(|(name, _)| name != node).collect();
        if replaced.stays {
            cell = cell.and("  one on each node", Tone::Muted);
        } else if elsewhere.is_empty() {
            cell = cell.and("  nothing new elsewhere yet", Tone::Warning);
        }
        for (name, count) in elsewhere.into_iter().filter(|_| !replaced.stays) {
            cell = cell.and(format!("  ▸ {name} {count}"), Tone::Good);
        }
        lines.push(fact(if place == 0 { "went to" } else { "" }, cell));
    }
    if loss.replaced.len() > APPS {
        let more = format!("and {}", words::counted(loss.replaced.len() - APPS, "more app"));
        lines.push(fact("", Cell::muted(more)));
    }
    lines
}

fn stands(summary: &NodeSummary) -> Cell {
    let node = &summary.node;
    let exclusive = node
        .exclusive
        .as_ref()
        .map(|app| named("only for", Cell::new(app.as_str(), Tone::Accent)));
    join(
        [
            named("cluster", Cell::plain(summary.cluster.as_str())),
            named("location", Cell::plain(summary.location.as_str())),
            named("group", Cell::or_unknown(node.group.as_ref())),
            named("provider", Cell::plain(node.provider.to_string())),
        ]
        .into_iter()
        .chain(exclusive),
    )
}

fn share(label: &str, part: i64, whole: i64, show: impl Fn(i64) -> String) -> Cell {
    let told = words::share(part, whole).map_or_else(|| "–".to_owned(), |s| format!("{} %", (s + 5) / 10));
    let text = Cell::new(told, Tone::Strong)
        .and("  requested ", Tone::Muted)
        .and(show(part), Tone::Plain)
        .and(" of ", Tone::Muted)
        .and(show(whole), Tone::Plain);
    fact(label, text)
}

fn room(summary: &NodeSummary) -> Cell {
    let fit = summary.headroom;
    Cell::new(fit.count.to_string(), Tone::Strong)
        .and(
            format!(" more of 500m and 512 MiB, until {}", fit.limit.name()),
            Tone::Muted,
        )
        .and(
            format!(
                "  ·  {} of {} pod slots taken",
                summary.taken.pods, summary.node.pod_slots
            ),
            Tone::Muted,
        )
}

fn machine(node: &Node, now: Timestamp) -> Cell {
    let cidrs: Vec<&str> = node.pod_cidrs.iter().map(Clean::as_str).collect();
    join([
        named("IP", Cell::or_unknown(node.internal_ip.as_ref())),
        named(
            "pod CIDR",
            if cidrs.is_empty() {
                Cell::unknown()
            } else {
                Cell::plain(cidrs.join(" "))
            },
        ),
        named("kubelet", Cell::or_unknown(Some(&node.kubelet_version))),
        named("type", Cell::or_unknown(node.instance_type.as_ref())),
        named("made", words::age(node.created, now)).and(" ago", Tone::Muted),
    ])
}

fn taint(taint: &crate::domain::node::Taint) -> Cell {
    let effect = match taint.effect {
        TaintEffect::NoSchedule => "NoSchedule",
        TaintEffect::PreferNoSchedule => "PreferNoSchedule",
        TaintEffect::NoExecute => "NoExecute",
    };
    let value = if taint.value.is_empty() {
        String::new()
    } else {
        format!("={}", taint.value)
    };
    Cell::plain(format!("{}{value}", taint.key)).and(format!(" {effect}"), Tone::Muted)
}
