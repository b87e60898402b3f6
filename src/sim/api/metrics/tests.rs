//! What metrics-server says, where it is installed.

use serde_json::{Value, json};

use super::super::proxy::tests::{cluster, get};
use crate::sim::Simulation;
use crate::sim::fault::{Fault, MetricsFault};
use crate::sim::resource::SERVICES;

const PODS: &str = "/apis/metrics.k8s.io/v1beta1/pods";

fn installed() -> Simulation {
    let cluster = cluster();
    cluster.change(|store, now| {
        let service = json!({"metadata": {"namespace": "kube-system", "name": "metrics-server"}, "spec": {}});
        store.create(&SERVICES, service, now).unwrap();
    });
    cluster
}

async fn list(cluster: &Simulation, path: &str) -> Vec<Value> {
    let (code, text) = get(cluster, path).await;
    assert_eq!(code, 200, "{text}");
    let list: Value = serde_json::from_str(&text).unwrap();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn it_is_there_where_its_service_is() {
    assert_eq!(get(&cluster(), PODS).await.0, 404);
    let cluster = installed();
    let (_, groups) = get(&cluster, "/apis").await;
    assert!(groups.contains("metrics.k8s.io"));
    let (_, resources) = get(&cluster, "/apis/metrics.k8s.io/v1beta1").await;
    assert!(resources.contains("\"name\":\"pods\"") && resources.contains("\"name\":\"nodes\""));
    assert!(
        resources.contains("\"verbs\":[\"get\",\"list\"]") && !resources.contains("watch"),
        "{resources}"
    );
    let core = get(&cluster, "/api/v1").await.1;
    assert!(core.contains("\"name\":\"pods\""), "the core pods stay what they are");
}

#[tokio::test]
async fn containers_and_nodes_have_cpu_and_memory() {
    let cluster = installed();
    let pods = list(&cluster, PODS).await;
    assert_eq!(pods.len(), 15);
    let container = &pods[0]["containers"][0];
    assert_eq!(container["name"], "app");
    let cpu: u64 = container["usage"]["cpu"]
        .as_str()
        .unwrap()
        .trim_end_matches('n')
        .parse()
        .unwrap();
    assert!((50_000_000..2_000_000_000).contains(&cpu), "{cpu}");
    assert!(container["usage"]["memory"].as_str().unwrap().ends_with("Ki"));
    assert!(pods[0]["window"].as_str().unwrap().starts_with("15."));
    let nodes = list(&cluster, "/apis/metrics.k8s.io/v1beta1/nodes").await;
    assert_eq!(nodes.len(), 1, "a dead node has no figures");
    let of_shop = list(
        &cluster,
        "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods?labelSelector=app.kubernetes.io/name%3Dweb",
    )
    .await;
    assert_eq!(of_shop.len(), 15);
    let (code, one) = get(&cluster, "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods/web-3").await;
    assert!(code == 200 && one.contains("\"kind\":\"PodMetrics\""), "{one}");
}

#[tokio::test]
async fn it_fails_as_tests_want() {
    let cluster = installed();
    cluster.faults().add_times(1, Fault::Metrics(MetricsFault::Unavailable));
    assert_eq!(get(&cluster, PODS).await.0, 503);
    cluster.faults().add_times(1, Fault::Metrics(MetricsFault::Partial));
    assert_eq!(list(&cluster, PODS).await.len(), 10);
    cluster.faults().add_times(1, Fault::Metrics(MetricsFault::NotANumber));
    assert!(get(&cluster, PODS).await.1.contains("NaN"));
    assert_eq!(list(&cluster, PODS).await.len(), 15);
}
