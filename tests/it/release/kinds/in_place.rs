//! Kinds whose new instances take the place of old ones: by a partition, or node by node.

use pilothouse::cluster::ActError;
use pilothouse::domain::Kind;
use pilothouse::release::Phase;
use pilothouse::release::live::Refusal;
use pilothouse::release::past::Back;
use pilothouse::release::stand::{Asked, Stand, stand_of};
use pilothouse::release::step::{Count, Return, Step};
use serde_json::json;

use super::{Bench, gray, phase, start, workload};

#[tokio::test(start_paused = true)]
async fn a_stateful_set_is_held_back_by_its_partition() {
    let object = workload(
        "StatefulSet",
        "apps/v1",
        &json!({"replicas": 5, "serviceName": "live", "podManagementPolicy": "Parallel"}),
    );
    let mut bench = Bench::new(Kind::StatefulSet, "v1", &object).await;
    bench
        .until("all are there", |w| phase(w) == Phase::Stable && w.ready == 5)
        .await;
    bench.take(&start("live:v2", 2)).await.unwrap();
    bench.until("two of five are new", |w| phase(w) == gray(2, 2, 3)).await;
    bench.take(&Step::Grow(Count::Instances(3))).await.unwrap();
    bench
        .until("three of five are new", |w| phase(w) == gray(3, 3, 2))
        .await;
    let refused = bench.take(&Step::Grow(Count::Instances(2))).await.unwrap_err();
    assert!(
        matches!(
            refused,
            ActError::Refused(Refusal::OutOfRange { least: 4, most: 5, .. })
        ),
        "{refused}"
    );
    bench.take(&Step::Abort).await.unwrap();
    bench
        .until("all are old", |w| {
            phase(w) == Phase::Stable && w.images[0] == "live:v1" && w.ready == 5
        })
        .await;
    bench.take(&start("live:v3", 1)).await.unwrap();
    bench.until("one of five is new", |w| phase(w) == gray(1, 1, 4)).await;
    bench.take(&Step::Full).await.unwrap();
    bench
        .until("all are new", |w| {
            phase(w) == Phase::Stable && w.images[0] == "live:v3" && w.ready == 5
        })
        .await;
    bench.take(&Step::Rollback(Return::to(Back::LastGood))).await.unwrap();
    bench
        .until("gone back", |w| {
            phase(w) == Phase::Stable && w.images[0] != "live:v3" && w.ready == 5
        })
        .await;
    for (_, body) in bench.written() {
        assert!(body.is_array(), "each is one JSON Patch: {body}");
    }
    let refused = bench.take(&Step::Pause).await.unwrap_err();
    assert!(
        matches!(refused, ActError::Refused(Refusal::NotOfThisKind(Kind::StatefulSet, _))),
        "{refused}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_daemon_set_gets_its_new_version_node_by_node() {
    let mut bench = Bench::new(Kind::DaemonSet, "v1", &workload("DaemonSet", "apps/v1", &json!({}))).await;
    bench
        .until("all are there", |w| phase(w) == Phase::Stable && w.ready == 4)
        .await;
    let done = bench.take(&start("live:v2", 1)).await.unwrap();
    assert_eq!(done.written.asked, Some(Asked { instances: 1, of: 4 }));
    bench.until("one node has it", |w| w.updated == 1 && w.ready == 4).await;
    let written = bench.written();
    assert_eq!(written.len(), 2, "the template, then one instance: {written:?}");
    assert!(written[1].0.starts_with("DELETE pods/live-"));
    let grow = Step::Grow(Count::Percent(75.0));
    let done = bench.take(&grow).await.unwrap();
    let one = bench.until("the first of them is there", |w| w.updated == 2).await;
    assert_eq!(phase(&one).name(), "gray");
    let all_there = gray(2, 2, 2);
    assert_eq!(stand_of(&grow, (&one, &all_there), &done.written), Stand::Going);
    let all = bench
        .until("three nodes have it", |w| w.updated == 3 && w.ready == 4)
        .await;
    assert_eq!(stand_of(&grow, (&all, &phase(&all)), &done.written), Stand::There);
    assert_eq!(bench.written().len(), 2, "an instance of two nodes");
    bench.take(&Step::Full).await.unwrap();
    bench
        .until("all nodes have it", |w| {
            phase(w) == Phase::Stable && w.updated == 4 && w.ready == 4
        })
        .await;
    bench.take(&start("live:v3", 1)).await.unwrap();
    bench.until("one node has it", |w| w.updated == 1 && w.ready == 4).await;
    bench.take(&Step::Abort).await.unwrap();
    bench
        .until("back", |w| {
            phase(w) == Phase::Stable && w.images[0] == "live:v2" && w.ready == 4
        })
        .await;
}

/// A CloneSet's controller is not simulated: what is written is what counts, in the shape of the version served.
#[tokio::test(start_paused = true)]
async fn a_clone_set_is_written_in_the_shape_that_is_served() {
    for (version, place) in [
        ("v1alpha1", "/spec/updateStrategy"),
        ("v1beta1", "/spec/updateStrategy/rollingUpdate"),
    ] {
        let object = workload(
            "CloneSet",
            &format!("apps.kruise.io/{version}"),
            &json!({"replicas": 6}),
        );
        let bench = Bench::new(Kind::CloneSet, version, &object).await;
        let settled = json!({"observedGeneration": 1, "replicas": 6, "readyReplicas": 6, "updatedReplicas": 6,
            "currentRevision": "live-1", "updateRevision": "live-1"});
        bench.says(&settled).await;
        bench.take(&start("live:v2", 2)).await.unwrap();
        let now = bench.read().await;
        assert_eq!(now.pointer(&format!("{place}/partition")), Some(&json!(4)), "{version}");
        assert_eq!(now["spec"]["template"]["spec"]["containers"][0]["image"], "live:v2");
        bench
            .says(&json!({"observedGeneration": 2, "updatedReplicas": 2, "updateRevision": "live-2"}))
            .await;
        bench.take(&Step::Grow(Count::Percent(50.0))).await.unwrap();
        assert_eq!(
            bench.read().await.pointer(&format!("{place}/partition")),
            Some(&json!(3))
        );
        bench.take(&Step::Pause).await.unwrap();
        assert_eq!(
            bench.read().await.pointer(&format!("{place}/paused")),
            Some(&json!(true))
        );
        let again = bench.take(&Step::Pause).await.unwrap_err();
        assert!(matches!(again, ActError::Refused(Refusal::Paused)), "{again}");
        bench.take(&Step::Resume).await.unwrap();
        bench.take(&Step::Full).await.unwrap();
        assert_eq!(
            bench.read().await.pointer(&format!("{place}/partition")),
            Some(&json!(0))
        );
    }
}
