//! The lines that a view shows at one moment, as text: what is taken of the view costs next to nothing, the text is made
//! by whoever wants it.

use std::fmt::Write as _;

use chrono::FixedOffset;
use rustc_hash::FxHashMap;

use super::block::{BEGIN, Content, Row, StreamId, Which};
use super::pane::Pane;
use crate::domain::Clean;

/// Lines as they are shown, with what stands before each.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Shares its lines with the view.
    pane: Pane,
    /// Times on this clock; without, none.
    zone: Option<FixedOffset>,
    /// Short names of streams; of those that have none, nothing.
    names: FxHashMap<StreamId, Clean>,
}

impl Shown {
    pub const fn new(pane: Pane, zone: Option<FixedOffset>, names: FxHashMap<StreamId, Clean>) -> Self {
        Self { pane, zone, names }
    }

    /// Gives each line with its end, the earliest first, until one is not taken. Lines that the filter has not seen yet
    /// are decided over before.
    ///
    /// # Errors
    /// What the first that was not taken gave.
    pub fn each<E>(&mut self, mut take: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        self.pane.sift(usize::MAX);
        let mut text = String::new();
        for row in self.pane.from(Which::Shown, BEGIN) {
            text.clear();
            self.write(&mut text, &row);
            take(&text)?;
        }
        Ok(())
    }

    fn write(&self, text: &mut String, row: &Row<'_>) {
        if row.is_first {
            text.push_str("⋯\n");
        }
        if let Some(zone) = &self.zone {
            let at = row.at.unwrap_or(row.place.at).time().with_timezone(zone);
            let sign = if zone.local_minus_utc() == 0 { "Z " } else { " " };
            // Writing to memory cannot fail.
            let _ = write!(text, "{}{sign}", at.format("%Y-%m-%d %H:%M:%S%.3f"));
        }
        if let Some(name) = self.names.get(&row.stream) {
            text.push_str(name);
            text.push(' ');
        }
        if matches!(row.content, Content::Divider(_)) {
            text.push_str("── ");
        }
        text.push_str(&row.content.words());
        text.push('\n');
    }
}

/// Of the same moment, with the same before each line.
impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        self.pane.shares_all_lines(&other.pane) && self.zone == other.zone && self.names == other.names
    }
}

impl Eq for Shown {}
