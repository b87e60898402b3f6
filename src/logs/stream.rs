//! One container's log on its way into a view: cut into lines, freed of what came before.

use super::block::StreamId;
use super::divider::Divider;
use super::resume::{Ask, Cursor, Start, Verdict};
use super::sink::Sink;
use super::split::{Record, Splitter};
use crate::domain::Clean;

/// One stream and how far it was read.
#[derive(Debug)]
pub struct Stream {
    id: StreamId,
    splitter: Splitter,
    cursor: Cursor,
}

impl Stream {
    /// A stream of whose lines so many bytes are wanted at most.
    pub fn new(id: StreamId, line_limit: usize, start: Start) -> Self {
        Self {
            id,
            splitter: Splitter::new(line_limit),
            cursor: Cursor::new(start),
        }
    }

    pub const fn id(&self) -> StreamId {
        self.id
    }

    /// What to ask of the server, always with `timestamps=true`.
    pub fn ask(&self) -> Ask {
        self.cursor.ask()
    }

    /// Takes bytes as they arrive.
    pub fn feed(&mut self, piece: &[u8], sink: &mut impl Sink) {
        let (id, cursor) = (self.id, &mut self.cursor);
        self.splitter.feed(piece, |line| take(id, cursor, &line, sink));
    }

    /// The stream broke off, or ended though its container runs: tells what to ask to go on.
    pub fn cut(&mut self, reason: Option<Clean>, sink: &mut impl Sink) -> Ask {
        if let Some(reason) = reason {
            sink.divide(self.id, None, Divider::Cut { reason });
        }
        let open = self.splitter.cut();
        self.cursor.cut(open)
    }

    /// The stream ended because its container did: what it wrote last may lack its newline. What was needed to go on
    /// with it is let go: another run is read from its start.
    pub fn end(&mut self, sink: &mut impl Sink) {
        let (id, cursor) = (self.id, &mut self.cursor);
        self.splitter.finish(|line| take(id, cursor, &line, sink));
        self.splitter.reset();
        self.cursor = Cursor::new(Start::Everything);
    }
}

fn take(id: StreamId, cursor: &mut Cursor, line: &Record<'_>, sink: &mut impl Sink) {
    if let Verdict::New(doubt) = cursor.take(line) {
        if let Some(doubt) = doubt {
            sink.divide(id, None, doubt.into());
        }
        sink.push(id, line);
    }
}
