//! The value of a place of a row, as sorting and filtering see it.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A typed value; the unit is its column's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Not known: sorts after everything, and no comparison holds for it but that it is not some text.
    Absent,
    Number(i64),
    Text(Cow<'a, str>),
    /// Sorts by the number, then by the text; filters by the text.
    Ranked(i64, Cow<'a, str>),
}

impl<'a> Value<'a> {
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// The value, or none when it is not known.
    pub fn number(number: Option<i64>) -> Self {
        number.map_or(Self::Absent, Self::Number)
    }

    /// A text that is not known when empty.
    pub fn known(text: &'a str) -> Self {
        if text.is_empty() {
            Self::Absent
        } else {
            Self::text(text)
        }
    }

    pub fn as_number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Absent | Self::Text(_) | Self::Ranked(..) => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Ranked(_, text) => Some(text),
            Self::Absent | Self::Number(_) => None,
        }
    }

    fn class(&self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::Ranked(..) => 1,
            Self::Text(_) => 2,
            Self::Absent => 3,
        }
    }
}

impl Ord for Value<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Ranked(a, s), Self::Ranked(b, t)) => a.cmp(b).then_with(|| s.cmp(t)),
            _ => self.class().cmp(&other.class()),
        }
    }
}

impl PartialOrd for Value<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
