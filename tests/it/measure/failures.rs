//! Why there are no figures: each way each source can fail, in words, in `doctor` and on the screen, and never as 0.

use std::ffi::OsString;
use std::future::pending;
use std::sync::Arc;

use bytes::Bytes;
use chrono::Utc;
use http::{Request, Response};
use pilothouse::cli::{self, Environment};
use pilothouse::cluster::{Measuring, Rules, Target, start};
use pilothouse::domain::ClusterId;
use pilothouse::message::{Action, Message};
use pilothouse::metrics::source::{Attempt, Outcome, Report, Source, Supply};
use pilothouse::sim::fault::{Body, Fault, MetricsFault, Pattern};
use pilothouse::sim::fleet::sized;
use pilothouse::sim::resource::{NODES, SERVICES};
use pilothouse::sim::{Identity, SimBody, Simulation};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::screen::Bench;
use crate::support::served::Served;

/// What goes wrong.
#[derive(Clone, Debug)]
enum Trouble {
    Fault(Fault),
    /// What the user may not do is not even asked for.
    NoRights,
    /// Its Service was never made.
    NotThere(&'static str),
    /// Requests with this in their path are never answered.
    Silent(&'static str),
    /// They are answered with a page of something else.
    Page(&'static str),
}

use Trouble::{NoRights, NotThere, Page, Silent};

const KUBELET: &str = "/proxy/metrics/cadvisor";
const PROMETHEUS: &str = "/services/prometheus:9090/proxy";
const METRICS_API: &str = "/apis/metrics.k8s.io/";

fn service_proxy() -> Pattern {
    Pattern::plural("services").subresource("proxy")
}

fn node_proxy() -> Pattern {
    Pattern::plural("nodes").subresource("proxy")
}

fn forbid(what: Pattern) -> Trouble {
    Trouble::Fault(Fault::Forbid(what))
}

fn reply(to: Pattern, code: u16) -> Trouble {
    Trouble::Fault(Fault::Reply {
        to,
        code,
        retry_after: None,
        body: Body::Html,
    })
}

/// What fails, and what is said of it.
fn table() -> Vec<(Source, Trouble, &'static str)> {
    use Source::{Cadvisor, MetricsApi, Prometheus};
    let of_metrics = |how| Trouble::Fault(Fault::Metrics(how));
    vec![
        (
            Prometheus,
            NoRights,
            "it cannot be looked for: no right to list services",
        ),
        (
            Prometheus,
            forbid(service_proxy()),
            "Service monitoring/prometheus: no right to get services/proxy",
        ),
        (Prometheus, NotThere("prometheus"), "no Service of Prometheus found"),
        (
            Prometheus,
            reply(service_proxy(), 404),
            "Service monitoring/prometheus: not found",
        ),
        (
            Prometheus,
            reply(service_proxy(), 503),
            "Service monitoring/prometheus: server error 503",
        ),
        (
            Prometheus,
            Silent(PROMETHEUS),
            "Service monitoring/prometheus: no answer within 20 s",
        ),
        (
            Prometheus,
            Page(PROMETHEUS),
            "Service monitoring/prometheus: what answered is not Prometheus",
        ),
        (Cadvisor, NoRights, "no right to get nodes/proxy"),
        (Cadvisor, forbid(node_proxy()), "no right to get nodes/proxy"),
        (
            Cadvisor,
            reply(node_proxy(), 404),
            "the kubelet has no metrics/cadvisor (404)",
        ),
        (Cadvisor, reply(node_proxy(), 503), "server error 503"),
        (Cadvisor, Silent(KUBELET), "no answer within 10 s"),
        (Cadvisor, Page(KUBELET), "the answer holds no figures of containers"),
        (MetricsApi, NoRights, "no right to list pods.metrics.k8s.io"),
        (
            MetricsApi,
            NotThere("metrics-server"),
            "metrics.k8s.io is not installed",
        ),
        (
            MetricsApi,
            of_metrics(MetricsFault::Unavailable),
            "metrics.k8s.io does not answer (503)",
        ),
        (MetricsApi, Silent(METRICS_API), "no answer within 20 s"),
        (MetricsApi, of_metrics(MetricsFault::NotANumber), "answer not readable"),
        (MetricsApi, Page(METRICS_API), "answer not readable"),
    ]
}

/// A cluster that has every source but for what is wrong.
fn cluster(trouble: Option<&Trouble>) -> Simulation {
    let now = Utc::now();
    let mut store = sized(1, now - chrono::TimeDelta::hours(1), 2, 3, 10);
    for (namespace, name, port) in [
        ("monitoring", "prometheus", 9090),
        ("kube-system", "metrics-server", 443),
    ] {
        if !matches!(trouble, Some(NotThere(gone)) if *gone == name) {
            let service = json!({"metadata": {"name": name, "namespace": namespace,
                "labels": {"app.kubernetes.io/name": name}}, "spec": {"ports": [{"name": "web", "port": port}]}});
            store.create(&SERVICES, service, now).unwrap();
        }
    }
    assert_eq!(store.count(&NODES), 2);
    let simulation = Simulation::new(store);
    match trouble {
        Some(NoRights) => simulation.set_identity(Identity::user("nobody")),
        Some(Trouble::Fault(fault)) => drop(simulation.faults().add(fault.clone())),
        _ => {}
    }
    simulation
}

/// Tries every source once.
async fn survey(trouble: Option<&Trouble>) -> Supply {
    let (simulation, wrong) = (cluster(trouble), trouble.cloned());
    let target = Target::in_process(ClusterId::new("test"), move |request: Request<Bytes>| {
        let (simulation, wrong) = (simulation.clone(), wrong.clone());
        async move {
            let at = |part: &&str| request.uri().path().contains(*part);
            match &wrong {
                Some(Silent(part)) if at(part) => pending().await,
                Some(Page(part)) if at(part) => Ok(Response::new(SimBody::whole("<html>log in</html>"))),
                _ => simulation.answer(request).await,
            }
        }
    });
    let (reports, _unread) = mpsc::channel(1 << 12);
    let cancel = CancellationToken::new();
    let _guard = cancel.clone().drop_guard();
    let cluster = start(target.with_seed(7), Arc::new(Rules::default()), reports, cancel);
    cluster.sources(Measuring::default(), Vec::new()).await
}

#[tokio::test(start_paused = true)]
async fn every_source_answers_where_nothing_is_wrong() {
    let supply = survey(None).await;
    for attempt in &supply.attempts {
        assert!(matches!(attempt.outcome, Outcome::Works(_)), "{attempt:?}");
    }
    assert_eq!((supply.current, supply.attempts.len()), (Some(Source::Prometheus), 3));
}

#[tokio::test(start_paused = true)]
async fn each_failure_has_its_words_and_costs_no_other_source() {
    for (source, trouble, said) in table() {
        let supply = survey(Some(&trouble)).await;
        let Some(Outcome::Fails { reason, hint }) = supply.outcome(source) else {
            panic!("{source:?}, {trouble:?}: {supply:?}");
        };
        assert!(reason.ends_with(said), "{source:?}, {trouble:?}: {reason}");
        assert!(!hint.is_empty(), "{source:?}, {trouble:?}");
        let others = supply.attempts.iter().filter(|attempt| attempt.source != source);
        let works = |attempt: &Attempt| matches!(attempt.outcome, Outcome::Works(_));
        assert!(
            matches!(trouble, NoRights) || others.clone().all(works),
            "{trouble:?}: {supply:?}"
        );
        on_screen(source, reason, hint);
    }
}

/// A cluster with this source alone says why nothing is known, and shows no number of what is used.
fn on_screen(source: Source, reason: &str, hint: &str) {
    let mut bench = Bench::fleet();
    let outcome = Outcome::Fails {
        reason: reason.into(),
        hint: hint.into(),
    };
    let supply = Supply {
        attempts: vec![Attempt { source, outcome }],
        ..Supply::default()
    };
    let id = ClusterId::new("idc-bj");
    bench.send(Message::Metrics(id, Report::Supply(supply)));
    bench.act(&[Action::ShowFleet, Action::Top, Action::Detail]);
    let told = format!("{}: {reason}", source.name());
    let frame = bench.frame(200, 50);
    assert!(frame.contains(&told), "{told}\n{frame}");
    bench.act(&[Action::ShowApps]);
    bench.filter("feed/rank");
    bench.act(&[Action::Open]);
    let frame = bench.frame(200, 50);
    let uses = frame
        .lines()
        .find(|line| line.trim_start().starts_with("uses"))
        .unwrap();
    assert!(uses.contains(&format!("– not measured: {told}")), "{frame}");
    assert!(!frame.contains("NET in"), "no column of what nobody measures\n{frame}");
}

#[test]
fn doctor_tells_each_with_what_to_do() {
    // What is silent is told as everything is, and takes its time.
    let table: Vec<_> = table()
        .into_iter()
        .filter(|(_, trouble, _)| !matches!(trouble, NoRights | Silent(_) | Page(_)))
        .enumerate()
        .map(|(number, row)| (format!("c{number}"), row))
        .collect();
    let served = Served::start(|| {
        let made = table
            .iter()
            .map(|(name, (_, trouble, _))| (name.clone(), cluster(Some(trouble))));
        made.collect()
    });
    let config = served.folder.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let words = ["pilothouse", "doctor", "--all-contexts", "-o", "json", "--config"].map(OsString::from);
    let files = [config.into(), "--kubeconfig".into(), served.kubeconfig().into()];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    cli::run(
        words.into_iter().chain(files),
        &Environment::default(),
        &mut out,
        &mut err,
    );
    let printed: serde_json::Value = serde_json::from_slice(&out).unwrap();
    for (name, (source, _, said)) in &table {
        let item = printed["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["context"] == **name);
        let findings = item.unwrap()["findings"].as_array().unwrap();
        let begins = format!("figures: not from {}: ", source.name());
        let found = findings
            .iter()
            .find(|finding| finding["what"].as_str().unwrap().starts_with(&begins));
        let found = found.unwrap_or_else(|| panic!("{name} {source:?}: {findings:?}"));
        assert!(found["what"].as_str().unwrap().ends_with(said), "{found}");
        assert!(found["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{found}");
    }
}
