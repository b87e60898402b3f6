//! Whose figures a row shows, added up: of one thing, or of what it has in several clusters.

use std::sync::Arc;

use super::is_measured;
use crate::domain::{AppKey, ClusterId, Pod};
use crate::listing::Value;
use crate::metrics::{Figure, Millis, Resolution, Subject, Total, Unit};
use crate::screens::context::Context;
use crate::world::ClusterView;
use crate::world::usage::LEAST_KNOWN;

/// Whose figures a row shows: of one thing, or of what it has in several clusters.
#[derive(Debug)]
pub struct Whose<'a> {
    pub(super) parts: Vec<(&'a ClusterView, Subject)>,
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
            let measured = cluster.used(subject, figure, ctx.millis()).filter(|_| known);
            let sum = cluster.usage.sums(subject).and_then(|sums| sums.get(figure));
            // Of a machine that was measured itself its instances are only a part.
            if let Some(sum) = sum.filter(|_| known && measured.is_none()) {
                all.join(sum);
                continue;
            }
            // Those that Kubernetes remembers are a part of them.
            let is_remembered = known && figure == Figure::OomKills;
            let least = is_remembered.then(|| remembered_kills(cluster, subject)).flatten();
            all.add_at_least(measured, least);
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
}

/// What stands for several of a figure: their sum, or of shares their mean.
pub(super) fn of_all(figure: Figure, total: Total) -> Option<f64> {
    if figure.adds_up() { total.value() } else { total.mean() }
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
    let mut line = cluster.used_line(subject, figure, at, until, slots);
    // A figure that was chosen is only kept where enough of itself is known.
    if Figure::BACKGROUND.contains(&figure)
        && matches!(
            subject,
            Subject::App(_) | Subject::AppIn(..) | Subject::Location(_) | Subject::Cluster
        )
    {
        let known = cluster.usage.history().known(subject, at, until, slots);
        for (value, known) in line.iter_mut().zip(known) {
            if known.is_none_or(|known| known < LEAST_KNOWN) {
                *value = None;
            }
        }
    }
    line
}

/// Of an instance or a container the kills for want of memory that Kubernetes remembers; `None`: none.
pub(super) fn remembered_kills(cluster: &ClusterView, subject: &Subject) -> Option<f64> {
    let kills = match subject {
        Subject::Pod(key) => cluster.pod(key)?.out_of_memory_kills(),
        Subject::Container(key, name) => {
            let container = cluster.pod(key)?.containers.iter().find(|c| c.name == *name)?;
            container.out_of_memory().count() as u32
        }
        _ => 0,
    };
    (kills > 0).then(|| f64::from(kills))
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
    parts
        .map(|parts| parts.map_or(1, |parts| (parts.round() as u32).max(1)))
        .collect()
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
