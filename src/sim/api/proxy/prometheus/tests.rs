//! Questions as a client asks them.

use serde_json::{Value, json};

use super::super::tests::{cluster, get};
use super::parse::{duration, parse};
use crate::sim::Simulation;
use crate::sim::resource::SERVICES;

const PROXY: &str = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy";
const CPU: &str = r#"sum by (namespace, pod) (max by (namespace, pod, container) (rate(container_cpu_usage_seconds_total{container!="",container!="POD",cpu=~"total|",pod!=""}[60s])))"#;

fn installed() -> Simulation {
    let cluster = cluster();
    cluster.change(|store, now| {
        let service = json!({"metadata": {"namespace": "monitoring", "name": "prometheus",
            "labels": {"app.kubernetes.io/name": "prometheus"}}, "spec": {"ports": [{"name": "web", "port": 9090}]}});
        store.create(&SERVICES, service, now).unwrap();
    });
    cluster
}

fn encoded(query: &str) -> String {
    query
        .bytes()
        .fold(String::new(), |text, byte| format!("{text}%{byte:02X}"))
}

async fn ask(cluster: &Simulation, path: &str, query: &str, more: &str) -> (u16, Value) {
    let (code, text) = get(
        cluster,
        &format!("{PROXY}/api/v1/{path}?query={}{more}", encoded(query)),
    )
    .await;
    (code, serde_json::from_str(&text).unwrap())
}

fn number(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn rates_are_those_of_the_loads() {
    let cluster = installed();
    let (code, all) = ask(&cluster, "query", CPU, "").await;
    assert_eq!((code, &all["data"]["resultType"]), (200, &json!("vector")));
    let result = all["data"]["result"].as_array().unwrap();
    assert_eq!(result.len(), 15);
    assert_eq!(result[0]["metric"], json!({"namespace": "shop", "pod": "web-0"}));
    let cores = number(&result[0]["value"][1]);
    assert!((0.1..3.0).contains(&cores), "{cores}");
    let by_namespace = CPU.replacen("namespace, pod", "namespace", 1);
    let (_, sum) = ask(&cluster, "query", &by_namespace, "").await;
    let each: f64 = result.iter().map(|one| number(&one["value"][1])).sum();
    assert!((number(&sum["data"]["result"][0]["value"][1]) - each).abs() < 1e-6);
}

#[tokio::test]
async fn the_past_is_there_from_the_beginning_of_a_run() {
    let cluster = installed();
    let query = r#"max by (namespace, pod, container) (container_memory_rss{container="app",namespace="shop",pod=~"web-1|web-2"})"#;
    // From noon, five minutes before web-1 began and at the beginning of the rest.
    let (code, all) = ask(
        &cluster,
        "query_range",
        query,
        "&start=1795348800&end=1795350600&step=60",
    )
    .await;
    assert_eq!((code, &all["data"]["resultType"]), (200, &json!("matrix")), "{all}");
    let result = all["data"]["result"].as_array().unwrap();
    assert_eq!(result.len(), 2);
    let points = result[0]["values"].as_array().unwrap();
    assert_eq!(points[0][0], json!(1_795_348_920.0), "nothing from before 12:01:05");
    assert_eq!(points.last().unwrap()[0], json!(1_795_350_600.0));
    assert!(number(&points[20][1]) > number(&points[0][1]), "it warms up");
}

#[tokio::test]
async fn a_share_is_0_where_nothing_was_held_back() {
    let cluster = installed();
    let rate = |family: &str| format!("max by (namespace, pod, container) (rate({family}{{container!=\"\"}}[60s]))");
    let (part, whole) = (
        rate("container_cpu_cfs_throttled_periods_total"),
        rate("container_cpu_cfs_periods_total"),
    );
    let (code, all) = ask(&cluster, "query", &format!("{part} / ({whole} > 0) or {part}"), "").await;
    let result = all["data"]["result"].as_array().unwrap();
    assert_eq!((code, result.len()), (200, 30));
    assert!(result.iter().all(|one| (0.0..0.1).contains(&number(&one["value"][1]))));
}

#[tokio::test]
async fn what_it_does_not_understand_is_refused_in_its_words() {
    let cluster = installed();
    for (query, why) in [
        ("", "no expression found in input"),
        (
            "histogram_quantile(0.9, x)",
            "unknown function with name \"histogram_quantile\"",
        ),
        ("sum by (pod) (x", "unexpected end of input"),
        ("x{pod=~\"web-.*\"}", "knows no pattern"),
        ("x{pod=\"web", "unterminated quoted string"),
    ] {
        let (code, answer) = ask(&cluster, "query", query, "").await;
        assert_eq!(
            (code, &answer["status"], &answer["errorType"]),
            (400, &json!("error"), &json!("bad_data"))
        );
        let error = answer["error"].as_str().unwrap();
        assert!(
            error.starts_with("invalid parameter \"query\": ") && error.contains(why),
            "{query}: {error}"
        );
    }
    let (code, answer) = ask(&cluster, "query_range", CPU, "&start=0&end=99999999&step=1").await;
    assert!(
        code == 400
            && answer["error"]
                .as_str()
                .unwrap()
                .starts_with("exceeded maximum resolution")
    );
    let (code, answer) = ask(&cluster, "query", "container_nothing", "").await;
    assert_eq!((code, &answer["data"]["result"]), (200, &json!([])));
}

#[tokio::test]
async fn it_is_ready_where_its_service_is() {
    assert_eq!(get(&cluster(), &format!("{PROXY}/-/ready")).await.0, 404);
    assert_eq!(get(&installed(), &format!("{PROXY}/-/ready")).await.0, 200);
}

#[test]
fn durations_are_added_up() {
    assert_eq!(
        ["90s", "1h30m", "250ms", "5", "m", ""].map(duration),
        [Some(90.0), Some(5400.0), Some(0.25), None, None, None]
    );
    assert!(parse("sum(rate(x[5m])) by (pod)").is_ok());
}
