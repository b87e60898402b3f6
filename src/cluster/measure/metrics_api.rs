//! Figures from `metrics.k8s.io`: CPU and working set of every container and node.

use std::sync::Arc;
use std::time::Duration;

use super::{Bench, choice};
use crate::cluster::door::JSON;
use crate::cluster::error::ClusterError;
use crate::cluster::kinds;
use crate::domain::Clean;
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

/// Pages of one list; 150,000 pods are 150.
const MOST_PAGES: usize = 1_000;

/// Asks until it no longer answers.
pub(super) async fn run(bench: &Bench, supply: &mut Supply) {
    let mut in_a_row = 0;
    while in_a_row < HOPELESS {
        let asked = tokio::time::Instant::now();
        let Round { items, failures } = round(bench).await;
        in_a_row = if items.is_empty() && !failures.is_empty() {
            in_a_row + 1
        } else {
            0
        };
        bench.measured(items).await;
        let failure = failures.first().cloned();
        if (supply.failing, &supply.failure) != (failures.len(), &failure) {
            (supply.failing, supply.failure) = (failures.len(), failure);
            bench.supply(supply).await;
        }
        tokio::time::sleep_until(asked + PERIOD).await;
    }
}

/// What one round brought, and what failed of it, in words.
#[derive(Default)]
struct Round {
    items: Vec<Measured>,
    failures: Vec<Clean>,
}

/// The figures of all nodes and pods, or of the pods of the namespaces that may be seen. A user who may not see
/// the nodes' still gets the pods'; a namespace that is refused costs no other.
async fn round(bench: &Bench) -> Round {
    let mut round = Round::default();
    for place in places(bench).iter() {
        match pages(bench, "pods", place).await {
            Ok(items) => round.items.extend(items),
            Err(ClusterError::Forbidden { .. }) => round.failures.push(no_right(place)),
            Err(error) => round.failures.push(error.to_string().into()),
        }
    }
    match pages(bench, "nodes", "").await {
        Ok(nodes) => round.items.extend(nodes),
        Err(ClusterError::Forbidden { .. }) => {}
        Err(error) => round.failures.push(error.to_string().into()),
    }
    round
}

/// Where pods are asked for: one by one where only some namespaces may be seen, else all at once.
fn places(bench: &Bench) -> Arc<[Clean]> {
    let namespaces = bench.namespaces();
    if namespaces.is_empty() {
        [Clean::default()].into()
    } else {
        namespaces
    }
}

/// The right that is missing, in words.
pub(super) fn no_right(namespace: &str) -> Clean {
    format!("no right to list pods.metrics.k8s.io{}", choice::within(namespace)).into()
}

fn path(resource: &str, namespace: &str, rest: &str) -> String {
    let place = match namespace {
        "" => String::new(),
        one => format!("namespaces/{}/", kinds::escape(one)),
    };
    format!("/apis/metrics.k8s.io/v1beta1/{place}{resource}?{rest}")
}

/// A list page by page. Whoever gives the same page for the next, or one more for ever, gives no list.
async fn pages(bench: &Bench, resource: &str, namespace: &str) -> Result<Vec<Measured>, ClusterError> {
    let mut items = Vec::new();
    let mut token = String::new();
    for _ in 0..MOST_PAGES {
        let go_on = if token.is_empty() {
            String::new()
        } else {
            format!("&continue={}", kinds::escape(&token))
        };
        let list = fetch(bench, &path(resource, namespace, &format!("limit={PAGE}{go_on}"))).await?;
        items.extend(list.measured);
        if list.more.is_empty() {
            return Ok(items);
        }
        if list.more == token {
            return Err(ClusterError::transport("the list goes on with the same page for ever"));
        }
        token = list.more;
    }
    Err(ClusterError::transport("the list has no end"))
}

/// A list whose items say something: amounts that are all no numbers are as good as no answer.
async fn fetch(bench: &Bench, path: &str) -> Result<List, ClusterError> {
    let mut ticket = bench.purse.pay(0).await;
    let late = |_| ClusterError::transport(&format!("no answer within {} s", TIMEOUT.as_secs()));
    let asked = tokio::time::timeout(TIMEOUT, bench.hub.door.read(path, JSON));
    let (bytes, _) = asked.await.map_err(late)??;
    ticket.spend(bytes.len());
    let list = read(&bytes).ok().filter(List::is_legible);
    list.ok_or(ClusterError::Unreadable)
}

/// Whether it answers: for the whole cluster, or in one of the namespaces that may be seen.
///
/// # Errors
/// It is not there, does not answer or refuses; with the namespace in which that was seen.
pub(super) async fn probe(bench: &Bench) -> Result<(), (Clean, ClusterError)> {
    let mut failure = None;
    for place in places(bench).iter() {
        match fetch(bench, &path("pods", place, "limit=1")).await {
            Ok(_) => return Ok(()),
            Err(error) => failure = failure.or(Some((place.clone(), error))),
        }
    }
    failure.map_or(Ok(()), Err)
}
