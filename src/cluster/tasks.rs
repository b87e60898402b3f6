//! The tasks of one cluster: the link, the kubeconfig's changes, a watch a kind; and the retreat to
//! single namespaces where the whole cluster may not be seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::connect::reload::{Change as FileChange, Origin};
use super::connect::{Target, Way};
use super::door::PROTOBUF_OR_JSON;
use super::hub::Hub;
use super::kinds::ORDER;
use super::watch::{Refusal, Watch};
use super::wire::meta::MetaOnly;
use super::wire::{Wire, frame};
use super::{definitions, link, questions};
use crate::domain::access::{Right, Verb};
use crate::domain::{Batch, Change, Clean, ClusterReport, Kind, Object};

/// How often the kubeconfig files are looked at.
const FILES_PERIOD: Duration = Duration::from_secs(2);
/// How often it is looked for namespaces that may be seen since.
const NAMESPACES_PERIOD: Duration = Duration::from_mins(1);
/// How long a task that panicked rests.
const REST: Duration = Duration::from_secs(1);
/// Most namespaces that are watched one by one.
const MOST_NAMESPACES: usize = 200;
/// Questions asked at the same time.
const QUESTIONS_AT_ONCE: usize = 8;
/// Names of namespaces that are read at once.
const NAMES_AT_ONCE: usize = 500;

/// Runs everything of one cluster until cancelled.
pub(crate) async fn run(hub: Arc<Hub>, target: Target, cancel: CancellationToken) {
    keep(&hub, &cancel, "link", {
        let hub = Arc::clone(&hub);
        move || link::run(Arc::clone(&hub))
    });
    keep(&hub, &cancel, "definitions", {
        let hub = Arc::clone(&hub);
        move || definitions::run(Arc::clone(&hub))
    });
    let origin = match target.way {
        Way::Config(recipe) => recipe.origin,
        Way::Broken(_, origin) => origin.map(|origin| *origin),
        Way::Client(_) => None,
    };
    if let Some(origin) = origin {
        keep(&hub, &cancel, "kubeconfig", {
            let hub = Arc::clone(&hub);
            move || follow_files(Arc::clone(&hub), origin.clone())
        });
    }
    let scope = Scope {
        hub,
        cancel: cancel.clone(),
        chosen: target.namespaces.iter().map(|name| Clean::new(name)).collect(),
        own: Clean::new(&target.own_namespace),
        visible: None,
        refused: BTreeSet::new(),
        stand_ins: BTreeMap::new(),
    };
    let _ = cancel.run_until_cancelled(scope.run()).await;
}

/// Runs a task until cancelled, and again if it panics.
fn keep<F>(
    hub: &Arc<Hub>,
    cancel: &CancellationToken,
    name: &'static str,
    make: impl Fn() -> F + Send + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (hub, cancel) = (Arc::clone(hub), cancel.clone());
    tokio::spawn(async move {
        loop {
            let task = tokio::spawn(cancel.clone().run_until_cancelled_owned(make()));
            match task.await {
                Err(error) if error.is_panic() => {
                    hub.notice(format!("the task '{name}' failed and is started again").into())
                        .await;
                    tokio::time::sleep(REST).await;
                }
                Ok(_) | Err(_) => return,
            }
        }
    })
}

/// Connects anew when the kubeconfig says something else about this cluster.
async fn follow_files(hub: Arc<Hub>, mut origin: Origin) {
    loop {
        tokio::time::sleep(FILES_PERIOD).await;
        // A home folder on a network may hang; then only this task does.
        let looked = tokio::task::spawn_blocking(move || {
            let change = origin.look();
            (origin, change)
        });
        let Ok((after, change)) = looked.await else { return };
        origin = after;
        match change {
            FileChange::None => {}
            FileChange::Recipe(recipe) => {
                hub.door.replace(recipe);
                hub.logins.send_modify(|count| *count += 1);
                hub.resumes.send_modify(|count| *count += 1);
                hub.notice("the kubeconfig changed: connecting anew".into()).await;
            }
            FileChange::Lost(why) => {
                hub.notice(format!("{why}; the connection goes on as it was").into())
                    .await;
            }
        }
    }
}

/// Which namespaces are watched, kind by kind.
struct Scope {
    hub: Arc<Hub>,
    cancel: CancellationToken,
    /// `-n`.
    chosen: Vec<Clean>,
    /// The context's namespace.
    own: Clean,
    /// What may be seen, once it was asked.
    visible: Option<Vec<Clean>>,
    /// What may not be seen, kind by namespace; an empty one stands for all.
    refused: BTreeSet<(Kind, Clean)>,
    /// Watches of single namespaces in the place of a refused one.
    stand_ins: BTreeMap<(Kind, Clean), (CancellationToken, JoinHandle<()>)>,
}

impl Scope {
    async fn run(mut self) {
        let (refusal, mut refusals) = mpsc::unbounded_channel();
        if !self.chosen.is_empty() {
            self.limit_to(self.chosen.clone()).await;
        }
        self.start_all(&refusal);
        loop {
            let is_limited = !self.stand_ins.is_empty() || !self.refused.is_empty();
            tokio::select! {
                Some(refusal) = refusals.recv() => self.answer(refusal).await,
                () = tokio::time::sleep(NAMESPACES_PERIOD), if is_limited && self.chosen.is_empty() => {
                    self.visible = None;
                    for (kind, _) in self.refused.clone() {
                        self.stand_in(kind).await;
                    }
                }
            }
        }
    }

    /// Starts a watch a kind, in order, as first lists get their turn.
    fn start_all(&self, refusal: &mpsc::UnboundedSender<Refusal>) {
        let (hub, cancel, refusal) = (Arc::clone(&self.hub), self.cancel.clone(), refusal.clone());
        let chosen = self.chosen.clone();
        tokio::spawn(self.cancel.clone().run_until_cancelled_owned(async move {
            for kind in ORDER {
                let everywhere = [Clean::default()];
                let places = if kind.is_namespaced() && !chosen.is_empty() {
                    &chosen[..]
                } else {
                    &everywhere
                };
                for namespace in places {
                    let Ok(turn) = Arc::clone(&hub.lists).acquire_owned().await else {
                        return;
                    };
                    let turn = std::sync::Mutex::new(Some(turn));
                    let refusal = refusal.clone();
                    let (hub_of_watch, namespace) = (Arc::clone(&hub), namespace.clone());
                    keep(&hub, &cancel, kind.plural(), move || {
                        let turn = turn.lock().ok().and_then(|mut turn| turn.take());
                        Watch::new(&hub_of_watch, kind, namespace.clone())
                            .telling(refusal.clone())
                            .run(turn)
                    });
                }
            }
        }));
    }

    /// A watch was refused, or allowed after all.
    async fn answer(&mut self, refusal: Refusal) {
        let Refusal {
            kind,
            namespace,
            is_refused,
        } = refusal;
        if is_refused {
            self.refused.insert((kind, namespace));
            if self.chosen.is_empty() {
                self.stand_in(kind).await;
            }
        } else {
            self.refused.remove(&(kind, namespace));
            self.dismiss(kind).await;
            if self.chosen.is_empty() && !self.is_refused(Kind::Pod) {
                self.hub.report(ClusterReport::Scope(None)).await;
            }
        }
        let is_nothing_left =
            Kind::ALL.iter().all(|&kind| kind.is_custom() || self.is_refused(kind)) && self.stand_ins.is_empty();
        self.hub.is_refused.store(is_nothing_left, Ordering::Relaxed);
        if is_nothing_left {
            self.hub.probe_now.notify_one();
        }
    }

    /// Whether a kind may be seen nowhere it was asked for.
    fn is_refused(&self, kind: Kind) -> bool {
        let may_not = |namespace: &Clean| self.refused.contains(&(kind, namespace.clone()));
        if kind.is_namespaced() && !self.chosen.is_empty() {
            self.chosen.iter().all(may_not)
        } else {
            may_not(&Clean::default())
        }
    }

    /// Watches a kind in the namespaces that may be seen, where it may not be watched in all.
    async fn stand_in(&mut self, kind: Kind) {
        if !kind.is_namespaced() {
            return;
        }
        let visible = if let Some(known) = &self.visible {
            known.clone()
        } else {
            let found = visible_namespaces(&self.hub, &self.own).await;
            if !found.is_empty() {
                self.limit_to(found.clone()).await;
            }
            self.visible = Some(found.clone());
            found
        };
        for namespace in visible {
            let place = (kind, namespace.clone());
            if self.stand_ins.contains_key(&place) {
                continue;
            }
            let token = self.cancel.child_token();
            let hub = Arc::clone(&self.hub);
            let task = keep(&self.hub, &token, kind.plural(), move || {
                queued(Arc::clone(&hub), kind, namespace.clone())
            });
            self.stand_ins.insert(place, (token, task));
        }
    }

    /// Ends the watches that stood in for one of all namespaces.
    async fn dismiss(&mut self, kind: Kind) {
        let (ended, rest): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.stand_ins)
            .into_iter()
            .partition(|((of, _), _)| *of == kind);
        self.stand_ins = rest;
        for (token, _) in ended.values() {
            token.cancel();
        }
        for ((kind, namespace), (_, task)) in ended {
            // Nothing it says may come after its end is told; that it panicked is told elsewhere.
            let _ = task.await;
            self.hub.report(ClusterReport::Ended(kind, namespace)).await;
        }
    }

    /// Says which namespaces are watched, and that they exist: listing them is mostly forbidden too.
    async fn limit_to(&self, namespaces: Vec<Clean>) {
        let batch = Batch {
            kind: Kind::Namespace,
            namespace: Clean::default(),
            generation: self.hub.next_generation(),
            changes: namespaces
                .iter()
                .map(|name| Change::Upsert(Object::Namespace(name.clone().into())))
                .collect(),
            sweep: false,
        };
        self.hub.report(ClusterReport::Scope(Some(namespaces))).await;
        self.hub.report(ClusterReport::Batch(batch)).await;
    }
}

/// A watch that waits for its turn to list.
async fn queued(hub: Arc<Hub>, kind: Kind, namespace: Clean) {
    let turn = Arc::clone(&hub.lists).acquire_owned().await.ok();
    Watch::new(&hub, kind, namespace).run(turn).await;
}

/// The namespaces whose pods may be listed: of all, where their names may be listed, else the context's.
async fn visible_namespaces(hub: &Arc<Hub>, own: &Clean) -> Vec<Clean> {
    let mut names = namespace_names(hub).await;
    if names.is_empty() {
        names.push(own.clone());
    }
    if names.len() > MOST_NAMESPACES {
        let text = format!(
            "only the first {MOST_NAMESPACES} of {} namespaces are watched; choose with -n",
            names.len()
        );
        hub.notice(text.into()).await;
        names.truncate(MOST_NAMESPACES);
    }
    let asked = stream::iter(names).map(|name| async move {
        let right = Right::on(Verb::List, Kind::Pod, &name);
        let is_allowed = questions::may(&hub.door, &right).await.unwrap_or(true);
        is_allowed.then_some(name)
    });
    let mut allowed: Vec<Clean> = asked
        .buffer_unordered(QUESTIONS_AT_ONCE)
        .filter_map(|name| async { name })
        .collect()
        .await;
    allowed.sort();
    allowed
}

async fn namespace_names(hub: &Hub) -> Vec<Clean> {
    let path = format!("/api/v1/namespaces?limit={NAMES_AT_ONCE}");
    let Ok((bytes, encoding)) = hub.door.read(&path, PROTOBUF_OR_JSON).await else {
        return Vec::new();
    };
    let Ok(page) = frame::page(&bytes, encoding) else {
        return Vec::new();
    };
    let names = page
        .items
        .iter()
        .filter_map(|item| MetaOnly::read(item, encoding).ok()?.metadata);
    names.map(|meta| Clean::new(&meta.name)).collect()
}

/// The names of all namespaces; `None` where they may not be listed, or are too many to be read at once.
pub(super) async fn all_namespaces(hub: &Hub) -> Option<Vec<Clean>> {
    let names = namespace_names(hub).await;
    (!names.is_empty() && names.len() < NAMES_AT_ONCE).then_some(names)
}
