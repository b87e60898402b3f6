//! The rows of an app's tree, from what is known of its workloads and pods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::pod::Health;
use crate::domain::{AppKey, Clean, ClusterId, Container, Kind, Pod, ResourceRef, Version, Workload};
use crate::listing::RowKey;
use crate::release::Release;
use crate::screens::context::Context;
use crate::screens::instances::pod_ref;
use crate::world::ClusterView;

/// A row of the tree. The workload and revision rows carry what they sum up.
#[derive(Clone, Debug)]
pub enum TreeRow {
    Workload {
        cluster: ClusterId,
        workload: Arc<Workload>,
        /// Instances that are ready on nodes that are heard of: a lost node's count for nothing. `None` where
        /// the pods are not known.
        ready: Option<u32>,
        /// Instances on lost nodes.
        stuck: u32,
        release: Box<Release>,
        /// Its instances that use something.
        pods: Vec<Arc<Pod>>,
        open: bool,
    },
    Revision {
        cluster: ClusterId,
        key: RowKey,
        version: Version,
        /// What tells it from the workload's other revisions.
        hash: Option<Clean>,
        /// `None` where the workload has but one.
        age: Option<Age>,
        number: Option<i64>,
        instances: u32,
        ready: u32,
        /// Instances on lost nodes.
        stuck: u32,
        restarts: u64,
        trouble: Option<Clean>,
        /// Its instances that use something.
        pods: Vec<Arc<Pod>>,
        open: bool,
    },
    Instance {
        cluster: ClusterId,
        pod: Arc<Pod>,
        open: bool,
    },
    Container {
        pod: ResourceRef,
        container: Container,
        lost: bool,
    },
}

/// Whether a revision is the one the template asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Of a gray release in a second Deployment beside it.
    Gray,
    New,
    Old,
}

/// The rows of an app's tree; `folds` holds branches that are not as they are by habit: instances are
/// closed by habit, everything above open.
pub(in crate::screens) fn collect(ctx: &Context<'_>, app: &AppKey, folds: &BTreeSet<RowKey>) -> Vec<TreeRow> {
    let mut rows = Vec::new();
    for cluster in ctx.world.clusters() {
        if !ctx.scope.has_cluster(&cluster.id) {
            continue;
        }
        let mut of_workload: BTreeMap<Option<(Kind, Clean)>, Vec<&Arc<Pod>>> = BTreeMap::new();
        for pod in cluster.instances_of(app) {
            of_workload.entry(pod.workload.clone()).or_default().push(pod);
        }
        for workload in cluster.workloads_of(app) {
            let mut take = |name: &Clean| {
                let pods = of_workload.remove(&Some((workload.kind, name.clone())));
                pods.unwrap_or_default()
            };
            let mut pods = take(&workload.key.name);
            if let Some(twin) = cluster.twin_of(workload) {
                pods.extend(take(&twin.key.name));
            }
            let open = !folds.contains(&workload_key(&cluster.id, workload));
            rows.push(TreeRow::Workload {
                cluster: cluster.id.clone(),
                workload: Arc::clone(workload),
                ready: cluster
                    .knows_pods_in(&app.namespace)
                    .then(|| pods.iter().filter(|pod| cluster.health(pod) == Health::Ready).count() as u32),
                stuck: pods.iter().filter(|pod| cluster.standing(pod).lost).count() as u32,
                release: Box::new(cluster.release_of(workload)),
                pods: users(&pods),
                open,
            });
            if open {
                let carrier = (workload.kind, workload.key.name.clone());
                revisions(cluster, (Some(&carrier), Some(workload)), pods, folds, &mut rows);
            }
        }
        for (carrier, pods) in of_workload {
            revisions(cluster, (carrier.as_ref(), None), pods, folds, &mut rows);
        }
    }
    rows
}

/// The instances that hold a place and may use something.
fn users(pods: &[&Arc<Pod>]) -> Vec<Arc<Pod>> {
    let users = pods.iter().filter(|pod| pod.holds_resources());
    users.map(|pod| Arc::clone(pod)).collect()
}

pub(super) fn workload_key(cluster: &ClusterId, workload: &Workload) -> RowKey {
    RowKey::Object(ResourceRef {
        cluster: cluster.clone(),
        kind: workload.kind,
        key: workload.key.clone(),
        uid: workload.uid.clone(),
    })
}

/// The workload in whose branch a row is.
pub(crate) fn workload_of_row(rows: &[TreeRow], row: &RowKey) -> Option<ResourceRef> {
    let mut branch = None;
    for known in rows {
        let key = match known {
            TreeRow::Workload { cluster, workload, .. } => {
                let key = workload_key(cluster, workload);
                if let RowKey::Object(object) = &key {
                    branch = Some(object.clone());
                }
                key
            }
            TreeRow::Revision { cluster, key, hash, .. } => {
                // Instances whose workload is not known stand below the others.
                let is_its = |object: &ResourceRef| {
                    let carrier = (object.kind, object.key.name.clone());
                    *key == revision_key(cluster, Some(&carrier), hash.as_ref())
                };
                branch = branch.filter(is_its);
                key.clone()
            }
            TreeRow::Instance { cluster, pod, .. } => RowKey::Object(ResourceRef {
                cluster: cluster.clone(),
                kind: Kind::Pod,
                key: pod.key.clone(),
                uid: pod.uid.clone(),
            }),
            TreeRow::Container { pod, container, .. } => RowKey::Container(pod.clone(), container.name.clone()),
        };
        if key == *row {
            return branch;
        }
    }
    None
}

/// The row of the instances that a workload made from one template, or that have none.
pub(crate) fn revision_key(cluster: &ClusterId, workload: Option<&(Kind, Clean)>, hash: Option<&Clean>) -> RowKey {
    let workload = workload.map_or_else(|| "bare".to_owned(), |(kind, name)| format!("{kind} {name}"));
    let hash = hash.map_or("", Clean::as_str);
    RowKey::Loose(cluster.clone(), format!("{workload}/{hash}").into())
}

/// Adds a workload's revisions, newest first, each with its instances; the workload may not be known.
fn revisions(
    cluster: &ClusterView,
    (carrier, workload): (Option<&(Kind, Clean)>, Option<&Arc<Workload>>),
    pods: Vec<&Arc<Pod>>,
    folds: &BTreeSet<RowKey>,
    rows: &mut Vec<TreeRow>,
) {
    let mut found: BTreeMap<Option<Clean>, Vec<&Arc<Pod>>> = BTreeMap::new();
    for pod in pods {
        found.entry(pod.revision.clone()).or_default().push(pod);
    }
    let several = found.len() > 1;
    let number = |hash: &Option<Clean>| {
        let name = workload.map(|w| &w.key.name);
        cluster
            .revisions
            .values()
            .find(|r| r.hash == *hash && hash.is_some() && r.workload.as_ref().map(|(_, n)| n) == name)
            .and_then(|r| r.number)
    };
    let mut found: Vec<_> = found
        .into_iter()
        .map(|(hash, pods)| (number(&hash), pods.iter().filter_map(|p| p.created).max(), hash, pods))
        .collect();
    // Those of a gray release beside it are the newest, and counted by nobody.
    let is_gray = |pods: &[&Arc<Pod>]| pods.iter().any(|pod| pod.is_of_twin());
    found.sort_by_key(|(number, made, _, pods)| std::cmp::Reverse((is_gray(pods), *number, *made)));
    for (place, (number, _, hash, mut pods)) in found.into_iter().enumerate() {
        pods.sort_by(|a, b| (cluster.health(b), &a.key.name).cmp(&(cluster.health(a), &b.key.name)));
        let key = revision_key(&cluster.id, carrier, hash.as_ref());
        let open = !folds.contains(&key);
        let live = || pods.iter().filter(|pod| !pod.phase.is_terminal());
        rows.push(TreeRow::Revision {
            version: pods.first().map(|pod| pod.version.clone()).unwrap_or_default(),
            age: several.then_some(match place {
                _ if is_gray(&pods) => Age::Gray,
                0 => Age::New,
                _ => Age::Old,
            }),
            number,
            instances: live().count() as u32,
            ready: live().filter(|pod| cluster.health(pod) == Health::Ready).count() as u32,
            stuck: live().filter(|pod| cluster.standing(pod).lost).count() as u32,
            restarts: live().map(|pod| u64::from(pod.restarts())).sum(),
            trouble: live()
                .find(|pod| matches!(cluster.health(pod), Health::Failing | Health::Unschedulable))
                .map(|pod| pod.status()),
            pods: users(&pods),
            cluster: cluster.id.clone(),
            hash,
            key,
            open,
        });
        if open {
            for pod in pods {
                instance(cluster, pod, folds, rows);
            }
        }
    }
}

fn instance(cluster: &ClusterView, pod: &Arc<Pod>, folds: &BTreeSet<RowKey>, rows: &mut Vec<TreeRow>) {
    let object = pod_ref(cluster, pod);
    let open = folds.contains(&RowKey::Object(object.clone()));
    rows.push(TreeRow::Instance {
        cluster: cluster.id.clone(),
        pod: Arc::clone(pod),
        open,
    });
    if open {
        let lost = cluster.standing(pod).lost;
        rows.extend(pod.containers.iter().map(|container| TreeRow::Container {
            pod: object.clone(),
            container: container.clone(),
            lost,
        }));
    }
}
