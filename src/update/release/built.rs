//! Builds that are done and of which nothing is released: offered where a version is asked for, above the others.

use crate::build::{Build, State};
use crate::domain::ImageName;
use crate::model::Model;
use crate::overlays::draft::Chosen;
use crate::overlays::{Draft, Item, Target};
use crate::release::template::Facts;
use crate::screens::builds;
use crate::screens::words;
use crate::world::KnownVersion;

/// So many are offered, the newest first.
const OFFERED: usize = 5;

/// The builds of the app of a draft that none of the versions known is of.
pub(super) fn offered(model: &Model, draft: &Draft, known: &[KnownVersion]) -> Vec<Item> {
    let Some(aim) = draft.open().next() else {
        return Vec::new();
    };
    let all = builds::of_app(&model.world, &aim.app);
    let mut done: Vec<Build> = Vec::new();
    for build in all.into_iter().filter(|build| build.state == State::Done) {
        let is_offered = done.iter().any(|other| other.digest == build.digest);
        if !is_offered && !known.iter().any(|known| is_of(known, &build)) {
            done.push(build);
        }
    }
    done.iter()
        .take(OFFERED)
        .filter_map(|build| item(model, build))
        .collect()
}

/// What is released of a build: its image by digest, and what it says of where that comes from.
pub(in crate::update) fn chosen(build: &Build) -> Option<Chosen> {
    Some(Chosen::Built {
        image: build.released_as()?,
        facts: Box::new(Facts {
            commit: Some(build.commit.to_string()),
            repo: Some(build.repo.to_string()).filter(|repo| !repo.is_empty()),
            reference: build.reference.as_ref().map(ToString::to_string),
            build: Some(build.name.to_string()),
            image_digest: build.digest.as_ref().map(ToString::to_string),
        }),
    })
}

/// Whether a version is what a build made.
fn is_of(known: &KnownVersion, build: &Build) -> bool {
    let digest = |image: &str| ImageName::parse(image).and_then(|image| image.digest);
    let by_digest = |image: &crate::domain::Clean| build.digest.is_some() && digest(image) == build.digest;
    known.version.full() == build.commit.as_str() || known.images.iter().any(by_digest)
}

fn item(model: &Model, build: &Build) -> Option<Item> {
    let now = model
        .world
        .cluster(&build.cluster)
        .map_or(model.now, |view| view.time(model.now));
    let ago = words::seconds_since(build.ended, now).map_or_else(
        || "built".to_owned(),
        |seconds| format!("built {} ago", words::span(seconds)),
    );
    let of = build.reference.as_ref().map(|name| format!("of {name}"));
    let image = build.image.rsplit('/').next().map(str::to_owned);
    let parts = [Some(ago), Some("nothing of it is released".to_owned()), of, image];
    Some(Item {
        label: builds::commit(build).to_owned(),
        detail: parts.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        keys: String::new(),
        names: &[],
        target: Target::Version(chosen(build)?),
    })
}
