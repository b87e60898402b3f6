//! The scheduler: finds a node for each pod, or says why there is none.
//!
//! Which nodes take a pod is [`PodShape::fit`]'s answer, as for the headroom on screen. Among those, the least
//! loaded that has the fewest instances of the same owner wins. Preemption is not simulated.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use rustc_hash::FxHashMap;

use super::context::{Context, Key, Task, Tone, is_deleting};
use super::kubelet::mark;
use super::nodes::{Place, shape};
use super::object::{condition, controller_of, set, text};
use crate::domain::headroom::{Limit, Refusal};
use crate::domain::{Node, PodShape};
use crate::sim::resource::PODS;
use crate::sim::store::Stored;

const SOURCE: &str = "default-scheduler";

/// Where the search begins, and the pods that found no node.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    start: usize,
    /// How often each waiting pod was tried.
    waiting: BTreeMap<Key, u32>,
}

impl Scheduler {
    /// Room may have become free: the pods that wait are tried again, the oldest tries soonest.
    pub(crate) fn wake(&mut self, cx: &mut Context<'_>) {
        for (key, tries) in &self.waiting {
            let wait = TimeDelta::seconds(1 << (*tries).min(4));
            cx.timers.at(cx.now + wait, Task::Schedule(key.clone()));
        }
    }

    pub(crate) fn sync(&mut self, cx: &mut Context<'_>, key: &Key) {
        let pod = cx.get(&PODS, key);
        let Some(pod) = pod.filter(|pod| text(pod, &["spec", "nodeName"]).is_empty() && !is_deleting(pod)) else {
            self.waiting.remove(key);
            return;
        };
        let ours = matches!(text(&pod, &["spec", "schedulerName"]), "" | "default-scheduler");
        let gated = !super::object::items(&pod, &["spec", "schedulingGates"]).is_empty();
        if !ours || gated {
            return;
        }
        match self.choose(cx, &pod) {
            Ok(node) => {
                self.waiting.remove(key);
                bind(cx, key, &pod, &node);
            }
            Err(message) => {
                *self.waiting.entry(key.clone()).or_default() += 1;
                refuse(cx, key, &pod, &message);
            }
        }
    }

    fn choose(&mut self, cx: &Context<'_>, pod: &Stored) -> Result<String, String> {
        let shape = shape(pod);
        let together = siblings(cx, pod);
        let nodes: Vec<(&Node, &Place)> = cx.nodes.iter().collect();
        let enough = enough(nodes.len());
        let (mut best, mut found, mut looked) = (None::<(f64, &Node)>, 0, 0);
        let mut refused = Refused::default();
        let from = self.start.checked_rem(nodes.len()).unwrap_or(0);
        for (node, place) in nodes.iter().cycle().skip(from).take(nodes.len()) {
            looked += 1;
            let here = together.get(node.name.as_str()).copied().unwrap_or(0);
            let fit = shape.fit(node, place.taken, here > 0);
            if fit.count == 0 {
                refused.count(&shape, node, place, fit.limit);
                continue;
            }
            found += 1;
            let score = score(&shape, node, place) - 12.0 * f64::from(here);
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, node));
            }
            if found >= enough {
                break;
            }
        }
        self.start = from + looked;
        best.map(|(_, node)| node.name.to_string())
            .ok_or_else(|| refused.message(nodes.len()))
    }
}

/// How many fitting nodes are enough to choose from: all of 100, a share of more.
fn enough(nodes: usize) -> usize {
    if nodes <= 100 {
        return nodes;
    }
    let percent = 50_usize.saturating_sub(nodes / 125).max(5);
    (nodes * percent / 100).max(100)
}

/// How many pods of the same owner are on each node.
fn siblings(cx: &Context<'_>, pod: &Stored) -> FxHashMap<String, u32> {
    let mut counts = FxHashMap::default();
    let Some((_, _, uid)) = controller_of(pod) else {
        return counts;
    };
    for (_, sibling) in cx.store.dependents(uid) {
        let node = text(sibling, &["spec", "nodeName"]);
        if !node.is_empty() {
            *counts.entry(node.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// The free share of a node in percent, with the pod on it.
fn score(shape: &PodShape, node: &Node, place: &Place) -> f64 {
    let free = node.allocatable - place.taken.requested - shape.requests;
    let share = |free: i64, all: i64| if all > 0 { free as f64 / all as f64 } else { 0.0 };
    50.0 * (share(free.cpu.0, node.allocatable.cpu.0) + share(free.memory.0, node.allocatable.memory.0))
}

/// Why nodes were refused, counted.
#[derive(Debug, Default)]
struct Refused {
    reasons: BTreeMap<&'static str, usize>,
    /// Nodes where taking other pods away would not help either.
    hopeless: usize,
    hopeful: usize,
}

impl Refused {
    fn count(&mut self, shape: &PodShape, node: &Node, place: &Place, limit: Limit) {
        let mut reasons = Vec::new();
        let mut hopeless = true;
        match limit {
            Limit::Refused(Refusal::NotReady | Refusal::Taint) => reasons.push("node(s) had untolerated taint(s)"),
            Limit::Refused(Refusal::Cordoned) => reasons.push("node(s) were unschedulable"),
            Limit::Refused(Refusal::Selector) => reasons.push("node(s) didn't match Pod's node affinity/selector"),
            Limit::OnePerNode if shape.host_port => {
                reasons.push("node(s) didn't have free ports for the requested pod ports");
                hopeless = false;
            }
            Limit::OnePerNode => {
                reasons.push("node(s) didn't match pod anti-affinity rules");
                hopeless = false;
            }
            Limit::Slots | Limit::Cpu | Limit::Memory => {
                let free = node.allocatable - place.taken.requested;
                if place.taken.pods >= node.pod_slots {
                    reasons.push("Too many pods");
                }
                if shape.requests.cpu > free.cpu {
                    reasons.push("Insufficient cpu");
                }
                if shape.requests.memory > free.memory {
                    reasons.push("Insufficient memory");
                }
                hopeless = shape.requests.cpu > node.allocatable.cpu || shape.requests.memory > node.allocatable.memory;
            }
        }
        for reason in reasons {
            *self.reasons.entry(reason).or_default() += 1;
        }
        if hopeless {
            self.hopeless += 1;
        } else {
            self.hopeful += 1;
        }
    }

    /// The scheduler's sentence.
    fn message(&self, nodes: usize) -> String {
        if nodes == 0 {
            return "no nodes available to schedule pods".into();
        }
        let mut reasons: Vec<String> = self
            .reasons
            .iter()
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        reasons.sort();
        let mut preemption = Vec::new();
        for (count, sentence) in [
            (self.hopeful, "No preemption victims found for incoming pod"),
            (self.hopeless, "Preemption is not helpful for scheduling"),
        ] {
            if count > 0 {
                preemption.push(format!("{count} {sentence}"));
            }
        }
        preemption.sort();
        format!(
            "0/{nodes} nodes are available: {}. no new claims to deallocate, preemption: 0/{nodes} nodes are available: {}.",
            reasons.join(", "),
            preemption.join(", ")
        )
    }
}

fn bind(cx: &mut Context<'_>, key: &Key, pod: &Stored, node: &str) {
    let now = cx.now;
    cx.update(&PODS, key, |pod| {
        set(pod, &["spec", "nodeName"], node);
        mark(pod, "PodScheduled", true, None, now);
    });
    let message = format!("Successfully assigned {key} to {node}");
    cx.event(pod, Tone::Normal, "Scheduled", &message, SOURCE);
}

fn refuse(cx: &mut Context<'_>, key: &Key, pod: &Stored, message: &str) {
    let now = cx.now;
    let said = condition(pod, "PodScheduled").map_or("", |c| text(c, &["message"]));
    if said != message {
        cx.update(&PODS, key, |pod| {
            mark(pod, "PodScheduled", false, Some(("Unschedulable", message)), now)
        });
    }
    cx.event(pod, Tone::Warning, "FailedScheduling", message, SOURCE);
}
