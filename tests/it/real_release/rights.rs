//! Who may what on a real cluster, with the roles that `pilothouse rbac` prints: each can do its part and no more, and
//! is told which right is missing before anything is sent.

use k8s_openapi::api::core::v1::Event;
use kube::api::ListParams;
use pilothouse::domain::rights::Role;

use super::app::{App, NAME};
use super::user::{User, give};
use crate::release::same::image;

const INSTANCES: i64 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_user_does_their_part_and_is_told_which_right_is_missing_for_more() {
    let Some(app) = App::new("rights", INSTANCES).await else {
        return;
    };
    give(&app, Role::Viewer, "viewer").await;
    give(&app, Role::Operator, "dev").await;
    let (viewer, dev, nobody) = tokio::join!(
        User::of(&app, "viewer"),
        User::of(&app, "dev"),
        User::of(&app, "nobody")
    );
    let new = image("v2");
    let start = ["release", "start", NAME, "--image", &new, "--gray", "1", "--yes"];
    let status = ["release", "status", NAME];
    let logs = ["logs", "deploy/live", "--no-follow"];
    let before = app.generation().await;
    let missing = format!("patch deployments.apps in {}", app.namespace);

    nobody.is_refused(&status, "you may not list deployments.apps in").await;
    nobody.is_refused(&start, "you may not list deployments.apps in").await;

    // Nodes are in no namespace: that they are not seen is told, and the release is.
    let output = viewer.run(&status).await;
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("stable") && told.contains("3/3"), "{output:?}");
    viewer.is_refused(&start, &missing).await;
    viewer.is_refused(&logs, "pods/log").await;
    assert_eq!(app.generation().await, before);

    dev.does(&logs).await;
    let words: [&[&str]; 4] = [
        &start,
        &["release", "grow", NAME, "--gray", "2"],
        &["release", "full", NAME],
        &["release", "offline", NAME],
    ];
    let mut said = dev.does(&[words[0], &["--wait"]].concat()).await;
    viewer.is_refused(&["release", "abort", NAME, "--yes"], &missing).await;
    for words in &words[1..] {
        said += &dev.does(&[words, &["--yes", "--wait"][..]].concat()).await;
    }
    assert!(!said.contains("is written: "), "it is noted: {said}");
    assert_eq!(
        (app.generation().await, app.phase().await),
        (before + 4, "stable".into())
    );
    let events = app.api::<Event>().list(&ListParams::default()).await.unwrap();
    let ours = events.iter().filter(|event| event.reason.as_deref() == Some("Release"));
    assert_eq!(ours.count(), 4, "one for each step");
    app.delete().await;
}
