//! Jobs: a run that ends well, one that never does, one that takes too long, one that is told to wait.

use super::*;
use crate::sim::resource::JOBS;

fn job(name: &str, spec: &Value, behaviour: &Value) -> Value {
    let mut job = json!({
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"template": {
            "metadata": {"annotations": behaviour},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "shop/migrate:1"}]},
        }},
    });
    for (field, value) in spec.as_object().unwrap() {
        job["spec"][field] = value.clone();
    }
    crate::sim::defaults::apply(&JOBS, &mut job);
    job
}

fn lasts(seconds: i64, code: i64) -> Value {
    json!({"sim.pilothouse.dev/crash-after": seconds.to_string(), "sim.pilothouse.dev/exit-code": code.to_string()})
}

fn world() -> World {
    let mut world = World::with_nodes(2);
    world.create(&NAMESPACES, json!({"metadata": {"name": "shop"}}));
    world
}

#[test]
fn a_job_is_complete_once_its_pod_ended_well() {
    let mut world = world();
    world.create(&JOBS, job("migrate", &json!({}), &lasts(20, 0)));
    world.pass(10);
    let running = world.get(&JOBS, "migrate");
    assert_eq!(integer(&running, &["status", "active"]), Some(1));
    assert!(condition(&running, "Complete").is_none());
    world.pass(20);
    let done = world.get(&JOBS, "migrate");
    assert!(object::holds(&done, "Complete"), "{}", done["status"]);
    assert_eq!(count(&done, &["status", "succeeded"]), 1);
    let pods: Vec<_> = world.store.list(&PODS).collect();
    assert_eq!(pods.len(), 1);
    assert_eq!(text(pods[0], &["metadata", "labels", "job-name"]), "migrate");
    assert_eq!(text(pods[0], &["status", "phase"]), "Succeeded");
    world.pass(600);
    assert_eq!(world.store.list(&PODS).count(), 1, "it runs once");
}

#[test]
fn a_job_that_fails_is_tried_again_so_often() {
    let mut world = world();
    world.create(&JOBS, job("migrate", &json!({"backoffLimit": 1}), &lasts(2, 3)));
    world.pass(8);
    assert_eq!(count(&world.get(&JOBS, "migrate"), &["status", "failed"]), 1);
    assert_eq!(world.store.list(&PODS).count(), 1, "the next one waits ten seconds");
    world.pass(20);
    let failed = world.get(&JOBS, "migrate");
    assert!(object::holds(&failed, "Failed"), "{}", failed["status"]);
    assert_eq!(
        text(condition(&failed, "Failed").unwrap(), &["reason"]),
        "BackoffLimitExceeded"
    );
    assert_eq!(count(&failed, &["status", "failed"]), 2);
    world.pass(600);
    assert_eq!(world.store.list(&PODS).count(), 2);
}

#[test]
fn a_job_that_takes_too_long_is_ended() {
    let mut world = world();
    world.create(&JOBS, job("migrate", &json!({"activeDeadlineSeconds": 30}), &json!({})));
    world.pass(29);
    assert_eq!(count(&world.get(&JOBS, "migrate"), &["status", "active"]), 1);
    world.pass(40);
    let ended = world.get(&JOBS, "migrate");
    assert_eq!(
        text(condition(&ended, "Failed").unwrap(), &["reason"]),
        "DeadlineExceeded"
    );
    assert_eq!(world.store.list(&PODS).count(), 0);
}

#[test]
fn a_suspended_job_waits() {
    let mut world = world();
    world.create(&JOBS, job("migrate", &json!({"suspend": true}), &lasts(2, 0)));
    world.pass(60);
    assert_eq!(world.store.list(&PODS).count(), 0);
    assert!(object::holds(&world.get(&JOBS, "migrate"), "Suspended"));
    world.edit(&JOBS, "migrate", |job| set(job, &["spec", "suspend"], false));
    world.pass(60);
    assert!(object::holds(&world.get(&JOBS, "migrate"), "Complete"));
}
