//! From meaning to looks: tones to styles, cells to columns of the terminal, signs to ASCII.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::listing::{Align, Cell, Cut, Span, Tone};
use crate::metrics::series::{self, Fold};
use crate::theme::{Role, Theme};
use crate::widgets::{bar, chart, line, spark};

/// With fewer columns what a number was lately is not drawn.
const LEAST_LINE: u16 = 4;
/// Fewer columns than these make no bar.
const LEAST_BAR: u16 = 3;

/// The role of a tone.
pub(super) const fn role(tone: Tone) -> Role {
    match tone {
        Tone::Plain => Role::Text,
        Tone::Muted => Role::Muted,
        Tone::Strong => Role::Strong,
        Tone::Good => Role::Good,
        Tone::Busy => Role::Busy,
        Tone::Warning => Role::Warning,
        Tone::Bad => Role::Bad,
        Tone::Unknown => Role::Unknown,
        Tone::Accent => Role::Accent,
    }
}

/// How a cell is drawn apart from what it says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    pub(super) align: Option<Align>,
    /// What is known is old: everything of less weight.
    pub(super) stale: bool,
    pub(super) marked: bool,
    pub(super) cut: Cut,
}

/// How many columns the text of a cell takes.
pub(super) fn width(cell: &Cell) -> u16 {
    let widths = cell.spans.iter().map(|span| match span {
        Span::Text(text, _) => line::width(text),
        Span::Bar { .. } | Span::Line { .. } => 0,
    });
    widths.fold(0, u16::saturating_add)
}

/// The cell with its longest piece cut in the middle, so that all of it fits.
fn shortened(cell: &Cell, room: u16) -> Cell {
    let surplus = width(cell).saturating_sub(room);
    let mut cell = cell.clone();
    let texts = cell.spans.iter_mut().filter_map(|span| match span {
        Span::Text(text, _) => Some(text),
        Span::Bar { .. } | Span::Line { .. } => None,
    });
    if let Some(longest) = texts.max_by_key(|text| line::width(text)) {
        *longest = line::cut_middle(longest, line::width(longest).saturating_sub(surplus));
    }
    cell
}

/// Draws a cell in its place.
pub(super) fn cell(buffer: &mut Buffer, theme: &Theme, area: Rect, cell: &Cell, look: Look) {
    let shortened = (look.cut == Cut::Middle && width(cell) > area.width).then(|| shortened(cell, area.width));
    let cell = shortened.as_ref().unwrap_or(cell);
    let text = width(cell);
    let mut x = area.x;
    if look.align == Some(Align::Right) {
        x += area.width.saturating_sub(text);
    }
    let lines = cell
        .spans
        .iter()
        .filter(|span| matches!(span, Span::Line { .. }))
        .count() as u16;
    let style = |tone: Tone| -> Style {
        match (look.stale, look.marked, tone) {
            (true, ..) => theme.style(Role::Stale),
            (_, true, Tone::Strong | Tone::Plain) => theme.style(Role::Marked),
            _ => theme.style(role(tone)),
        }
    };
    for span in &cell.spans {
        match span {
            // Nothing is left out in silence.
            Span::Text(text, _) if x >= area.right() => {
                let last = area.right().saturating_sub(1).max(area.x);
                if let Some(cell) = buffer.cell_mut((last, area.y)).filter(|_| !text.trim().is_empty()) {
                    cell.set_symbol("…");
                }
            }
            Span::Text(text, tone) => {
                x = line::draw(buffer, (x, area.y), area.right(), [(text.as_str(), style(*tone))]);
            }
            Span::Bar { share, tone } => {
                let width = area.width.saturating_sub(text);
                let place = Rect::new(x, area.y, width, 1);
                if width >= LEAST_BAR {
                    bar::draw(buffer, place, *share, style(*tone), theme.style(Role::BarEmpty));
                }
                x += width;
            }
            Span::Line { values, top, tone } => {
                let room = area.width.saturating_sub(text) / lines.max(1);
                let width = room
                    .saturating_sub(1)
                    .min(u16::try_from(values.len()).unwrap_or(u16::MAX));
                if width >= LEAST_LINE {
                    let shown = series::cells(values, usize::from(width), Fold::Max);
                    let place = Rect::new(x + 1, area.y, width, 1);
                    spark::draw(buffer, place, &shown, *top, (style(*tone), style(Tone::Muted)));
                    x += 1 + width;
                }
            }
        }
    }
}

/// Signs that poor terminals lack, and what stands for them there.
const ASCII: [(&str, &str); 45] = [
    ("●", "*"),
    ("○", "o"),
    ("◌", "~"),
    ("◍", "*"),
    ("◐", "%"),
    ("✖", "x"),
    ("▲", "!"),
    ("▸", ">"),
    ("▾", "v"),
    ("›", ">"),
    ("–", "-"),
    ("—", "-"),
    ("·", "."),
    ("…", "~"),
    ("‖", "="),
    ("⊘", "/"),
    ("↻", "R"),
    ("↓", "v"),
    ("↑", "^"),
    ("↵", "<"),
    ("×", "x"),
    ("→", ">"),
    ("←", "<"),
    ("▌", ">"),
    ("─", "-"),
    ("│", "|"),
    ("┌", "+"),
    ("┐", "+"),
    ("└", "+"),
    ("┘", "+"),
    ("✓", "+"),
    ("━", "="),
    ("╸", "-"),
    ("◆", "+"),
    ("•", "*"),
    ("▁", "_"),
    ("▂", "_"),
    ("▃", "-"),
    ("▄", "-"),
    ("▅", "="),
    ("▆", "="),
    ("▇", "#"),
    ("█", "#"),
    ("┄", "-"),
    ("┊", ":"),
];

/// Replaces signs that the terminal cannot draw.
pub(super) fn to_ascii(buffer: &mut Buffer, area: Rect) {
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let Some(cell) = buffer.cell_mut((x, y)) else { continue };
            if cell.symbol().is_ascii() {
                continue;
            }
            if cell.symbol() == "≥" {
                at_least(buffer, (x, y));
            } else if let Some(ascii) = chart::without_dots(cell.symbol()) {
                cell.set_symbol(ascii);
            } else if let Some((_, ascii)) = ASCII.iter().find(|(sign, _)| *sign == cell.symbol()) {
                cell.set_symbol(ascii);
            }
        }
    }
}

/// Writes `>=`, which takes a blank beside it.
fn at_least(buffer: &mut Buffer, (x, y): (u16, u16)) {
    let is_blank = |x: Option<u16>| {
        x.and_then(|x| buffer.cell((x, y)))
            .is_some_and(|cell| cell.symbol() == " ")
    };
    let after = x.checked_add(1).filter(|x| is_blank(Some(*x)));
    let before = x.checked_sub(1).filter(|x| is_blank(Some(*x)));
    let signs = match (after, before) {
        (Some(after), _) => vec![(x, ">"), (after, "=")],
        (None, Some(before)) => vec![(before, ">"), (x, "=")],
        (None, None) => vec![(x, ">")],
    };
    for (x, sign) in signs {
        if let Some(cell) = buffer.cell_mut((x, y)) {
            cell.set_symbol(sign);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn signs_of_state_stay_apart_in_ascii() {
        let signs = ["✓", "✖", "●", "▲", "?", "◌"];
        let area = Rect::new(0, 0, signs.len() as u16, 1);
        let mut buffer = Buffer::with_lines([signs.concat()]);
        to_ascii(&mut buffer, area);
        let drawn: BTreeSet<&str> = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(drawn.iter().all(|sign| sign.is_ascii()), "{drawn:?}");
        assert_eq!(drawn.len(), signs.len(), "{drawn:?}");
    }

    #[test]
    fn at_least_takes_a_blank_beside_it_in_ascii() {
        for (drawn, ascii) in [(" ≥ 15.4", " >=15.4"), (" ≥142 MB", ">=142 MB"), ("a≥1", "a>1")] {
            let mut buffer = Buffer::with_lines([drawn]);
            let area = buffer.area;
            to_ascii(&mut buffer, area);
            let shown: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
            assert_eq!(shown, ascii);
        }
    }

    #[test]
    fn a_cell_that_does_not_fit_says_so() {
        for (pieces, width, drawn) in [
            (["IP ", "10.0.0.1"], 11, "IP 10.0.0.1"),
            (["IP ", "10.0.0.1"], 10, "IP 10.0.0…"),
            (["node · ", "IP"], 7, "node ·…"),
            (["node", " "], 4, "node"),
        ] {
            let area = Rect::new(0, 0, width, 1);
            let mut buffer = Buffer::empty(area);
            let told = pieces
                .into_iter()
                .fold(Cell::empty(), |told, piece| told.and(piece, Tone::Plain));
            cell(&mut buffer, &Theme::default(), area, &told, Look::default());
            let shown: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
            assert_eq!(shown, drawn);
        }
    }
}
