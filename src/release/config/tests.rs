//! What a template uses, what is written down of it, what is different, and copies.

use crate::release::bytes::Digests;
use std::collections::BTreeMap;

use serde_json::json;

use super::change::{Change, Fate, Key, What, changes, keys};
use super::copy::{copies, copy_name, is_copy, with_copies, with_originals};
use super::record::{
    Config, Content, Held, Kept, MOST_BYTES, MOST_BYTES_OF_RUNNING, MOST_BYTES_OF_VERSION, MOST_RUNNING, Running, note,
};
use super::value::Side;
use super::*;
use crate::domain::Timestamp;
use crate::release::ledger::Line;
use crate::release::template::{identity, same_version};

const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn template() -> Value {
    json!({
        "metadata": {"labels": {"app": "live"}},
        "spec": {
            "imagePullSecrets": [{"name": "pull"}],
            "initContainers": [{"name": "init", "envFrom": [{"secretRef": {"name": "db"}}]}],
            "containers": [{"name": "live", "image": "live:v1",
                "env": [
                    {"name": "A", "value": "plain"},
                    {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "vars", "key": "b", "optional": true}}},
                    {"name": "C", "valueFrom": {"secretKeyRef": {"name": "token", "key": "c", "optional": true}}},
                    {"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ],
                "envFrom": [{"configMapRef": {"name": "vars"}}],
            }],
            "volumes": [
                {"name": "a", "configMap": {"name": "files"}},
                {"name": "b", "secret": {"secretName": "tls"}},
                {"name": "c", "projected": {"sources": [
                    {"configMap": {"name": "more", "optional": true}}, {"secret": {"name": "db"}}, {"downwardAPI": {}}]}},
                {"name": "d", "emptyDir": {}},
            ],
        },
    })
}

fn map(data: &Value) -> Found {
    Found::There(json!({"metadata": {"name": "x", "resourceVersion": "7"}, "data": data}))
}

fn today(all: &[(Holder, &str, Found)]) -> Today {
    let all = all.iter().cloned();
    Today::new(all.map(|(holder, name, found)| ((holder, name.to_owned()), found)))
}

/// A template that uses a `ConfigMap` and a Secret.
fn small() -> Value {
    json!({"spec": {"containers": [{"name": "live",
        "envFrom": [{"configMapRef": {"name": "vars"}}, {"secretRef": {"name": "db"}}]}]}})
}

#[test]
fn a_template_uses_what_variables_and_volumes_name_once_each() {
    let found: Vec<String> = used(&template())
        .iter()
        .map(|one| format!("{}{} {}", one.holder, if one.optional { "?" } else { "" }, one.name))
        .collect();
    assert_eq!(
        found,
        [
            "ConfigMap files",
            "ConfigMap? more",
            "ConfigMap vars",
            "Secret db",
            "Secret tls",
            "Secret? token"
        ]
    );
    assert_eq!(used(&json!({"spec": {"containers": [{"name": "a"}]}})), []);
}

#[test]
fn a_copy_takes_the_place_of_its_original_everywhere_and_makes_no_other_version() {
    let renamed = BTreeMap::from([
        ("vars".to_owned(), "vars-12345678".to_owned()),
        ("files".to_owned(), "files-12345678".to_owned()),
    ]);
    let with = with_copies(&template(), &renamed);
    let names: Vec<String> = used(&with).into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["files-12345678", "more", "vars-12345678", "db", "tls", "token"]);
    assert_eq!(
        with.pointer("/spec/containers/0/image"),
        template().pointer("/spec/containers/0/image")
    );
    assert_eq!(copies(&with).get("vars-12345678").map(String::as_str), Some("vars"));
    assert_ne!(with, template());
    assert_eq!(with_originals(&with), template());
    assert!(same_version(&with, &template()));
    assert_eq!(identity(&with), identity(&template()));
    let mut other = template();
    other["spec"]["containers"][0]["image"] = json!("live:v2");
    assert_ne!(identity(&other), identity(&template()));
    assert_eq!(with_copies(&template(), &BTreeMap::new()), template());
}

#[test]
fn a_copy_is_named_by_what_is_in_it_and_whose_it_is() {
    let name = copy_name("vars", "sha256:12", "u1");
    assert_eq!(name, copy_name("vars", "sha256:12", "u1"));
    assert!(name.starts_with("vars-") && name.len() == "vars-".len() + 8, "{name}");
    assert_ne!(name, copy_name("vars", "sha256:13", "u1"));
    assert_ne!(name, copy_name("vars", "sha256:12", "u2"));
    let long = copy_name(&format!("{}.b", "a".repeat(243)), "sha256:12", "u1");
    assert!(long.len() <= 253 && !long.contains(".-"), "{long}");
    let content = Content::of(&json!({"data": {"a": "1"}}));
    let copy = json!({"immutable": true, "data": {"a": "1"}});
    assert!(is_copy(&copy, &content.hash));
    assert!(
        !is_copy(&json!({"data": {"a": "1"}}), &content.hash),
        "anybody may change it"
    );
    assert!(!is_copy(&json!({"immutable": true, "data": {"a": "2"}}), &content.hash));
}

#[test]
fn what_a_version_runs_with_is_noted_by_hash_and_of_a_secret_nothing_else() {
    let secret = Found::There(json!({"data": {"password": "aHVudGVyMg=="}}));
    let looked = today(&[
        (Holder::ConfigMap, "vars", map(&json!({"b": "2", "a": "1"}))),
        (Holder::Secret, "db", secret.clone()),
    ]);
    assert!(!format!("{looked:?}").contains("aHVudGVyMg=="));
    let noted = note(&small(), &looked, ("01KA", AT));
    assert_eq!(noted.config.names(), ["configmap/vars", "secret/db"]);
    assert_eq!(noted.contents.len(), 1, "of the ConfigMap");
    assert_eq!(noted.contents[0].data["a"], "1");
    let text = format!("{noted:?}{}", serde_json::to_string(&noted.config).unwrap());
    assert!(!text.contains("aHVudGVyMg==") && !text.contains("password"), "{text}");
    // The order of keys says nothing, nor does what is not data.
    let ordered = Content::of(&json!({"metadata": {"name": "y"}, "data": {"a": "1", "b": "2"}}));
    assert_eq!(noted.config.held[0].hash.as_ref(), Some(&ordered.hash));
    assert_ne!(
        Content::of(&json!({"binaryData": {"a": "1", "b": "2"}})).hash,
        ordered.hash
    );
    // Another salt, another hash: the same Secret of two versions is not seen to be the same.
    let other = note(&small(), &looked, ("01KB", AT));
    assert_ne!(other.config.held[1].hash, noted.config.held[1].hash);
    assert_eq!(note(&small(), &looked, ("01KA", AT)), noted);
}

#[test]
fn what_is_not_there_what_is_not_read_and_what_is_too_large_is_told_apart() {
    let large = "x".repeat(MOST_BYTES_OF_VERSION + 1);
    let looked = today(&[
        (Holder::ConfigMap, "files", Found::Absent),
        (Holder::ConfigMap, "more", map(&json!({"a": "1"}))),
        (Holder::ConfigMap, "vars", map(&json!({"a": large}))),
        (Holder::Secret, "db", Found::Unread("you may not".into())),
    ]);
    let noted = note(&template(), &looked, ("01KA", AT));
    let held = |name: &str| noted.config.held.iter().find(|held| held.name == name).unwrap();
    assert_eq!((&held("files").hash, &held("files").unread), (&None, &None));
    assert_eq!(held("db").unread.as_deref(), Some("you may not"));
    assert!(held("vars").hash.is_some());
    assert_eq!(noted.large, ["vars"]);
    assert_eq!(noted.contents.len(), 1);
}

fn config(data: &Value, secret: &str) -> (Config, Vec<Content>) {
    let looked = today(&[
        (Holder::ConfigMap, "vars", map(data)),
        (Holder::Secret, "db", map(&json!({"password": secret}))),
    ]);
    let noted = note(&small(), &looked, ("01KA", AT));
    (noted.config, noted.contents)
}

#[test]
fn differences_name_keys_of_config_maps_and_nothing_in_secrets() {
    let (from, old) = config(&json!({"a": "1", "b": "2", "c": "3"}), "x");
    let (to, new) = config(&json!({"a": "1", "b": "3", "d": "4"}), "y");
    let all: Vec<Content> = old.into_iter().chain(new).collect();
    let found = changes(&from, &to, |hash| all.iter().find(|content| content.hash == hash));
    let words: Vec<String> = found.iter().map(Change::words).collect();
    assert_eq!(
        words,
        ["ConfigMap vars: b changed, c gone, d added", "Secret db: is different"]
    );
    assert_eq!(changes(&from, &from, |_| None), []);
    let unknown = changes(&from, &to, |_| None);
    assert_eq!(unknown[0].what, What::Differs, "what was in it is not kept");
    let none = Config {
        held: Vec::new(),
        ..from.clone()
    };
    assert_eq!(changes(&none, &from, |_| None)[0].what, What::Comes);
    assert_eq!(changes(&from, &none, |_| None)[0].what, What::Goes);
    let mut unread = to;
    unread.held[1].unread = Some("forbidden".into());
    assert_eq!(
        changes(&from, &unread, |_| None)[1].words(),
        "Secret db: whether it is different is not known: forbidden"
    );
    let content = |data: Value| Content::of(&data);
    let (texts, bytes) = (json!({"data": {"a": "MQ=="}}), json!({"binaryData": {"a": "MQ=="}}));
    let kind = Key {
        name: "a".into(),
        from: Some(Side::Text("MQ==".into())),
        to: Some(Side::Bytes(1)),
    };
    assert_eq!(kind.fate(), Fate::Changed);
    assert_eq!(keys(&content(texts), &content(bytes)), [kind]);
    let many: serde_json::Map<String, Value> = (0..9).map(|n| (format!("k{n}"), json!("1"))).collect();
    let many = Change {
        holder: Holder::ConfigMap,
        name: "vars".into(),
        what: What::Keys(keys(&content(json!({})), &content(json!({"data": many})))),
    };
    assert!(many.words().ends_with("k5 added, 3 more"), "{}", many.words());
    assert_eq!(many.lines().len(), 7);
    assert!(many.lines()[6].ends_with("3 more keys"), "{:?}", many.lines());
}

#[test]
fn values_of_config_maps_are_told_short_and_of_secrets_none() {
    let bytes = json!({"binaryData": {"logo": "AAECAw=="}, "data": {"NEW": "", "LEVEL": "info"}});
    let from = Content::of(&json!({"data": {
        "LEVEL": "debug", "OLD": "x".repeat(100), "app.yaml": "a: 1\nb: 2\nc: 3\n", "end": "1\n2\n",
    }}));
    let mut to = Content::of(&bytes);
    to.data.insert("app.yaml".into(), "a: 1\nb: 22\nc: 3\nd: 4\n".into());
    to.data.insert("end".into(), "1\n2".into());
    let change = Change {
        holder: Holder::ConfigMap,
        name: "vars".into(),
        what: What::Keys(keys(&from, &to)),
    };
    assert_eq!(
        change.lines(),
        [
            "ConfigMap vars: LEVEL debug → info".to_owned(),
            "ConfigMap vars: NEW – → \"\"".to_owned(),
            format!("ConfigMap vars: OLD {}… → –", "x".repeat(32)),
            "ConfigMap vars: app.yaml line 2: b: 2 → b: 22".to_owned(),
            "ConfigMap vars: end is different at its end".to_owned(),
            "ConfigMap vars: logo – → (4 bytes)".to_owned(),
        ]
    );
    let long = Side::Text("é".repeat(5_000)).lines();
    assert!(long[0].ends_with("é… (5000 characters in all)") && long[0].chars().count() < 4_050);
    assert_eq!(Side::Text("a\nb\n".into()).lines(), ["a", "b"]);
    let secret = Change {
        holder: Holder::Secret,
        what: What::Differs,
        ..change
    };
    assert_eq!(secret.lines(), ["Secret vars: is different"]);
}

fn running(version: &str, config: &Config) -> Running {
    Running {
        workload: "Deployment live".into(),
        version: version.into(),
        config: config.clone(),
        digests: Digests::new(),
        more: serde_json::Map::new(),
    }
}

#[test]
fn the_ledger_keeps_what_began_to_run_and_each_content_once() {
    let (first, content) = config(&json!({"a": "1"}), "x");
    let mut kept = Kept::default();
    for version in ["v1", "v2", "v2", "v3", "v4"] {
        kept.run(running(version, &first));
        assert_eq!(kept.keep(content.clone(), &[]), Vec::<String>::new());
    }
    assert_eq!(kept.running.len(), MOST_RUNNING);
    assert_eq!(kept.contents.len(), 1);
    let (texts, again) = (kept.texts(), kept.texts());
    assert_eq!(Kept::parse(&texts.0, &texts.1), kept);
    assert!(again.0.contains("\"version\":\"v2\"") && !again.0.contains("\"version\":\"v1\""));
    // What nobody ran with goes; what a version that was ran with stays.
    let (second, other) = config(&json!({"a": "2"}), "x");
    let hash = |contents: &[Content]| contents[0].hash.clone();
    kept.keep(other.clone(), &[]);
    assert_eq!(kept.content(&hash(&other)), None);
    kept.keep(other.clone(), &[&second]);
    assert!(kept.content(&hash(&other)).is_some() && kept.content(&hash(&content)).is_some());
    kept.contents.push(Line::Other("{\"newer\":1}".into()));
    kept.keep(Vec::new(), &[&second]);
    assert!(kept.texts().1.contains("{\"newer\":1}"), "what is not understood stays");
}

#[test]
fn what_could_not_be_read_again_stays_what_was_noted() {
    let (first, content) = config(&json!({"a": "1"}), "x");
    let mut kept = Kept::default();
    let mut then = |salt: &str| {
        kept.run(running("v1", &first));
        let unread = || Found::Unread("too many requests".into());
        let looked = today(&[(Holder::ConfigMap, "vars", unread()), (Holder::Secret, "db", unread())]);
        kept.run(running("v1", &note(&small(), &looked, (salt, AT)).config));
        kept.keep(content.clone(), &[]);
        let Some(Line::Entry(known)) = kept.running.last() else {
            panic!("it is not kept")
        };
        assert_eq!(kept.contents.len(), 1, "what was in it stays too");
        known.config.held.clone()
    };
    assert_eq!(then("01KA"), first.held);
    // A Secret's hash of another salt tells nothing any more.
    let other = then("01KB");
    assert_eq!(other[0], first.held[0]);
    assert_eq!(other[1].hash, None);
}

#[test]
fn of_more_that_runs_than_there_is_room_for_what_is_needed_least_goes_and_is_told() {
    let many = |workload: &str, version: &str| Running {
        workload: workload.into(),
        config: Config {
            at: AT,
            salt: String::new(),
            held: (0..100)
                .map(|number| Held {
                    kind: Holder::ConfigMap,
                    name: format!("{number:0>150}"),
                    hash: None,
                    unread: None,
                })
                .collect(),
        },
        ..running(version, &config(&json!({}), "x").0)
    };
    let mut kept = Kept::default();
    let told: Vec<Vec<String>> = [("a", "v1"), ("b", "v1"), ("b", "v2"), ("c", "v1"), ("d", "v1")]
        .into_iter()
        .map(|(workload, version)| kept.run(many(workload, version)))
        .collect();
    assert!(kept.texts().0.len() <= MOST_BYTES_OF_RUNNING);
    let told: Vec<String> = told.into_iter().flatten().collect();
    assert_eq!(told, ["b", "a"], "first what a newer one follows, then the oldest");
}

#[test]
fn of_more_content_than_there_is_room_for_the_oldest_goes_and_is_told() {
    let size = MOST_BYTES_OF_VERSION - 100;
    let all: Vec<(Config, Vec<Content>)> = ["x", "y", "z"]
        .map(|c| config(&json!({"a": c.repeat(size)}), "s"))
        .into();
    let configs: Vec<&Config> = all.iter().map(|(config, _)| config).collect();
    let mut kept = Kept::default();
    let mut dropped = Vec::new();
    for (_, contents) in &all {
        dropped.extend(kept.keep(contents.clone(), &configs));
    }
    assert!(kept.texts().1.len() <= MOST_BYTES);
    let hashes: Vec<&String> = all.iter().map(|(_, contents)| &contents[0].hash).collect();
    assert_eq!(dropped.iter().collect::<Vec<_>>(), hashes[..2].to_vec());
    assert!(kept.content(hashes[2]).is_some());
}
