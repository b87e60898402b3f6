//! The service as a client meets it: time, watches, faults, access.

use std::time::Duration;

use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::fault::{Body as FaultBody, Fault, Garbage, Pattern, Verb};
use super::resource::{CONFIG_MAPS, CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES, ROLE_BINDINGS, ROLES};
use super::*;

fn cluster() -> Simulation {
    let now = Timestamp::from_timestamp(1_700_000_000, 0).unwrap();
    let mut store = Store::new(1);
    store
        .create(
            &NAMESPACES,
            json!({"metadata": {"name": "shop"}, "status": {"phase": "Active"}}),
            now,
        )
        .unwrap();
    for name in ["a", "b", "c"] {
        store.create(&CONFIG_MAPS, config_map(name), now).unwrap();
    }
    Simulation::manual(store, now)
}

fn config_map(name: &str) -> Value {
    json!({"metadata": {"namespace": "shop", "name": name}, "data": {"a": "1"}})
}

const MAPS: &str = "/api/v1/namespaces/shop/configmaps";

async fn open(cluster: &Simulation, path: &str) -> Response<SimBody> {
    cluster.handle(Request::get(path).body(Bytes::new()).unwrap()).await
}

/// Status code and the text of the body.
async fn get(cluster: &Simulation, path: &str) -> (u16, String) {
    let response = open(cluster, path).await;
    let code = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (code, String::from_utf8(body.to_vec()).unwrap())
}

async fn get_json(cluster: &Simulation, path: &str) -> (u16, Value) {
    let (code, text) = get(cluster, path).await;
    (code, serde_json::from_str(&text).unwrap())
}

/// The next piece of a stream as text; none at its end.
async fn next(body: &mut SimBody) -> Option<String> {
    let frame = tokio::time::timeout(Duration::from_secs(5), body.frame())
        .await
        .expect("nothing came in 5 s")?;
    Some(String::from_utf8(frame.ok()?.into_data().ok()?.to_vec()).unwrap())
}

fn touch(cluster: &Simulation, value: &str) {
    cluster.change(|store, now| {
        store
            .update(&CONFIG_MAPS, "shop", "a", now, |object| {
                json::set(object, &["data", "a"], value);
            })
            .unwrap();
    });
}

#[tokio::test]
async fn a_watch_tells_changes_bookmarks_and_ends_in_its_time() {
    let cluster = cluster();
    let path = format!("{MAPS}?watch=1&resourceVersion=5&allowWatchBookmarks=true&timeoutSeconds=90");
    let mut stream = open(&cluster, &path).await.into_body();
    touch(&cluster, "2");
    assert!(
        next(&mut stream)
            .await
            .unwrap()
            .starts_with("{\"type\":\"MODIFIED\",\"object\":{\"apiVersion\":\"v1\"")
    );
    cluster.advance(Duration::from_mins(1));
    let bookmark: Value = serde_json::from_str(&next(&mut stream).await.unwrap()).unwrap();
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(bookmark["object"]["metadata"]["resourceVersion"], "6");
    cluster.advance(Duration::from_secs(28));
    assert!(
        next(&mut stream).await.unwrap().contains("BOOKMARK"),
        "one more before the end"
    );
    cluster.advance(Duration::from_secs(2));
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test]
async fn a_refusing_server_cuts_watches_and_takes_no_requests() {
    let cluster = cluster();
    let mut stream = open(&cluster, &format!("{MAPS}?watch=1&resourceVersion=5"))
        .await
        .into_body();
    let fault = cluster.faults().add(Fault::Refuse);
    assert!(stream.frame().await.unwrap().is_err());
    let refused = cluster
        .answer(Request::get("/version").body(Bytes::new()).unwrap())
        .await;
    assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    cluster.faults().remove(fault);
    assert_eq!(get(&cluster, "/version").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_answers_nothing_until_it_heals() {
    let cluster = cluster();
    let mut stream = open(&cluster, &format!("{MAPS}?watch=1&resourceVersion=5"))
        .await
        .into_body();
    tokio::task::yield_now().await;
    cluster.faults().add(Fault::BlackHole);
    touch(&cluster, "2");
    let minute = Duration::from_mins(1);
    assert!(tokio::time::timeout(minute, get(&cluster, "/version")).await.is_err());
    assert!(tokio::time::timeout(minute, stream.frame()).await.is_err());
    cluster.faults().clear();
    assert!(next(&mut stream).await.unwrap().contains("MODIFIED"));
}

#[tokio::test]
async fn replies_come_as_often_as_asked() {
    let cluster = cluster();
    let reply = |code, body| Fault::Reply {
        to: Pattern::plural("configmaps").verb(Verb::List),
        code,
        retry_after: Some("7".into()),
        body,
    };
    cluster.faults().add_times(1, reply(503, FaultBody::Html));
    let response = open(&cluster, MAPS).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"7".parse().unwrap())
    );
    assert_eq!(response.headers()["content-type"], "text/html");
    assert_eq!(get(&cluster, MAPS).await.0, 200);
    cluster.faults().add(reply(429, FaultBody::Status));
    assert_eq!(get_json(&cluster, MAPS).await.1["code"], 429);
    assert_eq!(get(&cluster, &format!("{MAPS}/a")).await.0, 200, "another verb");
    assert_eq!(cluster.faults().count_of(Verb::List, "configmaps"), 3);
}

#[tokio::test]
async fn versions_expire_in_each_way() {
    let cluster = cluster();
    let watch = format!("{MAPS}?watch=1&resourceVersion=3");
    cluster.faults().add_times(1, Fault::GoneAtWatchStart(Pattern::any()));
    assert_eq!(get_json(&cluster, &watch).await.0, 410);
    cluster.faults().add_times(1, Fault::GoneEvent(Pattern::any()));
    let (code, event) = get_json(&cluster, &watch).await;
    assert_eq!(
        (code, &event["type"], &event["object"]["code"]),
        (200, &json!("ERROR"), &json!(410))
    );
    let page = get_json(&cluster, &format!("{MAPS}?limit=1")).await.1;
    assert_eq!(page["metadata"]["remainingItemCount"], 2);
    let token = page["metadata"]["continue"].as_str().unwrap().to_owned();
    touch(&cluster, "2");
    cluster.change(|store, _| store.compact(store.revision()));
    let (code, gone) = get_json(&cluster, &format!("{MAPS}?limit=1&continue={token}")).await;
    assert_eq!((code, &gone["reason"]), (410, &json!("Expired")));
    let fresh = gone["metadata"]["continue"].as_str().unwrap();
    let rest = get_json(&cluster, &format!("{MAPS}?continue={fresh}")).await.1;
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
    assert_eq!(get_json(&cluster, &watch).await.1["type"], "ERROR", "compacted");
}

#[tokio::test]
async fn a_restored_server_goes_back() {
    let cluster = cluster();
    touch(&cluster, "2");
    cluster.change(|store, _| store.rewind(5));
    let list = get_json(&cluster, MAPS).await.1;
    assert_eq!(list["metadata"]["resourceVersion"], "5");
    assert_eq!(list["items"][0]["data"]["a"], "1");
    let ahead = get_json(
        &cluster,
        &format!("{MAPS}?resourceVersion=6&resourceVersionMatch=NotOlderThan"),
    )
    .await;
    assert_eq!((ahead.0, &ahead.1["reason"]), (504, &json!("Timeout")));
}

#[tokio::test]
async fn garbage_comes_in_lists_and_watches() {
    let cluster = cluster();
    for (how, check) in [
        (
            Garbage::Unreadable,
            (|list| list["items"][0].is_string() && list["items"][1].is_object()) as fn(&Value) -> bool,
        ),
        (Garbage::WrongTypes, |list| list["items"][0]["metadata"]["name"] == 7),
        (Garbage::Nulls, |list| list["items"][0]["data"].is_null()),
    ] {
        cluster.faults().add_times(
            1,
            Fault::Garbage {
                to: Pattern::any(),
                how,
            },
        );
        let list = get_json(&cluster, MAPS).await.1;
        assert!(check(&list), "{how:?}: {list}");
    }
    cluster.faults().add_times(
        1,
        Fault::Garbage {
            to: Pattern::any(),
            how: Garbage::Truncated,
        },
    );
    assert!(serde_json::from_str::<Value>(&get(&cluster, MAPS).await.1).is_err());
    let watch = format!("{MAPS}?watch=1&resourceVersion=5");
    cluster.faults().add_times(
        1,
        Fault::Garbage {
            to: Pattern::any(),
            how: Garbage::Endless,
        },
    );
    let mut stream = open(&cluster, &watch).await.into_body();
    touch(&cluster, "9");
    for _ in 0..40 {
        assert!(!next(&mut stream).await.unwrap().contains('\n'));
    }
}

#[tokio::test(start_paused = true)]
async fn slow_bodies_trickle() {
    let cluster = cluster();
    let (_, whole) = get(&cluster, MAPS).await;
    cluster.faults().add(Fault::Slow { bytes_per_second: 100 });
    let started = tokio::time::Instant::now();
    assert_eq!(get(&cluster, MAPS).await.1, whole);
    assert!(started.elapsed().as_secs() >= whole.len() as u64 / 100);
}

#[tokio::test]
async fn watches_can_be_cut_short_and_lack_bookmarks() {
    let cluster = cluster();
    cluster.faults().add(Fault::EndWatches(Duration::from_secs(1)));
    cluster.faults().add(Fault::NoBookmarks);
    let mut stream = open(&cluster, &format!("{MAPS}?watch=1&allowWatchBookmarks=true"))
        .await
        .into_body();
    assert_eq!(
        next(&mut stream).await.unwrap().lines().count(),
        3,
        "what is there first"
    );
    cluster.advance(Duration::from_secs(1));
    assert_eq!(next(&mut stream).await, None);
    let streaming = format!("{MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
    assert_eq!(get(&cluster, &streaming).await.0, 422);
    cluster.faults().add(Fault::InitialEventsIgnored);
    assert_eq!(open(&cluster, &streaming).await.status(), 200);
}

#[tokio::test]
async fn resources_come_and_go_with_their_definition() {
    let cluster = cluster();
    let path = "/apis/argoproj.io/v1alpha1/rollouts";
    assert_eq!(get(&cluster, path).await.0, 404);
    let definition = json!({"metadata": {"name": "rollouts.argoproj.io"}, "spec": {"group": "argoproj.io",
        "scope": "Namespaced", "names": {"plural": "rollouts", "kind": "Rollout"},
        "versions": [{"name": "v1alpha1", "served": true, "storage": true}]}});
    cluster
        .change(|store, now| store.create(&CUSTOM_RESOURCE_DEFINITIONS, definition, now))
        .unwrap();
    assert_eq!(get_json(&cluster, path).await.1["kind"], "RolloutList");
    assert_eq!(
        get_json(&cluster, "/apis/argoproj.io/v1alpha1").await.1["resources"][0]["name"],
        "rollouts"
    );
    cluster
        .change(|store, _| store.remove(&CUSTOM_RESOURCE_DEFINITIONS, "", "rollouts.argoproj.io"))
        .unwrap();
    assert_eq!(get(&cluster, path).await.0, 404);
}

#[tokio::test]
async fn a_user_of_one_namespace_sees_that_one() {
    let cluster = cluster();
    cluster.set_identity(Identity::user("dev"));
    cluster.change(|store, now| {
        let role = json!({"metadata": {"namespace": "shop", "name": "reader"},
            "rules": [{"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["configmaps"]}]});
        store.create(&ROLES, role, now).unwrap();
        let binding = json!({"metadata": {"namespace": "shop", "name": "dev"},
            "roleRef": {"kind": "Role", "name": "reader"}, "subjects": [{"kind": "User", "name": "dev"}]});
        store.create(&ROLE_BINDINGS, binding, now).unwrap();
    });
    assert_eq!(get(&cluster, MAPS).await.0, 200);
    let (code, refused) = get_json(&cluster, "/api/v1/configmaps").await;
    let message = "configmaps is forbidden: User \"dev\" cannot list resource \"configmaps\" in API group \"\" at the cluster scope";
    assert_eq!((code, refused["message"].as_str()), (403, Some(message)));
    cluster
        .faults()
        .add(Fault::Forbid(Pattern::plural("configmaps").namespace("shop")));
    assert_eq!(get(&cluster, MAPS).await.0, 403);
}
