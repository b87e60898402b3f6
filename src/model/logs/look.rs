//! Moving over the lines: the newest are followed until a person goes up; then the view stands still.

use rustc_hash::FxHashSet;

use super::Logs;
use crate::domain::Clean;
use crate::logs::block::BEGIN;
use crate::logs::columns::Columns;
use crate::logs::fields::Fields;
use crate::logs::{Content, Divider, Filter, Level, Pane, Place, Row, Stamp, Start, Which};

/// Lines whose keys are looked at for columns.
const SAMPLE: usize = 200;
/// Bytes of the longest of them; there is one every time a key is pressed.
const LONGEST: usize = 8 * 1024;

/// Which times stand before the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    #[default]
    None,
    Local,
    Utc,
}

impl Times {
    /// The next of them, round and round.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::None => Self::Local,
            Self::Local => Self::Utc,
            Self::Utc => Self::None,
        }
    }
}

/// How the lines are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The line of the cursor, and the first that is in sight; `None` follows the newest.
    pub still: Option<Still>,
    pub wrap: bool,
    pub times: Times,
    pub names: bool,
    /// Columns of the lines that are out of sight to the left.
    pub shift: usize,
    /// JSON and logfmt lines as a table.
    pub columns: Option<Columns>,
}

/// A view that stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Still {
    pub cursor: Place,
    pub top: Place,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            still: None,
            wrap: false,
            times: Times::None,
            names: true,
            shift: 0,
            columns: None,
        }
    }
}

impl Logs {
    /// The line that a person means: the cursor's, else the newest.
    pub fn current(&self) -> Option<Place> {
        match self.look.still {
            Some(still) => Some(still.cursor),
            None => self.pane.newest_first(Which::Shown).next().map(|row| row.place),
        }
    }

    pub fn current_row(&self) -> Option<Row<'_>> {
        self.current().and_then(|place| self.pane.get(place))
    }

    /// The text of the current line.
    pub fn current_text(&self) -> Option<Clean> {
        Some(self.current_row()?.content.words().into())
    }

    /// Moves the cursor so many lines down, or up; `height` lines are in sight.
    pub fn step(&mut self, lines: isize, height: usize) {
        let Some(here) = self.current() else { return };
        let far = lines.unsigned_abs();
        let there = if lines < 0 {
            self.pane.before(Which::Shown, here).take(far).last()
        } else {
            self.pane.from(Which::Shown, here.behind()).take(far).last()
        };
        self.go(there.map_or(here, |row| row.place), height);
    }

    /// Puts the cursor on the first line that is kept.
    pub fn go_first(&mut self, height: usize) {
        let first = self.pane.from(Which::Shown, BEGIN).next();
        if let Some(place) = first.map(|row| row.place) {
            self.go(place, height);
        }
    }

    /// Is looked at as another view was: the same lines are read from elsewhere.
    pub fn look_as(&mut self, before: &Self) {
        self.look = Look {
            still: None,
            ..before.look.clone()
        };
        let filter = Filter {
            // Its streams are others.
            hidden: FxHashSet::default(),
            ..before.pane.filter().clone()
        };
        self.pane.set_filter(filter);
        self.pane.set_search(before.pane.search().cloned());
    }

    /// Whether all that was written from a time on was read and is kept.
    pub fn has_from(&self, time: Stamp) -> bool {
        let is_kept = |pane: &Pane| {
            let first = pane.from(Which::All, BEGIN).next();
            pane.counts().evicted == 0 || first.is_some_and(|row| row.place.at <= time)
        };
        let is_kept = self.panes().all(is_kept);
        let is_read = match self.start {
            Start::Everything => true,
            Start::Since(start) => start <= time,
            Start::Tail(_) => self.has_all_from(time),
        };
        is_kept && is_read
    }

    /// Whether every stream that has any lines has some as old as this, or was read from its first line; none waits
    /// for a place or for its first lines.
    fn has_all_from(&self, time: Stamp) -> bool {
        if !self.follower.queued().is_empty() {
            return false;
        }
        let streams = self.names().len();
        let mut seen = FxHashSet::default();
        for row in self.panes().flat_map(|pane| pane.from(Which::All, BEGIN)) {
            if seen.len() == streams {
                break;
            }
            // Who comes later is read from its first line.
            let is_start = matches!(row.content, Content::Divider(Divider::Joined { .. }));
            let is_first = (is_start || matches!(row.content, Content::Line { .. })) && seen.insert(row.stream);
            if is_first && !is_start && row.place.at > time {
                return false;
            }
        }
        let is_awaited = self.follower.awaited().any(|stream| !seen.contains(&stream));
        !seen.is_empty() && !is_awaited
    }

    fn panes(&self) -> impl Iterator<Item = &Pane> {
        let other = self.other.as_ref().map(|other| &other.pane);
        std::iter::once(&self.pane).chain(other)
    }

    /// Goes to the first line from a time on, and to nearer ones that come, until a person moves.
    pub fn go_to_time(&mut self, time: Stamp) {
        self.goal = Some(time);
        self.stand_at_goal();
    }

    pub(super) fn stand_at_goal(&mut self) {
        if let Some(place) = self.goal.and_then(|goal| self.pane.at(goal)) {
            self.look.still = Some(Still {
                cursor: place,
                top: place,
            });
            self.pane.hold(place);
        }
    }

    /// Takes note of the keys in the lines around the view, if they are shown as columns.
    pub fn learn_columns(&mut self) {
        let Some(columns) = &mut self.look.columns else { return };
        let read = |row: Row<'_>| match row.content {
            Content::Line { text, level, .. } if text.len() <= LONGEST => {
                Fields::read(text).map(|fields| (fields, level))
            }
            _ => None,
        };
        let lines: Vec<_> = if let Some(still) = self.look.still {
            let rows = self.pane.from(Which::Shown, still.top).take(SAMPLE);
            rows.filter_map(read).collect()
        } else {
            let rows = self.pane.newest_first(Which::Shown).take(SAMPLE);
            rows.filter_map(read).collect()
        };
        columns.learn(&lines);
    }

    /// Puts the cursor on a line and stands still, moving what is in sight as little as can be.
    pub fn go(&mut self, cursor: Place, height: usize) {
        self.goal = None;
        let back = height.saturating_sub(1);
        let up = |from: Place| {
            let above = self.pane.before(Which::Shown, from).take(back).last();
            above.map_or(from, |row| row.place)
        };
        let top = match self.look.still {
            Some(still) => still.top,
            None => self
                .pane
                .newest_first(Which::Shown)
                .next()
                .map_or(cursor, |row| up(row.place)),
        };
        let top = top.min(cursor).max(up(cursor));
        self.look.still = Some(Still { cursor, top });
        self.pane.hold(top);
    }

    /// After the filter changed, of a view that stands still: to the nearest line that is shown, with as much
    /// around it as there is.
    pub fn stay_near(&mut self, height: usize) {
        let Some(still) = self.look.still else { return };
        let above = self.pane.before(Which::Shown, still.cursor.behind()).next();
        let nearest = above.or_else(|| self.pane.from(Which::Shown, still.cursor).next());
        let Some(cursor) = nearest.map(|row| row.place) else {
            return;
        };
        let below = self.pane.from(Which::Shown, cursor).take(height / 2 + 1).last();
        let bottom = below.map_or(cursor, |row| row.place);
        let above = self
            .pane
            .before(Which::Shown, bottom)
            .take(height.saturating_sub(1))
            .last();
        let top = above.map_or(cursor, |row| row.place).min(cursor);
        self.look.still = Some(Still { cursor, top });
        self.pane.hold(top);
    }

    /// Follows the newest line again.
    pub fn follow_newest(&mut self) {
        self.goal = None;
        self.look.still = None;
        self.pane.release();
    }

    /// Stands still where it is, or follows the newest line again.
    pub fn toggle_pause(&mut self, height: usize) {
        match (self.look.still, self.current()) {
            (Some(_), _) => self.follow_newest(),
            (None, Some(newest)) => self.go(newest, height),
            (None, None) => {}
        }
    }

    /// To the next line found below the cursor, or above it; from the end it goes on at the other end.
    pub fn find(&mut self, down: bool, height: usize) -> bool {
        let Some(here) = self.current() else { return false };
        let found = if down {
            let next = self.pane.from(Which::Found, here.behind()).next();
            next.or_else(|| self.pane.from(Which::Found, BEGIN).next())
        } else {
            let next = self.pane.before(Which::Found, here).next();
            next.or_else(|| self.pane.newest_first(Which::Found).next())
        };
        let place = found.map(|row| row.place);
        if let Some(place) = place {
            self.go(place, height);
        }
        place.is_some()
    }

    /// Marks the current line or takes its mark away.
    pub fn toggle_mark(&mut self) {
        if let Some(place) = self.current_row().map(|row| row.place) {
            self.bookmarks.toggle(place);
        }
    }

    /// To the next marked line that is kept, else the first.
    pub fn next_mark(&mut self, height: usize) -> bool {
        let here = self.current().unwrap_or(BEGIN);
        let kept = self.bookmarks.after(here).find(|place| self.pane.get(*place).is_some());
        if let Some(place) = kept {
            self.go(place, height);
        }
        kept.is_some()
    }

    /// Warnings and worse, errors and worse, everything.
    pub fn next_level(&mut self) {
        let mut filter = self.pane.filter().clone();
        filter.level = match filter.level {
            None => Some(Level::Warn),
            Some(Level::Warn) => Some(Level::Error),
            Some(_) => None,
        };
        self.pane.set_filter(filter);
    }
}
