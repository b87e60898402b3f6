//! What is told of an instance above its containers, and of a container above the events.

use super::{events, fact, join, named};
use crate::domain::container::ContainerState;
use crate::domain::{Clean, Pod, ResourceRef};
use crate::listing::{Cell, Tone};
use crate::metrics::Subject;
use crate::screens::containers::{find, role, state};
use crate::screens::context::Context;
use crate::screens::figures::{Bounds, Whose, kills, uses};
use crate::screens::words;
use crate::world::ClusterView;

/// Most events told above the containers.
const EVENTS: usize = 8;

pub(super) fn facts(object: &ResourceRef, ctx: &Context<'_>) -> Vec<Cell> {
    let Some((cluster, pod)) = ctx.world.cluster(&object.cluster).zip(find(ctx, object)) else {
        let mut lines = super::gone("instance");
        lines.extend(events(object, ctx, EVENTS));
        return lines;
    };
    let mut lines = vec![fact("state", words::instance_state(cluster, pod, ctx.now))];
    if let Some(message) = pod.message.as_ref().filter(|m| !m.is_empty()) {
        lines.push(fact("why", Cell::new(message.as_str(), Tone::Warning)));
    }
    lines.push(fact("is", belongs(pod)));
    lines.push(fact("runs on", stands(cluster, pod)));
    let whose = Whose::one(cluster, Subject::Pod(pod.key.clone()));
    lines.push(fact("uses", uses(ctx, &whose, Bounds::of_pod(pod))));
    lines.push(fact("resources", resources(pod)));
    lines.push(fact("since", since(cluster, pod, ctx)));
    if !pod.labels.is_empty() {
        let labels = pod
            .labels
            .iter()
            .map(|(k, v)| Cell::muted(format!("{k}=")).and(v.as_str(), Tone::Plain));
        lines.push(fact("labels", join(labels)));
    }
    lines.extend(events(object, ctx, EVENTS));
    lines
}

fn belongs(pod: &Pod) -> Cell {
    let workload = pod
        .workload
        .as_ref()
        .map(|(kind, name)| named(kind.name(), Cell::plain(name.as_str())));
    let revision = pod
        .revision
        .as_ref()
        .map(|hash| named("revision", Cell::plain(hash.as_str())));
    let app = Cell::muted(format!("app {}/", pod.key.namespace)).and(pod.app.as_str(), Tone::Strong);
    let version = named("version", Cell::new(words::version(&pod.version), Tone::Accent));
    join([app, version].into_iter().chain(workload).chain(revision))
}

fn stands(cluster: &ClusterView, pod: &Pod) -> Cell {
    let node = pod.node.as_ref();
    let location = node
        .and_then(|name| cluster.node(name))
        .map(|node| named("location", Cell::plain(cluster.location_of(node).as_str())));
    let lost = cluster.standing(pod).lost;
    let mut told_node = named("node", Cell::or_unknown(node));
    if lost {
        told_node = told_node.and(" ✖ lost", Tone::Bad);
    }
    let ip = pod.ip.map(|ip| named("IP", Cell::plain(ip.to_string())));
    let parts = [named("cluster", Cell::plain(cluster.id.as_str())), told_node];
    join(parts.into_iter().chain(location).chain(ip))
}

fn resources(pod: &Pod) -> Cell {
    let (cpu, memory) = words::requested(pod.shape.requests);
    join([
        named("requests CPU", cpu),
        named("memory", memory),
        named("limits CPU", words::limits(pod.limits).0),
        named("memory", words::limits(pod.limits).1),
    ])
}

fn since(cluster: &ClusterView, pod: &Pod, ctx: &Context<'_>) -> Cell {
    let now = cluster.time(ctx.now);
    let mut parts = vec![named("made", words::age(pod.created, now)).and(" ago", Tone::Muted)];
    if pod.ready_since.is_some() {
        let word = if pod.ready { "ready for" } else { "not ready for" };
        parts.push(named(word, words::age(pod.ready_since, now)));
    }
    parts.push(named("restarts", Cell::count(i64::from(pod.restarts()))));
    if let Some(deleting) = pod.deleting {
        let left = (deleting - cluster.time(ctx.clock)).num_seconds();
        let text = if left > 0 {
            format!("◌ terminating, {} left", words::exact_span(left))
        } else {
            format!("▲ terminating, {} late", words::exact_span(-left))
        };
        parts.push(Cell::new(text, Tone::Warning));
    }
    join(parts)
}

pub(super) fn container_facts(object: &ResourceRef, name: &Clean, ctx: &Context<'_>) -> Vec<Cell> {
    let Some((cluster, pod)) = ctx.world.cluster(&object.cluster).zip(find(ctx, object)) else {
        return super::gone("instance");
    };
    let Some(container) = pod.containers.iter().find(|c| c.name == *name) else {
        return super::gone("container");
    };
    let told_state = if cluster.standing(pod).lost {
        Cell::new("? unknown: node lost", Tone::Unknown)
    } else {
        state(container)
    };
    let now = cluster.time(ctx.now);
    let mut lines = vec![fact("state", told_state)];
    match &container.state {
        ContainerState::Waiting { message, .. } if !message.is_empty() => {
            lines.push(fact("why", Cell::new(message.as_str(), Tone::Warning)));
        }
        ContainerState::Running { since } => {
            lines.push(fact("running", named("for", words::age(*since, now))));
        }
        ContainerState::Waiting { .. } | ContainerState::Terminated(_) | ContainerState::Unknown => {}
    }
    let last = container.last_exit.as_ref().map_or_else(
        || Cell::muted("none before this"),
        |exit| {
            Cell::new(
                words::exit_words(exit),
                if exit.code == 0 { Tone::Plain } else { Tone::Bad },
            )
            .and("  ended ", Tone::Muted)
            .and(words::age(exit.at, now).text(), Tone::Plain)
            .and(" ago", Tone::Muted)
        },
    );
    let mut last = last.and(format!("  ·  restarts {}", container.restarts), Tone::Muted);
    let subject = Subject::Container(pod.key.clone(), container.name.clone());
    if let Some((told, tone)) = kills(ctx, cluster, &subject) {
        last = last.and(format!("  ·  {told}"), tone);
    }
    lines.push(fact("last run", last));
    lines.push(fact("role", Cell::plain(role(container.role))));
    lines.push(fact("image", Cell::plain(container.image.as_str())));
    if !container.image_id.is_empty() {
        lines.push(fact("digest", Cell::muted(container.image_id.as_str())));
    }
    let (cpu, memory) = words::requested(container.requests);
    lines.push(fact(
        "resources",
        join([
            named("requests CPU", cpu),
            named("memory", memory),
            named("limits CPU", words::limits(container.limits).0),
            named("memory", words::limits(container.limits).1),
        ]),
    ));
    lines.push(fact("is", belongs(pod)));
    lines.push(fact("runs on", stands(cluster, pod)));
    lines
}
