//! How serious a line is, from the forms in which programs say so.

mod json;
mod words;

use memchr::memmem;

/// Severity, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Level {
    pub const ALL: [Self; 6] = [
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Warn,
        Self::Error,
        Self::Fatal,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// Bytes at the head of a line in which a level is looked for.
const HEAD: usize = 160;
/// Bytes in which `level=` is looked for.
const PAIRS: usize = 1024;

/// The level a line gives itself; `None` when it gives none.
///
/// Known forms: JSON (zap, logback, pino, bunyan, winston, monolog, ECS, GELF, Serilog), logfmt, klog, log4j, logback
/// and Spring Boot, `java.util.logging` and Tomcat's catalina, Python's logging, uvicorn and gunicorn, nginx errors and
/// access lines (by status), Apache, PHP and PHP-FPM, winston's and Nest's text, Rust's `env_logger` and tracing,
/// `PostgreSQL`, `MySQL`.
pub fn level(line: &[u8]) -> Option<Level> {
    let line = without_colours(line.trim_ascii_start());
    match *line {
        [b'{', ..] => json::level(line),
        [kind @ (b'I' | b'W' | b'E' | b'F'), a, b, c, d, b' ', ..] if [a, b, c, d].iter().all(u8::is_ascii_digit) => {
            Some(match kind {
                b'I' => Level::Info,
                b'W' => Level::Warn,
                b'E' => Level::Error,
                _ => Level::Fatal,
            })
        }
        _ => {
            let head = line.get(..HEAD).unwrap_or(line);
            words::level(head)
                .or_else(|| access(line))
                .or_else(|| pair(line.get(..PAIRS).unwrap_or(line)))
        }
    }
}

/// The rest of a line that begins with a colour; colours further in are no obstacle.
fn without_colours(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = line.strip_prefix(b"\x1b[") {
        let Some(end) = rest.iter().take(24).position(|b| *b == b'm') else {
            break;
        };
        line = rest.get(end + 1..).unwrap_or_default().trim_ascii_start();
    }
    line
}

/// An access line (`… "GET / HTTP/1.1" 502 …`) by its status.
fn access(line: &[u8]) -> Option<Level> {
    let place = memmem::find(line.get(..8192).unwrap_or(line), b" HTTP/")?;
    let (_, rest) = line.split_at_checked(place + 6)?;
    let version = rest
        .iter()
        .take(4)
        .take_while(|b| b.is_ascii_digit() || **b == b'.')
        .count();
    match rest.get(version..)? {
        [b'"', b' ', class @ b'1'..=b'5', a, b, end @ ..]
            if a.is_ascii_digit() && b.is_ascii_digit() && !end.first().is_some_and(u8::is_ascii_digit) =>
        {
            Some(match class {
                b'5' => Level::Error,
                b'4' => Level::Warn,
                _ => Level::Info,
            })
        }
        _ => None,
    }
}

/// `level=error` anywhere, as a word of its own.
fn pair(line: &[u8]) -> Option<Level> {
    for key in [&b"level="[..], b"lvl=", b"severity="] {
        let mut from = 0;
        while let Some(found) = line.get(from..).and_then(|rest| memmem::find(rest, key)) {
            let place = from + found;
            from = place + key.len();
            let starts = place == 0
                || line
                    .get(place - 1)
                    .is_some_and(|b| matches!(b, b' ' | b',' | b'.' | b'\t'));
            if starts {
                return words::named(line.get(from..).unwrap_or_default());
            }
        }
    }
    None
}

#[cfg(test)]
#[path = "level_tests.rs"]
mod tests;
