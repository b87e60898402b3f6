//! Events that never came: numbers are compared every ten minutes.

use pilothouse::domain::Kind;
use serde_json::json;

use super::{PODS, secs};
use crate::support::api::{Api, Reply};
use crate::support::observer::Observer;
use crate::support::watch;

/// Lets time pass as on a server that sends bookmarks.
async fn pass(api: &Api, observer: &mut Observer, minutes: u32) {
    for _ in 0..minutes {
        observer.rest(secs(60)).await;
        api.bookmark();
    }
}

fn glances(api: &Api) -> usize {
    api.count(|a| a.path == PODS && a.query.get("limit").is_some_and(|limit| limit == "1"))
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_missed_is_found_by_counting() {
    let api = Api::with_pods(20);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    api.put_pod_untold("untold");
    pass(&api, &mut observer, 9).await;
    assert_eq!(glances(&api), 0, "not before its time");
    pass(&api, &mut observer, 6).await;
    assert_eq!(glances(&api), 2, "found, and confirmed");
    assert_eq!(observer.seen.names(Kind::Pod), api.names(PODS));
    assert_eq!(
        observer.seen.notices,
        ["pods resynchronised: 20 were known, the server has 21"]
    );
    assert_eq!(api.count(|a| a.is_list_of(PODS)), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_told_is_no_difference_however_much_comes_and_goes() {
    let api = Api::with_pods(20);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    for n in 0..90 {
        observer.rest(secs(20)).await;
        api.put_pod(&format!("new-{n}"), "Running");
        api.put_pod("p00001", "Pending");
        if n % 3 == 0 {
            api.delete(PODS, &format!("gift/new-{n}"));
            api.bookmark();
        }
    }
    assert!(
        (2..=4).contains(&glances(&api)),
        "{} checks in half an hour",
        glances(&api)
    );
    assert_eq!(api.count(|a| a.is_list_of(PODS)), 1);
    assert!(observer.seen.notices.is_empty(), "{:?}", observer.seen.notices);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_count_is_not_doubted() {
    let api = Api::with_pods(20);
    api.rule(|asked| {
        let is_glance = asked.path == PODS && asked.query.get("limit").is_some_and(|limit| limit == "1");
        let item = json!({"metadata": {"name": "p00000", "namespace": "gift"}});
        let list = json!({"metadata": {"resourceVersion": "122", "continue": "1"}, "items": [item]});
        is_glance.then(|| Reply::status(200, &list))
    });
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    pass(&api, &mut observer, 40).await;
    assert_eq!(api.count(|a| a.is_list_of(PODS)), 1);
    assert!(observer.seen.notices.is_empty(), "{:?}", observer.seen.notices);
}
