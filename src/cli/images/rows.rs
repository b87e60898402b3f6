//! What `get images` prints: a row a tag, with what runs of it.

use std::io::Write;

use serde::Serialize;

use super::super::ledgers::BadRow;
use super::super::print::{Row, age, or_unknown};
use crate::domain::image::{Tag, Tags};
use crate::domain::{Clean, ClusterId, ImageName, Memory, Timestamp, Version};
use crate::registry::RegistryError;

/// One image: a tag of a registry, or what runs and no tag names.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImageRow {
    /// Host and repository.
    pub image: Clean,
    /// Null of what runs by its digest alone.
    pub tag: Option<Clean>,
    pub digest: Option<Clean>,
    pub created: Option<Timestamp>,
    pub commit: Option<Clean>,
    pub size_bytes: Option<u64>,
    /// Whether the registry has it under this tag; null where that is not known.
    pub in_registry: Option<bool>,
    pub runs: Vec<RunRow>,
    /// Where somebody said that it is bad.
    pub bad: Vec<BadImageRow>,
}

/// Who says in one cluster that an image is bad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct BadImageRow {
    pub namespace: Clean,
    #[serde(flatten)]
    pub mark: BadRow,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunRow {
    pub cluster: ClusterId,
    pub namespace: Clean,
    pub instances: u32,
}

impl Row for ImageRow {
    const HEADER: &'static [&'static str] = &["IMAGE", "TAG", "DIGEST", "AGE", "COMMIT", "SIZE", "RUNS"];

    fn path(&self) -> Vec<&str> {
        vec![&self.image, self.tag.as_deref().unwrap_or("–")]
    }

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let short = |digest: &Clean| Version::Digest(digest.clone()).short().to_owned();
        let size = |bytes: u64| Memory(i64::try_from(bytes).unwrap_or(i64::MAX)).to_string();
        let mut runs: Vec<String> = self
            .runs
            .iter()
            .map(|run| format!("{} in {}", run.instances, run.cluster))
            .collect();
        if self.in_registry == Some(false) {
            runs.push("not in the registry".into());
        }
        let bad = self.bad.iter();
        runs.extend(bad.map(|bad| format!("{} in {}", bad.mark.words(&bad.mark.cluster), bad.mark.cluster)));
        vec![
            or_unknown(self.digest.as_ref().map(short)),
            age(self.created, now),
            or_unknown(
                self.commit
                    .as_ref()
                    .map(|commit| Version::Commit(commit.clone()).short().to_owned()),
            ),
            or_unknown(self.size_bytes.map(size)),
            runs.join(", "),
        ]
    }

    fn name(&self) -> String {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => format!("{}:{tag}", self.image),
            (None, digest) => format!("{}@{}", self.image, or_unknown(digest.as_ref())),
        }
    }
}

/// An image that some instances of an app run in one cluster.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Running {
    pub(super) name: ImageName,
    /// As the node resolved it.
    pub(super) digest: Option<Clean>,
    pub(super) run: RunRow,
}

impl Running {
    /// By the digest where both are known: a tag may have moved since.
    fn is(&self, tag: &Tag) -> bool {
        match (&self.digest, &tag.digest) {
            (Some(runs), Some(named)) => runs == named,
            _ => self.name.tag() == Some(&*tag.name),
        }
    }
}

/// A repository that an app's images are of.
pub(super) struct Found {
    pub(super) place: Clean,
    pub(super) running: Vec<Running>,
    /// Images of it that somebody said to be bad, and where.
    pub(super) bad: Vec<(ImageName, BadImageRow)>,
    /// None: nobody was asked.
    pub(super) tags: Option<Result<Tags, RegistryError>>,
}

impl Found {
    /// Says what is missing; whether nothing is.
    pub(super) fn tell(&self, err: &mut dyn Write) -> std::io::Result<bool> {
        match &self.tags {
            Some(Ok(tags)) if !tags.has_more => return Ok(true),
            Some(Ok(tags)) => {
                let shown = tags.found.len();
                writeln!(
                    err,
                    "pilothouse: {}: there are more tags than the {shown} that are shown",
                    self.place
                )?;
            }
            Some(Err(error)) => {
                writeln!(
                    err,
                    "pilothouse: the registry could not be asked: {error}\n  {}",
                    error.hint()
                )?;
            }
            None => writeln!(
                err,
                "pilothouse: {}: the demo has no registry; what runs is shown",
                self.place
            )?,
        }
        Ok(false)
    }

    /// A row a tag, then one for each image that runs and is none of them.
    pub(super) fn rows(&self) -> Vec<ImageRow> {
        let tags = self.tags.as_ref().and_then(|tags| tags.as_ref().ok());
        let named = tags.map_or(&[][..], |tags| &tags.found);
        let mut rows: Vec<ImageRow> = named.iter().map(|tag| self.row(tag)).collect();
        for running in self
            .running
            .iter()
            .filter(|running| !named.iter().any(|tag| running.is(tag)))
        {
            let tag = running.name.tag().map(Clean::new);
            let known = rows
                .iter_mut()
                .find(|row| row.tag == tag && row.digest == running.digest);
            if let Some(row) = known {
                row.runs.push(running.run.clone());
                continue;
            }
            let is_gone =
                |tag: &Clean| tags.is_some_and(|tags| !tags.has_more && tags.found.iter().all(|t| t.name != *tag));
            rows.push(ImageRow {
                image: self.place.clone(),
                in_registry: tag.as_ref().is_some_and(is_gone).then_some(false),
                tag,
                digest: running.digest.clone(),
                created: None,
                commit: None,
                size_bytes: None,
                runs: vec![running.run.clone()],
                bad: self.bad_of(&running.name),
            });
        }
        rows
    }

    fn row(&self, tag: &Tag) -> ImageRow {
        let runs = self.running.iter().filter(|running| running.is(tag));
        ImageRow {
            image: self.place.clone(),
            tag: Some(tag.name.clone()),
            digest: tag.digest.clone(),
            created: tag.created,
            commit: tag.commit.clone(),
            size_bytes: tag.size,
            in_registry: Some(true),
            runs: runs.map(|running| running.run.clone()).collect(),
            bad: self.bad_of(&self.named(tag)),
        }
    }

    fn named(&self, tag: &Tag) -> ImageName {
        let (host, repository) = self.place.split_once('/').unwrap_or_default();
        ImageName {
            host: host.into(),
            repository: repository.into(),
            tag: Some(tag.name.clone()),
            digest: tag.digest.clone(),
        }
    }

    fn bad_of(&self, image: &ImageName) -> Vec<BadImageRow> {
        let its = self.bad.iter().filter(|(name, _)| name.is_same_anywhere(image));
        its.map(|(_, row)| row.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(image: &str, digest: Option<&str>, cluster: &str) -> Running {
        Running {
            name: ImageName::parse(image).unwrap(),
            digest: digest.map(Clean::new),
            run: RunRow {
                cluster: ClusterId::new(cluster),
                namespace: "gift".into(),
                instances: 2,
            },
        }
    }

    fn tag(name: &str, digest: Option<&str>) -> Tag {
        Tag {
            name: name.into(),
            digest: digest.map(Clean::new),
            ..Tag::default()
        }
    }

    fn told(found: &Found) -> Vec<String> {
        let rows = found.rows();
        let row = |row: &ImageRow| {
            let runs: Vec<&str> = row.runs.iter().map(|run| run.cluster.as_str()).collect();
            format!("{} {:?} {}", row.name(), row.in_registry, runs.join("+"))
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn what_runs_is_told_of_the_tag_that_names_it_now() {
        let found = Found {
            place: "r.corp/live".into(),
            bad: Vec::new(),
            running: vec![
                running("r.corp/live:v1", Some("sha256:1"), "a"),
                running("r.corp/live:v1", Some("sha256:1"), "b"),
                // Pulled before the tag moved.
                running("r.corp/live:v2", Some("sha256:old"), "a"),
                // The node does not say.
                running("r.corp/live:v2", None, "b"),
                running("r.corp/live:gone", Some("sha256:9"), "a"),
            ],
            tags: Some(Ok(Tags {
                found: vec![
                    tag("v2", Some("sha256:2")),
                    tag("v1", Some("sha256:1")),
                    tag("v0", None),
                ],
                has_more: false,
            })),
        };
        assert_eq!(
            told(&found),
            [
                "r.corp/live:v2 Some(true) b",
                "r.corp/live:v1 Some(true) a+b",
                "r.corp/live:v0 Some(true) ",
                "r.corp/live:v2 None a",
                "r.corp/live:gone Some(false) a",
            ]
        );
    }

    #[test]
    fn where_the_registry_is_not_asked_what_runs_is_told() {
        let found = Found {
            place: "r.corp/live".into(),
            bad: Vec::new(),
            running: vec![
                running("r.corp/live:v1", None, "a"),
                running("r.corp/live:v1", None, "b"),
            ],
            tags: None,
        };
        assert_eq!(told(&found), ["r.corp/live:v1 None a+b"]);
    }
}
