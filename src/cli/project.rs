//! From what is known of the fleet to the rows `get` prints.

use std::collections::{BTreeMap, BTreeSet};

use super::rows::{
    AboutRow, AppRow, ClusterRow, EventRow, Headroom, InstanceRow, LocationRow, NodeRow, PlaceRow, VersionRow, version,
};
use crate::domain::{AppKey, Clean, ClusterId, Event, Feed, Kind, Link, NodeHealth, Provider};
use crate::release::Phase;
use crate::world::{ClusterView, LocationKey, Scope, World};

/// Whether all nodes are known, now or when the cluster was cut off; only then may they be counted.
fn knows_nodes(view: &ClusterView) -> bool {
    match view.feeds.get(&(Kind::Node, Clean::default())) {
        Some(Feed::Live) => true,
        // Cut after it was read, or never read at all.
        Some(Feed::Stale { .. }) => !view.nodes.is_empty(),
        Some(Feed::Waiting | Feed::Listing { .. } | Feed::NoAccess { .. } | Feed::Absent) | None => false,
    }
}

fn unless_empty(text: &Clean) -> Option<Clean> {
    Some(text.clone()).filter(|text| !text.is_empty())
}

fn provider(provider: &Provider) -> Option<String> {
    (*provider != Provider::Unknown).then(|| provider.to_string())
}

/// The link in a word.
pub fn link(link: &Link) -> &'static str {
    match link {
        Link::Connecting { .. } => "connecting",
        Link::Live => "live",
        Link::Unstable { .. } => "unstable",
        Link::Unreachable { .. } => "unreachable",
        Link::Stale { .. } => "stale",
        Link::Denied { .. } => "denied",
    }
}

pub fn clusters(world: &World) -> Vec<ClusterRow> {
    let everything = Scope::default();
    let row = |view: &ClusterView| {
        let sum = view.summary(&everything);
        let nodes = knows_nodes(view);
        let pods = view.knows_pods();
        ClusterRow {
            cluster: view.id.clone(),
            name: view.id.0.clone(),
            server: unless_empty(&view.identity.server),
            version: view.identity.version.clone(),
            link: link(&view.link),
            provider: provider(&sum.provider),
            locations: nodes.then_some(sum.locations),
            nodes: nodes.then_some(sum.nodes),
            nodes_ready: nodes.then_some(sum.nodes_ready),
            apps: pods.then_some(sum.apps),
            instances: pods.then_some(sum.instances),
            ready: pods.then_some(sum.ready),
            allocatable: nodes.then(|| sum.allocatable.into()),
            requested: (nodes && pods).then(|| sum.requested.into()),
            headroom: (nodes && pods).then_some(Headroom {
                instances: sum.headroom,
            }),
        }
    };
    world.clusters().iter().map(row).collect()
}

pub fn locations(world: &World) -> Vec<LocationRow> {
    let everything = Scope::default();
    let mut rows = Vec::new();
    for view in world.clusters() {
        let pods = view.knows_pods();
        rows.extend(view.location_summaries(&everything).into_iter().map(|sum| LocationRow {
            cluster: sum.key.cluster,
            location: sum.key.name.clone(),
            name: sum.key.name,
            provider: provider(&sum.provider),
            nodes: sum.nodes,
            nodes_ready: sum.nodes_ready,
            groups: sum.groups.into_iter().collect(),
            exclusive: sum.exclusive,
            instances: pods.then_some(sum.instances),
            ready: pods.then_some(sum.ready),
            allocatable: sum.allocatable.into(),
            requested: pods.then(|| sum.requested.into()),
            headroom: pods.then_some(Headroom {
                instances: sum.headroom,
            }),
        }));
    }
    rows
}

/// One row an app and cluster.
pub fn apps(world: &World) -> Vec<AppRow> {
    let mut rows = Vec::new();
    for view in world.clusters() {
        let scope = Scope {
            clusters: BTreeSet::from([view.id.clone()]),
            ..Scope::default()
        };
        rows.extend(world.apps(&scope).into_iter().map(|app| {
            let known = app.pods_known;
            let wanted = view
                .workloads_of(&app.key)
                .filter_map(|workload| view.gray_of(workload));
            let gray = wanted.reduce(|all, one| all + one);
            AppRow {
                cluster: view.id.clone(),
                labels: labels(view, &app.key),
                namespace: app.key.namespace,
                name: app.key.name,
                owner: app.owner,
                desired: app.desired,
                instances: known.then_some(app.instances),
                ready: known.then_some(app.ready),
                gray,
                restarts: known.then_some(app.restarts),
                versions: known.then(|| app.versions.iter().map(version_row).collect()),
                locations: known.then(|| app.places.into_iter().map(place_row).collect()),
                progress: phase(&app.phase),
                trouble: app.trouble.map(|(status, _)| status),
                requested: known.then(|| app.requested.into()),
            }
        }));
    }
    rows
}

/// The labels of each workload of an app in one cluster; one set without any for instances that no workload carries.
fn labels(view: &ClusterView, app: &AppKey) -> Vec<BTreeMap<Clean, Clean>> {
    let mut all: Vec<BTreeMap<Clean, Clean>> = view
        .workloads_of(app)
        .map(|workload| workload.labels.iter().cloned().collect())
        .collect();
    if all.is_empty() {
        all.push(BTreeMap::new());
    }
    all
}

fn place_row((place, instances): (LocationKey, u32)) -> PlaceRow {
    PlaceRow {
        location: place.name,
        instances,
    }
}

fn version_row((of, instances, ready): &(crate::domain::Version, u32, u32)) -> VersionRow {
    VersionRow {
        version: version(of),
        instances: *instances,
        ready: *ready,
    }
}

/// A phase in words that scripts may rely on: its name, and how far it is.
pub fn phase(phase: &Phase) -> String {
    let name = phase.name();
    match phase {
        Phase::Rolling { updated, desired, .. } => format!("{name} {updated}/{desired}"),
        Phase::Gray { ready, wanted, .. } => format!("{name} {ready}/{wanted}"),
        Phase::GrayFailed { cause, .. } => format!("{name} {}", cause.brief()),
        Phase::Full { old, .. } | Phase::Offlining { old } => format!("{name} {old}"),
        Phase::Aborting { left } => format!("{name} {left}"),
        Phase::Scaling { instances, desired } => format!("{name} {instances}/{desired}"),
        Phase::Stuck { reason, .. } => format!("{name} {reason}"),
        Phase::Stable
        | Phase::Aborted { .. }
        | Phase::OrphanHold
        | Phase::ForeignChange
        | Phase::Paused
        | Phase::Unseen => name.into(),
    }
}

/// Whether `asked`, a name with or without its namespace, is this app.
pub fn is_app(asked: &str, namespace: &str, name: &str) -> bool {
    match asked.split_once('/') {
        Some((wanted, app)) => wanted == namespace && app == name,
        None => asked == name,
    }
}

pub fn instances(world: &World) -> Vec<InstanceRow> {
    let mut rows = Vec::new();
    for view in world.clusters() {
        let gray = view.gray_instances();
        rows.extend(view.pods.values().map(|pod| {
            let standing = view.standing(pod);
            InstanceRow {
                cluster: view.id.clone(),
                namespace: pod.key.namespace.clone(),
                name: pod.key.name.clone(),
                app: unless_empty(&pod.app),
                version: version(&pod.version),
                node: pod.node.clone(),
                location: standing.location,
                phase: pod.phase.name(),
                status: if standing.lost { "Unknown".into() } else { pod.status() },
                ready: (!standing.lost).then_some(pod.ready),
                gray: gray.contains(&pod.uid),
                restarts: pod.restarts(),
                ip: pod.ip.map(|ip| ip.to_string()),
                created: pod.created,
                labels: pod.labels.iter().cloned().collect::<BTreeMap<_, _>>(),
            }
        }));
    }
    rows.sort_by(|a, b| (&a.cluster, &a.namespace, &a.name).cmp(&(&b.cluster, &b.namespace, &b.name)));
    rows
}

pub fn nodes(world: &World) -> Vec<NodeRow> {
    let everything = Scope::default();
    let mut rows = Vec::new();
    for view in world.clusters() {
        let pods = view.knows_pods();
        rows.extend(view.node_summaries(&everything).map(|sum| NodeRow {
            cluster: sum.cluster,
            name: sum.node.name.clone(),
            location: sum.location,
            group: sum.node.group.clone(),
            exclusive: sum.node.exclusive.clone(),
            provider: provider(&sum.node.provider),
            status: match sum.node.health {
                NodeHealth::Ready => "Ready",
                NodeHealth::NotReady => "NotReady",
                NodeHealth::Unknown => "Unknown",
            },
            cordoned: sum.node.cordoned,
            pressures: sum.node.pressures.to_vec(),
            pod_cidrs: sum.node.pod_cidrs.to_vec(),
            internal_ip: sum.node.internal_ip.clone(),
            kubelet_version: unless_empty(&sum.node.kubelet_version),
            instances: pods.then_some(sum.instances),
            allocatable: sum.node.allocatable.into(),
            requested: pods.then(|| sum.taken.requested.into()),
            headroom: pods.then_some(Headroom {
                instances: sum.headroom.count,
            }),
            created: sum.node.created,
            labels: sum.node.labels.iter().cloned().collect(),
        }));
    }
    rows.sort_by(|a, b| (&a.cluster, &a.name).cmp(&(&b.cluster, &b.name)));
    rows
}

/// The row of one event of a cluster.
pub fn event(cluster: &ClusterId, event: Event) -> EventRow {
    let (kind, about, _) = event.about;
    EventRow {
        cluster: cluster.clone(),
        namespace: event.key.namespace,
        name: event.key.name,
        severity: if event.warning { "Warning" } else { "Normal" },
        reason: event.reason,
        message: event.message,
        about: AboutRow {
            kind,
            namespace: unless_empty(&about.namespace),
            name: about.name,
        },
        count: event.count,
        first_seen: event.first_seen,
        last_seen: event.last_seen,
        source: unless_empty(&event.source),
    }
}
