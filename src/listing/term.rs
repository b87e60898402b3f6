//! One term of a filter, parsed: what it asks of a row.

use super::column::{Column, ColumnId, Unit, find};
use crate::domain::quantity::parse_quantity;
use crate::domain::selector::{Selector, split_selector};
use crate::domain::{Cpu, Memory};

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Less,
    AtMost,
    Equal,
    NotEqual,
    AtLeast,
    More,
}

/// What a column is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    Number(i64),
    /// Compared as a part of the text, without regard to case; empty: equal to what is not known.
    Text(String),
    Column(ColumnId),
}

/// One condition on a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// Any of a row's texts has this part.
    Text(String),
    /// Any of a row's texts has these letters in this order.
    Fuzzy(String),
    Labels(Selector),
    Column(ColumnId, Comparison, Operand),
    Not(Box<Term>),
}

const COMPARISONS: [(&str, Comparison); 8] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("!=", Comparison::NotEqual),
    ("==", Comparison::Equal),
    ("=", Comparison::Equal),
    ("<", Comparison::Less),
    (">", Comparison::More),
    (":", Comparison::Equal),
];

impl Comparison {
    /// Whether an order of two values satisfies the comparison.
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::AtLeast => order.is_ge(),
            Self::More => order.is_gt(),
        }
    }
}

impl Term {
    /// Parses a word of a filter: `text`, `!text`, `~fuzzy`, `column>value`.
    ///
    /// # Errors
    /// Says in words what is wrong with it.
    pub fn parse(word: &str, columns: &[Column]) -> Result<Self, String> {
        if let Some(rest) = word.strip_prefix('!') {
            return if rest.is_empty() {
                Err("'!' needs what it excludes".into())
            } else {
                Self::parse(rest, columns).map(|term| Self::Not(Box::new(term)))
            };
        }
        if let Some(rest) = word.strip_prefix('~') {
            return if rest.is_empty() {
                Err("'~' needs letters to look for".into())
            } else {
                Ok(Self::Fuzzy(rest.to_owned()))
            };
        }
        match split(word, columns) {
            Some((name, comparison, value)) => compare(name, comparison, value, columns),
            // `nginx:1.25` and `Error:` are text.
            None => Ok(Self::Text(word.to_lowercase())),
        }
    }

    /// The column that it compares with something.
    pub fn column(&self) -> Option<ColumnId> {
        match self {
            Self::Column(column, ..) => Some(*column),
            Self::Not(inner) => inner.column(),
            Self::Text(_) | Self::Fuzzy(_) | Self::Labels(_) => None,
        }
    }

    /// Whether every row that satisfies this one satisfies `other` too.
    pub fn implies(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(new), Self::Text(old)) => {
                new.contains(old.as_str()) && (may_be_number(old) || !may_be_number(new))
            }
            (new, old) => new == old,
        }
    }

    /// Takes the first term off a filter's text: the term, or what is wrong with it, and what follows.
    pub fn take<'a>(text: &'a str, columns: &[Column]) -> (Result<Self, String>, &'a str) {
        let text = text.trim_start();
        if let Some(after) = text.strip_prefix("-l").filter(|after| is_selector(after)) {
            let (selector, rest) = split_selector(after.trim_start());
            return (labels(selector), rest);
        }
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        (Self::parse(word, columns), rest)
    }
}

/// Whether a text is looked for in numbers with their units too, and in `namespace/name`.
pub(super) fn may_be_number(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit() || c == '/')
}

/// Whether `-l` is the option of kubectl, by what follows: `-live` is a text.
fn is_selector(after: &str) -> bool {
    let word = after.split(char::is_whitespace).next().unwrap_or_default();
    word.is_empty() || word.contains(['=', '!', '(', ','])
}

fn labels(selector: &str) -> Result<Term, String> {
    if selector.is_empty() {
        return Err("'-l' needs a label, such as app=live".to_owned());
    }
    Selector::parse(selector)
        .map(Term::Labels)
        .map_err(|what| format!("{what}: k=v  k!=v  k in (a,b)  k notin (a,b)  k  !k"))
}

/// Takes a word apart at its first sign of comparison, if what is before it looks like a column's name; at a
/// colon, which names of images have too, only if it is one.
fn split<'a>(word: &'a str, columns: &[Column]) -> Option<(&'a str, Comparison, &'a str)> {
    let place = word.find(['<', '>', '=', ':', '!'])?;
    let (name, rest) = word.split_at_checked(place)?;
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphabetic() || c == '-') {
        return None;
    }
    if rest.starts_with(':') && find(name, columns).is_none() {
        return None;
    }
    COMPARISONS
        .iter()
        .find_map(|(sign, comparison)| rest.strip_prefix(sign).map(|value| (name, *comparison, value)))
}

fn compare(name: &str, comparison: Comparison, value: &str, columns: &[Column]) -> Result<Term, String> {
    let Some(column) = find(name, columns) else {
        let known: Vec<&str> = columns.iter().map(Column::name).collect();
        return Err(format!("no column '{name}' here; there are {}", known.join(" ")));
    };
    let operand = operand(value, column, columns)?;
    if let (Operand::Text(_), Comparison::Less | Comparison::More | Comparison::AtLeast | Comparison::AtMost) =
        (&operand, comparison)
    {
        return Err(format!("'{name}' holds words: compare it with = or !="));
    }
    Ok(Term::Column(column.id, comparison, operand))
}

fn operand(value: &str, column: &Column, columns: &[Column]) -> Result<Operand, String> {
    let name = column.name();
    if column.unit == Unit::Text {
        return Ok(Operand::Text(value.to_lowercase()));
    }
    if value.is_empty() {
        return Err(format!("'{name}' is compared with {}", example(column.unit)));
    }
    if let Some(other) = find(value, columns).filter(|other| other.unit == column.unit) {
        return Ok(Operand::Column(other.id));
    }
    let number = match column.unit {
        Unit::Text | Unit::Count => value.replace(',', "").parse().ok(),
        Unit::Cpu => Cpu::parse(value).map(|cpu| cpu.0),
        Unit::Memory => Memory::parse(value.strip_suffix('B').unwrap_or(value)).map(|memory| memory.0),
        Unit::Rate => parse_rate(value),
        Unit::PerSecond => parse_per_second(value),
        Unit::Age => parse_age(value),
        Unit::Share => parse_share(value),
    };
    number
        .map(Operand::Number)
        .ok_or_else(|| format!("'{value}' is no amount of {name}: write {}", example(column.unit)))
}

fn example(unit: Unit) -> &'static str {
    match unit {
        Unit::Text => "a word",
        Unit::Count => "a number, such as 3",
        Unit::Cpu => "cores, such as 500m or 2",
        Unit::Memory => "bytes, such as 512Mi or 2Gi",
        Unit::Rate => "bytes a second, such as 500k or 10M",
        Unit::PerSecond => "a number a second, such as 0.5 or 2k",
        Unit::Age => "a time, such as 30s, 15m, 2h or 3d",
        Unit::Share => "a share, such as 80%",
    }
}

/// Parses `10M`, `10MB/s`, `4Mi` as bytes a second.
fn parse_rate(text: &str) -> Option<i64> {
    let text = text.strip_suffix("/s").unwrap_or(text);
    let bytes = parse_quantity(text.strip_suffix('B').unwrap_or(text))?;
    bytes.is_finite().then_some(bytes.round() as i64)
}

/// Parses `0.5`, `20/s`, `2k` as thousandths a second.
fn parse_per_second(text: &str) -> Option<i64> {
    let number = parse_quantity(text.strip_suffix("/s").unwrap_or(text))?;
    number.is_finite().then_some((number * 1000.0).round() as i64)
}

fn parse_share(text: &str) -> Option<i64> {
    let percent: f64 = text.strip_suffix('%').unwrap_or(text).trim().parse().ok()?;
    percent.is_finite().then_some((percent * 10.0).round() as i64)
}

/// Parses `90s`, `15m`, `2h`, `3d`, `1h30m` as seconds.
fn parse_age(text: &str) -> Option<i64> {
    i64::try_from(crate::domain::length::parse(text)?.as_secs()).ok()
}
