//! Going from screen to screen.

use crate::domain::{AppKey, Clean, Kind, ResourceRef};
use crate::listing::RowKey;
use crate::message::{Action, Effect};
use crate::model::Model;
use crate::overlays::opened::Entry;
use crate::overlays::{Opened, Overlay};
use crate::screens::{Screen, ScreenKind, events};

/// Does what only changes the way; says whether it was that.
pub(super) fn act(model: &mut Model, action: Action) -> bool {
    let moved = match action {
        Action::Back => model.trail.pop(),
        Action::HistoryBack => model.trail.back(),
        Action::HistoryForward => model.trail.forward(),
        Action::LastView => model.trail.last(),
        Action::ScopeAll => {
            model.scope = crate::world::Scope::default();
            true
        }
        _ => {
            let Some(kind) = shown_by(action) else { return false };
            if model.trail.way().len() > 1 || model.trail.top().kind != kind {
                model.trail.show(&kind);
            }
            true
        }
    };
    if moved {
        model.shift = 0;
        model.derive();
    }
    true
}

fn shown_by(action: Action) -> Option<ScreenKind> {
    Some(match action {
        Action::ShowFleet => ScreenKind::Fleet,
        Action::ShowLocations => ScreenKind::Locations,
        Action::ShowApps => ScreenKind::Apps,
        Action::ShowInstances => ScreenKind::Instances,
        Action::ShowNodes => ScreenKind::Nodes,
        Action::ShowReleases => ScreenKind::Releases,
        Action::ShowBuilds => ScreenKind::Builds,
        Action::ShowEvents => ScreenKind::Events,
        Action::ShowActivity => ScreenKind::Activity,
        Action::ShowLog => ScreenKind::Log,
        _ => return None,
    })
}

/// Goes into what is under the cursor.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let top = model.trail.top();
    if top.kind == ScreenKind::Activity {
        return read(model);
    }
    let about = match top.kind {
        ScreenKind::Events | ScreenKind::EventsOf(_) | ScreenKind::EventsOfApp(_) => model.about_selected_event().ok(),
        ScreenKind::Releases => model.app_of_selected_release().map(RowKey::App),
        _ => top.list.selected().cloned(),
    };
    let Some(key) = about else { return Vec::new() };
    if let Some(screen) = top.opened_by(&key) {
        return go(model, screen);
    }
    // A branch of the tree that is no screen of its own.
    super::list::act(model, Action::Expand);
    model.touch();
    Vec::new()
}

/// Opens the selected line of the activity log, to be read and copied whole.
fn read(model: &mut Model) -> Vec<Effect> {
    let Some(RowKey::Entry(number)) = model.trail.top().list.selected() else {
        return Vec::new();
    };
    let Some(entry) = model.activity.iter().find(|entry| entry.number == *number) else {
        return Vec::new();
    };
    let told = entry.told(model.settings.clock_offset_minutes);
    open_whole(model, "activity", told);
    Vec::new()
}

/// Opens texts, each under its name, over the screen.
fn open_whole(model: &mut Model, title: &str, told: Vec<(&'static str, Clean)>) {
    let whole = told
        .iter()
        .map(|(name, text)| format!("{name}: {text}").into())
        .collect();
    let entry = |(name, value): (&str, Clean)| Entry {
        depth: 0,
        key: Some(name.into()),
        value,
    };
    let entries = told.into_iter().map(entry).collect();
    let opened = Opened::new(title.into(), entries, whole);
    model.overlays.push(Overlay::LogLine(opened));
    model.touch();
}

/// Shows the detail of what is under the cursor: for most rows it is what going in shows.
pub(super) fn detail(model: &mut Model) -> Vec<Effect> {
    match model.trail.top().list.selected() {
        Some(RowKey::Cluster(id) | RowKey::Location(id, _)) => {
            let mut screen = Screen::new(ScreenKind::Cluster(id.clone()));
            screen.within.clusters = [id.clone()].into();
            go(model, screen)
        }
        Some(RowKey::Object(event)) if event.kind == Kind::Event => {
            let cluster = model.world.cluster(&event.cluster);
            let told = cluster.and_then(|cluster| Some(events::told(cluster, cluster.events.get(&event.key)?)));
            if let Some(told) = told {
                open_whole(model, "event", told);
            }
            Vec::new()
        }
        _ => open(model),
    }
}

/// Shows the charts of this instance or container, or its words again; elsewhere those of the selected row.
pub(super) fn charts(model: &mut Model) -> Vec<Effect> {
    let top = model.trail.top_mut();
    if matches!(top.kind, ScreenKind::Instance(_) | ScreenKind::Container(..)) {
        top.charts.open = !top.charts.open;
        model.touch();
        return Vec::new();
    }
    let screen = top.list.selected().and_then(|row| top.opened_by(row));
    let Some(mut screen) = screen else {
        return Vec::new();
    };
    screen.charts.open = true;
    go(model, screen)
}

pub(super) fn node_of(model: &mut Model) -> Vec<Effect> {
    match model.node_of_selected() {
        Some(node) => go(model, Screen::new(ScreenKind::Node(node))),
        None => Vec::new(),
    }
}

pub(super) fn events_of(model: &mut Model) -> Vec<Effect> {
    match model.events_screen() {
        Some(kind) => go(model, Screen::new(kind)),
        None => Vec::new(),
    }
}

/// Shows an app, whatever is on screen; of one that is in no cluster in scope, the clusters that have it.
pub(super) fn show_app(model: &mut Model, key: &AppKey) -> Vec<Effect> {
    let mut screen = Screen::new(ScreenKind::App(key.clone()));
    if model.world.app(key, &model.scope).is_none() {
        let clusters = model.world.clusters().iter();
        let having = clusters.filter(|cluster| cluster.tally.app(key).is_some());
        screen.within.clusters = having.map(|cluster| cluster.id.clone()).collect();
    }
    go(model, screen)
}

/// Shows a cluster or a location, whatever is on screen.
pub(super) fn show(model: &mut Model, key: &RowKey) -> Vec<Effect> {
    match Screen::new(ScreenKind::Apps).opened_by(key) {
        Some(screen) => go(model, screen),
        None => Vec::new(),
    }
}

fn go(model: &mut Model, screen: Screen) -> Vec<Effect> {
    if model.trail.top().kind == screen.kind {
        return Vec::new();
    }
    let objects = model.objects_of_events(&screen.kind);
    model.trail.push(screen);
    model.shift = 0;
    model.derive();
    // Older events are not watched: they are asked for when something is looked at closely.
    let objects = objects.into_iter().filter(|object| object.kind != Kind::Event);
    objects
        .map(|object| {
            model.record(LOAD_EVENTS, target(&object));
            Effect::LoadEvents(object)
        })
        .collect()
}

/// What the activity log calls [`Effect::LoadEvents`].
pub(super) const LOAD_EVENTS: &str = "load older events";

/// What the activity log calls an object.
pub(super) fn target(object: &ResourceRef) -> Clean {
    format!("{} {} in {}", object.kind, object.key, object.cluster).into()
}
