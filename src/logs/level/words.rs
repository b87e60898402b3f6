//! The words by which programs name levels, and where in a line they count.

use super::Level;

/// The level that a text begins with, in any case and any quotes: `error`, `"WARN`, `Informational`.
pub(super) fn named(text: &[u8]) -> Option<Level> {
    let text = text.trim_ascii_start();
    let text = text.strip_prefix(b"\"").unwrap_or(text);
    let length = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    word(text.get(..length)?)
}

/// The level that a word means, in any case.
fn word(word: &[u8]) -> Option<Level> {
    const WORDS: [(&[u8], Level); 36] = [
        (b"INFO", Level::Info),
        (b"ERROR", Level::Error),
        (b"WARN", Level::Warn),
        (b"WARNING", Level::Warn),
        (b"DEBUG", Level::Debug),
        (b"TRACE", Level::Trace),
        (b"FATAL", Level::Fatal),
        (b"NOTICE", Level::Info),
        (b"INFORMATION", Level::Info),
        (b"INFORMATIONAL", Level::Info),
        (b"SEVERE", Level::Error),
        (b"CRITICAL", Level::Fatal),
        (b"CRIT", Level::Fatal),
        (b"ERR", Level::Error),
        (b"EROR", Level::Error),
        (b"INF", Level::Info),
        (b"WRN", Level::Warn),
        (b"DBG", Level::Debug),
        (b"DBUG", Level::Debug),
        (b"TRC", Level::Trace),
        (b"FTL", Level::Fatal),
        (b"PANIC", Level::Fatal),
        (b"DPANIC", Level::Fatal),
        (b"ALERT", Level::Fatal),
        (b"EMERG", Level::Fatal),
        (b"EMERGENCY", Level::Fatal),
        (b"EXCEPTION", Level::Error),
        (b"VERBOSE", Level::Debug),
        (b"SILLY", Level::Trace),
        (b"HTTP", Level::Info),
        (b"CONFIG", Level::Debug),
        (b"FINE", Level::Debug),
        (b"FINER", Level::Trace),
        (b"FINEST", Level::Trace),
        (b"LOG", Level::Info),
        (b"DEPRECATED", Level::Warn),
    ];
    if !(3..=13).contains(&word.len()) {
        return None;
    }
    WORDS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
        .map(|(_, level)| *level)
}

/// The first word of the head of a line that stands where levels stand.
pub(super) fn level(head: &[u8]) -> Option<Level> {
    let mut rest = head;
    let mut before = b' ';
    let mut is_first = true;
    loop {
        let (&first, after) = rest.split_first()?;
        if first == 0x1b {
            // A colour: what follows it begins anew.
            let end = after.iter().take(24).position(|b| *b == b'm').map_or(0, |end| end + 1);
            rest = after.get(end..)?;
            before = b' ';
            continue;
        }
        if !first.is_ascii_alphabetic() {
            // What is quoted is somebody's words, not the line's own.
            if first == b'"' {
                return None;
            }
            is_first &= first == b'[';
            before = first;
            rest = after;
            continue;
        }
        let length = 1 + after.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let (text, tail) = rest.split_at_checked(length)?;
        let place = Place {
            before,
            after: tail.first().copied().unwrap_or(b' '),
            is_first,
            tail,
        };
        if let Some(level) = place.level(text) {
            return Some(level);
        }
        before = text.last().copied().unwrap_or(b' ');
        is_first = false;
        rest = tail;
    }
}

/// Where in its line a word stands.
struct Place<'a> {
    before: u8,
    after: u8,
    is_first: bool,
    tail: &'a [u8],
}

impl Place<'_> {
    fn level(&self, text: &[u8]) -> Option<Level> {
        // PHP: `PHP Fatal error:  …`, `PHP Parse error:  …`; nothing else says a level in two words.
        if self.after == b' ' && self.tail.starts_with(b" error:") && matches!(text, b"Fatal" | b"Parse" | b"fatal") {
            return Some(Level::Fatal);
        }
        let may_be = (3..=13).contains(&text.len()) && self.stands_alone();
        if !may_be || !(text.iter().all(u8::is_ascii_uppercase) || self.is_marked()) {
            return None;
        }
        // Words that also mean something else in capitals count only where nothing else can stand.
        let is_common = matches!(text, b"HTTP" | b"LOG" | b"CONFIG" | b"ALERT" | b"FINE" | b"EXCEPTION");
        if is_common && !self.is_marked() && !self.is_column() {
            None
        } else {
            word(text)
        }
    }

    fn stands_alone(&self) -> bool {
        let before = matches!(
            self.before,
            b' ' | b'\t' | b'[' | b'|' | b'<' | b':' | b'.' | b'(' | b'='
        );
        let after = matches!(
            self.after,
            b' ' | b'\t' | b']' | b':' | b'|' | b'>' | b',' | b'/' | b')' | b'\x1b' | b';'
        );
        // `java.lang.ERROR` is no level, `production.ERROR:` (Laravel) is.
        before && after && (self.before != b'.' || self.after == b':') && (self.before != b'=' || self.is_first)
    }

    /// In brackets, between bars or dashes, or at the line's head before a colon: any case will do.
    fn is_marked(&self) -> bool {
        match (self.before, self.after) {
            (b'[' | b':', b']') | (b'<', b'>') => true,
            (_, b':') => self.is_first || self.is_php(),
            _ => self.tail.trim_ascii_start().first() == Some(&b'|'),
        }
    }

    /// `PHP Warning:  …` with two spaces.
    fn is_php(&self) -> bool {
        self.tail.starts_with(b":  ")
    }

    /// Followed by what follows a level in a column: more than one space, `[thread]`.
    fn is_column(&self) -> bool {
        self.tail.starts_with(b" [") || self.tail.starts_with(b"  ")
    }
}
