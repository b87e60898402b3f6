//! The world: what follows from what the clusters said.

use chrono::DateTime;
use pilothouse::domain::headroom::{Limit, Refusal};
use pilothouse::domain::pod::Health;
use pilothouse::domain::workload::Workload;
use pilothouse::domain::{
    AppKey, Batch, Change, Clean, ClusterId, ClusterReport, Container, ContainerState, Event, Feed, Kind, Link, Node,
    NodeHealth, Object, ObjectKey, Pod, PodPhase, PodShape, Resources, Terms, Timestamp, Uid, Version,
};
use pilothouse::release::Phase;
use pilothouse::world::{ClusterSetup, LocationKey, Replaced, Scope, World};

mod app_list;
mod apps;
mod counts;
mod loss;
mod room;
mod usage;
mod words;

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

fn app(name: &str) -> AppKey {
    AppKey {
        namespace: "gift".into(),
        name: name.into(),
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
        instances: desired,
        ready: desired,
        updated: desired,
        available: desired,
        rolls_to: desired,
        paused: false,
        terms: Terms::default(),
        driver: None,
        version: Version::Tag("v1".into()),
        images: [].into(),
        shape: PodShape::plain(Resources::new(500, 1 << 30)).into(),
        owner: Some("gift-team".into()),
        default_location: None,
        min_instances: None,
        max_instances: None,
        source: None,
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

fn in_location(name: &str) -> Scope {
    let location = LocationKey {
        cluster: cluster(),
        name: name.into(),
    };
    Scope {
        locations: [location].into(),
        ..Scope::default()
    }
}

struct Fleet(World);

impl Fleet {
    fn new() -> Self {
        let mut fleet = Self(World::new([ClusterSetup::named("idc-bj")]));
        fleet.feed(Kind::Pod, Feed::Live);
        fleet
    }

    /// Nodes `node-1` and `node-2`, both ready, in these locations.
    fn on_two_nodes(first: &str, second: &str) -> Self {
        let mut fleet = Self::new();
        fleet
            .node(node("node-1", first, NodeHealth::Ready))
            .node(node("node-2", second, NodeHealth::Ready));
        fleet
    }

    fn put(&mut self, object: Object) -> &mut Self {
        let kind = match &object {
            Object::Node(_) => Kind::Node,
            Object::Pod(_) => Kind::Pod,
            Object::Workload(w) => w.kind,
            Object::Autoscaler(_) => Kind::HorizontalPodAutoscaler,
            Object::Quota(_) => Kind::ResourceQuota,
            Object::Budget(_) => Kind::PodDisruptionBudget,
            other => panic!("not used here: {other:?}"),
        };
        self.tell(batch(kind, 1, vec![Change::Upsert(object)], false))
    }

    fn tell(&mut self, report: ClusterReport) -> &mut Self {
        self.0.apply(&cluster(), report, at(200));
        self
    }

    fn feed(&mut self, kind: Kind, feed: Feed) -> &mut Self {
        self.tell(ClusterReport::Feed(kind, Clean::default(), feed))
    }

    fn delete(&mut self, kind: Kind, key: ObjectKey) -> &mut Self {
        self.tell(batch(kind, 1, vec![Change::Delete(key)], false))
    }

    fn node(&mut self, node: Node) -> &mut Self {
        self.put(Object::Node(Box::new(node)))
    }

    fn pod(&mut self, pod: Pod) -> &mut Self {
        self.put(Object::Pod(Box::new(pod)))
    }
}
