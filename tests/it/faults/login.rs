//! Credentials and certificates, over real sockets.

use std::path::Path;
use std::time::Duration;

use pilothouse::cluster::{Options, Target, targets};
use pilothouse::domain::access::{Right, Verb};
use pilothouse::domain::{Kind, Link};
use serde_json::json;

use crate::support::api::{Api, Reply};
use crate::support::socket::{certificates, kubeconfig, serve, serve_tls};
use crate::support::{observer::Seen, watch_target};

const IN_TIME: Duration = Duration::from_secs(20);

fn target(kubeconfig: &Path) -> Target {
    let options = Options {
        kubeconfig: vec![kubeconfig.to_owned()],
        ..Options::default()
    };
    targets(&options).unwrap().remove(0)
}

fn unreachable(seen: &Seen, with: &str) -> bool {
    matches!(seen.link(), Some(Link::Unreachable { reason, .. }) if reason.contains(with))
}

fn unauthorized() -> Reply {
    Reply::status(
        401,
        &json!({"kind": "Status", "code": 401, "reason": "Unauthorized", "message": "Unauthorized"}),
    )
}

#[tokio::test]
async fn f14_a_token_that_expired_is_renewed_once_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let api = Api::with_pods(5);
    let port = serve(&api).await;
    let script = format!(
        "echo run >> {0}; n=$(wc -l < {0}); printf '{{\"status\":{{\"token\":\"t%s\"}}}}' $n",
        runs.display()
    );
    let user = format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, {}]}}}}",
        json!(script)
    );
    let path = kubeconfig(folder.path(), &format!("{{server: 'http://127.0.0.1:{port}'}}"), &user);
    let (cluster, mut observer) = watch_target(target(&path));
    observer.until_synced().await;
    let count = || std::fs::read_to_string(&runs).unwrap().lines().count();
    assert_eq!(count(), 1, "one run for all first requests");
    api.rule(|asked| (asked.token.as_deref() == Some("Bearer t1")).then(unauthorized));
    let rights = [Right::on(Verb::List, Kind::Pod, "gift")];
    let asked = (0..50).map(|_| cluster.review(&rights));
    let answers = futures::future::join_all(asked).await;
    assert!(answers.iter().all(|access| access.allows(&rights[0]) == Some(true)));
    assert_eq!(count(), 2, "one more run for fifty refusals");
}

#[tokio::test]
async fn f14_a_client_certificate_is_read_again_after_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let api = Api::with_pods(1);
    let port = serve(&api).await;
    let (_, certificate, key) = certificates("ann", false);
    let [certificate_file, key_file] = ["client.pem", "key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&certificate_file, certificate.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    let user = format!(
        "{{client-certificate: '{}', client-key: '{}'}}",
        certificate_file.display(),
        key_file.display()
    );
    let path = kubeconfig(folder.path(), &format!("{{server: 'http://127.0.0.1:{port}'}}"), &user);
    let (cluster, mut observer) = watch_target(target(&path));
    observer.until_synced().await;
    let mut left = 1;
    api.rule(move |asked| {
        let is_now = asked.path.ends_with("selfsubjectaccessreviews") && left > 0;
        left -= u32::from(is_now);
        is_now.then(unauthorized)
    });
    let right = Right::on(Verb::List, Kind::Pod, "gift");
    let access = cluster.review(std::slice::from_ref(&right)).await;
    assert_eq!(
        access.allows(&right),
        Some(true),
        "asked again with the file's new content"
    );
}

#[tokio::test]
async fn f15_a_plugin_that_fails_is_denied_with_a_hint_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let api = Api::with_pods(5);
    let port = serve(&api).await;
    let user =
        "{exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, 'echo s3cret >&2; exit 3']}}";
    let path = kubeconfig(folder.path(), &format!("{{server: 'http://127.0.0.1:{port}'}}"), user);
    let (_cluster, mut observer) = watch_target(target(&path));
    observer
        .until("denied", IN_TIME, |seen| {
            matches!(seen.link(), Some(Link::Denied { .. }))
        })
        .await;
    let said = format!(
        "{:?} {:?} {:?}",
        observer.seen.links, observer.seen.feeds, observer.seen.notices
    );
    assert!(said.contains("log in again") && !said.contains("s3cret"), "{said}");
    assert!(api.asked().is_empty(), "nothing is asked without a login");
}

#[tokio::test]
async fn f15_a_slow_login_is_connecting_with_the_reason_and_then_live() {
    let folder = tempfile::tempdir().unwrap();
    let [go, runs] = ["go", "runs"].map(|name| folder.path().join(name));
    let api = Api::with_pods(5);
    let port = serve(&api).await;
    let script = format!(
        "echo run >> {}; until [ -e {} ]; do sleep 0.05; done; echo '{{\"status\":{{\"token\":\"t\"}}}}'",
        runs.display(),
        go.display()
    );
    let user = format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, {}]}}}}",
        json!(script)
    );
    let path = kubeconfig(folder.path(), &format!("{{server: 'http://127.0.0.1:{port}'}}"), &user);
    let (_cluster, mut observer) = watch_target(target(&path));
    // As long as a probe may take, and the plugin takes longer.
    observer
        .until("the reason", IN_TIME, |seen| {
            matches!(seen.link(), Some(Link::Connecting { reason: Some(reason) }) if reason.contains("logging in"))
        })
        .await;
    std::fs::write(&go, "").unwrap();
    observer.until_synced().await;
    assert_eq!(
        std::fs::read_to_string(&runs).unwrap().lines().count(),
        1,
        "one login, to its end"
    );
    let links = &observer.seen.links;
    assert!(
        links
            .iter()
            .all(|(_, link)| matches!(link, Link::Connecting { .. } | Link::Live)),
        "{links:?}"
    );
}

#[tokio::test]
async fn f17_a_kubeconfig_that_changes_moves_its_cluster_and_one_that_goes_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Api::with_pods(3), Api::with_pods(7));
    let ports = [serve(&old).await, serve(&new).await];
    let write = |port: u16| {
        kubeconfig(
            folder.path(),
            &format!("{{server: 'http://127.0.0.1:{port}'}}"),
            "{token: t}",
        )
    };
    let path = write(ports[0]);
    let (_cluster, mut observer) = watch_target(target(&path));
    observer.until_synced().await;
    std::fs::remove_file(&path).unwrap();
    observer
        .until("told", IN_TIME, |seen| {
            seen.notices.iter().any(|n| n.contains("the kubeconfig is gone"))
        })
        .await;
    assert!(observer.seen.is_live(), "the connection goes on");
    old.put_pod("still-followed", "Running");
    observer
        .until("followed", IN_TIME, |seen| {
            seen.object(Kind::Pod, "still-followed").is_some()
        })
        .await;
    write(ports[1]);
    observer
        .until("moved", IN_TIME, |seen| seen.names(Kind::Pod).len() == 7)
        .await;
    assert!(observer.seen.notices.iter().any(|n| n.contains("kubeconfig changed")));
}

#[tokio::test]
async fn f18_a_server_that_cannot_prove_itself_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let authority_file = folder.path().join("ca.pem");
    let (other_authority, ..) = certificates("elsewhere.corp", false);
    for (name, expired, other, extra, outcome) in [
        ("127.0.0.1", false, false, "", Ok(false)),
        ("127.0.0.1", false, true, "", Err("unknown issuer")),
        ("127.0.0.1", true, false, "", Err("expired")),
        ("other.corp", false, false, "", Err("not valid for name")),
        ("other.corp", false, false, ", tls-server-name: other.corp", Ok(false)),
        ("other.corp", true, true, ", insecure-skip-tls-verify: true", Ok(true)),
    ] {
        let (authority, certificate, key) = certificates(name, expired);
        std::fs::write(&authority_file, if other { &other_authority } else { &authority }).unwrap();
        let api = Api::with_pods(1);
        let port = serve_tls(&api, &certificate, &key).await;
        let check = if extra.contains("insecure") {
            String::new()
        } else {
            format!(", certificate-authority: '{}'", authority_file.display())
        };
        let cluster = format!("{{server: 'https://127.0.0.1:{port}'{check}{extra}}}");
        let path = kubeconfig(folder.path(), &cluster, "{token: t}");
        let (_cluster, mut observer) = watch_target(target(&path));
        match outcome {
            Ok(insecure) => {
                observer.until("live", IN_TIME, Seen::is_live).await;
                assert_eq!(observer.seen.identity.as_ref().unwrap().insecure, insecure);
            }
            Err(reason) => {
                observer
                    .until(reason, IN_TIME, |seen| {
                        unreachable(seen, "certificate") && unreachable(seen, reason)
                    })
                    .await;
                assert!(api.asked().is_empty(), "nothing was asked of it");
            }
        }
    }
}
