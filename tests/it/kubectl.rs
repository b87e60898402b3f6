//! `kubectl` against the simulated clusters over HTTP, as a person would use it.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use pilothouse::sim::Simulation;
use pilothouse::sim::resource::{NAMESPACES, NODES};
use pilothouse::sim::store::{Store, format_time};
use serde_json::json;

use crate::support::served::Served;

/// `kubectl` on served clusters.
struct Kubectl(Served);

impl Kubectl {
    fn start() -> Self {
        Self(Served::start(|| {
            vec![("harbor".to_owned(), cluster(1)), ("empty".to_owned(), cluster(0))]
        }))
    }

    /// Runs kubectl, which must succeed; gives what it printed.
    fn kubectl(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "kubectl {arguments:?}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new("kubectl")
            .args(["--request-timeout", "20s"])
            .args(arguments)
            .env("KUBECONFIG", self.0.kubeconfig())
            .env("HOME", self.0.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    }

    /// Repeats a kubectl command until its output holds.
    fn until(&self, arguments: &[&str], holds: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            let text = self.kubectl(arguments);
            if holds(&text) {
                return text;
            }
            assert!(Instant::now() < end, "kubectl {arguments:?} still says: {text}");
        }
    }
}

fn cluster(nodes: usize) -> Simulation {
    let mut store = Store::new(7);
    let now = chrono::Utc::now();
    store
        .create(
            &NAMESPACES,
            json!({"metadata": {"name": "default"}, "status": {"phase": "Active"}}),
            now,
        )
        .unwrap();
    for index in 0..nodes {
        let size = json!({"cpu": "8", "memory": "16Gi", "pods": "110"});
        let ready = json!({"type": "Ready", "status": "True", "lastHeartbeatTime": format_time(now)});
        let node = json!({"metadata": {"name": format!("node-{index}")},
            "status": {"capacity": size, "allocatable": size, "conditions": [ready],
                "nodeInfo": {"kubeletVersion": "v1.36.0"}}});
        store.create(&NODES, node, now).unwrap();
    }
    Simulation::new(store).with_controllers(7)
}

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: main, image: 'registry.local/web:v1', resources: {requests: {cpu: 100m, memory: 64Mi}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue}
";

/// Whether there is a kubectl; says so if not.
fn is_installed() -> bool {
    let found = Command::new("kubectl")
        .args(["version", "--client"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: kubectl is not on the PATH");
    }
    found
}

#[test]
fn kubectl_works_on_a_served_cluster() {
    if !is_installed() {
        return;
    }
    let served = Kubectl::start();
    apply_and_look(&served);
    release_and_roll_back(&served);
    scale_and_delete(&served);
    create_without_a_file(&served);
}

fn apply_and_look(served: &Kubectl) {
    let manifest = served.write("web.yaml", WEB);
    let applied = served.kubectl(&["apply", "-f", &manifest]);
    assert_eq!(applied, "deployment.apps/web created\nconfigmap/settings created\n");
    let again = served.kubectl(&["apply", "-f", &manifest]);
    assert_eq!(again, "deployment.apps/web unchanged\nconfigmap/settings unchanged\n");
    assert!(
        served
            .kubectl(&["rollout", "status", "deployment/web"])
            .contains("successfully rolled out")
    );
    let table = served.kubectl(&["get", "deployments"]);
    assert_eq!(
        first_words(&table),
        ["NAME READY UP-TO-DATE AVAILABLE AGE", "web 2/2 2 2"].map(str::to_owned)
    );
    let pods = served.kubectl(&["get", "pods", "-o", "wide"]);
    assert_eq!(
        pods.lines()
            .filter(|line| line.contains("1/1") && line.contains("Running") && line.contains("node-0"))
            .count(),
        2,
        "{pods}"
    );
    assert!(served.kubectl(&["get", "all", "-A"]).contains("replicaset.apps/web-"));
    assert!(served.kubectl(&["get", "nodes"]).contains("Ready"));
    assert_eq!(
        served.kubectl(&["get", "cm", "settings", "-o", "jsonpath={.data.color}"]),
        "blue"
    );
    let described = served.kubectl(&["describe", "deployment", "web"]);
    assert!(
        described.contains("Replicas:               2 desired | 2 updated | 2 total | 2 available"),
        "{described}"
    );
    assert!(described.contains("ScalingReplicaSet"), "{described}");
    assert!(served.kubectl(&["describe", "pods"]).contains("registry.local/web:v1"));
    assert!(
        served
            .kubectl(&["describe", "node", "node-0"])
            .contains("Allocated resources")
    );
    assert_eq!(served.kubectl(&["auth", "can-i", "list", "pods"]), "yes\n");
    let refused = served.run(&["auth", "can-i", "list", "pods", "--as", "nobody"]);
    assert_eq!(String::from_utf8_lossy(&refused.stdout), "no\n");
    let forbidden = served.run(&["get", "pods", "--as", "nobody"]);
    let message = "pods is forbidden: User \"nobody\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"";
    assert!(String::from_utf8_lossy(&forbidden.stderr).contains(message));
    assert!(served.kubectl(&["--context", "empty", "get", "nodes"]).is_empty());
}

fn release_and_roll_back(served: &Kubectl) {
    let manifest = served.write("web2.yaml", &WEB.replace("web:v1", "web:v2"));
    assert!(
        served
            .kubectl(&["diff", "-f", &served.write("same.yaml", WEB)])
            .is_empty()
    );
    assert!(
        served
            .kubectl(&["apply", "-f", &manifest])
            .starts_with("deployment.apps/web configured\n")
    );
    assert!(
        served
            .kubectl(&["rollout", "status", "deployment/web"])
            .contains("successfully rolled out")
    );
    assert!(served.kubectl(&["rollout", "history", "deployment/web"]).contains("2 "));
    served.kubectl(&["set", "image", "deployment/web", "main=registry.local/web:v3"]);
    served.kubectl(&["rollout", "status", "deployment/web"]);
    let image = [
        "get",
        "deployment",
        "web",
        "-o",
        "jsonpath={.spec.template.spec.containers[0].image}",
    ];
    assert_eq!(served.kubectl(&image), "registry.local/web:v3");
    served.kubectl(&["rollout", "undo", "deployment/web"]);
    served.kubectl(&["rollout", "status", "deployment/web"]);
    assert_eq!(served.kubectl(&image), "registry.local/web:v2");
}

fn scale_and_delete(served: &Kubectl) {
    served.kubectl(&["scale", "deployment/web", "--replicas", "4"]);
    served.until(&["get", "deployment", "web"], |text| text.contains("4/4"));
    let wrong = served.run(&["scale", "deployment/web", "--replicas", "3", "--current-replicas", "9"]);
    assert!(!wrong.status.success());
    served.kubectl(&["label", "deployment", "web", "team=shop"]);
    assert!(
        served
            .kubectl(&["get", "deployments", "-l", "team=shop"])
            .contains("web")
    );
    let strict = WEB.replace("replicas: 2", "replicas: -2");
    let refused = served.run(&["apply", "-f", &served.write("bad.yaml", &strict)]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("spec.replicas: Invalid value: -2"));
    served.kubectl(&[
        "apply",
        "--server-side",
        "-f",
        &served.write(
            "cm.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {a: b}\n",
        ),
    ]);
    served.kubectl(&["drain", "node-0", "--force", "--timeout", "60s"]);
    served.until(&["get", "pods", "-o", "wide", "--no-headers"], |text| {
        !text.contains("node-0")
    });
    served.kubectl(&["uncordon", "node-0"]);
    served.kubectl(&["delete", "cm", "settings", "ssa"]);
    served.kubectl(&["delete", "deployment", "web", "--timeout", "60s"]);
    served.until(&["get", "pods", "-o", "name"], str::is_empty);
    served.kubectl(&["create", "namespace", "shop"]);
    served.kubectl(&["delete", "namespace", "shop", "--timeout", "60s"]);
}

/// What kubectl sends as protobuf is read, or refused with what to do instead.
fn create_without_a_file(served: &Kubectl) {
    served.kubectl(&["create", "configmap", "made", "--from-literal", "color=blue"]);
    served.kubectl(&["create", "secret", "generic", "made", "--from-literal", "word=open"]);
    let image = "--image=registry.local/made:v1";
    served.kubectl(&[
        "create",
        "deployment",
        "made",
        image,
        "--replicas=2",
        "--port=80",
        "--",
        "serve",
        "-v",
    ]);
    let read = |kind: &str, path: &str| served.kubectl(&["get", kind, "made", "-o", &format!("jsonpath={path}")]);
    assert_eq!(read("configmap", "{.data.color}"), "blue");
    assert_eq!(read("secret", "{.data.word} {.type}"), "b3Blbg== Opaque");
    let container = "{.command} {.image} {.ports[0].containerPort}";
    let spec = format!("{{.spec.replicas}}{{range .spec.template.spec.containers[*]}} {container}{{end}}");
    assert_eq!(
        read("deployment", &spec),
        r#"2 ["serve","-v"] registry.local/made:v1 80"#
    );
    served.kubectl(&["rollout", "status", "deployment/made", "--timeout", "60s"]);
    let job = served.run(&["create", "job", "made", "--image=registry.local/made:v1"]);
    let said = String::from_utf8_lossy(&job.stderr);
    assert!(said.contains("use kubectl apply -f or create -f"), "{said}");
}

/// Each line's words without the last, its age.
fn first_words(table: &str) -> Vec<String> {
    let lines = table.lines().enumerate().map(|(index, line)| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let kept = if index == 0 { words.len() } else { words.len() - 1 };
        words[..kept].join(" ")
    });
    lines.collect()
}

#[test]
#[cfg(unix)]
fn the_kubeconfig_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path: &Path = &folder.path().join("kubeconfig");
    for _ in ["new", "there already"] {
        pilothouse::sim::serve::write_kubeconfig(path, &["a"], "127.0.0.1:1".parse().unwrap()).unwrap();
        let mut permissions = std::fs::metadata(path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
        permissions.set_mode(0o644);
        std::fs::set_permissions(path, permissions).unwrap();
    }
}
