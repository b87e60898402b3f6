//! What goes wrong between us and a cluster, one named test a row of the fault table.

mod access;
mod answers;
mod audit;
mod fleet;
mod history;
mod kinds;
mod link;
mod login;
mod objects;
mod route;
mod simulated;

use std::time::Duration;

const PODS: &str = "/api/v1/pods";

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}
