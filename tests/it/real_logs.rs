//! Logs of a real container while its API server goes away and comes back: only with
//! `PILOTHOUSE_TEST_KUBECONFIG` and `PILOTHOUSE_TEST_LAB`, in a run of this test alone.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, PostParams};
use pilothouse::cluster::{Cluster, start};
use pilothouse::domain::{ClusterId, ClusterReport};
use pilothouse::logs::{Content, Place, Which};
use pilothouse::message::{Action, Effect, Message};
use pilothouse::model::Model;
use pilothouse::runtime::logs::Readings;
use pilothouse::world::{ClusterSetup, World};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::real::{client, fault, target};
use crate::support::screen::Bench;

/// Lines the container writes: 2,000 a second for a minute.
const LINES: u64 = 120_000;

/// The program without a terminal: reports and logs go in, effects are done.
struct Desk {
    bench: Bench,
    readings: Readings,
    cluster: Cluster,
    reports: mpsc::Receiver<(ClusterId, ClusterReport)>,
    messages: mpsc::Receiver<Message>,
}

impl Desk {
    fn send(&mut self, message: Message) {
        let effects = self.bench.send(message);
        self.perform(effects);
    }

    fn act(&mut self, actions: &[Action]) {
        let effects = self.bench.act(actions);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::ReadLog(request) => self.readings.read(self.cluster.clone(), *request),
                Effect::LeaveLog(slot) => self.readings.leave(&slot),
                Effect::HoldLogs(held) => self.readings.hold(held),
                _ => {}
            }
        }
    }

    /// Goes on until something is so.
    async fn until(&mut self, what: &str, limit: Duration, mut is_so: impl FnMut(&Model) -> bool) {
        let end = Instant::now() + limit;
        let mut seconds = interval(Duration::from_millis(500));
        loop {
            tokio::select! {
                Some((id, report)) = self.reports.recv() => self.send(Message::Cluster(id, report)),
                Some(message) = self.messages.recv() => self.send(message),
                _ = seconds.tick() => {
                    self.send(Message::Tick(chrono::Utc::now(), pilothouse::cluster::moment()));
                    if is_so(&self.bench.model) {
                        return;
                    }
                }
                () = sleep_until(end) => panic!("not within {limit:?}: {what}"),
            }
        }
    }
}

fn rows(model: &Model) -> Vec<String> {
    let Some(logs) = model.logs() else { return Vec::new() };
    let rows = logs.pane.from(Which::All, Place::default());
    rows.map(|row| match row.content {
        Content::Line { text, .. } => text.to_owned(),
        Content::Divider(divider) => format!("[{}]", divider.words()),
    })
    .collect()
}

fn received(model: &Model) -> u64 {
    model.logs().map_or(0, |logs| logs.pane.counts().received)
}

/// A pod that writes numbered lines.
fn counting(name: &str) -> Pod {
    let script = format!(
        "i=0; while [ $i -lt {LINES} ]; do j=0; while [ $j -lt 200 ]; do echo n $i; i=$((i+1)); j=$((j+1)); done; \
         sleep 0.09; done; echo over"
    );
    let pod = json!({
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "containers": [{
                "name": "counts",
                "image": "docker.io/library/busybox:lab",
                "imagePullPolicy": "Never",
                "command": ["sh", "-c", script],
            }],
        },
    });
    serde_json::from_value(pod).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_is_shown_once_while_the_server_goes_away_twice() {
    if std::env::var_os("PILOTHOUSE_TEST_LAB").is_none() {
        return;
    }
    let Some(target) = target("lab-b") else {
        return;
    };
    let (told, reports) = mpsc::channel(1024);
    let cancel = CancellationToken::new();
    let cluster = start(target, Arc::default(), told, cancel.clone());
    let _guard = cancel.drop_guard();
    let pods = Api::<Pod>::namespaced(client("lab-b").await, "default");
    let name = format!("counts-{}", std::process::id());
    pods.create(&PostParams::default(), &counting(&name)).await.unwrap();
    let (sender, messages) = mpsc::channel(1024);
    let world = World::new([ClusterSetup::named("lab-b")]);
    let mut desk = Desk {
        bench: Bench::new(world, chrono::Utc::now()),
        readings: Readings::new(sender),
        cluster,
        reports,
        messages,
    };
    let wanted = name.clone();
    let is_there = move |model: &Model| {
        let clusters = model.world().clusters().iter();
        clusters
            .flat_map(|c| c.pods.values())
            .any(|pod| *pod.key.name == *wanted && pod.ready)
    };
    desk.until("the container runs", Duration::from_mins(1), is_there).await;
    desk.act(&[Action::ShowInstances]);
    desk.bench.filter(&name);
    desk.act(&[Action::Logs]);
    desk.until("lines", Duration::from_secs(20), |model| received(model) > 2_000)
        .await;
    for _ in 0..2 {
        let before = received(&desk.bench.model);
        fault("apiserver-stop").await;
        let pause = Instant::now() + Duration::from_secs(6);
        desk.until("the outage", Duration::from_secs(10), |_| Instant::now() >= pause)
            .await;
        fault("apiserver-start").await;
        desk.until("lines again", Duration::from_secs(90), move |model| {
            received(model) > before + 20_000
        })
        .await;
    }
    let is_over = |model: &Model| rows(model).iter().any(|row| row.starts_with("[ended"));
    desk.until("the end", Duration::from_mins(3), is_over).await;
    pods.delete(&name, &DeleteParams::default()).await.unwrap();
    are_whole(&rows(&desk.bench.model));
}

/// Every number once and in order, but where a gap is told between two of them.
fn are_whole(rows: &[String]) {
    let happened: Vec<&String> = rows.iter().filter(|row| row.starts_with('[')).collect();
    println!("{happened:?}");
    let (mut last, mut count, mut is_gap_told) = (None, 0_u64, false);
    for row in rows {
        if row.starts_with("[possible gap") {
            is_gap_told = true;
        }
        let Some(number) = row.strip_prefix("n ").and_then(|number| number.parse::<u64>().ok()) else {
            continue;
        };
        if let Some(last) = last {
            assert!(number > last, "{number} after {last}");
            assert!(
                number == last + 1 || is_gap_told,
                "{last}, then {number}, and no gap told"
            );
        }
        (last, is_gap_told) = (Some(number), false);
        count += 1;
    }
    println!("{count} lines to {last:?}");
    assert_eq!(last, Some(LINES - 1));
    assert!(happened.iter().filter(|row| row.contains("connection lost")).count() >= 2);
}
