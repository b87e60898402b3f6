//! More instances: written to whoever decides how many there are, followed until they are ready, and taken back.

use pilothouse::cluster::{ActError, Note};
use pilothouse::domain::{Kind, ObjectKey, ResourceRef, Uid};
use pilothouse::release::live::Refusal;
use pilothouse::release::step::{Difference, Step};
use pilothouse::release::{Phase, Prepared, Why};
use pilothouse::sim::fault::{Body, Fault, Pattern, Verb};
use serde_json::{Value, json};

use super::Flow;
use super::course::Fleet;

const JSON: &str = "application/json";
const SCALERS: &str = "/apis/autoscaling/v2/namespaces/gift/horizontalpodautoscalers";

impl Flow {
    async fn scale(&self, step: &Step) -> Result<(), ActError> {
        let prepared = self.prepare(step).await?;
        let note = Note {
            app: "live",
            by: "oncall",
            why: &Why::default(),
        };
        self.cluster.carry_out(&prepared, &note).await.map(drop)
    }

    async fn bounds(&self) -> [Value; 3] {
        let (_, scaler) = self.send("GET", &format!("{SCALERS}/live"), JSON, &Value::Null).await;
        let floor = scaler["metadata"]["annotations"]["pilothouse.dev/floor"].clone();
        [
            scaler["spec"]["minReplicas"].clone(),
            scaler["spec"]["maxReplicas"].clone(),
            floor,
        ]
    }
}

#[tokio::test(start_paused = true)]
async fn where_nobody_decides_the_workload_s_own_number_is_written() {
    let mut flow = Flow::new().await;
    flow.scale(&Step::Scale(14)).await.unwrap();
    flow.until("fourteen", &Phase::Stable).await;
    assert_eq!(flow.deployment().await["status"]["readyReplicas"], 14);
    let sent = flow.sent("deployments");
    assert!(sent[0].path.contains("/deployments/live/scale?"), "{}", sent[0].path);
    assert_eq!(
        flow.scale(&Step::Scale(14)).await,
        Err(ActError::Refused(Refusal::ThatMany(14)))
    );
    flow.scale(&Step::Scale(9)).await.unwrap();
    flow.until("nine", &Phase::Stable).await;
    assert_eq!(flow.deployment().await["spec"]["replicas"], 9);
    assert_eq!(flow.ledger().await.entries().count(), 2);
    // What somebody else wrote meanwhile is not written over.
    let prepared = flow.prepare(&Step::Scale(12)).await.unwrap();
    let path = format!("{}/scale", super::DEPLOYMENT);
    let other = json!({"spec": {"replicas": 20}});
    assert_eq!(
        flow.send("PATCH", &path, "application/merge-patch+json", &other)
            .await
            .0,
        200
    );
    let note = Note {
        app: "live",
        by: "oncall",
        why: &Why::default(),
    };
    let late = flow.cluster.carry_out(&prepared, &note).await.unwrap_err();
    assert!(matches!(late, ActError::Changed(_)), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn an_autoscaler_s_floor_is_raised_and_taken_away_again() {
    let mut flow = Flow::new().await;
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "live", "namespace": "gift"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "live"}, "minReplicas": 5, "maxReplicas": 12}});
    assert_eq!(flow.send("POST", SCALERS, JSON, &scaler).await.0, 201);
    assert_eq!(
        flow.scale(&Step::EndFloor).await,
        Err(ActError::Refused(Refusal::NoFloor))
    );
    let told = |prepared: &Prepared| -> Vec<String> {
        let place = |d: &Difference| format!("{}: {:?} → {:?}", d.place, d.from.as_deref(), d.to.as_deref());
        prepared.differences.iter().map(place).collect()
    };
    assert_eq!(
        told(&flow.prepare(&Step::Scale(14)).await.unwrap()),
        [
            "HorizontalPodAutoscaler live: metadata.annotations.pilothouse.dev/floor: None → Some(\"v1.min5.max12\")",
            "HorizontalPodAutoscaler live: spec.maxReplicas: Some(\"12\") → Some(\"14\")",
            "HorizontalPodAutoscaler live: spec.minReplicas: Some(\"5\") → Some(\"14\")",
        ]
    );
    flow.scale(&Step::Scale(14)).await.unwrap();
    assert_eq!(flow.bounds().await, [json!(14), json!(14), json!("v1.min5.max12")]);
    flow.until("fourteen", &Phase::Stable).await;
    assert_eq!(flow.deployment().await["status"]["readyReplicas"], 14);
    assert_eq!(
        flow.sent("deployments"),
        [],
        "what an autoscaler would undo is not written"
    );
    flow.scale(&Step::Scale(16)).await.unwrap();
    assert_eq!(flow.bounds().await[2], "v1.min5.max12", "as it was at first");
    assert_eq!(
        flow.scale(&Step::Scale(3)).await,
        Err(ActError::Refused(Refusal::Autoscaled))
    );
    flow.until("sixteen", &Phase::Stable).await;
    flow.scale(&Step::EndFloor).await.unwrap();
    assert_eq!(flow.bounds().await, [json!(5), json!(12), Value::Null]);
    flow.until("within the ceiling again", &Phase::Stable).await;
    assert_eq!(flow.deployment().await["status"]["readyReplicas"], 12);
}

#[tokio::test(start_paused = true)]
async fn what_has_none_is_scaled_out_with_an_autoscaler_and_without_one() {
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "live", "namespace": "gift"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "live"}, "minReplicas": 5, "maxReplicas": 12}});
    for is_autoscaled in [false, true] {
        let mut flow = Flow::new().await;
        flow.scale(&Step::Scale(0)).await.unwrap();
        flow.until("none", &Phase::Stable).await;
        if is_autoscaled {
            assert_eq!(flow.send("POST", SCALERS, JSON, &scaler).await.0, 201);
            flow.until("none all the same", &Phase::Stable).await;
        }
        assert_eq!(flow.deployment().await["spec"]["replicas"], 0);
        let prepared = flow.prepare(&Step::Scale(6)).await.unwrap();
        // Its status moves on meanwhile.
        let status = json!({"status": {"collisionCount": 1}});
        let path = format!("{}/status", super::DEPLOYMENT);
        flow.send("PATCH", &path, "application/merge-patch+json", &status).await;
        flow.carry_out(&prepared).await.unwrap();
        flow.until("six", &Phase::Stable).await;
        assert_eq!(flow.deployment().await["status"]["readyReplicas"], 6, "{is_autoscaled}");
        if is_autoscaled {
            assert_eq!(flow.bounds().await, [json!(6), json!(12), json!("v1.min5.max12")]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_instance_is_deleted_and_no_other_in_its_place() {
    let mut flow = Flow::new().await;
    let pods = "/api/v1/namespaces/gift/pods";
    let (_, listed) = flow.send("GET", pods, JSON, &Value::Null).await;
    let pod = &listed["items"][0]["metadata"];
    let object = ResourceRef {
        cluster: flow.cluster.id().clone(),
        kind: Kind::Pod,
        key: ObjectKey::new("gift", pod["name"].as_str().unwrap()),
        uid: Uid::parse(pod["uid"].as_str().unwrap()),
    };
    let note = Note {
        app: "live",
        by: "oncall",
        why: &Why::default(),
    };
    let prepared = flow.cluster.prepare(&object, &Step::Delete, None).await.unwrap();
    let (_, still) = flow.send("GET", pods, JSON, &Value::Null).await;
    assert_eq!(
        still["items"].as_array().unwrap().len(),
        10,
        "a dry run deletes nothing"
    );
    flow.cluster.carry_out(&prepared, &note).await.unwrap();
    let (_, events) = flow
        .send("GET", "/api/v1/namespaces/gift/events", JSON, &Value::Null)
        .await;
    let mut told = events["items"].as_array().unwrap().iter();
    let told = told.find(|event| event["reason"] == "Release").unwrap();
    assert_eq!(
        told["involvedObject"]["apiVersion"], "v1",
        "as `kubectl events --for pod/x` looks for it"
    );
    flow.until("another came", &Phase::Stable).await;
    let (_, now) = flow.send("GET", pods, JSON, &Value::Null).await;
    assert!(
        now["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|other| other["metadata"]["uid"] != pod["uid"])
    );
    let again = flow.cluster.carry_out(&prepared, &note).await.unwrap_err();
    assert!(
        matches!(again, ActError::Cluster(_) | ActError::Changed(_)),
        "{again:?}"
    );
}

#[test]
fn who_may_not_list_nodes_is_told_so_and_divides_nothing_by_room_that_nobody_knows() {
    let fleet = Fleet::start();
    let scale = |clusters: &[&str], arguments: &[&str]| {
        let output = fleet.run(clusters, &[&["scale", "gift/live"], arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    let (code, said) = scale(&["a"], &["+2", "--dry-run"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("a: gift/live: 10 → 12, fits "), "{said}");
    fleet.forbid(
        "a",
        Fault::Reply {
            to: Pattern::plural("nodes").verb(Verb::List),
            code: 403,
            retry_after: None,
            body: Body::Empty,
        },
    );
    let (code, said) = scale(&["a"], &["+2", "--yes"]);
    let told = "a: gift/live: 10 → 12, how many more fit is not known: no right to list nodes";
    assert!(said.contains(told), "{said}");
    assert!(!said.contains("have room nowhere"), "{said}");
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = scale(&["a", "c"], &["+2", "--split", "--yes"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("a: how many more fit is not known: no right to list nodes"),
        "{said}"
    );
    let (code, said) = scale(&["a", "c"], &["18", "--split", "--yes"]);
    assert_eq!(code, Some(0), "fewer need no room: {said}");
}

#[test]
fn a_number_in_all_waits_for_every_cluster_and_so_many_more_go_on_past_one() {
    let fleet = Fleet::start();
    let scale = |arguments: &[&str]| {
        let output = fleet.run(
            &["a", "b", "c"],
            &[&["scale", "gift/live", "--yes"], arguments].concat(),
        );
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = scale(&["18", "--split"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("b: what it has of the app is not known ("), "{said}");
    assert!(
        said.contains("18 are of all clusters together: nothing was written"),
        "{said}"
    );
    assert!(!said.contains("gift/live: written"), "{said}");
    let (code, said) = scale(&["+4", "--split"]);
    assert_eq!(code, Some(1), "{said}");
    for told in [
        "a: gift/live: 10 → 12",
        "c: gift/live: 10 → 12",
        "a: gift/live: written",
        "c: gift/live: written",
        "left: b: not reached (",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
}
