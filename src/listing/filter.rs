//! A filter: its text as typed, and the terms it asks for, all of which must hold.

use std::cell::RefCell;

use super::column::{Column, ColumnId};
use super::fuzzy::Fuzzy;
use super::list::Source;
use super::term::{Comparison, Operand, Term, may_be_number};
use super::value::Value;

/// A filter as a person typed it; what cannot be understood is left out and said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
    problem: Option<String>,
}

impl Filter {
    /// Parses a filter for a list with these columns: words that must all hold.
    ///
    /// `text`, `!not`, `~fuzzy`, `-l selector`, `column>value`. Terms that are wrong are left out, and
    /// [`Self::problem`] says why.
    pub fn parse(text: &str, columns: &[Column]) -> Self {
        let mut terms = Vec::new();
        let mut problem = None;
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (parsed, after) = Term::take(rest, columns);
            rest = after.trim_start();
            match parsed {
                Ok(term) => terms.push(term),
                Err(what) => problem = problem.or(Some(what)),
            }
        }
        Self {
            text: text.to_owned(),
            terms,
            problem,
        }
    }

    /// The same for the rows of a source: labels are refused where rows carry none.
    pub fn parse_for(text: &str, source: &dyn Source) -> Self {
        let mut filter = Self::parse(text, &source.all_columns());
        let asked = filter.terms.len();
        if !source.has_labels() {
            filter.terms.retain(|term| !matches!(term, Term::Labels(_)));
        }
        if filter.terms.len() < asked {
            let what = "what is listed here carries no labels: apps, instances and nodes do";
            filter.problem = filter.problem.or(Some(what.to_owned()));
        }
        filter
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong with the text, if something is.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The columns that it compares with something.
    pub fn columns(&self) -> impl Iterator<Item = ColumnId> {
        self.terms.iter().filter_map(Term::column)
    }

    /// Whether no row satisfies it that does not satisfy `before`, as when a letter is added.
    pub fn narrows(&self, before: &Self) -> bool {
        !before.terms.is_empty()
            && before
                .terms
                .iter()
                .all(|old| self.terms.iter().any(|new| new.implies(old)))
    }

    /// Makes it ready to be held against many rows.
    pub fn matcher(&self) -> Matcher<'_> {
        Matcher {
            terms: self.terms.iter().map(Prepared::new).collect(),
        }
    }
}

/// A filter that is ready to run.
#[derive(Debug)]
pub struct Matcher<'a> {
    terms: Vec<Prepared<'a>>,
}

#[derive(Debug)]
enum Prepared<'a> {
    Text(Box<memchr::memmem::Finder<'a>>, &'a str),
    Fuzzy(RefCell<Fuzzy>),
    Plain(&'a Term),
    Not(Box<Prepared<'a>>),
}

impl<'a> Prepared<'a> {
    fn new(term: &'a Term) -> Self {
        match term {
            Term::Text(text) => Self::Text(Box::new(memchr::memmem::Finder::new(text)), text),
            Term::Fuzzy(pattern) => Self::Fuzzy(RefCell::new(Fuzzy::new(pattern))),
            Term::Not(inner) => Self::Not(Box::new(Self::new(inner))),
            Term::Labels(_) | Term::Column(..) => Self::Plain(term),
        }
    }

    fn holds(&self, source: &dyn Source, row: u32) -> bool {
        match self {
            Self::Text(finder, text) => {
                let has_it = &mut |field: &str| contains(field, finder, text);
                let named = match source.words(row) {
                    Some(words) => finder.find(words.as_bytes()).is_some() || source.any_other_text(row, has_it),
                    None => source.any_text(row, has_it),
                };
                // Letters alone are not looked for in numbers: those are costly to write out.
                named || (may_be_number(text) && source.any_cell(row, has_it))
            }
            Self::Fuzzy(fuzzy) => {
                let mut fuzzy = fuzzy.borrow_mut();
                match source.words(row).filter(|_| fuzzy.ignores_case()) {
                    Some(words) => {
                        words.lines().any(|word| fuzzy.matches(word))
                            || source.any_other_text(row, &mut |field| fuzzy.matches(field))
                    }
                    None => source.any_text(row, &mut |field| fuzzy.matches(field)),
                }
            }
            Self::Not(inner) => !inner.holds(source, row),
            Self::Plain(Term::Labels(selector)) => selector.holds(|key| source.label(row, key)),
            Self::Plain(Term::Column(column, comparison, operand)) => {
                compare(&source.value(row, *column), *comparison, operand, source, row)
            }
            Self::Plain(Term::Text(_) | Term::Fuzzy(_) | Term::Not(_)) => false,
        }
    }
}

impl Matcher<'_> {
    /// Whether a row satisfies every term.
    pub fn holds(&self, source: &dyn Source, row: u32) -> bool {
        self.terms.iter().all(|term| term.holds(source, row))
    }
}

/// Whether `field` has the text; the text is in lower case, the field may not be.
fn contains(field: &str, finder: &memchr::memmem::Finder<'_>, lower: &str) -> bool {
    finder.find(field.as_bytes()).is_some()
        || (!field
            .bytes()
            .all(|b| b.is_ascii_lowercase() || !b.is_ascii_alphabetic() && b.is_ascii())
            && field.to_lowercase().contains(lower))
}

fn compare(value: &Value<'_>, comparison: Comparison, operand: &Operand, source: &dyn Source, row: u32) -> bool {
    let numbers = |a: Option<i64>, b: Option<i64>| match (a, b) {
        (Some(a), Some(b)) => comparison.holds(a.cmp(&b)),
        _ => false,
    };
    match operand {
        Operand::Number(number) => numbers(value.as_number(), Some(*number)),
        Operand::Column(other) => numbers(value.as_number(), source.value(row, *other).as_number()),
        Operand::Text(text) => {
            let has = match value.as_text() {
                None => text.is_empty() || text == "–",
                Some(found) => !text.is_empty() && found.to_lowercase().contains(text.as_str()),
            };
            has == (comparison != Comparison::NotEqual)
        }
    }
}
