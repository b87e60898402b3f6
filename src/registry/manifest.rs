//! What a registry tells of an image: manifests, indexes and configurations, of docker and of the OCI.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::domain::{Clean, Timestamp};

/// Every form of a manifest that is understood here.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

const REVISION: &str = "org.opencontainers.image.revision";
const CREATED: &str = "org.opencontainers.image.created";
/// The time that builds write who are to give the same image twice lies before this.
const FIRST_YEAR: i32 = 1990;

/// A manifest, or an index of those of several platforms.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Manifest {
    config: Option<Descriptor>,
    layers: Vec<Descriptor>,
    manifests: Vec<Descriptor>,
    annotations: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Descriptor {
    digest: String,
    size: u64,
    platform: Option<Platform>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Platform {
    architecture: String,
    os: String,
}

/// The configuration of an image, as far as it is shown.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    created: Option<String>,
    config: Option<Settings>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    #[serde(rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

/// When an image was made, and of which commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) created: Option<Timestamp>,
    pub(super) commit: Option<Clean>,
}

impl Origin {
    fn of(labels: &BTreeMap<String, String>, created: Option<&str>) -> Self {
        let time = |text: &str| {
            let time = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
            let is_told = chrono::Datelike::year(&time) >= FIRST_YEAR;
            is_told.then_some(time)
        };
        let label = labels.get(CREATED).map(String::as_str);
        let commit = labels.get(REVISION).filter(|commit| !commit.is_empty());
        Self {
            created: label.and_then(time).or_else(|| created.and_then(time)),
            commit: commit.map(|commit| Clean::new(commit)),
        }
    }

    /// What it knows, else what the other does.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            created: self.created.or(other.created),
            commit: self.commit.or(other.commit),
        }
    }

    pub(super) const fn is_whole(&self) -> bool {
        self.created.is_some() && self.commit.is_some()
    }
}

impl Manifest {
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let manifest: Self = serde_json::from_slice(text).ok()?;
        (manifest.config.is_some() || !manifest.manifests.is_empty()).then_some(manifest)
    }

    /// Whether it is an index with this manifest.
    pub(super) fn has(&self, digest: &str) -> bool {
        self.manifests.iter().any(|member| member.digest == digest)
    }

    /// Of an index, the digest of the manifest that is looked at: amd64 on Linux, else the first of any platform.
    pub(super) fn member(&self) -> Option<&str> {
        let is_for = |wanted: &[(&str, &str)], member: &&Descriptor| {
            let platform = member.platform.as_ref();
            platform.is_some_and(|platform| wanted.contains(&(platform.os.as_str(), platform.architecture.as_str())))
        };
        // What is of an unknown platform is no image but says something of one.
        let is_image = |member: &&Descriptor| !is_for(&[("unknown", "unknown")], member);
        let mut members = self.manifests.iter();
        let common = members.clone().find(|member| is_for(&[("linux", "amd64")], member));
        common
            .or_else(|| members.find(is_image))
            .map(|member| member.digest.as_str())
    }

    /// The digest of the configuration.
    pub(super) fn config(&self) -> Option<&str> {
        self.config.as_ref().map(|config| config.digest.as_str())
    }

    /// Bytes to be pulled; unknown of an index.
    pub(super) fn size(&self) -> Option<u64> {
        let config = self.config.as_ref()?;
        let sizes = self.layers.iter().map(|layer| layer.size);
        Some(sizes.fold(config.size, u64::saturating_add))
    }

    pub(super) fn origin(&self) -> Origin {
        Origin::of(&self.annotations, None)
    }
}

/// What a configuration tells; nothing where it cannot be read.
pub(super) fn origin_of_config(text: &[u8]) -> Origin {
    let config: Config = serde_json::from_slice(text).unwrap_or_default();
    let labels = config.config.and_then(|settings| settings.labels).unwrap_or_default();
    Origin::of(&labels, config.created.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_index_the_image_of_the_common_platform_is_looked_at() {
        let of = |members: &str| {
            let text = format!("{{\"manifests\":[{members}]}}");
            Manifest::parse(text.as_bytes()).and_then(|index| index.member().map(str::to_owned))
        };
        let arm = r#"{"digest":"arm","platform":{"os":"linux","architecture":"arm64"}}"#;
        let amd = r#"{"digest":"amd","platform":{"os":"linux","architecture":"amd64"}}"#;
        let attestation = r#"{"digest":"att","platform":{"os":"unknown","architecture":"unknown"}}"#;
        let bare = r#"{"digest":"bare"}"#;
        for (members, expected) in [
            (format!("{arm},{amd}"), Some("amd")),
            (format!("{attestation},{arm}"), Some("arm")),
            (bare.to_owned(), Some("bare")),
            (attestation.to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(of(&members).as_deref(), expected, "{members}");
        }
    }

    #[test]
    fn sizes_times_and_commits_are_those_that_are_told() {
        let manifest = br#"{"config":{"digest":"c","size":10},"layers":[{"size":100},{"size":18446744073709551615}],
            "annotations":{"org.opencontainers.image.revision":"abc"}}"#;
        let manifest = Manifest::parse(manifest).unwrap();
        assert_eq!((manifest.config(), manifest.size()), (Some("c"), Some(u64::MAX)));
        assert_eq!(manifest.origin().commit, Some("abc".into()));
        let told = origin_of_config(br#"{"created":"2026-11-22T10:00:00.5+08:00","config":{"Labels":null}}"#);
        assert_eq!(told.created.unwrap().to_rfc3339(), "2026-11-22T02:00:00.500+00:00");
        for silent in [
            "{\"created\":\"1970-01-01T00:00:00Z\"}",
            "{\"created\":\"soon\"}",
            "{}",
            "<html>",
        ] {
            assert_eq!(origin_of_config(silent.as_bytes()), Origin::default(), "{silent}");
        }
        assert!(Manifest::parse(b"{\"errors\":[]}").is_none() && Manifest::parse(b"<html>").is_none());
    }
}
