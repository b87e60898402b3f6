//! The registries that may be asked: the configuration's rules, and the logins that docker keeps for this person.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Environment;
use super::setup::Setup;
use crate::config::{Config, Paths, Problem};
use crate::registry::{Logins, Registries, Rules};

/// What begins every certificate in a file of them (RFC 7468).
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// The registries, by the configuration and docker's own.
pub fn of(setup: &Setup, environment: &Environment) -> Registries {
    let rules = setup.config.registries.iter().map(|(host, section)| {
        let ca = section.ca.as_deref().map(|file| setup.paths.beside_config(file));
        let rules = Rules {
            plain_http: section.plain_http,
            ca,
        };
        (host.0.clone(), rules)
    });
    let docker = docker_config(environment).and_then(|path| std::fs::read(path).ok());
    let own = docker.map(|text| Logins::parse(&text)).unwrap_or_default();
    Registries::new(rules.collect::<BTreeMap<_, _>>(), own)
}

/// `config.json` in the folder that `DOCKER_CONFIG` names, else in `~/.docker`.
fn docker_config(environment: &Environment) -> Option<PathBuf> {
    let named = environment
        .variable("DOCKER_CONFIG")
        .filter(|folder| !folder.is_empty());
    let folder = named.map(PathBuf::from).or_else(|| {
        let home = environment.variable("HOME").filter(|home| !home.is_empty())?;
        Some(Path::new(home).join(".docker"))
    });
    folder.map(|folder| folder.join("config.json"))
}

/// Files of authorities that are not there, or hold none.
pub(super) fn problems(config: &Config, paths: &Paths) -> Vec<Problem> {
    let named = config
        .registries
        .iter()
        .filter_map(|(host, section)| Some((host, section.ca.as_deref()?)));
    let wrong = named.filter_map(|(host, file)| {
        let path = paths.beside_config(file);
        let why = match std::fs::read_to_string(&path) {
            Ok(text) if text.contains(CERTIFICATE) => return None,
            Ok(_) => "it holds no certificate".to_owned(),
            Err(error) => format!("it cannot be read: {error}"),
        };
        let what = format!("ca of the registry {}: {}: {why}", host.0, path.display());
        Some(Problem::new(&paths.config, None, what, "a file of certificates as PEM"))
    });
    wrong.collect()
}
