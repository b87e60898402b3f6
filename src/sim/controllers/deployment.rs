//! The Deployment controller: from a Deployment to the sizes of its ReplicaSets, as `kube-controller-manager` does it.
//!
//! The arithmetic is in [`super::rolling`], status and conditions in `deployment/status.rs`, revisions in
//! `deployment/revision.rs`. Every write of a replica set wakes the Deployment again, so one look does one step.

use serde_json::Value;

use super::context::{Context, Key, Tone, is_deleting, is_over, replicas, status_count};
use super::object::{annotation, at, integer, set, text};
use super::rolling::{Amount, Limits, Set, Share, new_size, proportional, shrink_old};
use super::template::same;
use crate::domain::Timestamp;
use crate::sim::resource::{DEPLOYMENTS, REPLICA_SETS};
use crate::sim::store::Stored;

pub(crate) mod revision;
pub(crate) mod status;

pub(crate) const SOURCE: &str = "deployment-controller";
pub(crate) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
pub(crate) const MAX: &str = "deployment.kubernetes.io/max-replicas";

/// A Deployment with its replica sets sorted out.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) deployment: Stored,
    pub(crate) key: Key,
    /// The one whose template is the Deployment's.
    pub(crate) new: Option<Stored>,
    /// The others, oldest first.
    pub(crate) old: Vec<Stored>,
    pub(crate) limits: Limits,
}

impl View {
    /// Sorts the replica sets of a Deployment.
    pub(crate) fn new(deployment: Stored, mut sets: Vec<Stored>) -> Self {
        sets.sort_by(|a, b| age(a).cmp(&age(b)));
        let template = at(&deployment, &["spec", "template"]);
        let index = template.and_then(|template| {
            sets.iter()
                .position(|set| at(set, &["spec", "template"]).is_some_and(|other| same(template, other)))
        });
        let new = index.map(|index| sets.remove(index));
        Self {
            key: Key::of(&deployment),
            limits: limits(&deployment),
            deployment,
            new,
            old: sets,
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Stored> {
        self.old.iter().chain(&self.new)
    }

    fn active(&self) -> Vec<&Stored> {
        self.all().filter(|set| replicas(set) > 0).collect()
    }

    fn total(&self) -> i64 {
        self.all().map(|set| replicas(set)).sum()
    }

    /// Whether somebody changed `spec.replicas` since the replica sets were last sized.
    fn is_scaled(&self) -> bool {
        self.active().iter().any(|set| {
            annotation(set, DESIRED)
                .and_then(|text| text.parse::<i64>().ok())
                .is_some_and(|desired| desired != self.limits.replicas)
        })
    }

    fn is_complete(&self) -> bool {
        let wanted = self.limits.replicas;
        let count = |field| status_count(&self.deployment, field);
        count("updatedReplicas") == wanted
            && count("replicas") == wanted
            && count("availableReplicas") == wanted
            && is_observed(&self.deployment)
    }
}

/// Whether the controller has seen the newest spec.
pub(crate) fn is_observed(workload: &Value) -> bool {
    integer(workload, &["status", "observedGeneration"]) >= integer(workload, &["metadata", "generation"])
}

/// The order of age: creation, then name.
pub(crate) fn age(object: &Value) -> (&str, &str) {
    (
        text(object, &["metadata", "creationTimestamp"]),
        text(object, &["metadata", "name"]),
    )
}

fn is_recreate(deployment: &Value) -> bool {
    text(deployment, &["spec", "strategy", "type"]) == "Recreate"
}

/// What the strategy of a Deployment allows.
pub(crate) fn limits(deployment: &Value) -> Limits {
    let replicas = replicas(deployment);
    if is_recreate(deployment) {
        return Limits::recreate(replicas);
    }
    let amount = |field| {
        at(deployment, &["spec", "strategy", "rollingUpdate", field])
            .and_then(Amount::parse)
            .unwrap_or(Amount::Percent(25))
    };
    Limits::rolling(replicas, amount("maxSurge"), amount("maxUnavailable"))
}

/// Takes one step towards what a Deployment asks for.
pub(crate) fn sync(cx: &mut Context<'_>, key: &Key) {
    let Some(deployment) = cx.get(&DEPLOYMENTS, key) else {
        return;
    };
    let sets = cx.owned(&deployment, &REPLICA_SETS);
    let view = View::new(deployment, sets);
    if is_deleting(&view.deployment) {
        status::write(cx, &view, false);
        return;
    }
    let paused = at(&view.deployment, &["spec", "paused"]) == Some(&Value::Bool(true));
    if status::write_pause(cx, &view, paused) {
        return;
    }
    if paused || view.is_scaled() {
        if revision::sync(cx, &view, false) {
            return;
        }
        scale(cx, &view);
        if paused {
            revision::forget_old(cx, &view);
        }
        status::write(cx, &view, false);
    } else if is_recreate(&view.deployment) {
        recreate(cx, &view);
    } else {
        roll(cx, &view);
    }
}

fn roll(cx: &mut Context<'_>, view: &View) {
    if revision::sync(cx, view, true) {
        return;
    }
    let Some(new) = &view.new else { return };
    let size = match replicas(new) {
        size if size == view.limits.replicas => size,
        size => new_size(view.limits, size, view.total()),
    };
    if !resize(cx, view, new, size, false) && !shrink(cx, view, new) && view.is_complete() {
        revision::forget_old(cx, view);
    }
    status::write(cx, view, true);
}

fn shrink(cx: &mut Context<'_>, view: &View, new: &Stored) -> bool {
    let old: Vec<&Stored> = view.old.iter().filter(|set| replicas(set) > 0).collect();
    let counts = |set: &Stored| Set {
        wanted: replicas(set),
        available: status_count(set, "availableReplicas"),
    };
    let sizes: Vec<Set> = old.iter().map(|set| counts(set)).collect();
    let steps = if old.is_empty() {
        Vec::new()
    } else {
        shrink_old(view.limits, counts(new), &sizes)
    };
    for step in &steps {
        if let Some(set) = old.get(step.index).and_then(|set| cx.get(&REPLICA_SETS, &Key::of(set))) {
            resize(cx, view, &set, step.to, false);
        }
    }
    !steps.is_empty()
}

fn recreate(cx: &mut Context<'_>, view: &View) {
    if revision::sync(cx, view, false) {
        return;
    }
    let mut stopped = false;
    for set in &view.old {
        stopped |= resize(cx, view, set, 0, false);
    }
    let still_there = view
        .old
        .iter()
        .any(|set| cx.pods_of(set).iter().any(|pod| !is_over(pod)));
    if stopped || still_there {
        status::write(cx, view, true);
        return;
    }
    if view.new.is_none() && revision::sync(cx, view, true) {
        return;
    }
    if let Some(new) = &view.new {
        resize(cx, view, new, view.limits.replicas, false);
    }
    if view.is_complete() {
        revision::forget_old(cx, view);
    }
    status::write(cx, view, true);
}

/// Scales without hastening or delaying an update in progress.
fn scale(cx: &mut Context<'_>, view: &View) {
    let active = view.active();
    let only = match active.as_slice() {
        [] => view.new.as_ref().or(view.old.last()),
        [one] => Some(*one),
        _ => None,
    };
    if let Some(set) = only {
        resize(cx, view, set, view.limits.replicas, false);
        // Another replica set that was sized for another count must not look scaled for ever.
        return;
    }
    if active.is_empty() {
        return;
    }
    let saturated = view.new.as_ref().is_some_and(|new| {
        let wanted = view.limits.replicas;
        let desired = annotation(new, DESIRED).and_then(|text| text.parse::<i64>().ok());
        replicas(new) == wanted && desired == Some(wanted) && status_count(new, "availableReplicas") == wanted
    });
    if saturated {
        for set in view.old.iter().filter(|set| replicas(set) > 0) {
            resize(cx, view, set, 0, false);
        }
        return;
    }
    if !is_recreate(&view.deployment) {
        scale_all(cx, view, active);
    }
}

fn scale_all(cx: &mut Context<'_>, view: &View, mut active: Vec<&Stored>) {
    let grows = view.limits.most() > view.total();
    active.sort_by(|a, b| {
        let by_age = if grows {
            age(b).cmp(&age(a))
        } else {
            age(a).cmp(&age(b))
        };
        replicas(b).cmp(&replicas(a)).then(by_age)
    });
    let shares: Vec<Share> = active
        .iter()
        .map(|set| Share {
            size: replicas(set),
            most_before: annotation(set, MAX)
                .and_then(|text| text.parse().ok())
                .filter(|&most| most != 0)
                .unwrap_or_else(|| status_count(&view.deployment, "replicas")),
        })
        .collect();
    for (set, size) in active.into_iter().zip(proportional(view.limits, &shares)) {
        resize(cx, view, set, size, true);
    }
}

/// Gives a replica set its size and notes for which size of the Deployment that was; whether its size changed.
fn resize(cx: &mut Context<'_>, view: &View, replica_set: &Stored, size: i64, even_if_same: bool) -> bool {
    let before = replicas(replica_set);
    if before == size && !even_if_same {
        return false;
    }
    let limits = view.limits;
    let written = cx.update(&REPLICA_SETS, &Key::of(replica_set), |set| {
        self::set(set, &["spec", "replicas"], size);
        note_size(set, limits);
    });
    if before == size || written.is_none() {
        return false;
    }
    let way = if before < size { "up" } else { "down" };
    let name = text(replica_set, &["metadata", "name"]);
    let message = format!("Scaled {way} replica set {name} from {before} to {size}");
    cx.event(&view.deployment, Tone::Normal, "ScalingReplicaSet", &message, SOURCE);
    true
}

/// Notes on a replica set what size of the Deployment it was sized for.
pub(crate) fn note_size(replica_set: &mut Value, limits: Limits) {
    set(
        replica_set,
        &["metadata", "annotations", DESIRED],
        limits.replicas.to_string(),
    );
    set(
        replica_set,
        &["metadata", "annotations", MAX],
        limits.most().to_string(),
    );
}

/// Whether nothing is left to do for a Deployment, as far as its own status tells.
pub(crate) fn is_settled(deployment: &Value) -> bool {
    let wanted = replicas(deployment);
    ["replicas", "updatedReplicas", "availableReplicas"]
        .iter()
        .all(|field| status_count(deployment, field) == wanted)
        && is_observed(deployment)
}

/// When a moment some seconds after another comes.
pub(crate) fn after(moment: Timestamp, seconds: i64) -> Timestamp {
    chrono::TimeDelta::try_seconds(seconds)
        .and_then(|delta| moment.checked_add_signed(delta))
        .unwrap_or(Timestamp::MAX_UTC)
}
