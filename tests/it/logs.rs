//! Logs from the key that opens them to the lines on screen, with a server that cuts, restarts and refuses.

mod looking;
mod moving;
mod opening;
mod reading;
mod saving;

use bytes::Bytes;
use insta::assert_snapshot;
use pilothouse::domain::container::Exit;
use pilothouse::domain::{
    Batch, Change, ClusterId, ClusterReport, Container, ContainerState, Kind, Object, ObjectKey, Pod, Timestamp, Uid,
};
use pilothouse::listing::RowKey;
use pilothouse::logs::run::End;
use pilothouse::logs::{Ask, Content, News, Request, What, Which};
use pilothouse::message::{Action, Effect, Message};
use pilothouse::model::Model;

use crate::support::fleet;
use crate::support::screen::Bench;

/// The requests among effects.
fn reads(effects: &[Effect]) -> Vec<Request> {
    let read = effects.iter().filter_map(|effect| match effect {
        Effect::ReadLog(request) => Some((**request).clone()),
        _ => None,
    });
    read.collect()
}

/// The logs of the first row that a filter leaves.
fn open(bench: &mut Bench, screen: Action, filter: &str) -> Vec<Request> {
    bench.act(&[screen]);
    bench.filter(filter);
    reads(&bench.act(&[Action::Logs]))
}

fn piece(bench: &mut Bench, request: &Request, bytes: &[u8]) -> Vec<Effect> {
    bench.send(Message::Log(News {
        slot: request.slot.clone(),
        number: request.number,
        what: What::Piece(Bytes::copy_from_slice(bytes)),
    }))
}

fn ended(bench: &mut Bench, request: &Request, end: End, reason: &str) -> Vec<Effect> {
    let reason = (!reason.is_empty()).then(|| reason.into());
    bench.send(Message::Log(News {
        slot: request.slot.clone(),
        number: request.number,
        what: What::Ended { end, reason },
    }))
}

/// What is on screen: lines as they are, what happened in brackets.
fn rows(model: &Model) -> Vec<String> {
    let pane = &model.logs().unwrap().pane;
    let text = pane.from(Which::All, pilothouse::logs::Place::default());
    text.map(|row| match row.content {
        Content::Line { text, .. } => text.to_owned(),
        Content::Divider(divider) => format!("[{}]", divider.words()),
    })
    .collect()
}

fn lines(model: &Model) -> Vec<String> {
    let rows = rows(model).into_iter();
    rows.filter(|row| !row.starts_with('[')).collect()
}

/// A line as a kubelet keeps it: several a second, some of the same time.
fn line(n: i64) -> (i64, String) {
    let nanos = 1_760_000_000_000_000_000 + n / 3 * 29_000_000;
    let at = Timestamp::from_timestamp_nanos(nanos);
    let text = at.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true);
    (nanos / 1_000_000_000, format!("{text} line {n}\n"))
}

/// What a kubelet answers that has the lines before `end`.
fn answer(ask: Ask, end: i64) -> Vec<u8> {
    let first = ask.tail.map_or(0, |tail| (end - i64::try_from(tail).unwrap()).max(0));
    let since = ask.since.unwrap_or(i64::MIN);
    let lines = (first..end).map(line).filter(|(second, _)| *second >= since);
    lines.flat_map(|(_, text)| text.into_bytes()).collect()
}

fn in_world(bench: &mut Bench, pod: Pod) -> Vec<Effect> {
    change(bench, Change::Upsert(Object::Pod(Box::new(pod))))
}

fn change(bench: &mut Bench, change: Change) -> Vec<Effect> {
    let batch = Batch {
        kind: Kind::Pod,
        namespace: "".into(),
        generation: 1,
        changes: vec![change],
        sweep: false,
    };
    bench.send(Message::Cluster(ClusterId::new("idc-bj"), ClusterReport::Batch(batch)))
}

fn tick(bench: &mut Bench, seconds: i64) -> Vec<Effect> {
    let now = fleet::now() + chrono::TimeDelta::seconds(seconds);
    bench.send(Message::Tick(now, fleet::moment(seconds)))
}

fn pod_of(bench: &Bench, request: &Request) -> Pod {
    let cluster = bench.model.world().cluster(&request.slot.cluster).unwrap();
    (**cluster.pod(&request.pod).unwrap()).clone()
}

fn with_container(mut pod: Pod, change: impl FnOnce(&mut Container)) -> Pod {
    let mut containers = pod.containers.to_vec();
    change(containers.first_mut().unwrap());
    pod.containers = containers.into();
    pod
}

fn killed() -> Exit {
    Exit {
        code: 137,
        reason: "OOMKilled".into(),
        ..Exit::default()
    }
}

#[test]
fn a_thousand_cuts_at_any_byte_lose_nothing_and_repeat_nothing() {
    let mut bench = Bench::fleet();
    let mut request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    assert!(request.follow && !request.previous && request.ask.tail.is_some());
    let mut dice = 0x2545_f491_4f6c_dd1d_u64;
    let mut roll = |most: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        usize::try_from(dice % (most as u64 + 1)).unwrap()
    };
    let mut end = 100;
    piece(&mut bench, &request, &answer(request.ask, end));
    for _ in 0..1_000 {
        let effects = ended(&mut bench, &request, End::Broken, "connection reset");
        request = reads(&effects).remove(0);
        end += i64::try_from(roll(40)).unwrap();
        let bytes = answer(request.ask, end);
        let (first, rest) = bytes.split_at(roll(bytes.len()));
        piece(&mut bench, &request, first);
        piece(&mut bench, &request, &rest[..roll(rest.len())]);
    }
    let effects = ended(&mut bench, &request, End::Broken, "connection reset");
    request = reads(&effects).remove(0);
    piece(&mut bench, &request, &answer(request.ask, end));
    let expected: Vec<String> = (0..end).map(|n| format!("line {n}")).collect();
    assert!(end > 10_000, "{end}");
    assert_eq!(lines(&bench.model), expected);
}

#[test]
fn news_of_a_reading_that_was_given_up_count_for_nothing() {
    let mut bench = Bench::fleet();
    let first = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &first, &answer(first.ask, 3));
    let second = reads(&ended(&mut bench, &first, End::Broken, "reset")).remove(0);
    assert_eq!(second.failures, 1, "it waits");
    assert_eq!(reads(&ended(&mut bench, &first, End::Broken, "late")), []);
    piece(&mut bench, &first, b"2025-10-09T09:00:00Z late\n");
    let third = reads(&ended(&mut bench, &second, End::Broken, "refused")).remove(0);
    assert_eq!(third.failures, 2, "and longer");
    assert_eq!(
        rows(&bench.model),
        ["line 0", "line 1", "line 2", "[connection lost: reset]"],
        "one interruption is told once"
    );
}

#[test]
fn a_container_that_restarts_is_read_to_its_end_and_then_anew() {
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

#[test]
fn a_server_that_closes_an_open_log_is_asked_again() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 4));
    assert_eq!(reads(&ended(&mut bench, &request, End::Closed, "")), []);
    let asked: Vec<Request> = (1..5).flat_map(|second| reads(&tick(&mut bench, second))).collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    piece(&mut bench, &asked[0], &answer(asked[0].ask, 5));
    assert_eq!(lines(&bench.model), ["line 0", "line 1", "line 2", "line 3", "line 4"]);
}

#[test]
fn the_logs_of_a_revision_are_those_of_its_instances() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    bench.filter("gift/billing");
    bench.act(&[Action::Open, Action::Top, Action::CursorDown]);
    let selected = bench.model.screen().list.selected().cloned();
    let Some(RowKey::Loose(cluster, name)) = selected else {
        panic!("no revision: {selected:?}")
    };
    let requests = reads(&bench.act(&[Action::Logs]));
    assert_eq!(
        (requests.len(), &*name),
        (4, "Deployment billing/5f6d8"),
        "{requests:?}"
    );
    assert!(
        requests
            .iter()
            .all(|r| r.slot.cluster == cluster && r.pod.name.contains("billing-5f6d8"))
    );
    // Who comes later belongs to it if it is of the same template.
    for (uid, hash) in [(4711, "5f6d8"), (4712, "99999")] {
        let mut pod = pod_of(&bench, &requests[0]);
        pod.key = ObjectKey::new("gift", format!("billing-{hash}-new"));
        pod.uid = Uid::Uuid(uid);
        pod.revision = Some(hash.into());
        in_world(&mut bench, pod);
    }
    let new = reads(&tick(&mut bench, 1));
    assert_eq!(new.len(), 1, "{new:?}");
    assert_eq!(&*new[0].pod.name, "billing-5f6d8-new");
}

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
fn a_server_that_gives_a_little_and_breaks_is_asked_ever_later() {
    let mut bench = Bench::fleet();
    let mut request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    for n in 1..6 {
        piece(&mut bench, &request, &answer(request.ask, i64::from(n)));
        request = reads(&ended(&mut bench, &request, End::Broken, "reset")).remove(0);
        assert_eq!(request.failures, n);
    }
    let told = rows(&bench.model).iter().filter(|row| row.starts_with('[')).count();
    assert_eq!(told, 5, "each cut is told");
    for second in 1..10 {
        tick(&mut bench, second);
    }
    request = reads(&ended(&mut bench, &request, End::Broken, "reset")).remove(0);
    assert_eq!(request.failures, 1, "it lasted");
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
fn more_than_fifty_containers_of_a_cluster_wait_and_are_told() {
    let mut bench = Bench::fleet();
    let first = open(&mut bench, Action::ShowApps, "billing").remove(0);
    let pod = pod_of(&bench, &first);
    for n in 0..60 {
        let mut more = pod.clone();
        more.key = ObjectKey::new("gift", format!("billing-5f6d8-x{n}"));
        more.uid = Uid::Uuid(10_000 + n);
        in_world(&mut bench, more);
    }
    assert_eq!(reads(&tick(&mut bench, 1)).len(), 46, "with the four there are");
    assert!(bench.frame(200, 50).contains("14 queued"));
}

#[test]
fn a_view_that_stands_still_and_is_full_lets_the_servers_wait() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    piece(&mut bench, &request, &answer(request.ask, 100));
    bench.act(&[Action::LogPause]);
    let mut end = 100;
    let mut held = false;
    for _ in 0..1_000 {
        let bytes: Vec<u8> = (end..end + 500).flat_map(|n| line(n).1.into_bytes()).collect();
        end += 500;
        held |= piece(&mut bench, &request, &bytes).contains(&Effect::HoldLogs(true));
        if held {
            break;
        }
    }
    assert!(held, "16 MB are enough");
    assert!(bench.frame(200, 50).contains("full: the servers wait"));
    assert_eq!(lines(&bench.model).len() as i64, end, "nothing is let go");
    let effects = bench.act(&[Action::LogPause]);
    assert!(effects.contains(&Effect::HoldLogs(false)), "{effects:?}");
}

#[test]
fn what_logs_look_like() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut bench = Bench::fleet();
        let requests = open(&mut bench, Action::ShowApps, "billing");
        for (n, request) in requests.iter().enumerate() {
            let text = format!(
                "2025-10-09T08:59:0{n}.5Z 2025-10-09 08:59:0{n} INFO  BillingService - settled order 10{n}\n\
                 2025-10-09T08:59:1{n}.5Z 2025-10-09 08:59:1{n} WARN  Pool - 1 connection left of 20, waiting for one\n\
                 2025-10-09T08:59:2{n}.5Z 2025-10-09 08:59:2{n} ERROR Billing - no answer from the bank\n\
                 2025-10-09T08:59:2{n}.6Z java.net.SocketTimeoutException: Read timed out\n\
                 2025-10-09T08:59:2{n}.7Z \tat com.example.Bank.ask(Bank.java:41)\n"
            );
            piece(&mut bench, request, text.as_bytes());
        }
        ended(&mut bench, &requests[0], End::Broken, "connection reset");
        assert_snapshot!(format!("logs-{width}x{height}"), bench.frame(width, height));
        bench.act(&[Action::LogTimes, Action::CursorUp, Action::CursorUp, Action::LogMark]);
        assert_snapshot!(format!("logs-paused-{width}x{height}"), bench.frame(width, height));
    }
}
