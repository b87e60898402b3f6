//! The workloads that a step is taken on: those of an app, cluster after cluster.

use super::super::watch::Known;
use super::super::{Failure, project};
use crate::cluster::Cluster;
use crate::domain::{AppKey, Clean, Driver, Kind, ResourceRef, Workload};
use crate::world::release::app_of;

/// One workload that a step is taken on.
pub(in crate::cli) struct Target {
    pub(in crate::cli) cluster: Cluster,
    pub(in crate::cli) object: ResourceRef,
    pub(super) app: Clean,
    pub(super) driver: Option<Driver>,
}

impl Target {
    /// The app that it carries.
    pub(in crate::cli) fn app_key(&self) -> AppKey {
        AppKey {
            namespace: self.object.key.namespace.clone(),
            name: self.app.clone(),
        }
    }

    /// `idc-bj: gift/live`
    pub(super) fn name(&self) -> String {
        format!("{}: {}", self.object.cluster, self.object.key)
    }
}

/// The workloads of an app, cluster after cluster.
///
/// # Errors
/// There is none, or several namespaces have such an app.
pub(in crate::cli) fn targets(known: &Known, app: &str) -> Result<Vec<Target>, Failure> {
    let mut found = Vec::new();
    for cluster in &known.clusters {
        let Some(view) = known.world.cluster(cluster.id()) else {
            continue;
        };
        for kind in Kind::ALL
            .into_iter()
            .filter(|kind| kind.is_workload() && *kind != Kind::Job)
        {
            for workload in view.workloads(kind) {
                let its = app_of(workload);
                if project::is_app(app, &its.namespace, &its.name) {
                    found.push(target(cluster, workload));
                }
            }
        }
    }
    if found.is_empty() {
        return Err(Failure::failed(
            format!("there is no workload of an app '{app}'"),
            "apps are NAME or NAMESPACE/NAME; `pilothouse get apps` lists them",
        ));
    }
    let mut namespaces: Vec<&Clean> = found.iter().map(|target| &target.object.key.namespace).collect();
    namespaces.sort();
    namespaces.dedup();
    if namespaces.len() > 1 {
        let names: Vec<String> = namespaces
            .iter()
            .map(|namespace| format!("{namespace}/{app}"))
            .collect();
        return Err(Failure::usage(
            format!("several namespaces have an app '{app}'"),
            format!("say which one: {}", names.join(", ")),
        ));
    }
    Ok(found)
}

fn target(cluster: &Cluster, workload: &Workload) -> Target {
    Target {
        cluster: cluster.clone(),
        object: ResourceRef {
            cluster: cluster.id().clone(),
            kind: workload.kind,
            key: workload.key.clone(),
            uid: workload.uid.clone(),
        },
        app: workload.app.clone(),
        driver: workload.driver,
    }
}
