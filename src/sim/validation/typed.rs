//! What the types of `k8s.io/api` make of an object: values of a wrong type, and fields nobody knows.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{
    ConfigMap, Event, Namespace, Node, Pod, ResourceQuota, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::resource::Resource;

/// Takes away the fields the resource's type does not have, and gives their paths.
///
/// # Errors
/// What is wrong with a value's type.
pub(in super::super) fn prune(resource: &Resource, object: &mut Value) -> Result<Vec<String>, String> {
    let known: fn(&Value) -> serde_json::Result<Value> = match (resource.group.as_ref(), resource.plural.as_ref()) {
        ("", "pods") => known::<Pod>,
        ("", "nodes") => known::<Node>,
        ("", "namespaces") => known::<Namespace>,
        ("", "services") => known::<Service>,
        ("", "serviceaccounts") => known::<ServiceAccount>,
        ("", "configmaps") => known::<ConfigMap>,
        ("", "secrets") => known::<Secret>,
        ("", "events") => known::<Event>,
        ("", "resourcequotas") => known::<ResourceQuota>,
        ("apps", "deployments") => known::<Deployment>,
        ("apps", "replicasets") => known::<ReplicaSet>,
        ("apps", "statefulsets") => known::<StatefulSet>,
        ("apps", "daemonsets") => known::<DaemonSet>,
        ("batch", "jobs") => known::<Job>,
        ("autoscaling", "horizontalpodautoscalers") => known::<HorizontalPodAutoscaler>,
        ("policy", "poddisruptionbudgets") => known::<PodDisruptionBudget>,
        _ => return Ok(Vec::new()),
    };
    let known = known(object).map_err(|error| format!("json: {error}"))?;
    let mut unknown = Vec::new();
    drop_unknown(object, &known, "", &mut unknown);
    Ok(unknown)
}

/// The object as its type understands it.
fn known<T: DeserializeOwned + Serialize>(object: &Value) -> serde_json::Result<Value> {
    serde_json::to_value(T::deserialize(object)?)
}

fn drop_unknown(object: &mut Value, known: &Value, path: &str, unknown: &mut Vec<String>) {
    match (object, known) {
        (Value::Object(fields), Value::Object(known)) => {
            fields.retain(|name, value| {
                let keep = value.is_null() || known.contains_key(name);
                if !keep {
                    unknown.push(join(path, name));
                }
                keep
            });
            for (name, value) in fields.iter_mut() {
                if let Some(known) = known.get(name) {
                    drop_unknown(value, known, &join(path, name), unknown);
                }
            }
        }
        (Value::Array(items), Value::Array(known)) => {
            for (index, (item, known)) in items.iter_mut().zip(known).enumerate() {
                drop_unknown(item, known, &format!("{path}[{index}]"), unknown);
            }
        }
        _ => {}
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::resource::DEPLOYMENTS;
    use super::*;

    #[test]
    fn unknown_fields_are_named_and_dropped() {
        let mut object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "extra": 1,
            "spec": {"replcas": 1, "template": {"spec": {"containers": [{"name": "a", "imge": "b"}]}}}});
        let unknown = prune(&DEPLOYMENTS, &mut object).unwrap();
        assert_eq!(
            unknown,
            ["extra", "spec.replcas", "spec.template.spec.containers[0].imge"]
        );
        let kept = json!({"template": {"spec": {"containers": [{"name": "a"}]}}});
        assert_eq!(object["spec"], kept);
        let mut wrong = json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": "3"}});
        assert!(
            prune(&DEPLOYMENTS, &mut wrong)
                .unwrap_err()
                .starts_with("json: invalid type: string \"3\"")
        );
    }
}
