//! Keys while something lies over the screen: the filter's field, a picker, help.

use std::collections::BTreeSet;

use crate::listing::{RowKey, Sort};
use crate::message::{Action, Effect};
use crate::model::Model;
use crate::overlays::{Field, Overlay, Picker, Purpose, Target};
use crate::screens::{Screen, ScreenKind};
use crate::world::{LocationKey, Scope};

mod items;

/// Opens what an action opens; says whether it opens anything.
pub(super) fn open(model: &mut Model, action: Action) -> bool {
    let overlay = match action {
        Action::Filter => {
            let list = &model.trail.top().list;
            let before = list.filter().text().to_owned();
            Overlay::Filter {
                field: Field::new(&before),
                before,
                cursor: list.selected().cloned(),
            }
        }
        Action::Help => Overlay::Help { scroll: 0 },
        Action::Palette => picker(model, Purpose::Palette),
        Action::PickSort => picker(model, Purpose::Sort),
        Action::PickFigure => picker(model, Purpose::Figure),
        Action::ScopeClusters => picker(model, Purpose::Clusters),
        Action::ScopeLocations => picker(model, Purpose::Locations),
        Action::ScopeNamespaces => picker(model, Purpose::Namespaces),
        _ => return false,
    };
    model.overlays.push(overlay);
    true
}

pub(super) fn picker(model: &Model, purpose: Purpose) -> Overlay {
    let items = items::items(model, purpose);
    let checked: BTreeSet<usize> = items
        .iter()
        .enumerate()
        .filter(|(_, item)| is_chosen(model, &item.target))
        .map(|(index, _)| index)
        .collect();
    Overlay::Picker(Picker::new(purpose, items, checked))
}

fn is_chosen(model: &Model, target: &Target) -> bool {
    match target {
        Target::Cluster(id) => model.scope.clusters.contains(id),
        Target::Location(key) => model.scope.locations.contains(key),
        Target::Namespace(name) => model.scope.namespaces.contains(name),
        Target::Sort(sort) => model.trail.top().list.sort().is_some_and(|s| s.column == sort.column),
        Target::Container(name) => model
            .logs()
            .is_some_and(|logs| logs.follow.choice.containers.contains(name)),
        Target::Role(role) => model.logs().is_some_and(|logs| {
            let without = &logs.follow.choice.without;
            !without.is_empty() && !without.contains(role)
        }),
        Target::Figure(figure) => figure.is_some() && model.trail.top().figure == *figure,
        Target::Action(_)
        | Target::App(_)
        | Target::CarriedBy(_)
        | Target::EveryContainer
        | Target::Version(_)
        | Target::Tag(_)
        | Target::Commit(_)
        | Target::Branch(_)
        | Target::MoreCommits
        | Target::Typed(_) => false,
    }
}

/// Text for whatever is being typed; elsewhere it says and does nothing.
pub(super) fn insert(model: &mut Model, text: &str) -> Vec<Effect> {
    if let Some(Overlay::HowMany(asked)) = model.overlays.last_mut()
        && asked.fresh
    {
        asked.field.clear();
    }
    edit(model, |field| field.insert(text));
    Vec::new()
}

fn edit(model: &mut Model, change: impl FnOnce(&mut Field)) {
    match model.overlays.last_mut() {
        Some(Overlay::Picker(picker)) => {
            picker.edit(change);
            super::release::offer(model);
            super::commits::offer(model);
        }
        Some(Overlay::HowMany(asked)) => {
            change(&mut asked.field);
            asked.fresh = false;
        }
        Some(Overlay::Confirm(confirm)) if confirm.is_typing() => change(&mut confirm.field),
        Some(Overlay::Filter { field, .. }) => {
            change(field);
            let text = field.text();
            apply_filter(model, &text);
        }
        Some(Overlay::LogField { field, problem, .. }) => {
            change(field);
            *problem = None;
        }
        Some(Overlay::Help { .. } | Overlay::LogLine(_) | Overlay::Confirm(_) | Overlay::Building(_)) | None => return,
    }
    model.touch();
}

fn apply_filter(model: &mut Model, text: &str) {
    if model.trail.top().list.filter().text() != text {
        let scope = model.scope_here();
        model.with_screen(&scope, |screen, ctx| screen.set_filter(text, ctx));
    }
}

pub(super) fn typing(model: &mut Model, action: Action) -> bool {
    match action {
        Action::EraseBackward => edit(model, Field::erase_backward),
        Action::EraseWord => edit(model, Field::erase_word),
        Action::EraseAll => edit(model, Field::clear),
        Action::FieldLeft => edit(model, Field::left),
        Action::FieldRight => edit(model, Field::right),
        Action::FieldStart => edit(model, Field::start),
        Action::FieldEnd => edit(model, Field::end),
        _ => return false,
    }
    true
}

pub(super) fn type_filter(model: &mut Model, action: Action) -> Vec<Effect> {
    if typing(model, action) {
        return Vec::new();
    }
    match action {
        // A filter that means nothing is not in force: the field stays, with what is wrong under it.
        Action::Accept if model.trail.top().list.filter().problem().is_some() => {}
        Action::Accept => drop(model.overlays.pop()),
        Action::Cancel | Action::Back => {
            if let Some(Overlay::Filter { before, cursor, .. }) = model.overlays.pop() {
                apply_filter(model, &before);
                if let Some(key) = cursor {
                    super::list::seek(model, key);
                }
            }
        }
        // The list moves under the field, so that one can look before accepting.
        other => {
            let changed = super::list::act(model, other);
            return finish(model, changed);
        }
    }
    finish(model, true)
}

fn finish(model: &mut Model, changed: bool) -> Vec<Effect> {
    if changed {
        model.touch();
    }
    Vec::new()
}

pub(super) fn read(model: &mut Model, action: Action) -> Vec<Effect> {
    let page = usize::try_from(model.page()).unwrap_or(1);
    let most = model.help().most();
    let Some(Overlay::Help { scroll }) = model.overlays.last_mut() else {
        return Vec::new();
    };
    // The terminal may have grown since.
    *scroll = (*scroll).min(most);
    match action {
        Action::CursorDown => *scroll = (*scroll + 1).min(most),
        Action::CursorUp => *scroll = scroll.saturating_sub(1),
        Action::PageDown | Action::HalfPageDown => *scroll = (*scroll + page / 2).min(most),
        Action::PageUp | Action::HalfPageUp => *scroll = scroll.saturating_sub(page / 2),
        Action::Top => *scroll = 0,
        Action::Bottom => *scroll = most,
        Action::Cancel | Action::Accept | Action::Back | Action::Help => drop(model.overlays.pop()),
        _ => {}
    }
    finish(model, true)
}

pub(super) fn pick(model: &mut Model, action: Action) -> Vec<Effect> {
    if typing(model, action) {
        return Vec::new();
    }
    let page = model.page() / 2;
    let Some(Overlay::Picker(picker)) = model.overlays.last_mut() else {
        return Vec::new();
    };
    match action {
        Action::CursorUp => picker.step(-1),
        Action::CursorDown => picker.step(1),
        Action::PageUp | Action::HalfPageUp => picker.step(-page),
        Action::PageDown | Action::HalfPageDown => picker.step(page),
        Action::Top => picker.step(isize::MIN),
        Action::Bottom => picker.step(isize::MAX),
        Action::PickBranch => return super::commits::branches(model),
        Action::Mark if picker.purpose.is_multiple() => picker.toggle(),
        Action::Mark => picker.edit(|field| field.insert(" ")),
        Action::Cancel | Action::Back => drop(model.overlays.pop()),
        Action::Accept | Action::Open => {
            let purpose = picker.purpose;
            // Nothing matches: the picker stays, as it says so.
            let Some(chosen) = picker.chosen() else {
                return Vec::new();
            };
            model.overlays.pop();
            model.touch();
            return choose(model, purpose, chosen);
        }
        _ => {}
    }
    finish(model, true)
}

fn choose(model: &mut Model, purpose: Purpose, chosen: Vec<Target>) -> Vec<Effect> {
    match purpose {
        Purpose::Clusters | Purpose::Locations | Purpose::Namespaces => {
            scope_to(model, purpose, chosen);
            Vec::new()
        }
        Purpose::Containers => {
            super::logs::choose_containers(model, chosen);
            Vec::new()
        }
        Purpose::Version | Purpose::Revision => match chosen.into_iter().next() {
            Some(target) => super::release::choose(model, target),
            None => Vec::new(),
        },
        Purpose::Commit | Purpose::Branch | Purpose::Repository => match chosen.into_iter().next() {
            Some(target) => super::commits::choose(model, target),
            None => Vec::new(),
        },
        Purpose::Palette | Purpose::Sort | Purpose::Figure => match chosen.into_iter().next() {
            // The palette offers no containers and no versions.
            None
            | Some(
                Target::EveryContainer
                | Target::Container(_)
                | Target::Role(_)
                | Target::Version(_)
                | Target::Tag(_)
                | Target::Commit(_)
                | Target::Branch(_)
                | Target::MoreCommits
                | Target::Typed(_),
            ) => Vec::new(),
            Some(Target::Action(action)) => super::on_screen(model, action),
            Some(Target::CarriedBy(kind)) => {
                let effects = super::on_screen(model, Action::ShowApps);
                apply_filter(model, &format!("kind={kind}"));
                super::list::act(model, Action::Top);
                effects
            }
            Some(Target::App(key)) => super::goto::show_app(model, &key),
            Some(Target::Sort(sort)) => {
                sort_list(model, sort);
                Vec::new()
            }
            Some(Target::Figure(figure)) => {
                super::list::show_figure(model, figure);
                Vec::new()
            }
            Some(Target::Cluster(id)) => super::goto::show(model, &RowKey::Cluster(id)),
            Some(Target::Location(key)) => super::goto::show(model, &RowKey::Location(key.cluster, key.name)),
            Some(Target::Namespace(name)) => {
                scope_to(model, Purpose::Namespaces, vec![Target::Namespace(name)]);
                Vec::new()
            }
        },
    }
}

fn sort_list(model: &mut Model, sort: Sort) {
    let scope = model.scope_here();
    model.with_screen(&scope, |screen, ctx| {
        let reversed = screen.list.sort().is_some_and(|now| now == sort);
        let sort = if reversed { sort.reversed() } else { sort };
        screen.with_list(ctx, |list, source| list.set_sort(sort, source));
    });
}

/// Limits the lists to what was picked; nothing picked limits nothing.
fn scope_to(model: &mut Model, purpose: Purpose, chosen: Vec<Target>) {
    let mut scope = Scope {
        clusters: BTreeSet::new(),
        locations: BTreeSet::new(),
        namespaces: BTreeSet::new(),
    };
    for target in chosen {
        match target {
            Target::Cluster(id) => drop(scope.clusters.insert(id)),
            Target::Location(key) => drop(scope.locations.insert(key)),
            Target::Namespace(name) => drop(scope.namespaces.insert(name)),
            Target::Action(_)
            | Target::Sort(_)
            | Target::Figure(_)
            | Target::App(_)
            | Target::CarriedBy(_)
            | Target::EveryContainer
            | Target::Container(_)
            | Target::Role(_)
            | Target::Version(_)
            | Target::Tag(_)
            | Target::Commit(_)
            | Target::Branch(_)
            | Target::MoreCommits
            | Target::Typed(_) => {}
        }
    }
    match purpose {
        Purpose::Clusters => {
            model.scope.clusters = scope.clusters;
            let clusters = &model.scope.clusters;
            let kept = |l: &LocationKey| clusters.is_empty() || clusters.contains(&l.cluster);
            model.scope.locations.retain(kept);
        }
        Purpose::Locations => model.scope.locations = scope.locations,
        Purpose::Namespaces => model.scope.namespaces = scope.namespaces,
        Purpose::Palette
        | Purpose::Sort
        | Purpose::Figure
        | Purpose::Containers
        | Purpose::Version
        | Purpose::Revision
        | Purpose::Commit
        | Purpose::Branch
        | Purpose::Repository => {}
    }
    leave_narrower_screen(model);
    model.derive();
}

/// What is picked is what is shown: a list that was gone into gives way to the whole list of its kind.
fn leave_narrower_screen(model: &mut Model) {
    let top = model.trail.top();
    let narrowed = top.within != Scope::default();
    let is_list = matches!(
        top.kind,
        ScreenKind::Fleet
            | ScreenKind::Locations
            | ScreenKind::Apps
            | ScreenKind::Instances
            | ScreenKind::Nodes
            | ScreenKind::Releases
            | ScreenKind::Builds
            | ScreenKind::Events
    );
    if narrowed && is_list {
        let kind = top.kind.clone();
        model.trail.replace(Screen::new(kind));
    } else if narrowed || model.trail.way().len() > 1 {
        model.trail.show(&ScreenKind::Apps);
    }
}
