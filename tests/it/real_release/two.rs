//! Two people at once on a real cluster, each at a program of their own.

use std::process::Stdio;

use pilothouse::domain::rights::Role;

use super::app::{App, NAME};
use super::user::{User, give};
use crate::release::same::image;

const INSTANCES: i64 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_start_at_once_one_is_accepted_and_the_other_told_who_was() {
    let Some(app) = App::new("two", INSTANCES).await else {
        return;
    };
    give(&app, Role::Operator, "dev").await;
    let (one, other) = tokio::join!(User::of(&app, "dev"), User::of(&app, "dev"));
    let before = app.generation().await;
    let images = [image("v2"), image("v3")];
    let start = |at: usize| {
        [
            "release",
            "start",
            NAME,
            "--image",
            &images[at],
            "--gray",
            "1",
            "--yes",
            "--take-over",
        ]
    };

    // Neither waits for the other's claim. Both have seen that nothing is under way, both writes are on their way.
    let (first, second) = (start(0), start(1));
    let (first, second) = tokio::join!(one.begins(&first), other.begins(&second));
    assert_eq!(app.generation().await, before);
    let (won, lost) = tokio::join!(one.ends(first), other.ends(second));
    let mut ends = [(won, 0), (lost, 1)];
    ends.sort_by_key(|((answer, ..), _)| *answer);
    let [((accepted, code, said), winner), ((refused, late, told), _)] = &ends;
    assert_eq!((*accepted, *code), (200, Some(0)), "{said}");
    assert_eq!((*refused, *late), (422, Some(4)), "{told}");
    assert!(
        told.contains("somebody changed it since it was looked at") && told.contains("last written by pilothouse at "),
        "{told}"
    );
    app.until("one beside three", |now, _| (now.old, now.new) == (INSTANCES, 1))
        .await;
    assert_eq!(app.generation().await, before + 1, "written once");
    let runs = &app.look().await.0["spec"]["template"]["spec"]["containers"][0]["image"];
    assert_eq!(*runs, images[*winner]);

    // Who comes later with another version is refused before anything is tried; with this one it is there already.
    one.is_refused(&start(1 - *winner), "a gray release is under way").await;
    let said = other.does(&start(*winner)).await;
    assert!(said.contains("there already: gray, 1 of 1 ready"), "{said}");
    assert_eq!(app.generation().await, before + 1, "written once");
    // Two who know of each other do their steps one after the other.
    other
        .does(&["release", "grow", NAME, "--gray", "2", "--yes", "--wait"])
        .await;
    one.does(&["release", "abort", NAME, "--yes", "--wait"]).await;
    assert_eq!(
        (app.generation().await, app.phase().await),
        (before + 3, "stable".into())
    );
    app.delete().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_start_freely_at_once_one_is_accepted() {
    let Some(app) = App::new("race", INSTANCES).await else {
        return;
    };
    for round in 0..3 {
        let before = app.generation().await;
        let start = |version: &str| {
            let image = image(version);
            let words = ["release", "start", NAME, "--image", &image, "--gray", "1", "--yes"].map(str::to_owned);
            let mut command = app.command_by(&super::app::kubeconfig_of("admin"), &words);
            command.stdout(Stdio::null());
            async move { command.output().await.unwrap() }
        };
        let (one, other) = tokio::join!(start("v2"), start("v3"));
        let done = [&one, &other].iter().filter(|output| output.status.success()).count();
        assert_eq!(done, 1, "round {round}: {one:?} {other:?}");
        assert_eq!(app.generation().await, before + 1, "written once");
        let output = app.run("admin", &["release", "abort", NAME, "--yes", "--wait"]).await;
        assert!(output.status.success(), "{output:?}");
    }
    app.delete().await;
}
