//! A gray release that fails by what its version met, and not by the version: that may be released again.

use serde_json::{Value, json};

use super::driven::Driven;
use super::keys::{start, yes};
use super::send;

const LEDGER: &str = "/api/v1/namespaces/gift/configmaps/pilothouse-ledger-live";

/// Begins a release, waits until it fails, and gives it up; the bad versions of the ledger then.
async fn marked_after(tag: &str, quota: Option<Value>) -> String {
    let mut driven = Driven::new().await;
    if let Some(quota) = quota {
        let path = "/api/v1/namespaces/gift/resourcequotas";
        let (code, _) = send(&driven.servers[0].simulation, "POST", path, "application/json", &quota).await;
        assert_eq!(code, 201);
    }
    start(&mut driven, tag, "2").await;
    yes(&mut driven).await;
    driven.until("it fails", |frame| frame.contains("gray fails")).await;
    driven.press("esc");
    driven.press("r a");
    yes(&mut driven).await;
    driven.until("written", |frame| frame.contains("written: abort")).await;
    let ledger = driven.servers[0].get(LEDGER).await;
    ledger["data"]["versions"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(start_paused = true)]
async fn no_room_and_no_image_mark_no_version() {
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "few", "namespace": "gift"}, "spec": {"hard": {"pods": "10"}}});
    for (tag, quota) in [("v2", Some(quota)), ("missing", None)] {
        let versions = marked_after(tag, quota).await;
        assert!(!versions.contains("\"bad\""), "{tag}: {versions}");
    }
}
