//! A run of lines in the order of their times, with their text: what a pane is made of, and what it hands out.

mod beside;

use std::ops::Range;

use super::divider::Divider;
use super::filter::{Filter, Pattern};
use super::level::Level;
use super::stamp::Stamp;
use crate::domain::CleanBuffer;
use crate::domain::quantity::thousands;

/// Bytes of text, and lines, after which a block is full.
const TEXT_ROOM: usize = 64 * 1024;
const LINE_ROOM: usize = 1024;

/// One container's log within a pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u32);

/// A row's identity within its pane: never given twice, also after the row was evicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub u64);

/// Where a row stands among all of its pane: by time, then in order of arrival. It finds the row, and
/// compares with rows that are no longer there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The row's time, or that of the row before it in its stream where that is later.
    pub at: Stamp,
    pub id: LineId,
}

impl Place {
    /// The place right behind this one.
    #[must_use]
    pub const fn behind(self) -> Self {
        Self {
            at: self.at,
            id: LineId(self.id.0 + 1),
        }
    }
}

/// Before every row.
pub const BEGIN: Place = Place {
    at: Stamp(i64::MIN),
    id: LineId(0),
};

/// The time by which a stream's next row is placed: never before the row before it, and without a time of its own
/// where the others are.
pub(super) fn advance(newest: &mut Option<Stamp>, at: Option<Stamp>, others: Option<Stamp>) -> Stamp {
    let at = at.max(*newest).or(others).unwrap_or_default();
    *newest = Some(at);
    at
}

/// A row as it is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row<'a> {
    pub place: Place,
    pub stream: StreamId,
    /// The line's own time, where it has one.
    pub at: Option<Stamp>,
    /// The search found it.
    pub found: bool,
    /// It is shown beside a line that the filter shows.
    pub is_near: bool,
    /// Lines of its stream are left out before it, and it is the first of those around one that is shown.
    pub is_first: bool,
    pub content: Content<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Content<'a> {
    Line {
        text: &'a str,
        level: Option<Level>,
        /// It belongs to the line before it in its stream.
        continues: bool,
        /// Bytes of the line that were not kept.
        more: u64,
    },
    Divider(&'a Divider),
}

impl Content<'_> {
    /// What a person reads: of a line that was cut, how much is missing too.
    pub fn words(&self) -> String {
        match self {
            Self::Line { text, more: 0, .. } => (*text).to_owned(),
            Self::Line { text, more, .. } => format!("{text} … {} bytes more", thousands(*more as i64)),
            Self::Divider(divider) => divider.words(),
        }
    }
}

/// Which rows to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every row that is kept.
    All,
    /// What the filter shows, the lines around it, and dividers.
    Shown,
    /// The same without the lines around.
    Passed,
    /// What is shown and the search found.
    Found,
}

/// What decides over a line: the filter and the search, and how often they have changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Sieve {
    pub(super) filter: Filter,
    pub(super) search: Option<Pattern>,
    pub(super) generation: u64,
}

impl Sieve {
    fn finds(&self, text: &str) -> bool {
        self.search.as_ref().is_some_and(|search| search.is_match(text))
    }
}

#[derive(Clone, Copy, Debug)]
struct Line {
    place: Place,
    /// `i64::MIN`: none.
    at: i64,
    start: u32,
    length: u32,
    stream: StreamId,
    level: Option<Level>,
    flags: u8,
}

const PASSED: u8 = 1;
const FOUND: u8 = 2;
const CONTINUES: u8 = 4;
const DIVIDER: u8 = 8;
const NEAR: u8 = 16;
const FIRST: u8 = 32;
const BARRED: u8 = 64;

/// What a row is made of, before it has text in a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) at: Option<Stamp>,
    pub(super) stream: StreamId,
    pub(super) level: Option<Level>,
    pub(super) continues: bool,
    pub(super) more: u64,
}

/// A run of rows.
#[derive(Clone, Debug)]
pub struct Block {
    text: CleanBuffer,
    lines: Vec<Line>,
    /// Few lines have these, so they lie beside.
    dividers: Vec<(LineId, Divider)>,
    longer: Vec<(LineId, u64)>,
    sifted: u64,
    shown: usize,
    passed: usize,
    found: usize,
}

impl Block {
    pub(super) fn new(generation: u64) -> Self {
        Self {
            text: CleanBuffer::with_capacity(TEXT_ROOM + 1024),
            lines: Vec::with_capacity(LINE_ROOM / 4),
            dividers: Vec::new(),
            longer: Vec::new(),
            sifted: generation,
            shown: 0,
            passed: 0,
            found: 0,
        }
    }

    /// Rows of this kind.
    pub fn count(&self, which: Which) -> usize {
        match which {
            Which::All => self.lines.len(),
            Which::Shown => self.shown,
            Which::Passed => self.passed,
            Which::Found => self.found,
        }
    }

    /// Bytes it takes in memory, but for what is unused of its buffers.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.lines.len() * size_of::<Line>() + self.dividers.len() * size_of::<(LineId, Divider)>()
    }

    /// Its rows in their order.
    pub fn rows(&self, which: Which) -> impl DoubleEndedIterator<Item = Row<'_>> {
        self.rows_in(which, 0..self.lines.len())
    }

    pub fn first(&self) -> Option<Place> {
        self.lines.first().map(|line| line.place)
    }

    pub fn last(&self) -> Option<Place> {
        self.lines.last().map(|line| line.place)
    }

    pub(super) fn is_full(&self) -> bool {
        self.text.len() >= TEXT_ROOM || self.lines.len() >= LINE_ROOM
    }

    /// Twice full: lines that came late were put into it. Then it is worth cutting in two.
    pub(super) fn is_bursting(&self) -> bool {
        self.lines.len() >= 2 * LINE_ROOM || (self.text.len() >= 2 * TEXT_ROOM && self.lines.len() >= 4)
    }

    pub(super) const fn is_sifted(&self, generation: u64) -> bool {
        self.sifted == generation
    }

    /// How many rows stand before a place.
    pub(super) fn before(&self, place: Place) -> usize {
        self.lines.partition_point(|line| line.place < place)
    }

    /// How many rows of this kind stand before a place.
    pub(super) fn rank(&self, which: Which, place: Place) -> usize {
        let before = self.lines.get(..self.before(place)).unwrap_or_default();
        before.iter().filter(|line| line.is(which)).count()
    }

    pub(super) fn rows_in(&self, which: Which, range: Range<usize>) -> impl DoubleEndedIterator<Item = Row<'_>> {
        let lines = self.lines.get(range).unwrap_or_default().iter();
        lines.filter(move |line| line.is(which)).map(|line| self.row(line))
    }

    fn row<'a>(&'a self, line: &Line) -> Row<'a> {
        let divider = (line.flags & DIVIDER != 0).then(|| self.dividers.iter().find(|(id, _)| *id == line.place.id));
        let content = match divider.flatten() {
            Some((_, divider)) => Content::Divider(divider),
            None => Content::Line {
                text: self.text.get(line.range()),
                level: line.level,
                continues: line.flags & CONTINUES != 0,
                more: self
                    .longer
                    .iter()
                    .find(|(id, _)| *id == line.place.id)
                    .map_or(0, |(_, more)| *more),
            },
        };
        Row {
            place: line.place,
            stream: line.stream,
            at: (line.at != i64::MIN).then_some(Stamp(line.at)),
            found: line.flags & FOUND != 0,
            is_near: line.flags & NEAR != 0,
            is_first: line.flags & FIRST != 0,
            content,
        }
    }

    /// Adds a line where its time belongs.
    pub(super) fn add(&mut self, entry: Entry, raw: &[u8], sieve: &Sieve) {
        let range = self.text.push_line(raw);
        if entry.more > 0 {
            self.longer.push((entry.place.id, entry.more));
        }
        let mut line = Line::new(&entry, range, 0);
        self.judge(&mut line, sieve);
        self.insert(line);
    }

    /// Adds a divider where its time belongs.
    pub(super) fn add_divider(&mut self, entry: Entry, divider: Divider) {
        self.dividers.push((entry.place.id, divider));
        self.insert(Line::new(&entry, 0..0, DIVIDER | PASSED));
        self.shown += 1;
        self.passed += 1;
    }

    fn insert(&mut self, line: Line) {
        if self.lines.last().is_none_or(|last| last.place < line.place) {
            self.lines.push(line);
        } else {
            let index = self.before(line.place);
            self.lines.insert(index, line);
        }
    }

    /// Sets what the filter and the search say of a line, and counts it.
    fn judge(&mut self, line: &mut Line, sieve: &Sieve) {
        line.flags &= !(PASSED | FOUND | NEAR | FIRST | BARRED);
        let text = self.text.get(line.range());
        let is_divider = line.flags & DIVIDER != 0;
        if is_divider || sieve.filter.is_empty() || sieve.filter.shows(line.stream, line.level, text) {
            line.flags |= PASSED;
            if !is_divider && sieve.finds(text) {
                line.flags |= FOUND;
            }
        } else if sieve.filter.around > 0 && sieve.filter.bars(line.stream, text) {
            line.flags |= BARRED;
        }
        self.count_in(line.flags);
    }

    const fn count_in(&mut self, flags: u8) {
        self.shown += (flags & (PASSED | NEAR) != 0) as usize;
        self.passed += (flags & PASSED != 0) as usize;
        self.found += (flags & FOUND != 0) as usize;
    }

    /// Judges every line anew.
    pub(super) fn sift(&mut self, sieve: &Sieve) {
        (self.shown, self.passed, self.found) = (0, 0, 0);
        let mut lines = std::mem::take(&mut self.lines);
        for line in &mut lines {
            self.judge(line, sieve);
        }
        self.lines = lines;
        self.sifted = sieve.generation;
    }

    /// Cuts it in two; the later half is returned.
    pub(super) fn split(&mut self, sieve: &Sieve) -> Self {
        let (mut early, mut late) = (Self::new(sieve.generation), Self::new(sieve.generation));
        let half = self.lines.len() / 2;
        for (index, line) in self.lines.iter().enumerate() {
            let side = if index < half { &mut early } else { &mut late };
            let range = side.text.push_from(&self.text, line.range());
            side.lines.push(Line {
                start: range.start as u32,
                ..*line
            });
        }
        let border = late.first().unwrap_or_default();
        let is_early = |id: &LineId| self.lines.iter().any(|l| l.place.id == *id && l.place < border);
        let (before, after) = std::mem::take(&mut self.dividers)
            .into_iter()
            .partition(|(id, _)| is_early(id));
        (early.dividers, late.dividers) = (before, after);
        let (before, after) = std::mem::take(&mut self.longer)
            .into_iter()
            .partition(|(id, _)| is_early(id));
        (early.longer, late.longer) = (before, after);
        for side in [&mut early, &mut late] {
            if self.is_sifted(sieve.generation) {
                // What lines are beside stays known.
                let flags: Vec<u8> = side.lines.iter().map(|line| line.flags).collect();
                for flags in flags {
                    side.count_in(flags);
                }
            } else {
                side.sift(sieve);
            }
        }
        *self = early;
        late
    }
}

impl Line {
    fn new(entry: &Entry, range: Range<usize>, flags: u8) -> Self {
        Self {
            place: entry.place,
            at: entry.at.map_or(i64::MIN, |at| at.0),
            start: range.start as u32,
            length: range.len() as u32,
            stream: entry.stream,
            level: entry.level,
            flags: flags | if entry.continues { CONTINUES } else { 0 },
        }
    }

    const fn range(&self) -> Range<usize> {
        self.start as usize..self.start as usize + self.length as usize
    }

    const fn is(&self, which: Which) -> bool {
        match which {
            Which::All => true,
            Which::Shown => self.flags & (PASSED | NEAR) != 0,
            Which::Passed => self.flags & PASSED != 0,
            Which::Found => self.flags & FOUND != 0,
        }
    }
}
