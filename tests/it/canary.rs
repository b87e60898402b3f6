//! F55: secrets that must not be found again: not on the screen, not in the log, not in what is printed or kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use crate::pty::{PROGRAM, Terminal, wait_until};
use crate::support::api::Api;
use crate::support::socket;

/// In every secret of this test.
const CANARY: &str = "canary";

fn api() -> Api {
    let api = Api::with_pods(3);
    api.put(
        "/apis/apps/v1/deployments",
        &json!({
            "metadata": {"name": "live", "namespace": "gift", "uid": "d", "labels": {"app": "live"}, "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "canary-applied", "vault.example/token": "canary-annotation"}},
            "spec": {"replicas": 1, "template": {"metadata": {"annotations": {"x": "canary-template"}}, "spec": {"containers": [
                {"name": "c", "image": "i:v1", "args": ["--password=canary-argument"], "env": [{"name": "PASSWORD", "value": "canary-env"}]}]}}},
        }),
    );
    api
}

/// A login by plugin that works, one that fails, a proxy with a password that is not there, a token.
fn kubeconfig(folder: &Path, port: u16) -> PathBuf {
    let plugin = |name: &str, end: &str| {
        let path = folder.join(name);
        let credential = json!({"status": {"token": "canary-exec"}});
        std::fs::write(&path, format!("echo '{credential}'; echo canary-stderr >&2; {end}\n")).unwrap();
        json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": [path],
            "env": [{"name": "SECRET", "value": "canary-variable"}], "interactiveMode": "Never"}})
    };
    let server = format!("http://127.0.0.1:{port}");
    let context = |name: &str, cluster: &str| json!({"name": name, "context": {"cluster": cluster, "user": name}});
    let text = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "good",
        "clusters": [{"name": "c", "cluster": {"server": server}},
            {"name": "proxied", "cluster": {"server": server, "proxy-url": "http://bob:canary-proxy@127.0.0.1:9"}}],
        "contexts": [context("good", "c"), context("failing", "c"), context("far", "proxied"), context("fixed", "c")],
        "users": [{"name": "good", "user": plugin("good", "")}, {"name": "failing", "user": plugin("failing", "exit 1")},
            {"name": "far", "user": {"token": "canary-far"}}, {"name": "fixed", "user": {"token": "canary-fixed"}}],
    });
    let path = folder.join("config");
    std::fs::write(&path, text.to_string()).unwrap();
    path
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn has_canary(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, CANARY.as_bytes()).is_some()
}

/// What the commands print of it.
fn print_all(config: &str, settings: &Path) {
    for command in [
        &["doctor"][..],
        &["get", "clusters"],
        &["get", "apps", "-o", "json"],
        &["get", "instances", "-o", "yaml"],
    ] {
        let output = std::process::Command::new(PROGRAM)
            .args(command)
            .args(["--kubeconfig", config, "--all-contexts"])
            .env("PILOTHOUSE_CONFIG", settings)
            .output()
            .unwrap();
        assert!(!output.stdout.is_empty(), "{command:?}");
        for bytes in [output.stdout, output.stderr] {
            assert!(!has_canary(&bytes), "{command:?}: {}", String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn f55_no_secret_is_shown_printed_or_kept() {
    let (runtime, folder) = (tokio::runtime::Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let api = api();
    let config = kubeconfig(folder.path(), runtime.block_on(socket::serve(&api)));
    let config = config.to_str().unwrap();
    let settings = folder.path().join("config.toml");
    std::fs::write(&settings, "log_level = \"trace\"\n").unwrap();
    let variables = [("PILOTHOUSE_CONFIG", settings.to_str().unwrap())];
    let mut terminal = Terminal::start_command(PROGRAM, &["--kubeconfig", config, "--all-contexts"], &variables);
    terminal.wait_for_text("good");
    terminal.type_bytes(b"\x07");
    // The screen shows the end of the log as it grows: which line that is depends on what is slow, so each is looked for in the file.
    terminal.wait_for_text(" INFO ");
    wait_until("the log to tell", || {
        let mut logs = Vec::new();
        files(terminal.home.path(), &mut logs);
        let log = logs.iter().find(|path| path.ends_with("pilothouse.log"));
        let text = log
            .and_then(|path| std::fs::read_to_string(path).ok())
            .unwrap_or_default();
        [
            ": watching",
            "gave a credential",
            "good: live",
            "failing: denied",
            "far: unreachable",
            "fixed: live",
        ]
        .iter()
        .all(|told| text.contains(told))
    });
    for screen in ["3\r\r", "4\r\r", "5\r", "1\r", "9", "0"] {
        terminal.type_bytes(screen.as_bytes());
        let before = terminal.see(|seen| seen.bytes.len());
        terminal.type_bytes(b"\x0c");
        terminal.wait_for("a frame", |seen| seen.bytes.len() > before);
    }
    terminal.type_bytes(b"q");
    assert_eq!(terminal.wait_for_end().0.exit_code(), 0);
    terminal.wait_for_last_byte();
    assert!(terminal.see(|seen| !has_canary(&seen.bytes)));
    let mut kept = Vec::new();
    files(terminal.home.path(), &mut kept);
    for name in ["pilothouse.log", "activity.jsonl"] {
        assert!(kept.iter().any(|path| path.ends_with(name)), "{kept:?}");
    }
    for path in kept {
        let text = std::fs::read(&path).unwrap();
        assert!(
            !has_canary(&text),
            "{}:\n{}",
            path.display(),
            String::from_utf8_lossy(&text)
        );
    }
    print_all(config, &settings);
    runtime.shutdown_timeout(Duration::ZERO);
}
