//! Connections that break, fall silent, or end all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pilothouse::domain::{Feed, Kind, Link};
use serde_json::json;

use super::{PODS, secs};
use crate::support::api::{Api, Reply};
use crate::support::observer::Seen;
use crate::support::watch;

#[tokio::test(start_paused = true)]
async fn f01_a_server_that_restarts_is_stale_and_then_whole_again() {
    let api = Api::with_pods(20);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let down = api.rule(|_| Some(Reply::Refuse));
    api.cut(false);
    let noticed = observer
        .until("stale", secs(10), |seen| {
            matches!(seen.link(), Some(Link::Stale { .. }))
        })
        .await;
    assert!(noticed <= secs(10));
    observer.rest(secs(30)).await;
    assert_eq!(observer.seen.names(Kind::Pod).len(), 20, "rows are kept");
    api.put_pod("new", "Running");
    api.delete(PODS, "gift/p00000");
    api.forget(down);
    observer
        .until("equal again", secs(5), |seen| {
            seen.names(Kind::Pod) == api.names(PODS) && seen.is_live()
        })
        .await;
    assert_eq!(api.count(|a| a.is_list_of(PODS)), 1, "resumed, not listed anew");
}

#[tokio::test(start_paused = true)]
async fn f01_a_flap_soon_after_an_outage_is_new_trouble() {
    const KINDS: [(Kind, &str); 3] = [
        (Kind::Pod, PODS),
        (Kind::Node, "/api/v1/nodes"),
        (Kind::Deployment, "/apis/apps/v1/deployments"),
    ];
    for calm in [2, 12] {
        let api = Api::with_pods(5);
        let (_cluster, mut observer) = watch(&api);
        observer.until_synced().await;
        let down = api.rule(|_| Some(Reply::Refuse));
        api.cut(false);
        observer.rest(secs(300)).await;
        api.forget(down);
        observer.until("live again", secs(5), Seen::is_live).await;
        observer.rest(secs(calm)).await;
        api.cut(false);
        for (_, path) in KINDS {
            api.put(path, &json!({"metadata": {"name": "after", "namespace": "gift"}}));
        }
        observer
            .until("followed again", secs(2), |seen| {
                KINDS.iter().all(|(kind, _)| seen.object(*kind, "after").is_some())
            })
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_flap_after_ten_good_seconds_is_a_first_one() {
    let api = Api::with_pods(5);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let broken = api.rule(|asked| (asked.path == PODS).then(|| Reply::status(500, &json!({}))));
    api.cut(false);
    observer.rest(secs(120)).await;
    api.forget(broken);
    observer
        .until("back", secs(31), |seen| seen.feed(Kind::Pod) == Feed::Live)
        .await;
    observer.rest(secs(11)).await;
    api.cut(false);
    api.put_pod("after", "Running");
    observer
        .until("followed again", secs(1), |seen| {
            seen.object(Kind::Pod, "after").is_some()
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn f02_cut_watches_resume_without_a_list() {
    let api = Api::with_pods(5);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let before = api.count(|a| a.is_watch_of(PODS));
    for n in 0..3 {
        api.cut(false);
        api.put_pod(&format!("new-{n}"), "Running");
        observer.rest(secs(4)).await;
    }
    observer
        .until("equal", secs(5), |seen| seen.names(Kind::Pod) == api.names(PODS))
        .await;
    assert_eq!(api.count(|a| a.is_list_of(PODS)), 1);
    let again = api.count(|a| a.is_watch_of(PODS)) - before;
    assert!(again <= 6, "{again} reconnects in 12 s");
    assert!(
        !observer
            .seen
            .links
            .iter()
            .any(|(_, link)| matches!(link, Link::Stale { .. }))
    );
}

#[tokio::test(start_paused = true)]
async fn f07_a_watch_that_ends_every_second_is_called_unstable_and_not_hammered() {
    let api = Api::with_pods(5);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let before = api.count(|a| a.path == PODS);
    for _ in 0..600 {
        api.cut(true);
        observer.rest(secs(1)).await;
    }
    let asked = api.count(|a| a.path == PODS) - before;
    assert!(asked <= 600, "{asked} requests in 600 s");
    assert!(
        observer
            .seen
            .links
            .iter()
            .any(|(_, link)| matches!(link, Link::Unstable { .. }))
    );
    api.put_pod("late", "Running");
    observer
        .until("equal", secs(40), |seen| seen.names(Kind::Pod) == api.names(PODS))
        .await;
    observer.rest(secs(70)).await;
    assert_eq!(observer.seen.link(), Some(&Link::Live), "forgiven after a quiet minute");
}

#[tokio::test(start_paused = true)]
async fn f08_a_black_hole_is_seen_within_ten_seconds_and_left_within_five() {
    let api = Api::with_pods(5);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    observer.rest(secs(17)).await;
    let hole = api.rule(|_| Some(Reply::Hang));
    api.fall_silent(true);
    observer
        .until("stale", secs(10), |seen| {
            matches!(seen.link(), Some(Link::Stale { .. }))
        })
        .await;
    api.put_pod("new", "Running");
    observer.rest(secs(60)).await;
    assert!(observer.seen.object(Kind::Pod, "new").is_none());
    // Old connections stay dead; new ones work.
    api.forget(hole);
    observer
        .until("equal again", secs(5), |seen| {
            seen.object(Kind::Pod, "new").is_some() && seen.is_live()
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn f08_a_black_hole_in_the_middle_of_a_list_is_left_within_five_seconds_too() {
    let api = Api::with_pods(1600);
    // What was asked before or during the hole never comes, also after it.
    let hole = api.rule(|asked| {
        let is_there = asked.path == PODS && asked.query.get("continue").is_none_or(|token| token == "0");
        (!is_there && asked.path != "/readyz" || asked.path == "/version").then_some(Reply::Hang)
    });
    let (_cluster, mut observer) = watch(&api);
    observer
        .until("the first page", secs(2), |seen| seen.names(Kind::Pod).len() == 500)
        .await;
    let whole = api.rule(|_| Some(Reply::Hang));
    // The second rule is asked only where the first has no answer.
    observer
        .until("stale", secs(10), |seen| {
            matches!(seen.link(), Some(Link::Stale { .. }))
        })
        .await;
    observer.rest(secs(4)).await;
    api.forget(whole);
    api.forget(hole);
    observer
        .until("whole", secs(5), |seen| seen.is_synced() && seen.is_live())
        .await;
    assert_eq!(observer.seen.names(Kind::Pod).len(), 1600);
    assert_eq!(api.count(|a| a.is_list_of(PODS)), 1, "the list went on where it was");
}

#[tokio::test(start_paused = true)]
async fn f09_a_watch_without_bookmarks_is_suspect_after_ninety_seconds() {
    let api = Api::with_pods(5);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let watches = api.count(|a| a.is_watch_of(PODS));
    api.fall_silent(true);
    api.put_pod("lost", "Running");
    observer.rest(secs(80)).await;
    assert_eq!(api.count(|a| a.is_watch_of(PODS)), watches);
    observer
        .until("the lost pod", secs(20), |seen| {
            seen.object(Kind::Pod, "lost").is_some()
        })
        .await;
    assert_eq!(api.count(|a| a.is_list_of(PODS)), 1, "resumed, nothing lost");
}

#[tokio::test(start_paused = true)]
async fn bookmarks_keep_a_quiet_watch() {
    let api = Api::with_pods(5);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let watches = api.count(|a| a.is_watch_of(PODS));
    for _ in 0..10 {
        observer.rest(secs(60)).await;
        api.bookmark();
    }
    assert_eq!(api.count(|a| a.is_watch_of(PODS)), watches);
    assert_eq!(
        observer.seen.links.len(),
        2,
        "connecting, live: {:?}",
        observer.seen.links
    );
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_on_request_resumes_at_once() {
    let api = Api::with_pods(5);
    let (cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    api.fall_silent(true);
    api.put_pod("while-asleep", "Running");
    cluster.reconnect_now();
    observer
        .until("resumed", secs(1), |seen| {
            seen.object(Kind::Pod, "while-asleep").is_some()
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn f51_a_server_that_never_answers_delays_nobody_and_ends_at_once() {
    let (dead, good) = (Api::new(), Api::with_pods(50));
    dead.rule(|_| Some(Reply::Hang));
    let (_dead, mut of_dead) = watch(&dead);
    let (_good, mut of_good) = watch(&good);
    let took = of_good
        .until("synced", secs(1), |seen| seen.is_synced() && seen.is_live())
        .await;
    assert!(took < secs(1), "{took:?}");
    of_dead
        .until("unreachable", secs(10), |seen| {
            matches!(seen.link(), Some(Link::Unreachable { .. }))
        })
        .await;
    let ended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ended);
    let count = dead.asked().len();
    drop(of_dead);
    tokio::spawn(async move {
        tokio::time::sleep(secs(60)).await;
        flag.store(true, Ordering::Relaxed);
    });
    of_good.rest(secs(61)).await;
    assert!(ended.load(Ordering::Relaxed));
    assert!(
        dead.asked().len() <= count + 1,
        "nothing is asked of a cluster that was left"
    );
}
