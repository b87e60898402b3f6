//! What still fits.

use pilothouse::domain::policy::QuotaLimit;
use pilothouse::domain::{Autoscaler, Budget, Quota, ResourceRef};

use super::*;

#[test]
fn headroom_is_counted_node_by_node_never_from_totals() {
    let mut fleet = Fleet::new();
    // Each node has 3.75 of 4 cores' worth left for a shape of 2 cores: one fits on each, though the sum would hold three.
    for name in ["node-1", "node-2"] {
        fleet.node(node(name, "a", NodeHealth::Ready));
        let mut filler = pod("filler", name.len() as u32, Some(name), true);
        filler.key.name = format!("filler-{name}").into();
        filler.shape = PodShape::plain(Resources::new(1000, 0)).into();
        fleet.pod(filler);
    }
    let mut big = workload("big", 0);
    big.shape = PodShape::plain(Resources::new(2000, 0)).into();
    fleet.put(Object::Workload(Box::new(big)));
    let headroom = fleet.0.app_headroom(&app("big"));
    assert_eq!(headroom.len(), 1);
    assert_eq!((headroom[0].fits, headroom[0].limit), (2, Some(Limit::Cpu)));
}

#[test]
fn headroom_says_what_stops_the_next_instance() {
    let mut fleet = Fleet::new();
    fleet.node(Node {
        cordoned: true,
        ..node("node-1", "a", NodeHealth::Ready)
    });
    fleet.put(Object::Workload(Box::new(workload("live", 0))));
    let headroom = fleet.0.app_headroom(&app("live"));
    assert_eq!(
        (headroom[0].fits, headroom[0].limit),
        (0, Some(Limit::Refused(Refusal::Cordoned)))
    );
}

#[test]
fn without_all_pods_nobody_knows_what_fits() {
    let mut fleet = Fleet::new();
    fleet.node(node("node-1", "a", NodeHealth::Ready));
    fleet.put(Object::Workload(Box::new(workload("live", 1))));
    assert!(fleet.0.locations(&Scope::default())[0].pods_known);
    let right = "list pods in all namespaces".into();
    fleet.feed(Kind::Pod, Feed::NoAccess { right });
    assert!(!fleet.0.locations(&Scope::default())[0].pods_known);
    assert!(fleet.0.app_headroom(&app("live")).is_empty());
}

#[test]
fn a_quota_that_covers_the_app_says_how_many_it_lets_in() {
    let quota = |name: &str, scopes: &[&str], resource: &str, hard_millis| {
        Object::Quota(Box::new(Quota {
            key: ObjectKey::new("gift", name),
            scopes: scopes.iter().map(|&scope| scope.into()).collect(),
            limits: [QuotaLimit {
                resource: resource.into(),
                used_millis: 1_000,
                hard_millis,
            }]
            .into(),
            ..Quota::default()
        }))
    };
    let mut fleet = Fleet::new();
    fleet.node(node("node-1", "a", NodeHealth::Ready));
    let mut live = workload("live", 0);
    live.shape = PodShape {
        limits: Resources::new(500, 0),
        ..PodShape::plain(Resources::new(100, 0))
    }
    .into();
    fleet.put(Object::Workload(Box::new(live)));
    let mut quotas = vec![
        quota("idle", &["BestEffort"], "pods", 1_000),
        quota("important", &["PriorityClass"], "pods", 1_000),
        quota("limits", &["NotBestEffort", "NotTerminating"], "limits.cpu", 2_000),
    ];
    for (expected, put) in [(None, 2), (Some(("limits.cpu".into(), 2)), 1)] {
        let changes = quotas.drain(..put).map(Change::Upsert).collect();
        fleet.tell(batch(Kind::ResourceQuota, 1, changes, false));
        assert_eq!(fleet.0.app_headroom(&app("live"))[0].quota, expected);
    }
}

#[test]
fn a_node_without_a_label_is_in_the_location_of_the_configuration_else_in_the_cluster_itself() {
    for (configured, location) in [(Some("bj"), "bj"), (None, "idc-bj")] {
        let setup = ClusterSetup {
            location: configured.map(Into::into),
            ..ClusterSetup::named("idc-bj")
        };
        let mut fleet = Fleet(World::new([setup]));
        fleet.feed(Kind::Pod, Feed::Live);
        fleet.node(node("node-1", "", NodeHealth::Ready));
        fleet.node(node("node-2", "a", NodeHealth::Ready));
        let names: Vec<_> = fleet
            .0
            .locations(&Scope::default())
            .into_iter()
            .map(|l| l.key.name)
            .collect();
        assert_eq!(names, ["a", location]);
    }
}

/// An instance of the Deployment of `live`.
fn of_live(index: u32, node: Option<&str>, ready: bool) -> Pod {
    Pod {
        workload: Some((Kind::Deployment, "live".into())),
        ..pod("live", index, node, ready)
    }
}

/// A node of eight cores and an app of two instances of half a core.
fn half_cores() -> Fleet {
    let mut fleet = Fleet::new();
    fleet.node(Node {
        allocatable: Resources::new(8000, 64 << 30),
        ..node("node-1", "a", NodeHealth::Ready)
    });
    fleet.put(Object::Workload(Box::new(workload("live", 2))));
    for index in 0..2 {
        fleet.pod(of_live(index, Some("node-1"), true));
    }
    fleet
}

fn fits(fleet: &Fleet, name: &str) -> i64 {
    fleet.0.app_headroom(&app(name)).iter().map(|room| room.fits).sum()
}

#[test]
fn what_waits_for_a_node_or_is_still_to_be_made_has_room_already() {
    let mut fleet = half_cores();
    assert_eq!(fits(&fleet, "live"), 14);
    // Ten more are wanted: none is made yet, then four wait for a node and two have one.
    let wanted = Workload {
        instances: 2,
        ..workload("live", 12)
    };
    fleet.put(Object::Workload(Box::new(wanted)));
    assert_eq!(fits(&fleet, "live"), 4, "ten are to come");
    for index in 2..6 {
        fleet.pod(of_live(index, None, false));
    }
    for index in 6..8 {
        fleet.pod(of_live(index, Some("node-1"), false));
    }
    assert_eq!(fits(&fleet, "live"), 4, "the same ten, wherever they are on their way");
    // Those of another app take room as well, unless they have none there or are held back.
    let mut other = pod("other", 0, None, false);
    fleet.pod(other.clone());
    assert_eq!(fits(&fleet, "live"), 3);
    other.reason = Some("SchedulingGated".into());
    fleet.pod(other.clone());
    assert_eq!(fits(&fleet, "live"), 4);
    other.reason = Some("Unschedulable".into());
    other.shape = PodShape {
        node_selector: vec![("zone".into(), "b".into())],
        ..PodShape::plain(Resources::new(500, 1 << 30))
    }
    .into();
    fleet.pod(other);
    assert_eq!(fits(&fleet, "live"), 4, "it waits for a node that is not there");
}

#[test]
fn a_floor_that_was_written_takes_room_before_its_autoscaler_looks() {
    let mut fleet = half_cores();
    fleet.put(Object::Autoscaler(Box::new(Autoscaler {
        key: ObjectKey::new("gift", "live"),
        target: ("Deployment".into(), "live".into()),
        min: 8,
        max: 20,
        ..Autoscaler::default()
    })));
    assert_eq!(fits(&fleet, "live"), 8, "two of eight are there");
}

#[test]
fn what_was_written_from_here_takes_room_until_it_is_seen_or_long_ago() {
    let object = ResourceRef {
        cluster: ClusterId::new("idc-bj"),
        kind: Kind::Deployment,
        key: ObjectKey::new("gift", "live"),
        uid: Uid::default(),
    };
    let mut fleet = half_cores();
    fleet.0.assume(&object, 12, at(0));
    assert_eq!(fits(&fleet, "live"), 4);
    fleet.0.forget_assumed(at(60));
    assert_eq!(fits(&fleet, "live"), 4);
    fleet.0.forget_assumed(at(120));
    assert_eq!(fits(&fleet, "live"), 14, "it never came");
    fleet.0.assume(&object, 12, at(120));
    for wanted in [12, 2] {
        let seen = Workload {
            instances: 2,
            ..workload("live", wanted)
        };
        fleet.put(Object::Workload(Box::new(seen)));
        let expected = 16 - wanted;
        assert_eq!(fits(&fleet, "live"), expected, "as it is seen: {wanted}");
    }
}

#[test]
fn a_quota_has_no_room_for_what_is_still_to_be_made() {
    let mut fleet = half_cores();
    fleet.put(Object::Quota(Box::new(Quota {
        key: ObjectKey::new("gift", "team"),
        limits: [QuotaLimit {
            resource: "pods".into(),
            used_millis: 2_000,
            hard_millis: 10_000,
        }]
        .into(),
        ..Quota::default()
    })));
    let most = |fleet: &Fleet| {
        fleet.0.app_headroom(&app("live"))[0]
            .quota
            .clone()
            .map(|(_, most)| most)
    };
    assert_eq!(most(&fleet), Some(8));
    let wanted = Workload {
        instances: 2,
        ..workload("live", 7)
    };
    fleet.put(Object::Workload(Box::new(wanted)));
    assert_eq!(most(&fleet), Some(3));
}

#[test]
fn fewer_are_not_taken_from_what_an_autoscaler_decides_nor_below_what_owner_and_budget_keep() {
    let mut fleet = half_cores();
    let least = |fleet: &Fleet, workload: &Workload| fleet.0.clusters()[0].room_of(workload).0.least;
    let live = Workload {
        labels: [("app".into(), "live".into())].into(),
        min_instances: Some(3),
        ..workload("live", 10)
    };
    assert_eq!(least(&fleet, &live), 3);
    let budget = |least| {
        Object::Budget(Box::new(Budget {
            key: ObjectKey::new("gift", "live"),
            selector: [("app".into(), "live".into())].into(),
            least,
            ..Budget::default()
        }))
    };
    for (of_budget, expected) in [(Some(5), 5), (None, 3)] {
        fleet.put(budget(of_budget));
        assert_eq!(least(&fleet, &live), expected);
    }
    fleet.put(Object::Autoscaler(Box::new(Autoscaler {
        key: ObjectKey::new("gift", "live"),
        target: ("Deployment".into(), "live".into()),
        min: 4,
        ..Autoscaler::default()
    })));
    assert_eq!(least(&fleet, &live), 10);
}
