//! To a time, and from where to read: as a person types it.

use pilothouse::domain::Uid;
use pilothouse::logs::{Ask, Request};
use pilothouse::message::{Action, Effect};

use super::{answer, in_world, open, piece, pod_of, reads, tick};
use crate::support::fleet;
use crate::support::screen::Bench;

fn type_in(bench: &mut Bench, action: Action, text: &str) -> Vec<Effect> {
    bench.act(&[action]);
    bench.text(text);
    bench.act(&[Action::Accept])
}

fn here(bench: &Bench) -> String {
    bench.model.logs().unwrap().current_text().unwrap().to_string()
}

/// It is half a minute past five in the afternoon. A line a second, from so many seconds ago until now.
fn a_second_each(seconds: std::ops::Range<i64>) -> Vec<u8> {
    let text = |ago: i64| {
        let at = fleet::now() - chrono::TimeDelta::seconds(ago);
        format!("{} {ago} ago\n", at.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true))
    };
    seconds.rev().flat_map(|ago| text(ago).into_bytes()).collect()
}

fn tick_on(bench: &mut Bench, seconds: std::ops::Range<i64>) {
    for second in seconds {
        tick(bench, second);
    }
}

fn opened(bench: &mut Bench) -> Request {
    open(bench, Action::ShowInstances, "billing-5f6d8-001").remove(0)
}

#[test]
fn a_time_leads_to_the_first_line_from_then_on() {
    let mut bench = Bench::fleet();
    let request = opened(&mut bench);
    piece(&mut bench, &request, &a_second_each(0..600));
    for (text, line) in [
        ("-5m", "300 ago"),
        ("2s", "2 ago"),
        ("16:55", "330 ago"),
        ("16:58:20", "130 ago"),
    ] {
        let effects = type_in(&mut bench, Action::LogGoto, text);
        assert_eq!((here(&bench).as_str(), effects.len()), (line, 0), "{text}");
        assert!(bench.frame(120, 40).contains(line), "{text}");
    }
    bench.act(&[Action::CursorDown]);
    assert_eq!(here(&bench), "129 ago", "and one goes on from there");
    // On the clock that is shown.
    bench.act(&[Action::LogTimes, Action::LogTimes]);
    type_in(&mut bench, Action::LogGoto, "8:55");
    assert_eq!(here(&bench), "330 ago");
}

#[test]
fn a_time_before_what_was_read_is_read_from_then_on() {
    let mut bench = Bench::fleet();
    let request = opened(&mut bench);
    piece(&mut bench, &request, &a_second_each(0..60));
    bench.act(&[Action::LogWrap]);
    let effects = type_in(&mut bench, Action::LogGoto, "16:50");
    let asked = reads(&effects).remove(0);
    let since = fleet::now().timestamp() - 630;
    assert_eq!(
        asked.ask,
        Ask {
            since: Some(since),
            tail: None
        }
    );
    let frame = bench.frame(120, 40);
    assert!(frame.contains("before what was read"), "{frame}");
    // Its lines come, and the view stands at the first of them, whatever follows.
    piece(&mut bench, &asked, &a_second_each(300..590));
    piece(&mut bench, &asked, &a_second_each(0..300));
    assert_eq!(here(&bench), "589 ago");
    let logs = bench.model.logs().unwrap();
    assert!(logs.look.still.is_some() && logs.look.wrap, "looked at as before");
    // The same time again is here now.
    bench.act(&[Action::Bottom]);
    assert_eq!(reads(&type_in(&mut bench, Action::LogGoto, "16:50")), []);
    assert_eq!(here(&bench), "589 ago");
}

#[test]
fn a_time_is_read_from_on_where_one_of_several_does_not_reach_back_to_it() {
    let mut bench = Bench::fleet();
    let requests = open(&mut bench, Action::ShowApps, "billing");
    // The busy one's last lines are of the last minute, those of the quiet ones of the last hour.
    let (busy, quiet) = requests.split_first().unwrap();
    piece(&mut bench, busy, &a_second_each(0..60));
    for request in quiet {
        piece(&mut bench, request, &a_second_each(3_600..3_601));
    }
    assert_eq!(
        reads(&type_in(&mut bench, Action::LogGoto, "-30s")),
        [],
        "all reach back so far"
    );
    let asked = reads(&type_in(&mut bench, Action::LogGoto, "16:50"));
    let since = Some(fleet::now().timestamp() - 630);
    assert!(asked.iter().all(|request| request.ask.since == since), "{asked:?}");
    assert_eq!(asked.len(), requests.len());
    // Nothing older than that is here, and all that is newer.
    piece(&mut bench, &asked[0], &a_second_each(0..600));
    assert_eq!(reads(&type_in(&mut bench, Action::LogGoto, "16:55")), []);
    assert_eq!(here(&bench), "330 ago");
}

#[test]
fn a_container_that_wrote_nothing_does_not_have_the_others_read_again() {
    let mut bench = Bench::fleet();
    let requests = open(&mut bench, Action::ShowApps, "billing");
    let (_silent, others) = requests.split_first().unwrap();
    for request in others {
        piece(&mut bench, request, &a_second_each(0..600));
    }
    tick_on(&mut bench, 1..6);
    assert_eq!(reads(&type_in(&mut bench, Action::LogGoto, "16:55")), []);
    assert_eq!(here(&bench), "330 ago");
}

#[test]
fn a_time_is_read_from_on_while_one_that_was_asked_for_has_not_answered() {
    let mut bench = Bench::fleet();
    let requests = open(&mut bench, Action::ShowApps, "billing");
    let (_slow, others) = requests.split_first().unwrap();
    for request in others {
        piece(&mut bench, request, &a_second_each(0..600));
    }
    tick_on(&mut bench, 1..3);
    let asked = reads(&type_in(&mut bench, Action::LogGoto, "16:55"));
    assert_eq!(asked.len(), requests.len());
}

#[test]
fn a_time_is_read_from_on_while_one_waits_for_a_place() {
    let mut bench = Bench::fleet();
    let mut requests = open(&mut bench, Action::ShowApps, "billing");
    let like = pod_of(&bench, &requests[0]);
    for n in 0..60 {
        let mut pod = like.clone();
        pod.key.name = format!("{}-{n}", pod.key.name).into();
        pod.uid = Uid::Uuid(20_000 + n);
        in_world(&mut bench, pod);
    }
    requests.extend(reads(&tick(&mut bench, 1)));
    assert!(bench.model.logs().unwrap().tally().queued > 0);
    for request in &requests {
        piece(&mut bench, request, &a_second_each(0..600));
    }
    let asked = reads(&type_in(&mut bench, Action::LogGoto, "16:55"));
    assert_eq!(asked.len(), requests.len());
}

#[test]
fn a_time_is_looked_for_in_both_halves_of_divided_logs() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    bench.filter("live-gift");
    bench.act(&[Action::DivideLogs]);
    let requests = reads(&bench.act(&[Action::LogTail]));
    for request in &requests {
        piece(&mut bench, request, &a_second_each(500..501));
        piece(&mut bench, request, &a_second_each(0..2));
    }
    assert_eq!(
        reads(&type_in(&mut bench, Action::LogGoto, "-5m")),
        [],
        "both reach back so far"
    );
    // Of one half the oldest lines are let go.
    let requests = reads(&bench.act(&[Action::LogQuarter]));
    let old = requests.iter().find(|request| {
        let cluster = bench.model.world().cluster(&request.slot.cluster).unwrap();
        !cluster.is_newest(cluster.pod(&request.pod).unwrap())
    });
    let old = old.unwrap().clone();
    assert_eq!(reads(&type_in(&mut bench, Action::LogGoto, "-5m")), []);
    bench.act(&[Action::Bottom]);
    for _ in 0..100 {
        let effects = piece(&mut bench, &old, &a_second_each(0..1).repeat(5_000));
        assert_eq!(effects, [], "neither half stands still");
    }
    assert!(bench.model.logs().unwrap().has_let_go());
    assert_ne!(
        reads(&type_in(&mut bench, Action::LogGoto, "-5m")),
        [],
        "the lines are gone"
    );
}

#[test]
fn what_begins_later_is_not_read_again_from_its_first_line() {
    let mut bench = Bench::fleet();
    opened(&mut bench);
    let request = reads(&bench.act(&[Action::LogHead])).remove(0);
    piece(&mut bench, &request, &a_second_each(0..60));
    assert_eq!(type_in(&mut bench, Action::LogGoto, "16:50"), []);
    assert_eq!(here(&bench), "59 ago");
}

#[test]
fn a_person_says_from_where_to_read() {
    let mut bench = Bench::fleet();
    opened(&mut bench);
    let since = |ago: i64| Ask {
        since: Some(fleet::now().timestamp() - ago),
        tail: None,
    };
    let tail = |lines| Ask {
        since: None,
        tail: Some(lines),
    };
    for (text, ask, told) in [
        ("90s", since(90), "from 90 s before"),
        ("2h", since(7_200), "from 2 h before"),
        ("1d", since(86_400), "from 1 d before"),
        ("2025-10-09T08:30:00Z", since(1_830), "from 2025-10-09 16:30:00"),
        ("16:30", since(1_830), "from 2025-10-09 16:30:00"),
        ("5000", tail(5_000), "the last 5,000 lines"),
    ] {
        let effects = type_in(&mut bench, Action::LogSince, text);
        let asked: Vec<Ask> = reads(&effects).into_iter().map(|request| request.ask).collect();
        let same = text == "16:30";
        assert_eq!(asked, if same { vec![] } else { vec![ask] }, "{text}");
        assert!(bench.frame(120, 40).contains(told), "{text}");
    }
}

#[test]
fn what_is_no_time_is_told_while_it_is_typed() {
    let mut bench = Bench::fleet();
    let request = opened(&mut bench);
    piece(&mut bench, &request, &answer(request.ask, 10));
    for (action, rule) in [(Action::LogSince, "a number of lines"), (Action::LogGoto, "14:32:10")] {
        bench.act(&[action]);
        let frame = bench.frame(120, 40);
        assert!(frame.contains(rule) && !frame.contains('▲'), "{frame}");
        bench.text("5x");
        assert!(bench.frame(120, 40).contains('▲'));
        bench.act(&[Action::Accept]);
        assert!(bench.frame(120, 40).contains('▲'), "it stays");
        bench.act(&[Action::EraseBackward]);
        bench.text("m");
        let frame = bench.frame(120, 40);
        assert!(frame.contains("2025-10-09 16:55:30"), "what it means:\n{frame}");
        bench.act(&[Action::Cancel]);
    }
    assert_eq!(here(&bench), "line 9", "nothing moved");
}
