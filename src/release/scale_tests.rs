//! What is asked for, how it is divided, and what is written to whom.

use super::*;
use crate::release::testing;
use proptest::prelude::*;

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
fn so_many_are_read() {
    for (text, amount) in [
        ("+12", Some(Amount::By(12))),
        ("+50%", Some(Amount::ByPercent(50.0))),
        (" 69 ", Some(Amount::To(69))),
        ("0", Some(Amount::To(0))),
        ("-3", None),
        ("+0", None),
        ("50%", None),
        ("+x", None),
        ("", None),
        ("999999999", None),
    ] {
        assert_eq!(Amount::parse(text).ok(), amount, "{text}");
    }
    assert_eq!(Amount::ByPercent(50.0).of(46), 69);
    assert_eq!(Amount::ByPercent(10.0).of(1), 2, "a share of little is one");
}

const fn room(now: i64, fits: i64) -> Room {
    Room { now, fits: Some(fits) }
}

#[test]
fn where_nobody_knows_how_many_have_room_one_place_gets_what_is_asked_for_and_several_are_not_divided() {
    let unknown = Room { now: 10, fits: None };
    assert_eq!(
        divide(Amount::By(90), &[unknown]),
        Division {
            to: vec![100],
            unplaced: 0
        }
    );
    assert!(!lacks_room(Amount::By(90), &[unknown]));
    assert!(lacks_room(Amount::By(1), &[room(4, 9), unknown]));
    assert!(!lacks_room(Amount::By(1), &[room(4, 9), room(4, 9)]));
    assert!(!lacks_room(Amount::To(8), &[room(4, 9), unknown]), "fewer need no room");
}

#[test]
fn more_goes_where_there_is_room() {
    let rooms = [room(46, 20), room(0, 14)];
    assert_eq!(
        divide(Amount::By(23), &rooms),
        Division {
            to: vec![60, 9],
            unplaced: 0
        }
    );
    assert_eq!(
        divide(Amount::By(40), &rooms),
        Division {
            to: vec![66, 14],
            unplaced: 6
        }
    );
    assert_eq!(
        divide(Amount::To(50), &rooms[..1]),
        Division {
            to: vec![50],
            unplaced: 0
        }
    );
    assert_eq!(
        divide(Amount::To(70), &rooms[..1]),
        Division {
            to: vec![70],
            unplaced: 4
        },
        "what does not fit may come once there are more nodes"
    );
    let two = [room(10, 0), room(4, 0)];
    assert_eq!(
        divide(Amount::To(8), &two),
        Division {
            to: vec![4, 4],
            unplaced: 0
        }
    );
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

proptest! {
    #[test]
    fn nothing_is_lost_and_nobody_gets_fewer_by_more(more in 1_i64..200, rooms in proptest::collection::vec((0_i64..60, 0_i64..60), 2..6)) {
        let rooms: Vec<Room> = rooms.into_iter().map(|(now, fits)| room(now, fits)).collect();
        let now: i64 = rooms.iter().map(|room| room.now).sum();
        let divided = divide(Amount::By(more), &rooms);
        prop_assert_eq!(divided.to.iter().sum::<i64>() + divided.unplaced, now + more);
        for (room, to) in rooms.iter().zip(&divided.to) {
            prop_assert!(*to >= room.now && *to <= room.now + room.fits.unwrap());
        }
        let less = (now - more).max(0);
        let divided = divide(Amount::To(less), &rooms);
        prop_assert_eq!(divided.to.iter().sum::<i64>(), less);
        prop_assert!(divided.to.iter().all(|to| *to >= 0));
    }
}
