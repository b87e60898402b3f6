//! JSON and logfmt lines as a table: which columns it has, how wide they are, what stands in them.

use unicode_width::UnicodeWidthStr as _;

use super::fields::Fields;
use super::level::Level;
use crate::domain::Clean;

/// Columns that a value takes at most; of a message there may be more.
const WIDEST: usize = 24;
/// Columns of a message where others leave it less.
const LEAST_MESSAGE: usize = 24;
/// Columns between two values.
pub const GAP: usize = 2;
/// Columns of a table at most.
const MOST: usize = 24;

const TIMES: [&str; 10] = [
    "time",
    "ts",
    "timestamp",
    "@timestamp",
    "t",
    "datetime",
    "asctime",
    "date",
    "eventTime",
    "@t",
];
const LEVELS: [&str; 9] = [
    "level",
    "severity",
    "lvl",
    "log.level",
    "loglevel",
    "log_level",
    "levelname",
    "level_name",
    "@l",
];
const MESSAGES: [&str; 8] = [
    "msg",
    "message",
    "@message",
    "short_message",
    "@m",
    "@mt",
    "event",
    "log",
];

/// What a column is about: programs have many names for the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Time,
    Level,
    Message,
    Key(Clean),
}

impl Subject {
    fn of(key: &Clean) -> Self {
        let is_of = |names: &[&str]| names.contains(&key.as_str());
        if is_of(&TIMES) {
            Self::Time
        } else if is_of(&LEVELS) {
            Self::Level
        } else if is_of(&MESSAGES) {
            Self::Message
        } else {
            Self::Key(key.clone())
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Time => "time",
            Self::Level => "level",
            Self::Message => "message",
            Self::Key(key) => key,
        }
    }
}

/// A column and how many columns of the terminal it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub subject: Subject,
    pub width: usize,
}

/// The table that lines make: columns come and widen with the lines that were seen, and stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Time, level and message first.
    known: Vec<Column>,
}

/// A line as a row of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// One a column, in their order.
    pub values: Vec<String>,
    /// What has no column, as `key=value`.
    pub rest: Vec<String>,
}

impl Columns {
    /// Takes note of lines: keys that half of them have become columns.
    pub fn learn(&mut self, lines: &[(Fields, Option<Level>)]) {
        let mut seen: Vec<(Subject, usize, usize)> = Vec::new();
        for (fields, level) in lines {
            let mut of_line: Vec<Subject> = Vec::new();
            for (key, value) in fields.iter() {
                let subject = Subject::of(key);
                // Before every line stands the letter of its level.
                if of_line.contains(&subject) || is_known_level(&subject, *level) {
                    continue;
                }
                let width = shown(&subject, value).width();
                match seen.iter_mut().find(|(known, ..)| *known == subject) {
                    Some((_, lines, widest)) => (*lines, *widest) = (*lines + 1, width.max(*widest)),
                    None => seen.push((subject.clone(), 1, width)),
                }
                of_line.push(subject);
            }
        }
        seen.retain(|(subject, count, _)| {
            count * 2 >= lines.len() || self.known.iter().any(|column| column.subject == *subject)
        });
        seen.sort_by_key(|(_, lines, _)| std::cmp::Reverse(*lines));
        for (subject, _, width) in seen {
            let width = width.max(subject.name().width());
            if let Some(column) = self.known.iter_mut().find(|column| column.subject == subject) {
                column.width = column.width.max(width);
            } else if self.known.len() < MOST {
                self.known.push(Column { subject, width });
            }
        }
        self.known.sort_by_key(|column| rank(&column.subject));
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The columns within so much width: the message takes what the others leave, and half of it at least; what
    /// does not fit then is to the right.
    pub fn within(&self, width: usize) -> Vec<Column> {
        let mut columns = self.known.clone();
        let is_message = |column: &Column| column.subject == Subject::Message;
        for column in columns.iter_mut().filter(|column| !is_message(column)) {
            column.width = column.width.min(WIDEST);
        }
        let others = columns.iter().filter(|column| !is_message(column));
        let taken: usize = others.map(|column| column.width + GAP).sum();
        if let Some(message) = columns.iter_mut().find(|column| is_message(column)) {
            let least = (width / 2).max(LEAST_MESSAGE);
            message.width = message.width.min(width.saturating_sub(taken).max(least));
        }
        columns
    }

    /// What stands in these columns of a line.
    pub fn cells(columns: &[Column], fields: &Fields, level: Option<Level>) -> Cells {
        let mut cells = Cells {
            values: vec![String::new(); columns.len()],
            rest: Vec::new(),
        };
        let mut is_filled = vec![false; columns.len()];
        for (key, value) in fields.iter() {
            let subject = Subject::of(key);
            if is_known_level(&subject, level) {
                continue;
            }
            let place = columns.iter().position(|column| column.subject == subject);
            let cell = place.and_then(|place| Some((cells.values.get_mut(place)?, is_filled.get_mut(place)?)));
            match cell {
                Some((cell, is_filled)) if !*is_filled => {
                    *cell = shown(&subject, value);
                    *is_filled = true;
                }
                _ => cells.rest.push(format!("{key}={value}")),
            }
        }
        cells
    }
}

fn is_known_level(subject: &Subject, level: Option<Level>) -> bool {
    *subject == Subject::Level && level.is_some()
}

const fn rank(subject: &Subject) -> u8 {
    match subject {
        Subject::Time => 0,
        Subject::Level => 1,
        Subject::Message => 2,
        Subject::Key(_) => 3,
    }
}

/// A value as it stands in its column: a time without its date.
fn shown(subject: &Subject, value: &str) -> String {
    match subject {
        Subject::Time => clock(value),
        _ => value.to_owned(),
    }
}

/// The time of day of `2026-11-22T16:13:07.123Z`, as it is written.
fn clock(value: &str) -> String {
    let is_date = |date: &str| {
        date.bytes().enumerate().all(|(place, b)| {
            if matches!(place, 4 | 7) {
                b == b'-' || b == b'/'
            } else {
                b.is_ascii_digit()
            }
        })
    };
    let rest = value.split_at_checked(10).filter(|(date, _)| is_date(date));
    let time = rest.and_then(|(_, rest)| rest.strip_prefix(['T', ' ']));
    time.unwrap_or(value).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<(Fields, Option<Level>)> {
        let read = |text: &&str| (Fields::read(text).unwrap(), super::super::level::level(text.as_bytes()));
        texts.iter().map(read).collect()
    }

    fn table(texts: &[&str], width: usize) -> Vec<String> {
        let mut columns = Columns::default();
        columns.learn(&lines(texts));
        let columns = columns.within(width);
        columns
            .iter()
            .map(|c| format!("{} {}", c.subject.name(), c.width))
            .collect()
    }

    const LINES: [&str; 3] = [
        r#"{"app":"gift","msg":"sent","ts":"2026-11-22T16:13:07.123Z","level":30,"code":7}"#,
        r#"{"app":"gift","message":"sent a rose","time":"2026-11-22T16:13:08.001Z","level":"warn"}"#,
        "ts=2026-11-22T16:13:09.5Z level=error msg=\"no answer\" app=pay peer=10.0.0.1",
    ];

    #[test]
    fn time_and_message_come_first_then_what_most_lines_have() {
        assert_eq!(table(&LINES, 80), ["time 13", "message 11", "app 4"]);
    }

    #[test]
    fn a_message_takes_what_the_others_leave() {
        let long = format!(r#"{{"msg":"{}","a":"{}","b":1}}"#, "x".repeat(300), "y".repeat(300));
        assert_eq!(table(&[&long], 100), ["message 71", "a 24", "b 1"]);
        assert_eq!(
            table(&[&long], 40),
            ["message 24", "a 24", "b 1"],
            "the rest is to the right"
        );
    }

    #[test]
    fn columns_stay_and_only_widen() {
        let mut columns = Columns::default();
        columns.learn(&lines(&[r#"{"a":"12345"}"#]));
        columns.learn(&lines(&[
            r#"{"b":"1"}"#,
            r#"{"a":"1","msg":"m"}"#,
            r#"{"b":"1234567"}"#,
        ]));
        let found: Vec<_> = columns
            .within(80)
            .into_iter()
            .map(|c| (c.subject.name().to_owned(), c.width))
            .collect();
        let want = [("a", 5), ("b", 7)].map(|(name, width)| (name.to_owned(), width));
        assert_eq!(found, want, "a third of the lines make no column");
    }

    #[test]
    fn a_line_stands_in_its_columns_and_nothing_of_it_is_left_out() {
        let mut columns = Columns::default();
        let lines = lines(&LINES);
        columns.learn(&lines);
        let columns = columns.within(80);
        let cells: Vec<Cells> = lines
            .iter()
            .map(|(fields, level)| Columns::cells(&columns, fields, *level))
            .collect();
        assert_eq!(cells[0].values, ["16:13:07.123Z", "sent", "gift"]);
        assert_eq!(cells[0].rest, ["code=7"]);
        assert_eq!(cells[2].values, ["16:13:09.5Z", "no answer", "pay"]);
        assert_eq!(cells[2].rest, ["peer=10.0.0.1"]);
        let (twice, _) = &self::lines(&[r#"{"msg":"a","message":"b"}"#])[0];
        let cells = Columns::cells(&columns, twice, None);
        assert_eq!((&*cells.values[1], &*cells.rest[0]), ("a", "message=b"));
    }

    #[test]
    fn a_time_loses_its_date_and_nothing_else() {
        for (text, want) in [
            ("2026-11-22T16:13:07Z", "16:13:07Z"),
            ("2026/11/22 16:13:07", "16:13:07"),
            ("1700000000.5", "1700000000.5"),
            ("直播直播直播", "直播直播直播"),
            ("2026-11-22", "2026-11-22"),
            ("", ""),
        ] {
            assert_eq!(clock(text), want);
        }
    }
}
