//! The repositories that may be asked: by the person's own git, or those of the demo.

use std::sync::Arc;

use super::args::Args;
use super::setup::Setup;
use super::simulated::Fleet;
use crate::build::sources::Sources;
use crate::config::Config;
use crate::git::{Forges, Git, Host, Repositories, Token};
use crate::registry::Rules;

/// The repositories of the real world, or those of the demo's fleet.
pub fn of(args: &Args, setup: &Setup, fleet: &Fleet) -> Repositories {
    if args.demo {
        return Repositories::Simulated(Arc::new(fleet.clone()));
    }
    Repositories::Real(Git::new(setup.paths.repositories()), forges(setup))
}

/// The hosts that are asked by their REST interface.
fn forges(setup: &Setup) -> Forges {
    let sections = setup.config.forges.iter();
    let hosts = sections.filter_map(|(name, section)| {
        let token = match (section.token_command.as_slice(), &section.token_env) {
            ([], None) => Token::Nobody,
            ([], Some(variable)) => Token::Variable(variable.clone()),
            (words, _) => Token::Command(words.to_vec()),
        };
        let host = Host {
            forge: section.kind?,
            token,
            rules: Rules {
                plain_http: section.plain_http,
                ca: section.ca.as_deref().map(|file| setup.paths.beside_config(file)),
            },
        };
        Some((name.to_ascii_lowercase(), host))
    });
    Forges::new(hosts.collect())
}

/// What the configuration says of the source of apps.
pub fn sources(config: &Config) -> Sources {
    let plain = config.forges.iter().filter(|(_, forge)| forge.plain_http);
    Sources {
        apps: config
            .apps
            .iter()
            .map(|(app, section)| (app.clone(), section.into()))
            .collect(),
        plain_http: plain.map(|(host, _)| host.to_ascii_lowercase()).collect(),
    }
}
