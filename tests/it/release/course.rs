//! `pilothouse release` over several clusters, one of which does not answer.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Output};

use pilothouse::sim::Simulation;
use pilothouse::sim::fault::{Fault, Pattern, Verb};
use pilothouse::sim::store::Store;
use serde_json::Value;

use super::{DEPLOYMENT, app_on, send};
use crate::pty::PROGRAM;
use crate::support::served::Served;

/// Two clusters with the same app, and between them one that nobody listens for.
pub(super) struct Fleet {
    served: Served,
    clusters: Vec<(String, Simulation)>,
    runtime: tokio::runtime::Runtime,
}

impl Fleet {
    pub(super) fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let clusters: Vec<(String, Simulation)> = ["a", "c"]
            .into_iter()
            .map(|name| {
                let empty = {
                    let _guard = runtime.enter();
                    Simulation::new(Store::new(1)).with_controllers(1)
                };
                (name.to_owned(), runtime.block_on(app_on(empty)))
            })
            .collect();
        let served = Served::start(|| clusters.clone());
        let path = served.kubeconfig();
        let mut config: Value = serde_yaml_ng::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for list in ["clusters", "contexts"] {
            let all = config[list].as_array_mut().unwrap();
            let mut lost = all[0].clone();
            lost["name"] = "b".into();
            all.insert(1, lost);
        }
        config["contexts"][1]["context"]["cluster"] = "b".into();
        config["clusters"][1]["cluster"]["server"] = "http://127.0.0.1:1".into();
        std::fs::write(&path, config.to_string()).unwrap();
        Self {
            served,
            clusters,
            runtime,
        }
    }

    /// Takes a step; the exit code, and what is said.
    fn release(&self, arguments: &[&str]) -> (Option<i32>, String) {
        self.release_on(&["a", "b", "c"], arguments)
    }

    pub(super) fn release_on(&self, clusters: &[&str], arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(clusters, &[&["release"], arguments, &["gift/live", "--yes"]].concat());
        let said = [output.stderr, output.stdout].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Takes a step; what it prints for scripts, and of each workload what became of it.
    fn outcomes(&self, arguments: &[&str]) -> (Value, Vec<String>) {
        let (_, said) = self.release(&[arguments, &["-o", "json"]].concat());
        let begins = said.find("{\n").unwrap_or_else(|| panic!("{said}"));
        let printed: Value = serde_json::from_str(said.get(begins..).unwrap()).unwrap();
        let outcome = |item: &Value| {
            let text = |field: &str| item[field].as_str().unwrap_or("–").to_owned();
            format!(
                "{} {}: {}, {}",
                text("cluster"),
                text("name"),
                text("outcome"),
                text("why")
            )
        };
        let outcomes = printed["items"].as_array().unwrap().iter().map(outcome).collect();
        (printed, outcomes)
    }

    /// Lets a cluster answer otherwise.
    pub(super) fn forbid(&self, cluster: &str, fault: Fault) {
        let found = self.clusters.iter().find(|(name, _)| name == cluster);
        found.unwrap().1.faults().add(fault);
    }

    /// Does something to a cluster past the program.
    pub(super) fn with(&self, cluster: &str, act: &impl AsyncFn(&Simulation)) {
        let found = self.clusters.iter().find(|(name, _)| name == cluster);
        self.runtime.block_on(act(&found.unwrap().1));
    }

    /// How the app's releases stand, as JSON.
    pub(super) fn status(&self, clusters: &[&str]) -> String {
        let output = self.run(clusters, &["release", "status", "gift/live", "-o", "json"]);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the program on these clusters.
    pub(super) fn run(&self, clusters: &[&str], arguments: &[&str]) -> Output {
        self.command(clusters, arguments).output().unwrap()
    }

    fn command(&self, clusters: &[&str], arguments: &[&str]) -> Command {
        let home: &Path = self.served.folder.path();
        let mut command = Command::new(PROGRAM);
        command
            .arg("--kubeconfig")
            .arg(self.served.kubeconfig())
            .args(clusters.iter().flat_map(|cluster| ["--context", cluster]))
            .args(arguments)
            .env_clear()
            .env("HOME", home)
            .stdin(std::process::Stdio::null());
        command
    }

    /// The images that the clusters run, as their Deployments say.
    pub(super) fn images(&self) -> Vec<String> {
        let image = |(_, simulation): &(String, Simulation)| {
            let read = send(simulation, "GET", DEPLOYMENT, "application/json", &Value::Null);
            let (_, deployment) = self.runtime.block_on(read);
            let image = deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str();
            // No registry says that the tag names the same still: a way back is by digest where one is known.
            image.unwrap().split('@').next().unwrap().to_owned()
        };
        self.clusters.iter().map(image).collect()
    }
}

#[test]
fn a_new_version_stops_before_a_cluster_that_is_not_reached_and_a_way_back_goes_on_past_it() {
    let fleet = Fleet::start();
    let start = ["start", "--image", "live:v2", "--gray", "2"];
    let (code, said) = fleet.release(&[&start[..], &["--wait"]].concat());
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(fleet.images(), ["live:v2", "live:v1"], "{said}");
    assert!(said.contains("left: c: gift/live: it comes after b"), "{said}");
    assert!(said.contains("left: b: not reached ("), "{said}");
    let (code, said) = fleet.release(&start);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("a: gift/live: there already: gray, 2 of 2 ready"),
        "{said}"
    );
    assert!(!said.contains("written"), "{said}");
    let (code, said) = fleet.release(&["abort"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("c: gift/live: left out: no gray release is under way"),
        "{said}"
    );
    assert!(said.contains("a: gift/live: written"), "{said}");
    assert!(said.contains("left: b: not reached ("), "{said}");
    assert_eq!(fleet.images(), ["live:v1", "live:v1"], "{said}");
    let (code, said) = fleet.release(&["restart"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(!said.contains("c: gift/live: written"), "{said}");
    let (code, said) = fleet.release(&["pause"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("c: gift/live: written"),
        "what brings no version goes on: {said}"
    );
}

#[test]
fn a_way_back_goes_on_past_a_cluster_that_refuses_it() {
    let fleet = Fleet::start();
    for step in [
        &["start", "--image", "live:v2", "--gray", "2"][..],
        &["full"],
        &["offline"],
    ] {
        let (code, said) = fleet.release_on(&["c"], &[step, &["--wait"]].concat());
        assert_eq!(code, Some(0), "{said}");
    }
    assert_eq!(fleet.images(), ["live:v1", "live:v2"]);
    let (code, said) = fleet.release_on(&["a"], &["rollback"]);
    assert!(
        code == Some(1) && !said.contains("left out"),
        "alone it is refused: {said}"
    );
    let (code, said) = fleet.release_on(&["a", "c"], &["rollback"]);
    assert_eq!(code, Some(1), "{said}");
    let (first, rest) = said.split_once('\n').unwrap();
    assert!(first.starts_with("a: gift/live: left out: "), "{said}");
    assert!(
        rest.contains("c: gift/live: written") && rest.contains("left: a: gift/live: "),
        "{said}"
    );
    assert_eq!(fleet.images(), ["live:v1", "live:v1"], "{said}");
}

#[test]
fn a_way_back_goes_on_past_a_cluster_that_refuses_the_write_itself() {
    let fleet = Fleet::start();
    let both = ["a", "c"];
    let (code, said) = fleet.release_on(&both, &["start", "--image", "live:v2", "--gray", "2", "--wait"]);
    assert_eq!(code, Some(0), "{said}");
    fleet.forbid(
        "a",
        Fault::Forbid(Pattern::plural("deployments").verb(Verb::Patch).in_earnest()),
    );
    let (code, said) = fleet.release_on(&["a"], &["abort"]);
    assert!(
        code == Some(1) && !said.contains("left out"),
        "alone it is refused: {said}"
    );
    let (code, said) = fleet.release_on(&both, &["abort"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("a: gift/live: left out: "), "{said}");
    assert!(
        said.contains("c: gift/live: written") && said.contains("left: a: gift/live: "),
        "{said}"
    );
    assert_eq!(fleet.images(), ["live:v2", "live:v1"], "{said}");
}

#[test]
fn a_commit_alone_names_the_image_that_was_released_of_it() {
    let fleet = Fleet::start();
    let (_, said) = fleet.release(&[
        "start",
        "--image",
        "live:v2",
        "--commit",
        "c04d21b9f0",
        "--gray",
        "2",
        "--wait",
    ]);
    assert_eq!(fleet.images()[0], "live:v2", "{said}");
    let (_, said) = fleet.release(&["abort", "--wait"]);
    assert_eq!(fleet.images()[0], "live:v1", "{said}");
    let (code, said) = fleet.release(&["start", "--commit", "deadbee", "--gray", "2"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no image of commit deadbee is known"), "{said}");
    let (code, said) = fleet.release(&["start", "--commit", "main", "--gray", "2"]);
    assert_eq!(code, Some(2), "{said}");
    let (_, said) = fleet.release(&["start", "--commit", "C04D21B", "--gray", "2"]);
    assert_eq!(fleet.images()[0], "live:v2", "{said}");
}

#[test]
fn a_way_back_that_is_asked_for_again_goes_back_once() {
    let fleet = Fleet::start();
    let release = |arguments: &[&str]| {
        let (code, said) = fleet.release_on(&["a", "c"], arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
        said
    };
    for image in ["live:v2", "live:v3"] {
        release(&["start", "--image", image, "--gray", "2", "--wait"]);
        release(&["full", "--wait"]);
        release(&["offline", "--wait"]);
    }
    assert_eq!(fleet.images(), ["live:v3", "live:v3"]);
    let (code, said) = fleet.release_on(&["a"], &["rollback", "--wait"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(fleet.images(), ["live:v2", "live:v3"], "{said}");
    // What is left of it is taken up, and nobody goes back twice.
    let said = release(&["rollback", "--wait"]);
    assert!(
        said.contains("a: gift/live: there already: it went back from a newer version"),
        "{said}"
    );
    assert_eq!(fleet.images(), ["live:v2", "live:v2"], "{said}");
    release(&["rollback"]);
    assert_eq!(fleet.images(), ["live:v2", "live:v2"]);
    let said = release(&["rollback", "--to", "v2"]);
    assert!(
        said.contains("c: gift/live: there already: it runs this template already"),
        "{said}"
    );
    release(&["rollback", "--to", "v1", "--wait"]);
    assert_eq!(fleet.images(), ["live:v1", "live:v1"]);
}

#[test]
fn what_comes_after_a_release_that_fails_is_not_begun_however_often_it_is_asked_for() {
    let fleet = Fleet::start();
    let start = ["start", "--image", "live:missing", "--gray", "2", "--wait"];
    for _ in 0..2 {
        let (code, said) = fleet.release_on(&["a", "c"], &start);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("left: c: gift/live: not begun"), "{said}");
        assert_eq!(fleet.images(), ["live:missing", "live:v1"], "{said}");
    }
    let (code, said) = fleet.release_on(&["a", "c"], &["abort", "--wait"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(fleet.images(), ["live:v1", "live:v1"], "{said}");
}

#[test]
fn what_is_deleted_while_it_is_followed_ends_the_waiting() {
    let fleet = Fleet::start();
    let arguments = [
        "release",
        "start",
        "--image",
        "live:v2",
        "--gray",
        "2",
        "--wait",
        "gift/live",
        "--yes",
    ];
    let mut command = fleet.command(&["a"], &arguments);
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    while !said.contains("written") {
        assert_ne!(lines.read_line(&mut said).unwrap(), 0, "{said}");
    }
    let (_, simulation) = &fleet.clusters[0];
    let deleted = send(simulation, "DELETE", DEPLOYMENT, "application/json", &Value::Null);
    fleet.runtime.block_on(deleted);
    lines.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(4), "{said}");
    assert!(said.contains("somebody deleted it"), "{said}");
}

#[test]
fn scripts_are_told_what_became_of_each_workload() {
    let fleet = Fleet::start();
    let start = ["start", "--image", "live:v2", "--gray", "2"];
    let (printed, outcomes) = fleet.outcomes(&start);
    assert_eq!(outcomes, ["a live: written, –", "c live: left, it comes after b"]);
    assert_eq!(printed["unreached"][0]["cluster"], "b");
    assert_eq!(printed["items"][0]["written"], true);
    let (_, said) = fleet.release_on(&["a"], &[&start[..], &["--wait"]].concat());
    let (_, outcomes) = fleet.outcomes(&start);
    assert_eq!(
        outcomes,
        ["a live: there, gray, 2 of 2 ready", "c live: left, it comes after b"],
        "{said}"
    );
    let (_, outcomes) = fleet.outcomes(&["abort"]);
    assert_eq!(
        outcomes,
        ["a live: written, –", "c live: left, no gray release is under way"]
    );
}
