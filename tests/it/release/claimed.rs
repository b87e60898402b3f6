//! Who releases an app: the claim on it while a step waits for its yes, and who began what is under way.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use pilothouse::cli::{self, Environment};
use pilothouse::cluster::{ActError, Note, Target};
use pilothouse::domain::{AppKey, ClusterId};
use pilothouse::release::Why;
use pilothouse::release::claim::{Claim, held};
use pilothouse::release::live::Refusal;
use pilothouse::sim::Simulation;
use pilothouse::sim::fault::{Body, Fault, Pattern};
use serde_json::{Value, json};

use super::driven::Driven;
use super::keys::gray_of_two;
use super::writes::start;
use super::{Flow, gray, send};
use crate::support::served::Served;
use crate::support::watch_target;

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/gift/leases";
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/gift/leases/pilothouse-live";
const JSON: &str = "application/json";
const SAYS: &str = "bob@jump2 is releasing this app since";

fn app() -> AppKey {
    AppKey {
        namespace: "gift".into(),
        name: "live".into(),
    }
}

fn by(claim: &Claim) -> Option<&str> {
    claim.other().map(|holder| holder.by.as_str())
}

async fn lease(simulation: &Simulation) -> Value {
    send(simulation, "GET", LEASE, JSON, &Value::Null).await.1
}

/// Whether the program of the tests has it, in the name of its person.
fn is_oncall(lease: &Value) -> bool {
    let identity = lease["spec"]["holderIdentity"].as_str().unwrap();
    identity.starts_with("oncall@jump1_")
}

/// Somebody else has the app, and says so once more if they had it; by their clock it is another year.
async fn bob_has_it(simulation: &Simulation) {
    let before = Some(lease(simulation).await).filter(|lease| lease["kind"] == "Lease");
    let now = Utc::now() - TimeDelta::days(400);
    let lease = held("live", "bob@jump2", now, before.as_ref());
    let (method, path) = before.map_or(("POST", LEASES), |_| ("PUT", LEASE));
    let (code, _) = send(simulation, method, path, JSON, &lease).await;
    assert!(matches!(code, 200 | 201), "{code}");
}

#[tokio::test(start_paused = true)]
async fn an_app_is_one_persons_until_it_is_left_or_taken_over() {
    let flow = Flow::new().await;
    let claim = async |me: &str, takes_over| flow.cluster.claim(&app(), me, takes_over).await;
    assert_eq!(claim("bob@a", false).await, Claim::Ours);
    assert_eq!(by(&claim("ann@b", false).await), Some("bob@a"));
    assert_eq!(claim("bob@a", false).await, Claim::Ours, "renewed");
    assert_eq!(claim("ann@b", true).await, Claim::TakenOver("bob@a".into()));
    assert_eq!(claim("ann@b", true).await, Claim::Ours, "from nobody");
    assert_eq!(by(&claim("bob@a", false).await), Some("ann@b"), "who lost it is told");
    flow.cluster.let_go(&app(), "bob@a").await.unwrap();
    assert_eq!(
        by(&claim("bob@a", false).await),
        Some("ann@b"),
        "it is not theirs to leave"
    );
    flow.cluster.let_go(&app(), "ann@b").await.unwrap();
    assert_eq!(claim("bob@a", false).await, Claim::Ours);
    let written = flow.sent("leases");
    assert_eq!(written.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn who_is_gone_holds_nothing_whatever_their_clock_said() {
    let flow = Flow::new().await;
    let claim = async || flow.cluster.claim(&app(), "ann@b", false).await;
    let rest = async |seconds| tokio::time::sleep(Duration::from_secs(seconds)).await;
    bob_has_it(&flow.simulation).await;
    assert_eq!(by(&claim().await), Some("bob@jump2"));
    rest(20).await;
    bob_has_it(&flow.simulation).await;
    assert_eq!(by(&claim().await), Some("bob@jump2"));
    rest(29).await;
    assert_eq!(by(&claim().await), Some("bob@jump2"), "renewed 29 s ago");
    rest(2).await;
    assert_eq!(claim().await, Claim::Ours);
}

#[tokio::test(start_paused = true)]
async fn of_two_programs_at_once_one_start_is_accepted_and_the_other_sees_who() {
    let mut flow = Flow::new().await;
    let server = flow.simulation.clone();
    let target = Target::in_process(ClusterId::new("sim"), move |request| {
        let server = server.clone();
        async move { server.answer(request).await }
    });
    let (other, _observer) = watch_target(target);
    let object = flow.object();
    let ours = flow.prepare(&start("live:v2", 2)).await.unwrap();
    let theirs = other.prepare(&object, &start("live:v3", 2), None).await.unwrap();
    let why = Why::default();
    let note = |by| Note {
        app: "live",
        by,
        why: &why,
    };
    let (ann, bob) = (note("ann"), note("bob"));
    let (one, two) = tokio::join!(flow.cluster.carry_out(&ours, &ann), other.carry_out(&theirs, &bob));
    let (winner, image, lost) = match (one, two) {
        (Ok(_), Err(lost)) => ("ann", "live:v2", lost),
        (Err(lost), Ok(_)) => ("bob", "live:v3", lost),
        both => panic!("{both:?}"),
    };
    let ActError::Changed(words) = lost else {
        panic!("{lost}")
    };
    assert!(words.contains("last written by pilothouse"), "{words}");
    flow.until("two beside ten", &gray(2, 10)).await;
    let runs = flow.deployment().await;
    assert_eq!(runs["spec"]["template"]["spec"]["containers"][0]["image"], image);
    let starters: Vec<String> = flow.ledger().await.entries().map(|entry| entry.by.clone()).collect();
    assert_eq!(starters, [winner]);
    let again = other.prepare(&object, &start("live:v4", 2), None).await.unwrap_err();
    assert_eq!(again, ActError::Refused(Refusal::InHold));
}

#[tokio::test(start_paused = true)]
async fn who_confirms_holds_the_app_and_leaves_it() {
    let mut driven = Driven::new().await;
    let server = driven.servers[0].simulation.clone();
    driven.press("r t");
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    let before = lease(&server).await;
    assert!(is_oncall(&before), "{before}");
    driven.rest(Duration::from_secs(15)).await;
    let renewed = lease(&server).await;
    assert_ne!(renewed["spec"]["renewTime"], before["spec"]["renewTime"]);
    assert_eq!(renewed["spec"]["acquireTime"], before["spec"]["acquireTime"]);
    driven.press("esc");
    driven.rest(Duration::from_secs(2)).await;
    assert_eq!(lease(&server).await["spec"]["holderIdentity"], "", "left");
}

#[tokio::test(start_paused = true)]
async fn who_else_releases_it_is_told_and_it_is_taken_over_by_typing_so() {
    let mut driven = Driven::new().await;
    bob_has_it(&driven.servers[0].simulation).await;
    driven.press("r t");
    driven.until("it is told", |frame| frame.contains(SAYS)).await;
    driven.type_in("y");
    driven.press("enter");
    driven
        .until("not by that", |frame| {
            frame.contains("wait, or type that you take over")
        })
        .await;
    driven.press("backspace");
    driven.type_in("take over");
    driven.press("enter");
    driven.until("asked", |frame| frame.contains("yes (y)")).await;
    assert_eq!(driven.servers[0].written(), [], "it is no yes");
    driven.press("y");
    driven
        .until("written", |frame| frame.contains("written: restart every instance"))
        .await;
    assert_eq!(driven.attempts()[0]["attempt"]["takenOver"], "bob@jump2");
    let path = "/api/v1/namespaces/gift/configmaps/pilothouse-ledger-live";
    let ledger = driven.servers[0].get(path).await["data"]["ledger"].to_string();
    assert!(ledger.contains("takenOver") && ledger.contains("bob@jump2"), "{ledger}");
    let events = driven.servers[0].get("/api/v1/namespaces/gift/events").await;
    assert!(events.to_string().contains("takes it over from bob@jump2"), "{events}");
}

#[tokio::test(start_paused = true)]
async fn another_program_of_the_same_person_is_told_as_that() {
    let mut driven = Driven::new().await;
    let lease = held("live", "oncall@jump1_01K1ZZZZZZZZZZZZZZZZZZZZZZ", Utc::now(), None);
    send(&driven.servers[0].simulation, "POST", LEASES, JSON, &lease).await;
    driven.press("r t");
    let says = "you, in another pilothouse, are releasing this app since";
    driven.until("it is told", |frame| frame.contains(says)).await;
    assert!(!driven.frame().contains("yes (y)"), "it is no claim of this one");
}

#[tokio::test(start_paused = true)]
async fn who_waits_goes_on_once_the_other_is_through_or_gone() {
    let mut driven = Driven::new().await;
    let server = driven.servers[0].simulation.clone();
    for is_left in [true, false] {
        bob_has_it(&server).await;
        driven.press("r t");
        driven.until("it is told", |frame| frame.contains(SAYS)).await;
        if is_left {
            send(&server, "DELETE", LEASE, JSON, &Value::Null).await;
        }
        driven.until("it is free", |frame| frame.contains("yes (y)")).await;
        assert!(is_oncall(&lease(&server).await));
        driven.press("esc");
        driven.rest(Duration::from_secs(2)).await;
    }
    // More instances wait for nobody.
    bob_has_it(&server).await;
    driven.press("+ enter");
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    assert!(!driven.frame().contains(SAYS), "{}", driven.frame());
}

#[tokio::test(start_paused = true)]
async fn where_nobody_can_be_told_that_is_said_and_keeps_nobody() {
    let mut driven = Driven::new().await;
    driven.servers[0].simulation.faults().add(Fault::Reply {
        to: Pattern::plural("leases"),
        code: 500,
        retry_after: None,
        body: Body::Empty,
    });
    driven.press("r t");
    driven
        .until("it is shown", |frame| {
            frame.contains("who else releases it is not known") && frame.contains("yes (y)")
        })
        .await;
    driven.press("y");
    driven
        .until("written", |frame| frame.contains("written: restart every instance"))
        .await;
}

#[tokio::test(start_paused = true)]
async fn who_began_what_is_under_way_is_told_where_it_is() {
    let mut driven = Driven::new().await;
    gray_of_two(&mut driven).await;
    driven.press("6");
    let says = |frame: &str| frame.contains("by ") && frame.contains(" since ");
    driven.until("who began it", says).await;
    driven.press("enter");
    driven
        .until("in the app too", |frame| frame.contains("begun") && says(frame))
        .await;
}

/// What a command said, and its exit code.
fn command(served: &Served, words: &[&str]) -> (u8, String, String) {
    let config = served.folder.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let words = ["pilothouse", "release"].iter().chain(words).map(OsString::from);
    let files = [
        "--config".into(),
        config.into(),
        "--kubeconfig".into(),
        served.kubeconfig().into(),
    ];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = cli::run(words.chain(files), &Environment::default(), &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (exit.0, text(out), text(err))
}

#[test]
fn scripts_wait_or_take_over_and_are_told_who_began_it() {
    let paused = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let simulation = paused.block_on(async {
        let flow = Flow::new().await;
        bob_has_it(&flow.simulation).await;
        flow.simulation.clone()
    });
    let bobs = simulation.clone();
    let served = Served::start(|| vec![("sim".into(), simulation)]);
    let begin = ["start", "live", "--image", "live:v2", "--gray", "2", "--yes"];
    let before = paused.block_on(lease(&bobs));
    let (code, _, said) = command(&served, &begin[..6]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains(SAYS) && said.contains("--take-over"), "{said}");
    assert_eq!(paused.block_on(lease(&bobs)), before, "it is only looked at");
    // Who goes on renewing it is there.
    let is_over = AtomicBool::new(false);
    let (code, _, said) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                paused.block_on(bob_has_it(&bobs));
                std::thread::yield_now();
            }
        });
        let done = command(&served, &begin);
        is_over.store(true, Ordering::Relaxed);
        done
    });
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(SAYS) && said.contains("--take-over"), "{said}");
    let takes_over: Vec<&str> = begin.iter().copied().chain(["--take-over"]).collect();
    let (code, _, said) = command(&served, &takes_over);
    assert_eq!(code, 0, "{said}");
    let left = paused.block_on(lease(&bobs));
    assert_eq!(left["spec"]["holderIdentity"], "");
    let (_, status, _) = command(&served, &["status", "live", "-o", "json"]);
    let item = serde_json::from_str::<Value>(&status).unwrap()["items"][0].take();
    assert!(item["startedBy"].is_string() && item["startedAt"].is_string(), "{item}");
    assert_eq!(item["new"]["bad"], json!(null));
    let (_, table, _) = command(&served, &["status"]);
    assert!(table.contains(" since "), "{table}");
}

#[test]
fn who_ends_a_command_in_the_middle_leaves_the_app_to_others() {
    let paused = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let simulation = paused.block_on(async { Flow::new().await.simulation.clone() });
    let sees = simulation.clone();
    let served = Served::start(|| vec![("sim".into(), simulation)]);
    let holder = || {
        let lease = paused.block_on(lease(&sees));
        lease["spec"]["holderIdentity"].as_str().map(str::to_owned)
    };
    let begin = [
        "release", "start", "live", "--image", "live:v2", "--gray", "2", "--yes", "--wait",
    ];
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_pilothouse"))
        .args(begin)
        .arg("--kubeconfig")
        .arg(served.kubeconfig())
        .env("XDG_CONFIG_HOME", served.folder.path())
        .env("XDG_STATE_HOME", served.folder.path())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while holder().is_none_or(|holder| holder.is_empty()) {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it claimed the app"
        );
        std::thread::yield_now();
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(holder().as_deref(), Some(""), "nobody has it");
}
