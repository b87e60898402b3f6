//! Who changed a workload in the middle of a release is told where the change is: on the screens, and to scripts.

use std::ffi::OsString;
use std::time::Duration;

use pilothouse::cli::{self, Environment};
use pilothouse::release::Phase;
use serde_json::{Value, json};

use super::driven::Driven;
use super::keys::gray_of_two;
use super::{DEPLOYMENT, Flow, gray};
use crate::support::served::Served;

/// Another version, written by hand.
fn third() -> Value {
    json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "live:v3"}])
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_once_and_told_where_the_change_is() {
    let mut driven = Driven::new().await;
    gray_of_two(&mut driven).await;
    driven.servers[0].patch_as("kubectl-edit", &third()).await;
    let server = driven.servers[0].simulation.clone();
    let asked = || {
        server
            .faults()
            .count(|seen| seen.method == "GET" && seen.path == DEPLOYMENT)
    };
    let before = asked();
    driven.rest(Duration::from_secs(5)).await;
    assert_eq!(asked(), before, "nothing is asked where nothing tells it");
    driven.press("6");
    driven
        .until("who it was", |frame| frame.contains("kubectl-edit changed it "))
        .await;
    driven.press("enter");
    driven
        .until("in the app too", |frame| {
            frame.contains("kubectl-edit changed it ") && frame.contains("why")
        })
        .await;
    driven.rest(Duration::from_mins(1)).await;
    assert_eq!(asked(), before + 1);
}

#[test]
fn scripts_are_told_who_and_when() {
    let paused = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let simulation = paused.block_on(async {
        let mut flow = Flow::new().await;
        flow.start("live:v2", 2).await.unwrap();
        flow.until("two beside ten", &gray(2, 10)).await;
        let path = format!("{DEPLOYMENT}?fieldManager=kubectl-edit");
        flow.send("PATCH", &path, "application/json-patch+json", &third()).await;
        flow.until("somebody else's version", &Phase::ForeignChange).await;
        flow.simulation.clone()
    });
    let served = Served::start(|| vec![("sim".into(), simulation)]);
    let config = served.folder.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let status = |format: &str| {
        let words = ["pilothouse", "release", "status", "live", "-o", format, "--config"].map(OsString::from);
        let files = [config.clone().into(), "--kubeconfig".into(), served.kubeconfig().into()];
        let (mut out, mut err) = (Vec::new(), Vec::new());
        cli::run(
            words.into_iter().chain(files),
            &Environment::default(),
            &mut out,
            &mut err,
        );
        String::from_utf8(out).unwrap()
    };
    let item = serde_json::from_str::<Value>(&status("json")).unwrap()["items"][0].take();
    assert_eq!(
        (&item["phase"], &item["changedBy"]),
        (&json!("foreign-change"), &json!("kubectl-edit"))
    );
    assert!(item["changedAt"].as_str().is_some_and(|at| at.ends_with('Z')), "{item}");
    let cause = item["cause"].as_str().unwrap();
    assert!(
        cause.starts_with("kubectl-edit changed it ") && cause.contains("neither what was released"),
        "{cause}"
    );
    assert!(status("table").contains("kubectl-edit changed it "));
}
