//! Reads exposition text as it arrives: byte chunks in, samples out, nothing kept but a line cut in two.
//!
//! The format is Prometheus' text format 0.0.4 (`docs/instrumenting/exposition_formats.md`), with the
//! exemplars that `OpenMetrics` adds behind a sample skipped. Lines of families that nobody wants are
//! passed over unread; a line that cannot be read is counted and costs no other.

use memchr::{memchr, memchr2};

use super::Millis;

/// The longest line that is read; cAdvisor's have some 400 bytes.
pub const MAX_LINE: usize = 64 * 1024;

/// Who takes the samples, and which.
pub trait Take {
    /// A family that is wanted.
    type Family: Copy;
    /// The labels that are wanted, as they stand in the text: escapes are left, see [`unescape`].
    type Labels<'a>: Default;

    /// The family of this name, if it is wanted.
    fn family(name: &[u8]) -> Option<Self::Family>;
    /// Keeps a label if it is wanted.
    fn label<'a>(labels: &mut Self::Labels<'a>, name: &'a [u8], value: &'a [u8]);
    /// Takes a sample. The value may be infinite or not a number; `at` is on the source's own clock.
    fn sample(&mut self, family: Self::Family, labels: &Self::Labels<'_>, value: f64, at: Option<Millis>);
}

/// What went through a scanner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub bytes: u64,
    /// Lines that are neither empty nor a comment.
    pub lines: u64,
    /// Samples of the wanted families.
    pub samples: u64,
    /// Lines of the wanted families that cannot be read, lines beyond [`MAX_LINE`], a last line cut off.
    pub bad: u64,
}

/// Reads one body.
pub struct Scanner<T: Take> {
    counts: Counts,
    /// The beginning of a line whose end has not come yet.
    carry: Vec<u8>,
    /// In the rest of a line that is too long.
    skipping: bool,
    /// Name and family of the line before: lines of a family stand together.
    name: Vec<u8>,
    family: Option<T::Family>,
}

impl<T: Take> Default for Scanner<T> {
    fn default() -> Self {
        Self {
            counts: Counts::default(),
            carry: Vec::new(),
            skipping: false,
            name: Vec::new(),
            family: None,
        }
    }
}

impl<T: Take> std::fmt::Debug for Scanner<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scanner")
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl<T: Take> Scanner<T> {
    /// What went through so far: a caller stops at its own limit of bytes.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Reads the next bytes of the body, cut anywhere.
    pub fn push(&mut self, mut chunk: &[u8], take: &mut T) {
        self.counts.bytes += chunk.len() as u64;
        if self.skipping || !self.carry.is_empty() {
            let Some((head, rest)) = split_line(chunk) else {
                self.keep(chunk);
                return;
            };
            if !self.skipping {
                self.keep(head);
            }
            if !self.skipping {
                let line = std::mem::take(&mut self.carry);
                self.line(&line, take);
                self.carry = line;
            }
            self.carry.clear();
            self.skipping = false;
            chunk = rest;
        }
        while let Some((line, rest)) = split_line(chunk) {
            self.line(line, take);
            chunk = rest;
        }
        self.keep(chunk);
    }

    /// Ends the body. A last line without its newline was cut off, and its number may be too: it is bad.
    pub fn finish(mut self) -> Counts {
        self.counts.bad += u64::from(!self.carry.is_empty());
        self.counts
    }

    fn keep(&mut self, part: &[u8]) {
        if self.skipping {
            return;
        }
        if self.carry.len() + part.len() > MAX_LINE {
            self.counts.lines += 1;
            self.counts.bad += 1;
            self.carry.clear();
            self.skipping = true;
        } else {
            self.carry.extend_from_slice(part);
        }
    }

    fn line(&mut self, line: &[u8], take: &mut T) {
        // Comments are the commonest lines that are no samples, and need not be trimmed to be known.
        if line.first() == Some(&b'#') {
            return;
        }
        let line = line.trim_ascii();
        if line.is_empty() || line.first() == Some(&b'#') {
            return;
        }
        self.counts.lines += 1;
        if line.len() > MAX_LINE {
            self.counts.bad += 1;
            return;
        }
        let same = line.strip_prefix(self.name.as_slice());
        let same = same.filter(|rest| !self.name.is_empty() && rest.first().is_none_or(|&b| ends_name(b)));
        let rest = same.unwrap_or_else(|| {
            let end = line.iter().position(|&b| ends_name(b)).unwrap_or(line.len());
            let (name, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
            self.name.clear();
            self.name.extend_from_slice(name);
            self.family = T::family(name);
            rest
        });
        let Some(family) = self.family else {
            return;
        };
        let mut labels = T::Labels::default();
        let read = read_labels::<T>(rest, &mut labels).and_then(read_value);
        if let Some((value, at)) = read {
            self.counts.samples += 1;
            take.sample(family, &labels, value, at);
        } else {
            self.counts.bad += 1;
        }
    }
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, rest) = bytes.split_at_checked(memchr(b'\n', bytes)?)?;
    Some((line, rest.get(1..)?))
}

const fn ends_name(b: u8) -> bool {
    matches!(b, b'{' | b' ' | b'\t')
}

const fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

fn skip_blanks(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&b| !is_blank(b)).unwrap_or(bytes.len());
    bytes.get(end..).unwrap_or_default()
}

/// Reads `{name="value",…}` and gives what follows it; text without labels is given as it is.
fn read_labels<'a, T: Take>(rest: &'a [u8], labels: &mut T::Labels<'a>) -> Option<&'a [u8]> {
    let rest = skip_blanks(rest);
    let Some(mut rest) = rest.strip_prefix(b"{") else {
        return Some(rest);
    };
    loop {
        rest = skip_blanks(rest);
        if let Some(after) = rest.strip_prefix(b"}") {
            return Some(after);
        }
        let (name, after) = rest.split_at_checked(rest.iter().position(|&b| b == b'=' || b == b'"')?)?;
        let value = skip_blanks(after.strip_prefix(b"=")?).strip_prefix(b"\"")?;
        let (value, after) = value.split_at_checked(end_of_string(value)?)?;
        let name = name.trim_ascii_end();
        if name.is_empty() {
            return None;
        }
        T::label(labels, name, value);
        rest = skip_blanks(after.strip_prefix(b"\"")?);
        match rest.first()? {
            b',' => rest = rest.get(1..)?,
            b'}' => {}
            _ => return None,
        }
    }
}

/// Where the string that begins here has its closing quote.
fn end_of_string(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let place = from + memchr2(b'"', b'\\', bytes.get(from..)?)?;
        if bytes.get(place) == Some(&b'"') {
            return Some(place);
        }
        from = place + 2;
    }
}

/// Reads the value and the time behind it.
fn read_value(rest: &[u8]) -> Option<(f64, Option<Millis>)> {
    let (value, rest) = word(rest);
    let value = number(value)?;
    let (time, rest) = word(rest);
    match time.first() {
        None | Some(b'#') => Some((value, None)),
        Some(_) => {
            let at = std::str::from_utf8(time).ok()?.parse().ok()?;
            let ends = word(rest).0.first().is_none_or(|&b| b == b'#');
            ends.then_some((value, Some(at)))
        }
    }
}

fn word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let bytes = skip_blanks(bytes);
    let end = bytes.iter().position(|&b| is_blank(b)).unwrap_or(bytes.len());
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

/// A number as Go prints it: decimal, scientific, `NaN`, `+Inf`, `-Inf`.
fn number(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A label's value with its escapes `\\`, `\"`, `\n` resolved; what is no text becomes `U+FFFD`.
pub fn unescape(raw: &[u8]) -> std::borrow::Cow<'_, str> {
    if memchr(b'\\', raw).is_none() {
        return String::from_utf8_lossy(raw);
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied();
    while let Some(b) = bytes.next() {
        match b {
            b'\\' => match bytes.next() {
                Some(b'n') => out.push(b'\n'),
                Some(other) => out.push(other),
                None => out.push(b'\\'),
            },
            b => out.push(b),
        }
    }
    String::from_utf8_lossy(&out).into_owned().into()
}

#[cfg(test)]
mod tests;
