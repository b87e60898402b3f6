//! Activity: what this program was told to do and what came of it, newest first.

use super::words;
use crate::domain::{Clean, Timestamp};
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::message::Severity;

use super::context::Context;

/// One line of the activity log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub number: u64,
    pub at: Timestamp,
    pub what: Clean,
    /// Who asked for it.
    pub by: Clean,
    pub target: Clean,
    /// From what to what, and by which requests, where it is a write.
    pub change: Clean,
    pub request: Clean,
    /// What came of it; `None` while it is not known.
    pub outcome: Option<(Severity, Clean)>,
}

impl Entry {
    /// All that is known of it, each under its name; its time by a clock so many minutes east of Greenwich.
    pub fn told(&self, minutes_east: i32) -> Vec<(&'static str, Clean)> {
        let at = self.at + chrono::TimeDelta::minutes(i64::from(minutes_east));
        let outcome = self
            .outcome
            .as_ref()
            .map_or_else(|| "asked".into(), |(_, text)| text.clone());
        let all = [
            ("at", at.format("%Y-%m-%d %H:%M:%S").to_string().into()),
            ("what", self.what.clone()),
            ("target", self.target.clone()),
            ("from → to", self.change.clone()),
            ("request", self.request.clone()),
            ("by", self.by.clone()),
            ("what came of it", outcome),
        ];
        all.into_iter().filter(|(_, text)| !text.is_empty()).collect()
    }
}

pub(super) static COLUMNS: [Column; 6] = [
    Column::number(ColumnId::Age, "AGE", &["age"], 6, 0, Unit::Age),
    Column::text(ColumnId::Reason, "WHAT", &["what"], (16, 30), 0),
    Column::text(ColumnId::Object, "TARGET", &["target"], (14, 40), 1),
    Column::text(ColumnId::Changes, "FROM → TO", &["change", "from", "to"], (14, 40), 3),
    Column::text(ColumnId::Source, "BY", &["by", "who"], (8, 24), 2),
    Column::text(ColumnId::Outcome, "WHAT CAME OF IT", &["outcome"], (24, 120), 0),
];

/// Reads the activity log, newest first.
#[derive(Debug)]
pub(super) struct Activity<'a> {
    pub(super) ctx: Context<'a>,
}

impl<'a> Activity<'a> {
    fn get(&self, row: u32) -> Option<&'a Entry> {
        self.ctx.activity.iter().rev().nth(row as usize)
    }
}

impl Source for Activity<'_> {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn len(&self) -> usize {
        self.ctx.activity.len()
    }

    fn key(&self, row: u32) -> Option<RowKey> {
        self.get(row).map(|entry| RowKey::Entry(entry.number))
    }

    fn value(&self, row: u32, column: ColumnId) -> Value<'_> {
        let Some(entry) = self.get(row) else {
            return Value::Absent;
        };
        match column {
            ColumnId::Age => Value::number(words::seconds_since(Some(entry.at), self.ctx.clock)),
            ColumnId::Reason => Value::text(entry.what.as_str()),
            ColumnId::Source => Value::known(&entry.by),
            ColumnId::Object => Value::known(&entry.target),
            ColumnId::Changes => Value::text(entry.change.as_str()),
            ColumnId::Outcome => Value::text(entry.outcome.as_ref().map_or("asked", |(_, text)| text)),
            _ => Value::Absent,
        }
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        let Some(entry) = self.get(row) else {
            return Cell::unknown();
        };
        match column {
            ColumnId::Age => words::age(Some(entry.at), self.ctx.now),
            ColumnId::Reason => Cell::new(entry.what.as_str(), Tone::Strong),
            ColumnId::Source => Cell::or_unknown(Some(&entry.by)),
            ColumnId::Object => Cell::or_unknown(Some(&entry.target)),
            // What is no write changes nothing.
            ColumnId::Changes => Cell::new(entry.change.as_str(), Tone::Plain),
            ColumnId::Outcome => match &entry.outcome {
                None => Cell::new("… asked", Tone::Busy),
                Some((Severity::Info, text)) => Cell::new(format!("● {text}"), Tone::Good),
                Some((severity, text)) => {
                    let (glyph, tone) = words::severity(*severity);
                    Cell::new(format!("{glyph} {text}"), tone)
                }
            },
            _ => Cell::unknown(),
        }
    }
}
