//! What was done is read back by `pilothouse activity`: of an app, since when, in fields that scripts rely on.

use std::path::Path;
use std::process::{Command, Output};

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::pty::PROGRAM;

fn run(home: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .arg("activity")
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .output()
        .unwrap()
}

/// A write so long ago.
fn written(ago: TimeDelta, app: &str, to: &str) -> String {
    let attempt = json!({"cluster": "idc-bj", "object": "Deployment gift/live-web", "app": app, "uid": "u1",
        "operation": "01K", "user": "jo", "from": null, "to": to, "request": "PATCH /apis/x", "reason": "because", "answer": "done", "milliseconds": 12});
    json!({"time": Utc::now() - ago, "person": "jo@jump1", "process": 7, "did": "start", "attempt": attempt})
        .to_string()
}

#[test]
fn what_was_done_is_printed_the_oldest_first() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".local/state/pilothouse");
    let none = run(home.path(), &["-o", "json"]);
    assert_eq!(
        serde_json::from_slice::<Value>(&none.stdout).unwrap(),
        json!({"items": []})
    );
    std::fs::create_dir_all(&folder).unwrap();
    let start = json!({"time": Utc::now() - TimeDelta::days(3), "person": "jo@jump1", "process": 7, "did": "stop", "object": "exit 0"});
    let aside = format!(
        "{start}\n{}\n",
        written(TimeDelta::days(2), "live", "live:\u{1b}[31mv2")
    );
    std::fs::write(folder.join("activity.jsonl.1"), aside).unwrap();
    let now = format!("{}\ncut o", written(TimeDelta::hours(1), "chat", "chat:v3"));
    std::fs::write(folder.join("activity.jsonl"), now).unwrap();

    let all = run(home.path(), &["-o", "json"]);
    assert_eq!(all.status.code(), Some(0));
    let told = String::from_utf8(all.stderr).unwrap();
    assert!(told.contains("1 line of ") && told.contains("cannot be read"), "{told}");
    let items = serde_json::from_slice::<Value>(&all.stdout).unwrap()["items"].take();
    let told = |item: &Value| (item["did"].clone(), item["app"].clone(), item["about"].clone());
    let told: Vec<_> = items.as_array().unwrap().iter().map(told).collect();
    let null = Value::Null;
    let expected = [
        (json!("stop"), null.clone(), json!("exit 0")),
        (json!("start"), json!("live"), null.clone()),
        (json!("start"), json!("chat"), null),
    ];
    assert_eq!(told, expected);
    let mut write = items[2].clone();
    assert!(write["time"].take().is_string());
    let expected = json!({"time": null, "person": "jo@jump1", "process": 7, "did": "start", "cluster": "idc-bj",
        "kind": "Deployment", "namespace": "gift", "name": "live-web", "about": null, "app": "chat", "uid": "u1",
        "operation": "01K", "user": "jo", "from": null, "to": "chat:v3", "request": "PATCH /apis/x", "reason": "because",
        "override": null, "takenOver": null, "answer": "done", "milliseconds": 12});
    assert_eq!(write, expected);

    for (arguments, lines) in [
        (&["--since", "1d"][..], 1),
        (&["--app", "live"], 1),
        (&["--app", "gift/live"], 1),
        (&["--app", "other/live"], 0),
        (&["--app", "live", "--since", "1d"], 0),
        (&[], 3),
    ] {
        let printed = String::from_utf8(run(home.path(), arguments).stdout).unwrap();
        assert_eq!(printed.lines().count(), lines + 1, "{arguments:?}: {printed}");
        assert!(!printed.contains('\u{1b}'), "{printed:?}");
    }
}
