//! What is asked for, how it is divided, and what is written to whom.

use super::*;
use crate::release::testing;

fn seen(kind: Kind, replicas: i64, autoscalers: Vec<Value>, scaled: Vec<Value>) -> Seen {
    Seen {
        autoscalers,
        scaled,
        ..testing::seen(
            kind,
            json!({"metadata": {"name": "live", "namespace": "gift", "uid": "u"}, "spec": {"replicas": replicas}}),
        )
    }
}

fn hpa(min: Option<i64>, max: i64) -> Value {
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "live"});
    let mut hpa = json!({"metadata": {"name": "live", "namespace": "gift", "uid": "h", "resourceVersion": "9"},
        "spec": {"scaleTargetRef": target, "maxReplicas": max}});
    if let Some(min) = min {
        hpa["spec"]["minReplicas"] = min.into();
    }
    hpa
}

fn only(requests: Result<Vec<Request>, Refusal>) -> (String, Part, Value) {
    let request = requests.unwrap().pop().unwrap();
    (
        request.about().to_string(),
        request.place.part,
        request.act.body().clone(),
    )
}

#[test]
fn from_none_there_is_nothing_to_test_or_replace_and_an_autoscaler_is_switched_off() {
    let from_none = |autoscalers| {
        let mut seen = seen(Kind::Deployment, 0, autoscalers, vec![]);
        seen.object["metadata"]["resourceVersion"] = "7".into();
        let written = requests(&seen, 6).unwrap().into_iter();
        written
            .map(|one| (one.about().to_string(), one.act.body().clone()))
            .collect::<Vec<_>>()
    };
    let scale = (
        "Deployment live, scale".to_owned(),
        json!([
            {"op": "test", "path": "/metadata/uid", "value": "u"},
            {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
            {"op": "add", "path": "/spec", "value": {"replicas": 6}},
        ]),
    );
    assert_eq!(from_none(vec![]), std::slice::from_ref(&scale));
    let with_floor = from_none(vec![hpa(Some(2), 12)]);
    assert_eq!(with_floor[0].0, "HorizontalPodAutoscaler live");
    assert_eq!(&with_floor[1..], std::slice::from_ref(&scale));
    assert_eq!(
        from_none(vec![hpa(Some(9), 12)]),
        [scale],
        "its floor is higher already"
    );
}

#[test]
fn who_decides_the_number_is_who_is_told() {
    let (about, part, patch) = only(requests(&seen(Kind::Deployment, 10, vec![], vec![]), 14));
    assert_eq!((about.as_str(), part), ("Deployment live, scale", Part::Scale));
    assert_eq!(
        patch,
        json!([
            {"op": "test", "path": "/metadata/uid", "value": "u"},
            {"op": "test", "path": "/spec/replicas", "value": 10},
            {"op": "replace", "path": "/spec/replicas", "value": 14},
        ])
    );
    let (about, _, patch) = only(requests(
        &seen(Kind::Deployment, 10, vec![hpa(Some(5), 12)], vec![]),
        14,
    ));
    assert_eq!(about, "HorizontalPodAutoscaler live");
    assert_eq!(
        patch,
        json!([
            {"op": "test", "path": "/metadata/uid", "value": "h"},
            {"op": "test", "path": "/spec/minReplicas", "value": 5},
            {"op": "test", "path": "/spec/maxReplicas", "value": 12},
            {"op": "add", "path": "/metadata/annotations", "value": {}},
            {"op": "add", "path": "/metadata/annotations/pilothouse.dev~1floor", "value": "v1.min5.max12"},
            {"op": "add", "path": "/spec/minReplicas", "value": 14},
            {"op": "add", "path": "/spec/maxReplicas", "value": 14},
        ])
    );
    let scaled = json!({"metadata": {"name": "k", "uid": "s", "resourceVersion": "3"}, "spec": {"scaleTargetRef": {"name": "live"}}});
    let (about, _, patch) = only(requests(
        &seen(Kind::Deployment, 10, vec![hpa(Some(5), 12)], vec![scaled]),
        14,
    ));
    assert_eq!(about, "ScaledObject k", "the autoscaler is KEDA's own");
    assert_eq!(
        patch[1],
        json!({"op": "test", "path": "/metadata/resourceVersion", "value": "3"})
    );
    assert_eq!(patch[3]["value"], "v1.min-.max-");
    let less = requests(&seen(Kind::Deployment, 10, vec![hpa(Some(5), 12)], vec![]), 8);
    assert_eq!(less, Err(Refusal::Autoscaled));
    let other = requests(&seen(Kind::StatefulSet, 10, vec![hpa(Some(5), 12)], vec![]), 8);
    assert_eq!(
        only(other).0,
        "StatefulSet live, scale",
        "the autoscaler is of another kind"
    );
    assert_eq!(
        requests(&seen(Kind::Deployment, 10, vec![], vec![]), 10),
        Err(Refusal::ThatMany(10))
    );
    assert!(requests(&seen(Kind::DaemonSet, 10, vec![], vec![]), 11).is_err());
}

#[test]
fn a_floor_is_taken_away_as_it_came() {
    let mut raised = hpa(Some(14), 14);
    raised["metadata"]["annotations"] = json!({FLOOR: "v1.min-.max12"});
    // Raised once more it is still known how it was.
    let (_, _, patch) = only(requests(&seen(Kind::Deployment, 14, vec![raised.clone()], vec![]), 20));
    let paths: Vec<&Value> = patch.as_array().unwrap().iter().map(|op| &op["path"]).collect();
    assert!(!paths.contains(&&json!(floor_path())), "{paths:?}");
    let (_, _, patch) = only(end(&seen(Kind::Deployment, 14, vec![raised], vec![])));
    assert_eq!(
        patch.as_array().unwrap()[3..],
        [
            json!({"op": "test", "path": floor_path(), "value": "v1.min-.max12"}),
            json!({"op": "remove", "path": floor_path()}),
            json!({"op": "remove", "path": "/spec/minReplicas"}),
            json!({"op": "add", "path": "/spec/maxReplicas", "value": 12}),
        ]
    );
    assert_eq!(
        end(&seen(Kind::Deployment, 14, vec![hpa(None, 9)], vec![])),
        Err(Refusal::NoFloor)
    );
    assert_eq!(before("v2.min1.max2"), None);
}

#[test]
fn what_is_added_to_a_gray_release_behind_a_partition_is_old() {
    let gray = |version: &str, strategy: Value| {
        let kind = if version == "apps/v1" {
            Kind::StatefulSet
        } else {
            Kind::CloneSet
        };
        let mut seen = seen(kind, 5, vec![], vec![]);
        let labels = json!({"pilothouse.dev/hold-op": "01ARZ3NDEKTSV4RRFFQ69G5FAV"});
        seen.object = json!({"kind": kind.name(), "apiVersion": version,
            "metadata": {"name": "live", "uid": "u", "generation": 4, "labels": labels},
            "spec": {"replicas": 5, "updateStrategy": strategy}});
        seen
    };
    let written = |seen: &Seen, to| {
        let (about, part, patch) = only(requests(seen, to));
        let patch = patch.as_array().unwrap();
        assert_eq!(
            patch[1],
            json!({"op": "test", "path": "/metadata/generation", "value": 4})
        );
        let set: Vec<_> = patch
            .iter()
            .filter(|op| op["op"] == "add")
            .map(|op| op["value"].clone())
            .collect();
        (about, part, set)
    };
    for (version, about, strategy) in [
        (
            "apps/v1",
            "StatefulSet live",
            json!({"rollingUpdate": {"partition": 3}}),
        ),
        ("apps.kruise.io/v1alpha1", "CloneSet live", json!({"partition": 3})),
    ] {
        let gray = gray(version, strategy);
        let is = |held: i64, all: i64| (about.to_owned(), Part::Whole, vec![held.into(), all.into()]);
        assert_eq!(written(&gray, 8), is(6, 8), "2 of 8 are new, as 2 of 5 were");
        assert_eq!(written(&gray, 4), is(2, 4));
        assert_eq!(written(&gray, 1), is(0, 1));
    }
    let mut stable = gray("apps/v1", json!({"rollingUpdate": {"partition": 3}}));
    stable.object["metadata"]["labels"] = json!({});
    assert_eq!(
        only(requests(&stable, 8)).1,
        Part::Scale,
        "a partition of its owner's own"
    );
}

#[test]
fn a_floor_of_what_keda_is_paused_for_is_refused_with_the_annotation() {
    for (annotations, why) in [
        (
            json!({"autoscaling.keda.sh/paused": "true"}),
            Some("autoscaling.keda.sh/paused"),
        ),
        (json!({"autoscaling.keda.sh/paused": "false"}), None),
        (
            json!({"autoscaling.keda.sh/paused-replicas": "5"}),
            Some("autoscaling.keda.sh/paused-replicas: 5"),
        ),
        (
            json!({"autoscaling.keda.sh/paused-scale-out": "true"}),
            Some("autoscaling.keda.sh/paused-scale-out"),
        ),
        (json!({"autoscaling.keda.sh/paused-scale-in": "true"}), None),
    ] {
        let scaled = json!({"metadata": {"name": "k", "uid": "s", "annotations": annotations},
            "spec": {"scaleTargetRef": {"name": "live"}, "minReplicaCount": 2}});
        let seen = seen(Kind::Deployment, 10, vec![hpa(Some(5), 12)], vec![scaled.clone()]);
        let told = Scaler::of(&[scaled], Kind::Deployment, "live").unwrap();
        assert_eq!(told.paused.as_deref(), why);
        assert_eq!((told.name.as_str(), told.min, told.max), ("k", 2, 100));
        let refused = why.map(|why| Refusal::PausedScaler("k".into(), why.into()));
        assert_eq!(requests(&seen, 14).err(), refused);
    }
    assert_eq!(Scaler::of(&[], Kind::Deployment, "live"), None);
}
