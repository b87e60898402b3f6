//! Tables: the rows `kubectl get` asks for, with the columns and cells a real server gives.

use serde_json::{Value, json};

use super::super::json;
use super::super::resource::Resource;
use super::super::store::{Stored, Timestamp};
use super::view::{Include, partial};

mod cells;
mod pods;
mod workloads;

/// A column: name, type, and whether only `-o wide` shows it.
type Column = (&'static str, &'static str, bool);

/// The columns of a resource and how to fill them.
struct Layout {
    columns: &'static [Column],
    cells: fn(&Value, Timestamp) -> Vec<Value>,
}

const STRING: &str = "string";
const INTEGER: &str = "integer";

/// Objects as a table.
pub(super) fn table<'a>(
    resource: &Resource,
    objects: impl Iterator<Item = &'a Stored>,
    metadata: &Value,
    include: Include,
    now: Timestamp,
    columns: bool,
) -> Value {
    let layout = layout(resource);
    let rows: Vec<Value> = objects
        .map(|object| {
            let mut row = json!({"cells": (layout.cells)(object, now)});
            let shown = match include {
                Include::Nothing => Value::Null,
                Include::Metadata => partial(object),
                Include::Object => Value::clone(object),
            };
            json::set(&mut row, &["object"], shown);
            row
        })
        .collect();
    let definitions: Option<Vec<Value>> = columns.then(|| layout.columns.iter().map(definition).collect());
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": definitions, "rows": rows})
}

fn definition(&(name, kind, wide): &Column) -> Value {
    let format = if name == "Name" { "name" } else { "" };
    json!({"name": name, "type": kind, "format": format, "description": "", "priority": i32::from(wide)})
}

fn layout(resource: &Resource) -> Layout {
    match (resource.group.as_ref(), resource.plural.as_ref()) {
        ("", "pods") => Layout {
            columns: pods::COLUMNS,
            cells: pods::cells,
        },
        ("", "nodes") => Layout {
            columns: cells::NODE,
            cells: cells::node,
        },
        ("", "namespaces") => Layout {
            columns: cells::NAMESPACE,
            cells: cells::namespace,
        },
        ("", "events") => Layout {
            columns: cells::EVENT,
            cells: cells::event,
        },
        ("", "services") => Layout {
            columns: cells::SERVICE,
            cells: cells::service,
        },
        ("", "configmaps") => Layout {
            columns: cells::CONFIG_MAP,
            cells: cells::config_map,
        },
        ("", "secrets") => Layout {
            columns: cells::SECRET,
            cells: cells::secret,
        },
        ("apps", "deployments") => Layout {
            columns: workloads::DEPLOYMENT,
            cells: workloads::deployment,
        },
        ("apps", "replicasets") => Layout {
            columns: workloads::REPLICA_SET,
            cells: workloads::replica_set,
        },
        ("apps", "statefulsets") => Layout {
            columns: workloads::STATEFUL_SET,
            cells: workloads::stateful_set,
        },
        ("apps", "daemonsets") => Layout {
            columns: workloads::DAEMON_SET,
            cells: workloads::daemon_set,
        },
        ("apps", "controllerrevisions") => Layout {
            columns: workloads::REVISION,
            cells: workloads::revision,
        },
        ("batch", "jobs") => Layout {
            columns: workloads::JOB,
            cells: workloads::job,
        },
        ("autoscaling", "horizontalpodautoscalers") => Layout {
            columns: workloads::SCALER,
            cells: workloads::scaler,
        },
        ("policy", "poddisruptionbudgets") => Layout {
            columns: workloads::BUDGET,
            cells: workloads::budget,
        },
        ("coordination.k8s.io", "leases") => Layout {
            columns: cells::LEASE,
            cells: cells::lease,
        },
        _ if resource.traits.custom || resource.plural == "customresourcedefinitions" => Layout {
            columns: cells::CREATED,
            cells: cells::created,
        },
        _ => Layout {
            columns: cells::GENERIC,
            cells: cells::generic,
        },
    }
}
