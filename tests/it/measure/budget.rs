//! What measuring costs an API server: never more than the budget, whatever its answers are like.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::Utc;
use http::{Request, Response};
use pilothouse::cluster::{Budget, Measuring, Rules, Target, start};
use pilothouse::domain::{Clean, ClusterId, ObjectKey};
use pilothouse::metrics::source::{Choice, Report, Source, Wanted};
use pilothouse::metrics::{Figure, Subject};
use pilothouse::sim::fault::Fault;
use pilothouse::sim::fleet::sized;
use pilothouse::sim::resource::{NODES, PODS};
use pilothouse::sim::{SimBody, Simulation};
use pilothouse::world::{ClusterSetup, World};
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Instances in all: the text of a node is 400 KB with them.
const INSTANCES: usize = 2_400;
/// How far away the server is.
const LATENCY: Duration = Duration::from_millis(20);
/// Nodes on screen, if nothing else is said.
const SHOWN: usize = 12;
/// Nodes beside those on screen that are tried before the rotation begins.
const TRIED: usize = 6;

/// A request for a node's figures: when it came, whose, and what the server had sent until then.
#[derive(Clone, Debug)]
struct Asked {
    at: Duration,
    node: Clean,
    sent: u64,
}

fn fleet() -> Simulation {
    Simulation::new(sized(1, Utc::now(), 400, 700, INSTANCES))
}

/// What was asked.
#[derive(Debug, Default)]
struct Log {
    nodes: Vec<Asked>,
    /// While other things were asked for the sake of figures, how many nodes were answering.
    beside: Vec<usize>,
}

/// Answers as the cluster does, but for lists and watches, which are not what is measured here; notes who was asked.
async fn answer(
    simulation: Simulation,
    begun: Instant,
    log: Arc<Mutex<Log>>,
    request: Request<Bytes>,
) -> io::Result<Response<SimBody>> {
    let path = request.uri().path();
    let node = path.strip_prefix("/api/v1/nodes/");
    let node = node.and_then(|rest| rest.strip_suffix("/proxy/metrics/cadvisor"));
    match node.map(Clean::new) {
        Some(node) => {
            let (at, sent) = (begun.elapsed(), simulation.faults().proxied().bytes());
            log.lock().unwrap().nodes.push(Asked { at, node, sent });
        }
        None if path == "/api/v1/services" => {
            let answering = simulation.faults().proxied().in_flight();
            log.lock().unwrap().beside.push(answering);
        }
        None if path.starts_with("/apis/authorization.k8s.io/") => {}
        None => return Err(io::ErrorKind::ConnectionRefused.into()),
    }
    sleep(LATENCY).await;
    simulation.answer(request).await
}

/// Measures a fleet for so many seconds, with the last of its nodes on screen: who was asked, and who is on screen.
async fn measure(simulation: &Simulation, budget: Budget, seconds: u64) -> (Vec<Asked>, Vec<Clean>) {
    let how = How {
        choice: Choice::Only(Source::Cadvisor),
        budget,
        shown: SHOWN,
    };
    let (log, shown) = measure_as(simulation, how, seconds, |_| {}).await;
    (log.nodes, shown)
}

/// How a fleet is measured.
struct How {
    choice: Choice,
    budget: Budget,
    /// Nodes on screen.
    shown: usize,
}

/// Measures a fleet; `take` is given what is reported.
async fn measure_as(
    simulation: &Simulation,
    How { choice, budget, shown }: How,
    seconds: u64,
    mut take: impl FnMut(Report),
) -> (Log, Vec<Clean>) {
    let log = Arc::new(Mutex::new(Log::default()));
    let (begun, asked, served) = (Instant::now(), Arc::clone(&log), simulation.clone());
    let target = Target::in_process(ClusterId::new("large"), move |request| {
        answer(served.clone(), begun, Arc::clone(&asked), request)
    });
    let (reports, _unread) = mpsc::channel(1 << 16);
    let (figures, mut measured) = mpsc::channel(256);
    let cancel = CancellationToken::new();
    let _guard = cancel.clone().drop_guard();
    let cluster = start(target.with_seed(7), Arc::new(Rules::default()), reports, cancel.clone());
    let name = |node: &serde_json::Value| Clean::new(node.pointer("/metadata/name").unwrap().as_str().unwrap());
    let nodes: Vec<Clean> = simulation.with_store(|store| store.list(&NODES).map(|node| name(node)).collect());
    let shown = nodes[nodes.len() - shown..].to_vec();
    cluster.want(Wanted {
        shown: shown.clone().into(),
        nodes: nodes.into(),
        ..Wanted::default()
    });
    let settings = Measuring {
        choice,
        budget,
        ..Measuring::default()
    };
    cluster.measure(settings, figures, cancel);
    let taken = async {
        while let Some((_, report)) = measured.recv().await {
            take(report);
        }
    };
    drop(tokio::time::timeout(Duration::from_secs(seconds), taken).await);
    let log = std::mem::take(&mut *log.lock().unwrap());
    (log, shown)
}

/// Over any stretch of time no more was sent than the budget: of it a second's worth may come at once, and the answers
/// under way may be larger than they were taken for.
fn keeps(budget: Budget, log: &[Asked], largest: u64) {
    let slack = budget.bytes_per_second + budget.requests as u64 * largest;
    for (number, from) in log.iter().enumerate() {
        for to in log.iter().skip(number) {
            let allowed = budget.bytes_per_second as f64 * to.at.abs_diff(from.at).as_secs_f64() + slack as f64;
            let sent = to.sent - from.sent;
            assert!(sent as f64 <= allowed, "{sent} bytes from {:?} to {:?}", from.at, to.at);
        }
    }
}

/// When each of these was asked.
fn times(log: &[Asked], node: &Clean) -> Vec<Duration> {
    log.iter()
        .filter(|asked| asked.node == *node)
        .map(|asked| asked.at)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn four_hundred_large_nodes_cost_no_more_than_the_budget() {
    let (simulation, budget) = (fleet(), Budget::default());
    let (log, shown) = measure(&simulation, budget, 15).await;
    let meter = simulation.faults().proxied();
    let mean = meter.bytes() / meter.answers() as u64;
    assert!((380_000..450_000).contains(&mean), "a node is {mean} bytes");
    keeps(budget, &log, 2 * mean);
    // The whole fleet is asked once, as fast as the budget lets it.
    let once = log[..400 + TRIED].last().unwrap().at.as_secs_f64();
    let fastest = 400.0 * mean as f64 / budget.bytes_per_second as f64 - 1.0;
    assert!((fastest..fastest + 2.0).contains(&once), "{once} s, not {fastest}");
    let last_shown = log
        .iter()
        .rposition(|asked| asked.at < Duration::from_secs(1) && shown.contains(&asked.node));
    let others = log
        .iter()
        .take(last_shown.unwrap())
        .filter(|asked| !shown.contains(&asked.node));
    assert!(others.count() <= TRIED, "what is on screen comes first");
}

/// Nodes that are tried are paid for like all others, and out of the same purse.
#[tokio::test(start_paused = true)]
async fn looking_for_a_source_costs_no_more_than_the_budget() {
    let simulation = fleet();
    let budget = Budget {
        requests: 8,
        bytes_per_second: 100_000,
    };
    measure(&simulation, budget, 10).await;
    let meter = simulation.faults().proxied();
    let mean = meter.bytes() / meter.answers() as u64;
    // A second's worth at once, and an answer that is larger than that.
    let most = budget.bytes_per_second * 11 + mean;
    assert!(
        meter.answers() > 1 && meter.bytes() <= most,
        "{} of {most}",
        meter.bytes()
    );
}

#[tokio::test(start_paused = true)]
async fn a_better_source_is_looked_for_among_the_requests_that_may_be_under_way() {
    let simulation = fleet();
    simulation.faults().add(Fault::Slow {
        bytes_per_second: 50_000,
    });
    let how = How {
        choice: Choice::Auto,
        budget: Budget {
            requests: 1,
            bytes_per_second: 20_000_000,
        },
        shown: SHOWN,
    };
    let (log, _) = measure_as(&simulation, how, 320, |_| {}).await;
    assert_eq!(log.beside, [0, 0], "at the beginning and after five minutes");
    assert_eq!(simulation.faults().proxied().most_in_flight(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_is_never_asked_for_more_than_eight_nodes_at_once() {
    let simulation = fleet();
    simulation.faults().add(Fault::Slow {
        bytes_per_second: 200_000,
    });
    let (log, _) = measure(&simulation, Budget::default(), 15).await;
    assert_eq!(
        simulation.faults().proxied().most_in_flight(),
        Budget::default().requests
    );
    assert!(log.len() > 40, "{}", log.len());
}

#[tokio::test(start_paused = true)]
async fn what_is_on_screen_is_measured_however_little_the_budget_allows() {
    let simulation = fleet();
    let budget = Budget {
        requests: 2,
        bytes_per_second: 1_000_000,
    };
    let (log, shown) = measure(&simulation, budget, 65).await;
    let meter = simulation.faults().proxied();
    keeps(budget, &log, 2 * meter.bytes() / meter.answers() as u64);
    assert!(meter.most_in_flight() <= 2, "{}", meter.most_in_flight());
    for node in &shown {
        let asked = times(&log, node);
        let longest = asked.windows(2).map(|pair| pair[1].abs_diff(pair[0])).max();
        assert!(
            longest.is_some_and(|longest| longest < Duration::from_secs(13)),
            "{node}: {asked:?}"
        );
    }
    // The rest has its turn too, one after the other: nobody a second time before everybody had a first.
    let others: Vec<&Clean> = log
        .iter()
        .map(|asked| &asked.node)
        .filter(|node| !shown.contains(node))
        .collect();
    let once: BTreeSet<&&Clean> = others.iter().collect();
    assert!(others.len() > 60, "{}", others.len());
    assert!(others.len() - once.len() <= TRIED, "{} of {}", once.len(), others.len());
}

/// A rotation that takes minutes: what is off screen has its rates all the same, and how old they may be is said.
#[tokio::test(start_paused = true)]
async fn a_small_budget_makes_figures_older_and_not_unknown() {
    let simulation = fleet();
    let how = How {
        choice: Choice::Only(Source::Cadvisor),
        budget: Budget {
            requests: 8,
            bytes_per_second: 500_000,
        },
        shown: 2,
    };
    let id = ClusterId::new("large");
    let mut world = World::new([ClusterSetup::named("large")]);
    let now = || simulation.now().timestamp_millis();
    let take = |report| {
        let report = match report {
            // The program's clock stands still here, the simulation's does not: what was measured is as new as it came.
            Report::Measured { mut items, .. } => {
                for item in &mut items {
                    item.span.to = now();
                }
                Report::Measured { at: now(), items }
            }
            supply @ Report::Supply(_) => supply,
        };
        world.measured(&id, report);
    };
    let (_, shown) = measure_as(&simulation, how, 900, take).await;
    let usage = &world.cluster(&id).unwrap().usage;
    let sentence = usage.supply().sentence();
    let told = sentence
        .split_once("each node every ")
        .and_then(|(_, rest)| rest.split_once(" s"));
    let every: u64 = told.unwrap_or_else(|| panic!("{sentence}")).0.parse().unwrap();
    assert!((360..440).contains(&every), "{sentence}");
    let (mut known, mut all) = (0, 0);
    simulation.with_store(|store| {
        for pod in store.list(&PODS) {
            let text = |path: &str| pod.pointer(path).and_then(serde_json::Value::as_str).map(Clean::new);
            let is_off_screen = text("/spec/nodeName").is_some_and(|node| !shown.contains(&node));
            if is_off_screen && text("/status/phase").is_some_and(|phase| phase == "Running") {
                let key = ObjectKey::new(text("/metadata/namespace").unwrap(), text("/metadata/name").unwrap());
                all += 1;
                known += u32::from(usage.now(&Subject::Pod(key), Figure::Cpu, now()).is_some());
            }
        }
    });
    assert!(all > 1_000 && known * 100 >= all * 97, "{known} of {all}");
}
