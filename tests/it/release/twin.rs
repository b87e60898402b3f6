//! A gray release in a second Deployment beside it: one table of what is done and what comes of it, here on the
//! simulation, in `real_release.rs` on a real cluster; and its end at every place where it waits for a server.

mod beside;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pilothouse::cluster::{ActError, Cluster, Note, Rules, Target, start};
use pilothouse::domain::{AppKey, ClusterId, ClusterReport, Kind, ObjectKey, ResourceRef, Timestamp};
use pilothouse::release::stand::{Stand, stand};
use pilothouse::release::step::{Count, Step};
use pilothouse::release::{Done, Phase, Prepared, Release, Why};
use pilothouse::sim::Simulation;
use pilothouse::world::scope::Scope;
use pilothouse::world::{ClusterSetup, ClusterView, World};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::cut::{End, MOST_REQUESTS, Thread, answer};
use super::same::{Act, image, watch_ready};
use super::{DEPLOYMENT, send, with_app};

pub(crate) const TWIN: &str = "/apis/apps/v1/namespaces/gift/deployments/live-gray";

/// How many instances there are of the Deployment, how many of them are of its template, and how many of its twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// What the Deployment runs.
    pub(crate) version: &'static str,
    pub(crate) ready: i64,
    pub(crate) updated: i64,
    /// Instances wanted of the twin, and ready; `None` without one.
    pub(crate) gray: Option<(i64, i64)>,
}

/// One act, and what comes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) act: Act,
    /// As `release status` names it.
    pub(crate) phase: &'static str,
    pub(crate) counts: Counts,
    /// Instances that it shows, of the new version and of the old.
    pub(crate) sides: (i64, i64),
}

const fn row(act: Act, phase: &'static str, version: &'static str, gray: Option<i64>, sides: (i64, i64)) -> Row {
    let gray = match gray {
        Some(gray) => Some((gray, gray)),
        None => None,
    };
    let counts = Counts {
        version,
        ready: 10,
        updated: 10,
        gray,
    };
    Row {
        act,
        phase,
        counts,
        sides,
    }
}

/// From ten stable instances of `v1` on; the Deployment's ten are ready all the time.
pub(crate) const TABLE: &[Row] = &[
    row(Act::Twin("v2", 2), "gray", "v1", Some(2), (2, 10)),
    row(Act::Grow(4), "gray", "v1", Some(4), (4, 10)),
    // A hold cannot.
    row(Act::Grow(3), "gray", "v1", Some(3), (3, 10)),
    row(Act::Full, "full", "v2", Some(3), (13, 0)),
    row(Act::Offline, "stable", "v2", None, (10, 0)),
    row(Act::Twin("v3", 2), "gray", "v2", Some(2), (2, 10)),
    row(Act::Abort, "stable", "v2", None, (10, 0)),
    row(Act::Twin("v3", 2), "gray", "v2", Some(2), (2, 10)),
    row(Act::Full, "full", "v3", Some(2), (12, 0)),
    // Back, though the Deployment was through.
    row(Act::Abort, "stable", "v2", None, (10, 0)),
];

/// The counts that a Deployment and its twin show.
pub(crate) fn counted(deployment: &Value, twin: Option<&Value>) -> Counts {
    let of = |object: &Value, path: &str| object.pointer(path).and_then(Value::as_i64).unwrap_or(0);
    let runs = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
    let version = ["v1", "v2", "v3"].into_iter().find(|version| *runs == image(version));
    Counts {
        version: version.unwrap_or("v1"),
        ready: of(deployment, "/status/readyReplicas"),
        updated: of(deployment, "/status/updatedReplicas"),
        gray: twin.map(|twin| (of(twin, "/spec/replicas"), of(twin, "/status/readyReplicas"))),
    }
}

/// A program over a simulated cluster, with the world as it sees it.
struct Program {
    cluster: Cluster,
    world: World,
    reports: mpsc::Receiver<(ClusterId, ClusterReport)>,
    thread: Arc<Thread>,
    _guard: DropGuard,
}

impl Program {
    async fn over(simulation: &Simulation) -> Self {
        let thread = Arc::new(Thread::default());
        let (server, own) = (simulation.clone(), Arc::clone(&thread));
        let target = Target::in_process(ClusterId::new("sim"), move |request| {
            let (server, thread) = (server.clone(), Arc::clone(&own));
            async move { answer(&server, &thread, request).await }
        });
        let (sender, reports) = mpsc::channel(256);
        let cancel = CancellationToken::new();
        let cluster = start(target.with_seed(7), Arc::new(Rules::default()), sender, cancel.clone());
        let mut program = Self {
            cluster,
            world: World::new([ClusterSetup::named("sim")]),
            reports,
            thread,
            _guard: cancel.drop_guard(),
        };
        program.rest(40).await;
        program
    }

    async fn rest(&mut self, seconds: u64) {
        let end = Instant::now() + Duration::from_secs(seconds);
        while let Ok(Some((id, report))) = timeout_at(end, self.reports.recv()).await {
            self.world.apply(&id, report, Timestamp::UNIX_EPOCH);
        }
    }

    fn view(&self) -> &ClusterView {
        self.world.cluster(self.cluster.id()).unwrap()
    }

    fn release(&self) -> Release {
        let workload = self.view().workload(Kind::Deployment, &ObjectKey::new("gift", "live"));
        self.view().release_of(workload.unwrap())
    }

    fn phase(&self) -> Phase {
        self.release().phase
    }

    fn object(&self) -> ResourceRef {
        let workload = self.view().workload(Kind::Deployment, &ObjectKey::new("gift", "live"));
        self.view().object_of(workload.unwrap())
    }

    async fn prepare(&self, step: &Step) -> Result<Prepared, ActError> {
        self.cluster.prepare(&self.object(), step, None).await
    }

    async fn carry_out(&self, prepared: &Prepared) -> Result<Done, ActError> {
        let note = Note {
            app: "live",
            by: "oncall",
            why: &Why::default(),
        };
        self.cluster.carry_out(prepared, &note).await
    }

    async fn take(&self, step: &Step) -> Result<Done, ActError> {
        self.carry_out(&self.prepare(step).await?).await
    }

    /// Takes a step and ends in the middle; whether it came to its end before.
    async fn take_and_end(&self, step: &Step, end: End) -> bool {
        self.thread.run_until(end, Box::pin(self.take(step))).await
    }
}

async fn read(simulation: &Simulation, path: &str) -> Option<Value> {
    let (code, found) = send(simulation, "GET", path, "application/json", &Value::Null).await;
    (code == 200).then_some(found)
}

/// The Service of the app's instances.
async fn serve(simulation: &Simulation) {
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "live", "namespace": "gift"},
        "spec": {"selector": {"app": "live"}, "ports": [{"port": 80}]}});
    let path = "/api/v1/namespaces/gift/services";
    let (code, said) = send(simulation, "POST", path, "application/json", &service).await;
    assert_eq!(code, 201, "{said}");
}

#[tokio::test(start_paused = true)]
async fn the_simulation_counts_as_a_real_cluster_does() {
    for is_served in [false, true] {
        let simulation = with_app().await;
        let published =
            json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image("v1")}]);
        send(
            &simulation,
            "PATCH",
            DEPLOYMENT,
            "application/json-patch+json",
            &published,
        )
        .await;
        if is_served {
            serve(&simulation).await;
        }
        let mut program = Program::over(&simulation).await;
        program.rest(120).await;
        let fewest = watch_ready(&simulation);
        for row in TABLE {
            fewest.store(i64::MAX, Ordering::Relaxed);
            let done = program.take(&row.act.step().unwrap()).await;
            let done = done.unwrap_or_else(|error| panic!("{row:?}: {error}"));
            program.rest(120).await;
            let (deployment, twin) = (
                read(&simulation, DEPLOYMENT).await.unwrap(),
                read(&simulation, TWIN).await,
            );
            assert_eq!(counted(&deployment, twin.as_ref()), row.counts, "{row:?}");
            let release = program.release();
            assert_eq!(release.phase.name(), row.phase, "{row:?}: {release:?}");
            let sides = (release.new.ready, release.old.as_ref().map_or(0, |old| old.ready));
            assert_eq!(sides, row.sides, "{row:?}");
            assert!(program.view().has_seen(program.workload(), &done.written), "{row:?}");
            // It is one app with one workload, whatever its gray instances are labelled.
            let app = AppKey {
                namespace: "gift".into(),
                name: "live".into(),
            };
            let scope = Scope::default();
            assert_eq!(program.world.apps(&scope).len(), 1, "{row:?}");
            let summary = program.world.app(&app, &scope).unwrap();
            assert_eq!(i64::from(summary.instances), sides.0 + sides.1, "{row:?}");
            assert_eq!(
                (summary.desired, summary.phase.name()),
                (Some(10), row.phase),
                "{row:?}"
            );
            assert_eq!(program.view().workloads(Kind::Deployment).count(), 1, "{row:?}");
            let fewest = fewest.load(Ordering::Relaxed);
            assert!(fewest >= 10, "{row:?}: only {fewest} were ready");
        }
    }
}

impl Program {
    fn workload(&self) -> &pilothouse::domain::Workload {
        let key = ObjectKey::new("gift", "live");
        self.view().workload(Kind::Deployment, &key).unwrap()
    }
}

pub(super) fn twin(version: &'static str) -> Step {
    Act::Twin(version, 2).step().unwrap()
}

/// The generation of the Deployment's spec, and which twin it has in which generation.
async fn written(simulation: &Simulation) -> (i64, Option<(Value, Value)>) {
    let deployment = read(simulation, DEPLOYMENT).await.unwrap();
    let twin = read(simulation, TWIN).await;
    let of = |twin: Value| (twin["metadata"]["uid"].clone(), twin["metadata"]["generation"].clone());
    (deployment["metadata"]["generation"].as_i64().unwrap(), twin.map(of))
}

/// Takes a step that ends in the middle, and looks what the next program makes of it; whether there was a middle.
async fn cut(way: &[Step], step: &Step, end: End) -> bool {
    let simulation = with_app().await;
    let program = {
        let mut program = Program::over(&simulation).await;
        for step in way {
            program.take(step).await.unwrap();
            program.rest(60).await;
            let phase = program.phase();
            assert_eq!(
                stand(step, (Kind::Deployment, &phase)),
                Stand::There,
                "{step:?}: {phase:?}"
            );
        }
        program
    };
    let (before, left) = (written(&simulation).await, program.phase());
    let fewest = watch_ready(&simulation);
    let is_whole = program.take_and_end(step, end).await;
    let asked = program.thread.asked.lock().unwrap().join("\n");
    let what = format!("{step:?} cut {end:?}:\n{asked}");
    drop(program);

    let mut next = Program::over(&simulation).await;
    next.rest(60).await;
    let phase = next.phase();
    let is_there = written(&simulation).await != before && stand(step, (Kind::Deployment, &phase)) == Stand::There;
    if is_there {
        // Said again, it is refused.
        assert!(next.take(step).await.is_err(), "{what}\n{phase:?}");
    } else {
        assert!(phase == left || left.name() != "stable", "{what}\n{phase:?}, {left:?}");
        next.take(step)
            .await
            .unwrap_or_else(|error| panic!("{what}\n{phase:?}\n{error}"));
    }
    next.rest(60).await;
    let phase = next.phase();
    assert_eq!(
        stand(step, (Kind::Deployment, &phase)),
        Stand::There,
        "{what}\n{phase:?}"
    );
    let (now, at) = (written(&simulation).await.0, before.0);
    assert!(now <= at + 1, "{what}\nthe Deployment was written {} times", now - at);
    if read(&simulation, TWIN).await.is_some() {
        next.take(&Step::Abort)
            .await
            .unwrap_or_else(|error| panic!("{what}\n{error}"));
        next.rest(60).await;
        assert_eq!(next.phase(), Phase::Stable, "{what}");
        let deployment = read(&simulation, DEPLOYMENT).await.unwrap();
        assert_eq!(
            deployment["spec"]["template"]["spec"]["containers"][0]["image"], "live:v1",
            "{what}"
        );
    }
    assert_eq!(read(&simulation, TWIN).await, None, "{what}");
    let fewest = fewest.load(Ordering::Relaxed);
    assert!(fewest >= 10, "{what}\nonly {fewest} were ready");
    !is_whole
}

async fn cut_everywhere(before: &[Step], step: Step) {
    let mut requests = 0;
    while cut(before, &step, End::Before(requests + 1)).await {
        requests += 1;
        assert!(cut(before, &step, End::After(requests)).await);
        assert!(requests < MOST_REQUESTS);
    }
    println!("{}: {requests} requests, {} ends", step.title(), 2 * requests);
    assert!(requests >= 6, "it looks, tries, writes and notes: {requests}");
}

#[tokio::test(start_paused = true)]
async fn a_start_and_a_growth_cut_anywhere() {
    cut_everywhere(&[], twin("v2")).await;
    cut_everywhere(&[twin("v2")], Step::Grow(Count::Instances(4))).await;
}

#[tokio::test(start_paused = true)]
async fn an_end_cut_anywhere() {
    cut_everywhere(&[twin("v2")], Step::KeepOld).await;
    cut_everywhere(&[twin("v2"), Step::KeepOld], Step::Offline).await;
}

#[tokio::test(start_paused = true)]
async fn a_way_back_cut_anywhere() {
    cut_everywhere(&[twin("v2")], Step::Abort).await;
    cut_everywhere(&[twin("v2"), Step::KeepOld], Step::Abort).await;
}
