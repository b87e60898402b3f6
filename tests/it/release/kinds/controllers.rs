//! What a controller of its own releases: Argo's Rollouts by what Argo's client sends, Kruise's by approval.

use pilothouse::cluster::{ActError, ClusterError, Note};
use pilothouse::domain::{Driver, Kind};
use pilothouse::release::live::Refusal;
use pilothouse::release::past::Back;
use pilothouse::release::step::{Return, Step};
use pilothouse::release::{Phase, Why};
use pilothouse::sim::fault::{Body, Fault, Pattern, Verb};
use serde_json::json;

use super::super::{SETS, send};
use super::{Bench, JSON, MERGE, phase, start, workload};

/// A Rollout of four steps, at each second of which it waits.
async fn rollout() -> Bench {
    let steps = json!([{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}}]);
    let spec = json!({"replicas": 5, "strategy": {"canary": {"steps": steps}}});
    Bench::new(
        Kind::Rollout,
        "v1alpha1",
        &workload("Rollout", "argoproj.io/v1alpha1", &spec),
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn argo_s_rollouts_get_what_argo_s_own_client_sends() {
    let mut bench = rollout().await;
    let healthy = json!({"observedGeneration": "1", "phase": "Healthy", "replicas": 5, "readyReplicas": 5, "updatedReplicas": 5,
        "availableReplicas": 5, "currentPodHash": "a", "stableRS": "a", "currentStepIndex": 4});
    bench.says(&healthy).await;
    bench.take(&start("live:v2", 1)).await.unwrap();
    let written = bench.written();
    assert_eq!(written[0].0, "PUT rollouts/live");
    assert_eq!(
        written[0].1["spec"]["template"]["spec"]["containers"][0]["image"],
        "live:v2"
    );
    let paused = json!({"observedGeneration": "2", "phase": "Paused", "updatedReplicas": 1, "currentPodHash": "b", "currentStepIndex": 1,
        "controllerPause": true, "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}]});
    // What the controller has not seen, its status says nothing of.
    let refused = bench.take(&start("live:v3", 1)).await.unwrap_err();
    assert!(matches!(refused, ActError::Refused(Refusal::Unseen)), "{refused}");
    bench.says(&paused).await;
    bench
        .until("it waits", |w| matches!(phase(w), Phase::Gray { .. }))
        .await;
    bench.take(&Step::Promote).await.unwrap();
    assert_eq!(
        bench.written(),
        [(
            "PATCH live/status".to_owned(),
            json!({"status": {"pauseConditions": null}})
        )]
    );
    bench.says(&paused).await;
    // Nobody puts another version in the place of one that is under way.
    let refused = bench.take(&start("live:v3", 1)).await.unwrap_err();
    assert!(matches!(refused, ActError::Refused(Refusal::InHold)), "{refused}");
    for (step, place, body) in [
        (Step::Full, "live/status", json!({"status": {"promoteFull": true}})),
        (Step::Abort, "live/status", json!({"status": {"abort": true}})),
        (Step::Retry, "live/status", json!({"status": {"abort": false}})),
        (Step::Pause, "rollouts/live", json!({"spec": {"paused": true}})),
    ] {
        bench.take(&step).await.unwrap();
        assert_eq!(bench.written(), [(format!("PATCH {place}"), body)], "{step:?}");
    }
    // Who goes on with what a person stopped and its step waits has both to write, one after the other.
    bench.take(&Step::Promote).await.unwrap();
    assert_eq!(
        bench.written(),
        [
            ("PATCH rollouts/live".to_owned(), json!({"spec": {"paused": false}})),
            (
                "PATCH live/status".to_owned(),
                json!({"status": {"pauseConditions": null}})
            ),
        ]
    );
    bench.take(&Step::Restart).await.unwrap();
    let restarted = bench.written();
    assert!(
        restarted[0].1["spec"]["restartAt"].as_str().unwrap().ends_with('Z'),
        "{restarted:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_way_back_aborts_first_what_is_under_way() {
    let mut bench = rollout().await;
    let status = json!({"observedGeneration": "1", "phase": "Progressing", "currentPodHash": "b", "stableRS": "a"});
    bench.says(&status).await;
    bench.until("it rolls", |w| phase(w) != Phase::Stable).await;
    let uid = bench.read().await["metadata"]["uid"].clone();
    for (hash, number, image) in [("a", "1", "live:v1"), ("b", "2", "live:v2")] {
        let mut template = bench.read().await["spec"]["template"].clone();
        template["spec"]["containers"][0]["image"] = image.into();
        template["metadata"]["labels"]["rollouts-pod-template-hash"] = hash.into();
        let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": format!("live-{hash}"), "namespace": "gift", "labels": {"app": "live", "rollouts-pod-template-hash": hash},
                "annotations": {"rollout.argoproj.io/revision": number},
                "ownerReferences": [{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "live", "uid": uid, "controller": true}]},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"rollouts-pod-template-hash": hash}}, "template": template}});
        let (code, answer) = send(&bench.simulation, "POST", SETS, JSON, &set).await;
        assert_eq!(code, 201, "{answer}");
    }
    bench.take(&Step::Rollback(Return::to(Back::LastGood))).await.unwrap();
    let back = bench.written();
    assert_eq!(
        back[0],
        ("PATCH live/status".to_owned(), json!({"status": {"abort": true}})),
        "or a retry would go forward"
    );
    let template = back[1].1.as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&template["op"], &template["path"]),
        (&json!("replace"), &json!("/spec/template"))
    );
    assert_eq!(
        template["value"]["spec"]["containers"][0]["image"], "live:v1",
        "the stable one"
    );
    assert_eq!(template["value"]["metadata"]["labels"], json!({"app": "live"}));
}

#[tokio::test(start_paused = true)]
async fn a_status_that_moved_on_is_written_to_as_it_is_now() {
    let steps = json!([{"setWeight": 20}, {"pause": {}}]);
    let spec = json!({"replicas": 5, "strategy": {"canary": {"steps": steps}}});
    let bench = Bench::new(
        Kind::Rollout,
        "v1alpha1",
        &workload("Rollout", "argoproj.io/v1alpha1", &spec),
    )
    .await;
    let paused = json!({"observedGeneration": "1", "phase": "Paused", "currentPodHash": "b", "stableRS": "a", "currentStepIndex": 1,
        "controllerPause": true, "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}]});
    bench.says(&paused).await;
    let note = Note {
        app: "live",
        by: "oncall",
        why: &Why::default(),
    };
    let prepared = bench
        .cluster
        .prepare(&bench.object(), &Step::Promote, None)
        .await
        .unwrap();
    bench.says(&json!({"availableReplicas": 5})).await;
    bench.cluster.carry_out(&prepared, &note).await.unwrap();
    // What was shown is not what would be written any more: it is refused.
    bench.says(&paused).await;
    let prepared = bench
        .cluster
        .prepare(&bench.object(), &Step::Promote, None)
        .await
        .unwrap();
    bench
        .says(&json!({"currentStepIndex": 0, "pauseConditions": null, "controllerPause": false}))
        .await;
    let refused = bench.cluster.carry_out(&prepared, &note).await.unwrap_err();
    assert!(matches!(refused, ActError::Changed(_)), "{refused:?}");
}

/// What converts Kruise's Rollouts does not answer: nothing is begun, and a way back is not kept waiting.
async fn begins_nothing_while_they_cannot_be_read(bench: &mut Bench) {
    let broken = bench.simulation.faults().add(Fault::Reply {
        to: Pattern::plural("rollouts").verb(Verb::List),
        code: 500,
        retry_after: None,
        body: Body::Status,
    });
    let begun = bench.take(&start("live:v2", 1)).await.unwrap_err();
    assert!(
        matches!(begun, ActError::Cluster(ClusterError::Server { .. })),
        "{begun}"
    );
    let object = bench.object();
    let back = Step::Rollback(Return::to(Back::Named("live:v1".into())));
    let refused = bench.cluster.prepare(&object, &back, None).await.unwrap_err();
    assert_eq!(
        refused,
        ActError::Refused(Refusal::SameTemplate),
        "it is looked where to go back to"
    );
    bench.simulation.faults().remove(broken);
}

#[tokio::test(start_paused = true)]
async fn kruise_is_approved_at_its_step_and_nothing_else_is_written() {
    let mut bench = Bench::new(
        Kind::Deployment,
        "v1",
        &workload("Deployment", "apps/v1", &json!({"replicas": 2})),
    )
    .await;
    bench
        .until("all are there", |w| phase(w) == Phase::Stable && w.ready == 2)
        .await;
    let path = "/apis/rollouts.kruise.io/v1beta1/namespaces/gift/rollouts";
    let rollout = json!({"apiVersion": "rollouts.kruise.io/v1beta1", "kind": "Rollout", "metadata": {"name": "r", "namespace": "gift"},
        "spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "live"}}});
    send(&bench.simulation, "POST", path, JSON, &rollout).await;
    let at = |state: &str| json!({"status": {"canaryStatus": {"currentStepState": state}}});
    let status = format!("{path}/r/status");
    send(&bench.simulation, "PATCH", &status, MERGE, &at("StepUpgrade")).await;
    // It bears no mark of Kruise's yet.
    for step in [start("live:v2", 1), Step::Rollback(Return::to(Back::LastGood))] {
        let refused = bench.take(&step).await.unwrap_err();
        assert!(
            matches!(&refused, ActError::Refused(Refusal::Driven(why)) if why.starts_with("Kruise Rollouts (Rollout r)")),
            "{step:?}: {refused}"
        );
    }
    begins_nothing_while_they_cannot_be_read(&mut bench).await;
    let driver = Some(Driver::KruiseRollouts);
    let early = bench.take_of(&Step::Promote, driver).await.unwrap_err();
    assert!(matches!(early, ActError::Refused(Refusal::WaitsForNothing)), "{early}");
    send(&bench.simulation, "PATCH", &status, MERGE, &at("StepPaused")).await;
    bench.take_of(&Step::Promote, driver).await.unwrap();
    assert_eq!(bench.written(), [("PATCH r/status".to_owned(), at("StepReady"))]);
    for step in [
        start("live:v2", 1),
        Step::Full,
        Step::Rollback(Return::to(Back::LastGood)),
        Step::Abort,
    ] {
        let refused = bench.take_of(&step, driver).await.unwrap_err();
        assert!(
            matches!(refused, ActError::Refused(Refusal::Driven(_))),
            "{step:?}: {refused}"
        );
    }
    assert_eq!(bench.written(), []);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_an_argo_rollout_has_its_template_of_is_released_by_that_rollout_alone() {
    let spec = json!({"replicas": 2});
    let mut bench = Bench::new(Kind::Deployment, "v1", &workload("Deployment", "apps/v1", &spec)).await;
    bench
        .until("all are there", |w| phase(w) == Phase::Stable && w.ready == 2)
        .await;
    let path = "/apis/argoproj.io/v1alpha1/namespaces/gift/rollouts";
    let of = |name: &str| {
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r", "namespace": "gift"},
            "spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}}})
    };
    let (code, answer) = send(&bench.simulation, "POST", path, JSON, &of("other")).await;
    assert_eq!(code, 201, "{answer}");
    bench.take(&start("live:v2", 1)).await.unwrap();
    let named = json!({"spec": {"workloadRef": {"name": "live"}}});
    let (code, answer) = send(&bench.simulation, "PATCH", &format!("{path}/r"), MERGE, &named).await;
    assert_eq!(code, 200, "{answer}");
    // What is under way may be ended all the same.
    bench.take(&Step::Abort).await.unwrap();
    bench.until("as it was", |w| phase(w) == Phase::Stable).await;
    bench.written();
    for step in [start("live:v2", 1), Step::Rollback(Return::to(Back::LastGood))] {
        let refused = bench.take(&step).await.unwrap_err();
        assert!(
            matches!(&refused, ActError::Refused(Refusal::Driven(why)) if why.starts_with("Argo Rollouts (Rollout r) releases it")),
            "{step:?}: {refused}"
        );
    }
    assert_eq!(bench.written(), []);
}
