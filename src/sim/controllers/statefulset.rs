//! The StatefulSet controller: numbered pods, made in order, replaced in reverse order.
//!
//! Claims of volumes are not made.

use serde_json::{Value, json};

use super::context::{Context, Key, Task, Tone, is_deleting, is_over, replicas};
use super::history;
use super::object::{at, count, holds, integer, set, text};
use super::replicaset::availability;
use super::template::{Maker, pod};
use crate::domain::Timestamp;
use crate::sim::resource::{CONTROLLER_REVISIONS, PODS, STATEFUL_SETS};
use crate::sim::store::Stored;

const SOURCE: &str = "statefulset-controller";

/// A StatefulSet with its pods and templates.
struct View {
    set: Stored,
    /// The template pods below the partition keep.
    current: Stored,
    /// The template asked for.
    update: Stored,
    /// Pods by number.
    pods: Vec<(i64, Stored)>,
    wanted: i64,
    in_order: bool,
}

pub(crate) fn sync(cx: &mut Context<'_>, key: &Key) {
    let Some(set) = cx.get(&STATEFUL_SETS, key) else { return };
    if is_deleting(&set) {
        return;
    }
    let Some(update) = history::current(cx, &set, "StatefulSet") else {
        return;
    };
    let known = cx.owned(&set, &CONTROLLER_REVISIONS);
    let named = text(&set, &["status", "currentRevision"]);
    let current = known.into_iter().find(|r| text(r, &["metadata", "name"]) == named);
    let mut pods: Vec<(i64, Stored)> = cx
        .pods_of(&set)
        .into_iter()
        .filter_map(|pod| Some((ordinal(&pod)?, pod)))
        .collect();
    pods.sort_by_key(|(number, _)| *number);
    let view = View {
        current: current.unwrap_or_else(|| update.clone()),
        update,
        pods,
        wanted: replicas(&set),
        in_order: text(&set, &["spec", "podManagementPolicy"]) != "Parallel",
        set,
    };
    view.step(cx);
    let (status, next) = view.status(cx.now);
    cx.set_status(&STATEFUL_SETS, key, status);
    if let Some(when) = next {
        cx.timers.at(when, Task::StatefulSet(key.clone()));
    }
    let in_use = [history::hash_of(&view.current), history::hash_of(&view.update)];
    history::forget(cx, &view.set, &in_use);
}

fn ordinal(pod: &Value) -> Option<i64> {
    text(pod, &["metadata", "name"]).rsplit('-').next()?.parse().ok()
}

fn is_healthy(pod: &Value) -> bool {
    holds(pod, "Ready") && !is_deleting(pod)
}

impl View {
    fn step(&self, cx: &mut Context<'_>) {
        for number in 0..self.wanted {
            match self.pods.iter().find(|(n, _)| *n == number).map(|(_, pod)| pod) {
                None => {
                    self.make(cx, number);
                    if self.in_order {
                        return;
                    }
                }
                Some(pod) if is_over(pod) => {
                    self.remove(cx, pod);
                    return;
                }
                // Also one of a template that is asked for no more: it waits for a person to delete it (kubernetes#67250).
                Some(pod) if self.in_order && !is_healthy(pod) => return,
                Some(_) => {}
            }
        }
        for (_, pod) in self.pods.iter().rev().filter(|(number, _)| *number >= self.wanted) {
            let was_going = is_deleting(pod);
            self.remove(cx, pod);
            if self.in_order || was_going {
                return;
            }
        }
        self.roll(cx);
    }

    fn partition(&self) -> i64 {
        integer(&self.set, &["spec", "updateStrategy", "rollingUpdate", "partition"]).unwrap_or(0)
    }

    fn is_old(&self, pod: &Value) -> bool {
        text(pod, &["metadata", "labels", history::HASH]) != text(&self.update, &["metadata", "name"])
    }

    fn rolls(&self) -> bool {
        text(&self.set, &["spec", "updateStrategy", "type"]) != "OnDelete"
    }

    /// Replaces the highest pod of an older template; waits while one is not healthy.
    fn roll(&self, cx: &mut Context<'_>) {
        if !self.rolls() {
            return;
        }
        let partition = self.partition();
        for (_, pod) in self
            .pods
            .iter()
            .rev()
            .filter(|(n, _)| *n >= partition && *n < self.wanted)
        {
            if self.is_old(pod) {
                self.remove(cx, pod);
                return;
            }
            if !is_healthy(pod) {
                return;
            }
        }
    }

    fn make(&self, cx: &mut Context<'_>, number: i64) {
        let record = if number < self.partition() {
            &self.current
        } else {
            &self.update
        };
        let object = member(&self.set, record, number);
        let name = text(&object, &["metadata", "name"]).to_owned();
        let set_name = text(&self.set, &["metadata", "name"]).to_owned();
        match cx.create(&PODS, object) {
            Ok(_) => {
                let message = format!("Create Pod {name} in StatefulSet {set_name} successful");
                cx.event(&self.set, Tone::Normal, "SuccessfulCreate", &message, SOURCE);
            }
            Err(status) => {
                let message = format!(
                    "Create Pod {name} in StatefulSet {set_name} failed error: {}",
                    status.message
                );
                cx.event(&self.set, Tone::Warning, "FailedCreate", &message, SOURCE);
            }
        }
    }

    fn remove(&self, cx: &mut Context<'_>, pod: &Stored) {
        if is_deleting(pod) {
            return;
        }
        cx.delete_pod(pod);
        let (name, set) = (text(pod, &["metadata", "name"]), text(&self.set, &["metadata", "name"]));
        let message = format!("Delete Pod {name} in StatefulSet {set} successful");
        cx.event(&self.set, Tone::Normal, "SuccessfulDelete", &message, SOURCE);
    }

    fn status(&self, now: Timestamp) -> (Value, Option<Timestamp>) {
        let min_ready = integer(&self.set, &["spec", "minReadySeconds"]).unwrap_or(0);
        let (mut ready, mut available, mut updated, mut current) = (0, 0, 0, 0);
        let mut next = None::<Timestamp>;
        let there: Vec<&Stored> = self
            .pods
            .iter()
            .map(|(_, pod)| pod)
            .filter(|pod| !is_over(pod))
            .collect();
        for pod in &there {
            ready += i64::from(holds(pod, "Ready"));
            let (now_available, when) = availability(pod, min_ready, now);
            available += i64::from(now_available);
            next = next.into_iter().chain(when).min();
            if !is_deleting(pod) {
                updated += i64::from(!self.is_old(pod));
                current += i64::from(
                    text(pod, &["metadata", "labels", history::HASH]) == text(&self.current, &["metadata", "name"]),
                );
            }
        }
        let total = there.len() as i64;
        let done = updated == self.wanted && ready == self.wanted && total == self.wanted;
        let (current_record, current) = if done {
            (&self.update, updated)
        } else {
            (&self.current, current)
        };
        let names = [current_record, &self.update].map(|r| text(r, &["metadata", "name"]));
        (
            status(&self.set, names, [total, ready, available, current, updated]),
            next,
        )
    }
}

/// The pod of a number.
pub(crate) fn member(owner: &Value, record: &Value, number: i64) -> Value {
    let mut template = history::template_of(record);
    let name = format!("{}-{number}", text(owner, &["metadata", "name"]));
    // The label carries the whole name of the record, not only its hash, as with the real controller.
    for (label, value) in [
        (history::HASH, text(record, &["metadata", "name"])),
        ("statefulset.kubernetes.io/pod-name", name.as_str()),
        ("apps.kubernetes.io/pod-index", number.to_string().as_str()),
    ] {
        set(&mut template, &["metadata", "labels", label], value);
    }
    set(&mut template, &["spec", "hostname"], name.as_str());
    let service = text(owner, &["spec", "serviceName"]);
    if !service.is_empty() {
        set(&mut template, &["spec", "subdomain"], service);
    }
    let maker = Maker {
        owner,
        api_version: "apps/v1",
        kind: "StatefulSet",
    };
    pod(maker, &template, &name)
}

/// The status for revision names (current, update) and counts of all, ready, available, current and updated pods.
pub(crate) fn status(stateful_set: &Value, [current_name, update_name]: [&str; 2], counts: [i64; 5]) -> Value {
    let [total, ready, available, current, updated] = counts;
    let mut status = json!({
        "replicas": total, "availableReplicas": available, "collisionCount": count(stateful_set, &["status", "collisionCount"]),
        "currentRevision": current_name, "updateRevision": update_name,
        "observedGeneration": integer(stateful_set, &["metadata", "generation"]).unwrap_or(1),
    });
    for (field, number) in [
        ("readyReplicas", ready),
        ("currentReplicas", current),
        ("updatedReplicas", updated),
    ] {
        if number != 0 {
            set(&mut status, &[field], number);
        }
    }
    status
}

/// Whether nothing is left to do, as far as its own status tells.
pub(crate) fn is_settled(set: &Value) -> bool {
    let wanted = replicas(set);
    ["replicas", "readyReplicas", "availableReplicas", "updatedReplicas"]
        .iter()
        .all(|field| count(set, &["status", field]) == wanted)
        && at(set, &["status", "currentRevision"]) == at(set, &["status", "updateRevision"])
        && super::deployment::is_observed(set)
}
