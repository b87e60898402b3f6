//! Back to an older version by key where no ReplicaSet keeps it: what is offered is read from `ControllerRevision`s.

use std::time::Duration;

use serde_json::{Value, json};

use super::driven::Driven;
use super::keys::yes;
use super::kinds::workload;
use super::send;

const JSON: &str = "application/json";

/// A second app of a kind beside the first, which somebody brought from v1 to v2 without this program; its row is chosen.
async fn with(kind: &str, plural: &str, spec: &Value, instances: u32) -> (Driven, String) {
    let mut driven = Driven::new().await;
    let mut object = workload(kind, "apps/v1", spec);
    object["metadata"]["name"] = "db".into();
    for path in ["/spec/selector/matchLabels/app", "/spec/template/metadata/labels/app"] {
        *object.pointer_mut(path).unwrap() = "db".into();
    }
    object["spec"]["template"]["spec"]["containers"][0]["image"] = "db:v1".into();
    let simulation = driven.servers[0].simulation.clone();
    let collection = format!("/apis/apps/v1/namespaces/gift/{plural}");
    assert_eq!(send(&simulation, "POST", &collection, JSON, &object).await.0, 201);
    driven.press("/");
    driven.type_in("db");
    driven.press("enter");
    let all = format!("{instances}/{instances}");
    let is_there =
        |frame: &str, version: &str| frame.contains(&all) && frame.contains(version) && frame.contains("● stable");
    driven.until("v1 runs", |frame| is_there(frame, "v1")).await;
    let path = format!("{collection}/db");
    let image = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "db:v2"}]);
    let (code, _) = send(&simulation, "PATCH", &path, "application/json-patch+json", &image).await;
    assert_eq!(code, 200);
    driven
        .until("v2 runs", |frame| is_there(frame, "v2") && !frame.contains("v1"))
        .await;
    (driven, path)
}

async fn goes_back(kind: &str, plural: &str, spec: &Value, instances: u32) {
    let (mut driven, path) = with(kind, plural, spec, instances).await;
    driven.press("r r");
    driven
        .until("v1 is offered", |frame| {
            frame.contains("back to which version?") && frame.contains("v1")
        })
        .await;
    let offered = driven.frame();
    assert!(
        offered.contains("revision 1") && !offered.contains("revision 2"),
        "{offered}"
    );
    driven.press("enter");
    yes(&mut driven).await;
    driven.until("it is written", |frame| frame.contains("written: ")).await;
    let object = driven.servers[0].get(&path).await;
    assert_eq!(
        object["spec"]["template"]["spec"]["containers"][0]["image"], "db:v1",
        "{kind}"
    );
    let all = format!("{instances}/{instances}");
    driven
        .until("v1 runs again", |frame| {
            frame.contains(&all) && frame.contains("v1") && frame.contains("● stable") && !frame.contains("yes (y)")
        })
        .await;
    // What the ledger keeps now and the revision are one version.
    driven.press("r r");
    driven
        .until("v2 is offered, once", |frame| {
            frame.contains("back to which version? · 1 of 1") && frame.contains("bad: by operator")
        })
        .await;
    driven.rest(Duration::from_secs(5)).await;
    let offered = driven.frame();
    assert!(offered.contains("back to which version? · 1 of 1"), "{offered}");
}

#[tokio::test(start_paused = true)]
async fn a_stateful_set_goes_back_to_what_its_revisions_keep() {
    goes_back(
        "StatefulSet",
        "statefulsets",
        &json!({"replicas": 3, "serviceName": "db"}),
        3,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_daemon_set_goes_back_to_what_its_revisions_keep() {
    goes_back("DaemonSet", "daemonsets", &json!({}), 1).await;
}
