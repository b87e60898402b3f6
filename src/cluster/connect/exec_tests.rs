//! Plugins as they misbehave, run for real with `sh`.

use std::time::Instant;

use super::*;

fn plugin(script: &str) -> Plugin {
    let exec = ExecConfig {
        command: Some("sh".into()),
        args: Some(vec!["-c".into(), script.into()]),
        provide_cluster_info: true,
        ..ExecConfig::default()
    };
    let cluster = Cluster {
        server: Some("https://k:6443".into()),
        ..Cluster::default()
    };
    Plugin::new(exec, &cluster).unwrap()
}

async fn run(script: &str) -> Result<Credential, String> {
    plugin(script).run(&Semaphore::new(1)).await
}

#[tokio::test]
async fn a_token_or_a_certificate_is_taken() {
    let token = run(r#"echo '{"status":{"token":"t0","expirationTimestamp":"2030-01-01T00:00:00Z"}}'"#)
        .await
        .unwrap();
    assert_eq!(token.token.as_deref(), Some("t0"));
    assert_eq!(token.expires.unwrap().to_rfc3339(), "2030-01-01T00:00:00+00:00");
    let certificate = run(r"printf 'status:\n  clientCertificateData: c\n  clientKeyData: k\n'")
        .await
        .unwrap();
    assert_eq!(
        certificate.certificate,
        Some((STANDARD.encode("c"), STANDARD.encode("k")))
    );
}

#[tokio::test]
async fn it_is_told_the_cluster_and_that_there_is_no_terminal() {
    let script = r#"cat >/dev/null; printf '{"status":{"token":"%s"}}' "$(printf %s "$KUBERNETES_EXEC_INFO" | base64 | tr -d '\n')""#;
    let token = run(script).await.unwrap().token.unwrap();
    let info: Value = serde_json::from_slice(&STANDARD.decode(token).unwrap()).unwrap();
    assert_eq!(info["spec"]["interactive"], false);
    assert_eq!(info["spec"]["cluster"]["server"], "https://k:6443");
    assert_eq!(info["apiVersion"], VERSIONS[0]);
}

#[tokio::test]
async fn what_it_prints_is_never_repeated() {
    for script in [
        "echo s3cret; exit 1",
        "echo s3cret >&2; exit 3",
        "echo '{\"status\":{\"tok\":\"s3cret\"}}'",
        "head -c 2000000 /dev/zero",
        "head -c 2000000 /dev/zero >&2",
    ] {
        let error = run(script).await.unwrap_err();
        assert!(error.contains("'sh'") && !error.contains("s3cret"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_killed_with_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pid");
    let script = format!("sleep 1000 & echo $! > {}; wait", pid_file.display());
    // Time is paused: it jumps to the limit as soon as nothing but the plugin is waited for. So the
    // plugin gets real time first to write its child's number.
    let running = tokio::spawn(async move { run(&script).await });
    let started = Instant::now();
    while std::fs::read_to_string(&pid_file).unwrap_or_default().trim().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(10), "the plugin did not start");
        tokio::task::yield_now().await;
    }
    let error = running.await.unwrap().unwrap_err();
    assert!(error.contains("did not end within 30 s"), "{error}");
    let pid: i32 = std::fs::read_to_string(&pid_file).unwrap().trim().parse().unwrap();
    let is_gone = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    };
    while !is_gone() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "the plugin's child still runs"
        );
        std::thread::yield_now();
    }
}

#[test]
fn a_plugin_that_wants_the_terminal_is_refused() {
    for (exec, word) in [
        (
            ExecConfig {
                command: Some("login".into()),
                interactive_mode: Some(ExecInteractiveMode::Always),
                ..ExecConfig::default()
            },
            "terminal",
        ),
        (ExecConfig::default(), "no command"),
        (
            ExecConfig {
                command: Some("login".into()),
                api_version: Some("client.authentication.k8s.io/v1alpha1".into()),
                ..ExecConfig::default()
            },
            "v1alpha1",
        ),
    ] {
        let error = Plugin::new(exec, &Cluster::default()).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
}
