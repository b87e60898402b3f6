//! What configuration a version gets is shown by key, and changed by one.

use pilothouse::sim::fault::Pattern;
use serde_json::{Value, json};

use super::{JSON, MAPS, PASSWORD, configured};
use crate::release::driven::Driven;
use crate::release::{keys, send};

/// c1 ran, v2 runs, and what both use was changed since.
async fn edited() -> Driven {
    let mut driven = Driven::new().await;
    configured(&driven.servers[0].simulation).await;
    driven
        .until("c1", |frame| frame.contains("c1") && frame.contains("● stable"))
        .await;
    keys::gray_of_two(&mut driven).await;
    driven.press("r u");
    keys::yes(&mut driven).await;
    driven.until("the new alone", |frame| frame.contains("● stable")).await;
    let edit = json!({"data": {"LOG_LEVEL": "debug"}});
    let path = format!("{MAPS}/live-config");
    let simulation = &driven.servers[0].simulation;
    let (code, _) = send(simulation, "PATCH", &path, "application/merge-patch+json", &edit).await;
    assert_eq!(code, 200);
    driven
}

async fn points_at(driven: &Driven) -> Value {
    let deployment = driven.servers[0].deployment().await;
    deployment["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_way_back_shows_what_it_brings_and_a_key_takes_todays_instead() {
    let mut driven = edited().await;
    driven.press("r r");
    driven
        .until("versions", |frame| frame.contains("back to which version?"))
        .await;
    driven.type_in("c1");
    driven.press("enter");
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    let shown = driven.frame();
    for told in [
        "v2 → c1   live:c1",
        "config: ConfigMap live-config: LOG_LEVEL debug → info",
        "whether Secrets are what it ran with is not known (db): you may not get secrets in gift",
        "c today's config",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    driven.press("c");
    driven
        .until("tried anew", |frame| {
            frame.contains("tried anew with today's configuration") && frame.contains("yes (y)")
        })
        .await;
    let shown = driven.frame();
    assert!(
        shown.contains("config: as it runs now (configmap/live-config, secret/db)"),
        "{shown}"
    );
    assert!(shown.contains("c its noted config"), "{shown}");
    driven.press("c");
    driven
        .until("tried anew", |frame| {
            frame.contains("LOG_LEVEL debug → info") && frame.contains("yes (y)")
        })
        .await;
    driven.press("d");
    let read = driven.frame();
    for told in [
        "ConfigMap live-config: LOG_LEVEL changed",
        "  from  debug",
        "  to    info",
    ] {
        assert!(read.contains(told), "{told}: {read}");
    }
    driven.press("esc");
    keys::yes(&mut driven).await;
    driven.until("rolling", |frame| frame.contains("◐ rolling")).await;
    driven.until("the old alone", |frame| frame.contains("● stable")).await;
    let name = points_at(&driven).await;
    assert!(name.as_str().unwrap().starts_with("live-config-"), "{name}");

    let ledger = driven.servers[0].get(&format!("{MAPS}/pilothouse-ledger-live")).await;
    let mut all = ledger.to_string();
    for entry in std::fs::read_dir(driven.folder.path()).unwrap() {
        all += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    assert!(all.contains("\"to\":\"live:c1\""), "the activity is among it");
    assert!(!all.contains(PASSWORD) && !all.contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn what_has_but_one_configuration_says_so_and_an_unread_one_stops_nothing() {
    use pilothouse::sim::fault::{Body, Fault, Verb};
    let mut driven = edited().await;
    driven.press("r t");
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    driven.press("c");
    driven
        .until("told", |frame| {
            frame.contains("it has but one configuration to run with")
        })
        .await;
    driven.press("esc");
    driven.servers[0].simulation.faults().add(Fault::Reply {
        to: Pattern::plural("configmaps").verb(Verb::Get),
        code: 500,
        retry_after: None,
        body: Body::Empty,
    });
    keys::start(&mut driven, "v3", "1").await;
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    assert!(
        driven.frame().contains("whether it is different is not known"),
        "{}",
        driven.frame()
    );
    let (code, _) = send(&driven.servers[0].simulation, "GET", MAPS, JSON, &Value::Null).await;
    assert_eq!(code, 200);
}
