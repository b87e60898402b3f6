//! What the pods of a simulated cluster used over any stretch of time, with no kubelet in between: the past of pictures.

use super::Simulation;
use super::controllers::node::is_dead;
use super::load::usage::Network;
use super::load::{PodLoad, Sample, Seconds};
use super::resource::NODES;
use super::store::{Store, Timestamp};
use crate::domain::ObjectKey;

/// One pod's use; of containers that ran all the while.
#[derive(Clone, Debug)]
pub struct PodUse {
    pub pod: ObjectKey,
    pub containers: Vec<ContainerUse>,
    /// Received and sent.
    pub network: [Moved; 2],
}

/// One container's use: amounts at the end of the stretch, rates over it.
#[derive(Clone, Debug)]
pub struct ContainerUse {
    pub name: String,
    pub cores: f64,
    /// Share of the scheduling periods in which it was held back.
    pub throttled: f64,
    /// Bytes.
    pub memory: f64,
    pub working_set: f64,
    pub rss: f64,
    pub cache: f64,
    pub threads: f64,
    /// Bytes a second.
    pub reads: f64,
    pub writes: f64,
}

/// What passed in one direction, a second.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moved {
    pub bytes: f64,
    pub packets: f64,
    pub dropped: f64,
    pub errors: f64,
}

/// The pods of a cluster as they are now, whose use can be told for any time.
#[derive(Clone, Debug)]
pub struct Uses(Vec<PodLoad>);

impl Simulation {
    /// The pods of nodes that are heard of.
    pub fn uses(&self) -> Uses {
        let plan = self.inner.load();
        let is_heard = |name: &str| {
            let is_dead = |store: &Store| store.get(&NODES, "", name).is_some_and(|node| is_dead(node));
            !self.with_store(is_dead)
        };
        let nodes = self.inner.on_nodes().into_iter();
        let heard = nodes.filter(|(name, _)| is_heard(name));
        Uses(heard.flat_map(|(_, place)| place.loads(&plan)).collect())
    }
}

impl Uses {
    /// What they used between two times.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = PodUse> + '_ {
        let [from, to] = [from, to].map(|at| at.timestamp_millis() as f64 / 1000.0);
        self.0.iter().map(move |load| of_pod(load, from, to))
    }

    /// Only some of them.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(&str, &str) -> bool) -> Self {
        let some = self.0.iter().filter(|load| wanted(&load.namespace, &load.name));
        Self(some.cloned().collect())
    }
}

fn of_pod(load: &PodLoad, from: Seconds, to: Seconds) -> PodUse {
    let lasts = to - from;
    let mut network = [Network::default(); 2];
    let mut containers = Vec::new();
    for container in &load.containers {
        let Some(began) = container.running.filter(|began| *began <= from) else {
            continue;
        };
        let [before, after] = [from, to].map(|at| container.usage.sample(began, began, at));
        for (sum, sample) in network.iter_mut().zip([&before, &after]) {
            sum.received += sample.network.received;
            sum.sent += sample.network.sent;
        }
        let rate = |counter: fn(&Sample) -> f64| (counter(&after) - counter(&before)) / lasts;
        containers.push(ContainerUse {
            name: container.name.clone(),
            cores: rate(|sample| sample.cpu),
            throttled: rate(|sample| sample.throttled_periods) / rate(|sample| sample.periods),
            memory: after.memory,
            working_set: after.memory - after.inactive_file,
            rss: after.rss,
            cache: after.cache,
            threads: after.threads,
            reads: rate(|sample| sample.reads),
            writes: rate(|sample| sample.writes),
        });
    }
    let [before, after] = network;
    let moved = [(before.received, after.received), (before.sent, after.sent)].map(|(before, after)| Moved {
        bytes: (after.bytes - before.bytes) / lasts,
        packets: (after.packets - before.packets) / lasts,
        dropped: (after.dropped - before.dropped) / lasts,
        errors: (after.errors - before.errors) / lasts,
    });
    PodUse {
        pod: ObjectKey::new(load.namespace.as_str(), load.name.as_str()),
        containers,
        network: moved,
    }
}
