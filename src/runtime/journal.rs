//! Lines appended to files by a thread of their own, so that a slow disk delays nothing: our log, the activity log.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use super::files;

/// A file is put aside when it has grown to this, in bytes.
const LARGEST: u64 = 10 * 1024 * 1024;

/// How many files there are at most: the one written and those put aside.
const KEPT: usize = 3;

/// Lines that may wait for the disk; more are dropped rather than waited for.
const WAITING: usize = 4096;

/// The file and those put aside, the newest first; not all need be there.
pub(super) fn files(path: &Path) -> impl Iterator<Item = PathBuf> {
    let aside = (1..KEPT).map(|number| put_aside(path, number));
    std::iter::once(path.to_owned()).chain(aside)
}

fn put_aside(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// A file that lines are appended to.
#[derive(Clone, Debug)]
pub struct Journal {
    sender: SyncSender<Line>,
}

#[derive(Debug)]
enum Line {
    Text(String),
    Flush(SyncSender<()>),
}

impl Journal {
    /// Opens or makes the file, readable by this user alone.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            files::private_folder(folder)?;
        }
        let mut rotated = Rotated::open(path, LARGEST)?;
        let (sender, receiver) = sync_channel(WAITING);
        std::thread::Builder::new()
            .name("pilothouse-journal".into())
            .spawn(move || append(&receiver, &mut rotated))?;
        Ok(Self { sender })
    }

    /// Appends a line; never waits.
    pub fn line(&self, text: String) {
        let _ = self.sender.try_send(Line::Text(text));
    }

    /// Waits until what was given is on the disk, but not for long.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.sender.try_send(Line::Flush(done)).is_ok() {
            let _ = wait.recv_timeout(Duration::from_millis(100));
        }
    }
}

fn append(receiver: &Receiver<Line>, file: &mut Rotated) {
    for line in receiver {
        match line {
            // A full disk costs the log, not the program.
            Line::Text(text) => drop(file.line(&text)),
            Line::Flush(done) => drop(done.send(())),
        }
    }
}

/// A file that is put aside when it is large: `x.log`, `x.log.1`, `x.log.2`.
#[derive(Debug)]
struct Rotated {
    path: PathBuf,
    file: File,
    written: u64,
    largest: u64,
}

impl Rotated {
    fn open(path: &Path, largest: u64) -> io::Result<Self> {
        let file = files::private_file(path)?;
        Ok(Self {
            path: path.to_owned(),
            written: file.metadata()?.len(),
            file,
            largest,
        })
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        if self.written >= self.largest {
            self.rotate()?;
        }
        // One write a line: two programs may share the file without mixing their lines.
        let line = format!("{}\n", text.replace('\n', "\n  "));
        self.file.write_all(line.as_bytes())?;
        self.written += line.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..KEPT).rev() {
            let from = if number == 1 {
                self.path.clone()
            } else {
                put_aside(&self.path, number - 1)
            };
            let _ = std::fs::rename(from, put_aside(&self.path, number));
        }
        self.file = files::private_file(&self.path)?;
        self.written = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_on_the_disk_after_a_flush() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/activity.jsonl");
        let journal = Journal::open(&path).unwrap();
        journal.line("one".into());
        journal.line("two\nlines".into());
        journal.flush();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "one\ntwo\n  lines\n");
    }

    #[test]
    fn a_large_file_is_put_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        let mut file = Rotated::open(&path, 8).unwrap();
        for text in ["aaaaaaaaa", "bbbbbbbbb", "ccccccccc", "ddddddddd"] {
            file.line(text).unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).ok();
        assert_eq!(read("x.log").unwrap(), "ddddddddd\n");
        assert_eq!(read("x.log.1").unwrap(), "ccccccccc\n");
        assert_eq!(read("x.log.2").unwrap(), "bbbbbbbbb\n");
        assert_eq!(read("x.log.3"), None);
    }
}
