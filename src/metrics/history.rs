//! What figures were, subject by subject, within a budget of bytes for each cluster.
//!
//! What is on screen has a recent grid of all its figures and a coarse one; everything else a coarse one
//! of [`Figure::BACKGROUND`] and of the figure that was chosen. A sample takes twelve bits (see [`super::code`]). When the budget is used
//! up nothing new in the background is taken in, and what is on screen takes the place of what was heard
//! longest ago. Before that all that is in the background reaches back less far: [`History::shortage`] says so.

use rustc_hash::FxHashMap;

use super::Millis;
use super::code::block;
use super::figure::{Figure, Figures};
use super::grid::{Cell, Grid, Shape};
use super::subject::{Span, Subject};

/// The row of the share that a sum knows of its parts.
const KNOWN: u32 = 31;
const KNOWN_FLOOR: f64 = 1e-6;
/// The row of the number of a sum's parts.
const PARTS: u32 = 30;
const PARTS_FLOOR: f64 = 1e-3;

/// Below this share of the budget new subjects of the background are taken in; above the other, which
/// is less than all, dropping ends. The distance keeps subjects from coming and going.
const ADMIT: f64 = 0.90;
const KEEP: f64 = 0.95;
/// What is in the background reaches back so many slots at least; where that has no room either subjects go.
const LEAST_SLOTS: u32 = 60;

/// Which grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    Recent,
    Coarse,
}

/// Whether somebody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attention {
    Shown,
    Background,
}

/// How long a history is, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub recent: Shape,
    pub coarse: Shape,
    /// Bytes.
    pub budget: usize,
}

impl Default for Limits {
    /// A quarter of an hour every 15 s, six hours every minute, 16 MiB.
    fn default() -> Self {
        Self {
            recent: Shape {
                step_ms: 15_000,
                slots: 60,
            },
            coarse: Shape {
                step_ms: 60_000,
                slots: 360,
            },
            budget: 16 << 20,
        }
    }
}

/// What a history holds and what it had no room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Everything but the letters of the names, which the rest of the program shares.
    pub bytes: usize,
    pub budget: usize,
    pub subjects: usize,
    /// Slots of all figures, gaps included.
    pub samples: usize,
    /// Subjects whose history was dropped, or shortened to the coarse grid, for want of room.
    pub dropped: usize,
    /// Writes that were not kept for want of room.
    pub refused: usize,
}

/// What there is no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// How far the background reaches back, in milliseconds.
    pub reach_ms: Millis,
    /// Some subjects have no history, or not their fine one.
    pub is_partial: bool,
}

/// The histories of one cluster.
#[derive(Debug)]
pub struct History {
    limits: Limits,
    /// Slots that are kept of what is in the background.
    reach: u32,
    /// A figure that is kept of the background beside [`Figure::BACKGROUND`].
    chosen: Option<Figure>,
    tracks: FxHashMap<Subject, Box<Track>>,
    /// Bytes held by the tracks.
    held: usize,
    dropped: usize,
    refused: usize,
}

#[derive(Debug)]
struct Track {
    recent: Option<Grid>,
    coarse: Grid,
    /// When it was written last, and whether somebody looked.
    heard: Millis,
    attention: Attention,
}

impl Track {
    fn held(&self) -> usize {
        block(size_of::<Self>()) + self.coarse.held() + self.recent.as_ref().map_or(0, Grid::held)
    }
}

impl History {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            reach: limits.coarse.slots,
            chosen: None,
            tracks: FxHashMap::default(),
            held: 0,
            dropped: 0,
            refused: 0,
        }
    }

    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Keeps another figure of the background, or none, beside those that are always kept. What it was before goes
    /// with the choice, but for what was on screen meanwhile: of that all is kept.
    pub fn choose(&mut self, figure: Option<Figure>) {
        let figure = figure.filter(|figure| !Figure::BACKGROUND.contains(figure));
        let Some(before) = std::mem::replace(&mut self.chosen, figure).filter(|before| figure != Some(*before)) else {
            return;
        };
        let always = Figure::BACKGROUND
            .iter()
            .fold(1 << KNOWN | 1 << PARTS, |rows, figure| rows | 1 << *figure as u32);
        for track in self.tracks.values_mut() {
            let held = track.held();
            track.coarse.drop_row(before as u32, always);
            self.held = self.held + track.held() - held;
        }
    }

    /// Keeps figures that hold for a span.
    pub fn record(&mut self, subject: &Subject, span: Span, figures: &Figures, attention: Attention) {
        self.write(subject, span, &self.cells(figures, attention), attention);
    }

    /// Keeps the figures of a sum, with how many parts it has and the share of them that were known.
    pub fn record_sum(
        &mut self,
        subject: &Subject,
        span: Span,
        figures: &Figures,
        (known, parts): (f64, u32),
        attention: Attention,
    ) {
        let mut cells = self.cells(figures, attention);
        cells.push(Cell {
            row: KNOWN,
            floor: KNOWN_FLOOR,
            value: known.clamp(0.0, 1.0),
        });
        cells.push(Cell {
            row: PARTS,
            floor: PARTS_FLOOR,
            value: f64::from(parts),
        });
        self.write(subject, span, &cells, attention);
    }

    fn write(&mut self, subject: &Subject, span: Span, cells: &[Cell], attention: Attention) {
        if cells.is_empty() {
            return;
        }
        let is_new = attention == Attention::Background && !self.tracks.contains_key(subject);
        if is_new && self.usage_of(ADMIT) && !self.shorten() {
            self.refused += 1;
            return;
        }
        let limits = self.limits;
        let slots = match attention {
            Attention::Shown => limits.coarse.slots,
            Attention::Background => self.reach,
        };
        let coarse = Shape { slots, ..limits.coarse };
        let track = self.tracks.entry(subject.clone()).or_insert_with(|| {
            self.held += block(size_of::<Track>());
            Box::new(Track {
                recent: None,
                coarse: Grid::default(),
                heard: span.to,
                attention,
            })
        });
        let before = track.held();
        track.heard = track.heard.max(span.to);
        track.attention = attention;
        if attention == Attention::Shown {
            track.recent.get_or_insert_default().write(limits.recent, span, cells);
        }
        track.coarse.write(coarse, span, cells);
        self.held = self.held + track.held() - before;
        if self.usage_of(1.0) {
            self.make_room(subject);
        }
    }

    /// The figures that are kept.
    fn cells(&self, figures: &Figures, attention: Attention) -> Vec<Cell> {
        let is_kept = |figure: Figure| {
            attention == Attention::Shown || Figure::BACKGROUND.contains(&figure) || self.chosen == Some(figure)
        };
        let known = figures.known().filter(|(figure, _)| is_kept(*figure));
        known
            .map(|(figure, value)| Cell {
                row: figure as u32,
                floor: figure.unit().floor(),
                value,
            })
            .collect()
    }

    /// Whether more than this share of the budget is used.
    fn usage_of(&self, share: f64) -> bool {
        self.bytes() as f64 > self.limits.budget as f64 * share
    }

    fn bytes(&self) -> usize {
        // A hash map has an entry and a control byte for each place.
        self.held + self.tracks.capacity() * (size_of::<(Subject, Box<Track>)>() + 1)
    }

    /// Lets all of the background reach back less far; says whether it could.
    fn shorten(&mut self) -> bool {
        let next = self.reach / 8 * 7;
        if next < LEAST_SLOTS {
            return false;
        }
        self.reach = next;
        let background = self.tracks.values_mut();
        for track in background.filter(|track| track.attention == Attention::Background) {
            let before = track.held();
            track.coarse.shorten(next);
            self.held = self.held + track.held() - before;
        }
        true
    }

    /// What there is no room for; `None` while all is kept as it should be.
    pub fn shortage(&self) -> Option<Shortage> {
        let is_partial = self.refused + self.dropped > 0;
        (is_partial || self.reach < self.limits.coarse.slots).then(|| Shortage {
            reach_ms: Millis::from(self.reach) * self.limits.coarse.step_ms,
            is_partial,
        })
    }

    /// Drops what matters least until it fits: first the old past of all that is not on screen, then the fine past of what is not on screen, then what was
    /// not heard of for longest, what is on screen last; never the one that is being written.
    fn make_room(&mut self, writing: &Subject) {
        while self.usage_of(KEEP) && self.shorten() {}
        let mut order: Vec<(Attention, Millis, Subject)> = self
            .tracks
            .iter()
            .filter(|(subject, _)| *subject != writing)
            .map(|(subject, track)| (track.attention, track.heard, subject.clone()))
            .collect();
        order.sort_by(|a, b| (a.0 == Attention::Shown, a.1, &a.2).cmp(&(b.0 == Attention::Shown, b.1, &b.2)));
        for (_, _, subject) in order
            .iter()
            .filter(|(attention, ..)| *attention == Attention::Background)
        {
            if !self.usage_of(KEEP) {
                return;
            }
            if let Some(grid) = self.tracks.get_mut(subject).and_then(|track| track.recent.take()) {
                self.held -= grid.held();
                self.dropped += 1;
            }
        }
        for (_, _, subject) in &order {
            if !self.usage_of(KEEP) {
                return;
            }
            self.forget(subject);
            self.dropped += 1;
        }
    }

    /// Forgets a subject.
    pub fn forget(&mut self, subject: &Subject) {
        if let Some(track) = self.tracks.remove(subject) {
            self.held -= track.held();
            if self.tracks.capacity() > self.tracks.len() * 4 + 64 {
                self.tracks.shrink_to_fit();
            }
        }
    }

    /// Forgets what all of its grids have left behind.
    pub fn tidy(&mut self, now: Millis) {
        let (recent, coarse) = (self.limits.recent, self.limits.coarse);
        let past = |shape: Shape, heard: Millis| now - heard > shape.step_ms * Millis::from(shape.slots);
        for track in self.tracks.values_mut() {
            if let Some(grid) = track.recent.take_if(|_| past(recent, track.heard)) {
                self.held -= grid.held();
            }
        }
        let gone = self.tracks.iter().filter(|(_, track)| past(coarse, track.heard));
        let gone: Vec<Subject> = gone.map(|(subject, _)| subject.clone()).collect();
        for subject in &gone {
            self.forget(subject);
        }
    }

    /// A figure in the `slots` slots up to the one of `until`, oldest first. The newest slots are gaps
    /// until they are measured.
    pub fn line(&self, of: &Subject, figure: Figure, at: Resolution, until: Millis, slots: u32) -> Vec<Option<f64>> {
        self.row(of, figure as u32, figure.unit().floor(), at, until, slots)
    }

    /// Which share of a sum's parts was known in the same slots.
    pub fn known(&self, of: &Subject, at: Resolution, until: Millis, slots: u32) -> Vec<Option<f64>> {
        self.row(of, KNOWN, KNOWN_FLOOR, at, until, slots)
    }

    /// How many parts a sum had in the same slots.
    pub fn parts(&self, of: &Subject, at: Resolution, until: Millis, slots: u32) -> Vec<Option<f64>> {
        self.row(of, PARTS, PARTS_FLOOR, at, until, slots)
    }

    fn row(&self, of: &Subject, row: u32, floor: f64, at: Resolution, until: Millis, slots: u32) -> Vec<Option<f64>> {
        let shape = match at {
            Resolution::Recent => self.limits.recent,
            Resolution::Coarse => self.limits.coarse,
        };
        let values = self.tracks.get(of).and_then(|track| {
            let grid = match at {
                Resolution::Recent => track.recent.as_ref()?,
                Resolution::Coarse => &track.coarse,
            };
            Some(grid.read(row, floor, shape.slot(until)?, slots))
        });
        values.unwrap_or_else(|| vec![None; slots as usize])
    }

    /// What it holds.
    pub fn usage(&self) -> Usage {
        let samples = |track: &Track| track.coarse.samples() + track.recent.as_ref().map_or(0, Grid::samples);
        Usage {
            bytes: self.bytes(),
            budget: self.limits.budget,
            subjects: self.tracks.len(),
            samples: self.tracks.values().map(|track| samples(track)).sum(),
            dropped: self.dropped,
            refused: self.refused,
        }
    }
}

#[cfg(test)]
mod tests;
