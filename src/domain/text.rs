//! Remote text made harmless once, on the way in; nothing else may be drawn or printed.

use std::borrow::{Borrow, Cow};
use std::fmt::{self, Write as _};
use std::ops::Deref;
use std::sync::Arc;

use rustc_hash::FxHashSet;

mod line;
mod wrap;

pub use line::CleanBuffer;
pub use wrap::{folded, wrapped};

/// Text that is safe to send to a terminal; only [`sanitise`] makes it.
///
/// Shared, so that a namespace or a node's name stored with every pod costs one allocation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clean(Arc<str>);

impl Clean {
    /// Sanitises `raw` and keeps it.
    pub fn new(raw: &str) -> Self {
        Self(Arc::from(sanitise(raw).as_ref()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Clean {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

impl Deref for Clean {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Clean {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Clean {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Clean {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl From<String> for Clean {
    fn from(raw: String) -> Self {
        match sanitise(&raw) {
            Cow::Borrowed(_) => Self(Arc::from(raw)),
            Cow::Owned(clean) => Self(Arc::from(clean)),
        }
    }
}

impl PartialEq<str> for Clean {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Clean {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl serde::Serialize for Clean {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Most combining marks kept after one base character; more would draw over neighbouring lines.
const MAX_MARKS: usize = 8;

/// Makes text harmless: control characters become visible symbols, direction and format characters
/// their code point in `‹›`, tabs a space, and a run of combining marks is cut after eight.
///
/// A zero-width joiner stays where it joins two emoji. Text that needs no change is not copied.
pub fn sanitise(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(raw);
    }
    if !needs_change(raw) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len() + 16);
    let mut marks = 0;
    let mut previous = '\0';
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        match c {
            '\t' => out.push(' '),
            '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
            '\u{7f}' => out.push('\u{2421}'),
            '\u{200d}' if is_emoji(previous) && chars.peek().is_some_and(|&next| is_emoji(next)) => out.push(c),
            c if is_hidden(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "‹U+{:04X}›", c as u32);
            }
            _ if marks > MAX_MARKS => {}
            c => out.push(c),
        }
        previous = c;
    }
    Cow::Owned(out)
}

fn needs_change(raw: &str) -> bool {
    let mut marks = 0;
    raw.chars().any(|c| {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        c < ' ' || c == '\u{7f}' || is_hidden(c) || marks > MAX_MARKS
    })
}

/// C1 controls, and the format characters that draw nothing or change direction (Unicode's category
/// Cf, line and paragraph separators, fillers that look like nothing, tags).
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_mark(c: char) -> bool {
    c >= '\u{300}' && unicode_width::UnicodeWidthChar::width(c) == Some(0) && !is_hidden(c)
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

/// Shares equal strings, so that what repeats in thousands of objects is kept once.
#[derive(Debug, Default)]
pub struct Interner {
    seen: FxHashSet<Clean>,
    sweep_at: usize,
}

impl Interner {
    /// The shared copy of `raw`, sanitised.
    pub fn get(&mut self, raw: &str) -> Clean {
        if let Some(known) = self.seen.get(raw) {
            return known.clone();
        }
        let clean = Clean::new(raw);
        if let Some(known) = self.seen.get(clean.as_str()) {
            return known.clone();
        }
        if self.seen.len() >= self.sweep_at.max(4096) {
            self.seen.retain(|text| Arc::strong_count(&text.0) > 1);
            self.sweep_at = self.seen.len() * 2;
        }
        self.seen.insert(clean.clone());
        clean
    }

    /// How many different strings are kept.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_text_is_not_copied() {
        for text in ["", "live-gift-6c5c9-x2k4p", "直播 礼物", "naïve café", "👩‍💻 ok"] {
            assert!(
                matches!(sanitise(text), Cow::Borrowed(_)) || text.contains('\u{200d}'),
                "{text}"
            );
            assert_eq!(sanitise(text), text);
        }
    }

    #[test]
    fn what_a_terminal_would_obey_becomes_visible() {
        for (raw, shown) in [
            ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
            ("a\nb\rc\td", "a␊b␍c d"),
            ("\u{9b}31m", "‹U+009B›31m"),
            ("\u{202e}gpj.exe", "‹U+202E›gpj.exe"),
            ("a\u{200d}b", "a‹U+200D›b"),
            ("\u{7f}", "␡"),
        ] {
            assert_eq!(sanitise(raw), shown);
        }
    }

    #[test]
    fn marks_do_not_pile_up() {
        let zalgo = format!("a{}", "\u{301}".repeat(50));
        assert_eq!(sanitise(&zalgo).chars().count(), 1 + MAX_MARKS);
    }

    #[test]
    fn equal_strings_are_kept_once() {
        let mut interner = Interner::default();
        let (a, b) = (interner.get("default"), interner.get("default"));
        assert!(Arc::ptr_eq(&a.0, &b.0));
        assert_eq!(interner.len(), 1);
    }

    #[test]
    fn strings_nobody_holds_are_dropped() {
        let mut interner = Interner::default();
        for i in 0..10_000 {
            interner.get(&format!("pod-{i}"));
        }
        assert!(interner.len() < 5_000, "{}", interner.len());
    }
}
