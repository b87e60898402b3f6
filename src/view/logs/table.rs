//! JSON and logfmt lines as a table: the names of its columns, and a line as its row.

use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{Page, Pieces};
use crate::logs::columns::{Columns, GAP, Subject};
use crate::logs::fields::Fields;
use crate::logs::{Content, Row};
use crate::theme::Role;
use crate::widgets::line;

impl Page<'_> {
    /// The names of the columns, above them.
    pub(super) fn column_names(&self) -> Pieces {
        let style = self.theme.style(Role::Column);
        let names = self.columns.iter();
        let names = names.map(|column| (padded(column.subject.name(), column.width), style));
        let indent = (" ".repeat(self.indent()), Style::new());
        std::iter::once(indent)
            .chain(shifted(names.collect(), self.shown.look.shift))
            .collect()
    }

    /// The line as a row; `None` if it is shown as it is.
    pub(super) fn cells(&self, row: &Row<'_>) -> Option<Pieces> {
        let Content::Line {
            text, level, more: 0, ..
        } = row.content
        else {
            return None;
        };
        if self.columns.is_empty() {
            return None;
        }
        let fields = Fields::read(text)?;
        let cells = Columns::cells(&self.columns, &fields, level);
        let (_, of_level) = self.text(row);
        let (plain, muted) = (self.theme.style(Role::Text), self.theme.style(Role::Muted));
        let mut pieces = Pieces::new();
        for (column, value) in self.columns.iter().zip(&cells.values) {
            let style = match column.subject {
                Subject::Time => muted,
                Subject::Level | Subject::Message => of_level,
                Subject::Key(_) => plain,
            };
            pieces.extend(self.found(row, &padded(value, column.width), style));
        }
        pieces.extend(self.found(row, &cells.rest.join("  "), muted));
        Some(pieces)
    }
}

/// A value in so many columns and the gap after them.
fn padded(value: &str, width: usize) -> String {
    let value = line::cut(value, width as u16);
    let pad = (width + GAP).saturating_sub(usize::from(line::width(&value)));
    format!("{value}{}", " ".repeat(pad))
}

/// Pieces without their first so many columns.
pub(super) fn shifted(pieces: Pieces, columns: usize) -> Pieces {
    let mut left = columns;
    let cut = |(text, style): (String, Style)| {
        let mut from = 0;
        for grapheme in text.graphemes(true) {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(usize::from(line::width(grapheme)));
            from += grapheme.len();
        }
        (text.get(from..).unwrap_or_default().to_owned(), style)
    };
    pieces.into_iter().map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_the_view_is_cut_across_pieces() {
        let pieces = || vec![("ab".to_owned(), Style::new()), ("直播".to_owned(), Style::new())];
        for (columns, want) in [(0, "ab直播"), (1, "b直播"), (2, "直播"), (4, "播"), (9, "")] {
            let left: String = shifted(pieces(), columns).into_iter().map(|(text, _)| text).collect();
            assert_eq!(left, want, "{columns}");
        }
    }

    #[test]
    fn a_value_fills_its_column() {
        assert_eq!(padded("ab", 4), "ab    ");
        assert_eq!(padded("abcdef", 4), "abc…  ");
        assert_eq!(padded("直播直", 4), "直…   ");
    }
}
