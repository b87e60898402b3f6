//! From a question to series: every value comes from the loads at its time.

use std::collections::BTreeMap;

use super::super::super::super::load::usage::Sample;
use super::super::super::super::load::{PodLoad, Seconds};
use super::parse::{Expr, Selector};

/// How often the kubelets are scraped: a rate needs two samples.
pub(super) const SCRAPE: Seconds = 15.0;

/// One series; a value that is absent is `NaN`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) values: Vec<f64>,
}

type Value = fn(&Sample) -> f64;

/// What a family has series for.
#[derive(Clone, Copy)]
enum Of {
    Cgroup,
    Cpu,
    Device,
    Interface,
}

fn family(name: &str) -> Option<(Of, Value)> {
    Some(match name {
        "container_cpu_usage_seconds_total" => (Of::Cpu, |s| s.cpu),
        "container_cpu_cfs_periods_total" => (Of::Cgroup, |s| s.periods),
        "container_cpu_cfs_throttled_periods_total" => (Of::Cgroup, |s| s.throttled_periods),
        "container_cpu_cfs_throttled_seconds_total" => (Of::Cgroup, |s| s.throttled_seconds),
        "container_memory_usage_bytes" => (Of::Cgroup, |s| s.memory),
        "container_memory_rss" => (Of::Cgroup, |s| s.rss),
        "container_memory_cache" => (Of::Cgroup, |s| s.cache),
        "container_memory_working_set_bytes" => (Of::Cgroup, |s| s.memory - s.inactive_file),
        "container_network_receive_bytes_total" => (Of::Interface, |s| s.network.received.bytes),
        "container_network_transmit_bytes_total" => (Of::Interface, |s| s.network.sent.bytes),
        "container_network_receive_packets_total" => (Of::Interface, |s| s.network.received.packets),
        "container_network_transmit_packets_total" => (Of::Interface, |s| s.network.sent.packets),
        "container_network_receive_packets_dropped_total" => (Of::Interface, |s| s.network.received.dropped),
        "container_network_transmit_packets_dropped_total" => (Of::Interface, |s| s.network.sent.dropped),
        "container_network_receive_errors_total" => (Of::Interface, |s| s.network.received.errors),
        "container_network_transmit_errors_total" => (Of::Interface, |s| s.network.sent.errors),
        "container_threads" => (Of::Cgroup, |s| s.threads),
        "container_oom_events_total" => (Of::Cgroup, |s| s.oom),
        "container_fs_reads_bytes_total" => (Of::Device, |s| s.reads),
        "container_fs_writes_bytes_total" => (Of::Device, |s| s.writes),
        "container_pressure_cpu_waiting_seconds_total" => (Of::Cgroup, |s| s.cpu_waiting),
        "container_pressure_cpu_stalled_seconds_total" => (Of::Cgroup, |s| s.cpu_stalled),
        "container_pressure_memory_waiting_seconds_total" => (Of::Cgroup, |s| s.memory_waiting),
        "container_pressure_memory_stalled_seconds_total" => (Of::Cgroup, |s| s.memory_stalled),
        "container_pressure_io_waiting_seconds_total" => (Of::Cgroup, |s| s.io_waiting),
        "container_pressure_io_stalled_seconds_total" => (Of::Cgroup, |s| s.io_stalled),
        _ => return None,
    })
}

/// The series of a question at these times, none of them after now.
pub(super) fn evaluate(expr: &Expr, pods: &[PodLoad], times: &[Seconds], now: Seconds) -> Result<Vec<Series>, String> {
    let of = |expr: &Expr| evaluate(expr, pods, times, now);
    Ok(match expr {
        Expr::Select(selector) => select(selector, None, pods, times, now),
        Expr::Rate(selector, window) => select(selector, Some(*window), pods, times, now),
        Expr::Sum(by, inner) => together(by, of(inner)?, |a, b| a + b),
        Expr::Max(by, inner) => together(by, of(inner)?, f64::max),
        Expr::Divide(part, whole) => {
            let whole = of(whole)?;
            let mut parts = of(part)?;
            for one in &mut parts {
                let other = whole.iter().find(|other| other.labels == one.labels);
                for (index, value) in one.values.iter_mut().enumerate() {
                    let by = other.and_then(|other| other.values.get(index)).copied();
                    *value /= by.unwrap_or(f64::NAN);
                }
            }
            parts
        }
        Expr::Above(inner, least) => {
            let mut all = of(inner)?;
            for value in all.iter_mut().flat_map(|one| &mut one.values) {
                if *value <= *least {
                    *value = f64::NAN;
                }
            }
            all
        }
        Expr::Or(first, second) => {
            let mut all = of(first)?;
            for other in of(second)? {
                match all.iter_mut().find(|one| one.labels == other.labels) {
                    Some(one) => {
                        for (value, instead) in one.values.iter_mut().zip(other.values) {
                            if value.is_nan() {
                                *value = instead;
                            }
                        }
                    }
                    None => all.push(other),
                }
            }
            all
        }
    })
}

/// Puts the series together that have the same values of these labels.
fn together(by: &[String], series: Vec<Series>, add: fn(f64, f64) -> f64) -> Vec<Series> {
    let mut groups: BTreeMap<BTreeMap<String, String>, Vec<f64>> = BTreeMap::new();
    for one in series {
        let labels = one.labels.into_iter().filter(|(name, _)| by.contains(name)).collect();
        let values = groups.entry(labels).or_insert_with(|| vec![f64::NAN; one.values.len()]);
        for (sum, value) in values.iter_mut().zip(one.values) {
            *sum = if sum.is_nan() || value.is_nan() {
                // What is absent on one side is what the other says.
                if sum.is_nan() { value } else { *sum }
            } else {
                add(*sum, value)
            };
        }
    }
    let series = groups.into_iter().map(|(labels, values)| Series { labels, values });
    series.collect()
}

/// A value at a time, or its rate over the window before; `NaN` where there is none.
fn point(value: impl Fn(Seconds) -> f64, began: Seconds, window: Option<Seconds>, time: Seconds) -> f64 {
    if time < began {
        return f64::NAN;
    }
    let Some(window) = window else { return value(time) };
    let from = (time - window).max(began);
    if time - from < SCRAPE {
        return f64::NAN;
    }
    (value(time) - value(from)) / (time - from)
}

fn select(
    selector: &Selector,
    window: Option<Seconds>,
    pods: &[PodLoad],
    times: &[Seconds],
    now: Seconds,
) -> Vec<Series> {
    let Some((of, value)) = family(&selector.family) else {
        // A family that nobody scraped has no series.
        return Vec::new();
    };
    let wants = |label: &str, value: &str| {
        let about = selector.matchers.iter().filter(|matcher| matcher.label == label);
        about.into_iter().all(|matcher| matcher.holds(value))
    };
    let part = match of {
        Of::Cgroup => ("", ""),
        Of::Cpu => ("cpu", "total"),
        Of::Device => ("device", "/dev/nvme0n1"),
        Of::Interface => ("interface", "eth0"),
    };
    let mut all = Vec::new();
    if !wants(part.0, part.1) {
        return all;
    }
    for pod in pods {
        if !wants("namespace", &pod.namespace) || !wants("pod", &pod.name) {
            continue;
        }
        let mut add = |container: &str, began: Seconds, sample: &dyn Fn(Seconds) -> Sample| {
            let point = |time: &Seconds| {
                if *time > now + SCRAPE {
                    return f64::NAN;
                }
                point(|at| value(&sample(at)), began, window, *time)
            };
            let labels = [
                ("__name__", if window.is_some() { "" } else { &selector.family }),
                ("container", container),
                ("namespace", &pod.namespace),
                ("pod", &pod.name),
                ("job", "kubelet"),
                part,
            ];
            let labels = labels.iter().filter(|(name, _)| !name.is_empty());
            all.push(Series {
                labels: labels
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
                values: times.iter().map(point).collect(),
            });
        };
        if wants("container", "") {
            add("", pod.began, &|time| pod.whole(time));
        }
        if matches!(of, Of::Interface) {
            continue;
        }
        for container in pod.containers.iter().filter(|one| wants("container", &one.name)) {
            if let Some(began) = container.running {
                add(&container.name, began, &|time| {
                    container.usage.sample(began, began, time)
                });
            }
        }
    }
    all
}
