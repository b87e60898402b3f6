//! What a person looks for in logs: patterns, the beginning, lines that would harm a terminal.

use pilothouse::domain::ContainerState;
use pilothouse::logs::Ask;
use pilothouse::logs::pane::PANE_BYTES;
use pilothouse::logs::run::End;
use pilothouse::message::{Action, Effect};

use super::{answer, ended, in_world, killed, lines, open, piece, pod_of, reads, rows, tick, with_container};
use crate::support::fleet;
use crate::support::screen::Bench;

#[test]
fn lines_are_looked_for_and_left_out() {
    use Action::{Accept, Bottom, LogClear, LogExclude, LogInclude, LogNext, LogPrevious, LogSearch};
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 100));
    let here = |bench: &Bench| bench.model.logs().unwrap().current_text().unwrap().to_string();
    bench.act(&[LogSearch]);
    bench.text("7$");
    bench.act(&[Accept]);
    assert_eq!(here(&bench), "line 97");
    for (action, line) in [(LogPrevious, "line 87"), (LogNext, "line 97"), (LogNext, "line 7")] {
        bench.act(&[action]);
        assert_eq!(here(&bench), line, "{action:?}");
    }
    assert!(bench.frame(200, 50).contains("/7$ 10 found"));
    bench.act(&[LogInclude]);
    bench.text("line 1");
    bench.act(&[Accept, LogExclude]);
    bench.text("5$");
    bench.act(&[Accept, Bottom]);
    let shown = |bench: &Bench| bench.model.logs().unwrap().pane.counts().shown;
    assert_eq!(shown(&bench), 10, "1, and 10 to 19 but 15");
    bench.act(&[LogExclude]);
    bench.text("(");
    bench.act(&[Accept]);
    assert!(bench.frame(120, 40).contains("▲"), "what means nothing is told");
    bench.act(&[Action::Cancel, LogClear]);
    assert_eq!(shown(&bench), 100);
}

#[test]
fn logs_begin_where_a_person_says() {
    let mut bench = Bench::fleet();
    let first = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    let minutes = |n: i64| Ask {
        since: Some(fleet::now().timestamp() - 60 * n),
        tail: None,
    };
    for (action, ask) in [
        (Action::LogHead, Ask::default()),
        (Action::LogMinute, minutes(1)),
        (Action::LogQuarter, minutes(15)),
        (Action::LogHour, minutes(60)),
        (Action::LogTail, first.ask),
    ] {
        let effects = bench.act(&[action]);
        assert_eq!(
            effects.first(),
            Some(&Effect::LeaveLog(first.slot.clone())),
            "{action:?}"
        );
        assert_eq!(reads(&effects)[0].ask, ask, "{action:?}");
    }
    bench.act(&[Action::Back]);
    assert!(bench.model.logs().is_none(), "all of it was one screen");
}

#[test]
fn hostile_lines_stay_lines() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    let mut bytes = b"2025-10-09T09:00:00Z \x1b]0;title\x07 \xff\x00 \xe2\x80\xae bidi\n".to_vec();
    bytes.extend(b"2025-10-09T09:00:01Z ");
    bytes.extend(vec![b'x'; 10_000_000]);
    bytes.extend(b"\n2025-10-09T09:00:02Z after\n");
    piece(&mut bench, &request, &bytes);
    assert_eq!(lines(&bench.model).len(), 3);
    assert_eq!(lines(&bench.model)[2], "after");
    bench.act(&[Action::LogWrap]);
    let frame = bench.frame(80, 24);
    assert!(frame.chars().all(|c| c == '\n' || !c.is_control()), "{frame:?}");
    assert!(frame.contains("bytes more") || frame.contains("after"), "{frame}");
}

#[test]
fn a_narrow_terminal_says_first_what_decides_over_the_lines_in_sight() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowApps, "billing").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 1));
    let frame = bench.frame(80, 24);
    assert!(frame.contains("   1 line ") || frame.contains("   1 line\n"), "{frame}");
    for bytes in burst(0..200_000).chunks(64 * 1024) {
        piece(&mut bench, &request, bytes);
    }
    bench.act(&[Action::LogInclude]);
    bench.text("19999");
    bench.act(&[Action::Accept, Action::LogSearch]);
    bench.text("7 a");
    bench.act(&[Action::Accept]);
    // All that is kept is decided over.
    (1..10).for_each(|second| drop(tick(&mut bench, second)));
    let frame = bench.frame(80, 24);
    // Where nobody looked is told too.
    for words in ["+19999 (", "/7 a 1 found, ", " let go before"] {
        assert!(frame.contains(words), "{words}: {frame}");
    }
}

#[test]
fn the_next_mark_is_one_that_is_kept() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &burst(0..10));
    bench.act(&[Action::LogMark]);
    for bytes in burst(10..200_000).chunks(64 * 1024) {
        piece(&mut bench, &request, bytes);
    }
    bench.act(&[Action::LogNextMark]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("the lines that were marked are let go"), "{frame}");
    bench.act(&[Action::LogMark]);
    piece(&mut bench, &request, &burst(200_000..200_010));
    bench.act(&[Action::LogNextMark]);
    let here = bench.model.logs().unwrap().current_text().unwrap();
    assert!(here.starts_with("199999 a line"), "{here}");
}

/// So many lines of one second, from a number on.
fn burst(numbers: std::ops::Range<u32>) -> Vec<u8> {
    let lines =
        numbers.map(|n| format!("2025-10-09T09:00:00.{n:09}Z {n} a line of a container that writes without end\n"));
    lines.collect::<String>().into_bytes()
}

#[test]
fn f33_two_hundred_thousand_lines_a_second_stay_within_bounds_and_none_is_dropped_in_silence() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    for bytes in burst(0..200_000).chunks(64 * 1024) {
        piece(&mut bench, &request, bytes);
    }
    let counts = bench.model.logs().unwrap().pane.counts();
    assert_eq!(
        (counts.received, counts.evicted + counts.shown as u64),
        (200_000, 200_000)
    );
    assert!(counts.evicted > 0 && counts.bytes <= PANE_BYTES, "{counts:?}");
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains("199999 a line") && frame.contains("200,000 lines"),
        "{frame}"
    );
    assert!(frame.contains("let go"), "{frame}");
    // A view that stands still is told how far behind it is, and keeps what it has to show.
    bench.act(&[Action::LogPause]);
    piece(&mut bench, &request, &burst(200_000..300_000));
    let frame = bench.frame(120, 40);
    assert!(frame.contains("‖ paused, 100,000 lines"), "{frame}");
    assert!(
        frame.contains("199999 a line") && !frame.contains("200000 a line"),
        "{frame}"
    );
    bench.act(&[Action::LogPause]);
    assert!(bench.frame(120, 40).contains("299999 a line"));
}

#[test]
fn f32_a_last_line_without_an_end_is_a_line() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(
        &mut bench,
        &request,
        b"2025-10-09T09:00:00Z one\n2025-10-09T09:00:01Z last \xff\x00 words",
    );
    assert_eq!(lines(&bench.model), ["one"]);
    let pod = with_container(pod_of(&bench, &request), |container| {
        container.state = ContainerState::Terminated(killed());
    });
    in_world(&mut bench, pod);
    ended(&mut bench, &request, End::Closed, "");
    assert_eq!(
        rows(&bench.model),
        ["one", "last \u{fffd}␀ words", "[ended (exit 137 OOMKilled)]"]
    );
    assert!(bench.frame(80, 24).contains("─ ended (exit 137 OOMKilled)"));
}

#[test]
fn lines_around_those_that_are_shown_come_from_the_same_container() {
    use Action::{Accept, LogContext, LogInclude, LogNext, LogSearch, Top};
    let mut bench = Bench::fleet();
    let requests = open(&mut bench, Action::ShowApps, "billing");
    for (name, request) in ["a", "b"].iter().zip(&requests) {
        let lines = (0..30).map(|n| {
            format!(
                "2025-10-09T09:00:{n:02}Z {name}{n} {}\n",
                if n == 15 { "boom" } else { "" }
            )
        });
        let lines: String = lines.filter(|line| *name == "a" || !line.contains("boom")).collect();
        piece(&mut bench, request, lines.as_bytes());
    }
    bench.act(&[LogInclude]);
    bench.text("boom");
    bench.act(&[Accept]);
    assert!(!bench.frame(200, 40).contains("a14"));
    bench.act(&[LogContext]);
    let frame = bench.frame(200, 40);
    for text in ["⋯", "a12", "a15", "a18", "±3 (1 shown)"] {
        assert!(frame.contains(text), "{text}:\n{frame}");
    }
    assert!(
        !frame.contains("a11") && !frame.contains("a19") && !frame.contains("b15"),
        "{frame}"
    );
    // What is shown is what is searched.
    bench.act(&[LogSearch]);
    bench.text("a1[0-9]");
    bench.act(&[Accept]);
    assert!(bench.frame(200, 40).contains("7 found"), "{}", bench.frame(200, 40));
    bench.act(&[Top, LogNext]);
    assert_eq!(bench.model.logs().unwrap().current_text().unwrap(), "a13 ");
    bench.act(&[LogContext]);
    let frame = bench.frame(200, 40);
    assert!(
        frame.contains("a5 ") && frame.contains("17 found") || frame.contains("±10"),
        "{frame}"
    );
    bench.act(&[LogContext]);
    assert!(bench.frame(200, 40).contains("1 found"));
}

#[test]
fn a_view_that_stands_still_stays_near_its_line_when_the_filter_changes() {
    use Action::{Accept, CursorUp, LogClear, LogInclude};
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 200));
    bench.frame(120, 40);
    bench.act(&[CursorUp, CursorUp, LogInclude]);
    bench.text("[05]$");
    bench.act(&[Accept]);
    let here = |bench: &Bench| bench.model.logs().unwrap().current_text().unwrap().to_string();
    assert_eq!(here(&bench), "line 195", "the one before line 197");
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains("line 195") && frame.contains("line 15\n"),
        "the screen is full:\n{frame}"
    );
    bench.act(&[LogClear]);
    let frame = bench.frame(120, 40);
    assert_eq!(here(&bench), "line 195");
    assert!(frame.contains("line 199") && frame.contains("line 163"), "{frame}");
}
