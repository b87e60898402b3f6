//! What use is held against: limits, requests, what machines have.

use std::sync::Arc;

use crate::domain::{Container, Pod, Resources};
use crate::metrics::{Figure, Unit};
use crate::world::AppSummary;

/// What use is held against, in cores and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    pub limits: (Option<i64>, Option<i64>),
    pub requests: (Option<i64>, Option<i64>),
}

impl Bounds {
    pub fn of_pod(pod: &Pod) -> Self {
        let requests = pod.shape.requests;
        Self {
            limits: pod.limits,
            requests: (Some(requests.cpu.0), Some(requests.memory.0)),
        }
    }

    pub fn of_container(container: &Container) -> Self {
        Self {
            limits: container.limits,
            requests: (Some(container.requests.cpu.0), Some(container.requests.memory.0)),
        }
    }

    /// What an app's instances request together.
    pub fn of_app(app: &AppSummary) -> Self {
        Self {
            limits: (None, None),
            requests: (Some(app.requested.cpu.0), Some(app.requested.memory.0)),
        }
    }

    /// What instances request together.
    pub fn of_pods(pods: &[Arc<Pod>]) -> Self {
        let sum = |amount: fn(&Resources) -> i64| Some(pods.iter().map(|pod| amount(&pod.shape.requests)).sum());
        Self {
            limits: (None, None),
            requests: (sum(|requests| requests.cpu.0), sum(|requests| requests.memory.0)),
        }
    }

    /// What machines have.
    pub fn of_machines(allocatable: Resources) -> Self {
        Self {
            limits: (Some(allocatable.cpu.0), Some(allocatable.memory.0)),
            requests: (None, None),
        }
    }

    /// Limit and request for a figure, in its unit; `None` where there is none.
    pub fn of(self, figure: Figure) -> (Option<f64>, Option<f64>) {
        let positive = |amount: Option<i64>| amount.filter(|amount| *amount > 0).map(|amount| amount as f64);
        match figure.unit() {
            Unit::Cores => {
                let cores = |amount| positive(amount).map(|millis| millis / 1000.0);
                (cores(self.limits.0), cores(self.requests.0))
            }
            Unit::Bytes => (positive(self.limits.1), positive(self.requests.1)),
            Unit::BytesPerSecond | Unit::PerSecond | Unit::Count | Unit::Share => (None, None),
        }
    }
}
