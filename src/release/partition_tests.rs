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
        let patch = start(&object, &template("a:2"), (2, "7c9"), "01K4").unwrap();
        assert_eq!(
            patch,
            json!([
                {"op": "test", "path": "/metadata/uid", "value": "u"},
                {"op": "test", "path": "/metadata/resourceVersion", "value": "9"},
                {"op": "add", "path": "/metadata/labels/pilothouse.dev~1hold", "value": "v1"},
                {"op": "add", "path": "/metadata/labels/pilothouse.dev~1hold-from", "value": "7c9"},
                {"op": "add", "path": "/metadata/labels/pilothouse.dev~1hold-op", "value": "01K4"},
                {"op": "replace", "path": "/spec/template", "value": template("a:2")},
                {"op": "add", "path": path, "value": 8},
            ]),
            "{path}"
        );
    }
    let bare = object("StatefulSet", "apps/v1", &Value::Null);
    let patch = start(&bare, &template("a:2"), (2, "7c9"), "01K4").unwrap();
    assert_eq!(
        patch[6],
        json!({"op": "add", "path": "/spec/updateStrategy", "value": {}})
    );
    assert_eq!(
        patch[7],
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
        gray["status"]["updateRevision"] = json!("b");
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
    assert_eq!(last(start(&set, &template("a:2"), (0, "7c9"), "01K4")), held);
    assert_eq!(grow(&set, 4), Err(Refusal::NotInHold));
    let rolls = json!({"op": "add", "path": "/spec/updateStrategy/type", "value": "RollingUpdate"});
    assert_eq!(full(&set), Err(Refusal::NotInHold), "nothing is under way");
    set["status"]["updatedNumberScheduled"] = json!(3);
    assert_eq!(last(full(&set)), rolls);
    assert_eq!(
        start(&set, &template("a:2"), (0, "7c9"), "01K4"),
        Err(Refusal::NotStable)
    );
}

#[test]
fn a_start_is_refused_where_it_would_do_harm() {
    let [(set, _), (clone, _), _] = shapes();
    let start_of = |object: &Value, instances| start(object, &template("a:2"), (instances, "7c9"), "01K4");
    let range = |asked| {
        Err(Refusal::OutOfRange {
            asked,
            least: 1,
            most: 10,
        })
    };
    assert_eq!(start_of(&set, 0), range(0));
    assert_eq!(start_of(&set, 11), range(11));
    assert_eq!(
        start(&set, &template("a:1"), (2, "7c9"), "01K4"),
        Err(Refusal::SameTemplate)
    );
    let unseen = with(set.clone(), "/metadata/generation", json!(4));
    assert_eq!(start_of(&unseen, 2), Err(Refusal::Unseen));
    let moving = with(set, "/status/updateRevision", json!("b"));
    assert_eq!(start_of(&moving, 2), Err(Refusal::NotStable));
    let paused = with(clone, "/spec/updateStrategy", json!({"paused": true}));
    assert_eq!(start_of(&paused, 2), Err(Refusal::Paused));
    let job = json!({"kind": "Job", "apiVersion": "batch/v1"});
    assert!(start_of(&job, 2).is_err());
}

#[test]
fn what_it_was_set_to_is_put_back_once_all_are_of_one_version() {
    for (kind, strategy, noted, back) in [
        (
            "StatefulSet",
            json!({"type": "OnDelete"}),
            "v1.od",
            json!({"op": "add", "path": "/spec/updateStrategy", "value": {"type": "OnDelete"}}),
        ),
        (
            "StatefulSet",
            json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}),
            "v1.pt3",
            json!({"op": "add", "path": "/spec/updateStrategy/rollingUpdate/partition", "value": 3}),
        ),
        (
            "DaemonSet",
            json!({"type": "OnDelete"}),
            "v1.od",
            json!({"op": "add", "path": "/spec/updateStrategy/type", "value": "OnDelete"}),
        ),
    ] {
        let mut all = object(kind, "apps/v1", &strategy);
        let settled = all["status"].clone();
        let begun = start(&all, &template("a:2"), (2, "7c9"), "01K4").unwrap();
        assert_eq!(begun[2]["value"], json!(noted), "{kind} {strategy}");
        all["metadata"]["labels"] = json!({HOLD: noted, HOLD_FROM: "7c9", HOLD_OP: "01K4"});
        all["spec"]["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 8}});
        let ended = full(&all).unwrap();
        assert_eq!(ended[3], back, "{kind} {strategy}");
        assert_eq!(ended[6]["op"], "remove");
        all["status"]["updateRevision"] = json!("b");
        all["status"]["currentNumberScheduled"] = json!(5);
        let rolls = full(&all).unwrap();
        let hold = label_path(HOLD);
        let touched = rolls
            .as_array()
            .unwrap()
            .iter()
            .any(|op| op["path"] == json!(hold) && op["op"] != "test");
        assert!(!touched, "it stays noted while it rolls: {rolls}");
        all["metadata"]["labels"] = json!({});
        all["spec"]["updateStrategy"] = strategy;
        all["status"] = settled;
        let published = publish(&all, &template("a:0")).unwrap();
        assert_eq!(last(Ok(published)), json!({"op": "add", "path": hold, "value": noted}));
    }
    let on_delete = object("StatefulSet", "apps/v1", &json!({"type": "OnDelete"}));
    assert_eq!(
        last(start(&on_delete, &template("a:2"), (2, "7c9"), "01K4")),
        json!({"op": "add", "path": "/spec/updateStrategy",
            "value": {"type": "RollingUpdate", "rollingUpdate": {"partition": 8}}}),
        "OnDelete has no partition"
    );
}
