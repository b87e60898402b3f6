//! What is written to disk of logs: what is shown, or whole logs as the server has them; and how far it is.

use super::reading::Request;
use super::shown::Shown;
use crate::domain::{Clean, Timestamp};

/// Bytes of a name before its end; file systems take 255.
const LONGEST: usize = 200;

/// Something to write, under a name of its own that nothing else has yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Save {
    /// Of the file without its end, or of the folder where there are several files.
    pub name: String,
    pub what: Saved,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// These lines, in one file.
    Shown(Box<Shown>),
    /// These logs, each in a file: its name without its end, and what to ask the server for.
    Whole(Vec<(String, Request)>),
}

/// How far a save is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Written.
    pub bytes: u64,
    /// Files that are done, and all of them.
    pub done: usize,
    pub files: usize,
    /// Times that a connection was lost and a log went on where it was.
    pub cuts: usize,
}

/// What came of a save.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub progress: Progress,
    /// The file or the folder; empty if there is none.
    pub place: Clean,
    /// What is not whole or could not be written, each with the reason.
    pub problems: Vec<Clean>,
    /// A person stopped it.
    pub is_stopped: bool,
}

/// What is told of a save that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saving {
    Going(Progress),
    Ended(Outcome),
}

impl Save {
    /// How far it is before it begins.
    pub fn progress(&self) -> Progress {
        let files = match &self.what {
            Saved::Shown(_) => 1,
            Saved::Whole(files) => files.len(),
        };
        Progress {
            files,
            ..Progress::default()
        }
    }
}

impl Progress {
    /// The bytes as a person reads them: `12.3 MB`.
    pub fn size(&self) -> String {
        let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
        match units.into_iter().find(|(unit, _)| self.bytes >= *unit) {
            Some((unit, name)) => {
                let tenths = self.bytes / (unit / 10);
                format!("{}.{} {name}", tenths / 10, tenths % 10)
            }
            None => format!("{} bytes", self.bytes),
        }
    }

    /// That connections were lost, if any was: `, went on after 2 lost connections`.
    pub fn interruptions(&self) -> String {
        match self.cuts {
            0 => String::new(),
            1 => ", went on after a lost connection".to_owned(),
            cuts => format!(", went on after {cuts} lost connections"),
        }
    }
}

/// A name made of parts and a time on a clock so many minutes east of Greenwich: such as
/// `idc-bj-gift-live-gift-x2k4p-app-20261122-161307`. Whatever the parts are, it is one safe name.
pub fn name<'a>(parts: impl IntoIterator<Item = &'a str>, at: Timestamp, east: i32) -> String {
    let here = at + chrono::TimeDelta::minutes(i64::from(east));
    let mut name = joined(parts);
    name.truncate(LONGEST);
    format!("{name}-{}", here.format("%Y%m%d-%H%M%S"))
}

/// Parts as one name, of letters, digits and `-`, `_`, `.` alone.
pub fn joined<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let whole = parts.into_iter().collect::<Vec<_>>().join("-");
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
            c
        } else {
            '_'
        }
    };
    let mut name: String = whole.chars().map(safe).take(LONGEST).collect();
    // Neither hidden, nor `..`, nor an option.
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        name.insert(0, 'x');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_their_unit() {
        let size = |bytes| {
            Progress {
                bytes,
                ..Progress::default()
            }
            .size()
        };
        assert_eq!(
            [0, 999, 1_000, 12_345_678, 9_999_999_999].map(size),
            ["0 bytes", "999 bytes", "1.0 kB", "12.3 MB", "9.9 GB"]
        );
    }

    #[test]
    fn a_name_says_whose_log_it_is_and_is_one_name() {
        let at: Timestamp = "2026-11-22T08:13:07Z".parse().unwrap();
        for (parts, want) in [
            (
                vec!["idc-bj", "gift", "live-gift-x2k4p", "app"],
                "idc-bj-gift-live-gift-x2k4p-app-20261122-161307",
            ),
            (vec!["../../etc", "a/b"], "x.._.._etc-a_b-20261122-161307"),
            (vec!["-rf", "直播"], "x-rf-__-20261122-161307"),
            (vec![], "x-20261122-161307"),
        ] {
            assert_eq!(name(parts, at, 480), want);
        }
        let long = name(["a".repeat(300).as_str()], at, 0);
        assert!(long.len() < 240 && long.ends_with("-20261122-081307"), "{long}");
    }
}
