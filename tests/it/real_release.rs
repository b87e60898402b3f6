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
mod two;
mod user;

use app::{App, Client};

use crate::release::same::{DESIRED, TABLE};

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
