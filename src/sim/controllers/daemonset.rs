//! The DaemonSet controller: one pod on every node that takes it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::context::{Context, Key, Task, Tone, is_deleting, is_over};
use super::history;
use super::nodes::shape;
use super::object::{at, holds, integer, items, set, text};
use super::replicaset::availability;
use super::rolling::Amount;
use super::template::{Maker, pod};
use crate::domain::headroom::{Limit, Refusal, Taken};
use crate::domain::{Node, PodShape, Resources, Timestamp};
use crate::sim::resource::{DAEMON_SETS, PODS};
use crate::sim::store::Stored;

const SOURCE: &str = "daemonset-controller";

/// Taints every daemon tolerates: (key, effect).
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// Whether a node is to have a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Run,
    /// The node does not answer: what is there stays.
    Keep,
    No,
}

pub(crate) fn sync(cx: &mut Context<'_>, key: &Key) {
    let Some(set) = cx.get(&DAEMON_SETS, key) else { return };
    if is_deleting(&set) {
        return;
    }
    let Some(record) = history::current(cx, &set, "DaemonSet") else {
        return;
    };
    let hash = history::hash_of(&record).to_owned();
    let mut by_node: BTreeMap<String, Vec<Stored>> = BTreeMap::new();
    // What has ended and is on its way out needs nothing more, and its successor need not wait for its object to go.
    for pod in cx
        .pods_of(&set)
        .into_iter()
        .filter(|pod| !(is_over(pod) && is_deleting(pod)))
    {
        let node = target(&pod);
        by_node.entry(node).or_default().push(pod);
    }
    let shape = daemon_shape(&set);
    let wishes: Vec<(String, Wish)> = cx
        .nodes
        .iter()
        .map(|(n, _)| (n.name.to_string(), wish(&shape, n)))
        .collect();
    let (_, surge) = amounts(&set, &wishes);
    for (node, wish) in &wishes {
        let here = by_node.get(node).map_or(&[][..], Vec::as_slice);
        let is_missing = if surge > 0 {
            !here.iter().any(is_running)
        } else {
            here.is_empty()
        };
        if *wish == Wish::Run && is_missing {
            make(cx, &set, &hash, node);
        }
        for pod in here.iter().filter(|pod| *wish == Wish::No || is_over(pod)) {
            remove(cx, &set, pod);
        }
    }
    update(cx, &set, &hash, &by_node, &wishes);
    let (status, next) = status_of(&set, &hash, &by_node, &wishes, cx.now);
    cx.set_status(&DAEMON_SETS, key, status);
    if let Some(when) = next {
        cx.timers.at(when, Task::DaemonSet(key.clone()));
    }
    history::forget(cx, &set, &[&hash]);
}

/// The node a daemon is for, bound to it or not yet.
fn target(pod: &Value) -> String {
    let node = text(pod, &["spec", "nodeName"]);
    if !node.is_empty() {
        return node.to_owned();
    }
    let terms = [
        "spec",
        "affinity",
        "nodeAffinity",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "nodeSelectorTerms",
    ];
    items(pod, &terms)
        .iter()
        .flat_map(|term| items(term, &["matchFields"]))
        .flat_map(|field| items(field, &["values"]))
        .find_map(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn daemon_shape(set: &Value) -> PodShape {
    let mut template = at(set, &["spec", "template"]).cloned().unwrap_or_default();
    tolerate(&mut template);
    PodShape {
        requests: Resources::default(),
        host_port: false,
        one_per_node: false,
        ..shape(&template)
    }
}

fn wish(shape: &PodShape, node: &Node) -> Wish {
    match shape.fit(node, Taken::default(), false).limit {
        Limit::Refused(Refusal::NotReady) => Wish::Keep,
        Limit::Refused(Refusal::Cordoned | Refusal::Taint | Refusal::Selector) => Wish::No,
        Limit::Slots | Limit::Cpu | Limit::Memory | Limit::OnePerNode => Wish::Run,
    }
}

fn tolerate(template: &mut Value) {
    let mut tolerations = items(template, &["spec", "tolerations"]).to_vec();
    for (key, effect) in TOLERATED {
        tolerations.push(json!({"key": key, "operator": "Exists", "effect": effect}));
    }
    set(template, &["spec", "tolerations"], tolerations);
}

/// The daemon for a node.
pub(crate) fn daemon(owner: &Value, hash: &str, node: &str, name: &str) -> Value {
    let mut template = at(owner, &["spec", "template"]).cloned().unwrap_or_default();
    tolerate(&mut template);
    set(&mut template, &["metadata", "labels", history::HASH], hash);
    let field = json!({"key": "metadata.name", "operator": "In", "values": [node]});
    set(
        &mut template,
        &[
            "spec",
            "affinity",
            "nodeAffinity",
            "requiredDuringSchedulingIgnoredDuringExecution",
        ],
        json!({"nodeSelectorTerms": [{"matchFields": [field]}]}),
    );
    let maker = Maker {
        owner,
        api_version: "apps/v1",
        kind: "DaemonSet",
    };
    pod(maker, &template, name)
}

fn make(cx: &mut Context<'_>, set: &Stored, hash: &str, node: &str) {
    let name = format!("{}-{}", text(set, &["metadata", "name"]), cx.random.suffix(5));
    if cx.create(&PODS, daemon(set, hash, node, &name)).is_ok() {
        cx.event(
            set,
            Tone::Normal,
            "SuccessfulCreate",
            &format!("Created pod: {name}"),
            SOURCE,
        );
    }
}

fn remove(cx: &mut Context<'_>, set: &Stored, pod: &Stored) {
    if !is_deleting(pod) {
        cx.delete_pod(pod);
        let message = format!("Deleted pod: {}", text(pod, &["metadata", "name"]));
        cx.event(set, Tone::Normal, "SuccessfulDelete", &message, SOURCE);
    }
}

fn is_old(pod: &Value, hash: &str) -> bool {
    text(pod, &["metadata", "labels", history::HASH]) != hash
}

/// Whether a daemon neither ended nor is on its way out.
fn is_running(pod: &Stored) -> bool {
    !is_over(pod) && !is_deleting(pod)
}

/// On how many nodes the daemon may be missing, and on how many a second one may stand beside it.
fn amounts(set: &Value, wishes: &[(String, Wish)]) -> (i64, i64) {
    let wanted = wishes.iter().filter(|(_, wish)| *wish != Wish::No).count();
    let amount = |field, otherwise| {
        at(set, &["spec", "updateStrategy", "rollingUpdate", field])
            .and_then(Amount::parse)
            .unwrap_or(Amount::Count(otherwise))
            .of(wanted as i64)
    };
    match (amount("maxUnavailable", 1), amount("maxSurge", 0)) {
        (0, 0) => (1, 0),
        both => both,
    }
}

/// Replaces daemons of an older template, never more at once than may be unavailable.
fn update(
    cx: &mut Context<'_>,
    set: &Stored,
    hash: &str,
    by_node: &BTreeMap<String, Vec<Stored>>,
    wishes: &[(String, Wish)],
) {
    if text(set, &["spec", "updateStrategy", "type"]) == "OnDelete" {
        return;
    }
    let wanted = wishes.iter().filter(|(_, wish)| *wish != Wish::No).count();
    let (most, surge) = amounts(set, wishes);
    if surge > 0 {
        surge_by(cx, set, hash, by_node, wishes, surge);
        return;
    }
    let min_ready = integer(set, &["spec", "minReadySeconds"]).unwrap_or(0);
    let serves = |pod: &Stored| !is_deleting(pod) && availability(pod, min_ready, cx.now).0;
    let pods: Vec<&Stored> = by_node.values().flatten().collect();
    let serving = by_node.values().filter(|pods| pods.iter().any(&serves)).count();
    let (broken, fine): (Vec<&&Stored>, Vec<&&Stored>) = pods
        .iter()
        .filter(|pod| !is_deleting(pod) && is_old(pod, hash))
        .partition(|pod| !serves(pod));
    let spare = most - (wanted as i64 - serving as i64);
    let spare = usize::try_from(spare).unwrap_or(0);
    let victims: Vec<Stored> = broken
        .into_iter()
        .chain(fine.into_iter().take(spare))
        .map(|&pod| pod.clone())
        .collect();
    for pod in victims {
        remove(cx, set, &pod);
    }
}

/// Sets a new daemon beside an old one, on so many nodes at once, and removes the old one when the new one
/// serves. Where the old one does not serve, the new one need not wait.
fn surge_by(
    cx: &mut Context<'_>,
    set: &Stored,
    hash: &str,
    by_node: &BTreeMap<String, Vec<Stored>>,
    wishes: &[(String, Wish)],
    surge: i64,
) {
    let min_ready = integer(set, &["spec", "minReadySeconds"]).unwrap_or(0);
    let now = cx.now;
    let serves = |pod: &Stored| availability(pod, min_ready, now).0;
    let (mut broken, mut fine, mut doubled) = (Vec::new(), Vec::new(), 0);
    for (node, _) in wishes.iter().filter(|(_, wish)| *wish == Wish::Run) {
        let here = by_node.get(node).map_or(&[][..], Vec::as_slice);
        let mut alive = here.iter().filter(|pod| is_running(pod));
        let Some(old) = alive.clone().find(|pod| is_old(pod, hash)) else {
            continue;
        };
        match alive.find(|pod| !is_old(pod, hash)) {
            None if serves(old) => fine.push(node),
            None => broken.push(node),
            Some(new) if serves(new) || !holds(old, "Ready") => remove(cx, set, old),
            Some(_) => doubled += 1,
        }
    }
    let room = usize::try_from(surge - doubled).unwrap_or(0);
    for node in broken.into_iter().chain(fine.into_iter().take(room)) {
        make(cx, set, hash, node);
    }
}

fn status_of(
    set: &Value,
    hash: &str,
    by_node: &BTreeMap<String, Vec<Stored>>,
    wishes: &[(String, Wish)],
    now: Timestamp,
) -> (Value, Option<Timestamp>) {
    let min_ready = integer(set, &["spec", "minReadySeconds"]).unwrap_or(0);
    let (mut current, mut ready, mut available, mut updated, mut stray, mut wanted) = (0, 0, 0, 0, 0, 0);
    let mut next = None::<Timestamp>;
    for (node, wish) in wishes {
        let pods = by_node.get(node).map_or(&[][..], Vec::as_slice);
        // Where there are two, the elder one counts, also while it is on its way out.
        let here = pods
            .iter()
            .min_by_key(|pod| text(pod, &["metadata", "creationTimestamp"]));
        if *wish == Wish::No {
            stray += i64::from(here.is_some());
            continue;
        }
        wanted += 1;
        let Some(pod) = here else { continue };
        current += 1;
        ready += i64::from(holds(pod, "Ready"));
        let (now_available, when) = availability(pod, min_ready, now);
        available += i64::from(now_available);
        updated += i64::from(!is_old(pod, hash));
        next = next.into_iter().chain(when).min();
    }
    let status = status(set, [wanted, current, ready, available, updated, stray]);
    (status, next)
}

/// The status for counts of wanted, current, ready, available, updated and stray daemons.
pub(crate) fn status(daemon_set: &Value, counts: [i64; 6]) -> Value {
    let [wanted, current, ready, available, updated, stray] = counts;
    let mut status = json!({
        "desiredNumberScheduled": wanted, "currentNumberScheduled": current, "numberReady": ready,
        "numberMisscheduled": stray,
        "observedGeneration": integer(daemon_set, &["metadata", "generation"]).unwrap_or(1),
    });
    for (field, number) in [
        ("numberAvailable", available),
        ("numberUnavailable", wanted - available),
        ("updatedNumberScheduled", updated),
    ] {
        if number != 0 {
            set(&mut status, &[field], number);
        }
    }
    status
}

/// Whether nothing is left to do, as far as its own status tells.
pub(crate) fn is_settled(set: &Value) -> bool {
    let count = |field: &str| integer(set, &["status", field]).unwrap_or(0);
    let wanted = count("desiredNumberScheduled");
    wanted > 0
        && [
            "currentNumberScheduled",
            "numberReady",
            "numberAvailable",
            "updatedNumberScheduled",
        ]
        .iter()
        .all(|field| count(field) == wanted)
        && super::deployment::is_observed(set)
}
