//! A line opened: its keys and values, the stack trace that belongs to it, where it came from.

use super::Logs;
use crate::domain::Clean;
use crate::logs::{Content, Place, Row, StreamId, Which, fields};
use crate::overlays::{Opened, opened::Entry};

/// Lines of a stack trace that are opened at most.
const MOST: usize = 1_000;
/// Rows between which lines that belong together are looked for.
const FARTHEST: usize = 20_000;

impl Logs {
    /// The line of the cursor, opened, with the place of its first line; `None` where there is no line.
    pub fn open(&self) -> Option<Opened> {
        let here = self.current()?;
        let lines = self.together(here);
        let head = lines.first()?;
        let name = self.name_of(head.stream);
        let mut entries = Vec::new();
        let mut add = |key: &str, value: String| {
            entries.push(Entry {
                depth: 0,
                key: Some(key.into()),
                value: value.into(),
            });
        };
        let at = head
            .at
            .map(|at| at.time().to_rfc3339_opts(chrono::SecondsFormat::Nanos, true));
        add("received", at.unwrap_or_else(|| "without a time".to_owned()));
        if let Some(name) = name {
            add("container", name.full.to_string());
        }
        if let Content::Line { level: Some(level), .. } = head.content {
            add("level", level.name().to_owned());
        }
        entries.push(Entry::default());
        for row in &lines {
            entries.extend(of_row(row));
        }
        let whole = lines.iter().map(text).collect();
        let title = name.map_or_else(Clean::default, |name| name.short.clone());
        let title = match title.as_str() {
            "" => Clean::new("line"),
            short => format!("line of {short}").into(),
        };
        Some(Opened::new(title, entries, whole))
    }

    /// The lines that belong to one: from the head of its stack trace to the end, whichever of them it is.
    fn together(&self, here: Place) -> Vec<Row<'_>> {
        let Some(row) = self.pane.get(here) else {
            return Vec::new();
        };
        let continues = |row: &Row<'_>| matches!(row.content, Content::Line { continues: true, .. });
        let of_stream = |stream: StreamId| move |other: &Row<'_>| other.stream == stream;
        let mut lines = vec![row];
        if continues(&row) {
            let before = self.pane.before(Which::All, here).take(FARTHEST);
            for earlier in before.filter(of_stream(row.stream)).take(MOST) {
                if matches!(earlier.content, Content::Divider(_)) {
                    break;
                }
                lines.push(earlier);
                if !continues(&earlier) {
                    break;
                }
            }
            lines.reverse();
        }
        if matches!(row.content, Content::Line { .. }) {
            let after = self.pane.from(Which::All, here.behind()).take(FARTHEST);
            let after = after.filter(of_stream(row.stream)).take(MOST);
            lines.extend(after.take_while(continues));
        }
        lines
    }
}

fn text(row: &Row<'_>) -> Clean {
    row.content.words().into()
}

fn of_row(row: &Row<'_>) -> Vec<Entry> {
    let plain = |value: Clean| Entry {
        depth: 0,
        key: None,
        value,
    };
    let Content::Line { text: line, more, .. } = row.content else {
        return vec![plain(text(row))];
    };
    let mut entries: Vec<Entry> = match fields::open(line) {
        Some(rows) => rows
            .into_iter()
            .map(|row| Entry {
                depth: row.depth,
                key: row.key,
                value: row.value,
            })
            .collect(),
        None => vec![plain(Clean::new(line))],
    };
    if more > 0 {
        entries.push(plain(format!("… {more} bytes more, which are not kept").into()));
    }
    entries
}
