//! Containers that start again: which of their runs are read, and what is said of the others.

use pilothouse::domain::ContainerState;
use pilothouse::logs::run::End;
use pilothouse::logs::{Ask, Request};
use pilothouse::message::Action;

use super::{answer, ended, in_world, killed, open, piece, pod_of, reads, rows, tick, with_container};
use crate::support::screen::Bench;

#[test]
fn f31_a_container_that_restarts_is_read_to_its_end_and_then_anew() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 2));
    // The log ends before the watch tells why.
    assert_eq!(reads(&ended(&mut bench, &request, End::Closed, "")), []);
    let pod = with_container(pod_of(&bench, &request), |container| {
        container.restarts += 1;
        container.last_exit = Some(killed());
    });
    in_world(&mut bench, pod);
    let rest = reads(&tick(&mut bench, 1)).remove(0);
    assert!(rest.previous && !rest.follow && rest.ask.since.is_some(), "{rest:?}");
    piece(&mut bench, &rest, &answer(rest.ask, 3));
    let anew = reads(&ended(&mut bench, &rest, End::Closed, "")).remove(0);
    assert!(!anew.previous && anew.follow, "{anew:?}");
    assert_eq!(anew.ask, Ask::default(), "from its start");
    piece(&mut bench, &anew, &answer(anew.ask, 1));
    assert_eq!(
        rows(&bench.model),
        [
            "line 0",
            "line 1",
            "line 2",
            "[restarted (exit 137 OOMKilled)]",
            "line 0"
        ]
    );
}

#[test]
fn a_container_that_waits_to_start_again_says_why_it_ended_and_joins_again() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 1));
    let waits = with_container(pod_of(&bench, &request), |container| {
        container.state = ContainerState::Waiting {
            reason: "CrashLoopBackOff".into(),
            message: "".into(),
        };
        container.last_exit = Some(killed());
    });
    in_world(&mut bench, waits.clone());
    assert_eq!(reads(&ended(&mut bench, &request, End::Closed, "")), []);
    assert_eq!(reads(&tick(&mut bench, 1)), [], "there is nothing to read");
    let runs = with_container(waits, |container| {
        container.restarts += 1;
        container.state = ContainerState::Running { since: None };
    });
    in_world(&mut bench, runs);
    let again = reads(&tick(&mut bench, 2)).remove(0);
    assert!(again.follow && again.ask == Ask::default(), "{again:?}");
    assert_eq!(
        rows(&bench.model),
        ["line 0", "[ended (exit 137 OOMKilled)]", "[joined after 1 restart]"]
    );
}

/// An instance whose container ended, which was said, and then started again, so many times at once.
fn back_after(bench: &mut Bench, restarts: u32) -> Request {
    let request = open(bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(bench, &request, &answer(request.ask, 1));
    let waits = with_container(pod_of(bench, &request), |container| {
        container.state = ContainerState::Waiting {
            reason: "CrashLoopBackOff".into(),
            message: "".into(),
        };
        container.last_exit = Some(killed());
    });
    in_world(bench, waits.clone());
    assert_eq!(reads(&ended(bench, &request, End::Closed, "")), []);
    tick(bench, 1);
    let runs = with_container(waits, |container| {
        container.restarts += restarts;
        container.state = ContainerState::Running { since: None };
    });
    in_world(bench, runs);
    reads(&tick(bench, 2)).remove(0)
}

#[test]
fn a_run_that_came_and_went_while_a_log_was_ended_is_read_too() {
    let mut bench = Bench::fleet();
    let before = back_after(&mut bench, 2);
    assert!(before.previous && !before.follow, "{before:?}");
    assert_eq!(before.ask, Ask::default(), "from its start");
    piece(&mut bench, &before, b"2025-10-09T10:00:00Z of the run between\n");
    let present = reads(&ended(&mut bench, &before, End::Closed, "")).remove(0);
    assert!(!present.previous && present.follow && present.ask == Ask::default());
    piece(&mut bench, &present, b"2025-10-09T11:00:00Z of this run\n");
    assert_eq!(
        rows(&bench.model),
        [
            "line 0",
            "[ended (exit 137 OOMKilled)]",
            "[restarted]",
            "of the run between",
            "[restarted (exit 137 OOMKilled)]",
            "of this run"
        ]
    );
}

/// A log that is cut, of a container that by then has started again so many times, and waits or runs.
fn cut_behind(restarts: u32, is_waiting: bool, end: End) -> Vec<String> {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 1));
    let pod = with_container(pod_of(&bench, &request), |container| {
        container.restarts += restarts;
        container.last_exit = Some(killed());
        if is_waiting {
            container.state = ContainerState::Waiting {
                reason: "CrashLoopBackOff".into(),
                message: "".into(),
            };
        }
    });
    in_world(&mut bench, pod);
    ended(&mut bench, &request, end, "");
    rows(&bench.model)
}

#[test]
fn the_rest_of_a_run_that_is_lost_behind_a_cut_is_told() {
    let lost = "[the rest of this run is not kept]";
    for (restarts, is_waiting, next) in [
        (1, true, "[restarted]"),
        (3, true, "[restarted; the log of 2 runs before is not kept]"),
        (3, false, "[restarted; the log of 1 run before is not kept]"),
    ] {
        assert_eq!(cut_behind(restarts, is_waiting, End::Broken), ["line 0", lost, next]);
        // What ended in order was read to its end.
        assert_eq!(cut_behind(restarts, is_waiting, End::Closed), ["line 0", next]);
    }
    assert_eq!(cut_behind(1, false, End::Broken), ["line 0"], "that is read first");
}

#[test]
fn the_rest_of_a_run_that_cannot_be_read_is_told() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 1));
    let pod = with_container(pod_of(&bench, &request), |container| container.restarts += 1);
    in_world(&mut bench, pod);
    let mut rest = reads(&ended(&mut bench, &request, End::Broken, "")).remove(0);
    for _ in 0..3 {
        assert!(rest.previous, "{rest:?}");
        rest = reads(&ended(&mut bench, &rest, End::Broken, "")).remove(0);
        if !rest.previous {
            break;
        }
    }
    assert!(!rest.previous && rest.follow, "{rest:?}");
    let told = rows(&bench.model);
    assert!(
        told.contains(&"[the rest of this run is not kept]".to_owned()),
        "{told:?}"
    );
}

#[test]
fn runs_that_are_not_kept_are_told() {
    let mut bench = Bench::fleet();
    let before = back_after(&mut bench, 4);
    assert!(before.previous, "the last of them is kept");
    assert_eq!(
        rows(&bench.model),
        [
            "line 0",
            "[ended (exit 137 OOMKilled)]",
            "[restarted; the log of 2 runs before is not kept]"
        ]
    );
}

#[test]
fn a_run_that_ended_at_once_is_not_read_twice() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 1));
    let waits = with_container(pod_of(&bench, &request), |container| {
        container.restarts += 1;
        container.state = ContainerState::Waiting {
            reason: "CrashLoopBackOff".into(),
            message: "".into(),
        };
        container.last_exit = Some(killed());
    });
    in_world(&mut bench, waits);
    // While it waits, the run before is the present one to the server.
    let next = reads(&ended(&mut bench, &request, End::Closed, "")).remove(0);
    assert!(!next.previous && next.ask == Ask::default(), "{next:?}");
}
