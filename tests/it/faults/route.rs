//! Where the way to one cluster hangs: behind a proxy that says nothing, at an address nobody is at.

use std::path::Path;
use std::time::Duration;

use pilothouse::cluster::{Options, Target, targets};
use pilothouse::domain::{ClusterId, Kind, Link};
use tokio::net::TcpListener;

use crate::pty::Terminal;
use crate::support::api::Api;
use crate::support::observer::Seen;
use crate::support::socket::{kubeconfig, serve};
use crate::support::watch_target;

/// Real time: longer than a probe may take.
const IN_TIME: Duration = Duration::from_secs(10);

fn target(folder: &Path, cluster: &str) -> Target {
    let options = Options {
        kubeconfig: vec![kubeconfig(folder, cluster, "{token: t}")],
        ..Options::default()
    };
    targets(&options).unwrap().remove(0).with_id(ClusterId::new("test"))
}

fn reason(seen: &Seen) -> Option<&str> {
    match seen.link() {
        Some(Link::Unreachable { reason }) => Some(reason),
        _ => None,
    }
}

/// Accepts connections and never says a word; gives the port.
async fn black_hole() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    port
}

#[tokio::test]
async fn f51_a_black_holed_proxy_is_named_and_delays_nobody() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let good = Api::with_pods(50);
    let (hole, port) = (black_hole().await, serve(&good).await);
    let behind = format!("{{server: 'https://192.0.2.1:6443', proxy-url: 'http://ann:s3cret@127.0.0.1:{hole}'}}");
    let (_dead, mut of_dead) = watch_target(target(folders[0].path(), &behind));
    let direct = format!("{{server: 'http://127.0.0.1:{port}'}}");
    let (_good, mut of_good) = watch_target(target(folders[1].path(), &direct));
    // Before the other's first probe can have failed.
    of_good
        .until("its rows", Duration::from_secs(3), |seen| {
            seen.is_live() && seen.names(Kind::Pod).len() == 50
        })
        .await;
    let wanted = format!("no answer within 3 s through the proxy http://127.0.0.1:{hole}");
    of_dead
        .until("the reason", IN_TIME, |seen| reason(seen) == Some(&wanted))
        .await;
}

#[tokio::test]
async fn f51_an_address_nobody_is_at_is_told_and_the_other_family_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    let api = Api::with_pods(5);
    // On 127.0.0.1 alone.
    let port = serve(&api).await;
    let (_dead, mut of_dead) = watch_target(target(folder.path(), &format!("{{server: 'http://[::1]:{port}'}}")));
    of_dead
        .until("the reason", IN_TIME, |seen| {
            reason(seen).is_some_and(|reason| !reason.is_empty() && !reason.starts_with("no answer"))
        })
        .await;
    // Where `localhost` is ::1 first, the second address has to be tried.
    let name = format!("{{server: 'http://localhost:{port}'}}");
    let (_good, mut of_good) = watch_target(target(folder.path(), &name));
    of_good.until("live", IN_TIME, Seen::is_live).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn f51_quitting_does_not_wait_for_what_hangs() {
    let folder = tempfile::tempdir().unwrap();
    let hole = black_hole().await;
    let cluster = format!("{{server: 'https://192.0.2.1:6443', proxy-url: 'http://127.0.0.1:{hole}'}}");
    let path = kubeconfig(folder.path(), &cluster, "{token: t}");
    let took = tokio::task::spawn_blocking(move || {
        let mut terminal = Terminal::start(&["--kubeconfig", path.to_str().unwrap()]);
        terminal.wait_for_text("✖ unreachable");
        terminal.type_bytes(b"q");
        let (status, took) = terminal.wait_for_end();
        assert_eq!(status.exit_code(), 0);
        took
    });
    let took = took.await.unwrap();
    assert!(took < Duration::from_secs(1), "{took:?}");
}
