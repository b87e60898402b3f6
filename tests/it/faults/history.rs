//! Versions that are gone, lists that expire half-way, history that goes back.

use pilothouse::domain::{Feed, Kind};
use serde_json::json;

use super::{PODS, secs};
use crate::support::api::{Api, Reply, gone, line_of};
use crate::support::watch;

#[tokio::test(start_paused = true)]
async fn f03_compaction_costs_one_list_and_no_row() {
    let api = Api::with_pods(30);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    api.fall_silent(true);
    api.put_pod("new", "Running");
    api.delete(PODS, "gift/p00000");
    api.compact();
    api.fall_silent(false);
    api.cut(false);
    observer
        .until("equal", secs(10), |seen| seen.names(Kind::Pod) == api.names(PODS))
        .await;
    observer.rest(secs(60)).await;
    assert_eq!(api.count(|a| a.is_list_of(PODS)), 2, "one more list");
    assert_eq!(observer.seen.fewest_pods, Some(30), "no row flickered");
}

#[tokio::test(start_paused = true)]
async fn f04_gone_as_http_status_is_a_list_and_no_loop() {
    let api = Api::with_pods(5);
    let mut left = 1;
    api.rule(move |asked| {
        let is_now = asked.is_watch_of(PODS) && left > 0;
        left -= u32::from(is_now);
        is_now.then(|| Reply::status(410, &gone()))
    });
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    observer.rest(secs(60)).await;
    assert_eq!(api.count(|a| a.is_list_of(PODS)), 2);
}

#[tokio::test(start_paused = true)]
async fn f04_gone_for_ever_is_not_hammered() {
    let api = Api::with_pods(5);
    api.rule(|asked| asked.is_watch_of(PODS).then(|| Reply::status(410, &gone())));
    let (_cluster, mut observer) = watch(&api);
    observer.rest(secs(120)).await;
    let lists = api.count(|a| a.is_list_of(PODS));
    assert!(lists <= 20, "{lists} lists in two minutes");
    assert_eq!(observer.seen.names(Kind::Pod).len(), 5, "what was read shows");
}

#[tokio::test(start_paused = true)]
async fn f05_a_list_that_expires_half_way_goes_on_with_the_new_token() {
    let api = Api::with_pods(1600);
    let mut left = 1;
    api.rule(move |asked| {
        let is_now = asked.path == PODS && asked.query.get("continue").is_some_and(|token| token == "1000") && left > 0;
        left -= u32::from(is_now);
        let mut status = gone();
        status["metadata"] = json!({"continue": "1000"});
        is_now.then(|| Reply::status(410, &status))
    });
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    assert_eq!(observer.seen.names(Kind::Pod), api.names(PODS));
    observer.rest(secs(60)).await;
    assert_eq!(
        api.count(|a| a.is_list_of(PODS)),
        2,
        "finished, then once more because it was not of one moment"
    );
}

/// Answers the second-last page of the first so many lists with 410 and another token.
fn expire(api: &Api, lists: u32) {
    let mut left = lists;
    api.rule(move |asked| {
        let is_now = asked.path == PODS && asked.query.get("continue").is_some_and(|token| token == "1000") && left > 0;
        left -= u32::from(is_now);
        let mut status = gone();
        // As real servers do: a token of its own, which starts where the other one stood.
        status["metadata"] = json!({"continue": "01000"});
        is_now.then(|| Reply::status(410, &status))
    });
}

#[tokio::test(start_paused = true)]
async fn f05_the_new_token_is_the_one_that_is_used_and_nothing_is_asked_twice() {
    let api = Api::with_pods(1600);
    expire(&api, 1);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let tokens: Vec<String> = api
        .asked()
        .into_iter()
        .filter(|a| a.path == PODS && !a.is_watch())
        .map(|a| a.query.get("continue").cloned().unwrap_or_default())
        .collect();
    let first = ["", "500", "1000", "01000", "1500"];
    let again = ["", "500", "1000", "1500"];
    assert_eq!(tokens, [&first[..], &again[..]].concat());
    assert_eq!(observer.seen.names(Kind::Pod), api.names(PODS));
}

#[tokio::test(start_paused = true)]
async fn f05_a_list_that_expires_every_time_is_read_three_times_said_and_read_again_later() {
    for (expiries, lists) in [(2, 3), (9, 3)] {
        let api = Api::with_pods(1600);
        expire(&api, expiries);
        let (_cluster, mut observer) = watch(&api);
        observer.until_synced().await;
        observer.rest(secs(60)).await;
        assert_eq!(api.count(|a| a.is_list_of(PODS)), lists, "{expiries}");
        let is_said = observer.seen.notices.iter().any(|n| n.contains("some may be old"));
        assert_eq!(is_said, expiries > 2, "{:?}", observer.seen.notices);
        api.put_pod("followed", "Running");
        observer
            .until("followed", secs(2), |seen| seen.object(Kind::Pod, "followed").is_some())
            .await;
        for _ in 0..12 {
            observer.rest(secs(60)).await;
            api.bookmark();
        }
        let later = api.count(|a| a.is_list_of(PODS)) - lists;
        assert_eq!(later > 0, expiries > 2, "{later} more lists");
    }
}

#[tokio::test(start_paused = true)]
async fn f05_without_a_new_token_the_list_starts_over() {
    let api = Api::with_pods(1600);
    let mut left = 1;
    api.rule(move |asked| {
        let is_now = asked.path == PODS && asked.query.contains_key("continue") && left > 0;
        left -= u32::from(is_now);
        is_now.then(|| Reply::status(410, &gone()))
    });
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    assert_eq!(observer.seen.names(Kind::Pod).len(), 1600);
}

#[tokio::test(start_paused = true)]
async fn f06_a_history_that_goes_back_is_noticed_and_everything_read_anew() {
    let api = Api::with_pods(10);
    let backup = api.version();
    for n in 0..5 {
        api.put_pod(&format!("after-backup-{n}"), "Running");
    }
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let down = api.rule(|_| Some(Reply::Refuse));
    api.cut(false);
    observer.rest(secs(10)).await;
    api.rewind(backup);
    api.put_pod("after-restore", "Running");
    api.forget(down);
    observer
        .until("equal", secs(15), |seen| seen.names(Kind::Pod) == api.names(PODS))
        .await;
    observer
        .until("told", secs(15), |seen| {
            seen.notices.iter().any(|n| n.contains("history rewound"))
        })
        .await;
    api.put_pod("later", "Running");
    observer
        .until("followed", secs(5), |seen| seen.object(Kind::Pod, "later").is_some())
        .await;
}

#[tokio::test(start_paused = true)]
async fn f06_a_bookmark_from_the_past_is_enough() {
    let api = Api::with_pods(10);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    api.say(
        PODS,
        &line_of(&json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "7"}}})),
    );
    observer
        .until("told", secs(5), |seen| {
            seen.notices.iter().any(|n| n.contains("history rewound"))
        })
        .await;
    observer.rest(secs(5)).await;
    assert_eq!(api.count(|a| a.is_list_of(PODS)), 2);
    assert_eq!(
        api.count(|a| a.is_list_of("/apis/apps/v1/deployments")),
        2,
        "the other kinds as well"
    );
}

#[tokio::test(start_paused = true)]
async fn f06_a_watch_that_waits_meanwhile_does_not_rewind_once_more() {
    const DEPLOYMENTS: &str = "/apis/apps/v1/deployments";
    let api = Api::with_pods(10);
    let backup = api.version() - 5;
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let broken = api.rule(|asked| (asked.path == DEPLOYMENTS).then(|| Reply::status(500, &json!({}))));
    api.cut(false);
    observer.rest(secs(20)).await;
    api.rewind(backup);
    let bookmark = json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": backup.to_string()}}});
    api.say(PODS, &line_of(&bookmark));
    observer.rest(secs(20)).await;
    api.forget(broken);
    observer
        .until("all back", secs(40), |seen| seen.feed(Kind::Deployment) == Feed::Live)
        .await;
    observer.rest(secs(60)).await;
    assert_eq!(api.count(|a| a.is_list_of(PODS)), 2, "one rewind, one list");
    assert_eq!(observer.seen.names(Kind::Pod), api.names(PODS));
}
