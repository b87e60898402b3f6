//! A small fleet with troubles: three clusters, a node that died, an app that crashes, one that rolls.

use std::time::Duration;

use pilothouse::domain::cluster::Identity;
use pilothouse::domain::{
    Batch, Change, ClusterId, ClusterReport, Feed, Kind, Link, Moment, Object, ObjectKey, Provider, Timestamp,
};
use pilothouse::message::Message;
use pilothouse::world::{ClusterSetup, World};

use super::objects::{autoscaler, budget, events, node, pod, revision, workload};

/// The time of every scene, in the middle of a minute.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_timestamp(1_760_000_430, 0).unwrap()
}

/// The same on the clock that nobody sets, so many seconds later.
pub(crate) fn moment(seconds: i64) -> Moment {
    Moment(Duration::from_secs(1_000_u64.saturating_add_signed(seconds)))
}

/// So many seconds later.
pub(crate) fn tick(seconds: i64) -> Message {
    Message::Tick(now() + chrono::TimeDelta::seconds(seconds), moment(seconds))
}

#[expect(clippy::unnecessary_wraps, reason = "every moment of an object may be missing")]
pub(crate) fn ago(seconds: i64) -> Option<Timestamp> {
    Some(now() - chrono::TimeDelta::seconds(seconds))
}

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// What an app of the fixture looks like.
#[derive(Clone, Copy)]
pub(crate) enum Story {
    Stable,
    /// So many run the new version already.
    Rolling(u32),
    /// So many of them crash.
    Crashing(u32),
    /// So many find no node.
    Unschedulable(u32),
    Empty,
}

pub(crate) struct App {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) instances: u32,
    pub(crate) cpu: i64,
    pub(crate) memory_mib: i64,
    pub(crate) story: Story,
}

const fn app(
    namespace: &'static str,
    name: &'static str,
    instances: u32,
    cpu: i64,
    memory_mib: i64,
    story: Story,
) -> App {
    App {
        namespace,
        name,
        instances,
        cpu,
        memory_mib,
        story,
    }
}

pub(crate) const APPS: [App; 14] = [
    app("feed", "timeline", 12, 2000, 4096, Story::Stable),
    app("feed", "rank", 6, 4000, 8192, Story::Stable),
    app("gift", "live-gift", 10, 500, 704, Story::Rolling(3)),
    app("gift", "billing", 4, 1000, 2048, Story::Stable),
    app("im", "push", 8, 250, 512, Story::Crashing(3)),
    app("im", "session", 9, 500, 1024, Story::Stable),
    app("user", "profile", 6, 500, 1024, Story::Unschedulable(2)),
    app("user", "login", 5, 250, 256, Story::Stable),
    app("search", "query", 7, 1500, 3072, Story::Stable),
    app("search", "index-builder", 2, 3000, 16_384, Story::Stable),
    app("video", "transcode", 5, 4000, 4096, Story::Stable),
    app("video", "cover", 3, 250, 512, Story::Stable),
    app("ops", "log-agent", 4, 100, 128, Story::Stable),
    app("ops", "canary-old", 0, 100, 128, Story::Empty),
];

/// The fleet of every scene.
pub(crate) fn world() -> World {
    let mut idc = ClusterSetup::named("idc-bj");
    idc.tag = Some("production".into());
    let mut world = World::new([idc, ClusterSetup::named("aliyun"), ClusterSetup::named("mixed-sh")]);
    let report = |world: &mut World, cluster: &str, report| world.apply(&ClusterId::new(cluster), report, now());
    for cluster in ["idc-bj", "aliyun", "mixed-sh"] {
        let identity = Identity {
            version: Some("v1.36.3".into()),
            server: format!("https://{cluster}.example:6443").as_str().into(),
            ..Identity::default()
        };
        report(&mut world, cluster, ClusterReport::Identity(identity));
        report(&mut world, cluster, ClusterReport::Link(Link::Live));
        for kind in Kind::ALL {
            report(&mut world, cluster, ClusterReport::Feed(kind, "".into(), Feed::Live));
        }
    }
    fill(
        &mut world,
        "idc-bj",
        &["idc-bj-a", "idc-bj-b"],
        8,
        &Provider::Idc,
        APPS.get(0..10).unwrap(),
    );
    fill(
        &mut world,
        "aliyun",
        &["cn-hangzhou-h"],
        5,
        &Provider::Cloud("Aliyun".into()),
        APPS.get(8..14).unwrap(),
    );
    fill(
        &mut world,
        "mixed-sh",
        &["sh-1", "sh-cloud"],
        4,
        &Provider::Idc,
        APPS.get(0..3).unwrap(),
    );
    let stale = Link::Stale {
        since: moment(-12),
        reason: "no answer from the server".into(),
    };
    report(&mut world, "mixed-sh", ClusterReport::Link(stale));
    world
}

/// Sends objects of one kind as a finished list.
pub(crate) fn list(world: &mut World, cluster: &str, kind: Kind, objects: Vec<Object>) {
    let batch = Batch {
        kind,
        namespace: "".into(),
        generation: 1,
        changes: objects.into_iter().map(Change::Upsert).collect(),
        sweep: true,
    };
    world.apply(&ClusterId::new(cluster), ClusterReport::Batch(batch), now());
}

/// Starts some instances of an app on a node.
pub(crate) fn add(world: &mut World, cluster: &str, node: &str, app: &App, numbers: std::ops::Range<u32>) {
    let pods = numbers.map(|i| Change::Upsert(Object::Pod(Box::new(pod(app, i, node, i)))));
    let batch = Batch {
        kind: Kind::Pod,
        namespace: "".into(),
        generation: 1,
        changes: pods.collect(),
        sweep: false,
    };
    world.apply(&ClusterId::new(cluster), ClusterReport::Batch(batch), now());
}

fn fill(world: &mut World, cluster: &str, locations: &[&str], nodes: u32, provider: &Provider, apps: &[App]) {
    let names: Vec<String> = (1..=nodes).map(|i| format!("{cluster}-node-{i:03}")).collect();
    let machines = names.iter().enumerate().map(|(i, name)| {
        let location = locations[i % locations.len()];
        Object::Node(Box::new(node(cluster, name, location, i, provider)))
    });
    list(world, cluster, Kind::Node, machines.collect());
    let namespaces = apps
        .iter()
        .map(|app| Object::Namespace(pilothouse::domain::Clean::from(app.namespace).into()));
    list(world, cluster, Kind::Namespace, namespaces.collect());
    let mut place = 0;
    let (mut pods, mut workloads, mut revisions) = (Vec::new(), Vec::new(), Vec::new());
    for app in apps {
        workloads.push(Object::Workload(Box::new(workload(app))));
        for (hash, number, age) in [("5f6d8", 1, 40 * DAY), ("7c9b4", 2, HOUR)] {
            revisions.push(Object::Revision(Box::new(revision(app, hash, number, age))));
        }
        for i in 0..app.instances {
            let name = &names[place % names.len()];
            // The dead node keeps what was on it; it takes nothing new.
            pods.push(Object::Pod(Box::new(pod(app, i, name, place as u32))));
            place += 1;
        }
    }
    let push = ObjectKey::new("im", "push-7c9b4-000");
    list(world, cluster, Kind::Deployment, workloads);
    list(world, cluster, Kind::ReplicaSet, revisions);
    list(world, cluster, Kind::Pod, pods);
    list(world, cluster, Kind::Event, events(cluster, &push));
    list(
        world,
        cluster,
        Kind::HorizontalPodAutoscaler,
        vec![Object::Autoscaler(Box::new(autoscaler()))],
    );
    list(
        world,
        cluster,
        Kind::PodDisruptionBudget,
        vec![Object::Budget(Box::new(budget()))],
    );
}
