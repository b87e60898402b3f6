//! Builds that the demo begins with: some that are over, one that failed at compile, one that runs.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::build::Builder;
use super::place::shape_of;
use crate::domain::build::{BUILD_OF, BUILDER, BY, COMMIT, IMAGE, REF, REPO};
use crate::domain::{PodShape, Timestamp};
use crate::sim::controllers::kubelet::container::digest;
use crate::sim::controllers::kubelet::settle;
use crate::sim::controllers::object::{annotation, at, items, set, stamp, text};
use crate::sim::controllers::template::{Maker, pod};
use crate::sim::resource::{DEPLOYMENTS, JOBS, PODS};

/// Its stages, in the order they run.
const STAGES: [&str; 3] = ["clone", "compile", "package"];
/// Characters of a commit's hash in names and tags.
const SHORT: usize = 12;
/// How long the stages of the one that runs take, in seconds.
const PACE: &str = "60";

/// How a build is when the demo begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    Done,
    FailsAtCompile,
    /// It compiles.
    Runs,
}

/// A build of an app.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Built {
    pub(crate) team: &'static str,
    pub(crate) app: &'static str,
    /// `None`: the commit that the app runs.
    pub(crate) commit: Option<&'static str>,
    /// When it was asked for.
    pub(crate) minutes: i64,
    /// Seconds that its stages took so far.
    pub(crate) took: [i64; 3],
    pub(crate) by: &'static str,
    pub(crate) stand: Stand,
}

/// The cluster that builds.
pub(crate) const CLUSTER: &str = "idc-bj";

/// What it begins with.
pub(crate) const BUILDS: [Built; 6] = [
    Built {
        team: "gift",
        app: "live-gift",
        commit: Some("c04d21b9f31c2a77ab0e4f5d6a7b8c9d0e1f2a3b"),
        minutes: 1,
        took: [7, 0, 0],
        by: "li.na",
        stand: Stand::Runs,
    },
    Built {
        team: "im",
        app: "push",
        commit: Some("bad9f31c2a77ab0e4f5d6a7b8c9d0e1f2a3bc04d"),
        minutes: 22,
        took: [6, 48, 0],
        by: "wang.wei",
        stand: Stand::FailsAtCompile,
    },
    Built {
        team: "gift",
        app: "live-gift",
        commit: None,
        minutes: 52,
        took: [6, 94, 41],
        by: "li.na",
        stand: Stand::Done,
    },
    Built {
        team: "im",
        app: "push",
        commit: None,
        minutes: 95,
        took: [5, 71, 38],
        by: "wang.wei",
        stand: Stand::Done,
    },
    Built {
        team: "user",
        app: "profile",
        commit: None,
        minutes: 190,
        took: [9, 122, 55],
        by: "zhao.min",
        stand: Stand::Done,
    },
    Built {
        team: "gift",
        app: "live-gift",
        commit: Some("7d20c1a94b3e5f60718293a4b5c6d7e8f9012345"),
        minutes: 1480,
        took: [6, 101, 44],
        by: "li.na",
        stand: Stand::Done,
    },
];

/// When the stages begin and end, one after the other.
struct Times {
    began: Timestamp,
    ends: Vec<Timestamp>,
}

impl Times {
    fn of(built: &Built, asked: Timestamp) -> Self {
        // A node is found and images are pulled in no time to speak of.
        let began = asked + TimeDelta::seconds(2);
        let mut at = began;
        let ends = built.took.iter().take_while(|took| **took > 0).map(|took| {
            at += TimeDelta::try_seconds(*took).unwrap_or_default();
            at
        });
        Self {
            ends: ends.collect(),
            began,
        }
    }

    fn last(&self) -> Timestamp {
        self.ends.last().copied().unwrap_or(self.began)
    }
}

/// Puts a build into the cluster: its Job, and its pod.
pub(crate) fn build(builder: &mut Builder, built: &Built) {
    let asked = builder.now - TimeDelta::try_minutes(built.minutes).unwrap_or_default();
    let times = Times::of(built, asked);
    let runs = builder.store.get(&DEPLOYMENTS, built.team, built.app);
    let runs = runs.and_then(|app| annotation(at(app, &["spec", "template"])?, COMMIT).map(str::to_owned));
    let Some(commit) = built.commit.map(str::to_owned).or(runs) else {
        return;
    };
    let short = commit.get(..SHORT).unwrap_or(&commit);
    let name = format!("build-{}-{short}", built.app);
    let image = format!("registry.corp/{}/{}:{short}", built.team, built.app);
    let job = job(built, (&name, &commit, &image), &status(built, asked, &times));
    let Some(owner) = builder.create(&JOBS, job, asked) else {
        return;
    };
    let maker = Maker {
        owner: &owner,
        api_version: "batch/v1",
        kind: "Job",
    };
    let template = at(&owner, &["spec", "template"]).cloned().unwrap_or_default();
    let suffix = digest(&name);
    let name = format!("{name}-{}", suffix.get(..5).unwrap_or(&suffix));
    let mut object = pod(maker, &template, &name);
    let shape = shape_of(&object);
    let Some(index) = builder.floor.find(&shape) else {
        return;
    };
    let held = if built.stand == Stand::Runs {
        shape
    } else {
        PodShape::default()
    };
    let Some(seat) = builder.floor.take(index, &held) else {
        return;
    };
    let (node, address, ip) = (seat.node.to_owned(), seat.address.to_owned(), seat.ip.clone());
    set(&mut object, &["spec", "nodeName"], node);
    let status = pod_status(built, &object, &times, (&address, &ip, &image));
    set(&mut object, &["status"], status);
    settle(&mut object, times.last());
    builder.create(&PODS, object, asked);
}

fn job(built: &Built, (name, commit, image): (&str, &str, &str), status: &Value) -> Value {
    let labels = json!({"app.kubernetes.io/managed-by": "pilothouse", BUILD_OF: built.app, COMMIT: commit});
    let mut annotations = json!({
        REPO: format!("https://git.corp/{}/{}", built.team, built.app), REF: "main", IMAGE: image, BY: built.by,
        BUILDER: "buildkit",
    });
    if built.stand == Stand::Runs {
        set(&mut annotations, &["sim.pilothouse.dev/init-seconds"], PACE);
    }
    let container = |name: &str| {
        json!({
            "name": name, "image": format!("registry.corp/tools/{name}:1"),
            "resources": {"requests": {"cpu": "1", "memory": "2Gi"}},
        })
    };
    let [clone, compile, package] = STAGES.map(container);
    let mut pod_labels = labels.clone();
    set(&mut pod_labels, &["batch.kubernetes.io/job-name"], name);
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "namespace": built.team, "labels": labels, "annotations": annotations.clone()},
        "spec": {
            "backoffLimit": 0, "completions": 1, "parallelism": 1, "activeDeadlineSeconds": 3600,
            "selector": {"matchLabels": {"batch.kubernetes.io/job-name": name}},
            "template": {
                "metadata": {"labels": pod_labels, "annotations": annotations},
                "spec": {
                    "restartPolicy": "Never", "terminationGracePeriodSeconds": 30,
                    "initContainers": [clone, compile], "containers": [package],
                },
            },
        },
        "status": status,
    })
}

fn status(built: &Built, asked: Timestamp, times: &Times) -> Value {
    let ended = stamp(times.last());
    let mut status = json!({
        "startTime": stamp(asked), "ready": 0, "terminating": 0, "uncountedTerminatedPods": {},
    });
    let end = |kind: &str, reason: &str, message: &str| {
        json!([{
            "type": kind, "status": "True", "reason": reason, "message": message,
            "lastProbeTime": ended, "lastTransitionTime": ended,
        }])
    };
    match built.stand {
        Stand::Runs => set(&mut status, &["active"], 1),
        Stand::Done => {
            set(&mut status, &["succeeded"], 1);
            set(&mut status, &["completionTime"], ended.clone());
            let met = "Reached expected number of succeeded pods";
            set(&mut status, &["conditions"], end("Complete", "CompletionsReached", met));
        }
        Stand::FailsAtCompile => {
            set(&mut status, &["failed"], 1);
            let limit = "Job has reached the specified backoff limit";
            set(
                &mut status,
                &["conditions"],
                end("Failed", "BackoffLimitExceeded", limit),
            );
        }
    }
    status
}

fn pod_status(built: &Built, pod: &Value, times: &Times, (address, ip, image): (&str, &str, &str)) -> Value {
    let images = ["initContainers", "containers"].into_iter();
    let images = images
        .flat_map(|list| items(pod, &["spec", list]))
        .map(|container| text(container, &["image"]));
    let mut statuses: Vec<Value> = STAGES
        .iter()
        .zip(images)
        .enumerate()
        .map(|(index, (name, its))| {
            let began = index.checked_sub(1).map_or(Some(times.began), |before| times.ends.get(before).copied());
            let state = match (began, times.ends.get(index)) {
                (Some(began), Some(ended)) => {
                    let fails = built.stand == Stand::FailsAtCompile && index + 1 == times.ends.len();
                    let (code, reason) = if fails { (1, "Error") } else { (0, "Completed") };
                    let mut end = json!({
                        "exitCode": code, "reason": reason, "startedAt": stamp(began), "finishedAt": stamp(*ended),
                        "containerID": format!("containerd://{}", digest(&format!("{image}/{name}"))),
                    });
                    if index + 1 == STAGES.len() {
                        set(&mut end, &["message"], format!("sha256:{}", digest(image)));
                    }
                    json!({"terminated": end})
                }
                (Some(began), None) if built.stand == Stand::Runs => json!({"running": {"startedAt": stamp(began)}}),
                _ => json!({"waiting": {"reason": "PodInitializing"}}),
            };
            let is_init = index + 1 < STAGES.len();
            let ends_well = state.pointer("/terminated/exitCode") == Some(&json!(0));
            let is_ready = state.get("running").is_some() || is_init && ends_well;
            let ran = began.is_some() && state.get("waiting").is_none();
            json!({
                "name": name, "image": its, "imageID": if ran { format!("sha256:{}", digest(its)) } else { String::new() },
                "ready": is_ready,
                "started": state.get("running").is_some(), "restartCount": 0, "lastState": {}, "state": state,
            })
        })
        .collect();
    let main = statuses.split_off(2);
    json!({
        "startTime": stamp(times.began), "hostIP": address, "hostIPs": [{"ip": address}], "podIP": ip,
        "podIPs": [{"ip": ip}], "initContainerStatuses": statuses, "containerStatuses": main,
    })
}
