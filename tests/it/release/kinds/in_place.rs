//! Kinds whose new instances take the place of old ones: by a partition, or node by node.

use pilothouse::cluster::ActError;
use pilothouse::domain::Kind;
use pilothouse::release::Phase;
use pilothouse::release::live::Refusal;
use pilothouse::release::past::Back;
use pilothouse::release::stand::{Asked, Stand, stand_of};
use pilothouse::release::step::{Count, Return, Step};
use serde_json::{Value, json};

use super::super::send;
use super::{Bench, JSON, gray, phase, start, workload};

const EVENTS: &str = "/api/v1/namespaces/gift/events";

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
    let all = bench
        .until("three nodes have it", |w| w.updated == 3 && w.ready == 4)
        .await;
    let stands = |seen: &Phase| stand_of(&grow, (&all, seen), &done.written);
    assert_eq!(stands(&gray(2, 2, 2)), Stand::Going, "the first of two nodes");
    assert_eq!(stands(&phase(&all)), Stand::There);
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

/// Kubernetes' default: an instance that is not ready holds all others up.
#[tokio::test(start_paused = true)]
async fn a_version_that_fails_is_gray_and_goes_away_also_where_instances_wait_for_each_other() {
    let object = workload("StatefulSet", "apps/v1", &json!({"replicas": 5, "serviceName": "live"}));
    let mut bench = Bench::new(Kind::StatefulSet, "v1", &object).await;
    bench
        .until("all are there", |w| phase(w) == Phase::Stable && w.ready == 5)
        .await;
    bench.take(&start("live:missing", 2)).await.unwrap();
    bench
        .until("the first of two does not come", |w| phase(w) == gray(0, 2, 4))
        .await;
    bench.written();
    bench.take(&Step::Abort).await.unwrap();
    bench
        .until("all are old", |w| {
            phase(w) == Phase::Stable && w.images[0] == "live:v1" && w.ready == 5
        })
        .await;
    let written = bench.written();
    assert_eq!(written.len(), 2, "the template, then the one that fails: {written:?}");
    assert_eq!(written[1].0, "DELETE pods/live-4");
}

/// Of a DaemonSet its controller does not say which version was before.
#[tokio::test(start_paused = true)]
async fn a_change_of_somebody_else_is_seen_and_the_way_back_leads_to_what_ran() {
    let mut bench = Bench::new(Kind::DaemonSet, "v1", &workload("DaemonSet", "apps/v1", &json!({}))).await;
    bench
        .until("all are there", |w| phase(w) == Phase::Stable && w.ready == 4)
        .await;
    bench.take(&start("live:v2", 1)).await.unwrap();
    bench.until("one node has it", |w| w.updated == 1 && w.ready == 4).await;
    let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "live", "image": "live:v3"}]}}}});
    bench.change(&image).await;
    bench
        .until("it is another", |w| w.updated == 0 && w.images[0] == "live:v3")
        .await;
    for step in [Step::Grow(Count::Instances(2)), Step::Full] {
        let refused = bench.take(&step).await.unwrap_err();
        assert!(
            matches!(refused, ActError::Refused(Refusal::ForeignChange)),
            "{step:?}: {refused}"
        );
    }
    bench.take(&Step::Abort).await.unwrap();
    bench
        .until("back", |w| {
            phase(w) == Phase::Stable && w.images[0] == "live:v1" && w.updated == 4 && w.ready == 4
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_deletions_by_choice_does_so_again_in_the_end() {
    for (kind, spec, all) in [
        (Kind::DaemonSet, json!({}), 4),
        (Kind::StatefulSet, json!({"replicas": 5, "serviceName": "live"}), 5),
    ] {
        let mut object = workload(kind.name(), "apps/v1", &spec);
        object["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
        let mut bench = Bench::new(kind, "v1", &object).await;
        bench
            .until("all are there", |w| phase(w) == Phase::Stable && w.ready == all)
            .await;
        let refused = bench.take(&Step::Full).await.unwrap_err();
        assert!(matches!(refused, ActError::Refused(Refusal::NotInHold)), "{refused}");
        for (image, step) in [("live:v2", Step::Full), ("live:v3", Step::Abort)] {
            bench.take(&start(image, 1)).await.unwrap();
            bench.until("one is new", |w| phase(w) == gray(1, 1, all - 1)).await;
            bench.take(&step).await.unwrap();
            bench
                .until("all are of one version", |w| {
                    phase(w) == Phase::Full { new: all, old: 0 } && w.images[0] == "live:v2"
                })
                .await;
            assert_ne!(bench.read().await["spec"]["updateStrategy"]["type"], "OnDelete");
            bench.take(&Step::Full).await.unwrap();
            bench
                .until("it is at its end", |w| phase(w) == Phase::Stable && w.ready == all)
                .await;
            assert_eq!(
                bench.read().await["spec"]["updateStrategy"],
                json!({"type": "OnDelete"}),
                "{kind}"
            );
        }
    }
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
        let (_, events) = send(&bench.simulation, "GET", EVENTS, JSON, &Value::Null).await;
        let told = events["items"].as_array().unwrap().iter();
        let told: Vec<&Value> = told.filter(|event| event["reason"] == "Release").collect();
        let api = format!("apps.kruise.io/{version}");
        assert_eq!(told.len(), 3, "one for each step");
        assert!(
            told.iter().all(|event| event["involvedObject"]["apiVersion"] == *api),
            "{told:?}"
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
