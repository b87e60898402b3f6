//! What the rows of workloads and revisions say in each column.

use super::{Age, TreeRow};
use crate::domain::{ClusterId, Workload};
use crate::listing::{Cell, ColumnId, Tone};
use crate::release::{Phase, Release};
use crate::screens::context::Context;
use crate::screens::{states, words};

pub(super) const fn fold(open: bool) -> &'static str {
    if open { "▾" } else { "▸" }
}

pub(super) fn workload_cell(
    ctx: &Context<'_>,
    cluster: &ClusterId,
    workload: &Workload,
    open: bool,
    column: ColumnId,
) -> Cell {
    match column {
        ColumnId::Name => {
            let name =
                Cell::muted(format!("{} {} ", fold(open), workload.kind)).and(workload.key.name.as_str(), Tone::Strong);
            if ctx.world.clusters().len() > 1 {
                name.and(format!("  {cluster}"), Tone::Muted)
            } else {
                name
            }
        }
        ColumnId::Version => Cell::plain(words::version(&workload.version)),
        ColumnId::Age => words::age(workload.created, ctx.now_in(cluster)),
        _ => Cell::empty(),
    }
}

/// Instances that are ready: during a gray release of both sides, as in every list.
pub(super) fn workload_ready(release: &Release, ready: Option<u32>, desired: i64) -> Cell {
    match ready {
        Some(_) if matches!(release.phase, Phase::Gray { .. } | Phase::GrayFailed { .. }) => {
            let old = release.old.as_ref().map_or(0, |old| old.ready);
            words::beside(old, release.new.ready, release.wanted())
        }
        Some(ready) => words::of_all(i64::from(ready), desired),
        None => Cell::muted(format!("–/{desired}")),
    }
}

pub(super) fn revision_cell(row: &TreeRow, column: ColumnId) -> Cell {
    let TreeRow::Revision {
        version,
        hash,
        age,
        number,
        instances,
        ready,
        stuck,
        restarts,
        trouble,
        open,
        ..
    } = row
    else {
        return Cell::empty();
    };
    match column {
        ColumnId::Name => {
            let mut cell = Cell::muted(format!("  {} # ", fold(*open))).and(
                words::version(version),
                if *age == Some(Age::Old) {
                    Tone::Plain
                } else {
                    Tone::Accent
                },
            );
            match age {
                Some(Age::Gray) => cell = cell.and("  gray", Tone::Accent),
                Some(Age::New) => cell = cell.and("  new", Tone::Accent),
                Some(Age::Old) => cell = cell.and("  old", Tone::Muted),
                None => {}
            }
            if let Some(number) = number {
                cell = cell.and(format!("  revision {number}"), Tone::Muted);
            } else if let Some(hash) = hash {
                cell = cell.and(format!("  {hash}"), Tone::Muted);
            }
            cell
        }
        ColumnId::State => match trouble {
            Some(status) => Cell::new(format!("✖ {status}"), Tone::Bad),
            None if *stuck > 0 => states::stuck(*stuck),
            None if ready < instances => Cell::new(format!("◌ {} not ready", instances - ready), Tone::Busy),
            None if *instances == 0 => Cell::muted("○ no instances"),
            None => Cell::new("● ready", Tone::Good),
        },
        ColumnId::Ready => words::of_all(i64::from(*ready), i64::from(*instances)),
        ColumnId::Restarts => Cell::count(*restarts as i64),
        _ => Cell::empty(),
    }
}
