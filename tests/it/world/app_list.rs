//! The list of apps that follows the world equals the one made anew, whatever happens.

use pilothouse::domain::Revision;
use pilothouse::domain::terms::{HELD_SECONDS, HOLD, HOLD_FROM, Rolling};
use pilothouse::world::AppList;
use proptest::prelude::*;

use super::*;

/// What happens in one of two clusters.
#[derive(Clone, Debug)]
enum Step {
    Node(u8, bool, bool),
    NodeGone(u8),
    Pod(u8, u8, Option<u8>, bool),
    PodGone(u8, u8),
    Workload(u8, i64),
    WorkloadGone(u8),
    /// An app's Deployment in a hold, at this revision.
    Hold(u8, u8),
    /// A revision of an app, and whether its instance is ready.
    Revision(u8, u8, bool),
    RevisionGone(u8, u8),
    Pods(bool),
    /// Nothing happens; the list looks.
    Look,
}

fn step() -> impl Strategy<Value = (bool, Step)> {
    let node = proptest::option::of(0..3_u8);
    let step = prop_oneof![
        (0..3_u8, any::<bool>(), any::<bool>()).prop_map(|(n, second, lost)| Step::Node(n, second, lost)),
        (0..3_u8).prop_map(Step::NodeGone),
        (0..3_u8, 0..3_u8, node, any::<bool>()).prop_map(|(app, i, node, ready)| Step::Pod(app, i, node, ready)),
        (0..3_u8, 0..3_u8).prop_map(|(app, i)| Step::PodGone(app, i)),
        (0..3_u8, 0..3_i64).prop_map(|(app, desired)| Step::Workload(app, desired)),
        (0..3_u8).prop_map(Step::WorkloadGone),
        (0..3_u8, 1..4_u8).prop_map(|(app, number)| Step::Hold(app, number)),
        (0..3_u8, 1..4_u8, any::<bool>()).prop_map(|(app, number, ready)| Step::Revision(app, number, ready)),
        (0..3_u8, 1..4_u8).prop_map(|(app, number)| Step::RevisionGone(app, number)),
        any::<bool>().prop_map(Step::Pods),
        Just(Step::Look),
    ];
    (any::<bool>(), step)
}

fn revision(app: u8, number: u8, ready: bool) -> Revision {
    Revision {
        key: ObjectKey::new("gift", format!("app-{app}-{number}")),
        uid: Uid::default(),
        app: format!("app-{app}").as_str().into(),
        workload: Some((Kind::Deployment, format!("app-{app}").as_str().into())),
        number: Some(i64::from(number)),
        hash: Some(format!("hash-{number}").as_str().into()),
        version: Version::Unknown,
        images: [].into(),
        created: None,
        desired: 1,
        instances: 1,
        ready: i32::from(ready),
        available: 0,
        failure: None,
    }
}

fn report(step: &Step) -> Option<ClusterReport> {
    let put = |kind, object| batch(kind, 1, vec![Change::Upsert(object)], false);
    let delete = |kind, key| batch(kind, 1, vec![Change::Delete(key)], false);
    Some(match step {
        Step::Node(n, second, lost) => {
            let health = if *lost { NodeHealth::Unknown } else { NodeHealth::Ready };
            let node = node(&format!("node-{n}"), if *second { "b" } else { "a" }, health);
            put(Kind::Node, Object::Node(Box::new(node)))
        }
        Step::NodeGone(n) => delete(Kind::Node, ObjectKey::new("", format!("node-{n}"))),
        Step::Pod(app, i, on, ready) => {
            let on = on.map(|n| format!("node-{n}"));
            let pod = pod(&format!("app-{app}"), u32::from(*i), on.as_deref(), *ready);
            put(Kind::Pod, Object::Pod(Box::new(pod)))
        }
        Step::PodGone(app, i) => delete(Kind::Pod, ObjectKey::new("gift", format!("app-{app}-{i}"))),
        Step::Workload(app, desired) => {
            let workload = workload(&format!("app-{app}"), *desired);
            put(Kind::Deployment, Object::Workload(Box::new(workload)))
        }
        Step::WorkloadGone(app) => delete(Kind::Deployment, ObjectKey::new("gift", format!("app-{app}"))),
        Step::Hold(app, number) => {
            let labels = [(HOLD, "v1.mrs0"), (HOLD_FROM, "hash-1")];
            let workload = Workload {
                labels: labels.map(|(key, value)| (key.into(), value.into())).into(),
                terms: Terms::Deployment(Rolling {
                    revision: Some(i64::from(*number)),
                    min_ready_seconds: HELD_SECONDS,
                    ..Rolling::default()
                }),
                instances: 3,
                ..workload(&format!("app-{app}"), 2)
            };
            put(Kind::Deployment, Object::Workload(Box::new(workload)))
        }
        Step::Revision(app, number, ready) => {
            let revision = revision(*app, *number, *ready);
            put(Kind::ReplicaSet, Object::Revision(Box::new(revision)))
        }
        Step::RevisionGone(app, number) => {
            delete(Kind::ReplicaSet, ObjectKey::new("gift", format!("app-{app}-{number}")))
        }
        Step::Pods(live) => {
            let feed = if *live { Feed::Live } else { Feed::Waiting };
            ClusterReport::Feed(Kind::Pod, Clean::default(), feed)
        }
        Step::Look => return None,
    })
}

proptest! {
    #[test]
    fn a_list_that_follows_equals_one_made_anew(steps in proptest::collection::vec(step(), 0..60), here in any::<bool>()) {
        let mut world = World::new(["idc-bj", "aliyun"].map(ClusterSetup::named));
        let scope = if here { in_location("a") } else { Scope::default() };
        let mut list = AppList::default();
        for (second, step) in &steps {
            let id = if *second { ClusterId::new("aliyun") } else { cluster() };
            if let Some(report) = report(step) {
                world.apply(&id, report, at(200));
            } else {
                list = list.follow(&world, &scope);
                prop_assert_eq!(list.rows(), world.apps(&scope));
            }
        }
        list = list.follow(&world, &scope);
        prop_assert_eq!(list.rows(), world.apps(&scope));
        // In another scope nothing of the old one is left.
        let other = if here { Scope::default() } else { in_location("a") };
        let list = list.follow(&world, &other);
        prop_assert_eq!(list.rows(), world.apps(&other));
    }
}
