//! A bar on one line, filled to half a column: a thin line, so that rows stay apart.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws a bar on one line; a share above one fills it. Weight tells the empty part as well as colour.
pub fn draw(buffer: &mut Buffer, area: Rect, share: f64, filled: Style, empty: Style) {
    let halves = (share.clamp(0.0, 1.0) * f64::from(area.width) * 2.0).round() as u16;
    // Something is not nothing.
    let halves = if share > 0.0 { halves.max(1) } else { 0 };
    for x in 0..area.width {
        if let Some(cell) = buffer.cell_mut((area.x + x, area.y)) {
            match halves.saturating_sub(x * 2) {
                2.. => cell.set_symbol("━").set_style(filled),
                1 => cell.set_symbol("╸").set_style(filled),
                0 => cell.set_symbol("─").set_style(empty),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_filled_to_the_half_column() {
        for (share, text) in [
            (0.0, "────"),
            (0.5, "━━──"),
            (0.6, "━━╸─"),
            (0.001, "╸───"),
            (1.0, "━━━━"),
            (7.0, "━━━━"),
            (-1.0, "────"),
        ] {
            let area = Rect::new(0, 0, 4, 1);
            let mut buffer = Buffer::empty(area);
            draw(&mut buffer, area, share, Style::new(), Style::new());
            let drawn: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
            assert_eq!(drawn, text, "{share}");
        }
    }
}
