//! Lines that belong to the one before: stack traces.

use super::level::{Level, level};

/// What a line is to the lines before it in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its own level, or its head's.
    pub level: Option<Level>,
    /// It belongs to a line before.
    pub continues: bool,
}

/// Remembers what the lines of one stream are in the middle of.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    head: Option<Level>,
    within: Within,
    is_begun: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Nothing,
    /// After `Traceback (most recent call last):`, until the exception's own line.
    Python,
    /// After that line; another traceback may follow it.
    PythonEnd,
    /// After `panic:` or `fatal error:`, until a line with a level.
    Go,
}

impl Trace {
    /// Places the next line of the stream.
    pub fn place(&mut self, line: &[u8]) -> Place {
        let continues = self.is_begun && self.continues(line);
        if !continues {
            self.head = level(line);
            self.within = Within::Nothing;
        }
        self.is_begun = true;
        self.enter(line, continues);
        Place {
            level: self.head,
            continues,
        }
    }

    fn enter(&mut self, line: &[u8], continues: bool) {
        if line.starts_with(b"Traceback (most recent call last)") {
            self.within = Within::Python;
            self.head = self.head.or(Some(Level::Error));
        } else if !continues && (line.starts_with(b"panic: ") || line.starts_with(b"fatal error: ")) {
            self.within = Within::Go;
            self.head = Some(Level::Fatal);
        } else if !continues && self.head.is_none() && is_thrown(line) {
            self.head = Some(Level::Error);
        }
    }

    fn continues(&mut self, line: &[u8]) -> bool {
        let Some(&first) = line.first() else {
            return self.within != Within::Nothing;
        };
        let is_indented = first == b' ' || first == b'\t';
        match self.within {
            Within::Python if is_indented => true,
            Within::Python => {
                // The exception itself: the last line of the traceback.
                self.within = Within::PythonEnd;
                true
            }
            Within::PythonEnd if line.starts_with(b"During handling of the above") => true,
            Within::PythonEnd if line.starts_with(b"The above exception was the direct cause") => true,
            Within::Go => is_indented || is_of_go(line) || level(line).is_none(),
            Within::PythonEnd | Within::Nothing => {
                (is_indented && is_indented_trace(line)) || is_trace(line) || self.is_cause(line)
            }
        }
    }

    /// The exception's own line, after the line that logged it.
    fn is_cause(&self, line: &[u8]) -> bool {
        self.head.is_some_and(|level| level >= Level::Warn) && is_thrown(line)
    }
}

/// An indented line that says a level at once is a line of its own (uvicorn, Nest and others indent).
fn is_indented_trace(line: &[u8]) -> bool {
    let text = line.trim_ascii_start();
    text.starts_with(b"at ") || text.is_empty() || level(text).is_none()
}

fn is_trace(line: &[u8]) -> bool {
    const HEADS: [&[u8]; 8] = [
        b"at ",
        b"Caused by: ",
        b"Suppressed: ",
        b"... ",
        b"Stack trace:",
        b"PHP Stack trace:",
        b"Traceback (most recent call last)",
        b"goroutine ",
    ];
    HEADS.iter().any(|head| line.starts_with(head)) || is_php_frame(line)
}

/// `#0 /app/index.php(3): f()`, `PHP   1. {main}()`.
fn is_php_frame(line: &[u8]) -> bool {
    matches!(line, [b'#', b'0'..=b'9', ..]) || line.starts_with(b"PHP   ")
}

fn is_of_go(line: &[u8]) -> bool {
    line.ends_with(b")")
        || line.starts_with(b"goroutine ")
        || line.starts_with(b"created by ")
        || line.starts_with(b"[")
}

/// `java.lang.IllegalStateException: …`, `TypeError: …`, `Error: …`: a name that ends so, then a colon or nothing.
fn is_thrown(line: &[u8]) -> bool {
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'\\');
    let length = line.iter().take(200).take_while(|b| is_name(b)).count();
    let Some((name, rest)) = line.split_at_checked(length) else {
        return false;
    };
    let ends = rest.is_empty() || rest.starts_with(b":");
    let is_thrown = [&b"Exception"[..], b"Error", b"Throwable"]
        .iter()
        .any(|end| name.ends_with(end));
    // `error: …` of winston is a level; a class begins with a capital or has a package.
    ends && is_thrown && (name.contains(&b'.') || name.first().is_some_and(u8::is_ascii_uppercase))
}
