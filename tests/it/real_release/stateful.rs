//! A StatefulSet whose instances come one after the other, as is usual, on a real cluster: it waits for a broken instance
//! for ever, whatever its template is, so an abort removes that one.

use serde_json::{Value, json};

use super::app::{App, NAME, template};
use crate::release::same::image;

const SET: (&str, &str) = ("apps/v1", "statefulsets/live");
const INSTANCES: i64 = 3;

async fn until(app: &App, what: &str, is_met: impl Fn(&Value) -> bool) -> Value {
    let end = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let set = app.get(SET).await;
        let is_seen = set["status"]["observedGeneration"] == set["metadata"]["generation"];
        if is_seen && is_met(&set) {
            return set;
        }
        assert!(tokio::time::Instant::now() < end, "{what}: {set}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// The instances by name: uid, image, whether it is ready.
async fn instances(app: &App) -> Vec<(String, String, String, bool)> {
    let pods = app.get(("v1", "pods")).await;
    let mut found: Vec<_> = pods["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pod| {
            let text = |path: &str| pod.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
            let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
            let mut conditions = conditions.into_iter().flatten();
            let is_ready = conditions.any(|one| one["type"] == "Ready" && one["status"] == "True");
            (
                text("/metadata/name"),
                text("/metadata/uid"),
                text("/spec/containers/0/image"),
                is_ready,
            )
        })
        .collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_image_of_a_stateful_set_in_order_is_aborted_and_its_instance_removed() {
    let Some(app) = App::empty("stateful").await else {
        return;
    };
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": NAME}, "spec": {
        "replicas": INSTANCES, "serviceName": NAME, "selector": {"matchLabels": {"app": NAME}}, "template": template()}});
    app.send("POST", ("apps/v1", "statefulsets"), &set).await;
    let set = until(&app, "all are there", |set| set["status"]["readyReplicas"] == INSTANCES).await;
    assert_eq!(set["spec"]["podManagementPolicy"], "OrderedReady");
    let before = instances(&app).await;
    // The lab never made this image, and its node pulls none.
    let bad = image("v9");
    let start = [
        "release",
        "start",
        NAME,
        "--image",
        bad.as_str(),
        "--gray",
        "1",
        "--yes",
    ];
    let output = app.run("admin", &start).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let end = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let now = instances(&app).await;
        if now.iter().any(|(_, _, image, is_ready)| *image == bad && !is_ready) {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "the gray one comes: {now:?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let told = app.told().await;
    assert!(
        ["gray", "gray-failed"].contains(&told["phase"].as_str().unwrap()),
        "it waits, or fails: {told}"
    );
    let abort = ["release", "abort", NAME, "--yes", "--wait"];
    let output = app.run("admin", &abort).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    until(&app, "all are ready again", |set| {
        set["status"]["readyReplicas"] == INSTANCES
    })
    .await;
    let after = instances(&app).await;
    for (index, (old, new)) in before.iter().zip(&after).enumerate() {
        assert_eq!(new.2, image("v1"), "{new:?}");
        let is_same = old.1 == new.1;
        // The last is the gray one: it was replaced, and nothing else.
        assert_eq!(is_same, index + 1 < before.len(), "{old:?} {new:?}");
    }
    assert_eq!(app.phase().await, "stable");
    app.delete().await;
}
