//! Figures from `metrics.k8s.io`: CPU and working set of every container and node.

use std::time::Duration;

use bytes::Bytes;

use super::Bench;
use crate::cluster::door::JSON;
use crate::cluster::error::ClusterError;
use crate::cluster::hub::Hub;
use crate::cluster::kinds;
use crate::metrics::Measured;
use crate::metrics::metrics_api::{List, read};
use crate::metrics::source::Supply;

/// What metrics-server measures every 15 s.
const PERIOD: Duration = Duration::from_secs(15);
/// A page of pods; the API may ignore it and give all.
const PAGE: usize = 1_000;
/// How long it may take to answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// After so many failures in a row other sources are looked at again.
const HOPELESS: u32 = 4;

/// Asks until it no longer answers.
pub(super) async fn run(bench: &Bench, supply: &mut Supply) {
    let mut in_a_row = 0;
    while in_a_row < HOPELESS {
        let asked = tokio::time::Instant::now();
        match all(&bench.hub).await {
            Ok(items) => {
                in_a_row = 0;
                bench.measured(items).await;
            }
            Err(error) => {
                in_a_row += 1;
                supply.failing = 1;
                supply.failure = Some(error.to_string().into());
                bench.supply(supply).await;
            }
        }
        if in_a_row == 0 && supply.failing > 0 {
            supply.failing = 0;
            supply.failure = None;
            bench.supply(supply).await;
        }
        tokio::time::sleep_until(asked + PERIOD).await;
    }
}

/// The figures of all nodes and pods. A user who may not see the nodes' still gets the pods'.
async fn all(hub: &Hub) -> Result<Vec<Measured>, ClusterError> {
    let mut items = pages(hub, "pods").await?;
    match pages(hub, "nodes").await {
        Ok(nodes) => items.extend(nodes),
        Err(ClusterError::Forbidden { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(items)
}

async fn pages(hub: &Hub, resource: &str) -> Result<Vec<Measured>, ClusterError> {
    let mut items = Vec::new();
    let mut token = String::new();
    loop {
        let go_on = if token.is_empty() {
            String::new()
        } else {
            format!("&continue={}", kinds::escape(&token))
        };
        let path = format!("/apis/metrics.k8s.io/v1beta1/{resource}?limit={PAGE}{go_on}");
        let bytes = fetch(hub, &path).await?;
        let list = legible(&bytes)?;
        items.extend(list.measured);
        if list.more.is_empty() {
            return Ok(items);
        }
        token = list.more;
    }
}

async fn fetch(hub: &Hub, path: &str) -> Result<Bytes, ClusterError> {
    let late = |_| ClusterError::transport(&format!("no answer within {} s", TIMEOUT.as_secs()));
    let asked = tokio::time::timeout(TIMEOUT, hub.door.read(path, JSON));
    Ok(asked.await.map_err(late)??.0)
}

/// Whether it answers.
///
/// # Errors
/// It is not there, does not answer or refuses.
pub(super) async fn probe(hub: &Hub) -> Result<(), ClusterError> {
    let bytes = fetch(hub, "/apis/metrics.k8s.io/v1beta1/pods?limit=1").await?;
    legible(&bytes).map(drop)
}

/// A list whose items say something: amounts that are all no numbers are as good as no answer.
fn legible(bytes: &[u8]) -> Result<List, ClusterError> {
    let list = read(bytes).ok().filter(List::is_legible);
    list.ok_or(ClusterError::Unreadable)
}
