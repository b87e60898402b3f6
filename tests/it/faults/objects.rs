//! Objects that cannot be read, are huge, never end, or come in masses.

use bytes::Bytes;
use pilothouse::domain::{ClusterId, Feed, Kind, Object, PodPhase};
use serde_json::json;

use super::{PODS, secs};
use crate::support::api::{Api, Reply};
use crate::support::{watch, watch_with_room};

#[tokio::test(start_paused = true)]
async fn f20_one_unreadable_object_costs_only_itself() {
    for broken in [
        json!({"metadata": {"name": "bad", "namespace": "gift"}, "spec": {"containers": "s3cret"}}),
        json!({"metadata": {"name": "bad", "namespace": "gift", "creationTimestamp": "yesterday"}}),
        json!({"metadata": {"name": "bad", "namespace": "gift", "labels": ["s3cret"]}}),
        json!({"metadata": {"namespace": "gift", "labels": {"s3cret": "x"}}}),
    ] {
        let api = Api::with_pods(499);
        api.put(PODS, &broken);
        let (_cluster, mut observer) = watch(&api);
        observer.until_synced().await;
        assert_eq!(observer.seen.names(Kind::Pod).len(), 499, "{broken}");
        assert_eq!(observer.seen.notices, ["1 object unreadable (pods)"]);
    }
}

#[tokio::test(start_paused = true)]
async fn f20_nulls_and_unknown_fields_are_no_mistake() {
    let api = Api::with_pods(1);
    api.put(
        PODS,
        &json!({"metadata": {"name": "odd", "namespace": "gift", "labels": null, "ownerReferences": null, "uid": null},
        "spec": {"containers": null, "nodeName": null, "future": {"a": [1]}}, "status": null}),
    );
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    assert!(observer.seen.object(Kind::Pod, "odd").is_some() && observer.seen.notices.is_empty());
}

#[tokio::test(start_paused = true)]
async fn f20_a_broken_event_is_counted_and_the_watch_goes_on() {
    let api = Api::with_pods(3);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    for line in [
        "garbage\n",
        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"half\n",
        "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"p00001\",\"namespace\":\"gift\"},\"spec\":7}}\n",
        "{\"type\":\"ADDED\",\"type\":\"ADDED\",\"object\":{}}\n",
        "{\"type\":\"WHATEVER\",\"object\":{}}\n",
    ] {
        api.say(PODS, line.as_bytes());
    }
    api.put_pod("next", "Running");
    observer
        .until("what follows", secs(2), |seen| seen.object(Kind::Pod, "next").is_some())
        .await;
    assert!(
        observer.seen.notices.iter().any(|n| n.contains("unreadable (pods)")),
        "{:?}",
        observer.seen.notices
    );
    assert_eq!(api.count(|a| a.is_watch_of(PODS)), 1, "the same watch");
}

#[tokio::test(start_paused = true)]
async fn f20_a_truncated_list_is_asked_for_again() {
    let api = Api::with_pods(5);
    let mut left = 2;
    api.rule(move |asked| {
        let is_now = asked.is_list_of(PODS) && left > 0;
        left -= u32::from(is_now);
        is_now.then(|| Reply::Answer {
            code: 200,
            headers: vec![],
            body: "{\"items\":[{\"metadata\":{\"na".into(),
        })
    });
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    assert_eq!(observer.seen.names(Kind::Pod).len(), 5);
}

#[tokio::test(start_paused = true)]
async fn f21_a_huge_object_is_shown_without_its_mass() {
    let api = Api::with_pods(2);
    let mass = "x".repeat(10 << 20);
    api.put(PODS, &json!({"metadata": {"name": "huge", "namespace": "gift", "annotations": {"mass": mass, "pilothouse.dev/commit": "c0ffee"}},
        "spec": {"containers": [{"name": "c", "image": "i", "env": [{"name": "M", "value": mass}]}]}}));
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let Some(Object::Pod(pod)) = observer.seen.object(Kind::Pod, "huge") else {
        panic!("a pod")
    };
    assert_eq!(pod.version.full(), "c0ffee");
    assert!(format!("{pod:?}").len() < 10_000);
    api.put(PODS, &json!({"metadata": {"name": "huge", "namespace": "gift", "annotations": {"mass": mass}}, "status": {"phase": "Failed"}}));
    let failed = |o: Option<&Object>| matches!(o, Some(Object::Pod(pod)) if pod.phase == PodPhase::Failed);
    observer
        .until("its change", secs(5), |seen| failed(seen.object(Kind::Pod, "huge")))
        .await;
}

#[tokio::test(start_paused = true)]
async fn f22_an_event_that_never_ends_is_cut_and_the_list_read_anew() {
    let api = Api::with_pods(5);
    let mut left = 1;
    api.rule(move |asked| {
        let is_now = asked.is_watch_of(PODS) && left > 0;
        left -= u32::from(is_now);
        let endless = || vec![Bytes::from(vec![b'x'; 1 << 20]); 40];
        is_now.then(|| Reply::Stream(endless(), true))
    });
    let (_cluster, mut observer) = watch(&api);
    observer
        .until("listed", secs(5), |seen| seen.names(Kind::Pod).len() == 5)
        .await;
    api.put_pod("new", "Running");
    observer
        .until("read anew", secs(10), |seen| seen.object(Kind::Pod, "new").is_some())
        .await;
    assert_eq!(api.count(|a| a.is_list_of(PODS)), 2);
}

#[tokio::test(start_paused = true)]
async fn f22_an_event_that_never_ends_again_and_again_is_a_link_error() {
    let api = Api::with_pods(5);
    api.rule(|asked| {
        asked
            .is_watch_of(PODS)
            .then(|| Reply::Stream(vec![Bytes::from(vec![b'x'; 1 << 20]); 33], true))
    });
    let (_cluster, mut observer) = watch(&api);
    let told = |feed: Feed| matches!(feed, Feed::Stale { reason, .. } if reason.contains("32 MiB"));
    observer
        .until("told", secs(120), |seen| told(seen.feed(Kind::Pod)))
        .await;
}

#[tokio::test(start_paused = true)]
async fn f23_a_storm_of_events_loses_nothing_however_slow_we_are() {
    let api = Api::with_pods(1000);
    let target = pilothouse::cluster::Target::from_client(ClusterId::new("test"), api.client());
    // Room for two reports only: the cluster must gather what cannot be sent.
    let (_cluster, mut observer) = watch_with_room(target, 2);
    observer.until_synced().await;
    for round in 0..20_u32 {
        for n in 0..1000 {
            api.put_pod(&format!("p{n:05}"), if round % 2 == 0 { "Pending" } else { "Running" });
        }
        api.delete(PODS, &format!("gift/p{round:05}"));
        if round % 5 == 0 {
            observer.rest(secs(1)).await;
        }
    }
    for n in 0..20 {
        api.delete(PODS, &format!("gift/p{n:05}"));
        if n == 18 {
            break;
        }
    }
    observer
        .until("equal", secs(10), |seen| seen.names(Kind::Pod) == api.names(PODS))
        .await;
    assert_eq!(api.count(|a| a.is_watch_of(PODS)), 1, "the server never dropped us");
    assert_eq!(api.count(|a| a.is_list_of(PODS)), 1);
    assert!(
        observer.seen.batches < 200,
        "{} batches for 20,000 events",
        observer.seen.batches
    );
}
