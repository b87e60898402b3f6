//! What `config.toml` says of times in which nothing is released.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::domain::Timestamp;

/// A time in which nothing is released. What is wrong in it is left out, so that it freezes more, not less.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FreezeSection {
    /// Since ever, where nothing is said.
    #[serde(deserialize_with = "time")]
    pub from: Option<Timestamp>,
    /// For ever, where nothing is said.
    #[serde(deserialize_with = "time")]
    pub until: Option<Timestamp>,
    pub reason: String,
    /// Contexts of the kubeconfig, or aliases; none: all.
    pub clusters: Vec<String>,
    /// None: all.
    pub namespaces: Vec<String>,
}

/// A time with its zone, in quotes or as TOML writes it.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Toml(toml::value::Datetime),
        Text(String),
    }
    const HOW: &str = "not a time with its zone, such as 2026-12-01T00:00:00Z or 2026-12-01T08:00:00+08:00";
    let text = match Written::deserialize(deserializer).map_err(|_| D::Error::custom(HOW))? {
        Written::Toml(time) => time.to_string(),
        Written::Text(text) => text,
    };
    text.parse().map(Some).map_err(|_| D::Error::custom(HOW))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Config, Problem};

    #[test]
    fn a_freeze_is_of_the_clusters_it_names_by_context_or_alias() {
        let text = "[[freeze]]\nfrom = 2026-12-24T00:00:00Z\nuntil = \"2026-12-27T08:00:00+08:00\"\nreason = \"holidays\"\n\
                    [[freeze]]\nreason = \"audit\"\nclusters = [\"bj\"]\nnamespaces = [\"pay\"]\n\
                    [clusters.prod-bj]\nalias = \"bj\"\n";
        let (config, problems) = Config::parse(Path::new("config.toml"), text);
        assert_eq!(problems, Vec::new());
        let reasons =
            |context: &str| -> Vec<String> { config.freezes_in(context).map(|freeze| freeze.reason.clone()).collect() };
        assert_eq!(reasons("prod-bj"), ["holidays", "audit"]);
        assert_eq!(reasons("lab"), ["holidays"]);
        let until = config.freeze[0].until.unwrap();
        assert_eq!(
            until,
            "2026-12-27T00:00:00Z".parse::<crate::domain::Timestamp>().unwrap()
        );
    }

    #[test]
    fn a_mistake_freezes_more_and_takes_no_other_freeze_away() {
        let text = "[[freeze]]\nuntil = \"friday\"\nreason = \"sale\"\n\
                    [[freeze]]\nreason = \"audit\"\nclusters = \"bj\"\nuntl = 1\n";
        let (config, problems) = Config::parse(Path::new("config.toml"), text);
        let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert!(
            told[0].starts_with("config.toml:2: not a time with its zone"),
            "{told:?}"
        );
        assert_eq!(told.len(), 3, "{told:?}");
        let kept: Vec<_> = config
            .freezes_in("any")
            .map(|freeze| (freeze.reason.as_str(), freeze.until))
            .collect();
        assert_eq!(kept, [("sale", None), ("audit", None)]);
    }
}
