//! The roles that the program prints, in force on a simulated cluster.

use clap::Parser;
use pilothouse::cli::args::{Args, Command};
use pilothouse::cli::rbac;
use pilothouse::domain::rights::Role;
use pilothouse::sim::{Identity, Simulation};
use serde::Deserialize;
use serde_json::Value;

/// What `pilothouse rbac ROLE …` prints.
pub(crate) fn printed(role: Role, options: &[&str]) -> String {
    let words = [&["pilothouse", "rbac", role.name()], options].concat();
    let args = Args::try_parse_from(words).unwrap();
    let Some(Command::Rbac(asked)) = &args.command else {
        panic!("{options:?}");
    };
    rbac::yaml(asked, &args.namespace)
}

/// Its documents.
pub(crate) fn documents(role: Role, options: &[&str]) -> Vec<Value> {
    let text = printed(role, options);
    let documents = serde_yaml_ng::Deserializer::from_str(&text).map(|document| Value::deserialize(document).unwrap());
    documents.filter(|document| !document.is_null()).collect()
}

/// Gives a user a role as it is printed.
pub(crate) async fn give(simulation: &Simulation, user: &str, role: Role, options: &[&str]) {
    for document in documents(role, &[options, &["--user", user]].concat()) {
        let plural = format!("{}s", document["kind"].as_str().unwrap().to_lowercase());
        let place = document["metadata"]["namespace"].as_str();
        let place = place.map_or_else(String::new, |namespace| format!("namespaces/{namespace}/"));
        let request = http::Request::post(format!("/apis/rbac.authorization.k8s.io/v1/{place}{plural}"))
            .header("content-type", "application/json")
            .body(document.to_string().into());
        let answer = simulation.handle(request.unwrap()).await;
        assert_eq!(answer.status(), 201, "{document}");
    }
}

/// All that is asked from now on is asked by a user who has this role.
pub(crate) async fn act_as(simulation: &Simulation, role: Role, options: &[&str]) {
    give(simulation, role.name(), role, options).await;
    simulation.set_identity(Identity::user(role.name()));
}
