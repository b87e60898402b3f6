//! Builds that are stopped by key: this very Job goes after a yes.

use pilothouse::domain::build::{BUILD_OF, COMMIT, IMAGE, REF, REPO};
use pilothouse::domain::rights::Role;
use serde_json::{Value, json};

use super::driven::Driven;
use super::send;
use crate::support::rights::give;

const JOBS: &str = "/apis/batch/v1/namespaces/gift/jobs";
const NEW: &str = "c04d21b9f31c2a77ab0e4f5d6a7b8c9d0e1f2a3b";

fn name(commit: &str) -> String {
    pilothouse::build::name::name("live", commit, 1)
}

/// The program of an operator who builds too.
async fn builder() -> Driven {
    let driven = Driven::new().await;
    give(&driven.servers[0].simulation, Role::Operator.name(), Role::Builder, &[]).await;
    driven
}

/// A build of three stages that takes its time.
async fn build(driven: &Driven, commit: &str) {
    let labels = json!({"app.kubernetes.io/managed-by": "pilothouse", BUILD_OF: "live", COMMIT: commit});
    let annotations = json!({
        REPO: "https://git/live", REF: "main", IMAGE: "live:c04d21b9f31c", "sim.pilothouse.dev/init-seconds": "3600",
    });
    let container = |name: &str| json!({"name": name, "image": "builder:1"});
    let metadata = json!({"labels": labels, "annotations": annotations});
    let mut own = metadata.clone();
    own["name"] = name(commit).into();
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": own,
        "spec": {"backoffLimit": 0, "template": {"metadata": metadata, "spec": {
            "restartPolicy": "Never", "initContainers": [container("clone"), container("compile")],
            "containers": [container("package")],
        }}},
    });
    let simulation = &driven.servers[0].simulation;
    let (code, answer) = send(simulation, "POST", JOBS, "application/json", &job).await;
    assert_eq!(code, 201, "{answer}");
}

async fn names(driven: &Driven, path: &str) -> Vec<String> {
    let list = driven.servers[0].get(path).await;
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let name = |item: &Value| item["metadata"]["name"].as_str().unwrap().to_owned();
    items.iter().map(name).collect()
}

#[tokio::test(start_paused = true)]
async fn a_build_that_runs_is_cancelled_by_key() {
    let mut driven = builder().await;
    build(&driven, NEW).await;
    driven.press("7");
    driven.until("it runs", |frame| frame.contains("clone 1/3 · ")).await;
    driven.press("b c");
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    let shown = driven.frame();
    assert!(
        shown.contains("cancel a build") && shown.contains("commit c04d21b of main: running · clone"),
        "{shown}"
    );
    assert_eq!(names(&driven, JOBS).await, [name(NEW)], "nothing but a dry run");
    driven.press("y");
    driven.until("it is gone", |frame| frame.contains("no builds")).await;
    assert!(names(&driven, JOBS).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_may_not_delete_jobs_is_told_which_role_may() {
    let mut driven = Driven::new().await;
    build(&driven, NEW).await;
    driven.press("7");
    driven.until("it runs", |frame| frame.contains("clone 1/3 · ")).await;
    driven.press("b c");
    driven
        .until("refused", |frame| {
            frame.contains("you may not delete jobs.batch in gift; `pilothouse rbac builder`")
        })
        .await;
    assert_eq!(names(&driven, JOBS).await, [name(NEW)]);
}
