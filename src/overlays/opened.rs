//! Something opened to read in full: keys with their values, wrapped, with a cursor.

use unicode_width::UnicodeWidthStr as _;

use crate::domain::Clean;
use crate::domain::text::wrapped;

/// Columns that keys take at most before their values.
const WIDEST_KEY: usize = 24;

/// A key and its value, or a line of text without one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub depth: usize,
    pub key: Option<Clean>,
    pub value: Clean,
}

/// What is opened, and where the cursor is.
#[derive(Clone, Debug, Default)]
pub struct Opened {
    pub title: Clean,
    entries: Vec<Entry>,
    /// The lines that it was made from.
    whole: Vec<Clean>,
    cursor: usize,
    top: usize,
}

/// A line on screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown<'a> {
    /// The key, on an entry's first line.
    pub key: Option<&'a str>,
    pub key_at: usize,
    pub text: &'a str,
    pub text_at: usize,
    entry: usize,
}

impl Opened {
    /// `whole`: the lines it is made from, for who copies all of it.
    pub const fn new(title: Clean, entries: Vec<Entry>, whole: Vec<Clean>) -> Self {
        Self {
            title,
            entries,
            whole,
            cursor: 0,
            top: 0,
        }
    }

    /// The same with what there is of it now; a cursor on the last line follows to the new last line.
    pub fn renew(&mut self, now: Self, room: (usize, usize)) {
        let was_last = self.cursor + 1 >= self.lines(room.0).len();
        (self.entries, self.whole) = (now.entries, now.whole);
        self.step(if was_last { isize::MAX } else { 0 }, room);
    }

    /// Its lines in so many columns.
    pub fn lines(&self, width: usize) -> Vec<Shown<'_>> {
        let end = |entry: &Entry| entry.key.as_ref().map_or(0, |key| entry.depth * 2 + key.width());
        let widest = self.entries.iter().map(end).max().unwrap_or(0).min(WIDEST_KEY);
        let values = if widest == 0 { 0 } else { widest + 2 };
        let lines = |(place, entry)| entry_lines(place, entry, (values, width));
        self.entries.iter().enumerate().flat_map(lines).collect()
    }

    /// Moves the cursor so many lines down, or up.
    pub fn step(&mut self, by: isize, (width, height): (usize, usize)) {
        let last = self.lines(width).len().saturating_sub(1);
        // The terminal may have changed since.
        self.cursor = self.cursor.min(last).saturating_add_signed(by).min(last);
        let height = height.max(1);
        self.top = self.top.min(self.cursor).max((self.cursor + 1).saturating_sub(height));
    }

    /// The lines in sight, and which of them the cursor is on.
    pub fn in_sight(&self, (width, height): (usize, usize)) -> (Vec<Shown<'_>>, usize) {
        let lines = self.lines(width);
        let cursor = self.cursor.min(lines.len().saturating_sub(1));
        let bottom = lines.len().saturating_sub(height);
        let top = self
            .top
            .min(cursor)
            .max((cursor + 1).saturating_sub(height.max(1)))
            .min(bottom);
        (lines.into_iter().skip(top).take(height).collect(), cursor - top)
    }

    /// The whole value that the cursor is on.
    pub fn value(&self, width: usize) -> Option<&Clean> {
        let lines = self.lines(width);
        let line = lines.get(self.cursor.min(lines.len().saturating_sub(1)))?;
        self.entries.get(line.entry).map(|entry| &entry.value)
    }

    /// All of it, as it was written.
    pub fn whole(&self) -> String {
        self.whole.join("\n")
    }
}

fn entry_lines(place: usize, entry: &Entry, (values, width): (usize, usize)) -> Vec<Shown<'_>> {
    let key_at = entry.depth * 2;
    let text_at = match &entry.key {
        Some(key) => values.max(key_at + key.width() + 2),
        None if entry.depth > 0 => values,
        None => 0,
    };
    // A key that is itself too long leaves its value a little.
    let text_at = text_at.min(width.saturating_sub(8));
    let room = width.saturating_sub(text_at).max(1);
    let mut key = entry.key.as_deref();
    let pieces = wrapped(&entry.value, room, usize::MAX).into_iter();
    let line = |text| Shown {
        key: key.take(),
        key_at,
        text,
        text_at,
        entry: place,
    };
    pieces.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> Opened {
        let entry = |depth, key: &str, value: &str| Entry {
            depth,
            key: (!key.is_empty()).then(|| key.into()),
            value: value.into(),
        };
        let entries = vec![
            entry(0, "msg", "no answer from the bank"),
            entry(0, "error", ""),
            entry(1, "code", "7"),
            entry(2, "", "at com.example"),
            entry(0, "", "plain text here"),
        ];
        Opened::new("line".into(), entries, vec!["{…}".into(), "at x".into()])
    }

    fn drawn(opened: &Opened, width: usize) -> Vec<String> {
        let lines = opened.lines(width).into_iter();
        let draw = |line: Shown<'_>| {
            let head = format!("{}{}", " ".repeat(line.key_at), line.key.unwrap_or_default());
            let head = if line.key.is_some() { head } else { String::new() };
            format!("{head:<at$}{}", line.text, at = line.text_at)
        };
        lines.map(draw).collect()
    }

    #[test]
    fn values_stand_in_one_column_and_are_wrapped_in_it() {
        assert_eq!(
            drawn(&opened(), 20),
            [
                "msg     no answer fr",
                "        om the bank",
                "error   ",
                "  code  7",
                "        at com.examp",
                "        le",
                "plain text here",
            ]
        );
    }

    #[test]
    fn the_cursor_stays_in_sight_and_tells_the_value_it_is_on() {
        let mut opened = opened();
        opened.step(1, (20, 3));
        assert_eq!(opened.value(20).unwrap(), "no answer from the bank", "all of it");
        assert_eq!(opened.whole(), "{…}\nat x");
        opened.step(100, (20, 3));
        assert_eq!(opened.value(20).unwrap(), "plain text here");
        let (lines, cursor) = opened.in_sight((20, 3));
        assert_eq!((lines.len(), cursor, lines[2].text), (3, 2, "plain text here"));
        let (lines, cursor) = opened.in_sight((200, 10));
        assert_eq!((lines.len(), cursor), (5, 4), "the terminal became wider");
        opened.step(isize::MIN, (20, 3));
        assert_eq!(opened.in_sight((20, 3)).1, 0);
    }

    #[test]
    fn long_keys_leave_their_values_room() {
        let entry = Entry {
            key: Some("k".repeat(100).into()),
            value: "0123456789".into(),
            ..Entry::default()
        };
        let opened = Opened::new("".into(), vec![entry], Vec::new());
        assert!(opened.lines(40).iter().all(|line| line.text_at + line.text.len() <= 40));
    }
}
