//! Makes figures of two readings: what grew in between, and what is now.

use rustc_hash::{FxHashMap, FxHashSet};
use strum::VariantArray;

use super::Millis;
use super::cadvisor::{Place, Reading, Scrape, Values};
use super::family::Family;
use super::figure::{Figure, Figures, Origin};
use super::rate::{Spacing, Step, Track, per_second, share};
use super::subject::{Span, Subject};
use crate::domain::{Clean, ObjectKey};

/// How far a node's clock may be off before its times are replaced by those of this program.
pub const CLOCK_TOLERANCE_MS: Millis = 90_000;

/// New figures of one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    pub subject: Subject,
    pub span: Span,
    pub figures: Figures,
}

/// The readings that the next scrape of each node is compared with.
#[derive(Debug, Default)]
pub struct Meter {
    nodes: FxHashMap<Clean, FxHashMap<Place, Before>>,
}

#[derive(Debug)]
struct Before {
    track: Track,
    run: u64,
    /// When it was last seen, on this program's clock.
    heard: Millis,
    counters: Counters,
    /// What its pod is told of it: the pod's own cgroup is measured at another time.
    kills: Option<f32>,
    throttled: Option<f32>,
}

/// The counters of a reading, without room for those it lacks.
#[derive(Debug, Default)]
struct Counters {
    known: u32,
    values: Box<[f64]>,
}

impl Counters {
    fn of(values: &Values) -> Self {
        let counters = || {
            let all = Family::VARIANTS.iter().copied().filter(|family| family.is_counter());
            all.filter_map(|family| values.get(family).map(|value| (family, value)))
        };
        Self {
            known: counters().fold(0, |known, (family, _)| known | 1 << family as u32),
            values: counters().map(|(_, value)| value).collect(),
        }
    }

    fn get(&self, family: Family) -> Option<f64> {
        let bit = 1_u32 << family as u32;
        let place = (self.known & (bit - 1)).count_ones();
        (self.known & bit != 0)
            .then(|| self.values.get(place as usize).copied())
            .flatten()
    }
}

impl Meter {
    /// Takes the next scrape of a node, which came at `received` on this program's clock.
    ///
    /// Gives what is new in it: nothing for a container that the kubelet has not measured again, amounts
    /// without rates for one that is new, began anew or was away for too long.
    pub fn take(&mut self, node: &Clean, scrape: &Scrape, received: Millis, spacing: Spacing) -> Vec<Measured> {
        let places = self.nodes.entry(node.clone()).or_default();
        let mut measured = Vec::with_capacity(scrape.readings.len());
        for reading in &scrape.readings {
            let figures = if let Some(before) = places.get_mut(&reading.place) {
                before.take(reading, received, spacing)
            } else {
                let (before, figures) = Before::new(reading, received, spacing);
                places.insert(reading.place.clone(), before);
                figures
            };
            if let Some((span, figures)) = figures.filter(|(_, figures)| !figures.is_empty()) {
                measured.push(Measured {
                    subject: subject(&reading.place, node),
                    span,
                    figures,
                });
            }
        }
        // A container may be missing from a scrape and come back; one that stays away is forgotten.
        places.retain(|_, before| received.saturating_sub(before.heard) <= spacing.longest_ms);
        tell_pods(&mut measured, &inside(places));
        measured
    }

    /// Forgets the nodes that are not among these.
    pub fn keep_nodes(&mut self, nodes: &FxHashSet<Clean>) {
        self.nodes.retain(|node, _| nodes.contains(node));
    }
}

impl Before {
    fn new(reading: &Reading, received: Millis, spacing: Spacing) -> (Self, Option<(Span, Figures)>) {
        let mut track = Track::default();
        track.step(reading.at, spacing);
        let figures = amounts(&reading.values);
        let mut before = Self {
            track,
            run: reading.run,
            heard: received,
            counters: Counters::of(&reading.values),
            kills: None,
            throttled: None,
        };
        before.note(&figures);
        (before, Some((Span::at(on_our_clock(reading.at, received)), figures)))
    }

    fn take(&mut self, reading: &Reading, received: Millis, spacing: Spacing) -> Option<(Span, Figures)> {
        self.heard = received;
        let step = self.track.step(reading.at, spacing);
        if !step.is_new() {
            return None;
        }
        let to = on_our_clock(reading.at, received);
        let mut figures = amounts(&reading.values);
        let mut span = Span::at(to);
        if let Step::After(passed) = step
            && self.run == reading.run
        {
            span.from = to - passed;
            rates(&mut figures, &self.counters, &reading.values, passed);
        }
        self.run = reading.run;
        self.counters = Counters::of(&reading.values);
        self.note(&figures);
        Some((span, figures))
    }

    fn note(&mut self, figures: &Figures) {
        self.kills = figures.get(Figure::OomKills).map(|kills| kills as f32);
        self.throttled = figures.get(Figure::CpuThrottled).map(|share| share as f32);
    }
}

/// A node's time on this program's clock: as it is while the two agree, else the time it was heard.
///
/// Histories of many nodes are added up slot by slot, which a clock that is off would falsify.
fn on_our_clock(at: Millis, received: Millis) -> Millis {
    let off = received.saturating_sub(at).saturating_abs();
    if off <= CLOCK_TOLERANCE_MS {
        at.min(received)
    } else {
        received
    }
}

fn subject(place: &Place, node: &Clean) -> Subject {
    match place {
        Place::Node => Subject::Node(node.clone()),
        Place::Pod(key) | Place::Sandbox(key) => Subject::Pod(key.clone()),
        Place::Container(key, name) => Subject::Container(key.clone(), name.clone()),
    }
}

/// Of each pod's containers: all that were killed in them, and how much the one was held back that was most.
///
/// All that are known count, not only those that this scrape measured anew.
fn inside(places: &FxHashMap<Place, Before>) -> FxHashMap<ObjectKey, Figures> {
    let mut inside: FxHashMap<ObjectKey, Figures> = FxHashMap::default();
    for (place, before) in places {
        let Place::Container(pod, _) = place else { continue };
        let kills = before.kills.map(f64::from).filter(|kills| *kills > 0.0);
        let throttled = before.throttled.map(f64::from);
        if kills.is_none() && throttled.is_none() {
            continue;
        }
        let all = inside.entry(pod.clone()).or_default();
        if let Some(kills) = kills {
            all.set(Figure::OomKills, all.get(Figure::OomKills).unwrap_or(0.0) + kills);
        }
        if let Some(throttled) = throttled {
            let most = all.get(Figure::CpuThrottled).unwrap_or(0.0);
            all.set(Figure::CpuThrottled, most.max(throttled));
        }
    }
    inside
}

/// Says of pods what only their containers' cgroups count: a limit is a container's, and who exceeds it is killed
/// there. A pod's own cgroup says 0 then, or nothing.
fn tell_pods(measured: &mut [Measured], inside: &FxHashMap<ObjectKey, Figures>) {
    for item in measured {
        let Subject::Pod(pod) = &item.subject else { continue };
        // What has no memory is its sandbox.
        if item.figures.get(Figure::MemoryTotal).is_none() {
            continue;
        }
        for (figure, value) in inside.get(pod).into_iter().flat_map(Figures::known) {
            let own = item.figures.get(figure).unwrap_or(0.0);
            item.figures.set(figure, own.max(value));
        }
    }
}

fn amounts(values: &Values) -> Figures {
    let mut figures = Figures::default();
    for &figure in Figure::VARIANTS {
        if let Origin::Gauge(family) = figure.origin()
            && let Some(value) = values.get(family)
        {
            figures.set(figure, value);
        }
    }
    figures
}

fn rates(figures: &mut Figures, before: &Counters, now: &Values, passed: Millis) {
    let pair = |family| Some((before.get(family)?, now.get(family)?));
    for &figure in Figure::VARIANTS {
        let value = match figure.origin() {
            Origin::Gauge(_) => None,
            Origin::Rate(family) => pair(family).and_then(|(before, now)| per_second(before, now, passed)),
            Origin::Ratio(part, whole) => pair(part).zip(pair(whole)).and_then(|(part, whole)| share(part, whole)),
        };
        // Time spent waiting cannot exceed the time that passed, but is measured a moment later.
        let value = value.map(|value| match figure.unit() {
            super::Unit::Share => value.min(1.0),
            _ => value,
        });
        if let Some(value) = value {
            figures.set(figure, value);
        }
    }
}

#[cfg(test)]
mod tests;
