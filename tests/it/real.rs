//! Against real clusters: only with `PILOTHOUSE_TEST_KUBECONFIG`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Node, Pod};
use kube::ResourceExt;
use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use pilothouse::cluster::{Cluster, Options, Rules, Target, start, targets};
use pilothouse::domain::{ClusterId, ClusterReport, Feed, Kind, Link, ObjectKey};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::watch_target;

/// The kubeconfig of real clusters, if this run has any.
pub(crate) fn kubeconfig() -> Option<PathBuf> {
    std::env::var_os("PILOTHOUSE_TEST_KUBECONFIG").map(PathBuf::from)
}

pub(crate) type Reports = mpsc::Receiver<(ClusterId, ClusterReport)>;

fn target(context: &str) -> Option<Target> {
    let options = Options {
        kubeconfig: vec![kubeconfig()?],
        contexts: vec![context.to_owned()],
        ..Options::default()
    };
    Some(targets(&options).unwrap().remove(0))
}

pub(crate) fn watch(context: &str) -> Option<(Cluster, Reports, DropGuard)> {
    let target = target(context)?;
    let (sender, reports) = mpsc::channel(1024);
    let cancel = CancellationToken::new();
    let cluster = start(target, Arc::new(Rules::default()), sender, cancel.clone());
    Some((cluster, reports, cancel.drop_guard()))
}

/// Reads reports until every kind is live or absent.
async fn until_synced(reports: &mut Reports) {
    let mut feeds = BTreeMap::new();
    while feeds.len() < Kind::ALL.len() || feeds.values().any(|feed| !matches!(feed, Feed::Live | Feed::Absent)) {
        let (_, report) = tokio::time::timeout(Duration::from_mins(1), reports.recv())
            .await
            .expect("in time")
            .unwrap();
        if let ClusterReport::Feed(kind, _, feed) = report {
            feeds.insert(kind, feed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_cluster_is_read_whole() {
    let started = Instant::now();
    let Some(target) = target("lab-a") else {
        return;
    };
    let (_cluster, mut observer) = watch_target(target);
    observer.until_synced().await;
    observer
        .until("a live link", Duration::from_secs(10), |seen| {
            seen.link() == Some(&Link::Live)
        })
        .await;
    println!("synced after {:?}", started.elapsed());
    let client = client("lab-a").await;
    // Pods come and go between one list and the other; what is missing stays missing.
    let mut last = None;
    for _ in 0..10 {
        let pods = listed::<Pod>(&client).await;
        let nodes = listed::<Node>(&client).await;
        assert!(!nodes.is_empty(), "a real cluster has nodes");
        observer.rest(Duration::from_secs(1)).await;
        let seen = (observer.seen.names(Kind::Pod), observer.seen.names(Kind::Node));
        if seen == (pods.clone(), nodes.clone()) {
            println!("{} pods and {} nodes, as listed", pods.len(), nodes.len());
            return;
        }
        last = Some((seen, (pods, nodes)));
    }
    panic!("seen is not what is listed: {last:?}");
}

/// A client of kube's own, which shares nothing with what is tested.
pub(crate) async fn client(context: &str) -> kube::Client {
    let file = Kubeconfig::read_from(kubeconfig().unwrap()).unwrap();
    let options = KubeConfigOptions {
        context: Some(context.to_owned()),
        ..KubeConfigOptions::default()
    };
    let config = kube::Config::from_custom_kubeconfig(file, &options).await.unwrap();
    kube::Client::try_from(config).unwrap()
}

/// The names of everything of one kind, as [`Seen::names`](crate::support::observer::Seen) has them.
async fn listed<K>(client: &kube::Client) -> Vec<String>
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let all = kube::Api::<K>::all(client.clone());
    let list = all.list(&ListParams::default()).await.unwrap();
    let key = |object: &K| ObjectKey::new(object.namespace().unwrap_or_default(), object.name_any());
    let keys: BTreeSet<ObjectKey> = list.iter().map(key).collect();
    keys.iter().map(ToString::to_string).collect()
}

/// Runs the lab's own command (`PILOTHOUSE_TEST_LAB`) and gives what it prints; `None` without one.
pub(crate) async fn lab(arguments: &[&str]) -> Option<String> {
    let lab = std::env::var_os("PILOTHOUSE_TEST_LAB")?;
    // What it starts in the background keeps its end of a pipe: a file does not wait for that.
    let said = tempfile::NamedTempFile::new().unwrap();
    let status = tokio::process::Command::new(lab)
        .args(arguments)
        .stdout(said.reopen().unwrap())
        .status()
        .await;
    assert!(status.unwrap().success(), "lab {arguments:?}");
    Some(std::fs::read_to_string(said.path()).unwrap())
}

/// Brings a fault about on cluster b.
pub(crate) async fn fault(what: &str) {
    if lab(&["fault", "b", what]).await.is_none() {
        println!("PILOTHOUSE_TEST_LAB names no lab command: skipped");
    }
}

/// Takes reports until one is as wished.
async fn until(
    reports: &mut Reports,
    what: &str,
    limit: u64,
    mut is_wished: impl FnMut(&ClusterReport) -> bool,
) -> Duration {
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

    // Several leases are written meanwhile, so that the nodes' version is behind the server's for certain.
    tokio::time::sleep(Duration::from_secs(15)).await;
    fault("compact").await;
    fault("apiserver-stop").await;
    until(&mut reports, "stale", 10, is_stale).await;
    fault("apiserver-start").await;
    // A watch may be ahead of the probe, so both are waited for in either order. Only a list sweeps.
    let (mut is_back, mut is_swept) = (false, false);
    let listed = until(&mut reports, "live again and the nodes listed anew", 120, |report| {
        is_back |= is_live(report);
        is_swept |= matches!(report, ClusterReport::Batch(batch) if batch.kind == Kind::Node && batch.sweep);
        is_back && is_swept
    })
    .await;
    println!("F03: the nodes are listed anew {listed:?} after the start");
}
