//! `pilothouse new` as it is run, over the demo: what it prints, writes, refuses and creates.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::pty::PROGRAM;

/// Runs it over one cluster of the demo.
fn new(home: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .arg("--demo")
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .current_dir(home)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
}

const APP: &[&str] = &[
    "new",
    "thanks",
    "-n",
    "gift",
    "--repo",
    "https://git.local/gift/thanks.git",
    "--image",
    "registry.local/gift/thanks",
];

fn told(output: &Output) -> (Option<i32>, String, String) {
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn with(more: &[&'static str]) -> Vec<&'static str> {
    [APP, more].concat()
}

fn documents(text: &str) -> Vec<Value> {
    let all = serde_yaml_ng::Deserializer::from_str(text);
    all.map(|document| serde::Deserialize::deserialize(document).unwrap())
        .collect()
}

#[test]
fn without_a_cluster_it_prints_objects_and_writes_files_that_it_never_writes_over() {
    let home = tempfile::tempdir().unwrap();
    let asked = with(&["--template", "java", "--min", "3", "--max", "9", "--to", "app"]);
    let (code, out, err) = told(&new(home.path(), &asked));
    assert_eq!(code, Some(0), "{err}");
    let kinds: Vec<Value> = documents(&out).iter().map(|object| object["kind"].clone()).collect();
    assert_eq!(
        kinds,
        [
            "Deployment",
            "Service",
            "PodDisruptionBudget",
            "HorizontalPodAutoscaler"
        ]
    );
    let folder = home.path().join("app");
    assert_eq!(std::fs::read_to_string(folder.join("kubernetes.yaml")).unwrap(), out);
    for file in ["Dockerfile", "build.sh", "start.sh", "stop.sh", "discovery.sh"] {
        let mode = std::fs::metadata(folder.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644, "{file}");
    }
    std::fs::remove_file(folder.join("Dockerfile")).unwrap();
    std::fs::write(folder.join("build.sh"), "own").unwrap();
    let (code, _, err) = told(&new(home.path(), &asked));
    assert_eq!(code, Some(1));
    assert!(err.contains("build.sh") && err.contains("--force"), "{err}");
    assert!(!folder.join("Dockerfile").exists(), "all of them, or none");
    assert_eq!(std::fs::read_to_string(folder.join("build.sh")).unwrap(), "own");
    let forced = [asked, vec!["--force"]].concat();
    assert_eq!(told(&new(home.path(), &forced)).0, Some(0));
    assert_ne!(std::fs::read_to_string(folder.join("build.sh")).unwrap(), "own");
}

#[test]
fn what_kubernetes_would_refuse_is_refused_with_its_rule_before_anything_is_asked() {
    let home = tempfile::tempdir().unwrap();
    for (more, rule) in [
        (&["--memory", "512m"][..], "memory '512m'"),
        (&["--port", "99999"], "port '99999': a number from 1 to 65535"),
        (&["--min", "5", "--max", "2"], "max '2': 2 is less than min, which is 5"),
        (&["--template", "rust"], "there is no template 'rust'"),
    ] {
        let (code, out, err) = told(&new(home.path(), &with(more)));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(rule), "{err}");
    }
    let mut named: Vec<&str> = APP.to_vec();
    named[1] = "Thanks";
    let (code, _, err) = told(&new(home.path(), &named));
    assert_eq!(code, Some(2));
    assert!(err.contains("name 'Thanks'") && err.contains("DNS-1035"), "{err}");
}

#[test]
fn a_location_tells_its_headroom_and_who_is_there_and_becomes_a_selector() {
    let home = tempfile::tempdir().unwrap();
    let (code, out, err) = told(&new(home.path(), &with(&["--location", LOCATION, "--dry-run"])));
    assert_eq!(code, Some(0), "{err}");
    assert!(
        err.contains(&format!("{LOCATION}: fits ")) && err.contains(" apps with "),
        "{err}"
    );
    assert!(
        err.contains("● ") && err.contains("Deployment: would be created"),
        "{err}"
    );
    let deployment = documents(&out).remove(0);
    let pod = &deployment["spec"]["template"]["spec"];
    let selected = pod["nodeSelector"].as_object().unwrap();
    assert!(selected.values().any(|value| value == LOCATION), "{selected:?}");
    assert_eq!(
        deployment["metadata"]["annotations"]["pilothouse.dev/location"],
        LOCATION
    );
    let (code, _, err) = told(&new(home.path(), &with(&["--location", "nowhere"])));
    assert_eq!(code, Some(2));
    assert!(
        err.contains("there is no location 'nowhere'") && err.contains(LOCATION),
        "{err}"
    );
    let (code, _, err) = told(&new(home.path(), &with(&["--location", LOCATION, "--group", "nobody"])));
    assert_eq!(code, Some(2));
    assert!(err.contains("there is no group 'nobody'"), "{err}");
}

#[test]
fn it_creates_only_with_yes_and_leaves_a_line_for_each_object() {
    let home = tempfile::tempdir().unwrap();
    let apply = with(&["--context", "aliyun", "--apply", "-o", "json"]);
    let (code, out, err) = told(&new(home.path(), &apply));
    assert_eq!(code, Some(3), "{err}");
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(shown["items"][0]["written"], false);
    let (code, out, err) = told(&new(home.path(), &[apply.clone(), vec!["--yes"]].concat()));
    assert_eq!(code, Some(0), "{err}");
    assert!(
        err.contains("gift/thanks is there, without instances: its first release gives it 2"),
        "{err}"
    );
    let item = serde_json::from_str::<Value>(&out).unwrap()["items"][0].clone();
    let mut fields: Vec<&String> = item.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(
        fields,
        ["cluster", "locations", "name", "namespace", "objects", "written"]
    );
    assert_eq!(item["written"], true);
    assert!(
        item["objects"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["answer"] == "created")
    );
    let lines = std::fs::read_to_string(home.path().join(".local/state/pilothouse/activity.jsonl")).unwrap();
    assert_eq!(lines.matches("\"did\":\"create\"").count(), 3, "{lines}");
    assert!(
        lines.contains("Deployment gift/thanks") && lines.contains("\"answer\":\"done\""),
        "{lines}"
    );
    let (code, _, err) = told(&new(home.path(), &[apply, vec!["--yes", "--readonly"]].concat()));
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("read-only"), "{err}");
}

/// A location of the demo.
const LOCATION: &str = "idc-bj-a";
