//! `metrics.k8s.io/v1beta1`: what metrics-server says of nodes and pods. It is there where its Service is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::cluster::Inner;
use super::super::controllers::node::is_dead;
use super::super::controllers::object::{at, moment, text};
use super::super::fault::{Fault, MetricsFault};
use super::super::load::{PodLoad, Seconds};
use super::super::resource::{NODES, PLAIN, PODS, Resource, SERVICES};
use super::super::selector::LabelSelector;
use super::super::status::Status;
use super::super::store::{Store, Stored, Timestamp, format_time};
use super::Answer;
use super::request::{Request, Verb};

/// How often metrics-server measures, and over how long.
const RESOLUTION: i64 = 15;

/// The group it serves.
pub(super) const GROUP: &str = "metrics.k8s.io";
const VERSION: (&str, &str) = (GROUP, "v1beta1");

static NODE_METRICS: Resource = Resource::built_in(VERSION, ["nodes", "", "", "NodeMetrics"], false, PLAIN);
static POD_METRICS: Resource = Resource::built_in(VERSION, ["pods", "", "", "PodMetrics"], true, PLAIN);

/// The resources that are asked of metrics-server, where it is installed.
pub(super) fn served(store: &Store) -> &'static [&'static Resource] {
    static BOTH: [&Resource; 2] = [&NODE_METRICS, &POD_METRICS];
    if store.get(&SERVICES, "kube-system", "metrics-server").is_some() {
        &BOTH
    } else {
        &[]
    }
}

/// Answers a request for one of them.
pub(super) fn answer(cluster: &Inner, request: &Request) -> Result<Answer, Status> {
    let fault = cluster.faults.take(|fault| match fault {
        Fault::Metrics(how) => Some(*how),
        _ => None,
    });
    if fault == Some(MetricsFault::Unavailable) {
        return Err(Status::new(503, "ServiceUnavailable", "service unavailable"));
    }
    let is_pods = request.resource.same(&POD_METRICS);
    let now = cluster.now();
    match request.verb {
        Verb::Get => {
            let stored = if is_pods { &PODS } else { &NODES };
            let found = cluster.with_store(|store| store.get(stored, &request.namespace, &request.name).cloned());
            let measured = found.and_then(|object| measure(cluster, &object, is_pods, now, fault));
            let kind = &request.resource;
            measured
                .map(|item| Answer::Json(200, item))
                .ok_or_else(|| Status::not_found(kind, &request.name))
        }
        Verb::List => list(cluster, request, is_pods, now, fault),
        _ => Err(Status::method_not_allowed()),
    }
}

fn list(
    cluster: &Inner,
    request: &Request,
    is_pods: bool,
    now: Timestamp,
    fault: Option<MetricsFault>,
) -> Result<Answer, Status> {
    let labels = LabelSelector::parse(request.query.get("labelSelector"))?;
    let stored = if is_pods { &PODS } else { &NODES };
    let found: Vec<Stored> = cluster.with_store(|store| match request.namespace.as_str() {
        "" => store.list(stored).cloned().collect(),
        namespace => store.list_in(stored, namespace).cloned().collect(),
    });
    let items: Vec<Value> = found
        .iter()
        .filter(|object| labels.matches(object.pointer("/metadata/labels")))
        .enumerate()
        .filter(|(index, _)| fault != Some(MetricsFault::Partial) || index % 3 != 1)
        .filter_map(|(_, object)| measure(cluster, object, is_pods, now, fault))
        .collect();
    let kind = format!("{}List", request.resource.kind);
    Ok(Answer::Json(
        200,
        json!({"kind": kind, "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items}),
    ))
}

/// When metrics-server last measured something: every 15 s, each on its own beat.
fn measured_at(now: Timestamp, name: &str) -> Seconds {
    let beat = (super::super::load::hash(0, &[name]) % RESOLUTION as u64) as i64;
    let now = now.timestamp();
    (now - (now - beat).rem_euclid(RESOLUTION)) as f64
}

fn measure(
    cluster: &Inner,
    object: &Stored,
    is_pods: bool,
    now: Timestamp,
    fault: Option<MetricsFault>,
) -> Option<Value> {
    let at = measured_at(now, text(object, &["metadata", "name"]));
    let from = at - RESOLUTION as f64;
    let usage = |cores: f64, memory: f64| {
        if fault == Some(MetricsFault::NotANumber) {
            return json!({"cpu": "NaN", "memory": "NaN"});
        }
        json!({"cpu": format!("{}n", (cores * 1e9) as u64), "memory": format!("{}Ki", (memory / 1024.0) as u64)})
    };
    let mut item = if is_pods {
        let load = PodLoad::of(object, &cluster.load(), None)?;
        let running = load.containers.iter().filter_map(|container| {
            // Two measurements make a rate.
            let began = container.running.filter(|began| *began < from)?;
            let sample = container.usage.sample(began, from, at);
            let cores = sample.cpu / RESOLUTION as f64;
            Some(json!({"name": container.name, "usage": usage(cores, sample.memory - sample.inactive_file)}))
        });
        let containers: Vec<Value> = running.collect();
        if containers.is_empty() {
            return None;
        }
        json!({"kind": "PodMetrics", "containers": containers})
    } else {
        if is_dead(object) || moment(object, &["metadata", "creationTimestamp"])?.timestamp() as f64 > from {
            return None;
        }
        let loads = cluster
            .on_node(text(object, &["metadata", "name"]))
            .loads(&cluster.load());
        let (mut cores, mut memory) = (0.35, 1.1e9);
        for pod in &loads {
            let since = pod.began.max(from);
            let used = |at| pod.whole(at);
            cores += (used(at.max(since)).cpu - used(since).cpu) / RESOLUTION as f64;
            let sample = used(at.max(since));
            memory += sample.memory - sample.inactive_file;
        }
        json!({"kind": "NodeMetrics", "usage": usage(cores, memory)})
    };
    let mut metadata: BTreeMap<&str, Value> = BTreeMap::new();
    for field in ["name", "namespace", "labels"] {
        if let Some(value) = at_meta(object, field) {
            metadata.insert(field, value.clone());
        }
    }
    let stamp = format_time(Timestamp::from_timestamp(at as i64, 0)?);
    metadata.insert("creationTimestamp", format_time(now).into());
    let more = json!({"apiVersion": "metrics.k8s.io/v1beta1", "metadata": metadata, "timestamp": stamp,
        "window": format!("{RESOLUTION}.0{}s", 10 + at as i64 % 80)});
    super::super::json::object_mut(&mut item).extend(more.as_object().cloned().unwrap_or_default());
    Some(item)
}

fn at_meta<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    at(object, &["metadata", field])
}

#[cfg(test)]
mod tests;
