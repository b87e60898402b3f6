//! The program is killed in the middle of a step on a real cluster: what comes next sees what is true.

use std::process::Stdio;

use k8s_openapi::api::core::v1::ConfigMap;
use pilothouse::release::ledger::{KEY, Ledger};

use super::app::{App, NAME};
use super::relay::{Asked, Kept, Relay};
use crate::release::same::image;

const INSTANCES: i64 = 3;

/// How many lines the app's ledger has.
async fn noted(app: &App) -> usize {
    let map = app.api::<ConfigMap>().get_opt("pilothouse-ledger-live").await.unwrap();
    let text = map.and_then(|map| map.data?.remove(KEY)).unwrap_or_default();
    Ledger::parse(&text).entries().count()
}

/// Begins a gray release over the relay, and is killed once that keeps something back.
async fn start_and_kill(app: &App, relay: &Relay, kept: Kept, which: fn(&Asked) -> bool) {
    relay.take();
    relay.keep(kept, which);
    let file = app.home.path().join("kubeconfig");
    relay.kubeconfig(&file);
    let mut child = app.command_by(&file, &start()).stdout(Stdio::null()).spawn().unwrap();
    tokio::select! {
        () = relay.kept() => {}
        ended = child.wait() => panic!("it ended: {ended:?}"),
    }
    // SIGKILL.
    child.kill().await.unwrap();
}

fn start() -> [String; 8] {
    [
        "release",
        "start",
        NAME,
        "--image",
        &image("v2"),
        "--gray",
        "1",
        "--yes",
    ]
    .map(str::to_owned)
}

async fn step(app: &App, words: &[&str]) {
    let arguments: Vec<&str> = [&["release"], words, &[NAME, "--yes", "--wait"]].concat();
    let output = app.run("admin", &arguments).await;
    assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
}

/// A start that is said again is told to be there, and nothing is written.
async fn start_is_there(app: &App) {
    let generation = app.generation().await;
    let output = app.run("admin", &start()).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("there already: gray, 1 of 1 ready"), "{said}");
    assert_eq!(app.generation().await, generation);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_killed_leaves_what_the_next_one_sees_and_ends() {
    let Some(app) = App::new("killed", INSTANCES).await else {
        return;
    };
    let relay = Relay::to(app.client.clone()).await;

    // During the dry run: nothing happened.
    let before = app.generation().await;
    start_and_kill(&app, &relay, Kept::Answer, Asked::is_dry_run).await;
    relay.take();
    assert_eq!((app.generation().await, noted(&app).await), (before, 0));
    assert_eq!(app.phase().await, "stable");

    // The write is on its way: it arrives, though nobody waits for it any more.
    start_and_kill(&app, &relay, Kept::Request, Asked::is_release).await;
    assert_eq!((app.generation().await, app.phase().await), (before, "stable".into()));
    assert_eq!(relay.let_go().await, 200);
    app.until("one beside three", |now, _| (now.old, now.new) == (INSTANCES, 1))
        .await;
    assert_eq!((app.generation().await, app.phase().await), (before + 1, "gray".into()));
    assert_eq!(noted(&app).await, 1, "that it was begun");
    start_is_there(&app).await;
    step(&app, &["abort"]).await;
    assert_eq!(
        (app.generation().await, app.phase().await),
        (before + 2, "stable".into())
    );

    // The write is on its way, and somebody starts anew meanwhile: it comes too late.
    let before = app.generation().await;
    start_and_kill(&app, &relay, Kept::Request, Asked::is_release).await;
    step(&app, &["start", "--image", &image("v3"), "--gray", "2"]).await;
    assert_eq!(relay.let_go().await, 422);
    let now = app
        .until("two beside three", |now, _| (now.old, now.new) == (INSTANCES, 2))
        .await;
    assert_eq!((app.generation().await, now.ready), (before + 1, INSTANCES + 2));
    step(&app, &["abort"]).await;

    // It was written, and it is not noted what came of it.
    let (before, lines) = (app.generation().await, noted(&app).await);
    start_and_kill(&app, &relay, Kept::Request, Asked::is_settled).await;
    let sent: Vec<Asked> = relay.take().into_iter().filter(Asked::is_release).collect();
    assert_eq!(sent.len(), 1, "sent once: {sent:?}");
    app.until("one beside three", |now, _| (now.old, now.new) == (INSTANCES, 1))
        .await;
    assert_eq!((app.generation().await, app.phase().await), (before + 1, "gray".into()));
    assert_eq!(noted(&app).await, lines + 1);
    start_is_there(&app).await;
    step(&app, &["full"]).await;
    step(&app, &["offline"]).await;
    let now = app.until("the new alone", |now, _| now.available == INSTANCES).await;
    assert_eq!((app.generation().await, now.old), (before + 3, 0));
    assert_eq!(noted(&app).await, lines + 3);
    app.delete().await;
}
