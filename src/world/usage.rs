//! What a cluster's containers use: the newest figures, their past, and their sums by app, node and
//! location.
//!
//! Figures of instances arrive one node at a time; sums are made in rounds, from what is fresh then. An
//! instance that was not measured lately counts as unknown, in a sum too: never as zero.

use rustc_hash::{FxHashMap, FxHashSet};

use super::cluster::ClusterView;
use crate::domain::{AppKey, Clean, ObjectKey};
use crate::metrics::history::Limits;
use crate::metrics::source::{Report, Supply, Wanted};
use crate::metrics::subject::{Span, Subject};
use crate::metrics::{Attention, Figure, Figures, History, Measured, Millis, Resolution, Total};

/// What was measured longer ago says nothing of now: twice the rotation's period and a failure.
const FRESH_MS: Millis = 90_000;
/// Between two rounds of sums.
const ROUND_MS: Millis = 15_000;
/// Between two rounds where a round costs much.
const LARGE_ROUND_MS: Millis = 60_000;
/// So many instances are many.
const LARGE: usize = 20_000;

/// The figures that are kept of everything.
const KEPT: usize = Figure::BACKGROUND.len();

/// The newest background figures of one subject; a `NaN` is unknown.
#[derive(Clone, Copy, Debug)]
struct Brief {
    at: Millis,
    values: [f32; KEPT],
}

impl Brief {
    fn get(&self, figure: Figure) -> Option<f64> {
        let place = Figure::BACKGROUND.iter().position(|kept| *kept == figure)?;
        let value = self.values.get(place).copied()?;
        (!value.is_nan()).then_some(f64::from(value))
    }

    /// Takes over what newer figures know; what they lack stays while it is fresh.
    fn take(&mut self, at: Millis, figures: &Figures) {
        let is_old = at - self.at > FRESH_MS;
        self.at = self.at.max(at);
        for (place, figure) in self.values.iter_mut().zip(Figure::BACKGROUND) {
            match figures.get(figure) {
                Some(value) => *place = value as f32,
                None if is_old => *place = f32::NAN,
                None => {}
            }
        }
    }
}

/// All figures of what is on screen.
#[derive(Clone, Copy, Debug)]
struct Close {
    at: Millis,
    figures: Figures,
}

/// The sums of one app, node or location, of the background figures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums([Total; KEPT]);

impl Sums {
    /// A sum with how many of its parts are known; `None` for a figure that is not summed.
    pub fn get(&self, figure: Figure) -> Option<Total> {
        let place = Figure::BACKGROUND.iter().position(|kept| *kept == figure)?;
        self.0.get(place).copied()
    }

    fn add(&mut self, brief: Option<&Brief>) {
        for (total, figure) in self.0.iter_mut().zip(Figure::BACKGROUND) {
            total.add(brief.and_then(|brief| brief.get(figure)));
        }
    }

    /// With the share of the parts that are known, and how many there are.
    fn figures(&self) -> (Figures, (f64, u32)) {
        let mut figures = Figures::default();
        for (total, figure) in self.0.iter().zip(Figure::BACKGROUND) {
            if let Some(value) = total.value() {
                figures.set(figure, value);
            }
        }
        let cpu = self.get(Figure::Cpu).unwrap_or_default();
        (figures, (cpu.share().unwrap_or(0.0), cpu.of))
    }
}

/// What is known of a cluster's use.
#[derive(Debug)]
pub struct Usage {
    supply: Supply,
    history: History,
    latest: FxHashMap<Subject, Brief>,
    close: FxHashMap<Subject, Close>,
    sums: FxHashMap<Subject, Sums>,
    shown: FxHashSet<ObjectKey>,
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
        let shown = &self.shown;
        self.close
            .retain(|subject, _| pod_of(subject).is_none_or(|pod| shown.contains(pod)));
    }

    /// Takes a report in; says whether something on screen may differ.
    pub(super) fn apply(&mut self, report: Report) -> bool {
        match report {
            Report::Supply(supply) => {
                let is_new = self.supply != supply;
                self.supply = supply;
                is_new
            }
            Report::Measured { items, .. } => {
                let mut is_seen = false;
                for item in &items {
                    is_seen |= self.take(item);
                }
                is_seen
            }
        }
    }

    /// Keeps new figures; says whether they are of something on screen.
    fn take(&mut self, item: &Measured) -> bool {
        let is_shown = pod_of(&item.subject).is_some_and(|pod| self.shown.contains(pod));
        let attention = if is_shown {
            Attention::Shown
        } else {
            Attention::Background
        };
        let at = item.span.to;
        if is_shown {
            let close = self.close.entry(item.subject.clone()).or_insert(Close {
                at,
                figures: Figures::default(),
            });
            if at >= close.at {
                close.at = at;
                close.figures.merge(&item.figures);
            }
        }
        // Containers are many; what nobody looks at is known by its instance alone.
        if matches!(item.subject, Subject::Container(..)) && !is_shown {
            return false;
        }
        self.history.record(&item.subject, item.span, &item.figures, attention);
        if !matches!(item.subject, Subject::Container(..)) {
            let brief = self.latest.entry(item.subject.clone()).or_insert(Brief {
                at,
                values: [f32::NAN; KEPT],
            });
            if at >= brief.at {
                brief.take(at, &item.figures);
            }
        }
        is_shown
    }

    /// A figure of an instance, a container or a node now; `None` if it was not measured lately.
    pub fn now(&self, subject: &Subject, figure: Figure, now: Millis) -> Option<f64> {
        let close = self.close.get(subject).filter(|close| now - close.at <= FRESH_MS);
        if let Some(value) = close.and_then(|close| close.figures.get(figure)) {
            return Some(value);
        }
        let brief = self.latest.get(subject).filter(|brief| now - brief.at <= FRESH_MS)?;
        brief.get(figure)
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

/// Adds up what the instances use, if it is time; says whether it was.
pub(super) fn add_up(cluster: &mut ClusterView, now: Millis) -> bool {
    if cluster.usage.supply.current.is_none() || !cluster.usage.is_due(now, cluster.pods.len()) {
        return false;
    }
    let span = Span {
        from: cluster.usage.summed.max(now - LARGE_ROUND_MS),
        to: now,
    };
    let mut sums: FxHashMap<Subject, Sums> = FxHashMap::default();
    for app in cluster.tally.apps() {
        let mut of_app = Sums::default();
        let mut by_location: FxHashMap<Clean, Sums> = FxHashMap::default();
        for pod in app.slots.iter().filter_map(|&slot| cluster.pods.at(slot)) {
            // What has not begun to run uses nothing that could be measured.
            if !pod.holds_resources() {
                continue;
            }
            let subject = Subject::Pod(pod.key.clone());
            let brief = cluster
                .usage
                .latest
                .get(&subject)
                .filter(|brief| now - brief.at <= FRESH_MS);
            of_app.add(brief);
            if let Some(node) = &pod.node {
                sums.entry(Subject::Node(node.clone())).or_default().add(brief);
            }
            if let Some(location) = cluster.standing(pod).location {
                by_location.entry(location.clone()).or_default().add(brief);
                sums.entry(Subject::Location(location)).or_default().add(brief);
            }
            sums.entry(Subject::Cluster).or_default().add(brief);
        }
        // Of an app in one location that and the whole are the same.
        if by_location.len() > 1 {
            let parts = by_location.into_iter();
            sums.extend(parts.map(|(location, sum)| (Subject::AppIn(app.key.clone(), location), sum)));
        }
        sums.insert(Subject::App(app.key.clone()), of_app);
    }
    let usage = &mut cluster.usage;
    for (subject, sum) in &sums {
        let (figures, known) = sum.figures();
        if !figures.is_empty() {
            usage
                .history
                .record_sum(subject, span, &figures, known, Attention::Background);
        }
    }
    usage.sums = sums;
    usage.summed = now;
    usage.latest.retain(|_, brief| now - brief.at <= FRESH_MS);
    usage.history.tidy(now);
    true
}

/// A location's or app's subject, by name.
pub fn location(name: &Clean) -> Subject {
    Subject::Location(name.clone())
}

/// An app's subject.
pub fn app(key: &AppKey) -> Subject {
    Subject::App(key.clone())
}
