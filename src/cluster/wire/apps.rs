//! Built-in workloads and their revisions.

use super::meta::{Condition, ObjectMeta, TimedCondition};
use super::pod::PodTemplate;
use super::scalar::{IntOrString, Time};
use super::wire;

wire! {
    Deployment {
        [message, optional, tag = "1"] metadata: Option<ObjectMeta>,
        [message, optional, tag = "2"] spec: Option<DeploymentSpec>,
        [message, optional, tag = "3"] status: Option<DeploymentStatus>,
    }
    DeploymentSpec {
        [int32, optional, tag = "1"] replicas: Option<i32>,
        [message, optional, tag = "3"] template: Option<PodTemplate>,
        [message, optional, tag = "4"] strategy: Option<DeploymentStrategy>,
        [int32, tag = "5"] min_ready_seconds: i32,
        [bool, tag = "7"] paused: bool,
        [int32, optional, tag = "9"] progress_deadline_seconds: Option<i32>,
    }
    DeploymentStrategy {
        #[serde(rename = "type")]
        [string, tag = "1"] kind: String,
        [message, optional, tag = "2"] rolling_update: Option<RollingUpdate>,
    }
    /// Of a Deployment, and (same tags) of a DaemonSet.
    RollingUpdate {
        [message, optional, tag = "1"] max_unavailable: Option<IntOrString>,
        [message, optional, tag = "2"] max_surge: Option<IntOrString>,
    }
    DeploymentStatus {
        [int64, tag = "1"] observed_generation: i64,
        [int32, tag = "2"] replicas: i32,
        [int32, tag = "3"] updated_replicas: i32,
        [int32, tag = "4"] available_replicas: i32,
        [message, repeated, tag = "6"] conditions: Vec<Condition>,
        [int32, tag = "7"] ready_replicas: i32,
    }
    ReplicaSet {
        [message, optional, tag = "1"] metadata: Option<ObjectMeta>,
        [message, optional, tag = "2"] spec: Option<ReplicaSetSpec>,
        [message, optional, tag = "3"] status: Option<ReplicaSetStatus>,
    }
    ReplicaSetSpec {
        [int32, optional, tag = "1"] replicas: Option<i32>,
        [message, optional, tag = "3"] template: Option<PodTemplate>,
    }
    ReplicaSetStatus {
        [int32, tag = "1"] replicas: i32,
        [int32, tag = "4"] ready_replicas: i32,
        [int32, tag = "5"] available_replicas: i32,
        [message, repeated, tag = "6"] conditions: Vec<Condition>,
    }
    StatefulSet {
        [message, optional, tag = "1"] metadata: Option<ObjectMeta>,
        [message, optional, tag = "2"] spec: Option<StatefulSetSpec>,
        [message, optional, tag = "3"] status: Option<StatefulSetStatus>,
    }
    StatefulSetSpec {
        [int32, optional, tag = "1"] replicas: Option<i32>,
        [message, optional, tag = "3"] template: Option<PodTemplate>,
        [string, tag = "6"] pod_management_policy: String,
        [message, optional, tag = "7"] update_strategy: Option<StatefulSetStrategy>,
        [int32, tag = "9"] min_ready_seconds: i32,
    }
    StatefulSetStrategy {
        #[serde(rename = "type")]
        [string, tag = "1"] kind: String,
        [message, optional, tag = "2"] rolling_update: Option<Partition>,
    }
    Partition {
        [int32, optional, tag = "1"] partition: Option<i32>,
        [message, optional, tag = "2"] max_unavailable: Option<IntOrString>,
    }
    StatefulSetStatus {
        [int64, tag = "1"] observed_generation: i64,
        [int32, tag = "2"] replicas: i32,
        [int32, tag = "3"] ready_replicas: i32,
        [int32, tag = "5"] updated_replicas: i32,
        [string, tag = "7"] update_revision: String,
        [message, repeated, tag = "10"] conditions: Vec<Condition>,
        [int32, tag = "11"] available_replicas: i32,
    }
    DaemonSet {
        [message, optional, tag = "1"] metadata: Option<ObjectMeta>,
        [message, optional, tag = "2"] spec: Option<DaemonSetSpec>,
        [message, optional, tag = "3"] status: Option<DaemonSetStatus>,
    }
    DaemonSetSpec {
        [message, optional, tag = "2"] template: Option<PodTemplate>,
        [message, optional, tag = "3"] update_strategy: Option<DeploymentStrategy>,
        [int32, tag = "4"] min_ready_seconds: i32,
    }
    DaemonSetStatus {
        [int32, tag = "1"] current_number_scheduled: i32,
        [int32, tag = "3"] desired_number_scheduled: i32,
        [int32, tag = "4"] number_ready: i32,
        [int64, tag = "5"] observed_generation: i64,
        [int32, tag = "6"] updated_number_scheduled: i32,
        [int32, tag = "7"] number_available: i32,
        [message, repeated, tag = "10"] conditions: Vec<Condition>,
    }
    Job {
        [message, optional, tag = "1"] metadata: Option<ObjectMeta>,
        [message, optional, tag = "2"] spec: Option<JobSpec>,
        [message, optional, tag = "3"] status: Option<JobStatus>,
    }
    JobSpec {
        [int32, optional, tag = "1"] parallelism: Option<i32>,
        [int32, optional, tag = "2"] completions: Option<i32>,
        [message, optional, tag = "6"] template: Option<PodTemplate>,
        [int32, optional, tag = "7"] backoff_limit: Option<i32>,
        [bool, tag = "10"] suspend: bool,
    }
    JobStatus {
        [message, repeated, tag = "1"] conditions: Vec<TimedCondition>,
        [message, optional, tag = "2"] start_time: Option<Time>,
        [message, optional, tag = "3"] completion_time: Option<Time>,
        [int32, tag = "4"] active: i32,
        [int32, tag = "5"] succeeded: i32,
        [int32, tag = "6"] failed: i32,
        [int32, optional, tag = "9"] ready: Option<i32>,
    }
}
