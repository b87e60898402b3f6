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

/// The text in lines of so many columns, `most` at most: parted between words where that is possible, and with an
/// ellipsis where it is still too long.
pub fn fold(text: &str, columns: u16, most: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        if lines.len() + 1 >= most || width(rest) <= columns {
            lines.push(cut(rest, columns));
            break;
        }
        let (line, after) = rest.split_at(break_after(rest, columns));
        lines.push(line.trim_end().to_owned());
        rest = after.trim_start();
    }
    lines
}

/// Bytes of the text that go on a line of so many columns: to the last blank if there is one, else as many as fit.
fn break_after(text: &str, columns: u16) -> usize {
    let mut fits = 0;
    let mut used = 0;
    let mut blank = None;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += width(grapheme);
        if grapheme == " " {
            blank = Some(at);
        }
        if used > columns {
            break;
        }
        fits = at + grapheme.len();
    }
    // A word longer than half a line is rather parted than left to stand alone.
    match blank.filter(|at| width(text.get(..*at).unwrap_or_default()) * 2 >= columns) {
        Some(at) => at,
        None if fits == 0 => text.graphemes(true).next().map_or(text.len(), str::len),
        None => fits,
    }
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
    fn text_is_folded_between_words_and_nothing_is_left_out_in_silence() {
        for (text, columns, most, lines) in [
            ("a b", 10, 2, vec!["a b"]),
            ("no answer from the bank", 12, 9, vec!["no answer", "from the", "bank"]),
            ("no answer from the bank", 12, 2, vec!["no answer", "from the ba…"]),
            ("saved in /a/very/long/path", 12, 9, vec!["saved in", "/a/very/long", "/path"]),
            ("to /a/very/long/path", 12, 9, vec!["to /a/very/l", "ong/path"]),
            ("直播礼物", 5, 9, vec!["直播", "礼物"]),
            ("直播", 1, 9, vec!["直", "…"]),
            ("", 9, 9, vec![]),
        ] {
            assert_eq!(fold(text, columns, most), lines, "{text} in {columns}");
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
