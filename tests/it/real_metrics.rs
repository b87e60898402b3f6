//! Against a real kubelet: what `top` says of a container is what the container itself counted.

use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerState, Endpoints, Pod, Service};
use kube::api::{DeleteParams, LogParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::pty::PROGRAM;
use crate::real::{client, kubeconfig, lab};

const POD: &str = "pilothouse-truth";
/// What hands on to Prometheus.
const RELAY: &str = "pilothouse-prometheus";
/// How far a figure may be off.
const TOLERANCE: f64 = 0.15;

/// Burns at most half a core and tells, every second, of its time and the ticks (of 10 ms) it used.
const BURN: &str = "while :; do
    i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done
    read -r up _ </proc/uptime; read -r _ _ _ _ _ _ _ _ _ _ _ _ _ user system _ </proc/self/stat; echo $up $((user+system))
done";
/// Holds 32 MiB.
const HOLD: &str = "head -c 33554432 /dev/zero >/dev/shm/held; exec sleep 100000";
/// Moves some 1 MB/s each way, and tells every second of its time and what its interface counted.
const MOVE: &str = "for i in 1 2 3 4; do ping -q -s 50000 -i 0.2 10.244.1.1 >/dev/null & done
while sleep 1; do
    read -r up _ </proc/uptime
    grep eth0 /proc/net/dev | { read -r _ received _ _ _ _ _ _ _ sent _; echo $up $received $sent; }
done";

fn pod() -> Value {
    let container = |name: &str, script: &str, limits: &Value| {
        json!({"name": name, "image": "docker.io/library/busybox:lab", "imagePullPolicy": "Never",
            "command": ["/bin/sh", "-c", script], "resources": {"limits": limits}})
    };
    let all = json!({"memory": "256Mi"});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": POD, "labels": {"app": POD}},
        "spec": {"nodeSelector": {"kubernetes.io/hostname": "real-b"}, "terminationGracePeriodSeconds": 0, "containers": [
            container("burn", BURN, &json!({"cpu": "500m", "memory": "256Mi"})), container("hold", HOLD, &all), container("move", MOVE, &all)]}})
}

/// A way into the cluster for a Prometheus on this machine's own address, under the name of a Service: a pod hands
/// connections on to this process, and this process to Prometheus. The API server's service proxy takes no
/// endpoint that is not a pod's.
async fn let_in(client: &Client, prometheus: &str) {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = prometheus.trim().trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        while let Ok((mut inside, _)) = listener.accept().await {
            let to = to.clone();
            tokio::spawn(async move {
                let mut outside = TcpStream::connect(to).await?;
                tokio::io::copy_bidirectional(&mut inside, &mut outside).await
            });
        }
    });
    // The API server runs on this machine: this is how pods reach it.
    let endpoints = Api::<Endpoints>::default_namespaced(client.clone())
        .get("kubernetes")
        .await
        .unwrap();
    let here = endpoints.subsets.unwrap()[0].addresses.as_ref().unwrap()[0].ip.clone();
    let pod = json!({"metadata": {"name": RELAY, "labels": {"app": RELAY}},
        "spec": {"nodeSelector": {"kubernetes.io/hostname": "real-b"}, "terminationGracePeriodSeconds": 0, "containers": [{
            "name": "relay", "image": "docker.io/library/busybox:lab", "imagePullPolicy": "Never",
            "command": ["nc", "-ll", "-p", "9090", "-e", "nc", here, port.to_string()]}]}});
    let service = json!({"metadata": {"name": RELAY, "labels": {"app.kubernetes.io/name": "prometheus"}},
        "spec": {"selector": {"app": RELAY}, "ports": [{"name": "web", "port": 9090}]}});
    clear(client, RELAY).await;
    let options = PostParams::default();
    Api::<Pod>::default_namespaced(client.clone())
        .create(&options, &serde_json::from_value(pod).unwrap())
        .await
        .unwrap();
    let services = Api::<Service>::default_namespaced(client.clone());
    services
        .create(&options, &serde_json::from_value(service).unwrap())
        .await
        .unwrap();
}

/// Deletes a pod, and the Service of that name, and waits until the pod is gone.
async fn clear(client: &Client, name: &str) {
    let options = DeleteParams::default().grace_period(0);
    Api::<Service>::default_namespaced(client.clone())
        .delete(name, &options)
        .await
        .ok();
    let pods = Api::<Pod>::default_namespaced(client.clone());
    pods.delete(name, &options).await.ok();
    while pods.get_opt(name).await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn runs(pods: &Api<Pod>) -> bool {
    let status = pods.get(POD).await.unwrap().status.unwrap_or_default();
    let containers = status.container_statuses.unwrap_or_default();
    let is_running = |state: Option<_>| state.is_some_and(|state: ContainerState| state.running.is_some());
    !containers.is_empty() && containers.into_iter().all(|container| is_running(container.state))
}

/// What `top` prints of the pod.
async fn top(config: &Path, what: &str, source: &str) -> Vec<Value> {
    let mut command = tokio::process::Command::new(PROGRAM);
    command.arg("--kubeconfig").arg(kubeconfig().unwrap());
    command.arg("--config").arg(config);
    command.args(["--context", "lab-b", "-n", "default", "top", what, "-o", "json"]);
    command.args(["-l", &format!("app={POD}"), "--source", source]);
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{source}: {said}");
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    all["items"].as_array().unwrap().clone()
}

/// What a container counted a second over its last half minute, from the lines it printed.
///
/// Where two kubelets share a machine each clears the other's logs away, once a minute: it is asked until a quarter of
/// a minute is there.
async fn counted(pods: &Api<Pod>, container: &str) -> Vec<f64> {
    let options = LogParams {
        container: Some(container.into()),
        since_seconds: Some(30),
        ..LogParams::default()
    };
    // A line that is not the container's own, such as a kubelet's that has no log at the moment, tells nothing.
    let numbers = |line: &str| -> Option<Vec<f64>> { line.split(' ').map(|word| word.parse().ok()).collect() };
    for _ in 0..60 {
        let log = pods.logs(POD, &options).await.unwrap_or_default();
        let mut lines = log.lines().filter_map(numbers);
        if let (Some(first), Some(last)) = (lines.next(), lines.next_back())
            && last[0] - first[0] > 15.0
        {
            let passed = last[0] - first[0];
            let counters = last.iter().zip(&first).skip(1);
            return counters.map(|(after, before)| (after - before) / passed).collect();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("{container} did not tell what it counted");
}

fn near(what: &str, said: &Value, truth: f64) {
    let said = said.as_f64().unwrap_or_else(|| panic!("{what}: unknown"));
    println!("{what}: {said:.3}, counted {truth:.3}");
    assert!(
        (said - truth).abs() <= truth * TOLERANCE,
        "{what}: {said}, counted {truth}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_measured_is_what_the_container_counted() {
    if kubeconfig().is_none() {
        return;
    }
    let client = client("lab-b").await;
    let pods = Api::<Pod>::default_namespaced(client.clone());
    clear(&client, POD).await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let sources: &[&str] = match lab(&["prometheus", "b"]).await {
        Some(prometheus) => {
            // No address in the configuration: it has to be found, and asked through the API server.
            let_in(&client, &prometheus).await;
            lab(&["metrics", "b"]).await;
            &["cadvisor", "metrics-api", "prometheus"]
        }
        None => &["cadvisor"],
    };
    pods.create(&PostParams::default(), &serde_json::from_value(pod()).unwrap())
        .await
        .unwrap();
    while !runs(&pods).await {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // Averages reach back a minute with Prometheus, and the kubelet may not measure in the first 20 s.
    tokio::time::sleep(Duration::from_secs(90)).await;
    for &source in sources {
        let containers = top(&config, "containers", source).await;
        let of = |name: &str| containers.iter().find(|item| item["name"] == name).unwrap();
        let cores = counted(&pods, "burn").await[0] / 100.0;
        near(&format!("{source}: cores"), &of("burn")["cpuCores"], cores);
        let working = &of("hold")["memoryWorkingSetBytes"];
        near(&format!("{source}: working set"), working, f64::from(32 << 20));
        assert_eq!(of("hold")["source"], source);
        if source == "metrics-api" {
            assert_eq!(of("hold")["memoryRssBytes"], Value::Null, "it does not know");
            continue;
        }
        near(
            &format!("{source}: memory"),
            &of("hold")["memoryTotalBytes"],
            f64::from(32 << 20),
        );
        assert_eq!(of("burn")["memoryLimitBytes"], 256 << 20);
        let instance = &top(&config, "instances", source).await[0];
        let moved = counted(&pods, "move").await;
        for (field, truth) in [
            ("networkReceiveBytesPerSecond", moved[0]),
            ("networkTransmitBytesPerSecond", moved[1]),
        ] {
            near(&format!("{source}: {field}"), &instance[field], truth);
        }
    }
    clear(&client, POD).await;
    clear(&client, RELAY).await;
}
