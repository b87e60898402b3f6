//! Whose turn it is: which node is asked next for its figures, within a budget.
//!
//! Nodes whose containers are on screen come first and often, the rest in rotation. Each answer takes its size out of
//! the cluster's [`Purse`], what is expected of it while it is under way.

use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};
use tokio::time::Instant;

use super::purse::{Purse, Refusal, Ticket};
use crate::domain::Clean;
use crate::metrics::source::Wanted;

/// How often a node on screen is asked: the kubelet measures every 10 to 15 s.
const SHOWN_PERIOD: Duration = Duration::from_secs(10);
/// How often any other is: its history has a slot a minute, of which it should have two samples.
const REST_PERIOD: Duration = Duration::from_secs(30);
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
    bytes: u64,
    failures: u32,
}

/// The nodes of one cluster and when each was asked.
#[derive(Debug, Default)]
pub(super) struct Rotation {
    places: FxHashMap<Clean, Place>,
}

impl Rotation {
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
                bytes: FIRST_GUESS,
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
        let ticket = match purse.take(place.bytes, now) {
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
        let Some(place) = self.places.get_mut(node) else { return };
        place.is_under_way = false;
        let period = if place.is_shown { SHOWN_PERIOD } else { REST_PERIOD };
        if is_good {
            place.bytes = bytes.max(1);
            place.failures = 0;
            place.due = now + period;
        } else {
            place.failures += 1;
            place.due = now + (period * 2_u32.saturating_pow(place.failures.min(8))).min(LONGEST_REST);
        }
    }
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
        let (purse, mut now) = (purse(start), start);
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
        let mut rotation = Rotation::default();
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
        let mut rotation = Rotation::default();
        rotation.want(&wanted(&["n300", "n301"], 400), start);
        let asked = run(&mut rotation, start, 1, 400_000);
        let first: Vec<&str> = asked.iter().take(2).map(|(_, node)| &**node).collect();
        assert_eq!(first, ["n300", "n301"]);
    }

    #[test]
    fn a_failing_node_is_asked_ever_more_seldom() {
        let mut now = Instant::now();
        let purse = purse(now);
        let mut rotation = Rotation::default();
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
        let mut rotation = Rotation::default();
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
        let mut rotation = Rotation::default();
        rotation.want(&wanted(&[], 2), now);
        assert_eq!(asked(&mut rotation, &purse, now), "n000");
        rotation.want(&wanted(&[], 0), now);
        rotation.done(&"n000".into(), 10, true, now);
        rotation.want(&wanted(&[], 0), now);
        assert!(matches!(rotation.next(&purse, now), Turn::Idle));
    }
}
