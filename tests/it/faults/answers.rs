//! Answers that are not what was asked for: too many requests, server errors, refusals.

use pilothouse::cluster::{ClusterError, Options, Target};
use pilothouse::domain::access::{Right, Verb};
use pilothouse::domain::{ClusterId, Feed, Kind, Link};
use serde_json::json;
use tokio::time::Duration;

use super::{PODS, secs};
use crate::support::api::{Api, Reply};
use crate::support::observer::Seen;
use crate::support::{watch, watch_target};

#[tokio::test(start_paused = true)]
async fn f11_a_wait_that_is_asked_for_is_kept_and_capped() {
    for (asked_for, least, most) in [("1", 1, 2), ("60", 60, 61), ("9e18", 60, 61)] {
        let api = Api::with_pods(5);
        let mut left = 1;
        api.rule(move |asked| {
            let is_now = asked.is_list_of(PODS) && left > 0;
            left -= u32::from(is_now);
            is_now.then(|| Reply::Answer {
                code: 429,
                headers: vec![("retry-after", asked_for.to_owned())],
                body: "{}".into(),
            })
        });
        let (_cluster, mut observer) = watch(&api);
        let told = |feed: Feed| matches!(feed, Feed::Stale { reason, retry_at: Some(_), .. } if reason == "throttled");
        observer.until("told", secs(5), |seen| told(seen.feed(Kind::Pod))).await;
        let took = observer
            .until("listed", secs(90), |seen| seen.names(Kind::Pod).len() == 5)
            .await;
        assert!(
            took + Duration::from_millis(100) >= secs(least) && took <= secs(most),
            "{asked_for}: {took:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn f11_a_page_that_is_throttled_comes_after_the_wait_and_the_others_are_kept() {
    for code in [429, 503] {
        let api = Api::with_pods(1400);
        let mut left = 1;
        api.rule(move |asked| {
            let is_now = asked.path == PODS && asked.query.get("continue").is_some_and(|at| at == "1000") && left > 0;
            left -= u32::from(is_now);
            is_now.then(|| Reply::Answer {
                code,
                headers: vec![("retry-after", "40".to_owned())],
                body: "{}".into(),
            })
        });
        let (_cluster, mut observer) = watch(&api);
        let told = |feed: Feed| matches!(feed, Feed::Stale { retry_at: Some(_), .. });
        observer.until("told", secs(5), |seen| told(seen.feed(Kind::Pod))).await;
        assert_eq!(observer.seen.names(Kind::Pod).len(), 1000);
        let took = observer
            .until("all", secs(60), |seen| seen.feed(Kind::Pod) == Feed::Live)
            .await;
        assert!(
            took + Duration::from_millis(100) >= secs(40) && took <= secs(41),
            "{code}: {took:?}"
        );
        assert_eq!(observer.seen.names(Kind::Pod).len(), 1400);
        let pages = api.count(|asked| asked.path == PODS && !asked.is_watch());
        assert_eq!(pages, 4, "{code}: three pages, one of them twice");
    }
}

#[tokio::test(start_paused = true)]
async fn f12_server_errors_are_short_and_reads_are_tried_again() {
    let api = Api::with_pods(5);
    let mut codes = vec![504, 503, 502, 500];
    api.rule(move |asked| {
        let code = if asked.is_list_of(PODS) {
            codes.pop()?
        } else {
            return None;
        };
        Some(Reply::Answer {
            code,
            headers: vec![],
            body: "<html>\u{1b}[31m".repeat(1000).into(),
        })
    });
    let (_cluster, mut observer) = watch(&api);
    let told = |feed: Feed| matches!(feed, Feed::Stale { reason, .. } if reason.starts_with("server error 50"));
    observer
        .until("told", secs(10), |seen| told(seen.feed(Kind::Pod)))
        .await;
    observer.until_synced().await;
    assert_eq!(observer.seen.names(Kind::Pod).len(), 5);
}

#[tokio::test(start_paused = true)]
async fn f12_a_server_that_only_has_errors_is_connecting_with_the_reason() {
    for code in [500, 503] {
        let api = Api::with_pods(5);
        let broken = api.rule(move |_| Some(Reply::status(code, &json!({"message": "etcd is down"}))));
        let (_cluster, mut observer) = watch(&api);
        let why = format!("server error {code}: etcd is down");
        observer
            .until(
                "the reason",
                secs(1),
                |seen| matches!(seen.link(), Some(Link::Connecting { reason: Some(reason) }) if *reason == *why),
            )
            .await;
        observer.rest(secs(60)).await;
        assert_eq!(observer.seen.links.len(), 2, "told once: {:?}", observer.seen.links);
        api.forget(broken);
        observer.until("live", secs(5), Seen::is_live).await;
    }
}

#[tokio::test(start_paused = true)]
async fn f12_a_proxy_with_nobody_behind_it_is_a_loss_within_ten_seconds() {
    let api = Api::with_pods(5);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let nobody = api.rule(|_| Some(Reply::status(503, &json!({"message": "no healthy upstream"}))));
    let why = "server error 503: no healthy upstream";
    let is_lost = |seen: &Seen| matches!(seen.link(), Some(Link::Stale { reason, .. }) if *reason == *why);
    observer.until("the loss", secs(10), is_lost).await;
    assert_eq!(observer.seen.names(Kind::Pod).len(), 5, "rows stay");
    api.forget(nobody);
    observer.until("live", secs(5), Seen::is_live).await;
}

#[tokio::test(start_paused = true)]
async fn f12_what_is_posted_is_sent_exactly_once() {
    let api = Api::new();
    let (cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    for code in [429, 500, 503, 504] {
        let before = api.count(|a| a.method == "POST");
        let rule = api.rule(move |asked| (asked.method == "POST").then(|| Reply::status(code, &json!({}))));
        let access = cluster.review(&[Right::on(Verb::List, Kind::Pod, "gift")]).await;
        assert!(access.answers.is_empty(), "no answer is no answer");
        observer.rest(secs(30)).await;
        assert_eq!(api.count(|a| a.method == "POST"), before + 1, "{code}");
        api.forget(rule);
    }
}

fn forbidden(what: &str) -> Reply {
    Reply::status(
        403,
        &json!({"kind": "Status", "code": 403, "reason": "Forbidden", "message": what}),
    )
}

#[tokio::test(start_paused = true)]
async fn f13_one_forbidden_kind_is_asked_for_rarely_and_the_others_live() {
    let api = Api::with_pods(5);
    let quotas = "resourcequotas";
    let rule = api.rule(move |asked| asked.path.ends_with(quotas).then(|| forbidden("no")));
    let (_cluster, mut observer) = watch(&api);
    observer.rest(secs(600)).await;
    let asked = api.count(|a| a.path == "/api/v1/resourcequotas");
    assert!(asked <= 10, "{asked} requests in ten minutes");
    assert_eq!(
        observer.seen.feed(Kind::ResourceQuota),
        Feed::NoAccess {
            right: "list resourcequotas in all namespaces".into()
        }
    );
    assert_eq!(
        (observer.seen.feed(Kind::Pod), observer.seen.is_live()),
        (Feed::Live, true)
    );
    api.forget(rule);
    observer
        .until("allowed now", secs(600), |seen| {
            seen.feed(Kind::ResourceQuota) == Feed::Live
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn f13_what_may_not_be_seen_any_more_is_not_shown_as_if_it_were_followed() {
    let api = Api::with_pods(5);
    let (cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let rule = api.rule(|asked| {
        let is_reviewed = asked.path.ends_with("selfsubjectaccessreviews");
        let denied = Reply::status(201, &json!({"status": {"allowed": false}}));
        if asked.path.ends_with("/pods") {
            Some(forbidden("withdrawn"))
        } else {
            is_reviewed.then_some(denied)
        }
    });
    api.cut(false);
    observer
        .until("no access", secs(5), |seen| {
            seen.feed(Kind::Pod)
                == Feed::NoAccess {
                    right: "list pods in all namespaces".into(),
                }
        })
        .await;
    assert!(observer.seen.names(Kind::Pod).is_empty());
    assert_eq!(observer.seen.names(Kind::Node).len(), 2, "the rest stays");
    api.forget(rule);
    cluster.reconnect_now();
    observer
        .until("all back", secs(5), |seen| seen.names(Kind::Pod).len() == 5)
        .await;
}

#[tokio::test(start_paused = true)]
async fn f13_a_user_of_one_namespace_gets_a_whole_program_for_it() {
    let api = Api::with_pods(5);
    api.put(
        "/api/v1/pods",
        &json!({"metadata": {"name": "hidden", "namespace": "kube-system"}}),
    );
    api.put(
        "/apis/apps/v1/deployments",
        &json!({"metadata": {"name": "live", "namespace": "gift"}}),
    );
    api.rule(|asked| {
        let is_list = asked.method == "GET" && asked.path.starts_with("/api") && asked.path.matches('/').count() > 2;
        (is_list && !asked.path.contains("/namespaces/gift/")).then(|| forbidden("only gift"))
    });
    let id = ClusterId::new("test");
    let client = kube::Client::new(api.clone(), "gift");
    let (_cluster, mut observer) = watch_target(Target::from_client(id, client));
    observer
        .until("its pods", secs(10), |seen| seen.names(Kind::Pod).len() == 5)
        .await;
    observer
        .until("its workloads", secs(10), |seen| {
            seen.names(Kind::Deployment) == ["gift/live"]
        })
        .await;
    assert_eq!(observer.seen.scope.as_ref().unwrap(), &["gift"]);
    assert_eq!(observer.seen.names(Kind::Namespace), ["gift"]);
    api.put_pod("new", "Running");
    observer
        .until("followed", secs(2), |seen| seen.object(Kind::Pod, "new").is_some())
        .await;
    observer.rest(secs(20)).await;
    assert!(observer.seen.is_live());
}

#[tokio::test(start_paused = true)]
async fn f13_one_of_two_namespaces_is_forbidden() {
    let api = Api::with_pods(5);
    api.rule(|asked| asked.path.contains("/namespaces/secret/").then(|| forbidden("no")));
    let options = Options {
        namespaces: vec!["secret".into(), "gift".into()],
        ..Options::default()
    };
    let target = Target::from_client(ClusterId::new("test"), api.client()).with_options(&options);
    let (_cluster, mut observer) = watch_target(target);
    observer
        .until("the other", secs(5), |seen| seen.names(Kind::Pod).len() == 5)
        .await;
    let feed = &observer.seen.feeds[&(Kind::Pod, "secret".into())];
    assert_eq!(
        feed,
        &Feed::NoAccess {
            right: "list pods in secret".into()
        }
    );
}

#[tokio::test(start_paused = true)]
async fn f13_one_of_two_namespaces_and_no_kind_of_the_cluster_is_still_something() {
    for (names, is_denied) in [(["gift", "secret"], false), (["secret", "hidden"], true)] {
        let api = Api::with_pods(5);
        api.rule(|asked| {
            let is_list = asked.path.starts_with("/api") && (asked.query.contains_key("limit") || asked.is_watch());
            (is_list && !asked.path.contains("/namespaces/gift/")).then(|| forbidden("only gift"))
        });
        let options = Options {
            namespaces: names.map(str::to_owned).into(),
            ..Options::default()
        };
        let target = Target::from_client(ClusterId::new("test"), api.client()).with_options(&options);
        let (_cluster, mut observer) = watch_target(target);
        observer.rest(secs(30)).await;
        let link = observer.seen.link();
        assert_eq!(
            matches!(link, Some(Link::Denied { .. })),
            is_denied,
            "{names:?}: {link:?}"
        );
        assert_eq!(observer.seen.is_live(), !is_denied, "{names:?}: {link:?}");
        let pods = if is_denied { 0 } else { 5 };
        assert_eq!(observer.seen.names(Kind::Pod).len(), pods, "{names:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_see_nothing_is_told_so() {
    let api = Api::new();
    api.rule(|asked| {
        if asked.path.ends_with("selfsubjectaccessreviews") {
            return Some(Reply::status(201, &json!({"status": {"allowed": false}})));
        }
        let is_list = asked.path.starts_with("/api") && asked.query.contains_key("limit");
        is_list.then(|| forbidden("no"))
    });
    let (_cluster, mut observer) = watch(&api);
    observer
        .until("denied", secs(20), |seen| {
            matches!(seen.link(), Some(Link::Denied { .. }))
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn f24_watch_list_is_never_asked_for() {
    let api = Api::with_pods(5);
    api.rule(|asked| {
        let asks = asked.query.contains_key("sendInitialEvents") || asked.query.contains_key("resourceVersionMatch");
        asks.then(|| Reply::status(422, &json!({"code": 422})))
    });
    let (_cluster, mut observer) = watch(&api);
    let took = observer.until("synced", secs(10), Seen::is_synced).await;
    assert!(took < secs(1));
    assert_eq!(api.count(|a| a.query.contains_key("sendInitialEvents")), 0);
}

#[tokio::test(start_paused = true)]
async fn writes_are_refused_at_the_door_of_a_read_only_cluster() {
    let api = Api::new();
    let target = Target::from_client(ClusterId::new("test"), api.client()).with_readonly(true);
    let (cluster, _observer) = watch_target(target);
    assert_eq!(cluster.may_write(), Err(ClusterError::ReadOnly));
    let (cluster, _observer) = watch(&api);
    assert_eq!(cluster.may_write(), Ok(()));
}
