//! JSON and logfmt lines as columns, and a line opened.

use insta::assert_snapshot;
use pilothouse::message::{Action, Effect};

use super::{open, piece};
use crate::support::screen::Bench;

/// A service that writes JSON, one that writes logfmt, and a stack trace in prose.
fn mixed(bench: &mut Bench) {
    let requests = open(bench, Action::ShowApps, "billing");
    let json = "2025-10-09T08:59:00.5Z {\"time\":\"2025-10-09T08:59:00.512Z\",\"level\":\"info\",\"msg\":\"settled order 4711\",\"user\":\"u-77\",\"ms\":12}\n\
        2025-10-09T08:59:03.5Z {\"time\":\"2025-10-09T08:59:03.001Z\",\"level\":\"error\",\"msg\":\"no answer from the bank\",\"user\":\"u-78\",\"ms\":3000,\"error\":{\"code\":7,\"stack\":\"Timeout: read\\n\\tat ask (bank.js:41)\\n\\tat settle (billing.js:7)\"},\"retry\":true}\n";
    let logfmt =
        "2025-10-09T08:59:01.5Z ts=2025-10-09T08:59:01Z level=warn msg=\"1 connection left of 20\" user=u-1 ms=4\n";
    let prose = "2025-10-09T08:59:02.5Z 2025-10-09 08:59:02 ERROR Billing - no answer from the bank\n\
        2025-10-09T08:59:02.6Z java.net.SocketTimeoutException: Read timed out\n\
        2025-10-09T08:59:02.7Z \tat com.example.Bank.ask(Bank.java:41)\n\
        2025-10-09T08:59:02.8Z Caused by: java.io.IOException\n\
        2025-10-09T08:59:04.5Z 2025-10-09 08:59:04 INFO Billing - settled order 4712\n";
    for (request, text) in requests.iter().zip([json, logfmt, prose]) {
        piece(bench, request, text.as_bytes());
    }
}

#[test]
fn lines_with_keys_stand_in_columns_and_others_stay_as_they_are() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut bench = Bench::fleet();
        mixed(&mut bench);
        bench.act(&[Action::LogFields]);
        assert_snapshot!(format!("logs-columns-{width}x{height}"), bench.frame(width, height));
    }
}

#[test]
fn columns_do_not_change_what_is_searched_and_what_does_not_fit_is_to_the_right() {
    let mut bench = Bench::fleet();
    mixed(&mut bench);
    bench.act(&[Action::LogFields, Action::LogSearch]);
    bench.text("\"ms\":3000");
    bench.act(&[Action::Accept]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("1 found"), "the line as it was written:\n{frame}");
    assert!(!bench.frame(80, 24).contains("retry=true"));
    bench.act(&[Action::ColumnsRight; 5]);
    assert!(bench.frame(80, 24).contains("retry=true"), "{}", bench.frame(80, 24));
    bench.act(&[Action::LogFields]);
    assert!(!bench.frame(120, 40).contains("message"));
}

#[test]
fn columns_of_lines_without_keys_are_refused() {
    let mut bench = Bench::fleet();
    let requests = open(&mut bench, Action::ShowApps, "billing");
    piece(&mut bench, &requests[0], b"2025-10-09T08:59:00.5Z plain words\n");
    bench.act(&[Action::LogFields]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("none of these lines is JSON or logfmt"), "{frame}");
}

#[test]
fn a_line_is_opened_with_its_keys_and_comes_back_to_itself() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut bench = Bench::fleet();
        mixed(&mut bench);
        bench.frame(width, height);
        bench.act(&[Action::CursorUp, Action::LogOpen]);
        let here = bench.model.logs().unwrap().current();
        assert_snapshot!(format!("logs-opened-{width}x{height}"), bench.frame(width, height));
        // Onto the code of the error, below what it is and where it is from.
        bench.act(&[Action::CursorDown; 10]);
        let copied = bench.act(&[Action::CopyName]);
        assert_eq!(copied, [Effect::Copy("7".into())]);
        let Some(Effect::Copy(whole)) = bench.act(&[Action::CopyRow]).pop() else {
            panic!("nothing is copied")
        };
        assert!(whole.starts_with("{\"time\"") && whole.ends_with('}'), "{whole}");
        bench.act(&[Action::Back]);
        assert_eq!(bench.model.logs().unwrap().current(), here);
        let frame = bench.frame(width, height);
        assert!(!frame.contains("copied"), "told once, by what copies: {frame}");
    }
}

#[test]
fn a_stack_trace_is_opened_from_any_of_its_lines() {
    for up in 2..=5 {
        let mut bench = Bench::fleet();
        mixed(&mut bench);
        for _ in 0..up {
            bench.act(&[Action::CursorUp]);
        }
        bench.act(&[Action::LogOpen]);
        let frame = bench.frame(120, 40);
        for part in [
            "ERROR Billing",
            "SocketTimeoutException",
            "at com.example.Bank.ask",
            "Caused by",
        ] {
            assert!(frame.contains(part), "{up} up: {part}\n{frame}");
        }
        assert!(!frame.contains("4712") && !frame.contains("4711"), "{frame}");
        let Some(Effect::Copy(whole)) = bench.act(&[Action::CopyRow]).pop() else {
            panic!("nothing is copied")
        };
        assert_eq!(whole.lines().count(), 4, "{whole}");
    }
}
