//! `pilothouse doctor` on clusters that are well, and on clusters with everything wrong that a login can have.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use pilothouse::cli::{self, Environment};
use pilothouse::runtime::Exit;
use pilothouse::sim::fault::{Body, Fault, Pattern};
use pilothouse::sim::resource::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, EVENTS, NAMESPACES, ROLE_BINDINGS, ROLES};
use pilothouse::sim::store::Store;
use pilothouse::sim::{Identity, Simulation};
use serde_json::{Value, json};

use crate::support::served::Served;

fn with(fault: Fault) -> Simulation {
    let simulation = Simulation::new(Store::new(1));
    simulation.faults().add(fault);
    simulation
}

fn nobody() -> Simulation {
    let simulation = Simulation::new(Store::new(1));
    simulation.set_identity(Identity {
        user: "nobody".into(),
        groups: Vec::new(),
    });
    simulation
}

fn refusing(code: u16) -> Fault {
    Fault::Reply {
        to: Pattern::any(),
        code,
        retry_after: None,
        body: Body::Status,
    }
}

fn clusters() -> Vec<(String, Simulation)> {
    [
        ("well", Simulation::new(Store::new(1))),
        ("login", with(refusing(401))),
        ("forbidden", with(refusing(403))),
        ("dead", with(Fault::Refuse)),
        ("silent", with(Fault::BlackHole)),
        ("busy", with(refusing(503))),
        ("nobody", nobody()),
        (
            "ahead",
            Simulation::manual(Store::new(1), Utc::now() + TimeDelta::hours(1)),
        ),
        (
            "behind",
            Simulation::manual(Store::new(1), Utc::now() - TimeDelta::minutes(10)),
        ),
    ]
    .map(|(name, simulation)| (name.to_owned(), simulation))
    .into()
}

/// Runs it on these contexts; what it printed and how it ended.
fn doctor(served: &Served, arguments: &[&str]) -> (String, Exit) {
    let config = served.folder.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let words = [&["pilothouse", "doctor"], arguments, &["--config"]].concat();
    let words = words.into_iter().map(OsString::from);
    let files = [config.into(), "--kubeconfig".into(), served.kubeconfig().into()];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = cli::run(words.chain(files), &Environment::default(), &mut out, &mut err);
    assert!(err.is_empty(), "{}", String::from_utf8_lossy(&err));
    (String::from_utf8(out).unwrap(), exit)
}

#[test]
fn each_trouble_is_told_with_what_to_do_and_none_delays_another() {
    let served = Served::start(clusters);
    let begun = Instant::now();
    let (printed, exit) = doctor(&served, &["--all-contexts"]);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(exit, Exit(Exit::FAILED));
    let of = |context: &str| {
        let (_, after) = printed
            .split_once(&format!("\n{context} (context {context})\n"))
            .unwrap();
        after.split_once("\n\n").map_or(after, |(own, _)| own).to_owned()
    };
    for (context, said) in [
        (
            "well",
            &["● reachable", "● version v1.36", "● you are admin", "● clocks agree"][..],
        ),
        ("login", &["✖ login refused: ", "log in again"]),
        ("forbidden", &["✖ ", "\n    "]),
        (
            "nobody",
            &["✖ login refused: you may not list anything", "ask for the right"],
        ),
        ("dead", &["✖ not reachable: ", "check the address"]),
        ("silent", &["✖ ", "check the address"]),
        (
            "busy",
            &[
                "✖ no usable answer from http://",
                ": server error 503",
                "/readyz?verbose",
            ],
        ),
        ("ahead", &["s ahead of ours", "set this machine's clock"]),
        ("behind", &["s behind ours", "set this machine's clock"]),
    ] {
        let own = of(context);
        for said in said {
            assert!(own.contains(said), "{context}: '{said}' is not in\n{own}");
        }
    }
    assert!(!of("well").contains('✖'), "{}", of("well"));
}

#[test]
fn it_exits_with_0_when_all_is_well_and_scripts_can_read_it() {
    let served = Served::start(|| vec![("well".to_owned(), Simulation::new(Store::new(1)))]);
    let (printed, exit) = doctor(&served, &["-o", "json"]);
    assert_eq!(exit, Exit(Exit::DONE), "{printed}");
    let document: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(document["configuration"], Value::Array(Vec::new()));
    let item = &document["items"][0];
    assert_eq!(
        (&item["cluster"], &item["context"], &item["link"]),
        (&"well".into(), &"well".into(), &"live".into())
    );
    assert_eq!((&item["user"], &item["healthy"]), (&"admin".into(), &true.into()));
    assert!(item["clockSkewSeconds"].as_i64().is_some_and(|skew| skew.abs() <= 2));
    let findings = item["findings"].as_array().unwrap();
    let is_of_figures = |finding: &&Value| finding["what"].as_str().unwrap().starts_with("figures: ");
    assert_eq!(
        findings.iter().filter(is_of_figures).count(),
        3,
        "every source is told of"
    );
    assert!(
        findings
            .iter()
            .filter(|finding| !is_of_figures(finding))
            .all(|finding| finding["state"] == "good" && finding["hint"].is_null())
    );
    assert!(
        findings
            .iter()
            .any(|finding| finding["what"] == "you may watch pods in all namespaces")
    );
}

/// A cluster in which `ann` may see pods and events of the namespace `gift` alone.
fn one_namespace() -> Simulation {
    let now = Utc::now();
    let mut store = Store::new(1);
    let objects = [
        (&NAMESPACES, json!({"metadata": {"name": "gift"}})),
        (
            &ROLES,
            json!({"metadata": {"name": "look", "namespace": "gift"},
                "rules": [{"apiGroups": ["", "apps"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]}),
        ),
        (
            &ROLE_BINDINGS,
            json!({"metadata": {"name": "ann-looks", "namespace": "gift"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "look"},
                "subjects": [{"kind": "User", "name": "ann", "apiGroup": "rbac.authorization.k8s.io"}]}),
        ),
        (
            &CLUSTER_ROLES,
            json!({"metadata": {"name": "names"},
                "rules": [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]}]}),
        ),
        (
            &CLUSTER_ROLE_BINDINGS,
            json!({"metadata": {"name": "ann-names"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "names"},
                "subjects": [{"kind": "User", "name": "ann", "apiGroup": "rbac.authorization.k8s.io"}]}),
        ),
        (
            &EVENTS,
            json!({"metadata": {"name": "told", "namespace": "gift"}, "reason": "Told", "message": "here",
                "involvedObject": {"kind": "Pod", "namespace": "gift", "name": "p"}}),
        ),
    ];
    for (resource, object) in objects {
        store.create(resource, object, now).unwrap();
    }
    let simulation = Simulation::new(store);
    simulation.set_identity(Identity::user("ann"));
    simulation
}

#[test]
fn who_may_see_one_namespace_is_told_of_that_one() {
    let served = Served::start(|| vec![("one".to_owned(), one_namespace())]);
    let (printed, _) = doctor(&served, &[]);
    assert!(printed.contains("● you may list pods in gift"), "{printed}");
    assert!(!printed.contains("you may not list pods"), "{printed}");
    let config = served.folder.path().join("config.toml");
    let words = ["pilothouse", "get", "events", "-o", "json", "--config"].map(OsString::from);
    let files = [config.into(), "--kubeconfig".into(), served.kubeconfig().into()];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = cli::run(
        words.into_iter().chain(files),
        &Environment::default(),
        &mut out,
        &mut err,
    );
    let printed = String::from_utf8(out).unwrap();
    assert!(printed.contains("\"Told\""), "{printed}");
    assert_eq!((String::from_utf8(err).unwrap().as_str(), exit), ("", Exit(Exit::DONE)));
}
