//! Back to a version that the ledger alone knows, for what is no Deployment.

use pilothouse::cluster::ActError;
use pilothouse::domain::Kind;
use pilothouse::release::ledger::{KEY, VERSIONS};
use pilothouse::release::past::Back;
use pilothouse::release::step::{Return, Step};
use serde_json::json;

use super::{Bench, JSON, send, workload};

/// Every kind goes back to what the ledger alone knows.
#[tokio::test(start_paused = true)]
async fn each_kind_goes_back_to_what_the_ledger_alone_knows() {
    for (kind, version, name) in [
        (Kind::StatefulSet, "v1", "StatefulSet"),
        (Kind::DaemonSet, "v1", "DaemonSet"),
        (Kind::CloneSet, "v1alpha1", "CloneSet"),
        (Kind::Rollout, "v1alpha1", "Rollout"),
    ] {
        let group = kind.group();
        let spec = json!({"replicas": 2, "serviceName": "live"});
        let mut bench = Bench::new(kind, version, &workload(name, &format!("{group}/{version}"), &spec)).await;
        let status = json!({"observedGeneration": 1, "currentRevision": "a", "updateRevision": "a", "replicas": 2,
            "readyReplicas": 2, "updatedReplicas": 2});
        if matches!(kind, Kind::CloneSet | Kind::Rollout) {
            bench.says(&status).await;
        }
        bench
            .until("it is there", |w| match kind {
                Kind::Rollout => true,
                // One that is not ready would be in the way.
                Kind::StatefulSet => w.ready == 2,
                _ => w.desired > 0,
            })
            .await;
        let mut template = bench.read().await["spec"]["template"].clone();
        template["spec"]["containers"][0]["image"] = "live:v0".into();
        let known = json!({"id": "01K", "workload": format!("{name} live"), "images": ["live:v0"], "good": true,
            "first": "2026-01-01T00:00:00Z", "last": "2026-01-02T00:00:00Z", "template": template});
        let map = json!({"metadata": {"name": "pilothouse-ledger-live"},
            "data": {KEY: "", VERSIONS: format!("{known}\n")}});
        let path = "/api/v1/namespaces/gift/configmaps";
        let (code, answer) = send(&bench.simulation, "POST", path, JSON, &map).await;
        assert_eq!(code, 201, "{answer}");
        bench.take(&Step::Rollback(Return::to(Back::LastGood))).await.unwrap();
        assert_eq!(bench.read().await["spec"]["template"], template, "{name}");
        assert_eq!(bench.written().len(), 1, "{name}");
        // It is what runs now: nothing else is known.
        let refused = bench
            .take(&Step::Rollback(Return::to(Back::Named("v0".into()))))
            .await
            .unwrap_err();
        assert!(matches!(refused, ActError::Refused(_)), "{name}: {refused}");
    }
}
