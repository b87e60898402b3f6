//! What the program spends its time on: reading lists, keeping the world, deriving rows, drawing.

use std::hint::black_box;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pilothouse::cluster::{Rules, read_page};
use pilothouse::domain::{
    Batch, Change, Clean, ClusterId, ClusterReport, Kind, Node, NodeHealth, Object, ObjectKey, Pod, Resources,
    Timestamp, Uid,
};
use pilothouse::message::{Action, Message};
use pilothouse::model::{Model, Settings};
use pilothouse::theme::Theme;
use pilothouse::update::update;
use pilothouse::view::{Viewports, draw};
use pilothouse::world::{ClusterSetup, Scope, World};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Objects a page, as the watch asks for them.
const PAGE: usize = 500;

const POD_JSON: &[u8] = include_bytes!("../tests/fixtures/wire/Pod.json");
const POD_PROTOBUF: &[u8] = include_bytes!("../tests/fixtures/wire/Pod.pb");

fn moment() -> Timestamp {
    DateTime::from_timestamp(1_790_073_600, 0).unwrap_or_default()
}

fn varint(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn field(tag: u8, value: &[u8], out: &mut Vec<u8>) {
    out.push(tag << 3 | 2);
    varint(value.len(), out);
    out.extend_from_slice(value);
}

/// The bytes of field 2 of the envelope around a recorded object.
fn inside_envelope(mut bytes: &[u8]) -> Vec<u8> {
    bytes = bytes.strip_prefix(b"k8s\0").unwrap_or(bytes);
    while let Some((&tag, mut rest)) = bytes.split_first() {
        let (mut length, mut shift) = (0_usize, 0);
        while let Some((&b, after)) = rest.split_first() {
            rest = after;
            length |= usize::from(b & 0x7f) << shift;
            shift += 7;
            if b < 0x80 {
                break;
            }
        }
        let (value, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        if tag >> 3 == 2 {
            return value.to_vec();
        }
        bytes = after;
    }
    Vec::new()
}

fn page_of_protobuf() -> Vec<u8> {
    let pod = inside_envelope(POD_PROTOBUF);
    let mut list = Vec::new();
    for _ in 0..PAGE {
        field(2, &pod, &mut list);
    }
    let mut body = b"k8s\0".to_vec();
    field(2, &list, &mut body);
    body
}

fn page_of_json() -> Vec<u8> {
    let mut body = br#"{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":["#.to_vec();
    for i in 0..PAGE {
        if i > 0 {
            body.push(b',');
        }
        body.extend_from_slice(POD_JSON);
    }
    body.extend_from_slice(b"]}");
    body
}

fn reading(c: &mut Criterion) {
    let rules = Arc::new(Rules::default());
    let mut group = c.benchmark_group("read and project a page of 500 pods");
    for (name, body) in [("protobuf", page_of_protobuf()), ("json", page_of_json())] {
        let read = read_page(Kind::Pod, &body, &rules).map_or(0, |page| page.objects.len());
        assert_eq!(read, PAGE, "{name}: the page is not what the bench means to read");
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |b| b.iter(|| read_page(Kind::Pod, black_box(&body), &rules)));
    }
    group.finish();
}

fn pods(count: usize) -> Vec<Pod> {
    let rules = Arc::new(Rules::default());
    let page = read_page(Kind::Pod, &page_of_json(), &rules).unwrap_or_default();
    let Some(Object::Pod(like)) = page.objects.into_iter().next() else {
        return Vec::new();
    };
    (0..count)
        .map(|i| {
            let app = Clean::new(&format!("app-{:03}", i % (count / 10).max(1)));
            Pod {
                key: ObjectKey::new("default", format!("{app}-6c5c9-{i:06}")),
                uid: Uid::parse(&format!("{i:08x}-0000-0000-0000-000000000000")),
                app,
                node: Some(Clean::new(&format!("node-{:04}", i % (count / 15).max(1)))),
                ..(*like).clone()
            }
        })
        .collect()
}

fn nodes(count: usize) -> Vec<Object> {
    (0..count / 15)
        .map(|i| {
            Object::Node(Box::new(Node {
                name: Clean::new(&format!("node-{i:04}")),
                location: Clean::new(["idc-bj-a", "idc-bj-b", "aliyun-h"].get(i % 3).copied().unwrap_or("")),
                health: NodeHealth::Ready,
                allocatable: Resources::new(32_000, 128 << 30),
                pod_slots: 110,
                ..Node::default()
            }))
        })
        .collect()
}

fn batch(kind: Kind, objects: Vec<Object>) -> ClusterReport {
    let changes = objects.into_iter().map(Change::Upsert).collect();
    ClusterReport::Batch(Batch {
        kind,
        namespace: Clean::default(),
        generation: 1,
        changes,
        sweep: false,
    })
}

fn world(count: usize) -> World {
    let mut world = World::new([ClusterSetup::named("lab")]);
    let id = ClusterId::new("lab");
    world.apply(&id, batch(Kind::Node, nodes(count)), moment());
    let pods = pods(count).into_iter().map(|pod| Object::Pod(Box::new(pod))).collect();
    world.apply(&id, batch(Kind::Pod, pods), moment());
    world
}

fn keeping(c: &mut Criterion) {
    let mut group = c.benchmark_group("keep the world");
    for count in [6_000, 150_000] {
        let mut kept = world(count);
        let id = ClusterId::new("lab");
        let changed: Vec<Pod> = pods(200);
        group.bench_function(format!("200 changes among {count} instances"), |b| {
            b.iter_batched(
                || {
                    batch(
                        Kind::Pod,
                        changed.iter().cloned().map(|pod| Object::Pod(Box::new(pod))).collect(),
                    )
                },
                |report| kept.apply(&id, report, moment()),
                BatchSize::SmallInput,
            );
        });
        let everything = Scope::default();
        group.bench_function(format!("apps of {count} instances"), |b| {
            b.iter(|| kept.apps(&everything));
        });
        group.bench_function(format!("locations of {count} instances"), |b| {
            b.iter(|| kept.locations(&everything));
        });
    }
    group.finish();
}

fn deriving(c: &mut Criterion) {
    let mut group = c.benchmark_group("derive the instances");
    group.sample_size(20);
    for count in [6_000, 150_000] {
        let mut model = Model::new(world(count), Settings::default(), moment());
        for message in [Action::ShowInstances, Action::Filter].map(Message::Act) {
            drop(update(&mut model, message));
        }
        group.bench_function(format!("a keystroke in the filter among {count}"), |b| {
            b.iter(|| {
                drop(update(&mut model, Message::Text('7')));
                drop(update(&mut model, Message::Act(Action::EraseBackward)));
            });
        });
        drop(update(&mut model, Message::Act(Action::Accept)));
        group.bench_function(format!("another sort of {count}"), |b| {
            b.iter(|| drop(update(&mut model, Message::Act(Action::SortNext))));
        });
    }
    group.finish();
}

/// What the screen of apps costs when the world moved on: 200 pods of 20 apps changed.
fn following(c: &mut Criterion) {
    let mut group = c.benchmark_group("derive the apps");
    group.sample_size(20);
    for count in [6_000, 150_000] {
        let mut model = Model::new(world(count), Settings::default(), moment());
        drop(update(&mut model, Message::Act(Action::ShowApps)));
        let (id, changed) = (
            ClusterId::new("lab"),
            pods(count).into_iter().take(200).collect::<Vec<_>>(),
        );
        let mut now = moment();
        group.bench_function(format!("after 200 changes among {count}"), |b| {
            b.iter_batched(
                || {
                    let objects = changed.iter().cloned().map(|pod| Object::Pod(Box::new(pod))).collect();
                    Message::Cluster(id.clone(), batch(Kind::Pod, objects))
                },
                |message| {
                    drop(update(&mut model, message));
                    now += TimeDelta::seconds(10);
                    model.settle(now)
                },
                BatchSize::SmallInput,
            );
        });
        group.bench_function(format!("another sort of {count} / 10"), |b| {
            b.iter(|| drop(update(&mut model, Message::Act(Action::SortNext))));
        });
        drop(update(&mut model, Message::Act(Action::Filter)));
        group.bench_function(format!("a keystroke in the filter among {count} / 10"), |b| {
            b.iter(|| {
                drop(update(&mut model, Message::Text('7')));
                drop(update(&mut model, Message::Act(Action::EraseBackward)));
            });
        });
    }
    group.finish();
}

fn drawing(c: &mut Criterion) {
    let mut group = c.benchmark_group("draw a frame of 200 x 50");
    let area = Rect::new(0, 0, 200, 50);
    let theme = Theme::shipped("dark");
    for (name, action) in [("apps", Action::ShowApps), ("instances", Action::ShowInstances)] {
        let mut model = Model::new(world(6_000), Settings::default(), moment());
        drop(update(&mut model, Message::Resize { width: 200, height: 50 }));
        drop(update(&mut model, Message::Act(action)));
        let mut viewports = Viewports::default();
        let mut buffer = Buffer::empty(area);
        group.bench_function(name, |b| {
            b.iter(|| {
                buffer.reset();
                draw(&model, &theme, &mut viewports, &mut buffer, area);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, reading, keeping, deriving, following, drawing);
criterion_main!(benches);
