//! Keeps what a cluster reports, as the program's model does: mark and sweep by generation.

use std::collections::BTreeMap;
use std::time::Duration;

use pilothouse::domain::{Batch, Change, Clean, ClusterId, ClusterReport, Feed, Kind, Link, Object, ObjectKey};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) struct Observer {
    reports: mpsc::Receiver<(ClusterId, ClusterReport)>,
    _guard: DropGuard,
    pub(crate) seen: Seen,
}

/// Everything that was reported.
#[derive(Default)]
pub(crate) struct Seen {
    rows: BTreeMap<(Kind, ObjectKey), (u32, Object)>,
    pub(crate) links: Vec<(Option<Instant>, Link)>,
    pub(crate) feeds: BTreeMap<(Kind, Clean), Feed>,
    pub(crate) notices: Vec<String>,
    pub(crate) scope: Option<Vec<Clean>>,
    pub(crate) identity: Option<pilothouse::domain::cluster::Identity>,
    /// Fewest pods on screen since the first list was whole.
    pub(crate) fewest_pods: Option<usize>,
    pub(crate) batches: usize,
    /// How often each kind brought changes or went live.
    pub(crate) news: BTreeMap<Kind, usize>,
    /// How often each kind was listed to the end.
    pub(crate) lists: BTreeMap<Kind, usize>,
}

impl Seen {
    pub(crate) fn link(&self) -> Option<&Link> {
        self.links.last().map(|(_, link)| link)
    }

    pub(crate) fn is_live(&self) -> bool {
        self.link().is_some_and(Link::is_live)
    }

    pub(crate) fn feed(&self, kind: Kind) -> Feed {
        self.feeds.get(&(kind, Clean::default())).cloned().unwrap_or_default()
    }

    pub(crate) fn names(&self, kind: Kind) -> Vec<String> {
        self.rows
            .keys()
            .filter(|(k, _)| *k == kind)
            .map(|(_, key)| key.to_string())
            .collect()
    }

    pub(crate) fn object(&self, kind: Kind, name: &str) -> Option<&Object> {
        self.rows
            .iter()
            .find(|((k, key), _)| *k == kind && key.name == name)
            .map(|(_, (_, object))| object)
    }

    /// All built-in kinds are live.
    pub(crate) fn is_synced(&self) -> bool {
        Kind::ALL
            .into_iter()
            .all(|kind| matches!(self.feed(kind), Feed::Live | Feed::Absent))
    }

    fn take(&mut self, report: ClusterReport) {
        match report {
            ClusterReport::Link(link) => self.links.push((Some(Instant::now()), link)),
            ClusterReport::Feed(kind, namespace, feed) => {
                *self.news.entry(kind).or_default() += usize::from(feed == Feed::Live);
                self.feeds.insert((kind, namespace), feed);
            }
            ClusterReport::Ended(kind, namespace) => {
                self.feeds.remove(&(kind, namespace));
            }
            ClusterReport::Notice(text) => self.notices.push(text.to_string()),
            ClusterReport::Scope(scope) => self.scope = scope,
            ClusterReport::Identity(identity) => self.identity = Some(identity),
            ClusterReport::Batch(batch) => self.apply(batch),
            ClusterReport::Access(_) => {}
        }
    }

    fn apply(&mut self, batch: Batch) {
        self.batches += 1;
        *self.news.entry(batch.kind).or_default() += usize::from(!batch.changes.is_empty());
        *self.lists.entry(batch.kind).or_default() += usize::from(batch.sweep);
        for change in batch.changes {
            match change {
                Change::Upsert(object) => {
                    self.rows.insert((batch.kind, key(&object)), (batch.generation, object));
                }
                Change::Delete(key) => {
                    self.rows.remove(&(batch.kind, key));
                }
            }
        }
        if batch.sweep {
            self.rows.retain(|(kind, key), (generation, _)| {
                *kind != batch.kind
                    || *generation >= batch.generation
                    || !(batch.namespace.is_empty() || batch.namespace == key.namespace)
            });
        }
        if batch.kind == Kind::Pod && (batch.sweep || self.fewest_pods.is_some()) {
            let now = self.names(Kind::Pod).len();
            self.fewest_pods = Some(self.fewest_pods.map_or(now, |fewest| fewest.min(now)));
        }
    }
}

pub(crate) fn key(object: &Object) -> ObjectKey {
    match object {
        Object::Namespace(namespace) => ObjectKey::new("", namespace.name.clone()),
        Object::Node(node) => ObjectKey::new("", node.name.clone()),
        Object::Pod(pod) => pod.key.clone(),
        Object::Workload(workload) => workload.key.clone(),
        Object::Revision(revision) => revision.key.clone(),
        Object::Autoscaler(autoscaler) => autoscaler.key.clone(),
        Object::Budget(budget) => budget.key.clone(),
        Object::Quota(quota) => quota.key.clone(),
        Object::Event(event) => event.key.clone(),
    }
}

impl Observer {
    pub(crate) fn new(reports: mpsc::Receiver<(ClusterId, ClusterReport)>, cancel: CancellationToken) -> Self {
        Self {
            reports,
            _guard: cancel.drop_guard(),
            seen: Seen::default(),
        }
    }

    /// Takes reports until `is_met`; gives the time it took. Fails after `limit`.
    pub(crate) async fn until(&mut self, what: &str, limit: Duration, is_met: impl Fn(&Seen) -> bool) -> Duration {
        let began = Instant::now();
        while !is_met(&self.seen) {
            match timeout_at(began + limit, self.reports.recv()).await {
                Ok(Some((_, report))) => self.seen.take(report),
                Ok(None) => panic!("the cluster ended before: {what}"),
                Err(_elapsed) => panic!(
                    "not within {limit:?}: {what}; link {:?}, feeds {:?}, notices {:?}",
                    self.seen.link(),
                    self.seen.feeds,
                    self.seen.notices
                ),
            }
        }
        began.elapsed()
    }

    /// Takes reports for a while.
    pub(crate) async fn rest(&mut self, how_long: Duration) {
        let end = Instant::now() + how_long;
        while let Ok(Some((_, report))) = timeout_at(end, self.reports.recv()).await {
            self.seen.take(report);
        }
    }

    /// Waits until everything is read and the link is live.
    pub(crate) async fn until_synced(&mut self) {
        self.until("synced", Duration::from_mins(1), |seen| {
            seen.is_synced() && seen.is_live()
        })
        .await;
    }
}
