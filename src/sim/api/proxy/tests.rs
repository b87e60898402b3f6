//! What comes through the proxies.

use http_body_util::BodyExt;
use serde_json::json;

use crate::sim::Simulation;
use crate::sim::api::Identity;
use crate::sim::resource::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, NODES, PODS, SERVICES};
use crate::sim::store::{Store, Timestamp};

const RECORDED: &str = include_str!("../../../../tests/fixtures/metrics/cadvisor-1.txt");

pub(in crate::sim::api) fn cluster() -> Simulation {
    let now: Timestamp = "2026-11-22T12:30:00Z".parse().unwrap();
    let mut store = Store::new(1);
    for (name, more) in [("a", json!({})), ("dead", json!({"sim.pilothouse.dev/dead": "true"}))] {
        let node = json!({
            "metadata": {"name": name, "annotations": more},
            "status": {"capacity": {"cpu": "32", "memory": "128Gi"},
                "addresses": [{"type": "InternalIP", "address": "10.1.0.2"}]},
        });
        store.create(&NODES, node, now - chrono::TimeDelta::days(9)).unwrap();
    }
    for number in 0..15 {
        let state = |id: &str| {
            json!({"containerID": format!("containerd://{id}{number}"),
                "state": {"running": {"startedAt": format!("2026-11-22T12:0{}:05Z", number % 10)}}})
        };
        let mut statuses = [state("one"), state("two")];
        statuses[0]["name"] = "app".into();
        statuses[1]["name"] = "log-agent".into();
        let resources = json!({"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "3Gi"}});
        let pod = json!({
            "metadata": {"namespace": "shop", "name": format!("web-{number}"), "labels": {"app.kubernetes.io/name": "web"}},
            "spec": {"nodeName": "a", "containers": [
                {"name": "app", "image": "corp/web:1", "resources": resources},
                {"name": "log-agent", "image": "corp/log-agent:2", "resources": resources}]},
            "status": {"phase": "Running", "startTime": format!("2026-11-22T12:0{}:00Z", number % 10),
                "containerStatuses": statuses},
        });
        store.create(&PODS, pod, now).unwrap();
    }
    let service =
        json!({"metadata": {"namespace": "shop", "name": "web"}, "spec": {"ports": [{"name": "http", "port": 80}]}});
    store.create(&SERVICES, service, now).unwrap();
    Simulation::manual(store, now)
}

pub(in crate::sim::api) async fn get(cluster: &Simulation, path: &str) -> (u16, String) {
    let request = http::Request::get(path).body(bytes::Bytes::new()).unwrap();
    let response = cluster.handle(request).await;
    let code = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (code, String::from_utf8(body.to_vec()).unwrap())
}

const CADVISOR: &str = "/api/v1/nodes/a/proxy/metrics/cadvisor";

/// Families in order, each with its help and type.
fn families(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with('#')).collect()
}

/// The names of a line's labels.
fn labels(line: &str) -> Vec<&str> {
    let inside = line
        .split_once('{')
        .map_or("", |(_, rest)| rest.rsplit_once('}').unwrap().0);
    inside
        .split("\",")
        .map(|label| label.split_once('=').unwrap_or((label, "")).0)
        .collect()
}

/// The lines of a family.
fn lines<'a>(text: &'a str, family: &str) -> Vec<&'a str> {
    let begins = format!("{family}{{");
    text.lines().filter(|line| line.starts_with(&begins)).collect()
}

fn value(line: &str) -> f64 {
    line.rsplit_once("} ")
        .unwrap()
        .1
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn the_text_has_the_shapes_of_a_recorded_one() {
    let (code, text) = get(&cluster(), CADVISOR).await;
    assert_eq!(code, 200);
    let ours = families(&text);
    let mut at = ours.iter();
    for family in families(RECORDED) {
        assert!(at.any(|one| *one == family), "{family} is missing or in another place");
    }
    assert!(ours.chunks(2).map(|pair| pair[0]).is_sorted());
    for family in families(RECORDED).iter().filter(|line| line.starts_with("# TYPE")) {
        let name = family.split(' ').nth(2).unwrap();
        let shape = |text: &str| {
            let line = lines(text, name).last().copied().unwrap_or_default().to_owned();
            let stamped = line.rsplit_once("} ").is_some_and(|(_, rest)| rest.contains(' '));
            (labels(&line).join(" "), stamped)
        };
        assert_eq!(shape(&text), shape(RECORDED), "{name}");
    }
}

#[tokio::test]
async fn a_pod_has_its_cgroup_its_sandbox_and_its_containers() {
    let (_, text) = get(&cluster(), CADVISOR).await;
    let of_pod = |family: &str| -> Vec<&str> {
        lines(&text, family)
            .into_iter()
            .filter(|line| line.contains("pod=\"web-3\""))
            .collect()
    };
    let memory = of_pod("container_memory_usage_bytes");
    assert_eq!(memory.len(), 4);
    assert!(
        memory[0].contains("container=\"\"") && memory[0].contains("image=\"\""),
        "{}",
        memory[0]
    );
    assert!(
        memory[1].contains("container=\"\"") && memory[1].contains("pause"),
        "{}",
        memory[1]
    );
    let network = of_pod("container_network_receive_bytes_total");
    assert!(
        network.len() == 1 && network[0].contains("pause") && value(network[0]) > 1e6,
        "{network:?}"
    );
    assert_eq!(
        of_pod("container_cpu_cfs_periods_total").len(),
        3,
        "the sandbox has no limit"
    );
    let cpu = of_pod("container_cpu_usage_seconds_total");
    let sum: f64 = cpu[2..].iter().map(|line| value(line)).sum();
    let ratio = value(cpu[0]) / sum;
    assert!(
        (0.97..1.04).contains(&ratio),
        "the pod's is the sum of its containers': {ratio}"
    );
    let node = lines(&text, "container_cpu_usage_seconds_total");
    let kubepods = node.iter().find(|line| line.contains("id=\"/kubepods\"")).unwrap();
    let pods: f64 = node
        .iter()
        .filter(|line| line.contains("container=\"\"") && line.contains("pod=\"web"))
        .map(|line| value(line))
        .sum();
    assert!((value(kubepods) / pods - 1.0).abs() < 0.03);
}

#[tokio::test]
async fn samples_repeat_until_the_kubelet_measures_again() {
    let cluster = cluster();
    let cpu = |text: &str| -> Vec<(i64, f64)> {
        let lines = lines(text, "container_cpu_usage_seconds_total");
        lines
            .iter()
            .map(|line| (line.rsplit_once(' ').unwrap().1.parse().unwrap(), value(line)))
            .collect()
    };
    let first = cpu(&get(&cluster, CADVISOR).await.1);
    cluster.advance(std::time::Duration::from_secs(4));
    let second = cpu(&get(&cluster, CADVISOR).await.1);
    cluster.advance(std::time::Duration::from_secs(12));
    let third = cpu(&get(&cluster, CADVISOR).await.1);
    let same = first.iter().zip(&second).filter(|(a, b)| a == b).count();
    assert!(
        same > first.len() / 3 && same < first.len(),
        "{same} of {}",
        first.len()
    );
    assert!(
        first
            .iter()
            .zip(&third)
            .all(|(a, b)| b.0 > a.0 && b.0 - a.0 >= 10_000 && b.1 >= a.1)
    );
    let times: std::collections::HashSet<i64> = first.iter().map(|(at, _)| *at).collect();
    assert!(times.len() > 20, "each has its own beat");
}

#[tokio::test]
async fn what_passes_is_counted() {
    let cluster = cluster();
    let (_, text) = get(&cluster, CADVISOR).await;
    let meter = cluster.faults().proxied();
    assert_eq!((meter.answers(), meter.in_flight(), meter.most_in_flight()), (1, 0, 1));
    assert_eq!(meter.bytes(), text.len() as u64);
}

#[tokio::test]
async fn what_cannot_be_reached_is_refused_as_an_api_server_does() {
    let cluster = cluster();
    for (path, code, message) in [
        (
            "/api/v1/nodes/dead/proxy/metrics/cadvisor",
            503,
            "error trying to reach service: dial tcp 10.1.0.2:10250: connect: no route to host",
        ),
        (
            "/api/v1/nodes/nope/proxy/metrics/cadvisor",
            404,
            "nodes \\\"nope\\\" not found",
        ),
        ("/api/v1/nodes/a/proxy/nothing", 404, "404 page not found"),
        (
            "/api/v1/namespaces/shop/services/nope:80/proxy/",
            404,
            "services \\\"nope\\\" not found",
        ),
        (
            "/api/v1/namespaces/shop/services/web:81/proxy/",
            503,
            "no service port \\\"81\\\" found for service \\\"web\\\"",
        ),
        (
            "/api/v1/namespaces/shop/services/web:80/proxy/",
            503,
            "no endpoints available for service \\\"web:80\\\"",
        ),
    ] {
        let (answered, text) = get(&cluster, path).await;
        assert!(answered == code && text.contains(message), "{path}: {answered} {text}");
    }
}

#[tokio::test]
async fn the_node_proxy_needs_the_right_to_it() {
    let cluster = cluster();
    cluster.set_identity(Identity::user("kim"));
    let (code, text) = get(&cluster, CADVISOR).await;
    assert!(
        code == 403 && text.contains("cannot get resource \\\"nodes/proxy\\\""),
        "{text}"
    );
    cluster.change(|store, now| {
        let role = json!({"metadata": {"name": "scrape"},
            "rules": [{"apiGroups": [""], "resources": ["nodes/proxy"], "verbs": ["get"]}]});
        store.create(&CLUSTER_ROLES, role, now).unwrap();
        let binding = json!({"metadata": {"name": "scrape"}, "roleRef": {"kind": "ClusterRole", "name": "scrape"},
            "subjects": [{"kind": "User", "name": "kim"}]});
        store.create(&CLUSTER_ROLE_BINDINGS, binding, now).unwrap();
    });
    assert_eq!(get(&cluster, CADVISOR).await.0, 200);
}

#[tokio::test]
async fn the_machines_counters_go_on_when_pods_leave() {
    let cluster = cluster();
    let root = |text: &str| {
        let lines = lines(text, "container_cpu_usage_seconds_total");
        value(lines.iter().find(|line| line.contains("id=\"/\"")).unwrap())
    };
    let before = root(&get(&cluster, CADVISOR).await.1);
    cluster.change(|store, _| {
        for number in 0..7 {
            store.remove(&PODS, "shop", &format!("web-{number}")).unwrap();
        }
    });
    cluster.advance(std::time::Duration::from_secs(30));
    let (_, text) = get(&cluster, CADVISOR).await;
    assert!(root(&text) > before, "{} after {before}", root(&text));
    assert!(!text.contains("web-3\""));
}
