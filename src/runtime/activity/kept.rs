//! The activity log read back: what was done, the oldest first.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::Deserialize;

use super::super::journal;
use crate::domain::Timestamp;

/// A line of the activity log. It is text from a file: nothing of it is harmless on a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Line {
    pub time: Timestamp,
    /// Who ran the program, such as `oncall@jump1`.
    pub person: String,
    pub process: u32,
    pub did: String,
    pub cluster: Option<String>,
    /// `Deployment gift/live`; where no cluster is named, whatever else it was about.
    pub object: Option<String>,
    /// Of a write.
    pub attempt: Option<Attempt>,
}

/// [`super::Attempt`] as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    pub cluster: String,
    pub object: String,
    /// Unknown of what was written before apps were noted.
    pub app: Option<String>,
    pub uid: String,
    pub operation: String,
    pub user: String,
    pub from: Option<String>,
    pub to: Option<String>,
    /// Unknown of what was written before requests were noted.
    pub request: Option<String>,
    pub reason: Option<String>,
    #[serde(rename = "override")]
    pub overridden: Option<String>,
    pub taken_over: Option<String>,
    pub answer: String,
    pub milliseconds: u64,
}

/// What is kept of the activity log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The oldest first.
    pub lines: Vec<Line>,
    /// How many lines could not be read.
    pub unreadable: usize,
}

/// Reads the log and what was put aside of it; no file is an empty log.
///
/// # Errors
/// A file is there and cannot be read.
pub fn read(path: &Path, is_wanted: impl Fn(&Line) -> bool) -> io::Result<Kept> {
    let mut files = Vec::new();
    let mut known = HashSet::new();
    // The newest is opened first: one that is put aside meanwhile is met again under its other name, and none is missed.
    for path in journal::files(path) {
        match File::open(&path) {
            Ok(file) => {
                let about = file.metadata()?;
                if known.insert((about.dev(), about.ino())) {
                    files.push(file);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let mut kept = Kept::default();
    for file in files.into_iter().rev() {
        for line in BufReader::new(file).split(b'\n') {
            match serde_json::from_slice::<Line>(&line?) {
                Ok(line) if is_wanted(&line) => kept.lines.push(line),
                Ok(_) => {}
                Err(_) => kept.unreadable += 1,
            }
        }
    }
    // Several programs write it, each by its own clock.
    kept.lines.sort_by_key(|line| line.time);
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: u8, did: &str) -> String {
        format!(r#"{{"time":"2027-01-15T08:00:{second:02}.000Z","person":"oncall@jump1","process":7,"did":"{did}"}}"#)
    }

    #[test]
    fn what_was_put_aside_comes_first_and_what_cannot_be_read_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("activity.jsonl");
        assert_eq!(read(&path, |_| true).unwrap(), Kept::default());
        let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        write("activity.jsonl.2", format!("{}\n", line(1, "a")));
        write("activity.jsonl.1", format!("{}\n{}\n", line(3, "c"), line(2, "b")));
        write(
            "activity.jsonl",
            format!("\u{0}\n{}\n{{\"time\":\n{}", line(4, "d"), line(5, "e").split_at(20).0),
        );
        write("activity.jsonl.3", format!("{}\n", line(0, "too old")));
        let kept = read(&path, |line| line.did != "b").unwrap();
        let did: Vec<&str> = kept.lines.iter().map(|line| line.did.as_str()).collect();
        assert_eq!((did, kept.unreadable), (vec!["a", "c", "d"], 3));
    }

    #[test]
    fn a_file_of_two_names_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("activity.jsonl");
        std::fs::write(&path, line(1, "a")).unwrap();
        std::fs::hard_link(&path, folder.path().join("activity.jsonl.1")).unwrap();
        assert_eq!(read(&path, |_| true).unwrap().lines.len(), 1);
    }
}
