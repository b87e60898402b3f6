//! What a person asks of logs by key: what is typed and typed again, which containers, what is left behind.

use pilothouse::domain::container::ContainerRole;
use pilothouse::logs::save::{Progress, Saving};
use pilothouse::message::{Action, Effect, Message};

use super::{answer, in_world, lines, open, piece, pod_of, reads, with_container};
use crate::support::screen::Bench;

#[test]
fn what_comes_of_an_earlier_request_is_not_taken_for_the_present_one() {
    let mut bench = Bench::fleet();
    let first = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    let head = reads(&bench.act(&[Action::LogHead])).remove(0);
    piece(&mut bench, &head, &answer(head.ask, 5));
    let minute = reads(&bench.act(&[Action::LogMinute])).remove(0);
    assert_eq!(lines(&bench.model), [""; 0], "what was there is gone at once");
    for former in [&first, &head] {
        assert_ne!(former.number, minute.number);
        piece(&mut bench, former, b"2025-10-09T09:00:00Z of an earlier request\n");
    }
    assert_eq!(lines(&bench.model), [""; 0]);
    piece(&mut bench, &minute, b"2025-10-09T09:00:00Z of this one\n");
    assert_eq!(lines(&bench.model), ["of this one"]);
    // A time before that is read.
    bench.act(&[Action::LogGoto]);
    bench.text("16:30");
    assert_eq!(reads(&bench.act(&[Action::Accept])).len(), 1);
}

#[test]
fn a_field_opens_empty_and_up_brings_back_what_was_typed() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 5));
    for text in ["line 1", "line 2"] {
        bench.act(&[Action::LogSearch]);
        bench.text(text);
        bench.act(&[Action::Accept]);
    }
    bench.act(&[Action::LogInclude]);
    let shown = |bench: &mut Bench| bench.frame(120, 40).lines().nth(1).unwrap().trim().to_owned();
    assert!(
        shown(&mut bench).contains("a regular expression; up"),
        "{}",
        shown(&mut bench)
    );
    for (action, text) in [
        (Action::CursorUp, "line 2"),
        (Action::CursorUp, "line 1"),
        (Action::CursorUp, "line 1"),
        (Action::CursorDown, "line 2"),
    ] {
        bench.act(&[action]);
        assert!(shown(&mut bench).contains(text), "{}", shown(&mut bench));
    }
    bench.act(&[Action::CursorDown]);
    bench.send(Message::Paste("two\r\nwords".to_owned()));
    assert!(shown(&mut bench).contains("two words"), "{}", shown(&mut bench));
}

#[test]
fn containers_are_chosen_by_name_and_by_what_they_are_for() {
    let mut bench = Bench::fleet();
    let first = open(&mut bench, Action::ShowApps, "billing").remove(0);
    let mut pod = pod_of(&bench, &first);
    let mut containers = pod.containers.to_vec();
    let mut side = containers[0].clone();
    (side.name, side.role) = ("proxy".into(), ContainerRole::Sidecar);
    containers.push(side);
    pod.containers = containers.into();
    in_world(&mut bench, pod);
    bench.act(&[Action::LogContainers]);
    let frame = bench.frame(120, 40);
    for words in [
        "every container",
        "main containers",
        "sidecar containers",
        "proxy",
        "5 containers",
    ] {
        assert!(frame.contains(words), "{words}: {frame}");
    }
    bench.text("sidecar");
    let effects = bench.act(&[Action::Accept]);
    let asked: Vec<_> = reads(&effects)
        .into_iter()
        .map(|request| request.slot.container.to_string())
        .collect();
    assert_eq!(asked, ["proxy"]);
    assert!(
        bench.frame(120, 40).contains("   sidecar containers"),
        "{}",
        bench.frame(120, 40)
    );
    bench.act(&[Action::LogContainers]);
    bench.text("every");
    assert_eq!(reads(&bench.act(&[Action::Accept])).len(), 5);
}

#[test]
fn lines_that_are_all_hidden_are_told_with_the_key_that_shows_them() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 5));
    bench.act(&[Action::LogInclude]);
    bench.text("nothing");
    bench.act(&[Action::Accept]);
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains("5 lines, all hidden by the filters: ctrl-x shows all"),
        "{frame}"
    );
}

#[test]
fn a_mark_leaves_its_line_where_it_is() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 5));
    bench.act(&[Action::CursorUp]);
    let before = bench.frame(120, 40);
    bench.act(&[Action::LogMark]);
    let after = bench.frame(120, 40);
    let (Some(old), Some(new)) = (
        before.lines().find(|line| line.contains("line 3")),
        after.lines().find(|line| line.contains("line 3")),
    ) else {
        panic!("{after}")
    };
    assert_eq!(new, old.replacen(' ', "◆", 1));
}

#[test]
fn who_leaves_while_logs_are_saved_is_told_what_that_leaves_behind() {
    let mut bench = Bench::fleet();
    open(&mut bench, Action::ShowInstances, "billing-5f6d8-001");
    bench.act(&[Action::LogSaveWhole]);
    assert_eq!(bench.act(&[Action::Quit]), []);
    assert!(bench.frame(120, 40).contains("ends in .part would not be whole"));
    assert_eq!(bench.act(&[Action::Quit]), [Effect::Quit]);
    bench.send(Message::Saving(Saving::Going(Progress::default())));
    assert_eq!(bench.act(&[Action::Quit]), [Effect::Quit]);
}

#[test]
fn who_asks_for_more_than_is_kept_is_told_that_the_oldest_is_let_go() {
    let mut bench = Bench::fleet();
    open(&mut bench, Action::ShowInstances, "billing-5f6d8-001");
    let request = reads(&bench.act(&[Action::LogHead])).remove(0);
    let mut end = 0;
    while bench.model.logs().unwrap().pane.counts().evicted == 0 {
        let lines = (end..end + 500).map(|n| format!("2025-10-09T09:00:00.{n:09}Z {}\n", "x".repeat(200)));
        let bytes = lines.collect::<Vec<_>>().concat();
        end += 500;
        piece(&mut bench, &request, bytes.as_bytes());
    }
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains("more than 16 MiB: the oldest lines are let go"),
        "{frame}"
    );
}

#[test]
fn names_that_are_too_long_keep_their_end() {
    let mut bench = Bench::fleet();
    let requests = open(&mut bench, Action::ShowApps, "live-gift");
    for request in &requests {
        let pod = with_container(pod_of(&bench, request), |_| {});
        piece(
            &mut bench,
            request,
            format!("2025-10-09T09:00:00Z of {}\n", pod.key.name).as_bytes(),
        );
    }
    let frame = bench.frame(80, 24);
    let line = frame.lines().find(|line| line.contains(" of live-gift")).unwrap();
    let (prefix, name) = line.split_once(" of ").unwrap();
    let (_, end) = name.rsplit_once('-').unwrap();
    assert!(prefix.contains('…') && prefix.contains(end), "{line}");
}
