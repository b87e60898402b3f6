//! The demo fleet: a company's three clusters at the start of its evening peak, made at one go in steady state.
//!
//! [`demo`] gives the clusters with their controllers and the story that goes on in them ([`super::scenario`]);
//! [`sized`] gives one plain cluster of any size, for measuring. The same seed and moment give the same fleet.
//!
//! Reading order: `names` (teams and apps), `machines`, `apps` (what an app is), `place` (which machine), `pods`,
//! `build` (all of it into a store), `extras` (quotas, budgets, autoscalers, jobs, events).

use self::build::{Builder, death};
use self::machines::machines;
use super::controllers::Controllers;
use super::controllers::node::{DEAD, lose};
use super::controllers::object::text;
use super::scenario::Scenario;
use super::store::Store;
use crate::domain::Timestamp;

mod apps;
mod build;
mod extras;
mod machines;
mod names;
mod place;
mod plan;
mod pods;

/// One cluster of the demo, ready to be served.
#[derive(Debug)]
pub struct Cluster {
    /// The name of its context.
    pub name: &'static str,
    pub store: Store,
    pub controllers: Controllers,
    pub scenario: Scenario,
}

impl Cluster {
    /// Lets controllers and story act; when to call again at the latest.
    pub fn step(&mut self, now: Timestamp) -> Option<Timestamp> {
        act(&mut self.controllers, &mut self.scenario, &mut self.store, now)
    }
}

/// Lets the story act and the controllers react to it.
pub fn act(
    controllers: &mut Controllers,
    scenario: &mut Scenario,
    store: &mut Store,
    now: Timestamp,
) -> Option<Timestamp> {
    let story = scenario.step(store, now);
    let due = controllers.step(store, now);
    story.into_iter().chain(due).min()
}

/// The clusters of `--demo` at the moment they begin.
pub fn demo(seed: u64, now: Timestamp) -> Vec<Cluster> {
    let plan = plan::demo(seed);
    plan.into_iter()
        .enumerate()
        .map(|(number, plan)| {
            let seed = seed.wrapping_mul(31).wrapping_add(number as u64);
            let store = fill(&plan, seed, now);
            Cluster {
                name: plan.name,
                store,
                controllers: Controllers::new(seed),
                scenario: Scenario::new(plan.name, seed, now),
            }
        })
        .collect()
}

/// One healthy cluster of so many nodes, apps and instances; the numbers are met as far as the nodes have room.
pub fn sized(seed: u64, now: Timestamp, nodes: usize, apps: usize, pods: usize) -> Store {
    fill(&plan::sized(seed, nodes, apps, pods), seed, now)
}

fn fill(plan: &plan::Plan, seed: u64, now: Timestamp) -> Store {
    let mut builder = Builder::new(seed, now);
    extras::namespaces(&mut builder);
    for (site, groups) in &plan.sites {
        let registered = builder.hours_ago(24 * 30);
        let nodes = machines(site, groups, &mut builder.random, registered);
        for node in nodes {
            let group = text(&node, &["metadata", "labels", "pilothouse.dev/group"]);
            let reserved = groups.iter().any(|special| special.name == group);
            let dead = plan.dead == Some(text(&node, &["metadata", "name"]));
            let node = if dead { buried(node, now) } else { node };
            if dead {
                builder.dead = Some((builder.floor.spots.len(), 0));
            }
            builder.node(node, reserved);
        }
    }
    plan::people(&mut builder, plan);
    builder.store
}

/// A node that lost power some minutes ago.
fn buried(mut node: serde_json::Value, now: Timestamp) -> serde_json::Value {
    super::controllers::object::set(&mut node, &["metadata", "annotations", DEAD], "true");
    lose(&mut node, death(now).given_up);
    node
}

#[cfg(test)]
mod tests;
