//! Workloads as API servers write them.

use serde_json::{Value, json};

use super::super::testing::project;
use super::*;
use crate::domain::{Resources, Version};

fn workload(kind: Kind, json: &Value) -> Workload {
    match project(kind, json) {
        Object::Workload(workload) => *workload,
        other => panic!("not a workload: {other:?}"),
    }
}

#[test]
fn a_deployment_says_what_it_wants_and_what_holds_it_back() {
    let deployment = workload(
        Kind::Deployment,
        &json!({"metadata": {"name": "live", "namespace": "gift", "generation": 7, "annotations": {
                    "pilothouse.dev/owner": "gift-team", "pilothouse.dev/min-instances": "3",
                    "kubectl.kubernetes.io/last-applied-configuration": "{}"}},
            "spec": {"replicas": 4, "paused": true, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
                "template": {"metadata": {"labels": {"app": "gift-live"}, "annotations": {"pilothouse.dev/commit": "c0ffee"}},
                    "spec": {"containers": [{"name": "a", "image": "gift:v1", "resources": {"requests": {"cpu": "2"}}}]}}},
            "status": {"observedGeneration": 6, "readyReplicas": 3, "conditions": [
                {"type": "Available", "status": "True", "reason": "x"},
                {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "late"}]}}),
    );
    assert_eq!(deployment.app, "gift-live");
    assert_eq!(deployment.version, Version::Commit("c0ffee".into()));
    assert_eq!(
        (deployment.generation, deployment.desired, deployment.ready),
        ((7, 6), 4, 3)
    );
    assert_eq!(deployment.min_instances, Some(3));
    assert_eq!(deployment.shape.requests, Resources::new(2000, 0));
    assert_eq!(deployment.conditions.len(), 1);
    assert!(deployment.strategy.contains(&("max surge".into(), "25%".into())));
}

#[test]
fn a_job_that_ended_wants_nothing() {
    for (status, spec, desired) in [
        (json!({}), json!({"parallelism": 3, "completions": 10}), 3),
        (json!({"succeeded": 9}), json!({"parallelism": 3, "completions": 10}), 1),
        (
            json!({"conditions": [{"type": "Complete", "status": "True"}]}),
            json!({}),
            0,
        ),
        (json!({}), json!({"suspend": true}), 0),
    ] {
        let job = workload(
            Kind::Job,
            &json!({"metadata": {"name": "j"}, "spec": spec, "status": status}),
        );
        assert_eq!(job.desired, desired, "{spec} {status}");
    }
}

#[test]
fn a_revision_knows_its_workload_and_number() {
    let object = project(
        Kind::ReplicaSet,
        &json!({"metadata": {"name": "live-6c5", "labels": {"pod-template-hash": "6c5"},
            "annotations": {"deployment.kubernetes.io/revision": "12"},
            "ownerReferences": [{"kind": "Deployment", "name": "live", "controller": true}]},
          "spec": {"replicas": 0}, "status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": "quota"}]}}),
    );
    let Object::Revision(revision) = object else {
        panic!("not a revision")
    };
    assert_eq!(revision.workload, Some((Kind::Deployment, "live".into())));
    assert_eq!(
        (revision.number, revision.desired, revision.app.as_str()),
        (Some(12), 0, "live")
    );
    assert_eq!(revision.failure.as_ref().unwrap(), &"quota");
}

#[test]
fn an_update_strategy_says_how_far_the_controller_goes_by_itself() {
    let five = json!({"desiredNumberScheduled": 5});
    for (kind, strategy, rolls_to) in [
        (Kind::StatefulSet, json!({}), 5),
        (
            Kind::StatefulSet,
            json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}),
            2,
        ),
        (
            Kind::StatefulSet,
            json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 9}}),
            0,
        ),
        (Kind::StatefulSet, json!({"type": "OnDelete"}), 0),
        (Kind::DaemonSet, json!({"type": "RollingUpdate"}), 5),
        (Kind::DaemonSet, json!({"type": "OnDelete"}), 0),
    ] {
        let set = workload(
            kind,
            &json!({"metadata": {"name": "s"}, "spec": {"replicas": 5, "updateStrategy": strategy}, "status": five}),
        );
        assert_eq!((set.desired, set.rolls_to), (5, rolls_to), "{kind} {strategy}");
    }
}

#[test]
fn a_deployment_says_how_it_rolls_and_who_else_releases_it() {
    let rolling = |spec: Value, status: Value| {
        let object = json!({"metadata": {"name": "live", "annotations": {"deployment.kubernetes.io/revision": "7"}},
            "spec": spec, "status": status});
        match workload(Kind::Deployment, &object).terms {
            Terms::Deployment(rolling) => rolling,
            other => panic!("not a Deployment's: {other:?}"),
        }
    };
    let progressing =
        |reason: &str| json!({"conditions": [{"type": "Progressing", "status": "True", "reason": reason}]});
    let held = json!({"minReadySeconds": 2_147_483_646,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": "25%"}}});
    let found = rolling(held, progressing("ReplicaSetUpdated"));
    assert_eq!(
        (found.revision, found.surge, found.unavailable, found.settled),
        (Some(7), Some(Amount::Count(2)), Some(Amount::Percent(25)), false)
    );
    assert!(found.is_held());
    assert!(rolling(json!({}), progressing("NewReplicaSetAvailable")).settled);
    assert!(rolling(json!({}), json!({})).settled, "without a deadline nobody says");
    for (metadata, driver) in [
        (json!({"name": "a"}), None),
        (
            json!({"name": "a", "annotations": {"rollouts.kruise.io/in-progressing": "{}"}}),
            Some(Driver::KruiseRollouts),
        ),
        (
            json!({"name": "a", "labels": {"rollouts.kruise.io/canary-deployment": "b"}}),
            Some(Driver::KruiseRollouts),
        ),
        (
            json!({"name": "a", "ownerReferences": [{"kind": "Canary", "name": "a", "apiVersion": "flagger.app/v1beta1"}]}),
            Some(Driver::Flagger),
        ),
    ] {
        assert_eq!(
            workload(Kind::Deployment, &json!({"metadata": metadata})).driver,
            driver,
            "{metadata}"
        );
    }
    let set = json!({"metadata": {"name": "s"}, "status": {"updateRevision": "s-7c9"}});
    assert_eq!(
        workload(Kind::StatefulSet, &set).terms,
        Terms::Revised(Some("s-7c9".into()))
    );
}
