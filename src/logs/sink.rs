//! Where the lines of streams go: a view that keeps them, or a way out of the program.

use super::block::StreamId;
use super::divider::Divider;
use super::pane::Pane;
use super::plan::Target;
use super::split::{LINE_LIMIT, Record};
use super::stamp::Stamp;

/// Takes the lines of many streams.
pub trait Sink {
    /// A further stream, of this container.
    fn join(&mut self, target: &Target) -> StreamId;
    /// The stream's next line.
    fn push(&mut self, stream: StreamId, line: &Record<'_>);
    /// What happened to a stream; without a time, behind its last line.
    fn divide(&mut self, stream: StreamId, at: Option<Stamp>, divider: Divider);
    /// Whether there is room for more of a stream; without, who reads it waits.
    fn has_room(&self, stream: StreamId) -> bool;
    /// Whether anything of a stream is kept.
    fn has_rows(&self, stream: StreamId) -> bool;
    /// Gives a stream up of which nothing is kept and nothing more comes.
    fn forget(&mut self, stream: StreamId);
    /// Bytes of a line that are wanted at most.
    fn line_limit(&self) -> usize {
        LINE_LIMIT
    }
}

impl Sink for Pane {
    fn join(&mut self, _: &Target) -> StreamId {
        Self::join(self)
    }

    fn push(&mut self, stream: StreamId, line: &Record<'_>) {
        Self::push(self, stream, line);
    }

    fn divide(&mut self, stream: StreamId, at: Option<Stamp>, divider: Divider) {
        Self::divide(self, stream, at, divider);
    }

    fn has_room(&self, _: StreamId) -> bool {
        Self::has_room(self)
    }

    fn has_rows(&self, stream: StreamId) -> bool {
        Self::has_rows(self, stream)
    }

    fn forget(&mut self, stream: StreamId) {
        Self::forget(self, stream);
    }
}
