//! What all tasks of one cluster share: the door, the projector, the signals between them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::time::Instant;

use super::Rules;
use super::act::Sightings;
use super::clock::Dice;
use super::connect::Target;
use super::definitions::Served;
use super::door::Door;
use super::project::{Item, Projector};
use super::wire::{Encoding, Unreadable};
use crate::domain::cluster::Identity;
use crate::domain::{Clean, ClusterId, ClusterReport, Feed, Kind};
use crate::metrics::source::Wanted;
use crate::release::freeze::Window;

/// First lists that are read at the same time from one cluster.
const LISTS_AT_ONCE: usize = 4;
/// Cuts older than this are forgiven.
const CUT_MEMORY: Duration = Duration::from_mins(1);
/// Watches cut within this time were cut by the same trouble.
const ONE_CUT: Duration = Duration::from_secs(2);
/// The same notice is not given again sooner.
const NOTICE_PAUSE: Duration = Duration::from_secs(30);

pub(crate) type Reports = mpsc::Sender<(ClusterId, ClusterReport)>;

pub(crate) struct Hub {
    pub(crate) id: ClusterId,
    pub(crate) door: Door,
    pub(crate) reports: Reports,
    /// Counts up when the link is back: whoever hangs on an old connection resumes on a new one.
    pub(crate) resumes: watch::Sender<u64>,
    /// Counts up when we are somebody else now: whoever was refused asks again.
    pub(crate) logins: watch::Sender<u64>,
    /// Counts up when the server's history went back: everything is listed anew.
    pub(crate) rewinds: watch::Sender<u64>,
    /// In which versions custom kinds are served, as their definitions say.
    pub(crate) served: watch::Sender<Served>,
    /// Wakes the link's probe.
    pub(crate) probe_now: Notify,
    /// What is to be measured.
    pub(crate) wanted: watch::Sender<Wanted>,
    pub(crate) lists: Arc<Semaphore>,
    /// Everything that was asked for is forbidden.
    pub(crate) is_refused: AtomicBool,
    /// Times in which nothing is released, as the configuration tells them.
    pub(crate) freezes: Vec<Window>,
    /// Who else releases apps, as it was seen.
    pub(crate) claims: Sightings,
    /// What is known of the server before it was asked.
    pub(crate) first_identity: Identity,
    projector: Mutex<Projector>,
    dice: Mutex<Dice>,
    generations: AtomicU32,
    cuts: Mutex<VecDeque<Instant>>,
    notices: Mutex<Vec<(Clean, Instant)>>,
}

impl Hub {
    pub(crate) fn new(target: &Target, rules: Arc<Rules>, reports: Reports) -> Self {
        Self {
            id: target.id.clone(),
            door: Door::new(target),
            reports,
            resumes: watch::Sender::new(0),
            logins: watch::Sender::new(0),
            rewinds: watch::Sender::new(0),
            served: watch::Sender::default(),
            probe_now: Notify::new(),
            wanted: watch::Sender::default(),
            lists: Arc::new(Semaphore::new(LISTS_AT_ONCE)),
            is_refused: AtomicBool::new(false),
            freezes: target.freezes.clone(),
            claims: Sightings::default(),
            first_identity: Identity {
                server: target.server.clone(),
                insecure: target.insecure,
                ..Identity::default()
            },
            projector: Mutex::new(Projector::new(rules)),
            dice: Mutex::new(Dice::new(target.seed)),
            generations: AtomicU32::new(0),
            cuts: Mutex::default(),
            notices: Mutex::default(),
        }
    }

    /// Sends a report; waits while the receiver is behind. Without a receiver there is nobody to tell.
    pub(crate) async fn report(&self, report: ClusterReport) {
        drop(self.reports.send((self.id.clone(), report)).await);
    }

    pub(crate) async fn feed(&self, kind: Kind, namespace: &Clean, feed: Feed) {
        self.report(ClusterReport::Feed(kind, namespace.clone(), feed)).await;
    }

    /// Tells a person something once, not every time it happens again.
    pub(crate) async fn notice(&self, text: Clean) {
        {
            let mut given = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
            given.retain(|(_, at)| at.elapsed() < NOTICE_PAUSE);
            if given.iter().any(|(known, _)| *known == text) {
                return;
            }
            given.push((text.clone(), Instant::now()));
        }
        self.report(ClusterReport::Notice(text)).await;
    }

    /// The app of a workload that was read whole.
    pub(crate) fn app_of(&self, workload: &serde_json::Value) -> String {
        let projector = self.projector.lock().unwrap_or_else(PoisonError::into_inner);
        projector.app_of(workload)
    }

    /// Projects many objects under one lock; `None` stands for an unreadable one.
    pub(crate) fn project<'a>(
        &self,
        kind: Kind,
        objects: impl Iterator<Item = &'a [u8]>,
        encoding: Encoding,
    ) -> Vec<Result<Item, Unreadable>> {
        let mut projector = self.projector.lock().unwrap_or_else(PoisonError::into_inner);
        objects.map(|bytes| projector.read(kind, bytes, encoding)).collect()
    }

    /// A number for a new list, larger than those before in this cluster.
    pub(crate) fn next_generation(&self) -> u32 {
        self.generations.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Somewhere between two durations.
    pub(crate) fn spread(&self, least: Duration, most: Duration) -> Duration {
        self.dice
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .between(least, most)
    }

    /// Random bits: they keep names apart that are made in the same millisecond.
    pub(crate) fn random(&self) -> u128 {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bits = || (dice.throw() * (1_u64 << 40) as f64) as u128;
        bits() << 40 | bits()
    }

    /// A watch was cut before its time.
    pub(crate) fn note_cut(&self) {
        let mut cuts = self.cuts.lock().unwrap_or_else(PoisonError::into_inner);
        // An outage cuts all watches at once: that is one cut.
        if cuts.back().is_none_or(|last| last.elapsed() >= ONE_CUT) {
            cuts.push_back(Instant::now());
        }
    }

    /// How many watches were cut within the last minute.
    pub(crate) fn recent_cuts(&self) -> u32 {
        let mut cuts = self.cuts.lock().unwrap_or_else(PoisonError::into_inner);
        while cuts.front().is_some_and(|at| at.elapsed() > CUT_MEMORY) {
            cuts.pop_front();
        }
        u32::try_from(cuts.len()).unwrap_or(u32::MAX)
    }

    /// The server's history went back (etcd restored from a backup): nothing we hold can be trusted.
    ///
    /// `seen` are the rewinds the finder knew of: whoever finds the same one a little later tells nobody,
    /// for everything is being read anew already.
    pub(crate) async fn rewound(&self, seen: u64) {
        let is_first = self.rewinds.send_if_modified(|count| {
            let is_first = *count == seen;
            *count += u64::from(is_first);
            is_first
        });
        if is_first {
            self.notice("history rewound: everything is read anew".into()).await;
        }
    }
}
