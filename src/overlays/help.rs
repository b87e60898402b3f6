//! Help: which lines it has and how they are laid out, for drawing and scrolling alike.

use crate::message::{Action, Group};

/// What a filter may be, with what it selects.
pub const FILTERS: [(&str, &str); 8] = [
    ("live gift", "rows that have both texts"),
    ("!kube", "rows that do not have it"),
    ("~lvgft", "these letters in this order"),
    ("-l app=live,!spot", "labels, as kubectl takes them"),
    ("cpu>500m", "a column compared: < > <= >= = !="),
    ("age<2h", "younger than two hours"),
    ("ready<desired", "one column with another"),
    ("status=Crash", "a column that has this text"),
];

/// The actions of a group, in the order they are told.
pub fn actions(group: Group) -> impl Iterator<Item = Action> {
    Action::ALL
        .iter()
        .copied()
        .filter(move |action| action.group() == group)
}

/// Every line: those of a group under its name, a blank one between two groups, the filters last.
fn lines() -> usize {
    let groups: usize = Group::ALL.into_iter().map(|group| actions(group).count() + 2).sum();
    groups + 1 + FILTERS.len()
}

/// How help stands on a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Columns and lines of its frame.
    pub frame: (u16, u16),
    /// Columns of lines side by side.
    pub columns: u16,
    pub lines_a_column: usize,
    /// Lines in sight at once.
    pub height: usize,
}

impl Layout {
    /// In so many columns and lines between the header and the footer.
    pub fn of((width, height): (u16, u16)) -> Self {
        let frame = (width.saturating_sub(4).min(160), height);
        let columns = if frame.0 >= 92 { 2 } else { 1 };
        Self {
            frame,
            columns,
            lines_a_column: lines().div_ceil(usize::from(columns)),
            height: usize::from(height.saturating_sub(2)),
        }
    }

    /// How far it can be scrolled: 0 if all of it is in sight.
    pub fn most(&self) -> usize {
        self.lines_a_column.saturating_sub(self.height)
    }
}
