//! A line of small columns: what a number was, a column of the terminal a value.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// From something to all.
const HEIGHTS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// What is not known.
pub const GAP: &str = "·";

/// The sign for a value where `top` is the full height.
pub fn sign(value: f64, top: f64) -> &'static str {
    let share = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
    let place = (share * HEIGHTS.len() as f64).ceil() as usize;
    HEIGHTS.get(place.saturating_sub(1)).copied().unwrap_or(GAP)
}

/// Draws the values from the left edge; a gap is drawn as one. Without `top` the largest value is it.
pub fn draw(buffer: &mut Buffer, area: Rect, values: &[Option<f64>], top: Option<f64>, (line, gap): (Style, Style)) {
    let top = top.unwrap_or_else(|| values.iter().flatten().copied().fold(0.0, f64::max));
    for (value, x) in values.iter().zip(area.x..area.right()) {
        let (sign, style) = value.map_or((GAP, gap), |value| (sign(value, top), line));
        if let Some(cell) = buffer.cell_mut((x, area.y)) {
            cell.set_symbol(sign).set_style(style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_a_gap_and_zero_is_not() {
        for (values, top, text) in [
            (vec![Some(0.0), None, Some(4.0), Some(8.0)], None, "▁·▄█"),
            (vec![Some(1.0), Some(2.0)], Some(8.0), "▁▂  "),
            (vec![Some(9.0), Some(0.0)], Some(8.0), "█▁  "),
            (vec![Some(0.0), Some(0.0), None], None, "▁▁· "),
            (vec![], None, "    "),
        ] {
            let area = Rect::new(0, 0, 4, 1);
            let mut buffer = Buffer::empty(area);
            draw(&mut buffer, area, &values, top, (Style::new(), Style::new()));
            let drawn: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
            assert_eq!(drawn, text, "{values:?}");
        }
    }
}
