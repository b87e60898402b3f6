//! The demo at work: its clusters with their controllers, their story and the link that drops.

use std::time::Duration;

use super::fault::Fault;
use super::store::Timestamp;
use super::{Simulation, fleet, scenario};

/// The clusters of the demo, by the name of their context, living in real time from `now` on.
pub fn clusters(seed: u64, now: Timestamp) -> Vec<(&'static str, Simulation)> {
    fleet::demo(seed, now)
        .into_iter()
        .map(|cluster| {
            let fleet::Cluster {
                name,
                store,
                mut controllers,
                mut scenario,
            } = cluster;
            let act = move |store: &mut _, now| fleet::act(&mut controllers, &mut scenario, store, now);
            (name, Simulation::new(store).with_controller(Box::new(act)))
        })
        .collect()
}

/// Cuts the link of the cluster that the story cuts, when its time has come. Ends when that is over.
pub async fn play(name: &str, simulation: Simulation) {
    let Some((after, lasts)) = scenario::outage(name) else {
        return;
    };
    tokio::time::sleep(after).await;
    let cut = simulation.faults().add(Fault::Refuse);
    tokio::time::sleep(lasts.max(Duration::from_secs(1))).await;
    simulation.faults().remove(cut);
}
