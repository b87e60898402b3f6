//! How many colours the terminal has, and the nearest it can show.

use ratatui::style::Color;

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Colours {
    /// `NO_COLOR`, `--no-color`: letters, glyphs, bold, reverse and underline have to do.
    None,
    Sixteen,
    Indexed,
    True,
}

impl Colours {
    /// From the environment: `NO_COLOR` (any text), `COLORTERM`, `TERM`.
    pub fn detect(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Self {
        let term = term.unwrap_or_default();
        if no_color.is_some_and(|value| !value.is_empty()) || term.starts_with("vt") {
            Self::None
        } else if matches!(term, "linux" | "xterm" | "screen" | "ansi" | "cygwin") && colorterm.is_none() {
            Self::Sixteen
        } else if matches!(colorterm, Some("truecolor" | "24bit")) || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256") {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }

    /// The nearest colour this terminal has.
    pub fn nearest(self, colour: Color) -> Color {
        match (self, colour) {
            (Self::None, _) => Color::Reset,
            (Self::True, _) | (Self::Indexed, Color::Indexed(_)) => colour,
            (Self::Indexed, Color::Rgb(r, g, b)) => Color::Indexed(nearest_of_256([r, g, b])),
            (Self::Sixteen, Color::Rgb(r, g, b)) => nearest_of_16([r, g, b]),
            (Self::Sixteen, Color::Indexed(index)) => match index {
                0..=15 => SIXTEEN
                    .get(usize::from(index))
                    .map_or(Color::Reset, |(colour, _)| *colour),
                _ => nearest_of_16(rgb_of(index)),
            },
            (Self::Indexed | Self::Sixteen, _) => colour,
        }
    }
}

/// The sixteen colours as xterm shows them.
const SIXTEEN: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// The levels of the 6×6×6 cube that begins at index 16.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn nearest_of_16(rgb: [u8; 3]) -> Color {
    let distance_to = |(_, other): &&(Color, [u8; 3])| distance(rgb, *other);
    SIXTEEN
        .iter()
        .min_by_key(distance_to)
        .map_or(Color::Reset, |(colour, _)| *colour)
}

fn nearest_of_256(rgb: [u8; 3]) -> u8 {
    (16..=255)
        .min_by_key(|index| distance(rgb, rgb_of(*index)))
        .unwrap_or(7)
}

/// What indexes from 16 on stand for: the cube, then 24 greys.
fn rgb_of(index: u8) -> [u8; 3] {
    match index {
        232.. => [8 + 10 * (index - 232); 3],
        _ => {
            let cube = index.saturating_sub(16);
            [cube / 36, cube / 6 % 6, cube % 6].map(|level| CUBE.get(usize::from(level)).copied().unwrap_or_default())
        }
    }
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter().zip(b).map(|(x, y)| u32::from(x.abs_diff(y)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_how_many() {
        for (no_color, colorterm, term, expected) in [
            (None, Some("truecolor"), Some("xterm-256color"), Colours::True),
            (None, None, Some("xterm-256color"), Colours::Indexed),
            (None, None, Some("tmux-256color"), Colours::Indexed),
            (None, None, Some("linux"), Colours::Sixteen),
            (None, None, None, Colours::Sixteen),
            (Some("1"), Some("truecolor"), Some("xterm-256color"), Colours::None),
            (Some(""), Some("24bit"), Some("xterm"), Colours::True),
        ] {
            assert_eq!(Colours::detect(no_color, colorterm, term), expected, "{term:?}");
        }
    }

    #[test]
    fn a_colour_becomes_the_nearest() {
        for (colours, from, to) in [
            (Colours::Sixteen, Color::Rgb(250, 5, 5), Color::LightRed),
            (Colours::Sixteen, Color::Indexed(1), Color::Red),
            (Colours::Sixteen, Color::Indexed(196), Color::LightRed),
            (Colours::Indexed, Color::Rgb(255, 0, 0), Color::Indexed(196)),
            (Colours::Indexed, Color::Rgb(8, 8, 8), Color::Indexed(232)),
            (Colours::True, Color::Rgb(1, 2, 3), Color::Rgb(1, 2, 3)),
            (Colours::None, Color::Red, Color::Reset),
            (Colours::Sixteen, Color::Cyan, Color::Cyan),
        ] {
            assert_eq!(colours.nearest(from), to, "{colours:?} {from:?}");
        }
    }
}
