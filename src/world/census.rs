//! How many instances there are, and how they are: what is counted of an app and of what it has in one location.

use std::ops::AddAssign;

use crate::domain::pod::Health;
use crate::domain::{Clean, Pod, Resources, Version};

/// Counts of instances, of an app or of what it has in one location.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub instances: u32,
    pub ready: u32,
    /// Instances on nodes that are not heard of.
    pub stuck: u32,
    pub failing: u32,
    pub restarts: u64,
    pub requested: Resources,
}

impl Counts {
    pub(super) fn count(&mut self, pod: &Pod, health: Health, lost: bool, sign: Sign) {
        sign.on(&mut self.instances, 1);
        sign.on(&mut self.ready, u32::from(health == Health::Ready));
        sign.on(&mut self.stuck, u32::from(lost));
        sign.on(&mut self.failing, u32::from(health == Health::Failing));
        match sign {
            Sign::Add => {
                self.restarts += u64::from(pod.restarts());
                self.requested += pod.shape.requests;
            }
            Sign::Take => {
                self.restarts -= u64::from(pod.restarts());
                self.requested -= pod.shape.requests;
            }
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.instances += other.instances;
        self.ready += other.ready;
        self.stuck += other.stuck;
        self.failing += other.failing;
        self.restarts += other.restarts;
        self.requested += other.requested;
    }
}

/// Instances of one app, told apart by what they run and how they are. Those that ended count for nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Census {
    pub counts: Counts,
    /// Version, instances, ready.
    pub versions: Vec<(Version, u32, u32)>,
    /// Status of instances that fail or cannot be placed.
    pub failing_as: Vec<(Clean, u32)>,
    health: [u32; 7],
}

const HEALTHS: [Health; 7] = [
    Health::Ready,
    Health::Completed,
    Health::Terminating,
    Health::Starting,
    Health::Unknown,
    Health::Unschedulable,
    Health::Failing,
];

impl Census {
    /// States of health other than `Ready` that instances are in, with how many.
    pub fn health_counts(&self) -> impl Iterator<Item = (Health, u32)> {
        HEALTHS
            .into_iter()
            .zip(self.health)
            .filter(|&(health, count)| count > 0 && health != Health::Ready)
    }

    pub(super) fn count(&mut self, pod: &Pod, health: Health, lost: bool, sign: Sign) {
        self.counts.count(pod, health, lost, sign);
        if let Some(count) = HEALTHS
            .iter()
            .position(|&h| h == health)
            .and_then(|i| self.health.get_mut(i))
        {
            sign.on(count, 1);
        }
        sign.on_pair(&mut self.versions, &pod.version, health == Health::Ready);
        if matches!(health, Health::Failing | Health::Unschedulable) {
            let status = pod.status();
            match self.failing_as.iter_mut().find(|(s, _)| *s == status) {
                Some((_, count)) => sign.on(count, 1),
                None => self.failing_as.push((status, 1)),
            }
            self.failing_as.retain(|(_, count)| *count > 0);
        }
    }
}

/// Whether an instance is counted in or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Add,
    Take,
}

impl Sign {
    pub(super) fn on(self, count: &mut u32, amount: u32) {
        *count = match self {
            Self::Add => count.saturating_add(amount),
            Self::Take => count.saturating_sub(amount),
        };
    }

    fn on_pair<K: Clone + PartialEq>(self, pairs: &mut Vec<(K, u32, u32)>, key: &K, ready: bool) {
        if let Some((_, total, ready_count)) = pairs.iter_mut().find(|(k, _, _)| k == key) {
            self.on(total, 1);
            self.on(ready_count, u32::from(ready));
        } else if self == Self::Add {
            pairs.push((key.clone(), 1, u32::from(ready)));
        }
        if self == Self::Take {
            pairs.retain(|(_, total, _)| *total > 0);
        }
    }
}
