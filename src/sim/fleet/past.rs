//! What was said about the story before the demo begins: its events.

use super::apps::Story;
use super::build::{Builder, death};
use super::extras::{Said, say};
use super::plan::Plan;
use crate::sim::controllers::context::Tone;
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
        let message = format!(
            "Node {} status is now: NodeNotReady",
            text(&node, &["metadata", "name"])
        );
        let said = Said {
            about: &node,
            minutes: (builder.now - death(builder.now).given_up).num_minutes(),
            times: 1,
            tone: Tone::Normal,
            reason: "NodeNotReady",
            message: &message,
            source: "node-controller",
        };
        say(builder, &mut recorder, &said);
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
