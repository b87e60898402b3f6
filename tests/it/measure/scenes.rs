//! What the demo is about, as it is measured and read through the API: in virtual time, in one fleet.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Request;
use http_body_util::BodyExt;
use pilothouse::domain::Clean;
use pilothouse::logs::level::{Level, level};
use pilothouse::metrics::cadvisor::read;
use pilothouse::metrics::prometheus::{self, By, Question, Selection, When, target};
use pilothouse::metrics::rate::Spacing;
use pilothouse::metrics::{Figure, Measured, Meter, Subject};
use pilothouse::sim::Simulation;
use pilothouse::sim::fleet::one;
use pilothouse::sim::resource::{EVENTS, NODES, PODS};
use serde_json::Value;
use tokio::time::Duration;

fn start() -> DateTime<Utc> {
    "2026-11-22T10:40:00Z".parse().unwrap()
}

/// A cluster of the demo whose clock is driven here.
fn cluster(name: &str) -> Simulation {
    one(7, start(), name).unwrap().start_still(start()).1
}

async fn get(simulation: &Simulation, path: &str) -> String {
    let request = Request::get(path).body(Bytes::new()).unwrap();
    let answer = simulation.handle(request).await;
    assert_eq!(answer.status(), 200, "{path}");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

async fn json(simulation: &Simulation, path: &str) -> Value {
    serde_json::from_str(&get(simulation, path).await).unwrap()
}

/// Pods as the cluster has them.
fn pods(simulation: &Simulation) -> Vec<Value> {
    simulation.with_store(|store| store.list(&PODS).map(|pod| Value::clone(pod)).collect())
}

fn said<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// What these nodes' containers used over half a minute.
async fn measure(simulation: &Simulation, nodes: &[String]) -> Vec<Measured> {
    let mut meter = Meter::default();
    let mut measured = Vec::new();
    for round in 0..2 {
        let now = simulation.now().timestamp_millis();
        for node in nodes {
            let text = get(simulation, &format!("/api/v1/nodes/{node}/proxy/metrics/cadvisor")).await;
            let scrape = read(text.as_bytes(), now);
            let figures = meter.take(&Clean::new(node), &scrape, now, Spacing::of(15_000));
            if round == 1 {
                measured.extend(figures);
            }
        }
        simulation.advance(Duration::from_secs(30));
    }
    measured
}

/// A figure by what `name` makes of a container's subject, added up.
fn sums(measured: &[Measured], figure: Figure, name: impl Fn(&str, &str) -> Option<String>) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    for item in measured {
        let Subject::Container(pod, container) = &item.subject else {
            continue;
        };
        let key = name(&format!("{}/{}", pod.namespace, pod.name), container);
        if let (Some(key), Some(value)) = (key, item.figures.get(figure)) {
            *sums.entry(key).or_default() += value;
        }
    }
    sums
}

#[tokio::test]
async fn load_follows_the_day() {
    let simulation = cluster("idc-bj");
    let day = 86_400_000;
    let end = start().timestamp_millis();
    let question = Question {
        figure: Figure::Cpu,
        by: By::Namespace,
        of: Selection {
            namespaces: &["gift"],
            ..Selection::default()
        },
        window_s: 300,
    };
    let range = When::Range {
        from: end - day,
        to: end,
        step_s: 1_800,
    };
    let proxy = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy";
    let answer = get(&simulation, &format!("{proxy}{}", target(&question, range))).await;
    let answer = prometheus::read(answer.as_bytes()).unwrap();
    let points = &answer.lines[0].points;
    let by_size = |a: &&(i64, f64), b: &&(i64, f64)| a.1.total_cmp(&b.1);
    let (lowest, highest) = (
        points.iter().min_by(by_size).unwrap(),
        points.iter().max_by(by_size).unwrap(),
    );
    assert!(highest.1 > lowest.1 * 1.6, "{lowest:?} {highest:?}");
    // The peak is an hour and a half after the demo begins, and so was yesterday's.
    let to_peak = (highest.0 - (end + 5_400_000)).rem_euclid(day);
    assert!(to_peak.min(day - to_peak) < 4 * 3_600_000, "{highest:?}");
}

#[tokio::test]
async fn the_app_that_runs_away_takes_most_of_what_is_taken_on_top() {
    let simulation = cluster("aliyun");
    let nodes: Vec<String> = simulation.with_store(|store| {
        store
            .list(&NODES)
            .map(|node| said(node, "/metadata/name").to_owned())
            .collect()
    });
    // The last two parts of a name tell the instances of an app apart.
    let app = |pod: &str, _: &str| Some(pod.rsplitn(3, '-').last()?.to_owned());
    let before = sums(&measure(&simulation, &nodes).await, Figure::Cpu, app);
    simulation.advance(Duration::from_mins(10));
    let after = sums(&measure(&simulation, &nodes).await, Figure::Cpu, app);
    let mut grown: Vec<(f64, &String)> = after
        .iter()
        .map(|(app, cores)| (cores - before.get(app).copied().unwrap_or(0.0), app))
        .collect();
    grown.sort_by(|a, b| b.0.total_cmp(&a.0));
    assert_eq!(grown[0].1, "live/danmaku", "{:?}", &grown[..3]);
    assert!(grown[0].0 > 5.0 * grown[1].0, "{:?}", &grown[..3]);
}

#[tokio::test]
async fn a_leak_fills_its_limit_is_killed_and_said_to_be() {
    let simulation = cluster("mixed-sh");
    let spell = |pods: Vec<Value>| {
        pods.into_iter()
            .find(|pod| said(pod, "/metadata/name").starts_with("spell-"))
            .unwrap()
    };
    let first = spell(pods(&simulation));
    let (name, node) = (
        said(&first, "/metadata/name").to_owned(),
        said(&first, "/spec/nodeName").to_owned(),
    );
    let restarts = |pod: &Value| {
        pod.pointer("/status/containerStatuses/0/restartCount")
            .and_then(Value::as_i64)
            .unwrap()
    };
    let limit = said(&first, "/spec/containers/0/resources/limits/memory");
    let limit = pilothouse::domain::quantity::parse_quantity(limit).unwrap();
    let mut shares = Vec::new();
    for _ in 0..48 {
        simulation.advance(Duration::from_secs(15));
        let path = "/apis/metrics.k8s.io/v1beta1/namespaces/search/pods?labelSelector=app.kubernetes.io/name%3Dspell";
        let list = json(&simulation, path).await;
        let items = list["items"].as_array().unwrap();
        let item = items.iter().find(|item| said(item, "/metadata/name") == name);
        let used = item.and_then(|item| {
            let containers = item["containers"].as_array()?;
            let own = containers
                .iter()
                .find(|one| one["name"] == first["spec"]["containers"][0]["name"])?;
            pilothouse::domain::quantity::parse_quantity(own["usage"]["memory"].as_str()?)
        });
        shares.extend(used.map(|used| used / limit));
    }
    let most = shares.iter().copied().fold(0.0, f64::max);
    let least = shares.iter().copied().fold(1.0, f64::min);
    assert!(most > 0.9 && least < 0.6, "from {least} to {most} of the limit");
    let after = pods(&simulation)
        .into_iter()
        .find(|pod| said(pod, "/metadata/name") == name)
        .unwrap();
    assert!(restarts(&after) > restarts(&first));
    let last = "/status/containerStatuses/0/lastState/terminated/reason";
    assert_eq!(said(&after, last), "OOMKilled");
    let events: Vec<Value> =
        simulation.with_store(|store| store.list(&EVENTS).map(|event| Value::clone(event)).collect());
    let is_killed = |event: &&Value| {
        let about = (said(event, "/involvedObject/kind"), said(event, "/involvedObject/name"));
        said(event, "/reason") == "OOMKilling" && about == ("Node", &node)
    };
    let killed = events.iter().find(is_killed).expect("an event of its node");
    assert!(said(killed, "/message").contains("Killed process"), "{killed}");
    let about = |event: &&Value| said(event, "/involvedObject/name") == name && said(event, "/reason") == "Started";
    assert!(events.iter().any(|event| about(&event)), "it runs again");
}

#[tokio::test]
async fn a_noisy_neighbour_is_seen_in_what_the_others_wait() {
    let simulation = cluster("aliyun");
    let of_app = |pod: &&Value, app: &str| said(pod, "/metadata/labels/app.kubernetes.io~1name") == app;
    let all = pods(&simulation);
    let noisy: Vec<String> = all
        .iter()
        .filter(|pod| of_app(pod, "index-store"))
        .map(|pod| said(pod, "/spec/nodeName").to_owned())
        .collect();
    assert!(noisy.len() > 1, "{noisy:?}");
    let others = all.iter().map(|pod| said(pod, "/spec/nodeName").to_owned());
    let calm: Vec<String> = others
        .filter(|node| !node.is_empty() && !noisy.contains(node))
        .take(1)
        .collect();
    let who = |pod: &str, container: &str| {
        let is_own = pod.starts_with("search/index-store-") && container == "app";
        Some(if is_own { "it" } else { pod.split_once('/')?.0 }.to_owned())
    };
    let mean = |measured: &[Measured], of: fn(&str) -> bool| {
        let each = measured.iter().filter_map(|item| {
            let Subject::Container(pod, container) = &item.subject else {
                return None;
            };
            let name = who(&format!("{}/{}", pod.namespace, pod.name), container)?;
            item.figures.get(Figure::CpuThrottled).filter(|_| of(&name))
        });
        let each: Vec<f64> = each.collect();
        each.iter().sum::<f64>() / each.len() as f64
    };
    let (loud, quiet) = (measure(&simulation, &noisy).await, measure(&simulation, &calm).await);
    let (own, near, far) = (
        mean(&loud, |who| who == "it"),
        mean(&loud, |who| who != "it"),
        mean(&quiet, |who| who != "it"),
    );
    assert!(own > 0.5 && near > 0.2 && far < 0.05, "{own} {near} {far}");
}

/// The last lines of a container.
async fn log_of(simulation: &Simulation, pod: &Value, container: &str, lines: u32) -> Vec<String> {
    log(simulation, pod, &format!("container={container}&tailLines={lines}")).await
}

async fn log(simulation: &Simulation, pod: &Value, options: &str) -> Vec<String> {
    let (namespace, name) = (said(pod, "/metadata/namespace"), said(pod, "/metadata/name"));
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/log?{options}");
    get(simulation, &path).await.lines().map(str::to_owned).collect()
}

/// The share of errors among the lines that have a level.
fn errors(lines: &[String]) -> f64 {
    let levels: Vec<Level> = lines.iter().filter_map(|line| level(line.as_bytes())).collect();
    let errors = levels.iter().filter(|level| **level >= Level::Error).count();
    errors as f64 / levels.len().max(1) as f64
}

#[tokio::test]
async fn the_new_instances_of_a_failing_release_are_full_of_errors() {
    let simulation = cluster("idc-bj");
    let push: Vec<Value> = pods(&simulation)
        .into_iter()
        .filter(|pod| said(pod, "/metadata/labels/app.kubernetes.io~1name") == "push")
        .collect();
    let is_failing = |pod: &&Value| {
        pod.pointer("/metadata/annotations/sim.pilothouse.dev~1crash-after")
            .is_some()
    };
    let (new, old) = (
        push.iter().find(is_failing).unwrap(),
        push.iter().find(|pod| !is_failing(pod)).unwrap(),
    );
    let (new, old) = (
        log(&simulation, new, "container=app&previous=true").await,
        log_of(&simulation, old, "app", 2_000).await,
    );
    assert!(new.len() > 20 && old.len() > 20, "{} {}", new.len(), old.len());
    assert!(
        errors(&new) > 0.2 && errors(&old) < 0.05,
        "{} {}",
        errors(&new),
        errors(&old)
    );
    assert!(
        new.iter().any(|line| line.starts_with("panic: ")),
        "it says why it ended"
    );
}

/// How each language's lines look, and a line of its stacks.
const FORMS: [(&str, &str, &str); 6] = [
    ("java", " c.corp.web.RequestHandler - ", "\tat "),
    ("tomcat", " org.apache.catalina.core.", "\tat "),
    ("php", " [pool www] ", "#0 /app/src/"),
    ("node", "{\"level\":", "\\n    at handler"),
    ("python", " app.handlers ", "  File \"/app/"),
    ("go", " level=", "/src/server.go:"),
];

#[tokio::test]
async fn each_language_prints_in_its_form_with_levels_and_stacks() {
    let simulation = cluster("idc-bj");
    let mut seen: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    let mut apps = std::collections::BTreeSet::new();
    for pod in pods(&simulation) {
        let app = said(&pod, "/metadata/labels/app.kubernetes.io~1name");
        let containers = pod["spec"]["containers"].as_array().unwrap();
        let own = containers
            .iter()
            .find(|container| said(container, "/image").contains(&format!("/{app}:")));
        let runs = said(&pod, "/status/phase") == "Running" && said(&pod, "/spec/nodeName") != "bj-b-047";
        let Some(own) = own.filter(|_| runs && app != "push" && apps.insert(app.to_owned())) else {
            continue;
        };
        let container = said(own, "/name");
        let few = log_of(&simulation, &pod, container, 60).await;
        let form = FORMS
            .iter()
            .find(|(_, form, _)| few.iter().any(|line| line.contains(form)));
        let Some((language, ..)) = form else {
            panic!("{app}: {few:?}")
        };
        let (count, lines) = seen.entry(language).or_default();
        if *count < 3 {
            *count += 1;
            lines.extend(log_of(&simulation, &pod, container, 1_500).await);
        }
        if seen.len() == FORMS.len() && seen.values().all(|(count, _)| *count == 3) {
            break;
        }
    }
    for (language, form, stack) in FORMS {
        let (_, lines) = seen.get(language).unwrap_or_else(|| panic!("nobody speaks {language}"));
        let levels: Vec<_> = lines
            .iter()
            .filter(|line| line.contains(form))
            .map(|line| level(line.as_bytes()))
            .collect();
        for wanted in [Level::Info, Level::Warn, Level::Error] {
            assert!(levels.contains(&Some(wanted)), "{language}: no {wanted:?}");
        }
        assert!(levels.iter().all(Option::is_some), "{language}: a line without a level");
        assert!(lines.iter().any(|line| line.contains(stack)), "{language}: no stack");
    }
}
