//! Chooses where a cluster's figures come from: the best source that works, and why the others do not.

use std::collections::BTreeSet;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::Value;

use super::prometheus::{Found, Place};
use super::{Bench, cadvisor, metrics_api, prometheus};
use crate::cluster::error::ClusterError;
use crate::cluster::{kinds, questions};
use crate::domain::access::Right;
use crate::domain::{Clean, Verb};
use crate::metrics::source::{Attempt, Choice, Outcome, Source, Supply};

/// Nodes that are tried before the node proxy is given up.
const NODES_TRIED: usize = 6;
/// Names of the Service that charts and operators give Prometheus, most usual first.
const SERVICE_NAMES: [&str; 5] = [
    "prometheus-operated",
    "prometheus-k8s",
    "prometheus-server",
    "prometheus",
    "kube-prometheus-stack-prometheus",
];
/// The port Prometheus listens on unless told otherwise.
const PROMETHEUS_PORT: u64 = 9090;

/// What works, with what its task needs.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Prometheus(Found),
    Cadvisor,
    MetricsApi,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found")
            .field("place", &self.place)
            .field("window_s", &self.window_s)
            .finish()
    }
}

/// Tries the sources, best first, until one works; with `all` every one of them. `failed` is one that was just tried.
pub(super) async fn choose(bench: &Bench, all: bool, mut failed: Option<(Source, Failure)>) -> (Supply, Option<Way>) {
    let mut supply = Supply::default();
    let mut way = None;
    for source in Source::ALL {
        let is_wanted = match bench.settings.choice {
            Choice::Auto => true,
            Choice::Only(only) => only == source,
            Choice::Off => false,
        };
        let outcome = if !all && (way.is_some() || !is_wanted) {
            Outcome::NotTried
        } else {
            let known = failed.take_if(|(of, _)| *of == source);
            let tried = match known {
                Some((_, failure)) => Err(failure),
                None => try_source(bench, source).await,
            };
            match tried {
                Ok((found, place)) => {
                    if way.is_none() && is_wanted {
                        supply.current = Some(source);
                        way = Some(found);
                    }
                    Outcome::Works(place)
                }
                Err((reason, hint)) => Outcome::Fails { reason, hint },
            }
        };
        supply.attempts.push(Attempt { source, outcome });
    }
    (supply, way)
}

/// Whether a source answers.
pub(super) async fn works(bench: &Bench, source: Source) -> bool {
    try_source(bench, source).await.is_ok()
}

/// Tries one source.
///
/// # Errors
/// Why it does not work.
pub(super) async fn try_source(bench: &Bench, source: Source) -> Tried {
    match source {
        Source::Prometheus => try_prometheus(bench).await,
        Source::Cadvisor => try_cadvisor(bench).await,
        Source::MetricsApi => try_metrics_api(bench).await,
    }
}

/// Why a source does not work, and what to do about it.
pub(super) type Failure = (Clean, Clean);

type Tried = Result<(Way, Clean), Failure>;

fn fails(reason: impl Into<Clean>, hint: &str) -> Failure {
    (reason.into(), hint.into())
}

async fn try_prometheus(bench: &Bench) -> Tried {
    const HINT: &str = "set `prometheus` in the cluster's section of the configuration";
    if let Some(address) = &bench.settings.prometheus {
        let place = Place::outside(address).map_err(|reason| (reason, HINT.into()))?;
        let found = prometheus::probe(bench, place).await;
        let found = found.map_err(|reason| fails(reason, "look whether it runs and scrapes the kubelets"))?;
        return Ok((Way::Prometheus(found), Clean::new(address)));
    }
    let services = find_services(bench).await.map_err(|(place, error)| match error {
        ClusterError::Forbidden { .. } => {
            let missing = format!("it cannot be looked for: no right to list services{}", within(&place));
            fails(missing, HINT)
        }
        other => fails(other.to_string(), HINT),
    })?;
    let mut last = fails("no Service of Prometheus found", HINT);
    for (path, name) in services {
        match prometheus::probe(bench, Place::Proxy(path)).await {
            Ok(found) => return Ok((Way::Prometheus(found), name)),
            Err(reason) => last = fails(format!("Service {name}: {reason}"), HINT),
        }
    }
    Err(last)
}

/// ` in gift`; nothing for all namespaces.
pub(super) fn within(namespace: &str) -> String {
    if namespace.is_empty() {
        String::new()
    } else {
        format!(" in {namespace}")
    }
}

/// Services that look like Prometheus, with the path of their proxy, most likely first: of the whole cluster, or
/// where that may not be looked at of the namespaces that may be seen. It fails, with the place, where none may.
async fn find_services(bench: &Bench) -> Result<Vec<(String, Clean)>, (Clean, ClusterError)> {
    let everywhere = services(bench, "").await;
    let namespaces = bench.namespaces();
    let places = match everywhere {
        Err(ClusterError::Forbidden { .. }) if !namespaces.is_empty() => &namespaces,
        Ok(some) => return Ok(likeliest_first(some)),
        Err(error) => return Err((Clean::default(), error)),
    };
    let mut found: Vec<(usize, String, Clean)> = Vec::new();
    let mut failure = None;
    let mut is_answered = false;
    for place in places.iter() {
        match services(bench, place).await {
            Ok(some) => {
                is_answered = true;
                found.extend(some);
            }
            Err(error) => failure = failure.or(Some((place.clone(), error))),
        }
    }
    if let Some(failure) = failure.filter(|_| !is_answered) {
        return Err(failure);
    }
    Ok(likeliest_first(found))
}

fn likeliest_first(mut found: Vec<(usize, String, Clean)>) -> Vec<(String, Clean)> {
    found.sort();
    found.into_iter().map(|(_, path, name)| (path, name)).collect()
}

/// The Services of a namespace, or of all, that look like Prometheus.
async fn services(bench: &Bench, namespace: &str) -> Result<Vec<(usize, String, Clean)>, ClusterError> {
    let path = match namespace {
        "" => "/api/v1/services?limit=5000".to_owned(),
        one => format!("/api/v1/namespaces/{}/services?limit=5000", kinds::escape(one)),
    };
    let bytes = bench.read(&path).await?;
    let list: Value = serde_json::from_slice(&bytes).map_err(|_| ClusterError::Unreadable)?;
    let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
    Ok(items.filter_map(service).collect())
}

/// How likely a Service is Prometheus' (less is more), its proxy's path and its name.
fn service(service: &Value) -> Option<(usize, String, Clean)> {
    let text = |path: &str| service.pointer(path).and_then(Value::as_str);
    let (namespace, name) = (text("/metadata/namespace")?, text("/metadata/name")?);
    let label = text("/metadata/labels/app.kubernetes.io~1name");
    let rank = SERVICE_NAMES.iter().position(|known| *known == name);
    let rank = rank.or_else(|| (label == Some("prometheus")).then_some(SERVICE_NAMES.len()))?;
    let ports = service.pointer("/spec/ports")?.as_array()?;
    let ports = ports.iter().filter_map(|port| {
        let called = port.get("name").and_then(Value::as_str).unwrap_or_default();
        Some((called, port.get("port")?.as_u64()?))
    });
    let is_usual =
        |(called, port): &(&str, u64)| matches!(*called, "web" | "http-web" | "http") || *port == PROMETHEUS_PORT;
    let (called, port) = ports.clone().find(is_usual).or_else(|| ports.clone().next())?;
    let scheme = if called == "https" || port == 443 { "https:" } else { "" };
    let path = format!("/api/v1/namespaces/{namespace}/services/{scheme}{name}:{port}/proxy");
    Some((rank, path, format!("{namespace}/{name}").into()))
}

async fn try_cadvisor(bench: &Bench) -> Tried {
    const HINT: &str = "it needs the right to get nodes/proxy, which also lets one run commands in containers";
    let right = Right {
        verb: Verb::Get,
        group: Clean::default(),
        resource: "nodes/proxy".into(),
        namespace: Clean::default(),
    };
    let may = {
        let _ticket = bench.purse.pay(0).await;
        questions::may(&bench.hub.door, &right).await
    };
    if matches!(may, Ok(false)) {
        return Err(fails("no right to get nodes/proxy", HINT));
    }
    let wanted = bench.wanted.borrow().clone();
    let first = wanted.shown.iter().take(NODES_TRIED);
    // From all over the cluster: a machine room that is off must not speak for all.
    let step = (wanted.nodes.len() / NODES_TRIED).max(1);
    let spread = wanted.nodes.iter().step_by(step).take(NODES_TRIED);
    let mut last = fails(
        "no node is known to ask",
        "it needs nodes, or instances that say where they run",
    );
    let tried: BTreeSet<&Clean> = first.chain(spread).collect();
    // As many at once as may be: nodes that are off answer only after a while.
    let mut asked: FuturesUnordered<_> = tried.into_iter().map(|node| cadvisor::try_node(bench, node)).collect();
    while let Some(answer) = asked.next().await {
        match answer.outcome {
            Ok(_) => return Ok((Way::Cadvisor, "nodes/proxy".into())),
            Err(ClusterError::Forbidden { .. }) => return Err(fails("no right to get nodes/proxy", HINT)),
            Err(error) => {
                last = fails(
                    format!("node {}: {}", answer.node, cadvisor::reason(&error)),
                    "look whether the API server reaches the kubelets",
                );
            }
        }
    }
    Err(last)
}

async fn try_metrics_api(bench: &Bench) -> Tried {
    let probed = metrics_api::probe(bench).await;
    probed.map_err(|(place, error)| match error {
        ClusterError::NotFound { .. } => fails("metrics.k8s.io is not installed", "install metrics-server"),
        ClusterError::Forbidden { .. } => fails(
            metrics_api::no_right(&place),
            "ask for the right to list pods.metrics.k8s.io",
        ),
        ClusterError::Server { code: 503, .. } => fails(
            "metrics.k8s.io does not answer (503)",
            "look whether metrics-server is running",
        ),
        other => fails(other.to_string(), other.hint()),
    })?;
    Ok((Way::MetricsApi, Clean::default()))
}
