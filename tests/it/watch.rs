//! Watching when all is well: what is read, in which order, how it is told.

use std::time::Duration;

use pilothouse::domain::{Feed, Kind, Object};
use serde_json::json;

use crate::support::api::Api;
use crate::support::watch;

const SOON: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_cluster_is_listed_in_pages_and_then_followed() {
    let api = Api::with_pods(1201);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    assert_eq!(observer.seen.names(Kind::Pod), api.names("/api/v1/pods"));
    assert_eq!(
        api.count(|a| a.path == "/api/v1/pods" && !a.is_watch()),
        3,
        "pages of 500"
    );
    api.put_pod("new", "Pending");
    api.delete("/api/v1/pods", "gift/p00000");
    observer
        .until("the changes", SOON, |seen| seen.object(Kind::Pod, "new").is_some())
        .await;
    assert_eq!(observer.seen.names(Kind::Pod), api.names("/api/v1/pods"));
    assert_eq!(observer.seen.identity.as_ref().unwrap().user.as_ref().unwrap(), &"ann");
}

#[tokio::test(start_paused = true)]
async fn rows_show_while_pages_are_still_coming() {
    let api = Api::with_pods(1100);
    let mut pages = 0;
    let slow = api.rule(move |asked| {
        pages += usize::from(asked.path == "/api/v1/pods" && !asked.is_watch());
        (pages > 1 && asked.path == "/api/v1/pods").then_some(crate::support::api::Reply::Hang)
    });
    let (_cluster, mut observer) = watch(&api);
    observer
        .until("the first page", SOON, |seen| seen.names(Kind::Pod).len() == 500)
        .await;
    let listing = |feed: Feed| {
        matches!(
            feed,
            Feed::Listing {
                rows: 500,
                total: Some(1100)
            }
        )
    };
    observer
        .until("its progress", SOON, |seen| listing(seen.feed(Kind::Pod)))
        .await;
    api.forget(slow);
    observer.until_synced().await;
    assert_eq!(observer.seen.names(Kind::Pod).len(), 1100);
}

#[tokio::test(start_paused = true)]
async fn a_burst_becomes_one_batch_and_the_last_change_counts() {
    let api = Api::with_pods(10);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let before = observer.seen.batches;
    for phase in ["Pending", "Running", "Failed"] {
        for n in 0..10 {
            api.put_pod(&format!("p{n:05}"), phase);
        }
    }
    observer.rest(Duration::from_secs(1)).await;
    assert!(
        observer.seen.batches - before <= 2,
        "{} batches",
        observer.seen.batches - before
    );
    let Some(Object::Pod(pod)) = observer.seen.object(Kind::Pod, "p00003") else {
        panic!("a pod")
    };
    assert_eq!(pod.phase, pilothouse::domain::PodPhase::Failed);
}

#[tokio::test(start_paused = true)]
async fn events_are_watched_from_now_on_and_older_ones_come_on_demand() {
    let api = Api::with_pods(1);
    let event = |name: &str, about: &str, at: &str| {
        json!({"metadata": {"name": name, "namespace": "gift"}, "type": "Warning", "reason": "BackOff", "lastTimestamp": at,
            "involvedObject": {"kind": "Pod", "namespace": "gift", "name": about, "uid": about}})
    };
    api.put("/api/v1/events", &event("old", "p00000", "2026-01-01T00:00:00Z"));
    let (cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    assert!(observer.seen.names(Kind::Event).is_empty());
    api.put("/api/v1/events", &event("new", "p00000", "2026-01-01T00:01:00Z"));
    api.put("/api/v1/events", &event("other", "p1", "2026-01-01T00:02:00Z"));
    observer
        .until("new events", SOON, |seen| seen.names(Kind::Event).len() == 2)
        .await;
    let Some(Object::Pod(pod)) = observer.seen.object(Kind::Pod, "p00000").cloned() else {
        panic!("a pod")
    };
    let about = cluster.events_about("Pod", &pod.key, &pod.uid).await.unwrap();
    assert_eq!(
        about.iter().map(|e| e.key.name.as_str()).collect::<Vec<_>>(),
        ["new", "old"]
    );
    assert_eq!(cluster.recent_events("", 2).await.unwrap()[0].key.name, "other");
}

#[tokio::test(start_paused = true)]
async fn the_newest_events_are_found_wherever_their_names_put_them() {
    let api = Api::new();
    for n in 0..5_600 {
        let at = format!("2026-01-01T{:02}:{:02}:00Z", n / 60 % 24, n % 60);
        api.put(
            "/api/v1/events",
            &json!({"metadata": {"name": format!("e{n:05}"), "namespace": "gift"}, "lastTimestamp": at}),
        );
    }
    api.put(
        "/api/v1/events",
        &json!({"metadata": {"name": "z", "namespace": "gift"}, "lastTimestamp": "2026-01-02T00:00:00Z"}),
    );
    let (cluster, _observer) = watch(&api);
    let newest = cluster.recent_events("", 5).await.unwrap();
    let names: Vec<_> = newest.iter().map(|event| event.key.name.as_str()).collect();
    assert_eq!(names, ["z", "e01439", "e02879", "e04319", "e01438"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_is_shown_without_what_only_controllers_read() {
    let api = Api::new();
    api.rule(|asked| {
        (asked.path == "/api/v1/namespaces/gift/pods/p").then(|| {
            crate::support::api::Reply::status(
                200,
                &json!({"metadata": {"name": "p", "managedFields": [1], "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "s3cret", "note": "\u{1b}[2J"}}}),
            )
        })
    });
    let (cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let object = pilothouse::domain::ResourceRef {
        cluster: cluster.id().clone(),
        kind: Kind::Pod,
        key: pilothouse::domain::ObjectKey::new("gift", "p"),
        uid: pilothouse::domain::Uid::default(),
    };
    let text = cluster
        .object_text(&object)
        .await
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        text.contains("name: p") && !text.contains("s3cret") && !text.contains("managedFields"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[tokio::test(start_paused = true)]
async fn chosen_namespaces_are_watched_alone() {
    let api = Api::with_pods(3);
    api.put("/api/v1/pods", &json!({"metadata": {"name": "x", "namespace": "feed"}}));
    api.put(
        "/api/v1/pods",
        &json!({"metadata": {"name": "y", "namespace": "hidden"}}),
    );
    let options = pilothouse::cluster::Options {
        namespaces: vec!["gift".into(), "feed".into()],
        ..Default::default()
    };
    let id = pilothouse::domain::ClusterId::new("test");
    let target = pilothouse::cluster::Target::from_client(id, api.client()).with_options(&options);
    let (_cluster, mut observer) = crate::support::watch_target(target);
    observer
        .until("both namespaces", SOON, |seen| seen.names(Kind::Pod).len() == 4)
        .await;
    assert_eq!(observer.seen.scope.as_ref().unwrap().len(), 2);
    assert_eq!(api.count(|a| a.path == "/api/v1/pods"), 0);
}
