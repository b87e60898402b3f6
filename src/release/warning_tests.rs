//! What is told before a release, reason by reason.

use super::*;
use serde_json::json;

fn deployment() -> Value {
    json!({
        "metadata": {"name": "live", "labels": {}},
        "spec": {"replicas": 3, "template": {"metadata": {"labels": {"app": "live"}}, "spec": {"containers": [
            {"name": "live", "image": "live:v41", "readinessProbe": {}, "resources": {"requests": {"cpu": "1"}}}]}}},
        "status": {"replicas": 3, "updatedReplicas": 3},
    })
}

fn told(object: &Value, around: &Surroundings) -> Vec<Warning> {
    of(Kind::Deployment, (object, object), around)
}

fn owned(tool: &'static str, name: Option<&str>) -> Warning {
    Warning::Owned {
        tool,
        name: name.map(str::to_owned),
        back: None,
    }
}

#[test]
fn each_reason_in_the_object_is_found_and_nothing_else() {
    assert_eq!(told(&deployment(), &Surroundings::default()), []);
    let cases: [(&str, Value, Warning); 9] = [
        (
            "/metadata/labels",
            json!({"argocd.argoproj.io/instance": "shop"}),
            owned("Argo CD", Some("shop")),
        ),
        (
            "/metadata/annotations",
            json!({"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:gift/live"}),
            owned("Argo CD", Some("shop")),
        ),
        (
            "/metadata/labels",
            json!({"app.kubernetes.io/managed-by": "Helm"}),
            owned("Helm", None),
        ),
        (
            "/metadata/managedFields",
            json!([{"manager": "kustomize-controller"}]),
            owned("Flux", None),
        ),
        (
            "/spec/template/spec/containers/0/readinessProbe",
            Value::Null,
            Warning::NoReadiness("live".into()),
        ),
        (
            "/spec/template/spec/containers/0/resources",
            json!({}),
            Warning::NoRequests("live".into()),
        ),
        ("/spec/replicas", json!(1), Warning::SingleReplica),
        ("/spec/strategy", json!({"type": "Recreate"}), Warning::Recreate),
        (
            "/metadata/annotations",
            json!({"meta.helm.sh/release-name": "live-7"}),
            owned("Helm", Some("live-7")),
        ),
    ];
    for (path, value, warning) in cases {
        let mut object = deployment();
        let (parent, key) = path.rsplit_once('/').unwrap();
        object.pointer_mut(parent).unwrap()[key] = value;
        // Nothing is wanted beside one that is alone.
        object["status"]["replicas"] = object["spec"]["replicas"].clone();
        assert_eq!(told(&object, &Surroundings::default()), [warning], "{path}");
    }
    let mut beside = deployment();
    let agent = json!({"name": "agent", "image": "agent:1", "resources": {"requests": {"cpu": "1"}}});
    let containers = beside.pointer_mut("/spec/template/spec/containers");
    containers.and_then(Value::as_array_mut).unwrap().insert(0, agent);
    assert_eq!(
        told(&beside, &Surroundings::default()),
        [Warning::NoReadiness("agent".into())]
    );
    beside["spec"]["template"]["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/default-container": "live"});
    assert_eq!(told(&beside, &Surroundings::default()), [], "it is the app that counts");
}

#[test]
fn what_a_tool_would_put_back_is_the_version_that_is_left() {
    let mut before = deployment();
    before["metadata"]["labels"] = json!({"argocd.argoproj.io/instance": "shop"});
    let mut after = before.clone();
    after["spec"]["template"]["spec"]["containers"][0]["image"] = "live:v42".into();
    let words = |before: &Value| of(Kind::Deployment, (before, &after), &Surroundings::default())[0].words();
    assert_eq!(
        words(&before),
        "Argo CD (shop) owns it, and it would put v41 back when it syncs: release there, or stop it"
    );
    before["spec"]["template"]["metadata"]["annotations"] = json!({"pilothouse.dev/commit": "c04d21b9aa"});
    assert!(words(&before).contains("would put c04d21b back"), "{}", words(&before));
    let paused = told(&before, &Surroundings::default())[0].words();
    assert!(paused.contains("would put its own version back"), "{paused}");
}

#[test]
fn an_autoscaler_warns_of_its_own_target_only() {
    let hpa = |kind: &str, name: &str| json!({"metadata": {"name": "h"}, "spec": {"scaleTargetRef": {"kind": kind, "name": name}}});
    let around = |hpa: Value| Surroundings {
        autoscalers: Read(Ok(vec![hpa])),
        ..Surroundings::default()
    };
    let found = |kind, name| told(&deployment(), &around(hpa(kind, name)));
    assert_eq!(found("Deployment", "live"), [Warning::Autoscaled("h".into())]);
    assert_eq!(
        (found("Deployment", "other"), found("Rollout", "live")),
        (vec![], vec![])
    );
}

#[test]
fn a_budget_warns_where_it_holds_these_instances_and_lets_none_go() {
    let found = |selector: Value, allowed: i64| {
        let budget = json!({"metadata": {"name": "b"}, "spec": {"selector": selector}, "status": {"disruptionsAllowed": allowed}});
        let around = Surroundings {
            budgets: Read(Ok(vec![budget])),
            ..Surroundings::default()
        };
        !told(&deployment(), &around).is_empty()
    };
    let one = |operator: &str, values: Value| json!({"matchExpressions": [{"key": "app", "operator": operator, "values": values}]});
    for (selector, holds) in [
        (json!({"matchLabels": {"app": "live"}}), true),
        (json!({"matchLabels": {"app": "live", "tier": "web"}}), false),
        (one("In", json!(["live", "chat"])), true),
        (one("NotIn", json!(["live"])), false),
        (one("Exists", json!(null)), true),
        (one("DoesNotExist", json!(null)), false),
        (json!({}), true),
        (json!(null), false),
    ] {
        assert_eq!(found(selector.clone(), 0), holds, "{selector}");
        assert!(!found(selector, 1));
    }
}

#[test]
fn a_claim_that_many_nodes_may_use_is_no_reason_to_wait() {
    let found = |read: Result<Value, String>| {
        let around = Surroundings {
            claims: vec![("data".into(), read)],
            ..Surroundings::default()
        };
        told(&deployment(), &around)
    };
    let modes = |modes: Value| Ok(json!({"spec": {"accessModes": modes}}));
    assert_eq!(
        found(modes(json!(["ReadWriteOnce"]))),
        [Warning::SharedClaim("data".into())]
    );
    assert_eq!(
        found(modes(json!(["ReadWriteOncePod"]))),
        [Warning::SharedClaim("data".into())]
    );
    assert_eq!(found(modes(json!(["ReadWriteOnce", "ReadWriteMany"]))), []);
    let unknown = found(Err("no access".into()));
    assert_eq!(unknown, [Warning::UnknownClaim("data".into(), "no access".into())]);
    let volumes = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "e", "emptyDir": {}}]);
    let object = json!({"spec": {"template": {"spec": {"volumes": volumes}}}});
    assert_eq!(claims(&object).collect::<Vec<_>>(), ["data"]);
}

#[test]
fn what_could_not_be_read_is_told() {
    let why = || Read(Err("no access".into()));
    let around = Surroundings {
        autoscalers: why(),
        budgets: why(),
        quotas: why(),
        claims: Vec::new(),
    };
    let words: Vec<String> = told(&deployment(), &around).iter().map(Warning::words).collect();
    assert_eq!(
        words,
        [
            "whether an autoscaler counts them is not known: no access",
            "whether a disruption budget holds them is not known: no access",
            "whether a quota has room is not known: no access",
        ]
    );
}

#[test]
fn what_tells_of_versions_is_not_told_where_only_their_number_changes() {
    let probe = Warning::NoReadiness("app".into());
    let scaler = Warning::Autoscaled("live".into());
    let blind = Warning::NoRequests("app".into());
    for (step, told) in [
        (Step::Full, [true, true, true]),
        (Step::Scale(12), [false, false, true]),
        (Step::Delete, [false, false, false]),
    ] {
        assert_eq!(
            [&probe, &scaler, &blind].map(|warning| warning.concerns(&step)),
            told,
            "{step:?}"
        );
    }
}
