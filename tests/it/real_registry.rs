//! Images in the lab's registry, of which the real node runs one: only with `PILOTHOUSE_TEST_KUBECONFIG` and
//! `PILOTHOUSE_TEST_LAB`.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::{Value, json};

use crate::real::{client, kubeconfig, lab};

const PATIENCE: Duration = Duration::from_mins(2);
const NAME: &str = "registry-test";

/// Runs buildah with its files in `folder`; gives what it prints.
fn buildah(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("buildah")
        .args(["--storage-driver", "vfs", "--root"])
        .arg(folder.join("root"))
        .arg("--runroot")
        .arg(folder.join("run"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Pushes an image of busybox with this commit.
fn push(folder: &Path, image: &str, commit: &str) {
    let container = buildah(folder, &["from", "scratch"]);
    buildah(folder, &["copy", "-q", &container, "/bin/busybox", "/bin/busybox"]);
    let label = format!("org.opencontainers.image.revision={commit}");
    buildah(
        folder,
        &[
            "config",
            "--label",
            &label,
            "--cmd",
            "/bin/busybox sleep 3600",
            &container,
        ],
    );
    buildah(folder, &["commit", "-q", &container, image]);
    buildah(folder, &["push", "-q", "--tls-verify=false", image]);
}

// Pulled anew: the node keeps what an earlier run pushed under the same tag.
fn deployment(image: &str) -> Deployment {
    let container = json!({"name": "sleeps", "image": image, "imagePullPolicy": "Always", "command": ["/bin/busybox", "sleep", "3600"]});
    let template = json!({"metadata": {"labels": {"app": NAME}},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]}});
    let spec = json!({"replicas": 1, "selector": {"matchLabels": {"app": NAME}}, "template": template});
    serde_json::from_value(json!({"metadata": {"name": NAME}, "spec": spec})).unwrap()
}

fn pilothouse(config: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pilothouse"))
        .arg("--kubeconfig")
        .arg(kubeconfig().unwrap())
        .arg("--config")
        .arg(config)
        .args(["--context", "lab-a", "-n", "default"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What is shown before a gray release of an image.
fn shown(config: &Path, image: &str) -> String {
    let output = pilothouse(config, &["release", "start", NAME, "--image", image, "--gray", "1"]);
    assert_eq!(
        output.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// What `get images` prints as JSON, by tag.
fn images(config: &Path) -> Vec<Value> {
    let output = pilothouse(config, &["get", "images", NAME, "-o", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_are_told_with_what_runs_of_them() {
    if kubeconfig().is_none() {
        return;
    }
    let Some(host) = lab(&["registry", "a"]).await else {
        return;
    };
    let host = host.trim();
    let folder = tempfile::tempdir().unwrap();
    let image = |tag: &str| format!("{host}/{NAME}:{tag}");
    push(folder.path(), &image("v1"), "1111111aaaa");
    push(folder.path(), &image("v2"), "2222222bbbb");
    let config = folder.path().join("config.toml");
    std::fs::write(&config, format!("[registries.\"{host}\"]\nplain_http = true\n")).unwrap();
    let api: Api<Deployment> = Api::default_namespaced(client("lab-a").await);
    drop(api.delete(NAME, &DeleteParams::foreground()).await);
    let end = Instant::now() + PATIENCE;
    while api.get_opt(NAME).await.unwrap().is_some() {
        assert!(Instant::now() < end, "one of an earlier run stays");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    api.create(&PostParams::default(), &deployment(&image("v1")))
        .await
        .unwrap();
    let is_running = |rows: &[Value]| {
        let mut rows = rows
            .iter()
            .filter(|row| row["inRegistry"] == true && row["tag"] == "v1");
        rows.any(|row| row["runs"][0]["instances"] == 1)
    };
    let is_resolved = |status: Deployment| status.status.and_then(|status| status.ready_replicas) == Some(1);
    while !is_resolved(api.get(NAME).await.unwrap()) {
        assert!(Instant::now() < end, "the node does not run it");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let rows = images(&config);
    let (there, gone) = (shown(&config, &image("v2")), shown(&config, &image("v3")));
    api.delete(NAME, &DeleteParams::background()).await.unwrap();
    assert!(
        is_running(&rows),
        "the digest that the node resolved is the tag's: {rows:#?}"
    );
    assert!(
        !there.contains("registry: ") && !there.contains("could not be asked"),
        "{there}"
    );
    assert!(
        gone.contains(&format!("no such image in the registry: {}", image("v3"))),
        "{gone}"
    );
    let told: Vec<_> = rows
        .iter()
        .map(|row| (&row["tag"], &row["commit"], &row["inRegistry"]))
        .collect();
    let (yes, v1, v2) = (json!(true), json!("v1"), json!("v2"));
    let (one, two) = (json!("1111111aaaa"), json!("2222222bbbb"));
    assert_eq!(told, [(&v2, &two, &yes), (&v1, &one, &yes)], "the youngest first");
    for row in &rows {
        assert!(row["digest"].as_str().unwrap().starts_with("sha256:") && row["sizeBytes"].as_u64() > Some(100_000));
        assert!(row["created"].is_string(), "{row}");
    }
}
