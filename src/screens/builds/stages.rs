//! The stages of a build, as the rows of its detail.

use super::found;
use crate::build::{Build, Stage, StageState};
use crate::domain::{ClusterId, ObjectKey};
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::screens::context::Context;
use crate::screens::words;

pub(in crate::screens) static COLUMNS: [Column; 5] = [
    Column::text(ColumnId::Stage, "STAGE", &["stage", "name"], (12, 30), 0),
    Column::text(ColumnId::State, "STATE", &["state", "status"], (12, 16), 0).worst_first(),
    Column::number(ColumnId::Took, "TOOK", &["took"], 8, 1, Unit::Age),
    Column::number(ColumnId::Age, "BEGAN", &["began", "age"], 6, 2, Unit::Age),
    Column::text(
        ColumnId::Reason,
        "ENDED WITH",
        &["ended-with", "exit", "reason"],
        (12, 40),
        1,
    ),
];

pub(in crate::screens) fn collect(ctx: &Context<'_>, cluster: &ClusterId, key: &ObjectKey) -> Option<Box<Build>> {
    ctx.world.cluster(cluster)?.build(key).map(Box::new)
}

/// Reads the stages of a build.
#[derive(Debug)]
pub(in crate::screens) struct Stages<'a> {
    pub(in crate::screens) build: Option<&'a Build>,
    pub(in crate::screens) ctx: Context<'a>,
}

impl<'a> Stages<'a> {
    fn get(&self, row: u32) -> Option<(&'a Build, &'a Stage)> {
        let build = self.build?;
        Some((build, build.stages.get(row as usize)?))
    }
}

/// How a stage stands, as glyph and word.
fn state_word(stage: &Stage) -> Cell {
    match stage.state {
        StageState::Waiting => Cell::muted("… waiting"),
        StageState::Running => Cell::new("◐ running", Tone::Busy),
        StageState::Done => Cell::new("● done", Tone::Good),
        StageState::Failed { .. } => Cell::new("✖ failed", Tone::Bad),
        StageState::Skipped => Cell::muted("○ not run"),
    }
}

impl Source for Stages<'_> {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn len(&self) -> usize {
        self.build.map_or(0, |build| build.stages.len())
    }

    fn key(&self, row: u32) -> Option<RowKey> {
        let (build, stage) = self.get(row)?;
        let cluster = self.ctx.world.cluster(&build.cluster);
        let pod = cluster.and_then(|cluster| found::pod_of(cluster, build));
        Some(match pod {
            Some(pod) => RowKey::Container(pod, stage.container.clone()),
            None => RowKey::Loose(build.cluster.clone(), stage.name.clone()),
        })
    }

    fn value(&self, place: u32, column: ColumnId) -> Value<'_> {
        let Some((build, stage)) = self.get(place) else {
            return Value::Absent;
        };
        match column {
            ColumnId::Took => Value::number(stage.took(self.ctx.clock_in(&build.cluster))),
            ColumnId::Age => Value::number(words::seconds_since(stage.began, self.ctx.now_in(&build.cluster))),
            _ => self.cell(place, column).value(),
        }
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        let Some((build, stage)) = self.get(row) else {
            return Cell::unknown();
        };
        match column {
            ColumnId::Stage => Cell::new(stage.name.as_str(), Tone::Strong),
            ColumnId::State => state_word(stage),
            ColumnId::Took => {
                let took = stage.took(self.ctx.clock_in(&build.cluster));
                took.map_or_else(Cell::empty, |took| Cell::plain(words::exact_span(took)))
            }
            ColumnId::Age if stage.began.is_none() => Cell::empty(),
            ColumnId::Age => words::age(stage.began, self.ctx.now_in(&build.cluster)),
            ColumnId::Reason => match &stage.state {
                StageState::Failed { code, reason } => Cell::new(format!("exit {code} · {reason}"), Tone::Bad),
                StageState::Done => Cell::muted("exit 0"),
                StageState::Waiting | StageState::Running | StageState::Skipped => Cell::empty(),
            },
            _ => Cell::empty(),
        }
    }

    fn is_stale(&self, row: u32) -> bool {
        self.get(row)
            .is_some_and(|(build, _)| self.ctx.is_stale(&build.cluster))
    }
}
