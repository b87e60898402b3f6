//! Moving over the lines: the newest are followed until a person goes up; then the view stands still.

use super::Logs;
use crate::domain::Clean;
use crate::logs::{Content, Level, Place, Row, Which};

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
        match self.current_row()?.content {
            Content::Line { text, .. } => Some(Clean::new(text)),
            Content::Divider(divider) => Some(divider.words().into()),
        }
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
        let first = self.pane.from(Which::Shown, Place::default()).next();
        if let Some(place) = first.map(|row| row.place) {
            self.go(place, height);
        }
    }

    /// Puts the cursor on a line and stands still, moving what is in sight as little as can be.
    pub fn go(&mut self, cursor: Place, height: usize) {
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

    /// Follows the newest line again.
    pub fn follow_newest(&mut self) {
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
            next.or_else(|| self.pane.from(Which::Found, Place::default()).next())
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
        let row = self.current().and_then(|place| self.pane.get(place));
        if let Some(row) = row {
            self.bookmarks.toggle(&row);
        }
    }

    /// To the next marked line that is kept, else the first.
    pub fn next_mark(&mut self, height: usize) -> bool {
        let after = self.current().and_then(|here| self.bookmarks.after(here));
        let mark = after.or_else(|| self.bookmarks.after(Place::default()));
        let kept = mark.filter(|place| self.pane.get(*place).is_some());
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
