//! Builds against a simulated cluster with its controllers: begun once, followed stage by stage, noted, refused.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use pilothouse::build::{Asked, Build, Record, State, Template};
use pilothouse::cluster::{BuildError, Cluster, ClusterError, Rules, Stands, Target, start};
use pilothouse::domain::access::Right;
use pilothouse::domain::rights::Role;
use pilothouse::domain::{AppKey, ClusterId, ClusterReport, ImageName, ObjectKey};
use pilothouse::sim::resource::NODES;
use pilothouse::sim::store::Store;
use pilothouse::sim::{SimBody, Simulation};
use pilothouse::world::{ClusterSetup, Scope, World};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use crate::support::rights::give;

const GOOD: &str = "c04d21b9f31c2a77ab0e4f5d6a7b8c9d0e1f2a3b";
/// Simulated sources of such a commit do not compile.
const BAD: &str = "bad421b9f31c2a77ab0e4f5d6a7b8c9d0e1f2a3b";
const JOBS: &str = "/apis/batch/v1/namespaces/gift/jobs";

/// One program in front of a cluster.
struct Site {
    simulation: Simulation,
    cluster: Cluster,
    world: World,
    reports: mpsc::Receiver<(ClusterId, ClusterReport)>,
    /// Answers to so many creations of Jobs are lost on the way.
    lost: Arc<Mutex<usize>>,
    _guard: DropGuard,
}

fn simulation() -> Simulation {
    let simulation = Simulation::behind(Store::new(1), chrono::TimeDelta::hours(1)).with_controllers(1);
    let room = json!({"cpu": "64", "memory": "256Gi", "pods": "110"});
    let node = json!({"metadata": {"name": "sim"}, "status": {"capacity": room, "allocatable": room}});
    simulation.change(|store, now| drop(store.create(&NODES, node, now)));
    simulation
}

impl Site {
    async fn new() -> Self {
        let simulation = simulation();
        let namespace = json!({"metadata": {"name": "gift"}});
        let (code, answer) = send(&simulation, "POST", "/api/v1/namespaces", &namespace).await;
        assert!(code == 201 || code == 409, "{answer}");
        give(&simulation, Role::Builder.name(), Role::Builder, &[]).await;
        Self::of(simulation, false)
    }

    /// A program whose user has the builder's role.
    fn of(simulation: Simulation, readonly: bool) -> Self {
        let lost = Arc::new(Mutex::new(0));
        let (server, losing) = (simulation.clone(), Arc::clone(&lost));
        let target = Target::in_process(ClusterId::new("sim"), move |mut request: http::Request<Bytes>| {
            let (server, losing) = (server.clone(), Arc::clone(&losing));
            async move {
                let user = http::HeaderValue::from_static(Role::Builder.name());
                request.headers_mut().insert("impersonate-user", user);
                let path = request.uri().to_string();
                let is_creation = request.method() == "POST" && path.starts_with(JOBS) && !path.contains("dryRun");
                let answer: http::Response<SimBody> = server.answer(request).await?;
                let mut losing = losing.lock().unwrap();
                if is_creation && *losing > 0 {
                    *losing -= 1;
                    return Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
                }
                Ok(answer)
            }
        });
        let (sender, reports) = mpsc::channel(256);
        let cancel = CancellationToken::new();
        let target = target.with_seed(7).with_readonly(readonly);
        let cluster = start(target, Arc::new(Rules::default()), sender, cancel.clone());
        Self {
            simulation,
            cluster,
            world: World::new([ClusterSetup::named("sim")]),
            reports,
            lost,
            _guard: cancel.drop_guard(),
        }
    }

    async fn begin(&self, commit: &str) -> Result<(ObjectKey, bool), BuildError> {
        let prepared = self
            .cluster
            .prepare_build(&asked(commit), &template(), (3, false))
            .await?;
        let begun = self.cluster.begin_build(&prepared).await?;
        Ok((begun.key, begun.joined))
    }

    /// Takes in what is reported until a build is as it should be.
    async fn until(&mut self, key: &ObjectKey, is_so: impl Fn(Option<&Build>) -> bool) -> Option<Build> {
        let all = async {
            loop {
                let view = self.world.cluster(&ClusterId::new("sim")).unwrap();
                let build = view.build(key);
                if is_so(build.as_ref()) {
                    return build;
                }
                let (id, report) = self.reports.recv().await.unwrap();
                self.world.apply(&id, report, Utc::now());
            }
        };
        tokio::time::timeout(Duration::from_mins(10), all).await.unwrap()
    }

    async fn jobs(&self) -> Vec<Value> {
        let (_, mut list) = send(&self.simulation, "GET", JOBS, &Value::Null).await;
        serde_json::from_value(list["items"].take()).unwrap()
    }
}

async fn send(simulation: &Simulation, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = http::Request::builder().method(method).uri(path);
    let request = request.header("content-type", "application/json");
    let answer = simulation
        .handle(request.body(Bytes::from(body.to_string())).unwrap())
        .await;
    let code = answer.status().as_u16();
    let bytes = http_body_util::BodyExt::collect(answer.into_body())
        .await
        .unwrap()
        .to_bytes();
    (code, serde_json::from_slice(&bytes).unwrap_or_default())
}

fn template() -> Template {
    Template::shipped("buildah").unwrap()
}

fn asked(commit: &str) -> Asked {
    Asked {
        app: AppKey {
            namespace: "gift".into(),
            name: "live".into(),
        },
        commit: commit.into(),
        repo: "https://git.corp/gift/live.git".into(),
        reference: "main".into(),
        image: ImageName::parse("registry.corp/gift/live").unwrap(),
        builder: "buildah".into(),
        compiler: None,
        by: "dev".into(),
    }
}

fn is_over(build: Option<&Build>) -> bool {
    build.is_some_and(|build| build.state.is_over())
}

#[tokio::test(start_paused = true)]
async fn a_commit_becomes_an_image_stage_by_stage_with_its_digest() {
    let mut site = Site::new().await;
    let (key, joined) = site.begin(GOOD).await.unwrap();
    assert_eq!((key.name.as_str(), joined), ("build-live-c04d21b9f31c", false));
    let at = |name: &'static str| {
        move |build: Option<&Build>| {
            let stage = build.and_then(|build| build.stage());
            stage.is_some_and(|stage| stage.name == name && stage.began.is_some())
        }
    };
    site.until(&key, at("clone")).await;
    site.until(&key, at("compile")).await;
    let done = site.until(&key, is_over).await.unwrap();
    assert_eq!(done.state, State::Done);
    let took: Vec<i64> = done.stages.iter().filter_map(|stage| stage.took(Utc::now())).collect();
    assert_eq!(took.len(), 3, "{done:?}");
    let released = done.released_as().unwrap();
    assert!(released.starts_with("registry.corp/gift/live@sha256:"), "{released}");
    let view = site.world.cluster(&ClusterId::new("sim")).unwrap();
    assert_eq!(view.builds_of(&asked(GOOD).app), [done]);
    let prepared = site
        .cluster
        .prepare_build(&asked(GOOD), &template(), (3, false))
        .await
        .unwrap();
    assert_eq!(prepared.stands, Stands::Built(key.name.clone()), "it is built once");
    let again = site
        .cluster
        .prepare_build(&asked(GOOD), &template(), (3, true))
        .await
        .unwrap();
    assert_eq!(
        (again.stands, again.name.as_str()),
        (Stands::New, "build-live-c04d21b9f31c-2")
    );
}

#[tokio::test(start_paused = true)]
async fn two_programs_that_build_one_commit_share_one_job() {
    let site = Site::new().await;
    let other = Site::of(site.simulation.clone(), false);
    let first = site
        .cluster
        .prepare_build(&asked(GOOD), &template(), (3, false))
        .await
        .unwrap();
    let second = other
        .cluster
        .prepare_build(&asked(GOOD), &template(), (3, false))
        .await
        .unwrap();
    let (one, two) = tokio::join!(site.cluster.begin_build(&first), other.cluster.begin_build(&second));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one.joined != two.joined, "one of them makes it, whichever is first");
    assert_eq!(one.uid, two.uid);
    assert!(other.begin(GOOD).await.unwrap().1, "who comes later joins too");
    assert_eq!(site.jobs().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answer_is_lost_is_read_back_and_made_once() {
    let site = Site::new().await;
    *site.lost.lock().unwrap() = 1;
    let (key, joined) = site.begin(GOOD).await.unwrap();
    assert!(!joined);
    assert_eq!(site.jobs().await.len(), 1);
    assert_eq!(site.begin(GOOD).await.unwrap(), (key, true));
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_fails_says_why_and_its_build_outlives_its_job_in_the_ledger() {
    let mut site = Site::new().await;
    let (key, _) = site.begin(BAD).await.unwrap();
    let failed = site.until(&key, is_over).await.unwrap();
    let pod = ObjectKey::new("gift", failed.pod.clone().unwrap());
    let tail = site.cluster.log_tail(&pod, "compile", 100).await.unwrap();
    let failed = failed.told_by(&tail);
    let State::Failed(cause) = &failed.state else {
        panic!("{failed:?}");
    };
    assert!(
        cause
            .to_string()
            .starts_with("compile: exit 1: [ERROR] src/main/java/Gift.java"),
        "{cause}"
    );
    let app = asked(BAD).app;
    let record = Record::of(&failed, &tail).unwrap();
    for _ in 0..2 {
        site.cluster
            .note_builds(&app, std::slice::from_ref(&record))
            .await
            .unwrap();
    }
    site.cluster
        .cancel_build(&key, failed.uid.as_ref().unwrap())
        .await
        .unwrap();
    site.until(&key, |build| build.is_none()).await;
    let records = site.cluster.build_records(&app).await.unwrap();
    let all: Vec<&Record> = records.all().collect();
    assert_eq!(all, [&record], "noted once");
    assert!(record.tail.iter().any(|line| line.contains("cannot find symbol")));
    let id = ClusterId::new("sim");
    site.world.note_builds(&id, &app, records);
    let told = site.world.builds(&Scope::default());
    let [gone] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(
        (gone.name.as_str(), gone.state.name(), gone.is_there()),
        ("build-live-bad421b9f31c", "failed", false)
    );
    let (key, joined) = site.begin(BAD).await.unwrap();
    assert_eq!(
        (key.name.as_str(), joined),
        ("build-live-bad421b9f31c", false),
        "its Job is gone"
    );
}

#[tokio::test(start_paused = true)]
async fn a_build_is_stopped_only_if_it_is_still_that_one() {
    let mut site = Site::new().await;
    let (key, _) = site.begin(GOOD).await.unwrap();
    let build = site.until(&key, |build| build.is_some()).await.unwrap();
    let other = pilothouse::domain::Uid::parse("00000000-0000-0000-0000-000000000001");
    let refused = site.cluster.cancel_build(&key, &other).await.unwrap_err();
    assert!(matches!(refused, ClusterError::Conflict { .. }), "{refused}");
    site.cluster.cancel_build(&key, &build.uid.unwrap()).await.unwrap();
    site.until(&key, |build| build.is_none()).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_namespace_does_not_let_in_is_said_before() {
    let site = Site::new().await;
    let kit = Template::shipped("buildkit").unwrap();
    let prepared = site
        .cluster
        .prepare_build(&asked(GOOD), &kit, (3, false))
        .await
        .unwrap();
    let notes = prepared.notes.join("\n");
    assert!(notes.contains("Secret pilothouse-git"), "{notes}");
    let label = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}});
    let request =
        http::Request::patch("/api/v1/namespaces/gift").header("content-type", "application/merge-patch+json");
    let answer = site
        .simulation
        .handle(request.body(Bytes::from(label.to_string())).unwrap())
        .await;
    assert_eq!(answer.status(), 200);
    let refused = site
        .cluster
        .prepare_build(&asked(GOOD), &kit, (3, false))
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("enforces the Pod Security level baseline"),
        "{refused}"
    );
    site.cluster
        .prepare_build(&asked(GOOD), &template(), (3, false))
        .await
        .unwrap();
    site.begin(GOOD).await.unwrap();
    let refused = site
        .cluster
        .prepare_build(&asked(BAD), &template(), (1, false))
        .await
        .unwrap_err();
    assert!(matches!(refused, BuildError::TooMany { .. }), "{refused}");
    assert_eq!(site.jobs().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_may_be_written_nothing_is_built() {
    let site = Site::new().await;
    let readonly = Site::of(site.simulation.clone(), true);
    let refused = readonly.begin(GOOD).await.unwrap_err();
    assert_eq!(refused, BuildError::Cluster(ClusterError::ReadOnly));
    let viewer = simulation();
    give(&viewer, Role::Builder.name(), Role::Developer, &[]).await;
    let refused = Site::of(viewer, false).begin(GOOD).await.unwrap_err();
    let BuildError::Forbidden(Right { resource, .. }) = &refused else {
        panic!("{refused}");
    };
    assert_eq!(resource, "jobs");
    assert!(refused.hint().contains("rbac builder"));
    assert_eq!(site.jobs().await.len(), 0);
}
