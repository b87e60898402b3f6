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

/// A build of three stages by this commit.
fn build(commit: &str) -> Value {
    let container = |name: &str| json!({"name": name, "image": "builder:1"});
    let labels = json!({"pilothouse.dev/build-of": "gift", "pilothouse.dev/commit": commit});
    let mut job = json!({
        "metadata": {"name": "build", "namespace": "shop", "labels": labels},
        "spec": {"backoffLimit": 0, "template": {
            "metadata": {"labels": labels, "annotations": {"pilothouse.dev/image": "r/gift:1"}},
            "spec": {"restartPolicy": "Never", "initContainers": [container("clone"), container("compile")],
                "containers": [container("package")]},
        }},
    });
    crate::sim::defaults::apply(&JOBS, &mut job);
    job
}

fn state(pod: &Value, container: &str) -> String {
    let mut all = kubelet::turn::statuses(pod);
    let status = all.find(|status| text(status, &["name"]) == container).unwrap();
    let state = at(status, &["state"]).unwrap().as_object().unwrap();
    state.keys().next().unwrap().clone()
}

#[test]
fn the_stages_of_a_build_run_one_after_the_other_and_the_last_leaves_the_digest() {
    let mut world = world();
    world.create(&JOBS, build("c04d"));
    let pod = |world: &World| world.store.list(&PODS).next().cloned().unwrap();
    let stages = |pod: &Value| ["clone", "compile", "package"].map(|name| state(pod, name)).join(" ");
    world.pass(4);
    assert_eq!(stages(&pod(&world)), "running waiting waiting");
    assert_eq!(text(&pod(&world), &["status", "phase"]), "Pending");
    assert!(!object::holds(&pod(&world), "Initialized"));
    world.pass(8);
    assert_eq!(stages(&pod(&world)), "terminated running waiting");
    world.pass(8);
    assert_eq!(stages(&pod(&world)), "terminated terminated running");
    assert!(object::holds(&pod(&world), "Initialized"));
    world.pass(20);
    let done = pod(&world);
    assert_eq!(text(&done, &["status", "phase"]), "Succeeded");
    let left = text(
        &items(&done, &["status", "containerStatuses"])[0],
        &["state", "terminated", "message"],
    );
    assert!(left.starts_with("sha256:") && left.len() == 71, "{left}");
    assert!(object::holds(&world.get(&JOBS, "build"), "Complete"));
}

#[test]
fn a_stage_that_fails_ends_the_build_and_what_comes_after_it_never_runs() {
    let mut world = world();
    world.create(&JOBS, build("bad1"));
    world.pass(60);
    let pods: Vec<_> = world.store.list(&PODS).cloned().collect();
    let [pod] = pods.as_slice() else {
        panic!("{}", pods.len())
    };
    assert_eq!(text(pod, &["status", "phase"]), "Failed");
    assert_eq!(
        (state(pod, "compile").as_str(), state(pod, "package").as_str()),
        ("terminated", "waiting")
    );
    let failed = world.get(&JOBS, "build");
    assert_eq!(
        text(condition(&failed, "Failed").unwrap(), &["reason"]),
        "BackoffLimitExceeded"
    );
}
