//! The proxies of the API server: to a node's kubelet, and to a Service.

use std::sync::Arc;

use serde_json::Value;

use super::super::body::SimBody;
use super::super::cluster::Inner;
use super::super::controllers::kubelet::address;
use super::super::controllers::node::is_dead;
use super::super::controllers::object::{items, moment, text};
use super::super::json;
use super::super::resource::{NODES, SERVICES};
use super::super::status::Status;
use super::Answer;
use super::request::Request;
use crate::domain::quantity::parse_quantity_millis;

mod cadvisor;
mod family;
mod number;
mod prometheus;

use cadvisor::{Machine, Text};

/// The content type of the Prometheus text format, as kubelets send it.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/// Answers what is asked through a proxy.
pub(super) fn answer(cluster: &Arc<Inner>, request: &Request) -> Result<Answer, Status> {
    match &*request.resource.plural {
        "nodes" => node(cluster, request),
        "services" => service(cluster, request),
        _ => Err(Status::no_such_path()),
    }
}

/// A name in a path may carry scheme and port: `https:NAME:PORT`.
fn bare(name: &str) -> (&str, &str) {
    let parts: Vec<&str> = name.split(':').collect();
    match parts.as_slice() {
        [name, port] | [_, name, port] => (name, port),
        _ => (name, ""),
    }
}

fn unreachable(why: &str) -> Status {
    Status::new(
        503,
        "ServiceUnavailable",
        format!("error trying to reach service: {why}"),
    )
}

/// How the API server says that a node does not answer.
pub(super) fn no_route(node: &Value) -> String {
    format!("dial tcp {}:10250: connect: no route to host", address(node))
}

fn node(cluster: &Arc<Inner>, request: &Request) -> Result<Answer, Status> {
    let (name, _) = bare(&request.name);
    let found = cluster.with_store(|store| store.get(&NODES, "", name).cloned());
    let node = found.ok_or_else(|| Status::not_found(&NODES, name))?;
    if is_dead(&node) {
        return Err(unreachable(&no_route(&node)));
    }
    match request.rest.as_str() {
        "healthz" => Ok(Answer::Text(200, "ok".into())),
        "metrics/cadvisor" => {
            let asked = cluster.now().timestamp_millis();
            let text = Text::new(machine(&node), &cluster.on_node(name), &cluster.load(), asked);
            let pieces = cluster.faults.proxied().counted(text);
            Ok(Answer::Body(200, EXPOSITION, SimBody::pieces(pieces)))
        }
        _ => Ok(Answer::Text(404, "404 page not found\n".into())),
    }
}

fn machine(node: &Value) -> Machine {
    let info = |field: &str| text(node, &["status", "nodeInfo", field]).to_owned();
    let capacity = |field: &str| {
        let said = text(node, &["status", "capacity", field]);
        parse_quantity_millis(said).map_or(0.0, |millis| millis as f64 / 1000.0)
    };
    Machine {
        booted: moment(node, &["metadata", "creationTimestamp"]).map_or(0.0, |at| at.timestamp() as f64),
        cores: capacity("cpu"),
        memory: capacity("memory"),
        id: info("machineID"),
        system_uuid: info("systemUUID"),
        boot_id: info("bootID"),
        kernel: info("kernelVersion"),
        os: info("osImage"),
    }
}

fn service(cluster: &Arc<Inner>, request: &Request) -> Result<Answer, Status> {
    let (name, port) = bare(&request.name);
    let found = cluster.with_store(|store| store.get(&SERVICES, &request.namespace, name).cloned());
    let service = found.ok_or_else(|| Status::not_found(&SERVICES, name))?;
    let ports = items(&service, &["spec", "ports"]);
    let known = port.is_empty()
        || ports.iter().any(|one| {
            let number = json::number(one, "/port").map(|number| number.to_string());
            text(one, &["name"]) == port || number.as_deref() == Some(port)
        });
    if !known {
        let why = format!("no service port \"{port}\" found for service \"{name}\"");
        return Err(Status::new(503, "ServiceUnavailable", why));
    }
    let label = ["metadata", "labels", "app.kubernetes.io/name"];
    if text(&service, &label) == "prometheus" {
        return Ok(prometheus::answer(cluster, request));
    }
    Err(Status::new(
        503,
        "ServiceUnavailable",
        format!("no endpoints available for service \"{}\"", request.name),
    ))
}

#[cfg(test)]
pub(super) mod tests;
