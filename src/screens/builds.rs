//! Builds: those under way across clusters first, then those that failed as the last of their app and
//! branch, then the others, newest first.

pub mod found;
pub mod stages;

use std::cmp::Reverse;

use rustc_hash::FxHashMap;

use super::context::Context;
use super::words;
use crate::build::{Build, StageState, State};
use crate::domain::{AppKey, Clean, ObjectKey, Timestamp};
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::world::World;

/// Most builds that are over that are shown, newest first.
const PAST: usize = 1000;
/// So many of the last builds of an app that ended well say how long one takes.
const LAST: usize = 10;

pub(super) static COLUMNS: [Column; 14] = [
    Column::text(ColumnId::App, "APP", &["app", "name"], (15, 36), 0).keeping_end(),
    Column::text(ColumnId::State, "BUILD", &["state", "build", "status"], (11, 11), 0).worst_first(),
    Column::text(ColumnId::Version, "COMMIT", &["commit", "version"], (7, 7), 1),
    Column::text(ColumnId::Ref, "REF", &["ref", "branch"], (6, 20), 7),
    Column::text(ColumnId::Stage, "STAGE", &["stage"], (12, 24), 2),
    Column::text(ColumnId::Cluster, "CLUSTER", &["cluster"], (8, 16), 5),
    Column::number(ColumnId::Age, "SINCE", &["since", "age"], 6, 1, Unit::Age),
    Column::number(ColumnId::Took, "TOOK", &["took"], 8, 4, Unit::Age),
    Column::number(ColumnId::Usual, "USUAL", &["usual"], 8, 8, Unit::Age),
    Column::text(ColumnId::Digest, "DIGEST", &["digest"], (12, 12), 9),
    Column::text(ColumnId::By, "BY", &["by"], (8, 20), 6),
    Column::text(ColumnId::Message, "WHY", &["why", "cause"], (16, 90), 3),
    Column::text(ColumnId::Image, "IMAGE", &["image"], (20, 60), 10).only_wide(),
    Column::text(ColumnId::Name, "OBJECT", &["object"], (20, 50), 11).only_wide(),
];

/// Where a build stands in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    UnderWay,
    /// Failed, and it is the last of its app and branch.
    Failed,
    Over,
}

impl Part {
    const fn title(self) -> &'static str {
        match self {
            Self::UnderWay => "under way",
            Self::Failed => "failed last",
            Self::Over => "over",
        }
    }
}

/// A build with what it is held against.
#[derive(Clone, Debug)]
pub struct BuildRow {
    pub build: Build,
    part: Part,
    /// Seconds that the last builds of its app took: their median.
    usual: Option<i64>,
}

impl BuildRow {
    fn key(&self) -> RowKey {
        RowKey::Build(self.build.cluster.clone(), found::key_of(&self.build))
    }
}

/// What tells a line of builds: its app and the branch or tag that was built.
type Line = (AppKey, Option<Clean>);

pub(super) fn collect(ctx: &Context<'_>) -> Vec<BuildRow> {
    let builds = ctx.world.builds(ctx.scope);
    let usual = usual(&builds);
    let mut last: FxHashMap<Line, Option<Timestamp>> = FxHashMap::default();
    for build in &builds {
        let last = last.entry(line(build)).or_default();
        *last = (*last).max(build.asked);
    }
    let part = |build: &Build| match build.state {
        State::Waiting | State::Running => Part::UnderWay,
        State::Failed(_) if last.get(&line(build)) == Some(&build.asked) => Part::Failed,
        State::Failed(_) | State::Done | State::Cancelled => Part::Over,
    };
    let rows = builds.into_iter().map(|build| BuildRow {
        part: part(&build),
        usual: usual.get(&build.app_key()).copied(),
        build,
    });
    let mut rows: Vec<BuildRow> = rows.collect();
    rows.sort_by_cached_key(|row| {
        let name = (row.build.app.clone(), row.build.name.clone(), row.build.cluster.clone());
        (row.part, Reverse(row.build.asked), name)
    });
    let kept = rows.iter().filter(|row| row.part == Part::UnderWay).count() + PAST;
    rows.truncate(kept);
    rows
}

fn line(build: &Build) -> Line {
    (build.app_key(), build.reference.clone())
}

/// The app whose build stands in a row.
pub fn app_of_row(rows: &[BuildRow], key: &ObjectKey) -> Option<AppKey> {
    let row = rows.iter().find(|row| found::key_of(&row.build) == *key)?;
    Some(row.build.app_key())
}

/// Whether any of the rows goes on by itself.
pub fn is_any_under_way(rows: &[BuildRow]) -> bool {
    rows.iter().any(|row| row.part == Part::UnderWay)
}

/// The builds of an app in all clusters, newest first.
pub fn of_app(world: &World, app: &AppKey) -> Vec<Build> {
    let clusters = world.clusters().iter();
    let mut all: Vec<Build> = clusters.flat_map(|cluster| cluster.builds_of(app)).collect();
    all.sort_by_key(|build| Reverse(build.asked));
    all
}

/// How long the last builds of each app took that ended well: their median, in seconds.
pub fn usual(builds: &[Build]) -> FxHashMap<AppKey, i64> {
    let mut done: FxHashMap<AppKey, Vec<(Timestamp, i64)>> = FxHashMap::default();
    for build in builds.iter().filter(|build| build.state == State::Done) {
        if let Some((ended, took)) = build.ended.and_then(|ended| Some((ended, build.took(ended)?))) {
            done.entry(build.app_key()).or_default().push((ended, took));
        }
    }
    let median = |mut all: Vec<(Timestamp, i64)>| {
        all.sort_by_key(|(ended, _)| Reverse(*ended));
        let mut took: Vec<i64> = all.into_iter().take(LAST).map(|(_, took)| took).collect();
        took.sort_unstable();
        took.get(took.len() / 2).copied()
    };
    done.into_iter()
        .filter_map(|(app, all)| Some((app, median(all)?)))
        .collect()
}

/// How a build stands, as glyph and word.
pub fn state_word(build: &Build) -> Cell {
    match &build.state {
        State::Waiting if build.held.is_some() => Cell::new("▲ waiting", Tone::Warning),
        State::Waiting => Cell::new("… waiting", Tone::Busy),
        State::Running if build.held.is_some() => Cell::new("▲ running", Tone::Warning),
        State::Running => Cell::new("◐ running", Tone::Busy),
        State::Done => Cell::new("● done", Tone::Good),
        State::Failed(_) => Cell::new("✖ failed", Tone::Bad),
        State::Cancelled => Cell::muted("○ cancelled"),
    }
}

/// Why it failed, or what it waits for; nothing of one that goes on or is done.
pub fn why(build: &Build) -> Option<Cell> {
    match (&build.state, &build.held) {
        (State::Failed(cause), _) => Some(Cell::new(cause.to_string(), Tone::Bad)),
        (_, Some(held)) => Some(Cell::new(held.to_string(), Tone::Warning)),
        _ => None,
    }
}

/// The beginning of its commit's hash, as versions are told.
pub fn commit(build: &Build) -> &str {
    build.commit.get(..7).unwrap_or(&build.commit)
}

/// The beginning of a digest.
fn digest(build: &Build) -> Option<String> {
    let digest = build.digest.as_ref()?;
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    Some(hex.chars().take(12).collect())
}

/// Since when it is as it is: under way, or over.
fn since(build: &Build) -> Option<Timestamp> {
    build.ended.or(build.began).or(build.asked)
}

/// The stage it is at, its number among all, and how long that has taken: `compile 2/3 · 1 m 20 s`.
pub fn stage(build: &Build, now: Timestamp) -> Cell {
    let all = build.stages.len();
    let Some(stage) = build.stage() else {
        return if all == 0 {
            Cell::empty()
        } else {
            Cell::muted(format!("{all}/{all}"))
        };
    };
    let at = build
        .stages
        .iter()
        .position(|other| other == stage)
        .map_or(0, |at| at + 1);
    let tone = match stage.state {
        StageState::Failed { .. } => Tone::Bad,
        StageState::Running => Tone::Plain,
        StageState::Waiting | StageState::Done | StageState::Skipped => Tone::Muted,
    };
    let cell = Cell::new(format!("{} {at}/{all}", stage.name), tone);
    match stage
        .took(now)
        .filter(|_| stage.state == StageState::Running && !build.state.is_over())
    {
        Some(took) => cell.and(format!(" · {}", words::exact_span(took)), Tone::Muted),
        None => cell,
    }
}

/// Reads builds.
#[derive(Debug)]
pub(super) struct Builds<'a> {
    pub(super) rows: &'a [BuildRow],
    pub(super) ctx: Context<'a>,
}

impl<'a> Builds<'a> {
    fn get(&self, row: u32) -> Option<&'a BuildRow> {
        self.rows.get(row as usize)
    }

    fn took(&self, build: &Build) -> Option<i64> {
        build.took(self.ctx.clock_in(&build.cluster))
    }
}

impl Source for Builds<'_> {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn key(&self, row: u32) -> Option<RowKey> {
        self.get(row).map(BuildRow::key)
    }

    fn value(&self, place: u32, column: ColumnId) -> Value<'_> {
        let Some(row) = self.get(place) else {
            return Value::Absent;
        };
        let build = &row.build;
        match column {
            ColumnId::App => Value::text(build.app_key().to_string()),
            ColumnId::Version => Value::text(build.commit.as_str()),
            ColumnId::State => {
                let rank = match build.state {
                    State::Failed(_) => 3,
                    State::Running => 2,
                    State::Waiting => 1,
                    State::Done | State::Cancelled => 0,
                };
                state_word(build).ranked(rank)
            }
            ColumnId::Age => Value::number(words::seconds_since(since(build), self.ctx.now_in(&build.cluster))),
            ColumnId::Took => Value::number(self.took(build)),
            ColumnId::Usual => Value::number(row.usual),
            ColumnId::Digest => Value::known(build.digest.as_deref().unwrap_or_default()),
            _ => self.cell(place, column).value(),
        }
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        let Some(row) = self.get(row) else {
            return Cell::unknown();
        };
        let build = &row.build;
        match column {
            ColumnId::App => Cell::muted(format!("{}/", build.namespace)).and(build.app.as_str(), Tone::Strong),
            ColumnId::State => state_word(build),
            ColumnId::Version => Cell::new(commit(build), Tone::Accent),
            ColumnId::Ref => build
                .reference
                .as_ref()
                .map_or_else(Cell::empty, |name| Cell::plain(name.as_str())),
            ColumnId::Stage => stage(build, self.ctx.clock_in(&build.cluster)),
            ColumnId::Cluster => Cell::plain(build.cluster.as_str()),
            ColumnId::Age => words::age(since(build), self.ctx.now_in(&build.cluster)),
            ColumnId::Took => {
                let is_slow = matches!((self.took(build), row.usual), (Some(took), Some(usual)) if took > usual * 2);
                let tone = if is_slow { Tone::Warning } else { Tone::Plain };
                let took = self.took(build).filter(|_| build.state != State::Waiting);
                took.map_or_else(Cell::empty, |took| Cell::new(words::exact_span(took), tone))
            }
            ColumnId::Usual => row
                .usual
                .map_or_else(Cell::empty, |usual| Cell::muted(words::exact_span(usual))),
            ColumnId::Digest => digest(build).map_or_else(Cell::empty, Cell::plain),
            ColumnId::By => build
                .by
                .as_ref()
                .map_or_else(Cell::empty, |by| Cell::plain(by.as_str())),
            ColumnId::Message => why(build).unwrap_or_default(),
            ColumnId::Image => Cell::muted(build.image.as_str()),
            ColumnId::Name => Cell::muted(build.name.as_str()),
            _ => Cell::empty(),
        }
    }

    fn any_text(&self, row: u32, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let Some(found) = self.get(row) else { return false };
        let words = COLUMNS.iter().filter(|column| column.unit == Unit::Text);
        let mut texts = words.map(|column| self.cell(row, column.id).text());
        texts.any(|text| test(&text)) || test(&found.build.commit)
    }

    fn section(&self, row: u32) -> Option<&'static str> {
        self.get(row).map(|row| row.part.title())
    }

    fn is_stale(&self, row: u32) -> bool {
        self.get(row).is_some_and(|row| self.ctx.is_stale(&row.build.cluster))
    }
}
