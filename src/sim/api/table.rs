//! Tables: the rows `kubectl get` asks for, with the columns and cells a real server gives.

use serde_json::{Value, json};

use super::super::json;
use super::super::resource::Resource;
use super::super::store::{Stored, Timestamp};
use super::view::{Include, partial};

mod cells;
mod custom;
mod pods;
mod workloads;

/// A column: name, type, and whether only `-o wide` shows it.
type Column = (&'static str, &'static str, bool);

/// Fills a row.
type Cells = fn(&Value, Timestamp) -> Vec<Value>;

/// The columns of a resource and how to fill them.
struct Layout {
    columns: &'static [Column],
    cells: Cells,
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
    let own = resource.custom.as_deref();
    let rows: Vec<Value> = objects
        .map(|object| {
            let cells = own.map_or_else(|| (layout.cells)(object, now), |own| custom::cells(own, object, now));
            let mut row = json!({"cells": cells});
            let shown = match include {
                Include::Nothing => Value::Null,
                Include::Metadata => partial(object),
                Include::Object => Value::clone(object),
            };
            json::set(&mut row, &["object"], shown);
            row
        })
        .collect();
    let definitions: Option<Vec<Value>> = columns.then(|| match own {
        Some(own) => custom::columns(own),
        None => layout.columns.iter().map(definition).collect(),
    });
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": definitions, "rows": rows})
}

fn definition(&(name, kind, wide): &Column) -> Value {
    let format = if name == "Name" { "name" } else { "" };
    json!({"name": name, "type": kind, "format": format, "description": "", "priority": i32::from(wide)})
}

fn layout(resource: &Resource) -> Layout {
    let (columns, cells): (&'static [Column], Cells) = match (resource.group.as_ref(), resource.plural.as_ref()) {
        ("", "pods") => (pods::COLUMNS, pods::cells),
        ("", "nodes") => (cells::NODE, cells::node),
        ("", "namespaces") => (cells::NAMESPACE, cells::namespace),
        ("", "events") => (cells::EVENT, cells::event),
        ("", "services") => (cells::SERVICE, cells::service),
        ("", "configmaps") => (cells::CONFIG_MAP, cells::config_map),
        ("", "secrets") => (cells::SECRET, cells::secret),
        ("", "resourcequotas") => (custom::QUOTA, custom::quota),
        ("apps", "deployments") => (workloads::DEPLOYMENT, workloads::deployment),
        ("apps", "replicasets") => (workloads::REPLICA_SET, workloads::replica_set),
        ("apps", "statefulsets") => (workloads::STATEFUL_SET, workloads::stateful_set),
        ("apps", "daemonsets") => (workloads::DAEMON_SET, workloads::daemon_set),
        ("apps", "controllerrevisions") => (workloads::REVISION, workloads::revision),
        ("batch", "jobs") => (workloads::JOB, workloads::job),
        ("autoscaling", "horizontalpodautoscalers") => (workloads::SCALER, workloads::scaler),
        ("policy", "poddisruptionbudgets") => (workloads::BUDGET, workloads::budget),
        ("coordination.k8s.io", "leases") => (cells::LEASE, cells::lease),
        ("rbac.authorization.k8s.io", "roles" | "clusterroles") | ("", "limitranges") => {
            (cells::CREATED, cells::created)
        }
        _ if resource.traits.custom || resource.plural == "customresourcedefinitions" => {
            (cells::CREATED, cells::created)
        }
        _ => (cells::GENERIC, cells::generic),
    };
    Layout { columns, cells }
}
