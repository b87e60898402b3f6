//! Pieces of text in one line, each with its style: how lines at the edges and fields are drawn.

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use crate::theme::{Role, Theme};
use crate::widgets::line;

/// Text with its style, piece by piece.
pub(super) type Pieces = Vec<(String, Style)>;

/// Draws them from `at` up to `end`; gives the column after the last.
pub(super) fn put(buffer: &mut Buffer, at: (u16, u16), end: u16, pieces: &Pieces) -> u16 {
    let pieces = pieces.iter().map(|(text, style)| (text.as_str(), *style));
    line::draw(buffer, at, end, pieces)
}

/// How many columns they take.
pub(super) fn width(pieces: &Pieces) -> u16 {
    let widths = pieces.iter().map(|(text, _)| line::width(text));
    widths.fold(0, u16::saturating_add)
}

/// A field of text after its sign, with the cursor on what follows `before`.
pub(super) fn field(theme: &Theme, sign: &str, (before, after): (&str, &str)) -> Pieces {
    let style = theme.style(Role::Field);
    let mut rest = after.chars();
    let under = rest.next().map_or_else(|| " ".to_owned(), String::from);
    vec![
        (sign.to_owned(), theme.style(Role::Title)),
        (before.to_owned(), style),
        (under, style.add_modifier(Modifier::REVERSED)),
        (rest.as_str().to_owned(), style),
    ]
}

/// What lies out of sight on either side, with the keys that go there; nothing of a side where nothing does.
pub(super) fn out_of_sight((above, up): (usize, &str), (below, down): (usize, &str)) -> String {
    let side = |sign: &str, lines: usize, place: &str, key: &str| {
        let s = if lines == 1 { "" } else { "s" };
        (lines > 0).then(|| format!("{sign} {lines} line{s} {place}: {key}"))
    };
    let sides = [side("↑", above, "above", up), side("↓", below, "below", down)];
    sides.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
