//! Says what is to be measured: the nodes there are, and the instances on screen.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Clean, ClusterId, Kind, ObjectKey, ResourceRef};
use crate::listing::RowKey;
use crate::message::Effect;
use crate::metrics::Figure;
use crate::metrics::source::Wanted;
use crate::model::Model;

/// What is wanted of each cluster, where that changed.
pub(super) fn wanted(model: &mut Model) -> Vec<Effect> {
    let mut shown = in_sight(model);
    let figure = figure(model);
    model.figure = figure;
    let mut effects = Vec::new();
    let wanted: Vec<(ClusterId, Wanted)> = model
        .world
        .clusters()
        .iter()
        .map(|cluster| {
            let pods = shown.remove(&cluster.id).unwrap_or_default();
            let at = pods.iter().filter_map(|pod| cluster.pods.get(pod)?.node.clone());
            let at: BTreeSet<Clean> = at.collect();
            let lost = |name: &Clean| cluster.node(name).is_some_and(|node| node.is_lost());
            let wanted = Wanted {
                shown: at.into_iter().filter(|name| !lost(name)).collect(),
                nodes: cluster.tally.nodes().filter(|name| !lost(name)).cloned().collect(),
                pods: pods.into_iter().collect(),
                namespaces: cluster.pod_namespaces().into(),
                everything: false,
                figure,
            };
            (cluster.id.clone(), wanted)
        })
        .collect();
    for (id, wanted) in wanted {
        if model.wanted.get(&id) != Some(&wanted) {
            model.world.show(&id, &wanted);
            model.wanted.insert(id.clone(), wanted.clone());
            effects.push(Effect::Measure(id, wanted));
        }
    }
    effects
}

/// The figure that was chosen: of the screen on top, or on the way to it; where none of them has one, the last. Logs
/// and events that are opened have none, and its past is not to go with a look at them.
fn figure(model: &Model) -> Option<Figure> {
    let chosen = model.trail.way().iter().rev().find_map(|screen| screen.figure);
    chosen.or(model.figure)
}

/// The instances in sight, or about to be, by cluster.
fn in_sight(model: &Model) -> BTreeMap<ClusterId, BTreeSet<ObjectKey>> {
    let mut shown: BTreeMap<ClusterId, BTreeSet<ObjectKey>> = BTreeMap::new();
    let mut add = |object: &ResourceRef| {
        if object.kind == Kind::Pod {
            shown
                .entry(object.cluster.clone())
                .or_default()
                .insert(object.key.clone());
        }
    };
    let screen = model.screen();
    if let Some(subject) = screen.kind.subject() {
        add(subject);
    }
    let scope = model.scope_here();
    let source = screen.rows.source(model.context(&scope));
    let page = usize::try_from(model.page()).unwrap_or_default();
    for &row in screen.list.near(page) {
        if let Some(RowKey::Object(object) | RowKey::Container(object, _)) = source.key(row) {
            add(&object);
        }
    }
    shown
}
