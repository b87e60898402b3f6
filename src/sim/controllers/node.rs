//! The life of nodes: registered, dead, given up, come back.
//!
//! A node whose annotation `sim.pilothouse.dev/dead` is set has lost power: its kubelet says nothing more and
//! nothing on it moves. What follows is the node controller's and the taint manager's doing, with their times.

use chrono::TimeDelta;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use super::context::{Context, Key, Task, Tone, is_deleting, is_over};
use super::kubelet::{mark, settle};
use super::object::{annotation, condition, integer, items, map_at, moment, set, stamp, text, unset};
use crate::domain::Timestamp;
use crate::sim::resource::{NODES, PODS};
use crate::sim::store::Stored;

pub(crate) const DEAD: &str = "sim.pilothouse.dev/dead";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const NOT_READY: &str = "node.kubernetes.io/not-ready";
const SOURCE: &str = "node-controller";

/// How long a kubelet may be silent (`--node-monitor-grace-period`).
const GRACE: TimeDelta = TimeDelta::seconds(50);
/// How long pods tolerate that by default (`DefaultTolerationSeconds`).
const TOLERATED: i64 = 300;
/// How long pods of a node that no longer exists are kept.
const ORPHANED: TimeDelta = TimeDelta::seconds(40);

/// Since when nodes are silent or gone.
#[derive(Debug, Default)]
pub(crate) struct Silence(FxHashMap<Key, Timestamp>);

/// Whether a node has lost power.
pub(crate) fn is_dead(node: &Value) -> bool {
    annotation(node, DEAD).is_some_and(|text| text != "false")
}

impl Silence {
    pub(crate) fn sync(&mut self, cx: &mut Context<'_>, key: &Key) {
        let Some(node) = cx.get(&NODES, key) else {
            self.bury(cx, key);
            return;
        };
        let ready = condition(&node, "Ready").map_or("", |c| text(c, &["status"]));
        match (is_dead(&node), ready) {
            (true, "True" | "") => {
                let since = *self.0.entry(key.clone()).or_insert(cx.now);
                if since + GRACE <= cx.now {
                    give_up(cx, key, &node);
                } else {
                    cx.timers.at(since + GRACE, Task::Node(key.clone()));
                }
            }
            (true, _) => {}
            (false, "True") => {
                self.0.remove(key);
            }
            (false, _) => {
                self.0.remove(key);
                come_back(cx, key, &node);
            }
        }
        if let Some(node) = cx.get(&NODES, key) {
            evict(cx, key, &node);
        }
    }

    /// A node object is gone: what was on it is taken away after a while.
    fn bury(&mut self, cx: &mut Context<'_>, key: &Key) {
        let pods = pods_on(cx, key);
        if pods.is_empty() {
            self.0.remove(key);
            return;
        }
        let when = *self.0.entry(key.clone()).or_insert(cx.now) + ORPHANED;
        if when > cx.now {
            cx.timers.at(when, Task::Node(key.clone()));
            return;
        }
        self.0.remove(key);
        for pod in pods {
            cx.remove(&PODS, &Key::of(&pod));
        }
    }
}

fn pods_on(cx: &Context<'_>, key: &Key) -> Vec<Stored> {
    let place = cx.nodes.get(&key.name);
    place
        .iter()
        .flat_map(|place| &place.pods)
        .filter_map(|key| cx.get(&PODS, key))
        .collect()
}

fn give_up(cx: &mut Context<'_>, key: &Key, node: &Stored) {
    let now = cx.now;
    cx.update(&NODES, key, |node| lose(node, now));
    let message = format!("Node {} status is now: NodeNotReady", key.name);
    cx.event(node, Tone::Normal, "NodeNotReady", &message, SOURCE);
    for pod in pods_on(cx, key).into_iter().filter(|pod| !is_over(pod)) {
        cx.update(&PODS, &Key::of(&pod), |pod| mark(pod, "Ready", false, None, now));
        cx.event(&pod, Tone::Warning, "NodeNotReady", "Node is not ready", SOURCE);
    }
}

/// Marks a node as one whose kubelet is no longer heard of.
pub(crate) fn lose(node: &mut Value, now: Timestamp) {
    let said = |reason: &str| (reason.to_owned(), "Kubelet stopped posting node status.".to_owned());
    for kind in ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"] {
        put(node, kind, "Unknown", said("NodeStatusUnknown"), now, false);
    }
    let mut taints = items(node, &["spec", "taints"]).to_vec();
    taints.retain(|taint| text(taint, &["key"]) != UNREACHABLE);
    for effect in ["NoSchedule", "NoExecute"] {
        taints.push(json!({"key": UNREACHABLE, "effect": effect, "timeAdded": stamp(now)}));
    }
    set(node, &["spec", "taints"], taints);
}

fn come_back(cx: &mut Context<'_>, key: &Key, node: &Stored) {
    let now = cx.now;
    cx.update(&NODES, key, |node| register(node, now));
    let message = format!("Node {} status is now: NodeReady", key.name);
    cx.event(node, Tone::Normal, "NodeReady", &message, "kubelet");
    for pod in pods_on(cx, key) {
        if !is_over(&pod) && moment(&pod, &["status", "startTime"]).is_some() {
            cx.update(&PODS, &Key::of(&pod), |pod| settle(pod, now));
        }
        cx.timers.at(now, Task::Pod(Key::of(&pod)));
    }
}

/// Makes a node ready, with what its kubelet reports.
pub(crate) fn register(node: &mut Value, now: Timestamp) {
    for (kind, status, reason, message) in [
        (
            "MemoryPressure",
            "False",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available",
        ),
        (
            "DiskPressure",
            "False",
            "KubeletHasNoDiskPressure",
            "kubelet has no disk pressure",
        ),
        (
            "PIDPressure",
            "False",
            "KubeletHasSufficientPID",
            "kubelet has sufficient PID available",
        ),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ] {
        put(node, kind, status, (reason.to_owned(), message.to_owned()), now, true);
    }
    let mut taints = items(node, &["spec", "taints"]).to_vec();
    taints.retain(|taint| !matches!(text(taint, &["key"]), UNREACHABLE | NOT_READY));
    if taints.is_empty() {
        unset(node, &["spec", "taints"]);
    } else {
        set(node, &["spec", "taints"], taints);
    }
    let offered = super::object::at(node, &["status", "capacity"]).cloned();
    if super::object::at(node, &["status", "allocatable"]).is_none() {
        let room = offered.unwrap_or_else(|| json!({"cpu": "8", "memory": "32Gi", "pods": "110"}));
        set(node, &["status", "capacity"], room.clone());
        set(node, &["status", "allocatable"], room);
    }
}

fn put(node: &mut Value, kind: &str, status: &str, (reason, message): (String, String), now: Timestamp, heard: bool) {
    let before = condition(node, kind);
    let since = before
        .filter(|c| text(c, &["status"]) == status)
        .map_or_else(|| stamp(now), |c| text(c, &["lastTransitionTime"]).to_owned());
    let beat = before
        .filter(|_| !heard)
        .map(|c| text(c, &["lastHeartbeatTime"]).to_owned());
    let next = json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": since, "lastHeartbeatTime": beat.unwrap_or_else(|| stamp(now)),
    });
    let Some(status) = map_at(node, &["status"]) else {
        return;
    };
    let Some(list) = status.entry("conditions").or_insert_with(|| json!([])).as_array_mut() else {
        return;
    };
    match list.iter_mut().find(|c| text(c, &["type"]) == kind) {
        Some(current) => *current = next,
        None => list.push(next),
    }
}

/// Deletes the pods that do not tolerate the node's `NoExecute` taints any longer.
fn evict(cx: &mut Context<'_>, key: &Key, node: &Value) {
    let taints: Vec<&Value> = items(node, &["spec", "taints"])
        .iter()
        .filter(|taint| text(taint, &["effect"]) == "NoExecute")
        .collect();
    if taints.is_empty() {
        return;
    }
    let now = cx.now;
    for pod in pods_on(cx, key).into_iter().filter(|pod| !is_deleting(pod)) {
        let Some(when) = taints.iter().filter_map(|taint| leaves(&pod, taint, now)).min() else {
            continue;
        };
        if when > now {
            cx.timers.at(when, Task::Node(key.clone()));
            continue;
        }
        let name = Key::of(&pod);
        let why = (
            "DeletionByTaintManager",
            "Taint manager: deleting due to NoExecute taint",
        );
        cx.update(&PODS, &name, |pod| mark(pod, "DisruptionTarget", true, Some(why), now));
        let message = format!("Marking for deletion Pod {name}");
        cx.event(
            &pod,
            Tone::Normal,
            "TaintManagerEviction",
            &message,
            "taint-eviction-controller",
        );
        cx.delete_pod(&pod);
    }
}

/// When a pod has to leave because of a taint; `None`: it may stay.
fn leaves(pod: &Value, taint: &Value, now: Timestamp) -> Option<Timestamp> {
    let (key, value) = (text(taint, &["key"]), text(taint, &["value"]));
    let since = moment(taint, &["timeAdded"]).unwrap_or(now);
    let tolerated = items(pod, &["spec", "tolerations"]).iter().find(|t| {
        let by_key = text(t, &["key"]) == key || text(t, &["key"]).is_empty() && text(t, &["operator"]) == "Exists";
        let by_value = text(t, &["operator"]) == "Exists" || text(t, &["value"]) == value;
        by_key && by_value && matches!(text(t, &["effect"]), "" | "NoExecute")
    });
    let seconds = match tolerated {
        Some(toleration) => integer(toleration, &["tolerationSeconds"])?,
        None if key == UNREACHABLE || key == NOT_READY => TOLERATED,
        None => 0,
    };
    Some(super::deployment::after(since, seconds))
}
