//! What the ledger knows of the versions that can be gone back to: which were good, and those that no revision keeps.

use crate::domain::{Clean, ClusterId, ResourceRef, Version};
use crate::message::Trouble;
use crate::model::Model;
use crate::overlays::draft::Chosen;
use crate::overlays::{Draft, Item, Overlay, Target};
use crate::release::history::Told;
use crate::release::known::{Known, Versions};
use crate::release::past::Back;
use crate::screens::words;

/// Marks the versions that are offered with what a cluster's ledger says of them, offers those that it alone knows, and
/// puts the cursor on the last good one unless a person moved it.
pub(super) fn remember(model: &mut Model, cluster: &ClusterId, versions: &Versions) {
    let aims = model.draft.iter().flat_map(Draft::open);
    let objects: Vec<ResourceRef> = aims
        .map(|aim| aim.object.clone())
        .filter(|object| object.cluster == *cluster)
        .collect();
    let now = model.now;
    let told: Vec<(Option<Clean>, Vec<Told>)> = objects.iter().map(|object| told(model, object)).collect();
    let is_whole = objects.iter().all(|object| model.world.knows_history(object));
    let Some(Overlay::Picker(picker)) = model.overlays.last_mut() else {
        return;
    };
    let mut items = picker.items().to_vec();
    let mut preferred = None;
    for (object, (runs, history)) in objects.iter().zip(told) {
        let workload = format!("{} {}", object.kind, object.key.name);
        let others = versions.of(&workload).map(|known| (known, hash(known, &history)));
        let others = others.filter(|(_, hash)| runs.is_none() || hash.as_deref() != runs.as_deref());
        let mut is_last = true;
        for (known, hash) in others {
            let place = place(&mut items, object, (known, hash.as_deref()));
            let Some(item) = items.get_mut(place) else { continue };
            let is_last_good = known.is_good() && is_last;
            let age = words::seconds_since(Some(known.last), now)
                .map(words::span)
                .unwrap_or_default();
            let told = match (&known.bad, is_last_good) {
                (Some(mark), _) => format!("bad: {}", Clean::new(&mark.words())),
                (None, true) => format!("last good, until {age} ago"),
                (None, false) => format!("good, until {age} ago"),
            };
            if !item.detail.starts_with(&told) {
                item.detail = format!("{told} · {}", item.detail);
            }
            if is_last_good {
                preferred = preferred.or(Some(place));
                is_last = false;
            }
        }
    }
    let is_empty = items.is_empty();
    picker.mend(items, preferred);
    if is_empty && is_whole {
        model.tell(Trouble::info("roll back: no older version is known"));
    }
    model.touch();
}

/// The hash of the revision that a workload's template is, and its revisions that no watch brings.
fn told(model: &Model, object: &ResourceRef) -> (Option<Clean>, Vec<Told>) {
    let known = model.world.versions_of(std::slice::from_ref(object));
    let mut holders = known.into_iter().flat_map(|known| known.at);
    let runs = holders.find(|holder| holder.newest).and_then(|holder| holder.hash);
    let view = model.world.cluster(&object.cluster);
    let history = view.and_then(|view| view.history_of(view.workload(object.kind, &object.key)?));
    (runs, history.unwrap_or_default().to_vec())
}

/// The hash of the revision that a version is, as far as the ledger or the revision itself tells.
fn hash(known: &Known, history: &[Told]) -> Option<String> {
    let of_history = || history.iter().rev().find(|told| told.is(known))?.hash.as_ref();
    known.hash.clone().or_else(|| of_history().map(ToString::to_string))
}

/// Where a version of a workload is offered; where it is not it is from now on.
fn place(items: &mut Vec<Item>, object: &ResourceRef, (known, revision): (&Known, Option<&str>)) -> usize {
    let own = |back: &Back| match back {
        Back::Named(hash) => revision == Some(hash.as_str()),
        Back::Known(id) => known.id == *id,
        Back::LastGood => false,
    };
    let is_it = |item: &Item| match &item.target {
        Target::Version(Chosen::Past(all)) => all.iter().any(|(at, back)| at == object && own(back)),
        _ => false,
    };
    if let Some(place) = items.iter().position(is_it) {
        return place;
    }
    let version = match &known.commit {
        Some(commit) => Version::Commit(Clean::new(commit)),
        None => known
            .images
            .first()
            .map_or(Version::Unknown, |image| Version::of_image(&Clean::new(image))),
    };
    let label = words::version(&version);
    let back = (object.clone(), Back::Known(known.id.clone()));
    // The same one of another cluster is gone back to there too.
    let alike = items.iter_mut().position(|item| {
        let elsewhere = |all: &[(ResourceRef, Back)]| {
            all.iter()
                .all(|(at, back)| at != object && matches!(back, Back::Known(_)))
        };
        match &mut item.target {
            Target::Version(Chosen::Past(all)) if item.label == label && elsewhere(all) => {
                all.push(back.clone());
                true
            }
            _ => false,
        }
    });
    alike.unwrap_or_else(|| {
        items.push(Item {
            label,
            detail: Clean::new(&known.images.join(", ")).to_string(),
            keys: String::new(),
            names: &[],
            target: Target::Version(Chosen::Past(vec![back])),
        });
        items.len() - 1
    })
}
