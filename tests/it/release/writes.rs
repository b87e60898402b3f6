//! Writes of the program itself: shown first, sent once, read back where no answer comes, noted.

use pilothouse::cluster::{ActError, ClusterError, Note};
use pilothouse::domain::rights::Role;
use pilothouse::domain::{Driver, Kind, Object, ResourceRef};
use pilothouse::release::config::Source;
use pilothouse::release::ledger::{KEY, Ledger, Operation};
use pilothouse::release::live::{Method, Refusal};
use pilothouse::release::past::Back;
use pilothouse::release::step::{Count, New, Return, Step};
use pilothouse::release::template::Facts;
use pilothouse::release::warning::Warning;
use pilothouse::release::{Done, Phase, Prepared, Why};
use pilothouse::sim::fault::{Fault, Pattern, Verb};
use serde_json::{Value, json};

use super::{DEPLOYMENT, Flow, Sent, gray};
use crate::support::rights::documents;

const LEDGER: &str = "/api/v1/namespaces/gift/configmaps/pilothouse-ledger-live";

pub(super) fn start(image: &str, instances: i32) -> Step {
    Step::Start(Box::new(New {
        image: image.into(),
        container: None,
        facts: Facts::default(),
        method: Method::Surge,
        count: Count::Instances(instances),
        config: Source::Current,
    }))
}

impl Flow {
    pub(super) fn object(&self) -> ResourceRef {
        let Some(Object::Workload(workload)) = self.observer.seen.object(Kind::Deployment, "live") else {
            panic!("it is not seen");
        };
        ResourceRef {
            cluster: self.cluster.id().clone(),
            kind: Kind::Deployment,
            key: workload.key.clone(),
            uid: workload.uid.clone(),
        }
    }

    pub(super) async fn prepare(&self, step: &Step) -> Result<Prepared, ActError> {
        self.cluster.prepare(&self.object(), step, None).await
    }

    pub(super) async fn carry_out(&self, prepared: &Prepared) -> Result<Done, ActError> {
        let why = Why {
            reason: Some("because".into()),
            ..Why::default()
        };
        self.carry_out_with(prepared, &why).await
    }

    pub(super) async fn override_with(&self, prepared: &Prepared, why: &str) -> Result<Done, ActError> {
        let why = Why {
            overridden: Some(why.into()),
            ..Why::default()
        };
        self.carry_out_with(prepared, &why).await
    }

    pub(super) async fn carry_out_with(&self, prepared: &Prepared, why: &Why) -> Result<Done, ActError> {
        let note = Note {
            app: "live",
            by: "oncall",
            why,
        };
        self.cluster.carry_out(prepared, &note).await
    }

    /// What was sent that is no dry run, of one kind of object.
    pub(super) fn sent(&self, plural: &str) -> Vec<Sent> {
        let wire = self.wire.lock().unwrap();
        let real = wire.sent.iter().filter(|sent| !sent.path.contains("dryRun"));
        real.filter(|sent| sent.path.contains(&format!("/{plural}")))
            .cloned()
            .collect()
    }

    pub(super) async fn ledger(&self) -> Ledger {
        let (_, map) = self.send("GET", LEDGER, "application/json", &Value::Null).await;
        Ledger::parse(map["data"][KEY].as_str().unwrap_or_default())
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_is_shown_without_effect_then_sent_once_and_noted() {
    let mut flow = Flow::new().await;
    let before = flow.deployment().await;
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    let place = "spec.template.spec.containers[live].image";
    let image = prepared
        .differences
        .iter()
        .find(|difference| difference.place == *place)
        .unwrap();
    assert_eq!(
        (image.from.as_deref(), image.to.as_deref()),
        (Some("live:v1"), Some("live:v2"))
    );
    assert_eq!(
        flow.deployment().await["metadata"]["generation"],
        before["metadata"]["generation"]
    );
    assert_eq!(flow.sent("").len(), 0, "nothing but a dry run");
    let done = flow.carry_out(&prepared).await.unwrap();
    assert_eq!(done.unnoted, Vec::<pilothouse::domain::Clean>::new());
    assert_eq!(flow.sent("deployments").len(), 1);
    flow.until("two beside ten", &gray(2, 10)).await;
    let grown = flow.prepare(&Step::Grow(Count::Instances(4))).await.unwrap();
    flow.carry_out(&grown).await.unwrap();
    let ledger = flow.ledger().await;
    let told: Vec<_> = ledger
        .entries()
        .map(|e| (e.op, e.by.as_str(), e.to.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (Operation::Grow, "oncall", None),
            (Operation::Start, "oncall", Some("live:v2"))
        ]
    );
    let ids: Vec<_> = ledger.entries().map(|e| e.id.clone()).collect();
    assert_eq!(ids[0], ids[1], "the steps of one release share their operation");
    let (_, events) = flow
        .send(
            "GET",
            "/api/v1/namespaces/gift/events",
            "application/json",
            &Value::Null,
        )
        .await;
    let of_ours = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["reason"] == "Release");
    let of_ours: Vec<&Value> = of_ours.collect();
    assert_eq!(of_ours.len(), 2);
    assert_eq!(of_ours[0]["involvedObject"]["apiVersion"], "apps/v1");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_is_read_back_and_nothing_is_sent_again() {
    let flow = Flow::new().await;
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    flow.wire.lock().unwrap().lost = 1;
    let done = flow.carry_out(&prepared).await.unwrap();
    assert_eq!(
        flow.deployment().await["metadata"]["generation"],
        done.written.generation
    );
    assert_eq!(flow.sent("deployments").len(), 1);
    // A request that never arrived is told as what it is: nobody knows.
    let grown = flow.prepare(&Step::Grow(Count::Instances(4))).await.unwrap();
    let reply = Fault::Reply {
        to: Pattern::plural("deployments").verb(Verb::Patch),
        code: 504,
        retry_after: None,
        body: pilothouse::sim::fault::Body::Empty,
    };
    flow.simulation.faults().add(reply);
    let unclear = flow.carry_out(&grown).await.unwrap_err();
    assert!(
        matches!(unclear, ActError::Unclear(ClusterError::Server { code: 504, .. })),
        "{unclear:?}"
    );
    assert_eq!(flow.sent("deployments").len(), 2, "once each");
}

#[tokio::test(start_paused = true)]
async fn what_stands_around_it_is_told_before_it_is_written() {
    let flow = Flow::new().await;
    let create = async |group: &str, plural: &str, object: Value| {
        let path = format!("{group}/namespaces/gift/{plural}");
        let (code, answer) = flow.send("POST", &path, "application/json", &object).await;
        assert_eq!(code, 201, "{answer}");
        format!("{path}/{}/status", object["metadata"]["name"].as_str().unwrap())
    };
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": {"hard": {"pods": "11"}}});
    create("/api/v1", "resourcequotas", quota).await;
    let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "all"},
        "spec": {"minAvailable": "100%", "selector": {"matchLabels": {"app": "live"}}}});
    let status = create("/apis/policy/v1", "poddisruptionbudgets", budget).await;
    let none = json!({"status": {"disruptionsAllowed": 0}});
    flow.send("PATCH", &status, "application/merge-patch+json", &none).await;
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}});
    create("/api/v1", "persistentvolumeclaims", claim).await;
    let volumes = json!([{"op": "add", "path": "/spec/template/spec/volumes", "value": [
        {"name": "a", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "b", "persistentVolumeClaim": {"claimName": "gone"}}]}]);
    assert_eq!(flow.write(&volumes).await, 200);
    tokio::time::sleep(std::time::Duration::from_mins(2)).await;

    let words = async || -> Vec<String> {
        let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
        prepared.warnings.iter().map(Warning::words).collect()
    };
    let told = words().await;
    for expected in [
        "quota team has room for 1 of 2 more instances: of pods 1 is left",
        "disruption budget all lets no instance be evicted now: a drain of their nodes waits",
        "all instances share the volume claim data, which only one node may use: new ones may wait",
        "all instances share the volume claim gone; how many nodes may use it is not known: not found",
    ] {
        assert!(
            told.iter().any(|told| told.starts_with(expected)),
            "{expected}: {told:#?}"
        );
    }
    // Who may not read them is told so, and may release.
    for plural in [
        "resourcequotas",
        "poddisruptionbudgets",
        "horizontalpodautoscalers",
        "persistentvolumeclaims",
    ] {
        flow.simulation.faults().add(Fault::Forbid(Pattern::plural(plural)));
    }
    let told = words().await;
    for expected in [
        "whether a quota has room is not known: ",
        "whether a disruption budget holds them is not known: ",
        "whether an autoscaler counts them is not known: ",
        "all instances share the volume claim data; how many nodes may use it is not known: ",
    ] {
        assert!(
            told.iter().any(|told| told.starts_with(expected)),
            "{expected}: {told:#?}"
        );
    }
    flow.wire.lock().unwrap().refused.clear();
}

#[tokio::test(start_paused = true)]
async fn of_two_who_were_shown_the_same_one_writes() {
    let mut flow = Flow::new().await;
    let (first, second) = (
        flow.prepare(&start("live:v2", 2)).await.unwrap(),
        flow.prepare(&start("live:v3", 3)).await.unwrap(),
    );
    flow.carry_out(&first).await.unwrap();
    let refused = flow.carry_out(&second).await.unwrap_err();
    assert!(matches!(refused, ActError::Changed(_)), "{refused:?}");
    flow.until("the first one's", &gray(2, 10)).await;
    let again = flow.carry_out(&first).await.unwrap_err();
    assert!(
        matches!(again, ActError::Changed(_)),
        "a repeat does no harm: {again:?}"
    );
    let held = flow.prepare(&start("live:v3", 3)).await.unwrap_err();
    assert_eq!(held, ActError::Refused(Refusal::InHold));
    assert_eq!(flow.ledger().await.entries().count(), 1, "only what was done is noted");
}

#[tokio::test(start_paused = true)]
async fn what_moves_on_beside_what_is_written_does_not_stop_it_and_what_it_rests_on_does() {
    let mut flow = Flow::new().await;
    let merge = "application/merge-patch+json";
    // An app without labels: where they are made it matters whether somebody else makes some.
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    let status = json!({"status": {"collisionCount": 1}});
    let path = format!("{DEPLOYMENT}/status");
    assert_eq!(flow.send("PATCH", &path, merge, &status).await.0, 200);
    flow.carry_out(&prepared).await.unwrap();
    flow.until("two beside ten", &gray(2, 10)).await;
    let flow = Flow::new().await;
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    let labels = json!({"metadata": {"labels": {"team": "a"}}});
    assert_eq!(flow.send("PATCH", DEPLOYMENT, merge, &labels).await.0, 200);
    let refused = flow.carry_out(&prepared).await.unwrap_err();
    assert!(matches!(refused, ActError::Changed(_)), "{refused:?}");
    assert_eq!(flow.deployment().await["metadata"]["labels"], json!({"team": "a"}));
}

#[tokio::test(start_paused = true)]
async fn who_may_only_read_sends_nothing() {
    let flow = Flow::with(true).await;
    let refused = flow.prepare(&start("live:v2", 2)).await.unwrap_err();
    assert_eq!(refused, ActError::Cluster(ClusterError::ReadOnly));
    assert_eq!(flow.sent("").len(), 0);
    assert_eq!(flow.wire.lock().unwrap().sent.len(), 0, "not even a dry run");
}

#[tokio::test(start_paused = true)]
async fn who_has_no_right_is_told_which_before_anything_is_written() {
    let flow = Flow::new().await;
    let forbidden = Fault::Forbid(Pattern::plural("deployments").verb(Verb::Patch));
    flow.simulation.faults().add(forbidden);
    let refused = flow.prepare(&start("live:v2", 2)).await.unwrap_err();
    assert!(
        matches!(refused, ActError::Cluster(ClusterError::Forbidden { .. })),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("patch"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn who_may_only_look_is_told_which_right_is_missing_and_nothing_is_sent() {
    let flow = Flow::new().await;
    let rules = documents(Role::Viewer, &[]).remove(0)["rules"].take();
    let role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/pilothouse-operator";
    let less = json!({"rules": rules});
    let (code, _) = flow.send("PATCH", role, "application/merge-patch+json", &less).await;
    assert_eq!(code, 200);
    let refused = flow.prepare(&start("live:v2", 2)).await.unwrap_err();
    assert_eq!(refused.to_string(), "you may not patch deployments.apps in gift");
    assert_eq!(flow.wire.lock().unwrap().sent.len(), 0, "not even a dry run");
}

#[tokio::test(start_paused = true)]
async fn what_another_controller_releases_is_left_to_it() {
    let flow = Flow::new().await;
    let driven = flow
        .cluster
        .prepare(&flow.object(), &start("live:v2", 2), Some(Driver::Flagger))
        .await;
    assert!(
        matches!(driven, Err(ActError::Refused(Refusal::Driven(_)))),
        "{driven:?}"
    );
}

/// Every write of every step says which object is meant, and which state of its spec. The wire sees to it that none is
/// without a condition.
#[tokio::test(start_paused = true)]
async fn no_step_is_written_to_another_spec_than_was_looked_at() {
    let mut flow = Flow::new().await;
    let steps = [
        (start("live:v2", 2), gray(2, 10)),
        (Step::Grow(Count::Instances(4)), gray(4, 10)),
        (Step::KeepOld, Phase::Full { new: 10, old: 10 }),
        (Step::Offline, Phase::Stable),
        (Step::Rollback(Return::to(Back::LastGood)), Phase::Stable),
        (start("live:v3", 1), gray(1, 10)),
        (Step::Abort, Phase::Stable),
        (Step::Restart, Phase::Stable),
        (Step::Pause, Phase::Paused),
        (Step::Resume, Phase::Stable),
    ];
    for (step, phase) in &steps {
        let prepared = flow.prepare(step).await.unwrap();
        flow.carry_out(&prepared).await.unwrap();
        flow.until(step.title(), phase).await;
    }
    let sent = flow.sent("");
    let patches: Vec<&Sent> = sent.iter().filter(|sent| sent.method == "PATCH").collect();
    assert_eq!(patches.len(), steps.len());
    for patch in patches {
        let tested = |path: &str| {
            let operations = patch.body.as_array().unwrap();
            operations.iter().any(|op| op["op"] == "test" && op["path"] == path)
        };
        assert!(tested("/metadata/uid") && tested("/metadata/generation"), "{patch:?}");
    }
    assert_eq!(flow.ledger().await.entries().count(), steps.len());
}
