//! Autoscalers, disruption budgets and quotas.

use super::meta::{Condition, LabelSelector, ObjectMeta};
use super::pod::Amounts;
use super::scalar::{IntOrString, Quantity};
use super::wire;

wire! {
    Autoscaler {
        [message, optional, tag = "1"] metadata: Option<ObjectMeta>,
        [message, optional, tag = "2"] spec: Option<AutoscalerSpec>,
        [message, optional, tag = "3"] status: Option<AutoscalerStatus>,
    }
    AutoscalerSpec {
        [message, optional, tag = "1"] scale_target_ref: Option<TargetRef>,
        [int32, optional, tag = "2"] min_replicas: Option<i32>,
        [int32, tag = "3"] max_replicas: i32,
        [message, repeated, tag = "4"] metrics: Vec<MetricSpec>,
    }
    TargetRef {
        [string, tag = "1"] kind: String,
        [string, tag = "2"] name: String,
    }
    AutoscalerStatus {
        [int32, tag = "3"] current_replicas: i32,
        [int32, tag = "4"] desired_replicas: i32,
        [message, repeated, tag = "5"] current_metrics: Vec<MetricStatus>,
        [message, repeated, tag = "6"] conditions: Vec<Condition>,
    }
    MetricSpec {
        [message, optional, tag = "2"] object: Option<ObjectMetric>,
        [message, optional, tag = "3"] pods: Option<NamedMetric>,
        [message, optional, tag = "4"] resource: Option<ResourceMetric>,
        [message, optional, tag = "5"] external: Option<NamedMetric>,
        [message, optional, tag = "7"] container_resource: Option<ResourceMetric>,
    }
    ObjectMetric {
        [message, optional, tag = "2"] target: Option<MetricTarget>,
        [message, optional, tag = "3"] metric: Option<MetricName>,
    }
    NamedMetric {
        [message, optional, tag = "1"] metric: Option<MetricName>,
        [message, optional, tag = "2"] target: Option<MetricTarget>,
    }
    MetricName {
        [string, tag = "1"] name: String,
    }
    ResourceMetric {
        [string, tag = "1"] name: String,
        [message, optional, tag = "2"] target: Option<MetricTarget>,
    }
    MetricTarget {
        [message, optional, tag = "2"] value: Option<Quantity>,
        [message, optional, tag = "3"] average_value: Option<Quantity>,
        [int32, optional, tag = "4"] average_utilization: Option<i32>,
    }
    MetricStatus {
        [message, optional, tag = "2"] object: Option<NamedCurrent>,
        [message, optional, tag = "3"] pods: Option<NamedCurrent>,
        [message, optional, tag = "4"] resource: Option<ResourceCurrent>,
        [message, optional, tag = "5"] external: Option<NamedCurrent>,
        [message, optional, tag = "7"] container_resource: Option<ResourceCurrent>,
    }
    NamedCurrent {
        [message, optional, tag = "1"] metric: Option<MetricName>,
        [message, optional, tag = "2"] current: Option<MetricValue>,
    }
    ResourceCurrent {
        [string, tag = "1"] name: String,
        [message, optional, tag = "2"] current: Option<MetricValue>,
    }
    MetricValue {
        [message, optional, tag = "1"] value: Option<Quantity>,
        [message, optional, tag = "2"] average_value: Option<Quantity>,
        [int32, optional, tag = "3"] average_utilization: Option<i32>,
    }
    Budget {
        [message, optional, tag = "1"] metadata: Option<ObjectMeta>,
        [message, optional, tag = "2"] spec: Option<BudgetSpec>,
        [message, optional, tag = "3"] status: Option<BudgetStatus>,
    }
    BudgetSpec {
        [message, optional, tag = "1"] min_available: Option<IntOrString>,
        [message, optional, tag = "2"] selector: Option<LabelSelector>,
    }
    BudgetStatus {
        [int32, tag = "3"] disruptions_allowed: i32,
        [int32, tag = "4"] current_healthy: i32,
        [int32, tag = "5"] desired_healthy: i32,
    }
    Quota {
        [message, optional, tag = "1"] metadata: Option<ObjectMeta>,
        [message, optional, tag = "2"] spec: Option<QuotaSpec>,
        [message, optional, tag = "3"] status: Option<QuotaStatus>,
    }
    QuotaSpec {
        [string, repeated, tag = "2"] scopes: Vec<String>,
        [message, optional, tag = "3"] scope_selector: Option<ScopeSelector>,
    }
    ScopeSelector {
        [message, repeated, tag = "1"] match_expressions: Vec<ScopeRequirement>,
    }
    ScopeRequirement {
        [string, tag = "1"] scope_name: String,
    }
    QuotaStatus {
        [btree_map = "string, message", tag = "1"] hard: Amounts,
        [btree_map = "string, message", tag = "2"] used: Amounts,
    }
}
