//! Against real clusters: only with `PILOTHOUSE_TEST_KUBECONFIG`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pilothouse::cluster::{Cluster, Options, Rules, start, targets};
use pilothouse::domain::{Change, ClusterId, ClusterReport, Feed, Kind, Link};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The kubeconfig of real clusters, if this run has any.
fn kubeconfig() -> Option<PathBuf> {
    std::env::var_os("PILOTHOUSE_TEST_KUBECONFIG").map(PathBuf::from)
}

type Reports = mpsc::Receiver<(ClusterId, ClusterReport)>;

fn watch(context: &str) -> Option<(Cluster, Reports, DropGuard)> {
    let options = Options {
        kubeconfig: vec![kubeconfig()?],
        contexts: vec![context.to_owned()],
        ..Options::default()
    };
    let target = targets(&options).unwrap().remove(0);
    let (sender, reports) = mpsc::channel(1024);
    let cancel = CancellationToken::new();
    let cluster = start(target, Arc::new(Rules::default()), sender, cancel.clone());
    Some((cluster, reports, cancel.drop_guard()))
}

/// Reads reports until every kind is live or absent; gives the rows of each kind.
async fn until_synced(reports: &mut Reports) -> BTreeMap<Kind, usize> {
    let mut rows = BTreeMap::<Kind, usize>::new();
    let mut feeds = BTreeMap::new();
    while feeds.len() < Kind::ALL.len() || feeds.values().any(|feed| !matches!(feed, Feed::Live | Feed::Absent)) {
        let (_, report) = tokio::time::timeout(Duration::from_mins(1), reports.recv())
            .await
            .expect("in time")
            .unwrap();
        match report {
            ClusterReport::Feed(kind, _, feed) => {
                feeds.insert(kind, feed);
            }
            ClusterReport::Batch(batch) => {
                *rows.entry(batch.kind).or_default() +=
                    batch.changes.iter().filter(|c| matches!(c, Change::Upsert(_))).count();
            }
            _ => {}
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_cluster_is_read_whole() {
    let started = Instant::now();
    let Some((_cluster, mut reports, _guard)) = watch("lab-a") else {
        return;
    };
    let rows = until_synced(&mut reports).await;
    println!("synced after {:?}: {rows:?}", started.elapsed());
    assert!(rows.get(&Kind::Node).is_some_and(|n| *n > 0));
    assert!(rows.get(&Kind::Namespace).is_some_and(|n| *n > 0));
    let link = async {
        loop {
            if let Some((_, ClusterReport::Link(Link::Live))) = reports.recv().await {
                return;
            }
        }
    };
    drop(tokio::time::timeout(Duration::from_secs(10), link).await);
}

/// Brings a fault about on cluster b with the lab's own command (`PILOTHOUSE_TEST_LAB`).
async fn fault(what: &str) -> bool {
    let Some(lab) = std::env::var_os("PILOTHOUSE_TEST_LAB") else {
        println!("PILOTHOUSE_TEST_LAB names no lab command: skipped");
        return false;
    };
    let status = tokio::process::Command::new(lab)
        .args(["fault", "b", what])
        .status()
        .await;
    assert!(status.unwrap().success(), "lab fault b {what}");
    true
}

/// Takes reports until one is as wished.
async fn until(reports: &mut Reports, what: &str, limit: u64, is_wished: impl Fn(&ClusterReport) -> bool) -> Duration {
    let began = Instant::now();
    let end = tokio::time::Instant::now() + Duration::from_secs(limit);
    loop {
        match tokio::time::timeout_at(end, reports.recv()).await {
            Ok(Some((_, report))) if is_wished(&report) => return began.elapsed(),
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => panic!("not within {limit} s: {what}"),
        }
    }
}

/// F01 and F03 on a real API server, one after the other: both need it for themselves, so
/// `PILOTHOUSE_TEST_LAB` is set only in a run of this test alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_f03_a_real_server_restarts_and_compacts() {
    if std::env::var_os("PILOTHOUSE_TEST_LAB").is_none() {
        return;
    }
    let Some((_cluster, mut reports, _guard)) = watch("lab-b") else {
        return;
    };
    until_synced(&mut reports).await;
    fault("apiserver-stop").await;
    let is_stale = |report: &ClusterReport| matches!(report, ClusterReport::Link(Link::Stale { .. }));
    let noticed = until(&mut reports, "stale", 10, is_stale).await;
    fault("apiserver-start").await;
    let is_live = |report: &ClusterReport| matches!(report, ClusterReport::Link(link) if link.is_live());
    let back = until(&mut reports, "live again", 60, is_live).await;
    let is_node = |report: &ClusterReport| {
        matches!(report, ClusterReport::Batch(batch) if batch.kind == Kind::Node && !batch.changes.is_empty())
            || matches!(report, ClusterReport::Feed(Kind::Node, _, Feed::Live))
    };
    let followed = until(&mut reports, "the node's heartbeat", 320, is_node).await;
    println!("F01: stale after {noticed:?}, live {back:?} after the start, followed {followed:?} later");

    fault("compact").await;
    fault("apiserver-stop").await;
    until(&mut reports, "stale", 10, is_stale).await;
    fault("apiserver-start").await;
    until(&mut reports, "live again", 60, is_live).await;
    let is_listed = |report: &ClusterReport| {
        matches!(report, ClusterReport::Batch(batch) if batch.kind == Kind::Node)
            || matches!(report, ClusterReport::Feed(Kind::Node, _, Feed::Live))
    };
    let listed = until(&mut reports, "the nodes", 320, is_listed).await;
    println!("F03: the nodes are there {listed:?} after the link");
}
