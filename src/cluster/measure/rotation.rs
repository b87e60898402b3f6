//! Whose turn it is: which node is asked next for its figures, within a budget.
//!
//! Nodes whose containers are on screen come first and often, the rest in rotation. Where the bytes do not suffice for
//! both each has half of them. Each answer takes its size out of
//! the cluster's [`Purse`], what is expected of it while it is under way.

use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};
use tokio::time::Instant;

use super::purse::{Purse, Refusal, Ticket};
use crate::domain::Clean;
use crate::metrics::Millis;
use crate::metrics::pace::{Pace, REST_MS, SHOWN_MS};
use crate::metrics::source::Wanted;

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
}

impl Rotation {
    pub(super) fn new(bytes_per_second: u64) -> Self {
        Self {
            places: FxHashMap::default(),
            bytes_per_second: bytes_per_second.max(1) as f64,
            guess: FIRST_GUESS,
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
                due: now,
                bytes: None,
                failures: 0,
            });
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
mod tests {
    use super::*;
    use crate::cluster::measure::purse::Budget;

    fn purse(now: Instant) -> Purse {
        Purse::new(Budget::default(), now)
    }

    /// Who is asked next.
    fn asked(rotation: &mut Rotation, purse: &Purse, now: Instant) -> Clean {
        match rotation.next(purse, now) {
            Turn::Ask(node, _) => node,
            other => panic!("nobody: {other:?}"),
        }
    }

    fn wanted(shown: &[&str], nodes: usize) -> Wanted {
        Wanted {
            shown: shown.iter().map(|name| Clean::new(name)).collect(),
            nodes: (0..nodes).map(|n| Clean::new(&format!("n{n:03}"))).collect(),
            ..Wanted::default()
        }
    }

    /// Asks until a time, each answer taking 50 ms and having that many bytes; who was asked when.
    fn run(rotation: &mut Rotation, start: Instant, seconds: u64, bytes: usize) -> Vec<(Duration, Clean)> {
        let budget = Budget {
            bytes_per_second: rotation.bytes_per_second as u64,
            ..Budget::default()
        };
        let (purse, mut now) = (Purse::new(budget, start), start);
        let end = start + Duration::from_secs(seconds);
        let mut asked = Vec::new();
        let mut under_way: Vec<(Instant, Clean, Ticket<'_>)> = Vec::new();
        while now < end {
            let answered = under_way.iter().map(|(at, ..)| *at).min();
            match rotation.next(&purse, now) {
                Turn::Ask(node, ticket) => {
                    asked.push((now - start, node.clone()));
                    under_way.push((now + Duration::from_millis(50), node, ticket));
                    continue;
                }
                Turn::Wait(at) => now = answered.map_or(at, |answered| answered.min(at)),
                Turn::Full | Turn::Idle => now = answered.unwrap_or(end),
            }
            under_way.retain_mut(|(at, node, ticket)| {
                if *at <= now {
                    ticket.spend(bytes);
                    rotation.done(node, bytes as u64, true, now);
                }
                *at > now
            });
        }
        asked
    }

    #[test]
    fn four_hundred_nodes_never_exceed_the_budget() {
        let start = Instant::now();
        let budget = Budget::default();
        let mut rotation = Rotation::new(Budget::default().bytes_per_second);
        rotation.want(&wanted(&["n007"], 400), start);
        let asked = run(&mut rotation, start, 120, 400_000);
        // A second's worth may come at once; beyond that the rate holds over every stretch of time.
        for (i, (from, _)) in asked.iter().enumerate() {
            for (n, (to, _)) in asked.iter().enumerate().skip(i) {
                let bytes = (n - i + 1) as f64 * 400_000.0;
                let allowed = budget.bytes_per_second as f64 * (1.0 + to.abs_diff(*from).as_secs_f64());
                assert!(bytes <= allowed + 400_000.0, "{bytes} in {:?}", to.abs_diff(*from));
            }
        }
        let each = asked.iter().filter(|(_, node)| *node != *"n007").count();
        assert!((399 * 3..=399 * 5).contains(&each), "every 30 s: {each}");
        let shown = asked.iter().filter(|(_, node)| *node == *"n007").count();
        assert!((11..=13).contains(&shown), "every 10 s: {shown}");
    }

    #[test]
    fn what_is_on_screen_is_asked_first() {
        let start = Instant::now();
        let mut rotation = Rotation::new(Budget::default().bytes_per_second);
        rotation.want(&wanted(&["n300", "n301"], 400), start);
        let asked = run(&mut rotation, start, 1, 400_000);
        let first: Vec<&str> = asked.iter().take(2).map(|(_, node)| &**node).collect();
        assert_eq!(first, ["n300", "n301"]);
    }

    #[test]
    fn where_there_is_too_little_for_all_the_rest_has_half_and_how_often_is_told() {
        let start = Instant::now();
        // Nodes, of them on screen, kilobytes of each; seconds between two questions to one on screen, to another.
        for (nodes, shown, each, on_screen, off_screen) in [
            (401, 1, 40, 10, 40),
            (420, 20, 160, 16, 320),
            (20, 20, 160, 10, 30),
            (20, 20, 400, 20, 30),
        ] {
            let mut rotation = Rotation::new(400_000);
            let names: Vec<String> = (0..shown).map(|n| format!("n{n:03}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            rotation.want(&wanted(&names, nodes), start);
            let asked = run(&mut rotation, start, 1_000, each * 1000);
            let pace = rotation.pace(start + Duration::from_secs(1_000));
            let found = [(pace.shown_ms, on_screen), (pace.rest_ms, off_screen)];
            for (told, expected) in found {
                let told = told / 1000;
                assert!(
                    (expected..=expected + expected / 8 + 2).contains(&told),
                    "{nodes} {each}: {pace:?}"
                );
            }
            let off = (nodes > shown).then_some((nodes - 1, off_screen));
            for (node, period) in [(0, on_screen)].into_iter().chain(off) {
                let of_one: Vec<Duration> = asked
                    .iter()
                    .filter(|(_, name)| *name == *format!("n{node:03}"))
                    .map(|(at, _)| *at)
                    // At first nobody knows what each answers.
                    .filter(|at| at.as_secs() > 100)
                    .collect();
                let longest = of_one
                    .windows(2)
                    .map(|pair| pair[1].abs_diff(pair[0]).as_secs() as i64)
                    .max();
                let is_as_told = longest.is_some_and(|longest| longest <= period + period / 8 + 2);
                assert!(is_as_told, "{node} of {nodes}: {longest:?}, not {period}");
            }
        }
    }

    #[test]
    fn a_failing_node_is_asked_ever_more_seldom() {
        let mut now = Instant::now();
        let purse = purse(now);
        let mut rotation = Rotation::new(Budget::default().bytes_per_second);
        rotation.want(&wanted(&[], 1), now);
        let mut waits = Vec::new();
        for _ in 0..6 {
            assert_eq!(asked(&mut rotation, &purse, now), "n000");
            rotation.done(&"n000".into(), 0, false, now);
            let Turn::Wait(at) = rotation.next(&purse, now) else {
                panic!("no rest")
            };
            waits.push((at - now).as_secs());
            now = at;
        }
        assert_eq!(waits, [60, 120, 240, 300, 300, 300]);
    }

    #[test]
    fn what_failed_while_the_link_was_down_is_asked_again_at_once() {
        let now = Instant::now();
        let purse = purse(now);
        let mut rotation = Rotation::new(Budget::default().bytes_per_second);
        rotation.want(&wanted(&[], 2), now);
        for (node, is_good) in [("n000", false), ("n001", true)] {
            assert_eq!(asked(&mut rotation, &purse, now), node);
            rotation.done(&node.into(), 10, is_good, now);
        }
        rotation.forgive(now);
        assert_eq!(asked(&mut rotation, &purse, now), "n000");
        assert!(
            matches!(rotation.next(&purse, now), Turn::Wait(at) if at > now),
            "the good one waits"
        );
    }

    #[test]
    fn a_node_that_went_is_not_asked_again() {
        let now = Instant::now();
        let purse = purse(now);
        let mut rotation = Rotation::new(Budget::default().bytes_per_second);
        rotation.want(&wanted(&[], 2), now);
        assert_eq!(asked(&mut rotation, &purse, now), "n000");
        rotation.want(&wanted(&[], 0), now);
        rotation.done(&"n000".into(), 10, true, now);
        rotation.want(&wanted(&[], 0), now);
        assert!(matches!(rotation.next(&purse, now), Turn::Idle));
    }
}
