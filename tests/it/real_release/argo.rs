//! Argo's Rollouts with their real controller and a real node: each step, what is written of it, the phase and the
//! counts that come of it. All the time the Service has as many instances as the strategy promises.

use std::time::{Duration, Instant};

use pilothouse::domain::rights::Role;
use serde_json::{Value, json};

use super::app::{App, Client, NAME, template};
use super::user::{User, Written, give};
use crate::real::lab;
use crate::release::same::image;

const ROLLOUT: (&str, &str) = ("argoproj.io/v1alpha1", "rollouts/live");
const INSTANCES: i64 = 4;
const PATIENCE: Duration = Duration::from_mins(2);

/// An app that Argo Rollouts releases in two steps, at each of which it waits.
async fn rollout(name: &str) -> Option<App> {
    let app = App::empty(name).await?;
    lab(&["argo", "b"]).await?;
    app.is_served((ROLLOUT.0, "rollouts")).await;
    give(&app, Role::Operator, "dev").await;
    let steps = json!([{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]);
    let object = json!({"apiVersion": ROLLOUT.0, "kind": "Rollout", "metadata": {"name": NAME},
        "spec": {"replicas": INSTANCES, "selector": {"matchLabels": {"app": NAME}}, "template": template(),
            "strategy": {"canary": {"maxSurge": 1, "maxUnavailable": 0, "steps": steps}}}});
    app.send("POST", (ROLLOUT.0, "rollouts"), &object).await;
    is(&app, "stable", (INSTANCES, INSTANCES, "v1")).await;
    Some(app)
}

/// Waits for a phase, and for so many instances of the newest template of so many in all, which runs this version.
async fn is(app: &App, phase: &str, expected: (i64, i64, &str)) {
    let end = Instant::now() + PATIENCE;
    loop {
        let now = app.get(ROLLOUT).await;
        let count = |field: &str| now["status"][field].as_i64().unwrap_or(0);
        let runs = now["spec"]["template"]["spec"]["containers"][0]["image"].clone();
        let all = count("readyReplicas") == expected.1 && count("replicas") == expected.1;
        let is_as_expected = all && count("updatedReplicas") == expected.0 && runs == image(expected.2);
        let told = app.told().await;
        if is_as_expected && told["phase"] == phase {
            return;
        }
        assert!(
            Instant::now() < end,
            "not within {PATIENCE:?}: {phase} {expected:?}: {told} {}",
            now["status"]
        );
    }
}

fn status(body: &Value) -> Written {
    Written {
        to: "PATCH rollouts/live/status".into(),
        kind: "merge-patch+json".into(),
        body: json!({"status": body}),
    }
}

fn spec(body: &Value) -> Written {
    Written {
        to: "PATCH rollouts/live".into(),
        kind: "merge-patch+json".into(),
        body: json!({"spec": body}),
    }
}

/// The words of a step, to be followed to its end.
fn step(words: &[&'static str]) -> Vec<&'static str> {
    [&["release"], words, &[NAME, "--yes", "--wait", "--timeout", "2m"]].concat()
}

fn start(image: &str) -> [&str; 9] {
    [
        "release", "start", NAME, "--image", image, "--gray", "1", "--yes", "--wait",
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_is_what_argo_s_own_client_writes_and_comes_to_what_it_should() {
    let Some(app) = rollout("argo").await else {
        return;
    };
    let user = User::of(&app, "dev").await;
    let path = Path {
        app: &app,
        user: &user,
        client: Client::of(&app),
    };
    path.begins().await;
    path.is_given_up().await;
    path.ends().await;
    path.restarts().await;
    rolled_back(&app, &user).await;
    path.had("rollback", INSTANCES);
    scaled(&app, &user).await;
    app.delete().await;
}

struct Path<'a> {
    app: &'a App,
    user: &'a User<'a>,
    client: Client,
}

impl Path<'_> {
    /// The Service had so many instances at the least since the last time.
    fn had(&self, what: &str, least: i64) {
        let seen = self.client.take();
        println!("{what}: {seen:?}");
        assert!(seen.looks > 0 && seen.fewest as i64 >= least, "{what}: {seen:?}");
    }

    /// A new version, the whole object with its image; then its next step, a person's pause and its end.
    async fn begins(&self) {
        let (app, user) = (self.app, self.user);
        self.client.take();
        let mut wanted = app.get(ROLLOUT).await["spec"].take();
        let new = image("v2");
        wanted["template"]["spec"]["containers"][0]["image"] = new.as_str().into();
        let written = user.writes(&start(&new)).await;
        let [put] = written.as_slice() else {
            panic!("{written:?}");
        };
        assert_eq!((put.to.as_str(), put.kind.as_str()), ("PUT rollouts/live", "json"));
        assert_eq!(put.body["spec"], wanted);
        is(app, "gray", (1, INSTANCES, "v2")).await;
        self.had("start", INSTANCES);

        let written = user.writes(&step(&["promote"])).await;
        assert_eq!(written, [status(&json!({"pauseConditions": null}))]);
        // It was followed to the next step that waits.
        let now = &app.get(ROLLOUT).await["status"];
        assert_eq!((&now["currentStepIndex"], &now["phase"]), (&json!(3), &json!("Paused")));
        is(app, "gray", (2, INSTANCES, "v2")).await;
        self.had("promote", INSTANCES);

        let written = user.writes(&step(&["pause"])).await;
        assert_eq!(written, [spec(&json!({"paused": true}))]);
        is(app, "paused", (2, INSTANCES, "v2")).await;
        let written = user.writes(&["release", "resume", NAME, "--yes"]).await;
        assert_eq!(written, [spec(&json!({"paused": false}))]);
        is(app, "gray", (2, INSTANCES, "v2")).await;
    }

    async fn is_given_up(&self) {
        let (app, user) = (self.app, self.user);
        let written = user.writes(&step(&["abort"])).await;
        assert_eq!(written, [status(&json!({"abort": true}))]);
        is(app, "aborted", (0, INSTANCES, "v2")).await;
        self.had("abort", INSTANCES);
        user.is_refused(&step(&["promote"]), "it is aborted").await;
        let written = user.writes(&step(&["retry"])).await;
        assert_eq!(written, [status(&json!({"abort": false}))]);
        is(app, "gray", (1, INSTANCES, "v2")).await;
        self.had("retry", INSTANCES);
    }

    async fn ends(&self) {
        let (app, user) = (self.app, self.user);
        // Who goes on with what a person stopped at a step that waits has both to write.
        user.writes(&step(&["pause"])).await;
        let both = [
            spec(&json!({"paused": false})),
            status(&json!({"pauseConditions": null})),
        ];
        assert_eq!(user.writes(&step(&["promote"])).await, both);
        is(app, "gray", (2, INSTANCES, "v2")).await;
        let written = user.writes(&step(&["full", "--rolling"])).await;
        assert_eq!(written, [status(&json!({"promoteFull": true}))]);
        is(app, "stable", (INSTANCES, INSTANCES, "v2")).await;
        self.had("full", INSTANCES);
    }

    /// It deletes one after the other, and so has one less for a while.
    async fn restarts(&self) {
        let (app, user) = (self.app, self.user);
        let names = pods(app).await;
        let written = user.writes(&step(&["restart"])).await;
        let [patch] = written.as_slice() else {
            panic!("{written:?}");
        };
        let at = patch.body["spec"]["restartAt"].clone();
        assert_eq!(*patch, spec(&json!({"restartAt": at})));
        let left: Vec<String> = pods(app)
            .await
            .into_iter()
            .filter(|name| names.contains(name))
            .collect();
        assert_eq!(left, Vec::<String>::new(), "it was followed to its end");
        is(app, "stable", (INSTANCES, INSTANCES, "v2")).await;
        self.had("restart", INSTANCES - 1);
    }
}

async fn pods(app: &App) -> Vec<String> {
    let pods = app.get(("v1", "pods")).await;
    let pods = pods["items"].as_array().unwrap().iter();
    let names = pods.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
    names
        .map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Back in the middle of an update, which is aborted first; and back at rest, through the steps.
async fn rolled_back(app: &App, user: &User<'_>) {
    user.writes(&start(&image("v3"))).await;
    is(app, "gray", (1, INSTANCES, "v3")).await;
    let written = user.writes(&step(&["rollback"])).await;
    assert_eq!(
        written[0],
        status(&json!({"abort": true})),
        "or a retry would go forward"
    );
    assert_eq!(
        (written[1].to.as_str(), written[1].kind.as_str()),
        ("PATCH rollouts/live", "json-patch+json")
    );
    assert_eq!(undone(&written[1]), image("v2"));
    is(app, "stable", (INSTANCES, INSTANCES, "v2")).await;

    let written = user.writes(&step(&["rollback", "--to", "v1"])).await;
    assert_eq!(written.len(), 1, "{written:?}");
    assert_eq!(undone(&written[0]), image("v1"));
    is(app, "gray", (1, INSTANCES, "v1")).await;
    user.writes(&step(&["full", "--rolling"])).await;
    is(app, "stable", (INSTANCES, INSTANCES, "v1")).await;
}

/// The image of the one operation of an undo.
fn undone(written: &Written) -> String {
    let [only] = written.body.as_array().unwrap().as_slice() else {
        panic!("{written:?}");
    };
    assert_eq!(
        (&only["op"], &only["path"]),
        (&json!("replace"), &json!("/spec/template"))
    );
    assert_eq!(
        only["value"]["metadata"]["labels"],
        json!({"app": NAME}),
        "without the hash"
    );
    only["value"]["spec"]["containers"][0]["image"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn scaled(app: &App, user: &User<'_>) {
    let written = user.writes(&["scale", NAME, "+2", "--yes", "--wait"]).await;
    let replace = json!([{"op": "replace", "path": "/spec/replicas", "value": INSTANCES + 2}]);
    assert_eq!(
        written,
        [Written {
            to: "PATCH rollouts/live/scale".into(),
            kind: "json-patch+json".into(),
            body: replace,
        }]
    );
    is(app, "stable", (INSTANCES + 2, INSTANCES + 2, "v1")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_start_at_once_one_is_accepted() {
    let Some(app) = rollout("argo-two").await else {
        return;
    };
    let (one, other) = tokio::join!(User::of(&app, "dev"), User::of(&app, "dev"));
    let (v2, v3) = (image("v2"), image("v3"));
    let late = one.begins(&start(&v2)[..8]).await;
    // Who does not wait for the other's claim.
    let taking_over = [start(&v3).as_slice(), &["--take-over"]].concat();
    other.does(&taking_over).await;
    let (answer, code, said) = one.ends(late).await;
    assert_eq!((answer, code), (409, Some(4)), "{said}");
    assert!(said.contains("last written by pilothouse at "), "{said}");
    // Who comes later is refused as well, and puts nothing in the place of what is under way.
    one.is_refused(&start(&v2), "a gray release is under way").await;
    is(&app, "gray", (1, INSTANCES, "v3")).await;
    one.does(&step(&["abort"])).await;
    is(&app, "aborted", (0, INSTANCES, "v3")).await;
    // What was given up does not stand in the way.
    one.does(&start(&v2)).await;
    is(&app, "gray", (1, INSTANCES, "v2")).await;
    app.delete().await;
}
