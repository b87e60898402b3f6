//! Rights that are half given, and rights that are given later.

use pilothouse::cluster::Target;
use pilothouse::domain::{ClusterId, Feed, Kind};
use serde_json::json;

use super::{PODS, secs};
use crate::support::api::{Api, Asked, Reply};
use crate::support::observer::Seen;
use crate::support::{watch, watch_target};

fn forbidden() -> Reply {
    Reply::status(403, &json!({"kind": "Status", "code": 403, "reason": "Forbidden"}))
}

/// Whether an object is asked for, a list or a watch: not discovery, a probe or a review.
fn is_read(asked: &Asked) -> bool {
    asked.method == "GET" && asked.path.starts_with("/api") && asked.path.matches('/').count() > 2
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

#[tokio::test(start_paused = true)]
async fn f13_watches_of_one_namespace_end_when_all_may_be_seen() {
    let api = Api::with_pods(5);
    let rule = api.rule(|asked| {
        let is_allowed = asked.path.contains("/namespaces/gift/") && !asked.path.ends_with("/resourcequotas");
        (is_read(asked) && !is_allowed).then(forbidden)
    });
    let client = kube::Client::new(api.clone(), "gift");
    let (cluster, mut observer) = watch_target(Target::from_client(ClusterId::new("test"), client));
    let here = |kind| (kind, "gift".into());
    observer
        .until("its namespace", secs(10), |seen| {
            seen.feeds.get(&here(Kind::Pod)) == Some(&Feed::Live)
                && matches!(seen.feeds.get(&here(Kind::ResourceQuota)), Some(Feed::NoAccess { .. }))
        })
        .await;
    api.forget(rule);
    cluster.reconnect_now();
    observer
        .until("all, and nothing beside it", secs(10), |seen| {
            let is_alone = seen.feeds.keys().all(|(_, namespace)| namespace.is_empty());
            seen.is_synced() && is_alone && seen.scope.is_none()
        })
        .await;
    assert_eq!(observer.seen.names(Kind::Pod).len(), 5);
    observer.rest(secs(120)).await;
    assert!(observer.seen.feeds.keys().all(|(_, namespace)| namespace.is_empty()));
}
