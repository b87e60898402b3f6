//! Counters are the integrals of what is used, and nothing goes backwards.

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};

use super::wave::Wave;
use super::*;

fn pod(more: &Value) -> Value {
    let mut pod = json!({
        "metadata": {"namespace": "shop", "name": "web-1", "uid": "u1", "labels": {"app.kubernetes.io/name": "web"}},
        "spec": {"containers": [{"name": "app", "image": "corp/web:1", "resources": {
            "requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}}]},
        "status": {"startTime": "2026-11-22T12:00:00Z", "containerStatuses": [{"name": "app",
            "containerID": "containerd://abc", "state": {"running": {"startedAt": "2026-11-22T12:00:03Z"}}}]},
    });
    if let (Some(annotations), true) = (pod.get_mut("metadata"), more.is_object()) {
        annotations["annotations"] = more.clone();
    }
    pod
}

fn load(more: &Value, squeezed: Option<Seconds>) -> Usage {
    PodLoad::of(&pod(more), &Plan::default(), squeezed).unwrap().containers[0].usage
}

fn moment(seconds: i64) -> Seconds {
    let start: DateTime<chrono::Utc> = "2026-11-22T12:00:03Z".parse().unwrap();
    (start + TimeDelta::seconds(seconds)).timestamp() as f64
}

/// The sum of many short stretches.
fn added_up(rate: impl Fn(Seconds) -> f64, from: Seconds, to: Seconds) -> f64 {
    let steps = 20_000;
    let width = (to - from) / f64::from(steps);
    (0..steps)
        .map(|n| rate(from + (f64::from(n) + 0.5) * width) * width)
        .sum()
}

#[test]
fn what_was_used_is_the_integral_of_what_is_used() {
    let surge = json!({"sim.pilothouse.dev/surge": "2026-11-22T12:10:00Z+150%"});
    for usage in [load(&Value::Null, None), load(&surge, None)] {
        let (from, to) = (moment(0), moment(3600));
        let (exact, summed) = (usage.cpu(from, to), added_up(|at| usage.cores_at(at), from, to));
        assert!((exact - summed).abs() < 1e-3, "{exact} {summed}");
        assert!(exact > 10.0, "{exact}");
    }
}

#[test]
fn a_wave_is_highest_at_its_peak_and_never_negative() {
    let wave = Wave::new(moment(0), 5);
    let around = |at: Seconds| wave.integral(at - 1800.0, at + 1800.0) / 3600.0;
    assert!(around(moment(0)) > 1.3, "{}", around(moment(0)));
    assert!(around(moment(43_200)) < 0.7);
    assert!((0..86_400).step_by(7).all(|at| wave.at(moment(at)) > 0.0));
}

#[test]
fn counters_never_go_back() {
    let usage = load(
        &json!({"sim.pilothouse.dev/surge": "2026-11-22T12:10:00Z+150%"}),
        Some(moment(100)),
    );
    let mut last = Sample::default();
    for at in 1..4000 {
        let sample = usage.sample(moment(0), moment(0), moment(at));
        let counters = |s: &Sample| {
            [
                s.cpu,
                s.periods,
                s.throttled_periods,
                s.network.received.bytes,
                s.writes,
                s.cpu_waiting,
                s.io_stalled,
            ]
        };
        for (now, before) in counters(&sample).into_iter().zip(counters(&last)) {
            assert!(now >= before, "{at} s: {now} {before}");
        }
        last = sample;
    }
    assert!(last.throttled_periods <= last.periods);
    assert!(last.memory <= 2.0 * 1024.0_f64.powi(3));
}

#[test]
fn a_surge_grows_for_half_an_hour_and_stays() {
    let usage = load(&json!({"sim.pilothouse.dev/surge": "2026-11-22T12:00:03Z+200%"}), None);
    let cores = |from: i64| usage.cpu(moment(from), moment(from + 300)) / 300.0;
    assert!(cores(1800) > cores(0) * 2.0, "{} {}", cores(0), cores(1800));
    assert!((cores(3600) / cores(1800) - 1.0).abs() < 0.25);
}

#[test]
fn a_leak_fills_the_limit_when_the_run_ends() {
    let usage = load(
        &json!({"sim.pilothouse.dev/crash-after": "660", "sim.pilothouse.dev/exit-reason": "OOMKilled"}),
        None,
    );
    let memory = |age: i64| usage.sample(moment(0), moment(0), moment(age)).memory / 1024.0_f64.powi(3);
    assert!(
        memory(60) < 1.2 && memory(330) > memory(60) && memory(659) > 1.95,
        "{}",
        memory(659)
    );
}

#[test]
fn a_noisy_neighbour_holds_others_back() {
    let share = |usage: Usage| {
        let sample = usage.sample(moment(0), moment(0), moment(600));
        sample.throttled_periods / sample.periods
    };
    assert!(share(load(&Value::Null, None)) < 0.02);
    assert!(share(load(&Value::Null, Some(moment(0)))) > 0.25);
    let noisy = load(&json!({"sim.pilothouse.dev/noisy": "true"}), None);
    assert!(share(noisy) > 0.6);
    assert!((noisy.cores_at(moment(9)) - 1.94).abs() < 1e-9, "all of its limit");
}

#[test]
fn the_seed_decides_and_instances_differ() {
    let of = |seed, uid: &str| {
        let mut pod = pod(&Value::Null);
        pod["metadata"]["uid"] = uid.into();
        let plan = Plan {
            seed,
            ..Plan::default()
        };
        let load = PodLoad::of(&pod, &plan, None).unwrap();
        load.containers[0].usage.cpu(moment(0), moment(60))
    };
    assert!((of(1, "u1") - of(1, "u1")).abs() < 1e-12);
    assert!((of(1, "u1") - of(1, "u2")).abs() > 1e-6);
    assert!((of(1, "u1") - of(2, "u1")).abs() > 1e-6);
}
