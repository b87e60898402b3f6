//! What else happens while there is a twin: others begin at once, answers are lost, somebody changes or deletes things.

use std::time::Duration;

use pilothouse::cluster::ActError;
use pilothouse::domain::Kind;
use pilothouse::release::Phase;
use pilothouse::release::live::Refusal;
use pilothouse::release::step::Step;
use pilothouse::release::warning::Warning;
use serde_json::{Value, json};

use super::{Program, TWIN, read, serve, twin};
use crate::release::same::{Act, image};
use crate::release::{DEPLOYMENT, Flow, gray, send, with_app};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/gift/deployments";

#[tokio::test(start_paused = true)]
async fn of_a_hold_and_a_twin_that_begin_at_once_one_is_refused() {
    for is_hold_first in [true, false] {
        let simulation = with_app().await;
        let mut program = Program::over(&simulation).await;
        let hold = program.prepare(&Act::Start("v3", 2).step().unwrap()).await.unwrap();
        let twin = program.prepare(&twin("v2")).await.unwrap();
        let (first, second) = if is_hold_first { (&hold, &twin) } else { (&twin, &hold) };
        program.carry_out(first).await.unwrap();
        let refused = program.carry_out(second).await;
        assert!(matches!(refused, Err(ActError::Changed(_))), "{refused:?}");
        program.rest(60).await;
        assert_eq!(program.phase(), gray(2, 10), "hold first: {is_hold_first}");
        // Nor later.
        for step in [Act::Start("v3", 2), Act::Twin("v3", 2)] {
            let refused = program.prepare(&step.step().unwrap()).await;
            assert!(
                matches!(refused, Err(ActError::Refused(Refusal::InHold))),
                "{refused:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_of_a_write_without_an_answer_is_read_back() {
    let mut flow = Flow::new().await;
    flow.wire.lock().unwrap().lost = 2;
    let prepared = flow.prepare(&twin("v2")).await.unwrap();
    flow.carry_out(&prepared).await.unwrap();
    let sent: Vec<String> = flow.sent("deployments").into_iter().map(|sent| sent.method).collect();
    assert_eq!(sent, ["PATCH", "POST"], "each once");
    flow.observer.rest(Duration::from_mins(1)).await;
    flow.wire.lock().unwrap().lost = 1;
    let prepared = flow.prepare(&Step::Abort).await.unwrap();
    flow.carry_out(&prepared).await.unwrap();
    assert_eq!(flow.sent("deployments").len(), 3);
    let deletion = flow.sent("deployments").pop().unwrap();
    assert_eq!(deletion.body["propagationPolicy"], "Background");
    assert!(
        deletion.body["preconditions"]["uid"].is_string()
            && deletion.body["preconditions"]["resourceVersion"].is_string()
    );
    assert_eq!(read(&flow.simulation, TWIN).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_twin_that_moved_on_since_it_was_shown_is_deleted_in_its_new_state_and_another_one_is_not() {
    let simulation = with_app().await;
    let mut program = Program::over(&simulation).await;
    program.take(&twin("v2")).await.unwrap();
    let shown = program.prepare(&Step::Abort).await.unwrap();
    // Its status is written meanwhile.
    program.rest(60).await;
    program.carry_out(&shown).await.unwrap();
    program.rest(60).await;
    program.take(&twin("v2")).await.unwrap();
    program.rest(60).await;
    let refused = program.carry_out(&shown).await;
    assert!(refused.is_err(), "it is another twin: {refused:?}");
    assert!(read(&simulation, TWIN).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn it_is_told_who_does_not_see_its_instances() {
    for (is_served, expected) in [(false, Warning::OtherLabel("app".into())), (true, Warning::SameLabels)] {
        let simulation = with_app().await;
        if is_served {
            serve(&simulation).await;
        }
        let program = Program::over(&simulation).await;
        let prepared = program.prepare(&twin("v2")).await.unwrap();
        assert!(prepared.warnings.contains(&expected), "{:?}", prepared.warnings);
        let (from, to) = prepared.images();
        assert_eq!(
            (from.unwrap().as_str(), to.unwrap().as_str()),
            ("live:v1", image("v2").as_str())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_template_that_somebody_changes_is_told_and_the_twin_can_be_taken_away() {
    let simulation = with_app().await;
    let mut program = Program::over(&simulation).await;
    program.take(&twin("v2")).await.unwrap();
    program.rest(60).await;
    let third = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "live:v9"}]);
    send(&simulation, "PATCH", DEPLOYMENT, "application/json-patch+json", &third).await;
    program.rest(120).await;
    assert_eq!(program.phase(), Phase::ForeignChange);
    let refused = program.take(&Step::KeepOld).await;
    assert!(
        matches!(refused, Err(ActError::Refused(Refusal::ForeignChange))),
        "{refused:?}"
    );
    program.take(&Step::Abort).await.unwrap();
    program.rest(60).await;
    assert_eq!(program.phase(), Phase::Stable);
}

#[tokio::test(start_paused = true)]
async fn it_goes_with_its_deployment_and_one_that_stays_is_shown_and_can_be_taken_away() {
    let simulation = with_app().await;
    let mut program = Program::over(&simulation).await;
    program.take(&twin("v2")).await.unwrap();
    program.rest(60).await;
    // Somebody cuts it loose first.
    let loose = json!([{"op": "remove", "path": "/metadata/ownerReferences"}]);
    send(&simulation, "PATCH", TWIN, "application/json-patch+json", &loose).await;
    send(&simulation, "DELETE", DEPLOYMENT, "application/json", &json!({})).await;
    program.rest(60).await;
    let orphan = program.view().workloads(Kind::Deployment).next().cloned().unwrap();
    let release = program.view().release_of(&orphan);
    assert!(
        matches!(&release.phase, Phase::Stuck { reason, .. } if reason == "Orphaned"),
        "{release:?}"
    );
    let object = program.view().object_of(&orphan);
    let prepared = program.cluster.prepare(&object, &Step::Abort, None).await.unwrap();
    program.carry_out(&prepared).await.unwrap();
    program.rest(60).await;
    assert_eq!(program.view().workloads(Kind::Deployment).count(), 0);

    let simulation = with_app().await;
    let mut program = Program::over(&simulation).await;
    program.take(&twin("v2")).await.unwrap();
    program.rest(60).await;
    send(&simulation, "DELETE", DEPLOYMENT, "application/json", &json!({})).await;
    program.rest(60).await;
    assert_eq!(read(&simulation, TWIN).await, None);
    let (_, left) = send(&simulation, "GET", DEPLOYMENTS, "application/json", &Value::Null).await;
    assert_eq!(left["items"], json!([]));
}
