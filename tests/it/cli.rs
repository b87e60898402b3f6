//! The command line without a terminal: exit codes, sentences, and what scripts rely on.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use pilothouse::config::Config;

use crate::pty::PROGRAM;

/// Runs the program in a home of its own, away from any kubeconfig.
fn run(home: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("TERM", "xterm-256color")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_cannot_start_says_so_in_a_sentence_and_exits_with_2() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, said) in [
        (&[][..], "this is not a terminal"),
        (&["--demo"], "this is not a terminal"),
        (&["demo"], "this is not a terminal"),
        (
            &["get", "clusters", "--config", "/nowhere.toml"],
            "/nowhere.toml cannot be read",
        ),
        (&["--keymap", "nano", "config", "check"], "'nano' is not shipped"),
        (
            &["get", "clusters", "-l", "a=b"],
            "clusters have no labels to select by; apps, instances, nodes and releases have",
        ),
        (&["get", "locations", "-l", "a=b"], "locations have no labels"),
        (&["get", "events", "-l", "a=b"], "events have no labels"),
        (&["get", "nodes", "-l", "a in b"], "is not a label selector"),
        (&["get", "pots"], "invalid value 'pots'"),
        (&["--readonly", "--write"], "cannot be used with"),
        (&["--all-contexts", "doctor", "--context", "a"], "cannot be used with"),
        (&["--contxt", "a"], "a similar argument exists: '--context'"),
        (
            &["--demo", "get", "apps", "--context", "idc-bk"],
            "the demo has no cluster 'idc-bk'\n  did you mean 'idc-bj'?",
        ),
    ] {
        let error = refused(home.path(), arguments);
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
}

#[test]
fn a_kubeconfig_that_does_not_work_says_what_is_wrong_and_that_there_is_a_demo() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let prod = "{name: prod-bj, context: {cluster: c, user: u}}";
    let good = file(
        "good",
        &format!("current-context: prod-bj\ncontexts: [{prod}]\nclusters: []\n"),
    );
    let folder = home.path().to_str().unwrap();
    for (arguments, said) in [
        (
            &[][..],
            format!("no kubeconfig: '{folder}/.kube/config' does not exist"),
        ),
        (&["--kubeconfig", "/nope"], "there is no kubeconfig '/nope'".into()),
        (
            &["--kubeconfig", folder],
            format!("the kubeconfig '{folder}' is a folder"),
        ),
        (
            &["--kubeconfig", &file("empty", "")],
            "the kubeconfig has no contexts".into(),
        ),
        (
            &["--kubeconfig", &file("syntax", "a: [")],
            "cannot be used: line 2, column 1: not YAML".into(),
        ),
        (
            &["--kubeconfig", &file("text", "hello")],
            "line 1, column 1: not a kubeconfig".into(),
        ),
        (
            &["--kubeconfig", &good, "--context", "prod-bk"],
            "no context 'prod-bk' in the kubeconfig; did you mean 'prod-bj'?".into(),
        ),
        (
            &["--kubeconfig", &good, "--context", "teleport"],
            "no context 'teleport' in the kubeconfig; it knows 'prod-bj'".into(),
        ),
        (
            &["--kubeconfig", &good],
            "context 'prod-bj': its cluster 'c' is not in the kubeconfig".into(),
        ),
    ] {
        for command in [&["get", "clusters"][..], &["doctor"]] {
            let arguments = [command, arguments].concat();
            let error = refused(home.path(), &arguments);
            let [sentence, hint] = error.lines().collect::<Vec<_>>()[..] else {
                panic!("{arguments:?}: one sentence and one hint, not {error}");
            };
            assert!(sentence.contains(&said), "{arguments:?}: {error}");
            assert!(hint.contains("pilothouse --demo"), "{arguments:?}: {error}");
        }
    }
}

/// Runs what must exit with 2 and print nothing but an error; gives that.
fn refused(home: &Path, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert!(
        output.stdout.is_empty() && !error.contains('\u{1b}'),
        "{arguments:?}: {error}"
    );
    error
}

#[test]
fn options_before_and_after_the_command_add_up() {
    let home = tempfile::tempdir().unwrap();
    let arguments = [
        "--demo",
        "--context",
        "idc-bj",
        "get",
        "clusters",
        "-o",
        "name",
        "--context",
        "mixed-sh",
    ];
    let output = run(home.path(), &arguments);
    assert_eq!(text(&output.stdout), "idc-bj\nmixed-sh\n", "{}", text(&output.stderr));
}

#[test]
fn a_namespace_that_does_not_exist_is_told() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["--demo", "get", "apps", "-n", "gitf"];
    let output = run(home.path(), &arguments);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("there is no namespace 'gitf'\n  did you mean 'gift'?"),
        "{said}"
    );
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
}

#[test]
fn releases_and_the_doctor_print_the_fields_that_readme_lists() {
    let home = tempfile::tempdir().unwrap();
    let readme = include_str!("../../README.md");
    for (row, arguments) in [
        ("| releases", &["--demo", "get", "releases", "-o", "json"][..]),
        ("| doctor", &["--demo", "doctor", "-o", "json"]),
    ] {
        let output = run(home.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let item = printed["items"][0].as_object().unwrap();
        let line = readme.lines().find(|line| line.starts_with(row)).unwrap();
        let fields = line.rsplit_once(" | ").unwrap().1;
        let mut listed: Vec<&str> = fields.split('`').skip(1).step_by(2).collect();
        listed.extend(["cluster", "name"]);
        listed.sort_unstable();
        let mut keys: Vec<&str> = item.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, listed, "{row}");
    }
    // A table of what is in flight; by name, whatever its phase.
    let table = text(&run(home.path(), &["--demo", "get", "releases"]).stdout);
    assert!(table.starts_with("CLUSTER") && !table.contains(" stable "), "{table}");
    let new = table.lines().nth(1).unwrap().split_whitespace().nth(6).unwrap();
    assert_eq!(new.len(), 7, "a version as on the screens: {table}");
    let names = text(&run(home.path(), &["--demo", "get", "rel", "-o", "name"]).stdout);
    assert!(names.lines().all(|line| line.split('/').count() == 3), "{names}");
}

#[test]
fn the_small_commands_print_what_they_say() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, said) in [
        (&["version"][..], concat!("pilothouse ", env!("CARGO_PKG_VERSION"))),
        (&["--help"], "  128 + N  ended by signal N\n"),
        (&["man"], ".TH pilothouse 1"),
        (&["completions", "bash"], "_pilothouse()"),
        (&["completions", "zsh"], "#compdef pilothouse"),
        (&["completions", "fish"], "complete -c pilothouse"),
        (
            &["config", "check"],
            "config.toml: the defaults count, and nothing is wrong",
        ),
    ] {
        let output = run(home.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(
            text(&output.stdout).contains(said),
            "{arguments:?}: {}",
            text(&output.stdout)
        );
    }
}

#[test]
fn the_check_of_the_configuration_names_every_mistake() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config.toml");
    std::fs::write(home.path().join("mine.toml"), "[screen]\nx = \"explode\"\n").unwrap();
    std::fs::write(&path, "keymap = \"mine.toml\"\nthemes = \"dark\"\n").unwrap();
    let output = run(home.path(), &["config", "check", "--config", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(
        said.contains("config.toml:2: unknown field 'themes' (did you mean 'theme'?)"),
        "{said}"
    );
    assert!(said.contains("mine.toml:2: 'explode' is not an action"), "{said}");
}

#[test]
fn a_cluster_out_of_reach_costs_its_items_and_the_exit_code() {
    let home = tempfile::tempdir().unwrap();
    let kubeconfig = home.path().join("config.yaml");
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let document = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: dead\nclusters: [{{name: dead, cluster: {{server: 'http://{address}'}}}}]\n\
         users: [{{name: me, user: {{token: s3cr3t-token}}}}]\ncontexts: [{{name: dead, context: {{cluster: dead, user: me}}}}]\n"
    );
    std::fs::write(&kubeconfig, document).unwrap();
    let arguments = [
        "get",
        "clusters",
        "-o",
        "json",
        "--wait",
        "100ms",
        "--kubeconfig",
        kubeconfig.to_str().unwrap(),
    ];
    let output = run(home.path(), &arguments);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("dead:") && !text(&output.stderr).contains("s3cr3t"));
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let cluster = &printed["items"][0];
    assert_eq!(cluster["name"], "dead");
    for unknown in [
        "nodes",
        "apps",
        "instances",
        "ready",
        "allocatable",
        "requested",
        "headroom",
        "version",
    ] {
        assert!(
            cluster[unknown].is_null(),
            "{unknown} is unknown, not {}",
            cluster[unknown]
        );
    }
    let doctor = run(home.path(), &["doctor", "--kubeconfig", kubeconfig.to_str().unwrap()]);
    assert_eq!(doctor.status.code(), Some(1));
    assert!(
        text(&doctor.stdout).contains("not reachable"),
        "{}",
        text(&doctor.stdout)
    );
}

#[test]
fn files_it_writes_are_for_its_user_alone() {
    let mut terminal = crate::pty::Terminal::start(&["--demo"]);
    terminal.wait_for_text("fleet");
    terminal.type_bytes(b"q");
    terminal.wait_for_end();
    let state = terminal.home.path().join(".local/state/pilothouse");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for file in ["pilothouse.log", "activity.jsonl"] {
        assert_eq!(mode(&state.join(file)), 0o600, "{file}");
    }
    let activity = std::fs::read_to_string(state.join("activity.jsonl")).unwrap();
    assert!(
        activity.contains("\"did\":\"start\"") && activity.contains("\"did\":\"stop\""),
        "{activity}"
    );
}

#[test]
fn readme_shows_every_key_of_the_configuration() {
    let readme = include_str!("../../README.md");
    let blocks = readme.split("```toml\n");
    let mut shown = blocks.filter_map(|block| block.split("```").next());
    let shown = shown.find(|block| block.starts_with("keymap =")).unwrap();
    let parse = |text: &str| Config::parse(Path::new("config.toml"), text).1;
    assert_eq!(parse(shown), Vec::new());
    for wrong in ["zzz = 1\n", "[clusters.a]\nzzz = 1\n"] {
        let problems = parse(wrong);
        let keys: Vec<&str> = problems[0].hint.strip_prefix("one of ").unwrap().split(", ").collect();
        assert!(keys.len() > 5);
        for key in keys {
            assert!(shown.contains(key), "'{key}' is not in README");
        }
    }
}
