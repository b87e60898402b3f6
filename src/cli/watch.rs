//! Watches the fleet until enough is known to answer, without a terminal.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::members::Member;
use crate::cluster::{self, Cluster};
use crate::domain::{Clean, ClusterId, ClusterReport, Feed, Kind, Link};
use crate::world::{ClusterView, World};

/// How long a cluster may be out of reach before its items are given up: time for a few tries.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reports that may wait to be taken in.
const REPORTS: usize = 1024;

/// What is known, and what could not be.
#[derive(Debug)]
pub struct Known {
    pub world: World,
    pub clusters: Vec<Cluster>,
    /// Clusters of which something is missing, with why.
    pub missing: BTreeMap<ClusterId, Vec<Clean>>,
    /// What the clusters go on to report.
    pub reports: mpsc::Receiver<(ClusterId, ClusterReport)>,
    /// Keeps the watches alive as long as somebody asks the clusters.
    pub cancel: CancellationToken,
}

/// Watches until the objects of `kinds` are known in every cluster, or never will be, or `wait` is over.
/// Must be called inside the async runtime.
pub async fn until_known(members: &[Member], kinds: &[Kind], wait: Duration) -> Known {
    let cancel = CancellationToken::new();
    let (sender, mut reports) = mpsc::channel(REPORTS);
    let clusters: Vec<Cluster> = members
        .iter()
        .map(|member| {
            cluster::start(
                member.target.clone(),
                member.rules.clone(),
                sender.clone(),
                cancel.clone(),
            )
        })
        .collect();
    let mut world = World::new(members.iter().map(|member| member.setup.clone()));
    let begun = Instant::now();
    let mut missing = BTreeMap::new();
    loop {
        let out_of_patience = begun.elapsed() >= PATIENCE;
        let over = begun.elapsed() >= wait;
        let states: Vec<State> = world
            .clusters()
            .iter()
            .map(|view| state(view, kinds, out_of_patience))
            .collect();
        if over || states.iter().all(|state| !matches!(state, State::Waiting)) {
            for (view, state) in world.clusters().iter().zip(states) {
                match state {
                    State::Known(gaps) if gaps.is_empty() => {}
                    State::Known(gaps) => drop(missing.insert(view.id.clone(), gaps)),
                    State::Lost(why) => drop(missing.insert(view.id.clone(), vec![why])),
                    State::Waiting => {
                        let why = format!("not everything is known after {} s", wait.as_secs());
                        missing.insert(view.id.clone(), vec![why.into()]);
                    }
                }
            }
            return Known {
                world,
                clusters,
                missing,
                reports,
                cancel,
            };
        }
        let next = if out_of_patience {
            begun + wait
        } else {
            begun + PATIENCE.min(wait)
        };
        if let Ok(Some((id, report))) = tokio::time::timeout_at(next, reports.recv()).await {
            apply(&mut world, &id, report);
            while let Ok((id, report)) = reports.try_recv() {
                apply(&mut world, &id, report);
            }
        }
    }
}

/// The namespaces of a cluster that may be seen by who may not see all; none where that cannot be found out.
/// Must be called inside the async runtime.
pub async fn visible_namespaces(member: &Member, wait: Duration) -> Vec<Clean> {
    let known = until_known(std::slice::from_ref(member), &[Kind::Pod], wait).await;
    known.cancel.cancel();
    let watched = known.world.clusters().first().and_then(|view| view.watched.clone());
    watched.unwrap_or_default()
}

pub(super) fn apply(world: &mut World, id: &ClusterId, report: ClusterReport) {
    let now: DateTime<Utc> = Utc::now();
    world.apply(id, report, now);
}

/// How far a cluster is.
enum State {
    Waiting,
    /// As much as will be; what is missing for good.
    Known(Vec<Clean>),
    Lost(Clean),
}

fn state(view: &ClusterView, kinds: &[Kind], out_of_patience: bool) -> State {
    match &view.link {
        Link::Stale { reason, .. } | Link::Unreachable { reason } | Link::Connecting { reason: Some(reason) }
            if out_of_patience =>
        {
            return State::Lost(reason.clone());
        }
        Link::Connecting { reason: None } if out_of_patience => return State::Lost("no answer".into()),
        Link::Stale { .. } | Link::Unreachable { .. } | Link::Connecting { .. } => return State::Waiting,
        Link::Live | Link::Unstable { .. } | Link::Denied { .. } => {}
    }
    let mut gaps = Vec::new();
    for &kind in kinds {
        match (gaps_of(view, kind, out_of_patience), &view.link) {
            (None, Link::Denied { .. }) if out_of_patience => {}
            (None, _) => return State::Waiting,
            (Some(found), _) => gaps.extend(found),
        }
    }
    // Each right that lacks says more than that all do.
    if let (Link::Denied { reason, hint }, true) = (&view.link, gaps.is_empty()) {
        return State::Lost(format!("{reason} ({hint})").into());
    }
    // Waiting for the server to introduce itself costs nothing beside a list.
    if view.identity.version.is_none() && !out_of_patience {
        return State::Waiting;
    }
    State::Known(gaps)
}

/// What of a kind is missing for good; `None` while something is still on its way.
fn gaps_of(view: &ClusterView, kind: Kind, out_of_patience: bool) -> Option<Vec<Clean>> {
    let everywhere = view.feeds.get(&(kind, Clean::default()));
    let places: Vec<Clean> = match (&view.watched, everywhere) {
        (Some(namespaces), None) if kind.is_namespaced() => namespaces.clone(),
        // Refused for all namespaces: single ones stand in, once it is known which.
        (watched, Some(Feed::NoAccess { .. })) if kind.is_namespaced() => watched.clone()?,
        _ => vec![Clean::default()],
    };
    let mut gaps = Vec::new();
    for place in places {
        match view.feeds.get(&(kind, place))? {
            Feed::Live | Feed::Absent => {}
            Feed::NoAccess { right } => gaps.push(format!("you may not {right}").into()),
            // A busy server is asked again before its items are given up.
            Feed::Stale { .. } if !out_of_patience => return None,
            Feed::Stale { reason, .. } => gaps.push(format!("{kind} objects may be old: {reason}").into()),
            Feed::Waiting | Feed::Listing { .. } => return None,
        }
    }
    Some(gaps)
}
