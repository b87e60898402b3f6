//! What Kruise Rollouts and Flagger release, on a real API server: a native release is refused with the reason, also
//! while they rest; a step of Kruise's is approved. Their controllers are not there: the test says what they would.

use pilothouse::domain::rights::Role;
use serde_json::{Value, json};

use super::app::{App, NAME};
use super::definitions::{canary, kruise_rollout};
use super::user::{User, Written, give};
use crate::release::same::image;

const DEPLOYMENT: (&str, &str) = ("apps/v1", "deployments/live");
const INSTANCES: i64 = 1;

fn target() -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME})
}

/// A Rollout of Kruise in one version.
struct Kruise<'a> {
    app: &'a App,
    group: String,
}

impl Kruise<'_> {
    async fn create(&self) {
        let spec = if self.group.ends_with("v1alpha1") {
            json!({"objectRef": {"workloadRef": target()}})
        } else {
            json!({"workloadRef": target()})
        };
        let object = json!({"apiVersion": self.group, "kind": "Rollout", "metadata": {"name": "gates"}, "spec": spec});
        self.app.send("POST", (&self.group, "rollouts"), &object).await;
    }

    /// What its controller would say.
    async fn says(&self, status: &Value) {
        let place = (self.group.as_str(), "rollouts/gates/status");
        self.app.send("PATCH", place, &json!({"status": status})).await;
    }

    async fn state(&self) -> Value {
        let now = self.app.get((&self.group, "rollouts/gates")).await;
        now["status"]["canaryStatus"]["currentStepState"].clone()
    }
}

fn at(state: &str) -> Value {
    json!({"canaryStatus": {"currentStepState": state, "currentStepIndex": 1}})
}

/// What its webhook leaves on a workload as long as it is at work.
async fn mark(app: &App, mark: &Value) {
    let body = json!({"metadata": {"annotations": {"rollouts.kruise.io/in-progressing": mark}}});
    app.send("PATCH", DEPLOYMENT, &body).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_kruise_releases_is_refused_and_its_steps_are_approved() {
    let Some(app) = App::new("kruise", INSTANCES).await else {
        return;
    };
    give(&app, Role::Operator, "dev").await;
    let user = User::of(&app, "dev").await;
    let new = image("v2");
    let start = ["release", "start", NAME, "--image", &new, "--gray", "1", "--yes"];
    let promote = ["release", "promote", NAME, "--yes"];
    for version in ["v1alpha1", "v1beta1"] {
        let installed = kruise_rollout(version).install(&app.client).await;
        let kruise = Kruise {
            app: &app,
            group: format!("rollouts.kruise.io/{version}"),
        };
        kruise.create().await;
        let reason = "Kruise Rollouts (Rollout gates) releases it: publish there, for its webhook pauses the workload";
        user.is_refused(&start, reason).await;
        user.is_refused(&["release", "rollback", NAME, "--yes"], reason).await;

        mark(&app, &json!("{}")).await;
        let before = app.generation().await;
        assert_eq!(app.told().await["drivenBy"], "Kruise Rollouts");
        user.is_refused(&start, reason).await;
        kruise.says(&at("StepUpgrade")).await;
        user.is_refused(&promote, "it is at no step that waits to be approved")
            .await;

        // What moved on without touching what is written is approved as it is now.
        kruise.says(&at("StepPaused")).await;
        let late = user.begins(&promote).await;
        kruise.says(&json!({"message": "still paused"})).await;
        let (answer, code, said) = user.ends(late).await;
        assert_eq!((answer, code), (409, Some(0)), "{said}");
        assert_eq!(kruise.state().await, "StepReady");

        // What somebody else approved meanwhile is not approved again.
        kruise.says(&at("StepPaused")).await;
        let late = user.begins(&promote).await;
        kruise
            .says(&json!({"canaryStatus": {"currentStepState": "StepUpgrade", "currentStepIndex": 2}}))
            .await;
        let (answer, code, said) = user.ends(late).await;
        assert_eq!(answer, 409, "{said}");
        assert_ne!(code, Some(0), "{said}");
        assert_eq!(kruise.state().await, "StepUpgrade");

        kruise.says(&at("StepPaused")).await;
        let approved = Written {
            to: "PATCH rollouts/gates/status".into(),
            kind: "merge-patch+json".into(),
            body: json!({"status": {"canaryStatus": {"currentStepState": "StepReady"}}}),
        };
        assert_eq!(user.writes(&promote).await, [approved]);
        assert_eq!(app.generation().await, before, "nothing was written to the workload");
        mark(&app, &Value::Null).await;
        installed.clear().await;
    }
    // Nobody releases it any more.
    assert_eq!(user.writes(&start).await.len(), 1);
    app.delete().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_flagger_releases_is_shown_and_refused() {
    let Some(app) = App::new("flagger", INSTANCES).await else {
        return;
    };
    give(&app, Role::Operator, "dev").await;
    let user = User::of(&app, "dev").await;
    let installed = canary().install(&app.client).await;
    let version = "flagger.app/v1beta1";
    let object = json!({"apiVersion": version, "kind": "Canary", "metadata": {"name": "gates"}, "spec": {"targetRef": target()}});
    let owner = app.send("POST", (version, "canaries"), &object).await;
    app.send(
        "PATCH",
        (version, "canaries/gates/status"),
        &json!({"status": {"phase": "Initialized"}}),
    )
    .await;
    // What serves: Flagger's own copy, under a selector of its own.
    let mut primary = app.get(DEPLOYMENT).await;
    let owner = json!({"apiVersion": version, "kind": "Canary", "name": "gates", "uid": owner["metadata"]["uid"], "controller": true});
    primary["metadata"] = json!({"name": "live-primary", "ownerReferences": [owner]});
    primary["spec"]["selector"] = json!({"matchLabels": {"app": "live-primary"}});
    primary["spec"]["template"]["metadata"] = json!({"labels": {"app": "live-primary"}});
    app.send("POST", ("apps/v1", "deployments"), &primary).await;
    let new = image("v2");
    for (name, reason) in [
        (
            NAME,
            "Flagger (Canary gates) releases it: publish there, for its canary serves nothing at rest",
        ),
        ("live-primary", "Flagger releases it: publish there"),
    ] {
        let start = ["release", "start", name, "--image", &new, "--gray", "1", "--yes"];
        user.is_refused(&start, reason).await;
    }
    let output = app
        .run("admin", &["release", "status", "live-primary", "-o", "json"])
        .await;
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["items"][0]["drivenBy"], "Flagger", "{told}");
    installed.clear().await;
    app.delete().await;
}
