//! Lines of many streams on their way out of the program: merged by time, held no longer than that needs.
//!
//! A line may go once no stream that is still heard of can have an earlier one: each gives its lines in order,
//! so that is the least of their newest times. Bytes stay as the container wrote them.

use super::block::{LineId, Place, StreamId, advance};
use super::divider::Divider;
use super::level::Level;
use super::sink::Sink;
use super::split::Record;
use super::stamp::Stamp;
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
    waiting: usize,
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
    streams: Vec<State>,
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

    /// Says how late it is before lines are put in.
    pub const fn set_now(&mut self, now: Millis) {
        self.now = now;
    }

    /// Whether more waits of a stream than should.
    pub fn is_full(&self, stream: StreamId) -> bool {
        self.streams
            .get(stream.0 as usize)
            .is_some_and(|state| state.waiting > STREAM_BYTES)
    }

    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Up to which time lines may go. `is_open` tells the streams that are being read; with `is_patient` those that
    /// are silent are waited for too.
    pub fn ripe(&self, is_open: impl Fn(StreamId) -> bool, is_patient: bool) -> Stamp {
        let is_awaited = |state: &State| {
            is_patient
                || match state.heard {
                    Some(heard) => self.now < heard + PATIENCE,
                    None => self.now < state.joined + FIRST_PATIENCE,
                }
        };
        let streams = self.streams.iter().zip(0..);
        let awaited = streams.filter(|(state, id)| is_open(StreamId(*id)) && is_awaited(state));
        let newest = awaited.map(|(state, _)| state.newest.unwrap_or(Stamp(i64::MIN)));
        newest.min().unwrap_or(Stamp(i64::MAX))
    }

    /// Gives out what is not later than `until`, the earliest first.
    pub fn drain(&mut self, until: Stamp, mut each: impl FnMut(Outgoing<'_>)) {
        // Made of runs that are in order, which this sort finds.
        self.held.sort_by_key(|held| held.place);
        let count = self.held.partition_point(|held| held.place.at <= until);
        for held in self.held.get(..count).unwrap_or_default() {
            let what = match &held.what {
                Body::Divider(divider) => Item::Divider(divider),
                &Body::Line {
                    start,
                    length,
                    level,
                    more,
                } => {
                    if let Some(state) = self.streams.get_mut(held.stream.0 as usize) {
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
        let Some(state) = self.streams.get_mut(stream.0 as usize) else {
            return Place {
                at: at.unwrap_or_default(),
                id,
            };
        };
        let at = advance(&mut state.newest, at, self.newest);
        self.newest = self.newest.max(Some(at));
        Place { at, id }
    }
}

impl Sink for Queue {
    fn join(&mut self) -> StreamId {
        self.streams.push(State {
            joined: self.now,
            ..State::default()
        });
        StreamId(self.streams.len() as u32 - 1)
    }

    fn push(&mut self, stream: StreamId, line: &Record<'_>) {
        let place = self.place(stream, line.at);
        let mut level = None;
        if let Some(state) = self.streams.get_mut(stream.0 as usize) {
            state.heard = Some(self.now);
            state.waiting += cost(line.text.len());
            if self.is_levelled {
                level = state.trace.place(line.text).level;
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

    fn line_limit(&self) -> usize {
        LINE_BYTES
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn push(queue: &mut Queue, stream: StreamId, at: i64) {
        let text = format!("{} at {at}", stream.0);
        queue.push(
            stream,
            &Record {
                at: Some(Stamp(at)),
                text: text.as_bytes(),
                more: 0,
            },
        );
    }

    fn out(queue: &mut Queue, until: Stamp) -> Vec<String> {
        let mut found = Vec::new();
        queue.drain(until, |out| {
            found.push(match out.what {
                Item::Line { text, .. } => String::from_utf8_lossy(text).into_owned(),
                Item::Divider(divider) => format!("{} {}", out.stream.0, divider.words()),
            });
        });
        found
    }

    #[test]
    fn nothing_goes_out_before_what_may_be_earlier() {
        let mut queue = Queue::new(false);
        let (a, b) = (queue.join(), queue.join());
        for at in [10, 20, 30] {
            push(&mut queue, a, at);
        }
        let all = |_| true;
        assert_eq!(out(&mut Queue::clone(&queue), queue.ripe(all, true)), [""; 0]);
        push(&mut queue, b, 5);
        push(&mut queue, b, 20);
        let ripe = queue.ripe(all, true);
        assert_eq!(out(&mut queue, ripe), ["1 at 5", "0 at 10", "0 at 20", "1 at 20"]);
        let ripe = queue.ripe(|stream| stream == a, true);
        assert_eq!(out(&mut queue, ripe), ["0 at 30"], "nobody waits for what is closed");
    }

    #[test]
    fn who_is_silent_is_not_waited_for_but_by_who_reads_to_the_end() {
        let mut queue = Queue::new(false);
        queue.set_now(1_000);
        let (a, _quiet) = (queue.join(), queue.join());
        for (now, is_ripe) in [(1_100, false), (1_999, false), (2_000, true)] {
            queue.set_now(now);
            push(&mut queue, a, 7);
            assert_eq!(queue.ripe(|_| true, false) >= Stamp(7), is_ripe, "{now}");
            assert!(queue.ripe(|_| true, true) < Stamp(7));
        }
    }

    #[test]
    fn a_stream_that_is_ahead_is_full_until_it_is_let_out() {
        let mut queue = Queue::new(false);
        let a = queue.join();
        let text = vec![b'x'; STREAM_BYTES / 2 - size_of::<Held>()];
        for at in 0..3 {
            assert!(!queue.is_full(a));
            let record = Record {
                at: Some(Stamp(at)),
                text: &text,
                more: 0,
            };
            queue.push(a, &record);
        }
        assert!(queue.is_full(a));
        queue.drain(Stamp(1), |_| {});
        assert!(!queue.is_full(a) && !queue.is_empty());
        queue.drain(Stamp(i64::MAX), |out| {
            assert_eq!(
                out.what,
                Item::Line {
                    text: &text,
                    level: None,
                    more: 0
                }
            );
        });
    }

    #[test]
    fn lines_without_a_text_take_room_too() {
        let mut queue = Queue::new(false);
        let a = queue.join();
        let empty = |at| Record {
            at: Some(Stamp(at)),
            text: b"",
            more: 0,
        };
        let mut count = 0;
        while !queue.is_full(a) {
            queue.push(a, &empty(count));
            count += 1;
            assert!(count < 20_000, "never full");
        }
        queue.drain(Stamp(i64::MAX), |_| {});
        assert!(!queue.is_full(a));
        assert_eq!(queue.streams[0].waiting, 0);
    }

    #[test]
    fn what_happened_stands_where_it_happened() {
        let mut queue = Queue::new(false);
        let (a, b) = (queue.join(), queue.join());
        push(&mut queue, a, 10);
        queue.divide(a, None, Divider::Gone);
        push(&mut queue, b, 11);
        assert_eq!(
            out(&mut queue, Stamp(i64::MAX)),
            ["0 at 10", "0 the instance is gone", "1 at 11"]
        );
    }

    proptest! {
        #[test]
        fn lines_go_out_once_and_in_order_of_time(steps in prop::collection::vec((0..3_u32, 0..50_i64), 0..200)) {
            let mut queue = Queue::new(false);
            for _ in 0..3 {
                queue.join();
            }
            let mut at = [0_i64; 3];
            let mut times = Vec::new();
            let mut count = 0;
            let mut each = |out: Outgoing<'_>| times.push(out.at.unwrap());
            for (stream, step) in steps {
                at[stream as usize] += step;
                push(&mut queue, StreamId(stream), at[stream as usize]);
                count += 1;
                let ripe = queue.ripe(|_| true, true);
                queue.drain(ripe, &mut each);
            }
            queue.drain(Stamp(i64::MAX), &mut each);
            prop_assert!(times.is_sorted());
            prop_assert_eq!(times.len(), count);
        }
    }
}
