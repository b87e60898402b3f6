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
}
