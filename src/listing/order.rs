//! Sorting rows by a column, stable, with the row's own order as the last word; in a tree each branch by itself.

use std::cmp::Ordering;
use std::collections::BTreeMap;

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
/// equals; what is not known comes last in either direction. What is in a branch stays in it.
pub fn order(source: &dyn Source, sort: Sort) -> Vec<u32> {
    let sorted = flat(source, sort);
    let is_tree = (0..source.len() as u32).any(|row| source.depth(row) > 0);
    if is_tree { nested(source, &sorted) } else { sorted }
}

/// Puts what is in a branch below it again, in the order that was found.
fn nested(source: &dyn Source, sorted: &[u32]) -> Vec<u32> {
    let mut way: Vec<(usize, u32)> = Vec::new();
    let above = (0..source.len() as u32).map(|row| {
        let depth = source.depth(row);
        while way.pop_if(|(above, _)| *above >= depth).is_some() {}
        let above = way.last().map(|(_, row)| *row);
        way.push((depth, row));
        above
    });
    let above: Vec<Option<u32>> = above.collect();
    let mut branches: BTreeMap<Option<u32>, Vec<u32>> = BTreeMap::new();
    // From the last on: each is taken off its end again.
    for &row in sorted.iter().rev() {
        let branch = above.get(row as usize).copied().flatten();
        branches.entry(branch).or_default().push(row);
    }
    let mut rows = Vec::with_capacity(sorted.len());
    let mut waiting = branches.remove(&None).unwrap_or_default();
    while let Some(row) = waiting.pop() {
        rows.push(row);
        waiting.extend(branches.remove(&Some(row)).into_iter().flatten());
    }
    rows
}

fn flat(source: &dyn Source, sort: Sort) -> Vec<u32> {
    let count = source.len() as u32;
    let values: Vec<Value<'_>> = (0..count).map(|row| source.value(row, sort.column)).collect();
    let mut keys = Keys::new(&values, sort.descending).all();
    keys.sort_unstable_by(|a, b| {
        (a.class, a.number, a.beginning)
            .cmp(&(b.class, b.number, b.beginning))
            .then_with(|| {
                if a.is_whole && b.is_whole {
                    return Ordering::Equal;
                }
                let text = |key: &Key| values.get(key.row as usize).and_then(Value::as_text);
                if a.is_reversed {
                    text(b).cmp(&text(a))
                } else {
                    text(a).cmp(&text(b))
                }
            })
            .then_with(|| a.row.cmp(&b.row))
    });
    keys.into_iter().map(|key| key.row).collect()
}

/// What a row is sorted by, in one place of memory: most comparisons look at nothing else.
struct Key {
    /// Kinds of value come one after the other, what is not known last.
    class: u8,
    /// The text falls where it would rise.
    is_reversed: bool,
    /// Two texts of which this holds are told apart by their beginnings alone.
    is_whole: bool,
    row: u32,
    number: i64,
    /// Sixteen bytes of the text, behind what all have in common.
    beginning: u128,
}

struct Keys<'a> {
    values: &'a [Value<'a>],
    descending: bool,
    /// How many bytes all texts begin with alike.
    common: usize,
}

impl<'a> Keys<'a> {
    fn new(values: &'a [Value<'a>], descending: bool) -> Self {
        let mut texts = values.iter().filter_map(Value::as_text).map(str::as_bytes);
        let common = texts.next().map_or(0, |first| {
            texts.fold(first.len(), |common, text| {
                let alike = first.iter().zip(text).take(common);
                alike.take_while(|(a, b)| a == b).count()
            })
        });
        Self {
            values,
            descending,
            common,
        }
    }

    fn all(&self) -> Vec<Key> {
        self.values
            .iter()
            .zip(0..)
            .map(|(value, row)| self.key(value, row))
            .collect()
    }

    fn key(&self, value: &Value<'_>, row: u32) -> Key {
        let turn = |number: i64| if self.descending { !number } else { number };
        let (class, number, is_reversed) = match value {
            Value::Number(number) => (0, turn(*number), false),
            // Among equally bad states the words rise in either direction.
            Value::Ranked(rank, _) => (1, turn(*rank), false),
            Value::Text(_) => (2, 0, self.descending),
            Value::Absent => (3, 0, false),
        };
        let class = if self.descending && class < 3 { 2 - class } else { class };
        let text = value.as_text().unwrap_or_default().as_bytes();
        let rest = text.get(self.common..).unwrap_or_default();
        let mut bytes = [0; 16];
        for (place, byte) in bytes.iter_mut().zip(rest) {
            *place = *byte;
        }
        let beginning = u128::from_be_bytes(bytes);
        Key {
            class,
            is_reversed,
            // Text that ends in a zero byte would look like one that ends before it.
            is_whole: rest.len() <= bytes.len() && !rest.ends_with(&[0]),
            row,
            number,
            beginning: if is_reversed { !beginning } else { beginning },
        }
    }
}
