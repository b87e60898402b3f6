//! What is noted of configuration: of Secrets a name and a hash and nothing else, and only by who may read them.

use pilothouse::domain::rights::Role;
use pilothouse::release::config::Source;
use pilothouse::release::ledger::Ledger;
use pilothouse::release::step::Step;
use pilothouse::release::{Phase, Prepared};
use serde_json::{Value, json};

use super::{JSON, MAPS, PASSWORD, SECRETS, back_to, changes, old, warnings};
use crate::release::writes::start;
use crate::release::{Flow, gray};
use crate::support::rights::give;

impl Flow {
    async fn ledger_data(&self) -> Value {
        self.get(&format!("{MAPS}/pilothouse-ledger-live")).await["data"].clone()
    }

    async fn noted(&self) -> Ledger {
        Ledger::of(&self.ledger_data().await)
    }

    /// Everything that the program sent.
    fn bytes(&self) -> String {
        format!("{:?}", self.wire.lock().unwrap().sent)
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_is_noted_with_what_it_began_to_run_with() {
    let mut flow = old().await;
    let first = flow.does(&start("live:v2", 2)).await;
    assert_eq!(first.config.names, ["configmap/live-config", "secret/db"]);
    flow.until("two beside ten", &gray(2, 10)).await;
    // What is mended during the gray release belongs to it, what is changed later does not.
    flow.edit(&json!({"MODE": "b"})).await;
    flow.does(&Step::Full).await;
    flow.until("the new alone", &Phase::Stable).await;
    flow.edit(&json!({"MODE": "c"})).await;
    let next = flow.does(&start("live:v3", 2)).await;
    assert_eq!(
        changes(&next)[0],
        "ConfigMap live-config: MODE changed",
        "since v2 became what runs"
    );
    let ledger = flow.noted().await;
    let line = ledger.entries().next().unwrap();
    assert_eq!(line.config, ["configmap/live-config", "secret/db"]);
    flow.until("two of v3 beside ten", &gray(2, 10)).await;
    flow.does(&Step::Full).await;
    flow.until("v3 alone", &Phase::Stable).await;
    for (version, mode) in [("v2", "b"), ("c1", "a")] {
        flow.does(&back_to(version, Source::Recorded)).await;
        flow.until("it is back", &Phase::Stable).await;
        let name = flow.points_at().await[0].clone();
        let map = flow.get(&format!("{MAPS}/{name}")).await;
        assert_eq!(map["data"]["MODE"], mode, "{version}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_restarted_runs_with_what_is_there_then() {
    let mut flow = old().await;
    flow.does(&start("live:v2", 2)).await;
    flow.until("two beside ten", &gray(2, 10)).await;
    flow.does(&Step::Full).await;
    flow.until("the new alone", &Phase::Stable).await;
    flow.edit(&json!({"MODE": "c"})).await;
    let is_told = |prepared: &Prepared| changes(prepared).iter().any(|change| change.contains("MODE"));
    assert!(is_told(&flow.prepare(&start("live:v3", 2)).await.unwrap()));
    flow.does(&Step::Restart).await;
    flow.until("all anew", &Phase::Stable).await;
    assert!(!is_told(&flow.prepare(&start("live:v3", 2)).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn without_the_right_secrets_are_known_by_name_and_nothing_is_refused() {
    let flow = old().await;
    let prepared = flow.does(&start("live:v2", 2)).await;
    assert_eq!(
        changes(&prepared),
        ["Secret db: whether it is different is not known: you may not get secrets in gift"]
    );
    let ledger = flow.noted().await;
    let config = ledger.versions.all().next().unwrap().config.clone().unwrap();
    assert_eq!((config.held[1].name.as_str(), &config.held[1].hash), ("db", &None));
}

#[tokio::test(start_paused = true)]
async fn with_the_right_it_is_told_that_a_secret_is_another_and_no_byte_of_it_goes_anywhere() {
    let mut flow = old().await;
    give(
        &flow.simulation,
        Role::Operator.name(),
        Role::Operator,
        &["--with", "secrets", "-n", "gift"],
    )
    .await;
    flow.does(&start("live:v2", 2)).await;
    flow.until("two beside ten", &gray(2, 10)).await;
    flow.does(&Step::Full).await;
    flow.until("the new alone", &Phase::Stable).await;
    let same = flow.prepare(&back_to("c1", Source::Recorded)).await.unwrap();
    assert_eq!(warnings(&same), Vec::<String>::new());
    let other = json!({"data": {"password": "bmV3c2VjcmV0"}});
    let path = format!("{SECRETS}/db");
    flow.send("PATCH", &path, "application/merge-patch+json", &other).await;
    let prepared = flow.does(&back_to("c1", Source::Recorded)).await;
    assert_eq!(
        warnings(&prepared),
        ["Secret db is another than it ran with, and cannot be brought back: it gets today's"]
    );
    let all = format!("{}{}{prepared:?}", flow.bytes(), flow.ledger_data().await);
    for secret in [PASSWORD, "hunter2", "bmV3c2VjcmV0", "newsecret"] {
        assert!(!all.contains(secret), "{secret}");
    }
    assert!(all.contains("pbkdf2:"), "its hash is kept");
    let (_, found) = flow.send("GET", &path, JSON, &Value::Null).await;
    assert_eq!(found["data"]["password"], "bmV3c2VjcmV0");
}
