//! One watch: list in pages, watch with bookmarks, resume, relist; every error decided by its class.
//! Nothing ends it but its task being dropped.
//!
//! `WatchList` (`sendInitialEvents`) is not used: it differs by server version (off in 1.33, on in 1.34),
//! neither ends nor fails on servers that ignore it, starts from nothing when it is cut half-way, and the
//! pages of a list show rows just as early.

mod audit;
mod backoff;
mod breath;
mod list;
mod pause;
mod pending;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::definitions::Served;
use super::discovery;
use super::error::ClusterError;
use super::hub::Hub;
use super::kinds;
use crate::domain::{Clean, Feed, Kind, Timestamp, Verb};
use audit::Audit;
pub(super) use backoff::Backoff;
pub(super) use stream::SILENCE;

/// A forbidden watch is asked for again after this, and then half as often each time.
pub(super) const FIRST_REFUSAL: Duration = Duration::from_mins(1);
pub(super) const LONGEST_REFUSAL: Duration = Duration::from_mins(10);
/// How often an absent custom kind is looked for where its definition may not be watched.
const ABSENT_PAUSE: Duration = Duration::from_secs(30);
/// After a watch that lived this long the next failure is a first one.
const STEADY: Duration = Duration::from_secs(10);
/// A watch that lived this long was not cut for trouble.
const HEALTHY: Duration = Duration::from_secs(30);
/// Shortest pause after a watch that ended early.
const AFTER_EARLY_END: Duration = Duration::from_secs(1);
/// An outage shorter than this is not worth a word.
const WORTH_A_WORD: Duration = Duration::from_secs(2);

/// Why a watch ended without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The server closed it.
    Closed,
    /// The link is back after an outage: go on over a new connection.
    Resume,
    /// The server's history went back.
    Rewound,
    /// The kind is served in another version, or not any more.
    Moved,
    /// The server has another number of objects than we, twice.
    Resynchronised,
}

/// What happens next.
#[derive(Clone, Debug, PartialEq)]
enum Next {
    Now,
    /// Wait; a link that comes back ends the wait.
    Retry(Duration, Clean),
    /// Refused, and which verb: wait, whatever the link does, until the time or a new login.
    Refused(Verb, Duration),
    Absent(Duration),
}

/// What a round asked of the server last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    List,
    /// To be told of changes to the list that the same round read.
    Watch,
    /// To be told of changes to what an earlier round read.
    Resume,
}

/// That a watch was refused, or allowed after all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    /// Empty: all.
    pub(crate) namespace: Clean,
    pub(crate) is_refused: bool,
}

/// One watch of a kind, in all namespaces or in one.
pub(crate) struct Watch {
    hub: Arc<Hub>,
    kind: Kind,
    /// Empty: all.
    namespace: Clean,
    /// The collection's path, once known.
    path: Option<String>,
    /// The version to go on from; `None`: list first.
    position: Option<String>,
    /// Highest version seen in a list or bookmark.
    highest: Option<u64>,
    generation: u32,
    /// How many objects the server has, as far as lists and events told.
    count: usize,
    audit: Audit,
    has_rows: bool,
    backoff: Backoff,
    refusals: u32,
    /// Others were told that this one is refused.
    is_refused: bool,
    asked: Asked,
    /// The connection was lost: before going on, see that the history still goes on too.
    is_suspect: bool,
    gone_in_a_row: u32,
    missing_in_a_row: u32,
    /// When rows were last known to be current.
    current_at: Option<Timestamp>,
    live_since: Option<Instant>,
    said: Option<Feed>,
    resumes: watch::Receiver<u64>,
    logins: watch::Receiver<u64>,
    rewinds: watch::Receiver<u64>,
    /// The rewinds this watch knows of.
    rewinds_seen: u64,
    served: watch::Receiver<Served>,
    /// Told when this watch is refused or allowed after all.
    refusal: Option<UnboundedSender<Refusal>>,
}

impl Watch {
    pub(crate) fn new(hub: &Arc<Hub>, kind: Kind, namespace: Clean) -> Self {
        Self {
            kind,
            namespace,
            path: None,
            position: None,
            highest: None,
            generation: hub.next_generation(),
            count: 0,
            audit: Audit::default(),
            has_rows: false,
            backoff: Backoff::default(),
            refusals: 0,
            is_refused: false,
            asked: Asked::List,
            is_suspect: false,
            gone_in_a_row: 0,
            missing_in_a_row: 0,
            current_at: None,
            live_since: None,
            said: None,
            resumes: hub.resumes.subscribe(),
            logins: hub.logins.subscribe(),
            rewinds: hub.rewinds.subscribe(),
            rewinds_seen: *hub.rewinds.borrow(),
            served: hub.served.subscribe(),
            refusal: None,
            hub: Arc::clone(hub),
        }
    }

    /// Tells `refusal` when this watch is refused.
    pub(crate) fn telling(mut self, refusal: UnboundedSender<Refusal>) -> Self {
        self.refusal = Some(refusal);
        self
    }

    /// Lists and watches for ever. `turn` is given back after the first list, or when that goes wrong.
    pub(crate) async fn run(mut self, mut turn: Option<OwnedSemaphorePermit>) {
        loop {
            let ended = self.round(&mut turn).await;
            drop(turn.take());
            let next = self.decide(ended);
            self.pause(next).await;
        }
    }

    async fn round(&mut self, turn: &mut Option<OwnedSemaphorePermit>) -> Result<Ended, ClusterError> {
        if self.rewinds.has_changed().unwrap_or(false) {
            self.take_rewind();
        }
        if self.resumes.has_changed().unwrap_or(false) {
            self.resumes.borrow_and_update();
            self.backoff.reset();
        }
        self.asked = Asked::List;
        let path = self.find_path().await?;
        if self.position.is_some() && std::mem::take(&mut self.is_suspect) {
            self.check_history(&path).await?;
        }
        let (position, asked) = match self.position.clone() {
            Some(position) => (position, Asked::Resume),
            None => (self.list(&path, turn).await?, Asked::Watch),
        };
        drop(turn.take());
        self.asked = asked;
        self.stream(&path, position).await
    }

    /// Waits for an answer, and asks again when the link comes back meanwhile: what was asked over the old
    /// connection may never be answered.
    async fn ask<T, F: Future<Output = Result<T, ClusterError>>>(
        &mut self,
        ask: impl Fn(Arc<Hub>) -> F,
    ) -> Result<T, ClusterError> {
        loop {
            tokio::select! {
                answer = ask(Arc::clone(&self.hub)) => return answer,
                _ = self.resumes.changed() => {}
            }
        }
    }

    /// Somebody found that the history went back.
    fn take_rewind(&mut self) {
        self.rewinds_seen = *self.rewinds.borrow_and_update();
        self.forget_history();
    }

    /// Lists next; versions seen so far say nothing about the history that goes on now.
    fn forget_history(&mut self) {
        self.position = None;
        self.highest = None;
    }

    async fn find_path(&mut self) -> Result<String, ClusterError> {
        if let Some(path) = &self.path {
            return Ok(path.clone());
        }
        let version = if self.kind.is_custom() {
            {
                let kind = self.kind;
                // What was said of it before this is older than the answer.
                self.served.borrow_and_update();
                self.ask(|hub| async move { discovery::version(&hub.door, kind).await })
                    .await?
            }
        } else {
            kinds::version(self.kind).to_owned()
        };
        let path = kinds::collection(self.kind, &version, &self.namespace);
        self.path = Some(path.clone());
        Ok(path)
    }

    /// What follows from how a round ended.
    fn decide(&mut self, ended: Result<Ended, ClusterError>) -> Next {
        let lived = self.live_since.take().map(|since| since.elapsed());
        if lived.is_some_and(|lived| lived >= STEADY) {
            self.backoff.reset();
        }
        if lived.is_some_and(|lived| lived >= HEALTHY) {
            self.gone_in_a_row = 0;
            self.missing_in_a_row = 0;
        }
        let early_end = lived.is_some_and(|lived| lived < HEALTHY);
        match ended {
            Ok(Ended::Resume) => {
                self.backoff.reset();
                self.is_suspect = true;
                Next::Now
            }
            Ok(Ended::Closed) if early_end => {
                self.hub.note_cut();
                self.is_suspect = true;
                Next::Retry(
                    self.step().max(AFTER_EARLY_END),
                    "the server ends the watch early".into(),
                )
            }
            Ok(Ended::Moved) => {
                self.path = None;
                self.forget_history();
                Next::Now
            }
            Ok(Ended::Closed | Ended::Rewound | Ended::Resynchronised) => Next::Now,
            Err(error) => {
                if lived.is_some() {
                    self.hub.note_cut();
                }
                self.decide_error(&error)
            }
        }
    }

    fn decide_error(&mut self, error: &ClusterError) -> Next {
        let why = Clean::from(error.to_string());
        match error {
            ClusterError::Gone { .. } => {
                log::info!(
                    "{}: {}: the server no longer has the version to go on from; reading the list anew",
                    self.hub.id,
                    self.kind.plural()
                );
                self.position = None;
                self.gone_in_a_row += 1;
                if self.gone_in_a_row > 1 {
                    Next::Retry(self.step(), why)
                } else {
                    Next::Now
                }
            }
            ClusterError::Forbidden { .. } => {
                self.position = None;
                let verb = match self.asked {
                    Asked::List => Verb::List,
                    Asked::Watch => Verb::Watch,
                    // Whether the rows may still be seen, a list says.
                    Asked::Resume => return Next::Now,
                };
                let pause = FIRST_REFUSAL
                    .saturating_mul(1 << self.refusals.min(4))
                    .min(LONGEST_REFUSAL);
                self.refusals += 1;
                Next::Refused(verb, pause)
            }
            ClusterError::NotFound { .. } => {
                self.forget_history();
                // It may have moved to another version; discovery says whether it is gone.
                let is_moved = self.path.take().is_some() && self.kind.is_custom();
                if !is_moved {
                    let is_told = self.served.borrow().is_watched;
                    Next::Absent(if is_told { LONGEST_REFUSAL } else { ABSENT_PAUSE })
                } else if self.missing_in_a_row == 0 {
                    self.missing_in_a_row = 1;
                    Next::Now
                } else {
                    // Discovery is behind and still names what is gone.
                    Next::Retry(self.step(), why)
                }
            }
            ClusterError::Throttled { .. } | ClusterError::Server { .. } => {
                self.is_suspect = true;
                let pause = error.wait().unwrap_or_else(|| self.step());
                Next::Retry(pause, why)
            }
            ClusterError::Invalid { .. } | ClusterError::Unreadable => {
                self.position = None;
                Next::Retry(self.step(), why)
            }
            ClusterError::Login { .. }
            | ClusterError::Conflict { .. }
            | ClusterError::Transport { .. }
            | ClusterError::Certificate { .. }
            | ClusterError::ReadOnly => {
                self.is_suspect = true;
                Next::Retry(self.step(), why)
            }
        }
    }

    fn step(&mut self) -> Duration {
        let (least, most) = self.backoff.next();
        self.hub.spread(least, most)
    }
}
