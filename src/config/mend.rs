//! A configuration with mistakes: which entry one is in, how it is told, and what may have been meant all the same.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::near::closest;

/// Takes out the smallest entry whose key or value contains `span`.
pub(super) fn remove_innermost(table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
    let contains = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    let mut wrong: Option<Spanned<Cow<'_, str>>> = None;
    for (key, value) in table.iter_mut() {
        let in_value = contains(value.span());
        let is_removed = match value.get_mut() {
            DeValue::Table(inner) => remove_innermost(inner, span),
            DeValue::Array(items) => items.iter_mut().any(|item| match item.get_mut() {
                DeValue::Table(inner) => remove_innermost(inner, span),
                _ => false,
            }),
            _ => false,
        };
        if is_removed {
            return true;
        }
        if in_value || contains(key.span()) {
            wrong = Some(key.clone());
        }
    }
    wrong.is_some_and(|key| table.remove(key.get_ref().as_ref()).is_some())
}

/// Where `readonly` is said with something that is neither true nor false: for the whole (`None`) or for a cluster.
pub(super) fn doubtful(table: &DeTable<'_>) -> Vec<Option<String>> {
    let unclear = |table: &DeTable<'_>| {
        table
            .iter()
            .any(|(key, value)| key.get_ref() == "readonly" && !matches!(value.get_ref(), DeValue::Boolean(_)))
    };
    let mut found = Vec::new();
    found.extend(unclear(table).then_some(None));
    for (key, value) in table {
        if let ("clusters", DeValue::Table(clusters)) = (key.get_ref().as_ref(), value.get_ref()) {
            for (name, section) in clusters {
                if let DeValue::Table(section) = section.get_ref()
                    && unclear(section)
                {
                    found.push(Some(name.get_ref().to_string()));
                }
            }
        }
    }
    found
}

/// serde's message in our words, with the nearest name as a hint.
pub(super) fn in_words(message: &str) -> (String, String) {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (what, rest) = message.split_once(", ").unwrap_or((message, ""));
    let hint = match quoted.split_first() {
        Some((wrong, names)) if !names.is_empty() => closest(wrong, names.iter().copied()).map_or_else(
            || format!("one of {}", names.join(", ")),
            |near| format!("did you mean '{near}'?"),
        ),
        _ => rest.replace('`', "'"),
    };
    (what.replace('`', "'"), hint)
}
