//! From meaning to looks: tones to styles, cells to columns of the terminal, signs to ASCII.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::listing::{Align, Cell, Span, Tone};
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
}

/// How many columns the text of a cell takes.
pub(super) fn width(cell: &Cell) -> u16 {
    let widths = cell.spans.iter().map(|span| match span {
        Span::Text(text, _) => line::width(text),
        Span::Bar { .. } | Span::Line { .. } => 0,
    });
    widths.fold(0, u16::saturating_add)
}

/// Draws a cell in its place.
pub(super) fn cell(buffer: &mut Buffer, theme: &Theme, area: Rect, cell: &Cell, look: Look) {
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
const ASCII: [(&str, &str); 46] = [
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
    ("✓", "x"),
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
    ("≥", ">"),
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
            if let Some(ascii) = chart::without_dots(cell.symbol()) {
                cell.set_symbol(ascii);
            } else if let Some((_, ascii)) = ASCII.iter().find(|(sign, _)| *sign == cell.symbol()) {
                cell.set_symbol(ascii);
            }
        }
    }
}
