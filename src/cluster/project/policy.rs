//! Autoscalers, disruption budgets, quotas.

use super::{Item, Projector, uid};
use crate::cluster::wire::meta::annotation;
use crate::cluster::wire::policy as wire;
use crate::cluster::wire::scalar::Quantity;
use crate::domain::policy::QuotaLimit;
use crate::domain::quantity::parse_quantity_millis;
use crate::domain::terms::FLOOR;
use crate::domain::{Autoscaler, Budget, Clean, Object, Quota};

/// Label of an autoscaler that KEDA made: its `ScaledObject`.
const OF_KEDA: &str = "scaledobject.keda.sh/name";

impl Projector {
    pub(super) fn autoscaler(&mut self, wire: wire::Autoscaler) -> Item {
        let meta = wire.metadata.unwrap_or_default();
        let spec = wire.spec.unwrap_or_default();
        let status = wire.status.unwrap_or_default();
        let target = spec.scale_target_ref.unwrap_or_default();
        let trouble = status
            .conditions
            .iter()
            .find(|c| c.status == "False" && matches!(c.kind.as_str(), "ScalingActive" | "AbleToScale"));
        let key = self.key(&meta);
        let autoscaler = Autoscaler {
            key: key.clone(),
            uid: uid(&meta),
            target: (self.text(&target.kind), self.text(&target.name)),
            keda: meta.labels.get(OF_KEDA).map(|name| self.text(name)),
            min: spec.min_replicas.unwrap_or(1).into(),
            max: spec.max_replicas.into(),
            floor_from: annotation(&meta.annotations, FLOOR).map(|was| self.text(was)),
            current: status.current_replicas.into(),
            desired: status.desired_replicas.into(),
            metrics: spec
                .metrics
                .iter()
                .enumerate()
                .map(|(i, metric)| Clean::from(in_words(metric, status.current_metrics.get(i))))
                .collect(),
            trouble: trouble.map(|c| Clean::from(format!("{}: {}", c.reason, c.message))),
        };
        Self::item(key, meta, Object::Autoscaler(Box::new(autoscaler)))
    }

    pub(super) fn budget(&mut self, wire: wire::Budget) -> Item {
        let meta = wire.metadata.unwrap_or_default();
        let spec = wire.spec.unwrap_or_default();
        let selector = spec.selector.unwrap_or_default();
        let least = spec.min_available.and_then(|least| least.written().parse().ok());
        let status = wire.status.unwrap_or_default();
        let key = self.key(&meta);
        let budget = Budget {
            key: key.clone(),
            uid: uid(&meta),
            selector: self.labels(&selector.match_labels),
            least,
            allowed: status.disruptions_allowed.into(),
            healthy: status.current_healthy.into(),
            wanted_healthy: status.desired_healthy.into(),
        };
        Self::item(key, meta, Object::Budget(Box::new(budget)))
    }

    pub(super) fn quota(&mut self, wire: wire::Quota) -> Item {
        let meta = wire.metadata.unwrap_or_default();
        let spec = wire.spec.unwrap_or_default();
        let selected = spec.scope_selector.unwrap_or_default().match_expressions;
        let scopes = spec.scopes.iter().chain(selected.iter().map(|one| &one.scope_name));
        let status = wire.status.unwrap_or_default();
        let millis = |q: Option<&Quantity>| q.and_then(|q| parse_quantity_millis(&q.text)).unwrap_or(0);
        let key = self.key(&meta);
        let quota = Quota {
            key: key.clone(),
            uid: uid(&meta),
            scopes: scopes.map(|scope| self.text(scope)).collect(),
            limits: status
                .hard
                .iter()
                .map(|(resource, hard)| QuotaLimit {
                    resource: self.text(resource),
                    used_millis: millis(status.used.get(resource)),
                    hard_millis: millis(Some(hard)),
                })
                .collect(),
        };
        Self::item(key, meta, Object::Quota(Box::new(quota)))
    }
}

/// `cpu 45 % / 60 %`: what a metric is and what it should be; `–` where it is not known.
fn in_words(spec: &wire::MetricSpec, status: Option<&wire::MetricStatus>) -> String {
    let named = |m: &Option<wire::MetricName>| m.clone().unwrap_or_default().name;
    let (name, target, current) = if let Some(m) = spec.resource.as_ref().or(spec.container_resource.as_ref()) {
        let now = status.and_then(|s| s.resource.as_ref().or(s.container_resource.as_ref()));
        (m.name.clone(), m.target.as_ref(), now.and_then(|n| n.current.as_ref()))
    } else if let Some(m) = spec.pods.as_ref().or(spec.external.as_ref()) {
        let now = status.and_then(|s| s.pods.as_ref().or(s.external.as_ref()));
        (
            named(&m.metric),
            m.target.as_ref(),
            now.and_then(|n| n.current.as_ref()),
        )
    } else if let Some(m) = &spec.object {
        let now = status.and_then(|s| s.object.as_ref());
        (
            named(&m.metric),
            m.target.as_ref(),
            now.and_then(|n| n.current.as_ref()),
        )
    } else {
        return "unknown metric".to_owned();
    };
    let words = |percent: Option<i32>, average: Option<&Quantity>, value: Option<&Quantity>| {
        percent.map_or_else(
            || average.or(value).map_or_else(|| "–".to_owned(), |q| q.text.clone()),
            |percent| format!("{percent} %"),
        )
    };
    let goal = target.map_or_else(
        || "–".to_owned(),
        |t| words(t.average_utilization, t.average_value.as_ref(), t.value.as_ref()),
    );
    let now = current.map_or_else(
        || "–".to_owned(),
        |c| words(c.average_utilization, c.average_value.as_ref(), c.value.as_ref()),
    );
    format!("{name} {now} / {goal}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::project;
    use crate::domain::{Kind, Object};

    #[test]
    fn an_autoscaler_speaks_in_words() {
        let object = project(
            Kind::HorizontalPodAutoscaler,
            &json!({"metadata": {"name": "h", "labels": {"scaledobject.keda.sh/name": "k"}}, "spec": {"maxReplicas": 9, "scaleTargetRef": {"kind": "Deployment", "name": "live"},
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 60}}},
                            {"type": "Pods", "pods": {"metric": {"name": "qps"}, "target": {"averageValue": "1k"}}}]},
              "status": {"currentReplicas": 2, "desiredReplicas": 3,
                "currentMetrics": [{"resource": {"name": "cpu", "current": {"averageUtilization": 45}}}],
                "conditions": [{"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": "no metrics"}]}}),
        );
        let Object::Autoscaler(autoscaler) = object else {
            panic!("not an autoscaler")
        };
        assert_eq!(autoscaler.keda.as_deref(), Some("k"));
        assert_eq!(autoscaler.metrics.as_ref(), ["cpu 45 % / 60 %", "qps – / 1k"]);
        assert_eq!(
            (autoscaler.min, autoscaler.max, autoscaler.current, autoscaler.desired),
            (1, 9, 2, 3)
        );
        assert_eq!(
            autoscaler.trouble.as_ref().unwrap(),
            &"FailedGetResourceMetric: no metrics"
        );
    }

    #[test]
    fn budgets_and_quotas_are_read() {
        let Object::Budget(budget) = project(
            Kind::PodDisruptionBudget,
            &json!({"metadata": {"name": "b"}, "spec": {"selector": {"matchLabels": {"app": "x"}}, "minAvailable": "50%"},
                "status": {"disruptionsAllowed": 1, "currentHealthy": 3, "desiredHealthy": 2}}),
        ) else {
            panic!("not a budget")
        };
        assert_eq!(
            (
                budget.allowed,
                budget.healthy,
                budget.wanted_healthy,
                budget.selector.len()
            ),
            (1, 3, 2, 1)
        );
        assert_eq!(budget.least, None, "a share moves with the number of instances");
        for least in [json!(4), json!("4")] {
            let Object::Budget(budget) = project(
                Kind::PodDisruptionBudget,
                &json!({"metadata": {"name": "b"}, "spec": {"minAvailable": least}}),
            ) else {
                panic!("not a budget")
            };
            assert_eq!(budget.least, Some(4));
        }
        let Object::Quota(quota) = project(
            Kind::ResourceQuota,
            &json!({"metadata": {"name": "q"},
                "spec": {"scopes": ["NotTerminating"],
                    "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}},
                "status": {"hard": {"cpu": "10", "pods": 5}, "used": {"cpu": "2500m"}}}),
        ) else {
            panic!("not a quota")
        };
        assert_eq!(quota.scopes[..], ["NotTerminating", "PriorityClass"]);
        assert_eq!(
            (quota.limits[0].used_millis, quota.limits[0].hard_millis),
            (2500, 10_000)
        );
        assert_eq!((quota.limits[1].used_millis, quota.limits[1].hard_millis), (0, 5_000));
    }
}
