//! What a step needs to know first: which version, and how many instances.

use std::collections::BTreeSet;

use super::past;
use crate::domain::{AppKey, Clean, ClusterId, ResourceRef, Version};
use crate::message::{Action, Effect, Trouble};
use crate::model::Model;
use crate::overlays::draft::{Chosen, Many, image_meant};
use crate::overlays::{Confirm, Draft, HowMany, Item, Overlay, Picker, Purpose, Target};
use crate::release::ledger::{Ledger, Operation};
use crate::release::live::Method;
use crate::release::past::Back;
use crate::release::step::Count;
use crate::screens::words;
use crate::world::{Holder, KnownVersion};

/// Opens what asks for a version; what was released before the revisions that are kept is asked for.
pub(super) fn open_versions(model: &mut Model, draft: Draft) -> Vec<Effect> {
    let purpose = if draft.operation == Operation::Rollback {
        Purpose::Revision
    } else {
        Purpose::Version
    };
    model.draft = Some(draft);
    let items = versions(model, purpose);
    model
        .overlays
        .push(Overlay::Picker(Picker::new(purpose, items, BTreeSet::new())));
    // What is gone back to ran before: revisions and the ledger know it.
    let released = model.draft.as_ref().filter(|_| purpose == Purpose::Version);
    let tags = released.and_then(super::tags::repository);
    let tags = tags.map(|(object, image)| Effect::LoadTags(object, image));
    tags.into_iter().collect()
}

/// Asks what the ledgers of an app say of its versions, in every cluster that has it: what was rolled back in one is
/// bad in all of them.
pub(super) fn load_ledgers(draft: &Draft) -> Vec<Effect> {
    if !matches!(
        draft.operation,
        Operation::Start | Operation::Rollback | Operation::Retry
    ) {
        return Vec::new();
    }
    let own = draft.open().map(|aim| (aim.object.cluster.clone(), aim.app.clone()));
    let app = draft.open().next().map(|aim| &aim.app);
    let others = draft.untouched.iter().zip(app.into_iter().cycle());
    let mut all: Vec<_> = own.chain(others.map(|(id, app)| (id.clone(), app.clone()))).collect();
    all.dedup();
    all.into_iter().map(|(id, app)| Effect::LoadLedger(id, app)).collect()
}

/// Takes what the ledger of an app says; where a version is asked for, offers what no revision knows, below the others.
pub(in crate::update) fn remember(
    model: &mut Model,
    (cluster, app): (&ClusterId, &AppKey),
    read: Result<Box<Ledger>, Trouble>,
) -> Vec<Effect> {
    if let Ok(ledger) = &read {
        model.world.note_ledger(cluster, app, ledger);
        model.derive();
        model.touch();
    }
    let is_of = |draft: &Draft| draft.open().any(|aim| aim.app == *app);
    if !model.draft.as_ref().is_some_and(is_of) {
        return Vec::new();
    }
    let is_own = |draft: &Draft| draft.open().any(|aim| aim.object.cluster == *cluster);
    if !model.draft.as_ref().is_some_and(is_own) {
        // What speaks against a version from elsewhere is told where it is offered; that it could not be read, where it
        // is to be written.
        mark_bad(model);
        model.touch();
        return Vec::new();
    }
    let ledger = match read {
        Ok(ledger) => ledger,
        Err(trouble) => {
            model.tell(trouble);
            return Vec::new();
        }
    };
    let Some(Overlay::Picker(picker)) = model.overlays.last_mut() else {
        return Vec::new();
    };
    match picker.purpose {
        Purpose::Version => {}
        Purpose::Revision => {
            past::remember(model, cluster, &ledger.versions);
            mark_bad(model);
            return Vec::new();
        }
        _ => return Vec::new(),
    }
    for entry in ledger.entries() {
        let Some(image) = entry.to.as_ref().filter(|image| !is_offered(picker, image)) else {
            continue;
        };
        let age = words::seconds_since(Some(entry.at), model.now)
            .map(words::span)
            .unwrap_or_default();
        picker.add(Item {
            label: words::version(&Version::of_image(image)),
            detail: format!("released {age} ago by {} · {image}", Clean::new(&entry.by)),
            keys: String::new(),
            names: &[],
            target: Target::Version(Chosen::Image {
                image: image.clone(),
                commit: None,
            }),
        });
    }
    mark_bad(model);
    model.touch();
    Vec::new()
}

/// Says of the versions that are offered which of them somebody said to be bad.
pub(super) fn mark_bad(model: &mut Model) {
    let Some(Overlay::Picker(picker)) = model.overlays.last() else {
        return;
    };
    let mut items = picker.items().to_vec();
    for item in &mut items {
        let told = match &item.target {
            Target::Version(Chosen::Image { image, .. } | Chosen::Built { image, .. })
            | Target::Tag(Chosen::Image { image, .. })
            | Target::Typed(image) => bad(model, image),
            Target::Version(Chosen::Past(all)) => bad_past(model, all),
            _ => None,
        };
        if let Some(told) = told.filter(|told| !item.detail.contains(told)) {
            item.detail = format!("{told} · {}", item.detail);
        }
    }
    if let Some(Overlay::Picker(picker)) = model.overlays.last_mut() {
        picker.mend(items, None);
    }
}

/// Who says of an image that it is bad, where the release would get it.
fn bad(model: &Model, image: &str) -> Option<String> {
    let mut aims = model.draft.iter().flat_map(Draft::open);
    aims.find_map(|aim| {
        let said = model.world.bad_image(&aim.object, &aim.app, image)?;
        Some(said.words().to_string())
    })
}

/// Who says so of a version that is gone back to, where a revision of it is left.
fn bad_past(model: &Model, all: &[(ResourceRef, Back)]) -> Option<String> {
    all.iter().find_map(|(object, back)| {
        let view = model.world.cluster(&object.cluster)?;
        let workload = view.workload(object.kind, &object.key)?;
        let Back::Named(hash) = back else { return None };
        let said = model.world.bad_revision(view, workload, hash)?;
        Some(said.words().to_string())
    })
}

fn is_offered(picker: &Picker, image: &str) -> bool {
    picker.items().iter().any(|item| match &item.target {
        Target::Version(Chosen::Image { image: known, .. }) => known == image,
        _ => false,
    })
}

/// The versions that are offered, the newest first; to go back to, the last one before what runs.
pub(in crate::update) fn versions(model: &Model, purpose: Purpose) -> Vec<Item> {
    let Some(draft) = &model.draft else {
        return Vec::new();
    };
    let objects: Vec<ResourceRef> = draft.open().map(|aim| aim.object.clone()).collect();
    let mut known = model.world.versions_of(&objects);
    let built = if purpose == Purpose::Version {
        super::built::offered(model, draft, &known)
    } else {
        Vec::new()
    };
    // What runs everywhere can neither be released nor gone back to.
    known.retain(|known| known.at.iter().filter(|holder| holder.newest).count() < objects.len());
    if purpose == Purpose::Revision {
        known.retain(|known| known.at.iter().any(|holder| !holder.newest && holder.hash.is_some()));
    } else {
        known.retain(|known| !known.images.is_empty());
        known.sort_by_key(|known| std::cmp::Reverse(known.created));
    }
    let known = known.iter().filter_map(|version| item(model, draft, purpose, version));
    built.into_iter().chain(known).collect()
}

fn item(model: &Model, draft: &Draft, purpose: Purpose, known: &KnownVersion) -> Option<Item> {
    let image = image(draft, known);
    let chosen = if purpose == Purpose::Revision {
        let back = known.at.iter().filter(|holder| !holder.newest);
        let named = |holder: &Holder| {
            let hash = holder.hash.as_ref()?;
            Some((holder.workload.clone(), Back::Named(hash.to_string())))
        };
        Chosen::Past(back.filter_map(named).collect())
    } else {
        Chosen::Image {
            image: image.as_ref()?.to_string(),
            commit: match &known.version {
                Version::Commit(commit) => Some(commit.to_string()),
                _ => None,
            },
        }
    };
    Some(Item {
        label: words::version(&known.version),
        detail: detail(model, known, image.as_ref()),
        keys: String::new(),
        names: &[],
        target: Target::Version(chosen),
    })
}

/// The image of a version that is not the one that runs now, where it has several.
fn image(draft: &Draft, known: &KnownVersion) -> Option<Clean> {
    let runs = draft.open().next().map(|aim| &aim.images);
    let mut images = known.images.iter();
    let other = images.find(|image| runs.is_some_and(|runs| !runs.contains(image)));
    other.or(known.images.first()).cloned()
}

fn detail(model: &Model, known: &KnownVersion, image: Option<&Clean>) -> String {
    let holder = known.at.first().map(|holder| &holder.workload.cluster);
    let now = holder
        .and_then(|id| model.world.cluster(id))
        .map_or(model.now, |view| view.time(model.now));
    let age = words::seconds_since(known.created, now).map(words::span);
    let number = known.number.map(|number| format!("revision {number}"));
    let mut runs: Vec<String> = Vec::new();
    for holder in known.at.iter().filter(|holder| holder.instances > 0) {
        runs.push(format!("{} in {}", holder.instances, holder.workload.cluster));
    }
    let runs = if runs.is_empty() {
        "runs nowhere".to_owned()
    } else {
        format!("runs: {}", runs.join(", "))
    };
    let image = image.map(|image| image.rsplit('/').next().unwrap_or(image).to_owned());
    let parts = [age.map(|age| format!("{age} old")), Some(runs), number, image];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Offers what is typed as an image of its own.
pub(in crate::update) fn offer(model: &mut Model) {
    let runs = model.draft.as_ref().and_then(runs);
    let Some(Overlay::Picker(picker)) = model.overlays.last_mut() else {
        return;
    };
    if picker.purpose != Purpose::Version {
        return;
    }
    let typed = picker.field.text();
    let meant = image_meant(&typed, runs.as_deref()).ok();
    picker.offer(meant.map(|image| Item {
        label: format!("as typed: {}", typed.trim()),
        detail: image.clone(),
        keys: String::new(),
        names: &[],
        target: Target::Typed(image),
    }));
    mark_bad(model);
}

/// The image of the first container that runs.
fn runs(draft: &Draft) -> Option<String> {
    draft.open().find_map(|aim| aim.images.first()).map(ToString::to_string)
}

/// A version was chosen.
pub(in crate::update) fn choose(model: &mut Model, target: Target) -> Vec<Effect> {
    let Some(mut draft) = model.draft.take() else {
        return Vec::new();
    };
    draft.version = Some(match target {
        Target::Version(chosen) | Target::Tag(chosen) => chosen,
        Target::Typed(image) => Chosen::Image { image, commit: None },
        _ => return Vec::new(),
    });
    if draft.operation == Operation::Start && draft.is_counted() {
        model.overlays.push(Overlay::HowMany(Box::new(HowMany::new(draft))));
        model.touch();
        return Vec::new();
    }
    // What releases by its own steps begins with the first of them.
    super::confirm(model, &draft, Some(Many::Count(Count::Instances(1))))
}

/// Keys while it is typed how many.
pub(in crate::update) fn count(model: &mut Model, action: Action) -> Vec<Effect> {
    if super::super::overlay::typing(model, action) {
        return Vec::new();
    }
    match action {
        Action::Accept => return accept(model),
        Action::Cancel | Action::Back => drop(model.overlays.pop()),
        Action::CursorDown | Action::CursorUp => {
            if let Some(Overlay::HowMany(asked)) = model.overlays.last_mut()
                && asked.draft.has_methods()
            {
                asked.draft.choose_method(action == Action::CursorDown);
            }
        }
        _ => {}
    }
    model.touch();
    Vec::new()
}

fn accept(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::HowMany(asked)) = model.overlays.last() else {
        return Vec::new();
    };
    // What is wrong with it stands beneath the field.
    let Ok(count) = asked.count() else {
        return Vec::new();
    };
    let draft = asked.draft.clone();
    model.overlays.pop();
    match (count, draft.operation) {
        (Many::Count(count), Operation::Rollback) => go_back_by(model, Some((count, draft.method))),
        _ => super::confirm(model, &draft, Some(count)),
    }
}

/// Asks with how many instances a way back begins that leads through a gray release; from there it leads back at once.
pub(super) fn switch_gray(model: &mut Model) -> Vec<Effect> {
    let confirm = model.confirm();
    let is_gray = confirm.and_then(Confirm::is_gray);
    match (is_gray, confirm.and_then(Confirm::gray_draft)) {
        (Some(true), _) => return go_back_by(model, None),
        (Some(false), Some(draft)) => model.overlays.push(Overlay::HowMany(Box::new(HowMany::new(draft)))),
        _ => model.tell(Trouble::info(
            "there is but one way: it is no way back, or its own steps say how many",
        )),
    }
    model.touch();
    Vec::new()
}

/// Tries the other way back.
fn go_back_by(model: &mut Model, gray: Option<(Count, Method)>) -> Vec<Effect> {
    let Some(confirm) = model.confirm_mut() else {
        return Vec::new();
    };
    confirm.go_back_by(gray);
    let way = gray.map_or("at once", |_| "through a gray release");
    super::ask(model, Some(format!("tried anew: back {way}").into()))
}
