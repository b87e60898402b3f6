//! Reads what stands around a workload in its namespace, for what a person should know before a release.

use futures::join;
use serde_json::Value;

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::super::kinds;
use super::get;
use super::look::list;
use crate::domain::{Kind, ResourceRef};
use crate::release::warning::{self, Read, Surroundings};

/// Most volume claims that are looked up.
const MOST_CLAIMS: usize = 8;

/// Reads it; what may not be read says why, and keeps nothing from being done.
pub(super) async fn around(hub: &Hub, object: &ResourceRef, workload: &Value) -> Surroundings {
    let namespace = object.key.namespace.as_str();
    let (autoscalers, budgets, quotas) = join!(
        all(hub, Kind::HorizontalPodAutoscaler, namespace),
        all(hub, Kind::PodDisruptionBudget, namespace),
        all(hub, Kind::ResourceQuota, namespace),
    );
    let mut claims = Vec::new();
    for name in warning::claims(workload).take(MOST_CLAIMS) {
        let namespace = kinds::escape(namespace);
        let path = format!(
            "/api/v1/namespaces/{namespace}/persistentvolumeclaims/{}",
            kinds::escape(name)
        );
        let read = get(hub, &path).await.map_err(|error| error.to_string());
        claims.push((name.to_owned(), read));
    }
    Surroundings {
        autoscalers,
        budgets,
        quotas,
        claims,
    }
}

/// All of a kind in a namespace; none where the server does not have the kind.
async fn all(hub: &Hub, kind: Kind, namespace: &str) -> Read {
    let found = list(hub, &kinds::collection(kind, kinds::version(kind), namespace)).await;
    Read(match found {
        Err(ClusterError::NotFound { .. }) => Ok(Vec::new()),
        found => found.map_err(|error| error.to_string()),
    })
}
