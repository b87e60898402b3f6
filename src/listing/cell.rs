//! What is written in a place of a row: words with a meaning, which the theme gives a colour.

use super::value::Value;
use crate::domain::Clean;

/// What a piece of text means; a theme says how that looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    #[default]
    Plain,
    /// Of less weight: units, parents, separators.
    Muted,
    /// The name of the thing a row is about.
    Strong,
    /// As it should be.
    Good,
    /// Under way.
    Busy,
    /// Wants a look.
    Warning,
    /// Wrong.
    Bad,
    /// Not known: neither good nor bad.
    Unknown,
    /// Stands out without a judgement: versions, matches.
    Accent,
}

/// A piece of text with one meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    Text(String, Tone),
    /// A bar filled to a share between 0 and 1, as wide as the place leaves it.
    Bar {
        share: f64,
        tone: Tone,
    },
    /// What a number was lately, oldest first, a value a slot; what is not known is a gap. As wide as the
    /// place leaves it, at most a column a slot.
    Line {
        values: Vec<Option<f64>>,
        /// What fills the height; its own maximum without one.
        top: Option<f64>,
        tone: Tone,
    },
}

/// The content of one place of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    pub spans: Vec<Span>,
}

impl Cell {
    pub fn empty() -> Self {
        Self::default()
    }

    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self::empty().and(text, tone)
    }

    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Plain)
    }

    pub fn muted(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Muted)
    }

    /// What is not known: never a zero.
    pub fn unknown() -> Self {
        Self::new("–", Tone::Unknown)
    }

    /// The text, or the sign of what is not known.
    pub fn or_unknown(text: Option<&Clean>) -> Self {
        text.filter(|text| !text.is_empty())
            .map_or_else(Self::unknown, |text| Self::plain(text.as_str()))
    }

    /// A whole number; zero is of less weight.
    pub fn count(number: i64) -> Self {
        let tone = if number == 0 { Tone::Muted } else { Tone::Plain };
        Self::new(crate::domain::quantity::thousands(number), tone)
    }

    #[must_use]
    pub fn and(mut self, text: impl Into<String>, tone: Tone) -> Self {
        self.spans.push(Span::Text(text.into(), tone));
        self
    }

    #[must_use]
    pub fn and_bar(mut self, share: f64, tone: Tone) -> Self {
        self.spans.push(Span::Bar { share, tone });
        self
    }

    /// Adds what the number before it was lately.
    #[must_use]
    pub fn and_line(mut self, values: Vec<Option<f64>>, top: Option<f64>, tone: Tone) -> Self {
        self.spans.push(Span::Line { values, top, tone });
        self
    }

    /// What sorting and filtering see of words alone; nothing where it says nothing, or that it is not known.
    pub fn value(&self) -> Value<'static> {
        match self.text() {
            text if text.is_empty() || *self == Self::unknown() => Value::Absent,
            text => Value::text(text),
        }
    }

    /// The same for words of this rank.
    pub fn ranked(&self, rank: i64) -> Value<'static> {
        match self.value() {
            Value::Text(text) => Value::Ranked(rank, text),
            other => other,
        }
    }

    /// The text alone, for copying; a bar or a line says nothing that the text beside it does not.
    pub fn text(&self) -> String {
        self.spans
            .iter()
            .filter_map(|span| match span {
                Span::Text(text, _) => Some(text.as_str()),
                Span::Bar { .. } | Span::Line { .. } => None,
            })
            .collect::<String>()
            .trim()
            .to_owned()
    }
}
