//! OpenKruise's `CloneSets` on a real API server, in both of their shapes: what is written is accepted, kept by the
//! schema and refused where it is stale. Their controller is not there: the test says what it would.

use pilothouse::domain::rights::Role;
use serde_json::{Value, json};

use super::app::{App, NAME, template};
use super::definitions::clone_set;
use super::user::{User, Written, give};
use crate::release::same::image;

const REVISIONS: (&str, &str) = ("apps/v1", "controllerrevisions");

/// One CloneSet, and what its controller knows of it.
struct Bench<'a> {
    app: &'a App,
    group: String,
}

impl Bench<'_> {
    fn place<'a>(&'a self, name: &'a str) -> (&'a str, &'a str) {
        (&self.group, name)
    }

    async fn read(&self) -> Value {
        self.app.get(self.place("clonesets/live")).await
    }

    /// What its controller would say once so many instances run the newest template, which it calls so; all are ready.
    async fn says(&self, updated: i64, current: &str, update: &str) {
        let now = self.read().await;
        let known = self.app.get(REVISIONS).await;
        let is_known = |revision: &Value| revision["metadata"]["name"] == update;
        if !known["items"].as_array().unwrap().iter().any(is_known) {
            let number = known["items"].as_array().unwrap().len() + 1;
            let owner = json!({"apiVersion": self.group, "kind": "CloneSet", "name": NAME, "uid": now["metadata"]["uid"], "controller": true});
            let revision = json!({"apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": number,
                "metadata": {"name": update, "labels": {"app": NAME}, "ownerReferences": [owner]},
                "data": {"spec": {"template": now["spec"]["template"]}}});
            self.app.send("POST", REVISIONS, &revision).await;
        }
        let replicas = now["spec"]["replicas"].clone();
        let status = json!({"status": {"observedGeneration": now["metadata"]["generation"], "replicas": replicas, "readyReplicas": replicas,
            "availableReplicas": replicas, "updatedReplicas": updated, "updatedReadyReplicas": updated,
            "currentRevision": current, "updateRevision": update}});
        self.app
            .send("PATCH", self.place("clonesets/live/status"), &status)
            .await;
    }

    async fn is(&self, phase: &str) {
        assert_eq!(self.app.phase().await, phase, "{}", self.group);
    }
}

/// The operations of the one patch that was written to it.
fn patch(written: &[Written]) -> &Vec<Value> {
    let [only] = written else {
        panic!("one write: {written:?}");
    };
    assert_eq!(
        (only.to.as_str(), only.kind.as_str()),
        ("PATCH clonesets/live", "json-patch+json")
    );
    only.body.as_array().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clone_sets_are_written_in_the_shape_that_a_real_server_keeps() {
    for (version, place) in [
        ("v1alpha1", "/spec/updateStrategy"),
        ("v1beta1", "/spec/updateStrategy/rollingUpdate"),
    ] {
        let Some(app) = App::empty(&format!("clones-{version}")).await else {
            return;
        };
        give(&app, Role::Operator, "dev").await;
        let user = User::of(&app, "dev").await;
        let installed = clone_set(version).install(&app.client).await;
        let bench = Bench {
            app: &app,
            group: format!("apps.kruise.io/{version}"),
        };
        whole_path(&bench, &user, place).await;
        installed.clear().await;
        app.delete().await;
    }
}

/// One after the other what may be done to a CloneSet.
async fn whole_path(bench: &Bench<'_>, user: &User<'_>, place: &str) {
    let path = Path {
        bench,
        user,
        place,
        partition: format!("{place}/partition"),
    };
    let object = json!({"apiVersion": bench.group, "kind": "CloneSet", "metadata": {"name": NAME},
        "spec": {"replicas": 6, "selector": {"matchLabels": {"app": NAME}}, "template": template()}});
    bench.app.send("POST", bench.place("clonesets"), &object).await;
    bench.says(6, "live-1", "live-1").await;
    bench.is("stable").await;
    path.begins().await;
    path.is_not_written_over().await;
    path.grows_to_the_end().await;
    path.goes_back().await;
    // Its number is written through `scale`, which a person may have been given alone.
    let written = user.writes(&["scale", NAME, "+3", "--yes"]).await;
    assert_eq!(written[0].to, "PATCH clonesets/live/scale");
    assert_eq!(bench.read().await["spec"]["replicas"], 9);
}

struct Path<'a> {
    bench: &'a Bench<'a>,
    user: &'a User<'a>,
    /// Where `partition` and `paused` stand.
    place: &'a str,
    partition: String,
}

fn step(words: &[&'static str]) -> Vec<&'static str> {
    [&["release"], words, &[NAME, "--yes"]].concat()
}

impl Path<'_> {
    /// The partition and the image, as the server keeps them.
    async fn kept(&self) -> (Value, Value) {
        let now = self.bench.read().await;
        let image = now["spec"]["template"]["spec"]["containers"][0]["image"].clone();
        (now.pointer(&self.partition).cloned().unwrap_or_default(), image)
    }

    fn holds(&self, back: i64) -> Value {
        json!({"op": "add", "path": self.partition, "value": back})
    }

    async fn begins(&self) {
        let (bench, user) = (self.bench, self.user);
        let new = image("v2");
        let words = [
            "release", "start", NAME, "--image", &new, "--commit", "1234567", "--gray", "2", "--yes",
        ];
        let written = user.writes(&words).await;
        assert_eq!(patch(&written).last(), Some(&self.holds(4)));
        assert_eq!(self.kept().await, (json!(4), json!(new)));
        let now = bench.read().await;
        let annotations = &now["spec"]["template"]["metadata"]["annotations"];
        assert_eq!(annotations["pilothouse.dev/commit"], "1234567");
        assert!(now["metadata"]["labels"]["pilothouse.dev/hold-op"].is_string(), "{now}");
        bench.is("unseen").await;
        user.is_refused(&words, "its controller has not seen the last change yet")
            .await;
        bench.says(2, "live-1", "live-2").await;
        bench.is("gray").await;
        // Who starts in the middle is refused before anything is tried.
        let third = image("v3");
        let other = ["release", "start", NAME, "--image", &third, "--gray", "1", "--yes"];
        user.is_refused(&other, "instances of another version are left").await;
    }

    /// What somebody else wrote meanwhile is not written over.
    async fn is_not_written_over(&self) {
        let (bench, user) = (self.bench, self.user);
        let place = bench.place("clonesets/live");
        let late = user.begins(&step(&["grow", "--gray", "4"])).await;
        bench.app.send("PATCH", place, &json!({"spec": {"replicas": 7}})).await;
        let (answer, code, said) = user.ends(late).await;
        assert_eq!((answer, code), (422, Some(4)), "{said}");
        assert!(said.contains("somebody changed it since it was looked at"), "{said}");
        assert_eq!(self.kept().await.0, 4);
        bench.app.send("PATCH", place, &json!({"spec": {"replicas": 6}})).await;
        bench.says(2, "live-1", "live-2").await;
    }

    async fn grows_to_the_end(&self) {
        let (bench, user) = (self.bench, self.user);
        let written = user.writes(&step(&["grow", "--gray", "50%"])).await;
        assert_eq!(*patch(&written), [self.holds(3)]);
        bench.says(3, "live-1", "live-2").await;
        bench.is("gray").await;
        user.writes(&step(&["pause"])).await;
        let paused = format!("{}/paused", self.place);
        assert_eq!(bench.read().await.pointer(&paused), Some(&json!(true)));
        bench.says(3, "live-1", "live-2").await;
        bench.is("paused").await;
        user.writes(&step(&["resume"])).await;
        bench.says(3, "live-1", "live-2").await;
        let written = user.writes(&step(&["full", "--rolling"])).await;
        assert_eq!(patch(&written)[0], self.holds(0));
        assert_eq!(self.kept().await.0, 0);
        assert_eq!(bench.read().await["metadata"]["labels"], Value::Null);
        bench.says(4, "live-1", "live-2").await;
        bench.is("rolling").await;
        bench.says(6, "live-2", "live-2").await;
        bench.is("stable").await;
    }

    async fn goes_back(&self) {
        let (bench, user) = (self.bench, self.user);
        let third = image("v3");
        user.writes(&["release", "start", NAME, "--image", &third, "--gray", "1", "--yes"])
            .await;
        bench.says(1, "live-2", "live-3").await;
        bench.is("gray").await;
        let written = user.writes(&step(&["abort"])).await;
        assert_eq!(patch(&written)[0]["path"], "/spec/template");
        assert_eq!(self.kept().await, (json!(0), json!(image("v2"))));
        bench.says(6, "live-2", "live-2").await;
        bench.is("stable").await;
        user.writes(&step(&["rollback", "--to", "1"])).await;
        assert_eq!(self.kept().await, (json!(0), json!(image("v1"))));
        bench.says(6, "live-1", "live-1").await;
    }
}
