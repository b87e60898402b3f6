//! The store's promises: versions, history, pages of the past, owners, resources that come and go.

use serde_json::json;

use super::super::resource::{CONFIG_MAPS, CUSTOM_RESOURCE_DEFINITIONS, DEPLOYMENTS, PODS};
use super::*;

fn now() -> Timestamp {
    Timestamp::from_timestamp(1_700_000_000, 0).unwrap()
}

fn config_map(name: &str) -> Value {
    json!({"metadata": {"namespace": "shop", "name": name}, "data": {"a": "1"}})
}

fn names<'a>(objects: impl Iterator<Item = &'a Stored>) -> Vec<&'a str> {
    objects.map(|object| json::meta(object, "name")).collect()
}

#[test]
fn a_new_object_gets_its_metadata() {
    let mut store = Store::new(7);
    let object = store.create(
        &DEPLOYMENTS,
        json!({"metadata": {"namespace": "shop", "generateName": "web-"}}),
        now(),
    );
    let object = object.unwrap();
    assert_eq!(json::text(&object, "/apiVersion"), Some("apps/v1"));
    assert_eq!(json::meta(&object, "creationTimestamp"), "2023-11-14T22:13:20Z");
    assert_eq!(json::number(&object, "/metadata/generation"), Some(1));
    assert_eq!(json::meta(&object, "resourceVersion"), "2");
    assert_eq!(json::meta(&object, "name").len(), "web-".len() + 5);
    assert_eq!(json::meta(&object, "uid").len(), 36);
}

#[test]
fn the_same_seed_gives_the_same_cluster() {
    let make = |seed| {
        let object = json!({"metadata": {"namespace": "shop", "generateName": "web-"}});
        Store::new(seed).create(&PODS, object, now()).unwrap()
    };
    assert_eq!(make(3), make(3));
    assert_ne!(json::meta(&make(3), "uid"), json::meta(&make(4), "uid"));
}

#[test]
fn only_a_real_change_makes_a_version_and_only_spec_a_generation() {
    let mut store = Store::new(1);
    let object = json!({"metadata": {"namespace": "shop", "name": "web"}, "spec": {"replicas": 1}});
    store.create(&DEPLOYMENTS, object, now()).unwrap();
    let mut write = |path: &[&str], value: Value| {
        let new = store
            .update(&DEPLOYMENTS, "shop", "web", now(), |object| {
                json::set(object, path, value);
            })
            .unwrap();
        (
            json::meta(&new, "resourceVersion").to_owned(),
            json::number(&new, "/metadata/generation").unwrap(),
        )
    };
    assert_eq!(write(&["spec", "replicas"], 1.into()), ("2".into(), 1));
    assert_eq!(write(&["status", "replicas"], 1.into()), ("3".into(), 1));
    assert_eq!(write(&["metadata", "labels"], json!({"a": "b"})), ("4".into(), 1));
    assert_eq!(write(&["spec", "replicas"], 2.into()), ("5".into(), 2));
    assert_eq!(write(&["metadata", "uid"], "other".into()), ("5".into(), 2));
}

#[test]
fn history_tells_each_write_until_it_is_compacted() {
    let mut store = Store::new(1);
    store.create(&CONFIG_MAPS, config_map("a"), now()).unwrap();
    store
        .update(&CONFIG_MAPS, "shop", "a", now(), |object| {
            json::set(object, &["data", "a"], "2");
        })
        .unwrap();
    store.remove(&CONFIG_MAPS, "shop", "a").unwrap();
    let verbs: Vec<_> = store
        .changes_since(1)
        .map(|change| (change.revision, change.verb))
        .collect();
    assert_eq!(verbs, [(2, Verb::Added), (3, Verb::Modified), (4, Verb::Deleted)]);
    let last = store.changes_since(3).next().unwrap();
    assert_eq!(json::meta(&last.object, "resourceVersion"), "4");
    assert_eq!(json::text(last.previous.as_ref().unwrap(), "/data/a"), Some("2"));
    store.compact(3);
    assert_eq!((store.changes_since(0).count(), store.compacted()), (1, 3));
}

#[test]
fn pages_show_the_past() {
    let mut store = Store::new(1);
    for name in ["a", "b", "c", "d"] {
        store.create(&CONFIG_MAPS, config_map(name), now()).unwrap();
    }
    let then = store.revision();
    store.remove(&CONFIG_MAPS, "shop", "c").unwrap();
    store.create(&CONFIG_MAPS, config_map("bb"), now()).unwrap();
    store
        .update(&CONFIG_MAPS, "shop", "d", now(), |object| {
            json::set(object, &["data", "a"], "2");
        })
        .unwrap();
    let page = |revision, after, namespace| Page {
        namespace,
        after,
        revision,
    };
    let at = |page: &Page<'_>| names(store.page(&CONFIG_MAPS, page).unwrap());
    assert_eq!(at(&page(then, None, None)), ["a", "b", "c", "d"]);
    assert_eq!(at(&page(then, Some("shop/b"), Some("shop"))), ["c", "d"]);
    assert_eq!(at(&page(store.revision(), Some("shop/b"), Some("shop"))), ["bb", "d"]);
    assert_eq!(at(&page(then, None, Some("sho"))), Vec::<&str>::new());
    let old = store
        .page(&CONFIG_MAPS, &page(then, Some("shop/c"), None))
        .unwrap()
        .next()
        .unwrap()
        .clone();
    assert_eq!(json::text(&old, "/data/a"), Some("1"));
    store.compact(store.revision());
    assert_eq!(
        store.page(&CONFIG_MAPS, &page(then, None, None)).err().unwrap().code,
        410
    );
}

#[test]
fn a_rewind_undoes_later_writes() {
    let mut store = Store::new(1);
    store.create(&CONFIG_MAPS, config_map("a"), now()).unwrap();
    let then = store.revision();
    store
        .update(&CONFIG_MAPS, "shop", "a", now(), |object| {
            json::set(object, &["data", "a"], "2");
        })
        .unwrap();
    store.create(&CONFIG_MAPS, config_map("b"), now()).unwrap();
    store.remove(&CONFIG_MAPS, "shop", "a").unwrap();
    store.rewind(then);
    assert_eq!(store.revision(), then);
    assert_eq!(names(store.list(&CONFIG_MAPS)), ["a"]);
    assert_eq!(
        json::text(store.get(&CONFIG_MAPS, "shop", "a").unwrap(), "/data/a"),
        Some("1")
    );
    assert_eq!(store.changes_since(then).count(), 0);
}

#[test]
fn owners_find_their_dependents() {
    let mut store = Store::new(1);
    let owned =
        |name: &str| json!({"metadata": {"namespace": "shop", "name": name, "ownerReferences": [{"uid": "u1"}]}});
    store.create(&PODS, owned("a"), now()).unwrap();
    store.create(&PODS, owned("b"), now()).unwrap();
    store.remove(&PODS, "shop", "a").unwrap();
    let found: Vec<_> = store
        .dependents("u1")
        .map(|(resource, object)| (resource.plural.clone(), object))
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(json::meta(found[0].1, "name"), "b");
}

#[test]
fn a_definition_adds_a_resource_and_takes_it_away() {
    let mut store = Store::new(1);
    let definition = json!({"metadata": {"name": "rollouts.argoproj.io"}, "spec": {
        "group": "argoproj.io", "scope": "Namespaced", "names": {"plural": "rollouts", "kind": "Rollout"},
        "versions": [{"name": "v1alpha1", "served": true, "storage": true, "subresources": {"status": {}}}]}});
    assert!(store.resource("argoproj.io", "v1alpha1", "rollouts").is_none());
    store.create(&CUSTOM_RESOURCE_DEFINITIONS, definition, now()).unwrap();
    let rollouts = store.resource("argoproj.io", "v1alpha1", "rollouts").unwrap();
    assert!(rollouts.traits.status && rollouts.namespaced && !rollouts.traits.scale);
    store
        .create(
            &rollouts,
            json!({"metadata": {"namespace": "shop", "name": "web"}}),
            now(),
        )
        .unwrap();
    store
        .remove(&CUSTOM_RESOURCE_DEFINITIONS, "", "rollouts.argoproj.io")
        .unwrap();
    assert!(store.resource("argoproj.io", "v1alpha1", "rollouts").is_none());
    let last: Vec<_> = store
        .changes_since(0)
        .map(|change| (change.resource.kind.clone(), change.verb))
        .collect();
    assert!(last.contains(&("Rollout".into(), Verb::Deleted)));
}

#[test]
fn an_object_being_deleted_goes_with_its_last_finalizer() {
    let mut store = Store::new(1);
    let object = json!({"metadata": {"namespace": "shop", "name": "a", "finalizers": ["x/y"]}});
    store.create(&CONFIG_MAPS, object, now()).unwrap();
    let set = |object: &mut Value| json::set_meta(object, "deletionTimestamp", "2023-11-14T22:13:20Z");
    store.update(&CONFIG_MAPS, "shop", "a", now(), set).unwrap();
    assert!(store.get(&CONFIG_MAPS, "shop", "a").is_some());
    store
        .update(&CONFIG_MAPS, "shop", "a", now(), |object| {
            json::set_meta(object, "finalizers", json!([]));
        })
        .unwrap();
    assert!(store.get(&CONFIG_MAPS, "shop", "a").is_none());
}

#[test]
fn the_history_of_a_small_cluster_is_short_and_that_of_a_large_one_longer() {
    for (objects, kept) in [(10, 500), (16 * 600, 600), (16 * 2_100, 2_000)] {
        let mut store = Store::new(1);
        for number in 0..objects {
            store
                .create(&CONFIG_MAPS, config_map(&format!("{number}")), now())
                .unwrap();
        }
        for number in 0..2_500 {
            store
                .update(&CONFIG_MAPS, "shop", "1", now(), |object| {
                    json::set(object, &["data", "a"], number.to_string());
                })
                .unwrap();
        }
        assert_eq!(
            store.changes_since(store.compacted()).count(),
            kept,
            "{objects} objects"
        );
    }
}
