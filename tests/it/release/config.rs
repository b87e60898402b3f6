//! Configuration goes with a version: noted when it is released, brought back with it as copies, and what others use
//! stays as it is.

mod keys;
mod noted;
mod twin;

use chrono::TimeDelta;
use pilothouse::cluster::ActError;
use pilothouse::release::config::Source;
use pilothouse::release::config::change::Change;
use pilothouse::release::live::{Method, Refusal};
use pilothouse::release::past::Back;
use pilothouse::release::step::{Count, Return, Step};
use pilothouse::release::{Phase, Prepared};
use pilothouse::sim::Simulation;
use pilothouse::sim::store::Store;
use serde_json::{Value, json};

use super::writes::start;
use super::{DEPLOYMENT, Flow, app_on, gray, send};

const JSON: &str = "application/json";
pub(super) const MAPS: &str = "/api/v1/namespaces/gift/configmaps";
const SECRETS: &str = "/api/v1/namespaces/gift/secrets";
const PASSWORD: &str = "aHVudGVyMg==";

/// The app with variables and files of a `ConfigMap`, and variables of a Secret.
pub(super) async fn configured(simulation: &Simulation) {
    for (path, kind, name, data) in [
        (
            MAPS,
            "ConfigMap",
            "live-config",
            json!({"LOG_LEVEL": "info", "MODE": "a"}),
        ),
        (SECRETS, "Secret", "db", json!({"password": PASSWORD})),
    ] {
        let body =
            json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "gift"}, "data": data});
        assert_eq!(send(simulation, "POST", path, JSON, &body).await.0, 201);
    }
    let patch = json!({"spec": {"template": {"spec": {
        "containers": [{"name": "live", "image": "live:c1",
            "env": [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "live-config", "key": "MODE"}}}],
            "envFrom": [{"configMapRef": {"name": "live-config"}}, {"secretRef": {"name": "db"}}]}],
        "volumes": [{"name": "files", "configMap": {"name": "live-config"}}],
    }}}});
    let kind = "application/strategic-merge-patch+json";
    assert_eq!(send(simulation, "PATCH", DEPLOYMENT, kind, &patch).await.0, 200);
}

/// A cluster where the app runs for an hour already.
async fn old() -> Flow {
    let simulation = Simulation::behind(Store::new(1), TimeDelta::hours(1)).with_controllers(1);
    let simulation = app_on(simulation).await;
    configured(&simulation).await;
    Flow::on(simulation, false).await
}

pub(super) fn back_to(word: &str, config: Source) -> Step {
    Step::Rollback(Return {
        config,
        ..Return::to(Back::Named(word.into()))
    })
}

impl Flow {
    async fn does(&self, step: &Step) -> Prepared {
        let prepared = self.prepare(step).await.unwrap();
        let done = self.carry_out(&prepared).await.unwrap();
        assert_eq!(done.unnoted, Vec::<pilothouse::domain::Clean>::new());
        prepared
    }

    async fn get(&self, path: &str) -> Value {
        self.send("GET", path, JSON, &Value::Null).await.1
    }

    async fn map(&self) -> Value {
        self.get(&format!("{MAPS}/live-config")).await
    }

    /// Somebody changes what is in the shared `ConfigMap`.
    async fn edit(&self, data: &Value) {
        let path = format!("{MAPS}/live-config");
        let (code, _) = self
            .send("PATCH", &path, "application/merge-patch+json", &json!({"data": data}))
            .await;
        assert_eq!(code, 200);
    }

    /// Copies that were made.
    async fn copies(&self) -> Vec<Value> {
        let mut list = self.get(MAPS).await;
        let all: Vec<Value> = serde_json::from_value(list["items"].take()).unwrap();
        let is_copy = |map: &&Value| map["metadata"]["annotations"]["pilothouse.dev/copy-of"].is_string();
        all.iter().filter(is_copy).cloned().collect()
    }

    /// The names of `ConfigMap`s that its template points at: one variable's, all variables', the files'.
    async fn points_at(&self) -> [String; 3] {
        let deployment = self.deployment().await;
        let spec = &deployment["spec"]["template"]["spec"];
        let container = &spec["containers"][0];
        [
            &container["env"][0]["valueFrom"]["configMapKeyRef"]["name"],
            &container["envFrom"][0]["configMapRef"]["name"],
            &spec["volumes"][0]["configMap"]["name"],
        ]
        .map(|name| name.as_str().unwrap().to_owned())
    }

    /// c1 ran well, v2 runs in full; then somebody changed what both use.
    async fn edited() -> Self {
        let mut flow = old().await;
        flow.does(&start("live:v2", 2)).await;
        flow.until("two beside ten", &gray(2, 10)).await;
        flow.does(&Step::Full).await;
        flow.until("the new alone", &Phase::Stable).await;
        flow.edit(&json!({"LOG_LEVEL": "debug", "MODE": null, "NEW": "1"}))
            .await;
        flow
    }
}

fn changes(prepared: &Prepared) -> Vec<String> {
    prepared.config.changes.iter().map(Change::words).collect()
}

fn warnings(prepared: &Prepared) -> Vec<String> {
    let words = prepared
        .warnings
        .iter()
        .map(pilothouse::release::warning::Warning::words);
    words
        .filter(|words| words.contains("ConfigMap") || words.contains("Secret"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_way_back_brings_the_old_configuration_as_one_copy_and_leaves_the_shared_one_alone() {
    let mut flow = Flow::edited().await;
    let shared = flow.map().await;
    let prepared = flow.prepare(&back_to("c1", Source::Recorded)).await.unwrap();
    assert_eq!(
        changes(&prepared),
        ["ConfigMap live-config: LOG_LEVEL changed, MODE added, NEW gone"]
    );
    assert_eq!(prepared.config.choice, Some(Source::Recorded));
    assert_eq!(
        flow.copies().await,
        Vec::<Value>::new(),
        "nothing is made before it is said"
    );
    flow.carry_out(&prepared).await.unwrap();
    flow.until("the old alone", &Phase::Stable).await;
    let copies = flow.copies().await;
    assert_eq!(copies.len(), 1);
    let copy = &copies[0];
    assert_eq!(copy["data"], json!({"LOG_LEVEL": "info", "MODE": "a"}));
    assert_eq!(copy["immutable"], json!(true));
    assert_eq!(copy["metadata"]["labels"]["app.kubernetes.io/managed-by"], "pilothouse");
    assert_eq!(copy["metadata"]["annotations"]["pilothouse.dev/copy-of"], "live-config");
    let deployment = flow.deployment().await;
    let owner = &copy["metadata"]["ownerReferences"][0];
    assert_eq!(
        (&owner["kind"], &owner["uid"]),
        (&json!("Deployment"), &deployment["metadata"]["uid"])
    );
    let name = copy["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("live-config-"), "{name}");
    assert_eq!(flow.points_at().await, [name; 3]);
    assert_eq!(flow.map().await, shared, "not even its resourceVersion changed");

    // It runs what is asked for; what is in the shared one now is another matter.
    let again = flow.prepare(&back_to("c1", Source::Recorded)).await.unwrap_err();
    assert!(matches!(again, ActError::Refused(Refusal::SameTemplate)), "{again}");
    flow.does(&back_to("c1", Source::Current)).await;
    flow.until("it again", &Phase::Stable).await;
    assert_eq!(flow.points_at().await, ["live-config"; 3]);
    // And there again: the copy is used again.
    flow.does(&back_to("c1", Source::Recorded)).await;
    assert_eq!(flow.points_at().await, [name; 3]);
    assert_eq!(flow.copies().await, copies);
}

#[tokio::test(start_paused = true)]
async fn with_todays_configuration_or_with_the_same_nothing_is_copied() {
    let flow = Flow::edited().await;
    let prepared = flow.prepare(&back_to("c1", Source::Current)).await.unwrap();
    assert_eq!(prepared.config.choice, Some(Source::Current), "there is another");
    assert_eq!(changes(&prepared), Vec::<String>::new());
    flow.edit(&json!({"LOG_LEVEL": "info", "MODE": "a", "NEW": null})).await;
    let prepared = flow.does(&back_to("c1", Source::Recorded)).await;
    assert_eq!(prepared.config.choice, None);
    assert_eq!(flow.copies().await, Vec::<Value>::new());
    assert_eq!(flow.points_at().await, ["live-config"; 3]);
}

#[tokio::test(start_paused = true)]
async fn through_a_gray_release_too_and_what_is_gone_comes_back() {
    let mut flow = Flow::edited().await;
    flow.send("DELETE", &format!("{MAPS}/live-config"), JSON, &Value::Null)
        .await;
    let gone = flow.prepare(&back_to("c1", Source::Current)).await.unwrap();
    assert_eq!(
        warnings(&gone),
        ["there is no ConfigMap live-config: new instances cannot start"]
    );
    let gradually = Step::Rollback(Return {
        gray: Some((Count::Instances(3), Method::Surge)),
        ..Return::to(Back::LastGood)
    });
    flow.does(&gradually).await;
    flow.until("three of the old version", &gray(3, 10)).await;
    let copies = flow.copies().await;
    assert_eq!(copies.len(), 1);
    assert_eq!(
        flow.points_at().await,
        [copies[0]["metadata"]["name"].as_str().unwrap(); 3]
    );
    flow.does(&Step::Abort).await;
    flow.until("back again", &Phase::Stable).await;
    assert_eq!(flow.points_at().await, ["live-config"; 3]);
}

#[tokio::test(start_paused = true)]
async fn what_is_begun_next_has_the_shared_one_again_unless_it_is_to_keep_the_copy() {
    let mut flow = Flow::edited().await;
    flow.does(&back_to("c1", Source::Recorded)).await;
    flow.until("the old alone", &Phase::Stable).await;
    let copy = flow.points_at().await[0].clone();
    let next = start("live:v3", 2);
    let prepared = flow.prepare(&next).await.unwrap();
    let told = warnings(&prepared).join("\n");
    assert!(
        told.starts_with("the new version has ConfigMap live-config as it is today; what runs has a copy of 20"),
        "{told}"
    );
    assert_eq!(
        changes(&prepared)[0],
        "ConfigMap live-config: LOG_LEVEL changed, MODE gone, NEW added"
    );
    let kept = flow
        .prepare(&next.with_config(Source::Recorded).unwrap())
        .await
        .unwrap();
    let told = warnings(&kept).join("\n");
    assert!(
        told.starts_with(&format!("it runs with the copy {copy} of ConfigMap live-config of 20")),
        "{told}"
    );
    flow.carry_out(&kept).await.unwrap();
    flow.until("two beside ten", &gray(2, 10)).await;
    assert_eq!(flow.points_at().await, [copy.as_str(); 3]);
    flow.does(&Step::Abort).await;
    flow.until("back again", &Phase::Stable).await;
    flow.does(&next).await;
    assert_eq!(flow.points_at().await, ["live-config"; 3]);
}

/// A program that ends between the two writes.
async fn only_the_copy(flow: &Flow, prepared: &Prepared) -> Value {
    flow.wire.lock().unwrap().lost = 0;
    // The dry run shows what would have been sent.
    let tried = flow.wire.lock().unwrap().sent.clone();
    let create = tried
        .iter()
        .rev()
        .find(|sent| sent.method == "POST" && sent.path.starts_with(MAPS));
    let body = create.unwrap().body.clone();
    assert!(prepared.config.choice.is_some());
    assert_eq!(flow.send("POST", MAPS, JSON, &body).await.0, 201);
    body
}

#[tokio::test(start_paused = true)]
async fn who_comes_after_the_copy_uses_it_and_one_that_is_another_is_refused() {
    let flow = Flow::edited().await;
    let step = back_to("c1", Source::Recorded);
    let shown = flow.prepare(&step).await.unwrap();
    let body = only_the_copy(&flow, &shown).await;
    // What was shown before it was there goes through, and so does what is shown after.
    let after = flow.prepare(&step).await.unwrap();
    let made = |prepared: &Prepared| {
        let is_made =
            |difference: &&pilothouse::release::step::Difference| difference.to.as_deref() == Some("is created");
        prepared.differences.iter().filter(is_made).count()
    };
    assert_eq!((made(&shown), made(&after)), (1, 0));
    flow.carry_out(&shown).await.unwrap();
    assert_eq!(flow.copies().await.len(), 1);
    assert_eq!(flow.points_at().await, [body["metadata"]["name"].as_str().unwrap(); 3]);

    let flow = Flow::edited().await;
    let shown = flow.prepare(&step).await.unwrap();
    let mut other = body;
    other["data"] = json!({"LOG_LEVEL": "trace"});
    // It is another object here, of the same content, and so has another owner.
    let tried = flow.wire.lock().unwrap().sent.clone();
    let create = tried.iter().rev().find(|sent| sent.path.starts_with(MAPS)).unwrap();
    other["metadata"]["name"] = create.body["metadata"]["name"].clone();
    assert_eq!(flow.send("POST", MAPS, JSON, &other).await.0, 201);
    let generation = flow.deployment().await["metadata"]["generation"].clone();
    for refused in [
        flow.carry_out(&shown).await.unwrap_err(),
        flow.prepare(&step).await.unwrap_err(),
    ] {
        assert!(matches!(refused, ActError::Refused(Refusal::CopyTaken(_))), "{refused}");
    }
    assert_eq!(flow.deployment().await["metadata"]["generation"], generation);
    flow.does(&back_to("c1", Source::Current)).await;
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_is_there_is_used_though_its_content_is_kept_no_longer() {
    let flow = Flow::edited().await;
    let step = back_to("c1", Source::Recorded);
    let shown = flow.prepare(&step).await.unwrap();
    assert!(shown.config.noted.is_some());
    let body = only_the_copy(&flow, &shown).await;
    let (path, kind) = (format!("{MAPS}/pilothouse-ledger-live"), "application/merge-patch+json");
    let (code, _) = flow
        .send("PATCH", &path, kind, &json!({"data": {"contents": null}}))
        .await;
    assert_eq!(code, 200);
    let prepared = flow.does(&step).await;
    assert!(
        !warnings(&prepared).iter().any(|words| words.contains("is not kept")),
        "{prepared:?}"
    );
    assert_eq!(flow.points_at().await, [body["metadata"]["name"].as_str().unwrap(); 3]);
}

#[tokio::test(start_paused = true)]
async fn a_configuration_of_which_nothing_can_be_brought_back_is_told() {
    let flow = old().await;
    let path = format!("{MAPS}/live-config");
    flow.send("DELETE", &path, JSON, &json!({})).await;
    let mut flow = flow;
    flow.does(&start("live:v2", 2)).await;
    flow.until("two beside ten", &gray(2, 10)).await;
    flow.does(&Step::Full).await;
    flow.until("the new alone", &Phase::Stable).await;
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "live-config", "namespace": "gift"},
        "data": {"MODE": "new"}});
    assert_eq!(flow.send("POST", MAPS, JSON, &map).await.0, 201);
    let prepared = flow.prepare(&back_to("c1", Source::Recorded)).await.unwrap();
    let told = "there was no ConfigMap live-config when it ran: it gets what is in it today";
    assert!(warnings(&prepared).iter().any(|words| words == told), "{prepared:?}");
}

#[tokio::test(start_paused = true)]
async fn a_copy_whose_answer_is_lost_is_not_made_twice() {
    let mut flow = Flow::edited().await;
    let prepared = flow.prepare(&back_to("c1", Source::Recorded)).await.unwrap();
    flow.wire.lock().unwrap().lost = 2;
    flow.carry_out(&prepared).await.unwrap();
    flow.until("the old alone", &Phase::Stable).await;
    assert_eq!(flow.copies().await.len(), 1);
    let created = flow.sent("configmaps");
    let copies = created.iter().filter(|sent| sent.body["immutable"] == json!(true));
    assert_eq!(copies.count(), 1, "sent once");
}
