//! Each step's patch and each refusal.

use serde_json::{Value, json};

use super::*;
use crate::release::live::Method;

const HELD: &str = "v1.mrs5.pd600.su25p.un1";

fn template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "live"}}, "spec": {"containers": [{"name": "live", "image": image}]}})
}

/// A stable Deployment of ten.
fn stable() -> Value {
    json!({
        "metadata": {"uid": "u1", "generation": 7, "resourceVersion": "41", "labels": {"app": "live"}},
        "spec": {
            "replicas": 10, "minReadySeconds": 5, "progressDeadlineSeconds": 600, "template": template("live:v1"),
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
        },
        "status": {"observedGeneration": 7},
    })
}

/// The same in a gray release of `surge` to v2.
fn held(surge: &Value) -> Value {
    let mut held = stable();
    held["metadata"]["labels"] = json!({
        "app": "live", "pilothouse.dev/hold": HELD, "pilothouse.dev/hold-from": "one", "pilothouse.dev/hold-op": "01K4",
    });
    held["spec"]["template"] = template("live:v2");
    held["spec"]["minReadySeconds"] = json!(2_147_483_646);
    held["spec"]["progressDeadlineSeconds"] = json!(2_147_483_647);
    held["spec"]["strategy"]["rollingUpdate"] = json!({"maxSurge": surge, "maxUnavailable": 0});
    held
}

fn set(hash: &str, revision: i64, image: &str, (size, ready): (i64, i64)) -> Value {
    let mut labelled = template(image);
    labelled["metadata"]["labels"]["pod-template-hash"] = json!(hash);
    json!({
        "metadata": {
            "name": format!("live-{hash}"), "labels": {"app": "live", "pod-template-hash": hash},
            "annotations": {"deployment.kubernetes.io/revision": revision.to_string()},
            "ownerReferences": [{"uid": "u1", "controller": true}],
        },
        "spec": {"replicas": size, "template": labelled},
        "status": {"replicas": size, "readyReplicas": ready},
    })
}

fn alone() -> Vec<Value> {
    vec![set("zero", 2, "live:v0", (0, 0)), set("one", 3, "live:v1", (10, 10))]
}

fn beside(ready: i64) -> Vec<Value> {
    vec![
        set("one", 3, "live:v1", (10, 10)),
        set("two", 4, "live:v2", (ready, ready)),
    ]
}

fn live<'a>(deployment: &'a Value, sets: &'a [Value]) -> Live<'a> {
    Live { deployment, sets }
}

fn ask(template: &Value, method: Method, instances: i32) -> Start<'_> {
    Start {
        template,
        method,
        instances,
        operation: "01K4",
        driver: None,
    }
}

fn later_tests() -> Vec<Value> {
    vec![
        json!({"op": "test", "path": "/metadata/uid", "value": "u1"}),
        json!({"op": "test", "path": "/metadata/generation", "value": 7}),
        json!({"op": "test", "path": "/metadata/labels/pilothouse.dev~1hold-op", "value": "01K4"}),
    ]
}

fn restored() -> [Value; 3] {
    [
        json!({"op": "add", "path": "/spec/minReadySeconds", "value": 5}),
        json!({"op": "add", "path": "/spec/progressDeadlineSeconds", "value": 600}),
        json!({"op": "add", "path": "/spec/strategy",
            "value": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}}}),
    ]
}

fn removed(keys: &[&str]) -> Vec<Value> {
    let path = |key: &&str| json!({"op": "remove", "path": format!("/metadata/labels/pilothouse.dev~1{key}")});
    keys.iter().map(path).collect()
}

#[test]
fn a_start_holds_beside_or_in_place_of_old_ones() {
    let new = template("live:v2");
    for (method, surge, unavailable) in [(Method::Surge, 2, 0), (Method::Replace, 0, 2)] {
        let patch = start(live(&stable(), &alone()), ask(&new, method, 2)).unwrap();
        assert_eq!(
            patch,
            json!([
                {"op": "test", "path": "/metadata/uid", "value": "u1"},
                {"op": "test", "path": "/metadata/generation", "value": 7},
                {"op": "test", "path": "/metadata/labels", "value": stable()["metadata"]["labels"]},
                {"op": "add", "path": "/metadata/labels/pilothouse.dev~1hold-op", "value": "01K4"},
                {"op": "add", "path": "/metadata/labels/pilothouse.dev~1hold", "value": HELD},
                {"op": "add", "path": "/metadata/labels/pilothouse.dev~1hold-from", "value": "one"},
                {"op": "replace", "path": "/spec/template", "value": new},
                {"op": "add", "path": "/spec/minReadySeconds", "value": 2_147_483_646},
                {"op": "add", "path": "/spec/progressDeadlineSeconds", "value": 2_147_483_647},
                {"op": "add", "path": "/spec/strategy", "value": {"type": "RollingUpdate",
                    "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}},
            ])
        );
    }
    let mut bare = stable();
    bare["metadata"].as_object_mut().unwrap().remove("labels");
    let patch = start(live(&bare, &alone()), ask(&new, Method::Surge, 2)).unwrap();
    let version = json!({"op": "test", "path": "/metadata/resourceVersion", "value": "41"});
    assert_eq!(patch[2], version, "labels that somebody adds meanwhile would be lost");
    assert_eq!(patch[3], json!({"op": "add", "path": "/metadata/labels", "value": {}}));
}

#[test]
fn a_start_is_refused_where_it_would_do_harm() {
    let new = template("live:v2");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut changed = stable();
        change(&mut changed);
        changed
    };
    let two = ask(&new, Method::Surge, 2);
    let range = |asked| Refusal::OutOfRange {
        asked,
        least: 1,
        most: 10,
    };
    for (deployment, sets, asked, refusal) in [
        (
            with(&|d| d["spec"]["paused"] = json!(true)),
            alone(),
            two,
            Refusal::Paused,
        ),
        (
            with(&|d| d["metadata"]["generation"] = json!(8)),
            alone(),
            two,
            Refusal::Unseen,
        ),
        (held(&json!(2)), beside(2), two, Refusal::InHold),
        (stable(), vec![], two, Refusal::NotStable),
        (
            stable(),
            vec![set("zero", 2, "live:v0", (1, 1)), set("one", 3, "live:v1", (10, 10))],
            two,
            Refusal::NotStable,
        ),
        (stable(), alone(), ask(&new, Method::Surge, 0), range(0)),
        (stable(), alone(), ask(&new, Method::Surge, 11), range(11)),
        (
            stable(),
            alone(),
            Start {
                driver: Some(Driver::Flagger),
                ..two
            },
            Refusal::Driven(crate::release::driver::refusal(Driver::Flagger, None)),
        ),
    ] {
        assert_eq!(start(live(&deployment, &sets), asked), Err(refusal));
    }
    let same = template("live:v1");
    let refused = start(live(&stable(), &alone()), ask(&same, Method::Surge, 2));
    assert_eq!(refused, Err(Refusal::SameTemplate));
}

#[test]
fn the_later_steps_are_one_patch_each() {
    let sets = beside(10);
    let gray = held(&json!(2));
    let at = live(&gray, &sets);
    let after = |more: Vec<Value>| Ok(Value::Array([later_tests(), more].concat()));
    let limit = |field: &str, value: Value| {
        vec![json!({"op": "replace", "path": format!("/spec/strategy/rollingUpdate/{field}"), "value": value})]
    };
    let all = ["hold", "hold-from", "hold-op"];
    let ended = [restored().to_vec(), removed(&all)].concat();
    assert_eq!(grow(at, 4), after(limit("maxSurge", json!(4))));
    assert_eq!(keep_old(at), after(limit("maxSurge", json!("100%"))));
    assert_eq!(offline(at), after(ended.clone()));
    assert_eq!(full(at), after(ended));
    let back = json!({"op": "replace", "path": "/spec/template", "value": template("live:v1")});
    assert_eq!(
        abort(at),
        after([vec![back], restored().to_vec(), removed(&["hold"])].concat())
    );
    let mut replacing = gray.clone();
    replacing["spec"]["strategy"]["rollingUpdate"] = json!({"maxSurge": 0, "maxUnavailable": 2});
    assert_eq!(
        grow(live(&replacing, &sets), 4),
        after(limit("maxUnavailable", json!(4)))
    );
    assert_eq!(keep_old(live(&replacing, &sets)), Err(Refusal::Replacing));
}

#[test]
fn the_later_steps_are_refused_where_they_would_do_harm() {
    let gray = held(&json!(2));
    let sets = beside(2);
    let at = live(&gray, &sets);
    let range = |asked| {
        Err(Refusal::OutOfRange {
            asked,
            least: 3,
            most: 10,
        })
    };
    assert_eq!(grow(at, 2), range(2), "a hold cannot shrink");
    assert_eq!(grow(at, 11), range(11));
    assert_eq!(offline(at), Err(Refusal::NotFull { ready: 2, desired: 10 }));
    assert_eq!(repair(at), Err(Refusal::NothingToRepair));
    let (calm, alone) = (stable(), alone());
    let still = live(&calm, &alone);
    for refused in [
        grow(still, 4),
        keep_old(still),
        offline(still),
        full(still),
        abort(still),
        repair(still),
    ] {
        assert_eq!(refused, Err(Refusal::NotInHold));
    }
    // Somebody pushed a third version.
    let mut third = gray.clone();
    third["spec"]["template"] = template("live:v3");
    let with_third = [beside(2), vec![set("three", 5, "live:v3", (2, 0))]].concat();
    let strange = live(&third, &with_third);
    for refused in [grow(strange, 4), keep_old(strange), offline(strange), full(strange)] {
        assert_eq!(refused, Err(Refusal::ForeignChange));
    }
    assert!(abort(strange).is_ok(), "the way back is always open");
    let gone = [set("two", 4, "live:v2", (2, 2))];
    assert_eq!(abort(live(&gray, &gone)), Err(Refusal::RevisionGone("one".into())));
}

#[test]
fn a_hold_without_end_is_repaired() {
    // `kubectl rollout undo` brought the old version back.
    let mut undone = held(&json!(2));
    undone["spec"]["template"] = template("live:v1");
    let sets = [set("one", 5, "live:v1", (10, 10)), set("two", 4, "live:v2", (2, 2))];
    let all = removed(&["hold", "hold-from", "hold-op"]);
    let patch = Value::Array([later_tests(), restored().to_vec(), all].concat());
    assert_eq!(repair(live(&undone, &sets)), Ok(patch));
    // Somebody took the labels away: Kubernetes' own settings take the place of what nobody knows.
    undone["metadata"]["labels"] = json!({"app": "live"});
    let patch = repair(live(&undone, &sets)).unwrap();
    assert_eq!(patch.as_array().unwrap().len(), 5);
    assert_eq!(patch[2]["value"], json!(0));
    let limits = json!({"maxSurge": "25%", "maxUnavailable": "25%"});
    assert_eq!(patch[4]["value"]["rollingUpdate"], limits);
}

#[test]
fn a_rollback_publishes_an_old_revision() {
    let (calm, sets) = (stable(), alone());
    let at = live(&calm, &sets);
    let patch = rollback(at, &template("live:v0")).unwrap();
    assert_eq!(
        patch,
        json!([
            {"op": "test", "path": "/metadata/uid", "value": "u1"},
            {"op": "test", "path": "/metadata/generation", "value": 7},
            {"op": "replace", "path": "/spec/template", "value": template("live:v0")},
        ])
    );
    assert_eq!(rollback(at, &template("live:v1")), Err(Refusal::SameTemplate));
    let gray = held(&json!(2));
    assert_eq!(rollback(live(&gray, &sets), &template("live:v0")), Err(Refusal::InHold));
}

#[test]
fn pausing_resuming_and_restarting_are_conditional_too() {
    let (calm, sets) = (stable(), alone());
    let at = live(&calm, &sets);
    let patch = pause(at).unwrap();
    assert_eq!(patch[2], json!({"op": "add", "path": "/spec/paused", "value": true}));
    assert_eq!(resume(at), Err(Refusal::NotPaused));
    let patch = restart(at, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(
        patch[2],
        json!({"op": "add", "path": "/spec/template/metadata/annotations", "value": {}})
    );
    assert_eq!(
        patch[3],
        json!({"op": "add", "path": "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt",
            "value": "1970-01-01T00:00:00Z"})
    );
    let mut paused = stable();
    paused["spec"]["paused"] = json!(true);
    let at = live(&paused, &sets);
    assert_eq!(pause(at), Err(Refusal::Paused));
    assert_eq!(resume(at).unwrap()[2]["value"], json!(false));
    assert_eq!(rollback(at, &template("live:v0")), Err(Refusal::Paused));
    assert_eq!(restart(at, Timestamp::UNIX_EPOCH), Err(Refusal::Paused));
    let gray = held(&json!(2));
    assert_eq!(restart(live(&gray, &sets), Timestamp::UNIX_EPOCH), Err(Refusal::InHold));
}
