//! What the fleet's containers use and print, and where a cluster's figures come from.

use chrono::TimeDelta;
use serde_json::json;

use super::apps::Appetite;
use super::build::Builder;
use super::plan::{Measured, Plan};
use crate::domain::Timestamp;
use crate::sim::Identity;
use crate::sim::load::{self, Seconds, Surge, Traits};
use crate::sim::resource::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, NAMESPACES, SERVICES};

/// The demo begins so long before the evening's peak.
const BEFORE_PEAK: TimeDelta = TimeDelta::minutes(90);
/// For how long the load of an app that runs away has been growing: it goes on while one watches.
const SURGES_FOR: TimeDelta = TimeDelta::minutes(10);
/// What it has on top at its most.
const SURGE: f64 = 1.1;
/// The user of a cluster whose nodes' proxy is not for everybody.
const OPERATOR: &str = "operator";

/// What that user may do of the core group: everything but `nodes/proxy`, `pods/proxy`, `pods/exec` and their like.
const CORE: [&str; 25] = [
    "bindings",
    "configmaps",
    "endpoints",
    "events",
    "limitranges",
    "namespaces",
    "namespaces/finalize",
    "namespaces/status",
    "nodes",
    "nodes/status",
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "pods/binding",
    "pods/eviction",
    "pods/log",
    "pods/status",
    "podtemplates",
    "replicationcontrollers",
    "resourcequotas",
    "resourcequotas/status",
    "secrets",
    "serviceaccounts",
    "services",
    "services/status",
];
/// The groups that user may do everything of.
const GROUPS: [&str; 19] = [
    "apps",
    "batch",
    "autoscaling",
    "policy",
    "networking.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "apiextensions.k8s.io",
    "metrics.k8s.io",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "argoproj.io",
    "apps.kruise.io",
    "rollouts.kruise.io",
    "flagger.app",
];

/// The load of a cluster whose demo begins now.
pub(crate) fn load(plan: &Plan, seed: u64, now: Timestamp) -> load::Plan {
    let seconds = |at: Timestamp| at.timestamp() as Seconds;
    let all = plan.apps.iter().chain(&plan.stateful).chain(&plan.daemons);
    let apps = all.map(|app| {
        let traits = Traits {
            language: Some(app.language),
            surge: (app.appetite == Appetite::Surges).then(|| Surge {
                from: seconds(now - SURGES_FOR),
                by: SURGE,
            }),
            noisy: app.appetite == Appetite::Noisy,
        };
        ((app.team.to_owned(), app.name.clone()), traits)
    });
    load::Plan {
        seed,
        peak: seconds(now + BEFORE_PEAK),
        apps: apps.collect(),
    }
}

/// Who looks at a cluster.
pub(crate) fn user(measured: Measured) -> Identity {
    match measured {
        Measured::Prometheus | Measured::Cadvisor => Identity::default(),
        Measured::MetricsApi => Identity::user(OPERATOR),
    }
}

/// Makes what a source of figures needs: its Service, and for `metrics.k8s.io` a user without the node proxy.
pub(crate) fn sources(builder: &mut Builder, measured: Measured) {
    match measured {
        Measured::Cadvisor => {}
        Measured::Prometheus => service(builder, "monitoring", "prometheus", 9090),
        Measured::MetricsApi => {
            service(builder, "kube-system", "metrics-server", 443);
            operator(builder);
        }
    }
}

fn service(builder: &mut Builder, namespace: &str, name: &str, port: u16) {
    let when = builder.hours_ago(24 * 300);
    let space = json!({
        "metadata": {"name": namespace, "labels": {"kubernetes.io/metadata.name": namespace}},
        "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
    });
    // `kube-system` is there already.
    builder.create(&NAMESPACES, space, when);
    let service = json!({
        "metadata": {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/name": name}},
        "spec": {"type": "ClusterIP", "ports": [{"name": "web", "port": port, "protocol": "TCP", "targetPort": port}]},
        "status": {"loadBalancer": {}},
    });
    builder.create(&SERVICES, service, when);
}

/// A user who may do everything but reach through the API server to nodes and pods.
fn operator(builder: &mut Builder) {
    let when = builder.hours_ago(24 * 300);
    let role = json!({
        "metadata": {"name": OPERATOR},
        "rules": [
            {"apiGroups": [""], "resources": CORE, "verbs": ["*"]},
            {"apiGroups": GROUPS, "resources": ["*"], "verbs": ["*"]},
        ],
    });
    let binding = json!({
        "metadata": {"name": OPERATOR},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": OPERATOR},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": OPERATOR}],
    });
    builder.create(&CLUSTER_ROLES, role, when);
    builder.create(&CLUSTER_ROLE_BINDINGS, binding, when);
}
