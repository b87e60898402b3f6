//! Resource quotas: what a namespace may ask for, charged when a pod is made, counted again when pods go.

use serde_json::Value;

use super::context::{Context, Key, is_over};
use super::nodes::requests;
use super::object::{at, set, text};
use crate::domain::Resources;
use crate::domain::quantity::parse_quantity_millis;
use crate::sim::resource::{PODS, RESOURCE_QUOTAS};
use crate::sim::store::{Store, Stored};

/// Why a pod may not be made, in the API server's words.
pub(crate) fn refusal(store: &Store, pod: &Value, asked: Resources) -> Option<String> {
    let namespace = text(pod, &["metadata", "namespace"]);
    let quotas: Vec<&Stored> = store.list_in(&RESOURCE_QUOTAS, namespace).collect();
    if quotas.is_empty() {
        return None;
    }
    let (mut count, mut total) = (0, Resources::default());
    for held in pods_in(store, namespace) {
        count += 1;
        total += held;
    }
    quotas.into_iter().find_map(|quota| {
        let (mut requested, mut used, mut limited) = (Vec::new(), Vec::new(), Vec::new());
        let hard = at(quota, &["spec", "hard"]).and_then(Value::as_object);
        for (resource, hard) in hard.into_iter().flatten() {
            let (Some(before), Some(more)) = (amount(resource, count, total), amount(resource, 1, asked)) else {
                continue;
            };
            let limit = parse_quantity_millis(hard.as_str().unwrap_or_default()).unwrap_or(i64::MAX);
            if before + more > limit {
                requested.push(format!("{resource}={}", written(resource, more)));
                used.push(format!("{resource}={}", written(resource, before)));
                limited.push(format!("{resource}={}", hard.as_str().unwrap_or_default()));
            }
        }
        (!limited.is_empty()).then(|| {
            format!(
                "pods \"{}\" is forbidden: exceeded quota: {}, requested: {}, used: {}, limited: {}",
                text(pod, &["metadata", "name"]),
                text(quota, &["metadata", "name"]),
                requested.join(","),
                used.join(","),
                limited.join(",")
            )
        })
    })
}

fn pods_in(store: &Store, namespace: &str) -> impl Iterator<Item = Resources> {
    store
        .list_in(&PODS, namespace)
        .filter(|pod| !is_over(pod))
        .map(|pod| requests(pod))
}

/// How much of a quota's resource that is, in thousandths; `None` for a resource that is not counted here.
fn amount(resource: &str, pods: i64, requested: Resources) -> Option<i64> {
    match resource {
        "pods" | "count/pods" => Some(pods * 1000),
        "cpu" | "requests.cpu" => Some(requested.cpu.0),
        "memory" | "requests.memory" => Some(requested.memory.0.saturating_mul(1000)),
        _ => None,
    }
}

/// An amount as the API writes it.
fn written(resource: &str, millis: i64) -> String {
    if !resource.ends_with("memory") {
        return if millis % 1000 == 0 {
            (millis / 1000).to_string()
        } else {
            format!("{millis}m")
        };
    }
    bytes(millis / 1000)
}

/// Bytes in the largest binary unit that leaves no fraction.
pub(crate) fn bytes(bytes: i64) -> String {
    let units = [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)];
    units
        .iter()
        .find(|(_, shift)| bytes != 0 && bytes % (1_i64 << shift) == 0)
        .map_or_else(
            || bytes.to_string(),
            |(unit, shift)| format!("{}{unit}", bytes >> shift),
        )
}

/// Counts what the pods of a namespace ask for into its quotas' status.
pub(crate) fn sync(cx: &mut Context<'_>, namespace: &str) {
    let quotas: Vec<Stored> = cx.store.list_in(&RESOURCE_QUOTAS, namespace).cloned().collect();
    if quotas.is_empty() {
        return;
    }
    let (mut count, mut total) = (0, Resources::default());
    for held in pods_in(cx.store, namespace) {
        count += 1;
        total += held;
    }
    for quota in quotas {
        cx.update(&RESOURCE_QUOTAS, &Key::of(&quota), |quota| fill(quota, count, total));
    }
}

/// Fills in a quota's status.
pub(crate) fn fill(quota: &mut Value, pods: i64, requested: Resources) {
    let hard = at(quota, &["spec", "hard"]).cloned().unwrap_or_default();
    for resource in hard.as_object().into_iter().flatten().map(|(resource, _)| resource) {
        if let Some(used) = amount(resource, pods, requested) {
            set(quota, &["status", "used", resource], written(resource, used));
        }
    }
    set(quota, &["status", "hard"], hard);
}
