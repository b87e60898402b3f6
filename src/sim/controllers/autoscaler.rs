//! The autoscaler's bounds: what it targets has neither fewer nor more instances. What it would make of its metrics is
//! not simulated.

use serde_json::Value;

use super::context::{Context, Key, Tone, replicas};
use super::object::{integer, set, text};
use crate::sim::resource::{DEPLOYMENTS, HORIZONTAL_POD_AUTOSCALERS, Resource, STATEFUL_SETS};

const SOURCE: &str = "horizontal-pod-autoscaler";

pub(crate) fn sync(cx: &mut Context<'_>, key: &Key) {
    let Some(scaler) = cx.get(&HORIZONTAL_POD_AUTOSCALERS, key) else {
        return;
    };
    let Some(resource) = target_of(&scaler) else { return };
    let target = Key::new(&key.namespace, text(&scaler, &["spec", "scaleTargetRef", "name"]));
    let Some(workload) = cx.get(resource, &target) else {
        return;
    };
    let now = replicas(&workload);
    let least = integer(&scaler, &["spec", "minReplicas"]).unwrap_or(1);
    let most = integer(&scaler, &["spec", "maxReplicas"]).unwrap_or(least);
    // One of none is switched off.
    let wanted = if now == 0 { 0 } else { now.clamp(least, most.max(least)) };
    if wanted != now {
        cx.update(resource, &target, |workload| {
            set(workload, &["spec", "replicas"], wanted);
        });
        let why = if wanted > now {
            "Current number of replicas below Spec.MinReplicas"
        } else {
            "Current number of replicas above Spec.MaxReplicas"
        };
        let message = format!("New size: {wanted}; reason: {why}");
        cx.event(&scaler, Tone::Normal, "SuccessfulRescale", &message, SOURCE);
    }
    let mut status = scaler.get("status").cloned().unwrap_or_else(|| serde_json::json!({}));
    for (field, value) in [("currentReplicas", now), ("desiredReplicas", wanted)] {
        set(&mut status, &[field], value);
    }
    cx.set_status(&HORIZONTAL_POD_AUTOSCALERS, key, status);
}

fn target_of(scaler: &Value) -> Option<&'static Resource> {
    match text(scaler, &["spec", "scaleTargetRef", "kind"]) {
        "Deployment" => Some(&DEPLOYMENTS),
        "StatefulSet" => Some(&STATEFUL_SETS),
        _ => None,
    }
}
