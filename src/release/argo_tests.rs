//! A row of the table of Argo's own client each.

use super::*;
use crate::domain::terms::Argo;
use crate::domain::{Kind, Terms, Workload};
use crate::release::testing::deployment;

fn rollout(spec: &Value, status: &Value) -> Value {
    json!({"spec": spec, "status": status})
}

fn bodies(writes: Result<Vec<Write>, Refusal>) -> Vec<(To, Form, Value)> {
    writes.unwrap().into_iter().map(|w| (w.to, w.form, w.body)).collect()
}

#[test]
fn promote_writes_what_argo_s_own_client_writes() {
    let steps = json!({"strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}, {"setWeight": 50}]}}});
    let waits = json!([{"reason": "CanaryPauseStep"}]);
    let patch = |body: Value| (To::Status, Form::Merge, json!({"status": body}));
    for (name, spec, status, expected) in [
        (
            "at a pause",
            steps.clone(),
            json!({"currentStepIndex": 1, "pauseConditions": waits}),
            vec![patch(json!({"pauseConditions": null}))],
        ),
        (
            "an analysis that says nothing",
            steps.clone(),
            json!({"currentStepIndex": 1, "pauseConditions": waits, "controllerPause": true,
                "canary": {"currentStepAnalysisRunStatus": {"status": "Inconclusive"}}}),
            vec![patch(
                json!({"pauseConditions": null, "controllerPause": false, "currentStepIndex": 2}),
            )],
        ),
        (
            "between pauses",
            steps.clone(),
            json!({"currentStepIndex": 2}),
            vec![patch(json!({"pauseConditions": null, "currentStepIndex": 3}))],
        ),
        (
            "paused by a person as well",
            json!({"paused": true, "strategy": {"blueGreen": {}}}),
            json!({"pauseConditions": [{"reason": "BlueGreenPause"}]}),
            vec![
                (To::Object, Form::Merge, json!({"spec": {"paused": false}})),
                patch(json!({"pauseConditions": null})),
            ],
        ),
    ] {
        assert_eq!(bodies(promote(&rollout(&spec, &status))), expected, "{name}");
    }
    let past = rollout(&steps, &json!({"currentStepIndex": 3}));
    assert_eq!(
        promote(&past),
        Err(Refusal::NothingToPromote),
        "never beyond the last step"
    );
    assert_eq!(
        promote(&rollout(&steps, &json!({"abort": true}))),
        Err(Refusal::Aborted)
    );
}

#[test]
fn the_other_commands_write_the_row_of_the_table() {
    let under_way = rollout(&json!({}), &json!({"currentPodHash": "new", "stableRS": "old"}));
    let stable = rollout(&json!({}), &json!({"currentPodHash": "old", "stableRS": "old"}));
    let aborted = rollout(
        &json!({}),
        &json!({"currentPodHash": "new", "stableRS": "old", "abort": true}),
    );
    let status = |body: Value| vec![(To::Status, Form::Merge, json!({"status": body}))];
    let spec = |body: Value| vec![(To::Object, Form::Merge, json!({"spec": body}))];
    assert_eq!(bodies(promote_full(&under_way)), status(json!({"promoteFull": true})));
    assert_eq!(promote_full(&stable), Err(Refusal::NothingUnderWay));
    assert_eq!(bodies(abort(&under_way)), status(json!({"abort": true})));
    assert_eq!(abort(&stable), Err(Refusal::NothingUnderWay));
    assert_eq!(abort(&aborted), Err(Refusal::Aborted));
    assert_eq!(bodies(retry(&aborted)), status(json!({"abort": false})));
    assert_eq!(retry(&under_way), Err(Refusal::NotAborted));
    assert_eq!(bodies(pause(&under_way)), spec(json!({"paused": true})));
    assert_eq!(
        pause(&rollout(&json!({"paused": true}), &json!({}))),
        Err(Refusal::Paused)
    );
    assert_eq!(
        bodies(Ok(restart(Timestamp::UNIX_EPOCH))),
        spec(json!({"restartAt": "1970-01-01T00:00:00Z"}))
    );
}

#[test]
fn templates_are_undone_by_patch_and_images_set_on_the_whole() {
    let template = |image: &str| json!({"spec": {"containers": [{"name": "a", "image": image}]}});
    let here = rollout(&json!({"template": template("a:2")}), &json!({}));
    let mut old = template("a:1");
    old["metadata"] = json!({"labels": {"rollouts-pod-template-hash": "old"}});
    let mut bare = old.clone();
    bare["metadata"]["labels"] = json!({});
    assert_eq!(
        bodies(undo(&here, &old)),
        [(
            To::Object,
            Form::Json,
            json!([{"op": "replace", "path": "/spec/template", "value": bare}])
        )]
    );
    assert_eq!(undo(&here, &template("a:2")), Err(Refusal::SameTemplate));
    let [(To::Object, Form::Replace, whole)] = &bodies(publish(&here, &template("a:3")))[..] else {
        panic!("one whole object")
    };
    assert_eq!(
        whole.pointer("/spec/template/spec/containers/0/image"),
        Some(&json!("a:3"))
    );
    let elsewhere = rollout(
        &json!({"workloadRef": {"kind": "Deployment", "name": "live"}}),
        &json!({}),
    );
    let told = undo(&elsewhere, &old).unwrap_err().to_string();
    assert!(
        told.starts_with("its template is that of Deployment live, which the tool that made it changes"),
        "{told}"
    );
    assert!(publish(&elsewhere, &old).is_err() && own_template(&elsewhere).is_err());
}

/// A Rollout of ten of which two are new.
fn ten(argo: Argo) -> Workload {
    Workload {
        kind: Kind::Rollout,
        updated: 2,
        terms: Terms::Rollout(Box::new(argo)),
        ..deployment(4)
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_rollout_s_phase_is_its_controller_s() {
    let said = |phase: &str| Argo {
        phase: phase.into(),
        message: "why".into(),
        ..Argo::default()
    };
    let paused = |reason: &str| Argo {
        pause: Some((reason.into(), None)),
        controller_pause: true,
        ..said("Paused")
    };
    let waits = Phase::Gray {
        ready: 2,
        wanted: 2,
        old: 8,
        timed: false,
    };
    for (name, argo, phase) in [
        ("healthy", said("Healthy"), Phase::Stable),
        (
            "progressing",
            said("Progressing"),
            Phase::Rolling {
                updated: 2,
                desired: 10,
                old: 8,
            },
        ),
        ("a step that waits", paused("CanaryPauseStep"), waits.clone()),
        (
            "a step that waits a while",
            Argo {
                timed: true,
                ..paused("CanaryPauseStep")
            },
            Phase::Gray {
                ready: 2,
                wanted: 2,
                old: 8,
                timed: true,
            },
        ),
        (
            "told to go on",
            Argo {
                controller_pause: true,
                ..said("Paused")
            },
            Phase::Rolling {
                updated: 2,
                desired: 10,
                old: 8,
            },
        ),
        (
            "blue and green",
            Argo {
                blue_green: true,
                ..paused("BlueGreenPause")
            },
            Phase::Full { new: 2, old: 8 },
        ),
        (
            "an analysis that says nothing",
            paused("InconclusiveAnalysisRun"),
            Phase::GrayFailed {
                ready: 2,
                wanted: 2,
                cause: Cause::Said("InconclusiveAnalysisRun".into()),
            },
        ),
        (
            "paused by a person",
            Argo {
                paused: true,
                ..said("Paused")
            },
            Phase::Paused,
        ),
        (
            "aborting",
            Argo {
                aborted: true,
                ..said("Degraded")
            },
            Phase::Aborting { left: 2 },
        ),
        (
            "degraded",
            said("Degraded"),
            Phase::Stuck {
                reason: "Degraded".into(),
                message: "why".into(),
            },
        ),
    ] {
        assert_eq!(Phase::of(&ten(argo), &[]), phase, "{name}");
    }
    let gone = Workload {
        updated: 0,
        ..ten(Argo {
            aborted: true,
            ..said("Degraded")
        })
    };
    assert_eq!(Phase::of(&gone, &[]), Phase::Aborted { message: "why".into() });
    let unseen = Workload {
        generation: (3, 2),
        ..ten(said("Healthy"))
    };
    assert_eq!(Phase::of(&unseen, &[]), Phase::Unseen);
}
