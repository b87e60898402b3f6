//! What was said about the story before the demo begins: its events.

use super::apps::Story;
use super::build::{Builder, death};
use super::extras::{Said, say};
use super::plan::Plan;
use crate::sim::controllers::context::{Key, Tone};
use crate::sim::controllers::events::Recorder;
use crate::sim::controllers::object::{at, holds, text};
use crate::sim::resource::{DEPLOYMENTS, NODES, PODS};
use crate::sim::store::Stored;

/// What was said about the story before the demo begins.
pub(crate) fn past(builder: &mut Builder, plan: &Plan) {
    let mut recorder = Recorder::default();
    for app in &plan.apps {
        let Some(deployment) = builder.store.get(&DEPLOYMENTS, app.team, &app.name).cloned() else {
            continue;
        };
        let (instances, minutes) = match app.story {
            Story::Gray { instances, minutes } | Story::GrayFails { instances, minutes, .. } => (instances, minutes),
            Story::Quiet | Story::NoRoom(_) | Story::Restarts(_) => continue,
        };
        let newest = newest_set(builder, &deployment);
        let message = format!("Scaled up replica set {newest} from 0 to {instances}");
        let said = Said {
            about: &deployment,
            minutes,
            times: 1,
            tone: Tone::Normal,
            reason: "ScalingReplicaSet",
            message: &message,
            source: "deployment-controller",
        };
        say(builder, &mut recorder, &said);
    }
    let crashing: Vec<Stored> = builder
        .store
        .list_in(&PODS, "im")
        .filter(|pod| is_crashing(pod))
        .cloned()
        .collect();
    for pod in &crashing {
        let (name, uid) = (text(pod, &["metadata", "name"]), text(pod, &["metadata", "uid"]));
        let message = format!("Back-off restarting failed container app in pod {name}_im({uid})");
        let said = Said {
            about: pod,
            minutes: 70,
            times: 60,
            tone: Tone::Warning,
            reason: "BackOff",
            message: &message,
            source: "kubelet",
        };
        say(builder, &mut recorder, &said);
    }
    if let Some(node) = plan.dead.and_then(|name| builder.store.get(&NODES, "", name)).cloned() {
        lost(builder, &mut recorder, &node);
    }
}

/// What the controllers said when the dead node was given up, and when its pods were told to go.
fn lost(builder: &mut Builder, recorder: &mut Recorder, node: &Stored) {
    let death = death(builder.now);
    let name = text(node, &["metadata", "name"]);
    let message = format!("Node {name} status is now: NodeNotReady");
    let given_up = |about, tone, message| Said {
        about,
        minutes: (builder.now - death.given_up).num_minutes(),
        times: 1,
        tone,
        reason: "NodeNotReady",
        message,
        source: "node-controller",
    };
    let said = given_up(node, Tone::Normal, &message);
    let pods: Vec<Stored> = builder
        .store
        .list(&PODS)
        .filter(|pod| text(pod, &["spec", "nodeName"]) == name)
        .cloned()
        .collect();
    let told: Vec<(&Stored, String)> = pods
        .iter()
        .filter(|pod| at(pod, &["metadata", "deletionTimestamp"]).is_some())
        .map(|pod| (pod, format!("Marking for deletion Pod {}", Key::of(pod))))
        .collect();
    let not_ready = pods.iter().map(|pod| given_up(pod, Tone::Warning, "Node is not ready"));
    let evicted = told.iter().map(|(pod, message)| Said {
        about: pod,
        minutes: (builder.now - death.evicted).num_minutes(),
        times: 1,
        tone: Tone::Normal,
        reason: "TaintManagerEviction",
        message,
        source: "taint-eviction-controller",
    });
    let all: Vec<Said<'_>> = std::iter::once(said).chain(not_ready).chain(evicted).collect();
    for said in &all {
        say(builder, recorder, said);
    }
}

fn newest_set(builder: &Builder, deployment: &Stored) -> String {
    let owned = builder.store.dependents(text(deployment, &["metadata", "uid"]));
    let newest = owned.max_by_key(|(_, set)| text(set, &["metadata", "creationTimestamp"]).to_owned());
    newest
        .map(|(_, set)| text(set, &["metadata", "name"]).to_owned())
        .unwrap_or_default()
}

fn is_crashing(pod: &Stored) -> bool {
    !holds(pod, "Ready") && at(pod, &["metadata", "annotations", "sim.pilothouse.dev/crash-after"]).is_some()
}
