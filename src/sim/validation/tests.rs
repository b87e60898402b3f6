//! The messages are those a Kubernetes 1.36 API server gave for the same objects.

use serde_json::json;

use super::super::defaults;
use super::super::resource::{CONFIG_MAPS, DEPLOYMENTS, NAMESPACES, PODS};
use super::*;

fn deployment(change: impl FnOnce(&mut Value)) -> Value {
    let mut object = json!({"metadata": {"name": "w"}, "spec": {"selector": {"matchLabels": {"app": "w"}},
        "template": {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": [{"name": "m", "image": "busybox"}]}}}});
    change(&mut object);
    defaults::apply(&DEPLOYMENTS, &mut object);
    object
}

#[test]
fn deployments_are_refused_in_the_servers_words() {
    let container = "spec.template.spec.containers[0]";
    let cases: Vec<(&[&str], Value, String)> = vec![
        (&["spec", "replicas"], json!(-1), "spec.replicas: Invalid value: -1: must be greater than or equal to 0".into()),
        (
            &["spec", "selector"],
            json!({"matchLabels": {"app": "x"}}),
            "spec.template.metadata.labels: Invalid value: {\"app\":\"w\"}: `selector` does not match template `labels`".into(),
        ),
        (
            &["spec", "selector"],
            Value::Null,
            "[spec.selector: Required value, spec.template.metadata.labels: Invalid value: {\"app\":\"w\"}: `selector` does not match template `labels`]".into(),
        ),
        (&["spec", "selector"], json!({}), "spec.selector: Invalid value: {}: empty selector is invalid for deployment".into()),
        (&["spec", "template", "spec", "containers"], json!([]), "spec.template.spec.containers: Required value".into()),
        (
            &["spec", "template", "spec", "containers"],
            json!([{"name": "m"}]),
            format!("{container}.image: Required value"),
        ),
        (
            &["spec", "template", "spec", "containers"],
            json!([{"name": "m", "image": "a:1"}, {"name": "m", "image": "a:1"}]),
            "spec.template.spec.containers[1].name: Duplicate value: \"m\"".into(),
        ),
        (
            &["spec", "template", "spec", "containers"],
            json!([{"name": "m", "image": "a:1", "volumeMounts": [{"name": "nope", "mountPath": "/x"}]}]),
            format!("{container}.volumeMounts[0].name: Not found: \"nope\""),
        ),
        (&["spec", "minReadySeconds"], json!(600), "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds".into()),
        (&["spec", "progressDeadlineSeconds"], json!(0), "spec.progressDeadlineSeconds: Invalid value: 0: must be greater than minReadySeconds".into()),
        (
            &["spec", "strategy"],
            json!({"type": "Foo"}),
            "spec.strategy: Unsupported value: {\"Type\":\"Foo\",\"RollingUpdate\":null}: supported values: \"Recreate\", \"RollingUpdate\"".into(),
        ),
        (
            &["spec", "strategy"],
            json!({"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}),
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'".into(),
        ),
        (
            &["spec", "strategy"],
            json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0".into(),
        ),
        (
            &["spec", "strategy"],
            json!({"rollingUpdate": {"maxUnavailable": "110%"}}),
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"110%\": must not be greater than 100%".into(),
        ),
        (
            &["spec", "template", "spec", "restartPolicy"],
            json!("Never"),
            "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"".into(),
        ),
    ];
    for (path, value, expected) in cases {
        let object = deployment(|object| json::set(object, path, value.clone()));
        let refused = new(&DEPLOYMENTS, &object).unwrap_err();
        assert_eq!(refused.message, format!("Deployment.apps \"w\" is invalid: {expected}"));
        assert_eq!(refused.code, 422);
    }
    new(&DEPLOYMENTS, &deployment(|_| ())).unwrap();
}

#[test]
fn the_selector_of_a_deployment_stays() {
    let old = deployment(|_| ());
    let new = deployment(|object| {
        json::set(object, &["spec", "selector", "matchLabels", "app"], "z");
        json::set(object, &["spec", "template", "metadata", "labels", "app"], "z");
    });
    let refused = change(&DEPLOYMENTS, &old, &new).unwrap_err();
    let expected = "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"z\"}}: field is immutable";
    assert_eq!(refused.message, format!("Deployment.apps \"w\" is invalid: {expected}"));
}

#[test]
fn a_pod_may_change_its_image_only() {
    let pod = |image: &str, host: bool| {
        json!({"metadata": {"name": "p"},
        "spec": {"hostNetwork": host, "containers": [{"name": "m", "image": image}]}})
    };
    change(&PODS, &pod("a", false), &pod("b", false)).unwrap();
    assert!(
        change(&PODS, &pod("a", false), &pod("a", true))
            .unwrap_err()
            .message
            .contains("pod updates may not change")
    );
}

#[test]
fn names_follow_the_rfc() {
    for (resource, name, allowed) in [
        (&CONFIG_MAPS, "a.b-c", true),
        (&CONFIG_MAPS, "Bad_Name", false),
        (&CONFIG_MAPS, "-a", false),
        (&CONFIG_MAPS, "a..b", false),
        (&NAMESPACES, "a.b", false),
        (&NAMESPACES, "a-b", true),
    ] {
        let object = json!({"metadata": {"name": name}});
        assert_eq!(new(resource, &object).is_ok(), allowed, "{name}");
    }
}
