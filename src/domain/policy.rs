//! What limits how many instances an app may have: autoscalers, disruption budgets, quotas.

use std::sync::Arc;

use super::headroom::PodShape;
use super::resource::{ObjectKey, Uid};
use super::text::Clean;

/// A `HorizontalPodAutoscaler`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Autoscaler {
    pub key: ObjectKey,
    pub uid: Uid,
    /// Kind and name of its target.
    pub target: (Clean, Clean),
    /// The `ScaledObject` that KEDA made it for.
    pub keda: Option<Clean>,
    pub min: i64,
    pub max: i64,
    /// Its bounds before its floor was raised for a while, as the annotation says them.
    pub floor_from: Option<Clean>,
    pub current: i64,
    pub desired: i64,
    /// Each metric in words, such as `cpu 45 % / 60 %`.
    pub metrics: Arc<[Clean]>,
    /// Why it cannot work, when it cannot (`ScalingActive` or `AbleToScale` false).
    pub trouble: Option<Clean>,
}

/// A `PodDisruptionBudget`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Budget {
    pub key: ObjectKey,
    pub uid: Uid,
    /// `spec.selector.matchLabels`, as far as it has only those.
    pub selector: Arc<[(Clean, Clean)]>,
    /// `spec.minAvailable`, where it is a number; a share moves with the number of instances.
    pub least: Option<i64>,
    pub allowed: i64,
    pub healthy: i64,
    pub wanted_healthy: i64,
}

/// A `ResourceQuota`: per resource name, used and hard as Kubernetes writes them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quota {
    pub key: ObjectKey,
    pub uid: Uid,
    /// Names of its scopes; it counts only pods that all of them cover.
    pub scopes: Arc<[Clean]>,
    pub limits: Arc<[QuotaLimit]>,
}

impl Quota {
    /// Whether it counts long-running pods of this shape. A scope that asks for more than the shape tells (a priority
    /// class, an affinity over namespaces) is taken as not covering.
    /// Source: Kubernetes, "Resource Quotas", quota scopes.
    pub fn covers(&self, shape: &PodShape) -> bool {
        let best_effort = shape.requests.is_zero() && shape.limits.is_zero();
        self.scopes.iter().all(|scope| match scope.as_str() {
            "NotTerminating" => true,
            "BestEffort" => best_effort,
            "NotBestEffort" => !best_effort,
            _ => false,
        })
    }
}

/// One line of a quota; amounts in thousandths of the resource's unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuotaLimit {
    pub resource: Clean,
    pub used_millis: i64,
    pub hard_millis: i64,
}
