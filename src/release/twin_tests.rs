//! Labels that keep two Deployments apart, and the phases of the twin.

use serde_json::{Value, json};

use super::*;

fn template(image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": "live", "tier": "web"}},
        "spec": {"containers": [{"name": "live", "image": image}]},
    })
}

fn stable() -> Value {
    json!({
        "metadata": {"name": "live", "namespace": "gift", "uid": "u1", "generation": 3},
        "spec": {
            "replicas": 10, "template": template("live:1"),
            "selector": {"matchLabels": {"app": "live", "tier": "web"}},
        },
        "status": {"observedGeneration": 3, "replicas": 10, "updatedReplicas": 10, "availableReplicas": 10},
    })
}

fn service(selector: &Value) -> Value {
    json!({"spec": {"selector": selector}})
}

/// The twin as the API server would have it, with so many ready.
fn twin(ready: i64) -> Value {
    let mut twin = create(&stable(), &template("live:2"), 2, &[service(&json!({"app": "live"}))]).unwrap();
    twin["metadata"]["uid"] = json!("u2");
    twin["metadata"]["generation"] = json!(1);
    twin["metadata"]["resourceVersion"] = json!("50");
    twin["status"] = json!({"observedGeneration": 1, "readyReplicas": ready});
    twin
}

#[test]
fn a_label_that_no_service_looks_at_keeps_them_apart() {
    for (services, expected) in [
        (vec![json!({"app": "live"})], Overlap::Disjoint("tier".into())),
        (vec![json!({"app": "live", "tier": "web"})], Overlap::Overlaps),
        (vec![json!({"app": "live"}), json!({"tier": "web"})], Overlap::Overlaps),
        // Of other pods.
        (
            vec![json!({"app": "live"}), json!({"tier": "db"})],
            Overlap::Disjoint("tier".into()),
        ),
        (vec![], Overlap::Disjoint("app".into())),
    ] {
        let services: Vec<Value> = services.iter().map(service).collect();
        assert_eq!(overlap(&stable(), &services), expected, "{services:?}");
    }
}

#[test]
fn a_twin_serves_with_the_deployment_and_is_not_selected_by_it() {
    let twin = twin(0);
    assert_eq!(twin["metadata"]["name"], json!("live-gray"));
    let labels = json!({
        "app": "live", "tier": "web-gray", "pilothouse.dev/track": "gray", "pilothouse.dev/app": "live",
    });
    assert_eq!(twin["spec"]["template"]["metadata"]["labels"], labels);
    let selector = json!({"tier": "web-gray", "pilothouse.dev/track": "gray", "pilothouse.dev/app": "live"});
    assert_eq!(twin["spec"]["selector"]["matchLabels"], selector);
    assert_eq!(twin["spec"]["replicas"], json!(2));
    assert_eq!(
        twin["metadata"]["ownerReferences"][0].get("controller"),
        None,
        "it would be adopted"
    );
}

#[test]
fn its_phase_follows_the_table() {
    let promoted = |available: i64| {
        let mut promoted = stable();
        promoted["spec"]["template"] = template("live:2");
        promoted["status"]["availableReplicas"] = json!(available);
        promoted
    };
    let mut marked = twin(2);
    marked["metadata"]["annotations"]["pilothouse.dev/abort"] = json!("true");
    let mut leaving = twin(2);
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    for (stable, twin, expected) in [
        (stable(), None, Phase::Idle),
        (stable(), Some(twin(1)), Phase::Graying { ready: 1, wanted: 2 }),
        (stable(), Some(twin(2)), Phase::Gray { instances: 2 }),
        (promoted(8), Some(twin(2)), Phase::Promoting),
        (promoted(10), Some(twin(2)), Phase::Cleanup),
        (stable(), Some(marked), Phase::Aborting),
        (promoted(10), Some(leaving), Phase::Aborting),
    ] {
        assert_eq!(phase(&stable, twin.as_ref()), expected);
    }
}

#[test]
fn its_writes_are_conditional() {
    let patch = promote(&stable(), &twin(2)).unwrap();
    assert_eq!(
        patch,
        json!([
            {"op": "test", "path": "/metadata/uid", "value": "u1"},
            {"op": "test", "path": "/metadata/generation", "value": 3},
            {"op": "replace", "path": "/spec/template", "value": template("live:2")},
        ])
    );
    assert_eq!(
        promote(&stable(), &twin(1)),
        Err(Refusal::NotFull { ready: 1, desired: 2 })
    );
    let resized = resize(&twin(2), 4).unwrap();
    assert_eq!(resized[0]["value"], json!("u2"));
    assert_eq!(
        resized[2],
        json!({"op": "replace", "path": "/spec/replicas", "value": 4})
    );
    let options = deletion(&twin(2)).unwrap();
    assert_eq!(options["preconditions"], json!({"uid": "u2", "resourceVersion": "50"}));
    assert_eq!(options["propagationPolicy"], json!("Background"));
}

#[test]
fn a_twin_is_refused_where_it_would_do_harm() {
    let create_of = |stable: &Value, image: &str, instances| create(stable, &template(image), instances, &[]);
    assert_eq!(create_of(&stable(), "live:1", 2), Err(Refusal::SameTemplate));
    let range = Refusal::OutOfRange {
        asked: 11,
        least: 1,
        most: 10,
    };
    assert_eq!(create_of(&stable(), "live:2", 11), Err(range));
    let mut held = stable();
    held["spec"]["minReadySeconds"] = json!(2_147_483_646);
    assert_eq!(create_of(&held, "live:2", 2), Err(Refusal::InHold));
    let mut paused = stable();
    paused["spec"]["paused"] = json!(true);
    assert_eq!(create_of(&paused, "live:2", 2), Err(Refusal::Paused));
}
