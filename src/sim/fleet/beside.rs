//! What goes with the releases of the demo: configuration of each version, a job before a release, and somebody else who
//! releases an app.

use chrono::{SecondsFormat, TimeDelta};
use serde_json::json;

use super::build::Builder;
use crate::domain::Timestamp;
use crate::sim::controllers::object::{set, text};
use crate::sim::resource::{CONFIG_MAPS, CRON_JOBS, DEPLOYMENTS, LEASES};
use crate::sim::store::Store;

/// Each of its versions has a `ConfigMap` of its own.
pub(super) const CONFIGURED: (&str, &str) = ("feed", "rank");
/// A job runs before each of its versions.
const MIGRATED: (&str, &str) = ("pay", "checkout");
/// Somebody else releases it when the demo begins.
const CLAIMED: (&str, &str) = ("feed", "timeline");
const COLLEAGUE: &str = "bob@jump2";
/// How often they say so.
const BETWEEN: TimeDelta = TimeDelta::seconds(10);

/// The name of the `ConfigMap` of a version.
pub(super) fn config_of(app: &str, version: &str) -> String {
    format!("{app}-{version}")
}

/// The job that runs before each release of an app.
pub(super) fn job_before(team: &str, app: &str) -> Option<String> {
    ((team, app) == MIGRATED).then(|| format!("{app}-migrate"))
}

/// The configuration that a version ran with; the later, the more it is given.
pub(super) fn config(builder: &mut Builder, version: &str, number: usize) {
    let (namespace, app) = CONFIGURED;
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": config_of(app, version), "namespace": namespace},
        "data": {"candidates": (400 + 200 * number).to_string(), "timeout": "80ms", "model": format!("rank-{}", number + 1)},
    });
    let when = builder.hours_ago(24 * 40);
    builder.create(&CONFIG_MAPS, object, when);
}

/// The job before a release, and the claim of somebody else, where the cluster has their apps.
pub(super) fn put(builder: &mut Builder) {
    let (namespace, app) = MIGRATED;
    if let Some(deployment) = builder.store.get(&DEPLOYMENTS, namespace, app).cloned() {
        let name = job_before(namespace, app);
        let image = deployment.pointer("/spec/template/spec/containers/0/image").cloned();
        let object = json!({
            "apiVersion": "batch/v1", "kind": "CronJob",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"schedule": "0 0 1 1 *", "suspend": true, "jobTemplate": {"spec": {
                "backoffLimit": 0,
                "template": {
                    "metadata": {"annotations": {"sim.pilothouse.dev/crash-after": "6", "sim.pilothouse.dev/exit-code": "0"}},
                    "spec": {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": image}]},
                },
            }}},
        });
        let when = builder.hours_ago(24 * 90);
        builder.create(&CRON_JOBS, object, when);
    }
    let (namespace, app) = CLAIMED;
    if builder.store.get(&DEPLOYMENTS, namespace, app).is_some() {
        let began = moment(builder.now - TimeDelta::minutes(2));
        let object = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": lease(), "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "pilothouse"}},
            "spec": {
                "holderIdentity": COLLEAGUE, "leaseDurationSeconds": 30, "leaseTransitions": 0,
                "acquireTime": began, "renewTime": moment(builder.now),
            },
        });
        let when = builder.now;
        builder.create(&LEASES, object, when);
    }
}

/// The colleague says once more that they release it, unless it was taken from them; when they do so again.
pub(in crate::sim) fn renew(store: &mut Store, now: Timestamp) -> Option<Timestamp> {
    let (namespace, name) = (CLAIMED.0, lease());
    let lease = store.get(&LEASES, namespace, &name)?;
    if text(lease, &["spec", "holderIdentity"]) != COLLEAGUE {
        return None;
    }
    let renewed = text(lease, &["spec", "renewTime"]).parse::<Timestamp>().ok()?;
    if now - renewed < BETWEEN {
        return Some(renewed + BETWEEN);
    }
    let renewed = store.update(&LEASES, namespace, &name, now, |lease| {
        set(lease, &["spec", "renewTime"], moment(now));
    });
    renewed.ok().map(|_| now + BETWEEN)
}

fn lease() -> String {
    format!("pilothouse-{}", CLAIMED.1)
}

fn moment(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
