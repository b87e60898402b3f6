//! Room that is promised: to pods that wait for a node, to instances that are still to be made, and to what was just
//! written from here and is not seen yet (`research/release.md` 5.4). Whoever asks what fits gets what is left.

use std::collections::BinaryHeap;
use std::sync::Arc;

use chrono::TimeDelta;
use rustc_hash::FxHashMap;

use super::World;
use super::cluster::ClusterView;
use super::release::app_of;
use super::store::Store;
use crate::domain::headroom::{Fit, Taken};
use crate::domain::{AppKey, Kind, Node, ObjectKey, Pod, PodShape, ResourceRef, Timestamp, Uid, Workload};

/// How long what was written counts without being seen: an autoscaler looks every 15 s, KEDA every 30 s.
const ASSUMED_FOR: TimeDelta = TimeDelta::minutes(2);

/// Instances of one shape that have no node yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Promised {
    pub app: AppKey,
    pub shape: Arc<PodShape>,
    /// There already, and waiting for a node.
    pub waiting: i64,
    /// Wanted, and not made yet.
    pub unmade: i64,
}

/// A number of instances that was written from here.
#[derive(Clone, Debug)]
pub(super) struct Assumed {
    uid: Uid,
    to: i64,
    until: Timestamp,
}

/// By kind and name of a workload.
pub(super) type AllAssumed = FxHashMap<(Kind, ObjectKey), Assumed>;

impl World {
    /// Notes that a workload was written to have so many instances: they take room before they are seen.
    pub fn assume(&mut self, object: &ResourceRef, to: i64, now: Timestamp) {
        let Some(cluster) = self.clusters.iter_mut().find(|cluster| cluster.id == object.cluster) else {
            return;
        };
        let assumed = Assumed {
            uid: object.uid.clone(),
            to,
            until: now + ASSUMED_FOR,
        };
        cluster.assumed.insert((object.kind, object.key.clone()), assumed);
    }

    /// Forgets what was assumed for long enough.
    pub fn forget_assumed(&mut self, now: Timestamp) {
        for cluster in &mut self.clusters {
            cluster.assumed.retain(|_, assumed| assumed.until > now);
        }
    }
}

impl ClusterView {
    /// A workload is seen: what was assumed of it is there, or of another one.
    pub(super) fn settle_assumed(&mut self, kind: Kind, key: &ObjectKey) {
        let of = (kind, key.clone());
        let Some(assumed) = self.assumed.get(&of) else { return };
        let is_open = |workload: &Arc<Workload>| workload.uid == assumed.uid && workload.desired < assumed.to;
        if !self.workload(kind, key).is_some_and(is_open) {
            self.assumed.remove(&of);
        }
    }

    /// How many instances a workload is about to have: as it says, as its autoscaler's floor says, and as was written.
    fn wanted(&self, workload: &Workload) -> i64 {
        // Of none an autoscaler is switched off.
        let floor = self.autoscaler_of(workload).filter(|_| workload.desired > 0);
        let assumed = self.assumed.get(&(workload.kind, workload.key.clone()));
        let assumed = assumed.filter(|assumed| assumed.uid == workload.uid);
        workload
            .desired
            .max(floor.map_or(0, |hpa| hpa.min))
            .max(assumed.map_or(0, |assumed| assumed.to))
    }

    /// The instances that have no node yet, by app and shape.
    pub(super) fn promised(&self) -> Vec<Promised> {
        let mut found: FxHashMap<(AppKey, Arc<PodShape>), (i64, i64)> = FxHashMap::default();
        let homeless = self.tally.homeless().filter_map(|slot| self.pods.at(slot));
        for pod in homeless.filter(|pod| waits_for_node(pod)) {
            let app = AppKey {
                namespace: pod.key.namespace.clone(),
                name: pod.app.clone(),
            };
            found.entry((app, Arc::clone(&pod.shape))).or_default().0 += 1;
        }
        let all = self.workloads.values().flat_map(Store::values);
        // A DaemonSet has as many as there are nodes, a Job as many as it is told when it is made.
        for workload in all.filter(|workload| !matches!(workload.kind, Kind::DaemonSet | Kind::Job)) {
            let wanted = self.wanted(workload);
            if wanted <= workload.instances && workload.generation.0 <= workload.generation.1 {
                continue;
            }
            let there = self.pods_of(workload);
            let there = there
                .filter(|pod| !pod.phase.is_terminal() && pod.deleting.is_none())
                .count();
            let unmade = wanted - i64::try_from(there).unwrap_or(i64::MAX);
            if unmade > 0 {
                let of = (app_of(workload), Arc::clone(&workload.shape));
                found.entry(of).or_default().1 += unmade;
            }
        }
        let promised = found.into_iter().map(|((app, shape), (waiting, unmade))| Promised {
            app,
            shape,
            waiting,
            unmade,
        });
        let mut promised: Vec<Promised> = promised.collect();
        promised.sort_by(|a, b| {
            a.app
                .cmp(&b.app)
                .then(a.waiting.cmp(&b.waiting))
                .then(a.unmade.cmp(&b.unmade))
        });
        promised
    }

    /// The nodes with what is taken of each once all that is promised room has got it.
    pub(super) fn settled<'a>(&'a self, promised: &'a [Promised]) -> Settled<'a> {
        let seat = |(_, node): (_, &'a Arc<Node>)| Seat {
            node,
            taken: self
                .tally
                .node(&node.name)
                .map_or_else(Taken::default, |tally| tally.taken),
            got: Vec::new(),
        };
        let mut settled = Settled {
            view: self,
            seats: self.nodes.iter().map(seat).collect(),
        };
        for promised in promised {
            settled.take_in(promised);
        }
        settled
    }
}

/// Whether a pod without a node takes room as soon as there is some; one that is held back does not.
fn waits_for_node(pod: &Pod) -> bool {
    let is_held = pod.reason.as_ref().is_some_and(|reason| reason == "SchedulingGated");
    pod.node.is_none() && !pod.phase.is_terminal() && pod.deleting.is_none() && !is_held
}

/// A node with what is taken of it, and the apps that got room there beside those that are there.
struct Seat<'a> {
    node: &'a Arc<Node>,
    taken: Taken,
    got: Vec<&'a AppKey>,
}

/// The nodes of a cluster, settled.
pub(super) struct Settled<'a> {
    view: &'a ClusterView,
    seats: Vec<Seat<'a>>,
}

impl<'a> Settled<'a> {
    /// How many more of a shape each node takes.
    pub(super) fn fits(&self, app: &AppKey, shape: &PodShape) -> impl Iterator<Item = (&'a Arc<Node>, Fit)> {
        self.seats
            .iter()
            .map(move |seat| (seat.node, self.fit(seat, app, shape)))
    }

    fn fit(&self, seat: &Seat<'_>, app: &AppKey, shape: &PodShape) -> Fit {
        let is_there = || seat.got.contains(&app) || self.view.has_instance_on(app, &seat.node.name);
        let has_one = (shape.host_port || shape.one_per_node) && is_there();
        shape.fit(seat.node, seat.taken, has_one)
    }

    /// Gives room to instances, each on the node that has most for its like; what fits nowhere takes none.
    fn take_in(&mut self, promised: &'a Promised) {
        let fits = self.fits(&promised.app, &promised.shape).enumerate();
        // Of equal ones the first.
        let mut most: BinaryHeap<_> = fits
            .filter(|(_, (_, fit))| fit.count > 0)
            .map(|(place, (_, fit))| (fit.count, std::cmp::Reverse(place)))
            .collect();
        for _ in 0..promised.waiting.saturating_add(promised.unmade) {
            let Some((count, place)) = most.pop() else { return };
            if let Some(seat) = self.seats.get_mut(place.0) {
                seat.taken.requested += promised.shape.requests;
                seat.taken.pods += 1;
                seat.got.push(&promised.app);
            }
            if count > 1 {
                most.push((count - 1, place));
            }
        }
    }
}
