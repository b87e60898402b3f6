//! Tests of whose turn it is.

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
fn a_figure_that_is_chosen_is_asked_for_at_once_and_once() {
    let start = Instant::now();
    let mut rotation = Rotation::new(Budget::default().bytes_per_second);
    rotation.want(&wanted(&[], 3), start);
    assert_eq!(run(&mut rotation, start, 5, 1_000).len(), 3);
    let chosen = Wanted {
        figure: Some(Figure::Threads),
        ..wanted(&[], 3)
    };
    for (second, asked) in [(5, 3), (10, 0)] {
        let now = start + Duration::from_secs(second);
        rotation.want(&chosen, now);
        assert_eq!(run(&mut rotation, now, 5, 1_000).len(), asked, "after {second} s");
    }
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

#[test]
fn what_comes_on_screen_or_goes_was_asked_seldom_before() {
    let now = Instant::now();
    let mut rotation = Rotation::new(Budget::default().bytes_per_second);
    // What is on screen, whether it answers, and whether it was on screen at both answers.
    for (shown, is_good, stays) in [
        (vec![], true, false),
        (vec!["n000"], true, false),
        (vec!["n000"], true, true),
        (vec!["n000"], false, true),
        (vec!["n000"], true, true),
        (vec![], true, false),
        (vec!["n000"], true, false),
    ] {
        rotation.want(&wanted(&shown, 1), now);
        assert_eq!(rotation.stays_shown(&"n000".into()), stays, "{shown:?}");
        rotation.done(&"n000".into(), 10, is_good, now);
    }
}
