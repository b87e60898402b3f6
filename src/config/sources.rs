//! What `config.toml` says of where the source of apps is, and of the hosts that have it.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::build::forge::Forge;
use crate::build::source::Address;
use crate::domain::{Clean, Source};

/// What an app is built from, where its workload does not say it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AppSection {
    /// The address of its git repository.
    #[serde(deserialize_with = "address")]
    pub repo: Option<String>,
    pub branch: Option<String>,
    pub builder: Option<String>,
    pub image: Option<String>,
    pub compiler: Option<String>,
}

impl From<&AppSection> for Source {
    fn from(section: &AppSection) -> Self {
        let said = |text: &Option<String>| text.as_deref().map(Clean::new);
        Self {
            repo: said(&section.repo),
            branch: said(&section.branch),
            builder: said(&section.builder),
            image: said(&section.image),
            compiler: said(&section.compiler),
        }
    }
}

/// How a host of repositories is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForgeSection {
    /// Its REST interface is asked in place of git.
    pub kind: Option<Forge>,
    /// Without TLS.
    pub plain_http: bool,
    /// A file with the authorities that may have signed its certificate; beside the configuration unless it says more.
    pub ca: Option<String>,
    /// The variable of the environment that has the token for it.
    pub token_env: Option<String>,
    /// The program that prints the token for it, with its arguments; it goes before the variable.
    pub token_command: Vec<String>,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    // Not the text: it may hold a password.
    Address::parse(&text)
        .map_err(|error| D::Error::custom(format!("{error}, {}", error.hint())))
        .map(|_| Some(text))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Config, Problem};
    use super::*;

    #[test]
    fn apps_say_what_they_are_built_from() {
        let text = "[apps.\"gift/live\"]\nrepo = \"git.corp/gift/live\"\nbranch = \"trunk\"\n[apps.pay]\nimage = \"r.corp/pay\"\n[forges.\"git.corp\"]\nplain_http = true\nkind = \"forgejo\"\ntoken_env = \"CORP_TOKEN\"\n";
        let (config, problems) = Config::parse(Path::new("config.toml"), text);
        assert_eq!(problems, Vec::new());
        let source = Source::from(&config.apps["gift/live"]);
        assert_eq!(
            (source.repo.as_deref(), source.branch.as_deref()),
            (Some("git.corp/gift/live"), Some("trunk"))
        );
        assert_eq!(source.builder, None);
        let forge = &config.forges["git.corp"];
        assert_eq!((forge.plain_http, forge.kind), (true, Some(Forge::Gitea)));
        assert_eq!(forge.token_env.as_deref(), Some("CORP_TOKEN"));
    }

    #[test]
    fn an_address_that_git_is_not_told_costs_its_line_and_is_not_repeated() {
        let text = "[apps.pay]\nrepo = \"https://me:s3cret@git.corp/x\"\nimage = \"r.corp/pay\"\n";
        let (config, problems) = Config::parse(Path::new("config.toml"), text);
        assert_eq!(config.apps["pay"].image.as_deref(), Some("r.corp/pay"));
        assert_eq!(config.apps["pay"].repo, None);
        let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert!(
            told[0].starts_with("config.toml:2: the repository's address holds a password"),
            "{told:?}"
        );
        assert!(!told[0].contains("s3cret"), "{told:?}");
    }
}
