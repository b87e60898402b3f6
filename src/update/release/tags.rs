//! Tags that only the registry knows of, offered where a version is asked for.

use crate::domain::image::{Tag, Tags};
use crate::domain::{ImageName, ResourceRef, Timestamp, Version};
use crate::message::{Effect, Trouble};
use crate::model::Model;
use crate::overlays::draft::Chosen;
use crate::overlays::{Draft, Item, Overlay, Purpose, Target};
use crate::release::ledger::Operation;
use crate::screens::words;

/// So many tags are offered, the youngest that were looked at first.
const TAGS_OFFERED: usize = 100;

/// The repository whose tags are offered: of the first image that runs, as a tag that is typed alone means it.
pub(super) fn repository(draft: &Draft) -> Option<(ResourceRef, ImageName)> {
    let aim = draft.open().find(|aim| !aim.images.is_empty())?;
    let image = ImageName::parse(aim.images.first()?)?;
    Some((aim.object.clone(), image))
}

/// Offers the tags that only the registry knows of, below the others.
pub(in crate::update) fn offer_tags(model: &mut Model, image: &ImageName, read: Result<Tags, Trouble>) -> Vec<Effect> {
    let is_of = |draft: &Draft| {
        let its = repository(draft).is_some_and(|(_, its)| its.is_same_repository(image));
        draft.operation == Operation::Start && its
    };
    if !model.draft.as_ref().is_some_and(is_of) {
        return Vec::new();
    }
    let tags = match read {
        Ok(tags) => tags,
        Err(trouble) => {
            model.tell(trouble);
            return Vec::new();
        }
    };
    if tags.has_more || tags.found.len() > TAGS_OFFERED {
        let text = format!(
            "{} has more tags than are offered here: any can be typed",
            image.place()
        );
        model.tell(Trouble::info(text));
    }
    let now = model.now;
    let Some(Overlay::Picker(picker)) = model.overlays.last_mut() else {
        return Vec::new();
    };
    if picker.purpose != Purpose::Version {
        return Vec::new();
    }
    for tag in tags.found.iter().take(TAGS_OFFERED) {
        let item = item(tag, image, now);
        if !picker.items().iter().any(|known| is_same(known, &item)) {
            picker.add(item);
        }
    }
    super::asking::mark_bad(model);
    model.touch();
    Vec::new()
}

fn item(tag: &Tag, image: &ImageName, now: Timestamp) -> Item {
    let meant = image.with_tag(tag);
    let age = words::seconds_since(tag.created, now).map(|seconds| format!("{} old", words::span(seconds)));
    let commit = tag
        .commit
        .clone()
        .map(|commit| format!("commit {}", Version::Commit(commit).short()));
    let parts = [age, Some("in the registry".to_owned()), commit];
    Item {
        label: tag.name.to_string(),
        detail: parts.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        keys: String::new(),
        names: &[],
        target: Target::Tag(Chosen::Image {
            image: meant.to_string(),
            commit: tag.commit.as_ref().map(ToString::to_string),
        }),
    }
}

/// Whether two items mean the same tag of the same repository.
fn is_same(one: &Item, other: &Item) -> bool {
    let (Some(one), Some(other)) = (image_of(one), image_of(other)) else {
        return false;
    };
    one.is_same_repository(&other) && one.tag() == other.tag()
}

fn image_of(item: &Item) -> Option<ImageName> {
    match &item.target {
        Target::Version(Chosen::Image { image, .. } | Chosen::Built { image, .. })
        | Target::Tag(Chosen::Image { image, .. }) => ImageName::parse(image),
        _ => None,
    }
}
