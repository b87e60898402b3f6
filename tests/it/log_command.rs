//! `pilothouse logs` on served clusters: what is printed, what is said beside it, how it ends.

use std::process::{Command, Stdio};

use pilothouse::runtime::Exit;
use pilothouse::sim::fault::{Fault, LogFault, Odd, Pattern};
use serde_json::{Value, json};

use crate::support::logs::Cluster;

#[test]
fn the_lines_of_an_app_are_printed_by_time_in_each_format() {
    let cluster = Cluster::start(&["web-aaa", "web-bbb", "web-ccc"]);
    let (exit, json, said) = cluster.read(&["web", "--no-follow", "-o", "json", "--tail", "7"], false);
    assert_eq!((exit, said.as_str()), (0, ""));
    let items: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // What is written while it is asked for comes too.
    for instance in ["web-aaa", "web-bbb", "web-ccc"] {
        let own = items.iter().filter(|item| item["instance"] == instance);
        assert!((7..=9).contains(&own.count()), "{json}");
    }
    for item in &items {
        let fields: Vec<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
        let mut wanted = [
            "cluster",
            "namespace",
            "app",
            "instance",
            "container",
            "time",
            "level",
            "message",
            "previous",
        ];
        wanted.sort_unstable();
        assert_eq!(fields, wanted);
        assert_eq!((&item["cluster"], &item["app"]), (&json!("harbor"), &json!("web")));
        assert!(item["level"].is_string() || item["message"].as_str().unwrap().contains(' '));
    }
    let times: Vec<&str> = items.iter().map(|item| item["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    let (exit, plain, _) = cluster.read(&["pod/web-aaa", "pod/web-bbb", "--no-follow", "--tail", "2"], false);
    assert_eq!(exit, 0);
    let names: Vec<&str> = plain.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert!((4..=6).contains(&names.len()), "{plain}");
    assert!(names.iter().all(|name| ["aaa", "bbb"].contains(name)), "{names:?}");
    let arguments = [
        "-l",
        "pod in (web-ccc)",
        "--no-follow",
        "--tail",
        "1",
        "-o",
        "raw",
        "--timestamps",
        "utc",
    ];
    let (_, raw, _) = cluster.read(&arguments, false);
    let (time, text) = raw.split_once(' ').unwrap();
    assert!(time.parse::<chrono::DateTime<chrono::Utc>>().is_ok(), "{raw}");
    assert!(!text.contains("ccc"), "{raw}");
}

#[test]
fn lines_are_chosen_by_what_is_in_them() {
    let cluster = Cluster::start(&["web-aaa"]);
    let (_, all, _) = cluster.read(&["web", "--no-follow", "-o", "raw"], false);
    let first: Vec<&str> = all.lines().take(100).collect();
    assert!(first.iter().any(|line| line.contains("INFO")) && first.iter().any(|line| !line.contains("INFO")));
    let arguments = [
        "web",
        "--no-follow",
        "-o",
        "raw",
        "-i",
        "INFO",
        "-e",
        "handled",
        "-e",
        "session",
    ];
    let (_, some, _) = cluster.read(&arguments, false);
    let chosen = |line: &&&str| line.contains("INFO") && !line.contains("handled") && !line.contains("session");
    let wanted: Vec<&str> = first.iter().filter(chosen).copied().collect();
    assert!(
        !wanted.is_empty() && some.lines().take(wanted.len()).eq(wanted.iter().copied()),
        "{some}"
    );
}

#[test]
fn a_terminal_never_gets_what_a_container_wrote_but_a_file_does() {
    let cluster = Cluster::start(&["web-aaa"]);
    cluster.fault(LogFault::Print(Odd::Escapes));
    for format in ["default", "raw", "json"] {
        let arguments = ["web", "--no-follow", "-o", format, "--no-color"];
        let (_, shown, _) = cluster.read(&arguments, true);
        let is_odd = |c: &char| c.is_control() && *c != '\n';
        assert_eq!(shown.chars().find(is_odd), None, "{format}");
        assert!(!shown.contains('\u{202e}') && shown.contains("reversed"), "{format}");
    }
    let (_, raw, _) = cluster.read(&["web", "--no-follow", "-o", "raw"], false);
    assert!(raw.contains("\u{1b}[2J\u{1b}[Hgone") && raw.contains('\u{202e}'));
    assert!(raw.contains("a carriage return\r\n"), "its end too");
    let (_, json, _) = cluster.read(&["web", "--no-follow", "-o", "json"], false);
    let texts = json
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["message"].clone());
    assert!(texts.into_iter().any(|text| text.as_str().unwrap().contains('\u{1b}')));
    let (_, plain, _) = cluster.read(&["web", "--no-follow"], false);

    assert!(!plain.contains('\u{1b}') && !plain.contains("return␍"));
    let (_, coloured, _) = cluster.read(&["web", "--no-follow", "--tail", "1"], true);
    let uncoloured = coloured.replacen("\u{1b}[96m", "", 1).replacen("\u{1b}[0m", "", 1);
    assert!(uncoloured.starts_with("app ") && uncoloured != coloured && !uncoloured.contains('\u{1b}'));
}

#[test]
fn new_instances_join_and_a_pipe_that_is_closed_ends_it_quietly() {
    let cluster = Cluster::start(&["web-aaa"]);
    let running = cluster.logs(&["web", "--tail", "3"], false);
    running.out.until("lines", |text| text.lines().count() >= 3);
    cluster.create("web-bbb");
    running
        .err
        .until("a word", |text| text.contains("harbor/web-bbb/app: joined"));
    running
        .out
        .until("its lines", |text| text.lines().any(|line| line.starts_with("bbb ")));
    cluster.remove("web-bbb");
    running.err.until("its end", |text| {
        text.contains("harbor/web-bbb/app: the instance is gone")
    });
    let before = running.out.text().lines().count();
    running
        .out
        .until("the other goes on", |text| text.lines().count() > before);
    running.out.change(|inside| inside.is_closed = true);
    assert_eq!(running.thread.join().unwrap(), Exit(Exit::DONE));
    assert_eq!(running.err.text().lines().count(), 2, "{}", running.err.text());
}

#[test]
fn an_instance_that_is_gone_ends_what_follows_it_alone() {
    let cluster = Cluster::start(&["web-aaa", "web-bbb"]);
    let running = cluster.logs(&["po/web-aaa"], false);
    running.out.until("lines", |text| !text.is_empty());
    cluster.remove("web-aaa");
    assert_eq!(running.thread.join().unwrap(), Exit(Exit::DONE));
    assert!(
        running.err.text().contains("the instance is gone"),
        "{}",
        running.err.text()
    );
}

#[test]
fn a_log_that_is_refused_ends_it_with_the_right_that_is_missing() {
    let cluster = Cluster::start(&["web-aaa"]);
    let log = Pattern::plural("pods").subresource("log");
    cluster.simulation.faults().add(Fault::Forbid(log));
    for arguments in [
        &["pod/web-aaa"][..],
        &["web", "--no-follow"],
        &["pod/web-aaa", "--no-follow"],
        &["web"],
    ] {
        let (exit, out, said) = cluster.read(arguments, false);
        assert_eq!((exit, out.as_str()), (1, ""), "{arguments:?}");
        let words = "web-aaa/app: not given by the server: not allowed: the right `get pods/log` is missing";
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn what_is_not_there_is_said_with_what_is_near() {
    let cluster = Cluster::start(&["web-aaa"]);
    for (arguments, exit, words) in [
        (&["wob"][..], 1, "did you mean 'web'?"),
        (&["pod/web-aab"], 1, "did you mean 'web-aaa'?"),
        (&["deploy/web"], 1, "no instance belongs to 'deploy/web'"),
        (&["other/web"], 1, "no instance belongs to 'other/web'"),
        (&["-l", "app=other"], 1, "no instance has these labels"),
        (&["web", "-p"], 1, "there is no run before this one"),
        (
            &["web", "-c", "other"],
            1,
            "no container here is called 'other'\n  there are: app",
        ),
        (&["cronjob/web"], 1, "name one as job/NAME"),
        (&["svc/web"], 1, "-l with the labels"),
        (&["web", "--since-time", "yesterday"], 2, "14:32"),
        (&["web", "--tail", "x"], 2, "such as 500, or -1"),
        (&["web", "--since", "5x"], 2, "1h30m"),
        (&["web", "-i", "a(b"], 2, "unclosed group"),
        (&[], 2, "required"),
    ] {
        let (found, out, said) = cluster.read(&[arguments, &["--no-follow"]].concat(), false);
        assert_eq!((found, out.as_str()), (exit, ""), "{arguments:?}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn more_than_fifty_logs_are_read_in_turns() {
    let names: Vec<String> = (0..60).map(|n| format!("web-{n:02}x")).collect();
    let cluster = Cluster::start(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let (exit, out, said) = cluster.read(&["web", "--no-follow", "--tail", "2", "-o", "json"], false);
    assert_eq!(exit, 0, "{said}");
    for name in names {
        let own = out.matches(&format!("\"instance\":\"{name}\"")).count();
        assert!((2..=4).contains(&own), "{name}: {own}");
    }
    assert!(said.contains("10 more containers wait"), "{said}");
}

#[test]
fn f53_where_few_files_may_be_open_fewer_logs_are_read_at_a_time_and_everything_else_goes_on() {
    let names: Vec<String> = (0..50).map(|n| format!("web-{n:02}x")).collect();
    let pods: Vec<&str> = names.iter().map(String::as_str).collect();
    let cluster = Cluster::served_as(&["a", "b", "c", "d"], &pods);
    let run = |limits: &str| {
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("{limits} && exec \"$0\" \"$@\""))
            .arg(env!("CARGO_BIN_EXE_pilothouse"))
            .args([
                "--all-contexts",
                "logs",
                "web",
                "--no-follow",
                "--tail",
                "1",
                "-o",
                "json",
            ])
            .env("KUBECONFIG", cluster.served.kubeconfig())
            .env("HOME", cluster.served.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{limits}: {said}");
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = |name: &str, of: &str| {
            let wanted =
                format!("{{\"cluster\":\"{of}\",\"namespace\":\"shop\",\"app\":\"web\",\"instance\":\"{name}\"");
            out.lines().any(|line| line.starts_with(&wanted))
        };
        assert!(
            names
                .iter()
                .all(|name| ["a", "b", "c", "d"].iter().all(|of| line(name, of))),
            "{limits}: {said}"
        );
        said
    };
    let said = run("ulimit -n 256");
    assert!(
        said.contains("120 more containers wait: 20 of a cluster") && said.contains("ulimit -n"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "nothing lacked a file: {said}");
    assert_eq!(run("ulimit -Sn 64"), "", "the soft limit is raised");
}

#[test]
fn who_prints_nothing_says_why() {
    let cluster = Cluster::start(&["web-aaa"]);
    for (arguments, why) in [
        (&["-i", "nothing is like this"][..], "the filters leave out all "),
        (&["--tail", "0"], "--tail 0 asks for none"),
    ] {
        let (exit, out, said) = cluster.read(&[&["web", "--no-follow"], arguments].concat(), false);
        assert_eq!((exit, out.as_str()), (0, ""), "{said}");
        assert!(said.contains(why) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn f28_cuts_lose_and_repeat_nothing_and_are_told() {
    let cluster = Cluster::start(&["web-aaa"]);
    cluster.fault(LogFault::Print(Odd::Flood { lines_per_second: 50 }));
    cluster.fault(LogFault::Cut { seed: 3, most: 20_000 });
    let running = cluster.logs(&["web", "--tail", "100", "-o", "raw"], false);
    running
        .err
        .until("cuts", |text| text.matches("connection lost").count() >= 3);
    cluster.simulation.faults().clear();
    cluster.fault(LogFault::Print(Odd::Flood { lines_per_second: 50 }));
    let so_far = running.out.text().lines().count();
    running.out.until("more", |text| text.lines().count() > so_far + 10);
    running.out.change(|inside| inside.is_closed = true);
    running.thread.join().unwrap();
    are_consecutive(&running.out.text());
}

#[test]
fn while_nobody_takes_what_is_printed_nothing_is_lost() {
    let cluster = Cluster::start(&["web-aaa"]);
    cluster.fault(LogFault::Print(Odd::Flood {
        lines_per_second: 20_000,
    }));
    let running = cluster.logs(&["web", "--tail", "1", "-o", "raw"], false);
    running.out.change(|inside| inside.room = Some(1_000_000));
    running.out.until("it is full", |text| text.len() >= 1_000_000);
    running.out.change(|inside| inside.room = None);
    let full = running.out.text().lines().count();
    running
        .out
        .until("it goes on", |text| text.lines().count() > full + 50_000);
    running.out.change(|inside| inside.is_closed = true);
    running.thread.join().unwrap();
    are_consecutive(&running.out.text());
}

/// Numbered lines, each one more than the one before it.
fn are_consecutive(text: &str) {
    let number = |line: &str| {
        let digits: String = line
            .chars()
            .skip_while(|c| !c.is_ascii_digit())
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse::<u64>().unwrap()
    };
    let whole = text.rsplit_once('\n').unwrap().0;
    let numbers: Vec<u64> = whole.lines().map(number).collect();
    let breaks: Vec<_> = numbers
        .windows(2)
        .filter(|pair| pair[1] != pair[0] + 1)
        .take(5)
        .collect();
    assert!(
        breaks.is_empty() && numbers.len() > 150,
        "{breaks:?} of {}",
        numbers.len()
    );
}
