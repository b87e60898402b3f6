//! What a server does not take: its rules and its admission say no, and nobody else has anything to do with it.

use pilothouse::cluster::{ActError, ClusterError};
use pilothouse::release::live::Refusal;
use pilothouse::sim::fault::{Body, Fault, Pattern, Verb};
use serde_json::{Value, json};

use super::twin::twin;
use super::writes::start;
use super::{DEPLOYMENT, Flow, gray};

/// What admission answers that is made of expressions: 422, as a failed test of a patch.
fn denial() -> Fault {
    Fault::Reply {
        to: Pattern::plural("deployments").verb(Verb::Patch),
        code: 422,
        retry_after: None,
        body: Body::Status,
    }
}

fn is_denied(error: &ActError) -> bool {
    matches!(error, ActError::Cluster(ClusterError::Invalid { code: 422, .. }))
}

#[tokio::test(start_paused = true)]
async fn what_admission_refuses_is_told_in_its_words_and_tried_once() {
    let mut flow = Flow::new().await;
    let denied = flow.simulation.faults().add(denial());
    let refused = flow.prepare(&start("live:v2", 2)).await.unwrap_err();
    assert!(is_denied(&refused), "{refused:?}");
    assert!(!refused.to_string().contains("changed"), "{refused}");
    assert_eq!(flow.wire.lock().unwrap().sent.len(), 1, "it is not tried again");
    flow.simulation.faults().remove(denied);
    // It came between the look and the write.
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    let denied = flow.simulation.faults().add(denial());
    let refused = flow.carry_out(&prepared).await.unwrap_err();
    assert!(is_denied(&refused), "{refused:?}");
    assert_eq!(flow.sent("deployments").len(), 1);
    // A test that failed is still what it is, whatever the server says of it.
    let paused = json!({"spec": {"minReadySeconds": 3}});
    flow.simulation.faults().remove(denied);
    flow.send("PATCH", DEPLOYMENT, "application/merge-patch+json", &paused)
        .await;
    flow.simulation.faults().add(denial());
    let late = flow.carry_out(&prepared).await.unwrap_err();
    assert!(matches!(late, ActError::Changed(_)), "{late:?}");
    flow.simulation.faults().clear();
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    flow.carry_out(&prepared).await.unwrap();
    flow.until("two beside ten", &gray(2, 10)).await;
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_has_the_name_of_the_twin_is_named_and_left_alone() {
    let flow = Flow::new().await;
    let mut other = flow.deployment().await;
    other["metadata"] = json!({"name": "live-gray", "namespace": "gift"});
    let path = "/apis/apps/v1/namespaces/gift/deployments";
    assert_eq!(flow.send("POST", path, "application/json", &other).await.0, 201);
    let refused = flow.prepare(&twin("v2")).await.unwrap_err();
    assert_eq!(refused, ActError::Refused(Refusal::TwinTaken("live-gray".into())));
    let tried = flow
        .wire
        .lock()
        .unwrap()
        .sent
        .iter()
        .filter(|sent| sent.method == "POST")
        .count();
    assert_eq!(tried, 1, "it is not tried again");
    let (_, left) = flow
        .send("GET", &format!("{path}/live-gray"), "application/json", &Value::Null)
        .await;
    assert_eq!(left["spec"], other["spec"]);
}
