//! What `config.toml` says of figures: their source, what they may cost, from when they stand out.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::metrics::Thresholds;
use crate::metrics::source::{Choice, Source};

/// Where figures of containers come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetricsSource {
    #[default]
    Auto,
    Prometheus,
    Cadvisor,
    MetricsApi,
    Off,
}

impl From<MetricsSource> for Choice {
    fn from(source: MetricsSource) -> Self {
        match source {
            MetricsSource::Auto => Self::Auto,
            MetricsSource::Prometheus => Self::Only(Source::Prometheus),
            MetricsSource::Cadvisor => Self::Only(Source::Cadvisor),
            MetricsSource::MetricsApi => Self::Only(Source::MetricsApi),
            MetricsSource::Off => Self::Off,
        }
    }
}

/// Percentages at which use stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ThresholdsSection {
    pub high: u16,
    pub critical: u16,
}

impl Default for ThresholdsSection {
    fn default() -> Self {
        Self { high: 70, critical: 90 }
    }
}

impl From<ThresholdsSection> for Thresholds {
    fn from(section: ThresholdsSection) -> Self {
        Self {
            high: f64::from(section.high) / 100.0,
            critical: f64::from(section.critical) / 100.0,
        }
    }
}

/// A number that asks for something: with 0 nothing would ever be read.
pub(super) fn at_least_one<'de, D, N>(deserializer: D) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: Deserialize<'de> + Default + PartialEq,
{
    let number = N::deserialize(deserializer)?;
    if number == N::default() {
        return Err(Error::custom("it must be 1 or more, `metrics = off` asks nothing"));
    }
    Ok(number)
}

/// An address that may be shown: a login in it would be seen on screen and in reports.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let is_plain = |rest: &str| !rest.is_empty() && !rest.contains(['@', '?', '#', ' ']) && !rest.starts_with('/');
    if rest.is_some_and(is_plain) {
        return Ok(Some(text));
    }
    Err(Error::custom(
        "not an address: write http://HOST:PORT or https://HOST:PORT, without a login",
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Config, Problem};
    use super::*;

    fn parse(text: &str) -> (Config, Vec<String>) {
        let (config, problems) = Config::parse(Path::new("config.toml"), text);
        (config, problems.iter().map(Problem::to_string).collect())
    }

    #[test]
    fn metrics_are_set_in_general_and_for_a_cluster() {
        let (config, problems) = parse(
            "metrics = \"off\"\nmetrics_requests = 2\nmetrics_bytes_per_second = 1000\n[clusters.a]\nmetrics = \"metrics-api\"\nprometheus = \"https://p.corp/prom\"\n",
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(config.metrics, MetricsSource::Off);
        assert_eq!((config.metrics_requests, config.metrics_bytes_per_second), (2, 1000));
        let section = &config.clusters["a"];
        assert_eq!(section.metrics, Some(MetricsSource::MetricsApi));
        assert_eq!(section.prometheus.as_deref(), Some("https://p.corp/prom"));
    }

    #[test]
    fn what_would_ask_nothing_or_show_a_login_is_refused() {
        let (config, problems) = parse(
            "metrics_requests = 0\nmetrics_bytes_per_second = 0\n[clusters.a]\nprometheus = \"http://me:s3cret@p:9090\"\n[clusters.b]\nprometheus = \"p:9090\"\n",
        );
        assert_eq!(
            (config.metrics_requests, config.metrics_bytes_per_second),
            (8, 20_000_000)
        );
        assert_eq!(config.clusters["a"].prometheus, None);
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(
            problems[0].starts_with("config.toml:1: it must be 1 or more"),
            "{problems:?}"
        );
        assert!(problems[2].starts_with("config.toml:4: not an address"), "{problems:?}");
        assert!(!problems.concat().contains("s3cret"), "{problems:?}");
    }
}
