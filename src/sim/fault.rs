//! Faults a test switches on and off while a simulated cluster runs, and the log of requests it asserts on.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

pub use super::api::Verb;
pub use super::journal::odd::Odd;
use super::meter::Meter;
use super::store::Timestamp;

/// Something that goes wrong on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens: requests fail to connect and open watches are cut.
    Refuse,
    /// Nothing is answered, open watches fall silent; whoever waits goes on once it is over.
    BlackHole,
    /// An answer with this status instead of the real one.
    Reply {
        to: Pattern,
        code: u16,
        retry_after: Option<String>,
        body: Body,
    },
    /// 403 as access rules give it.
    Forbid(Pattern),
    /// A watch is answered 410 as HTTP status.
    GoneAtWatchStart(Pattern),
    /// A watch is answered with a 410 ERROR event, and ends.
    GoneEvent(Pattern),
    /// A list that continues is answered 410.
    ContinueExpired(Pattern),
    /// Every watch ends cleanly after this time.
    EndWatches(Duration),
    /// Watches send no bookmarks.
    NoBookmarks,
    /// `sendInitialEvents` is overlooked, as by servers from before it; otherwise it is refused with 422.
    InitialEventsIgnored,
    /// Bodies trickle.
    Slow { bytes_per_second: u32 },
    /// One object of a list or watch is broken.
    Garbage { to: Pattern, how: Garbage },
    /// Container logs go wrong.
    Logs(LogFault),
    /// `metrics.k8s.io` goes wrong.
    Metrics(MetricsFault),
}

/// How `metrics.k8s.io` goes wrong; for slow or forbidden there are faults for everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsFault {
    /// Its Service has no endpoint: 503.
    Unavailable,
    /// A third of the objects is missing.
    Partial,
    /// Amounts are no numbers.
    NotANumber,
}

/// How container logs go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFault {
    /// A stream breaks after fewer than `most` bytes; the seed and the number of the request decide where.
    Cut { seed: u64, most: u32 },
    /// The file is rotated while it is followed, and so many records are never seen.
    Rotate { records: u32 },
    /// What is printed is odd.
    Print(Odd),
    /// The last line has no end when a stream ends.
    NoFinalNewline,
}

/// Which requests a fault is for; what is none matches all.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Pattern {
    pub verb: Option<Verb>,
    /// As in paths: `pods`.
    pub plural: Option<String>,
    pub namespace: Option<String>,
    /// As in paths: `proxy`.
    pub subresource: Option<String>,
    /// Not those that are tried without effect.
    pub in_earnest: bool,
}

impl Pattern {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests for one resource.
    pub fn plural(plural: &str) -> Self {
        Self {
            plural: Some(plural.to_owned()),
            ..Self::default()
        }
    }

    /// The same with one verb only.
    #[must_use]
    pub fn verb(mut self, verb: Verb) -> Self {
        self.verb = Some(verb);
        self
    }

    /// The same in one namespace only.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// The same for a subresource only.
    #[must_use]
    pub fn subresource(mut self, subresource: &str) -> Self {
        self.subresource = Some(subresource.to_owned());
        self
    }

    /// The same without those that are tried without effect (`dryRun`).
    #[must_use]
    pub fn in_earnest(mut self) -> Self {
        self.in_earnest = true;
        self
    }

    fn matches(&self, seen: &Seen) -> bool {
        !(self.in_earnest && seen.path.contains("dryRun="))
            && self.verb.is_none_or(|verb| seen.verb == Some(verb))
            && self.plural.as_ref().is_none_or(|plural| *plural == seen.plural)
            && self
                .namespace
                .as_ref()
                .is_none_or(|namespace| *namespace == seen.namespace)
            && self
                .subresource
                .as_ref()
                .is_none_or(|subresource| *subresource == seen.subresource)
    }
}

/// The body of a faulty answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// A `Status` object, as API servers send.
    Status,
    /// A page of a proxy in between.
    Html,
    Empty,
}

/// How an object is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbage {
    /// A text where an object belongs.
    Unreadable,
    /// Fields of other types than they should have.
    WrongTypes,
    /// `null` in every field.
    Nulls,
    /// The body ends in the middle of an object, cleanly.
    Truncated,
    /// A line, or a text in a list, that never ends.
    Endless,
}

/// A request that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub at: Timestamp,
    pub method: String,
    /// None for paths that are not objects.
    pub verb: Option<Verb>,
    /// Empty for paths that are not objects.
    pub plural: String,
    pub namespace: String,
    pub name: String,
    pub subresource: String,
    /// With its parameters.
    pub path: String,
}

/// Names a fault that is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultId(u64);

/// The faults of one simulated cluster, and what was asked of it.
#[derive(Debug)]
pub struct Faults {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
    proxied: Meter,
}

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    on: Vec<(FaultId, Option<u32>, Fault)>,
    seen: VecDeque<Seen>,
    /// The bytes of their paths.
    held: usize,
}

/// How many requests are remembered, and how many bytes of their paths: what is asked of a Prometheus has kilobytes.
const LOG: (usize, usize) = (20_000, 4 << 20);

impl Default for Faults {
    fn default() -> Self {
        Self {
            inner: Mutex::default(),
            changed: watch::Sender::new(0),
            proxied: Meter::default(),
        }
    }
}

impl Faults {
    /// Switches a fault on.
    pub fn add(&self, fault: Fault) -> FaultId {
        self.switch_on(None, fault)
    }

    /// Switches a fault on for this many requests.
    pub fn add_times(&self, times: u32, fault: Fault) -> FaultId {
        self.switch_on(Some(times), fault)
    }

    fn switch_on(&self, times: Option<u32>, fault: Fault) -> FaultId {
        let id = {
            let mut inner = self.lock();
            inner.next += 1;
            let id = FaultId(inner.next);
            inner.on.push((id, times, fault));
            id
        };
        self.tell();
        id
    }

    /// Switches a fault off.
    pub fn remove(&self, id: FaultId) {
        self.lock().on.retain(|(on, _, _)| *on != id);
        self.tell();
    }

    /// Switches all faults off.
    pub fn clear(&self) {
        self.lock().on.clear();
        self.tell();
    }

    /// The requests so far, oldest first; only the newest 20,000 are kept, fewer where their paths are long.
    pub fn requests(&self) -> Vec<Seen> {
        self.lock().seen.iter().cloned().collect()
    }

    /// How many requests so far were like this.
    pub fn count(&self, like: impl Fn(&Seen) -> bool) -> usize {
        self.lock().seen.iter().filter(|seen| like(seen)).count()
    }

    /// How many requests so far had this verb and resource.
    pub fn count_of(&self, verb: Verb, plural: &str) -> usize {
        self.count(|seen| seen.verb == Some(verb) && seen.plural == plural)
    }

    /// What passed through the proxies of nodes and services.
    pub fn proxied(&self) -> &Meter {
        &self.proxied
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        let mut inner = self.lock();
        inner.seen.clear();
        inner.held = 0;
    }

    pub(super) fn saw(&self, seen: Seen) {
        let mut inner = self.lock();
        inner.held += seen.path.len();
        inner.seen.push_back(seen);
        while (inner.seen.len() > LOG.0 || inner.held > LOG.1)
            && let Some(oldest) = inner.seen.pop_front()
        {
            inner.held -= oldest.path.len();
        }
    }

    /// What the first matching fault gives, using up one of its times.
    pub(super) fn take<T>(&self, choose: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let mut inner = self.lock();
        let (index, chosen) = inner
            .on
            .iter()
            .enumerate()
            .find_map(|(index, (_, _, fault))| Some((index, choose(fault)?)))?;
        let used_up = match inner.on.get_mut(index) {
            Some((_, Some(times), _)) => {
                *times = times.saturating_sub(1);
                *times == 0
            }
            _ => false,
        };
        if used_up {
            inner.on.remove(index);
        }
        Some(chosen)
    }

    /// As [`Faults::take`], for faults with a pattern.
    pub(super) fn take_for<T>(&self, seen: &Seen, choose: impl Fn(&Fault) -> Option<(&Pattern, T)>) -> Option<T> {
        self.take(|fault| {
            choose(fault)
                .filter(|(pattern, _)| pattern.matches(seen))
                .map(|(_, chosen)| chosen)
        })
    }

    /// Whether a fault without times is on.
    pub(super) fn is_on(&self, is: impl Fn(&Fault) -> bool) -> bool {
        self.lock().on.iter().any(|(_, _, fault)| is(fault))
    }

    /// Wakes when faults change.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Waits while the cluster is a black hole.
    pub(super) async fn while_silent(&self) {
        let mut changes = self.changes();
        while self.is_on(|fault| *fault == Fault::BlackHole) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
