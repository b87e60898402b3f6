//! Kinds that a cluster lacks, gains and loses.

use std::sync::{Arc, Mutex};

use pilothouse::domain::{Feed, Kind};
use serde_json::json;

use super::secs;
use crate::support::api::{Api, Reply};
use crate::support::watch;

/// Serves discovery of `CloneSet` in the version that is set, if any.
fn clone_sets(api: &Api) -> Arc<Mutex<Option<&'static str>>> {
    let version = Arc::new(Mutex::new(None));
    let served = Arc::clone(&version);
    api.rule(move |asked| {
        let version = *served.lock().unwrap();
        let rest = asked.path.strip_prefix("/apis/apps.kruise.io")?;
        let Some(version) = version else {
            return Some(Reply::status(404, &json!({"code": 404})));
        };
        if rest.is_empty() {
            return Some(Reply::status(200, &json!({"versions": [{"version": version}]})));
        }
        if rest == format!("/{version}") {
            return Some(Reply::status(
                200,
                &json!({"resources": [{"name": "clonesets/status"}, {"name": "clonesets"}]}),
            ));
        }
        if !rest.starts_with(&format!("/{version}/")) {
            return Some(Reply::status(404, &json!({"code": 404})));
        }
        if asked.is_watch() {
            return Some(Reply::Stream(Vec::new(), true));
        }
        let item =
            json!({"metadata": {"name": format!("from-{version}"), "namespace": "gift"}, "spec": {"replicas": 2}});
        Some(Reply::status(
            200,
            &json!({"metadata": {"resourceVersion": "5"}, "items": [item]}),
        ))
    });
    version
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

#[tokio::test(start_paused = true)]
async fn f25_a_watched_definition_brings_its_kind_within_two_seconds() {
    let api = Api::with_pods(2);
    let version = clone_sets(&api);
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    observer.rest(secs(60)).await;
    let looks = || api.count(|a| a.path == "/apis/apps.kruise.io");
    let before = looks();
    for _ in 0..8 {
        observer.rest(secs(60)).await;
        api.bookmark();
    }
    assert!(
        looks() - before <= 4,
        "looked {} times without a reason",
        looks() - before
    );
    let define = |step: &str| {
        let object = json!({"metadata": {"name": "clonesets.apps.kruise.io", "labels": {"step": step}}});
        api.put(DEFINITIONS, &object);
    };
    for served in [Some("v1alpha1"), Some("v1beta1")] {
        define("changed");
        // Discovery follows the definition a moment later.
        observer.rest(std::time::Duration::from_millis(900)).await;
        *version.lock().unwrap() = served;
        let name = format!("gift/from-{}", served.unwrap());
        observer
            .until("its page", secs(1), |seen| {
                seen.names(Kind::CloneSet) == [name.as_str()]
            })
            .await;
    }
    api.put(DEFINITIONS, &json!({"metadata": {"name": "others.example.com"}}));
    let lists = api.count(|a| a.path.ends_with("/clonesets"));
    define("told again");
    observer.rest(secs(20)).await;
    assert_eq!(
        api.count(|a| a.path.ends_with("/clonesets")),
        lists,
        "the same version is no news"
    );
    api.delete(DEFINITIONS, "/clonesets.apps.kruise.io");
    *version.lock().unwrap() = None;
    observer
        .until("it is gone", secs(2), |seen| {
            seen.feed(Kind::CloneSet) == Feed::Absent && seen.names(Kind::CloneSet).is_empty()
        })
        .await;
    assert!(observer.seen.notices.is_empty(), "{:?}", observer.seen.notices);
}

#[tokio::test(start_paused = true)]
async fn f25_who_may_not_watch_definitions_asks_for_them_rarely_and_looks_for_kinds() {
    let api = Api::with_pods(2);
    let version = clone_sets(&api);
    api.rule(|asked| (asked.path == DEFINITIONS).then(|| Reply::status(403, &json!({"code": 403}))));
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    observer.rest(secs(600)).await;
    let asked = api.count(|a| a.path == DEFINITIONS);
    assert!((2..=5).contains(&asked), "{asked} requests in ten minutes");
    *version.lock().unwrap() = Some("v1");
    observer
        .until("it appears", secs(31), |seen| {
            seen.names(Kind::CloneSet) == ["gift/from-v1"]
        })
        .await;
    assert!(observer.seen.notices.is_empty(), "{:?}", observer.seen.notices);
}

#[tokio::test(start_paused = true)]
async fn f25_a_custom_kind_that_is_looked_for_comes_changes_its_version_and_goes() {
    let api = Api::with_pods(2);
    let version = clone_sets(&api);
    api.rule(|asked| (asked.path == DEFINITIONS).then(|| Reply::status(403, &json!({"code": 403}))));
    let (_cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    assert_eq!(observer.seen.feed(Kind::CloneSet), Feed::Absent);
    *version.lock().unwrap() = Some("v1alpha1");
    observer
        .until("it appears", secs(60), |seen| {
            seen.names(Kind::CloneSet) == ["gift/from-v1alpha1"]
        })
        .await;
    *version.lock().unwrap() = Some("v1beta1");
    api.cut(true);
    observer
        .until("its new version", secs(60), |seen| {
            seen.names(Kind::CloneSet) == ["gift/from-v1beta1"]
        })
        .await;
    *version.lock().unwrap() = None;
    api.cut(true);
    observer
        .until("it is gone", secs(60), |seen| seen.feed(Kind::CloneSet) == Feed::Absent)
        .await;
    assert!(observer.seen.names(Kind::CloneSet).is_empty());
    assert!(observer.seen.notices.is_empty(), "{:?}", observer.seen.notices);
    let before = api.count(|a| a.path == "/apis/apps.kruise.io");
    observer.rest(secs(600)).await;
    let asked = api.count(|a| a.path == "/apis/apps.kruise.io") - before;
    assert!((10..=21).contains(&asked), "looked for {asked} times in ten minutes");
}
