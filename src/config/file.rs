//! `config.toml`: its shape and defaults. A mistake costs the entry it is in; the rest counts.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::de::DeTable;

use super::freeze::FreezeSection;
use super::mend::{doubtful, in_words, remove_innermost};
use super::metrics::{self, MetricsSource, ThresholdsSection};
use super::problem::{Problem, line_of};
use super::registries::{RegistryHost, RegistrySection};
use super::sources::{AppSection, ForgeSection};
use crate::domain::cluster::is_production;
use crate::domain::length;

/// What the program is told by its file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// A shipped keymap or a file beside the configuration.
    pub keymap: String,
    /// A shipped theme or a file beside the configuration.
    pub theme: String,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: LogLevel,
    /// Where logs are saved; `~/` is the user's own folder. Where the program was started, unless told otherwise.
    pub log_folder: Option<String>,
    /// Frames between the marks of DEC mode 2026; off for a terminal that misunderstands them.
    pub synchronized_output: bool,
    /// Nothing is ever written to any cluster.
    pub readonly: bool,
    /// How a change is confirmed.
    pub confirm: Confirm,
    /// Where whoever changes something is asked why.
    pub ask_reason: AskReason,
    /// How long a gray release may take to be ready before it counts as failed.
    #[serde(deserialize_with = "length_of")]
    pub gray_deadline: Duration,
    /// Labels that name an app, first one wins; those of `cluster` where nothing is said.
    pub app_labels: Option<Vec<String>>,
    /// Node labels that name a location, first one wins; those of `cluster` where nothing is said.
    pub location_labels: Option<Vec<String>>,
    /// Node labels that name a group, first one wins; those of `cluster` where nothing is said.
    pub group_labels: Option<Vec<String>>,
    /// Where figures of containers come from; `auto`: the best source that works.
    pub metrics: MetricsSource,
    /// Requests for figures that are under way at a time, a cluster.
    #[serde(deserialize_with = "metrics::at_least_one")]
    pub metrics_requests: usize,
    /// Bytes of figures that an API server is asked for a second.
    #[serde(deserialize_with = "metrics::at_least_one")]
    pub metrics_bytes_per_second: u64,
    /// From which share of its limit, else of its request, use is high or critical.
    pub thresholds: ThresholdsSection,
    /// How many builds of a namespace run at a time.
    pub builds_at_once: NonZeroUsize,
    /// Times in which nothing is released.
    pub freeze: Vec<FreezeSection>,
    /// By context of the kubeconfig.
    pub clusters: BTreeMap<String, ClusterSection>,
    /// By host, as images name it.
    pub registries: BTreeMap<RegistryHost, RegistrySection>,
    /// What apps are built from, by `NAMESPACE/NAME` or `NAME`.
    pub apps: BTreeMap<String, AppSection>,
    /// By host, as addresses of repositories name it.
    pub forges: BTreeMap<String, ForgeSection>,
}

/// What differs for one cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterSection {
    /// The name to show instead of the context's.
    pub alias: Option<String>,
    /// A word shown with the name, such as `PRODUCTION`.
    pub tag: Option<String>,
    pub readonly: Option<bool>,
    pub confirm: Option<Confirm>,
    /// The location of nodes that no label places.
    pub location: Option<String>,
    pub app_labels: Option<Vec<String>>,
    pub location_labels: Option<Vec<String>>,
    pub group_labels: Option<Vec<String>>,
    pub metrics: Option<MetricsSource>,
    /// Address of Prometheus; without one it is looked for among the cluster's Services.
    #[serde(deserialize_with = "metrics::address")]
    pub prometheus: Option<String>,
}

/// How a change is confirmed: by a key, or by typing the name of what changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confirm {
    #[default]
    Press,
    Type,
}

/// Where a change needs a reason: everywhere, in clusters whose tag says production, or nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AskReason {
    Always,
    #[default]
    Production,
    Never,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            keymap: "default".into(),
            theme: "dark".into(),
            log_level: LogLevel::default(),
            log_folder: None,
            synchronized_output: true,
            readonly: false,
            confirm: Confirm::default(),
            ask_reason: AskReason::default(),
            gray_deadline: Duration::from_mins(10),
            app_labels: None,
            location_labels: None,
            group_labels: None,
            metrics: MetricsSource::default(),
            metrics_requests: 8,
            metrics_bytes_per_second: 20_000_000,
            thresholds: ThresholdsSection::default(),
            builds_at_once: NonZeroUsize::MIN.saturating_add(2),
            freeze: Vec::new(),
            clusters: BTreeMap::new(),
            registries: BTreeMap::new(),
            apps: BTreeMap::new(),
            forges: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Reads `text`; `file` is named in problems, and what is wrong is left at its default.
    pub fn parse(file: &Path, text: &str) -> (Self, Vec<Problem>) {
        let (mut document, errors) = DeTable::parse_recoverable(text);
        let mut problems: Vec<Problem> = errors
            .iter()
            .map(|error| {
                let line = error.span().map(|span| line_of(text, span.start));
                Problem::new(file, line, error.message(), "the file is TOML: key = \"value\"")
            })
            .collect();
        let doubtful = doubtful(document.get_ref());
        loop {
            let error = match Self::deserialize(toml::de::Deserializer::from(document.clone())) {
                Ok(mut config) => {
                    config.guard(&doubtful);
                    problems.sort_by_key(|problem| problem.line);
                    return (config, problems);
                }
                Err(error) => error,
            };
            let Some(span) = error.span() else {
                problems.push(Problem::new(file, None, error.message(), "nothing of it counts"));
                return (Self::default(), problems);
            };
            let (what, hint) = in_words(error.message());
            problems.push(Problem::new(file, Some(line_of(text, span.start)), what, hint));
            if !remove_innermost(document.get_mut(), &span) {
                return (Self::default(), problems);
            }
        }
    }

    /// The folder that logs are saved in.
    pub fn log_folder(&self) -> PathBuf {
        let folder = self.log_folder.as_deref().unwrap_or(".");
        let home = directories::BaseDirs::new();
        match (folder.strip_prefix("~/"), home) {
            (Some(inside), Some(home)) => home.home_dir().join(inside),
            _ => PathBuf::from(folder),
        }
    }

    /// What may have been meant to forbid writing does forbid it.
    fn guard(&mut self, doubtful: &[Option<String>]) {
        for place in doubtful {
            match place {
                None => self.readonly = true,
                Some(cluster) => self.clusters.entry(cluster.clone()).or_default().readonly = Some(true),
            }
        }
    }

    /// Whether the cluster of `context` may not be written to. `write` is the command line's word against the file.
    pub fn is_readonly(&self, context: &str, write: bool) -> bool {
        let section = self.clusters.get(context).and_then(|section| section.readonly);
        !write && section.unwrap_or(self.readonly)
    }

    /// How a change in the cluster of `context` is confirmed.
    pub fn confirm_in(&self, context: &str) -> Confirm {
        let section = self.clusters.get(context).and_then(|section| section.confirm);
        section.unwrap_or(self.confirm)
    }

    /// The times in which nothing is released in the cluster of `context`.
    pub fn freezes_in(&self, context: &str) -> impl Iterator<Item = &FreezeSection> {
        let alias = self.clusters.get(context).and_then(|section| section.alias.as_deref());
        let is_named = move |name: &String| name == context || Some(name.as_str()) == alias;
        let is_meant =
            move |freeze: &&FreezeSection| freeze.clusters.is_empty() || freeze.clusters.iter().any(is_named);
        self.freeze.iter().filter(is_meant)
    }

    /// Whether a change in the cluster of `context` needs a reason.
    pub fn asks_reason_in(&self, context: &str) -> bool {
        let tag = || self.clusters.get(context)?.tag.as_deref();
        match self.ask_reason {
            AskReason::Always => true,
            AskReason::Production => tag().is_some_and(is_production),
            AskReason::Never => false,
        }
    }
}

impl From<LogLevel> for log::LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::Error,
            LogLevel::Warn => Self::Warn,
            LogLevel::Info => Self::Info,
            LogLevel::Debug => Self::Debug,
            LogLevel::Trace => Self::Trace,
        }
    }
}

/// A length of time with its unit, such as `10m`.
fn length_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let length = length::parse(&text).filter(|length| !length.is_zero());
    length.ok_or_else(|| D::Error::custom("write it like 90s, 10m or 1h30m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Config, Vec<String>) {
        let (config, problems) = Config::parse(Path::new("config.toml"), text);
        (config, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_unclear_readonly_forbids_writing() {
        let (config, problems) =
            parse("readonly = \"yes\"\n[clusters.a]\nreadonly = 1\n[clusters.b]\nreadonly = false\n");
        assert_eq!(problems.len(), 2);
        assert!(config.is_readonly("other", false) && config.is_readonly("a", false));
        assert!(!config.is_readonly("b", false));
    }

    #[test]
    fn a_section_of_a_cluster_goes_before_the_general() {
        let (config, problems) =
            parse("readonly = true\nconfirm = \"press\"\n[clusters.idc]\nreadonly = false\nconfirm = \"type\"\n");
        assert_eq!(problems, Vec::<String>::new());
        assert!(config.is_readonly("other", false) && !config.is_readonly("idc", false));
        assert!(
            !config.is_readonly("other", true),
            "the command line goes before the file"
        );
        assert_eq!(
            (config.confirm_in("idc"), config.confirm_in("other")),
            (Confirm::Type, Confirm::Press)
        );
    }

    #[test]
    fn production_is_asked_why_unless_it_is_said_otherwise() {
        let sections = "[clusters.idc]\ntag = \"Production\"\n[clusters.lab]\ntag = \"test\"\n";
        for (said, expected) in [
            ("", [true, false, false]),
            ("ask_reason = \"always\"\n", [true, true, true]),
            ("ask_reason = \"never\"\n", [false, false, false]),
            ("ask_reason = \"often\"\n", [true, false, false]),
        ] {
            let (config, problems) = parse(&format!("{said}{sections}"));
            assert_eq!(problems.len(), usize::from(said.contains("often")), "{said}");
            assert_eq!(
                ["idc", "lab", "other"].map(|context| config.asks_reason_in(context)),
                expected,
                "{said}"
            );
        }
    }

    #[test]
    fn a_mistake_costs_its_entry_only_and_names_its_line() {
        let (config, problems) = parse(
            "theme = \"light\"\nreadonyl = true\nconfirm = \"shout\"\n\n[clusters.a]\nalias = \"A\"\ncolor = \"red\"\nreadonly = \"yes\"\n",
        );
        assert_eq!(config.theme, "light");
        assert_eq!(config.clusters["a"].alias.as_deref(), Some("A"));
        assert_eq!(
            problems,
            [
                "config.toml:2: unknown field 'readonyl' (did you mean 'readonly'?)",
                "config.toml:3: unknown variant 'shout' (one of press, type)",
                "config.toml:7: unknown field 'color' (one of alias, tag, readonly, confirm, location, app_labels, location_labels, group_labels, metrics, prometheus)",
                "config.toml:8: invalid type: string \"yes\" (expected a boolean)",
            ]
        );
    }

    #[test]
    fn what_is_not_toml_is_reported_and_the_rest_counts() {
        let (config, problems) = parse("theme = \"light\"\nkeymap = \n");
        assert_eq!(config.theme, "light");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("config.toml:2: "), "{problems:?}");
    }
}
