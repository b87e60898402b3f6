//! Help: how what is told there is laid out in lines, for drawing and scrolling alike.

use unicode_width::UnicodeWidthStr as _;

use crate::domain::text::folded;

/// What a filter may be, with what it selects.
pub const FILTERS: [(&str, &str); 8] = [
    ("live gift", "rows that have both texts"),
    ("!kube", "rows that do not have it"),
    ("~lvgft", "these letters in this order"),
    ("-l app=live,!spot", "labels, as kubectl takes them"),
    ("cpu>500m", "a column compared: < > <= >= = !="),
    ("age<2h", "younger than two hours"),
    ("ready<desired", "one column with another"),
    ("status=Crash", "a column that has this text"),
];

/// What the title of logs says, and what it means.
pub const LOGS: [(&str, &str); 4] = [
    ("12,345 let go", "older lines are not kept any more: 16 MiB are"),
    ("full", "paused and full: the servers wait until it goes on"),
    ("12 queued", "containers that wait for a place: 50 a cluster"),
    ("possible gap", "the server may not have what was between"),
];

/// Columns that keys take before what they do.
const KEYS: usize = 18;

/// Something that help tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The name of what follows.
    Title(String),
    /// Keys, what they do, and why they do not do it now.
    Key {
        keys: String,
        does: String,
        refused: Option<String>,
    },
}

/// A line of help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Blank,
    Title(String),
    /// A part of the keys, and of what they do; `off`: not now.
    Text {
        keys: String,
        text: String,
        off: bool,
    },
}

/// How help stands on a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Columns and lines of its frame.
    pub frame: (u16, u16),
    /// Lines side by side, each with its columns of the terminal.
    pub columns: Vec<Vec<Line>>,
    pub column_width: u16,
    /// Lines in sight at once.
    pub height: usize,
}

impl Layout {
    /// What is told in so many columns and lines between the header and the line of keys.
    pub fn of(entries: &[Entry], (columns, height): (u16, u16)) -> Self {
        let frame = (columns.saturating_sub(4).min(160), height);
        let count: u16 = if frame.0 >= 92 { 2 } else { 1 };
        let column_width = frame.0.saturating_sub(2) / count;
        let mut lines = Vec::new();
        for entry in entries {
            add(entry, usize::from(column_width.saturating_sub(2)), &mut lines);
        }
        let in_column = lines.len().div_ceil(usize::from(count)).max(1);
        Self {
            frame,
            columns: lines.chunks(in_column).map(<[Line]>::to_vec).collect(),
            column_width,
            height: usize::from(height.saturating_sub(2)),
        }
    }

    /// How far it can be scrolled: 0 if all of it is in sight.
    pub fn most(&self) -> usize {
        self.columns.first().map_or(0, Vec::len).saturating_sub(self.height)
    }
}

fn add(entry: &Entry, room: usize, lines: &mut Vec<Line>) {
    match entry {
        Entry::Title(name) => {
            if !lines.is_empty() {
                lines.push(Line::Blank);
            }
            lines.push(Line::Title(name.clone()));
        }
        Entry::Key { keys, does, refused } => {
            let text = match refused {
                Some(reason) => format!("{does}; not now: {reason}"),
                None => does.clone(),
            };
            let room = room.saturating_sub(KEYS + 3).max(10);
            let (mut keys, mut text) = (side_by_side(keys, KEYS).into_iter(), folded(&text, room).into_iter());
            loop {
                let (key, part) = (keys.next(), text.next());
                if key.is_none() && part.is_none() {
                    break;
                }
                lines.push(Line::Text {
                    keys: key.unwrap_or_default(),
                    text: part.unwrap_or_default(),
                    off: refused.is_some(),
                });
            }
        }
    }
}

/// Keys in lines of so many columns, none of them parted: two blanks stand between two.
fn side_by_side(keys: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for key in keys.split("  ") {
        match lines.last_mut() {
            Some(line) if line.width() + 2 + key.width() <= room => {
                line.push_str("  ");
                line.push_str(key);
            }
            _ => lines.push(key.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_cut_and_all_of_it_can_be_scrolled_to() {
        let key = |keys: &str, does: &str, refused: Option<&str>| Entry::Key {
            keys: keys.into(),
            does: does.into(),
            refused: refused.map(Into::into),
        };
        let mut entries = vec![Entry::Title("here".into())];
        entries.extend((0..30).map(|n| {
            let does = format!("does {n}, which takes more than the few columns that there are");
            key("ctrl-x ctrl-c  pagedown  home", &does, Some("nothing is selected"))
        }));
        for size in [(60, 13), (80, 22), (200, 48)] {
            let layout = Layout::of(&entries, size);
            let all = format!("{:?}", layout.columns);
            assert!(!all.contains('…'), "{all}");
            for line in layout.columns.iter().flatten() {
                if let Line::Text { keys, text, .. } = line {
                    assert!(keys.width() <= KEYS, "{line:?}");
                    assert!(text.width() + KEYS + 5 <= usize::from(layout.column_width), "{line:?}");
                }
            }
            let longest = layout.columns.iter().map(Vec::len).max().unwrap();
            assert!(layout.most() + layout.height >= longest, "{size:?}");
        }
    }
}
