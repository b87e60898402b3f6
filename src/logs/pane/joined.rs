//! A pane's streams: who joined, and of whom rows are kept; and the rows it shares with its clones.

use std::sync::Arc;

use super::super::block::StreamId;
use super::{Pane, State};

impl Pane {
    /// Streams that are known.
    #[cfg(test)]
    pub(in crate::logs) fn streams(&self) -> usize {
        self.streams.iter().count()
    }

    /// A further stream.
    pub fn join(&mut self) -> StreamId {
        self.streams.join(State::default())
    }

    /// Whether rows of a stream are kept.
    pub fn has_rows(&self, stream: StreamId) -> bool {
        self.streams.get(stream).is_some_and(|state| state.rows > 0)
    }

    /// Gives a stream up of which nothing more comes.
    pub fn forget(&mut self, stream: StreamId) {
        self.streams.forget(stream);
    }

    /// Whether another has the very same lines: one is a clone of the other, and nothing changed since.
    pub(in crate::logs) fn shares_all_lines(&self, other: &Self) -> bool {
        let mut both = self.blocks.iter().zip(&other.blocks);
        self.blocks.len() == other.blocks.len() && both.all(|(one, other)| Arc::ptr_eq(one, other))
    }
}
