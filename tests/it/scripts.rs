//! What scripts read: the fields of `get -o json` stay.

use std::ffi::OsString;

use pilothouse::cli::{self, Environment};
use pilothouse::runtime::Exit;
use serde_json::{Value, json};

/// Runs `get` over the simulated fleet; gives what it prints.
fn get(arguments: &[&str]) -> String {
    run(&[&["get"], arguments].concat())
}

/// Runs a command over the simulated fleet; gives what it prints.
fn run(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let arguments = [&["pilothouse", "--demo"], arguments, &["--config"]].concat();
    let arguments = arguments.into_iter().map(OsString::from).chain([config.into()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = cli::run(arguments, &Environment::default(), &mut out, &mut err);
    assert_eq!(exit, Exit(Exit::DONE), "{}", String::from_utf8_lossy(&err));
    String::from_utf8(out).unwrap()
}

/// The items, after making sure that each has the same fields and no unknown is an empty text.
fn items(what: &str) -> Vec<Value> {
    let list: Value = serde_json::from_str(&get(&[what, "-o", "json"])).unwrap();
    let top: Vec<&String> = list.as_object().unwrap().keys().collect();
    assert_eq!(top, ["items"], "one object with items alone");
    let items = list["items"].as_array().unwrap().clone();
    for item in &items {
        assert_eq!(names(item), names(&items[0]), "every item has every field");
        for (field, value) in item.as_object().unwrap() {
            assert_ne!(value, "", "{field} of {item}");
        }
    }
    items
}

fn names(item: &Value) -> String {
    let mut names: Vec<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names.join(" ")
}

/// Whether a field is a number in some item and in none anything but a number or null.
fn is_number(items: &[Value], field: &str) -> bool {
    let all = || items.iter().map(|item| &item[field]);
    all().any(Value::is_number) && all().all(|value| value.is_number() || value.is_null())
}

const AMOUNTS: &str = "cpuMillis memoryBytes";

#[test]
fn clusters_and_locations_keep_their_fields() {
    for (what, fields) in [
        (
            "clusters",
            "allocatable apps cluster headroom instances link locations name nodes nodesReady provider ready requested server version",
        ),
        (
            "locations",
            "allocatable cluster exclusive groups headroom instances location name nodes nodesReady provider ready requested",
        ),
    ] {
        let items = items(what);
        assert_eq!(names(&items[0]), fields);
        for number in ["nodes", "nodesReady", "instances", "ready"] {
            assert!(is_number(&items, number), "{what} {number}");
        }
        for amounts in ["allocatable", "requested"] {
            assert_eq!(names(&items[0][amounts]), AMOUNTS);
        }
        assert_eq!(names(&items[0]["headroom"]), "instances");
    }
}

#[test]
fn apps_and_instances_keep_their_fields() {
    let apps = items("apps");
    assert_eq!(
        names(&apps[0]),
        "cluster desired gray instances locations name namespace owner progress ready requested restarts trouble versions"
    );
    for number in ["desired", "instances", "ready", "restarts"] {
        assert!(is_number(&apps, number), "{number}");
    }
    assert_eq!(names(&apps[0]["versions"][0]), "instances ready version");
    assert_eq!(names(&apps[0]["locations"][0]), "instances location");
    assert_eq!(names(&apps[0]["requested"]), AMOUNTS);
    let instances = items("instances");
    assert_eq!(
        names(&instances[0]),
        "app cluster created gray ip location name namespace node phase ready restarts status version"
    );
    assert!(is_number(&instances, "restarts"));
    assert!(
        instances.iter().any(|one| one["gray"] == true),
        "the demo has gray releases"
    );
    assert!(instances.iter().any(|one| one["gray"] == false));
    let gray = apps
        .iter()
        .filter(|app| app["progress"].as_str().is_some_and(|told| told.starts_with("gray ")));
    assert!(gray.clone().count() > 0 && gray.clone().all(|app| app["gray"].as_i64() > Some(0)));
    assert!(apps.iter().any(|app| app["gray"].is_null()), "none is null");
    assert!(instances.iter().all(|one| one["phase"].is_string()));
    let lost: Vec<_> = instances.iter().filter(|one| one["status"] == "Unknown").collect();
    assert!(!lost.is_empty(), "the demo has a dead node");
    assert!(lost.iter().all(|one| one["ready"].is_null()), "unknown is null");
}

#[test]
fn nodes_and_events_keep_their_fields() {
    let nodes = items("nodes");
    assert_eq!(
        names(&nodes[0]),
        "allocatable cluster cordoned created exclusive group headroom instances internalIp kubeletVersion location name podCidrs pressures provider requested status"
    );
    for amounts in ["allocatable", "requested"] {
        assert_eq!(names(&nodes[0][amounts]), AMOUNTS);
    }
    let events = items("events");
    assert_eq!(
        names(&events[0]),
        "about cluster count firstSeen lastSeen message name namespace reason source type"
    );
    assert_eq!(names(&events[0]["about"]), "kind name namespace");
    assert!(is_number(&events, "count"));
}

#[test]
fn yaml_says_the_same_as_json_and_names_can_be_asked_for_again() {
    let json: Value = serde_json::from_str(&get(&["locations", "-o", "json"])).unwrap();
    let yaml: Value = serde_yaml_ng::from_str(&get(&["locations", "-o", "yaml"])).unwrap();
    let places = |list: &Value| {
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].clone())
            .collect()
    };
    let (of_json, of_yaml): (Vec<Value>, Vec<Value>) = (places(&json), places(&yaml));
    assert_eq!(of_json, of_yaml);
    assert_eq!(names(&yaml["items"][0]), names(&json["items"][0]));
    let all = get(&["apps", "-o", "name"]);
    let first = all.lines().next().unwrap();
    assert_eq!(first.split('/').count(), 3, "cluster, namespace and name: {first}");
    assert_eq!(get(&["apps", first, "-o", "name"]).trim_end(), first);
}

#[test]
fn selectors_choose_by_the_labels_of_workloads_instances_and_nodes() {
    let nodes = get(&["nodes", "-o", "name"]).lines().count();
    let zoned = get(&["nodes", "-o", "name", "-l", "topology.kubernetes.io/zone=idc-bj-a"]);
    assert!((1..nodes).contains(&zoned.lines().count()), "{zoned}");
    let apps = get(&["apps", "-o", "name"]);
    let app = apps.lines().next().unwrap();
    let name = app.rsplit('/').next().unwrap();
    for (what, selector) in [
        ("apps", "app.kubernetes.io/name"),
        ("instances", "app.kubernetes.io/name"),
    ] {
        let chosen = get(&[what, "-o", "name", "-l", &format!("{selector}={name}")]);
        assert!(chosen.lines().next().unwrap().contains(name), "{what}: {chosen}");
        let none = get(&[what, "-o", "name", "-l", &format!("{selector}=no-such-app")]);
        assert_eq!(none, "", "{what}");
    }
}

#[test]
fn releases_keep_their_fields_and_tell_the_demo_s_gray_ones() {
    let list: Value = serde_json::from_str(&run(&["release", "status", "-o", "json"])).unwrap();
    let items = list["items"].as_array().unwrap();
    let fields = "app cause changedAt changedBy cluster desired drivenBy fails kind lastLog name namespace new newPercent old phase since startedAt startedBy waits";
    assert!(items.iter().all(|item| names(item) == fields), "{}", names(&items[0]));
    let [waits, fails] = &items[..] else {
        panic!("what waits first, then what fails: {items:?}");
    };
    let told = |item: &Value| {
        let fields = ["name", "phase", "waits", "fails", "cause"].map(|field| item[field].clone());
        Value::from(fields.to_vec())
    };
    let side = |side: &Value| json!([side["instances"], side["ready"]]);
    assert_eq!(told(waits), json!(["live-gift", "gray", true, false, null]));
    assert_eq!(
        (side(&waits["new"]), side(&waits["old"])),
        (json!([4, 4]), json!([42, 42]))
    );
    assert_eq!(waits["newPercent"], 8.6);
    assert_eq!(
        told(fails),
        json!(["push", "gray-failed", false, true, "CrashLoopBackOff exit 1"])
    );
    assert_eq!(side(&fails["new"]), json!([2, 0]));
    let one: Value = serde_json::from_str(&run(&["release", "status", "feed/timeline", "-o", "json"])).unwrap();
    let mut apps = one["items"].as_array().unwrap().iter().map(|item| &item["app"]);
    assert!(apps.len() > 0 && apps.all(|app| app == "timeline"));
}

#[test]
fn commits_keep_their_fields_and_tell_where_they_run() {
    let printed = run(&["commits", "gift/live-gift", "--depth", "40", "-o", "json"]);
    let list: Value = serde_json::from_str(&printed).unwrap();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 40);
    let fields = "at author branches commit hasImage image runs subject tags";
    assert!(items.iter().all(|item| names(item) == fields), "{}", names(&items[0]));
    assert_eq!(items[0]["branches"], json!(["main"]), "the newest first");
    let parts: Vec<&Value> = items.iter().flat_map(|item| item["runs"].as_array().unwrap()).collect();
    assert_eq!(names(parts[0]), "cluster instances location part");
    for part in ["gray", "full"] {
        assert!(parts.iter().any(|run| run["part"] == part), "{part} of {parts:?}");
    }
    let running: Vec<&Value> = items.iter().filter(|item| item["runs"] != json!([])).collect();
    assert!(running.iter().all(|item| item["hasImage"] == true));
    assert!(items[0]["hasImage"].is_null(), "the demo has no registry to be asked");
    let tagged = run(&["commits", "gift/live-gift", "-b", "v1", "--depth", "1", "-o", "name"]);
    assert_eq!(tagged.trim().len(), 40, "{tagged}");
}
