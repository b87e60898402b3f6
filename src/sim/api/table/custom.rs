//! The cells of a custom kind's table, and of quotas, whose columns are few and whose cells are long.

use serde_json::{Value, json};

use super::super::super::json;
use super::super::super::resource::{Column, Custom};
use super::super::super::store::Timestamp;
use super::{STRING, cells};

/// The definitions of a custom kind's columns.
pub(super) fn columns(custom: &Custom) -> Vec<Value> {
    let name = json!({"name": "Name", "type": STRING, "format": "name", "description": "", "priority": 0});
    let columns = custom.columns.iter().map(|column| {
        json!({"name": column.name, "type": column.kind, "format": "", "description": "",
            "priority": i32::from(column.wide)})
    });
    std::iter::once(name).chain(columns).collect()
}

/// The cells of a custom object.
pub(super) fn cells(custom: &Custom, object: &Value, now: Timestamp) -> Vec<Value> {
    let cell = |column: &Column| {
        let value = object.pointer(&column.pointer);
        match value {
            Some(Value::String(moment)) if column.kind == "date" => cells::since(moment, now).into(),
            Some(value) => value.clone(),
            None => Value::Null,
        }
    };
    std::iter::once(cells::name(object))
        .chain(custom.columns.iter().map(cell))
        .collect()
}

pub(super) const QUOTA: &[super::Column] = &[
    ("Name", STRING, false),
    ("Request", STRING, false),
    ("Limit", STRING, false),
    ("Age", STRING, false),
];

/// Used and hard amounts of a quota, limits apart from all else.
pub(super) fn quota(object: &Value, now: Timestamp) -> Vec<Value> {
    let hard = object.pointer("/status/hard").and_then(Value::as_object);
    let shown = |limits: bool| {
        let amounts = hard
            .into_iter()
            .flatten()
            .filter(|(name, _)| name.starts_with("limits.") == limits);
        let amounts = amounts.map(|(name, hard)| {
            let used = object.pointer("/status/used").and_then(|used| used.get(name));
            let text = |amount: Option<&Value>| amount.and_then(Value::as_str).unwrap_or("0").to_owned();
            format!("{name}: {}/{}", text(used), text(Some(hard)))
        });
        Value::from(amounts.collect::<Vec<_>>().join(", "))
    };
    vec![
        json::meta(object, "name").into(),
        shown(false),
        shown(true),
        cells::age(object, now),
    ]
}
