//! The level of a JSON line, found without reading what is nested in it.

use memchr::memchr2;

use super::{Level, words};

/// The value of the first top-level key that names a level.
pub(super) fn level(line: &[u8]) -> Option<Level> {
    let mut rest = line.get(1..)?;
    let mut depth = 1_u32;
    let mut key: Option<&[u8]> = None;
    loop {
        let (&first, after) = rest.split_first()?;
        rest = after;
        match first {
            b'"' => {
                let (text, after) = string(rest)?;
                rest = after;
                match key.take() {
                    Some(name) => {
                        let named = is_level(name).then(|| words::named(text));
                        if let Some(Some(level)) = named {
                            return Some(level);
                        }
                    }
                    // A key, if a colon follows; in an object within, of no interest.
                    None if depth == 1 && rest.trim_ascii_start().first() == Some(&b':') => key = Some(text),
                    None => {}
                }
            }
            b'0'..=b'9' => {
                let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                if key.take().is_some_and(is_level) {
                    let more = rest.get(..digits.min(6)).unwrap_or_default();
                    let value = more
                        .iter()
                        .fold(u32::from(first - b'0'), |sum, b| sum * 10 + u32::from(b - b'0'));
                    return numbered(value);
                }
                rest = rest.get(digits..)?;
            }
            b'{' | b'[' => {
                depth += 1;
                key = None;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return None;
                }
            }
            b',' => key = None,
            _ => {}
        }
    }
}

/// The inside of a string, and what follows it.
fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut place = 0;
    loop {
        place += memchr2(b'"', b'\\', text.get(place..)?)?;
        if text.get(place) == Some(&b'"') {
            return Some((text.get(..place)?, text.get(place + 1..)?));
        }
        place += 2;
    }
}

fn is_level(key: &[u8]) -> bool {
    const KEYS: [&[u8]; 10] = [
        b"level",
        b"severity",
        b"lvl",
        b"log.level",
        b"loglevel",
        b"log_level",
        b"levelname",
        b"level_name",
        b"@l",
        b"priority",
    ];
    KEYS.iter().any(|known| key.eq_ignore_ascii_case(known))
}

/// A level as a number: syslog's 0 to 7 (RFC 5424, GELF), tens of pino and bunyan, hundreds of monolog.
const fn numbered(value: u32) -> Option<Level> {
    Some(match value {
        0..=2 | 60..=99 | 500..=699 => Level::Fatal,
        3 | 50..=59 | 400..=499 => Level::Error,
        4 | 40..=49 | 300..=399 => Level::Warn,
        5 | 6 | 30..=39 | 200..=299 => Level::Info,
        7 | 20..=29 | 100..=199 => Level::Debug,
        10..=19 => Level::Trace,
        _ => return None,
    })
}
