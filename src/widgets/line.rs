//! Text on one line: cut with an ellipsis where it does not fit, at a grapheme's edge.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Wider than any terminal: of longer texts it is only known that they do not fit, and a few may be added up.
const WIDEST: usize = 4_096;

/// How many columns a text takes, up to `WIDEST`.
pub fn width(text: &str) -> u16 {
    let columns = if text.is_ascii() { text.len() } else { text.width() };
    columns.min(WIDEST) as u16
}

/// The text, or as much of it as fits with an ellipsis after it.
pub fn cut(text: &str, most: u16) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let next = used + width(grapheme);
        if next + 1 > most {
            break;
        }
        out.push_str(grapheme);
        used = next;
    }
    if most > 0 {
        out.push('…');
    }
    out
}

/// The text, or as much of its beginning and its end as fit with an ellipsis between them.
pub fn cut_middle(text: &str, most: u16) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let graphemes: Vec<&str> = text.graphemes(true).collect();
    let mut tail = String::new();
    let room = most.saturating_sub(1) - most.saturating_sub(1) / 2;
    for grapheme in graphemes.iter().rev() {
        if width(&tail) + width(grapheme) > room {
            break;
        }
        tail.insert_str(0, grapheme);
    }
    format!("{}{tail}", cut(text, most - width(&tail)))
}

/// A path such as `cluster/instance/container` in at most so many columns: its longest part loses its beginning,
/// for what tells instances of one revision apart is the end; where that leaves too little of it, the middle goes.
pub fn cut_path(path: &str, most: u16) -> String {
    const LEAST: u16 = 6;
    let parts = path.split('/');
    let longest = parts.clone().map(width).max().unwrap_or(0);
    let over = width(path).saturating_sub(most);
    if over == 0 {
        return path.to_owned();
    }
    if longest < over + LEAST {
        return cut_middle(path, most);
    }
    let mut left = Some(longest - over);
    let shorter = parts.map(|part| match left.filter(|_| width(part) == longest) {
        Some(room) => {
            left = None;
            cut_start(part, room)
        }
        None => part.to_owned(),
    });
    shorter.collect::<Vec<_>>().join("/")
}

/// The end of `text` in at most so many columns.
fn cut_start(text: &str, most: u16) -> String {
    let mut end = String::new();
    for grapheme in text.graphemes(true).rev() {
        if width(&end) + width(grapheme) >= most {
            break;
        }
        end.insert_str(0, grapheme);
    }
    format!("…{end}")
}

/// Draws pieces one after the other in the columns from `x` to before `end`; gives where they ended.
pub fn draw<'a>(
    buffer: &mut Buffer,
    (x, y): (u16, u16),
    end: u16,
    pieces: impl IntoIterator<Item = (&'a str, Style)>,
) -> u16 {
    let mut x = x;
    for (text, style) in pieces {
        let room = end.saturating_sub(x);
        if room == 0 {
            break;
        }
        let text = cut(text, room);
        x = buffer.set_stringn(x, y, &text, usize::from(room), style).0;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle() {
        for (text, most, cut) in [
            ("live-gift-7c9b4", 15, "live-gift-7c9b4"),
            ("live-gift-7c9b4", 12, "live-…-7c9b4"),
            ("live-gift-7c9b4", 2, "…4"),
            ("直播礼物直播", 6, "直…播"),
            ("ab", 0, ""),
        ] {
            assert_eq!(cut_middle(text, most), cut, "{text} in {most}");
        }
    }

    #[test]
    fn of_a_path_the_longest_part_loses_its_beginning() {
        for (path, most, short) in [
            ("b7b9f75c4-4jhdp/log-agent", 25, "b7b9f75c4-4jhdp/log-agent"),
            ("b7b9f75c4-4jhdp/log-agent", 20, "…5c4-4jhdp/log-agent"),
            ("idc-bj/live-gift-5f6d8-006", 14, "idc-bj/…d8-006"),
            ("idc-bj/live-gift-5f6d8-006", 12, "idc-b…d8-006"),
            ("直播礼物直播", 7, "…物直播"),
            ("直播礼物直播", 6, "…直播"),
            ("ab", 1, "…"),
            ("ab", 0, ""),
        ] {
            assert_eq!(cut_path(path, most), short, "{path} in {most}");
        }
    }

    #[test]
    fn text_is_cut_by_columns_not_by_bytes() {
        for (text, most, cut_text) in [
            ("live-gift", 9, "live-gift"),
            ("live-gift", 8, "live-gi…"),
            ("直播礼物", 5, "直播…"),
            ("直播礼物", 4, "直…"),
            ("ab", 1, "…"),
            ("ab", 0, ""),
            (&"直".repeat(100_000), 3, "直…"),
        ] {
            assert_eq!(cut(text, most), cut_text, "{text} in {most}");
            assert!(width(&cut(text, most)) <= most);
        }
    }
}
