//! Lists: making rows, a letter in the filter, a frame, at 6,000 and at 150,000 instances.

use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use pilothouse::domain::headroom::PodShape;
use pilothouse::domain::{
    Batch, Change, ClusterId, ClusterReport, Container, ContainerState, Kind, Link, Node, NodeHealth, Object,
    ObjectKey, Pod, PodPhase, Resources, Timestamp, Uid, Version,
};
use pilothouse::message::{Action, Message};
use pilothouse::model::{Model, Settings};
use pilothouse::theme::Theme;
use pilothouse::update::update;
use pilothouse::view::{Viewports, draw};
use pilothouse::world::{ClusterSetup, World};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn now() -> Timestamp {
    Timestamp::from_timestamp(1_760_000_000, 0).unwrap_or_default()
}

fn batch(kind: Kind, objects: Vec<Object>) -> ClusterReport {
    ClusterReport::Batch(Batch {
        kind,
        namespace: "".into(),
        generation: 1,
        changes: objects.into_iter().map(Change::Upsert).collect(),
        sweep: true,
    })
}

/// A cluster of so many instances, 15 a node, 9 an app.
fn world(instances: u32) -> World {
    let cluster = ClusterId::new("big");
    let mut world = World::new([ClusterSetup::named("big")]);
    world.apply(&cluster, ClusterReport::Link(Link::Live), now());
    let nodes = (0..=instances / 15).map(|i| {
        Object::Node(Box::new(Node {
            name: format!("node-{i:05}").into(),
            location: format!("location-{}", i % 5).into(),
            health: NodeHealth::Ready,
            allocatable: Resources::new(16_000, 64 << 30),
            pod_slots: 110,
            ..Node::default()
        }))
    });
    world.apply(&cluster, batch(Kind::Node, nodes.collect()), now());
    let shape = Arc::new(PodShape::plain(Resources::new(500, 512 << 20)));
    let pods = (0..instances).map(|i| {
        // As a server lists them: by namespace and name, with names that look random.
        let hash = i.wrapping_mul(2_654_435_761);
        let name = format!("app-{:05}-{hash:08x}", i / 9);
        Object::Pod(Box::new(Pod {
            key: ObjectKey::new(format!("team-{:02}", i / 9 % 20), name.as_str()),
            uid: Uid::parse(&name),
            app: format!("app-{:05}", i / 9).into(),
            node: Some(format!("node-{:05}", i / 15).into()),
            phase: PodPhase::Running,
            ready: i % 500 != 0,
            created: Some(now() - chrono::TimeDelta::seconds(i64::from(hash % 1_000_000))),
            version: Version::Tag("v1".into()),
            containers: [Container {
                state: ContainerState::Running { since: None },
                ready: true,
                ..Container::default()
            }]
            .into(),
            shape: Arc::clone(&shape),
            ..Pod::default()
        }))
    });
    world.apply(&cluster, batch(Kind::Pod, pods.collect()), now());
    world
}

fn act(model: &mut Model, action: Action) {
    black_box(update(model, Message::Act(action)));
}

/// What a person does with a list of instances.
pub(crate) fn lists(criterion: &mut Criterion) {
    for instances in [6_000, 150_000] {
        let mut model = Model::new(world(instances), Settings::default(), now());
        let mut group = criterion.benchmark_group(format!("{instances} instances"));
        group.sample_size(20);
        group.bench_function("list made anew", |b| {
            b.iter(|| {
                act(&mut model, Action::ShowApps);
                act(&mut model, Action::ShowInstances);
            });
        });
        for (name, action) in [
            ("sort by name", Action::SortByName),
            ("sort by age", Action::SortByAge),
            ("sort by status", Action::SortByStatus),
        ] {
            group.bench_function(name, |b| b.iter(|| act(&mut model, action)));
        }
        for (name, text) in [
            ("letter of text", "9"),
            ("letter of fuzzy", "~a9"),
            ("letter of a column", "cpu>100m age<3d"),
        ] {
            group.bench_function(name, |b| {
                b.iter(|| {
                    act(&mut model, Action::Filter);
                    black_box(update(&mut model, Message::Paste(text.to_owned())));
                    act(&mut model, Action::Cancel);
                });
            });
        }
        let area = Rect::new(0, 0, 200, 50);
        let (theme, mut viewports) = (Theme::default(), Viewports::default());
        group.bench_function("frame of 200×50", |b| {
            b.iter(|| {
                let mut buffer = Buffer::empty(area);
                draw(&model, &theme, &mut viewports, &mut buffer, area);
                black_box(buffer)
            });
        });
        group.finish();
    }
}
