//! Each shape's patches, and the refusals.

use serde_json::{Value, json};

use super::*;

fn template(image: &str) -> Value {
    json!({"spec": {"containers": [{"name": "a", "image": image}]}})
}

fn object(kind: &str, version: &str, strategy: &Value) -> Value {
    json!({
        "kind": kind, "apiVersion": version,
        "metadata": {"uid": "u", "generation": 3, "resourceVersion": "9", "labels": {}},
        "spec": {"replicas": 10, "template": template("a:1"), "updateStrategy": strategy},
        "status": {"observedGeneration": 3, "replicas": 10, "currentRevision": "a", "updateRevision": "a"},
    })
}

fn shapes() -> [(Value, &'static str); 3] {
    [
        (
            object(
                "StatefulSet",
                "apps/v1",
                &json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
            ),
            "/spec/updateStrategy/rollingUpdate/partition",
        ),
        (
            object("CloneSet", "apps.kruise.io/v1alpha1", &json!({"type": "ReCreate"})),
            "/spec/updateStrategy/partition",
        ),
        (
            object("CloneSet", "apps.kruise.io/v1beta1", &json!({"rollingUpdate": {}})),
            "/spec/updateStrategy/rollingUpdate/partition",
        ),
    ]
}

#[test]
fn what_a_pause_stands_in_is_made() {
    for (version, made) in [
        ("apps.kruise.io/v1alpha1", &["/spec/updateStrategy"][..]),
        (
            "apps.kruise.io/v1beta1",
            &["/spec/updateStrategy", "/spec/updateStrategy/rollingUpdate"],
        ),
    ] {
        let object = object("CloneSet", version, &Value::Null);
        let patch = pause(&object, Shape::of(&object).unwrap(), true).unwrap();
        let operations = patch.as_array().unwrap();
        let added: Vec<&str> = operations
            .iter()
            .filter(|op| op["op"] == "add")
            .filter_map(|op| op["path"].as_str())
            .collect();
        let place = format!("{}/paused", made.last().unwrap());
        assert_eq!(added, [made, &[place.as_str()]].concat(), "{version}");
    }
}

fn with(mut object: Value, path: &str, value: Value) -> Value {
    *object.pointer_mut(path).unwrap() = value;
    object
}

fn last(patch: Result<Value, Refusal>) -> Value {
    patch.unwrap().as_array().unwrap().last().unwrap().clone()
}

#[test]
fn a_partition_keeps_back_all_but_the_new_ones() {
    for (object, path) in shapes() {
        let patch = start(&object, &template("a:2"), 2, "01K4").unwrap();
        assert_eq!(
            patch,
            json!([
                {"op": "test", "path": "/metadata/uid", "value": "u"},
                {"op": "test", "path": "/metadata/resourceVersion", "value": "9"},
                {"op": "add", "path": "/metadata/labels/pilothouse.dev~1hold-op", "value": "01K4"},
                {"op": "replace", "path": "/spec/template", "value": template("a:2")},
                {"op": "add", "path": path, "value": 8},
            ]),
            "{path}"
        );
    }
    let bare = object("StatefulSet", "apps/v1", &Value::Null);
    let patch = start(&bare, &template("a:2"), 2, "01K4").unwrap();
    assert_eq!(
        patch[4],
        json!({"op": "add", "path": "/spec/updateStrategy", "value": {}})
    );
    assert_eq!(
        patch[5],
        json!({"op": "add", "path": "/spec/updateStrategy/rollingUpdate", "value": {}})
    );
}

#[test]
fn it_grows_to_full_or_goes_back() {
    for (object, path) in shapes() {
        let place = path.trim_end_matches("/partition").to_owned();
        let mut gray = with(object, "/metadata/labels", json!({"pilothouse.dev/hold-op": "01K4"}));
        gray.pointer_mut(&place).unwrap()["partition"] = json!(8);
        gray["spec"]["template"] = template("a:2");
        let grown = grow(&gray, 4).unwrap();
        assert_eq!(
            grown[2]["path"],
            json!("/metadata/labels/pilothouse.dev~1hold-op"),
            "who began is tested"
        );
        assert_eq!(last(Ok(grown)), json!({"op": "add", "path": path, "value": 6}));
        assert_eq!(
            grow(&gray, 2),
            Err(Refusal::OutOfRange {
                asked: 2,
                least: 3,
                most: 10
            })
        );
        let ended = json!({"op": "remove", "path": "/metadata/labels/pilothouse.dev~1hold-op"});
        let all = full(&gray).unwrap();
        assert_eq!(
            (&all[3], &all[4]),
            (&json!({"op": "add", "path": path, "value": 0}), &ended)
        );
        let revision = json!({"data": {"spec": {"template": {
            "$patch": "replace", "spec": {"containers": [{"name": "a", "image": "a:1"}]}}}}});
        let back = abort(&gray, &revision).unwrap();
        assert_eq!(
            back[3],
            json!({"op": "replace", "path": "/spec/template", "value": template("a:1")})
        );
        assert_eq!(back[4], json!({"op": "add", "path": path, "value": 0}));
        assert!(matches!(abort(&gray, &json!({})), Err(Refusal::RevisionGone(_))));
    }
}

#[test]
fn a_daemon_set_waits_for_each_of_its_instances_to_be_deleted() {
    let mut set = object(
        "DaemonSet",
        "apps/v1",
        &json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0}}),
    );
    set["status"] = json!({"observedGeneration": 3, "currentNumberScheduled": 5, "updatedNumberScheduled": 5});
    let held = json!({"op": "add", "path": "/spec/updateStrategy/type", "value": "OnDelete"});
    assert_eq!(last(start(&set, &template("a:2"), 0, "01K4")), held);
    assert_eq!(grow(&set, 4), Err(Refusal::NotInHold));
    let rolls = json!({"op": "add", "path": "/spec/updateStrategy/type", "value": "RollingUpdate"});
    assert_eq!(last(full(&set)), rolls);
    set["status"]["updatedNumberScheduled"] = json!(3);
    assert_eq!(start(&set, &template("a:2"), 0, "01K4"), Err(Refusal::NotStable));
}

#[test]
fn a_start_is_refused_where_it_would_do_harm() {
    let [(set, _), (clone, _), _] = shapes();
    let start_of = |object: &Value, instances| start(object, &template("a:2"), instances, "01K4");
    let range = |asked| {
        Err(Refusal::OutOfRange {
            asked,
            least: 1,
            most: 10,
        })
    };
    assert_eq!(start_of(&set, 0), range(0));
    assert_eq!(start_of(&set, 11), range(11));
    assert_eq!(start(&set, &template("a:1"), 2, "01K4"), Err(Refusal::SameTemplate));
    let unseen = with(set.clone(), "/metadata/generation", json!(4));
    assert_eq!(start_of(&unseen, 2), Err(Refusal::Unseen));
    let moving = with(set, "/status/updateRevision", json!("b"));
    assert_eq!(start_of(&moving, 2), Err(Refusal::NotStable));
    let paused = with(clone, "/spec/updateStrategy", json!({"paused": true}));
    assert_eq!(start_of(&paused, 2), Err(Refusal::Paused));
    let job = json!({"kind": "Job", "apiVersion": "batch/v1"});
    assert!(start_of(&job, 2).is_err());
}
