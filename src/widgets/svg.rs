//! A picture of what was drawn: a buffer as SVG, with its colours.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use crate::theme::colour;

/// Size of a character, in pixels.
const WIDTH: f64 = 8.4;
const HEIGHT: f64 = 18.0;
const MARGIN: f64 = 10.0;

/// The colours a terminal has where nothing else is said.
#[derive(Clone, Copy, Debug)]
pub struct Paper {
    pub ink: (u8, u8, u8),
    pub ground: (u8, u8, u8),
}

impl Paper {
    pub const DARK: Self = Self {
        ink: (200, 204, 212),
        ground: (26, 30, 39),
    };
    pub const LIGHT: Self = Self {
        ink: (46, 52, 64),
        ground: (250, 250, 248),
    };
}

/// Draws a buffer as SVG. Equal buffers give equal text.
pub fn render(buffer: &Buffer, title: &str, paper: Paper) -> String {
    let area = buffer.area;
    let (width, height) = (
        f64::from(area.width) * WIDTH + 2.0 * MARGIN,
        f64::from(area.height) * HEIGHT + 2.0 * MARGIN,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\n\
         <title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>\n\
         <g font-family=\"'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace\" font-size=\"14\" xml:space=\"preserve\">\n",
        escape(title),
        hex(paper.ground),
    );
    for y in area.top()..area.bottom() {
        backgrounds(&mut out, buffer, y, paper);
        texts(&mut out, buffer, y, paper);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Ink and ground of a cell, reversed where it says so.
fn colours(cell: &Cell, paper: Paper) -> ((u8, u8, u8), (u8, u8, u8)) {
    let known = |colour: Color, default| {
        if colour == Color::Reset {
            default
        } else {
            colour::rgb(colour)
        }
    };
    let mut ink = known(cell.fg, paper.ink);
    let mut ground = known(cell.bg, paper.ground);
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut ink, &mut ground);
    }
    if cell.modifier.contains(Modifier::DIM) {
        let mix = |a: u8, b: u8| ((u16::from(a) * 6 + u16::from(b) * 4) / 10) as u8;
        ink = (mix(ink.0, ground.0), mix(ink.1, ground.1), mix(ink.2, ground.2));
    }
    (ink, ground)
}

/// Runs of cells in a row for which `same` gives the same, with where they begin and end.
fn runs<T: PartialEq>(buffer: &Buffer, y: u16, same: impl Fn(&Cell) -> T) -> Vec<(u16, u16, T)> {
    let mut found: Vec<(u16, u16, T)> = Vec::new();
    for x in buffer.area.left()..buffer.area.right() {
        let Some(cell) = buffer.cell((x, y)) else { continue };
        let value = same(cell);
        match found.last_mut() {
            Some((_, end, last)) if *last == value && *end == x => *end = x + 1,
            _ => found.push((x, x + 1, value)),
        }
    }
    found
}

fn backgrounds(out: &mut String, buffer: &Buffer, y: u16, paper: Paper) {
    for (start, end, ground) in runs(buffer, y, |cell| colours(cell, paper).1) {
        if ground != paper.ground {
            let _ = writeln!(
                out,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{HEIGHT:.1}\" fill=\"{}\"/>",
                at_x(start),
                at_y(y),
                f64::from(end - start) * WIDTH,
                hex(ground),
            );
        }
    }
}

fn texts(out: &mut String, buffer: &Buffer, y: u16, paper: Paper) {
    for (start, end, (ink, weight)) in runs(buffer, y, |cell| {
        let weight = cell.modifier & (Modifier::BOLD | Modifier::UNDERLINED | Modifier::ITALIC);
        (colours(cell, paper).0, weight)
    }) {
        let mut words = String::new();
        let mut x = start;
        let mut begin = start;
        while x < end {
            let symbol = buffer.cell((x, y)).map_or(" ", Cell::symbol);
            let wide = super::line::width(symbol).max(1);
            if is_shape(symbol) {
                text(out, &mut words, (begin, x, y), ink, weight);
                shape(out, symbol, x, y, ink);
                begin = x + 1;
            } else if words.is_empty() && symbol == " " {
                begin = x + 1;
            } else {
                words.push_str(symbol);
            }
            x += wide;
        }
        text(out, &mut words, (begin, x, y), ink, weight);
    }
}

/// Writes the words gathered and forgets them; its length is told, so that columns stay in line.
fn text(out: &mut String, words: &mut String, (begin, end, y): (u16, u16, u16), ink: (u8, u8, u8), weight: Modifier) {
    let trimmed = words.trim_end();
    let spaces = (words.len() - trimmed.len()) as u16;
    if !trimmed.is_empty() {
        let mut style = String::new();
        if weight.contains(Modifier::BOLD) {
            style.push_str(" font-weight=\"bold\"");
        }
        if weight.contains(Modifier::ITALIC) {
            style.push_str(" font-style=\"italic\"");
        }
        if weight.contains(Modifier::UNDERLINED) {
            style.push_str(" text-decoration=\"underline\"");
        }
        let columns = end.saturating_sub(begin + spaces);
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" textLength=\"{:.1}\" fill=\"{}\"{style}>{}</text>",
            at_x(begin),
            at_y(y) + 13.5,
            f64::from(columns) * WIDTH,
            hex(ink),
            escape(trimmed),
        );
    }
    words.clear();
}

/// The eight dots of Braille, as columns and rows in the order of their bits.
const DOTS: [(u8, u8); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];

/// How many eighths of its place a block fills from below.
fn eighths(symbol: &str) -> Option<u32> {
    let sign = symbol.chars().next()?;
    ('\u{2581}'..='\u{2587}')
        .contains(&sign)
        .then(|| u32::from(sign) - 0x2580)
}

/// Which dots a Braille sign has, a bit each.
fn dots(symbol: &str) -> Option<u32> {
    let sign = symbol.chars().next()?;
    ('\u{2801}'..='\u{28ff}')
        .contains(&sign)
        .then(|| u32::from(sign) - 0x2800)
}

/// Blocks, lines and dots are drawn as shapes: fonts leave seams between them, and have Braille of another width.
fn is_shape(symbol: &str) -> bool {
    eighths(symbol).is_some() || dots(symbol).is_some() || is_block(symbol)
}

fn is_block(symbol: &str) -> bool {
    matches!(symbol, "█" | "▌" | "━" | "╸" | "─" | "│" | "┌" | "┐" | "└" | "┘")
}

/// Draws the dots of a Braille sign.
fn braille(out: &mut String, dots: u32, x: u16, y: u16, ink: (u8, u8, u8)) {
    const SIZE: f64 = 2.0;
    let mut path = String::new();
    for (bit, (column, row)) in DOTS.into_iter().enumerate() {
        if dots & (1 << bit) != 0 {
            let left = at_x(x) + (f64::from(column) + 0.5) * WIDTH / 2.0 - SIZE / 2.0;
            let top = at_y(y) + (f64::from(row) + 0.5) * HEIGHT / 4.0 - SIZE / 2.0;
            let _ = write!(path, "M{left:.1} {top:.1}h{SIZE}v{SIZE}h-{SIZE}z");
        }
    }
    let _ = writeln!(out, "<path d=\"{path}\" fill=\"{}\"/>", hex(ink));
}

/// Draws one of them from parts of its place: across, down, and how thick.
fn shape(out: &mut String, symbol: &str, x: u16, y: u16, ink: (u8, u8, u8)) {
    if let Some(dots) = dots(symbol) {
        return braille(out, dots, x, y, ink);
    }
    let (middle_x, middle_y) = (WIDTH / 2.0, HEIGHT / 2.0);
    let (thin, thick) = (1.2, 5.0);
    let across = |from: f64, to: f64, weight: f64| (from, middle_y - weight / 2.0, to - from, weight);
    let down = |from: f64, to: f64| (middle_x - thin / 2.0, from, thin, to - from);
    let parts = match symbol {
        "█" => vec![(0.0, 0.0, WIDTH, HEIGHT)],
        "▌" => vec![(0.0, 0.0, middle_x, HEIGHT)],
        "━" => vec![across(0.0, WIDTH, thick)],
        "╸" => vec![across(0.0, middle_x, thick)],
        "─" => vec![across(0.0, WIDTH, thin)],
        "│" => vec![down(0.0, HEIGHT)],
        "┌" => vec![across(middle_x, WIDTH, thin), down(middle_y, HEIGHT)],
        "┐" => vec![across(0.0, middle_x, thin), down(middle_y, HEIGHT)],
        "└" => vec![across(middle_x, WIDTH, thin), down(0.0, middle_y)],
        "┘" => vec![across(0.0, middle_x, thin), down(0.0, middle_y)],
        _ => eighths(symbol).map_or_else(Vec::new, |eighths| {
            let height = HEIGHT * f64::from(eighths) / 8.0;
            vec![(0.0, HEIGHT - height, WIDTH, height)]
        }),
    };
    for (left, top, width, height) in parts {
        let _ = writeln!(
            out,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{}\"/>",
            at_x(x) + left,
            at_y(y) + top,
            hex(ink),
        );
    }
}

fn at_x(x: u16) -> f64 {
    MARGIN + f64::from(x) * WIDTH
}

fn at_y(y: u16) -> f64 {
    MARGIN + f64::from(y) * HEIGHT
}

fn hex((r, g, b): (u8, u8, u8)) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
