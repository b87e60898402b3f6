//! The lines of many streams as one, by time, within a bound of bytes.

mod counts;
mod joined;
mod near;

use std::collections::VecDeque;
use std::sync::Arc;

use super::around::Around;
use super::block::{Block, Entry, LineId, Place, Row, Sieve, StreamId, Which, advance};
use super::divider::Divider;
use super::filter::{Filter, Pattern};
use super::pace::Pace;
use super::split::{Record, bare};
use super::stamp::Stamp;
use super::streams::Streams;
use super::trace::Trace;

pub use counts::{Behind, Counts, Matches};

/// Bytes a pane keeps unless told otherwise.
pub const PANE_BYTES: usize = 16 * 1024 * 1024;

/// Lines of many streams, merged by time; those of one stream stay in the order in which they came.
///
/// A clone shares its lines until one of them changes.
#[derive(Clone, Debug)]
pub struct Pane {
    blocks: VecDeque<Arc<Block>>,
    limit: usize,
    bytes: usize,
    next: u64,
    streams: Streams<State>,
    pace: Pace,
    sieve: Sieve,
    /// The filter and search for which it is known which lines are around those that are shown.
    surrounded: Option<u64>,
    held: Option<Place>,
    received: u64,
    evicted: u64,
    /// Lines evicted before the search began, and lines found and evicted since.
    before_search: u64,
    found_evicted: u64,
}

/// What is known of one stream.
#[derive(Clone, Debug, Default)]
struct State {
    newest: Option<Stamp>,
    trace: Trace,
    around: Around,
    /// Rows of it that are kept.
    rows: usize,
}

impl Default for Pane {
    fn default() -> Self {
        Self::new(PANE_BYTES)
    }
}

impl Pane {
    /// A pane that keeps so many bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            blocks: VecDeque::new(),
            limit,
            bytes: 0,
            next: 0,
            streams: Streams::default(),
            pace: Pace::default(),
            sieve: Sieve::default(),
            surrounded: Some(0),
            held: None,
            received: 0,
            evicted: 0,
            before_search: 0,
            found_evicted: 0,
        }
    }

    /// Adds a line. The text passes the sanitiser here, once.
    pub fn push(&mut self, stream: StreamId, line: &Record<'_>) -> Place {
        let (newest, end) = (self.newest(), self.next);
        let mut unknown = State::default();
        let state = self.streams.get_mut(stream).unwrap_or(&mut unknown);
        state.rows += 1;
        let text = bare(line.text);
        let trace = state.trace.place(text);
        let at = advance(&mut state.newest, line.at, newest);
        let entry = Entry {
            place: Place { at, id: LineId(end) },
            at: line.at,
            stream,
            level: trace.level,
            continues: trace.continues,
            more: line.more,
        };
        self.received += 1;
        self.pace.add(at, entry.level, entry.continues);
        let place = self.insert(entry, |block, sieve| block.add(entry, text, sieve));
        self.surround_new(stream, place);
        place
    }

    /// Adds a row that says what happened to a stream; without a time, behind the stream's last line.
    pub fn divide(&mut self, stream: StreamId, at: Option<Stamp>, divider: Divider) -> Place {
        let (newest, end) = (self.newest(), self.next);
        let mut unknown = State::default();
        let state = self.streams.get_mut(stream).unwrap_or(&mut unknown);
        state.rows += 1;
        let place = Place {
            at: advance(&mut state.newest, at, newest),
            id: LineId(end),
        };
        let entry = Entry {
            place,
            at,
            stream,
            level: None,
            continues: false,
            more: 0,
        };
        self.insert(entry, |block, _| block.add_divider(entry, divider))
    }

    fn insert(&mut self, entry: Entry, add: impl FnOnce(&mut Block, &Sieve)) -> Place {
        self.next += 1;
        let index = self.block_for(entry.place);
        let Some(block) = self.blocks.get_mut(index).map(Arc::make_mut) else {
            return entry.place;
        };
        let before = block.bytes();
        add(block, &self.sieve);
        self.bytes += block.bytes() - before;
        if block.is_bursting() {
            let late = block.split(&self.sieve);
            self.blocks.insert(index + 1, Arc::new(late));
        }
        entry.place
    }

    /// The block a new row belongs to; one is added behind the last when that is full.
    fn block_for(&mut self, place: Place) -> usize {
        let is_last = |block: &Arc<Block>| block.first().is_none_or(|first| first < place);
        match self.blocks.back() {
            Some(last) if is_last(last) => {
                if last.is_full() && last.last() < Some(place) {
                    self.add_block();
                }
                self.blocks.len() - 1
            }
            Some(_) => self.blocks.partition_point(is_last).saturating_sub(1),
            None => {
                self.add_block();
                0
            }
        }
    }

    fn add_block(&mut self) {
        self.blocks.push_back(Arc::new(Block::new(self.sieve.generation)));
    }

    /// Takes the oldest block off a pane that is over its bound, to be dropped or written away. Call it until
    /// it returns nothing.
    ///
    /// What a paused view still has to show is never evicted ([`Self::hold`]).
    pub fn evict(&mut self) -> Option<Arc<Block>> {
        if self.bytes <= self.limit || !self.may_evict() {
            return None;
        }
        let mut block = self.blocks.pop_front()?;
        if !block.is_sifted(self.sieve.generation) {
            Arc::make_mut(&mut block).sift(&self.sieve);
        }
        self.bytes -= block.bytes();
        for row in block.rows(Which::All) {
            self.evicted += u64::from(!matches!(row.content, super::Content::Divider(_)));
            if let Some(state) = self.streams.get_mut(row.stream) {
                state.rows = state.rows.saturating_sub(1);
            }
        }
        self.found_evicted += block.count(Which::Found) as u64;
        Some(block)
    }

    fn may_evict(&self) -> bool {
        let is_behind_view = |block: &Arc<Block>| self.held.is_none_or(|held| block.last() < Some(held));
        self.blocks.len() > 1 && self.blocks.front().is_some_and(is_behind_view)
    }

    /// Whether it can take more lines. If not, its streams must not be read: the server waits, nothing is lost.
    pub fn has_room(&self) -> bool {
        self.bytes <= self.limit || self.may_evict()
    }

    /// Pauses: rows from this place on are kept until [`Self::release`].
    pub const fn hold(&mut self, first: Place) {
        self.held = Some(first);
    }

    /// Ends the pause.
    pub const fn release(&mut self) {
        self.held = None;
    }

    /// Shows other lines. All are kept; [`Self::sift`] decides over them.
    pub fn set_filter(&mut self, filter: Filter) {
        self.sieve.filter = filter;
        self.renew();
    }

    pub const fn filter(&self) -> &Filter {
        &self.sieve.filter
    }

    /// Looks for something else in what is shown, or for nothing.
    pub fn set_search(&mut self, search: Option<Pattern>) {
        self.sieve.search = search;
        self.found_evicted = 0;
        self.before_search = self.evicted;
        self.renew();
    }

    pub const fn search(&self) -> Option<&Pattern> {
        self.sieve.search.as_ref()
    }

    fn renew(&mut self) {
        self.sieve.generation += 1;
        if self.sieve.filter.is_empty() && self.sieve.search.is_none() {
            self.sift(usize::MAX);
        }
    }

    /// Decides over about so many bytes of lines that a new filter or search has not seen, newest first. True
    /// once all are decided; until then those that are not are not shown.
    pub fn sift(&mut self, bytes: usize) -> bool {
        let mut done = 0;
        for block in self.blocks.iter_mut().rev() {
            if block.is_sifted(self.sieve.generation) {
                continue;
            }
            if done >= bytes {
                return false;
            }
            Arc::make_mut(block).sift(&self.sieve);
            done += block.bytes();
        }
        self.surround_all();
        true
    }

    /// How often the search found something, over all that was received since it began and all that was kept then.
    pub fn matches(&self) -> Matches {
        Matches {
            held: self.count(Which::Found),
            evicted: self.found_evicted,
            unseen: self.before_search,
            is_complete: self.is_sifted(),
        }
    }

    fn is_sifted(&self) -> bool {
        self.blocks.iter().all(|block| block.is_sifted(self.sieve.generation))
    }

    pub fn counts(&self) -> Counts {
        Counts {
            received: self.received,
            evicted: self.evicted,
            shown: self.count(Which::Passed),
            bytes: self.bytes,
        }
    }

    /// Takes note of the time.
    pub fn pass_time(&mut self, now: Stamp) {
        self.pace.tick(now);
    }

    pub const fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Rows of this kind that are kept.
    pub fn count(&self, which: Which) -> usize {
        self.ready(which).map(|block| block.count(which)).sum()
    }

    /// How many rows of this kind stand before a place.
    pub fn rank(&self, which: Which, place: Place) -> usize {
        let blocks = self.ready(which).take_while(|block| block.first() < Some(place));
        let count = |block: &Arc<Block>| {
            if block.last() < Some(place) {
                block.count(which)
            } else {
                block.rank(which, place)
            }
        };
        blocks.map(count).sum()
    }

    /// Blocks in which it is known what is shown.
    fn ready(&self, which: Which) -> impl DoubleEndedIterator<Item = &Arc<Block>> {
        let generation = self.sieve.generation;
        self.blocks
            .iter()
            .filter(move |block| which == Which::All || block.is_sifted(generation))
    }

    /// The rows of this kind from a place on; what lies between two rows that are shown is skipped by blocks.
    pub fn from(&self, which: Which, place: Place) -> impl Iterator<Item = Row<'_>> {
        let blocks = self.ready(which).skip_while(move |block| block.last() < Some(place));
        let blocks = blocks.filter(move |block| block.count(which) > 0);
        blocks.flat_map(move |block| block.rows_in(which, block.before(place)..block.count(Which::All)))
    }

    /// The rows of this kind before a place, the nearest first.
    pub fn before(&self, which: Which, place: Place) -> impl Iterator<Item = Row<'_>> {
        let blocks = self
            .ready(which)
            .rev()
            .skip_while(move |block| block.first() >= Some(place));
        let blocks = blocks.filter(move |block| block.count(which) > 0);
        blocks.flat_map(move |block| block.rows_in(which, 0..block.before(place)).rev())
    }

    /// The rows of this kind, the newest first.
    pub fn newest_first(&self, which: Which) -> impl Iterator<Item = Row<'_>> {
        self.before(
            which,
            Place {
                at: Stamp(i64::MAX),
                id: LineId(u64::MAX),
            },
        )
    }

    /// A row, if it is still kept.
    pub fn get(&self, place: Place) -> Option<Row<'_>> {
        self.from(Which::All, place).next().filter(|row| row.place == place)
    }

    /// The first row that is shown from a time on, else the last one.
    pub fn at(&self, time: Stamp) -> Option<Place> {
        let place = Place {
            at: time,
            id: LineId(0),
        };
        let after = self.from(Which::Shown, place).next();
        after
            .or_else(|| self.before(Which::Shown, place).next())
            .map(|row| row.place)
    }

    /// How far a view whose last row this is lies behind.
    pub fn behind(&self, last: Place) -> Behind {
        let rows = self
            .count(Which::Shown)
            .saturating_sub(self.rank(Which::Shown, last.behind()));
        let nanos = self.newest().map_or(0, |newest| newest.after(last.at).max(0));
        Behind { rows, nanos }
    }

    /// The newest row's time.
    pub fn newest(&self) -> Option<Stamp> {
        self.blocks.back().and_then(|block| block.last()).map(|place| place.at)
    }
}

#[cfg(test)]
#[path = "pane_tests.rs"]
mod tests;
