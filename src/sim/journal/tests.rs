//! Any part of a log can be written at any time, and is always the same.

use serde_json::json;

use super::*;
use crate::sim::load::{Plan, PodLoad};

const START: Nanos = 1_795_348_800 * SECOND;

fn journal(language: &str, failing: bool) -> Journal {
    let pod = json!({
        "metadata": {"namespace": "shop", "name": "web-1", "uid": "u1", "labels": {"app.kubernetes.io/name": "web"},
            "annotations": {"sim.pilothouse.dev/language": language}},
        "spec": {"containers": [{"name": "app", "image": "corp/web:1", "resources": {"requests": {"cpu": "1"}}}]},
        "status": {"startTime": "2026-11-22T12:00:00Z"},
    });
    let load = PodLoad::of(&pod, &Plan::default(), None).unwrap();
    Journal::new("u1/app/0", &load.containers[0], 1_795_348_800.0, failing)
}

fn text(journal: &Journal, records: std::ops::Range<u64>) -> String {
    let mut out = Vec::new();
    for record in records {
        journal.write(record, 0, true, &mut out);
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn records_are_counted_as_they_are_timed() {
    for journal in [journal("java", false), journal("go", true)] {
        let mut last = START;
        for record in 0..3000 {
            let at = journal.time(record);
            assert!(at > last, "{record}: {at} after {last}");
            assert_eq!((journal.count(at), journal.count(at - 1)), (record + 1, record));
            last = at;
        }
    }
}

#[test]
fn rates_are_those_of_an_app() {
    let an_hour = |failing| journal("java", failing).count(START + 3600 * SECOND) as f64 / 3600.0;
    assert!((0.1..30.0).contains(&an_hour(false)), "{}", an_hour(false));
    assert!(an_hour(true) > 8.0, "{}", an_hour(true));
}

#[test]
fn a_failing_run_is_full_of_errors_and_says_why_it_ended() {
    let errors = |text: &str| text.matches(" ERROR ").count();
    let (calm, failing) = (journal("java", false), journal("java", true));
    assert!(errors(&text(&calm, 5..1005)) < 30);
    assert!(errors(&text(&failing, 5..1005)) > 300);
    let end = End {
        at: START + 4 * SECOND,
        crashed: true,
    };
    let ended = failing.clone().ended(Some(end));
    let count = ended.count(START + 9 * SECOND);
    assert_eq!(count, failing.count(end.at - 1) + 1);
    let last = text(&ended, count - 1..count);
    assert!(
        last.contains("Exception in thread \"main\"") && last.contains("\n2026-11-22T12:00:0"),
        "{last}"
    );
    assert_eq!(
        text(&ended, 0..count - 1),
        text(&failing, 0..count - 1),
        "the rest stays as it was"
    );
    assert_eq!(ended.count(i64::MAX), count, "nothing comes after the end");
}

#[test]
fn every_language_has_its_form() {
    for (language, form) in [
        ("java", " [worker-"),
        ("tomcat", "HTTP/1.1\""),
        ("php", "[pool www]"),
        ("node", "\"level\":30"),
        ("python", " app.handlers "),
        ("go", "level=INFO msg="),
    ] {
        let text = text(&journal(language, false), 0..400);
        assert!(text.matches(form).count() > 100, "{language}: {text}");
    }
    for line in text(&journal("node", true), 1..400).lines() {
        let (_, json) = line.split_once(' ').unwrap();
        serde_json::from_str::<serde_json::Value>(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    }
}

#[test]
fn times_have_nine_digits_and_lines_of_a_record_differ() {
    let text = text(&journal("java", true), 0..50);
    let stamps: Vec<&str> = text.lines().map(|line| line.split_once(' ').unwrap().0).collect();
    assert!(
        stamps
            .iter()
            .all(|stamp| stamp.len() == "2026-11-22T12:00:00.123456789Z".len())
    );
    assert!(stamps.is_sorted());
}

#[test]
fn what_was_printed_before_a_time_is_left_out() {
    let journal = journal("python", true);
    let error = (2..200).find(|record| journal.lines(*record) > 3).unwrap();
    let mut out = Vec::new();
    journal.write(error, journal.time(error) + 1, false, &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap().lines().count() as u64,
        journal.lines(error) - 1
    );
}

#[test]
fn odd_lines_come_as_asked() {
    let odd = |odd| {
        let mut out = Vec::new();
        let journal = journal("go", false).odd(Some(odd));
        (0..100).for_each(|record| journal.write(record, 0, true, &mut out));
        out
    };
    assert!(String::from_utf8(odd(Odd::Bytes)).is_err());
    assert!(odd(Odd::Escapes).contains(&0x1b));
    assert!(odd(Odd::Long { bytes: 1 << 20 }).len() > 2 << 20);
    let same = String::from_utf8(odd(Odd::Same)).unwrap();
    assert_eq!(same.lines().take(20).collect::<std::collections::HashSet<_>>().len(), 1);
    let flood = journal("go", false).odd(Some(Odd::Flood {
        lines_per_second: 200_000,
    }));
    assert_eq!(flood.count(START + SECOND), 200_000);
}

#[test]
fn old_files_are_dropped_whole() {
    assert_eq!(
        [0, 19_999, 39_999, 40_000, 61_000].map(Journal::kept_from),
        [0, 0, 0, 20_000, 40_000]
    );
}
