//! A bar filled to an eighth of a column.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

const EIGHTHS: [&str; 8] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// Draws a bar on one line; a share above one fills it.
///
/// Where the empty part has a colour it is a track behind the bar, else a light shade tells it.
pub fn draw(buffer: &mut Buffer, area: Rect, share: f64, filled: Style, empty: Style) {
    let eighths = (share.clamp(0.0, 1.0) * f64::from(area.width) * 8.0).round() as u16;
    // Something is not nothing.
    let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
    let track = empty.fg.map_or(filled, |colour| filled.bg(colour));
    for x in 0..area.width {
        let Some(cell) = buffer.cell_mut((area.x + x, area.y)) else {
            continue;
        };
        match eighths.saturating_sub(x * 8) {
            8.. => cell.set_symbol("█").set_style(filled),
            0 if empty.fg.is_some() => cell.set_symbol(" ").set_style(track),
            0 => cell.set_symbol("░").set_style(empty),
            part => {
                let symbol = EIGHTHS.get(usize::from(part)).copied().unwrap_or(" ");
                cell.set_symbol(symbol).set_style(track)
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_filled_to_the_eighth() {
        for (share, text) in [
            (0.0, "░░░░"),
            (0.5, "██░░"),
            (0.53, "██▏░"),
            (0.001, "▏░░░"),
            (1.0, "████"),
            (7.0, "████"),
            (-1.0, "░░░░"),
        ] {
            let area = Rect::new(0, 0, 4, 1);
            let mut buffer = Buffer::empty(area);
            draw(&mut buffer, area, share, Style::new(), Style::new());
            let drawn: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
            assert_eq!(drawn, text, "{share}");
        }
    }
}
