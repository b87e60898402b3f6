//! A chart of lines in dots, two across and four down in each place: what is not known has no dot, and no
//! line goes across it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// A line: a value for each column of dots, two in a column of the terminal.
#[derive(Clone, Debug)]
pub struct Line {
    pub dots: Vec<Option<f64>>,
    pub style: Style,
}

/// What is drawn.
#[derive(Clone, Debug, Default)]
pub struct Plot {
    /// The last lies over the others.
    pub lines: Vec<Line>,
    /// Levels that are drawn across, such as a limit, each with its sign.
    pub levels: Vec<(f64, &'static str, Style)>,
    /// The value of the upper edge; the lower is 0.
    pub top: f64,
    /// A column of the area that is pointed at.
    pub cursor: Option<u16>,
    /// How a column is drawn in which no line is known.
    pub gap: Style,
}

/// The bits of a place's dots, from the top, left and right.
const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
const BLANK: u32 = 0x2800;

/// Draws a plot over all of an area.
pub fn draw(buffer: &mut Buffer, area: Rect, plot: &Plot) {
    if area.is_empty() || plot.top <= 0.0 {
        return;
    }
    // The first lies on top where two are the same.
    for (level, sign, style) in plot.levels.iter().rev().filter(|(level, ..)| *level <= plot.top) {
        let y = area.y + height(*level, plot.top, area.height) / 4;
        for x in area.left()..area.right() {
            put(buffer, (x, y), sign, *style);
        }
    }
    for x in 0..area.width {
        let known = |line: &Line| {
            let dots = line.dots.get(usize::from(x) * 2..usize::from(x) * 2 + 2);
            dots.is_some_and(|dots| dots.iter().any(Option::is_some))
        };
        if !plot.lines.iter().any(known) {
            put(buffer, (area.x + x, area.bottom() - 1), super::spark::GAP, plot.gap);
        }
    }
    for line in &plot.lines {
        draw_line(buffer, area, line, plot.top);
    }
    if let Some(x) = plot.cursor.filter(|x| *x < area.width) {
        for y in area.top()..area.bottom() {
            if let Some(cell) = buffer.cell_mut((area.x + x, y)) {
                let is_level = plot.levels.iter().any(|(_, sign, _)| *sign == cell.symbol());
                if cell.symbol() == " " || is_level {
                    cell.set_symbol("│").set_style(plot.gap);
                } else {
                    cell.modifier.insert(Modifier::REVERSED);
                }
            }
        }
    }
}

/// The row of dots of a value, from the top of an area.
fn height(value: f64, top: f64, rows: u16) -> u16 {
    let last = f64::from(rows * 4 - 1);
    (last - (value / top).clamp(0.0, 1.0) * last).round() as u16
}

fn draw_line(buffer: &mut Buffer, area: Rect, line: &Line, top: f64) {
    let mut before: Option<u16> = None;
    for (x, value) in (0..area.width * 2).zip(&line.dots) {
        let Some(value) = value else {
            before = None;
            continue;
        };
        let y = height(*value, top, area.height);
        // Down or up from the dot before, so that a step is a line and not two.
        let from = before.map_or(y, |before| {
            if before < y {
                (before + 1).min(y)
            } else {
                before.saturating_sub(1).max(y)
            }
        });
        for y in from.min(y)..=from.max(y) {
            dot(buffer, area, (x, y), line.style);
        }
        before = Some(y);
    }
}

fn dot(buffer: &mut Buffer, area: Rect, (x, y): (u16, u16), style: Style) {
    let Some(cell) = buffer.cell_mut((area.x + x / 2, area.y + y / 4)) else {
        return;
    };
    let old = cell.symbol().chars().next().map_or(0, |c| c as u32);
    let old = if (BLANK..BLANK + 0x100).contains(&old) {
        old
    } else {
        BLANK
    };
    let bit = BITS
        .get(usize::from(y % 4))
        .and_then(|row| row.get(usize::from(x % 2)))
        .copied()
        .unwrap_or_default();
    if let Some(sign) = char::from_u32(old | bit) {
        cell.set_char(sign).set_style(style);
    }
}

fn put(buffer: &mut Buffer, at: (u16, u16), sign: &str, style: Style) {
    if let Some(cell) = buffer.cell_mut(at) {
        cell.set_symbol(sign).set_style(style);
    }
}

/// What stands for dots where they cannot be drawn; `None` for any other sign.
pub fn without_dots(symbol: &str) -> Option<&'static str> {
    let dots = (symbol.chars().next()? as u32)
        .checked_sub(BLANK)
        .filter(|dots| *dots < 0x100)?;
    let (upper, lower) = (dots & 0x1b != 0, dots & 0xe4 != 0);
    Some(match (upper, lower) {
        (true, true) => ":",
        (true, false) => "'",
        (false, true) => ".",
        (false, false) => " ",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(plot: &Plot, width: u16, rows: u16) -> Vec<String> {
        let area = Rect::new(0, 0, width, rows);
        let mut buffer = Buffer::empty(area);
        draw(&mut buffer, area, plot);
        let symbols: Vec<&str> = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        symbols.chunks(usize::from(width)).map(<[&str]>::concat).collect()
    }

    fn plot(values: &[Option<f64>]) -> Plot {
        Plot {
            lines: vec![Line {
                dots: values.to_vec(),
                style: Style::new(),
            }],
            top: 7.0,
            ..Plot::default()
        }
    }

    #[test]
    fn no_line_goes_across_what_is_not_known() {
        let some = Some(7.0);
        assert_eq!(
            drawn(&plot(&[some, some, None, None, some, some]), 3, 2),
            ["⠉ ⠉", " · "]
        );
    }

    #[test]
    fn a_step_is_one_line() {
        assert_eq!(drawn(&plot(&[Some(0.0), Some(7.0)]), 1, 2), ["⢸", "⡸"]);
        assert_eq!(drawn(&plot(&[Some(0.0), Some(0.0)]), 1, 2), [" ", "⣀"]);
    }

    #[test]
    fn levels_and_the_cursor_lie_under_the_line() {
        let mut plot = plot(&[Some(0.0), Some(0.0), Some(0.0), Some(0.0)]);
        plot.levels.push((7.0, "┄", Style::new()));
        plot.levels.push((8.0, "━", Style::new()));
        plot.cursor = Some(1);
        assert_eq!(drawn(&plot, 2, 2), ["┄│", "⣀⣀"]);
    }

    #[test]
    fn dots_have_stand_ins() {
        assert_eq!(
            ["⠉", "⣀", "⣿", "⠀", "a"].map(without_dots),
            [Some("'"), Some("."), Some(":"), Some(" "), None]
        );
    }
}
