//! Fuzzy matching: the letters of a pattern in their order, best match first.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// A pattern ready to be held against texts.
pub struct Fuzzy {
    pattern: Pattern,
    matcher: Matcher,
    buffer: Vec<char>,
    /// The pattern, if it is only small letters and digits of ASCII: then a text that is ASCII too matches
    /// when it has them in their order, which needs no score.
    letters: Option<Box<[u8]>>,
}

impl std::fmt::Debug for Fuzzy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fuzzy")
            .field("pattern", &self.pattern)
            .finish_non_exhaustive()
    }
}

impl Fuzzy {
    /// A pattern; words apart from each other may stand in any order.
    pub fn new(pattern: &str) -> Self {
        Self {
            pattern: Pattern::parse(pattern, CaseMatching::Smart, Normalization::Smart),
            matcher: Matcher::new(Config::DEFAULT),
            buffer: Vec::new(),
            letters: pattern
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                .then(|| pattern.as_bytes().into()),
        }
    }

    /// Whether it is all the same in which case a text is: no, once the pattern has a capital.
    pub fn ignores_case(&self) -> bool {
        self.letters.is_some()
    }

    /// Whether a text matches at all.
    pub fn matches(&mut self, text: &str) -> bool {
        match &self.letters {
            Some(letters) if text.is_ascii() => {
                let mut wanted = letters.iter();
                let mut next = wanted.next();
                for letter in text.bytes() {
                    match next {
                        Some(n) if *n == letter.to_ascii_lowercase() => next = wanted.next(),
                        Some(_) => {}
                        None => break,
                    }
                }
                next.is_none()
            }
            _ => self.score(text).is_some(),
        }
    }

    /// How well a text matches; `None` if it does not.
    pub fn score(&mut self, text: &str) -> Option<u32> {
        self.pattern
            .score(Utf32Str::new(text, &mut self.buffer), &mut self.matcher)
    }
}
