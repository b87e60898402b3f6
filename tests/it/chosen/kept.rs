//! How long what was chosen is kept: a look at something else does not end it.

use pilothouse::message::{Action, Effect, Message};
use pilothouse::metrics::{Figure, Resolution, Subject};

use super::{choose, measure_at};
use crate::support::screen::Bench;
use crate::support::{fleet, measured};

use Action::{Accept, Back, EventsOf, HistoryBack, Logs, PickFigure, ShowActivity, ShowApps, ShowEvents};

/// The figures that are asked for of everything from now on, where that changed.
fn asked(bench: &mut Bench, seconds: i64) -> Vec<Option<Figure>> {
    let now = fleet::now() + chrono::TimeDelta::seconds(seconds);
    let effects = bench.send(Message::Tick(now, fleet::moment(seconds)));
    let figure = |effect: Effect| match effect {
        Effect::Measure(_, wanted) => Some(wanted.figure),
        _ => None,
    };
    effects.into_iter().filter_map(figure).collect()
}

/// The instances of the first cluster of which it is known what they used in most of the last minutes.
fn with_a_past(bench: &Bench, figure: Figure) -> usize {
    let scope = bench.model.scope_here();
    let until = bench.model.context(&scope).millis();
    let cluster = &bench.model.world().clusters()[0];
    let is_known = |subject: Subject| {
        let line = cluster.usage.line(&subject, figure, Resolution::Coarse, until, 5);
        line.iter().flatten().count() >= 3
    };
    let pods = cluster.pods.values();
    pods.filter(|pod| is_known(Subject::Pod(pod.key.clone()))).count()
}

#[test]
fn a_look_at_what_has_no_figures_leaves_its_past() {
    for (aside, back) in [
        (Logs, Back),
        (EventsOf, Back),
        (ShowEvents, HistoryBack),
        (ShowActivity, HistoryBack),
        (Action::ShowInstances, HistoryBack),
    ] {
        let mut bench = measured::bench();
        bench.act(&[ShowApps]);
        choose(&mut bench, Figure::Threads);
        for minute in 1..4 {
            measure_at(&mut bench, Figure::Threads, minute * 60);
        }
        let before = with_a_past(&bench, Figure::Threads);
        assert!(before > 20, "{before}");
        bench.act(&[aside]);
        let told = asked(&mut bench, 206);
        assert!(
            told.iter().all(|figure| *figure == Some(Figure::Threads)),
            "{aside:?}: {told:?}"
        );
        bench.act(&[back]);
        asked(&mut bench, 207);
        assert_eq!(with_a_past(&bench, Figure::Threads), before, "{aside:?}");
        let frame = bench.frame(120, 40);
        assert!(
            frame.contains("THREADS ↓") && !frame.contains("not read"),
            "{aside:?}: {frame}"
        );
    }
}

#[test]
fn what_is_not_chosen_any_more_is_not_kept() {
    let mut bench = measured::bench();
    bench.act(&[ShowApps]);
    choose(&mut bench, Figure::Threads);
    bench.act(&[PickFigure]);
    bench.text("none");
    bench.act(&[Accept]);
    let told = asked(&mut bench, 30);
    assert!(!told.is_empty() && told.iter().all(Option::is_none), "{told:?}");
    bench.act(&[ShowActivity]);
    let told = asked(&mut bench, 31);
    assert!(told.iter().all(Option::is_none), "{told:?}");
}
