//! What scripts read: the fields of `get -o json` stay.

use std::ffi::OsString;

use pilothouse::cli::{self, Environment};
use pilothouse::runtime::Exit;
use serde_json::Value;

/// Runs the program over the simulated fleet and reads what it prints.
fn get(what: &str, folder: &std::path::Path) -> Value {
    let config = folder.join("config.toml");
    std::fs::write(&config, "").unwrap();
    let arguments = ["pilothouse", "--demo", "get", what, "-o", "json", "--config"];
    let arguments = arguments.map(OsString::from).into_iter().chain([config.into()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = cli::run(arguments, &Environment::default(), &mut out, &mut err);
    assert_eq!(exit, Exit(Exit::DONE), "{}", String::from_utf8_lossy(&err));
    serde_json::from_slice(&out).unwrap()
}

fn fields(what: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let list = get(what, folder.path());
    let top: Vec<&String> = list.as_object().unwrap().keys().collect();
    assert_eq!(top, ["items"], "one object with items alone");
    let items = list["items"].as_array().unwrap();
    let names = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let first = names(&items[0]);
    assert!(
        items
            .iter()
            .all(|item| names(item).iter().all(|name| first.contains(name) || name == "labels"))
    );
    let mut first: Vec<String> = first.into_iter().filter(|name| name != "labels").collect();
    first.sort();
    first.join(" ")
}

#[test]
fn clusters_and_locations_keep_their_fields() {
    assert_eq!(
        fields("clusters"),
        "allocatable apps cluster headroom instances link locations name nodes nodesReady provider ready requested server version"
    );
    assert_eq!(
        fields("locations"),
        "allocatable cluster exclusive groups headroom instances location name nodes nodesReady provider ready requested"
    );
}

#[test]
fn apps_and_instances_keep_their_fields() {
    assert_eq!(
        fields("apps"),
        "cluster desired instances locations name namespace owner progress ready requested restarts trouble versions"
    );
    assert_eq!(
        fields("instances"),
        "app cluster created ip location name namespace node phase ready restarts status version"
    );
}

#[test]
fn nodes_keep_their_fields() {
    assert_eq!(
        fields("nodes"),
        "allocatable cluster cordoned created exclusive group headroom instances internalIp kubeletVersion location name podCidrs pressures provider requested status"
    );
}
