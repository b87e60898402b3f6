//! The apps of a fleet: what each is, how large, where it runs, and the Deployment that carries it.

use serde_json::{Value, json};

use super::beside;
use crate::sim::controllers::object::{set, text};
use crate::sim::controllers::random::Random;
use crate::sim::defaults;
use crate::sim::load::Language;

/// An app in one cluster.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) team: &'static str,
    pub(crate) name: String,
    pub(crate) language: Language,
    /// How many times the usual size of its language it asks for.
    pub(crate) scale: i64,
    pub(crate) replicas: i64,
    pub(crate) location: &'static str,
    /// Whether it may run at that location only.
    pub(crate) pinned: bool,
    /// The group it may run in only.
    pub(crate) group: Option<&'static str>,
    /// Its machines are reserved for it.
    pub(crate) exclusive: bool,
    /// Old versions that are still remembered.
    pub(crate) versions: usize,
    /// How long ago its version was released, in hours.
    pub(crate) hours: i64,
    pub(crate) story: Story,
    pub(crate) appetite: Appetite,
}

/// How an app uses what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appetite {
    Usual,
    /// Its load has begun to grow, and goes on.
    Surges,
    /// It takes all the CPU it may have, from whoever shares its machines.
    Noisy,
}

/// What is going on with an app when the demo begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Story {
    Quiet,
    /// A gray release waits for a person: so many new ones, this many minutes ago.
    Gray {
        instances: i64,
        minutes: i64,
    },
    /// A gray release whose instances crash.
    GrayFails {
        instances: i64,
        minutes: i64,
        restarts: i64,
    },
    /// The last so many find no node.
    NoRoom(i64),
    /// Its instances end every so many seconds.
    Restarts(i64),
}

/// One version of an app.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    pub(crate) commit: String,
}

impl Release {
    pub(crate) fn new(random: &mut Random) -> Self {
        Self { commit: random.hex(40) }
    }

    pub(crate) fn short(&self) -> &str {
        self.commit.get(..7).unwrap_or(&self.commit)
    }
}

impl App {
    /// The fewest and the most instances people want of it.
    pub(crate) fn bounds(&self) -> (i64, i64) {
        match self.name.as_str() {
            "live-gift" => (20, 120),
            "danmaku" => (24, 96),
            _ => ((self.replicas / 2).max(1), (self.replicas * 2).max(4)),
        }
    }

    /// Whether each of its versions has a configuration of its own.
    pub(crate) fn is_configured(&self) -> bool {
        (self.team, self.name.as_str()) == beside::CONFIGURED && self.versions > 1
    }

    /// The pod template of a version.
    pub(crate) fn template(&self, release: &Release) -> Value {
        let containers: Vec<Value> = self
            .language
            .parts()
            .iter()
            .map(|part| {
                let own = part.image.is_empty();
                let image = if own {
                    format!("registry.corp/{}/{}:{}", self.team, self.name, release.short())
                } else {
                    part.image.to_owned()
                };
                let (cpu, memory) = self.asks(part.cpu, part.memory, own);
                json!({
                    "name": part.name, "image": image,
                    "resources": {
                        "requests": {"cpu": format!("{cpu}m"), "memory": format!("{memory}Mi")},
                        "limits": {"cpu": format!("{}m", cpu * 2), "memory": format!("{}Mi", memory * 3 / 2)},
                    },
                })
            })
            .collect();
        let mut template = json!({
            "metadata": {
                "labels": {"app.kubernetes.io/name": self.name},
                "annotations": {"pilothouse.dev/commit": release.commit},
            },
            "spec": {"containers": containers},
        });
        let probe = json!({"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5});
        set_first(&mut template, "readinessProbe", probe);
        if self.is_configured() {
            let name = beside::config_of(&self.name, release.short());
            let variables = json!([{"configMapRef": {"name": name}}]);
            set_first(&mut template, "envFrom", variables);
        }
        self.place(&mut template);
        self.behave(&mut template);
        // A write that leaves the template alone must not change it.
        defaults::pod_template(&mut template);
        template
    }

    /// What a container asks for, in thousandths of a core and MiB.
    fn asks(&self, cpu: i64, memory: i64, own: bool) -> (i64, i64) {
        match (own, self.scale, self.story) {
            (true, _, Story::NoRoom(_)) => (cpu, 7680),
            // An agent on every machine is small.
            (true, 0, _) => (100, 192),
            (true, times, _) => (cpu * times, memory * times),
            (false, ..) => (cpu, memory),
        }
    }

    fn place(&self, template: &mut Value) {
        if self.pinned {
            set(
                template,
                &["spec", "nodeSelector", "pilothouse.dev/location"],
                self.location,
            );
        }
        if let Some(group) = self.group {
            set(template, &["spec", "nodeSelector", "pilothouse.dev/group"], group);
        }
        if self.exclusive {
            let toleration = json!({
                "key": "pilothouse.dev/exclusive", "operator": "Equal", "value": self.name, "effect": "NoSchedule",
            });
            set(template, &["spec", "tolerations"], vec![toleration]);
        }
    }

    /// How its containers behave: what it is written in decides how long they take to start.
    fn behave(&self, template: &mut Value) {
        let (start, ready) = match self.language {
            Language::Java | Language::Tomcat => ("3", "8"),
            Language::Php | Language::Node | Language::Python => ("2", "3"),
            Language::Go => ("1.5", "1"),
        };
        let mut say = |name: &str, value: &str| {
            set(
                template,
                &["metadata", "annotations", &format!("sim.pilothouse.dev/{name}")],
                value,
            );
        };
        say("start-seconds", start);
        say("ready-seconds", ready);
        if let Story::Restarts(seconds) = self.story {
            say("crash-after", &seconds.to_string());
            say("exit-code", "137");
            say("exit-reason", "OOMKilled");
        }
    }

    /// The template of a version that crashes.
    pub(crate) fn broken_template(&self, release: &Release) -> Value {
        let mut template = self.template(release);
        for (name, value) in [("crash-after", "4"), ("ready-seconds", "never"), ("exit-code", "1")] {
            set(
                &mut template,
                &["metadata", "annotations", &format!("sim.pilothouse.dev/{name}")],
                value,
            );
        }
        template
    }

    /// Its labels and annotations as a workload.
    pub(crate) fn metadata(&self) -> Value {
        let (least, most) = self.bounds();
        let mut metadata = json!({
            "name": self.name, "namespace": self.team,
            "labels": {"app.kubernetes.io/name": self.name, "app.kubernetes.io/part-of": self.team},
            "annotations": {
                "pilothouse.dev/owner": format!("{}-team", self.team),
                "pilothouse.dev/location": self.location,
                "pilothouse.dev/min-instances": least.to_string(),
                "pilothouse.dev/max-instances": most.to_string(),
                "pilothouse.dev/repo": format!("git.corp/{}/{}", self.team, self.name),
            },
        });
        if let Some(job) = beside::job_before(self.team, &self.name) {
            set(&mut metadata, &["annotations", "pilothouse.dev/pre-release-job"], job);
        }
        metadata
    }

    /// Its Deployment at a template.
    pub(crate) fn deployment(&self, template: &Value) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": self.metadata(),
            "spec": {
                "replicas": self.replicas, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
                "selector": {"matchLabels": {"app.kubernetes.io/name": self.name}},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
                "template": template,
            },
        })
    }
}

/// Gives the first container of a template a field.
fn set_first(template: &mut Value, field: &str, value: Value) {
    let first = template
        .pointer_mut("/spec/containers/0")
        .and_then(Value::as_object_mut);
    if let Some(first) = first {
        first.insert(field.to_owned(), value);
    }
}

/// Puts a Deployment into a hold: the gray release of `research/release.md` 1.2.
pub(crate) fn hold(deployment: &mut Value, instances: i64, stable: &Value, operation: &str) {
    let from = text(stable, &["metadata", "labels", "pod-template-hash"]).to_owned();
    set(
        deployment,
        &["metadata", "labels", "pilothouse.dev/hold"],
        "v1.mrs0.pd600.su25p.un25p",
    );
    set(deployment, &["metadata", "labels", "pilothouse.dev/hold-from"], from);
    set(deployment, &["metadata", "labels", "pilothouse.dev/hold-op"], operation);
    set(deployment, &["spec", "minReadySeconds"], 2_147_483_646_i64);
    set(deployment, &["spec", "progressDeadlineSeconds"], 2_147_483_647_i64);
    set(
        deployment,
        &["spec", "strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": instances, "maxUnavailable": 0}}),
    );
}
