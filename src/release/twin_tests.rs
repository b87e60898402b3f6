//! Labels that keep two Deployments apart, and the phases of the twin.

use serde_json::{Value, json};

use super::*;
use crate::domain::{Kind, Timestamp};
use crate::release::good;
use crate::release::plan::Seen;
use crate::release::request::Act;
use crate::release::step::{Around, Count, Step};
use crate::release::testing;

fn template(image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": "live", "tier": "web"}},
        "spec": {"containers": [{"name": "live", "image": image}]},
    })
}

fn stable() -> Value {
    json!({
        "metadata": {
            "name": "live", "namespace": "gift", "uid": "u1", "generation": 3, "labels": {"team": "gift"},
            "annotations": {"deployment.kubernetes.io/revision": "1"},
        },
        "spec": {
            "replicas": 10, "template": template("live:1"),
            "selector": {"matchLabels": {"app": "live", "tier": "web"}},
        },
        "status": {"observedGeneration": 3, "replicas": 10, "updatedReplicas": 10, "availableReplicas": 10},
    })
}

/// Its revisions: `live:1` alone, or with `live:2` that came after it.
fn sets(promoted: bool) -> Vec<Value> {
    let set = |number: i64, image: &str, replicas: i64| {
        let mut template = template(image);
        template["metadata"]["labels"]["pod-template-hash"] = format!("hash{number}").into();
        json!({
            "metadata": {
                "name": format!("live-hash{number}"), "labels": {"pod-template-hash": format!("hash{number}")},
                "annotations": {"deployment.kubernetes.io/revision": number.to_string()},
                "ownerReferences": [{"uid": "u1", "controller": true}],
            },
            "spec": {"replicas": replicas, "template": template},
        })
    };
    if promoted {
        vec![set(1, "live:1", 0), set(2, "live:2", 10)]
    } else {
        vec![set(1, "live:1", 10)]
    }
}

fn made<'a>(template: &'a Value, instances: i32, overlap: &'a Overlap) -> Made<'a> {
    Made {
        template,
        instances,
        overlap,
        operation: "01K4",
    }
}

fn service(selector: &Value) -> Value {
    json!({"spec": {"selector": selector}})
}

/// The twin as the API server would have it, with so many ready.
fn twin(ready: i64) -> Value {
    let (stable, sets) = (stable(), sets(false));
    let live = Live {
        deployment: &stable,
        sets: &sets,
    };
    let overlap = overlap(&stable, &[service(&json!({"app": "live"}))]);
    let mut twin = create(live, made(&template("live:2"), 2, &overlap)).unwrap();
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
    assert_eq!(
        twin["metadata"]["labels"],
        json!({
            "pilothouse.dev/gray-of": "live", "pilothouse.dev/track": "gray", "pilothouse.dev/hold-from": "hash1",
            "pilothouse.dev/hold-op": "01K4",
        }),
        "no label by which another tool would take it for its own"
    );
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
    let mut leaving = twin(2);
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    for (stable, twin, expected) in [
        (stable(), None, Phase::Idle),
        (stable(), Some(twin(1)), Phase::Graying { ready: 1, wanted: 2 }),
        (stable(), Some(twin(2)), Phase::Gray { instances: 2 }),
        (promoted(8), Some(twin(2)), Phase::Promoting),
        (promoted(10), Some(twin(2)), Phase::Cleanup),
        (stable(), Some(leaving.clone()), Phase::Leaving),
        (promoted(10), Some(leaving), Phase::Leaving),
    ] {
        assert_eq!(phase(&stable, twin.as_ref()), expected);
    }
}

#[test]
fn its_writes_are_conditional() {
    let (mut stable, sets) = (stable(), sets(false));
    stable["metadata"]["labels"]["pilothouse.dev/hold-op"] = json!("01K4");
    let live = Live {
        deployment: &stable,
        sets: &sets,
    };
    let patch = promote(live, &twin(2)).unwrap();
    assert_eq!(
        patch,
        json!([
            {"op": "test", "path": "/metadata/uid", "value": "u1"},
            {"op": "test", "path": "/metadata/generation", "value": 3},
            {"op": "test", "path": "/metadata/labels/pilothouse.dev~1hold-op", "value": "01K4"},
            {"op": "replace", "path": "/spec/template", "value": template("live:2")},
            {"op": "remove", "path": "/metadata/labels/pilothouse.dev~1hold-op"},
        ])
    );
    assert_eq!(promote(live, &twin(1)), Err(Refusal::NotFull { ready: 1, desired: 2 }));
    let resized = resize(&twin(2), 4, 10).unwrap();
    assert_eq!(resized[0]["value"], json!("u2"));
    assert_eq!(
        resized.as_array().unwrap().last(),
        Some(&json!({"op": "replace", "path": "/spec/replicas", "value": 4}))
    );
    assert_eq!(resize(&twin(2), 2, 10), Err(Refusal::ThatMany(2)));
    assert!(resize(&twin(2), 1, 10).is_ok(), "it can shrink");
    let options = deletion(&twin(2)).unwrap();
    assert_eq!(options["preconditions"], json!({"uid": "u2", "resourceVersion": "50"}));
    assert_eq!(options["propagationPolicy"], json!("Background"));
}

#[test]
fn a_twin_is_refused_where_it_would_do_harm() {
    let refused = |stable: &Value, image: &str, instances| {
        let sets = sets(false);
        let live = Live {
            deployment: stable,
            sets: &sets,
        };
        create(live, made(&template(image), instances, &Overlap::Overlaps))
    };
    assert_eq!(refused(&stable(), "live:1", 2), Err(Refusal::SameTemplate));
    let range = Refusal::OutOfRange {
        asked: 11,
        least: 1,
        most: 10,
    };
    assert_eq!(refused(&stable(), "live:2", 11), Err(range));
    for (path, value, refusal) in [
        ("/spec/minReadySeconds", json!(2_147_483_646), Refusal::InHold),
        ("/spec/paused", json!(true), Refusal::Paused),
        ("/spec/template", template("live:0"), Refusal::NotStable),
        ("/metadata/name", json!("l".repeat(64)), Refusal::LongName),
    ] {
        let mut other = stable();
        let (parent, key) = path.rsplit_once('/').unwrap();
        other.pointer_mut(parent).unwrap()[key] = value;
        assert_eq!(refused(&other, "live:2", 2), Err(refusal), "{path}");
    }
}

/// A Deployment with its twin, as they were read.
fn seen_with(stable: Value, promoted: bool, ready: i64) -> Seen {
    Seen {
        revisions: sets(promoted),
        twin: Some(twin(ready)),
        ..testing::seen(Kind::Deployment, stable)
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn each_step_comes_to_its_requests() {
    let mut promoted = stable();
    promoted["spec"]["template"] = template("live:2");
    let mut rolling = promoted.clone();
    rolling["status"]["availableReplicas"] = json!(8);
    let mut foreign = stable();
    foreign["spec"]["template"] = template("live:3");
    let told = |step: &Step, seen: &Seen| match requests(step, seen, seen.twin.as_ref().unwrap()) {
        Ok(all) => {
            let told = all
                .iter()
                .map(|request| format!("{} {}", verb(&request.act), request.about()));
            told.collect::<Vec<_>>().join(", ")
        }
        Err(refusal) => refusal.to_string(),
    };
    let grow = |count| Step::Grow(Count::Instances(count));
    for (step, stable, is_promoted, ready, expected) in [
        (grow(4), &stable(), false, 1, "patch Deployment live-gray"),
        (
            grow(11),
            &stable(),
            false,
            2,
            "11 new instances are asked for; between 1 and 10 can be had",
        ),
        (Step::KeepOld, &stable(), false, 2, "patch Deployment live"),
        (Step::Full, &stable(), false, 2, "patch Deployment live"),
        (
            Step::Full,
            &stable(),
            false,
            1,
            "1 of 2 new instances are ready: the old ones are still needed",
        ),
        (
            Step::Offline,
            &stable(),
            false,
            2,
            "0 of 10 new instances are ready: the old ones are still needed",
        ),
        (Step::Abort, &stable(), false, 1, "delete Deployment live-gray"),
        (grow(4), &rolling, true, 2, "no gray release is under way"),
        (
            Step::Offline,
            &rolling,
            true,
            2,
            "8 of 10 new instances are ready: the old ones are still needed",
        ),
        (Step::Offline, &promoted, true, 2, "delete Deployment live-gray"),
        // Back first: cut after it, more instances are left and not fewer.
        (
            Step::Abort,
            &rolling,
            true,
            2,
            "patch Deployment live, delete Deployment live-gray",
        ),
        (
            Step::Full,
            &foreign,
            false,
            2,
            "somebody changed the template during the gray release: abort it, or take it over",
        ),
        (Step::Abort, &foreign, false, 2, "delete Deployment live-gray"),
        (
            Step::Pause,
            &stable(),
            false,
            2,
            "a gray release is under way: finish or abort it first",
        ),
        (
            Step::Restart,
            &stable(),
            false,
            2,
            "a gray release is under way: finish or abort it first",
        ),
    ] {
        let seen = seen_with(stable.clone(), is_promoted, ready);
        assert_eq!(told(&step, &seen), expected, "{step:?}");
    }
    let back = requests(&Step::Abort, &seen_with(rolling, true, 2), &twin(2)).unwrap();
    let template_of_old = json!({"op": "replace", "path": "/spec/template", "value": template("live:1")});
    assert_eq!(back[0].act.body().as_array().unwrap().last(), Some(&template_of_old));
}

#[test]
fn who_gives_it_up_leaves_its_version_and_not_the_deployment_s() {
    let around = Around {
        operation: "01K4",
        driver: None,
        now: Timestamp::UNIX_EPOCH,
    };
    let seen = seen_with(stable(), false, 1);
    let left = |step: &Step| good::left(step, &seen, &around).map(|(known, since)| (known.images, since));
    assert_eq!(
        left(&Step::Abort),
        Some((vec!["live:2".to_owned()], None)),
        "it may be marked as bad"
    );
    assert_eq!(left(&Step::Offline), None);
}

fn verb(act: &Act) -> &'static str {
    match act {
        Act::JsonPatch(_) | Act::MergePatch(_) => "patch",
        Act::Replace(_) => "replace",
        Act::Create(_) => "create",
        Act::Delete(_) => "delete",
    }
}

#[test]
fn a_start_takes_the_deployment_for_itself_and_creates_the_twin() {
    let seen = Seen {
        twin: None,
        ..seen_with(stable(), false, 2)
    };
    let around = Around {
        operation: "01K5",
        driver: None,
        now: Timestamp::UNIX_EPOCH,
    };
    let made = start(&seen, &template("live:2"), 2, around).unwrap();
    assert_eq!(
        made[0].act.body(),
        &json!([
            {"op": "test", "path": "/metadata/uid", "value": "u1"},
            {"op": "test", "path": "/metadata/generation", "value": 3},
            {"op": "test", "path": "/metadata/labels", "value": {"team": "gift"}},
            {"op": "add", "path": "/metadata/labels/pilothouse.dev~1hold-op", "value": "01K5"},
        ])
    );
    assert_eq!(made[1].about(), "Deployment live-gray");
    assert!(matches!(made[1].act, Act::Create(_)));
}
