//! Which bytes a version by tag is: a tag may be pushed anew, a digest names the same for ever. What the instances of a
//! version resolved its images to is noted with it, and a way back is published by that where the tag went elsewhere.

use std::collections::BTreeMap;

use serde_json::Value;

use super::live::Method;
use super::past::{self, revisions};
use super::plan::Seen;
use super::step::Step;
use super::template::{same, same_version};
use crate::domain::{ImageName, Kind};

/// Digests (`sha256:…`) by image as templates name it.
pub type Digests = BTreeMap<String, String>;

/// Labels by which an instance says of which revision it is.
const REVISIONS: [&str; 3] = [
    "pod-template-hash",
    "rollouts-pod-template-hash",
    "controller-revision-hash",
];

/// What the instances of a version resolved the images to that it names by tag alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Of images of which all instances have the same.
    pub digests: Digests,
    /// Of images of which they have several.
    pub several: BTreeMap<String, Vec<String>>,
}

/// An image that a way back names by tag alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByTag {
    pub image: String,
    /// What it was then; `None` where nobody noted it.
    pub digest: Option<String>,
}

/// Something to know of the bytes of an image by tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The tag names other bytes than it did then: what it names now, `None` where there is no such tag any more, and
    /// whether it is an abort, which leaves the tag as it is.
    Moved {
        image: String,
        then: String,
        now: Option<String>,
        is_aborted: bool,
    },
    /// Whether the tag still names these is not known.
    Unasked(String, String),
    /// Nobody noted which they were.
    Unknown(String),
    /// Instances of what runs have several under one tag.
    Several(String, Vec<String>),
}

impl Doubt {
    pub fn words(&self) -> String {
        match self {
            Self::Moved {
                image,
                then,
                now,
                is_aborted,
            } => moved(image, then, now.as_deref(), *is_aborted),
            Self::Unasked(image, then) => format!(
                "whether {image} names the same bytes still is not known: those that ran ({}) are released by digest",
                short(then)
            ),
            Self::Unknown(image) => {
                format!("which bytes {image} was nobody noted: what its tag names now is released")
            }
            Self::Several(image, digests) => {
                let all: Vec<&str> = digests.iter().map(|digest| short(digest)).collect();
                format!(
                    "instances run different bytes of {image} ({}): which of them is the version is not noted",
                    all.join(", ")
                )
            }
        }
    }
}

/// The digest in an `imageID`, where one stands beside a repository: without one it may be that of a configuration,
/// which no registry gives an image for. Docker's begin with `docker-pullable://`.
pub fn digest_of(image_id: &str) -> Option<&str> {
    let (repository, digest) = image_id.split_once('@')?;
    let hex = digest.strip_prefix("sha256:")?;
    let is_hex = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!repository.is_empty() && is_hex).then_some(digest)
}

/// Whether a name says no more than a tag.
pub fn is_by_tag(image: &str) -> bool {
    !image.contains('@')
}

/// What the instances of a revision resolved.
pub fn resolved(instances: &[Value], hash: &str) -> Resolved {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pod in instances.iter().filter(|pod| is_of(pod, hash)) {
        for (image, digest) in of_pod(pod) {
            let digests = found.entry(image.to_owned()).or_default();
            if !digests.iter().any(|known| known == digest) {
                digests.push(digest.to_owned());
            }
        }
    }
    let mut resolved = Resolved::default();
    for (image, mut digests) in found {
        digests.sort();
        match digests.as_slice() {
            [one] => drop(resolved.digests.insert(image, one.clone())),
            _ => drop(resolved.several.insert(image, digests)),
        }
    }
    resolved
}

fn is_of(pod: &Value, hash: &str) -> bool {
    let Some(labels) = pod.pointer("/metadata/labels") else {
        return false;
    };
    let mut values = REVISIONS.iter().filter_map(|label| labels.get(label)?.as_str());
    // A StatefulSet's is the whole name of its revision.
    values.any(|value| value == hash || value.rsplit('-').next() == Some(hash))
}

/// The images that a pod names by tag, with what its node resolved each to.
fn of_pod(pod: &Value) -> impl Iterator<Item = (&str, &str)> {
    let lists = [
        ("/spec/containers", "/status/containerStatuses"),
        ("/spec/initContainers", "/status/initContainerStatuses"),
    ];
    let all = lists.into_iter().flat_map(|(spec, status)| {
        let list = |path: &str| pod.pointer(path).and_then(Value::as_array).into_iter().flatten();
        list(spec).filter_map(move |container| {
            let image = container.get("image")?.as_str()?;
            let name = container.get("name")?;
            let mut statuses = list(status);
            let status = statuses.find(|status| status.get("name") == Some(name))?;
            Some((image, digest_of(status.get("imageID")?.as_str()?)?))
        })
    });
    all.filter(|(image, _)| is_by_tag(image))
}

/// What the instances of the version resolved that a workload's template is.
pub fn running(seen: &Seen) -> Resolved {
    let hash = past::running(seen);
    hash.map_or_else(Resolved::default, |hash| resolved(&seen.instances, &hash))
}

/// What a version was by all that is known of it: what its instances say counts most, then what the ledger keeps.
fn noted(seen: &Seen, template: &Value, hash: Option<&str>) -> Digests {
    let workload = seen.workload();
    let mut found = seen
        .ledger
        .config
        .digests(&workload, template)
        .cloned()
        .unwrap_or_default();
    let known = seen.ledger.versions.of(&workload);
    let known = known.filter(|known| same_version(&known.template, template));
    found.extend(known.flat_map(|known| known.digests.clone()));
    let live = hash.map(|hash| resolved(&seen.instances, hash));
    for image in live.iter().flat_map(|live| live.several.keys()) {
        found.remove(image);
    }
    found.extend(live.into_iter().flat_map(|live| live.digests));
    found
}

/// The images that a step goes back to and that it names by tag alone, each once; `becomes` is the workload after it.
/// An abort that leaves the old instances where they are has none.
pub fn back(step: &Step, seen: &Seen, becomes: &Value) -> Vec<ByTag> {
    let (template, hash) = match step {
        Step::Rollback(back) => match past::find(&back.to, seen) {
            Ok(past) => (past.template, past.hash),
            Err(_) => return Vec::new(),
        },
        Step::Abort => match aborted(seen, becomes) {
            Some(found) => found,
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let digests = noted(seen, &template, hash.as_deref());
    let mut named: Vec<&str> = of_template(&template).filter(|image| is_by_tag(image)).collect();
    named.sort_unstable();
    named.dedup();
    let by_tag = |image: &str| ByTag {
        image: image.to_owned(),
        digest: digests.get(image).cloned(),
    };
    named.into_iter().map(by_tag).collect()
}

/// The template that an abort puts back, where instances of it have to come anew, and its revision's hash.
fn aborted(seen: &Seen, becomes: &Value) -> Option<(Value, Option<String>)> {
    if seen.kind == Kind::Deployment && seen.live().surge().0 != Method::Replace {
        return None;
    }
    let template = becomes.pointer("/spec/template")?;
    let runs = seen.object.pointer("/spec/template")?;
    let mut own = revisions(seen).into_iter().map(|(_, past)| past);
    let hash = own
        .find(|past| same(&past.template, template))
        .and_then(|past| past.hash);
    (!same(template, runs)).then(|| (template.clone(), hash))
}

/// So much of a digest as tells it from others.
pub fn short(digest: &str) -> &str {
    const MOST: usize = "sha256:".len() + 12;
    digest.get(..MOST).unwrap_or(digest)
}

/// What there is to say of a tag that went elsewhere.
fn moved(image: &str, then: &str, now: Option<&str>, is_aborted: bool) -> String {
    let tag = ImageName::parse(image).and_then(|name| name.tag().map(str::to_owned));
    let tag = tag.as_deref().unwrap_or(image);
    let then = short(then);
    let (moved, come) = match now {
        Some(now) => (
            format!("tag {tag} names other bytes now: {then} then, {} now", short(now)),
            "run the new ones",
        ),
        None => (format!("tag {tag} is gone; its bytes were {then}"), "cannot pull it"),
    };
    if is_aborted {
        format!("{moved}; instances that come anew {come}: roll back to this version to release the old ones by digest")
    } else {
        format!("{moved}; the old ones are released by digest")
    }
}

fn containers(template: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["/spec/containers", "/spec/initContainers"].into_iter();
    lists.filter_map(|list| template.pointer(list)?.as_array()).flatten()
}

fn of_template(template: &Value) -> impl Iterator<Item = &str> {
    containers(template).filter_map(|container| container.get("image")?.as_str())
}

/// A template with these digests beside the tags, which stay for people to read.
#[must_use]
pub fn with_digests(template: &Value, digests: &Digests) -> Value {
    let mut made = template.clone();
    for list in ["/spec/containers", "/spec/initContainers"] {
        let containers = made.pointer_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let Some(image) = container.get("image").and_then(Value::as_str) else {
                continue;
            };
            if let Some(digest) = digests.get(image).filter(|_| is_by_tag(image)) {
                let pinned = format!("{image}@{digest}");
                if let Some(fields) = container.as_object_mut() {
                    fields.insert("image".into(), pinned.into());
                }
            }
        }
    }
    made
}

/// Whether two templates are the same version where these digests stand beside the tags of both.
pub fn are_same_bytes((one, of_one): (&Value, &Digests), (other, of_other): (&Value, &Digests)) -> bool {
    same_version(&with_digests(one, of_one), &with_digests(other, of_other))
}

#[cfg(test)]
#[path = "bytes_tests.rs"]
mod tests;
