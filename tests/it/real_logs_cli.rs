//! `pilothouse logs` on a real container whose instance is deleted and comes anew: only with
//! `PILOTHOUSE_TEST_KUBECONFIG`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use serde_json::json;

use crate::real::{client, kubeconfig};

const PATIENCE: Duration = Duration::from_mins(2);
/// Lines of an instance that are waited for: 2,000 a second.
const MANY: usize = 10_000;

/// A Deployment of one instance that writes its name and numbers, about 2,000 a second.
fn counting(name: &str) -> Deployment {
    let script = "i=0; trap 'echo $HOSTNAME over; exit 0' TERM; while :; do j=0; while [ $j -lt 200 ]; do \
                  echo $HOSTNAME $i; i=$((i+1)); j=$((j+1)); done; sleep 0.09; done";
    let deployment = json!({
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "terminationGracePeriodSeconds": 5,
                    "containers": [{
                        "name": "counts",
                        "image": "docker.io/library/busybox:lab",
                        "imagePullPolicy": "Never",
                        "command": ["sh", "-c", script],
                    }],
                },
            },
        },
    });
    serde_json::from_value(deployment).unwrap()
}

fn logs(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pilothouse"));
    command.arg("--kubeconfig").arg(kubeconfig().unwrap());
    command
        .args(["--context", "lab-b", "-n", "default", "logs"])
        .args(arguments)
        .stdin(Stdio::null());
    command
}

/// What a program prints, as it comes.
struct Following {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    told: Arc<Mutex<Vec<String>>>,
}

impl Following {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = kept(child.stdout.take().unwrap());
        let told = kept(child.stderr.take().unwrap());
        Self { child, lines, told }
    }

    /// Waits until each of so many instances has written enough.
    async fn until(&self, instances: usize, pods: &Api<Pod>, selector: &ListParams) {
        let end = Instant::now() + PATIENCE;
        loop {
            let by = by_instance(&self.lines.lock().unwrap());
            if by.values().filter(|numbers| numbers.len() >= MANY).count() >= instances {
                return;
            }
            if Instant::now() > end {
                let printed: Vec<_> = by.iter().map(|(name, numbers)| (name, numbers.len())).collect();
                let there = pods.list(selector).await.unwrap().items;
                let there: Vec<_> = there.iter().map(|pod| (&pod.metadata, &pod.status)).collect();
                panic!("{printed:?}; told: {:?}; there: {there:?}", self.told.lock().unwrap());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The lines of what a program writes, as they come.
fn kept(out: impl Read + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    std::thread::spawn(move || {
        let (mut out, mut line) = (BufReader::new(out), String::new());
        // Whoever is told to end may end within a line.
        while out.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
            kept.lock().unwrap().push(line.trim_end().to_owned());
            line.clear();
        }
    });
    lines
}

impl Drop for Following {
    fn drop(&mut self) {
        drop(self.child.kill());
    }
}

/// The numbers of each instance in the order in which they were printed.
fn by_instance(lines: &[String]) -> BTreeMap<String, Vec<u64>> {
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    // What the kubelet says of a container that goes is shown as it comes, as `kubectl logs` shows it.
    let written = lines.iter().filter(|line| !line.starts_with("rpc error: code = "));
    for line in written {
        let (instance, rest) = line.split_once(' ').unwrap();
        if rest != "over" {
            found.entry(instance.to_owned()).or_default().push(
                rest.parse()
                    .unwrap_or_else(|_| panic!("a line that was not written so: {line:?}")),
            );
        }
    }
    found
}

fn are_all(lines: &[String], instances: usize) {
    let found = by_instance(lines);
    println!(
        "{:?}",
        found
            .iter()
            .map(|(name, numbers)| (name, numbers.len()))
            .collect::<Vec<_>>()
    );
    assert_eq!(found.len(), instances);
    for (instance, numbers) in found {
        let expected = 0..numbers.len() as u64;
        let odd = numbers
            .iter()
            .zip(expected)
            .find(|(number, expected)| *number != expected);
        assert_eq!(odd, None, "{instance}: a number, and the one that was due");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_of_an_instance_and_of_the_one_that_takes_its_place_is_printed_once() {
    if kubeconfig().is_none() {
        return;
    }
    let client = client("lab-b").await;
    let deployments = Api::<Deployment>::namespaced(client.clone(), "default");
    let pods = Api::<Pod>::namespaced(client, "default");
    let name = format!("writes-{}", std::process::id());
    let created = deployments.create(&PostParams::default(), &counting(&name)).await;
    created.unwrap();
    let selector = ListParams::default().labels(&format!("app={name}"));
    let end = Instant::now() + PATIENCE;
    let first = loop {
        let found = pods.list(&selector).await.unwrap().items;
        let is_running = |pod: &&Pod| {
            pod.status
                .as_ref()
                .is_some_and(|s| s.phase.as_deref() == Some("Running"))
        };
        if let Some(pod) = found.iter().find(is_running) {
            break pod.metadata.name.clone().unwrap();
        }
        assert!(Instant::now() < end, "no instance runs");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let subject = format!("deploy/{name}");
    let mut following = Following::start(logs(&[&subject, "-o", "raw", "--tail", "-1"]));
    following.until(1, &pods, &selector).await;
    pods.delete(&first, &DeleteParams::default()).await.unwrap();
    following.until(2, &pods, &selector).await;
    let id = rustix::process::Pid::from_child(&following.child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let status = following.child.wait().unwrap();
    assert!(status.signal() == Some(2) || status.code() == Some(130), "{status:?}");
    are_all(&following.lines.lock().unwrap(), 2);
    // Once, to the end that there is now.
    let output = logs(&[&subject, "-o", "raw", "--no-follow"]).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut lines: Vec<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    // The last one was being written: a kubelet gives of it what is there.
    lines.pop();
    are_all(&lines, 1);
    deployments.delete(&name, &DeleteParams::default()).await.unwrap();
}
