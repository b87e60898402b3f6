//! One container's log on its way into a pane: cut into lines, freed of what came before.

use super::block::StreamId;
use super::divider::Divider;
use super::pane::Pane;
use super::resume::{Ask, Cursor, Start, Verdict};
use super::split::{Record, Splitter};
use super::stamp::Stamp;
use crate::domain::Clean;

/// One stream and how far it was read.
#[derive(Debug)]
pub struct Stream {
    id: StreamId,
    splitter: Splitter,
    cursor: Cursor,
}

impl Stream {
    /// A stream that joins a pane.
    pub fn join(pane: &mut Pane, start: Start) -> Self {
        Self {
            id: pane.join(),
            splitter: Splitter::default(),
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

    /// Time of the newest line.
    pub const fn newest(&self) -> Option<Stamp> {
        self.cursor.newest()
    }

    /// Takes bytes as they arrive.
    pub fn feed(&mut self, piece: &[u8], pane: &mut Pane) {
        let (id, cursor) = (self.id, &mut self.cursor);
        self.splitter.feed(piece, |line| take(id, cursor, &line, pane));
    }

    /// The stream broke off, or ended though its container runs: tells what to ask to go on.
    pub fn cut(&mut self, reason: Option<Clean>, pane: &mut Pane) -> Ask {
        if let Some(reason) = reason {
            pane.divide(self.id, None, Divider::Cut { reason });
        }
        let open = self.splitter.cut();
        self.cursor.cut(open)
    }

    /// The stream ended because its container did: what it wrote last may lack its newline.
    pub fn end(&mut self, pane: &mut Pane) {
        let (id, cursor) = (self.id, &mut self.cursor);
        self.splitter.finish(|line| take(id, cursor, &line, pane));
    }

    /// Another run of the container begins; its log is read from the start.
    pub fn begin_run(&mut self) -> Ask {
        self.splitter = Splitter::default();
        self.cursor = Cursor::new(Start::Everything);
        self.cursor.ask()
    }
}

fn take(id: StreamId, cursor: &mut Cursor, line: &Record<'_>, pane: &mut Pane) {
    if let Verdict::New(doubt) = cursor.take(line) {
        if let Some(doubt) = doubt {
            pane.divide(id, None, doubt.into());
        }
        pane.push(id, line);
    }
}
