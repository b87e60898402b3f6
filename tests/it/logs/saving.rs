//! Logs saved: what is asked of the disk and of the server, and what a person is told of it.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use pilothouse::cluster::{Cluster, Target};
use pilothouse::domain::{ClusterId, ObjectKey, Uid};
use pilothouse::logs::plan::Slot;
use pilothouse::logs::save::{Outcome, Progress, Save, Saved, Saving};
use pilothouse::logs::shown::Shown;
use pilothouse::logs::{Ask, Request};
use pilothouse::message::{Action, Effect, Message};
use pilothouse::runtime::saving::Saver;
use pilothouse::sim::Simulation;
use pilothouse::sim::fault::{Fault, LogFault, Odd};
use pilothouse::sim::resource::{NAMESPACES, NODES, PODS};
use pilothouse::sim::store::Store;
use serde_json::json;
use tokio::sync::mpsc;

use super::{answer, open, piece};
use crate::support::api::{Api, Reply};
use crate::support::logs::instance;
use crate::support::screen::Bench;
use crate::support::{watch, watch_target};

fn saves(effects: Vec<Effect>) -> Vec<Save> {
    let saves = effects.into_iter().filter_map(|effect| match effect {
        Effect::SaveLogs(save) => Some(*save),
        _ => None,
    });
    saves.collect()
}

fn text_of(shown: &mut Shown) -> String {
    let mut all = String::new();
    let Ok(()) = shown.each(|line| {
        all.push_str(line);
        Ok::<(), Infallible>(())
    });
    all
}

#[test]
fn what_is_shown_is_saved_as_it_is_shown() {
    let mut bench = Bench::fleet();
    let requests = open(&mut bench, Action::ShowApps, "billing");
    for (n, request) in requests.iter().take(2).enumerate() {
        let text =
            format!("2025-10-09T08:59:0{n}.5Z \x1b[31mline {n}\x1b[0m \x1b]0;x\x07\n2025-10-09T08:59:1{n}Z other\n");
        piece(&mut bench, request, text.as_bytes());
    }
    bench.act(&[Action::LogInclude]);
    bench.text("line");
    bench.act(&[Action::Accept, Action::LogTimes]);
    let save = saves(bench.act(&[Action::LogSave])).remove(0);
    assert_eq!(save.name, "gift-billing-20251009-170030");
    let Saved::Shown(mut shown) = save.what else {
        panic!("{save:?}")
    };
    assert_eq!(
        text_of(&mut shown),
        "2025-10-09 16:59:00.500 000 line 0 ␛]0;x␇\n2025-10-09 16:59:01.500 001 line 1 ␛]0;x␇\n"
    );
    // One at a time, until it is done.
    assert_eq!(saves(bench.act(&[Action::LogSave])), []);
    let place = "/home/o/gift-billing-20251009-170030.log";
    let outcome = Outcome {
        progress: Progress {
            bytes: 78,
            done: 1,
            files: 1,
            cuts: 2,
        },
        place: place.into(),
        ..Outcome::default()
    };
    bench.send(Message::Saving(Saving::Ended(outcome)));
    let frame = bench.frame(160, 40);
    assert!(
        frame.contains(&format!("{place}, went on after 2 lost connections")),
        "{frame}"
    );
    assert_eq!(saves(bench.act(&[Action::LogSave])).len(), 1);
}

#[test]
fn what_is_shown_is_made_into_text_by_who_writes_it() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    let lines = |from: u64| -> String {
        let line = |n: u64| {
            format!(
                "2025-10-09T08:59:01Z line {n} {}\n",
                if n.is_multiple_of(100) { "odd" } else { "" }
            )
        };
        (from..from + 10_000).map(line).collect()
    };
    for part in 0..12 {
        piece(&mut bench, &request, lines(part * 10_000).as_bytes());
    }
    bench.act(&[Action::LogInclude]);
    bench.text("odd");
    bench.act(&[Action::Accept]);
    let is_decided = |bench: &Bench| bench.model.logs().unwrap().pane.matches().is_complete;
    assert!(!is_decided(&bench), "there is more than is decided over at once");
    let Saved::Shown(mut shown) = saves(bench.act(&[Action::LogSave])).remove(0).what else {
        panic!("nothing is saved")
    };
    assert!(!is_decided(&bench), "nor while the key was answered");
    // What comes and what is looked for after that changes nothing of it.
    piece(&mut bench, &request, lines(0).as_bytes());
    bench.act(&[Action::LogClear]);
    let text = text_of(&mut shown);
    assert_eq!(text.lines().count(), 1_200);
    assert!(text.lines().all(|line| line.ends_with("odd")));
}

#[test]
fn a_line_that_was_cut_is_saved_and_copied_with_what_is_missing() {
    let mut bench = Bench::fleet();
    let request = open(&mut bench, Action::ShowInstances, "billing-5f6d8-001").remove(0);
    let mut bytes = b"2025-10-09T09:00:01Z ".to_vec();
    bytes.extend(vec![b'x'; 10_000_000]);
    bytes.push(b'\n');
    piece(&mut bench, &request, &bytes);
    let missing = |text: &str| text.contains("xx … 9,") && text.trim_end().ends_with(" bytes more");
    let Saved::Shown(mut shown) = saves(bench.act(&[Action::LogSave])).remove(0).what else {
        panic!("nothing is saved")
    };
    assert!(missing(&text_of(&mut shown)), "saved");
    for (action, what) in [(Action::LogCopy, "copied"), (Action::CopyRow, "opened and copied")] {
        let Some(Effect::Copy(text)) = bench.act(&[action]).pop() else {
            panic!("nothing is {what}")
        };
        assert!(missing(&text), "{what}");
        bench.act(&[Action::LogOpen]);
    }
}

#[test]
fn whole_logs_are_asked_for_of_every_container_and_their_progress_is_told() {
    let mut bench = Bench::fleet();
    let requests = open(&mut bench, Action::ShowApps, "billing");
    piece(&mut bench, &requests[0], &answer(requests[0].ask, 3));
    let save = saves(bench.act(&[Action::LogSaveWhole])).remove(0);
    assert_eq!(save.name, "gift-billing-20251009-170030");
    let Saved::Whole(files) = save.what else {
        panic!("{save:?}")
    };
    assert_eq!(files.len(), requests.len());
    assert!(
        files
            .iter()
            .all(|(_, request)| request.ask == Ask::default() && !request.follow && !request.previous)
    );
    assert_eq!(files[0].0, "idc-bj-gift-billing-5f6d8-000-billing");
    bench.send(Message::Saving(Saving::Going(Progress {
        bytes: 12_300_000,
        done: 1,
        files: 4,
        cuts: 0,
    })));
    assert!(
        bench
            .frame(120, 40)
            .contains("saving 1 of 4 logs, 12.3 MB (S stops it)"),
        "{}",
        bench.frame(120, 40)
    );
    assert_eq!(bench.act(&[Action::LogSaveWhole]), [Effect::StopSaving]);
    let outcome = Outcome {
        progress: Progress {
            bytes: 12_400_000,
            done: 4,
            files: 4,
            cuts: 0,
        },
        place: "/tmp/gift-billing".into(),
        problems: Vec::new(),
        is_stopped: true,
    };
    bench.send(Message::Saving(Saving::Ended(outcome)));
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains("stopped") && frame.contains("/tmp/gift-billing") && frame.contains(".part"),
        "{frame}"
    );
    assert!(!frame.contains("saving 1 of 4"), "{frame}");
}

#[test]
fn the_whole_log_of_one_container_is_one_file_and_a_previous_one_says_so() {
    let mut bench = Bench::fleet();
    open(&mut bench, Action::ShowInstances, "billing-5f6d8-001");
    let save = saves(bench.act(&[Action::LogSaveWhole])).remove(0);
    assert_eq!(save.name, "idc-bj-gift-billing-5f6d8-001-billing-20251009-170030");
    assert!(matches!(&save.what, Saved::Whole(files) if files.len() == 1));
    // There is no run before to save.
    bench.send(Message::Saving(Saving::Ended(Outcome::default())));
    assert_eq!(saves(bench.act(&[Action::PreviousLogs, Action::LogSaveWhole])), []);
    assert!(
        bench.frame(120, 40).contains("no container here has a log"),
        "{}",
        bench.frame(120, 40)
    );
}

fn request(pod: &str) -> Request {
    Request {
        slot: Slot {
            cluster: ClusterId::new("test"),
            uid: Uid::Uuid(1),
            container: "app".into(),
        },
        pod: ObjectKey::new("gift", pod),
        number: 0,
        ask: Ask::default(),
        previous: false,
        follow: false,
        failures: 0,
    }
}

fn path(pod: &str) -> String {
    format!("/api/v1/namespaces/gift/pods/{pod}/log")
}

fn whole(pods: &[&str]) -> Save {
    Save {
        name: "gift".into(),
        what: Saved::Whole(pods.iter().map(|pod| ((*pod).to_owned(), request(pod))).collect()),
    }
}

/// Saves until it ends, and stops it once so many bytes are told of.
async fn save(cluster: &Cluster, folder: &Path, save: Save, stop_at: u64) -> Outcome {
    let (sender, mut messages) = mpsc::channel(16);
    let mut saver = Saver::new(folder.to_owned(), sender);
    saver.save(save, |_| Some(cluster.clone()));
    loop {
        let message = tokio::time::timeout(Duration::from_secs(30), messages.recv()).await;
        match message.unwrap().unwrap() {
            Message::Saving(Saving::Ended(outcome)) => return outcome,
            Message::Saving(Saving::Going(progress)) if progress.bytes >= stop_at => saver.stop(),
            _ => {}
        }
    }
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn logs_are_saved_byte_for_byte_and_what_fails_is_named() {
    let api = Api::with_pods(1);
    let (cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let bytes = b"2025-10-09T09:00:00Z \xff\x1b[2J raw\r\n\0";
    api.rule(move |asked| (asked.path == path("one")).then(|| Reply::Stream(vec![Bytes::from_static(bytes)], false)));
    api.rule(|asked| (asked.path == path("two")).then(|| Reply::status(403, &json!({"message": "no"}))));
    let folder = tempfile::tempdir().unwrap();
    let outcome = save(&cluster, folder.path(), whole(&["one"]), u64::MAX).await;
    assert_eq!(
        (&*outcome.problems, outcome.progress.bytes),
        (&[][..], bytes.len() as u64),
        "{outcome:?}"
    );
    assert_eq!(files(folder.path()), [("gift.log".to_owned(), bytes.to_vec())]);
    assert!(outcome.place.ends_with("/gift.log"), "{}", outcome.place);
    // Several are a folder; those that cannot be read are told and leave the others alone.
    let outcome = save(&cluster, folder.path(), whole(&["one", "two"]), u64::MAX).await;
    assert_eq!(
        files(Path::new(outcome.place.as_str())),
        [("one.log".to_owned(), bytes.to_vec())]
    );
    assert!(
        outcome.problems.len() == 1 && outcome.problems[0].starts_with("two/app: not allowed"),
        "{outcome:?}"
    );
    // Where nothing came, nothing is left.
    let outcome = save(&cluster, folder.path(), whole(&["two"]), u64::MAX).await;
    assert!(outcome.place.is_empty() && outcome.problems.len() == 1, "{outcome:?}");
    assert_eq!(files(folder.path()).len(), 1);
}

/// A simulated cluster with a container that prints numbered lines.
async fn printing() -> (Simulation, Cluster) {
    let (mut store, now) = (Store::new(7), chrono::Utc::now());
    let namespace = json!({"metadata": {"name": "gift"}, "status": {"phase": "Active"}});
    store.create(&NAMESPACES, namespace, now).unwrap();
    store.create(&NODES, json!({"metadata": {"name": "a"}}), now).unwrap();
    store.create(&PODS, instance("gift", "one"), now).unwrap();
    let simulation = Simulation::new(store);
    let flood = Odd::Flood { lines_per_second: 100 };
    simulation.faults().add(Fault::Logs(LogFault::Print(flood)));
    let server = simulation.clone();
    let target = Target::in_process(ClusterId::new("test"), move |request| {
        let server = server.clone();
        async move { server.answer(request).await }
    });
    let (cluster, mut observer) = watch_target(target);
    observer.until_synced().await;
    (simulation, cluster)
}

#[tokio::test]
async fn a_whole_log_that_is_cut_goes_on_where_it_was() {
    let (simulation, cluster) = printing().await;
    let cut = Fault::Logs(LogFault::Cut { seed: 1, most: 100_000 });
    simulation.faults().add_times(2, cut);
    let folder = tempfile::tempdir().unwrap();
    let outcome = save(&cluster, folder.path(), whole(&["one"]), u64::MAX).await;
    assert!(
        outcome.problems.is_empty() && outcome.place.ends_with("gift.log"),
        "{outcome:?}"
    );
    assert_eq!(outcome.progress.cuts, 2, "{outcome:?}");
    let cut = std::fs::read(outcome.place.as_str()).unwrap();
    assert_eq!(cut.len() as u64, outcome.progress.bytes);
    let outcome = save(&cluster, folder.path(), whole(&["one"]), u64::MAX).await;
    assert_eq!(outcome.progress.cuts, 0);
    let whole = std::fs::read(outcome.place.as_str()).unwrap();
    let lines = cut.split(|byte| *byte == b'\n').count();
    assert!(
        lines > 5_000 && whole.starts_with(&cut),
        "{lines} lines are not those of the server"
    );
}

#[tokio::test]
async fn a_log_that_does_not_go_on_where_it_was_stays_a_part() {
    let of_another_run = Bytes::from_static(b"2025-10-09T10:00:00Z of another run\n");
    for rest in [vec![of_another_run], Vec::new()] {
        let api = Api::with_pods(1);
        let (cluster, mut observer) = watch(&api);
        observer.until_synced().await;
        let mut asked_before = 0;
        api.rule(move |asked| {
            (asked.path == path("one")).then(|| {
                asked_before += 1;
                if asked_before == 1 {
                    Reply::Break(Bytes::from_static(b"2025-10-09T09:00:00Z one\n2025-10-09T09:00:01Z tw"))
                } else {
                    Reply::Stream(rest.clone(), false)
                }
            })
        });
        let folder = tempfile::tempdir().unwrap();
        let outcome = save(&cluster, folder.path(), whole(&["one"]), u64::MAX).await;
        assert_eq!(outcome.problems.len(), 1, "{outcome:?}");
        assert!(
            outcome.problems[0].contains("no longer has what came next"),
            "{outcome:?}"
        );
        let first = b"2025-10-09T09:00:00Z one\n".to_vec();
        assert_eq!(files(folder.path()), [("gift.log.part".to_owned(), first)]);
        let since = api.asked().last().unwrap().query.get("sinceTime").cloned();
        assert_eq!(since.as_deref(), Some("2025-10-09T08:59:59Z"));
    }
}

#[tokio::test]
async fn a_save_that_is_stopped_leaves_a_part_that_says_so() {
    let api = Api::with_pods(1);
    let (cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    api.rule(|asked| (asked.path == path("one")).then(|| Reply::Stream(vec![Bytes::from_static(b"begun\n")], true)));
    let folder = tempfile::tempdir().unwrap();
    let outcome = save(&cluster, folder.path(), whole(&["one"]), 1).await;
    assert!(outcome.is_stopped && outcome.problems.is_empty(), "{outcome:?}");
    assert_eq!(
        files(folder.path()),
        [("gift.log.part".to_owned(), b"begun\n".to_vec())]
    );
    assert!(outcome.place.ends_with("gift.log.part"), "{outcome:?}");
}
