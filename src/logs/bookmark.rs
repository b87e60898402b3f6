//! Lines a person marked to come back to.

use std::collections::BTreeSet;

use super::block::Place;

/// Marked lines, in the pane's order, also those that it let go.
#[derive(Clone, Debug, Default)]
pub struct Bookmarks(BTreeSet<Place>);

impl Bookmarks {
    /// Marks a row or takes its mark away; true if it is marked now.
    pub fn toggle(&mut self, place: Place) -> bool {
        if self.0.remove(&place) {
            return false;
        }
        self.0.insert(place)
    }

    pub fn contains(&self, place: Place) -> bool {
        self.0.contains(&place)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them: those behind a place, then the others.
    pub fn after(&self, place: Place) -> impl Iterator<Item = Place> {
        let behind = self.0.range(place.behind()..);
        behind.chain(self.0.range(..place.behind())).copied()
    }
}
