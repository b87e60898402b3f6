//! Logs as a client meets them.

use std::time::Duration;

use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::sim::body::SimBody;
use crate::sim::controllers::object::set;
use crate::sim::fault::{Fault, LogFault, Odd};
use crate::sim::resource::{NODES, PODS};
use crate::sim::store::{Store, Timestamp};
use crate::sim::{Identity, Simulation};

const LOG: &str = "/api/v1/namespaces/shop/pods/web/log";

fn running(id: &str) -> Value {
    json!({"containerID": format!("containerd://{id}"), "restartCount": 0,
        "state": {"running": {"startedAt": "2026-11-22T12:00:00Z"}}})
}

fn cluster() -> Simulation {
    let now: Timestamp = "2026-11-22T12:30:00.700Z".parse().unwrap();
    let mut store = Store::new(1);
    for (name, dead) in [("a", "false"), ("dead", "true")] {
        let node = json!({"metadata": {"name": name, "annotations": {"sim.pilothouse.dev/dead": dead}},
            "status": {"addresses": [{"type": "InternalIP", "address": "10.1.0.2"}]}});
        store.create(&NODES, node, now).unwrap();
    }
    let mut pod = |name: &str, node: &str, containers: &[(&str, Value)]| {
        let mut statuses = Vec::new();
        for (container, status) in containers {
            let mut status = status.clone();
            status["name"] = (*container).into();
            statuses.push(status);
        }
        let specs: Vec<Value> = containers
            .iter()
            .map(|(name, _)| json!({"name": name, "image": "corp/web:1"}))
            .collect();
        let pod = json!({
            "metadata": {"namespace": "shop", "name": name, "labels": {"app.kubernetes.io/name": "web"},
                "annotations": {"sim.pilothouse.dev/language": "java"}},
            "spec": {"nodeName": node, "containers": specs},
            "status": {"phase": "Running", "startTime": "2026-11-22T12:00:00Z", "containerStatuses": statuses},
        });
        store.create(&PODS, pod, now).unwrap();
    };
    let waits = |reason: &str| json!({"state": {"waiting": {"reason": reason}}, "lastState": {}});
    pod("web", "a", &[("app", running("one"))]);
    pod("two", "a", &[("app", running("two")), ("side", running("side"))]);
    pod("new", "a", &[("app", waits("ContainerCreating"))]);
    pod("bad", "a", &[("app", waits("ImagePullBackOff"))]);
    pod("far", "dead", &[("app", running("far"))]);
    pod("none", "", &[("app", waits(""))]);
    Simulation::manual(store, now)
}

async fn open(cluster: &Simulation, path: &str) -> (u16, SimBody) {
    let request = http::Request::get(path).body(bytes::Bytes::new()).unwrap();
    let response = cluster.handle(request).await;
    (response.status().as_u16(), response.into_body())
}

async fn get(cluster: &Simulation, path: &str) -> (u16, String) {
    let (code, body) = open(cluster, path).await;
    let bytes = body.collect().await.unwrap().to_bytes();
    (code, String::from_utf8_lossy(&bytes).into_owned())
}

/// Everything until the end, or until it breaks.
async fn rest(body: &mut SimBody) -> (String, bool) {
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => text.extend_from_slice(&frame.into_data().unwrap()),
            Err(_) => return (String::from_utf8_lossy(&text).into_owned(), false),
        }
    }
    (String::from_utf8_lossy(&text).into_owned(), true)
}

async fn next(body: &mut SimBody) -> Option<String> {
    let frame = tokio::time::timeout(Duration::from_secs(5), body.frame())
        .await
        .expect("nothing came");
    Some(String::from_utf8_lossy(&frame?.ok()?.into_data().ok()?).into_owned())
}

#[tokio::test]
async fn the_end_of_a_log_is_the_end_of_the_whole() {
    let cluster = cluster();
    let (_, whole) = get(&cluster, LOG).await;
    assert!(whole.lines().count() > 50, "{whole}");
    for tail in [0, 1, 7, 40] {
        let (code, text) = get(&cluster, &format!("{LOG}?tailLines={tail}")).await;
        assert_eq!((code, text.lines().count()), (200, tail));
        assert!(whole.ends_with(&text));
    }
    let (_, some) = get(&cluster, &format!("{LOG}?limitBytes=100")).await;
    assert_eq!((some.len(), whole.starts_with(&some)), (100, true));
}

#[tokio::test]
async fn since_counts_from_whole_seconds() {
    let cluster = cluster();
    let (_, whole) = get(&cluster, &format!("{LOG}?timestamps=true")).await;
    for since in [
        "2026-11-22T12:20:31Z",
        "2026-11-22T12:20:31.9Z",
        "2026-11-22T20:20:31%2B08:00",
    ] {
        let (_, text) = get(&cluster, &format!("{LOG}?timestamps=true&sinceTime={since}")).await;
        let expected: Vec<&str> = whole.lines().filter(|line| *line >= "2026-11-22T12:20:31").collect();
        assert_eq!(text.lines().collect::<Vec<_>>(), expected, "{since}");
    }
    let (_, text) = get(&cluster, &format!("{LOG}?timestamps=true&sinceSeconds=60")).await;
    assert!(text.lines().all(|line| line >= "2026-11-22T12:29:00.7"));
}

#[tokio::test]
async fn a_followed_log_goes_on_until_the_run_ends() {
    let cluster = cluster();
    let (_, mut body) = open(&cluster, &format!("{LOG}?follow=true&tailLines=1")).await;
    let mut text = next(&mut body).await.unwrap();
    cluster.advance(Duration::from_mins(2));
    text += &next(&mut body).await.unwrap();
    cluster.change(|store, now| {
        store
            .update(&PODS, "shop", "web", now, |pod| {
                let end = json!({"exitCode": 1, "reason": "Error", "startedAt": "2026-11-22T12:00:00Z",
                    "finishedAt": "2026-11-22T12:32:00Z", "containerID": "containerd://one"});
                set(
                    pod,
                    &["status", "containerStatuses"],
                    json!([{"name": "app", "restartCount": 0,
                    "containerID": "containerd://one", "state": {"terminated": end}, "lastState": {}}]),
                );
            })
            .unwrap();
    });
    let (last, whole) = rest(&mut body).await;
    text += &last;
    assert!(whole && last.contains("Exception in thread"), "{last}");
    let (_, all) = get(&cluster, LOG).await;
    assert!(
        all.ends_with(&text),
        "nothing is lost or said twice:\n{text}\n---\n{all}"
    );
}

#[tokio::test]
async fn the_log_before_a_restart_is_kept() {
    let cluster = cluster();
    let (_, before) = get(&cluster, LOG).await;
    cluster.change(|store, now| {
        store
            .update(&PODS, "shop", "web", now, |pod| {
                let end = json!({"exitCode": 137, "reason": "OOMKilled", "startedAt": "2026-11-22T12:00:00Z",
                    "finishedAt": "2026-11-22T12:30:00Z", "containerID": "containerd://one"});
                set(
                    pod,
                    &["status", "containerStatuses"],
                    json!([{"name": "app", "restartCount": 1,
                    "containerID": "containerd://next", "lastState": {"terminated": end},
                    "state": {"running": {"startedAt": "2026-11-22T12:30:00Z"}}}]),
                );
            })
            .unwrap();
    });
    let (code, previous) = get(&cluster, &format!("{LOG}?previous=true")).await;
    assert!(code == 200 && before.starts_with(&previous) && previous.len() > before.len() / 2);
    let (_, now) = get(&cluster, LOG).await;
    assert!(
        now.lines().count() < 30 && now.contains("Starting application"),
        "{now}"
    );
}

#[tokio::test]
async fn what_has_no_log_is_refused_in_the_words_of_a_kubelet() {
    let cluster = cluster();
    for (path, code, message) in [
        ("web/log?container=nope", 400, "container nope is not valid for pod web"),
        (
            "two/log",
            400,
            "a container name must be specified for pod two, choose one of: [app side]",
        ),
        (
            "new/log",
            400,
            "container \"app\" in pod \"new\" is waiting to start: ContainerCreating",
        ),
        (
            "bad/log",
            400,
            "container \"app\" in pod \"bad\" is waiting to start: trying and failing to pull image",
        ),
        (
            "web/log?previous=true",
            400,
            "previous terminated container \"app\" in pod \"web\" not found",
        ),
        ("gone/log", 404, "pods \"gone\" not found"),
        (
            "far/log",
            500,
            "Get \"https://10.1.0.2:10250/containerLogs/shop/far/app\": dial tcp 10.1.0.2:10250: connect: no route to host",
        ),
        (
            "web/log?tailLines=-1",
            422,
            "PodLogOptions \"web\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0",
        ),
    ] {
        let (answered, text) = get(&cluster, &format!("/api/v1/namespaces/shop/pods/{path}")).await;
        let status: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (answered, status["message"].as_str().unwrap()),
            (code, message),
            "{path}"
        );
    }
    let (code, text) = get(&cluster, "/api/v1/namespaces/shop/pods/none/log").await;
    assert_eq!(
        (code, text.as_str()),
        (200, ""),
        "a pod without a node has printed nothing"
    );
    cluster.set_identity(Identity::user("kim"));
    let (code, text) = get(&cluster, LOG).await;
    assert!(
        code == 403 && text.contains("cannot get resource \\\"pods/log\\\""),
        "{text}"
    );
}

#[tokio::test]
async fn streams_break_where_the_seed_says() {
    let cluster = cluster();
    let (_, whole) = get(&cluster, LOG).await;
    cluster.faults().add(Fault::Logs(LogFault::Cut { seed: 3, most: 900 }));
    let mut lengths = Vec::new();
    for _ in 0..8 {
        let (_, mut body) = open(&cluster, &format!("{LOG}?follow=true")).await;
        let (text, ended) = rest(&mut body).await;
        assert!(!ended && whole.starts_with(&text));
        lengths.push(text.len());
    }
    lengths.sort_unstable();
    lengths.dedup();
    assert!(lengths.len() > 5 && lengths.last() < Some(&900), "{lengths:?}");
}

#[tokio::test]
async fn a_rotation_loses_records_for_good() {
    let cluster = cluster();
    let (_, mut body) = open(&cluster, &format!("{LOG}?follow=true&tailLines=1")).await;
    next(&mut body).await.unwrap();
    cluster
        .faults()
        .add_times(1, Fault::Logs(LogFault::Rotate { records: 50 }));
    cluster.advance(Duration::from_mins(40));
    let after = next(&mut body).await.unwrap();
    let (_, all) = get(&cluster, LOG).await;
    assert!(all.starts_with(&after) && !all.contains("Starting application"));
}

#[tokio::test]
async fn odd_lines_and_a_missing_end_reach_the_client() {
    let cluster = cluster();
    let id = cluster.faults().add(Fault::Logs(LogFault::Print(Odd::Flood {
        lines_per_second: 200_000,
    })));
    let (_, text) = get(&cluster, &format!("{LOG}?tailLines=3")).await;
    assert_eq!(
        text.lines().filter(|line| line.starts_with("flood 0")).count(),
        3,
        "{text}"
    );
    cluster.faults().remove(id);
    cluster.faults().add(Fault::Logs(LogFault::NoFinalNewline));
    let (_, text) = get(&cluster, &format!("{LOG}?tailLines=3")).await;
    assert!(!text.ends_with('\n') && text.lines().count() == 3);
}
