//! More instances on a real cluster: written to whoever decides how many there are, followed until they are ready, and
//! taken back.

use pilothouse::domain::rights::Role;
use serde_json::{Value, json};

use super::app::{App, Client, NAME};
use super::definitions::scaled_object;
use super::user::{User, Written, give};

const INSTANCES: i64 = 3;
const SCALERS: &str = "horizontalpodautoscalers";
const FLOOR: &str = "pilothouse.dev/floor";

/// An autoscaler's bounds, and what is noted of those before.
async fn bounds(app: &App, of: (&str, &str), [min, max]: [&str; 2]) -> [Value; 3] {
    let now = app.get(of).await;
    let (spec, annotations) = (&now["spec"], &now["metadata"]["annotations"]);
    [spec[min].clone(), spec[max].clone(), annotations[FLOOR].clone()]
}

async fn have(app: &App, instances: i64) {
    let what = format!("{instances} instances");
    app.until(&what, |now, deployment| {
        deployment["spec"]["replicas"] == instances && now.available == instances && now.new == instances
    })
    .await;
}

fn target() -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME})
}

/// How many were ready each time it was told, with the seconds since the write:
/// `lab-b: scaling/live: 3 of 5 ready, 2 starting (0 s)`.
fn followed(said: &str) -> Vec<(i64, u64)> {
    let told = said.lines().filter_map(|line| {
        let (before, after) = line.split_once(" of 5 ready")?;
        let (_, seconds) = after.rsplit_once('(')?;
        let ready = before.rsplit(' ').next()?.parse().ok()?;
        Some((ready, seconds.strip_suffix(" s)")?.parse().ok()?))
    });
    told.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_instances_are_written_to_whoever_decides_and_come() {
    let Some(app) = App::new("scaling", INSTANCES).await else {
        return;
    };
    give(&app, Role::Operator, "dev").await;
    let user = User::of(&app, "dev").await;
    let client = Client::of(&app);

    // Nobody decides: the workload's own number, through `scale`.
    let begun = std::time::Instant::now();
    let said = user.does(&["scale", NAME, "+2", "--yes", "--wait"]).await;
    let took = begun.elapsed();
    println!("{said}");
    let told = followed(&said);
    assert_eq!(told.last().map(|(ready, _)| *ready), Some(5), "{said}");
    assert!(told.is_sorted(), "{told:?}");
    assert!(told.last().unwrap().1 <= took.as_secs(), "{told:?} in {took:?}");
    have(&app, 5).await;
    client.take();

    autoscaled(&app, &user).await;
    keda(&app, &user).await;
    let seen = client.take();
    println!("{seen:?}");
    assert!(seen.fewest as i64 >= INSTANCES, "{seen:?}");
    app.delete().await;
}

/// An autoscaler decides: its floor is raised, the Deployment follows.
async fn autoscaled(app: &App, user: &User<'_>) {
    let of = ("autoscaling/v2", "horizontalpodautoscalers/live");
    let fields = ["minReplicas", "maxReplicas"];
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": NAME},
        "spec": {"scaleTargetRef": target(), "minReplicas": INSTANCES, "maxReplicas": 6}});
    app.send("POST", ("autoscaling/v2", SCALERS), &scaler).await;
    let written = user.writes(&["scale", NAME, "8", "--yes", "--wait"]).await;
    let patch = json!([
        {"op": "add", "path": "/metadata/annotations", "value": {}},
        {"op": "add", "path": "/metadata/annotations/pilothouse.dev~1floor", "value": "v1.min3.max6"},
        {"op": "add", "path": "/spec/minReplicas", "value": 8},
        {"op": "add", "path": "/spec/maxReplicas", "value": 8},
    ]);
    assert_eq!(
        written,
        [Written {
            to: format!("PATCH {}", of.1),
            kind: "json-patch+json".into(),
            body: patch,
        }]
    );
    assert_eq!(
        bounds(app, of, fields).await,
        [json!(8), json!(8), json!("v1.min3.max6")]
    );
    have(app, 8).await;
    user.is_refused(&["scale", NAME, "4", "--yes"], "its autoscaler decides how many")
        .await;

    // A colleague raises the ceiling meanwhile: the floor's end is not written over it.
    let end = ["scale", NAME, "--end-floor", "--yes"];
    let late = user.begins(&end).await;
    app.send("PATCH", of, &json!({"spec": {"maxReplicas": 20}})).await;
    let (answer, code, said) = user.ends(late).await;
    assert_eq!((answer, code), (422, Some(4)), "{said}");
    assert_eq!(bounds(app, of, fields).await[1], 20);
    user.writes(&end).await;
    assert_eq!(bounds(app, of, fields).await, [json!(3), json!(6), Value::Null]);
    have(app, 6).await;
    user.is_refused(&end, "its autoscaler has no floor of ours").await;
    app.send("DELETE", of, &Value::Null).await;
}

/// KEDA decides, which makes an autoscaler of its own: its `ScaledObject` is written, never that.
async fn keda(app: &App, user: &User<'_>) {
    let installed = scaled_object().install(&app.client).await;
    let version = "keda.sh/v1alpha1";
    let of = (version, "scaledobjects/busy");
    let scaler = ("autoscaling/v2", "horizontalpodautoscalers/keda-hpa-busy");
    let fields = ["minReplicaCount", "maxReplicaCount"];
    let object = json!({"apiVersion": version, "kind": "ScaledObject", "metadata": {"name": "busy"},
        "spec": {"scaleTargetRef": {"name": NAME}, "maxReplicaCount": 7, "triggers": [{"type": "cron"}]}});
    app.send("POST", (version, "scaledobjects"), &object).await;
    let made = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "keda-hpa-busy"},
        "spec": {"scaleTargetRef": target(), "minReplicas": 1, "maxReplicas": 7}});
    app.send("POST", ("autoscaling/v2", SCALERS), &made).await;
    let written = user.writes(&["scale", NAME, "9", "--yes"]).await;
    assert_eq!(written.len(), 1);
    assert_eq!(written[0].to, format!("PATCH {}", of.1));
    assert_eq!(
        bounds(app, of, fields).await,
        [json!(9), json!(9), json!("v1.min-.max7")]
    );
    let triggers = &app.get(of).await["spec"]["triggers"];
    assert_eq!(*triggers, json!([{"type": "cron"}]), "the rest stays");
    // As KEDA hands its bounds on.
    app.send("PATCH", scaler, &json!({"spec": {"minReplicas": 9, "maxReplicas": 9}}))
        .await;
    have(app, 9).await;
    let end = ["scale", NAME, "--end-floor", "--yes"];
    user.writes(&end).await;
    assert_eq!(bounds(app, of, fields).await, [Value::Null, json!(7), Value::Null]);
    app.send("PATCH", scaler, &json!({"spec": {"minReplicas": 1, "maxReplicas": 7}}))
        .await;
    have(app, 7).await;
    installed.clear().await;
}
