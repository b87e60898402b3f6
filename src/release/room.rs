//! The instances that a step adds while it lasts, and whether the quotas of their namespace have room for them.
//! Source: Kubernetes, "Resource Quotas" (hard and used of a quota's status; its scopes), "Deployments" (max surge).

use std::collections::BTreeMap;

use serde_json::Value;

use super::template::same;
use crate::domain::quantity::parse_quantity_millis;
use crate::domain::{Cpu, Kind, Memory};

/// A quota that has no room for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    pub quota: String,
    /// As the quota names it: `requests.cpu`.
    pub resource: String,
    /// How many more instances it has room for.
    pub fits: i64,
    /// How many the step adds.
    pub more: i64,
    /// What is left of the resource, in thousandths of its unit.
    pub left: i64,
}

impl Short {
    /// `quota team has room for 1 of 2 more instances: 500m of requests.cpu are left`
    pub fn words(&self) -> String {
        let left = if self.resource.ends_with("cpu") {
            Cpu(self.left).to_string()
        } else if self.resource.ends_with("memory") || self.resource.ends_with("storage") {
            Memory(self.left / 1000).to_string()
        } else {
            (self.left / 1000).to_string()
        };
        let Self {
            quota,
            resource,
            fits,
            more,
            ..
        } = self;
        format!("quota {quota} has room for {fits} of {more} more instances: of {resource} {left} is left")
    }
}

/// The quota that has room for the fewest of the instances that are added; `None` where all have room for all.
pub fn short(kind: Kind, before: &Value, after: &Value, quotas: &[Value]) -> Option<Short> {
    let more = added(kind, before, after);
    if more <= 0 {
        return None;
    }
    let pod = after.pointer("/spec/template/spec")?;
    let (requests, limits) = (sum(pod, "requests"), sum(pod, "limits"));
    let is_best_effort = requests.is_empty() && limits.is_empty();
    let covering = quotas.iter().filter(|quota| covers(quota, is_best_effort));
    let lines = covering.flat_map(|quota| {
        let hard = quota.pointer("/status/hard").and_then(Value::as_object);
        hard.into_iter()
            .flatten()
            .map(move |(resource, hard)| (quota, resource, hard))
    });
    let short = lines.filter_map(|(quota, resource, hard)| {
        let each = needed(resource, &requests, &limits).filter(|each| *each > 0)?;
        let used = quota.pointer("/status/used").and_then(|used| used.get(resource));
        let left = millis(hard)? - used.and_then(millis).unwrap_or(0);
        let fits = (left.max(0) / each).min(more);
        (fits < more).then(|| Short {
            quota: name(quota),
            resource: resource.clone(),
            fits,
            more,
            left: left.max(0),
        })
    });
    short.min_by_key(|short| short.fits)
}

fn name(object: &Value) -> String {
    let name = object.pointer("/metadata/name").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

fn millis(quantity: &Value) -> Option<i64> {
    match quantity {
        Value::String(text) => parse_quantity_millis(text),
        number => number.as_i64().map(|number| number.saturating_mul(1000)),
    }
}

/// How many instances there will be at most, less those that there are.
fn added(kind: Kind, before: &Value, after: &Value) -> i64 {
    let number = |object: &Value, path: &str| object.pointer(path).and_then(Value::as_i64);
    let wanted = number(after, "/spec/replicas").unwrap_or(1);
    let there = number(before, "/status/replicas").unwrap_or(0);
    let template = |object: &Value| object.pointer("/spec/template").cloned().unwrap_or_default();
    let rolls = !same(&template(before), &template(after)) || number(before, "/status/updatedReplicas") < Some(there);
    let surge = if rolls { surge(kind, after, wanted) } else { 0 };
    wanted + surge - there
}

/// How many more than wanted there may be while they are replaced.
fn surge(kind: Kind, object: &Value, wanted: i64) -> i64 {
    let (paths, otherwise): (&[&str], i64) = match kind {
        Kind::Deployment if object.pointer("/spec/strategy/type").and_then(Value::as_str) == Some("Recreate") => {
            return 0;
        }
        Kind::Deployment => (&["/spec/strategy/rollingUpdate/maxSurge"], 25),
        Kind::Rollout => (&["/spec/strategy/canary/maxSurge"], 25),
        Kind::CloneSet => (
            &[
                "/spec/updateStrategy/rollingUpdate/maxSurge",
                "/spec/updateStrategy/maxSurge",
            ],
            0,
        ),
        _ => return 0,
    };
    let percent = |percent: i64| (wanted.saturating_mul(percent) + 99) / 100;
    match paths.iter().find_map(|path| object.pointer(path)) {
        Some(Value::String(text)) => {
            let number = text.strip_suffix('%').and_then(|text| text.parse().ok());
            number.map_or(0, percent)
        }
        Some(number) => number.as_i64().unwrap_or(0),
        None => percent(otherwise),
    }
}

/// What an instance asks for, or is bound to, in thousandths by resource: what its containers have together, or its
/// largest init container where that is more. Source: Kubernetes, "Init Containers", resource sharing.
fn sum(pod: &Value, which: &str) -> BTreeMap<String, i64> {
    let list = |field: &str| pod.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let stays = |container: &&Value| container.get("restartPolicy").and_then(Value::as_str) == Some("Always");
    let of = |container: &Value| -> Vec<(String, i64)> {
        let amounts = container
            .pointer(&format!("/resources/{which}"))
            .and_then(Value::as_object);
        let amounts = amounts.into_iter().flatten();
        amounts
            .filter_map(|(name, amount)| Some((name.clone(), millis(amount)?)))
            .collect()
    };
    let mut all: BTreeMap<String, i64> = BTreeMap::new();
    for container in list("containers")
        .iter()
        .chain(list("initContainers").iter().filter(stays))
    {
        for (resource, amount) in of(container) {
            *all.entry(resource).or_default() += amount;
        }
    }
    for container in list("initContainers").iter().filter(|container| !stays(container)) {
        for (resource, amount) in of(container) {
            let known = all.entry(resource).or_default();
            *known = amount.max(*known);
        }
    }
    all
}

/// How much of a quota's resource one instance takes; `None` of what instances do not take.
fn needed(resource: &str, requests: &BTreeMap<String, i64>, limits: &BTreeMap<String, i64>) -> Option<i64> {
    match resource {
        "pods" | "count/pods" => Some(1000),
        "cpu" | "memory" | "ephemeral-storage" => requests.get(resource).copied(),
        _ => match resource.split_once('.')? {
            ("requests", of) => requests.get(of).copied(),
            ("limits", of) => limits.get(of).copied(),
            _ => None,
        },
    }
}

/// Whether a quota counts long-running instances; one whose scope asks for what is not known here is left out.
fn covers(quota: &Value, is_best_effort: bool) -> bool {
    let list = |path: &str| {
        quota
            .pointer(path)
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice)
    };
    let selected = list("/spec/scopeSelector/matchExpressions")
        .iter()
        .map(|one| one.get("scopeName"));
    let mut scopes = list("/spec/scopes").iter().map(Some).chain(selected);
    scopes.all(|scope| match scope.and_then(Value::as_str) {
        Some("NotTerminating") => true,
        Some("BestEffort") => is_best_effort,
        Some("NotBestEffort") => !is_best_effort,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(image: &str, surge: &Value) -> Value {
        json!({"spec": {"replicas": 10, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge}},
            "template": {"spec": {
                "initContainers": [{"name": "once", "resources": {"requests": {"cpu": "100m", "memory": "4Gi"}}},
                    {"name": "mesh", "restartPolicy": "Always", "resources": {"requests": {"cpu": "250m"}}}],
                "containers": [{"name": "live", "image": image,
                    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": 2}}}]}}},
            "status": {"replicas": 10, "updatedReplicas": 10}})
    }

    fn quota(hard: &Value, used: &Value) -> Value {
        json!({"metadata": {"name": "team"}, "spec": {}, "status": {"hard": hard, "used": used}})
    }

    fn found(surge: &Value, quota: Value) -> Option<(String, i64, i64)> {
        let (before, after) = (deployment("v1", &json!("25%")), deployment("v2", surge));
        let short = short(Kind::Deployment, &before, &after, &[quota])?;
        Some((short.resource, short.fits, short.more))
    }

    #[test]
    fn what_is_left_of_each_resource_is_held_against_what_is_added() {
        let none = json!({});
        for (surge, hard, used, expected) in [
            (json!(2), json!({"pods": "12"}), json!({"pods": "10"}), None),
            (json!(2), json!({"pods": 11}), json!({"pods": 10}), Some(("pods", 1, 2))),
            (
                json!(2),
                json!({"count/pods": "9"}),
                json!({"count/pods": "10"}),
                Some(("count/pods", 0, 2)),
            ),
            (
                json!("25%"),
                json!({"pods": "12"}),
                json!({"pods": "10"}),
                Some(("pods", 2, 3)),
            ),
            (
                json!("100%"),
                json!({"requests.cpu": "20"}),
                json!({"requests.cpu": "12500m"}),
                Some(("requests.cpu", 6, 10)),
            ),
            (json!(2), json!({"cpu": "15"}), json!({"cpu": "12500m"}), None),
            (
                json!(2),
                json!({"memory": "47Gi"}),
                json!({"memory": "40Gi"}),
                Some(("memory", 1, 2)),
            ),
            (
                json!(2),
                json!({"limits.cpu": "23"}),
                json!({"limits.cpu": "20"}),
                Some(("limits.cpu", 1, 2)),
            ),
            (
                json!(2),
                json!({"limits.memory": "1", "services": "0"}),
                none.clone(),
                None,
            ),
            (json!(0), json!({"pods": "10"}), json!({"pods": "10"}), None),
        ] {
            let expected = expected.map(|(resource, fits, more)| (resource.to_owned(), fits, more));
            assert_eq!(found(&surge, quota(&hard, &used)), expected, "{surge} {hard} {used}");
        }
    }

    #[test]
    fn a_quota_of_other_instances_says_nothing() {
        let full = || quota(&json!({"pods": "1"}), &json!({"pods": "1"}));
        for (scopes, counts) in [
            (json!({"scopes": ["NotTerminating", "NotBestEffort"]}), true),
            (json!({"scopes": ["BestEffort"]}), false),
            (
                json!({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists"}]}}),
                false,
            ),
        ] {
            let mut quota = full();
            quota["spec"] = scopes.clone();
            assert_eq!(found(&json!(2), quota).is_some(), counts, "{scopes}");
        }
    }

    #[test]
    fn what_adds_nothing_needs_no_room_and_each_kind_has_its_surge() {
        let full = [quota(&json!({"pods": "1"}), &json!({"pods": "1"}))];
        let stays = deployment("v1", &json!("25%"));
        assert_eq!(short(Kind::Deployment, &stays, &stays, &full), None);
        let mut recreated = deployment("v2", &json!("25%"));
        recreated["spec"]["strategy"] = json!({"type": "Recreate"});
        assert_eq!(short(Kind::Deployment, &stays, &recreated, &full), None);
        let mut scaled = stays.clone();
        scaled["spec"]["replicas"] = 14.into();
        for (kind, object, more) in [
            (Kind::StatefulSet, &scaled, Some(4)),
            (Kind::StatefulSet, &recreated, None),
            (Kind::Rollout, &recreated, Some(3)),
            (Kind::CloneSet, &recreated, None),
        ] {
            let found = short(kind, &stays, object, &full).map(|short| short.more);
            assert_eq!(found, more, "{kind}");
        }
        // What is under way goes on.
        let mut halfway = stays.clone();
        halfway["status"] = json!({"replicas": 11, "updatedReplicas": 1});
        assert_eq!(
            short(Kind::Deployment, &halfway, &stays, &full).map(|short| short.more),
            Some(2)
        );
    }

    #[test]
    fn it_is_told_with_what_is_left() {
        let short = |resource: &str, left| Short {
            quota: "team".into(),
            resource: resource.into(),
            fits: 1,
            more: 2,
            left,
        };
        for (resource, left, told) in [
            (
                "requests.cpu",
                500,
                "quota team has room for 1 of 2 more instances: of requests.cpu 500m is left",
            ),
            (
                "limits.memory",
                3 * 1_024_000 * 1024,
                "quota team has room for 1 of 2 more instances: of limits.memory 3 MiB is left",
            ),
            (
                "pods",
                1000,
                "quota team has room for 1 of 2 more instances: of pods 1 is left",
            ),
        ] {
            assert_eq!(short(resource, left).words(), told);
        }
    }
}
