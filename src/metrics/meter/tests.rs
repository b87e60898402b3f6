//! Two scrapes of a real kubelet, and what may lie between two scrapes.

use proptest::prelude::*;

use super::*;
use crate::domain::ObjectKey;
use crate::metrics::cadvisor::read;

const FIRST: &[u8] = include_bytes!("../../../tests/fixtures/metrics/cadvisor-1.txt");
const SECOND: &[u8] = include_bytes!("../../../tests/fixtures/metrics/cadvisor-2.txt");
const SPACING: Spacing = Spacing::of(20_000);

/// How many readings are held.
fn held(meter: &Meter) -> usize {
    meter.nodes.values().map(FxHashMap::len).sum()
}

fn node() -> Clean {
    "real-a".into()
}

/// Takes texts in turn, each come at its time; gives what was measured last.
fn take(texts: &[(Millis, &[u8])]) -> Vec<Measured> {
    let mut meter = Meter::default();
    let takes = texts
        .iter()
        .map(|(at, text)| meter.take(&node(), &read(text, *at), *at, SPACING));
    takes.last().unwrap()
}

fn of(measured: &[Measured], subject: &Subject) -> Option<(Span, Figures)> {
    let found = measured.iter().find(|m| m.subject == *subject);
    found.map(|m| (m.span, m.figures))
}

fn web() -> Subject {
    Subject::Container(ObjectKey::new("n", "p"), "c".into())
}

fn text(at: Millis, cpu: f64, threads: u32, run: &str) -> Vec<u8> {
    let labels = format!("{{container=\"c\",id=\"/{run}\",image=\"i\",namespace=\"n\",pod=\"p\"}}");
    format!("container_cpu_usage_seconds_total{labels} {cpu} {at}\ncontainer_threads{labels} {threads} {at}\n").into()
}

/// A pod of two containers, of which 2 and 1 processes were killed: its own cgroup counts none, and is measured at
/// another time than they.
fn killed(pod_at: Millis, at: Millis, throttled: u32) -> Vec<u8> {
    let line = |family: &str, name: &str, value: u32, at: Millis| {
        let image = if name.is_empty() { "" } else { "i" };
        format!(
            "container_{family}{{container=\"{name}\",id=\"/p{name}\",image=\"{image}\",namespace=\"n\",pod=\"p\"}} \
             {value} {at}\n"
        )
    };
    let mut text = line("memory_usage_bytes", "", 900, pod_at) + &line("oom_events_total", "", 0, pod_at);
    for (name, kills) in [("a", 2), ("b", 1)] {
        let own = if name == "a" { throttled } else { 0 };
        text += &line("oom_events_total", name, kills, at);
        text += &line("cpu_cfs_periods_total", name, 10 * (at / 1000) as u32, at);
        text += &line("cpu_cfs_throttled_periods_total", name, own, at);
    }
    text.into_bytes()
}

#[test]
fn a_pod_is_told_of_what_only_its_containers_count() {
    let first = killed(1_000_000, 1_000_000, 0);
    let second = killed(1_020_000, 1_020_000, 50);
    let measured = take(&[(1_000_000, &first), (1_020_000, &second)]);
    let pod = ObjectKey::new("n", "p");
    let (_, whole) = of(&measured, &Subject::Pod(pod.clone())).unwrap();
    assert_eq!(whole.get(Figure::OomKills), Some(3.0), "its own cgroup says 0");
    assert_eq!(whole.get(Figure::CpuThrottled), Some(0.25), "the one that was most");
    let (_, one) = of(&measured, &Subject::Container(pod, "a".into())).unwrap();
    assert_eq!(one.get(Figure::OomKills), Some(2.0));
}

#[test]
fn a_pod_measured_anew_before_its_containers_is_told_of_them_as_they_were() {
    let first = killed(1_000_000, 1_000_000, 0);
    let second = killed(1_020_000, 1_020_000, 50);
    let third = killed(1_030_000, 1_020_000, 50);
    let measured = take(&[(1_000_000, &first), (1_020_000, &second), (1_030_000, &third)]);
    assert_eq!(measured.len(), 1, "nothing but the pod is new: {measured:?}");
    let (_, whole) = of(&measured, &Subject::Pod(ObjectKey::new("n", "p"))).unwrap();
    assert_eq!(whole.get(Figure::OomKills), Some(3.0));
    assert_eq!(whole.get(Figure::CpuThrottled), Some(0.25));
}

/// The figures after two texts, of `c`.
fn after(first: &[u8], second: &[u8], at: (Millis, Millis)) -> Option<(Span, Figures)> {
    of(&take(&[(at.0, first), (at.1, second)]), &web())
}

#[test]
fn rates_follow_the_samples_own_times() {
    let measured = take(&[(1_795_360_876_000, FIRST), (1_795_360_896_500, SECOND)]);
    let pod = ObjectKey::new("default", "feed-6855df779d-x6jtv");
    let (span, figures) = of(&measured, &Subject::Container(pod.clone(), "web".into())).unwrap();
    assert_eq!((span.from, span.to), (1_795_360_865_361, 1_795_360_895_645));
    let cpu = figures.get(Figure::Cpu).unwrap();
    assert!((cpu - (3.704_225_424 - 3.467_803_309) / 30.284).abs() < 1e-12, "{cpu}");
    assert_eq!(figures.get(Figure::MemoryTotal), Some(614_400.0));
    assert_eq!(figures.get(Figure::NetworkReceiveBytes), None);
    let (_, node) = of(&measured, &Subject::Node(node())).unwrap();
    assert!((node.get(Figure::Cpu).unwrap() - (3_350.061_296_291 - 3_309.812_959_436) / 30.307).abs() < 1e-9);
    let pods: Vec<_> = measured
        .iter()
        .filter(|m| m.subject == Subject::Pod(pod.clone()))
        .collect();
    assert_eq!(
        pods.len(),
        2,
        "its cgroup and its sandbox, each measured at its own time"
    );
    assert!(
        pods.iter()
            .any(|m| m.figures.get(Figure::NetworkReceiveBytes) == Some(0.0))
    );
}

#[test]
fn the_first_scrape_has_amounts_and_no_rates() {
    let measured = take(&[(1_795_360_876_000, FIRST)]);
    assert!(!measured.is_empty());
    for m in &measured {
        assert_eq!(m.span.from, m.span.to);
        assert!(
            m.figures
                .known()
                .all(|(figure, _)| matches!(figure.origin(), Origin::Gauge(_)))
        );
    }
}

#[test]
fn what_was_not_measured_again_is_not_new() {
    assert_eq!(take(&[(1_795_360_876_000, FIRST), (1_795_360_891_000, FIRST)]), []);
}

#[test]
fn no_rate_without_two_readings_of_one_run_close_enough() {
    let first = text(1_000_000, 5.0, 3, "a");
    for (second, received, threads) in [
        (text(1_015_000, 4.0, 4, "a"), 1_015_000, Some(4.0)), // began anew in place
        (text(1_015_000, 9.0, 4, "b"), 1_015_000, Some(4.0)), // another run
        (text(1_085_000, 9.0, 4, "a"), 1_085_000, Some(4.0)), // a gap of 85 s
        (text(990_000, 9.0, 4, "a"), 1_015_000, None),        // came late
        (text(900_000, 9.0, 4, "a"), 1_015_000, Some(4.0)),   // the clock was set back
    ] {
        let got = after(&first, &second, (1_000_000, received));
        assert_eq!(got.and_then(|(_, figures)| figures.get(Figure::Cpu)), None);
        assert_eq!(got.and_then(|(_, figures)| figures.get(Figure::Threads)), threads);
    }
    let (span, figures) = after(&first, &text(1_010_000, 7.5, 4, "a"), (1_000_000, 1_015_000)).unwrap();
    assert_eq!(figures.get(Figure::Cpu), Some(0.25));
    assert_eq!((span.from, span.to), (1_000_000, 1_010_000));
}

#[test]
fn a_container_may_miss_a_scrape() {
    let (first, third) = (text(1_000_000, 5.0, 3, "a"), text(1_040_000, 15.0, 3, "a"));
    let measured = take(&[(1_000_000, &first), (1_020_000, b""), (1_040_000, &third)]);
    let (_, figures) = of(&measured, &web()).unwrap();
    assert_eq!(figures.get(Figure::Cpu), Some(0.25));
    let mut meter = Meter::default();
    for (at, text) in [(1_000_000, &first[..]), (1_200_000, b"")] {
        meter.take(&node(), &read(text, at), at, SPACING);
    }
    assert_eq!(held(&meter), 0, "what stays away is forgotten");
}

#[test]
fn a_node_whose_clock_is_off_is_placed_on_ours() {
    let day = 86_400_000;
    let (first, second) = (text(1_000_000 + day, 5.0, 3, "a"), text(1_010_000 + day, 7.5, 3, "a"));
    let (span, figures) = after(&first, &second, (1_000_000, 1_012_000)).unwrap();
    assert_eq!(figures.get(Figure::Cpu), Some(0.25));
    assert_eq!((span.from, span.to), (1_002_000, 1_012_000));
    let (first, second) = (text(1_005_000, 5.0, 3, "a"), text(1_015_000, 7.5, 3, "a"));
    let (span, _) = after(&first, &second, (1_000_000, 1_010_000)).unwrap();
    assert_eq!(span.to, 1_010_000, "nothing is measured in the future");
}

#[test]
fn throttling_is_the_share_of_periods() {
    let text = |at: Millis, periods: u32, throttled: u32| {
        let labels = "{container=\"c\",id=\"/a\",image=\"i\",namespace=\"n\",pod=\"p\"}";
        format!(
            "container_cpu_cfs_periods_total{labels} {periods} {at}\ncontainer_cpu_cfs_throttled_periods_total{labels} {throttled} {at}\n"
        )
    };
    let (first, second) = (text(1_000_000, 100, 10), text(1_010_000, 200, 60));
    let (_, figures) = after(first.as_bytes(), second.as_bytes(), (1_000_000, 1_010_000)).unwrap();
    assert_eq!(figures.get(Figure::CpuThrottled), Some(0.5));
}

#[test]
fn nodes_that_are_gone_are_forgotten() {
    let mut meter = Meter::default();
    for name in ["a", "b"] {
        meter.take(&name.into(), &read(FIRST, 0), 1_795_360_876_000, SPACING);
    }
    let before = held(&meter);
    meter.keep_nodes(&["b".into()].into_iter().collect());
    assert_eq!(held(&meter) * 2, before);
}

proptest! {
    #[test]
    fn figures_are_never_negative_nor_nonsense(
        scrapes in prop::collection::vec((900_000..1_200_000_i64, -1e3..1e6_f64, 0..3_u8, 0..40_000_i64), 1..12),
    ) {
        let mut meter = Meter::default();
        let mut received = 1_000_000;
        for (at, cpu, run, wait) in scrapes {
            received += wait;
            let text = text(at, cpu, 3, &run.to_string());
            for measured in meter.take(&node(), &read(&text, received), received, SPACING) {
                prop_assert!(measured.span.from <= measured.span.to && measured.span.to <= received);
                prop_assert!(measured.span.to - measured.span.from <= SPACING.longest_ms);
                for (_, value) in measured.figures.known() {
                    prop_assert!(value.is_finite() && value >= 0.0);
                }
            }
        }
    }
}
