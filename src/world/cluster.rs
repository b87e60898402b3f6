//! One cluster as it is known: its objects, its link, and the tallies over them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use rustc_hash::FxHashMap;

use super::beside::AllBeside;
use super::feeds::FeedLog;
use super::last_lines;
use super::ledgers::{Asks, Ledgers};
use super::loss::Losses;
use super::promised::AllAssumed;
use super::release::Authors;
use super::store::{Slot, Store};
use super::tally::{Standing, Tally, app_key};
use super::texts::Texts;
use super::usage::Usage;
use crate::build::Records;
use crate::domain::cluster::Identity;
use crate::domain::pod::Health;
use crate::domain::{
    Access, AppKey, Autoscaler, Budget, Clean, ClusterId, Event, Feed, Kind, Link, Namespace, Node, ObjectKey, Pod,
    Quota, Revision, Timestamp, Uid, Workload,
};
use crate::release::freeze::Window;
use crate::release::phase::GRAY_DEADLINE;

/// What the configuration says of a cluster before anything is known of it.
#[derive(Clone, Debug)]
pub struct ClusterSetup {
    pub id: ClusterId,
    /// Colour tag: a word such as `production`, shown with the cluster's name.
    pub tag: Option<Clean>,
    pub readonly: bool,
    /// A write is confirmed by typing the name of what changes.
    pub confirms_by_name: bool,
    /// A write needs a reason.
    pub asks_reason: bool,
    /// How long a gray release may take to be ready.
    pub gray_deadline: TimeDelta,
    /// Times in which nothing is released.
    pub freezes: Vec<Window>,
    /// The location of nodes that no label places.
    pub location: Option<Clean>,
}

impl ClusterSetup {
    pub fn named(name: &str) -> Self {
        Self {
            id: ClusterId::new(name),
            tag: None,
            readonly: false,
            confirms_by_name: false,
            asks_reason: false,
            gray_deadline: GRAY_DEADLINE,
            freezes: Vec::new(),
            location: None,
        }
    }
}

/// A cluster as it is known now.
#[derive(Debug)]
pub struct ClusterView {
    pub id: ClusterId,
    pub tag: Option<Clean>,
    pub readonly: bool,
    /// A write is confirmed by typing the name of what changes.
    pub confirms_by_name: bool,
    /// A write needs a reason.
    pub asks_reason: bool,
    /// How long a gray release may take to be ready.
    pub gray_deadline: TimeDelta,
    /// Times in which nothing is released.
    pub freezes: Vec<Window>,
    pub default_location: Option<Clean>,
    pub link: Link,
    /// Since when nothing is heard of it, by our clock.
    pub(super) lost: Option<Timestamp>,
    pub identity: Identity,
    pub access: Access,
    /// The namespaces that are watched; `None`: all.
    pub watched: Option<Vec<Clean>>,
    /// How far each watch is, by kind and namespace (empty: all).
    pub feeds: BTreeMap<(Kind, Clean), Feed>,
    /// When each watch was heard of.
    pub feed_log: FeedLog,
    /// What it said that a person should read, newest last.
    pub notices: Vec<(Timestamp, Clean)>,
    pub namespaces: Store<Namespace>,
    pub nodes: Store<Node>,
    pub pods: Store<Pod>,
    pub revisions: Store<Revision>,
    /// Who changed workloads in the middle of a release, as far as it was asked.
    pub(super) authors: Authors,
    /// What containers wrote last that ended, as far as it was read.
    pub(super) last_lines: last_lines::Kept,
    /// What the ledgers of apps say, as far as they were asked.
    pub(super) ledgers: Ledgers,
    pub(super) ledger_asks: Asks,
    /// What was read of workloads when it was asked for.
    pub(super) beside: AllBeside,
    /// Numbers of instances that were written from here and are not seen yet.
    pub(super) assumed: AllAssumed,
    /// The revisions of each workload.
    pub(super) revisions_by: FxHashMap<(Kind, ObjectKey), Vec<Slot>>,
    pub autoscalers: Store<Autoscaler>,
    pub budgets: Store<Budget>,
    pub quotas: Store<Quota>,
    pub events: Store<Event>,
    pub(super) workloads: FxHashMap<Kind, Store<Workload>>,
    /// The pods of Jobs that build, by these.
    pub(super) build_pods: FxHashMap<ObjectKey, Vec<Slot>>,
    /// The builds that the ledgers of apps tell of, as far as they were asked.
    pub(super) build_records: FxHashMap<AppKey, Records>,
    /// The twins of Deployments, by these.
    pub(super) twins: FxHashMap<ObjectKey, ObjectKey>,
    /// The namespaces (empty: all) of which a list of pods was read to its end at least once.
    pub(super) pods_listed: BTreeSet<Clean>,
    pub tally: Tally,
    pub losses: Losses,
    pub(super) texts: Texts,
    /// What its containers use.
    pub usage: Usage,
}

impl ClusterView {
    pub(super) fn new(setup: ClusterSetup) -> Self {
        Self {
            id: setup.id,
            tag: setup.tag,
            readonly: setup.readonly,
            confirms_by_name: setup.confirms_by_name,
            asks_reason: setup.asks_reason,
            gray_deadline: setup.gray_deadline,
            freezes: setup.freezes,
            default_location: setup.location,
            link: Link::CONNECTING,
            lost: None,
            identity: Identity::default(),
            access: Access::default(),
            watched: None,
            feeds: BTreeMap::new(),
            feed_log: FeedLog::default(),
            notices: Vec::new(),
            namespaces: Store::default(),
            nodes: Store::default(),
            pods: Store::default(),
            revisions: Store::default(),
            authors: Authors::default(),
            last_lines: last_lines::Kept::default(),
            ledgers: Ledgers::default(),
            ledger_asks: Asks::default(),
            beside: AllBeside::default(),
            assumed: AllAssumed::default(),
            revisions_by: FxHashMap::default(),
            autoscalers: Store::default(),
            budgets: Store::default(),
            quotas: Store::default(),
            events: Store::default(),
            workloads: FxHashMap::default(),
            build_pods: FxHashMap::default(),
            build_records: FxHashMap::default(),
            twins: FxHashMap::default(),
            pods_listed: BTreeSet::new(),
            tally: Tally::default(),
            losses: Losses::default(),
            texts: Texts::default(),
            usage: Usage::default(),
        }
    }

    /// What an instance's node says of it.
    pub fn standing(&self, pod: &Pod) -> Standing {
        let node = pod.node.as_ref().and_then(|name| self.node(name));
        Standing {
            location: node.map(|node| self.location_of(node)),
            lost: !pod.phase.is_terminal() && pod.node.as_ref().is_some_and(|name| self.losses.contains(name)),
        }
    }

    /// How well an instance is, its node taken into account.
    pub fn health(&self, pod: &Pod) -> Health {
        pod.health(self.standing(pod).lost)
    }

    /// Whether every node is known, so that one that is absent does not exist.
    pub(super) fn knows_nodes(&self) -> bool {
        matches!(self.feeds.get(&(Kind::Node, Clean::default())), Some(Feed::Live))
    }

    /// How far the watch is that brings a kind's objects of one namespace: its own, else the one of all namespaces.
    pub fn feed_for(&self, kind: Kind, namespace: &str) -> Option<&Feed> {
        self.feeds
            .get(&(kind, Clean::new(namespace)))
            .or_else(|| self.feeds.get(&(kind, Clean::default())))
    }

    /// Whether all of its workloads are known as they are now.
    pub fn knows_workloads(&self) -> bool {
        let is_live = matches!(self.link, Link::Live | Link::Unstable { .. });
        let is_on_its_way = |feed: &Feed| matches!(feed, Feed::Stale { .. } | Feed::Waiting | Feed::Listing { .. });
        let mut feeds = self
            .feeds
            .iter()
            .filter(|((kind, _), _)| kind.is_workload() && *kind != Kind::Job);
        is_live && !feeds.any(|(_, feed)| is_on_its_way(feed))
    }

    /// Whether every pod of the cluster is known, so that what is asked of nodes and what still fits can be said.
    /// With some namespaces only, or without the right to list pods, it cannot.
    pub fn knows_pods(&self) -> bool {
        self.watched.is_none() && self.has_read_pods(&Clean::default())
    }

    /// Whether every pod of a namespace is known, so that they can be counted.
    pub fn knows_pods_in(&self, namespace: &Clean) -> bool {
        if self.feeds.contains_key(&(Kind::Pod, namespace.clone())) {
            self.has_read_pods(namespace)
        } else {
            self.knows_pods()
        }
    }

    /// Whether a watch of pods (of one namespace, or with an empty one of all) has read them all once and still may.
    fn has_read_pods(&self, namespace: &Clean) -> bool {
        match self.feeds.get(&(Kind::Pod, namespace.clone())) {
            Some(Feed::Live) => true,
            None | Some(Feed::Stale { .. } | Feed::Listing { .. }) => self.pods_listed.contains(namespace),
            Some(Feed::Waiting | Feed::NoAccess { .. } | Feed::Absent) => false,
        }
    }

    pub fn node(&self, name: &str) -> Option<&Arc<Node>> {
        self.nodes.get(&ObjectKey::new("", name))
    }

    pub fn pod(&self, key: &ObjectKey) -> Option<&Arc<Pod>> {
        self.pods.get(key)
    }

    pub fn workload(&self, kind: Kind, key: &ObjectKey) -> Option<&Arc<Workload>> {
        self.workloads.get(&kind)?.get(key)
    }

    /// All workloads of a kind; a twin is none of its own while its Deployment is there.
    pub fn workloads(&self, kind: Kind) -> impl Iterator<Item = &Arc<Workload>> {
        let all = self.workloads.get(&kind).into_iter().flat_map(Store::values);
        all.filter(|workload| !self.is_beside(workload))
    }

    /// How many objects of a kind are held.
    pub fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::Namespace => self.namespaces.len(),
            Kind::Node => self.nodes.len(),
            Kind::Pod => self.pods.len(),
            Kind::ReplicaSet => self.revisions.len(),
            Kind::HorizontalPodAutoscaler => self.autoscalers.len(),
            Kind::PodDisruptionBudget => self.budgets.len(),
            Kind::ResourceQuota => self.quotas.len(),
            Kind::Event => self.events.len(),
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Job | Kind::Rollout | Kind::CloneSet => {
                self.workloads.get(&kind).map_or(0, Store::len)
            }
        }
    }

    /// The time by this cluster's clock, which dates everything in it, when ours says `ours`.
    pub fn time(&self, ours: Timestamp) -> Timestamp {
        let skew = self.identity.clock_skew.and_then(TimeDelta::try_seconds);
        ours.checked_add_signed(skew.unwrap_or_default()).unwrap_or(ours)
    }

    /// The time that what is known of it can be judged by: of a cluster that was lost, when it was.
    pub fn heard(&self, ours: Timestamp) -> Timestamp {
        self.time(self.lost.map_or(ours, |lost| lost.min(ours)))
    }

    /// The uid of an object as it is now.
    pub fn uid_of(&self, kind: Kind, key: &ObjectKey) -> Option<&Uid> {
        match kind {
            Kind::Namespace => None,
            Kind::Node => self.nodes.get(key).map(|o| &o.uid),
            Kind::Pod => self.pods.get(key).map(|o| &o.uid),
            Kind::ReplicaSet => self.revisions.get(key).map(|o| &o.uid),
            Kind::HorizontalPodAutoscaler => self.autoscalers.get(key).map(|o| &o.uid),
            Kind::PodDisruptionBudget => self.budgets.get(key).map(|o| &o.uid),
            Kind::ResourceQuota => self.quotas.get(key).map(|o| &o.uid),
            Kind::Event => self.events.get(key).map(|o| &o.uid),
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Job | Kind::Rollout | Kind::CloneSet => {
                self.workload(kind, key).map(|o| &o.uid)
            }
        }
    }

    pub(super) fn has_instance_on(&self, app: &AppKey, node: &Clean) -> bool {
        let slots = self.tally.on_node(node).iter();
        slots
            .filter_map(|&slot| self.pods.at(slot))
            .any(|pod| app_key(pod).as_ref() == Some(app) && !pod.phase.is_terminal())
    }

    /// How far the watches of a kind are, by namespace (empty: all). A refused one of all namespaces is left out
    /// where others stand in for it.
    pub fn feeds_of(&self, kind: Kind) -> impl Iterator<Item = (&Clean, &Feed)> {
        let of_kind = || {
            let from = self.feeds.range((kind, Clean::default())..);
            from.take_while(move |((of, _), _)| *of == kind)
        };
        let is_replaced = self.watched.is_some() && of_kind().any(|((_, namespace), _)| !namespace.is_empty());
        of_kind()
            .map(|((_, namespace), feed)| (namespace, feed))
            .filter(move |(namespace, feed)| {
                !(is_replaced && namespace.is_empty() && matches!(feed, Feed::NoAccess { .. }))
            })
    }

    /// The namespaces whose pods are watched one by one; none where all are watched together.
    pub fn pod_namespaces(&self) -> Vec<Clean> {
        let places: Vec<Clean> = self.feeds_of(Kind::Pod).map(|(place, _)| place.clone()).collect();
        if places.iter().any(|place| place.is_empty()) {
            Vec::new()
        } else {
            places
        }
    }

    /// The oldest and least of what the watches of a kind say, for a list of that kind.
    pub fn feed(&self, kind: Kind) -> Option<&Feed> {
        self.feeds_of(kind)
            .map(|(_, feed)| feed)
            .max_by_key(|feed| feed_rank(feed))
    }
}

fn feed_rank(feed: &Feed) -> u8 {
    match feed {
        Feed::Live => 0,
        Feed::Absent => 1,
        Feed::Listing { .. } => 2,
        Feed::Waiting => 3,
        Feed::NoAccess { .. } => 4,
        Feed::Stale { .. } => 5,
    }
}
