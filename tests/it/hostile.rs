//! F34: a cluster whose every text attacks the terminal. Whatever is shown, printed or copied is harmless.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::pty::{PROGRAM, Terminal};
use crate::support::api::{Api, Reply};
use crate::support::socket;
use crate::tap::strays;

/// Clipboard, title, colours, cursor queries, C1, direction, control, wide and combining characters.
fn hostile(name: &str) -> String {
    let marks = "\u{301}".repeat(40);
    format!(
        "{name}\x1b]52;c;aGFja2Vk\x07\x1b]0;owned\x07\x1b[2J\x1b[31m\x1b[6n\x1bP$qm\x1b\\\u{9b}31m\u{90}q\u{9c}\u{202e}live\u{2066}\0\
         \u{7f}\x08one\ntwo\r\nthree\tfour\u{200b}\u{feff}漢字e{marks}👩\u{200d}💻\u{e0041}"
    )
}

/// The same, 100 KB long.
fn long(name: &str) -> String {
    hostile(name).repeat(700)
}

fn pod(name: &str, said: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": hostile("ns"), "uid": name, "labels": {"app": hostile("app"), said: said},
            "annotations": {"pilothouse.dev/owner": said, "note": said}},
        "spec": {"nodeName": hostile("node"), "containers": [{"name": hostile("c"), "image": said}]},
        "status": {"phase": hostile("Running"), "reason": said, "message": said, "podIP": hostile("10.0.0.1"),
            "conditions": [{"type": hostile("Ready"), "status": "False", "reason": said, "message": said}],
            "containerStatuses": [{"name": hostile("c"), "image": said, "imageID": said, "restartCount": 3,
                "state": {"waiting": {"reason": said, "message": said}},
                "lastState": {"terminated": {"exitCode": 137, "reason": said, "message": said}}}]},
    })
}

fn api() -> Api {
    let api = Api::new();
    let said = hostile("said");
    api.put("/api/v1/namespaces", &json!({"metadata": {"name": hostile("ns")}}));
    api.put("/api/v1/nodes", &json!({
        "metadata": {"name": hostile("node"), "uid": "n", "labels": {"topology.kubernetes.io/zone": hostile("zone"), "pilothouse.dev/group": hostile("group")}},
        "spec": {"providerID": hostile("cloud://"), "podCIDRs": [said], "taints": [{"key": hostile("key"), "value": said, "effect": said},
            {"key": "pilothouse.dev/exclusive", "value": said, "effect": "NoSchedule"}]},
        "status": {"conditions": [{"type": "Ready", "status": "False", "reason": said, "message": said}, {"type": said, "status": "True", "message": said}],
            "addresses": [{"type": "InternalIP", "address": said}], "nodeInfo": {"kubeletVersion": said}, "allocatable": {"cpu": said, "memory": said}},
    }));
    api.put("/apis/apps/v1/deployments", &json!({
        "metadata": {"name": hostile("app"), "namespace": hostile("ns"), "uid": "d", "labels": {"app": hostile("app")},
            "annotations": {"pilothouse.dev/owner": said, "pilothouse.dev/location": said, "pilothouse.dev/min-instances": said}},
        "spec": {"replicas": 2, "template": {"metadata": {"annotations": {"pilothouse.dev/commit": said}}, "spec": {"containers": [{"name": said, "image": said}]}}},
        "status": {"conditions": [{"type": said, "status": said, "reason": said, "message": said}]},
    }));
    api.put("/api/v1/pods", &pod(&hostile("pod"), &said));
    api.put("/api/v1/pods", &pod(&long("pod"), &long("said")));
    api.put("/api/v1/events", &json!({
        "metadata": {"name": hostile("e"), "namespace": hostile("ns"), "uid": "e"}, "type": "Warning", "reason": said, "message": said,
        "involvedObject": {"kind": "Pod", "namespace": hostile("ns"), "name": hostile("pod"), "uid": hostile("pod")},
        "source": {"component": said, "host": said}, "count": 1,
    }));
    let refusal = json!({"kind": "Status", "reason": said, "message": said, "code": 403});
    api.rule(move |asked| {
        let path = asked.path.as_str();
        if path.contains("/autoscaling/") {
            Some(Reply::status(403, &refusal))
        } else if path.contains("/policy/") {
            Some(Reply::status(500, &refusal))
        } else if path == "/version" {
            Some(Reply::status(200, &json!({"gitVersion": hostile("v1")})))
        } else if path.ends_with("selfsubjectreviews") {
            Some(Reply::status(
                201,
                &json!({"status": {"userInfo": {"username": hostile("ann")}}}),
            ))
        } else {
            None
        }
    });
    api
}

/// A context whose name attacks too.
fn kubeconfig(folder: &Path, port: u16) -> PathBuf {
    let path = folder.join("config");
    let name = hostile("prod");
    let text = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": name,
        "clusters": [{"name": "c", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}}], "users": [{"name": "u", "user": {"token": "t"}}],
    });
    // YAML takes no control or format characters as they are.
    let text = text.to_string();
    let escaped = text.chars().map(|c| match c {
        ' '..='~' => c.to_string(),
        c => format!("\\U{:08X}", u32::from(c)),
    });
    std::fs::write(&path, escaped.collect::<String>()).unwrap();
    path
}

/// Types a key and lets everything be drawn anew, at another width, so that wide characters meet the edge.
fn press(terminal: &mut Terminal, keys: &str, step: usize) {
    let sizes = [(200, 50), (199, 50), (81, 24), (80, 24)];
    terminal.type_bytes(keys.as_bytes());
    let frames = |seen: &crate::pty::Seen| seen.count(b"\x1b[2J");
    let before = terminal.see(frames);
    let (columns, rows) = sizes[step % sizes.len()];
    terminal.resize(columns, rows);
    terminal.wait_for("a frame", |seen| {
        frames(seen) > before && seen.bytes.ends_with(b"\x1b[?2026l")
    });
}

#[test]
fn f34_nothing_that_a_cluster_says_reaches_the_terminal_as_it_is() {
    let (runtime, folder) = (tokio::runtime::Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let api = api();
    let config = kubeconfig(folder.path(), runtime.block_on(socket::serve(&api)));
    let mut terminal = Terminal::start(&["--kubeconfig", config.to_str().unwrap()]);
    terminal.wait_for_text("prod␛]52");
    let mut step = 0;
    for screen in ["1", "2", "3", "4", "5", "9", "0", "\x07"] {
        // In twice, its events, wide, filtered, sorted, marked, copied, every overlay, and back.
        for keys in [
            screen, "\x17", " ", "c", "C", "\r", "c", "\r", "E", "\x1b", "\x1b", "o", "\x1b", "/", "n", "\r", "\x18",
            "O", "\x1b", "@", "\x1b", "L", "\x1b", "n", "\x1b", ":", "p", "\x1b", "?", "\x1b", screen, "\x17",
        ] {
            step += 1;
            press(&mut terminal, keys, step);
        }
        api.put_pod(&hostile(screen), &hostile("Pending"));
    }
    // An overlay may still be open: keys and sizes race.
    end_harmless(&mut terminal, "␛]52", &["zone␛", "app␛", "ns␛", "node␛"]);
    drop(runtime);
}

/// Ends the program: it drew all of `texts`, copied something with `wanted` in it, and no byte obeyed a stranger.
fn end_harmless(terminal: &mut Terminal, wanted: &str, texts: &[&str]) {
    terminal.signal(rustix::process::Signal::TERM);
    terminal.wait_for_end();
    terminal.wait_for_last_byte();
    terminal.see(|seen| {
        let (strays, copied) = strays(&seen.bytes);
        assert!(
            strays.is_empty(),
            "{} strays, such as {:?}",
            strays.len(),
            &strays[..strays.len().min(5)]
        );
        assert!(copied.iter().any(|text| text.contains(wanted)), "{copied:?}");
        let drawn = String::from_utf8_lossy(&seen.bytes);
        for text in texts {
            assert!(drawn.contains(text), "{text} was never seen");
        }
    });
}

#[test]
fn f34_what_is_printed_to_a_terminal_is_harmless_too() {
    let (runtime, folder) = (tokio::runtime::Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let api = api();
    let config = kubeconfig(folder.path(), runtime.block_on(socket::serve(&api)));
    let config = config.to_str().unwrap();
    let mut commands = vec![
        vec!["doctor"],
        vec!["get", "instances", "-o", "table", "--context", "\x1b]0;none\x07"],
    ];
    for kind in ["clusters", "locations", "apps", "instances", "nodes", "events"] {
        commands.extend(["table", "json", "yaml", "name"].map(|format| vec!["get", kind, "-o", format]));
    }
    for mut command in commands {
        command.extend(["--kubeconfig", config]);
        let mut terminal = Terminal::start_command(PROGRAM, &command, &[]);
        terminal.wait_for_end();
        terminal.wait_for_last_byte();
        terminal.see(|seen| {
            let (strays, copied) = strays(&seen.bytes);
            assert!(strays.is_empty(), "{command:?}: {:?}", &strays[..strays.len().min(5)]);
            assert!(copied.is_empty() && !seen.bytes.contains(&0x1b), "{command:?}");
            assert!(!seen.text().contains("cannot be used"), "{}", seen.text());
            assert!(!seen.bytes.is_empty(), "{command:?}");
        });
    }
    drop(runtime);
}

/// Lines of every kind that attack: prose, JSON and logfmt with escapes of their own, no UTF-8, no end for 10 MB.
fn log() -> Vec<u8> {
    let mut log = Vec::new();
    for n in 0..40 {
        let at = format!("2025-10-09T09:00:{n:02}.5Z ");
        let said = hostile("said").replace(['\n', '\r'], " ");
        let json = json!({"level": "error", "msg": said, "key\u{1b}]0;x\u{7}": said, "in": {"stack": hostile("at")}});
        for text in [
            said.clone(),
            json.to_string(),
            format!("level=warn msg=\"\\u001b]0;x\\u0007\" said={said} n={n}"),
        ] {
            log.extend(format!("{at}{text}\n").bytes());
        }
        log.extend([at.as_bytes(), b"\xff\xfe\x9b2J\x00\xe2\x80\n"].concat());
    }
    log.extend(b"2025-10-09T09:01:00Z endless ");
    log.extend("\x1b[2J漢\0".repeat(1_500_000).bytes());
    log
}

#[test]
fn f34_no_byte_of_a_log_reaches_the_terminal_as_it_is() {
    let (runtime, folder) = (tokio::runtime::Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let api = api();
    let chunks: Vec<bytes::Bytes> = log().chunks(64 * 1024).map(bytes::Bytes::copy_from_slice).collect();
    api.rule(move |asked| {
        asked
            .path
            .ends_with("/log")
            .then(|| Reply::Stream(chunks.clone(), false))
    });
    let config = kubeconfig(folder.path(), runtime.block_on(socket::serve(&api)));
    let mut terminal = Terminal::start(&["--kubeconfig", config.to_str().unwrap()]);
    terminal.wait_for_text("prod␛]52");
    terminal.type_bytes(b"4");
    terminal.wait_for_text("pod␛]52");
    terminal.type_bytes(b"l");
    terminal.wait_for_text("endless");
    let opened = ["f", "\x1b[C", "\x1b[C", "\x1b[D", "g", "\r", "j", "c", "C", "G", "\x1b"];
    let looked = [
        "w", "t", "t", "P", "m", "c", "/", "said", "\r", "n", "\r", "G", "\x1b", "i", "error", "\r", "x", "x",
    ];
    for (step, keys) in opened.iter().chain(&looked).chain(&opened).enumerate() {
        press(&mut terminal, keys, step);
    }
    end_harmless(&mut terminal, "said␛]52", &["endless", "message", "container"]);
    drop(runtime);
}
