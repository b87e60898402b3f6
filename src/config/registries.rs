//! What `config.toml` says of registries that images are pulled from.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A host of a registry as images name it: `registry.corp` or `registry.corp:5000`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegistryHost(pub String);

impl<'de> Deserialize<'de> for RegistryHost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        if text.is_empty() || !text.chars().all(is_plain) {
            return Err(Error::custom(
                "not a registry's host: write HOST or HOST:PORT, as images name it",
            ));
        }
        Ok(Self(text))
    }
}

/// How a registry is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrySection {
    /// Without TLS.
    pub plain_http: bool,
    /// A file with the authorities that may have signed its certificate; beside the configuration unless it says more.
    pub ca: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Config, Problem};
    use super::*;

    #[test]
    fn registries_are_sections_by_their_host() {
        let text = "[registries.\"r.corp:5000\"]\nplain_http = true\n[registries.\"r.corp\"]\nca = \"ca.pem\"\n";
        let (config, problems) = Config::parse(Path::new("config.toml"), text);
        assert_eq!(problems, Vec::new());
        let section = |host: &str| config.registries[&RegistryHost(host.into())].clone();
        assert!(section("r.corp:5000").plain_http && !section("r.corp").plain_http);
        assert_eq!(section("r.corp").ca.as_deref(), Some("ca.pem"));
    }

    #[test]
    fn a_mistake_leaves_tls_on_and_names_its_line() {
        let text = "[registries.\"http://r.corp\"]\nplain_http = true\n[registries.\"s.corp\"]\nplain_http = \"yes\"\nplain = true\n";
        let (config, problems) = Config::parse(Path::new("config.toml"), text);
        let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert_eq!(config.registries.len(), 1);
        assert!(!config.registries[&RegistryHost("s.corp".into())].plain_http);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with("config.toml:1: not a registry's host"), "{told:?}");
        assert!(told[1].starts_with("config.toml:4: "), "{told:?}");
        assert!(told[2].starts_with("config.toml:5: unknown field 'plain'"), "{told:?}");
    }
}
