//! What is kept, for how long, in how many bytes, and what goes first.

use super::*;
use crate::domain::ObjectKey;
use Attention::{Background, Shown};
use Resolution::{Coarse, Recent};

const S: Millis = 1000;

fn heard(history: &History, i: usize) -> Option<Millis> {
    history.tracks.get(&subject(i)).map(|track| track.heard)
}

fn subject(i: usize) -> Subject {
    Subject::Container(ObjectKey::new("live", format!("gift-{i}")), "web".into())
}

fn figures(cpu: f64) -> Figures {
    let mut figures = Figures::default();
    for (figure, value) in Figure::BACKGROUND.into_iter().zip([cpu, 2e8, 1e8, 5e4, 7e3]) {
        figures.set(figure, value);
    }
    figures.set(Figure::Threads, 12.0);
    figures
}

fn limits(budget: usize) -> Limits {
    Limits {
        budget,
        ..Limits::default()
    }
}

/// Writes every 15 s from `from` to `to` seconds.
fn run(history: &mut History, of: &Subject, seconds: std::ops::Range<Millis>, attention: Attention) {
    for at in seconds.step_by(15) {
        let span = Span {
            from: at * S,
            to: (at + 15) * S,
        };
        history.record(of, span, &figures(at as f64), attention);
    }
}

fn near(line: &[Option<f64>], expected: &[Option<f64>]) {
    assert_eq!(line.len(), expected.len());
    for (got, want) in line.iter().zip(expected) {
        let close = match (got, want) {
            (Some(got), Some(want)) => (got - want).abs() <= want * super::super::code::ERROR,
            (got, want) => got == want,
        };
        assert!(close, "{line:?} is not {expected:?}");
    }
}

#[test]
fn what_is_shown_is_kept_finely_and_the_rest_by_the_minute() {
    let mut history = History::new(Limits::default());
    run(&mut history, &subject(0), 0..120, Shown);
    run(&mut history, &subject(1), 0..120, Background);
    let line = |i, figure, at| history.line(&subject(i), figure, at, 119 * S, 3);
    near(&line(0, Figure::Cpu, Recent), &[Some(75.0), Some(90.0), Some(105.0)]);
    near(&line(0, Figure::Cpu, Coarse), &[None, Some(22.5), Some(82.5)]);
    near(&line(0, Figure::Threads, Recent), &[Some(12.0); 3]);
    near(&line(1, Figure::Cpu, Recent), &[None; 3]);
    near(&line(1, Figure::Cpu, Coarse), &[None, Some(22.5), Some(82.5)]);
    near(&line(1, Figure::Threads, Coarse), &[None; 3]);
    near(&line(7, Figure::Cpu, Coarse), &[None; 3]);
}

#[test]
fn the_slots_that_are_not_measured_yet_are_gaps() {
    let mut history = History::new(Limits::default());
    run(&mut history, &subject(0), 0..60, Shown);
    near(
        &history.line(&subject(0), Figure::Cpu, Recent, 80 * S, 4),
        &[Some(30.0), Some(45.0), None, None],
    );
    assert_eq!(heard(&history, 0), Some(60 * S));
}

#[test]
fn the_past_that_prometheus_tells_goes_before_what_was_measured() {
    let mut history = History::new(Limits::default());
    run(&mut history, &subject(0), 600..660, Shown);
    for minute in 0..12 {
        let span = Span {
            from: minute * 60 * S,
            to: (minute + 1) * 60 * S,
        };
        history.record(&subject(0), span, &figures(1.0), Shown);
    }
    let line = history.line(&subject(0), Figure::Cpu, Coarse, 719 * S, 4);
    near(&line, &[Some(1.0), Some(1.0), Some(622.5), Some(1.0)]);
}

#[test]
fn a_sum_keeps_the_share_it_knows() {
    let mut history = History::new(Limits::default());
    let span = Span { from: 0, to: 60 * S };
    history.record_sum(&Subject::Cluster, span, &figures(3.0), (0.75, 4), Background);
    near(
        &history.known(&Subject::Cluster, Coarse, 119 * S, 3),
        &[None, Some(0.75), None],
    );
    near(
        &history.line(&Subject::Cluster, Figure::Cpu, Coarse, 59 * S, 1),
        &[Some(3.0)],
    );
}

#[test]
fn a_sample_takes_less_than_two_bytes() {
    let mut history = History::new(limits(64 << 20));
    for i in 0..100 {
        run(
            &mut history,
            &subject(i),
            0..6 * 3600,
            if i < 10 { Shown } else { Background },
        );
    }
    let usage = history.usage();
    let each = usage.bytes as f64 / usage.samples as f64;
    println!("{each:.3} bytes a sample, {usage:?}");
    assert!(each <= 2.0, "{each}");
    let held: usize = history.tracks.values().map(|track| track.held()).sum();
    assert_eq!(held, history.held, "the account is exact");
}

#[test]
fn a_full_history_refuses_the_background_and_says_so() {
    let mut history = History::new(limits(1 << 20));
    for i in 0..2000 {
        run(&mut history, &subject(i), 0..3600, Background);
    }
    let usage = history.usage();
    assert!(usage.bytes <= usage.budget, "{usage:?}");
    assert!(usage.refused > 0 && usage.subjects > 100, "{usage:?}");
    assert!(history.shortage().is_some_and(|shortage| shortage.is_partial));
    let first = history.line(&subject(0), Figure::Cpu, Coarse, 3599 * S, 60);
    assert_eq!(first.iter().flatten().count(), 60, "who has a history keeps it");
    assert_eq!(heard(&history, 1999), None);
}

#[test]
fn a_large_cluster_reaches_back_less_far_and_leaves_nobody_out() {
    let mut history = History::new(limits(2 << 20));
    for minute in 0..6 * 60 {
        for i in 0..1_000 {
            run(&mut history, &subject(i), minute * 60..(minute + 1) * 60, Background);
        }
        let usage = history.usage();
        assert!(usage.bytes <= usage.budget, "{usage:?}");
    }
    let usage = history.usage();
    assert_eq!(
        (usage.subjects, usage.dropped, usage.refused),
        (1_000, 0, 0),
        "{usage:?}"
    );
    let shortage = history.shortage().unwrap();
    let minutes = shortage.reach_ms / 60_000;
    assert!((120..360).contains(&minutes) && !shortage.is_partial, "{shortage:?}");
    let line = history.line(&subject(7), Figure::Cpu, Coarse, 6 * 3600 * S - 1, 360);
    let known = line.iter().flatten().count() as Millis;
    assert!((minutes..minutes + 16).contains(&known), "{known} of {minutes}");
    assert!(
        usage.bytes * 10 > usage.budget * 7,
        "no more is given up than has to be: {usage:?}"
    );
    assert_eq!(History::new(Limits::default()).shortage(), None);
}

#[test]
fn what_is_on_screen_takes_the_place_of_what_was_heard_longest_ago() {
    let mut history = History::new(limits(120_000));
    for i in 0..100 {
        run(&mut history, &subject(i), 0..3600 + i as Millis, Background);
    }
    assert_eq!(history.usage().dropped, 0);
    for i in 1000..1040 {
        run(&mut history, &subject(i), 3600..7200, Shown);
    }
    let usage = history.usage();
    assert!(usage.bytes <= usage.budget && usage.dropped > 0, "{usage:?}");
    for i in 1000..1040 {
        let line = history.line(&subject(i), Figure::Cpu, Recent, 7199 * S, 60);
        assert_eq!(line.iter().flatten().count(), 60, "{i}");
    }
    assert_eq!(heard(&history, 0), None);
    assert!(heard(&history, 99).is_some());
}

#[test]
fn what_left_the_screen_gives_up_its_fine_past_first() {
    let mut history = History::new(limits(70_000));
    for i in 0..40 {
        run(&mut history, &subject(i), 0..900, Shown);
        run(&mut history, &subject(i), 900..1800, Background);
    }
    for i in 0..30 {
        run(&mut history, &subject(100 + i), 900..1800, Shown);
    }
    let usage = history.usage();
    assert!(usage.dropped > 0 && usage.subjects == 70, "{usage:?}");
}

#[test]
fn what_nobody_hears_of_any_more_is_forgotten() {
    let mut history = History::new(Limits::default());
    run(&mut history, &subject(0), 0..60, Shown);
    run(&mut history, &subject(1), 0..3600, Background);
    history.tidy(2000 * S);
    near(&history.line(&subject(0), Figure::Cpu, Recent, 59 * S, 1), &[None]);
    near(
        &history.line(&subject(0), Figure::Cpu, Coarse, 59 * S, 1),
        &[Some(22.5)],
    );
    history.tidy(22_000 * S);
    assert_eq!((heard(&history, 0), heard(&history, 1)), (None, Some(3600 * S)));
}

#[test]
fn a_chosen_figure_is_kept_of_everything_for_as_long_as_it_is_chosen() {
    let mut history = History::new(Limits::default());
    let line = |history: &History, i| history.line(&subject(i), Figure::Threads, Coarse, 179 * S, 3);
    run(&mut history, &subject(0), 0..60, Background);
    run(&mut history, &subject(1), 0..60, Shown);
    let mut all = figures(52.0);
    all.set(Figure::MemoryCache, 1e6);
    let span = Span {
        from: 45 * S,
        to: 60 * S,
    };
    history.record(&subject(1), span, &all, Shown);
    let before = history.usage();
    history.choose(Some(Figure::Threads));
    for i in [0, 1] {
        run(&mut history, &subject(i), 60..180, Background);
    }
    near(&line(&history, 0), &[None, Some(12.0), Some(12.0)]);
    near(&line(&history, 1), &[Some(12.0); 3]);
    let meanwhile = history.usage();
    history.choose(Some(Figure::MemoryRss));
    assert_eq!(line(&history, 0), [None; 3], "the choice is over");
    near(&line(&history, 1), &[Some(12.0); 3]);
    near(
        &history.line(&subject(0), Figure::Cpu, Coarse, 59 * S, 1),
        &[Some(22.5)],
    );
    let after = history.usage();
    assert!(
        meanwhile.samples > after.samples && after.samples > before.samples,
        "{after:?}"
    );
    assert_eq!(after.bytes, {
        history.choose(None);
        history.usage().bytes
    });
}
