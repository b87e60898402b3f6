//! The program ends at every place where it waits for a server: before each request of each step arrives, and after
//! each was done but before its answer comes. Whoever comes next sees what is true, and finishes it or goes back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use pilothouse::cluster::{ActError, Cluster, Note, Target};
use pilothouse::domain::{ClusterId, Kind, Object, ResourceRef};
use pilothouse::release::ledger::{KEY, Ledger};
use pilothouse::release::stand::{Stand, stand};
use pilothouse::release::step::{Count, Step};
use pilothouse::release::{Done, Phase};
use pilothouse::sim::{SimBody, Simulation};
use serde_json::Value;
use tokio::sync::Notify;

use super::same::Act;
use super::{DEPLOYMENT, seen_phase, send, with_app};
use crate::support::observer::Observer;
use crate::support::watch_target;

const LEDGER: &str = "/api/v1/namespaces/gift/configmaps/pilothouse-ledger-live";
/// More than any step sends.
const MOST_REQUESTS: usize = 40;

tokio::task_local! {
    /// What is asked on behalf of a step, and not by the watches beside it.
    static OF_A_STEP: ();
}

/// Where the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The request never arrives.
    Before(usize),
    /// It is done, and nobody hears of it.
    After(usize),
}

/// What a step asked so far, and where it is cut.
#[derive(Debug, Default)]
struct Thread {
    asked: Mutex<Vec<String>>,
    end: Mutex<Option<End>>,
    cut: Notify,
}

impl Thread {
    /// Waits for ever where the program ends here.
    async fn pass(&self, here: End) {
        if *self.end.lock().unwrap() == Some(here) {
            self.cut.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

async fn answer(
    server: &Simulation,
    thread: &Thread,
    request: http::Request<Bytes>,
) -> std::io::Result<http::Response<SimBody>> {
    if OF_A_STEP.try_with(|()| ()).is_err() {
        return server.answer(request).await;
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

/// A program that has seen nothing before.
struct Program {
    cluster: Cluster,
    observer: Observer,
    thread: Arc<Thread>,
}

impl Program {
    async fn over(simulation: &Simulation) -> Self {
        let thread = Arc::new(Thread::default());
        let (server, own) = (simulation.clone(), Arc::clone(&thread));
        let target = Target::in_process(ClusterId::new("sim"), move |request| {
            let (server, thread) = (server.clone(), Arc::clone(&own));
            async move { answer(&server, &thread, request).await }
        });
        let (cluster, observer) = watch_target(target);
        let mut program = Self {
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
        seen_phase(&self.observer.seen).unwrap()
    }

    fn object(&self) -> ResourceRef {
        let Some(Object::Workload(workload)) = self.observer.seen.object(Kind::Deployment, "live") else {
            panic!("it is not seen");
        };
        ResourceRef {
            cluster: self.cluster.id().clone(),
            kind: Kind::Deployment,
            key: workload.key.clone(),
            uid: workload.uid.clone(),
        }
    }

    async fn take(&self, step: &Step) -> Result<Done, ActError> {
        let prepared = self.cluster.prepare(&self.object(), step, None).await?;
        let note = Note {
            app: "live",
            by: "oncall",
            reason: None,
        };
        self.cluster.carry_out(&prepared, &note).await
    }

    /// Takes a step and ends in the middle; whether it came to its end before.
    async fn take_and_end(&self, step: &Step, end: End) -> bool {
        self.thread.asked.lock().unwrap().clear();
        *self.thread.end.lock().unwrap() = Some(end);
        tokio::select! {
            biased;
            () = self.thread.cut.notified() => false,
            done = OF_A_STEP.scope((), self.take(step)) => {
                done.unwrap();
                true
            }
        }
    }
}

async fn deployment(simulation: &Simulation) -> Value {
    send(simulation, "GET", DEPLOYMENT, "application/json", &Value::Null)
        .await
        .1
}

async fn generation(simulation: &Simulation) -> i64 {
    deployment(simulation).await["metadata"]["generation"].as_i64().unwrap()
}

async fn ledger(simulation: &Simulation) -> usize {
    let (_, map) = send(simulation, "GET", LEDGER, "application/json", &Value::Null).await;
    Ledger::parse(map["data"][KEY].as_str().unwrap_or_default())
        .entries()
        .count()
}

/// An app that was brought so far.
async fn brought(simulation: &Simulation, before: &[Step], undone: bool) -> (Program, Phase) {
    let mut program = Program::over(simulation).await;
    let mut phase = program.phase().await;
    let template = deployment(simulation).await["spec"]["template"].clone();
    for step in before {
        program.take(step).await.unwrap();
        phase = program.phase().await;
        assert_eq!(
            stand(step, (Kind::Deployment, &phase)),
            Stand::There,
            "{step:?}: {phase:?}"
        );
    }
    if undone {
        let undo = serde_json::json!([{"op": "replace", "path": "/spec/template", "value": template}]);
        send(simulation, "PATCH", DEPLOYMENT, "application/json-patch+json", &undo).await;
        phase = program.phase().await;
        assert_eq!(phase, Phase::OrphanHold);
    }
    (program, phase)
}

/// Takes a step that ends in the middle, and looks what the next program makes of it; whether there was a middle.
async fn cut(flow: &Flow, end: End) -> bool {
    let Flow { before, undone, step } = flow;
    let simulation = with_app().await;
    let (program, left) = brought(&simulation, before, *undone).await;
    let (at, noted) = (generation(&simulation).await, ledger(&simulation).await);
    let is_whole = program.take_and_end(step, end).await;
    let asked = program.thread.asked.lock().unwrap().join("\n");
    let what = format!("{step:?} cut {end:?}:\n{asked}");
    drop(program);

    let mut next = Program::over(&simulation).await;
    let phase = next.phase().await;
    let is_written = match generation(&simulation).await - at {
        0 => false,
        1 => true,
        more => panic!("{what}\n{more} writes"),
    };
    let lines = ledger(&simulation).await;
    assert!(
        lines == noted || (is_written && lines == noted + 1),
        "{what}\n{lines} lines in the ledger"
    );
    if is_written {
        assert_eq!(
            stand(step, (Kind::Deployment, &phase)),
            Stand::There,
            "{what}\n{phase:?}"
        );
        if !matches!(step, Step::Restart) {
            // Said again, it is refused or changes nothing.
            drop(next.take(step).await);
        }
    } else {
        assert_eq!(phase, left, "{what}\nnothing was written");
        next.take(step).await.unwrap_or_else(|error| panic!("{what}\n{error}"));
    }
    let phase = next.phase().await;
    assert_eq!(
        stand(step, (Kind::Deployment, &phase)),
        Stand::There,
        "{what}\n{phase:?}"
    );
    assert_eq!(generation(&simulation).await, at + 1, "{what}\none write");
    if matches!(phase, Phase::Gray { .. } | Phase::Full { .. }) {
        next.take(&Step::Abort)
            .await
            .unwrap_or_else(|error| panic!("{what}\n{error}"));
        assert_eq!(next.phase().await, Phase::Stable, "{what}");
        let image = deployment(&simulation).await["spec"]["template"]["spec"]["containers"][0]["image"].clone();
        assert_eq!(image, "live:v1", "{what}");
    }
    !is_whole
}

/// A step, and what comes before it.
struct Flow {
    before: Vec<Step>,
    /// Somebody undid it with `kubectl rollout undo`.
    undone: bool,
    step: Step,
}

/// Cuts a step everywhere.
async fn cut_everywhere(before: &[Step], undone: bool, step: Step) {
    let before = before.to_vec();
    let flow = Flow { before, undone, step };
    let mut requests = 0;
    while cut(&flow, End::Before(requests + 1)).await {
        requests += 1;
        assert!(cut(&flow, End::After(requests)).await);
        assert!(requests < MOST_REQUESTS);
    }
    println!("{}: {requests} requests, {} ends", flow.step.title(), 2 * requests);
    assert!(requests >= 6, "it looks, tries, writes and notes: {requests}");
}

fn start() -> Step {
    Act::Start("v2", 2).step().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_start_cut_anywhere() {
    cut_everywhere(&[], false, start()).await;
}

#[tokio::test(start_paused = true)]
async fn a_growth_cut_anywhere() {
    cut_everywhere(&[start()], false, Step::Grow(Count::Instances(4))).await;
    cut_everywhere(&[start()], false, Step::KeepOld).await;
}

#[tokio::test(start_paused = true)]
async fn an_end_cut_anywhere() {
    cut_everywhere(&[start()], false, Step::Full).await;
    cut_everywhere(&[start(), Step::KeepOld], false, Step::Offline).await;
}

#[tokio::test(start_paused = true)]
async fn a_way_back_cut_anywhere() {
    cut_everywhere(&[start()], false, Step::Abort).await;
    cut_everywhere(&[start(), Step::Full], false, Step::Rollback(Some("1".into()))).await;
    cut_everywhere(&[start()], true, Step::Repair).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_beside_a_release_cut_anywhere() {
    cut_everywhere(&[], false, Step::Pause).await;
    cut_everywhere(&[Step::Pause], false, Step::Resume).await;
    cut_everywhere(&[], false, Step::Restart).await;
}
