//! The roles that `pilothouse rbac` prints are what the program needs, and no more. That the operator's is enough for
//! every step of a release is seen in [`crate::release`], whose flows have no other rights.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::Utc;
use pilothouse::cluster::{Measuring, Target};
use pilothouse::domain::ClusterId;
use pilothouse::domain::rights::{NEEDS, Role};
use pilothouse::metrics::source::{Outcome, Source};
use pilothouse::sim::fleet::sized;
use pilothouse::sim::resource::SERVICES;
use pilothouse::sim::{Identity, SimBody, Simulation};
use serde_json::{Value, json};

use crate::support::rights::{act_as, documents, give, printed};
use crate::support::watch_target;

/// A small cluster with metrics-server and Prometheus.
fn cluster() -> Simulation {
    let now = Utc::now();
    let mut store = sized(1, now - chrono::TimeDelta::hours(1), 2, 3, 10);
    for (namespace, name, port) in [
        ("monitoring", "prometheus", 9090),
        ("kube-system", "metrics-server", 443),
    ] {
        let service = json!({"metadata": {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/name": name}}, "spec": {"ports": [{"name": "web", "port": port}]}});
        store.create(&SERVICES, service, now).unwrap();
    }
    Simulation::new(store)
}

/// The cluster as a target, and the paths that it refused.
fn target(simulation: &Simulation) -> (Target, Arc<Mutex<Vec<String>>>) {
    let refused = Arc::new(Mutex::new(Vec::new()));
    let (server, noted) = (simulation.clone(), Arc::clone(&refused));
    let target = Target::in_process(ClusterId::new("test"), move |request: http::Request<Bytes>| {
        let (server, noted) = (server.clone(), Arc::clone(&noted));
        async move {
            let path = request.uri().to_string();
            let answer: http::Response<SimBody> = server.answer(request).await?;
            if answer.status() == 403 {
                noted.lock().unwrap().push(path);
            }
            Ok(answer)
        }
    });
    (target, refused)
}

#[tokio::test(start_paused = true)]
async fn who_looks_is_refused_nothing_in_all_that_is_watched_and_measured() {
    let works = |outcome: Option<&Outcome>| matches!(outcome, Some(Outcome::Works(_)));
    for (with, kubelets) in [(&[][..], false), (&["--with", "nodes/proxy"], true)] {
        let simulation = cluster();
        act_as(&simulation, Role::Viewer, with).await;
        let (target, refused) = target(&simulation);
        let (cluster, mut observer) = watch_target(target);
        observer.until_synced().await;
        let supply = cluster.sources(Measuring::default(), Vec::new()).await;
        assert_eq!(*refused.lock().unwrap(), Vec::<String>::new());
        assert!(works(supply.outcome(Source::Prometheus)), "{supply:?}");
        assert!(works(supply.outcome(Source::MetricsApi)), "{supply:?}");
        assert_eq!(works(supply.outcome(Source::Cadvisor)), kubelets, "{supply:?}");
    }
}

/// Whether the server says that a user may.
async fn may(simulation: &Simulation, attributes: &Value) -> bool {
    let body = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes}});
    let request = http::Request::post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()))
        .unwrap();
    let answer = simulation.answer(request).await.unwrap();
    let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap();
    let answer: Value = serde_json::from_slice(&body.to_bytes()).unwrap();
    answer["status"]["allowed"].as_bool().unwrap()
}

#[tokio::test]
async fn each_role_has_its_own_rights_where_it_was_given_and_no_others() {
    let place = |inside: bool| if inside { "gift" } else { "live" };
    for inside in [true, false] {
        for role in Role::ALL {
            let simulation = cluster();
            let limit: &[&str] = if inside { &["-n", "gift"] } else { &[] };
            act_as(&simulation, role, limit).await;
            for need in NEEDS {
                for (resource, verb) in need
                    .resources
                    .iter()
                    .flat_map(|r| need.verbs.iter().map(move |v| (r, v)))
                {
                    let is_needed = |other: &&pilothouse::domain::rights::Need| {
                        other.group == need.group && other.resources.contains(resource) && other.verbs.contains(verb)
                    };
                    // A role of one namespace gives nothing of the whole cluster.
                    let given = role
                        .needs()
                        .filter(is_needed)
                        .any(|given| given.excess.is_none() && (need.is_namespaced && given.is_namespaced || !inside));
                    let (plain, below) = resource.split_once('/').unwrap_or((resource, ""));
                    let namespace = if need.is_namespaced { place(inside) } else { "" };
                    let asked = json!({"verb": verb.name(), "group": need.group, "resource": plain, "subresource": below,
                        "namespace": namespace, "name": need.names.first().copied().unwrap_or_default()});
                    assert_eq!(may(&simulation, &asked).await, given, "{role:?} {asked}");
                    if inside && need.is_namespaced {
                        let mut elsewhere = asked;
                        elsewhere["namespace"] = "other".into();
                        assert!(!may(&simulation, &elsewhere).await, "{role:?} {elsewhere}");
                    }
                }
            }
            for (group, resource, verb) in [
                ("", "secrets", "get"),
                ("", "pods/exec", "create"),
                ("apps", "deployments", "update"),
            ] {
                let (plain, below) = resource.split_once('/').unwrap_or((resource, ""));
                let asked =
                    json!({"verb": verb, "group": group, "resource": plain, "subresource": below, "namespace": "gift"});
                assert!(!may(&simulation, &asked).await, "{role:?} {asked}");
            }
            let proxied = json!({"verb": "get", "resource": "services", "subresource": "proxy", "namespace": "gift", "name": "other:80"});
            assert!(!may(&simulation, &proxied).await, "{role:?}");
        }
    }
}

#[tokio::test]
async fn a_second_role_in_another_namespace_adds_to_the_first() {
    let simulation = cluster();
    give(&simulation, "dev", Role::Viewer, &[]).await;
    give(&simulation, "dev", Role::Operator, &["-n", "gift,live"]).await;
    simulation.set_identity(Identity::user("dev"));
    for (namespace, expected) in [("gift", true), ("live", true), ("feed", false)] {
        let patch = json!({"verb": "patch", "group": "apps", "resource": "deployments", "namespace": namespace});
        assert_eq!(may(&simulation, &patch).await, expected, "{namespace}");
        let list = json!({"verb": "list", "resource": "pods", "namespace": namespace});
        assert!(may(&simulation, &list).await, "{namespace}");
    }
}

#[test]
fn what_is_printed_says_to_whom_and_what_is_left_out() {
    let text = printed(Role::Viewer, &[]);
    for said in [
        "kind: ClusterRole\nmetadata:\n  name: pilothouse-viewer\n",
        "# not given, for it lets one run commands in every container: get nodes/proxy",
        "# It is bound to nobody: --user NAME or --group NAME prints the binding.",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let text = printed(Role::Viewer, &["-n", "gift"]);
    assert!(
        text.contains("# not in a Role, only in a ClusterRole: get, list, watch nodes, namespaces"),
        "{text}"
    );
    let made = documents(
        Role::Developer,
        &["--user", "yes: #1\n", "--group", "devs", "-n", "gift"],
    );
    let kinds: Vec<&str> = made.iter().map(|document| document["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Role", "RoleBinding"]);
    assert_eq!(made[1]["metadata"]["namespace"], "gift");
    assert_eq!(made[1]["roleRef"]["name"], "pilothouse-developer");
    let subjects = json!([
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "yes: #1\n"},
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "devs"},
    ]);
    assert_eq!(made[1]["subjects"], subjects);
}
