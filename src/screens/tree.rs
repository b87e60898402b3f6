//! The tree of an app: workload, revision, instance, container; old and new versions told apart.

mod cells;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cells::{fold, revision_cell, workload_cell};

use super::context::Context;
use super::figures::{self, Whose};
use super::instances::{self, pod_ref};
use super::{containers, states, words};
use crate::domain::pod::{Health, label};
use crate::domain::{AppKey, Clean, ClusterId, Container, Kind, Pod, ResourceRef, Version, Workload};
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::metrics::Subject;
use crate::release::Release;
use crate::world::ClusterView;

pub(super) static COLUMNS: [Column; 15] = [
    Column::text(
        ColumnId::Name,
        "WORKLOAD · REVISION · INSTANCE",
        &["name", "workload", "revision", "instance"],
        (32, 56),
        0,
    ),
    Column::text(ColumnId::State, "STATE", &["state", "status"], (20, 34), 0),
    Column::number(ColumnId::Ready, "READY", &["ready"], 7, 1, Unit::Count),
    Column::text(ColumnId::Version, "VERSION", &["version"], (8, 12), 3),
    Column::text(ColumnId::Location, "LOCATION", &["location"], (10, 20), 5),
    Column::text(ColumnId::Node, "NODE", &["node"], (8, 24), 4),
    Column::text(ColumnId::Address, "IP", &["ip"], (13, 15), 9),
    Column::line(ColumnId::CpuUsed, "CPU", &["cpu"], 6, 2, Unit::Cpu),
    Column::line(ColumnId::MemoryUsed, "MEM", &["memory", "mem"], 9, 3, Unit::Memory),
    Column::line(ColumnId::NetIn, "NET in", &["net-in", "net"], 9, 6, Unit::Rate),
    Column::line(ColumnId::NetOut, "NET out", &["net-out"], 9, 9, Unit::Rate),
    Column::number(ColumnId::Cpu, "CPU req", &["cpu-req"], 7, 11, Unit::Cpu),
    Column::number(
        ColumnId::Memory,
        "MEM req",
        &["memory-req", "mem-req"],
        8,
        12,
        Unit::Memory,
    ),
    Column::number(ColumnId::Restarts, "↻", &["restarts"], 4, 2, Unit::Count),
    Column::number(ColumnId::Age, "AGE", &["age"], 6, 6, Unit::Age),
];

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
        open: bool,
    },
    Revision {
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
    New,
    Old,
}

/// The rows of an app's tree; `folds` holds branches that are not as they are by habit: instances are
/// closed by habit, everything above open.
pub(super) fn collect(ctx: &Context<'_>, app: &AppKey, folds: &BTreeSet<RowKey>) -> Vec<TreeRow> {
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
            let pods = of_workload
                .remove(&Some((workload.kind, workload.key.name.clone())))
                .unwrap_or_default();
            let open = !folds.contains(&workload_key(&cluster.id, workload));
            rows.push(TreeRow::Workload {
                cluster: cluster.id.clone(),
                workload: Arc::clone(workload),
                ready: cluster
                    .knows_pods_in(&app.namespace)
                    .then(|| pods.iter().filter(|pod| cluster.health(pod) == Health::Ready).count() as u32),
                stuck: pods.iter().filter(|pod| cluster.standing(pod).lost).count() as u32,
                release: Box::new(cluster.release_of(workload)),
                open,
            });
            if open {
                let name = branch(workload.kind, &workload.key.name);
                revisions(cluster, (&name, Some(workload)), pods, folds, &mut rows);
            }
        }
        for (carrier, pods) in of_workload {
            let name = carrier.map_or_else(|| "bare".to_owned(), |(kind, name)| branch(kind, &name));
            revisions(cluster, (&name, None), pods, folds, &mut rows);
        }
    }
    rows
}

fn workload_key(cluster: &ClusterId, workload: &Workload) -> RowKey {
    RowKey::Object(ResourceRef {
        cluster: cluster.clone(),
        kind: workload.kind,
        key: workload.key.clone(),
        uid: workload.uid.clone(),
    })
}

/// What the branches of a workload begin with in their keys.
fn branch(kind: Kind, name: &Clean) -> String {
    format!("{kind} {name}")
}

/// Adds a workload's revisions, newest first, each with its instances; the workload may not be known.
fn revisions(
    cluster: &ClusterView,
    (name, workload): (&str, Option<&Arc<Workload>>),
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
    found.sort_by_key(|(number, made, ..)| std::cmp::Reverse((*number, *made)));
    for (place, (number, _, hash, mut pods)) in found.into_iter().enumerate() {
        pods.sort_by(|a, b| (cluster.health(b), &a.key.name).cmp(&(cluster.health(a), &b.key.name)));
        let key = RowKey::Loose(
            cluster.id.clone(),
            format!("{name}/{}", hash.as_deref().unwrap_or_default()).into(),
        );
        let open = !folds.contains(&key);
        let live = || pods.iter().filter(|pod| !pod.phase.is_terminal());
        rows.push(TreeRow::Revision {
            version: pods.first().map(|pod| pod.version.clone()).unwrap_or_default(),
            age: several.then_some(if place == 0 { Age::New } else { Age::Old }),
            number,
            instances: live().count() as u32,
            ready: live().filter(|pod| cluster.health(pod) == Health::Ready).count() as u32,
            stuck: live().filter(|pod| cluster.standing(pod).lost).count() as u32,
            restarts: live().map(|pod| u64::from(pod.restarts())).sum(),
            trouble: live()
                .find(|pod| matches!(cluster.health(pod), Health::Failing | Health::Unschedulable))
                .map(|pod| pod.status()),
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

/// Reads the tree.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) rows: &'a [TreeRow],
    pub(super) ctx: Context<'a>,
}

impl Tree<'_> {
    fn number(&self, row: &TreeRow, column: ColumnId) -> Option<i64> {
        let age = |made, cluster| words::seconds_since(made, self.ctx.clock_in(cluster));
        match (row, column) {
            (TreeRow::Workload { ready, .. }, ColumnId::Ready) => ready.map(i64::from),
            (TreeRow::Workload { cluster, workload, .. }, ColumnId::Age) => age(workload.created, cluster),
            (TreeRow::Revision { ready, .. }, ColumnId::Ready) => Some(i64::from(*ready)),
            (TreeRow::Revision { restarts, .. }, ColumnId::Restarts) => Some(*restarts as i64),
            (TreeRow::Instance { pod, .. }, ColumnId::Restarts) => Some(i64::from(pod.restarts())),
            (TreeRow::Instance { pod, .. }, ColumnId::Cpu) => Some(pod.shape.requests.cpu.0),
            (TreeRow::Instance { pod, .. }, ColumnId::Memory) => Some(pod.shape.requests.memory.0),
            (TreeRow::Instance { cluster, pod, .. }, ColumnId::Age) => age(pod.created, cluster),
            (TreeRow::Instance { cluster, pod, .. }, ColumnId::Ready) => {
                let view = self.ctx.world.cluster(cluster)?;
                instances::ready_now(view, pod).map(|(ready, _)| ready)
            }
            (TreeRow::Container { container, .. }, ColumnId::Restarts) => Some(i64::from(container.restarts)),
            (TreeRow::Container { container, .. }, ColumnId::Cpu) => Some(container.requests.cpu.0),
            (TreeRow::Container { container, .. }, ColumnId::Memory) => Some(container.requests.memory.0),
            _ => None,
        }
    }
}

impl Source for Tree<'_> {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn key(&self, row: u32) -> Option<RowKey> {
        self.rows.get(row as usize).map(|row| match row {
            TreeRow::Workload { cluster, workload, .. } => workload_key(cluster, workload),
            TreeRow::Revision { key, .. } => key.clone(),
            TreeRow::Instance { cluster, pod, .. } => RowKey::Object(ResourceRef {
                cluster: cluster.clone(),
                kind: Kind::Pod,
                key: pod.key.clone(),
                uid: pod.uid.clone(),
            }),
            TreeRow::Container { pod, container, .. } => RowKey::Container(pod.clone(), container.name.clone()),
        })
    }

    fn value(&self, row: u32, column: ColumnId) -> Value<'_> {
        if figures::figure(column).is_some() {
            let Some(TreeRow::Instance { cluster, pod, .. }) = self.rows.get(row as usize) else {
                return Value::Absent;
            };
            let cluster = self.ctx.world.cluster(cluster);
            let whose = cluster.map(|cluster| Whose::one(cluster, Subject::Pod(pod.key.clone())));
            return whose.map_or(Value::Absent, |whose| whose.value(&self.ctx, column));
        }
        let is_number = COLUMNS.iter().any(|c| c.id == column && c.unit != Unit::Text);
        if is_number {
            Value::number(self.rows.get(row as usize).and_then(|row| self.number(row, column)))
        } else {
            self.cell(row, column).value()
        }
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        let Some(row) = self.rows.get(row as usize) else {
            return Cell::unknown();
        };
        match row {
            TreeRow::Workload {
                cluster,
                workload,
                ready,
                stuck,
                release,
                open,
            } => match column {
                ColumnId::Ready => match ready {
                    Some(ready) => words::of_all(i64::from(*ready), workload.desired),
                    None => Cell::muted(format!("–/{}", workload.desired)),
                },
                ColumnId::State => {
                    let ready = ready.map_or(workload.ready, i64::from);
                    states::workload_state(release, (ready, workload.desired), *stuck, self.ctx.now_in(cluster))
                }
                other => workload_cell(&self.ctx, cluster, workload, *open, other),
            },
            TreeRow::Revision { .. } => revision_cell(row, column),
            TreeRow::Instance { cluster, pod, open } => {
                let Some(view) = self.ctx.world.cluster(cluster) else {
                    return Cell::unknown();
                };
                match column {
                    ColumnId::Name => {
                        Cell::muted(format!("    {} ", fold(*open))).and(pod.key.name.as_str(), Tone::Strong)
                    }
                    ColumnId::Ready if pod.containers.len() == 1 => Cell::empty(),
                    other => instances::cell(&self.ctx, view, pod, other),
                }
            }
            TreeRow::Container { pod, container, .. } if figures::figure(column).is_some() => {
                let cluster = self.ctx.world.cluster(&pod.cluster);
                cluster.map_or_else(Cell::unknown, |cluster| {
                    figures::of_container(&self.ctx, cluster, &pod.key, container, column)
                })
            }
            TreeRow::Container { container, lost, .. } => match column {
                ColumnId::Name => Cell::muted("        ").and(container.name.as_str(), Tone::Plain),
                ColumnId::State if *lost => Cell::new("? unknown: node lost", Tone::Unknown),
                ColumnId::State => containers::state(container),
                ColumnId::Cpu => words::requested(container.requests).0,
                ColumnId::Memory => words::requested(container.requests).1,
                ColumnId::Restarts => Cell::count(i64::from(container.restarts)),
                ColumnId::Version => Cell::muted(Version::of_image(&container.image).short()),
                _ => Cell::empty(),
            },
        }
    }

    fn any_text(&self, row: u32, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let more = match self.rows.get(row as usize) {
            Some(TreeRow::Workload { workload, .. }) => test(workload.version.full()),
            Some(TreeRow::Revision { version, hash, .. }) => {
                test(version.full()) || hash.as_ref().is_some_and(|hash| test(hash))
            }
            Some(TreeRow::Instance { pod, .. }) => test(pod.version.full()),
            Some(TreeRow::Container { container, .. }) => test(&container.image),
            None => false,
        };
        let mut words = COLUMNS.iter().filter(|c| c.unit == Unit::Text);
        more || words.any(|c| test(&self.cell(row, c.id).text()))
    }

    fn has_labels(&self) -> bool {
        true
    }

    fn label(&self, row: u32, key: &str) -> Option<&str> {
        match self.rows.get(row as usize)? {
            TreeRow::Workload { workload, .. } => label(&workload.labels, key).map(Clean::as_str),
            TreeRow::Instance { pod, .. } => label(&pod.labels, key).map(Clean::as_str),
            TreeRow::Revision { .. } | TreeRow::Container { .. } => None,
        }
    }

    fn depth(&self, row: u32) -> usize {
        match self.rows.get(row as usize) {
            Some(TreeRow::Workload { .. }) | None => 0,
            Some(TreeRow::Revision { .. }) => 1,
            Some(TreeRow::Instance { .. }) => 2,
            Some(TreeRow::Container { .. }) => 3,
        }
    }

    fn shows(&self, column: ColumnId) -> bool {
        figures::shows(&self.ctx, column)
    }

    fn is_stale(&self, row: u32) -> bool {
        match self.key(row) {
            Some(RowKey::Object(object) | RowKey::Container(object, _)) => self.ctx.is_stale(&object.cluster),
            Some(RowKey::Loose(cluster, _)) => self.ctx.is_stale(&cluster),
            _ => false,
        }
    }
}
