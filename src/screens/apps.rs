//! Apps: which version runs where, how many are ready, and what is wrong or under way.

use super::context::Context;
use super::figures::{Bounds, Whose};
use super::growth::{self, Grown};
use super::{figures, states, versions, words};
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::metrics::Figure;
use crate::release::Phase;
use crate::world::{AppList, AppSummary, ClusterView};

pub(super) static COLUMNS: [Column; 22] = [
    Column::text(ColumnId::App, "APP", &["app", "name"], (18, 36), 0).keeping_end(),
    Column::text(ColumnId::Version, "VERSION", &["version"], (9, 19), 3),
    Column::number(ColumnId::Ready, "READY", &["ready"], 9, 0, Unit::Count).up_to(14),
    Column::text(
        ColumnId::State,
        "RELEASE",
        &["state", "status", "trouble", "release", "phase"],
        (22, 70),
        0,
    )
    .worst_first(),
    Column::figure(Figure::Cpu, 2),
    Column::figure(Figure::MemoryWorkingSet, 3),
    Column::figure(Figure::NetworkReceiveBytes, 5),
    Column::figure(Figure::NetworkTransmitBytes, 7),
    Column::number(ColumnId::Cpu, "CPU req", &["cpu-req"], 7, 8, Unit::Cpu),
    Column::number(
        ColumnId::Memory,
        "MEM req",
        &["memory-req", "mem-req"],
        8,
        9,
        Unit::Memory,
    ),
    Column::text(ColumnId::Where, "WHERE", &["where", "location"], (12, 34), 6),
    Column::number(ColumnId::Restarts, "↻", &["restarts"], 5, 2, Unit::Count),
    Column::text(ColumnId::Owner, "OWNER", &["owner"], (8, 16), 8).only_wide(),
    Column::text(ColumnId::Kind, "CARRIED BY", &["kind", "carried-by"], (11, 18), 9).only_wide(),
    Column::text(ColumnId::Bounds, "MIN–MAX", &["bounds", "min-max"], (9, 9), 10)
        .flush_right()
        .only_wide(),
    Column::number(ColumnId::Desired, "WANTED", &["desired", "wanted"], 6, 11, Unit::Count).only_wide(),
    Column::number(
        ColumnId::Instances,
        "EXIST",
        &["instances", "exist"],
        6,
        12,
        Unit::Count,
    )
    .only_wide(),
    Column::number(ColumnId::Growth, "GREW", &["growth", "grew"], 8, 15, Unit::Cpu).only_wide(),
    Column::number(
        ColumnId::GrowthShare,
        "OF ALL",
        &["growth-share", "of-all"],
        6,
        16,
        Unit::Share,
    )
    .only_wide(),
    Column::text(ColumnId::GrowthCause, "BY", &["growth-cause", "by"], (14, 44), 17).only_wide(),
    Column::text(ColumnId::Namespace, "NAMESPACE", &["namespace", "ns"], (9, 20), 13).only_wide(),
    Column::text(ColumnId::Cluster, "CLUSTER", &["cluster"], (9, 20), 14).only_wide(),
];

/// The apps; those of `before` that nothing happened to stay.
pub(super) fn collect(ctx: &Context<'_>, before: AppList) -> AppList {
    before.follow(ctx.world, ctx.scope)
}

/// Reads apps.
#[derive(Debug)]
pub(super) struct Apps<'a> {
    pub(super) rows: &'a [AppSummary],
    pub(super) grown: &'a Grown,
    pub(super) ctx: Context<'a>,
}

impl<'a> Apps<'a> {
    fn get(&self, row: u32) -> Option<&'a AppSummary> {
        self.rows.get(row as usize)
    }
}

impl Source for Apps<'_> {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn figure(&self) -> Option<Figure> {
        self.ctx.figure
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn key(&self, row: u32) -> Option<RowKey> {
        self.get(row).map(|app| RowKey::App(app.key.clone()))
    }

    fn value(&self, row: u32, column: ColumnId) -> Value<'_> {
        let Some(app) = self.get(row) else {
            return Value::Absent;
        };
        if !app.pods_known && counts_pods(column) {
            return Value::Absent;
        }
        match column {
            ColumnId::App => Value::text(app.key.to_string()),
            ColumnId::Namespace => Value::text(app.key.namespace.as_str()),
            ColumnId::Version => {
                let running = app.versions.iter().map(|(version, ..)| version.full());
                match running.collect::<Vec<_>>().join(" ") {
                    // No instances: what they would run.
                    none if none.is_empty() => versions::cell(&self.ctx, app).value(),
                    running => Value::text(running),
                }
            }
            ColumnId::Ready => Value::Number(i64::from(app.ready)),
            ColumnId::Desired => Value::number(app.desired),
            ColumnId::Instances => Value::Number(i64::from(app.instances)),
            ColumnId::State => states::app_value(app, self.ctx.now),
            ColumnId::Used(figure) => Whose::app(&self.ctx, &app.key).value(&self.ctx, figure),
            ColumnId::Growth | ColumnId::GrowthShare | ColumnId::GrowthCause => {
                growth::value(self.grown, &app.key, column)
            }
            ColumnId::Cpu => Value::Number(app.requested.cpu.0),
            ColumnId::Memory => Value::Number(app.requested.memory.0),
            ColumnId::Restarts => Value::Number(app.restarts as i64),
            ColumnId::Where if app.places.is_empty() => Value::Absent,
            ColumnId::Where => Value::text(places(app).join(" ")),
            ColumnId::Owner => Value::known(app.owner.as_deref().unwrap_or_default()),
            ColumnId::Kind => Value::text(kinds(app)),
            ColumnId::Cluster => Cell::muted(clusters(app)).value(),
            ColumnId::Bounds => bounds(app).value(),
            _ => Value::Absent,
        }
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        let Some(app) = self.get(row) else {
            return Cell::unknown();
        };
        if !app.pods_known && counts_pods(column) {
            return match (column, app.desired) {
                (ColumnId::Ready, Some(desired)) => Cell::muted(format!("–/{desired}")),
                _ => Cell::unknown(),
            };
        }
        match column {
            ColumnId::App => Cell::muted(format!("{}/", app.key.namespace)).and(app.key.name.as_str(), Tone::Strong),
            ColumnId::Namespace => Cell::muted(app.key.namespace.as_str()),
            ColumnId::Version => versions::cell(&self.ctx, app),
            ColumnId::Ready => beside(app).unwrap_or_else(|| match app.desired {
                Some(0) if app.instances == 0 => Cell::muted("0/0"),
                Some(desired) => words::of_all(i64::from(app.ready), desired),
                None => words::of_all(i64::from(app.ready), i64::from(app.instances)),
            }),
            ColumnId::Desired => app.desired.map_or_else(Cell::unknown, Cell::count),
            ColumnId::Instances => Cell::count(i64::from(app.instances)),
            ColumnId::State => states::app_state(app, self.ctx.now),
            ColumnId::Used(figure) => Whose::app(&self.ctx, &app.key).cell(&self.ctx, figure, Bounds::of_app(app)),
            ColumnId::Growth | ColumnId::GrowthShare | ColumnId::GrowthCause => {
                growth::cell(self.grown, &app.key, column)
            }
            ColumnId::Cpu => words::requested(app.requested).0,
            ColumnId::Memory => words::requested(app.requested).1,
            ColumnId::Restarts => Cell::count(app.restarts as i64),
            ColumnId::Where => where_it_runs(app),
            ColumnId::Owner => Cell::or_unknown(app.owner.as_ref()),
            ColumnId::Kind => Cell::muted(kinds(app)),
            ColumnId::Cluster => Cell::muted(clusters(app)),
            ColumnId::Bounds => bounds(app),
            _ => Cell::unknown(),
        }
    }

    fn any_text(&self, row: u32, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.get(row).is_some_and(|app| {
            test(&app.key.name)
                || test(&app.key.namespace)
                || test(&states::app_state(app, self.ctx.now).text())
                || app.versions.iter().any(|(v, ..)| test(v.full()))
                || test(&versions::cell(&self.ctx, app).text())
                || app.owner.as_ref().is_some_and(|o| test(o))
                || test(&kinds(app))
                || test(&clusters(app))
                || app.places.iter().any(|(l, _)| test(&l.name))
        })
    }

    fn has_labels(&self) -> bool {
        true
    }

    fn label(&self, row: u32, key: &str) -> Option<&str> {
        let app = self.get(row)?;
        let mut found = self.ctx.world.workloads_of(&app.key, self.ctx.scope);
        found.find_map(|(_, workload)| {
            let place = workload.labels.iter().position(|(k, _)| k == key)?;
            workload.labels.get(place).map(|(_, value)| value.as_str())
        })
    }

    fn shows(&self, column: ColumnId) -> bool {
        // The app's name begins with it: it is there to sort and filter by.
        column != ColumnId::Namespace && figures::shows(&self.ctx, column)
    }

    fn is_stale(&self, row: u32) -> bool {
        let Some(app) = self.get(row) else { return false };
        let here = |cluster: &&ClusterView| cluster.tally.app(&app.key).is_some();
        let mut clusters = self.ctx.world.clusters_in(self.ctx.scope).filter(here);
        clusters.any(|cluster| !cluster.link.is_live())
    }
}

/// Old and new instances during a gray release.
fn beside(app: &AppSummary) -> Option<Cell> {
    match app.phase {
        Phase::Gray { ready, wanted, .. } | Phase::GrayFailed { ready, wanted, .. } if app.is_whole => {
            Some(words::beside(i64::from(app.ready) - ready, ready, wanted))
        }
        _ => None,
    }
}

/// Whether a column is counted over the app's pods.
const fn counts_pods(column: ColumnId) -> bool {
    matches!(
        column,
        ColumnId::Ready | ColumnId::Instances | ColumnId::Cpu | ColumnId::Memory | ColumnId::Restarts | ColumnId::Where
    )
}

fn places(app: &AppSummary) -> Vec<&str> {
    app.places.iter().map(|(l, _)| l.name.as_str()).collect()
}

/// The location most instances run in, and how many others there are.
fn where_it_runs(app: &AppSummary) -> Cell {
    let Some((first, _)) = app.places.first() else {
        return Cell::unknown();
    };
    let cell = Cell::plain(first.name.as_str());
    match app.places.len() {
        1 => cell,
        n => cell.and(format!(" +{}", n - 1), Tone::Muted),
    }
}

fn kinds(app: &AppSummary) -> String {
    let mut names: Vec<&str> = app.workloads.iter().map(|(_, kind)| kind.name()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        "bare pods".into()
    } else {
        names.join(" ")
    }
}

fn clusters(app: &AppSummary) -> String {
    let mut names: Vec<&str> = app.workloads.iter().map(|(c, _)| c.as_str()).collect();
    names.dedup();
    names.join(" ")
}

fn bounds(app: &AppSummary) -> Cell {
    match (app.min_instances, app.max_instances) {
        (None, None) => Cell::unknown(),
        (min, max) => {
            let side = |n: Option<i64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
            Cell::plain(format!("{}–{}", side(min), side(max)))
        }
    }
}
