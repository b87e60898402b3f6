//! What measuring does when the world is not as it should be: nobody answers, lists have no end, Prometheus tells more
//! than the budget allows.

mod namespaces;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::Utc;
use http::{Request, Response};
use pilothouse::cluster::{Budget, Cluster, Measuring, Rules, Target, start};
use pilothouse::domain::{Clean, ClusterId, ObjectKey};
use pilothouse::metrics::Measured;
use pilothouse::metrics::source::{Choice, Outcome, Report, Source, Supply, Wanted};
use pilothouse::sim::fault::{Body, Fault, Pattern};
use pilothouse::sim::fleet::sized;
use pilothouse::sim::resource::{NODES, PODS, SERVICES};
use pilothouse::sim::{SimBody, Simulation};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, timeout};
use tokio_util::sync::CancellationToken;

/// A fleet whose cluster has metrics-server, and Prometheus where it is asked for.
fn fleet(nodes: usize, pods: usize, prometheus: Option<&str>) -> Simulation {
    let now = Utc::now();
    let mut store = sized(1, now - chrono::TimeDelta::hours(1), nodes, 7, pods);
    let both = [("kube-system", "metrics-server", 443)].into_iter();
    for (namespace, name, port) in both.chain(prometheus.map(|namespace| (namespace, "prometheus", 9090))) {
        let service = json!({"metadata": {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/name": name}},
            "spec": {"ports": [{"name": "web", "port": port}]}});
        store.create(&SERVICES, service, now).unwrap();
    }
    Simulation::new(store)
}

fn names(simulation: &Simulation) -> Vec<Clean> {
    let name = |node: &Value| Clean::new(node.pointer("/metadata/name").unwrap().as_str().unwrap());
    simulation.with_store(|store| store.list(&NODES).map(|node| name(node)).collect())
}

/// A cluster that is measured; what it says.
struct Run {
    reports: mpsc::Receiver<(ClusterId, Report)>,
    begun: Instant,
    cluster: Cluster,
    _guard: tokio_util::sync::DropGuard,
}

/// What stands in for the cluster's own answer.
enum Instead {
    Text(String),
    Silence,
}

type Answering = Arc<dyn Fn(&Request<Bytes>) -> Option<Instead> + Send + Sync>;

/// Measures a cluster; what `instead` answers is not asked of it. Lists and watches are not what is tested here.
fn measure(simulation: &Simulation, settings: Measuring, wanted: Wanted, instead: Answering) -> Run {
    let served = simulation.clone();
    let target = Target::in_process(ClusterId::new("test"), move |request: Request<Bytes>| {
        let (served, instead) = (served.clone(), Arc::clone(&instead));
        async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            match instead(&request) {
                Some(Instead::Text(text)) => Ok(Response::new(SimBody::whole(text))),
                Some(Instead::Silence) => std::future::pending().await,
                None => served.answer(request).await,
            }
        }
    });
    let (watched, _unread) = mpsc::channel(1 << 16);
    let (figures, reports) = mpsc::channel(1 << 12);
    let cancel = CancellationToken::new();
    let cluster = start(target.with_seed(7), Arc::new(Rules::default()), watched, cancel.clone());
    cluster.want(wanted);
    cluster.measure(settings, figures, cancel.clone());
    Run {
        reports,
        begun: Instant::now(),
        cluster,
        _guard: cancel.drop_guard(),
    }
}

fn nothing() -> Answering {
    Arc::new(|_| None)
}

impl Run {
    /// Waits for a supply; says when it came.
    async fn supply(&mut self, seconds: u64, is_it: impl Fn(&Supply) -> bool) -> (Supply, Duration) {
        let mut last = None;
        let found = timeout(Duration::from_secs(seconds), async {
            loop {
                match self.reports.recv().await {
                    Some((_, Report::Supply(supply))) if is_it(&supply) => return supply,
                    Some((_, Report::Supply(supply))) => last = Some(supply),
                    Some((_, Report::Measured { .. })) => {}
                    None => std::future::pending().await,
                }
            }
        });
        match found.await {
            Ok(supply) => (supply, self.begun.elapsed()),
            Err(_) => panic!("not within {seconds} s; last {last:?}"),
        }
    }

    /// What is measured in so many seconds.
    async fn measured(&mut self, seconds: u64) -> Vec<Measured> {
        let mut all = Vec::new();
        let taken = async {
            while let Some((_, report)) = self.reports.recv().await {
                if let Report::Measured { items, .. } = report {
                    all.extend(items);
                }
            }
        };
        drop(timeout(Duration::from_secs(seconds), taken).await);
        all
    }
}

#[tokio::test(start_paused = true)]
async fn where_no_kubelet_answers_any_more_the_next_source_is_taken_within_30_s() {
    let simulation = fleet(400, 800, None);
    let nodes = names(&simulation);
    let wanted = Wanted {
        shown: nodes[..5].into(),
        nodes: nodes.into(),
        ..Wanted::default()
    };
    let silent = Arc::new(AtomicBool::new(false));
    let is_silent = Arc::clone(&silent);
    let instead = move |request: &Request<Bytes>| {
        let is_node = request.uri().path().ends_with("/proxy/metrics/cadvisor");
        (is_node && is_silent.load(Ordering::Relaxed)).then_some(Instead::Silence)
    };
    let mut run = measure(&simulation, Measuring::default(), wanted, Arc::new(instead));
    run.supply(60, |supply| supply.current == Some(Source::Cadvisor)).await;
    for reply in ["silence", "a refusal"] {
        drop(run.measured(20).await);
        let begun = run.begun.elapsed();
        let fault = (reply == "a refusal").then(|| {
            simulation.faults().add(Fault::Reply {
                to: Pattern::plural("nodes").subresource("proxy"),
                code: 503,
                retry_after: None,
                body: Body::Html,
            })
        });
        silent.store(fault.is_none(), Ordering::Relaxed);
        let (supply, at) = run
            .supply(31, |supply| supply.current == Some(Source::MetricsApi))
            .await;
        let took = at.abs_diff(begun);
        // And what the requests take.
        assert!(took <= Duration::from_millis(30_500), "{reply}: {took:?}");
        let Some(Outcome::Fails { reason, .. }) = supply.outcome(Source::Cadvisor) else {
            panic!("{supply:?}")
        };
        assert!(reason.starts_with("node "), "{reason}");
        silent.store(false, Ordering::Relaxed);
        if let Some(fault) = fault {
            simulation.faults().remove(fault);
        }
        run.supply(400, |supply| supply.current == Some(Source::Cadvisor)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_room_that_is_off_does_not_speak_for_all() {
    let simulation = fleet(400, 800, None);
    let nodes = names(&simulation);
    let off: Vec<Clean> = nodes.iter().take(60).cloned().collect();
    let wanted = Wanted {
        nodes: nodes.into(),
        ..Wanted::default()
    };
    let is_off = move |request: &Request<Bytes>| {
        let path = request.uri().path();
        let node = path
            .strip_prefix("/api/v1/nodes/")
            .and_then(|rest| rest.split('/').next());
        let is_off = path.ends_with("/cadvisor") && off.iter().any(|name| Some(name.as_str()) == node);
        is_off.then_some(Instead::Silence)
    };
    let mut run = measure(&simulation, Measuring::default(), wanted, Arc::new(is_off));
    run.supply(120, |supply| supply.failing >= 60).await;
    let later = timeout(
        Duration::from_mins(2),
        run.supply(200, |supply| supply.current != Some(Source::Cadvisor)),
    );
    assert!(later.await.is_err(), "the others go on");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_goes_on_for_ever_is_given_up_and_said() {
    let simulation = fleet(2, 10, None);
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let settings = Measuring {
        choice: Choice::Only(Source::MetricsApi),
        ..Measuring::default()
    };
    let again = move |request: &Request<Bytes>| {
        request.uri().path().starts_with("/apis/metrics.k8s.io/").then(|| {
            *count.lock().unwrap() += 1;
            Instead::Text(json!({"kind": "PodMetricsList", "metadata": {"continue": "again"}, "items": []}).to_string())
        })
    };
    let mut run = measure(&simulation, settings, Wanted::default(), Arc::new(again));
    let (supply, _) = run.supply(60, |supply| supply.failing > 0).await;
    assert!(supply.failure.unwrap().contains("the same page for ever"));
    assert!(*asked.lock().unwrap() < 20, "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn what_prometheus_and_the_metrics_api_say_comes_off_the_budget_too() {
    for source in [Source::Prometheus, Source::MetricsApi] {
        let simulation = fleet(2, 10, Some("monitoring"));
        let sent = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&sent);
        let begun = Instant::now();
        let large = move |request: &Request<Bytes>| {
            let path = request.uri().path();
            let lines: Vec<Value> = (0..4_000)
                .map(|n| {
                    json!({"metric": {"namespace": "gift", "pod": format!("live-gift-{n:05}-{:060}", 0)}, "value": [1_795_000_000, "1"]})
                })
                .collect();
            let items: Vec<Value> = (0..4_000)
                .map(|n| {
                    json!({"metadata": {"namespace": "gift", "name": format!("live-gift-{n:05}")}, "timestamp": "2026-11-22T10:00:00Z",
                        "window": "15s", "containers": [{"name": "web", "usage": {"cpu": "100m", "memory": "20Mi"}}]})
                })
                .collect();
            let text = if path.contains("/services/prometheus:9090/proxy") {
                json!({"status": "success", "data": {"resultType": "vector", "result": lines}}).to_string()
            } else if path.starts_with("/apis/metrics.k8s.io/") {
                json!({"kind": "PodMetricsList", "metadata": {}, "items": items}).to_string()
            } else {
                return None;
            };
            log.lock().unwrap().push((begun.elapsed(), text.len() as u64));
            Some(Instead::Text(text))
        };
        let budget = Budget {
            requests: 8,
            bytes_per_second: 30_000,
        };
        let settings = Measuring {
            choice: Choice::Only(source),
            budget,
            ..Measuring::default()
        };
        let wanted = Wanted {
            pods: [
                ObjectKey::new("gift", "live-gift-00001"),
                ObjectKey::new("gift", "live-gift-00002"),
            ]
            .into(),
            ..Wanted::default()
        };
        let mut run = measure(&simulation, settings, wanted, Arc::new(large));
        assert!(!run.measured(300).await.is_empty(), "{source:?}");
        let log = sent.lock().unwrap();
        let largest = log.iter().map(|(_, bytes)| *bytes).max().unwrap();
        let all: u64 = log.iter().map(|(_, bytes)| *bytes).sum();
        // A second's worth at once, and four answers under way that nobody knew the size of.
        let most = budget.bytes_per_second * 301 + 4 * largest;
        assert!(all <= most, "{source:?}: {all} of {most}");
        assert!(all > budget.bytes_per_second * 200, "{source:?}: it is used: {all}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_past_of_an_instance_is_asked_for_until_it_is_told_and_when_it_is_looked_at_again() {
    let simulation = fleet(2, 20, Some("monitoring"));
    let key = |pod: &Value| {
        let text = |path: &str| pod.pointer(path).and_then(Value::as_str).unwrap().to_owned();
        ObjectKey::new(text("/metadata/namespace"), text("/metadata/name"))
    };
    let pods: Vec<ObjectKey> = simulation.with_store(|store| store.list(&PODS).map(|pod| key(pod)).collect());
    let wanted = |of: &ObjectKey| Wanted {
        pods: [of.clone()].into(),
        nodes: names(&simulation).into(),
        ..Wanted::default()
    };
    let asked = Arc::new(AtomicUsize::new(0));
    let is_failing = Arc::new(AtomicBool::new(true));
    let (count, fails) = (Arc::clone(&asked), Arc::clone(&is_failing));
    let instead: Answering = Arc::new(move |request| {
        let is_past = request.uri().path().ends_with("/query_range");
        count.fetch_add(usize::from(is_past), Ordering::Relaxed);
        (is_past && fails.load(Ordering::Relaxed)).then(|| Instead::Text("<html>".to_owned()))
    });
    let settings = Measuring {
        choice: Choice::Only(Source::Prometheus),
        ..Measuring::default()
    };
    let mut run = measure(&simulation, settings, wanted(&pods[0]), instead);
    let asks = async |run: &mut Run, seconds| {
        run.measured(seconds).await;
        asked.swap(0, Ordering::Relaxed)
    };
    let failed = asks(&mut run, 10).await;
    assert!(failed > 0);
    is_failing.store(false, Ordering::Relaxed);
    let told = asks(&mut run, 60).await;
    assert!(told > failed, "{told} after {failed}: the nearer past too");
    assert_eq!(asks(&mut run, 120).await, 0, "it is told");
    run.cluster.want(wanted(&pods[1]));
    assert_eq!(asks(&mut run, 60).await, told, "another's");
    run.cluster.want(wanted(&pods[0]));
    assert_eq!(asks(&mut run, 60).await, told, "what it did while nobody looked");
}
