//! What `commits` prints: a row a commit, with what runs of it and whether it has an image.

use serde::Serialize;

use super::super::print::{Row, age};
use crate::build::commit::{Commit, is_named, is_same, tag_of};
use crate::domain::image::Tag;
use crate::domain::{Clean, ClusterId, ImageName, Timestamp};
use crate::world::Running;

/// One commit.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommitRow {
    pub commit: Clean,
    pub at: Option<Timestamp>,
    pub author: Clean,
    pub subject: Clean,
    pub branches: Vec<Clean>,
    pub tags: Vec<Clean>,
    pub runs: Vec<PartRow>,
    /// Whether there is an image of it; null where that is not known.
    pub has_image: Option<bool>,
    /// The image, with its digest where that is known; null where none is known.
    pub image: Option<Clean>,
}

/// Instances of a commit in one location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartRow {
    pub cluster: ClusterId,
    pub location: Option<Clean>,
    /// `gray`, `full` or `old`.
    pub part: &'static str,
    pub instances: u32,
}

impl CommitRow {
    /// A commit with what runs of its app, and the tags in the repositories of its images: of those that could be asked.
    pub(super) fn new(commit: &Commit, running: &[Running], tags: &[(ImageName, Option<Vec<Tag>>)]) -> Self {
        let runs: Vec<PartRow> = running
            .iter()
            .filter(|running| running.is_of(&commit.id))
            .map(|running| PartRow {
                cluster: running.cluster.clone(),
                location: running.location.clone(),
                part: running.part.word(),
                instances: running.instances,
            })
            .collect();
        let asked = tags.iter().filter_map(|(name, tags)| Some((name, tags.as_ref()?)));
        let tagged = asked
            .clone()
            .find_map(|(name, tags)| Some(name.with_tag(tag_of(&commit.id, tags)?)));
        // What runs has an image, whatever a registry says.
        let named = || {
            let mut names = tags.iter().map(|(name, _)| name);
            names.find(|name| {
                name.tag()
                    .is_some_and(|tag| is_named(tag, &commit.id) || is_same(tag, &commit.id))
            })
        };
        let image = tagged.or_else(|| named().cloned());
        let is_asked = !tags.is_empty() && tags.iter().all(|(_, tags)| tags.is_some());
        let has_image = (image.is_some() || !runs.is_empty()).then_some(true);
        Self {
            commit: commit.id.clone(),
            at: commit.at,
            author: commit.author.clone(),
            subject: commit.subject.clone(),
            branches: names(commit, true),
            tags: names(commit, false),
            runs,
            has_image: has_image.or(is_asked.then_some(false)),
            image: image.map(|image| image.to_string().into()),
        }
    }
}

fn names(commit: &Commit, branches: bool) -> Vec<Clean> {
    let its = commit.refs.iter();
    let its = its.filter(|name| matches!(name, crate::build::commit::RefName::Branch(_)) == branches);
    its.map(|name| name.name().clone()).collect()
}

impl Row for CommitRow {
    const HEADER: &'static [&'static str] = &["COMMIT", "AGE", "AUTHOR", "SUBJECT", "IMAGE", "RUNS", "NAMED"];

    fn path(&self) -> Vec<&str> {
        vec![&self.commit]
    }

    fn leading(&self) -> Vec<&str> {
        vec![self.commit.get(..12).unwrap_or(&self.commit)]
    }

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let image = match self.has_image {
            Some(true) => "yes",
            Some(false) => "no",
            None => "–",
        };
        let runs: Vec<String> = self
            .runs
            .iter()
            .map(|run| {
                let place = run.location.as_ref().map_or(run.cluster.as_str(), Clean::as_str);
                format!("{} {} in {place}", run.part, run.instances)
            })
            .collect();
        let named: Vec<&str> = self.branches.iter().chain(&self.tags).map(Clean::as_str).collect();
        vec![
            age(self.at, now),
            self.author.to_string(),
            self.subject.to_string(),
            image.to_owned(),
            runs.join(", "),
            named.join(", "),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Version;
    use crate::world::Part;

    const ONE: &str = "c04d21b9f0a1b2c3d4e5f60718293a4b5c6d7e8f";
    const TWO: &str = "0123456789abcdef0123456789abcdef01234567";

    fn row(id: &str, tags: Option<Vec<Tag>>) -> CommitRow {
        let commit = Commit {
            id: id.into(),
            ..Commit::default()
        };
        let running = [Running {
            version: Version::Commit(ONE.into()),
            part: Part::Gray,
            cluster: ClusterId::new("idc"),
            location: Some("idc-a".into()),
            instances: 2,
        }];
        let name = ImageName::parse("r.corp/gift/live:v1").unwrap();
        CommitRow::new(&commit, &running, &[(name, tags)])
    }

    #[test]
    fn a_commit_has_an_image_where_it_runs_or_a_tag_is_of_it() {
        assert_eq!(row(ONE, None).has_image, Some(true), "it runs");
        assert_eq!(row(TWO, None).has_image, None, "nobody was asked");
        assert_eq!(row(TWO, Some(Vec::new())).has_image, Some(false));
        let tag = Tag {
            name: "0123456".into(),
            digest: Some("sha256:0123456789abcdef0123456789abcdef".into()),
            ..Tag::default()
        };
        let tagged = row(TWO, Some(vec![tag]));
        let image = "r.corp/gift/live:0123456@sha256:0123456789abcdef0123456789abcdef";
        assert_eq!((tagged.has_image, tagged.image.as_deref()), (Some(true), Some(image)));
    }

    #[test]
    fn what_runs_says_on_which_side_and_where() {
        let cells = row(ONE, None).cells(chrono::DateTime::UNIX_EPOCH);
        assert_eq!(cells[4], "gray 2 in idc-a");
        assert_eq!(row(TWO, None).runs, Vec::new());
    }
}
