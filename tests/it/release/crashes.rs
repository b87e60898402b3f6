//! New instances that crash: why is told with what they wrote last, read where somebody looks at the release.

use std::ffi::OsString;
use std::time::Duration;

use pilothouse::cli::{self, Environment};
use pilothouse::runtime::Exit;
use serde_json::{Value, json};

use super::Flow;
use super::driven::Driven;
use super::keys::{start, yes};
use crate::support::served::Served;

/// How often a log was read of the app's instances.
fn logs_read(driven: &Driven) -> usize {
    let faults = driven.servers[0].simulation.faults();
    faults.count(|seen| seen.path.ends_with("/log") && seen.path.contains("/pods/live-"))
}

fn is_told(frame: &str) -> bool {
    frame.contains("live in live-") && frame.contains("wrote last:")
}

#[tokio::test(start_paused = true)]
async fn what_a_crashed_one_wrote_last_is_read_where_it_is_looked_at() {
    let mut driven = Driven::new().await;
    start(&mut driven, "crashing", "2").await;
    yes(&mut driven).await;
    driven
        .until("it fails", |frame| {
            frame.contains("gray fails: CrashLoopBackOff exit 1")
        })
        .await;
    driven.press("esc");
    driven.rest(Duration::from_secs(20)).await;
    assert_eq!(logs_read(&driven), 0, "nothing is read of what nobody looks at");
    driven.press("6");
    driven
        .until("the last line in the list", |frame| frame.contains("wrote last: "))
        .await;
    driven.press("enter");
    driven.until("all of them in the app", is_told).await;
    let before = logs_read(&driven);
    driven.rest(Duration::from_secs(9)).await;
    assert!(logs_read(&driven) <= before + 1, "not once a second");
    driven.press("r a");
    driven
        .until("beside what is to be confirmed", |frame| {
            is_told(frame) && frame.contains("yes (y)")
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_rolling_update_tells_why_its_new_instances_are_not_ready() {
    let mut driven = Driven::new().await;
    let template = json!([
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "live:v2"},
        {"op": "add", "path": "/spec/template/metadata/annotations", "value": {"sim.pilothouse.dev/ready-seconds": "never"}},
    ]);
    driven.servers[0].patch(&template).await;
    driven.press("6");
    let waits = "run and are not ready: the";
    driven.until("what it waits for", |frame| frame.contains(waits)).await;
    let image = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "live:crashing"}]);
    driven.servers[0].patch(&image).await;
    driven
        .until("why it does not go on", |frame| {
            frame.contains("◐ rolling") && frame.contains("CrashLoopBackOff exit 1")
        })
        .await;
    driven.press("enter");
    driven
        .until("in the app too", |frame| frame.contains("lacks") && is_told(frame))
        .await;
}

/// Runs a command over a cluster whose gray release crashes.
fn told(served: &Served, words: &[&str]) -> (Exit, String, String) {
    let config = served.folder.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let words = ["pilothouse"].iter().chain(words).map(OsString::from);
    let files = [
        "--config".into(),
        config.into(),
        "--kubeconfig".into(),
        served.kubeconfig().into(),
    ];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = cli::run(words.chain(files), &Environment::default(), &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (exit, text(out), text(err))
}

#[test]
fn scripts_are_told_what_it_wrote_last() {
    let paused = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let simulation = paused.block_on(async {
        let mut flow = Flow::new().await;
        flow.start("live:crashing", 2).await.unwrap();
        flow.observer.rest(Duration::from_secs(40)).await;
        flow.simulation.clone()
    });
    let served = Served::start(|| vec![("sim".into(), simulation)]);
    let (_, json, _) = told(&served, &["release", "status", "live", "-o", "json"]);
    let item = serde_json::from_str::<Value>(&json).unwrap()["items"][0].take();
    let (log, cause) = (&item["lastLog"], item["cause"].as_str().unwrap());
    assert!(
        item["fails"] == true && cause.starts_with("CrashLoopBackOff exit 1"),
        "{item}"
    );
    assert_eq!(
        (&log["container"], &log["error"]),
        (&json!("live"), &Value::Null),
        "{item}"
    );
    let lines = log["lines"].as_array().unwrap();
    assert!((1..=5).contains(&lines.len()), "{item}");
    let (_, table, _) = told(&served, &["release", "status"]);
    let last = lines.last().unwrap().as_str().unwrap();
    assert!(table.contains("wrote last:") && table.contains(last), "{table}");
}
