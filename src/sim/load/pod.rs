//! From a pod as the API has it to what its containers use.

use serde_json::Value;

use super::usage::{Sample, Usage, threads};
use super::wave::Wave;
use super::{Language, Plan, Seconds, Surge, Traits, hash};
use crate::domain::quantity::parse_quantity_millis;
use crate::sim::controllers::kubelet::behaviour::Behaviour;
use crate::sim::controllers::kubelet::container::digest;
use crate::sim::controllers::object::{annotation, at, count, items, moment, text};

/// One pod that is on a node.
#[derive(Clone, Debug)]
pub(crate) struct PodLoad {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    /// When its sandbox was made.
    pub(crate) began: Seconds,
    /// `guaranteed`, `burstable`, `besteffort`: where its cgroup is.
    pub(crate) class: &'static str,
    pub(crate) containers: Vec<ContainerLoad>,
}

/// One container of a pod.
#[derive(Clone, Debug)]
pub(crate) struct ContainerLoad {
    pub(crate) name: String,
    pub(crate) image: String,
    /// Without the runtime's name.
    pub(crate) id: String,
    /// When its run began; nothing where it does not run.
    pub(crate) running: Option<Seconds>,
    /// What it asks for, in cores.
    pub(crate) cpu_request: f64,
    /// The same number for all containers of its name in instances of its app.
    pub(crate) character: u64,
    pub(crate) language: Option<Language>,
    /// Its image is the app's own, and no agent's or web server's.
    pub(crate) own: bool,
    /// It is the pod's first.
    pub(crate) first: bool,
    pub(crate) usage: Usage,
}

/// What is special about the app of a pod: what the pod says, else what the plan does.
pub(crate) fn traits(pod: &Value, plan: &Plan) -> Traits {
    let app = text(pod, &["metadata", "labels", "app.kubernetes.io/name"]);
    let key = (text(pod, &["metadata", "namespace"]).to_owned(), app.to_owned());
    let planned = plan.apps.get(&key).copied().unwrap_or_default();
    let said = |name: &str| annotation(pod, &format!("sim.pilothouse.dev/{name}"));
    Traits {
        language: said("language").and_then(Language::parse).or(planned.language),
        surge: said("surge").and_then(Surge::parse).or(planned.surge),
        noisy: said("noisy").map_or(planned.noisy, |text| text == "true"),
    }
}

fn seconds(object: &Value, path: &[&str]) -> Option<Seconds> {
    moment(object, path).map(|at| at.timestamp() as f64)
}

/// When a pod's sandbox was made; nothing before.
pub(crate) fn began(pod: &Value) -> Option<Seconds> {
    seconds(pod, &["status", "startTime"])
}

impl PodLoad {
    /// The load of a pod that its kubelet has taken in; `squeezed` since when a noisy neighbour is on its node.
    pub(crate) fn of(pod: &Value, plan: &Plan, squeezed: Option<Seconds>) -> Option<Self> {
        let began = began(pod)?;
        let traits = traits(pod, plan);
        let behaviour = Behaviour::of(pod);
        let statuses = items(pod, &["status", "containerStatuses"]);
        let containers = items(pod, &["spec", "containers"]).iter().map(|container| {
            let name = text(container, &["name"]);
            let status = statuses.iter().find(|status| text(status, &["name"]) == name);
            Self::container(
                pod,
                container,
                status.unwrap_or(&Value::Null),
                (plan, &traits, &behaviour, squeezed),
            )
        });
        let containers: Vec<ContainerLoad> = containers.collect();
        Some(Self {
            namespace: text(pod, &["metadata", "namespace"]).to_owned(),
            name: text(pod, &["metadata", "name"]).to_owned(),
            uid: text(pod, &["metadata", "uid"]).to_owned(),
            began,
            class: class(pod),
            containers,
        })
    }

    fn container(
        pod: &Value,
        container: &Value,
        status: &Value,
        (plan, traits, behaviour, squeezed): (&Plan, &Traits, &Behaviour, Option<Seconds>),
    ) -> ContainerLoad {
        let (namespace, uid) = (text(pod, &["metadata", "namespace"]), text(pod, &["metadata", "uid"]));
        let app = text(pod, &["metadata", "labels", "app.kubernetes.io/name"]);
        let name = text(container, &["name"]);
        let first = items(pod, &["spec", "containers"])
            .first()
            .is_some_and(|c| text(c, &["name"]) == name);
        let own = image_is_own(pod, container);
        let amount = |field: &str, of: &str| {
            let said = text(container, &["resources", field, of]);
            parse_quantity_millis(said).map_or(0.0, |millis| millis as f64 / 1000.0)
        };
        let cpu_request = amount("requests", "cpu");
        let memory_limit = amount("limits", "memory");
        // One character for all instances of an app, and a little of their own.
        let character = hash(plan.seed, &[namespace, app, name]);
        let own_seed = hash(plan.seed, &[uid, name]);
        let part = |shift: u32| f64::from((character >> shift) as u16) / 65_536.0;
        let jitter = 0.94 + 0.12 * (own_seed >> 48) as f64 / 65_536.0;
        let asked = if cpu_request > 0.0 { cpu_request } else { 0.02 };
        let memory_asked = [amount("requests", "memory"), memory_limit, 64e6]
            .into_iter()
            .find(|bytes| *bytes > 0.0)
            .unwrap_or_default();
        let leaks = name == behaviour.container && behaviour.exit_reason.as_deref() == Some("OOMKilled");
        let killed = text(status, &["lastState", "terminated", "reason"]) == "OOMKilled";
        ContainerLoad {
            name: name.to_owned(),
            image: text(container, &["image"]).to_owned(),
            id: id_of(text(status, &["containerID"])),
            running: seconds(status, &["state", "running", "startedAt"]),
            cpu_request,
            character,
            language: traits.language,
            own,
            first,
            usage: Usage {
                wave: Wave::new(plan.peak, own_seed),
                cores: asked * (0.16 + 0.42 * part(0)) * jitter,
                surge: traits.surge.filter(|_| own),
                noisy: traits.noisy && own,
                squeezed: squeezed.filter(|_| !traits.noisy),
                cpu_limit: amount("limits", "cpu"),
                memory_limit,
                memory: memory_asked * (0.42 + 0.38 * part(16)) * jitter,
                leak: behaviour
                    .crash
                    .filter(|_| leaks)
                    .map(|lasts| lasts.num_milliseconds() as f64 / 1000.0),
                threads: threads(traits.language.filter(|_| own)) * (0.7 + 0.6 * part(32)),
                traffic: (900_000.0 + 2_400_000.0 * part(8), 1_300_000.0 + 5_200_000.0 * part(24)),
                oom: if killed {
                    count(status, &["restartCount"]) as f64
                } else {
                    0.0
                },
            },
        }
    }

    /// The identity of its sandbox.
    pub(crate) fn sandbox(&self) -> String {
        digest(&self.uid)
    }

    /// Where its cgroup is.
    pub(crate) fn cgroup(&self) -> String {
        match self.class {
            "guaranteed" => format!("/kubepods/pod{}", self.uid),
            class => format!("/kubepods/{class}/pod{}", self.uid),
        }
    }

    /// The sum of its containers as if none had ever begun anew: the counters of its own cgroup go on over restarts.
    pub(crate) fn whole(&self, at: Seconds) -> Sample {
        let mut whole = Sample::default();
        for container in &self.containers {
            let mut sample = container.usage.sample(container.running.unwrap_or(at), self.began, at);
            if container.running.is_none() {
                sample.memory = 0.0;
                sample.rss = 0.0;
                sample.cache = 0.0;
                sample.inactive_file = 0.0;
                sample.threads = 0.0;
                sample.processes = 0.0;
            }
            whole += sample;
        }
        whole
    }
}

/// Whether the image of a container is the app's own: an agent beside it is many apps'.
fn image_is_own(pod: &Value, container: &Value) -> bool {
    let app = text(pod, &["metadata", "labels", "app.kubernetes.io/name"]);
    let image = text(container, &["image"]);
    let path = image.rsplit_once(':').map_or(image, |(path, _)| path);
    app.is_empty() || path.rsplit('/').next() == Some(app)
}

fn id_of(full: &str) -> String {
    full.split_once("://").map_or(full, |(_, id)| id).to_owned()
}

/// The quality of service class, as the kubelet spells it in cgroups.
fn class(pod: &Value) -> &'static str {
    let containers = items(pod, &["spec", "containers"]);
    let says = |container: &Value, field: &str| at(container, &["resources", field]).is_some();
    if containers
        .iter()
        .all(|c| says(c, "limits") && at(c, &["resources", "limits"]) == at(c, &["resources", "requests"]))
    {
        return "guaranteed";
    }
    if containers.iter().any(|c| says(c, "requests") || says(c, "limits")) {
        return "burstable";
    }
    "besteffort"
}
