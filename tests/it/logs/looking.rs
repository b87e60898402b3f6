//! What a person looks for in logs: patterns, the beginning, lines that would harm a terminal.

use pilothouse::logs::Ask;
use pilothouse::message::{Action, Effect};

use super::{answer, lines, open, piece, reads};
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
