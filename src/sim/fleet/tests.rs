//! The demo fleet is what it says: it adds up, repeats, fits, and is at rest but for its story.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta};
use serde_json::Value;

use super::*;
use crate::domain::{NodeHealth, Resources};
use crate::sim::controllers::context::{is_deleting, is_over, replicas};
use crate::sim::controllers::nodes::{read, requests, shape};
use crate::sim::controllers::object::{condition, controller_of, count, holds, items, stamp};
use crate::sim::defaults;
use crate::sim::resource::{
    DAEMON_SETS, DEPLOYMENTS, EVENTS, NODES, PODS, REPLICA_SETS, RESOURCE_QUOTAS, STATEFUL_SETS,
};
use crate::sim::store::Stored;

fn start() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn everything(store: &Store) -> Vec<Stored> {
    let resources: Vec<_> = store.resources().cloned().collect();
    resources
        .iter()
        .flat_map(|r| store.list(r).cloned().collect::<Vec<_>>())
        .collect()
}

fn status(object: &Value, field: &str) -> i64 {
    count(object, &["status", field])
}

#[test]
fn the_fleet_has_the_size_of_the_company() {
    let fleet = demo(7, start());
    let names: Vec<&str> = fleet.iter().map(|cluster| cluster.name).collect();
    assert_eq!(names, ["idc-bj", "aliyun", "mixed-sh"]);
    let total = |resource| fleet.iter().map(|c| c.store.count(resource)).sum::<usize>();
    assert_eq!(total(&NODES), 400);
    let pods = total(&PODS);
    assert!((5_900..=6_100).contains(&pods), "{pods} pods");
    let apps: BTreeSet<(String, String)> = fleet
        .iter()
        .flat_map(|c| everything(&c.store))
        .filter(|o| matches!(text(o, &["kind"]), "Deployment" | "StatefulSet" | "DaemonSet"))
        .map(|o| {
            (
                text(&o, &["metadata", "namespace"]).to_owned(),
                text(&o, &["metadata", "name"]).to_owned(),
            )
        })
        .collect();
    assert_eq!(apps.len(), plan::APPS);
}

#[test]
fn a_write_that_leaves_a_template_alone_does_not_change_it() {
    for cluster in demo(7, start()) {
        for resource in [&DEPLOYMENTS, &REPLICA_SETS, &STATEFUL_SETS, &DAEMON_SETS] {
            for object in cluster.store.list(resource) {
                let mut written = Value::clone(object);
                defaults::apply(resource, &mut written);
                let template = |object: &Value| object.pointer("/spec/template").cloned();
                assert_eq!(template(&written), template(object));
            }
        }
    }
}

#[test]
fn a_seed_and_a_moment_give_one_fleet() {
    let one = |seed| {
        demo(seed, start())
            .iter()
            .flat_map(|c| everything(&c.store))
            .collect::<Vec<_>>()
    };
    assert!(one(7) == one(7));
    assert!(one(7) != one(8));
}

#[test]
fn every_instance_fits_where_it_runs() {
    for cluster in demo(7, start()) {
        let nodes: BTreeMap<String, Value> = cluster
            .store
            .list(&NODES)
            .map(|n| (text(n, &["metadata", "name"]).to_owned(), Value::clone(n)))
            .collect();
        let mut taken: BTreeMap<&str, (Resources, i64)> = BTreeMap::new();
        let mut addresses = BTreeSet::new();
        let pods: Vec<Stored> = cluster.store.list(&PODS).cloned().collect();
        for pod in pods.iter().filter(|pod| !is_over(pod)) {
            let name = text(pod, &["spec", "nodeName"]);
            if name.is_empty() {
                continue;
            }
            let mut node = read(&nodes[name]);
            // The dead node refuses everything now; when it was alive it did not.
            if node.health == NodeHealth::Unknown {
                (node.health, node.taints) = (NodeHealth::Ready, [].into());
            }
            let fit = shape(pod).fit(&node, crate::domain::headroom::Taken::default(), false);
            assert!(
                fit.count > 0,
                "{} on {name}: {:?}",
                text(pod, &["metadata", "name"]),
                fit.limit
            );
            let here = taken.entry(name).or_default();
            here.0 += requests(pod);
            here.1 += 1;
            assert!(
                addresses.insert(text(pod, &["status", "podIP"])),
                "an address given twice"
            );
        }
        for (name, (resources, slots)) in taken {
            let node = read(&nodes[name]);
            assert!(
                resources.cpu <= node.allocatable.cpu && resources.memory <= node.allocatable.memory,
                "{name}"
            );
            assert!(slots <= node.pod_slots);
        }
    }
}

#[test]
fn counts_and_owners_add_up() {
    for cluster in demo(7, start()) {
        let store = &cluster.store;
        for deployment in store.list(&DEPLOYMENTS) {
            let name = text(deployment, &["metadata", "name"]);
            let sets: Vec<&Stored> = store
                .dependents(text(deployment, &["metadata", "uid"]))
                .map(|(_, set)| set)
                .collect();
            let sum = |field| sets.iter().map(|set| status(set, field)).sum::<i64>();
            for field in ["replicas", "readyReplicas", "availableReplicas"] {
                assert_eq!(status(deployment, field), sum(field), "{name} {field}");
            }
            let wanted: i64 = sets.iter().map(|set| replicas(set)).sum();
            assert!(wanted >= replicas(deployment), "{name}");
            assert_eq!(
                status(deployment, "replicas"),
                wanted,
                "{name} has the instances it asks for"
            );
        }
        for set in store.list(&REPLICA_SETS) {
            let uid = text(set, &["metadata", "uid"]);
            let pods: Vec<&Stored> = store
                .dependents(uid)
                .map(|(_, p)| p)
                .filter(|p| !is_deleting(p))
                .collect();
            assert_eq!(pods.len() as i64, replicas(set));
            assert_eq!(
                pods.iter().filter(|p| holds(p, "Ready")).count() as i64,
                status(set, "readyReplicas")
            );
        }
        let uids: BTreeSet<String> = everything(store)
            .iter()
            .map(|o| text(o, &["metadata", "uid"]).to_owned())
            .collect();
        assert!(
            store
                .list(&PODS)
                .all(|pod| controller_of(pod).is_some_and(|(_, _, uid)| uids.contains(uid)))
        );
        assert!(store.list(&RESOURCE_QUOTAS).count() > 5);
    }
}

#[test]
fn the_controllers_find_nothing_to_do_but_the_story() {
    for mut cluster in demo(7, start()) {
        let before: BTreeMap<String, Stored> = everything(&cluster.store)
            .into_iter()
            .map(|o| (text(&o, &["metadata", "uid"]).to_owned(), o))
            .collect();
        cluster.controllers.step(&mut cluster.store, start());
        cluster.controllers.resync(&cluster.store);
        cluster.controllers.step(&mut cluster.store, start());
        for object in everything(&cluster.store) {
            let old = before.get(text(&object, &["metadata", "uid"]));
            let waits = condition(&object, "PodScheduled").is_some_and(|c| text(c, &["reason"]) == "Unschedulable");
            let of_event = text(&object, &["kind"]) == "Event";
            assert!(
                waits || of_event || old == Some(&object),
                "{} changed\nfrom {}\nto   {object}",
                text(&object, &["metadata", "name"]),
                old.map_or(&Value::Null, |o| o),
            );
        }
    }
}

#[test]
fn the_story_is_there_from_the_first_second() {
    let mut fleet = demo(7, start());
    for cluster in &mut fleet {
        cluster.step(start());
    }
    let store = &fleet[0].store;
    let gift = store.get(&DEPLOYMENTS, "gift", "live-gift").unwrap();
    assert_eq!(
        ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"].map(|f| status(gift, f)),
        [46, 4, 46, 42]
    );
    assert_eq!(
        text(gift, &["metadata", "labels", "pilothouse.dev/hold"]),
        "v1.mrs0.pd600.su25p.un25p"
    );
    let push = store.get(&DEPLOYMENTS, "im", "push").unwrap();
    assert_eq!(
        ["replicas", "updatedReplicas", "readyReplicas"].map(|f| status(push, f)),
        [62, 2, 60]
    );
    let profile = store.get(&DEPLOYMENTS, "user", "profile").unwrap();
    assert_eq!(["replicas", "readyReplicas"].map(|f| status(profile, f)), [58, 56]);
    let waiting = store
        .list(&PODS)
        .find(|pod| text(pod, &["spec", "nodeName"]).is_empty())
        .unwrap();
    let message = text(condition(waiting, "PodScheduled").unwrap(), &["message"]);
    assert!(
        message.starts_with("0/200 nodes are available: ") && message.contains("7 Insufficient memory"),
        "{message}"
    );
    let dead = store.get(&NODES, "", "bj-b-047").unwrap();
    assert_eq!(text(condition(dead, "Ready").unwrap(), &["status"]), "Unknown");
    let stuck = store
        .list(&PODS)
        .filter(|p| is_deleting(p) && text(p, &["spec", "nodeName"]) == "bj-b-047")
        .count();
    assert_eq!(stuck, 9);
    let said = |reason: &str, kind: &str| {
        let about = |e: &&Stored| [text(e, &["reason"]), text(e, &["involvedObject", "kind"])] == [reason, kind];
        let times = store
            .list(&EVENTS)
            .filter(about)
            .map(|e| text(e, &["lastTimestamp"]).to_owned());
        times.collect::<Vec<_>>()
    };
    let ago = |seconds: i64| stamp(start() - TimeDelta::seconds(seconds));
    assert_eq!(said("NodeNotReady", "Node"), [ago(660)]);
    assert_eq!(said("NodeNotReady", "Pod"), vec![ago(660); 11], "its daemons too");
    assert_eq!(said("TaintManagerEviction", "Pod"), vec![ago(360); 9], "daemons stay");
}

#[test]
fn the_story_goes_on_and_the_fleet_stays_well() {
    let mut fleet = demo(7, start());
    for cluster in &mut fleet {
        let mut now = start();
        while now < start() + TimeDelta::minutes(12) {
            let next = cluster.step(now).expect("something always goes on");
            assert!(next > now);
            now = next;
        }
    }
    let danmaku = fleet[1].store.get(&DEPLOYMENTS, "live", "danmaku").unwrap();
    assert!(replicas(danmaku) >= 92, "{}", replicas(danmaku));
    assert!(status(danmaku, "readyReplicas") >= 88);
    let spell: i64 = fleet[2]
        .store
        .list_in(&PODS, "search")
        .filter(|pod| text(pod, &["metadata", "name"]).starts_with("spell-"))
        .flat_map(|pod| items(pod, &["status", "containerStatuses"]))
        .map(|c| count(c, &["restartCount"]))
        .sum();
    assert!(spell > 6 + 5, "{spell} restarts");
    for cluster in &fleet {
        let short: Vec<&str> = cluster
            .store
            .list(&DEPLOYMENTS)
            .filter(|d| status(d, "availableReplicas") + 2 < replicas(d))
            .map(|d| text(d, &["metadata", "name"]))
            .collect();
        assert!(short.len() <= 1, "{short:?} in {}", cluster.name);
    }
}

#[test]
fn locations_are_as_full_as_they_should_be() {
    let fleet = demo(7, start());
    let percent = |cluster: &Cluster, location: &str| {
        let (mut asked, mut room) = (0, 0);
        let here = |name: &str| {
            let node = cluster.store.get(&NODES, "", name)?;
            (text(node, &["metadata", "labels", "pilothouse.dev/location"]) == location).then(|| read(node))
        };
        for node in cluster
            .store
            .list(&NODES)
            .filter_map(|n| here(text(n, &["metadata", "name"])))
        {
            room += node.allocatable.cpu.0;
        }
        for pod in cluster
            .store
            .list(&PODS)
            .filter(|p| here(text(p, &["spec", "nodeName"])).is_some())
        {
            asked += requests(pod).cpu.0;
        }
        asked * 100 / room
    };
    let found = [
        percent(&fleet[0], "idc-bj-a"),
        percent(&fleet[0], "idc-bj-b"),
        percent(&fleet[1], "aliyun-h"),
        percent(&fleet[2], "mixed-sh"),
    ];
    for (found, wanted) in found.into_iter().zip([65..=85, 85..=96, 35..=55, 45..=70]) {
        assert!(wanted.contains(&found), "{found} % is not in {wanted:?}");
    }
}

#[test]
fn any_size_can_be_made() {
    let store = sized(3, start(), 100, 150, 2_000);
    assert_eq!(store.count(&NODES), 100);
    assert_eq!(store.count(&DEPLOYMENTS), 150);
    let pods = store.count(&PODS);
    assert!((1_900..=2_100).contains(&pods), "{pods}");
}

/// How long it takes and how much memory it needs, for a person: `cargo test --release -- --ignored --nocapture measure`.
#[test]
#[ignore = "prints figures, checks nothing"]
fn measure() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        status
            .lines()
            .find(|line| line.starts_with("VmRSS"))
            .unwrap_or_default()
            .to_owned()
    };
    let clock = std::time::Instant::now();
    let mut fleet = demo(7, start());
    println!("demo: {:?}, {}", clock.elapsed(), resident());
    let clock = std::time::Instant::now();
    for cluster in &mut fleet {
        cluster.step(start());
    }
    println!("first step: {:?}", clock.elapsed());
    let clock = std::time::Instant::now();
    for cluster in &mut fleet {
        let mut now = start();
        while now < start() + TimeDelta::minutes(1) {
            now = cluster.step(now).expect("something always goes on");
        }
    }
    println!("a minute of the story: {:?}", clock.elapsed());
    drop(fleet);
    let clock = std::time::Instant::now();
    let mut store = sized(7, start(), 5_000, 5_000, 150_000);
    println!(
        "5,000 nodes, {} pods: {:?}, {}",
        store.count(&PODS),
        clock.elapsed(),
        resident()
    );
    let clock = std::time::Instant::now();
    let mut controllers = Controllers::new(7);
    controllers.step(&mut store, start());
    println!("first step: {:?}", clock.elapsed());
    let app = store.list(&DEPLOYMENTS).max_by_key(|d| replicas(d)).cloned().unwrap();
    let (namespace, name) = (
        text(&app, &["metadata", "namespace"]),
        text(&app, &["metadata", "name"]),
    );
    let clock = std::time::Instant::now();
    let set = crate::sim::controllers::object::set;
    let more = replicas(&app) + 100;
    store
        .update(&DEPLOYMENTS, namespace, name, start(), |app| {
            set(app, &["spec", "replicas"], more);
        })
        .unwrap();
    controllers.step(&mut store, start());
    println!("100 instances more of {name}: {:?}", clock.elapsed());
}
