//! Instances that come and go, and servers that refuse: what is read of them, and what is said.

use pilothouse::domain::{Change, ObjectKey, Pod, Uid};
use pilothouse::logs::run::End;
use pilothouse::logs::{Ask, Request};
use pilothouse::message::{Action, Effect};

use super::{answer, change, ended, in_world, line, lines, open, piece, pod_of, reads, rows, tick};
use crate::support::screen::Bench;

#[test]
fn new_instances_join_and_those_that_are_gone_say_so() {
    let mut bench = Bench::fleet();
    let requests = open(&mut bench, Action::ShowApps, "billing");
    let here: Vec<&Request> = requests.iter().filter(|r| r.slot.cluster.0 == "idc-bj").collect();
    assert_eq!(here.len(), 4, "one of each instance");
    let old = here[0].clone();
    piece(&mut bench, &old, &answer(old.ask, 1));
    let mut pod = pod_of(&bench, &old);
    let gone = pod.key.clone();
    pod.key = ObjectKey::new("gift", "billing-5f6d8-new");
    pod.uid = Uid::Uuid(4711);
    in_world(&mut bench, pod);
    let new = reads(&tick(&mut bench, 1));
    assert_eq!(new.len(), 1, "{new:?}");
    assert_eq!((&*new[0].pod.name, new[0].ask), ("billing-5f6d8-new", Ask::default()));
    change(&mut bench, Change::Delete(gone));
    assert!(
        !tick(&mut bench, 2).contains(&Effect::LeaveLog(old.slot.clone())),
        "its last lines may be on their way"
    );
    ended(&mut bench, &old, End::Closed, "");
    assert!(rows(&bench.model).contains(&"[the instance is gone]".to_owned()));
    // What is left is given up with the screen.
    let left = bench.act(&[Action::Back]);
    let left = left.iter().filter(|effect| matches!(effect, Effect::LeaveLog(_)));
    assert_eq!(left.count(), requests.len());
    assert!(bench.model.logs().is_none());
}

/// An instance that is gone while its log still flows.
fn gone_while_it_flows(bench: &mut Bench) -> Request {
    let request = open(bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(bench, &request, &answer(request.ask, 100));
    change(bench, Change::Delete(request.pod.clone()));
    request
}

#[test]
fn what_an_instance_that_is_gone_wrote_is_read_as_long_as_it_comes() {
    let mut bench = Bench::fleet();
    let request = gone_while_it_flows(&mut bench);
    let mut end = 100;
    for second in 1..30 {
        assert_eq!(tick(&mut bench, second), [], "{second}");
        if second % 4 == 0 {
            let bytes: Vec<u8> = (end..end + 10).flat_map(|n| line(n).1.into_bytes()).collect();
            piece(&mut bench, &request, &bytes);
            end += 10;
        }
    }
    assert_eq!(lines(&bench.model).len() as i64, end);
    let left = (30..40).flat_map(|second| tick(&mut bench, second));
    assert_eq!(left.collect::<Vec<_>>(), [Effect::LeaveLog(request.slot)]);
    assert_eq!(rows(&bench.model).last().unwrap(), "[the instance is gone]");
}

/// An instance of a `StatefulSet` is replaced by one of the same name while its log is cut off; what was asked for
/// since, and what the watch tells then.
fn replaced_behind_a_cut(bench: &mut Bench) -> (Request, Pod) {
    let requests = open(bench, Action::ShowApps, "gift/billing");
    let request = requests.into_iter().find(|r| r.slot.cluster.0 == "idc-bj").unwrap();
    let mut pod = pod_of(bench, &request);
    piece(bench, &request, &answer(request.ask, 2));
    let again = reads(&ended(bench, &request, End::Broken, "reset")).remove(0);
    assert_eq!(again.pod, pod.key, "asked for by its name");
    pod.uid = Uid::Uuid(4711);
    (again, pod)
}

#[test]
fn f31_an_instance_that_took_the_name_of_another_while_it_was_cut_off_is_read_once() {
    let mut bench = Bench::fleet();
    let (again, pod) = replaced_behind_a_cut(&mut bench);
    in_world(&mut bench, pod.clone());
    let effects = tick(&mut bench, 1);
    assert!(effects.contains(&Effect::LeaveLog(again.slot.clone())), "{effects:?}");
    let new = reads(&effects).remove(0);
    assert_eq!((&new.slot.uid, new.ask), (&pod.uid, Ask::default()));
    // What the server sent to the former is the other's.
    for n in 2..40 {
        let bytes = line(n).1.into_bytes();
        piece(&mut bench, &again, &bytes);
        piece(&mut bench, &new, &bytes);
        assert_eq!(tick(&mut bench, n), []);
    }
    let told = "[the instance was replaced by another of the same name]".to_owned();
    assert!(rows(&bench.model).contains(&told), "{:?}", rows(&bench.model));
    let wanted: Vec<String> = (0..40).map(|n| format!("line {n}")).collect();
    assert_eq!(lines(&bench.model), wanted);
}

#[test]
fn an_instance_whose_name_is_anothers_is_not_asked_for_again() {
    for end in [End::Broken, End::Closed, End::Refused, End::Absent] {
        let mut bench = Bench::fleet();
        let (again, pod) = replaced_behind_a_cut(&mut bench);
        in_world(&mut bench, pod);
        assert_eq!(reads(&ended(&mut bench, &again, end, "no")), [], "{end:?}");
        let last = rows(&bench.model).pop().unwrap();
        assert_eq!(
            last, "[the instance was replaced by another of the same name]",
            "{end:?}"
        );
    }
}

#[test]
fn an_instance_that_comes_back_is_given_its_whole_moment_again() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    let pod = pod_of(&bench, &request);
    for round in 0..3 {
        change(&mut bench, Change::Delete(request.pod.clone()));
        for second in 1..5 {
            assert_eq!(tick(&mut bench, round * 10 + second), [], "{round} {second}");
        }
        in_world(&mut bench, pod.clone());
        assert_eq!(tick(&mut bench, round * 10 + 5), []);
    }
}

#[test]
fn who_is_gone_while_the_view_is_full_is_not_given_up() {
    let mut bench = Bench::fleet();
    let request = gone_while_it_flows(&mut bench);
    bench.act(&[Action::LogPause]);
    let mut end = 100;
    while bench.model.logs().unwrap().pane.has_room() {
        let bytes: Vec<u8> = (end..end + 500).flat_map(|n| line(n).1.into_bytes()).collect();
        end += 500;
        piece(&mut bench, &request, &bytes);
    }
    for second in 1..60 {
        assert_eq!(tick(&mut bench, second), [], "{second}");
    }
}

#[test]
fn what_the_server_refuses_is_told_once_and_asked_for_once_a_minute() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 2));
    let refused = "the right `get pods/log` is missing";
    assert_eq!(reads(&ended(&mut bench, &request, End::Refused, refused)), []);
    let tally = bench.model.logs().unwrap().tally();
    assert_eq!(
        (tally.open, tally.queued, tally.refused),
        (0, 0, 1),
        "its place is free"
    );
    let asked: Vec<Request> = (1..60).flat_map(|second| reads(&tick(&mut bench, second))).collect();
    assert_eq!(asked, []);
    let again = reads(&tick(&mut bench, 60)).remove(0);
    assert!(
        again.follow && again.ask.since.is_some(),
        "from where it was: {again:?}"
    );
    assert_eq!(reads(&ended(&mut bench, &again, End::Refused, refused)), []);
    let again = (61..121)
        .flat_map(|second| reads(&tick(&mut bench, second)))
        .collect::<Vec<_>>();
    assert_eq!(again.len(), 1, "{again:?}");
    piece(&mut bench, &again[0], &answer(again[0].ask, 3));
    assert_eq!(
        rows(&bench.model),
        [
            "line 0",
            "line 1",
            "[not given by the server: the right `get pods/log` is missing]",
            "line 2"
        ]
    );
}

#[test]
fn a_log_that_is_not_there_yet_is_asked_for_again_within_seconds_and_told_if_it_stays_away() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    let why = "container is waiting to start: ContainerCreating";
    ended(&mut bench, &request, End::Absent, why);
    assert_eq!(rows(&bench.model), [""; 0], "that is not worth a word");
    assert_eq!(bench.model.logs().unwrap().tally().refused, 0);
    let again: Vec<Request> = (1..3).flat_map(|second| reads(&tick(&mut bench, second))).collect();
    assert_eq!(again.len(), 1, "{again:?}");
    ended(&mut bench, &again[0], End::Absent, why);
    assert_eq!(rows(&bench.model), [format!("[not given by the server: {why}]")]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("1 refused") && !frame.contains("ended"), "{frame}");
    let again: Vec<Request> = (3..40).flat_map(|second| reads(&tick(&mut bench, second))).collect();
    assert_eq!(again.len(), 1, "ever later: {again:?}");
    piece(&mut bench, &again[0], &answer(again[0].ask, 1));
    assert_eq!(bench.model.logs().unwrap().tally().refused, 0);
}
