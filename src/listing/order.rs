//! Sorting rows by a column, stable, with the row's own order as the last word.

use super::column::{Column, ColumnId};
use super::list::Source;
use super::value::Value;

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub column: ColumnId,
    pub descending: bool,
}

impl Sort {
    /// By a column, in the order that column begins with.
    pub const fn by(column: &Column) -> Self {
        Self {
            column: column.id,
            descending: column.largest_first,
        }
    }

    #[must_use]
    pub const fn reversed(self) -> Self {
        Self {
            descending: !self.descending,
            ..self
        }
    }
}

/// Row numbers in order. Rows come from the source in the order of their keys, which decides between
/// equals; what is not known comes last in either direction.
pub fn order(source: &dyn Source, sort: Sort) -> Vec<u32> {
    let count = source.len() as u32;
    let mut keyed: Vec<(Value<'_>, u32)> = (0..count).map(|row| (source.value(row, sort.column), row)).collect();
    let by_number = keyed
        .iter()
        .all(|(value, _)| matches!(value, Value::Number(_) | Value::Absent));
    if by_number {
        return order_numbers(&keyed, sort.descending);
    }
    keyed.sort_by(|(a, _), (b, _)| match (a, b) {
        (Value::Absent, _) | (_, Value::Absent) => a.cmp(b),
        (Value::Ranked(a, s), Value::Ranked(b, t)) if sort.descending => b.cmp(a).then_with(|| s.cmp(t)),
        _ if sort.descending => b.cmp(a),
        _ => a.cmp(b),
    });
    keyed.into_iter().map(|(_, row)| row).collect()
}

fn order_numbers(keyed: &[(Value<'_>, u32)], descending: bool) -> Vec<u32> {
    let mut numbers: Vec<(bool, i64, u32)> = keyed
        .iter()
        .map(|(value, row)| match value.as_number() {
            None => (true, 0, *row),
            Some(number) => (false, if descending { !number } else { number }, *row),
        })
        .collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|(_, _, row)| row).collect()
}
