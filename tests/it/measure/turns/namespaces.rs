//! Who may see some namespaces, or chose one: what is measured, and by whom.

use pilothouse::cluster::Measuring;
use pilothouse::domain::Clean;
use pilothouse::metrics::source::{Outcome, Source, Wanted};
use pilothouse::metrics::{Figure, Measured, Subject};
use pilothouse::sim::resource::{PODS, ROLE_BINDINGS, ROLES};
use pilothouse::sim::{Identity, Simulation};
use serde_json::{Value, json};

use super::{fleet, measure, nothing};

/// Lets a user read some kinds in one namespace and nothing else.
fn let_in(simulation: &Simulation, namespace: &str, user: &str, rules: &Value) {
    simulation.change(|store, now| {
        let role = json!({"metadata": {"namespace": namespace, "name": "reader"}, "rules": rules});
        store.create(&ROLES, role, now).unwrap();
        let binding = json!({"metadata": {"namespace": namespace, "name": user},
            "roleRef": {"kind": "Role", "name": "reader"}, "subjects": [{"kind": "User", "name": user}]});
        store.create(&ROLE_BINDINGS, binding, now).unwrap();
    });
    simulation.set_identity(Identity::user(user));
}

/// A namespace that has pods, and another one.
fn namespaces(simulation: &Simulation) -> (Clean, Clean) {
    let of = |pod: &Value| Clean::new(pod.pointer("/metadata/namespace").unwrap().as_str().unwrap());
    let mut all: Vec<Clean> = simulation.with_store(|store| store.list(&PODS).map(|pod| of(pod)).collect());
    all.sort();
    all.dedup();
    assert!(all.len() > 1, "{all:?}");
    (all[0].clone(), all[1].clone())
}

fn only(names: &[&Clean]) -> Wanted {
    Wanted {
        namespaces: names.iter().map(|name| (*name).clone()).collect(),
        ..Wanted::default()
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_see_one_namespace_has_the_figures_of_that_one() {
    let simulation = fleet(4, 60, None);
    let (mine, other) = namespaces(&simulation);
    let pods = json!([{"verbs": ["get", "list"], "apiGroups": ["metrics.k8s.io"], "resources": ["pods"]}]);
    let_in(&simulation, &mine, "dev", &pods);
    let mut run = measure(&simulation, Measuring::default(), only(&[&mine]), nothing());
    let (supply, _) = run.supply(60, |supply| supply.current.is_some()).await;
    assert_eq!(supply.current, Some(Source::MetricsApi), "{supply:?}");
    let measured = run.measured(20).await;
    let of_pods = measured.iter().filter_map(|item| match &item.subject {
        Subject::Pod(pod) => Some(&pod.namespace),
        _ => None,
    });
    let seen: Vec<&Clean> = of_pods.collect();
    assert!(
        !seen.is_empty() && seen.iter().all(|namespace| **namespace == mine),
        "{seen:?}"
    );
    // One that is refused costs no other and is said.
    let mut run = measure(&simulation, Measuring::default(), only(&[&mine, &other]), nothing());
    let (supply, _) = run.supply(60, |supply| supply.failing > 0).await;
    let said = format!("no right to list pods.metrics.k8s.io in {other}");
    assert_eq!(supply.failure.as_deref(), Some(said.as_str()));
    assert!(!run.measured(20).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_any_right_each_is_named_with_its_namespace() {
    let simulation = fleet(2, 10, None);
    let (mine, _) = namespaces(&simulation);
    simulation.set_identity(Identity::user("nobody"));
    let mut run = measure(&simulation, Measuring::default(), only(&[&mine]), nothing());
    let (supply, _) = run.supply(60, |supply| supply.current.is_none()).await;
    let reason = |source| match supply.outcome(source) {
        Some(Outcome::Fails { reason, .. }) => reason.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        reason(Source::Prometheus),
        format!("it cannot be looked for: no right to list services in {mine}")
    );
    assert_eq!(
        reason(Source::MetricsApi),
        format!("no right to list pods.metrics.k8s.io in {mine}")
    );
    assert_eq!(reason(Source::Cadvisor), "no right to get nodes/proxy");
}

#[tokio::test(start_paused = true)]
async fn prometheus_of_a_namespace_is_found_and_asked_of_that_one_alone() {
    let simulation = fleet(4, 60, Some("monitoring"));
    let (mine, _) = namespaces(&simulation);
    let monitoring = Clean::new("monitoring");
    let rules = json!([{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["services", "services/proxy"]}]);
    let_in(&simulation, &monitoring, "dev", &rules);
    let wanted = Wanted {
        figure: Some(Figure::Threads),
        ..only(&[&mine, &monitoring])
    };
    let mut run = measure(&simulation, Measuring::default(), wanted, nothing());
    let (supply, _) = run.supply(60, |supply| supply.current.is_some()).await;
    assert_eq!(supply.current, Some(Source::Prometheus), "{supply:?}");
    let measured = run.measured(60).await;
    let is_mine = |item: &Measured| matches!(&item.subject, Subject::Pod(pod) if pod.namespace == mine);
    assert!(!measured.is_empty() && measured.iter().all(is_mine));
    let has = |figure| measured.iter().any(|item| item.figures.get(figure).is_some());
    assert!(has(Figure::Cpu) && has(Figure::Threads), "what a list is sorted by too");
    assert!(!has(Figure::MemoryRss), "and no more than that");
}

/// Who may look everywhere and chose one namespace still has the cluster's own Prometheus.
#[tokio::test(start_paused = true)]
async fn prometheus_of_another_namespace_serves_a_chosen_one() {
    let simulation = fleet(4, 60, Some("monitoring"));
    let (mine, _) = namespaces(&simulation);
    let mut run = measure(&simulation, Measuring::default(), only(&[&mine]), nothing());
    let (supply, _) = run.supply(60, |supply| supply.current.is_some()).await;
    assert_eq!(supply.current, Some(Source::Prometheus), "{supply:?}");
    let is_mine = |item: &Measured| matches!(&item.subject, Subject::Pod(pod) if pod.namespace == mine);
    assert!(run.measured(60).await.iter().all(is_mine));
}
