//! Whose turn it is: which node is asked next for its figures, within a budget.
//!
//! Nodes whose containers are on screen come first and often, the rest in rotation. Where the bytes do not suffice for
//! both each has half of them. Each answer takes its size out of the cluster's [`Purse`], what is expected of it while
//! it is under way.

use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};
use tokio::time::Instant;

use super::purse::{Purse, Refusal, Ticket};
use crate::domain::Clean;
use crate::metrics::pace::{Pace, REST_MS, SHOWN_MS};
use crate::metrics::source::Wanted;
use crate::metrics::{Figure, Millis};

const SHOWN_PERIOD: Duration = Duration::from_millis(SHOWN_MS as u64);
const REST_PERIOD: Duration = Duration::from_millis(REST_MS as u64);
/// What a node that was never asked is taken to answer: 400 KB is a node of 40 pods.
pub(super) const FIRST_GUESS: u64 = 400 << 10;
/// A failing node is asked at twice the distance each time, up to this.
const LONGEST_REST: Duration = Duration::from_mins(5);

/// What is to be done now.
#[derive(Debug)]
pub(super) enum Turn<'a> {
    Ask(Clean, Ticket<'a>),
    Wait(Instant),
    /// Until fewer requests are under way.
    Full,
    /// Until an answer comes or something else is wanted.
    Idle,
}

#[derive(Debug)]
struct Place {
    is_shown: bool,
    is_under_way: bool,
    /// It was on screen when it answered last.
    was_shown: bool,
    due: Instant,
    /// What it answers, once that is known.
    bytes: Option<u64>,
    failures: u32,
}

impl Place {
    /// How long it waits already, of those that answer.
    fn waits(&self, now: Instant) -> Duration {
        if self.is_under_way || self.failures > 0 {
            return Duration::ZERO;
        }
        now.saturating_duration_since(self.due)
    }
}

/// The nodes of one cluster and when each was asked.
#[derive(Debug)]
pub(super) struct Rotation {
    places: FxHashMap<Clean, Place>,
    /// What may be asked for.
    bytes_per_second: f64,
    /// What a node answers that was never asked, by those that were.
    guess: u64,
    /// What a person chose to see of everything.
    figure: Option<Figure>,
}

impl Rotation {
    pub(super) fn new(bytes_per_second: u64) -> Self {
        Self {
            places: FxHashMap::default(),
            bytes_per_second: bytes_per_second.max(1) as f64,
            guess: FIRST_GUESS,
            figure: None,
        }
    }

    /// How often nodes are asked: as the bytes allow it, or less often where answers take long.
    pub(super) fn pace(&self, now: Instant) -> Pace {
        let of = |is_shown: bool| self.places.values().filter(move |place| place.is_shown == is_shown);
        let late = |is_shown| of(is_shown).map(|place| place.waits(now)).max().unwrap_or_default();
        let shown = self.shown_period();
        let left = self.bytes_per_second - self.bytes(true) / shown.as_secs_f64();
        let rest = REST_PERIOD
            .max(seconds(self.bytes(false) / left.max(1.0)))
            .max(REST_PERIOD + late(false));
        let millis = |period: Duration| Millis::try_from(period.as_secs()).unwrap_or(Millis::MAX / 1000) * 1000;
        Pace {
            shown_ms: millis(shown + late(true)),
            rest_ms: millis(rest),
        }
    }

    /// What those on screen answer together, or all others.
    fn bytes(&self, is_shown: bool) -> f64 {
        let places = self.places.values().filter(|place| place.is_shown == is_shown);
        places.map(|place| place.bytes.unwrap_or(self.guess) as f64).sum()
    }

    /// How often one on screen is asked. The rest must not wait for ever: half of the bytes are theirs.
    fn shown_period(&self) -> Duration {
        let is_all = self.places.values().all(|place| place.is_shown);
        let part = if is_all { 1.0 } else { 0.5 };
        SHOWN_PERIOD.max(seconds(self.bytes(true) / (self.bytes_per_second * part)))
    }

    /// Takes over which nodes there are and which are on screen.
    pub(super) fn want(&mut self, wanted: &Wanted, now: Instant) {
        let nodes: FxHashSet<&Clean> = wanted.nodes.iter().collect();
        self.places
            .retain(|node, place| place.is_under_way || nodes.contains(node));
        for place in self.places.values_mut() {
            place.is_shown = false;
        }
        for node in wanted.nodes.iter() {
            self.places.entry(node.clone()).or_insert(Place {
                is_shown: false,
                is_under_way: false,
                was_shown: false,
                due: now,
                bytes: None,
                failures: 0,
            });
        }
        let is_chosen_now = wanted.figure.is_some() && wanted.figure != self.figure;
        self.figure = wanted.figure;
        if is_chosen_now {
            // Somebody looks at a list that is empty without it.
            for place in self.places.values_mut().filter(|place| place.failures == 0) {
                place.due = place.due.min(now);
            }
        }
        for node in wanted.shown.iter() {
            if let Some(place) = self.places.get_mut(node) {
                place.is_shown = true;
                if place.failures == 0 {
                    place.due = place.due.min(now + SHOWN_PERIOD);
                }
            }
        }
    }

    /// Nobody waits any more for who is being asked: who that is.
    pub(super) fn abandon(&mut self, now: Instant) -> Vec<Clean> {
        let asked = self.places.iter().filter(|(_, place)| place.is_under_way);
        let asked: Vec<Clean> = asked.map(|(node, _)| node.clone()).collect();
        for node in &asked {
            self.done(node, 0, false, now);
        }
        asked
    }

    /// Nodes that failed are asked again at once.
    pub(super) fn forgive(&mut self, now: Instant) {
        for place in self.places.values_mut().filter(|place| place.failures > 0) {
            place.failures = 0;
            place.due = place.due.min(now);
        }
    }

    /// The next thing to do; a node that is to be asked counts as under way from now on.
    pub(super) fn next<'a>(&mut self, purse: &'a Purse, now: Instant) -> Turn<'a> {
        let free = self.places.iter().filter(|(_, place)| !place.is_under_way);
        // What is on screen comes first once it is due; else whoever has waited longest.
        let rank = |place: &Place| {
            let is_due = place.due <= now;
            (!is_due, !(is_due && place.is_shown), place.due)
        };
        let best = free.min_by(|(a, one), (b, other)| rank(one).cmp(&rank(other)).then_with(|| a.cmp(b)));
        let Some((node, place)) = best else { return Turn::Idle };
        if place.due > now {
            return Turn::Wait(place.due);
        }
        let ticket = match purse.take(place.bytes.unwrap_or(self.guess), now) {
            Ok(ticket) => ticket,
            Err(Refusal::Full) => return Turn::Full,
            Err(Refusal::After(wait)) => return Turn::Wait(now + wait),
        };
        let node = node.clone();
        if let Some(place) = self.places.get_mut(&node) {
            place.is_under_way = true;
        }
        Turn::Ask(node, ticket)
    }

    /// Whether it was on screen at its last answer and is now: it was to be asked often in between.
    pub(super) fn stays_shown(&self, node: &Clean) -> bool {
        self.places
            .get(node)
            .is_some_and(|place| place.is_shown && place.was_shown)
    }

    /// Takes note of an answer, or of its failure, with the bytes that came.
    pub(super) fn done(&mut self, node: &Clean, bytes: u64, is_good: bool, now: Instant) {
        let is_shown = self.places.get(node).is_some_and(|place| place.is_shown);
        let period = if is_shown { self.shown_period() } else { REST_PERIOD };
        let Some(place) = self.places.get_mut(node) else { return };
        place.is_under_way = false;
        if is_good {
            self.guess = (self.guess * 7 + bytes) / 8;
            place.bytes = Some(bytes.max(1));
            place.failures = 0;
            place.was_shown = is_shown;
            place.due = now + period;
        } else {
            place.failures += 1;
            place.due = now + (period * 2_u32.saturating_pow(place.failures.min(8))).min(LONGEST_REST);
        }
    }
}

/// A span, of which nobody asks for more than a day.
fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(0.0, 86_400.0))
}

#[cfg(test)]
#[path = "rotation_tests.rs"]
mod tests;
