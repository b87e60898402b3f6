//! Lines a person marked to come back to; they stay, also when the pane no longer has them.

use std::collections::BTreeMap;

use super::block::{Content, Place, Row, StreamId};
use crate::domain::Clean;

/// Marked lines, in the pane's order.
#[derive(Clone, Debug, Default)]
pub struct Bookmarks {
    marked: BTreeMap<Place, (StreamId, Clean)>,
}

impl Bookmarks {
    /// Marks a row or takes its mark away; true if it is marked now.
    pub fn toggle(&mut self, row: &Row<'_>) -> bool {
        if self.marked.remove(&row.place).is_some() {
            return false;
        }
        let text = match row.content {
            Content::Line { text, .. } => Clean::new(text),
            Content::Divider(divider) => Clean::from(divider.words()),
        };
        self.marked.insert(row.place, (row.stream, text));
        true
    }

    pub fn contains(&self, place: Place) -> bool {
        self.marked.contains_key(&place)
    }

    /// The next one behind a place.
    pub fn after(&self, place: Place) -> Option<Place> {
        self.marked.range(place.behind()..).next().map(|(place, _)| *place)
    }

    /// The nearest one before a place.
    pub fn before(&self, place: Place) -> Option<Place> {
        self.marked.range(..place).next_back().map(|(place, _)| *place)
    }

    /// All of them with their text.
    pub fn iter(&self) -> impl Iterator<Item = (Place, StreamId, &Clean)> {
        self.marked
            .iter()
            .map(|(place, (stream, text))| (*place, *stream, text))
    }
}
