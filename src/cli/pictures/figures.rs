//! What the fleet of the pictures used: the past up to the moment they show, as its clusters' sources would tell it.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::cluster::{Cluster, Measuring};
use crate::domain::{ClusterId, ObjectKey, Timestamp};
use crate::message::Message;
use crate::metrics::source::{Report, Source};
use crate::metrics::{Figure, Figures, Measured, Span, Subject};
use crate::model::Model;
use crate::sim::used::{ContainerUse, Moved, PodUse, Uses};
use crate::update::update;
use crate::world::World;

/// Minutes that lists tell of, some before their lines begin.
const MINUTES: i32 = 16;
/// What is looked at closely was measured every so often, for so long.
const CLOSE_STEP: TimeDelta = TimeDelta::seconds(15);
const CLOSE_STEPS: i32 = 60;

/// A cluster, and what its pods use.
pub(super) type Member = (Cluster, Uses);

/// Lets the world know where figures come from, and what was measured of everything until now.
pub(super) async fn past(world: &mut World, members: &[Member], now: Timestamp) {
    for (cluster, _) in members {
        let supply = cluster.sources(Measuring::default(), Vec::new()).await;
        world.measured(cluster.id(), Report::Supply(supply));
    }
    for minute in (0..MINUTES).rev() {
        let to = now - TimeDelta::minutes(1) * minute;
        for (cluster, uses) in members {
            let from = to - TimeDelta::minutes(1);
            let items = uses.between(from, to).flat_map(|used| items(&used, (from, to), false));
            let items = items.map(|item| known_to(world, cluster.id(), item)).collect();
            world.measured(cluster.id(), report(to, items));
        }
        world.add_up(to);
    }
}

/// Tells of what is on screen what a closer look at it would have told.
pub(super) fn closely(model: &mut Model, members: &[Member], shown: &BTreeSet<(ClusterId, ObjectKey)>, now: Timestamp) {
    for (cluster, uses) in members {
        let id = cluster.id();
        let uses = uses.only(|namespace, name| shown.contains(&(id.clone(), ObjectKey::new(namespace, name))));
        for step in (0..CLOSE_STEPS).rev() {
            let to = now - CLOSE_STEP * step;
            let from = to - CLOSE_STEP;
            let items = uses.between(from, to).flat_map(|used| items(&used, (from, to), true));
            let items = items.map(|item| known_to(model.world(), id, item)).collect();
            let _ = update(model, Message::Metrics(id.clone(), report(to, items)));
        }
    }
}

fn report(at: Timestamp, items: Vec<Measured>) -> Report {
    Report::Measured {
        at: at.timestamp_millis(),
        items,
    }
}

/// As far as the cluster's source knows it.
fn known_to(world: &World, id: &ClusterId, mut item: Measured) -> Measured {
    let source = world.cluster(id).and_then(|view| view.usage.supply().current);
    if source == Some(Source::MetricsApi) {
        let all: Vec<Figure> = item.figures.known().map(|(figure, _)| figure).collect();
        let unknown = all
            .into_iter()
            .filter(|figure| !matches!(figure, Figure::Cpu | Figure::MemoryWorkingSet));
        unknown.for_each(|figure| item.figures.unset(figure));
    }
    item
}

/// A pod, and its containers where somebody looks closely.
fn items(used: &PodUse, (from, to): (Timestamp, Timestamp), closely: bool) -> Vec<Measured> {
    let span = Span {
        from: from.timestamp_millis(),
        to: to.timestamp_millis(),
    };
    let each: Vec<(&ContainerUse, Figures)> = used.containers.iter().map(|one| (one, of_container(one))).collect();
    let mut whole = Figures::default();
    for (_, figures) in &each {
        for (figure, value) in figures.known().filter(|(figure, _)| *figure != Figure::CpuThrottled) {
            whole.set(figure, whole.get(figure).unwrap_or(0.0) + value);
        }
    }
    if !each.is_empty() {
        network(&mut whole, used.network);
    }
    let mut items = vec![Measured {
        subject: Subject::Pod(used.pod.clone()),
        span,
        figures: whole,
    }];
    if closely {
        items.extend(each.into_iter().map(|(one, figures)| Measured {
            subject: Subject::Container(used.pod.clone(), one.name.as_str().into()),
            span,
            figures,
        }));
    }
    items
}

fn of_container(used: &ContainerUse) -> Figures {
    let mut figures = Figures::default();
    for (figure, value) in [
        (Figure::Cpu, used.cores),
        (Figure::CpuThrottled, used.throttled),
        (Figure::MemoryTotal, used.memory),
        (Figure::MemoryWorkingSet, used.working_set),
        (Figure::MemoryRss, used.rss),
        (Figure::MemoryCache, used.cache),
        (Figure::Threads, used.threads),
        (Figure::FsReads, used.reads),
        (Figure::FsWrites, used.writes),
    ] {
        figures.set(figure, value);
    }
    figures
}

fn network(figures: &mut Figures, [received, sent]: [Moved; 2]) {
    for (figure, value) in [
        (Figure::NetworkReceiveBytes, received.bytes),
        (Figure::NetworkTransmitBytes, sent.bytes),
        (Figure::NetworkReceivePackets, received.packets),
        (Figure::NetworkTransmitPackets, sent.packets),
        (Figure::NetworkReceiveDropped, received.dropped),
        (Figure::NetworkTransmitDropped, sent.dropped),
        (Figure::NetworkReceiveErrors, received.errors),
        (Figure::NetworkTransmitErrors, sent.errors),
    ] {
        figures.set(figure, value);
    }
}
