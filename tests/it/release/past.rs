//! Versions that were: which of them are good, and back to them where no revision is left.

use chrono::TimeDelta;
use pilothouse::cluster::ActError;
use pilothouse::domain::AppKey;
use pilothouse::release::Phase;
use pilothouse::release::config::Source;
use pilothouse::release::known::Known;
use pilothouse::release::ledger::Ledger;
use pilothouse::release::live::Method;
use pilothouse::release::past::Back;
use pilothouse::release::step::{Count, New, Return, Step};
use pilothouse::release::template::Facts;
use pilothouse::sim::Simulation;
use pilothouse::sim::store::Store;
use serde_json::{Value, json};

use super::{Flow, SETS, app_on, gray};

const JSON: &str = "application/json";
const IMAGE: &str = "/spec/template/spec/containers/0/image";

pub(super) fn start(image: &str) -> Step {
    Step::Start(Box::new(New {
        image: image.into(),
        container: None,
        facts: Facts::default(),
        method: Method::Surge,
        count: Count::Instances(2),
        config: Source::Current,
    }))
}

pub(super) fn back(to: &str) -> Step {
    Step::Rollback(Return::to(Back::Named(to.into())))
}

pub(super) const LAST_GOOD: Step = Step::Rollback(Return::to(Back::LastGood));

/// A cluster where the app runs for an hour already.
pub(super) async fn old() -> Flow {
    let simulation = Simulation::behind(Store::new(1), TimeDelta::hours(1)).with_controllers(1);
    Flow::on(app_on(simulation).await, false).await
}

impl Flow {
    pub(super) async fn takes(&self, step: &Step) {
        let prepared = self.prepare(step).await.unwrap();
        let done = self.carry_out(&prepared).await.unwrap();
        assert_eq!(done.unnoted, Vec::<pilothouse::domain::Clean>::new());
    }

    pub(super) async fn known(&self) -> Ledger {
        self.cluster
            .ledger(&AppKey {
                namespace: "gift".into(),
                name: "live".into(),
            })
            .await
            .unwrap()
    }

    /// Takes away every revision that runs nothing.
    async fn forget(&self) {
        let (_, sets) = self.send("GET", SETS, JSON, &Value::Null).await;
        for set in sets["items"].as_array().unwrap() {
            if set["spec"]["replicas"] == json!(0) {
                let name = set["metadata"]["name"].as_str().unwrap();
                let (code, _) = self.send("DELETE", &format!("{SETS}/{name}"), JSON, &Value::Null).await;
                assert_eq!(code, 200);
            }
        }
    }
}

fn kept(ledger: &Ledger) -> Vec<(String, bool)> {
    let told = |known: &Known| (known.name(), known.is_good());
    ledger.versions.all().map(told).collect()
}

#[tokio::test(start_paused = true)]
async fn what_ran_well_is_kept_when_the_next_begins_and_comes_back_without_its_revision() {
    let mut flow = old().await;
    flow.takes(&start("live:v2")).await;
    flow.until("two beside ten", &gray(2, 10)).await;
    assert_eq!(kept(&flow.known().await), [("v1".to_owned(), true)]);
    flow.takes(&Step::KeepOld).await;
    flow.until("all", &Phase::Full { new: 10, old: 10 }).await;
    flow.takes(&Step::Offline).await;
    flow.until("the new alone", &Phase::Stable).await;
    flow.forget().await;
    flow.takes(&LAST_GOOD).await;
    flow.until("the old alone", &Phase::Stable).await;
    let deployment = flow.deployment().await;
    assert_eq!(deployment.pointer(IMAGE), Some(&json!("live:v1")));
    let labels = deployment.pointer("/spec/template/metadata/labels");
    assert_eq!(
        labels,
        Some(&json!({"app": "live"})),
        "whole, without the hash of its revision"
    );
    // What ran for a moment is not good.
    assert!(!kept(&flow.known().await).contains(&("v2".to_owned(), true)));
}

#[tokio::test(start_paused = true)]
async fn what_runs_for_less_than_ten_minutes_is_not_kept() {
    let flow = Flow::new().await;
    flow.takes(&start("live:v2")).await;
    assert_eq!(kept(&flow.known().await), []);
}

#[tokio::test(start_paused = true)]
async fn an_older_version_is_published_through_a_gray_release() {
    let mut flow = old().await;
    flow.takes(&start("live:v2")).await;
    flow.until("two beside ten", &gray(2, 10)).await;
    flow.takes(&Step::Full).await;
    flow.until("the new alone", &Phase::Stable).await;
    flow.forget().await;
    let refused = flow.prepare(&back("v7")).await.unwrap_err();
    assert!(matches!(refused, ActError::Refused(_)), "{refused}");
    let gradually = Step::Rollback(Return {
        gray: Some((Count::Instances(3), Method::Surge)),
        ..Return::to(Back::Named("v1".into()))
    });
    flow.takes(&gradually).await;
    flow.until("three of the old version", &gray(3, 10)).await;
    assert_eq!(flow.deployment().await.pointer(IMAGE), Some(&json!("live:v1")));
    let is_marked = |ledger: &Ledger| ledger.versions.all().any(|known| known.bad.is_some());
    assert!(is_marked(&flow.known().await), "it is gone back from");
    flow.takes(&Step::Abort).await;
    flow.until("back again", &Phase::Stable).await;
    assert!(!is_marked(&flow.known().await), "what runs on in full is not bad");
    assert_eq!(flow.deployment().await.pointer(IMAGE), Some(&json!("live:v2")));
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_cannot_be_read_is_told_and_the_revision_before_is_taken() {
    use pilothouse::sim::fault::{Body, Fault, Pattern, Verb};
    let mut flow = old().await;
    flow.takes(&start("live:v2")).await;
    flow.until("two beside ten", &gray(2, 10)).await;
    flow.takes(&Step::Full).await;
    flow.until("the new alone", &Phase::Stable).await;
    flow.simulation.faults().add(Fault::Reply {
        to: Pattern::plural("configmaps").verb(Verb::Get),
        code: 500,
        retry_after: None,
        body: Body::Empty,
    });
    let prepared = flow.prepare(&LAST_GOOD).await.unwrap();
    let words: Vec<String> = prepared
        .warnings
        .iter()
        .map(pilothouse::release::warning::Warning::words)
        .collect();
    assert!(
        words
            .iter()
            .any(|word| word.starts_with("what was released before is not known")),
        "{words:?}"
    );
}
