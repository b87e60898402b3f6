//! What lives beside the apps: namespaces, quotas, disruption budgets, autoscalers, finished jobs, recent events.

use chrono::TimeDelta;
use serde_json::json;

use super::apps::App;
use super::build::Builder;
use super::names::TEAMS;
use super::place::shape_of;
use super::pods::{complete, instance, running};
use crate::domain::Resources;
use crate::sim::controllers::context::Tone;
use crate::sim::controllers::events::{Note, Recorder};
use crate::sim::controllers::nodes::requests;
use crate::sim::controllers::object::text;
use crate::sim::controllers::quota::{bytes, fill};
use crate::sim::controllers::template::{Maker, pod};
use crate::sim::resource::{
    HORIZONTAL_POD_AUTOSCALERS, JOBS, NAMESPACES, POD_DISRUPTION_BUDGETS, PODS, RESOURCE_QUOTAS,
};
use crate::sim::store::Stored;

/// Namespaces of the teams, and those every cluster has.
pub(crate) fn namespaces(builder: &mut Builder) {
    let when = builder.hours_ago(24 * 400);
    let teams = TEAMS.iter().map(|team| team.name);
    for name in teams.chain(["default", "kube-system"]) {
        let object = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
        });
        builder.create(&NAMESPACES, object, when);
    }
}

/// A quota for each team but the smallest, with room for a third more than it uses.
pub(crate) fn quotas(builder: &mut Builder) {
    let when = builder.hours_ago(24 * 300);
    for team in &TEAMS {
        let (mut pods, mut total) = (0, Resources::default());
        for pod in builder.store.list_in(&PODS, team.name) {
            pods += 1;
            total += requests(pod);
        }
        if pods < 10 {
            continue;
        }
        let cores = total.cpu.0 * 4 / 3000 + 32;
        let memory = ((total.memory.0 >> 30) * 4 / 3 + 64) << 30;
        let mut object = json!({
            "apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": {"name": format!("{}-quota", team.name), "namespace": team.name},
            "spec": {"hard": {
                "pods": (pods * 3 / 2 + 50).to_string(), "requests.cpu": cores.to_string(), "requests.memory": bytes(memory),
            }},
        });
        fill(&mut object, pods, total);
        builder.create(&RESOURCE_QUOTAS, object, when);
    }
}

/// A disruption budget for what has several instances; an autoscaler for the large ones.
pub(crate) fn policies(builder: &mut Builder, apps: &[App]) {
    let when = builder.hours_ago(24 * 90);
    for app in apps.iter().filter(|app| app.replicas >= 6) {
        let wanted = app.replicas - (app.replicas / 10).max(1);
        let object = json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": app.name, "namespace": app.team},
            "spec": {"minAvailable": wanted, "selector": {"matchLabels": {"app.kubernetes.io/name": app.name}}},
            "status": {
                "currentHealthy": app.replicas, "desiredHealthy": wanted, "expectedPods": app.replicas,
                "disruptionsAllowed": app.replicas - wanted, "observedGeneration": 1,
            },
        });
        builder.create(&POD_DISRUPTION_BUDGETS, object, when);
        if app.replicas < 20 {
            continue;
        }
        let (least, most) = app.bounds();
        let used = 38 + builder.random.below(20);
        let object = json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": app.name, "namespace": app.team},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": app.name},
                "minReplicas": least, "maxReplicas": most,
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}],
            },
            "status": {
                "currentReplicas": app.replicas, "desiredReplicas": app.replicas, "observedGeneration": 1,
                "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": used}}}],
                "conditions": [
                    {"type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale", "message": "recommended size matches current size"},
                    {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound",
                     "message": "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)"},
                ],
            },
        });
        builder.create(&HORIZONTAL_POD_AUTOSCALERS, object, when);
    }
}

/// A job that ended well some hours ago, with its pod.
pub(crate) fn job(builder: &mut Builder, team: &str, name: &str, hours: i64) {
    let (begun, ended) = (
        builder.hours_ago(hours),
        builder.hours_ago(hours) + TimeDelta::minutes(7),
    );
    let stamp = crate::sim::controllers::object::stamp;
    let template = json!({
        "metadata": {"labels": {"app.kubernetes.io/name": name, "batch.kubernetes.io/job-name": name}},
        "spec": {
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 30,
            "containers": [{
                "name": "main", "image": format!("registry.corp/{team}/{name}:1"),
                "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
            }],
        },
    });
    let object = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "namespace": team, "labels": {"app.kubernetes.io/name": name}},
        "spec": {
            "backoffLimit": 6, "completions": 1, "parallelism": 1,
            "selector": {"matchLabels": {"batch.kubernetes.io/job-name": name}}, "template": template,
        },
        "status": {
            "startTime": stamp(begun), "completionTime": stamp(ended), "succeeded": 1, "ready": 0, "terminating": 0,
            "uncountedTerminatedPods": {},
            "conditions": [{
                "type": "Complete", "status": "True", "reason": "CompletionsReached",
                "message": "Reached expected number of succeeded pods",
                "lastProbeTime": stamp(ended), "lastTransitionTime": stamp(ended),
            }],
        },
    });
    let Some(owner) = builder.create(&JOBS, object, begun) else {
        return;
    };
    let maker = Maker {
        owner: &owner,
        api_version: "batch/v1",
        kind: "Job",
    };
    let name = format!("{name}-{}", builder.random.suffix(5));
    let mut object = running(pod(maker, &template, &name), begun);
    let shape = shape_of(&object);
    if let Some(index) = builder.floor.find(&shape) {
        // It holds nothing any more, so no room is taken.
        let seat = builder.floor.take(index, &crate::domain::PodShape::default());
        object = seat.map_or(object.clone(), |seat| instance(&object, &name, &seat));
        complete(&mut object, begun, ended);
        builder.create(&PODS, object, begun);
    }
}

/// Something that was said about an object some minutes before the demo begins, and how often.
pub(crate) struct Said<'a> {
    pub(crate) about: &'a Stored,
    pub(crate) minutes: i64,
    pub(crate) times: i64,
    pub(crate) tone: Tone,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
    pub(crate) source: &'a str,
}

/// Records what was said.
pub(crate) fn say(builder: &mut Builder, recorder: &mut Recorder, said: &Said<'_>) {
    let first = builder.now - TimeDelta::try_minutes(said.minutes).unwrap_or_default();
    let note = Note {
        about: said.about,
        field: "",
        tone: said.tone,
        reason: said.reason,
        message: said.message,
        source: said.source,
        host: text(said.about, &["spec", "nodeName"]),
    };
    for number in 0..said.times {
        let step =
            (builder.now - first) * i32::try_from(number).unwrap_or(0) / i32::try_from(said.times.max(1)).unwrap_or(1);
        recorder.record(&mut builder.store, first + step, &note);
    }
}
