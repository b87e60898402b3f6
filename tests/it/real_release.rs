//! Releases on a real cluster with a real node: only with `PILOTHOUSE_TEST_KUBECONFIG` and `PILOTHOUSE_TEST_LAB`.

mod app;
mod argo;
mod clone_set;
mod definitions;
mod driven;
mod killed;
mod relay;
mod rights;
mod scaling;
mod stateful;
mod two;
mod user;

use app::{App, Client};

use crate::release::same::{DESIRED, TABLE};
use crate::release::twin;

/// The whole path: a gray release that grows, is full, the old ones offline; a rollback, an abort, a colleague's undo
/// in the middle, a scale-out in the middle, repairs. All the time the Service has as many instances to send requests
/// to as the app is meant to have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_counts_are_those_of_the_table_and_the_service_never_has_too_few() {
    let Some(app) = App::new("release", DESIRED).await else {
        return;
    };
    let began = std::time::Instant::now();
    let client = Client::of(&app);
    let (mut least, mut changes) = (usize::MAX, 0);
    for row in TABLE {
        let generation = app.generation().await;
        client.take();
        let begun = std::time::Instant::now();
        app.act(row.act).await;
        let found = app.until(&format!("{row:?}"), |now, _| row.counts.contains(now)).await;
        let took = begun.elapsed();
        let told = app.told().await;
        assert_eq!(app.counts().await, found, "{row:?}: it does not stay so: {told}");
        assert_eq!(told["phase"], row.phase, "{row:?}: {told}");
        assert_eq!(app.generation().await, generation + 1, "{row:?}: one write");
        let seen = client.take();
        println!("{:?}: {found:?}, {:?} after {took:.1?}; {seen:?}", row.act, row.phase);
        assert!(seen.looks > 0, "{row:?}: nobody looked");
        assert!(seen.fewest as i64 >= row.fewest, "{row:?}: {seen:?}");
        changes += seen.changes;
        least = least.min(seen.fewest);
    }
    assert!(changes > 0, "the watch tells nothing");
    println!("never fewer than {least} ready in {:.0?}", began.elapsed());
    app.delete().await;
}

/// The same in a second Deployment beside it, as the simulation does it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_twin_s_counts_are_those_of_the_table_and_the_service_never_has_too_few() {
    let Some(app) = App::new("twin", DESIRED).await else {
        return;
    };
    let began = std::time::Instant::now();
    let client = Client::of(&app);
    let mut least = usize::MAX;
    for row in twin::TABLE {
        client.take();
        let begun = std::time::Instant::now();
        app.act(row.act).await;
        let mut found = app.beside().await;
        while found != Some(row.counts) && begun.elapsed() < std::time::Duration::from_mins(2) {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            found = app.beside().await;
        }
        let (took, told) = (begun.elapsed(), app.told().await);
        assert_eq!(found, Some(row.counts), "{row:?}: {told}");
        assert_eq!(told["phase"], row.phase, "{row:?}: {told}");
        assert_eq!(told["new"]["ready"], row.sides.0, "{row:?}: {told}");
        let seen = client.take();
        println!("{:?}: {found:?}, {:?} after {took:.1?}; {seen:?}", row.act, row.phase);
        assert!(seen.looks > 0, "{row:?}: nobody looked");
        assert!(seen.fewest as i64 >= DESIRED, "{row:?}: {seen:?}");
        least = least.min(seen.fewest);
    }
    println!("never fewer than {least} ready in {:.0?}", began.elapsed());
    app.delete().await;
}
