//! Colours by name, number and mixture, and the nearest one a poorer terminal has.

use ratatui::style::Color;

use super::ColourDepth;

const NAMES: [(&str, Color, (u8, u8, u8)); 16] = [
    ("black", Color::Black, (0, 0, 0)),
    ("red", Color::Red, (205, 49, 49)),
    ("green", Color::Green, (13, 188, 121)),
    ("yellow", Color::Yellow, (229, 229, 16)),
    ("blue", Color::Blue, (36, 114, 200)),
    ("magenta", Color::Magenta, (188, 63, 188)),
    ("cyan", Color::Cyan, (17, 168, 205)),
    ("gray", Color::Gray, (200, 200, 200)),
    ("dark-gray", Color::DarkGray, (102, 102, 102)),
    ("light-red", Color::LightRed, (241, 76, 76)),
    ("light-green", Color::LightGreen, (35, 209, 139)),
    ("light-yellow", Color::LightYellow, (245, 245, 67)),
    ("light-blue", Color::LightBlue, (59, 142, 234)),
    ("light-magenta", Color::LightMagenta, (214, 112, 214)),
    ("light-cyan", Color::LightCyan, (41, 184, 219)),
    ("white", Color::White, (240, 240, 240)),
];

/// Reads a colour: one of sixteen names, `0` to `255`, `#rrggbb`, or `default` for the terminal's own.
pub fn parse(text: &str) -> Option<Color> {
    if text == "default" {
        return Some(Color::Reset);
    }
    if let Some(hex) = text.strip_prefix('#') {
        let part = |range: std::ops::Range<usize>| u8::from_str_radix(hex.get(range)?, 16).ok();
        return (hex.len() == 6)
            .then(|| Some(Color::Rgb(part(0..2)?, part(2..4)?, part(4..6)?)))
            .flatten();
    }
    if let Ok(index) = text.parse() {
        return Some(Color::Indexed(index));
    }
    let found = NAMES.iter().find(|(name, ..)| *name == text);
    found.map(|(_, colour, _)| *colour)
}

/// The names of the sixteen colours.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, ..)| *name)
}

/// The nearest colour that a terminal with `depth` has; `None` when it has none.
pub(super) fn fit(colour: Color, depth: ColourDepth) -> Option<Color> {
    match depth {
        ColourDepth::True => Some(colour),
        ColourDepth::None => None,
        _ if colour == Color::Reset => Some(colour),
        ColourDepth::Indexed => Some(match colour {
            Color::Rgb(r, g, b) => Color::Indexed(nearest_index(r, g, b)),
            other => other,
        }),
        ColourDepth::Sixteen => Some(match colour {
            Color::Rgb(..) | Color::Indexed(_) => nearest_name(rgb(colour)),
            other => other,
        }),
    }
}

fn nearest_index(r: u8, g: u8, b: u8) -> u8 {
    (16..=255_u8)
        .min_by_key(|&index| distance(rgb(Color::Indexed(index)), (r, g, b)))
        .unwrap_or(7)
}

fn nearest_name(wanted: (u8, u8, u8)) -> Color {
    NAMES
        .iter()
        .min_by_key(|(_, _, value)| distance(*value, wanted))
        .map_or(Color::Reset, |(_, colour, _)| *colour)
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> i32 {
    let part = |x: u8, y: u8| (i32::from(x) - i32::from(y)).pow(2);
    part(a.0, b.0) + part(a.1, b.1) + part(a.2, b.2)
}

/// A colour as a mixture; the sixteen as most terminals show them, the terminal's own as light gray.
pub fn rgb(colour: Color) -> (u8, u8, u8) {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match colour {
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(index @ 0..16) => NAMES
            .get(usize::from(index))
            .map_or((200, 200, 200), |(_, _, value)| *value),
        Color::Indexed(index @ 16..232) => {
            let i = usize::from(index) - 16;
            let step = |n: usize| STEPS.get(n % 6).copied().unwrap_or_default();
            (step(i / 36), step(i / 6), step(i))
        }
        Color::Indexed(index) => {
            let level = 8 + 10 * (index - 232);
            (level, level, level)
        }
        named => NAMES
            .iter()
            .find(|(_, colour, _)| *colour == named)
            .map_or((200, 200, 200), |(_, _, value)| *value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_and_brought_down() {
        assert_eq!(parse("#ff0000"), Some(Color::Rgb(255, 0, 0)));
        assert_eq!(parse("#ff00"), None);
        assert_eq!(parse("196"), Some(Color::Indexed(196)));
        assert_eq!(parse("light-blue"), Some(Color::LightBlue));
        assert_eq!(parse("mauve"), None);
        let red = Color::Rgb(255, 0, 0);
        assert_eq!(fit(red, ColourDepth::Indexed), Some(Color::Indexed(196)));
        assert!(matches!(
            fit(red, ColourDepth::Sixteen),
            Some(Color::Red | Color::LightRed)
        ));
        assert_eq!(fit(red, ColourDepth::None), None);
    }
}
