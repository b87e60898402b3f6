//! Logs from the key that opens them to the lines on screen, with a server that cuts, restarts and refuses.

mod asking;
mod dividing;
mod leaving;
mod looking;
mod moving;
mod opening;
mod reading;
mod runs;
mod saving;

use bytes::Bytes;
use insta::assert_snapshot;
use pilothouse::domain::container::Exit;
use pilothouse::domain::{
    Batch, Change, ClusterId, ClusterReport, Container, Kind, Object, ObjectKey, Pod, Timestamp, Uid,
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
fn f28_a_thousand_cuts_at_any_byte_lose_nothing_and_repeat_nothing() {
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
    piece(&mut bench, &first, &answer(first.ask, 3));
    for action in [Action::LogInclude, Action::LogSearch] {
        bench.act(&[action]);
        bench.text("line 1");
        bench.act(&[Action::Accept]);
    }
    let frame = bench.frame(200, 50);
    assert!(frame.contains("+line 1 (47 shown in 50 of 64 logs)"), "{frame}");
    assert!(frame.contains("/line 1 1 found in 50 of 64 logs"), "{frame}");
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
