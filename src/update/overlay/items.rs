//! What pickers offer: actions, screens, clusters, locations, namespaces, apps, columns.

use std::collections::BTreeSet;

use strum::VariantArray;

use crate::domain::{Clean, Kind};
use crate::listing::{ColumnId, Sort};
use crate::message::{Action, Group, Mode};
use crate::metrics::Figure;
use crate::model::Model;
use crate::overlays::{Item, Purpose, Target};
use crate::screens::{states, words};
use crate::world::Scope;

/// Everything a picker of this purpose offers.
pub(super) fn items(model: &Model, purpose: Purpose) -> Vec<Item> {
    match purpose {
        Purpose::Palette => palette(model),
        Purpose::Sort => columns(model),
        Purpose::Figure => figures(model),
        Purpose::Clusters => clusters(model),
        Purpose::Locations => locations(model),
        Purpose::Namespaces => namespaces(model),
        Purpose::Containers => super::super::logs::containers(model),
        Purpose::Version | Purpose::Revision => super::super::release::versions(model, purpose),
        // They are filled as they are read.
        Purpose::Commit | Purpose::Branch | Purpose::Repository => Vec::new(),
    }
}

fn palette(model: &Model) -> Vec<Item> {
    let actions = Action::ALL.iter().copied().filter(|action| match action.group() {
        Group::Move | Group::Typing | Group::Confirm => false,
        Group::Screens | Group::List | Group::Logs | Group::Release | Group::Build | Group::Scope | Group::Program => {
            *action != Action::Palette
        }
    });
    let item = |action: Action, reason: Option<String>| Item {
        label: action.name().to_owned(),
        detail: match reason {
            Some(reason) => format!("{} (not now: {reason})", action.help()),
            None => action.help().to_owned(),
        },
        keys: model.keys_of(Mode::Screen, action).unwrap_or_default().to_owned(),
        names: names(action),
        target: Target::Action(action),
    };
    let (mut items, mut refused) = (Vec::new(), Vec::new());
    for action in actions {
        match model.refusal(action) {
            None => items.push(item(action, None)),
            Some(reason) => refused.push(item(action, Some(reason))),
        }
    }
    items.extend(CARRIERS.map(|(kind, names)| Item {
        label: kind.plural().to_owned(),
        detail: format!("apps that a {kind} carries"),
        keys: String::new(),
        names,
        target: Target::CarriedBy(kind),
    }));
    items.extend(clusters(model));
    items.extend(locations(model));
    items.extend(namespaces(model));
    let everything = Scope::default();
    items.extend(model.world.apps(&everything).into_iter().map(|app| Item {
        label: app.key.to_string(),
        detail: format!("app · {}", states::app_state(&app, model.now).text()),
        keys: String::new(),
        names: &[],
        target: Target::App(app.key),
    }));
    // Of what matches equally well, what can be done comes first.
    items.append(&mut refused);
    items
}

/// Kinds that carry apps, with the short names `kubectl` and k9s have for them.
const CARRIERS: [(Kind, &[&str]); 5] = [
    (Kind::Deployment, &["deployment", "deploy", "dp"]),
    (Kind::StatefulSet, &["statefulset", "sts"]),
    (Kind::DaemonSet, &["daemonset", "ds"]),
    (Kind::Rollout, &["rollout", "ro"]),
    (Kind::CloneSet, &["cloneset", "clone"]),
];

/// What else an action answers to: the kinds whose screen it shows, by the names `kubectl` has for them.
const fn names(action: Action) -> &'static [&'static str] {
    match action {
        Action::ShowFleet => &["fleet", "clusters", "cluster", "contexts", "context", "ctx"],
        Action::ShowLocations => &["locations", "location", "loc"],
        Action::ShowApps => &["apps", "app"],
        Action::ShowInstances => &["instances", "pods", "pod", "po"],
        Action::ShowNodes => &["nodes", "node", "no"],
        Action::ShowReleases => &["releases", "release", "rel"],
        Action::ShowBuilds => &["builds", "build", "jobs", "job"],
        Action::ShowEvents => &["events", "event", "ev"],
        Action::ShowActivity => &["activity"],
        Action::ShowLog => &["log"],
        Action::ScopeNamespaces => &["namespaces", "namespace", "ns"],
        Action::Quit => &["q", "q!", "quit", "exit"],
        Action::Help => &["help", "h", "?"],
        _ => &[],
    }
}

fn columns(model: &Model) -> Vec<Item> {
    let scope = model.scope_here();
    let source = model.screen().rows.source(model.context(&scope));
    let columns = source.all_columns();
    // Also those that are part of another column here, such as the namespace.
    let own = columns.iter().map(|column| Item {
        label: column.told(),
        detail: if column.largest_first {
            "largest or worst first"
        } else {
            "smallest or A first"
        }
        .to_owned(),
        keys: String::new(),
        names: column.names,
        target: Target::Sort(Sort::by(column)),
    });
    let has_column = |figure| columns.iter().any(|column| column.id == ColumnId::Used(figure));
    let others = Figure::VARIANTS.iter().copied().filter(|figure| !has_column(*figure));
    let is_there = model.refusal(Action::PickFigure).is_none();
    let others = others.filter(|_| is_there).map(|figure| item_of(model, figure));
    own.chain(others).collect()
}

/// Every figure there is, and that there is to be none any more.
fn figures(model: &Model) -> Vec<Item> {
    let none = model.screen().figure.map(|figure| Item {
        label: "none".to_owned(),
        detail: format!("no longer by {}, as it was in the beginning", figure.name()),
        keys: String::new(),
        names: &[],
        target: Target::Figure(None),
    });
    let all = Figure::VARIANTS.iter().map(|figure| item_of(model, *figure));
    all.chain(none).collect()
}

fn item_of(model: &Model, figure: Figure) -> Item {
    let is_mean = model.screen().kind.sums_up() && !figure.adds_up();
    let mean = if is_mean { "mean of the instances: " } else { "" };
    Item {
        label: figure.name().to_owned(),
        detail: format!("{mean}{}", figure.help()),
        keys: String::new(),
        names: figure.names(),
        target: Target::Figure(Some(figure)),
    }
}

fn clusters(model: &Model) -> Vec<Item> {
    let all = model.world.clusters().iter();
    all.map(|cluster| Item {
        label: cluster.id.to_string(),
        detail: format!("cluster · {}", words::link(&cluster.link, model.moment).0),
        keys: String::new(),
        names: &[],
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
        detail: format!(
            "location · {} · {}",
            location.key.cluster,
            words::counted(location.nodes as usize, "node")
        ),
        keys: String::new(),
        names: &[],
        target: Target::Location(location.key),
    })
    .collect()
}

fn namespaces(model: &Model) -> Vec<Item> {
    let mut names: BTreeSet<Clean> = BTreeSet::new();
    for cluster in model.world.clusters() {
        names.extend(cluster.namespaces.values().map(|namespace| namespace.name.clone()));
        names.extend(cluster.tally.apps().map(|app| app.key.namespace.clone()));
        names.extend(cluster.watched.iter().flatten().cloned());
    }
    let item = |name: Clean| Item {
        label: name.to_string(),
        detail: "namespace".to_owned(),
        keys: String::new(),
        names: &[],
        target: Target::Namespace(name),
    };
    names.into_iter().map(item).collect()
}
