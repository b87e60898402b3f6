//! A ring of time slots with a row for each figure of one subject. A slot that nobody wrote is a gap.

use super::Millis;
use super::code::{GAP, Packed, block, decode, encode};
use super::subject::Span;

/// Slots that are dropped at once when a grid is full: an even number of codes, whatever the rows.
const DROPPED: u32 = 8;

/// How a grid divides time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub step_ms: Millis,
    /// Slots that are kept; up to seven more may be.
    pub slots: u32,
}

impl Shape {
    /// The slot of a moment, counted from 1970; `None` before that and after what a `u32` holds.
    pub fn slot(self, at: Millis) -> Option<u32> {
        u32::try_from(at.checked_div_euclid(self.step_ms)?).ok()
    }
}

/// A value for a row.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// From 0 to 31; it need not be one of the grid's yet.
    pub row: u32,
    /// The smallest amount told from zero.
    pub floor: f64,
    pub value: f64,
}

/// Slot by slot, in each a code a row.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    /// A bit for each row there is.
    rows: u32,
    first: u32,
    count: u32,
    codes: Packed,
    /// What went into the newest slot so far, a row each: its value is the mean over the time known.
    open: Vec<Open>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Open {
    sum: f32,
    /// Milliseconds that went into the sum.
    weight: f32,
    /// Until when, after the slot's beginning: a second value for the same time does not count.
    reach: f32,
}

impl Grid {
    /// The slot after the newest.
    const fn end(&self) -> u32 {
        self.first + self.count
    }

    fn width(&self) -> usize {
        self.rows.count_ones() as usize
    }

    fn place(&self, row: u32) -> Option<usize> {
        let bit = 1_u32.checked_shl(row)?;
        (self.rows & bit != 0).then(|| (self.rows & (bit - 1)).count_ones() as usize)
    }

    /// Writes values that hold for a span. What an earlier write said of slots before the newest stays.
    pub fn write(&mut self, shape: Shape, span: Span, cells: &[Cell]) {
        let newest = if span.to > span.from { span.to - 1 } else { span.to };
        let (Some(oldest), Some(newest)) = (shape.slot(span.from.max(0).min(newest)), shape.slot(newest)) else {
            return;
        };
        let oldest = oldest.max(newest.saturating_sub(shape.slots.saturating_sub(1)));
        let rows = cells.iter().filter_map(|cell| 1_u32.checked_shl(cell.row));
        let rows = rows.fold(self.rows, |rows, bit| rows | bit);
        for slot in oldest..=newest {
            // What belongs to the slot that is open goes in before the next one is opened.
            if self.make_room(shape, rows, slot) {
                let start = Millis::from(slot) * shape.step_ms;
                let from = (span.from - start).max(0);
                let to = (span.to - start).min(shape.step_ms);
                for cell in cells {
                    self.put(slot, cell, from as f32, to as f32);
                }
            }
        }
    }

    /// Writes a value that holds within a slot, from and to so many milliseconds after its beginning.
    fn put(&mut self, slot: u32, cell: &Cell, from: f32, to: f32) {
        let Some(row) = self.place(cell.row) else {
            return;
        };
        let place = (slot - self.first) as usize * self.width() + row;
        if slot + 1 < self.end() {
            if self.codes.get(place) == GAP {
                self.codes.set(place, encode(cell.value, cell.floor));
            }
        } else if let Some(open) = self.open.get_mut(row) {
            let weight = to - from.max(open.reach);
            if open.weight > 0.0 && weight <= 0.0 {
                return;
            }
            let weight = weight.max(1.0);
            open.sum += cell.value as f32 * weight;
            open.weight += weight;
            open.reach = to;
            self.codes
                .set(place, encode(f64::from(open.sum / open.weight), cell.floor));
        }
    }

    /// Lets the grid reach over a slot and these rows; `false` if the slot is older than it reaches.
    fn make_room(&mut self, shape: Shape, rows: u32, slot: u32) -> bool {
        if self.count == 0 || slot >= self.end().saturating_add(shape.slots) {
            (self.first, self.count) = (slot, 0);
            self.codes = Packed::default();
        }
        if slot < self.first.min(self.end().saturating_sub(shape.slots)) {
            return false;
        }
        let first = self.first.min(slot);
        if rows != self.rows || first != self.first {
            self.rebuild(rows, first);
        }
        if slot >= self.end() {
            self.count = slot + 1 - self.first;
            let width = self.width();
            let ahead = (DROPPED as usize - 1) * width;
            self.codes.grow(self.count as usize * width, ahead);
            self.open.iter_mut().for_each(|open| *open = Open::default());
            let dropped = self.count.saturating_sub(shape.slots) / DROPPED * DROPPED;
            self.codes.drop_first(dropped as usize * width);
            self.first += dropped;
            self.count -= dropped;
        }
        true
    }

    /// Lays the codes out for other rows or an earlier beginning.
    fn rebuild(&mut self, rows: u32, first: u32) {
        let mut next = Self {
            rows,
            first,
            count: self.end() - first,
            codes: Packed::default(),
            open: vec![Open::default(); rows.count_ones() as usize],
        };
        next.codes = Packed::gaps(next.count as usize * next.width());
        for row in 0..u32::BITS {
            let (Some(from), Some(to)) = (self.place(row), next.place(row)) else {
                continue;
            };
            for slot in 0..self.count {
                let code = self.codes.get(slot as usize * self.width() + from);
                next.codes
                    .set((slot + self.first - first) as usize * next.width() + to, code);
            }
            if let (Some(open), Some(kept)) = (self.open.get(from), next.open.get_mut(to)) {
                *kept = *open;
            }
        }
        *self = next;
    }

    /// Lets go of a row where there are no others than these beside it.
    pub fn drop_row(&mut self, row: u32, beside: u32) {
        let bit = 1_u32.checked_shl(row).unwrap_or_default();
        if self.rows & bit != 0 && self.rows & !(bit | beside) == 0 {
            self.rebuild(self.rows & !bit, self.first);
        }
    }

    /// A row's values in `slots` slots, the last of them `newest`; what it does not reach is a gap.
    pub fn read(&self, row: u32, floor: f64, newest: u32, slots: u32) -> Vec<Option<f64>> {
        let value = |slot: i64| {
            let place = usize::try_from(slot - i64::from(self.first)).ok()?;
            let known = place < self.count as usize;
            let code = known.then(|| self.place(row)).flatten();
            code.and_then(|row| decode(self.codes.get(place * self.width() + row), floor))
        };
        let end = i64::from(newest) + 1;
        (end - i64::from(slots)..end).map(value).collect()
    }

    /// How many samples there is room for in the slots that are kept.
    pub fn samples(&self) -> usize {
        self.count as usize * self.width()
    }

    /// Lets go of all but about so many of the newest slots.
    pub fn shorten(&mut self, slots: u32) {
        let dropped = self.count.saturating_sub(slots) / DROPPED * DROPPED;
        self.codes.drop_first(dropped as usize * self.width());
        self.codes.shrink();
        self.first += dropped;
        self.count -= dropped;
    }

    /// Bytes of memory held beside the struct itself.
    pub fn held(&self) -> usize {
        self.codes.held() + block(self.open.capacity() * size_of::<Open>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        step_ms: 15_000,
        slots: 16,
    };

    fn cell(row: u32, value: f64) -> Cell {
        Cell {
            row,
            floor: 1e-6,
            value,
        }
    }

    fn write(grid: &mut Grid, from: Millis, to: Millis, cells: &[Cell]) {
        grid.write(
            SHAPE,
            Span {
                from: from * 1000,
                to: to * 1000,
            },
            cells,
        );
    }

    /// Row values in tenths, `-` for a gap.
    fn shown(grid: &Grid, row: u32, newest: u32, slots: u32) -> String {
        let values = grid.read(row, 1e-6, newest, slots).into_iter();
        let words = values.map(|value| value.map_or("-".to_owned(), |v| format!("{:.0}", v * 10.0)));
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_rate_fills_the_time_it_was_taken_over() {
        let mut grid = Grid::default();
        write(&mut grid, 0, 45, &[cell(0, 1.0)]);
        write(&mut grid, 45, 60, &[cell(0, 2.0)]);
        assert_eq!(shown(&grid, 0, 4, 5), "10 10 10 20 -");
    }

    #[test]
    fn what_was_not_measured_is_a_gap() {
        let mut grid = Grid::default();
        write(&mut grid, 0, 15, &[cell(0, 1.0)]);
        write(&mut grid, 45, 60, &[cell(0, 0.0)]);
        assert_eq!(shown(&grid, 0, 4, 6), "- 10 - - 0 -");
        assert_eq!(shown(&grid, 7, 4, 2), "- -", "a row that never came");
    }

    #[test]
    fn a_slot_is_the_mean_over_its_time() {
        let mut grid = Grid::default();
        write(&mut grid, 0, 5, &[cell(0, 3.0)]);
        write(&mut grid, 5, 15, &[cell(0, 0.0)]);
        assert_eq!(shown(&grid, 0, 0, 1), "10");
        write(&mut grid, 15, 20, &[cell(0, 1.0)]);
        write(&mut grid, 20, 40, &[cell(0, 4.0)]);
        assert_eq!(shown(&grid, 0, 2, 3), "10 30 40", "a span that ends in the next slot");
    }

    #[test]
    fn old_slots_go_and_a_long_absence_empties_it() {
        let mut grid = Grid::default();
        for minute in 0..100 {
            write(
                &mut grid,
                minute * 15,
                (minute + 1) * 15,
                &[cell(0, (minute % 10) as f64), cell(3, 1.0)],
            );
        }
        assert!((16..24).contains(&grid.count), "{}", grid.count);
        assert_eq!(shown(&grid, 0, 99, 3), "70 80 90");
        assert_eq!(grid.read(3, 1e-6, 99, 16).iter().flatten().count(), 16);
        let most = block(24 * 3) + block(2 * size_of::<Open>());
        assert!(grid.held() <= most, "{} of {most}", grid.held());
        write(&mut grid, 15_000, 15_015, &[cell(0, 1.0)]);
        assert_eq!((grid.count, grid.end()), (1, 1001));
    }

    #[test]
    fn rows_join_and_older_time_is_filled_in() {
        let mut grid = Grid::default();
        write(&mut grid, 150, 165, &[cell(5, 1.0)]);
        write(&mut grid, 165, 180, &[cell(5, 2.0), cell(1, 7.0)]);
        for slot in [8, 9, 10] {
            write(&mut grid, slot * 15, slot * 15 + 15, &[cell(5, 9.0)]);
        }
        assert_eq!(
            shown(&grid, 5, 11, 5),
            "- 90 90 10 20",
            "what was measured is not overwritten"
        );
        assert_eq!(shown(&grid, 1, 11, 5), "- - - - 70");
        let before = shown(&grid, 5, 11, 12);
        let mut old = grid.clone();
        write(&mut old, 180, 600, &[cell(5, 1.0)]);
        write(&mut old, 0, 15, &[cell(5, 9.0)]);
        assert_eq!(shown(&old, 5, 1, 2), "- -", "older than is kept");
        write(&mut grid, -50, -30, &[cell(5, 1.0)]);
        let never = Span {
            from: i64::MAX - 9,
            to: i64::MAX,
        };
        grid.write(SHAPE, never, &[cell(5, 1.0)]);
        assert_eq!(shown(&grid, 5, 11, 12), before, "no such time");
    }
}
