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
        let (_, report) = tokio::time::timeout(Duration::from_secs(60), reports.recv())
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
