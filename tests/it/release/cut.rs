//! The program ends at every place where it waits for a server: before each request of each step arrives, and after
//! each was done but before its answer comes. Whoever comes next sees what is true, and finishes it or goes back.

mod config;
mod several;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use pilothouse::cluster::{ActError, Cluster, Note, Target};
use pilothouse::domain::{ClusterId, Kind, Object, ResourceRef, Workload};
use pilothouse::release::ledger::{KEY, Ledger};
use pilothouse::release::past::Back;
use pilothouse::release::stand::{Stand, stand};
use pilothouse::release::step::{Count, Return, Step};
use pilothouse::release::{Done, Phase, Why};
use pilothouse::sim::{SimBody, Simulation};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::kinds::{with_workload, workload};
use super::same::Act;
use super::wire::is_conditional;
use super::{DEPLOYMENT, seen_phase, send, with_app};
use crate::support::observer::Observer;
use crate::support::watch_target;

const LEDGER: &str = "/api/v1/namespaces/gift/configmaps/pilothouse-ledger-live";
/// More than any step sends.
pub(super) const MOST_REQUESTS: usize = 50;

tokio::task_local! {
    /// What is asked on behalf of a step, and not by the watches beside it.
    static OF_A_STEP: ();
}

/// Where the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The request never arrives.
    Before(usize),
    /// It is done, and nobody hears of it.
    After(usize),
}

/// What a step asked so far, and where it is cut.
#[derive(Debug, Default)]
pub(super) struct Thread {
    pub(super) asked: Mutex<Vec<String>>,
    pub(super) end: Mutex<Option<End>>,
    pub(super) cut: Notify,
    /// Writes that would be taken whatever became of the object meanwhile.
    loose: Mutex<Vec<String>>,
}

impl Drop for Thread {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(*self.loose.lock().unwrap(), Vec::<String>::new());
        }
    }
}

impl Thread {
    /// Takes a step and ends in the middle; whether it came to its end before.
    pub(super) async fn run_until(&self, end: End, step: impl Future<Output = Result<Done, ActError>>) -> bool {
        self.asked.lock().unwrap().clear();
        *self.end.lock().unwrap() = Some(end);
        tokio::select! {
            biased;
            () = self.cut.notified() => false,
            done = OF_A_STEP.scope((), step) => {
                done.unwrap();
                true
            }
        }
    }

    /// Waits for ever where the program ends here.
    async fn pass(&self, here: End) {
        if *self.end.lock().unwrap() == Some(here) {
            self.cut.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

pub(super) async fn answer(
    server: &Simulation,
    thread: &Thread,
    request: http::Request<Bytes>,
) -> std::io::Result<http::Response<SimBody>> {
    if OF_A_STEP.try_with(|()| ()).is_err() {
        return server.answer(request).await;
    }
    let method = request.method().as_str();
    let body = serde_json::from_slice(request.body()).unwrap_or_default();
    if method != "GET" && !request.uri().path().contains("reviews") && !is_conditional(method, &body) {
        let loose = format!("{method} {}: {body}", request.uri());
        thread.loose.lock().unwrap().push(loose);
    }
    let number = {
        let mut asked = thread.asked.lock().unwrap();
        asked.push(format!("{} {}", request.method(), request.uri()));
        asked.len()
    };
    thread.pass(End::Before(number)).await;
    let answer = server.answer(request).await;
    thread.pass(End::After(number)).await;
    answer
}

/// A cluster with one workload.
struct App {
    simulation: Simulation,
    kind: Kind,
    path: String,
}

impl App {
    /// Ten instances of a Deployment, or one on each of four nodes, or five of another kind.
    async fn new(kind: Kind) -> Self {
        let spec = match kind {
            Kind::Deployment => {
                let simulation = with_app().await;
                let path = DEPLOYMENT.into();
                return Self { simulation, kind, path };
            }
            Kind::StatefulSet => json!({"replicas": 5, "serviceName": "live", "podManagementPolicy": "Parallel"}),
            Kind::Rollout => {
                json!({"replicas": 5, "paused": true, "strategy": {"canary": {"steps": [{"pause": {}}, {"pause": {}}]}}})
            }
            _ => json!({}),
        };
        let version = if kind == Kind::Rollout { "v1alpha1" } else { "v1" };
        let object = workload(kind.name(), &format!("{}/{version}", kind.group()), &spec);
        let (simulation, path) = with_workload(kind, version, &object).await;
        Self { simulation, kind, path }
    }

    async fn read(&self, path: &str) -> Value {
        send(&self.simulation, "GET", path, "application/json", &Value::Null)
            .await
            .1
    }

    async fn workload(&self) -> Value {
        self.read(&self.path).await
    }

    async fn generation(&self) -> i64 {
        self.workload().await["metadata"]["generation"].as_i64().unwrap()
    }

    /// How many lines its ledger has.
    async fn ledger(&self) -> usize {
        let map = self.read(LEDGER).await;
        Ledger::parse(map["data"][KEY].as_str().unwrap_or_default())
            .entries()
            .count()
    }
}

/// A program that has seen nothing before.
struct Program {
    kind: Kind,
    cluster: Cluster,
    observer: Observer,
    thread: Arc<Thread>,
}

impl Program {
    async fn over(app: &App) -> Self {
        let thread = Arc::new(Thread::default());
        let (server, own) = (app.simulation.clone(), Arc::clone(&thread));
        let target = Target::in_process(ClusterId::new("sim"), move |request| {
            let (server, thread) = (server.clone(), Arc::clone(&own));
            async move { answer(&server, &thread, request).await }
        });
        let (cluster, observer) = watch_target(target);
        let mut program = Self {
            kind: app.kind,
            cluster,
            observer,
            thread,
        };
        program.observer.until_synced().await;
        program
    }

    /// The phase that it tells, once the controllers are done.
    async fn phase(&mut self) -> Phase {
        self.observer.rest(Duration::from_secs(40)).await;
        match self.kind {
            Kind::Deployment => seen_phase(&self.observer.seen).unwrap(),
            _ => Phase::of(self.workload(), &[]),
        }
    }

    fn workload(&self) -> &Workload {
        match self.observer.seen.object(self.kind, "live") {
            Some(Object::Workload(workload)) => workload,
            other => panic!("it is not seen: {other:?}"),
        }
    }

    fn object(&self) -> ResourceRef {
        let workload = self.workload();
        ResourceRef {
            cluster: self.cluster.id().clone(),
            kind: self.kind,
            key: workload.key.clone(),
            uid: workload.uid.clone(),
        }
    }

    async fn take(&self, step: &Step) -> Result<Done, ActError> {
        let prepared = self.cluster.prepare(&self.object(), step, None).await?;
        let note = Note {
            app: "live",
            by: "oncall",
            why: &Why::default(),
        };
        self.cluster.carry_out(&prepared, &note).await
    }

    /// Takes a step and ends in the middle; whether it came to its end before.
    async fn take_and_end(&self, step: &Step, end: End) -> bool {
        self.thread.run_until(end, Box::pin(self.take(step))).await
    }
}

/// An app that was brought so far.
async fn brought(app: &App, before: &[Step], undone: bool) -> (Program, Phase) {
    let mut program = Program::over(app).await;
    let mut phase = program.phase().await;
    let template = app.workload().await["spec"]["template"].clone();
    for step in before {
        program.take(step).await.unwrap();
        phase = program.phase().await;
        assert_eq!(stand(step, (app.kind, &phase)), Stand::There, "{step:?}: {phase:?}");
    }
    if undone {
        let undo = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
        send(
            &app.simulation,
            "PATCH",
            &app.path,
            "application/json-patch+json",
            &undo,
        )
        .await;
        phase = program.phase().await;
        assert_eq!(phase, Phase::OrphanHold);
    }
    (program, phase)
}

/// Takes a step that ends in the middle, and looks what the next program makes of it; whether there was a middle.
async fn cut(flow: &Flow, end: End) -> bool {
    let Flow {
        kind,
        before,
        undone,
        step,
    } = flow;
    let app = App::new(*kind).await;
    let (program, left) = brought(&app, before, *undone).await;
    let (at, noted) = (app.generation().await, app.ledger().await);
    let is_whole = program.take_and_end(step, end).await;
    let asked = program.thread.asked.lock().unwrap().join("\n");
    let what = format!("{step:?} cut {end:?}:\n{asked}");
    drop(program);

    let mut next = Program::over(&app).await;
    let phase = next.phase().await;
    let is_written = match app.generation().await - at {
        0 => false,
        1 => true,
        more => panic!("{what}\n{more} writes"),
    };
    let lines = app.ledger().await;
    // What was begun is noted before it is written: nothing is done that has no line.
    assert!(
        lines == noted + 1 || (!is_written && lines == noted),
        "{what}\n{lines} lines in the ledger"
    );
    if is_written {
        assert_eq!(stand(step, (app.kind, &phase)), Stand::There, "{what}\n{phase:?}");
        if !matches!(step, Step::Restart) {
            // Said again, it is refused or changes nothing.
            drop(next.take(step).await);
        }
    } else {
        assert_eq!(phase, left, "{what}\nnothing was written");
        next.take(step).await.unwrap_or_else(|error| panic!("{what}\n{error}"));
    }
    let phase = next.phase().await;
    assert_eq!(stand(step, (app.kind, &phase)), Stand::There, "{what}\n{phase:?}");
    assert_eq!(app.generation().await, at + 1, "{what}\none write");
    if matches!(phase, Phase::Gray { .. } | Phase::Full { .. }) {
        next.take(&Step::Abort)
            .await
            .unwrap_or_else(|error| panic!("{what}\n{error}"));
        assert_eq!(next.phase().await, Phase::Stable, "{what}");
        let image = app.workload().await["spec"]["template"]["spec"]["containers"][0]["image"].clone();
        assert_eq!(image, "live:v1", "{what}");
    }
    !is_whole
}

/// A step, and what comes before it.
struct Flow {
    kind: Kind,
    before: Vec<Step>,
    /// Somebody undid it with `kubectl rollout undo`.
    undone: bool,
    step: Step,
}

/// Cuts a step everywhere.
async fn cut_everywhere(kind: Kind, before: &[Step], undone: bool, step: Step) {
    let before = before.to_vec();
    let flow = Flow {
        kind,
        before,
        undone,
        step,
    };
    let mut requests = 0;
    while cut(&flow, End::Before(requests + 1)).await {
        requests += 1;
        assert!(cut(&flow, End::After(requests)).await);
        assert!(requests < MOST_REQUESTS);
    }
    println!(
        "{kind}: {}: {requests} requests, {} ends",
        flow.step.title(),
        2 * requests
    );
    assert!(requests >= 6, "it looks, tries, writes and notes: {requests}");
}

fn start() -> Step {
    Act::Start("v2", 2).step().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_start_cut_anywhere() {
    cut_everywhere(Kind::Deployment, &[], false, start()).await;
}

#[tokio::test(start_paused = true)]
async fn a_growth_cut_anywhere() {
    cut_everywhere(Kind::Deployment, &[start()], false, Step::Grow(Count::Instances(4))).await;
    cut_everywhere(Kind::Deployment, &[start()], false, Step::KeepOld).await;
}

#[tokio::test(start_paused = true)]
async fn an_end_cut_anywhere() {
    cut_everywhere(Kind::Deployment, &[start()], false, Step::Full).await;
    cut_everywhere(Kind::Deployment, &[start(), Step::KeepOld], false, Step::Offline).await;
}

#[tokio::test(start_paused = true)]
async fn a_way_back_cut_anywhere() {
    cut_everywhere(Kind::Deployment, &[start()], false, Step::Abort).await;
    cut_everywhere(
        Kind::Deployment,
        &[start(), Step::Full],
        false,
        Step::Rollback(Return::to(Back::Named("1".into()))),
    )
    .await;
    cut_everywhere(Kind::Deployment, &[start()], true, Step::Repair).await;
}

#[tokio::test(start_paused = true)]
async fn a_partition_cut_anywhere() {
    let kind = Kind::StatefulSet;
    cut_everywhere(kind, &[], false, start()).await;
    for step in [Step::Grow(Count::Instances(3)), Step::Full, Step::Abort] {
        cut_everywhere(kind, &[start()], false, step).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_beside_a_release_cut_anywhere() {
    cut_everywhere(Kind::Deployment, &[], false, Step::Pause).await;
    cut_everywhere(Kind::Deployment, &[Step::Pause], false, Step::Resume).await;
    cut_everywhere(Kind::Deployment, &[], false, Step::Restart).await;
}
