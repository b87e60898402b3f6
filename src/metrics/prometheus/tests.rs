//! The questions, letter by letter.

use super::*;

fn ask(figure: Figure, by: By, of: Selection<'_>) -> String {
    let question = Question {
        figure,
        by,
        of,
        window_s: 60,
    };
    Promql::new(&question, When::At(0)).to_string()
}

#[test]
fn each_kind_of_figure_has_its_question() {
    let all = Selection::default();
    for (figure, by, promql) in [
        (
            Figure::MemoryTotal,
            By::Container,
            r#"max by (namespace, pod, container) (container_memory_usage_bytes{container!="",container!="POD",pod!=""})"#,
        ),
        (
            Figure::Cpu,
            By::Pod,
            r#"sum by (namespace, pod) (max by (namespace, pod, container) (irate(container_cpu_usage_seconds_total{container!="",container!="POD",cpu=~"total|",pod!=""}[60s])))"#,
        ),
        (
            Figure::NetworkReceiveBytes,
            By::Namespace,
            r#"sum by (namespace) (max by (namespace, pod, interface) (irate(container_network_receive_bytes_total{pod!=""}[60s])))"#,
        ),
        (
            Figure::FsReads,
            By::Container,
            r#"sum by (namespace, pod, container) (max by (namespace, pod, container, device) (irate(container_fs_reads_bytes_total{container!="",container!="POD",pod!=""}[60s])))"#,
        ),
    ] {
        assert_eq!(ask(figure, by, all.clone()), promql);
    }
}

#[test]
fn throttling_is_a_share_of_the_periods() {
    let of = Selection {
        namespaces: &["live"],
        pods: &["gift-1"],
        container: "web",
    };
    let rate = |family: &str| {
        format!(
            r#"max by (namespace, pod, container) (irate({family}{{container="web",namespace="live",pod="gift-1"}}[60s]))"#
        )
    };
    let (part, whole) = (
        rate("container_cpu_cfs_throttled_periods_total"),
        rate("container_cpu_cfs_periods_total"),
    );
    assert_eq!(
        ask(Figure::CpuThrottled, By::Container, of),
        format!("{part} / ({whole} > 0) or {part}")
    );
}

#[test]
fn names_cannot_break_out_of_their_quotes() {
    let of = |pods| Selection {
        namespaces: &[],
        pods,
        container: "a\"b\\c\nd",
    };
    let one = ask(Figure::Threads, By::Container, of(&["x.y"]));
    assert!(one.contains(r#"{container="a\"b\\c\nd",pod="x.y"}"#), "{one}");
    let many = ask(Figure::Threads, By::Container, of(&["x.y", "a\"|b"]));
    assert!(many.contains(r#"pod=~"x\\.y|a\"\\|b"}"#), "{many}");
}

#[test]
fn requests_are_encoded_and_bounded() {
    let question = Question {
        figure: Figure::Threads,
        by: By::Container,
        of: Selection::default(),
        window_s: 60,
    };
    let instant = target(&question, When::At(1_795_360_862_884));
    assert!(
        instant.starts_with("/api/v1/query?query=max%20by%20%28namespace%2C%20pod"),
        "{instant}"
    );
    assert!(instant.ends_with("&time=1795360862.884"), "{instant}");
    let range = |hours: i64, step_s| {
        let (from, to) = (0, hours * 3_600_000);
        target(&question, When::Range { from, to, step_s })
    };
    let rates = Question {
        figure: Figure::Cpu,
        ..question.clone()
    };
    assert!(target(&rates, When::At(0)).contains("%28irate%28"));
    let past = When::Range {
        from: 0,
        to: 60_000,
        step_s: 15,
    };
    assert!(target(&rates, past).contains("%28rate%28"), "a past has its mean");
    assert!(range(6, 60).ends_with("&start=0.000&end=21600.000&step=60"));
    assert!(range(24, 1).ends_with("&step=8"), "11,000 points and no more");
}
