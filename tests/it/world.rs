//! The world keeps its counts object by object; they must equal what counting anew gives.

use std::collections::BTreeMap;

use chrono::DateTime;
use pilothouse::domain::headroom::{Limit, Refusal};
use pilothouse::domain::pod::Health;
use pilothouse::domain::workload::Workload;
use pilothouse::domain::{
    AppKey, Batch, Change, Clean, ClusterId, ClusterReport, Container, ContainerState, Feed, Kind, Link, Node,
    NodeHealth, Object, ObjectKey, Pod, PodPhase, PodShape, Resources, Timestamp, Uid, Version,
};
use pilothouse::world::{ClusterSetup, LocationKey, Progress, Replaced, Scope, World};
use proptest::prelude::*;

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn cluster() -> ClusterId {
    ClusterId::new("idc-bj")
}

fn node(name: &str, location: &str, health: NodeHealth) -> Node {
    Node {
        name: name.into(),
        location: location.into(),
        health,
        ready_since: Some(at(100)),
        allocatable: Resources::new(4000, 8 << 30),
        pod_slots: 20,
        ..Node::default()
    }
}

fn pod(app: &str, index: u32, node: Option<&str>, ready: bool) -> Pod {
    Pod {
        key: ObjectKey::new("gift", format!("{app}-{index}")),
        uid: Uid::parse(&format!("{app}-{index}")),
        app: app.into(),
        node: node.map(Into::into),
        phase: if node.is_some() {
            PodPhase::Running
        } else {
            PodPhase::Pending
        },
        ready,
        created: Some(at(0)),
        version: Version::Tag("v1".into()),
        shape: PodShape::plain(Resources::new(500, 1 << 30)).into(),
        ..Pod::default()
    }
}

fn workload(app: &str, desired: i64) -> Workload {
    Workload {
        kind: Kind::Deployment,
        key: ObjectKey::new("gift", app),
        uid: Uid::default(),
        app: app.into(),
        labels: [].into(),
        created: None,
        generation: (1, 1),
        desired,
        ready: desired,
        updated: desired,
        available: desired,
        paused: false,
        version: Version::Tag("v1".into()),
        images: [].into(),
        shape: PodShape::plain(Resources::new(500, 1 << 30)).into(),
        owner: Some("gift-team".into()),
        default_location: None,
        min_instances: None,
        max_instances: None,
        conditions: [].into(),
        strategy: [].into(),
    }
}

fn batch(kind: Kind, generation: u32, changes: Vec<Change>, sweep: bool) -> ClusterReport {
    ClusterReport::Batch(Batch {
        kind,
        namespace: Clean::default(),
        generation,
        changes,
        sweep,
    })
}

struct Fleet(World);

impl Fleet {
    fn new() -> Self {
        Self(World::new([ClusterSetup::named("idc-bj")]))
    }

    fn put(&mut self, object: Object) -> &mut Self {
        let kind = match &object {
            Object::Node(_) => Kind::Node,
            Object::Pod(_) => Kind::Pod,
            Object::Workload(w) => w.kind,
            other => panic!("not used here: {other:?}"),
        };
        self.0
            .apply(&cluster(), batch(kind, 1, vec![Change::Upsert(object)], false), at(200));
        self
    }

    fn node(&mut self, node: Node) -> &mut Self {
        self.put(Object::Node(Box::new(node)))
    }

    fn pod(&mut self, pod: Pod) -> &mut Self {
        self.put(Object::Pod(Box::new(pod)))
    }
}

/// Everything a screen can learn from the counts, in an order of its own.
fn picture(world: &World) -> String {
    let everything = Scope::default();
    let mut nodes: Vec<String> = world
        .nodes(&everything)
        .into_iter()
        .map(|n| {
            format!(
                "{} {:?} {} {} {} {:?}",
                n.node.name, n.taken, n.instances, n.ready, n.stuck, n.headroom
            )
        })
        .collect();
    nodes.sort();
    let summary = world.clusters()[0].summary();
    format!(
        "{:#?}\n{nodes:#?}\n{:#?}\n{summary:#?}",
        world.apps(&everything),
        world.locations(&everything)
    )
}

#[derive(Clone, Debug)]
enum Step {
    Node(u8, bool, bool),
    NodeGone(u8),
    Pod {
        app: u8,
        index: u8,
        node: Option<u8>,
        ready: bool,
        failing: bool,
        deleting: bool,
        done: bool,
    },
    PodGone {
        app: u8,
        index: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3_u8, any::<bool>(), any::<bool>()).prop_map(|(n, second, lost)| Step::Node(n, second, lost)),
        (0..3_u8).prop_map(Step::NodeGone),
        (0..3_u8, 0..4_u8, proptest::option::of(0..4_u8), any::<[bool; 4]>()).prop_map(
            |(app, index, node, [ready, failing, deleting, done])| {
                Step::Pod {
                    app,
                    index,
                    node,
                    ready,
                    failing,
                    deleting,
                    done,
                }
            }
        ),
        (0..3_u8, 0..4_u8).prop_map(|(app, index)| Step::PodGone { app, index }),
    ]
}

fn object_of(step: &Step) -> Result<Object, (Kind, ObjectKey)> {
    match step {
        Step::Node(n, second, lost) => {
            let health = if *lost { NodeHealth::Unknown } else { NodeHealth::Ready };
            Ok(Object::Node(Box::new(node(
                &format!("node-{n}"),
                if *second { "b" } else { "a" },
                health,
            ))))
        }
        Step::NodeGone(n) => Err((Kind::Node, ObjectKey::new("", format!("node-{n}")))),
        Step::Pod {
            app,
            index,
            node,
            ready,
            failing,
            deleting,
            done,
        } => {
            let on = node.map(|n| format!("node-{n}"));
            let mut pod = pod(&format!("app-{app}"), u32::from(*index), on.as_deref(), *ready);
            pod.deleting = deleting.then(|| at(300));
            if *failing {
                let state = ContainerState::Waiting {
                    reason: "CrashLoopBackOff".into(),
                    message: Clean::default(),
                };
                pod.containers = [Container {
                    state,
                    restarts: 3,
                    ..Container::default()
                }]
                .into();
            }
            if *done {
                pod.phase = PodPhase::Succeeded;
            }
            Ok(Object::Pod(Box::new(pod)))
        }
        Step::PodGone { app, index } => Err((Kind::Pod, ObjectKey::new("gift", format!("app-{app}-{index}")))),
    }
}

proptest! {
    #[test]
    fn counts_kept_step_by_step_equal_counts_made_anew(steps in proptest::collection::vec(step(), 0..60)) {
        let mut kept = Fleet::new();
        let mut last: BTreeMap<String, Object> = BTreeMap::new();
        for step in &steps {
            match object_of(step) {
                Ok(object) => {
                    let name = match &object {
                        Object::Node(n) => format!("node {}", n.name),
                        Object::Pod(p) => format!("pod {}", p.key),
                        other => panic!("{other:?}"),
                    };
                    last.insert(name, object.clone());
                    kept.put(object);
                }
                Err((kind, key)) => {
                    last.remove(&format!("{} {key}", if kind == Kind::Node { "node" } else { "pod" }));
                    kept.0.apply(&cluster(), batch(kind, 1, vec![Change::Delete(key)], false), at(200));
                }
            }
        }
        let mut anew = Fleet::new();
        for object in last.into_values() {
            anew.put(object);
        }
        prop_assert_eq!(picture(&kept.0), picture(&anew.0));
    }
}

#[test]
fn a_relist_drops_what_it_did_not_bring() {
    let mut fleet = Fleet::new();
    fleet.pod(pod("live", 1, None, false)).pod(pod("live", 2, None, false));
    let second = Change::Upsert(Object::Pod(Box::new(pod("live", 2, None, false))));
    fleet
        .0
        .apply(&cluster(), batch(Kind::Pod, 2, vec![second], false), at(200));
    assert_eq!(fleet.0.instance_count(), 2, "old rows stay while a relist runs");
    fleet.0.apply(&cluster(), batch(Kind::Pod, 2, vec![], true), at(200));
    assert_eq!(fleet.0.instance_count(), 1);
    assert_eq!(fleet.0.apps(&Scope::default())[0].instances, 1);
}

#[test]
fn nothing_on_a_lost_node_looks_healthy() {
    let mut fleet = Fleet::new();
    fleet
        .node(node("node-1", "a", NodeHealth::Ready))
        .node(node("node-2", "a", NodeHealth::Ready));
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
    let mut fleet = Fleet::new();
    fleet
        .node(node("node-1", "a", NodeHealth::Ready))
        .node(node("node-2", "a", NodeHealth::Ready));
    fleet
        .pod(pod("live", 1, Some("node-1"), true))
        .pod(pod("push", 1, Some("node-1"), true));
    fleet.node(node("node-1", "a", NodeHealth::Unknown));
    fleet.pod(Pod {
        created: Some(at(150)),
        ..pod("live", 2, Some("node-2"), true)
    });
    let gone = Change::Delete(ObjectKey::new("gift", "live-1"));
    fleet
        .0
        .apply(&cluster(), batch(Kind::Pod, 1, vec![gone], false), at(200));

    let loss = fleet.0.clusters()[0].loss(&"node-1".into()).unwrap();
    assert_eq!((loss.was, loss.stuck.len(), loss.since), (2, 1, Some(at(100))));
    let app = |name: &str| AppKey {
        namespace: "gift".into(),
        name: name.into(),
    };
    assert_eq!(
        loss.replaced,
        [
            Replaced {
                app: app("live"),
                lost: 1,
                on: vec![("node-2".into(), 1)]
            },
            Replaced {
                app: app("push"),
                lost: 1,
                on: vec![]
            }
        ]
    );
    assert_eq!(fleet.0.clusters()[0].loss(&"node-2".into()), None);
}

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
    let headroom = fleet.0.app_headroom(&AppKey {
        namespace: "gift".into(),
        name: "big".into(),
    });
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
    let headroom = fleet.0.app_headroom(&AppKey {
        namespace: "gift".into(),
        name: "live".into(),
    });
    assert_eq!(
        (headroom[0].fits, headroom[0].limit),
        (0, Some(Limit::Refused(Refusal::Cordoned)))
    );
}

#[test]
fn progress_follows_the_controllers_own_words() {
    let base = workload("live", 10);
    for (change, progress) in [
        (workload("live", 10), Progress::Steady),
        (
            Workload {
                updated: 3,
                ..base.clone()
            },
            Progress::Rolling {
                updated: 3,
                desired: 10,
            },
        ),
        (
            Workload {
                ready: 8,
                ..base.clone()
            },
            Progress::Scaling {
                instances: 8,
                desired: 10,
            },
        ),
        (
            Workload {
                paused: true,
                ..base.clone()
            },
            Progress::Paused,
        ),
        (
            Workload {
                generation: (2, 1),
                ..base.clone()
            },
            Progress::Unseen,
        ),
        (
            Workload {
                conditions: [(
                    "Progressing".into(),
                    "ProgressDeadlineExceeded".into(),
                    "timed out".into(),
                )]
                .into(),
                ..base
            },
            Progress::Stuck {
                reason: "ProgressDeadlineExceeded".into(),
                message: "timed out".into(),
            },
        ),
    ] {
        assert_eq!(Progress::of(&change), progress);
    }
}

#[test]
fn an_app_seen_from_one_location_counts_what_is_there() {
    let mut fleet = Fleet::new();
    fleet
        .node(node("node-1", "a", NodeHealth::Ready))
        .node(node("node-2", "b", NodeHealth::Ready));
    fleet
        .pod(pod("live", 1, Some("node-1"), true))
        .pod(pod("live", 2, Some("node-2"), true))
        .pod(pod("live", 3, Some("node-2"), false));
    fleet.put(Object::Workload(Box::new(workload("live", 3))));
    let location = LocationKey {
        cluster: cluster(),
        name: "b".into(),
    };
    let scope = Scope {
        locations: [location].into(),
        ..Scope::default()
    };
    let app = &fleet.0.apps(&scope)[0];
    assert_eq!((app.instances, app.ready, app.desired), (2, 1, None));
    assert_eq!(app.requested, Resources::new(1000, 2 << 30));
    let everywhere = &fleet.0.apps(&Scope::default())[0];
    assert_eq!((everywhere.instances, everywhere.desired), (3, Some(3)));
}

#[test]
fn without_all_pods_nobody_knows_what_fits() {
    let mut fleet = Fleet::new();
    fleet.node(node("node-1", "a", NodeHealth::Ready));
    fleet.put(Object::Workload(Box::new(workload("live", 1))));
    assert!(fleet.0.locations(&Scope::default())[0].pods_known);
    let right = "list pods in all namespaces".into();
    fleet.0.apply(
        &cluster(),
        ClusterReport::Feed(Kind::Pod, Clean::default(), Feed::NoAccess { right }),
        at(1),
    );
    assert!(!fleet.0.locations(&Scope::default())[0].pods_known);
    let key = AppKey {
        namespace: "gift".into(),
        name: "live".into(),
    };
    assert!(fleet.0.app_headroom(&key).is_empty());
}

#[test]
fn a_job_is_no_app() {
    let mut fleet = Fleet::new();
    fleet.pod(Pod {
        owner: Some(("Job".into(), "nightly".into())),
        ..pod("nightly", 1, None, false)
    });
    fleet.put(Object::Workload(Box::new(Workload {
        kind: Kind::Job,
        ..workload("nightly", 1)
    })));
    assert!(fleet.0.apps(&Scope::default()).is_empty());
    assert_eq!(fleet.0.instance_count(), 1);
}

#[test]
fn a_report_that_changes_nothing_keeps_the_version() {
    let mut fleet = Fleet::new();
    fleet.0.apply(&cluster(), ClusterReport::Link(Link::Live), at(0));
    let version = fleet.0.version();
    fleet.0.apply(&cluster(), ClusterReport::Link(Link::Live), at(5));
    fleet
        .0
        .apply(&ClusterId::new("elsewhere"), ClusterReport::Link(Link::Live), at(5));
    assert_eq!(fleet.0.version(), version);
}
