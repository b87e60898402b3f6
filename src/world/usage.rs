//! What a cluster's containers use: the newest figures, their past, and their sums by app, node and
//! location.
//!
//! Figures of instances arrive one node at a time; sums are made in rounds, from what is fresh then. An
//! instance that was not measured lately counts as unknown, in a sum too: never as zero.

mod inside;
mod kept;

use rustc_hash::{FxHashMap, FxHashSet};
use strum::VariantArray;

use super::cluster::ClusterView;
use super::store::Store;
use super::tally::app_key;
use crate::domain::{AppKey, Clean, ObjectKey, Pod};
use crate::metrics::history::Limits;
use crate::metrics::source::{Report, Supply, Wanted};
use crate::metrics::subject::{Span, Subject};
use crate::metrics::{Attention, Figure, Figures, History, Measured, Millis, Resolution};
use kept::{Brief, Close};

pub use kept::{LEAST_KNOWN, Sums};

/// Between two rounds of sums.
const ROUND_MS: Millis = 15_000;
/// Between two rounds where a round costs much.
const LARGE_ROUND_MS: Millis = 60_000;
/// So many instances are many.
const LARGE: usize = 20_000;

/// What is known of a cluster's use.
#[derive(Debug)]
pub struct Usage {
    supply: Supply,
    history: History,
    latest: FxHashMap<Subject, Brief>,
    close: FxHashMap<Subject, Close>,
    sums: FxHashMap<Subject, Sums>,
    shown: FxHashSet<ObjectKey>,
    /// The nodes of what is on screen.
    at: FxHashSet<Clean>,
    /// What a list is sorted by: it is kept of everything, with its past.
    asked: Option<Figure>,
    /// When the sums were made.
    summed: Millis,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            supply: Supply::default(),
            history: History::new(Limits::default()),
            latest: FxHashMap::default(),
            close: FxHashMap::default(),
            sums: FxHashMap::default(),
            shown: FxHashSet::default(),
            at: FxHashSet::default(),
            asked: None,
            summed: 0,
        }
    }
}

impl Usage {
    /// Where the figures come from, and what is wrong with it.
    pub fn supply(&self) -> &Supply {
        &self.supply
    }

    /// The histories, for lines that are drawn.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Says what is on screen: it is kept in full.
    pub fn show(&mut self, wanted: &Wanted) {
        self.shown = wanted.pods.iter().cloned().collect();
        self.at = wanted.shown.iter().cloned().collect();
        self.asked = wanted.figure;
        self.history.choose(wanted.figure);
        let mut close = std::mem::take(&mut self.close);
        close.retain(|subject, _| self.is_shown(subject));
        self.close = close;
    }

    fn is_shown(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Node(name) => self.at.contains(name),
            subject => pod_of(subject).is_some_and(|pod| self.shown.contains(pod)),
        }
    }

    /// Forgets what was measured of an instance: another one has its name now, or none.
    pub(super) fn forget(&mut self, pod: &ObjectKey) {
        self.latest.remove(&Subject::Pod(pod.clone()));
        if self.shown.contains(pod) {
            self.close.retain(|subject, _| pod_of(subject) != Some(pod));
        }
    }

    /// Takes a report in; says whether something on screen may differ.
    pub(super) fn apply(&mut self, report: Report, pods: &Store<Pod>) -> bool {
        match report {
            Report::Supply(supply) => {
                let is_new = self.supply != supply;
                self.supply = supply;
                is_new
            }
            Report::Measured { items, .. } => {
                let mut is_seen = false;
                for item in items {
                    let pod = pod_of(&item.subject).and_then(|key| pods.get(key));
                    if let Some(item) = as_of(item, pod.map(AsRef::as_ref)) {
                        is_seen |= self.take(&item);
                    }
                }
                is_seen
            }
        }
    }

    /// Keeps new figures; says whether they are of something on screen.
    fn take(&mut self, item: &Measured) -> bool {
        let at = item.span.to;
        let is_close = self.is_shown(&item.subject);
        if is_close {
            let close = self.close.entry(item.subject.clone()).or_default();
            close.take(at, &item.figures);
        }
        let is_container = matches!(item.subject, Subject::Container(..));
        // Containers are many; what nobody looks at is known by its instance alone.
        if is_container && !is_close {
            return false;
        }
        let is_seen = is_close && pod_of(&item.subject).is_some();
        let attention = if is_seen {
            Attention::Shown
        } else {
            Attention::Background
        };
        self.history.record(&item.subject, item.span, &item.figures, attention);
        if !is_container {
            self.latest
                .entry(item.subject.clone())
                .or_default()
                .take(at, &item.figures, self.asked);
        }
        is_seen
    }

    /// A figure of an instance, a container or a node now; `None` if it was not measured lately.
    pub fn now(&self, subject: &Subject, figure: Figure, now: Millis) -> Option<f64> {
        let pace = self.supply.pace;
        let close = self.close.get(subject).filter(|close| close.knows(figure));
        match close {
            // What was kept before it came on screen is older still.
            Some(close) => close.get(figure, now - pace.fresh_shown_ms()),
            None => self.latest.get(subject)?.get(figure, now - pace.fresh_ms()),
        }
    }

    /// The sums of an app, node, location or the cluster, as of the last round.
    pub fn sums(&self, subject: &Subject) -> Option<&Sums> {
        self.sums.get(subject)
    }

    /// A line of a subject's past, newest last.
    pub fn line(&self, of: &Subject, figure: Figure, at: Resolution, until: Millis, slots: u32) -> Vec<Option<f64>> {
        self.history.line(of, figure, at, until, slots)
    }

    /// Whether it is time for the next round of sums.
    fn is_due(&self, now: Millis, instances: usize) -> bool {
        let pause = if instances > LARGE { LARGE_ROUND_MS } else { ROUND_MS };
        // A clock that was set back must not stop the rounds.
        now - self.summed >= pause || now < self.summed
    }
}

/// The instance that a subject is, or is in.
fn pod_of(subject: &Subject) -> Option<&ObjectKey> {
    match subject {
        Subject::Pod(pod) | Subject::Container(pod, _) => Some(pod),
        Subject::Cluster | Subject::Location(_) | Subject::Node(_) | Subject::App(_) | Subject::AppIn(..) => None,
    }
}

/// Figures as far as they are the instance's own: not its node's network, and not those of an instance
/// that had the name before it.
fn as_of(mut item: Measured, pod: Option<&Pod>) -> Option<Measured> {
    let Some(pod) = pod else { return Some(item) };
    if pod
        .created
        .is_some_and(|created| item.span.to < created.timestamp_millis())
    {
        return None;
    }
    if pod.host_network {
        let network = Figure::VARIANTS.iter().copied().filter(|figure| figure.is_network());
        network.for_each(|figure| item.figures.unset(figure));
    }
    (!item.figures.is_empty()).then_some(item)
}

/// Adds up what the instances use, if it is time; says whether it was.
///
/// On a node that is not heard of nothing is known; what has ended or not begun uses nothing.
pub(super) fn add_up(cluster: &mut ClusterView, now: Millis) -> bool {
    let usage = &cluster.usage;
    let is_idle = usage.supply.current.is_none() && usage.latest.is_empty() && usage.sums.is_empty();
    if is_idle || !usage.is_due(now, cluster.pods.len()) {
        return false;
    }
    let span = Span {
        from: usage.summed.max(now - LARGE_ROUND_MS),
        to: now,
    };
    let since = now - usage.supply.pace.fresh_ms();
    let (mut sums, ended) = sums_of(cluster, since);
    let only = only_parts(&sums);
    let is_only = |subject: &Subject| matches!(subject, Subject::AppIn(app, _) if only.contains(app));
    let usage = &mut cluster.usage;
    for pod in &ended {
        usage.forget(pod);
    }
    for (subject, sum) in &sums {
        let (mut figures, known) = sum.figures();
        if is_only(subject) {
            // By its CPU it is told, should the app come to other locations too, what it had here before.
            let mut cpu = Figures::default();
            figures.get(Figure::Cpu).inspect(|used| cpu.set(Figure::Cpu, *used));
            figures = cpu;
        }
        // That there is something of which nothing is known is a fact too: it is not 0.
        usage
            .history
            .record_sum(subject, span, &figures, known, Attention::Background);
    }
    sums.retain(|subject, _| !is_only(subject));
    if usage.latest.is_empty() && usage.supply.current.is_none() {
        // Nothing is known and nobody is asked: sums of nothing are not worth another round.
        sums.clear();
    }
    usage.sums = sums;
    usage.summed = now;
    usage.latest.retain(|_, brief| brief.heard() >= since);
    usage.history.tidy(now);
    true
}

/// The sums of what was measured since then, and the instances that were measured and use nothing any more.
fn sums_of(cluster: &ClusterView, since: Millis) -> (FxHashMap<Subject, Sums>, Vec<ObjectKey>) {
    let usage = &cluster.usage;
    let mut sums: FxHashMap<Subject, Sums> = FxHashMap::default();
    let mut ended: Vec<ObjectKey> = Vec::new();
    for pod in cluster.pods.values() {
        let brief = usage.latest.get(&Subject::Pod(pod.key.clone()));
        let standing = cluster.standing(pod);
        let is_over = standing.lost || !pod.holds_resources();
        if is_over && brief.is_some() {
            ended.push(pod.key.clone());
        }
        if !pod.holds_resources() {
            continue;
        }
        let brief = brief.filter(|_| !is_over);
        let remembered = match usage.asked {
            Some(Figure::OomKills) => pod.out_of_memory_kills(),
            _ => 0,
        };
        let node = pod.node.clone().map(Subject::Node);
        let app = app_key(pod);
        let part = app.clone().zip(standing.location.clone());
        let part = part.map(|(app, location)| Subject::AppIn(app, location));
        let location = standing.location.map(Subject::Location);
        let app = app.map(Subject::App);
        let all = [Some(Subject::Cluster), node, location, app, part];
        for subject in all.into_iter().flatten() {
            sums.entry(subject)
                .or_default()
                .add(brief, since, usage.asked, remembered);
        }
    }
    (sums, ended)
}

/// The apps in one location: their part there and the whole are the same.
fn only_parts(sums: &FxHashMap<Subject, Sums>) -> FxHashSet<AppKey> {
    let mut places: FxHashMap<&AppKey, usize> = FxHashMap::default();
    for subject in sums.keys() {
        if let Subject::AppIn(app, _) = subject {
            *places.entry(app).or_default() += 1;
        }
    }
    let only = places.into_iter().filter(|(_, places)| *places == 1);
    only.map(|(app, _)| app.clone()).collect()
}

/// A location's or app's subject, by name.
pub fn location(name: &Clean) -> Subject {
    Subject::Location(name.clone())
}

/// An app's subject.
pub fn app(key: &AppKey) -> Subject {
    Subject::App(key.clone())
}
