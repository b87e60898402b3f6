//! Lines of many streams on their way out of the program: merged by time, held no longer than that needs.
//!
//! A line may go once no stream that is still heard of can have an earlier one: each gives its lines in order,
//! so that is the least of their newest times. Bytes stay as the container wrote them.

use super::block::{LineId, Place, StreamId, advance};
use super::divider::Divider;
use super::level::Level;
use super::plan::Target;
use super::sink::Sink;
use super::split::{Record, bare};
use super::stamp::Stamp;
use super::streams::Streams;
use super::trace::Trace;

/// Milliseconds of any clock that only goes forward.
pub type Millis = u64;

/// Bytes of a line that are kept: what goes out is to be whole, within reason.
pub const LINE_BYTES: usize = 4 * 1024 * 1024;
/// Bytes that may wait of one stream, each line with what is known of it; then it need not be read on.
pub const STREAM_BYTES: usize = 512 * 1024;
/// A stream that gave nothing for so long has caught up: nobody waits for it.
pub const PATIENCE: Millis = 250;
/// The same for a stream that has not given anything yet: connecting takes its time.
pub const FIRST_PATIENCE: Millis = 1_000;

/// What goes out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outgoing<'a> {
    pub stream: StreamId,
    pub at: Option<Stamp>,
    pub what: Item<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item<'a> {
    Line {
        /// As the container wrote it, without the line's end.
        text: &'a [u8],
        level: Option<Level>,
        /// Bytes of the line that were not kept.
        more: u64,
    },
    Divider(&'a Divider),
}

#[derive(Clone, Debug)]
struct Held {
    place: Place,
    stream: StreamId,
    at: Option<Stamp>,
    what: Body,
}

#[derive(Clone, Debug)]
enum Body {
    Line {
        start: usize,
        length: usize,
        level: Option<Level>,
        more: u64,
    },
    Divider(Box<Divider>),
}

#[derive(Clone, Debug, Default)]
struct State {
    newest: Option<Stamp>,
    trace: Trace,
    joined: Millis,
    heard: Option<Millis>,
    /// Bytes of its lines that wait.
    waiting: usize,
    /// Lines and dividers that wait.
    held: usize,
}

/// What a line of so many bytes takes while it waits.
const fn cost(length: usize) -> usize {
    length + size_of::<Held>()
}

/// Lines that wait to go out.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    held: Vec<Held>,
    text: Vec<u8>,
    streams: Streams<State>,
    newest: Option<Stamp>,
    next: u64,
    now: Millis,
    is_levelled: bool,
}

impl Queue {
    /// `is_levelled`: the levels of lines are asked for.
    pub fn new(is_levelled: bool) -> Self {
        Self {
            is_levelled,
            ..Self::default()
        }
    }

    /// Streams that are known.
    #[cfg(test)]
    pub(super) fn streams(&self) -> usize {
        self.streams.iter().count()
    }

    /// A further stream.
    pub fn join(&mut self) -> StreamId {
        self.streams.join(State {
            joined: self.now,
            ..State::default()
        })
    }

    /// Says how late it is before lines are put in.
    pub const fn set_now(&mut self, now: Millis) {
        self.now = now;
    }

    /// Nothing was read for so long, because nobody took what goes out: nobody was silent of their own.
    pub fn stand_still(&mut self, millis: Millis) {
        for (_, state) in self.streams.iter_mut() {
            state.joined += millis;
            state.heard = state.heard.map(|heard| heard + millis);
        }
    }

    /// Whether more waits of a stream than should.
    pub fn is_full(&self, stream: StreamId) -> bool {
        self.streams
            .get(stream)
            .is_some_and(|state| state.waiting > STREAM_BYTES)
    }

    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Up to which time lines may go. `is_open` tells the streams that are being read; with `is_patient` those that
    /// are silent are waited for too.
    pub fn ripe(&self, is_open: impl Fn(StreamId) -> bool, is_patient: bool) -> Stamp {
        let is_awaited = |state: &State| {
            // Who is full is not read on, and so is silent.
            is_patient
                || state.waiting > STREAM_BYTES
                || match state.heard {
                    Some(heard) => self.now < heard + PATIENCE,
                    None => self.now < state.joined + FIRST_PATIENCE,
                }
        };
        let streams = self.streams.iter();
        let awaited = streams.filter(|(id, state)| is_open(*id) && is_awaited(state));
        let newest = awaited.map(|(_, state)| state.newest.unwrap_or(Stamp(i64::MIN)));
        newest.min().unwrap_or(Stamp(i64::MAX))
    }

    /// Gives out what is not later than `until`, the earliest first.
    pub fn drain(&mut self, until: Stamp, mut each: impl FnMut(Outgoing<'_>)) {
        // Made of runs that are in order, which this sort finds.
        self.held.sort_by_key(|held| held.place);
        let count = self.held.partition_point(|held| held.place.at <= until);
        for held in self.held.get(..count).unwrap_or_default() {
            let mut state = self.streams.get_mut(held.stream);
            if let Some(state) = &mut state {
                state.held = state.held.saturating_sub(1);
            }
            let what = match &held.what {
                Body::Divider(divider) => Item::Divider(divider),
                &Body::Line {
                    start,
                    length,
                    level,
                    more,
                } => {
                    if let Some(state) = state {
                        state.waiting = state.waiting.saturating_sub(cost(length));
                    }
                    let text = self.text.get(start..start + length).unwrap_or_default();
                    Item::Line { text, level, more }
                }
            };
            each(Outgoing {
                stream: held.stream,
                at: held.at,
                what,
            });
        }
        self.held.drain(..count);
        if self.held.is_empty() {
            self.text.clear();
            self.text.shrink_to(4 * STREAM_BYTES);
        } else if count > 0 {
            self.compact();
        }
    }

    /// Gives the text of lines that are gone back, where that is the most of it.
    fn compact(&mut self) {
        let lengths = self.held.iter().map(|held| match held.what {
            Body::Line { length, .. } => length,
            Body::Divider(_) => 0,
        });
        let kept: usize = lengths.sum();
        if kept > self.text.len() / 2 {
            return;
        }
        let mut text = Vec::with_capacity(kept);
        for held in &mut self.held {
            if let Body::Line { start, length, .. } = &mut held.what {
                let from = std::mem::replace(start, text.len());
                text.extend_from_slice(self.text.get(from..from + *length).unwrap_or_default());
            }
        }
        self.text = text;
    }

    fn place(&mut self, stream: StreamId, at: Option<Stamp>) -> Place {
        let id = LineId(self.next);
        self.next += 1;
        let Some(state) = self.streams.get_mut(stream) else {
            return Place {
                at: at.unwrap_or_default(),
                id,
            };
        };
        state.held += 1;
        let at = advance(&mut state.newest, at, self.newest);
        self.newest = self.newest.max(Some(at));
        Place { at, id }
    }
}

impl Sink for Queue {
    fn join(&mut self, _: &Target) -> StreamId {
        Self::join(self)
    }

    fn push(&mut self, stream: StreamId, line: &Record<'_>) {
        let place = self.place(stream, line.at);
        let mut level = None;
        if let Some(state) = self.streams.get_mut(stream) {
            state.heard = Some(self.now);
            state.waiting += cost(line.text.len());
            if self.is_levelled {
                level = state.trace.place(bare(line.text)).level;
            }
        }
        let what = Body::Line {
            start: self.text.len(),
            length: line.text.len(),
            level,
            more: line.more,
        };
        self.text.extend_from_slice(line.text);
        self.held.push(Held {
            place,
            stream,
            at: line.at,
            what,
        });
    }

    fn divide(&mut self, stream: StreamId, at: Option<Stamp>, divider: Divider) {
        let place = self.place(stream, at);
        self.held.push(Held {
            place,
            stream,
            at,
            what: Body::Divider(Box::new(divider)),
        });
    }

    fn has_room(&self, stream: StreamId) -> bool {
        !self.is_full(stream)
    }

    fn has_rows(&self, stream: StreamId) -> bool {
        self.streams.get(stream).is_some_and(|state| state.held > 0)
    }

    fn forget(&mut self, stream: StreamId) {
        self.streams.forget(stream);
    }

    fn line_limit(&self) -> usize {
        LINE_BYTES
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
