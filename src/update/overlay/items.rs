//! What pickers offer: actions, screens, clusters, locations, namespaces, apps, columns.

use std::collections::BTreeSet;

use super::label;
use crate::domain::Clean;
use crate::listing::Sort;
use crate::message::{Action, Group, Mode};
use crate::model::Model;
use crate::overlays::{Item, Purpose, Target};
use crate::screens::words;
use crate::world::Scope;

/// Everything a picker of this purpose offers.
pub(super) fn items(model: &Model, purpose: Purpose) -> Vec<Item> {
    match purpose {
        Purpose::Palette => palette(model),
        Purpose::Sort => columns(model),
        Purpose::Clusters => clusters(model),
        Purpose::Locations => locations(model),
        Purpose::Namespaces => namespaces(model),
    }
}

fn palette(model: &Model) -> Vec<Item> {
    let mut items: Vec<Item> = Action::ALL
        .iter()
        .filter(|action| match action.group() {
            Group::Move | Group::Typing => false,
            Group::Screens | Group::List | Group::Scope | Group::Program => **action != Action::Palette,
        })
        .map(|&action| Item {
            label: action.name().to_owned(),
            detail: match model.refusal(action) {
                Some(reason) => format!("{} (not now: {reason})", action.help()),
                None => action.help().to_owned(),
            },
            keys: model.keys_of(Mode::Screen, action).unwrap_or_default().to_owned(),
            target: Target::Action(action),
        })
        .collect();
    items.extend(clusters(model));
    items.extend(locations(model));
    items.extend(namespaces(model));
    let everything = Scope::default();
    items.extend(model.world.apps(&everything).into_iter().map(|app| Item {
        label: app.key.to_string(),
        detail: format!("app · {}", words::app_state(&app).text()),
        keys: String::new(),
        target: Target::App(app.key),
    }));
    items
}

fn columns(model: &Model) -> Vec<Item> {
    let scope = model.scope_here();
    let source = model.screen().rows.source(model.context(&scope));
    let shown = source.columns().iter().filter(|column| source.shows(column.id));
    shown
        .map(|column| Item {
            label: column.name().to_owned(),
            detail: if column.largest_first {
                "largest or worst first"
            } else {
                "smallest or A first"
            }
            .to_owned(),
            keys: String::new(),
            target: Target::Sort(Sort::by(column)),
        })
        .collect()
}

fn clusters(model: &Model) -> Vec<Item> {
    let all = model.world.clusters().iter();
    all.map(|cluster| Item {
        label: cluster.id.to_string(),
        detail: format!("cluster · {}", words::link(&cluster.link, model.now).0),
        keys: String::new(),
        target: Target::Cluster(cluster.id.clone()),
    })
    .collect()
}

fn locations(model: &Model) -> Vec<Item> {
    let in_clusters = Scope {
        clusters: model.scope.clusters.clone(),
        ..Scope::default()
    };
    let all = model.world.locations(&in_clusters).into_iter();
    all.map(|location| Item {
        label: location.key.name.to_string(),
        detail: format!("location · {} · {} nodes", location.key.cluster, location.nodes),
        keys: String::new(),
        target: Target::Location(location.key),
    })
    .collect()
}

fn namespaces(model: &Model) -> Vec<Item> {
    let mut names: BTreeSet<Clean> = BTreeSet::new();
    for cluster in model.world.clusters() {
        names.extend(cluster.namespaces.values().map(|name| name.as_ref().clone()));
        names.extend(cluster.tally.apps().map(|app| app.key.namespace.clone()));
        names.extend(cluster.watched.iter().flatten().cloned());
    }
    let item = |name: Clean| Item {
        label: label(&name),
        detail: "namespace".to_owned(),
        keys: String::new(),
        target: Target::Namespace(name),
    };
    names.into_iter().map(item).collect()
}
