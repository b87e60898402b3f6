//! The demo fleet: a company's three clusters at the start of its evening peak, made at one go in steady state.
//!
//! [`demo`] gives the clusters with their controllers and the story that goes on in them ([`super::scenario`]);
//! [`sized`] gives one plain cluster of any size, for measuring. The same seed and moment give the same fleet.
//!
//! Reading order: `names` (teams and apps), `machines`, `apps` (what an app is), `place` (which machine), `pods`,
//! `build` (all of it into a store), `builds`, `beside` (what goes with releases), `extras` (quotas, budgets, autoscalers,
//! jobs, events), `measures` (load, and where figures come from).

use std::time::Duration;

use self::build::{Builder, death};
use self::machines::machines;
use super::controllers::Controllers;
use super::controllers::node::{DEAD, lose};
use super::controllers::object::text;
use super::fault::Fault;
use super::load;
use super::scenario::{Scenario, outage};
use super::store::Store;
use super::{Identity, Simulation};
use crate::domain::Timestamp;

mod apps;
pub(super) mod beside;
mod build;
mod builds;
mod extras;
mod machines;
mod measures;
mod names;
mod past;
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
    /// What its containers use and print.
    load: load::Plan,
    /// Who its user is.
    user: Identity,
}

impl Cluster {
    /// Serves the cluster in real time; its link drops and comes back as the story says.
    ///
    /// Runs within a tokio runtime.
    pub fn start(self) -> (&'static str, Simulation) {
        let name = self.name;
        let simulation = self.serve(Simulation::new);
        if let Some((after, lasts)) = outage(name) {
            tokio::spawn(cut(simulation.clone(), after, lasts));
        }
        (name, simulation)
    }

    /// Serves the cluster with a clock that stands still but for [`Simulation::advance`]: for fixed scenes.
    pub fn start_still(self, now: Timestamp) -> (&'static str, Simulation) {
        let name = self.name;
        (name, self.serve(|store| Simulation::manual(store, now)))
    }

    fn serve(self, make: impl FnOnce(Store) -> Simulation) -> Simulation {
        let Self {
            store,
            mut controllers,
            mut scenario,
            load,
            user,
            ..
        } = self;
        let simulation = make(store);
        simulation.set_load(load);
        simulation.set_identity(user);
        simulation.with_controller(Box::new(move |store, now| {
            act(&mut controllers, &mut scenario, store, now)
        }))
    }

    /// Lets controllers and story act; when to call again at the latest.
    pub fn step(&mut self, now: Timestamp) -> Option<Timestamp> {
        act(&mut self.controllers, &mut self.scenario, &mut self.store, now)
    }
}

/// Lets the story act and the controllers react to it.
fn act(controllers: &mut Controllers, scenario: &mut Scenario, store: &mut Store, now: Timestamp) -> Option<Timestamp> {
    let next_scene = scenario.step(store, now);
    let due = controllers.step(store, now);
    next_scene.into_iter().chain(due).min()
}

/// Silences a cluster for a while.
async fn cut(simulation: Simulation, after: Duration, lasts: Duration) {
    tokio::time::sleep(after).await;
    let fault = simulation.faults().add(Fault::BlackHole);
    tokio::time::sleep(lasts).await;
    simulation.faults().remove(fault);
}

/// The clusters of `--demo` at the moment they begin.
pub fn demo(seed: u64, now: Timestamp) -> Vec<Cluster> {
    let plans = plan::demo(seed);
    // Each on a thread of its own: a person waits for the slowest, not for all of them one after the other.
    std::thread::scope(|threads| {
        let making: Vec<_> = plans
            .iter()
            .enumerate()
            .map(|(number, plan)| threads.spawn(move || make(plan, seed, number, now)))
            .collect();
        making
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// One of the clusters of [`demo`].
pub fn one(seed: u64, now: Timestamp, name: &str) -> Option<Cluster> {
    let plans = plan::demo(seed);
    let (number, plan) = plans.iter().enumerate().find(|(_, plan)| plan.name == name)?;
    Some(make(plan, seed, number, now))
}

fn make(plan: &plan::Plan, seed: u64, number: usize, now: Timestamp) -> Cluster {
    let seed = seed.wrapping_mul(31).wrapping_add(number as u64);
    Cluster {
        name: plan.name,
        store: fill(plan, seed, now),
        controllers: Controllers::new(seed),
        scenario: Scenario::new(plan.name, seed, now),
        load: measures::load(plan, seed, now),
        user: measures::user(plan.measured),
    }
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
    measures::sources(&mut builder, plan.measured);
    if plan.name != "sized" {
        beside::put(&mut builder);
    }
    if plan.name == builds::CLUSTER {
        for built in &builds::BUILDS {
            builds::build(&mut builder, built);
        }
    }
    // Nobody saw the cluster being made.
    let made = builder.store.revision();
    builder.store.compact(made);
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
