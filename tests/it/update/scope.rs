//! What is told of an app is told of the clusters in scope, each by what runs there.

use pilothouse::domain::{AppKey, Batch, Change, ClusterId, ClusterReport, Kind, Object, Pod, Version, Workload};
use pilothouse::message::{Action, Effect, Message};

use crate::support::fleet;
use crate::support::screen::Bench;

fn timeline() -> AppKey {
    AppKey {
        namespace: "feed".into(),
        name: "timeline".into(),
    }
}

fn tag(text: &str) -> Version {
    Version::Tag(text.into())
}

/// Changes what carries `feed/timeline` in a cluster, and its instances by their place in the order of names.
fn change(bench: &mut Bench, cluster: &str, workload: impl Fn(&mut Workload), pod: impl Fn(usize, &mut Pod)) {
    let id = ClusterId::new(cluster);
    let view = bench.model.world().cluster(&id).unwrap();
    let workloads: Vec<Object> = view
        .workloads_of(&timeline())
        .map(|known| {
            let mut changed = known.as_ref().clone();
            workload(&mut changed);
            Object::Workload(Box::new(changed))
        })
        .collect();
    let mut pods: Vec<Pod> = view
        .instances_of(&timeline())
        .map(|known| known.as_ref().clone())
        .collect();
    pods.sort_by(|a, b| a.key.cmp(&b.key));
    let pods: Vec<Object> = pods
        .into_iter()
        .enumerate()
        .map(|(place, mut changed)| {
            pod(place, &mut changed);
            Object::Pod(Box::new(changed))
        })
        .collect();
    for (kind, objects) in [(Kind::Deployment, workloads), (Kind::Pod, pods)] {
        upsert(bench, &id, kind, objects);
    }
}

fn upsert(bench: &mut Bench, cluster: &ClusterId, kind: Kind, objects: Vec<Object>) {
    let batch = Batch {
        kind,
        namespace: "".into(),
        generation: 1,
        changes: objects.into_iter().map(Change::Upsert).collect(),
        sweep: false,
    };
    bench.send(Message::Cluster(cluster.clone(), ClusterReport::Batch(batch)));
    bench.model.settle(fleet::now() + chrono::TimeDelta::minutes(1));
}

/// The program where `feed/timeline` runs `v1` in one cluster and `v2` in the other, as its templates ask.
fn side_by_side() -> Bench {
    let mut bench = Bench::fleet();
    for (cluster, version) in [("idc-bj", "v1"), ("mixed-sh", "v2")] {
        change(
            &mut bench,
            cluster,
            |workload| workload.version = tag(version),
            |_, pod| pod.version = tag(version),
        );
    }
    bench
}

fn pick(bench: &mut Bench, action: Action, names: &[&str]) {
    bench.act(&[action]);
    for name in names {
        bench.act(&[Action::EraseAll]);
        bench.text(name);
        bench.act(&[Action::Mark]);
    }
    bench.act(&[Action::Accept]);
}

/// The line of a frame that begins so, apart from blanks and the cursor.
fn line(frame: &str, beginning: &str) -> String {
    let trimmed = frame.lines().map(|line| line.trim_start_matches(['▌', ' ']));
    let mut found = trimmed.filter(|line| line.starts_with(beginning));
    found
        .next()
        .unwrap_or_else(|| panic!("no line '{beginning}': {frame}"))
        .to_owned()
}

fn row(bench: &mut Bench) -> String {
    line(&bench.frame(200, 50), "feed/timeline")
}

#[test]
fn clusters_that_run_different_versions_pass_from_none_to_another() {
    let mut bench = side_by_side();
    bench.act(&[Action::ShowApps]);
    assert!(row(&mut bench).contains("v1, v2"));
    bench.filter("timeline");
    bench.act(&[Action::Open]);
    let told = line(&bench.frame(200, 50), "versions");
    assert!(
        !told.contains("old") && !told.contains("new") && !told.contains('▸'),
        "{told}"
    );
}

#[test]
fn a_release_that_began_in_the_second_cluster_goes_from_old_to_new() {
    let mut bench = side_by_side();
    change(
        &mut bench,
        "mixed-sh",
        |workload| workload.version = tag("v3"),
        |place, pod| {
            if place < 2 {
                pod.version = tag("v3");
            }
        },
    );
    bench.act(&[Action::ShowApps]);
    assert!(row(&mut bench).contains("v2 ▸ v3"));
    bench.filter("timeline");
    bench.act(&[Action::Open]);
    let told = line(&bench.frame(200, 50), "versions");
    let places = ["v1  ", "old v2", "▸  new v3"].map(|part| told.find(part).unwrap_or_else(|| panic!("{told}")));
    assert!(places.is_sorted(), "{told}");
}

#[test]
fn a_version_is_told_of_the_clusters_in_scope() {
    let mut bench = side_by_side();
    change(
        &mut bench,
        "mixed-sh",
        |workload| workload.version = tag("v3"),
        |_, _| {},
    );
    bench.act(&[Action::ShowApps]);
    assert!(row(&mut bench).contains("v2 ▸ v3"), "no instance runs it yet");
    pick(&mut bench, Action::ScopeClusters, &["idc-bj"]);
    let told = row(&mut bench);
    assert!(told.contains("v1") && !told.contains('▸'), "{told}");
}

#[test]
fn rules_and_troubles_are_those_of_the_clusters_in_scope() {
    let mut bench = Bench::fleet();
    change(
        &mut bench,
        "mixed-sh",
        |workload| workload.strategy = [("partition".into(), "7".into())].into(),
        |place, pod| {
            if place == 0 {
                pod.phase = pilothouse::domain::PodPhase::Pending;
                pod.node = None;
                pod.ready = false;
                pod.reason = Some("Unschedulable".into());
                pod.message = Some("no room in Shanghai".into());
            }
        },
    );
    bench.act(&[Action::ShowApps]);
    bench.filter("timeline");
    bench.act(&[Action::Open]);
    let frame = bench.frame(200, 50);
    assert!(frame.contains("no room in Shanghai"), "{frame}");
    let rules = line(&frame, "rules");
    assert!(
        rules.contains("in idc-bj: max surge 25%") && rules.contains("in mixed-sh: partition 7"),
        "{rules}"
    );
    bench.act(&[Action::Back]);
    pick(&mut bench, Action::ScopeClusters, &["idc-bj"]);
    bench.act(&[Action::Open]);
    let frame = bench.frame(200, 50);
    assert!(!frame.contains("Shanghai"), "{frame}");
    let rules = line(&frame, "rules");
    assert!(
        rules.contains("max surge 25%") && !rules.contains("idc-bj") && !rules.contains("partition"),
        "{rules}"
    );
}

#[test]
fn events_of_an_app_are_those_of_what_carries_it_in_scope() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    bench.filter("timeline");
    let asked = |effects: &[Effect]| -> Vec<String> {
        let about = effects.iter().map(|effect| match effect {
            Effect::LoadEvents(object) => format!("{} {}", object.cluster, object.kind),
            other => format!("{other:?}"),
        });
        about.collect()
    };
    let both = bench.act(&[Action::EventsOf]);
    let frame = bench.frame(200, 50);
    assert_eq!(asked(&both), ["idc-bj Deployment", "mixed-sh Deployment"], "{frame}");
    bench.act(&[Action::Back]);
    pick(&mut bench, Action::ScopeClusters, &["mixed-sh"]);
    let one = bench.act(&[Action::EventsOf]);
    assert_eq!(asked(&one), ["mixed-sh Deployment"]);
}

#[test]
fn the_palette_shows_an_app_wherever_it_is() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    pick(&mut bench, Action::ScopeClusters, &["aliyun"]);
    bench.act(&[Action::Palette]);
    bench.text("im/push");
    bench.act(&[Action::Accept]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("Deployment push") && !frame.contains("gone"), "{frame}");
}

#[test]
fn an_app_is_as_old_as_the_oldest_that_is_known_of_it() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    let stale = |bench: &Bench, name: &str| {
        let scope = bench.model.scope_here();
        let source = bench.model.screen().rows.source(bench.model.context(&scope));
        let mut rows = 0..source.len() as u32;
        let row = rows.find(|&row| source.cell(row, pilothouse::listing::ColumnId::App).text() == name);
        source.is_stale(row.unwrap())
    };
    // One of its clusters is not heard of.
    assert!(stale(&bench, "feed/timeline"));
    assert!(!stale(&bench, "im/push"));
    // Bare pods in a cluster that is not heard of.
    let id = ClusterId::new("mixed-sh");
    let view = bench.model.world().cluster(&id).unwrap();
    let mut bare = view.instances_of(&timeline()).next().unwrap().as_ref().clone();
    bare.key.name = "shell".into();
    bare.app = "shell".into();
    bare.uid = pilothouse::domain::Uid::parse("shell");
    (bare.workload, bare.owner) = (None, None);
    upsert(&mut bench, &id, Kind::Pod, vec![Object::Pod(Box::new(bare))]);
    assert!(stale(&bench, "feed/shell"));
}

#[test]
fn branches_of_workloads_that_are_not_known_open_one_by_one() {
    let mut bench = Bench::fleet();
    let id = ClusterId::new("idc-bj");
    let view = bench.model.world().cluster(&id).unwrap();
    let known = view.instances_of(&timeline()).next().unwrap().as_ref().clone();
    let pods = ["a", "b"].map(|name| {
        let mut pod = known.clone();
        pod.key.name = format!("lone-{name}").as_str().into();
        pod.uid = pilothouse::domain::Uid::parse(name);
        pod.app = "lone".into();
        pod.workload = Some((Kind::StatefulSet, name.into()));
        Object::Pod(Box::new(pod))
    });
    upsert(&mut bench, &id, Kind::Pod, pods.into());
    bench.act(&[Action::ShowApps]);
    bench.filter("lone");
    bench.act(&[Action::Open, Action::Expand]);
    let frame = bench.frame(120, 40);
    assert!(!frame.contains("lone-a") && frame.contains("lone-b"), "{frame}");
}
