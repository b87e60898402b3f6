//! Versions that somebody said to be bad, and those that are older than what runs: released only where that is
//! overridden, gone back to as ever.

use std::time::Duration;

use pilothouse::cluster::ActError;
use pilothouse::release::against::{Against, words};
use pilothouse::release::known::{Known, Mark};
use pilothouse::release::live::Refusal;
use pilothouse::release::past::Back;
use pilothouse::release::step::{Return, Step};
use pilothouse::release::warning::Warning;
use pilothouse::release::{Phase, Prepared, Why};
use serde_json::{Value, json};

use super::driven::Driven;
use super::past::{LAST_GOOD, back, old};
use super::same::{Act, image};
use super::writes::start;
use super::{DEPLOYMENT, Flow, gray, send};

const JSON: &str = "application/json";
const LEDGER: &str = "/api/v1/namespaces/gift/configmaps/pilothouse-ledger-live";

impl Flow {
    /// The version runs everywhere, by a gray release.
    async fn runs(&mut self, image: &str) {
        self.takes(&start(image, 2)).await;
        self.until("two beside ten", &gray(2, 10)).await;
        self.takes(&Step::Full).await;
        self.until("the new alone", &Phase::Stable).await;
    }

    /// Who says that a version is bad.
    async fn mark_of(&self, name: &str) -> Option<Mark> {
        let ledger = self.known().await;
        let known: Option<&Known> = ledger.versions.all().find(|known| known.name() == name);
        known.and_then(|known| known.bad.clone())
    }

    /// Somebody else's program writes a version down.
    async fn put_version(&self, known: &Known) {
        let (_, mut map) = self.send("GET", LEDGER, JSON, &Value::Null).await;
        let before = map["data"]["versions"].as_str().unwrap_or_default().to_owned();
        map["data"]["versions"] = format!("{before}{}\n", serde_json::to_string(known).unwrap()).into();
        let (code, _) = self.send("PUT", LEDGER, JSON, &map).await;
        assert_eq!(code, 200);
    }

    async fn shown(&self, image: &str) -> Prepared {
        self.prepare(&start(image, 2)).await.unwrap()
    }
}

fn refused(error: &ActError) -> &str {
    match error {
        ActError::Refused(Refusal::Against(words)) => words,
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_rolled_back_is_bad_and_is_released_again_only_where_that_is_overridden() {
    let mut flow = old().await;
    flow.runs("live:v2").await;
    flow.takes(&LAST_GOOD).await;
    flow.until("the old alone", &Phase::Stable).await;
    let mark = flow.mark_of("v2").await.unwrap();
    assert_eq!(
        (mark.by.as_str(), mark.reason.as_str()),
        ("oncall", "it was rolled back (because)")
    );
    assert_eq!(flow.mark_of("v1").await, None, "what is gone back to is not");
    let prepared = flow.shown("live:v2").await;
    let told = words(&prepared.against);
    assert!(told.starts_with("live:v2 is bad: by oncall at"), "{told}");
    let before = flow.sent("deployments").len();
    let error = flow.carry_out(&prepared).await.unwrap_err();
    assert!(refused(&error).contains("it was rolled back (because)"), "{error}");
    assert_eq!(flow.sent("deployments").len(), before, "nothing was written");
    assert_eq!(flow.shown("live:v3").await.against, [], "another version is not");
    flow.override_with(&prepared, "it was the database").await.unwrap();
    flow.until("two beside ten", &gray(2, 10)).await;
    let ledger = flow.ledger().await;
    let line = ledger.entries().next().unwrap();
    assert_eq!(line.overridden.as_deref(), Some("it was the database"));
    let (_, events) = flow
        .send("GET", "/api/v1/namespaces/gift/events", JSON, &Value::Null)
        .await;
    let says = "(overrides that the version is bad: it was the database)";
    assert!(events.to_string().contains(says), "{events}");
}

#[tokio::test(start_paused = true)]
async fn a_way_back_to_a_bad_version_is_free_and_says_so() {
    let mut flow = old().await;
    flow.runs("live:v2").await;
    flow.takes(&LAST_GOOD).await;
    flow.until("the old alone", &Phase::Stable).await;
    let forward = flow.prepare(&back("v2")).await.unwrap();
    assert_eq!(forward.against, []);
    let warned = forward
        .warnings
        .iter()
        .any(|warning| warning.words().contains("is bad: by oncall"));
    assert!(warned, "{:?}", forward.warnings);
    flow.carry_out(&forward).await.unwrap();
    flow.until("the new alone", &Phase::Stable).await;
    assert_eq!(
        flow.mark_of("v1").await,
        None,
        "nobody rolled it back: the one after it came again"
    );
}

#[tokio::test(start_paused = true)]
async fn an_abort_marks_what_failed_and_nothing_else() {
    let mut flow = old().await;
    flow.takes(&start("live:v2", 2)).await;
    flow.until("two beside ten", &gray(2, 10)).await;
    flow.takes(&Step::Abort).await;
    flow.until("the old alone", &Phase::Stable).await;
    assert_eq!(flow.mark_of("v2").await, None, "it was well");
    assert_eq!(flow.shown("live:v2").await.against, []);
    flow.takes(&start("live:v2", 2)).await;
    flow.until("two beside ten", &gray(2, 10)).await;
    let abort = flow.prepare(&Step::Abort).await.unwrap();
    let why = Why {
        fails: Some("live restarts".into()),
        ..Why::default()
    };
    flow.carry_out_with(&abort, &why).await.unwrap();
    flow.until("the old alone", &Phase::Stable).await;
    let told = words(&flow.shown("live:v2").await.against);
    assert!(told.ends_with(": its gray release failed: live restarts"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn an_abort_of_a_second_deployment_marks_its_version_and_not_the_one_that_stays() {
    let mut flow = old().await;
    let runs = flow.deployment().await["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    let twin = Act::Twin("v2", 2).step().unwrap();
    for fails in [None, Some("live restarts".into())] {
        flow.takes(&twin).await;
        // Longer than it takes to be good.
        flow.observer.rest(Duration::from_mins(15)).await;
        let abort = flow.prepare(&Step::Abort).await.unwrap();
        let is_bad = fails.is_some();
        let why = Why {
            fails,
            ..Why::default()
        };
        flow.carry_out_with(&abort, &why).await.unwrap();
        let ledger = flow.known().await;
        let all = ledger.versions.all();
        let of_twin: Vec<&Known> = all.filter(|known| known.images == [image("v2")]).collect();
        assert_eq!(of_twin.len(), usize::from(is_bad), "{of_twin:?}");
        assert!(of_twin.iter().all(|known| known.bad.is_some() && !known.good));
        let stays = |known: &&Known| known.images.iter().any(|image| runs == *image.as_str());
        assert!(ledger.versions.all().filter(stays).all(|known| known.bad.is_none()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_marked_after_it_was_shown_refuses_at_the_door() {
    let mut flow = old().await;
    flow.runs("live:v2").await;
    flow.takes(&LAST_GOOD).await;
    flow.until("the old alone", &Phase::Stable).await;
    let known = flow.known().await;
    let prepared = flow.shown("live:v3").await;
    assert_eq!(prepared.against, []);
    // Somebody else says so meanwhile.
    let mut bad = known.versions.all().find(|known| known.bad.is_some()).unwrap().clone();
    bad.images = vec!["live:v3".into()];
    bad.bad.as_mut().unwrap().images = bad.images.clone();
    bad.template = json!({"spec": "v3"});
    flow.put_version(&bad).await;
    let error = flow.override_with(&prepared, "whatever").await.unwrap_err();
    assert!(refused(&error).starts_with("live:v3 is bad"), "{error}");
    let shown = flow.shown("live:v3").await;
    flow.override_with(&shown, "it is not").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_older_version_over_a_newer_one_is_a_rollback_or_overridden() {
    let mut flow = old().await;
    flow.runs("live:v2").await;
    let prepared = flow.shown("live:v1").await;
    assert!(
        matches!(prepared.against[..], [Against::Older { .. }]),
        "{:?}",
        prepared.against
    );
    let error = flow.carry_out(&prepared).await.unwrap_err();
    assert!(refused(&error).contains("older than what runs"), "{error}");
    flow.override_with(&prepared, "the old one has the fix").await.unwrap();
    flow.until("two beside ten", &gray(2, 10)).await;
    flow.takes(&Step::Abort).await;
    flow.until("the new alone", &Phase::Stable).await;
    let rollback = Step::Rollback(Return::to(Back::Named("v1".into())));
    assert_eq!(flow.prepare(&rollback).await.unwrap().against, []);
}

#[tokio::test(start_paused = true)]
async fn by_key_the_row_says_that_it_is_bad_and_the_confirm_asks_why_that_does_not_count() {
    let mut driven = Driven::new().await;
    let bad = json!({
        "id": "01K", "workload": "Deployment live", "images": ["live:v2"], "template": {},
        "first": "2026-01-01T00:00:00Z", "last": "2026-01-01T00:00:00Z",
        "bad": {"by": "ann", "at": "2026-01-01T00:00:00Z", "reason": "it leaks"},
    });
    let map = json!({
        "metadata": {"name": "pilothouse-ledger-live"}, "data": {"versions": format!("{bad}\n")},
    });
    let collection = LEDGER.rsplit_once('/').unwrap().0;
    let (code, _) = send(&driven.servers[0].simulation, "POST", collection, JSON, &map).await;
    assert_eq!(code, 201);
    driven.press("r g");
    driven.type_in("v2");
    let row = "as typed: v2";
    let says = "bad: by ann at 2026-01-01 00:00 UTC: it leaks · live:";
    driven
        .until("the row says so", |frame| frame.contains(row) && frame.contains(says))
        .await;
    driven.press("enter enter");
    driven
        .until("it is shown", |frame| {
            frame.contains("✖ live:v2 is bad: by ann at 2026-01-01 00:00 UTC: it leaks")
                && frame.contains("type why it is written all the same")
        })
        .await;
    driven.type_in("with the leak mended");
    driven.press("enter");
    driven.until("asked", |frame| frame.contains("yes (y)")).await;
    assert_eq!(driven.servers[0].written(), [], "it is no yes");
    driven.press("y");
    driven
        .until("written", |frame| frame.contains("written: begin a gray release"))
        .await;
    assert_eq!(driven.attempts()[0]["attempt"]["override"], "with the leak mended");
}

#[tokio::test(start_paused = true)]
async fn a_way_back_names_who_would_put_the_bad_version_there_again() {
    let mut flow = old().await;
    flow.runs("live:v2").await;
    let owned =
        json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "gift:apps/Deployment:gift/live"}}});
    let (code, _) = flow
        .send("PATCH", DEPLOYMENT, "application/merge-patch+json", &owned)
        .await;
    assert_eq!(code, 200);
    let prepared = flow.prepare(&LAST_GOOD).await.unwrap();
    let told: Vec<String> = prepared.warnings.iter().map(Warning::words).collect();
    let says = "Argo CD (gift) owns it, and it would put v2 back when it syncs";
    assert!(told.iter().any(|words| words.starts_with(says)), "{told:?}");
}
