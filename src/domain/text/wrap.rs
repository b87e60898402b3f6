//! Text over several lines, cut between graphemes.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// A text in pieces of so many columns; what is beyond `most` pieces is not looked at.
pub fn wrapped(text: &str, room: usize, most: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        let width = grapheme.width();
        if used + width > room && at > start {
            pieces.push(text.get(start..at).unwrap_or_default());
            (start, used) = (at, 0);
            if pieces.len() >= most {
                return pieces;
            }
        }
        used += width;
    }
    pieces.push(text.get(start..).unwrap_or_default());
    pieces
}

/// The text in lines of so many columns, parted between words; of a word that takes more than half a line's rest as
/// much stands on a line as fits.
pub fn folded(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut rest = text.trim_end();
    while rest.width() > columns {
        let fits = wrapped(rest, columns, 1).first().map_or(0, |line| line.len());
        let fits = if fits == 0 {
            rest.chars().next().map_or(1, char::len_utf8)
        } else {
            fits
        };
        let (line, after) = rest.split_at(fits);
        let blank = if after.starts_with(' ') {
            Some(fits)
        } else {
            line.rfind(' ')
        };
        let blank = blank.filter(|at| rest.get(..*at).unwrap_or_default().width() * 2 >= columns);
        let (line, after) = rest.split_at(blank.unwrap_or(fits));
        lines.push(line.trim_end().to_owned());
        rest = after.trim_start();
    }
    if !rest.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_wrapped_by_columns() {
        for (text, room, pieces) in [
            ("", 4, vec![""]),
            ("abcd", 4, vec!["abcd"]),
            ("abcde", 4, vec!["abcd", "e"]),
            ("直播礼物", 5, vec!["直播", "礼物"]),
            ("直", 1, vec!["直"]),
        ] {
            assert_eq!(wrapped(text, room, 10), pieces, "{text} in {room}");
        }
        assert_eq!(wrapped("abcdef", 1, 3), ["a", "b", "c"], "no more than is seen");
    }

    #[test]
    fn text_is_folded_between_words() {
        for (text, columns, lines) in [
            ("a b", 10, vec!["a b"]),
            ("no answer from the bank", 12, vec!["no answer", "from the", "bank"]),
            (
                "saved in /a/very/long/path",
                12,
                vec!["saved in", "/a/very/long", "/path"],
            ),
            ("to /a/very/long/path", 12, vec!["to /a/very/l", "ong/path"]),
            ("直播礼物", 5, vec!["直播", "礼物"]),
            ("直播", 1, vec!["直", "播"]),
            ("", 9, vec![]),
        ] {
            assert_eq!(folded(text, columns), lines, "{text} in {columns}");
        }
    }
}
