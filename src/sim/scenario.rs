//! What goes on in the demo while one watches: the same scenes at the same times for the same seed.
//!
//! | cluster | scene |
//! |---|---|
//! | `idc-bj` | somebody else releases `feed/timeline`; the gray release of `gift/live-gift` waits; that of `im/push` crashes; `user/profile` lacks room; node `bj-b-047` is dead (all made by [`super::fleet`]) |
//! | `aliyun` | the load of `live/danmaku` runs away: it is scaled out every 45 s from 36 to 96, later back |
//! | `mixed-sh` | instances of `search/spell` are killed for memory every 11 min; its link drops from 60 s to 100 s ([`outage`]) |
//! | all | an instance is replaced every 4 to 8 s |
//!
//! The load behind `live/danmaku` is in [`super::fleet`].

use std::time::Duration;

use chrono::TimeDelta;

use super::controllers::context::{is_deleting, replicas};
use super::controllers::object::{annotation, controller_of, holds, set, text};
use super::controllers::random::Random;
use super::deletion::{DeleteOptions, delete};
use super::fleet::beside;
use super::resource::{DEPLOYMENTS, PODS};
use super::store::{Store, Stored};
use crate::domain::Timestamp;

/// The app whose load runs away.
const RUNAWAY: (&str, &str) = ("live", "danmaku");
const RUNAWAY_FIRST: TimeDelta = TimeDelta::seconds(20);
const RUNAWAY_STEP: TimeDelta = TimeDelta::seconds(45);
/// Its sizes: from, by, to.
const RUNAWAY_SIZES: (i64, i64, i64) = (36, 4, 96);
/// How many steps it stays at its most before it is scaled back.
const RUNAWAY_REST: i64 = 25;

/// What goes on in one cluster of the demo.
#[derive(Debug)]
pub struct Scenario {
    random: Random,
    start: Timestamp,
    churn: Timestamp,
    /// How many steps of the runaway were made; nothing where the cluster has no such app.
    growth: Option<i64>,
}

impl Scenario {
    /// The story of a cluster by its name.
    pub fn new(cluster: &str, seed: u64, start: Timestamp) -> Self {
        Self {
            random: Random::new(seed ^ 0x5ce4e),
            start,
            churn: start + TimeDelta::seconds(3),
            growth: (cluster == "aliyun").then_some(0),
        }
    }

    /// Does what is due, however late it is asked; when the next thing is due.
    pub fn step(&mut self, store: &mut Store, now: Timestamp) -> Option<Timestamp> {
        while self.churn <= now {
            replace_one(store, &mut self.random, now);
            self.churn += TimeDelta::milliseconds(4000 + self.random.below(4000) as i64);
            if now - self.churn > TimeDelta::minutes(1) {
                // The clock jumped, as after a suspended machine: what was missed is not made up for.
                self.churn = now + TimeDelta::seconds(4);
            }
        }
        let claimed = beside::renew(store, now);
        claimed
            .into_iter()
            .chain(self.grow(store, now))
            .chain([self.churn])
            .min()
    }

    /// Scales the runaway to the size of the moment.
    fn grow(&mut self, store: &mut Store, now: Timestamp) -> Option<Timestamp> {
        let done = self.growth?;
        let due = (now - self.start - RUNAWAY_FIRST)
            .num_seconds()
            .div_euclid(RUNAWAY_STEP.num_seconds())
            + 1;
        if due > done {
            self.growth = Some(due);
            let (namespace, name) = RUNAWAY;
            let (before, size) = (runaway_size(done), runaway_size(due));
            // Somebody else's decision stands: only what the story itself set is changed.
            let untouched = store
                .get(&DEPLOYMENTS, namespace, name)
                .is_some_and(|app| replicas(app) == before);
            if untouched {
                drop(store.update(&DEPLOYMENTS, namespace, name, now, |app| {
                    set(app, &["spec", "replicas"], size);
                }));
            }
        }
        let steps = i32::try_from(self.growth.unwrap_or(0).max(0)).unwrap_or(i32::MAX);
        Some(self.start + RUNAWAY_FIRST + RUNAWAY_STEP * steps)
    }
}

fn runaway_size(step: i64) -> i64 {
    let (from, by, to) = RUNAWAY_SIZES;
    let climb = (to - from) / by;
    let place = step.max(0) % (climb + RUNAWAY_REST);
    (from + by * place).min(to)
}

/// Deletes one ordinary instance; its controller makes another.
fn replace_one(store: &mut Store, random: &mut Random, now: Timestamp) {
    let count = store.count(&PODS) as u64;
    for _ in 0..20 {
        let index = random.below(count) as usize;
        let Some(pod) = store.list(&PODS).nth(index).filter(|pod| is_ordinary(pod)).cloned() else {
            continue;
        };
        let name = (
            text(&pod, &["metadata", "namespace"]),
            text(&pod, &["metadata", "name"]),
        );
        drop(delete(store, &PODS, name, &DeleteOptions::default(), now));
        return;
    }
}

/// Whether nobody would miss an instance: it is well, and the story is not about its app.
fn is_ordinary(pod: &Stored) -> bool {
    let app = text(pod, &["metadata", "labels", "app.kubernetes.io/name"]);
    let in_story = matches!(app, "live-gift" | "push" | "profile" | "danmaku" | "checkout" | "spell");
    let of_set = controller_of(pod).is_some_and(|(kind, ..)| kind == "ReplicaSet");
    of_set
        && !in_story
        && !is_deleting(pod)
        && holds(pod, "Ready")
        && annotation(pod, "sim.pilothouse.dev/crash-after").is_none()
}

/// When a cluster's link drops after the demo began, and for how long.
pub fn outage(cluster: &str) -> Option<(Duration, Duration)> {
    (cluster == "mixed-sh").then_some((Duration::from_mins(1), Duration::from_secs(40)))
}
