//! Log lines made harmless, many to a buffer: at the speed of the stream, without an allocation a line.

use std::fmt::Write as _;
use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

use super::{MAX_MARKS, is_emoji, is_hidden, is_mark};

/// Columns from one tab stop to the next.
const TAB: usize = 8;

/// Text of many lines that is safe to send to a terminal; only [`Self::push_line`] adds to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CleanBuffer(String);

impl CleanBuffer {
    /// An empty buffer with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    /// Bytes kept.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets what was kept, but not the room for it.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The text of a range that [`Self::push_line`] gave; empty for any other.
    pub fn get(&self, range: Range<usize>) -> &str {
        self.0.get(range).unwrap_or_default()
    }

    /// Adds a log line and tells where it is.
    ///
    /// As [`super::sanitise`], but for what is usual in logs: colours (SGR sequences) are left out, tabs
    /// reach the next multiple of 8 columns, bytes that are not UTF-8 become `U+FFFD`. Any other escape
    /// sequence stays as visible text.
    pub fn push_line(&mut self, raw: &[u8]) -> Range<usize> {
        let start = self.0.len();
        match std::str::from_utf8(raw) {
            Ok(text) if is_printable(raw) || is_plain(text) => self.0.push_str(text),
            Ok(text) => push_escaped(&mut self.0, start, text),
            Err(_) => push_escaped(&mut self.0, start, &String::from_utf8_lossy(raw)),
        }
        start..self.0.len()
    }

    /// Adds a line of another buffer, which is harmless already.
    pub fn push_from(&mut self, other: &Self, range: Range<usize>) -> Range<usize> {
        let start = self.0.len();
        self.0.push_str(other.get(range));
        start..self.0.len()
    }
}

/// Printable ASCII only. Whole chunks are folded, so that the compiler compares them in one go.
fn is_printable(raw: &[u8]) -> bool {
    let bad = |b: &u8| b.wrapping_sub(0x20) >= 0x5f;
    let mut chunks = raw.chunks_exact(32);
    chunks.all(|chunk| !chunk.iter().fold(false, |any, b| any | bad(b))) && !raw.iter().rev().take(32).any(bad)
}

/// Nothing in it needs a second look: printable ASCII, Latin letters and punctuation, Chinese, Hangul, kana.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(c,
            ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' | '\u{2010}'..='\u{2027}' | '\u{2500}'..='\u{25ff}'
            | '\u{3000}'..='\u{3029}' | '\u{3041}'..='\u{3096}' | '\u{30a0}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ff5e}')
    })
}

fn push_escaped(out: &mut String, start: usize, text: &str) {
    let (mut counted, mut column) = (start, 0);
    let mut marks = 0;
    let mut previous = '\0';
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        match c {
            '\u{1b}' => match after_colour(rest.as_str()) {
                Some(after) => rest = after.chars(),
                None => out.push('\u{241b}'),
            },
            '\t' => {
                let since = out.get(counted..).unwrap_or_default();
                column += since.chars().map(|c| c.width().unwrap_or(0)).sum::<usize>();
                let fill = TAB - column % TAB;
                out.extend(std::iter::repeat_n(' ', fill));
                (counted, column) = (out.len(), column + fill);
            }
            '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
            '\u{7f}' => out.push('\u{2421}'),
            '\u{200d}' if is_emoji(previous) && rest.clone().next().is_some_and(is_emoji) => out.push(c),
            c if is_hidden(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "‹U+{:04X}›", c as u32);
            }
            _ if marks > MAX_MARKS => {}
            c => out.push(c),
        }
        previous = c;
    }
}

/// What follows `[…m`, the rest of a sequence that only colours (ECMA-48 8.3.117, SGR).
fn after_colour(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix('[')?;
    let rest = parameters.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';' || c == ':');
    // The longest in use, an underline's colour beside a foreground and a background, has some 50 bytes.
    (parameters.len() - rest.len() <= 64).then_some(rest)?.strip_prefix('m')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &[u8]) -> String {
        let mut buffer = CleanBuffer::default();
        buffer.push_line(b"the line before\t");
        let range = buffer.push_line(raw);
        buffer.get(range).to_owned()
    }

    #[test]
    fn colours_go_and_everything_else_stays_visible() {
        for (raw, want) in [
            (&b"\x1b[32mINFO\x1b[0m ok"[..], "INFO ok"),
            (b"\x1b[1;38;2;1;2;3mhi\x1b[m", "hi"),
            (b"\x1b[2J\x1b[6n", "␛[2J␛[6n"),
            (b"\x1b]0;title\x07", "␛]0;title␇"),
            (b"\x1b]8;;http://x\x1b\\y", "␛]8;;http://x␛\\y"),
            (b"\x1b[31", "␛[31"),
            (b"\x1b", "␛"),
            ("\u{9b}31m".as_bytes(), "‹U+009B›31m"),
            (b"a\0b\rc\x7f", "a␀b␍c␡"),
            (b"\xff\xfehi \xe4\xb8", "\u{fffd}\u{fffd}hi \u{fffd}"),
            ("\u{202e}gpj".as_bytes(), "‹U+202E›gpj"),
            ("👩\u{200d}💻 a\u{200d}b".as_bytes(), "👩\u{200d}💻 a‹U+200D›b"),
            ("直播，礼物".as_bytes(), "直播，礼物"),
            ("—“quoted”—".as_bytes(), "—“quoted”—"),
        ] {
            assert_eq!(shown(raw), want, "{raw:?}");
        }
    }

    #[test]
    fn a_tab_reaches_the_next_stop_of_its_own_line() {
        assert_eq!(shown(b"\tat x"), "        at x");
        assert_eq!(shown(b"1234567\tb"), "1234567 b");
        assert_eq!(shown("直播\tb".as_bytes()), "直播    b");
        assert_eq!(shown(b"\x1b[31ma\x1b[0m\tb"), "a       b");
    }

    #[test]
    fn a_bad_byte_is_seen_wherever_it_is() {
        for length in 1..100 {
            for place in 0..length {
                let mut raw = vec![b'a'; length];
                assert!(is_printable(&raw));
                raw[place] = 0x1b;
                assert!(!is_printable(&raw), "{place} of {length}");
                raw[place] = 0x7f;
                assert!(!is_printable(&raw), "{place} of {length}");
            }
        }
    }

    #[test]
    fn no_text_taken_as_plain_needs_a_change() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            let text = c.to_string();
            if is_plain(&text) {
                assert!(
                    matches!(super::super::sanitise(&text), std::borrow::Cow::Borrowed(_)),
                    "{c:?}"
                );
                assert!(!is_mark(c), "{c:?}: marks must be counted");
            }
        }
    }

    #[test]
    fn marks_do_not_pile_up() {
        let zalgo = format!("a{}", "\u{301}".repeat(50));
        assert_eq!(shown(zalgo.as_bytes()).chars().count(), 1 + MAX_MARKS);
    }
}
