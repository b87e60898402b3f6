//! The image that was built from a commit: of a version that ran before, or of a tag in the registry.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Failure;
use super::super::watch::Known;
use super::targets::Target;
use crate::build::commit::{SHORTEST, is_same, tag_of};
use crate::domain::image::Tag;
use crate::domain::{Clean, ImageName, ResourceRef, Version};
use crate::registry::Registries;
use crate::release::step::{New, Step};
use crate::world::KnownVersion;

/// Of so many tags a repository it is asked which commit they are of.
const LOOKED_AT: usize = 50;

/// The step that releases the image of a commit.
///
/// # Errors
/// No image of it is known, or several are.
pub(super) async fn start(
    known: &Known,
    targets: &[Target],
    (new, commit): (&New, &str),
    registries: Option<&Registries>,
) -> Result<Step, Failure> {
    let is_hash = commit.len() >= SHORTEST && commit.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_hash {
        return Err(Failure::usage(
            format!("'{commit}' is no commit"),
            format!("write its hash, {SHORTEST} digits of it or more, or name the image with --image"),
        ));
    }
    let objects: Vec<ResourceRef> = targets.iter().map(|target| target.object.clone()).collect();
    let own = repositories(known, targets, new.container.as_deref())?;
    let mut found = of_versions(commit, &own, &known.world.versions_of(&objects));
    let mut unasked = Vec::new();
    if found.is_empty()
        && let Some(registries) = registries
    {
        (found, unasked) = of_tags(commit, &own, registries).await;
    }
    let mut images = found.into_iter();
    match (images.next(), images.next()) {
        (Some(image), None) => Ok(Step::Start(Box::new(New { image, ..new.clone() }))),
        (None, _) => {
            let nothing =
                format!("no image of commit {commit} is known, of a version that ran or of a tag in the registry");
            let told: Vec<String> = [nothing].into_iter().chain(unasked).collect();
            Err(Failure::failed(
                told.join("; "),
                "build it first, or name the image with --image",
            ))
        }
        (Some(one), Some(other)) => {
            let all: Vec<String> = [one, other].into_iter().chain(images).collect();
            Err(Failure::usage(
                format!("several images are of commit {commit}: {}", all.join(", ")),
                "say which one with --image",
            ))
        }
    }
}

/// A repository, and a workload that is allowed to pull from it.
type Repositories<'a> = BTreeMap<String, (ImageName, &'a Target)>;

/// The repositories of the container that gets the image.
fn repositories<'a>(
    known: &Known,
    targets: &'a [Target],
    container: Option<&str>,
) -> Result<Repositories<'a>, Failure> {
    let mut found = Repositories::new();
    for target in targets {
        let view = known.world.cluster(&target.object.cluster);
        let workload = view.and_then(|view| Some((view, view.workload(target.object.kind, &target.object.key)?)));
        let Some((view, workload)) = workload else { continue };
        let image = match workload.images.as_ref() {
            [only] => Some(only),
            several => {
                let names = view.containers_of(workload);
                let mut own = several.iter().zip(&names);
                own.find(|(_, name)| container == Some(name.as_str()))
                    .map(|(image, _)| image)
            }
        };
        let name = image.and_then(|image| ImageName::parse(image)).ok_or_else(|| {
            Failure::usage(
                format!("{}: which container gets the image is not known", target.name()),
                "say which with --container, or name the image with --image",
            )
        })?;
        found.entry(name.place()).or_insert((name, target));
    }
    Ok(found)
}

/// Images of these repositories in versions that were released as of this commit.
fn of_versions(commit: &str, own: &Repositories<'_>, versions: &[KnownVersion]) -> BTreeSet<String> {
    let is_of = |known: &&KnownVersion| matches!(&known.version, Version::Commit(told) if is_same(told, commit));
    let is_own = |image: &&Clean| ImageName::parse(image).is_some_and(|name| own.contains_key(&name.place()));
    let images = versions.iter().filter(is_of).flat_map(|known| known.images.iter());
    images.filter(is_own).map(ToString::to_string).collect()
}

/// Images of tags of this commit in these repositories; what could not be asked.
async fn of_tags(commit: &str, own: &Repositories<'_>, registries: &Registries) -> (BTreeSet<String>, Vec<String>) {
    let (mut found, mut unasked) = (BTreeSet::new(), Vec::new());
    for (name, target) in own.values() {
        let repository = registries.of_workload(name, &target.cluster, &target.object).await;
        match repository.tags(LOOKED_AT, &BTreeSet::new()).await {
            Ok(tags) => found.extend(one_of(commit, name, &tags.found)),
            Err(error) => unasked.push(format!("{} could not be asked: {error}", name.place())),
        }
    }
    (found, unasked)
}

/// The image of the youngest tag of a commit.
fn one_of(commit: &str, name: &ImageName, tags: &[Tag]) -> Option<String> {
    let tag = tag_of(commit, tags)?;
    Some(name.with_tag(tag).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(name: &str) -> Tag {
        Tag {
            name: name.into(),
            digest: Some("sha256:0123456789abcdef0123456789abcdef".into()),
            ..Tag::default()
        }
    }

    #[test]
    fn the_image_of_a_commit_is_pinned_to_what_its_tag_names_now() {
        let name = ImageName::parse("r.corp/gift/live:v1").unwrap();
        let of = |tags: &[Tag]| one_of("c04d21b", &name, tags);
        let pinned = "r.corp/gift/live:main-c04d21b@sha256:0123456789abcdef0123456789abcdef";
        assert_eq!(of(&[tag("main-c04d21b")]).as_deref(), Some(pinned));
        assert_eq!(of(&[tag("v2")]), None);
    }
}
