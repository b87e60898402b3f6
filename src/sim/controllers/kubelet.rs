//! The kubelets: what happens to a pod once it has a node, one container at a time.
//!
//! What a pod does next follows from its own status and from what its annotations say of its behaviour
//! (`kubelet/behaviour.rs`), so pods written by anybody come alive. The steps of one container are in
//! `kubelet/container.rs`. A dead node ([`super::node::DEAD`]) stops everything on it.

use chrono::TimeDelta;
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Value, json};

use self::behaviour::Behaviour;
use self::container::{Said, Step};
use self::turn::{INIT, MAIN, Turn};
use super::context::{Context, Key, Task, Tone, is_deleting, is_over};
use super::events::Note;
use super::node::is_dead;
use super::object::{at, condition, integer, items, map_at, moment, set, stamp, text};
use crate::domain::Timestamp;
use crate::domain::quantity::parse_quantity_millis;
use crate::sim::resource::{NODES, PODS};

pub(crate) mod behaviour;
pub(crate) mod container;
pub(crate) mod turn;

const SOURCE: &str = "kubelet";
/// Why a container ends that took more memory than it may.
const OOM: &str = "OOMKilled";

/// What kubelets remember and no object tells.
#[derive(Debug, Default)]
pub(crate) struct Kubelet {
    /// Image pulls that failed, by pod uid: how often, and when last.
    pulls: FxHashMap<String, (u32, Timestamp)>,
    /// Pods that were told to stop.
    stopping: FxHashSet<String>,
}

/// The steps of containers that are due, the field of the status that has them, and the address the pod gets with them.
type Due<'a> = (&'a [(usize, Step)], &'static str, Option<String>);

impl Kubelet {
    /// Does what is due for a pod, and comes back for what is next.
    pub(crate) fn sync(&mut self, cx: &mut Context<'_>, key: &Key) {
        let Some(pod) = cx.get(&PODS, key) else { return };
        let node = text(&pod, &["spec", "nodeName"]);
        let host = cx.store.get(&NODES, "", node).cloned();
        if node.is_empty() || host.as_ref().is_none_or(|host| is_dead(host)) {
            return;
        }
        if is_deleting(&pod) {
            self.stop(cx, key, &pod);
            return;
        }
        if is_over(&pod) {
            return;
        }
        if moment(&pod, &["status", "startTime"]).is_none() {
            let now = cx.now;
            let address = host.as_ref().map(|host| address(host)).unwrap_or_default();
            cx.update(&PODS, key, |pod| admit(pod, &address, now));
            return;
        }
        let behaviour = Behaviour::of(&pod);
        let pull = self.pulls.get(text(&pod, &["metadata", "uid"])).copied();
        let mut steps = Vec::new();
        let mut next = None::<Timestamp>;
        let turn = Turn::of(&pod);
        for (index, status) in items(&pod, &["status", turn.field]).iter().enumerate() {
            if turn.only.is_some_and(|only| only != index) {
                continue;
            }
            match container::next(&pod, status, &behaviour, (pull, turn.since)) {
                Some((when, step)) if when <= cx.now => steps.push((index, step)),
                Some((when, _)) => next = Some(next.map_or(when, |sooner| sooner.min(when))),
                None => {}
            }
        }
        if let Some(when) = next.filter(|_| steps.is_empty()) {
            cx.timers.at(when, Task::Pod(key.clone()));
        }
        if !steps.is_empty() {
            let ip = host.filter(|_| text(&pod, &["status", "podIP"]).is_empty());
            let ip = ip.and_then(|host| free_ip(cx, &host));
            self.run(cx, key, &pod, &behaviour, (&steps, turn.field, ip));
        }
    }

    fn run(
        &mut self,
        cx: &mut Context<'_>,
        key: &Key,
        pod: &Value,
        behaviour: &Behaviour,
        (steps, field, ip): Due<'_>,
    ) {
        let now = cx.now;
        let uid = text(pod, &["metadata", "uid"]).to_owned();
        let full = format!("{}_{}({uid})", key.name, key.namespace);
        let mut said: Vec<Said> = Vec::new();
        for (_, step) in steps {
            if matches!(step, Step::PullFails) {
                let failed = self.pulls.entry(uid.clone()).or_insert((0, now));
                *failed = (failed.0 + 1, now);
            }
        }
        let after = cx.update(&PODS, key, |pod| {
            let around = json!({"spec": pod.get("spec"), "metadata": pod.get("metadata")});
            if let Some(statuses) = at_mut(pod, field) {
                for (index, step) in steps {
                    if let Some(status) = statuses.get_mut(*index) {
                        container::apply(status, *step, &around, &full, behaviour, now, &mut said);
                    }
                }
            }
            if let Some(ip) = &ip {
                set_ip(pod, ip);
            }
            settle(pod, now);
        });
        let Some(after) = after else { return };
        for said in &said {
            let note = Note {
                about: &after,
                field: &said.field,
                tone: said.tone,
                reason: said.reason,
                message: &said.message,
                source: SOURCE,
                host: text(&after, &["spec", "nodeName"]),
            };
            cx.recorder.record(cx.store, now, &note);
        }
        let out_of_memory = behaviour.exit_reason.as_deref() == Some(OOM);
        if out_of_memory && steps.iter().any(|(_, step)| *step == Step::Crash) {
            tell_oom(cx, &after, behaviour);
        }
    }

    fn stop(&mut self, cx: &mut Context<'_>, key: &Key, pod: &Value) {
        let uid = text(pod, &["metadata", "uid"]).to_owned();
        let now = cx.now;
        let deadline = moment(pod, &["metadata", "deletionTimestamp"]).unwrap_or(now);
        let grace = integer(pod, &["metadata", "deletionGracePeriodSeconds"]).unwrap_or(0);
        let asked = deadline - TimeDelta::try_seconds(grace).unwrap_or_default();
        let done = deadline.min(asked + Behaviour::of(pod).stop);
        if self.stopping.insert(uid.clone()) {
            for status in turn::statuses(pod) {
                let name = text(status, &["name"]);
                if at(status, &["state", "running"]).is_some() {
                    let note = Note {
                        about: pod,
                        field: &format!("spec.containers{{{name}}}"),
                        tone: Tone::Normal,
                        reason: "Killing",
                        message: &format!("Stopping container {name}"),
                        source: SOURCE,
                        host: text(pod, &["spec", "nodeName"]),
                    };
                    cx.recorder.record(cx.store, now, &note);
                }
            }
        }
        if done > now {
            cx.timers.at(done, Task::Pod(key.clone()));
            return;
        }
        let killed = deadline <= done;
        let ended = cx.update(&PODS, key, |pod| {
            for (field, _) in [INIT, MAIN] {
                for status in at_mut(pod, field).into_iter().flatten() {
                    container::end(status, if killed { 137 } else { 0 }, now);
                }
            }
            settle(pod, now);
        });
        if !is_over(pod) && ended.as_deref().is_some_and(is_over) {
            // Its object goes when this change brings us back, after whoever waits for the end alone.
            return;
        }
        self.stopping.remove(&uid);
        self.pulls.remove(&uid);
        cx.remove(&PODS, key);
    }
}

/// What node-problem-detector makes of the kernel's words: an event of the node.
fn tell_oom(cx: &mut Context<'_>, pod: &Value, behaviour: &Behaviour) {
    let host = text(pod, &["spec", "nodeName"]);
    let Some(machine) = cx.store.get(&NODES, "", host).cloned() else {
        return;
    };
    let limit = items(pod, &["spec", "containers"])
        .iter()
        .find(|container| text(container, &["name"]) == behaviour.container)
        .and_then(|container| parse_quantity_millis(text(container, &["resources", "limits", "memory"])));
    let held = limit.unwrap_or_default() / 1_000 / 1_024;
    let process = 10_000 + cx.now.timestamp() % 50_000;
    let message = format!(
        "Memory cgroup out of memory: Killed process {process} ({}) total-vm:{}kB, anon-rss:{held}kB, file-rss:0kB, \
         shmem-rss:0kB, UID:0 pgtables:{}kB oom_score_adj:985",
        behaviour.container,
        held * 2,
        held / 500,
    );
    let note = Note {
        about: &machine,
        field: "",
        tone: Tone::Warning,
        reason: "OOMKilling",
        message: &message,
        source: "kernel-monitor",
        host,
    };
    let now = cx.now;
    cx.recorder.record(cx.store, now, &note);
}

fn at_mut<'a>(pod: &'a mut Value, field: &str) -> Option<&'a mut Vec<Value>> {
    map_at(pod, &["status"])?.get_mut(field)?.as_array_mut()
}

/// The address a node is reached at.
pub(crate) fn address(node: &Value) -> String {
    items(node, &["status", "addresses"])
        .iter()
        .find(|a| text(a, &["type"]) == "InternalIP")
        .map(|a| text(a, &["address"]).to_owned())
        .unwrap_or_default()
}

/// Takes a pod in: nothing of it runs yet.
pub(crate) fn admit(pod: &mut Value, address: &str, now: Timestamp) {
    let waits = !items(pod, &["spec", INIT.1]).is_empty();
    let created = |pod: &Value, list: &str| -> Vec<Value> {
        let containers = items(pod, &["spec", list]).iter();
        containers
            .map(|c| container::created(text(c, &["name"]), text(c, &["image"]), waits))
            .collect()
    };
    let (init, main) = (created(pod, INIT.1), created(pod, MAIN.1));
    set(pod, &["status", "phase"], "Pending");
    set(pod, &["status", "startTime"], stamp(now));
    if !address.is_empty() {
        set(pod, &["status", "hostIP"], address);
        set(pod, &["status", "hostIPs"], json!([{"ip": address}]));
    }
    set(pod, &["status", MAIN.0], main);
    if waits {
        set(pod, &["status", INIT.0], init);
    }
    mark(pod, "PodReadyToStartContainers", false, None, now);
    settle(pod, now);
}

/// An address of the node's pod network that none of its pods has.
fn free_ip(cx: &Context<'_>, node: &Value) -> Option<String> {
    let place = cx.nodes.get(text(node, &["metadata", "name"]))?;
    let used: FxHashSet<String> = place
        .pods
        .iter()
        .filter_map(|key| cx.get(&PODS, key))
        .map(|pod| text(&pod, &["status", "podIP"]).to_owned())
        .collect();
    (2..=254)
        .map(|number| pod_ip(node, number))
        .find(|ip| !used.contains(ip))
}

/// The address of a number in a node's pod network; nodes without one share a made-up network.
pub(crate) fn pod_ip(node: &Value, number: u32) -> String {
    let network = text(node, &["spec", "podCIDR"]);
    let prefix = network.rsplit_once('.').map_or("10.244.0", |(prefix, _)| prefix);
    format!("{prefix}.{number}")
}

/// Gives a pod its address.
pub(crate) fn set_ip(pod: &mut Value, ip: &str) {
    set(pod, &["status", "podIPs"], json!([{"ip": ip}]));
    set(pod, &["status", "podIP"], ip);
}

/// Makes phase and conditions follow from the containers.
pub(crate) fn settle(pod: &mut Value, now: Timestamp) {
    let statuses = items(pod, &["status", MAIN.0]).to_vec();
    let init = items(pod, &["status", INIT.0]).to_vec();
    let ended = |c: &Value| at(c, &["state", "terminated"]).is_some();
    let never_ran = |c: &Value| at(c, &["state", "waiting"]).is_some() && at(c, &["lastState", "terminated"]).is_none();
    let restarts = text(pod, &["spec", "restartPolicy"]);
    let failed = statuses
        .iter()
        .any(|c| integer(c, &["state", "terminated", "exitCode"]).unwrap_or(0) != 0);
    let final_end = statuses.iter().all(ended) && !statuses.is_empty();
    let in_init = Turn::of(pod).is_of_init();
    let init_failed = init
        .iter()
        .any(|c| integer(c, &["state", "terminated", "exitCode"]).unwrap_or(0) != 0);
    let phase = match restarts {
        "Never" if init_failed => "Failed",
        _ if is_deleting(pod) && in_init && !init.iter().any(is_running) => "Failed",
        "Never" if final_end && failed => "Failed",
        "Never" | "OnFailure" if final_end && !failed => "Succeeded",
        _ if is_deleting(pod) && final_end && failed => "Failed",
        _ if is_deleting(pod) && final_end => "Succeeded",
        _ if statuses.iter().any(never_ran) => "Pending",
        _ => "Running",
    };
    set(pod, &["status", "phase"], phase);
    initialized(pod, in_init, &init, now);
    let sandbox = phase != "Pending" || init.iter().chain(&statuses).any(|c| !never_ran(c));
    mark(pod, "PodReadyToStartContainers", sandbox, None, now);
    let unready: Vec<&str> = statuses
        .iter()
        .filter(|c| at(c, &["ready"]) != Some(&Value::Bool(true)))
        .map(|c| text(c, &["name"]))
        .collect();
    let why = match phase {
        "Succeeded" => Some(("PodCompleted", String::new())),
        "Failed" => Some(("PodFailed", String::new())),
        _ if unready.is_empty() => None,
        _ => Some((
            "ContainersNotReady",
            format!("containers with unready status: [{}]", unready.join(" ")),
        )),
    };
    for kind in ["Ready", "ContainersReady"] {
        mark(
            pod,
            kind,
            why.is_none(),
            why.as_ref().map(|(reason, text)| (*reason, text.as_str())),
            now,
        );
    }
    mark(pod, "PodScheduled", true, None, now);
}

fn is_running(status: &Value) -> bool {
    at(status, &["state", "running"]).is_some()
}

/// Says whether all init containers are done, and which are not.
fn initialized(pod: &mut Value, in_init: bool, init: &[Value], now: Timestamp) {
    let is_open = |c: &&Value| integer(c, &["state", "terminated", "exitCode"]) != Some(0);
    let open: Vec<&str> = init.iter().filter(is_open).map(|c| text(c, &["name"])).collect();
    let message = format!("containers with incomplete status: [{}]", open.join(" "));
    let why = in_init.then_some(("ContainersNotInitialized", message.as_str()));
    mark(pod, "Initialized", !in_init, why, now);
}

/// Sets a condition of a pod; its time changes with its status only.
pub(crate) fn mark(pod: &mut Value, kind: &str, holds: bool, why: Option<(&str, &str)>, now: Timestamp) {
    let status = if holds { "True" } else { "False" };
    let since = condition(pod, kind)
        .filter(|c| text(c, &["status"]) == status)
        .map_or_else(|| stamp(now), |c| text(c, &["lastTransitionTime"]).to_owned());
    let mut next = json!({"type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": since});
    if let Some((reason, message)) = why {
        set(&mut next, &["reason"], reason);
        if !message.is_empty() {
            set(&mut next, &["message"], message);
        }
    }
    let Some(status) = map_at(pod, &["status"]) else { return };
    let Some(list) = status.entry("conditions").or_insert_with(|| json!([])).as_array_mut() else {
        return;
    };
    match list.iter_mut().find(|c| text(c, &["type"]) == kind) {
        Some(current) => *current = next,
        None => list.push(next),
    }
}

/// Whether a pod needs its kubelet, though nobody changes it.
pub(crate) fn is_restless(pod: &Value) -> bool {
    is_deleting(pod) || !is_over(pod) && (!super::object::holds(pod, "Ready") || Behaviour::of(pod).is_eventful())
}
