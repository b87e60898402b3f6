//! Steps of several writes, which end between them too.

use pilothouse::domain::Kind;
use pilothouse::release::Phase;
use pilothouse::release::step::{Count, Step};
use serde_json::{Value, json};

use super::{App, End, MOST_REQUESTS, Program, brought, start};
use crate::release::send;

/// The template, then one instance after the other: whoever comes next takes what is missing, or goes back; whether
/// there was a middle.
async fn cut_between_nodes(end: End, back: bool) -> bool {
    let app = App::new(Kind::DaemonSet).await;
    let (program, left) = brought(&app, &[], false).await;
    let at = app.generation().await;
    let is_whole = program.take_and_end(&start(), end).await;
    drop(program);

    let mut next = Program::over(&app).await;
    let phase = next.phase().await;
    let updated = next.workload().updated;
    if app.generation().await == at {
        assert_eq!(phase, left, "{end:?}");
        next.take(&start()).await.unwrap();
    } else if back {
        next.take(&Step::Abort)
            .await
            .unwrap_or_else(|error| panic!("{end:?}: {error}"));
        assert_eq!(next.phase().await, Phase::Stable, "{end:?}");
        assert_eq!((next.workload().updated, next.workload().ready), (4, 4), "{end:?}");
        assert_eq!(next.workload().images[0], "live:v1", "{end:?}");
        return !is_whole;
    } else {
        assert!(updated <= 2, "{end:?}: {updated} nodes have it");
        let grown = next.take(&Step::Grow(Count::Instances(2))).await;
        assert_eq!(grown.is_ok(), updated < 2, "{end:?}: {grown:?}");
    }
    next.phase().await;
    assert_eq!((next.workload().updated, next.workload().ready), (2, 4), "{end:?}");
    assert_eq!(app.generation().await, at + 1, "{end:?}");
    !is_whole
}

#[tokio::test(start_paused = true)]
async fn one_node_after_the_other_cut_anywhere() {
    for back in [false, true] {
        let mut requests = 0;
        while cut_between_nodes(End::Before(requests + 1), back).await {
            requests += 1;
            assert!(cut_between_nodes(End::After(requests), back).await);
            assert!(requests < MOST_REQUESTS);
        }
        println!("DaemonSet: {requests} requests, {} ends", 2 * requests);
        assert!(requests >= 10, "{requests}");
    }
}

/// A Rollout that a person stopped and whose step waits: on it goes by two writes.
async fn cut_between_writes(end: End) -> bool {
    let app = App::new(Kind::Rollout).await;
    let says = json!({"status": {"observedGeneration": "1", "phase": "Paused", "currentPodHash": "b", "stableRS": "a",
        "currentStepIndex": 0, "controllerPause": true,
        "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}]}});
    let status = format!("{}/status", app.path);
    let (code, _) = send(&app.simulation, "PATCH", &status, "application/merge-patch+json", &says).await;
    assert_eq!(code, 200);
    let is_done = |now: &Value| now["spec"]["paused"] == false && now["status"]["pauseConditions"].is_null();
    let program = Program::over(&app).await;
    let at = app.generation().await;
    let is_whole = program.take_and_end(&Step::Promote, end).await;
    drop(program);

    let next = Program::over(&app).await;
    if !is_done(&app.workload().await) {
        next.take(&Step::Promote)
            .await
            .unwrap_or_else(|error| panic!("{end:?}: {error}"));
    }
    let now = app.workload().await;
    assert!(is_done(&now), "{end:?}: {now}");
    assert_eq!(now["status"]["currentStepIndex"], 0, "{end:?}: no step is left out");
    assert_eq!(app.generation().await, at + 1, "{end:?}");
    !is_whole
}

#[tokio::test(start_paused = true)]
async fn a_promotion_of_two_writes_cut_anywhere() {
    let mut requests = 0;
    while cut_between_writes(End::Before(requests + 1)).await {
        requests += 1;
        assert!(cut_between_writes(End::After(requests)).await);
        assert!(requests < MOST_REQUESTS);
    }
    println!("Rollout: {requests} requests, {} ends", 2 * requests);
    assert!(requests >= 8, "{requests}");
}
