//! Rows that moved up or down as a whole: the terminal moves them itself, instead of being sent them anew.
//!
//! A log that goes on by a line changes every cell of its pane; told to move the rows, the terminal needs the
//! one new line alone. The scrolling region (DECSTBM) with delete and insert line (DL, IL) are in every
//! terminal since the VT102, the Linux console among them.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use ratatui::buffer::{Buffer, Cell};
use rustc_hash::{FxHashMap, FxHasher};

/// A move that saves fewer cells than this is not worth its own bytes.
const LEAST_SAVING: usize = 60;

/// The rows from `top` to before `bottom` go by `by` rows: up where it is positive, down where it is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    top: usize,
    bottom: usize,
    by: isize,
}

impl Shift {
    /// The move that saves most between two screens of the same size, if one saves enough.
    pub(super) fn between(last: &Buffer, next: &Buffer) -> Option<Self> {
        let (old, new) = (Rows::of(last)?, Rows::of(next)?);
        let by = commonest_move(&old, &new)?;
        let mut moved = (0..new.count()).filter(|&row| old.has_moved(&new, row, by));
        let first = moved.next()?;
        let last_moved = moved.next_back().unwrap_or(first);
        let from = |row: usize| row.saturating_add_signed(by);
        let shift = Self {
            top: first.min(from(first)),
            bottom: last_moved.max(from(last_moved)) + 1,
            by,
        };
        let rows = shift.top..shift.bottom;
        let before: usize = rows.clone().map(|row| differences(old.row(row), new.row(row))).sum();
        let after: usize = rows
            .map(|row| match shift.source(row) {
                Some(source) => differences(old.row(source), new.row(row)),
                None => new.row(row).iter().filter(|cell| **cell != Cell::EMPTY).count(),
            })
            .sum();
        (before >= after + LEAST_SAVING).then_some(shift)
    }

    /// The row that comes to a row of the region; `None` where it is left empty.
    fn source(self, row: usize) -> Option<usize> {
        let source = row.checked_add_signed(self.by)?;
        (self.top..self.bottom).contains(&source).then_some(source)
    }

    /// What the terminal is told. Rows it leaves empty have no colour.
    pub(super) fn bytes(self) -> String {
        let (top, bottom, rows) = (self.top + 1, self.bottom, self.by.unsigned_abs());
        let way = if self.by > 0 { 'M' } else { 'L' };
        format!("\x1b[m\x1b[{top};{bottom}r\x1b[{top}H\x1b[{rows}{way}\x1b[r")
    }

    /// Does to a screen what the terminal does to its own.
    pub(super) fn apply(self, screen: &mut Buffer) {
        let width = usize::from(screen.area.width);
        let cells = |row: usize| row * width..(row + 1) * width;
        let mut moved = screen.content.clone();
        for row in self.top..self.bottom {
            let Some(target) = moved.get_mut(cells(row)) else {
                return;
            };
            match self.source(row).and_then(|source| screen.content.get(cells(source))) {
                Some(source) => target.clone_from_slice(source),
                None => target.fill(Cell::EMPTY),
            }
        }
        screen.content = moved;
    }
}

/// The rows of a screen, each with a number that tells it from others.
struct Rows<'a> {
    rows: Vec<&'a [Cell]>,
    marks: Vec<u64>,
}

impl<'a> Rows<'a> {
    fn of(screen: &'a Buffer) -> Option<Self> {
        let width = usize::from(screen.area.width);
        let rows: Vec<_> = (width > 0).then(|| screen.content.chunks_exact(width).collect())?;
        let marks = rows.iter().map(|row| mark(row)).collect();
        Some(Self { rows, marks })
    }

    fn count(&self) -> usize {
        self.rows.len()
    }

    fn row(&self, at: usize) -> &'a [Cell] {
        self.rows.get(at).copied().unwrap_or_default()
    }

    /// Whether a row of the next screen is another row of this one.
    fn has_moved(&self, next: &Self, row: usize, by: isize) -> bool {
        let mark = next.marks.get(row);
        let source = row.checked_add_signed(by).and_then(|source| self.marks.get(source));
        mark.is_some() && source == mark && self.marks.get(row) != mark
    }
}

/// By how many rows most rows moved; up is positive.
fn commonest_move(old: &Rows<'_>, new: &Rows<'_>) -> Option<isize> {
    let changed: Range<usize> = 0..new.count().min(old.count());
    let mut votes: FxHashMap<isize, usize> = FxHashMap::default();
    for row in changed.clone().filter(|&row| old.marks.get(row) != new.marks.get(row)) {
        for source in changed
            .clone()
            .filter(|&source| old.marks.get(source) == new.marks.get(row))
        {
            *votes.entry(source.cast_signed() - row.cast_signed()).or_default() += 1;
        }
    }
    let (by, _) = votes
        .into_iter()
        .max_by_key(|(by, votes)| (*votes, std::cmp::Reverse(by.unsigned_abs()), *by))?;
    Some(by)
}

fn mark(row: &[Cell]) -> u64 {
    let mut hasher = FxHasher::default();
    row.hash(&mut hasher);
    hasher.finish()
}

fn differences(a: &[Cell], b: &[Cell]) -> usize {
    a.iter().zip(b).filter(|(a, b)| a != b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(lines: &[&str]) -> Buffer {
        Buffer::with_lines(lines.iter().map(|line| format!("{line:<40}")).collect::<Vec<_>>())
    }

    const LINES: [&str; 6] = [
        "the header, which stays",
        "2026-11-22 16:13:07 one line of a log",
        "another one, with other words in it",
        "GET /api/v1/rooms/8123 200 512",
        "the fourth says something else again",
        "the footer, which stays",
    ];

    #[test]
    fn a_log_that_goes_on_moves_up_and_back_down_again() {
        let mut longer = LINES;
        longer[1..5].copy_from_slice(&[LINES[2], LINES[3], LINES[4], "a new line at the end"]);
        let (first, second) = (screen(&LINES), screen(&longer));
        let up = Shift::between(&first, &second).unwrap();
        assert_eq!(
            up,
            Shift {
                top: 1,
                bottom: 5,
                by: 1
            }
        );
        assert_eq!(up.bytes(), "\x1b[m\x1b[2;5r\x1b[2H\x1b[1M\x1b[r");
        let mut moved = first.clone();
        up.apply(&mut moved);
        assert_eq!(moved, screen(&[LINES[0], LINES[2], LINES[3], LINES[4], "", LINES[5]]));
        let down = Shift::between(&second, &first).unwrap();
        assert_eq!(down.bytes(), "\x1b[m\x1b[2;5r\x1b[2H\x1b[1L\x1b[r");
        let mut back = second;
        down.apply(&mut back);
        assert_eq!(back, screen(&[LINES[0], "", LINES[2], LINES[3], LINES[4], LINES[5]]));
    }

    #[test]
    fn what_only_changes_is_not_moved() {
        assert_eq!(Shift::between(&screen(&LINES), &screen(&LINES)), None);
        let mut other = LINES;
        other[2] = "a row with other words";
        assert_eq!(Shift::between(&screen(&LINES), &screen(&other)), None);
        assert_eq!(Shift::between(&screen(&[]), &screen(&[])), None);
    }
}
