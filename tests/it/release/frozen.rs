//! Freezes: of namespaces and of the configuration, looked at before a step is shown and before it is written.

use std::time::Duration;

use pilothouse::cluster::ActError;
use pilothouse::domain::Clean;
use pilothouse::release::against::words;
use pilothouse::release::freeze::Window;
use pilothouse::release::live::Refusal;
use pilothouse::release::step::Step;
use pilothouse::world::ClusterSetup;
use serde_json::{Value, json};

use super::driven::Driven;
use super::writes::start;
use super::{Flow, gray};

const NAMESPACE: &str = "/api/v1/namespaces/gift";
const LEDGER: &str = "/api/v1/namespaces/gift/configmaps/pilothouse-ledger-live";

fn annotation(text: &str) -> Value {
    json!({"metadata": {"annotations": {"pilothouse.dev/freeze": text}}})
}

impl Flow {
    async fn freeze(&self, text: &str) {
        let kind = "application/merge-patch+json";
        let (code, _) = self.send("PATCH", NAMESPACE, kind, &annotation(text)).await;
        assert_eq!(code, 200);
    }
}

fn refused(error: &ActError) -> &str {
    match error {
        ActError::Refused(Refusal::Against(words)) => words,
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_frozen_is_written_only_where_that_is_overridden() {
    let mut flow = Flow::new().await;
    flow.freeze("year-end sale").await;
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    let words = words(&prepared.against);
    assert!(words.starts_with("frozen: year-end sale"), "{words}");
    let error = flow.carry_out(&prepared).await.unwrap_err();
    assert!(refused(&error).contains("year-end sale"), "{error}");
    assert_eq!(flow.sent("deployments").len(), 0, "nothing was written");
    flow.override_with(&prepared, "the sale needs it").await.unwrap();
    flow.until("two beside ten", &gray(2, 10)).await;
    let (_, map) = flow.send("GET", LEDGER, "application/json", &Value::Null).await;
    let line = map["data"]["ledger"].as_str().unwrap();
    assert!(line.contains("\"override\":\"the sale needs it\""), "{line}");
    // The way back is free, and asks nothing of the namespace.
    let back = flow.prepare(&Step::Abort).await.unwrap();
    assert_eq!(back.against, []);
    flow.carry_out(&back).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_freeze_that_was_not_shown_refuses_at_the_door() {
    let flow = Flow::new().await;
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    assert_eq!(prepared.against, []);
    flow.freeze("until 2999-01-01T00:00:00Z: incident").await;
    let error = flow.override_with(&prepared, "whatever").await.unwrap_err();
    assert!(
        refused(&error).contains("until 2999-01-01T00:00:00Z: incident"),
        "{error}"
    );
    // One that was overridden does not stand for the next.
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    flow.freeze("another").await;
    let error = flow.override_with(&prepared, "whatever").await.unwrap_err();
    assert!(refused(&error).contains("another"), "{error}");
    assert_eq!(flow.sent("deployments").len(), 0);
    flow.freeze("until 2000-01-01T00:00:00Z: over").await;
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    flow.carry_out(&prepared).await.unwrap();
}

fn holidays(name: &str) -> ClusterSetup {
    let window = Window {
        reason: Clean::new("holidays"),
        ..Window::default()
    };
    ClusterSetup {
        freezes: vec![window],
        ..ClusterSetup::named(name)
    }
}

#[tokio::test(start_paused = true)]
async fn by_key_it_is_greyed_with_the_reason_and_overridden_by_typing_why() {
    let mut driven = Driven::over(&["sim"], holidays, false).await;
    driven.press("r");
    let greyed = "not now: frozen: holidays (by the configuration)";
    assert!(driven.frame().contains(greyed), "{}", driven.frame());
    driven.press("t");
    driven
        .until("it is shown", |frame| {
            frame.contains("type why it is written all the same")
        })
        .await;
    driven.press("enter");
    driven
        .until("told", |frame| {
            frame.contains("something speaks against it: type why that does not count")
        })
        .await;
    driven.type_in("memory leak");
    driven.press("enter");
    driven.until("asked", |frame| frame.contains("yes (y)")).await;
    assert!(driven.frame().contains("overridden: memory leak"), "{}", driven.frame());
    assert_eq!(driven.servers[0].written(), [], "it is no yes");
    driven.press("y");
    driven
        .until("written", |frame| frame.contains("written: restart every instance"))
        .await;
    assert_eq!(driven.attempts()[0]["attempt"]["override"], "memory leak");
    driven.rest(Duration::from_secs(5)).await;
    driven.press("r");
    let frame = driven.frame();
    assert!(
        !frame.contains("roll back        not now"),
        "a way back is free: {frame}"
    );
}
