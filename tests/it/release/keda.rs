//! Where KEDA decides how many instances there are: its `ScaledObject` is shown, written and looked at, never the
//! autoscaler that it made. KEDA itself is not simulated: the test says what it would.

use pilothouse::sim::Simulation;
use serde_json::{Value, json};

use super::course::Fleet;
use super::driven::Driven;
use super::keys::yes;
use super::kinds::define;
use super::send;

const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const SCALED: &str = "/apis/keda.sh/v1alpha1/namespaces/gift/scaledobjects";
const SCALERS: &str = "/apis/autoscaling/v2/namespaces/gift/horizontalpodautoscalers";
const PAUSED: &str = "autoscaling.keda.sh/paused-replicas";

/// A `ScaledObject` of the app, and the autoscaler that KEDA makes for it.
async fn with_keda(simulation: &Simulation) {
    define(simulation, "scaledobjects", "keda.sh", "ScaledObject", "v1alpha1");
    let scaled = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "k", "namespace": "gift"},
        "spec": {"scaleTargetRef": {"name": "live"}, "minReplicaCount": 2, "maxReplicaCount": 30}});
    assert_eq!(send(simulation, "POST", SCALED, JSON, &scaled).await.0, 201);
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "keda-hpa-k", "namespace": "gift", "labels": {"scaledobject.keda.sh/name": "k"}},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "live"}, "minReplicas": 2, "maxReplicas": 30}});
    assert_eq!(send(simulation, "POST", SCALERS, JSON, &scaler).await.0, 201);
}

async fn patch(simulation: &Simulation, path: &str, body: &Value) {
    let (code, answer) = send(simulation, "PATCH", path, MERGE, body).await;
    assert_eq!(code, 200, "{answer}");
}

/// The floor of the `ScaledObject`, what it was before, and the floor of the autoscaler.
async fn floors(simulation: &Simulation) -> [Value; 3] {
    let get = |path: String| async move { send(simulation, "GET", &path, JSON, &Value::Null).await.1 };
    let (scaled, scaler) = (
        get(format!("{SCALED}/k")).await,
        get(format!("{SCALERS}/keda-hpa-k")).await,
    );
    [
        scaled["spec"]["minReplicaCount"].clone(),
        scaled["metadata"]["annotations"]["pilothouse.dev/floor"].clone(),
        scaler["spec"]["minReplicas"].clone(),
    ]
}

#[tokio::test(start_paused = true)]
async fn by_key_the_floor_of_the_scaled_object_is_shown_raised_and_taken_away() {
    let mut driven = Driven::new().await;
    let simulation = driven.servers[0].simulation.clone();
    with_keda(&simulation).await;
    driven.press("+");
    driven
        .until("whose floor it is", |frame| {
            frame.contains("ScaledObject k keeps 2–30: its floor is written")
        })
        .await;
    driven.press("enter");
    yes(&mut driven).await;
    driven.until("it is written", |frame| frame.contains("written: ")).await;
    assert_eq!(floors(&simulation).await, [json!(15), json!("v1.min2.max30"), json!(2)]);
    driven.press("esc");
    // KEDA writes it on.
    patch(
        &simulation,
        &format!("{SCALERS}/keda-hpa-k"),
        &json!({"spec": {"minReplicas": 15}}),
    )
    .await;
    driven.until("fifteen", |frame| frame.contains("15/15")).await;
    driven.press("enter");
    driven
        .until("its badge", |frame| frame.contains("floor raised for now, was 2–30"))
        .await;
    driven.press("esc");
    driven.until("the list", |frame| frame.contains("15/15")).await;
    driven.press("r -");
    yes(&mut driven).await;
    driven.until("it is ended", |frame| frame.contains("written: ")).await;
    assert_eq!(floors(&simulation).await[..2], [json!(2), Value::Null]);
}

#[tokio::test(start_paused = true)]
async fn by_key_a_floor_of_what_is_paused_is_refused_with_the_annotation() {
    let mut driven = Driven::new().await;
    let simulation = driven.servers[0].simulation.clone();
    with_keda(&simulation).await;
    let pause = json!({"metadata": {"annotations": {PAUSED: "5"}}});
    patch(&simulation, &format!("{SCALED}/k"), &pause).await;
    driven.press("+");
    driven
        .until("it is paused", |frame| {
            frame.contains("is left out: the ScaledObject k")
        })
        .await;
    let told = driven.frame();
    assert!(told.contains("paused-replicas: 5"), "{told}");
    driven.press("enter");
    let told = driven.frame();
    assert!(!told.contains("yes (y)"), "{told}");
    assert_eq!(floors(&simulation).await, [json!(2), Value::Null, json!(2)]);
}

#[test]
fn on_the_command_line_the_same_is_written_and_refused() {
    let fleet = Fleet::start();
    fleet.with("a", &async |simulation| with_keda(simulation).await);
    let scale = |arguments: &[&str]| {
        let output = fleet.run(&["a"], &[&["scale", "gift/live", "--yes"], arguments].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = scale(&["+4"]);
    assert_eq!(code, Some(0), "{said}");
    fleet.with("a", &async |simulation| {
        assert_eq!(floors(simulation).await, [json!(14), json!("v1.min2.max30"), json!(2)]);
        let pause = json!({"metadata": {"annotations": {PAUSED: "5"}}});
        patch(simulation, &format!("{SCALED}/k"), &pause).await;
    });
    let (code, said) = scale(&["+8"]);
    assert_eq!(code, Some(1), "{said}");
    let why = "the ScaledObject k that decides how many is paused (autoscaling.keda.sh/paused-replicas: 5)";
    assert!(said.contains(why), "{said}");
    let (code, said) = scale(&["--end-floor"]);
    assert_eq!(code, Some(0), "what was raised may be taken away: {said}");
}
