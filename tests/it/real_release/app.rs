//! An app on the real node behind a Service, the program's command line beside it, and what its Service says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

use crate::pty::PROGRAM;
use crate::real::{client, kubeconfig, lab};
use crate::release::same::{Act, Counts, counted, image, undo};
use crate::release::twin;

/// How often the Service is asked beside what its watch tells.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// How long the cluster may take to come to what is waited for.
const PATIENCE: Duration = Duration::from_mins(1);
pub(super) const NAME: &str = "live";

/// An app in a namespace of its own.
pub(super) struct App {
    pub(super) client: kube::Client,
    pub(super) namespace: String,
    pub(super) home: tempfile::TempDir,
}

impl App {
    /// The app with all its instances ready; `None` without a lab, which alone can make its images.
    pub(super) async fn new(name: &str, instances: i64) -> Option<Self> {
        let app = Self::empty(name).await?;
        create::<Deployment>(&app.api(), deployment(instances)).await;
        app.until("all are there", |now, _| now.available == instances).await;
        Some(app)
    }

    /// Nothing but its namespace, its images and its Service.
    pub(super) async fn empty(name: &str) -> Option<Self> {
        kubeconfig()?;
        for version in ["v1", "v2", "v3"] {
            lab(&["image", "b", &image(version), "httpd", "-f", "-p", "8080"]).await?;
        }
        let client = client("lab-b").await;
        let app = Self {
            namespace: format!("{name}-{}", std::process::id()),
            home: tempfile::tempdir().unwrap(),
            client,
        };
        let namespace = json!({"metadata": {"name": app.namespace}});
        create::<Namespace>(&Api::all(app.client.clone()), namespace).await;
        let service = json!({"metadata": {"name": NAME},
            "spec": {"clusterIP": "None", "selector": {"app": NAME}, "ports": [{"port": 8080}]}});
        create::<Service>(&app.api(), service).await;
        Some(app)
    }

    pub(super) fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The Deployment and its `ReplicaSets` as they are.
    pub(super) async fn look(&self) -> (Value, Vec<Value>) {
        let deployment = self.api::<Deployment>().get(NAME).await.unwrap();
        let sets = self.api::<ReplicaSet>().list(&ListParams::default()).await.unwrap();
        let sets = sets.iter().map(|set| serde_json::to_value(set).unwrap()).collect();
        (serde_json::to_value(deployment).unwrap(), sets)
    }

    pub(super) async fn counts(&self) -> Counts {
        let (deployment, sets) = self.look().await;
        counted(&deployment, &sets)
    }

    /// What the Deployment and its twin show, once their controllers have seen what was written.
    pub(super) async fn beside(&self) -> Option<twin::Counts> {
        let (deployment, _) = self.look().await;
        let twin = self.api::<Deployment>().get_opt(&format!("{NAME}-gray")).await.unwrap();
        let twin = twin.map(|twin| serde_json::to_value(twin).unwrap());
        let is_seen = |object: &Value| object["status"]["observedGeneration"] == object["metadata"]["generation"];
        let all_seen = is_seen(&deployment) && twin.as_ref().is_none_or(is_seen);
        all_seen.then(|| twin::counted(&deployment, twin.as_ref()))
    }

    pub(super) async fn generation(&self) -> i64 {
        self.look().await.0["metadata"]["generation"].as_i64().unwrap()
    }

    /// Waits until the counts are as they should be, of instances that have all answered for themselves.
    pub(super) async fn until(&self, what: &str, is_met: impl Fn(&Counts, &Value) -> bool) -> Counts {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            let (deployment, sets) = self.look().await;
            let now = counted(&deployment, &sets);
            let is_seen = deployment["status"]["observedGeneration"] == deployment["metadata"]["generation"];
            if is_seen && now.old + now.new == now.ready && is_met(&now, &deployment) {
                return now;
            }
            assert!(
                tokio::time::Instant::now() < end,
                "not within {PATIENCE:?}: {what}: {now:?}"
            );
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// The program's command line, by what a kubeconfig says.
    pub(super) fn command_by(&self, kubeconfig: &Path, arguments: &[impl AsRef<str>]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(PROGRAM);
        command
            .env_clear()
            .env("HOME", self.home.path())
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(["--context", "lab-b", "-n", &self.namespace])
            .args(arguments.iter().map(AsRef::as_ref))
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs the program by a user of the lab (`admin`, `viewer`, `dev`, `nobody`).
    pub(super) async fn run(&self, user: &str, arguments: &[impl AsRef<str>]) -> Output {
        let by = kubeconfig_of(user);
        self.command_by(&by, arguments).output().await.unwrap()
    }

    /// The release as a program tells it which has seen nothing before.
    pub(super) async fn told(&self) -> Value {
        let output = self.run("admin", &["release", "status", NAME, "-o", "json"]).await;
        let mut told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        told["items"][0].take()
    }

    /// The phase of it.
    pub(super) async fn phase(&self) -> String {
        self.told().await["phase"].as_str().unwrap().to_owned()
    }

    /// Does what a row of the table says, and waits for what the program itself waits for.
    pub(super) async fn act(&self, act: Act) {
        if let Some(arguments) = act.arguments() {
            let mut all = vec!["release".to_owned()];
            all.extend(arguments);
            all.extend([NAME, "--yes", "--wait"].map(str::to_owned));
            let output = self.run("admin", &all).await;
            assert_eq!(output.status.code(), Some(0), "{act:?}: {output:?}");
            return;
        }
        let deployments = self.api::<Deployment>();
        if let Act::Scale(to) = act {
            let scale = Patch::Merge(json!({"spec": {"replicas": to}}));
            deployments
                .patch_scale(NAME, &PatchParams::default(), &scale)
                .await
                .unwrap();
            return;
        }
        let (deployment, sets) = self.look().await;
        let body = undo(&deployment, &sets);
        self.send("PATCH", ("apps/v1", "deployments/live"), &body).await;
    }

    /// Asks the server past the program, for something of a group and version in the app's namespace; a patch that is
    /// a list is a JSON Patch, any other a merge patch.
    pub(super) async fn send(&self, method: &str, of: (&str, &str), body: &Value) -> Value {
        self.asked(method, of, body).await.unwrap()
    }

    async fn asked(&self, method: &str, (version, place): (&str, &str), body: &Value) -> kube::Result<Value> {
        let root = if version == "v1" { "api" } else { "apis" };
        let path = format!("/{root}/{version}/namespaces/{}/{place}", self.namespace);
        let kind = match (method, body.is_array()) {
            ("PATCH", true) => "application/json-patch+json",
            ("PATCH", false) => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = http::Request::builder().method(method).uri(path);
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let request = request.header("content-type", kind).body(body).unwrap();
        self.client.request(request).await
    }

    /// Waits until the server has a kind whose definition was just made, as its plural in a group and version.
    pub(super) async fn is_served(&self, of: (&str, &str)) {
        let end = tokio::time::Instant::now() + PATIENCE;
        while let Err(error) = self.asked("GET", of, &Value::Null).await {
            assert!(tokio::time::Instant::now() < end, "{of:?} within {PATIENCE:?}: {error}");
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    pub(super) async fn get(&self, of: (&str, &str)) -> Value {
        self.send("GET", of, &Value::Null).await
    }

    /// Takes it all away.
    pub(super) async fn delete(self) {
        let namespaces = Api::<Namespace>::all(self.client.clone());
        namespaces
            .delete(&self.namespace, &DeleteParams::default())
            .await
            .unwrap();
    }
}

/// A kubeconfig of the lab by the user it is for.
pub(super) fn kubeconfig_of(user: &str) -> PathBuf {
    let all = kubeconfig().unwrap();
    if user == "admin" {
        return all;
    }
    let folder = all.parent().map(Path::to_path_buf).unwrap();
    folder.join("b").join(format!("{user}.kubeconfig"))
}

pub(super) async fn create<K>(api: &Api<K>, object: Value)
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned + serde::Serialize,
{
    let object: K = serde_json::from_value(object).unwrap();
    api.create(&PostParams::default(), &object).await.unwrap();
}

/// What its instances are made from.
pub(super) fn template() -> Value {
    json!({
        "metadata": {"labels": {"app": NAME}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{
            "name": NAME, "image": image("v1"), "imagePullPolicy": "Never",
            "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}},
            // Ready at once, and not taken for dead where the machine is busy.
            "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 10},
        }]},
    })
}

fn deployment(instances: i64) -> Value {
    json!({
        "metadata": {"name": NAME},
        "spec": {
            "replicas": instances, "selector": {"matchLabels": {"app": NAME}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
            "template": template(),
        },
    })
}

/// How many instances the app's Service sent requests to at the least, and how often that was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Served {
    pub(super) fewest: usize,
    pub(super) looks: usize,
    pub(super) changes: usize,
}

impl Default for Served {
    fn default() -> Self {
        Self {
            fewest: usize::MAX,
            looks: 0,
            changes: 0,
        }
    }
}

/// Asks the app's Service all the time for the endpoints it has ready, and follows them beside.
pub(super) struct Client {
    seen: Arc<Mutex<Served>>,
    _asks: AbortOnDropHandle<()>,
    _follows: AbortOnDropHandle<()>,
}

impl Client {
    pub(super) fn of(app: &App) -> Self {
        let seen = Arc::new(Mutex::new(Served::default()));
        let asks = tokio::spawn(ask(app.api(), Arc::clone(&seen)));
        let follows = tokio::spawn(follow(app.api(), Arc::clone(&seen)));
        Self {
            seen,
            _asks: AbortOnDropHandle::new(asks),
            _follows: AbortOnDropHandle::new(follows),
        }
    }

    /// What was seen since the last time.
    pub(super) fn take(&self) -> Served {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn label() -> String {
    format!("kubernetes.io/service-name={NAME}")
}

fn ready<'a>(slices: impl IntoIterator<Item = &'a EndpointSlice>) -> usize {
    let endpoints = slices.into_iter().flat_map(|slice| slice.endpoints.iter().flatten());
    let ready = endpoints.filter(|endpoint| endpoint.conditions.as_ref().is_some_and(|c| c.ready == Some(true)));
    let addresses: BTreeSet<&String> = ready.flat_map(|endpoint| &endpoint.addresses).collect();
    addresses.len()
}

async fn ask(slices: Api<EndpointSlice>, seen: Arc<Mutex<Served>>) {
    loop {
        let found = slices.list(&ListParams::default().labels(&label())).await.unwrap();
        let ready = ready(&found.items);
        {
            let mut seen = seen.lock().unwrap();
            seen.fewest = seen.fewest.min(ready);
            seen.looks += 1;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

async fn follow(slices: Api<EndpointSlice>, seen: Arc<Mutex<Served>>) {
    let found = slices.list(&ListParams::default().labels(&label())).await.unwrap();
    let from = found.metadata.resource_version.clone().unwrap();
    let name = |slice: &EndpointSlice| slice.metadata.name.clone().unwrap();
    let mut all: BTreeMap<String, EndpointSlice> = found.items.into_iter().map(|slice| (name(&slice), slice)).collect();
    let parameters = WatchParams::default().labels(&label()).timeout(290);
    let mut changes = slices.watch(&parameters, &from).await.unwrap().boxed();
    while let Some(change) = changes.next().await {
        match change.unwrap() {
            WatchEvent::Added(slice) | WatchEvent::Modified(slice) => drop(all.insert(name(&slice), slice)),
            WatchEvent::Deleted(slice) => drop(all.remove(&name(&slice))),
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(error) => panic!("{error:?}"),
        }
        let ready = ready(all.values());
        let mut seen = seen.lock().unwrap();
        seen.fewest = seen.fewest.min(ready);
        seen.changes += 1;
    }
}
