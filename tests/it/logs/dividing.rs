//! A release's old and new instances apart: one follow, two halves, one filter.

use insta::assert_snapshot;
use pilothouse::domain::container::ContainerState;
use pilothouse::domain::{Batch, Change, Clean, ClusterReport, Kind, Object, ObjectKey, Pod, Timestamp, Version};
use pilothouse::logs::run::End;
use pilothouse::logs::{Content, Pane, Place, Request, Which};
use pilothouse::message::{Action, Effect, Message};
use pilothouse::model::logs::Side;

use super::{ended, in_world, killed, open, piece, pod_of, reads, tick, with_container};
use crate::support::fleet;
use crate::support::screen::Bench;

const NEW: &str = "a1b2c";

/// The instances of an app that is rolled out, apart.
fn divided(bench: &mut Bench) -> (Vec<Request>, Vec<Request>) {
    bench.act(&[Action::ShowApps]);
    bench.filter("live-gift");
    let requests = reads(&bench.act(&[Action::DivideLogs]));
    let newest = |request: &Request| {
        let pod = pod_of(bench, request);
        bench
            .model
            .world()
            .cluster(&request.slot.cluster)
            .unwrap()
            .is_newest(&pod)
    };
    requests.into_iter().partition(|request| !newest(request))
}

/// A line so many seconds ago.
fn line(ago: i64, text: &str) -> String {
    let at: Timestamp = fleet::now() - chrono::TimeDelta::seconds(ago);
    format!("{} {text}\n", at.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true))
}

fn write(bench: &mut Bench, requests: &[Request], text: &str) {
    for request in requests {
        piece(bench, request, text.as_bytes());
    }
}

fn texts(pane: &Pane) -> Vec<String> {
    let rows = pane.from(Which::Shown, Place::default());
    let lines = rows.filter_map(|row| match row.content {
        Content::Line { text, .. } => Some(text.to_owned()),
        Content::Divider(_) => None,
    });
    lines.collect()
}

#[test]
fn lines_of_old_and_new_instances_go_to_their_halves_and_are_counted() {
    let mut bench = Bench::fleet();
    let (old, new) = divided(&mut bench);
    assert!(!old.is_empty() && !new.is_empty());
    let all: std::collections::BTreeSet<_> = old.iter().chain(&new).map(|request| &request.slot).collect();
    assert_eq!(all.len(), old.len() + new.len(), "each log is read once");
    write(&mut bench, &old, &line(10, "INFO fine"));
    let burst: String = (1..=30).map(|ago| line(ago, "ERROR no bank")).collect();
    write(&mut bench, &new[..1], &burst);
    // Minutes ago, and a stack trace is one error.
    write(
        &mut bench,
        &new[1..2],
        &(line(400, "ERROR once") + &line(400, "\tat com.example.Bank.ask(Bank.java:41)")),
    );
    let logs = bench.model.logs().unwrap();
    let (_, other) = logs.other().unwrap();
    assert_eq!(texts(&other.pane), vec!["INFO fine"; old.len()]);
    assert_eq!(texts(&logs.pane).len(), 32);
    let now = fleet::now().into();
    let errors = |side| logs.minutes(side, now).map(|count| count.unwrap().errors);
    let mut wanted = [0; 15];
    assert_eq!(errors(Side::Old), wanted);
    (wanted[14], wanted[8]) = (30, 1);
    assert_eq!(errors(Side::New), wanted);
    let frame = bench.frame(160, 40);
    assert!(
        frame.contains("30 errors/min, ") && frame.contains("  0 errors/min, 0.0 % in 15 min"),
        "{frame}"
    );
}

#[test]
fn of_minutes_that_nobody_read_nothing_is_told() {
    let mut bench = Bench::fleet();
    let (old, new) = divided(&mut bench);
    let now = fleet::now().into();
    let last = |bench: &Bench, side| bench.model.logs().unwrap().minutes(side, now)[14];
    let both = |bench: &Bench| [Side::Old, Side::New].map(|side| last(bench, side).map(|count| count.lines));
    assert_eq!(both(&bench), [None, None], "nothing was heard yet");
    write(&mut bench, &old, &line(600, "INFO fine"));
    assert_eq!(both(&bench), [Some(0), None], "old instances are silent");
    write(&mut bench, &new, &line(600, "INFO fine"));
    let mut again = Vec::new();
    for request in &old {
        again.extend(reads(&ended(&mut bench, request, End::Broken, "reset")));
    }
    assert_eq!(both(&bench), [None, Some(0)], "all old ones are cut off");
    ended(&mut bench, &again.remove(0), End::Refused, "no");
    assert_eq!(both(&bench), [None, Some(0)], "refused, or cut off");
    write(&mut bench, &again[..1], &line(600, "INFO fine"));
    assert_eq!(both(&bench), [Some(0), Some(0)]);
    bench.act(&[Action::LogPause]);
    while !bench.model.logs().unwrap().is_full() {
        write(&mut bench, &new[..1], &line(600, "INFO again and again").repeat(2_000));
    }
    assert_eq!(both(&bench), [None, None], "nothing is read while there is no room");
}

#[test]
fn what_is_looked_for_and_left_out_counts_for_both_and_a_pause_holds_both() {
    let mut bench = Bench::fleet();
    let (old, new) = divided(&mut bench);
    write(&mut bench, &old, &(line(9, "INFO one") + &line(8, "WARN two")));
    write(&mut bench, &new, &(line(9, "INFO three") + &line(8, "WARN four")));
    bench.act(&[Action::LogInclude]);
    bench.text("warn");
    bench.act(&[Action::Accept, Action::LogWrap]);
    let shown = |bench: &Bench| {
        let logs = bench.model.logs().unwrap();
        let (_, other) = logs.other().unwrap();
        (texts(&other.pane)[0].clone(), texts(&logs.pane)[0].clone())
    };
    assert_eq!(shown(&bench), ("WARN two".to_owned(), "WARN four".to_owned()));
    bench.act(&[Action::LogPause]);
    let stands = |bench: &Bench| {
        let logs = bench.model.logs().unwrap();
        let (_, other) = logs.other().unwrap();
        assert!(logs.look.wrap && other.look.wrap);
        (logs.look.still.is_some(), other.look.still.is_some())
    };
    assert_eq!(stands(&bench), (true, true));
    // The other half is moved over by itself.
    bench.act(&[Action::LogOther, Action::LogClear, Action::Top]);
    assert_eq!(bench.model.logs().unwrap().current_text().unwrap(), "INFO one");
    assert_eq!(shown(&bench).1, "INFO one");
    bench.act(&[Action::LogPause]);
    assert_eq!(stands(&bench), (false, false));
}

#[test]
fn who_comes_later_joins_the_half_of_its_version() {
    let mut bench = Bench::fleet();
    let (old, new) = divided(&mut bench);
    let before = bench.model.logs().unwrap().pane.counts().shown;
    for (uid, like) in [(4711, &new[0]), (4712, &old[0])] {
        let mut pod = pod_of(&bench, like);
        pod.key.name = Clean::from(format!("{}-{NEW}", pod.key.name));
        pod.uid = pilothouse::domain::Uid::Uuid(uid);
        in_world(&mut bench, pod);
    }
    let joined = reads(&tick(&mut bench, 1));
    assert_eq!(joined.len(), 2, "{joined:?}");
    let logs = bench.model.logs().unwrap();
    let (_, other) = logs.other().unwrap();
    assert_eq!(logs.pane.counts().shown, before + 1, "one is told to have joined");
    assert_eq!(other.pane.count(Which::All), 1);
}

/// Takes the release of an instance's workload back to the version of that instance, in every cluster.
fn abort(bench: &mut Bench, like: &Request) {
    let old = pod_of(bench, like);
    let key = ObjectKey::new("gift", "live-gift");
    let world = bench.model.world();
    let found = world.clusters().iter().filter_map(|cluster| {
        let mut aborted = (**cluster.workload(Kind::Deployment, &key)?).clone();
        aborted.version = old.version.clone();
        Some((cluster.id.clone(), aborted))
    });
    let found: Vec<_> = found.collect();
    assert!(!found.is_empty());
    for (cluster, workload) in found {
        bench.tell_deployment(cluster, workload);
    }
}

#[test]
fn halves_keep_the_versions_they_were_divided_by_when_the_release_moves_on() {
    let mut bench = Bench::fleet();
    let (old, new) = divided(&mut bench);
    let titles = |bench: &mut Bench| {
        let frame = bench.frame(200, 40);
        let title = frame.lines().find(|line| line.contains("▸ new")).unwrap();
        let words = title.split_whitespace().filter(|word| !word.contains("ines"));
        words
            .take_while(|word| *word != "ready")
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let before = titles(&mut bench);
    let versions = [&old[0], &new[0]].map(|request| pod_of(&bench, request).version.short().to_string());
    assert_ne!(versions[0], versions[1]);
    abort(&mut bench, &old[0]);
    let app = bench.model.logs().unwrap().follow.divided.clone().unwrap().app.clone();
    let (_, newest) = bench.model.world().sides_of(&app);
    assert_eq!(newest.version.short().to_string(), versions[0], "the release is back");
    assert_eq!(titles(&mut bench), before);
    let frame = bench.frame(200, 40);
    let title = frame.lines().find(|line| line.contains("▸ new")).unwrap();
    let places = versions.map(|version| title.find(&version).unwrap());
    assert!(places[0] < places[1], "{title}");
    // Who comes later joins the half of its version.
    let mut pod = pod_of(&bench, &old[0]);
    pod.key.name = Clean::from(format!("{}-later", pod.key.name));
    pod.uid = pilothouse::domain::Uid::Uuid(4711);
    in_world(&mut bench, pod);
    assert_eq!(reads(&tick(&mut bench, 1)).len(), 1);
    let logs = bench.model.logs().unwrap();
    assert_eq!(logs.other().unwrap().1.pane.count(Which::All), 1);
}

#[test]
fn a_half_with_a_version_that_is_neither_old_nor_new_says_so() {
    let mut bench = Bench::fleet();
    let (old, new) = divided(&mut bench);
    assert!(!bench.frame(200, 40).contains("and others"));
    for (uid, like, is_told) in [(4711, &new[0], false), (4712, &old[0], true)] {
        let mut pod = pod_of(&bench, like);
        pod.key.name = Clean::from(format!("{}-hotfix", pod.key.name));
        pod.uid = pilothouse::domain::Uid::Uuid(uid);
        if is_told {
            pod.version = Version::of_image("registry/gift:v9.9.9");
        }
        in_world(&mut bench, pod);
        let frame = bench.frame(200, 40);
        let version = pod_of(&bench, &old[0]).version;
        let told = format!(" old {} and others  ", version.short());
        assert_eq!(frame.contains(&told), is_told, "{frame}");
        assert_eq!(frame.matches("and others").count(), usize::from(is_told));
    }
}

/// An instance as it is now.
fn changed(bench: &mut Bench, like: &Request, pod: Pod) {
    let batch = Batch {
        kind: Kind::Pod,
        namespace: "".into(),
        generation: 1,
        changes: vec![Change::Upsert(Object::Pod(Box::new(pod)))],
        sweep: false,
    };
    bench.send(Message::Cluster(like.slot.cluster.clone(), ClusterReport::Batch(batch)));
}

#[test]
fn a_half_of_which_nothing_runs_says_what_it_waits_for() {
    let mut bench = Bench::fleet();
    let (old, new) = divided(&mut bench);
    write(&mut bench, &old, &line(10, "INFO fine"));
    write(&mut bench, &new, &line(200, "ERROR no bank"));
    for request in &new {
        let pod = with_container(pod_of(&bench, request), |container| {
            container.state = ContainerState::Waiting {
                reason: "CrashLoopBackOff".into(),
                message: "".into(),
            };
            container.last_exit = Some(killed());
        });
        let pod = Pod { ready: false, ..pod };
        changed(&mut bench, request, pod);
        ended(&mut bench, request, End::Closed, "");
    }
    for (width, told) in [
        (200, "waiting: CrashLoopBackOff, 100.0 % errors in 15 min ··"),
        (120, "waiting: CrashLoopBackOff ··"),
        (80, "waiting: CrashLoopBackOff, 100.0 % errors in 15 min"),
    ] {
        let frame = bench.frame(width, 40);
        let title = frame.lines().find(|line| line.contains("▸ new")).unwrap();
        let (_, title) = title.split_once("▸ new").unwrap();
        assert!(title.contains(told), "{title}");
        assert!(!title.contains("0 errors/min"), "{title}");
    }
    // One of them runs again and writes nothing: that is no line and no error.
    let pod = with_container(pod_of(&bench, &new[0]), |container| {
        container.state = ContainerState::Running { since: None };
        container.restarts += 1;
    });
    changed(&mut bench, &new[0], pod);
    let frame = bench.frame(200, 40);
    assert!(!frame.contains("waiting: "), "{frame}");
}

#[test]
fn both_shares_of_errors_fit_whatever_the_counts_are() {
    let mut bench = Bench::fleet();
    let (old, new) = divided(&mut bench);
    write(&mut bench, &old, &line(10, "ERROR no bank").repeat(100));
    write(&mut bench, &new, &line(10, "ERROR no bank").repeat(100));
    let frame = bench.frame(80, 24);
    for half in [" old ", " new "] {
        let title = frame
            .lines()
            .find(|line| line.contains(half) && line.contains("errors/min"));
        assert!(
            title.is_some_and(|title| title.contains(", 100.0 % in 15 min ")),
            "{frame}"
        );
    }
}

#[test]
fn of_logs_that_wait_for_a_place_both_halves_tell() {
    let mut bench = Bench::fleet();
    let (old, new) = divided(&mut bench);
    for (n, like) in [&old[0], &new[0]].into_iter().cycle().take(120).enumerate() {
        let mut pod = pod_of(&bench, like);
        pod.key.name = Clean::from(format!("{}-{n}", pod.key.name));
        pod.uid = pilothouse::domain::Uid::Uuid(20_000 + n as u128);
        changed(&mut bench, like, pod);
    }
    tick(&mut bench, 1);
    let logs = bench.model.logs().unwrap();
    let [(old_read, old_all), (new_read, new_all)] = [Side::Old, Side::New].map(|side| logs.part(Some(side)).unwrap());
    assert_eq!((old_all, new_all), (old.len() + 60, new.len() + 60));
    assert_eq!(logs.part(None), Some((old_read + new_read, old_all + new_all)));
    let frame = bench.frame(200, 50);
    for (read, all) in [(old_read, old_all), (new_read, new_all)] {
        assert!(
            read < all && frame.contains(&format!("  {read} of {all} logs")),
            "{frame}"
        );
    }
}

#[test]
fn open_logs_are_divided_and_put_together_again_and_what_has_one_version_is_not() {
    let mut bench = Bench::fleet();
    let together = open(&mut bench, Action::ShowApps, "live-gift");
    let effects = bench.act(&[Action::DivideLogs]);
    assert_eq!(reads(&effects).len(), together.len());
    assert!(bench.model.logs().unwrap().is_divided());
    bench.act(&[Action::DivideLogs]);
    assert!(!bench.model.logs().unwrap().is_divided());
    let left = bench.act(&[Action::Back]);
    assert!(left.iter().any(|effect| matches!(effect, Effect::LeaveLog(_))));
    bench.filter("billing");
    assert_eq!(reads(&bench.act(&[Action::DivideLogs])), []);
    assert!(bench.frame(120, 40).contains("run one version"));
}

#[test]
fn what_divided_logs_look_like() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut bench = Bench::fleet();
        let (old, new) = divided(&mut bench);
        for minute in (0..15).rev() {
            write(
                &mut bench,
                &old,
                &line(minute * 60 + 5, "INFO  BillingService - settled order 10"),
            );
            let errors: String = (0..(15 - minute))
                .map(|_| line(minute * 60 + 3, "ERROR Billing - no answer from the bank"))
                .collect();
            write(&mut bench, &new, &errors);
        }
        assert_snapshot!(format!("divided-{width}x{height}"), bench.frame(width, height));
    }
}
