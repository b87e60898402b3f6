//! What still fits.

use pilothouse::domain::Quota;
use pilothouse::domain::policy::QuotaLimit;

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
