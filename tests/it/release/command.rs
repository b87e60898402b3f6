//! `pilothouse release` as scripts run it, over the demo: what it refuses, with which exit code.

use std::path::Path;
use std::process::{Command, Output};

use crate::pty::PROGRAM;

/// A step on an app of the demo, with this configuration.
fn release(home: &Path, config: &str, arguments: &[&str]) -> Output {
    let file = home.join("config.toml");
    std::fs::write(&file, config).unwrap();
    Command::new(PROGRAM)
        .args(["--demo", "--context", "aliyun", "--config"])
        .arg(&file)
        .arg("release")
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
}

fn told(output: &Output) -> (Option<i32>, String) {
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn where_a_reason_is_asked_for_nothing_is_written_without_one() {
    let home = tempfile::tempdir().unwrap();
    let production = "[clusters.aliyun]\ntag = \"production\"\n";
    let restart = ["restart", APP, "--yes"];
    let (code, said) = told(&release(home.path(), production, &restart));
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("aliyun: a release there needs a reason\n  say why with --reason TEXT"),
        "{said}"
    );
    let empty = ["restart", APP, "--yes", "--reason", " "];
    assert_eq!(told(&release(home.path(), production, &empty)).0, Some(2));
    let shown = told(&release(home.path(), production, &["restart", APP]));
    assert_eq!(shown.0, Some(3), "what is only shown needs none: {}", shown.1);
    let (code, said) = told(&release(
        home.path(),
        production,
        &["restart", APP, "--yes", "--reason", "leak"],
    ));
    assert_eq!(code, Some(0), "{said}");
    let lines = lines(home.path());
    assert!(lines.contains("\"reason\":\"leak\""), "{lines}");
    let never = format!("ask_reason = \"never\"\n{production}");
    assert_eq!(told(&release(home.path(), &never, &restart)).0, Some(0));
}

#[test]
fn what_is_frozen_is_shown_with_the_reason_and_refused_unless_it_is_overridden() {
    let home = tempfile::tempdir().unwrap();
    let frozen = "[[freeze]]\nreason = \"audit\"\nnamespaces = [\"ads\"]\n";
    let shown = release(home.path(), frozen, &["restart", APP]);
    assert_eq!(shown.status.code(), Some(3));
    let printed = String::from_utf8(shown.stdout).unwrap();
    assert!(printed.contains("✖ frozen: audit (by the configuration)"), "{printed}");
    let (code, said) = told(&release(home.path(), frozen, &["restart", APP, "--yes"]));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("frozen: audit") && said.contains("--override"), "{said}");
    let refused = last_attempt(home.path());
    assert_eq!(refused["answer"], "refused: frozen: audit (by the configuration)");
    let request = refused["request"].as_str().unwrap();
    let is_told =
        request.starts_with("PATCH /apis/apps/v1/namespaces/ads/deployments/") && request.ends_with("(dry run)");
    assert!(is_told, "{refused}");
    let all_the_same = ["restart", APP, "--yes", "--override", "leak"];
    assert_eq!(told(&release(home.path(), frozen, &all_the_same)).0, Some(0));
    let lines = lines(home.path());
    assert!(lines.contains("\"override\":\"leak\""), "{lines}");
    let written = last_attempt(home.path());
    assert_eq!(
        (&written["answer"], &written["to"]),
        (&"done".into(), &"every instance anew".into())
    );
    assert!(!written["request"].as_str().unwrap().contains("dry run"), "{written}");
}

#[test]
fn what_is_refused_for_read_only_leaves_a_line_and_what_is_only_shown_leaves_none() {
    let home = tempfile::tempdir().unwrap();
    let refused = ["--readonly", "restart", APP];
    let (code, said) = told(&release(home.path(), "", &refused));
    assert_eq!(code, Some(1), "{said}");
    assert!(!activity(home.path()).exists() || !lines(home.path()).contains("attempt"));
    let refused = ["--readonly", "restart", APP, "--yes"];
    assert_eq!(told(&release(home.path(), "", &refused)).0, Some(1));
    let line = last_attempt(home.path());
    assert_eq!(line["answer"], "read-only: nothing is written");
    assert_eq!(
        (&line["to"], &line["request"]),
        (&"every instance anew".into(), &serde_json::Value::Null)
    );
}

/// The last attempt that is noted.
fn last_attempt(home: &Path) -> serde_json::Value {
    let lines = lines(home);
    let last = lines.lines().last().unwrap();
    serde_json::from_str::<serde_json::Value>(last).unwrap()["attempt"].take()
}

fn lines(home: &Path) -> String {
    std::fs::read_to_string(activity(home)).unwrap()
}

/// An app of the demo that runs well.
const APP: &str = "ads/bid-api";

/// Where its lines are kept.
fn activity(home: &Path) -> std::path::PathBuf {
    home.join(".local/state/pilothouse/activity.jsonl")
}
