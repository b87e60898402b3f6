//! Picking a commit by key: its repository is read, what runs and what has an image stands beside, and an image that is
//! there is offered for a gray release.

use std::collections::{BTreeMap, BTreeSet};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::build::commit::{Commit, Found, RefName, Wanted};
use crate::build::source::Address;
use crate::build::sources::NoAddress;
use crate::domain::image::Tags;
use crate::domain::{AppKey, Clean, ImageName};
use crate::message::{Action, Effect, Severity, Trouble};
use crate::model::Model;
use crate::model::commits::{Image, Picking, STEP};
use crate::overlays::draft::Chosen;
use crate::overlays::{Item, Overlay, Picker, Purpose, Target};
use crate::release::ledger::Operation;
use crate::screens::words;
use crate::world::{Part, Running};

/// Columns of an author.
const AUTHOR: usize = 14;

/// Begins: asks for the commits, or first for where the source is.
pub(super) fn open(model: &mut Model, gray: bool) -> Vec<Effect> {
    let (app, objects) = match model.app_to_build() {
        Ok(found) => found,
        Err(reason) => {
            model.tell(Trouble::info(format!("{}: {reason}", Action::Build.label())));
            return Vec::new();
        }
    };
    model.picking = Some(Picking {
        app,
        objects,
        wanted: None,
        found: None,
        gray,
        tags: None,
    });
    let tags = model.picking.as_ref().and_then(|picking| {
        let object = picking.objects.first()?.clone();
        Some(Effect::LoadTags(object, model.image_repository(picking)?))
    });
    let mut effects = read(model, None, STEP);
    if model.picking.is_some() {
        effects.extend(tags);
    }
    effects
}

/// Asks for commits, and shows that they are read.
fn read(model: &mut Model, branch: Option<Clean>, depth: usize) -> Vec<Effect> {
    let Some(app) = model.picking.as_ref().map(|picking| picking.app.clone()) else {
        return Vec::new();
    };
    let wanted = match model.commits_wanted(&app, branch, depth) {
        Ok(wanted) => wanted,
        Err(NoAddress::Unsaid(_)) => {
            show(model, Purpose::Repository, Vec::new());
            return Vec::new();
        }
        Err(error) => {
            // What was typed is asked for anew.
            model.repos.remove(&app);
            model.picking = None;
            model.tell(warning(&error.to_string(), error.hint()));
            return Vec::new();
        }
    };
    if let Some(picking) = &mut model.picking {
        picking.wanted = Some(wanted.clone());
    }
    show(model, Purpose::Commit, Vec::new());
    vec![Effect::LoadCommits(app, Box::new(wanted))]
}

fn show(model: &mut Model, purpose: Purpose, items: Vec<Item>) {
    let picker = Picker::new(purpose, items, BTreeSet::new());
    model.overlays.push(Overlay::Picker(picker));
    model.touch();
}

fn warning(text: &str, hint: impl Into<Clean>) -> Trouble {
    Trouble {
        severity: Severity::Warning,
        text: Clean::new(text),
        hint: Some(hint.into()),
    }
}

/// Whether commits are looked at; whoever left is told nothing any more.
fn is_open(model: &Model) -> bool {
    matches!(model.overlays.last(), Some(Overlay::Picker(picker)) if picker.purpose == Purpose::Commit)
}

/// The commits are there, or could not be read.
pub(super) fn arrived(
    model: &mut Model,
    (app, wanted): (&AppKey, &Wanted),
    read: Result<Box<Found>, Trouble>,
) -> Vec<Effect> {
    let is_meant = |picking: &Picking| picking.app == *app && picking.wanted.as_ref() == Some(wanted);
    if !is_open(model) || !model.picking.as_ref().is_some_and(is_meant) {
        return Vec::new();
    }
    match read {
        Ok(found) => {
            for note in &found.notes {
                model.tell(Trouble::info(note.to_string()));
            }
            if let Some(picking) = &mut model.picking {
                picking.found = Some(*found);
            }
            fill(model);
        }
        Err(trouble) => {
            model.repos.remove(app);
            model.overlays.pop();
            model.picking = None;
            model.tell(trouble);
        }
    }
    model.touch();
    Vec::new()
}

/// The tags of an image's repository are there: for who picks a commit, or a version.
pub(super) fn tagged(model: &mut Model, image: &ImageName, read: Result<Tags, Trouble>) -> Vec<Effect> {
    mark(model, image, &read);
    super::release::offer_tags(model, image, read)
}

/// Says of the commits which have an image; where the tags could not be read that stays unknown.
fn mark(model: &mut Model, image: &ImageName, read: &Result<Tags, Trouble>) {
    let is_its = |picking: &Picking| {
        let own = model.image_repository(picking);
        own.is_some_and(|own| own.is_same_repository(image))
    };
    if !model.picking.as_ref().is_some_and(is_its) {
        return;
    }
    if let (Ok(tags), Some(picking)) = (read, &mut model.picking) {
        picking.tags = Some((image.clone(), tags.found.clone()));
    }
    if is_open(model) {
        fill(model);
        model.touch();
    }
}

/// Puts the commits into the picker; the cursor stays on the one it is on.
fn fill(model: &mut Model) {
    let Some(picking) = &model.picking else { return };
    let Some(found) = &picking.found else { return };
    let running = model.world.running(&picking.app);
    let item = |commit: &Commit| item(model, picking, &running, commit);
    let mut items: Vec<Item> = found.commits.iter().map(item).collect();
    if found.has_more {
        items.push(Item {
            label: "more".into(),
            detail: format!(
                "these are the newest {} of {}: read older ones",
                found.commits.len(),
                found.of
            ),
            keys: String::new(),
            names: &[],
            target: Target::MoreCommits,
        });
    }
    if let Some(Overlay::Picker(picker)) = model.overlays.last_mut() {
        picker.mend(items, None);
    }
}

fn item(model: &Model, picking: &Picking, running: &[Running], commit: &Commit) -> Item {
    let age = words::seconds_since(commit.at, model.now).map_or_else(|| "–".to_owned(), words::span);
    let refs: Vec<&str> = commit.refs.iter().map(|name| name.name().as_str()).collect();
    let named = if refs.is_empty() {
        String::new()
    } else {
        format!("[{}] ", refs.join(", "))
    };
    let mut parts: BTreeMap<Part, u32> = BTreeMap::new();
    for running in running.iter().filter(|running| running.is_of(&commit.id)) {
        *parts.entry(running.part).or_default() += running.instances;
    }
    let mut told: Vec<String> = parts
        .iter()
        .map(|(part, count)| format!("{} {count}", part.word()))
        .collect();
    if matches!(model.image_of(picking, commit), Image::Known(_)) {
        told.push("image".into());
    }
    Item {
        label: commit.short().to_owned(),
        detail: format!(
            "{age:>6}  {}  {named}{}",
            fitted(&commit.author, AUTHOR),
            commit.subject
        ),
        keys: told.join(" · "),
        names: &[],
        target: Target::Commit(commit.id.clone()),
    }
}

/// A text in so many columns.
fn fitted(text: &str, columns: usize) -> String {
    let mut fitting = String::new();
    for c in text.chars() {
        if fitting.width() + c.width().unwrap_or(0) > columns {
            break;
        }
        fitting.push(c);
    }
    let room = columns.saturating_sub(fitting.width());
    fitting + &" ".repeat(room)
}

/// Shows the branches and tags of the repository, in place of its commits.
pub(super) fn branches(model: &mut Model) -> Vec<Effect> {
    let found = model.picking.as_ref().and_then(|picking| picking.found.as_ref());
    let (Some(found), true) = (found, is_open(model)) else {
        return Vec::new();
    };
    let now = &found.of;
    let item = |(name, id): &(RefName, Clean)| Item {
        label: name.name().to_string(),
        detail: format!(
            "{} · {}{}",
            match name {
                RefName::Branch(_) => "branch",
                RefName::Tag(_) => "tag",
            },
            id.get(..crate::build::commit::SHORTEST).unwrap_or(id),
            if name == now { " · shown now" } else { "" }
        ),
        keys: String::new(),
        names: &[],
        target: Target::Branch(name.name().clone()),
    };
    let items = found.refs.all.iter().map(item).collect();
    model.overlays.pop();
    show(model, Purpose::Branch, items);
    Vec::new()
}

/// Offers what is typed as the address of the repository, or says what is wrong with it.
pub(super) fn offer(model: &mut Model) {
    let Some(Overlay::Picker(picker)) = model.overlays.last_mut() else {
        return;
    };
    if picker.purpose != Purpose::Repository {
        return;
    }
    let typed = picker.field.text();
    let (label, detail) = match Address::parse(&typed) {
        Ok(address) => (address.to_string(), "read its commits".to_owned()),
        Err(error) => ("–".to_owned(), format!("{error}: {}", error.hint())),
    };
    picker.offer((!typed.trim().is_empty()).then(|| Item {
        label,
        detail,
        keys: String::new(),
        names: &[],
        target: Target::Typed(typed.trim().to_owned()),
    }));
}

/// A commit, a branch or an address was chosen.
pub(super) fn choose(model: &mut Model, target: Target) -> Vec<Effect> {
    let Some(picking) = model.picking.clone() else {
        return Vec::new();
    };
    let of = picking.found.as_ref().map(|found| found.of.name().clone());
    match target {
        Target::Typed(address) => {
            model.repos.insert(picking.app.clone(), address);
            read(model, None, STEP)
        }
        Target::Branch(name) => read(model, Some(name), STEP),
        Target::MoreCommits => {
            let depth = picking.wanted.map_or(STEP, |wanted| wanted.depth);
            read(model, of, depth * 2)
        }
        Target::Commit(id) => {
            model.picking = None;
            let chosen = picking
                .found
                .as_ref()
                .and_then(|found| found.commits.iter().find(|own| own.id == id));
            chosen
                .cloned()
                .map_or_else(Vec::new, |commit| take(model, &picking, &commit))
        }
        _ => Vec::new(),
    }
}

/// A commit that has an image is released: nothing is built twice. Another is built, after a yes.
fn take(model: &mut Model, picking: &Picking, commit: &Commit) -> Vec<Effect> {
    let image = match model.image_of(picking, commit) {
        Image::Known(image) => image,
        Image::None | Image::Unknown => return super::building::open(model, picking, commit),
    };
    let refused = |model: &mut Model, reason: String| {
        model.tell(Trouble::info(format!(
            "{} has the image {image}, but {reason}",
            commit.short()
        )));
        Vec::new()
    };
    let mut effects = super::release::review(model);
    match model.draft(Operation::Start) {
        Err(reason) => return refused(model, reason),
        Ok(draft) => model.draft = Some(draft),
    }
    let chosen = Chosen::Image {
        image: image.clone(),
        commit: Some(commit.id.to_string()),
    };
    effects.extend(super::release::choose(model, Target::Version(chosen)));
    effects
}
