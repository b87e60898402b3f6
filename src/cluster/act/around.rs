//! Reads what stands around a workload in its namespace, for what a person should know before a release.

use futures::join;
use serde_json::Value;

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::super::kinds;
use super::get;
use super::look::list;
use crate::domain::{Kind, ResourceRef};
use crate::release::job;
use crate::release::plan::Seen;
use crate::release::request::{Act, Part, Request};
use crate::release::twin;
use crate::release::warning::{self, Read, Surroundings, Warning};

/// Most volume claims that are looked up.
const MOST_CLAIMS: usize = 8;

/// What a person should know before these requests are sent, of which it is known what the server makes of them.
pub(super) async fn warnings(
    hub: &Hub,
    object: &ResourceRef,
    seen: &Seen,
    requests: &[(Request, Value)],
) -> Vec<Warning> {
    let workload = &seen.object;
    let around = around(hub, object, seen).await;
    let mut found = if let Some((before, after)) = twin::becomes(seen, requests) {
        warning::of(object.kind, (&before, &after), &around)
    } else {
        warning::of(object.kind, (workload, becomes(object, seen, requests)), &around)
    };
    twin::warnings(seen, requests, &mut found);
    let others = requests.iter().filter_map(|(request, _)| job::of_others(request));
    found.extend(others.map(|name| Warning::JobOfOthers(name.to_owned())));
    let unread = |why: String| Warning::Unknown("what was released before", why);
    found.extend(seen.unread.clone().map(unread));
    let unknown = |why: String| Warning::Unknown("whether anybody else releases it", why);
    found.extend(seen.drivers_unread.clone().map(unknown));
    found
}

/// What the server makes of the workload by these requests.
pub(super) fn becomes<'a>(object: &ResourceRef, seen: &'a Seen, requests: &'a [(Request, Value)]) -> &'a Value {
    let own = requests.iter().find(|(request, _)| is_spec(object, request));
    own.map_or(&seen.object, |(_, after)| after)
}

/// Whether a request is about the workload itself.
pub(super) fn is_workload(object: &ResourceRef, request: &Request) -> bool {
    let resource = &request.place.resource;
    let is_kind = resource.kind == object.kind.name() && resource.group == object.kind.group();
    is_kind && *request.place.name == *object.key.name
}

/// Whether a request is answered with the workload as it should become.
pub(super) fn is_spec(object: &ResourceRef, request: &Request) -> bool {
    let is_changed = !matches!(request.act, Act::Create(_) | Act::Delete(_));
    is_changed && request.place.part == Part::Whole && is_workload(object, request)
}

/// Reads it; what may not be read says why, and keeps nothing from being done.
async fn around(hub: &Hub, object: &ResourceRef, seen: &Seen) -> Surroundings {
    let namespace = object.key.namespace.as_str();
    let (budgets, quotas) = join!(
        all(hub, Kind::PodDisruptionBudget, namespace),
        all(hub, Kind::ResourceQuota, namespace),
    );
    let mut claims = Vec::new();
    for name in warning::claims(&seen.object).take(MOST_CLAIMS) {
        let namespace = kinds::escape(namespace);
        let path = format!(
            "/api/v1/namespaces/{namespace}/persistentvolumeclaims/{}",
            kinds::escape(name)
        );
        let read = get(hub, &path).await.map_err(|error| error.to_string());
        claims.push((name.to_owned(), read));
    }
    Surroundings {
        autoscalers: Read(
            seen.autoscalers_unread
                .clone()
                .map_or_else(|| Ok(seen.autoscalers.clone()), Err),
        ),
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
