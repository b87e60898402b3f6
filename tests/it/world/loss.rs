//! Nodes that are not heard of, or no longer exist.

use super::*;

#[test]
fn nothing_on_a_lost_node_looks_healthy() {
    let mut fleet = Fleet::on_two_nodes("a", "a");
    fleet
        .pod(pod("live", 1, Some("node-1"), true))
        .pod(pod("live", 2, Some("node-2"), true));
    assert_eq!(fleet.0.apps(&Scope::default())[0].ready, 2);

    fleet.node(node("node-1", "a", NodeHealth::Unknown));
    let app = &fleet.0.apps(&Scope::default())[0];
    assert_eq!((app.ready, app.stuck), (1, 1));
    assert_eq!(app.health, [(Health::Unknown, 1)]);
    let location = &fleet.0.locations(&Scope::default())[0];
    assert_eq!(
        (location.nodes, location.nodes_ready, location.ready, location.stuck),
        (2, 1, 1, 1)
    );

    fleet.node(node("node-1", "a", NodeHealth::Ready));
    assert_eq!(fleet.0.apps(&Scope::default())[0].ready, 2, "and back");
}

#[test]
fn a_lost_node_tells_what_was_on_it_where_it_went_and_what_is_stuck() {
    let mut fleet = Fleet::on_two_nodes("a", "a");
    fleet
        .pod(pod("live", 1, Some("node-1"), true))
        .pod(pod("push", 1, Some("node-1"), true));
    fleet.put(Object::Workload(Box::new(Workload {
        kind: Kind::DaemonSet,
        ..workload("push", 2)
    })));
    fleet.node(node("node-1", "a", NodeHealth::Unknown));
    fleet.pod(Pod {
        created: Some(at(150)),
        ..pod("live", 2, Some("node-2"), true)
    });
    fleet.delete(Kind::Pod, ObjectKey::new("gift", "live-1"));
    // One that was evicted again replaces nothing.
    fleet.pod(Pod {
        created: Some(at(150)),
        phase: PodPhase::Failed,
        ..pod("live", 3, Some("node-2"), false)
    });

    let loss = fleet.0.clusters()[0].loss(&"node-1".into()).unwrap();
    assert_eq!((loss.was, loss.stuck.len(), loss.since), (2, 1, Some(at(100))));
    assert_eq!(
        loss.replaced,
        [
            Replaced {
                app: app("live"),
                lost: 1,
                on: vec![("node-2".into(), 1)],
                stays: false
            },
            Replaced {
                app: app("push"),
                lost: 1,
                on: vec![],
                stays: true
            }
        ]
    );
    assert_eq!(fleet.0.clusters()[0].loss(&"node-2".into()), None);
}

/// What the fleet says of the app `live`: ready, stuck.
fn live(fleet: &Fleet) -> (u32, u32) {
    let app = fleet.0.app(&app("live"), &Scope::default()).unwrap();
    (app.ready, app.stuck)
}

#[test]
fn nothing_on_a_deleted_node_looks_healthy() {
    let mut fleet = Fleet::new();
    fleet.node(node("node-1", "a", NodeHealth::Ready));
    fleet.pod(pod("live", 1, Some("node-1"), true));
    fleet.delete(Kind::Node, ObjectKey::new("", "node-1"));
    assert_eq!(live(&fleet), (0, 1));
    let cluster = &fleet.0.clusters()[0];
    assert_eq!(cluster.health(&pod("live", 1, Some("node-1"), true)), Health::Unknown);
    let summary = cluster.summary(&Scope::default());
    assert_eq!((summary.ready, summary.stuck), (0, 1));
    let loss = cluster.loss(&"node-1".into()).unwrap();
    assert_eq!((loss.was, loss.stuck.len(), loss.since), (1, 1, Some(at(200))));

    fleet.delete(Kind::Pod, ObjectKey::new("gift", "live-1"));
    let loss = fleet.0.clusters()[0].loss(&"node-1".into()).unwrap();
    assert_eq!(
        (loss.was, loss.stuck.len()),
        (1, 0),
        "what it took with it is remembered"
    );

    fleet.node(node("node-1", "a", NodeHealth::Ready));
    fleet.pod(pod("live", 2, Some("node-1"), true));
    assert_eq!(live(&fleet), (1, 0), "a new node of the name is a node like any other");
    assert_eq!(fleet.0.clusters()[0].loss(&"node-1".into()), None);
}

#[test]
fn a_lost_node_stays_lost_when_it_is_deleted() {
    let mut fleet = Fleet::new();
    fleet.node(node("node-1", "a", NodeHealth::Ready));
    fleet.pod(pod("live", 1, Some("node-1"), true));
    fleet.node(node("node-1", "a", NodeHealth::Unknown));
    fleet.delete(Kind::Node, ObjectKey::new("", "node-1"));
    let loss = fleet.0.clusters()[0].loss(&"node-1".into()).unwrap();
    assert_eq!((loss.was, loss.since), (1, Some(at(100))), "since it fell silent");
}

#[test]
fn a_node_that_was_deleted_before_anybody_looked_is_missed() {
    let mut fleet = Fleet::new();
    fleet.pod(pod("live", 1, Some("node-1"), true));
    assert_eq!(live(&fleet), (1, 0), "the nodes are not listed yet");
    fleet.feed(Kind::Node, Feed::Live);
    assert_eq!(live(&fleet), (0, 1));
    fleet.pod(pod("live", 2, Some("node-2"), true));
    assert_eq!(live(&fleet), (0, 2), "and one that turns up later");
    fleet.node(node("node-2", "a", NodeHealth::Ready));
    assert_eq!(live(&fleet), (1, 1), "its node was only late");

    let mut blind = Fleet::new();
    let right = "list nodes".into();
    blind.feed(Kind::Node, Feed::NoAccess { right });
    blind.pod(pod("live", 1, Some("node-1"), true));
    assert_eq!(live(&blind), (1, 0), "who may not see nodes cannot miss one");
}

#[test]
fn a_deleted_node_without_pods_is_no_loss_and_old_losses_are_forgotten() {
    let mut fleet = Fleet::new();
    fleet.node(node("empty", "a", NodeHealth::Ready));
    fleet.delete(Kind::Node, ObjectKey::new("", "empty"));
    assert_eq!(fleet.0.clusters()[0].loss(&"empty".into()), None);

    let name = |n: u32| format!("node-{n:03}");
    for n in 0..130 {
        fleet.node(node(&name(n), "a", NodeHealth::Ready));
        fleet.pod(pod("live", n, Some(&name(n)), true));
        fleet.delete(Kind::Node, ObjectKey::new("", name(n)));
        if n > 0 {
            fleet.delete(Kind::Pod, ObjectKey::new("gift", format!("live-{n}")));
        }
    }
    fleet.node(node("last", "a", NodeHealth::Ready));
    fleet.pod(pod("live", 999, Some("last"), true));
    fleet.delete(Kind::Node, ObjectKey::new("", "last"));
    let remembered = (0..130).filter(|n| fleet.0.clusters()[0].loss(&name(*n).as_str().into()).is_some());
    assert_eq!(
        remembered.count(),
        101,
        "the hundred newest, and the one that still holds an instance"
    );
    assert_eq!(live(&fleet), (0, 2));
}

#[test]
fn an_app_with_instances_on_lost_nodes_is_in_trouble() {
    let mut fleet = Fleet::new();
    fleet.node(node("node-1", "a", NodeHealth::Unknown));
    fleet.pod(pod("live", 1, Some("node-1"), true));
    let of_live = |fleet: &Fleet| fleet.0.app(&app("live"), &Scope::default()).unwrap().trouble;
    assert_eq!(of_live(&fleet), Some(("NodeLost".into(), 1)));
    fleet.node(node("node-1", "a", NodeHealth::Ready));
    assert_eq!(of_live(&fleet), None);
}
