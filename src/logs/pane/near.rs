//! A pane's lines around those that its filter shows.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::super::around::{Around, Mark};
use super::super::block::{Block, Place, StreamId};
use super::Pane;

impl Pane {
    /// Lets a line that was just added decide over those around it, and them over it.
    pub(super) fn surround_new(&mut self, stream: StreamId, place: Place) {
        let lines = self.sieve.filter.around;
        // Else it is done for all lines once all are sifted.
        if lines == 0 || self.surrounded != Some(self.sieve.generation) {
            return;
        }
        let Some(verdict) = self.block_of(place).and_then(|block| block.verdict(place)) else {
            return;
        };
        let mut marks = Vec::new();
        if let Some(state) = self.streams.get_mut(stream) {
            state.around.step(place, verdict, lines, |mark| marks.push(mark));
        }
        self.mark(&marks);
    }

    /// Decides over the lines around all that are shown, once it is known which are.
    pub(super) fn surround_all(&mut self) {
        let lines = self.sieve.filter.around;
        if self.surrounded == Some(self.sieve.generation) {
            return;
        }
        self.surrounded = Some(self.sieve.generation);
        let mut arounds: FxHashMap<StreamId, Around> = FxHashMap::default();
        if lines > 0 {
            let mut marks = Vec::new();
            for (stream, place, verdict) in self.blocks.iter().flat_map(|block| block.verdicts()) {
                let around = arounds.entry(stream).or_default();
                around.step(place, verdict, lines, |mark| marks.push(mark));
            }
            self.mark(&marks);
        }
        for (stream, state) in self.streams.iter_mut() {
            state.around = arounds.remove(&stream).unwrap_or_default();
        }
    }

    fn mark(&mut self, marks: &[Mark]) {
        for mark in marks {
            let (Mark::Near(place) | Mark::First(place)) = *mark;
            let index = self.blocks.partition_point(|block| block.last() < Some(place));
            if let Some(block) = self.blocks.get_mut(index) {
                Arc::make_mut(block).mark(*mark, &self.sieve);
            }
        }
    }

    fn block_of(&self, place: Place) -> Option<&Block> {
        let index = self.blocks.partition_point(|block| block.last() < Some(place));
        self.blocks.get(index).map(Arc::as_ref)
    }
}
