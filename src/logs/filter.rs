//! Which lines are shown, and which are found.

use regex::{Regex, RegexBuilder};
use rustc_hash::FxHashSet;

use super::block::StreamId;
use super::level::Level;

/// Bytes a compiled expression may take; a larger one is refused.
const SIZE_LIMIT: usize = 4 * 1024 * 1024;

/// An expression as a person typed it. Matching takes time in proportion to the line, whatever the expression.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// An expression that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pattern}: {reason}")]
pub struct PatternError {
    pub pattern: String,
    pub reason: String,
    /// What to do about it.
    pub hint: &'static str,
}

impl Pattern {
    /// Compiles an expression; without a capital letter in it, it matches any case.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let compiled = RegexBuilder::new(text)
            .case_insensitive(!has_capital(text))
            .size_limit(SIZE_LIMIT)
            .build();
        compiled.map(Self).map_err(|error| PatternError {
            pattern: text.to_owned(),
            reason: reason(&error),
            hint: "a backslash takes an operator's meaning away: \\( \\[ \\. \\*",
        })
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The byte ranges to highlight; empty matches are left out.
    pub fn ranges<'a>(&'a self, text: &'a str) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
        self.0
            .find_iter(text)
            .map(|found| found.range())
            .filter(|range| !range.is_empty())
    }

    /// The text as typed.
    pub fn text(&self) -> &str {
        self.0.as_str()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

/// A capital letter that stands for itself: not that of `\S` or `\pL`.
fn has_capital(text: &str) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let stands = !escaped && c.is_uppercase();
        escaped = !escaped && c == '\\';
        stands
    })
}

/// The last line of the parser's message; those before it draw the place.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// What to show. Lines that are not shown are kept all the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// A line is shown if one of these matches, or if there are none.
    pub include: Vec<Pattern>,
    /// A line that one of these matches is not shown.
    pub exclude: Vec<Pattern>,
    /// The mildest level to show; lines without one are then not shown.
    pub level: Option<Level>,
    /// Streams not to show.
    pub hidden: FxHashSet<StreamId>,
    /// Lines of the same stream to show before each line that is shown, and after it.
    pub around: usize,
}

impl Filter {
    /// It shows every line.
    pub fn is_empty(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty() && self.level.is_none() && self.hidden.is_empty()
    }

    /// Whether a line is not to be shown even beside one that is.
    pub fn bars(&self, stream: StreamId, text: &str) -> bool {
        self.hidden.contains(&stream) || self.exclude.iter().any(|pattern| pattern.is_match(text))
    }

    pub fn shows(&self, stream: StreamId, level: Option<Level>, text: &str) -> bool {
        self.level.is_none_or(|least| level >= Some(least))
            && (self.include.is_empty() || self.include.iter().any(|pattern| pattern.is_match(text)))
            && !self.bars(stream, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| Pattern::new(text).unwrap()).collect()
    }

    #[test]
    fn case_counts_once_a_capital_is_typed() {
        for (pattern, text, matches) in [
            ("error", "an ERROR", true),
            ("Error", "an ERROR", false),
            (r"\Serror", "xERROR", true),
            (r"\\Serror", r"\serror", false),
            ("é", "É", true),
        ] {
            assert_eq!(
                Pattern::new(pattern).unwrap().is_match(text),
                matches,
                "{pattern} in {text}"
            );
        }
    }

    #[test]
    fn includes_are_either_and_excludes_win() {
        let filter = Filter {
            include: patterns(&["gift", "order"]),
            exclude: patterns(&["health"]),
            ..Filter::default()
        };
        let shown = |text| filter.shows(StreamId(0), None, text);
        assert!(shown("a gift") && shown("an order"));
        assert!(!shown("gift health") && !shown("something else"));
        assert!(Filter::default().shows(StreamId(0), None, "") && Filter::default().is_empty());
    }

    #[test]
    fn a_level_hides_what_is_milder_or_has_none() {
        let filter = Filter {
            level: Some(Level::Warn),
            ..Filter::default()
        };
        let shown = |level| filter.shows(StreamId(0), level, "x");
        assert!(shown(Some(Level::Warn)) && shown(Some(Level::Fatal)));
        assert!(!shown(Some(Level::Info)) && !shown(None));
    }

    #[test]
    fn a_wrong_expression_says_what_is_wrong() {
        let error = Pattern::new("a(b").unwrap_err();
        assert_eq!(error.to_string(), "a(b: unclosed group");
        assert!(Pattern::new(&"(a{500}){500}".repeat(3)).is_err(), "too large");
    }

    #[test]
    fn ranges_are_what_to_highlight() {
        let pattern = Pattern::new("a+|x*").unwrap();
        assert!(pattern.ranges("baab").eq(std::iter::once(1..3)));
    }
}
