//! Measures a cluster: finds the best source of figures that works, asks it within a budget, reports
//! what it says. Nothing here delays the watching.

mod cadvisor;
mod choice;
mod metrics_api;
mod prometheus;
mod purse;
mod rotation;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::clock;
use super::door::JSON;
use super::error::ClusterError;
use super::hub::Hub;
use crate::domain::{Clean, ClusterId};
use crate::metrics::source::{Choice, Report, Source, Supply, Wanted};
use crate::metrics::{Measured, Millis};

pub use purse::Budget;

use purse::Purse;

/// How long to wait before sources are looked for again where none works.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// Between two looks for a better source than the one in use: one that was down may be back.
const LOOK_FOR_BETTER: Duration = Duration::from_mins(5);
/// How long to wait for the first nodes to be known.
const FIRST_NODES: Duration = Duration::from_secs(10);

/// How a cluster is measured: from the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measuring {
    pub choice: Choice,
    /// Address of Prometheus, such as `http://prometheus.corp:9090`; found as a Service without.
    pub prometheus: Option<String>,
    pub budget: Budget,
}

pub(crate) type Reports = mpsc::Sender<(ClusterId, Report)>;

/// What the sources share.
struct Bench {
    hub: Arc<Hub>,
    settings: Measuring,
    wanted: watch::Receiver<Wanted>,
    reports: Reports,
    purse: Purse,
}

/// Measures until cancelled.
pub(crate) async fn run(
    hub: Arc<Hub>,
    settings: Measuring,
    wanted: watch::Receiver<Wanted>,
    reports: Reports,
    cancel: CancellationToken,
) {
    let bench = Bench::new(hub, settings, wanted, reports);
    let _ = cancel.run_until_cancelled(bench.measure()).await;
}

/// Nodes that are looked at to try the node proxy.
const SOME_NODES: &str = "/api/v1/nodes?limit=100";

/// Tries every source once; `namespaces` are those that may be seen, empty: all.
pub(crate) async fn survey(hub: Arc<Hub>, settings: Measuring, namespaces: Vec<Clean>) -> Supply {
    let (want, wanted) = watch::channel(Wanted {
        namespaces: namespaces.into(),
        ..Wanted::default()
    });
    let (reports, _) = mpsc::channel(1);
    let bench = Bench::new(hub, settings, wanted, reports);
    let nodes = some_nodes(&bench).await;
    want.send_modify(|wanted| wanted.nodes = nodes);
    choice::choose(&bench, true, None).await.0
}

/// Some nodes that are ready; none where they may not be listed.
async fn some_nodes(bench: &Bench) -> Arc<[Clean]> {
    let list: Value = match bench.read(SOME_NODES).await {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
        Err(_) => Value::Null,
    };
    let is_ready = |node: &&Value| {
        let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
        let mut conditions = conditions.into_iter().flatten();
        let says = |condition: &Value, field: &str, word: &str| condition.get(field).is_some_and(|said| said == word);
        conditions.any(|condition| says(condition, "type", "Ready") && says(condition, "status", "True"))
    };
    let nodes = list.get("items").and_then(Value::as_array).into_iter().flatten();
    let names = nodes
        .filter(is_ready)
        .filter_map(|node| node.pointer("/metadata/name")?.as_str());
    names.map(Clean::new).collect()
}

impl Bench {
    fn new(hub: Arc<Hub>, settings: Measuring, wanted: watch::Receiver<Wanted>, reports: Reports) -> Self {
        let purse = Purse::new(settings.budget, Instant::now());
        Self {
            hub,
            settings,
            wanted,
            reports,
            purse,
        }
    }

    /// The namespaces that may be seen, or none where all may.
    fn namespaces(&self) -> Arc<[Clean]> {
        Arc::clone(&self.wanted.borrow().namespaces)
    }

    /// Reads JSON of the API server when the budget allows it.
    async fn read(&self, path: &str) -> Result<Bytes, ClusterError> {
        let mut ticket = self.purse.pay(0).await;
        let (bytes, _) = self.hub.door.read(path, JSON).await?;
        ticket.spend(bytes.len());
        Ok(bytes)
    }

    async fn measure(mut self) {
        if self.settings.choice == Choice::Off {
            return;
        }
        let mut resumes = self.hub.resumes.subscribe();
        self.first_nodes().await;
        let mut failed = None;
        loop {
            let (mut supply, way) = choice::choose(&self, false, failed.take()).await;
            self.supply(&supply).await;
            let current = supply.current;
            let run = async {
                match way {
                    Some(choice::Way::Cadvisor) => {
                        let failure = cadvisor::run(&self, &mut supply).await;
                        failed = failure.map(|failure| (Source::Cadvisor, failure));
                    }
                    Some(choice::Way::MetricsApi) => metrics_api::run(&self, &mut supply).await,
                    Some(choice::Way::Prometheus(place)) => prometheus::run(&self, &place, &mut supply).await,
                    None => {
                        let others = self.other_namespaces();
                        let sooner = async {
                            tokio::select! {
                                _ = resumes.changed() => {}
                                () = others => {}
                            }
                        };
                        drop(tokio::time::timeout(LOOK_AGAIN, sooner).await);
                    }
                }
            };
            tokio::select! {
                () = run => {}
                () = self.better(current) => {}
            }
        }
    }

    /// Waits until other namespaces may be seen than now: sources may answer there.
    async fn other_namespaces(&self) {
        let mut wanted = self.wanted.clone();
        let known = Arc::clone(&wanted.borrow_and_update().namespaces);
        if wanted.wait_for(|wanted| wanted.namespaces != known).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until a source answers that is better than the one in use.
    async fn better(&self, current: Option<Source>) {
        let Some(current) = current else {
            return std::future::pending().await;
        };
        loop {
            tokio::time::sleep(LOOK_FOR_BETTER).await;
            for source in Source::ALL.into_iter().filter(|source| *source < current) {
                if self.settings.choice == Choice::Auto && choice::works(self, source).await {
                    return;
                }
            }
        }
    }

    /// The node proxy needs a node to be tried on; a cluster without any is looked at all the same.
    async fn first_nodes(&mut self) {
        let known = self.wanted.wait_for(|wanted| !wanted.nodes.is_empty());
        let _ = tokio::time::timeout(FIRST_NODES, known).await;
    }

    async fn supply(&self, supply: &Supply) {
        self.report(Report::Supply(supply.clone())).await;
    }

    async fn measured(&self, items: Vec<Measured>) {
        if !items.is_empty() {
            self.report(Report::Measured { at: now(), items }).await;
        }
    }

    async fn report(&self, report: Report) {
        drop(self.reports.send((self.hub.id.clone(), report)).await);
    }
}

/// This program's clock.
fn now() -> Millis {
    clock::now().timestamp_millis()
}
