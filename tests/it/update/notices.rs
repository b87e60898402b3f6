//! What a person is told: it covers nothing, is readable at 80×24, goes away, and can be read again.

use chrono::TimeDelta;
use pilothouse::domain::{ClusterId, ClusterReport};
use pilothouse::message::{Action, Effect, Message, Severity, Trouble};

use crate::support::fleet;
use crate::support::screen::Bench;

const PATH: &str = "/home/oncall/incidents/2026-11-23/logs/gift-live-gift-7c9b4-000-live-gift-previous.log.part";

fn failure(number: u32) -> Message {
    Message::Notice(Trouble {
        severity: Severity::Error,
        text: format!("failure {number}: {PATH} could not be written: no space left on the device").into(),
        hint: Some("free some room, or set log_folder in the configuration".into()),
    })
}

#[test]
fn no_row_is_covered_and_long_texts_can_be_read() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowInstances, Action::Bottom]);
    let count = bench.model.screen().list.rows().len();
    bench.frame(80, 24);
    bench.send(Message::Notice(Trouble::info(format!("saved 3,001 lines in {PATH}"))));
    let frame = bench.frame(80, 24);
    let lines: Vec<&str> = frame.lines().collect();
    let joined: String = lines[21..23].iter().flat_map(|line| line.split_whitespace()).collect();
    assert!(joined.contains(PATH), "{frame}");
    assert!(
        lines[20].starts_with('▌'),
        "the last of {count} rows is right above: {frame}"
    );
    bench.send(Message::Tick(fleet::now() + TimeDelta::seconds(9), fleet::moment(9)));
    assert!(!bench.frame(80, 24).contains("saved"));
}

#[test]
fn the_newest_is_shown_and_where_the_others_are() {
    let mut bench = Bench::fleet();
    for number in 1..=3 {
        bench.send(failure(number));
    }
    let frame = bench.frame(80, 24);
    assert!(frame.contains("failure 3") && !frame.contains("failure 2"), "{frame}");
    assert!(frame.contains("+2 more: 0"), "{frame}");
    bench.act(&[Action::ShowActivity]);
    assert!(
        bench.frame(80, 24).contains("+2 more: 0"),
        "until a key is pressed there"
    );
    bench.act(&[Action::CursorDown]);
    let frame = bench.frame(80, 24);
    assert!(!frame.contains("more: 0") && frame.contains("3 entries"), "{frame}");
}

#[test]
fn what_was_only_said_stays_on_its_screen() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::CopyName]);
    assert!(bench.frame(80, 24).contains("copied idc-bj"));
    bench.act(&[Action::ShowNodes]);
    assert!(!bench.frame(80, 24).contains("copied"));
}

#[test]
fn a_line_of_the_activity_log_is_read_and_copied_whole() {
    let mut bench = Bench::fleet();
    bench.send(failure(7));
    bench.act(&[Action::ShowActivity, Action::Open]);
    let frame = bench.frame(80, 24);
    let words = |text: &str| text.chars().filter(|c| !" │\n".contains(*c)).collect::<String>();
    assert!(words(&frame).contains(&words(PATH)), "{frame}");
    assert!(words(&frame).contains("setlog_folderintheconfiguration"), "{frame}");
    let copied = bench.act(&[Action::CopyRow]);
    assert!(
        matches!(copied.as_slice(), [Effect::Copy(text)] if text.contains(PATH) && text.contains("what: told")),
        "{copied:?}"
    );
    bench.act(&[Action::Cancel]);
    assert!(bench.frame(80, 24).contains("1 entry"));
}

#[test]
fn an_event_is_read_whole() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowEvents, Action::Detail]);
    let frame = bench.frame(80, 24);
    assert!(frame.contains("┌ event") && frame.contains("last seen"), "{frame}");
}

#[test]
fn what_a_cluster_says_is_not_kept_twice() {
    let mut bench = Bench::fleet();
    let said = ClusterReport::Notice("history rewound".into());
    bench.send(Message::Cluster(ClusterId::new("idc-bj"), said));
    bench.act(&[Action::ShowActivity]);
    assert!(bench.frame(80, 24).contains("1 entry"));
}
