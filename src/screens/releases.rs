//! Releases: what is in flight across clusters, what waits for a person first, then what fails; below it what is done.

mod why;

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use super::context::Context;
use super::{states, words};
use crate::domain::workload::{Revision, Workload};
use crate::domain::{AppKey, Clean, ClusterId, Kind, ObjectKey, ResourceRef, Timestamp};
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::release::{Phase, Release, phase};
use crate::world::ClusterView;
use crate::world::release::app_of;

/// Most revisions of the past that are shown, newest first.
const PAST: usize = 1000;

pub(super) static COLUMNS: [Column; 10] = [
    Column::text(ColumnId::App, "APP", &["app", "name"], (17, 36), 1).keeping_end(),
    Column::text(
        ColumnId::State,
        "RELEASE",
        &["state", "release", "phase", "status"],
        (18, 20),
        0,
    )
    .worst_first(),
    Column::text(ColumnId::Version, "VERSION", &["version"], (9, 27), 3),
    Column::number(ColumnId::Ready, "READY", &["ready"], 6, 1, Unit::Count).up_to(14),
    Column::number(ColumnId::Share, "NEW", &["new", "share"], 6, 5, Unit::Share),
    Column::text(ColumnId::Cluster, "CLUSTER", &["cluster"], (8, 16), 4),
    Column::number(ColumnId::Age, "SINCE", &["since", "age"], 6, 1, Unit::Age),
    Column::text(ColumnId::Message, "WHY", &["why"], (16, 80), 2),
    Column::text(ColumnId::Kind, "CARRIED BY", &["kind", "carried-by"], (11, 12), 7).only_wide(),
    Column::text(
        ColumnId::Name,
        "WORKLOAD OR REVISION",
        &["workload", "revision"],
        (20, 40),
        6,
    )
    .only_wide(),
];

/// A release in flight, or a revision that was released once.
#[derive(Clone, Debug)]
pub enum ReleaseRow {
    Flight {
        cluster: ClusterId,
        workload: Arc<Workload>,
        release: Box<Release>,
    },
    Past {
        cluster: ClusterId,
        app: AppKey,
        revision: Arc<Revision>,
        /// It is the one that its workload's template is.
        newest: bool,
        /// What is wrong with the instances of the newest.
        trouble: Cell,
    },
}

/// What is in flight in the scope, most pressing first, then the newest revisions.
pub(super) fn collect(ctx: &Context<'_>) -> Vec<ReleaseRow> {
    let mut flights = Vec::new();
    let mut past = Vec::new();
    for cluster in ctx.world.clusters_in(ctx.scope) {
        for kind in Kind::ALL.into_iter().filter(|kind| carries(*kind)) {
            let here = cluster.workloads(kind);
            for workload in here.filter(|workload| ctx.scope.has_namespace(&workload.key.namespace)) {
                flight(cluster, workload, &mut flights);
            }
        }
        past.extend(past_of(ctx, cluster));
    }
    flights.sort_by_cached_key(|(release, row)| {
        let phase = release_phase(ctx, release, row);
        (rank(&phase), Reverse(phase.urgency()), release.since, app_name(row))
    });
    // What is in flight is told above.
    let flying: HashSet<_> = flights.iter().map(|(_, row)| row.carrier()).collect();
    past.retain(|row| !matches!(row, ReleaseRow::Past { newest: true, .. }) || !flying.contains(&row.carrier()));
    past.sort_by_key(|row| Reverse(made(row)));
    past.truncate(PAST);
    let mut rows: Vec<ReleaseRow> = flights.into_iter().map(|(_, row)| row).collect();
    rows.append(&mut past);
    rows
}

fn carries(kind: Kind) -> bool {
    kind.is_workload() && kind != Kind::Job
}

fn flight(cluster: &ClusterView, workload: &Arc<Workload>, into: &mut Vec<(Release, ReleaseRow)>) {
    if !cluster.phase_and_since(workload).0.is_release() {
        return;
    }
    let release = cluster.release_of(workload);
    let row = ReleaseRow::Flight {
        cluster: cluster.id.clone(),
        workload: Arc::clone(workload),
        release: Box::new(release.clone()),
    };
    into.push((release, row));
}

fn release_phase(ctx: &Context<'_>, release: &Release, row: &ReleaseRow) -> Phase {
    release.at(ctx.heard_in(row.cluster()))
}

/// First what waits for a person, then what fails, then what goes by itself.
const fn rank(phase: &Phase) -> u8 {
    if phase.waits() {
        0
    } else if phase.fails() {
        1
    } else {
        2
    }
}

fn past_of<'a>(ctx: &'a Context<'_>, cluster: &'a ClusterView) -> impl Iterator<Item = ReleaseRow> + 'a {
    let here = cluster.revisions.values();
    let here = here.filter(|revision| ctx.scope.has_namespace(&revision.key.namespace));
    here.map(|revision| {
        let workload = revision.workload.as_ref().and_then(|(kind, name)| {
            let key = ObjectKey::new(revision.key.namespace.clone(), name.clone());
            cluster.workload(*kind, &key)
        });
        let newest = workload.is_some_and(|workload| phase::newest(workload, &[revision.as_ref()]).is_some());
        let app = workload.map_or_else(
            || AppKey {
                namespace: revision.key.namespace.clone(),
                name: revision.app.clone(),
            },
            |workload| app_of(workload),
        );
        let census = cluster.tally.app(&app).filter(|_| newest).map(|tally| &tally.whole);
        ReleaseRow::Past {
            cluster: cluster.id.clone(),
            trouble: census.map(states::census_trouble).unwrap_or_default(),
            app,
            revision: Arc::clone(revision),
            newest,
        }
    })
}

fn made(row: &ReleaseRow) -> Option<Timestamp> {
    match row {
        ReleaseRow::Flight { release, .. } => release.since,
        ReleaseRow::Past { revision, .. } => revision.created,
    }
}

fn app_name(row: &ReleaseRow) -> (AppKey, ClusterId) {
    (row.app(), row.cluster().clone())
}

impl ReleaseRow {
    pub fn cluster(&self) -> &ClusterId {
        match self {
            Self::Flight { cluster, .. } | Self::Past { cluster, .. } => cluster,
        }
    }

    /// The app it is of.
    pub fn app(&self) -> AppKey {
        match self {
            Self::Flight { workload, .. } => app_of(workload),
            Self::Past { app, .. } => app.clone(),
        }
    }

    /// The workload it is of: its cluster, kind, namespace and name.
    fn carrier(&self) -> (ClusterId, Option<Kind>, Clean, Clean) {
        let (kind, namespace, name) = match self {
            Self::Flight { workload, .. } => (Some(workload.kind), &workload.key.namespace, &workload.key.name),
            Self::Past { revision, .. } => match &revision.workload {
                Some((kind, name)) => (Some(*kind), &revision.key.namespace, name),
                None => (None, &revision.key.namespace, &revision.key.name),
            },
        };
        (self.cluster().clone(), kind, namespace.clone(), name.clone())
    }

    fn object(&self) -> ResourceRef {
        let (kind, key, uid) = match self {
            Self::Flight { workload, .. } => (workload.kind, &workload.key, &workload.uid),
            Self::Past { revision, .. } => (Kind::ReplicaSet, &revision.key, &revision.uid),
        };
        ResourceRef {
            cluster: self.cluster().clone(),
            kind,
            key: key.clone(),
            uid: uid.clone(),
        }
    }
}

/// The workloads whose releases are in flight.
pub fn flights(rows: &[ReleaseRow]) -> impl Iterator<Item = (&ClusterId, &Arc<Workload>)> {
    rows.iter().filter_map(|row| match row {
        ReleaseRow::Flight { cluster, workload, .. } => Some((cluster, workload)),
        ReleaseRow::Past { .. } => None,
    })
}

/// The app of the row of an object.
pub fn app_of_row(rows: &[ReleaseRow], object: &ResourceRef) -> Option<AppKey> {
    rows.iter().find(|row| row.object() == *object).map(ReleaseRow::app)
}

/// The workload of the row of an object: its cluster, kind and name.
pub fn workload_of_row(rows: &[ReleaseRow], object: &ResourceRef) -> Option<(ClusterId, Kind, ObjectKey)> {
    let row = rows.iter().find(|row| row.object() == *object)?;
    let (cluster, kind, namespace, name) = row.carrier();
    Some((cluster, kind?, ObjectKey::new(namespace, name)))
}

/// Reads releases.
#[derive(Debug)]
pub(super) struct Releases<'a> {
    pub(super) rows: &'a [ReleaseRow],
    pub(super) ctx: Context<'a>,
}

impl<'a> Releases<'a> {
    fn get(&self, row: u32) -> Option<&'a ReleaseRow> {
        self.rows.get(row as usize)
    }

    fn phase(&self, row: &ReleaseRow) -> Option<Phase> {
        match row {
            ReleaseRow::Flight { release, .. } => Some(release_phase(&self.ctx, release, row)),
            ReleaseRow::Past { .. } => None,
        }
    }
}

impl Source for Releases<'_> {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn key(&self, row: u32) -> Option<RowKey> {
        self.get(row).map(|row| RowKey::Object(row.object()))
    }

    fn value(&self, place: u32, column: ColumnId) -> Value<'_> {
        let Some(row) = self.get(place) else {
            return Value::Absent;
        };
        match (column, row) {
            (ColumnId::Age, row) => Value::number(words::seconds_since(made(row), self.ctx.now_in(row.cluster()))),
            (ColumnId::Share, ReleaseRow::Flight { release, .. }) => Value::number(release.share()),
            (ColumnId::Ready, ReleaseRow::Flight { release, .. }) => {
                let old = release.old.as_ref().map_or(0, |old| old.ready);
                Value::Number(old + release.new.ready)
            }
            (ColumnId::Ready, ReleaseRow::Past { revision, .. }) => Value::Number(revision.ready.into()),
            (ColumnId::State, row) => {
                let rank = self.phase(row).map_or(0, |phase| 1 + i64::from(3 - rank(&phase)));
                self.cell(place, column).ranked(rank)
            }
            (ColumnId::App, row) => Value::text(row.app().to_string()),
            _ => self.cell(place, column).value(),
        }
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        let Some(row) = self.get(row) else {
            return Cell::unknown();
        };
        let now = self.ctx.now_in(row.cluster());
        match (column, row) {
            (ColumnId::App, row) => {
                let app = row.app();
                Cell::muted(format!("{}/", app.namespace)).and(app.name.as_str(), Tone::Strong)
            }
            (ColumnId::State, ReleaseRow::Flight { release, .. }) => {
                states::release_word(&release_phase(&self.ctx, release, row))
            }
            (ColumnId::State, ReleaseRow::Past { trouble, .. }) if !trouble.spans.is_empty() => trouble.clone(),
            (ColumnId::State, ReleaseRow::Past { newest: true, .. }) => Cell::new("● stable", Tone::Good),
            (ColumnId::State, ReleaseRow::Past { revision, .. }) if revision.instances > 0 => {
                Cell::plain("◌ old, still runs")
            }
            (ColumnId::State, ReleaseRow::Past { .. }) if self.bad(row).is_some() => Cell::new("✖ bad", Tone::Bad),
            (ColumnId::State, ReleaseRow::Past { .. }) => Cell::muted("○ past"),
            (ColumnId::Version, ReleaseRow::Flight { release, .. }) => {
                let new = Cell::new(words::version(&release.new.version), Tone::Accent);
                match &release.old {
                    Some(old) => {
                        let mut cell = Cell::plain(words::version(&old.version)).and(" ▸ ", Tone::Muted);
                        cell.spans.extend(new.spans);
                        cell
                    }
                    None => new,
                }
            }
            (ColumnId::Version, ReleaseRow::Past { revision, .. }) => Cell::plain(words::version(&revision.version)),
            (ColumnId::Ready, ReleaseRow::Flight { release, .. }) => {
                let old = release.old.as_ref().map_or(0, |old| old.ready);
                words::beside(old, release.new.ready, release.wanted())
            }
            (ColumnId::Ready, ReleaseRow::Past { revision, .. }) if revision.instances > 0 => {
                words::of_all(revision.ready.into(), revision.instances.into())
            }
            (ColumnId::Share, ReleaseRow::Flight { release, .. }) => release
                .share()
                .map_or_else(Cell::unknown, |share| Cell::plain(percent(share))),
            (ColumnId::Cluster, row) => Cell::plain(row.cluster().as_str()),
            (ColumnId::Age, row) => words::age(made(row), now),
            (ColumnId::Message, row) => Cell::plain(self.why(row)),
            (ColumnId::Kind, row) => Cell::muted(row.object().kind.name()),
            (ColumnId::Name, row) => Cell::muted(row.object().key.name.as_str()),
            _ => Cell::empty(),
        }
    }

    fn any_text(&self, row: u32, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let words = COLUMNS.iter().filter(|column| column.unit == Unit::Text);
        let mut texts = words.map(|column| self.cell(row, column.id).text());
        let version = self.get(row).map(|row| match row {
            ReleaseRow::Flight { workload, .. } => workload.version.full(),
            ReleaseRow::Past { revision, .. } => revision.version.full(),
        });
        texts.any(|text| test(&text)) || version.is_some_and(test)
    }

    fn section(&self, row: u32) -> Option<&'static str> {
        let row = self.get(row)?;
        Some(match self.phase(row) {
            Some(phase) if rank(&phase) == 0 => "waiting for a person",
            Some(_) => "in flight",
            None => "done",
        })
    }

    fn has_labels(&self) -> bool {
        true
    }

    fn label(&self, row: u32, key: &str) -> Option<&str> {
        match self.get(row)? {
            ReleaseRow::Flight { workload, .. } => crate::domain::pod::label(&workload.labels, key).map(Clean::as_str),
            ReleaseRow::Past { .. } => None,
        }
    }

    fn is_stale(&self, row: u32) -> bool {
        self.get(row).is_some_and(|row| self.ctx.is_stale(row.cluster()))
    }
}

/// Thousandths as a percentage: `8.7 %`.
pub fn percent(thousandths: i64) -> String {
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}
