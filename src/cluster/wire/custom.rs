//! Workloads of Argo Rollouts and OpenKruise. Custom resources are JSON only.

use serde::{Deserialize, Deserializer};

use super::meta::{Condition, ObjectMeta};
use super::or_default;
use super::pod::PodTemplate;
use super::scalar::{IntOrString, TextOrNumber, Time};

/// Declares structs that only JSON carries.
macro_rules! json {
    ($($name:ident { $($(#[$inner:meta])* $field:ident: $ty:ty,)* })*) => {$(
        #[derive(Clone, Debug, Default, PartialEq, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub(crate) struct $name {
            $($(#[$inner])* #[serde(deserialize_with = "or_default")] pub(crate) $field: $ty,)*
        }
    )*};
}

json! {
    Rollout {
        metadata: Option<ObjectMeta>,
        spec: RolloutSpec,
        status: RolloutStatus,
    }
    RolloutSpec {
        replicas: Option<i32>,
        paused: bool,
        template: Option<PodTemplate>,
        strategy: RolloutStrategy,
        min_ready_seconds: i32,
        workload_ref: Option<WorkloadRef>,
    }
    WorkloadRef {
        kind: String,
        name: String,
    }
    RolloutStrategy {
        canary: Option<Canary>,
        blue_green: Option<BlueGreen>,
    }
    Canary {
        max_surge: Option<IntOrString>,
        max_unavailable: Option<IntOrString>,
        steps: Vec<Step>,
    }
    // A step of a canary, of which only a pause matters.
    Step {
        pause: Option<PauseStep>,
    }
    PauseStep {
        duration: Option<IntOrString>,
    }
    Pause {
        reason: String,
        start_time: Option<Time>,
    }
    BlueGreen {
        active_service: String,
        preview_service: String,
    }
    RolloutStatus {
        observed_generation: Generation,
        replicas: i32,
        ready_replicas: i32,
        available_replicas: i32,
        updated_replicas: i32,
        phase: String,
        message: String,
        conditions: Vec<Condition>,
        current_step_index: Option<i32>,
        controller_pause: bool,
        current_pod_hash: String,
        #[serde(rename = "stableRS")] stable_rs: String,
        abort: bool,
        promote_full: bool,
        pause_conditions: Vec<Pause>,
    }
    CloneSet {
        metadata: Option<ObjectMeta>,
        spec: CloneSetSpec,
        status: CloneSetStatus,
    }
    CloneSetSpec {
        replicas: Option<i32>,
        template: Option<PodTemplate>,
        update_strategy: CloneSetStrategy,
        min_ready_seconds: i32,
    }
    CloneSetStrategy {
        #[serde(rename = "type")] kind: String,
        partition: Option<IntOrString>,
        max_unavailable: Option<IntOrString>,
        max_surge: Option<IntOrString>,
        paused: bool,
        /// Where v1beta1 has what v1alpha1 has beside `type`.
        rolling_update: Option<CloneSetRolling>,
    }
    CloneSetRolling {
        partition: Option<IntOrString>,
        max_unavailable: Option<IntOrString>,
        max_surge: Option<IntOrString>,
        paused: bool,
    }
    CloneSetStatus {
        observed_generation: Generation,
        replicas: i32,
        ready_replicas: i32,
        available_replicas: i32,
        updated_replicas: i32,
        update_revision: String,
        conditions: Vec<Condition>,
    }
}

/// A generation; Argo Rollouts writes it as a string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Generation(pub(crate) i64);

impl<'de> Deserialize<'de> for Generation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_any(TextOrNumber)?;
        Ok(Self(text.parse().unwrap_or(0)))
    }
}
