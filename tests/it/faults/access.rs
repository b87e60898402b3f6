//! Rights that are half given.

use pilothouse::domain::{Feed, Kind};
use serde_json::json;

use super::{PODS, secs};
use crate::support::api::{Api, Reply};
use crate::support::observer::Seen;
use crate::support::watch;

fn forbidden() -> Reply {
    Reply::status(403, &json!({"kind": "Status", "code": 403, "reason": "Forbidden"}))
}

fn is_no_access_to_watch(seen: &Seen) -> bool {
    let says = "no access: watch pods in all namespaces";
    matches!(seen.feed(Kind::Pod), Feed::Stale { reason, retry_at: Some(_), .. } if reason == says)
}

#[tokio::test(start_paused = true)]
async fn f13_what_may_be_listed_and_not_watched_is_listed_from_time_to_time() {
    let api = Api::with_pods(5);
    let rule = api.rule(|asked| (asked.is_watch() && asked.path.ends_with("/pods")).then(forbidden));
    let (cluster, mut observer) = watch(&api);
    observer.until("told", secs(5), is_no_access_to_watch).await;
    api.put_pod("new", "Running");
    observer
        .until("listed again", secs(61), |seen| seen.object(Kind::Pod, "new").is_some())
        .await;
    observer.until("told", secs(5), is_no_access_to_watch).await;
    observer.rest(secs(3600)).await;
    assert_eq!(observer.seen.fewest_pods, Some(5), "rows stay");
    assert_eq!(observer.seen.scope, None, "nothing stands in for it");
    let asked = api.count(|asked| asked.path.contains("/namespaces/"));
    assert_eq!(asked, 0, "nothing stands in for it");
    let lists = api.count(|asked| asked.is_list_of(PODS));
    assert!((5..=12).contains(&lists), "{lists} lists in an hour");
    api.forget(rule);
    cluster.reconnect_now();
    observer.until_synced().await;
    assert_eq!(observer.seen.names(Kind::Pod).len(), 6);
}

#[tokio::test(start_paused = true)]
async fn f13_a_watch_refused_later_keeps_its_rows_only_if_they_may_be_listed() {
    for may_list in [true, false] {
        let api = Api::with_pods(5);
        let (_cluster, mut observer) = watch(&api);
        observer.until_synced().await;
        // Long enough for the cut to be no trouble.
        observer.rest(secs(60)).await;
        api.rule(move |asked| {
            let is_refused = asked.path.ends_with("/pods") && (asked.is_watch() || !may_list);
            let is_review = asked.path.ends_with("selfsubjectaccessreviews");
            let denied = Reply::status(201, &json!({"status": {"allowed": false}}));
            if is_refused {
                Some(forbidden())
            } else {
                is_review.then_some(denied)
            }
        });
        api.cut(true);
        let (told, rows): (fn(&Seen) -> bool, usize) = if may_list {
            (is_no_access_to_watch, 5)
        } else {
            (
                |seen| matches!(seen.feed(Kind::Pod), Feed::NoAccess { right } if right == "list pods in all namespaces"),
                0,
            )
        };
        observer.until("told", secs(5), told).await;
        assert_eq!(observer.seen.names(Kind::Pod).len(), rows, "may list: {may_list}");
        assert_eq!(observer.seen.fewest_pods, Some(rows));
    }
}
