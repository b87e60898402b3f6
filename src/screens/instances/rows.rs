//! The rows of a list of instances: in the order of their names, each with its containers where it is open.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::{Clean, ClusterId, Pod};
use crate::listing::RowKey;
use crate::screens::context::Context;
use crate::screens::instances::pod_ref;
use crate::world::{ClusterView, Slot};

/// An instance, or a container of it: the place of its cluster, its slot there, the container's place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceRow {
    pub(super) cluster: u16,
    pub(super) slot: Slot,
    pub(super) container: Option<u8>,
}

/// What instances a list holds beside the scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    Scope,
    Node(ClusterId, Clean),
}

/// The instances in the order of their names. `previous` is where they were: what is in order stays
/// so, which makes sorting again cheap.
pub(in crate::screens) fn collect(
    ctx: &Context<'_>,
    of: &Of,
    folds: &BTreeSet<RowKey>,
    previous: &[InstanceRow],
) -> Vec<InstanceRow> {
    let wanted = |cluster: &ClusterView, pod: &Pod| match of {
        Of::Scope => true,
        Of::Node(..) => pod.node.is_some(),
    } && in_scope(ctx, cluster, pod);
    let mut rows: Vec<InstanceRow> = Vec::with_capacity(previous.len() + 16);
    let clusters = ctx.world.clusters();
    // By cluster and slot.
    let mut seen: Vec<Vec<bool>> = clusters.iter().map(|c| vec![false; c.pods.slots()]).collect();
    let mut first_time = |cluster: u16, slot: Slot| {
        let seen = seen.get_mut(usize::from(cluster)).and_then(|c| c.get_mut(slot.index()));
        seen.is_some_and(|seen| !std::mem::replace(seen, true))
    };
    if *of == Of::Scope {
        for &row in previous.iter().filter(|row| row.container.is_none()) {
            let cluster = clusters.get(usize::from(row.cluster));
            if let Some((cluster, pod)) = cluster.and_then(|c| c.pods.at(row.slot).map(|pod| (c, pod)))
                && ctx.scope.has_cluster(&cluster.id)
                && wanted(cluster, pod)
                && first_time(row.cluster, row.slot)
            {
                rows.push(row);
            }
        }
    }
    for (index, cluster) in clusters.iter().enumerate() {
        let index = index as u16;
        if !ctx.scope.has_cluster(&cluster.id) {
            continue;
        }
        let mut take = |slot: Slot, pod: &Pod| {
            if wanted(cluster, pod) && first_time(index, slot) {
                rows.push(InstanceRow {
                    cluster: index,
                    slot,
                    container: None,
                });
            }
        };
        match of {
            Of::Scope => cluster.pods.iter().for_each(|(slot, pod)| take(slot, pod)),
            Of::Node(id, node) if *id == cluster.id => each(cluster, cluster.tally.on_node(node), &mut take),
            Of::Node(..) => {}
        }
    }
    let rows = sort(ctx, rows);
    if folds.is_empty() {
        return rows;
    }
    rows.into_iter()
        .flat_map(|row| unfolded(clusters, row, folds))
        .collect()
}

/// An instance, and its containers if it is open.
fn unfolded(clusters: &[ClusterView], row: InstanceRow, folds: &BTreeSet<RowKey>) -> impl Iterator<Item = InstanceRow> {
    let cluster = clusters.get(usize::from(row.cluster));
    let pod = cluster.and_then(|cluster| cluster.pods.at(row.slot).map(|pod| (cluster, pod)));
    let open = pod.filter(|(cluster, pod)| folds.contains(&RowKey::Object(pod_ref(cluster, pod))));
    let containers = open.map_or(0, |(_, pod)| u8::try_from(pod.containers.len()).unwrap_or(u8::MAX));
    let of = move |container| InstanceRow {
        container: Some(container),
        ..row
    };
    std::iter::once(row).chain((0..containers).map(of))
}

fn each(cluster: &ClusterView, slots: &[Slot], take: &mut impl FnMut(Slot, &Pod)) {
    for &slot in slots {
        if let Some(pod) = cluster.pods.at(slot) {
            take(slot, pod);
        }
    }
}

fn in_scope(ctx: &Context<'_>, cluster: &ClusterView, pod: &Pod) -> bool {
    in_locations(ctx, cluster, pod) && ctx.scope.has_namespace(&pod.key.namespace)
}

/// Whether an instance is in the locations of the scope.
pub(in crate::screens) fn in_locations(ctx: &Context<'_>, cluster: &ClusterView, pod: &Pod) -> bool {
    ctx.scope.locations.is_empty()
        || cluster
            .standing(pod)
            .location
            .is_some_and(|location| ctx.scope.has_location(&cluster.id, &location))
}

fn sort(ctx: &Context<'_>, rows: Vec<InstanceRow>) -> Vec<InstanceRow> {
    let clusters = ctx.world.clusters();
    let pod = |row: InstanceRow| clusters.get(usize::from(row.cluster)).and_then(|c| c.pods.at(row.slot));
    let mut keyed: Vec<(Option<&Arc<Pod>>, InstanceRow)> = rows.into_iter().map(|row| (pod(row), row)).collect();
    keyed.sort_by(|(a, x), (b, y)| match (a, b) {
        (Some(a), Some(b)) => a.key.cmp(&b.key).then_with(|| x.cluster.cmp(&y.cluster)),
        _ => a.is_none().cmp(&b.is_none()),
    });
    keyed.into_iter().map(|(_, row)| row).collect()
}
