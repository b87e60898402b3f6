//! Files of logs: for one's own eyes, over nothing that is there, called what they are.

use std::os::unix::fs::PermissionsExt as _;

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use bytes::Bytes;

use super::file::{finish, in_words, new_file};
use super::whole::Writing;
use super::*;
use crate::logs::shown::Shown;
use crate::logs::{Pane, Record};

/// Lines as they are shown.
fn shown(lines: &[&str]) -> Shown {
    let mut pane = Pane::default();
    let stream = pane.join();
    for text in lines {
        let text = text.as_bytes();
        pane.push(
            stream,
            &Record {
                at: None,
                text,
                more: 0,
            },
        );
    }
    Shown::new(pane, None, rustc_hash::FxHashMap::default())
}

fn write_text(folder: &Path, name: &str, lines: &[&str]) -> Outcome {
    let count = Count::default();
    shown::save(folder, name, &mut shown(lines), &count, &CancellationToken::new())
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_shown_is_a_file_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = write_text(&folder.path().join("a/b"), "gift", &["one", "two"]);
    let path = folder.path().join("a/b/gift.log");
    assert_eq!(
        (outcome.place.as_str(), outcome.progress.bytes),
        (path.to_str().unwrap(), 8)
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(
        std::fs::read_dir(folder.path().join("a/b")).unwrap().count(),
        1,
        "no part is left"
    );
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("gift.log"), "mine").unwrap();
    std::fs::write(at("gift-2.log.part"), "unfinished").unwrap();
    std::os::unix::fs::symlink(at("elsewhere"), at("gift-3.log")).unwrap();
    let outcome = write_text(folder.path(), "gift", &["new"]);
    assert_eq!(outcome.place.as_str(), at("gift-4.log").to_str().unwrap());
    assert_eq!(std::fs::read_to_string(at("gift.log")).unwrap(), "mine");
    assert!(!at("elsewhere").exists());
    // Not even what came while it was written.
    let (_, part) = new_file(folder.path(), "late").unwrap();
    std::fs::write(at("late.log"), "theirs").unwrap();
    assert_eq!(finish(&part).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read_to_string(at("late.log")).unwrap(), "theirs");
}

#[test]
fn what_cannot_be_written_is_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let outcome = write_text(&file, "gift", &["text"]);
    assert!(outcome.place.is_empty(), "{outcome:?}");
    let text = outcome.problems[0].to_string();
    assert!(text.starts_with(file.to_str().unwrap()), "{text}");
    // What the kernel says of a full disk (ENOSPC) and of one that nobody may write to (EACCES, EROFS).
    for (code, words) in [
        (28, "the disk is full"),
        (13, "you may not write there"),
        (30, "read-only"),
    ] {
        assert!(in_words(&io::Error::from_raw_os_error(code)).contains(words), "{code}");
    }
}

#[tokio::test]
async fn a_full_disk_ends_the_writing() {
    // The device that is always full.
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        return;
    };
    let (sender, pieces) = mpsc::channel(4);
    let mut writing = Writing::new(full, Arc::default());
    let writing = tokio::task::spawn_blocking(move || writing.take(pieces));
    drop(sender.send(Bytes::from_static(b"too much")).await);
    let error = writing.await.unwrap().unwrap_err();
    assert_eq!(in_words(&error), "the disk is full");
    sender.closed().await;
}

#[test]
fn of_what_is_shown_a_full_disk_leaves_a_part_that_is_named() {
    let full = || OpenOptions::new().write(true).open("/dev/full");
    if full().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join("gift.log.part");
    for (before, place) in [("so far", part.to_str().unwrap()), ("", "")] {
        std::fs::write(&part, before).unwrap();
        let count = Count {
            bytes: AtomicU64::new(6),
            files: 1,
            ..Count::default()
        };
        let opened = (full().unwrap(), part.clone());
        let outcome = shown::write(opened, &mut shown(&["more"]), &count, &CancellationToken::new());
        assert_eq!(outcome.place, place);
        assert_eq!((outcome.progress.bytes, outcome.progress.done), (6, 0));
        let problem = outcome.problems[0].as_str();
        assert!(
            problem.contains("gift.log.part: the disk is full") && !outcome.is_stopped,
            "{problem}"
        );
        assert_eq!(part.exists(), !place.is_empty(), "without a byte nothing is left");
    }
}

#[test]
fn what_is_shown_is_stopped_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let mut pane = Pane::default();
    let stream = pane.join();
    let text = vec![b'x'; 60_000];
    for _ in 0..20 {
        let line = Record {
            at: None,
            text: &text,
            more: 0,
        };
        pane.push(stream, &line);
    }
    let mut shown = Shown::new(pane, None, rustc_hash::FxHashMap::default());
    let outcome = shown::save(folder.path(), "gift", &mut shown, &Count::default(), &cancel);
    assert!(outcome.is_stopped && outcome.problems.is_empty(), "{outcome:?}");
    assert!(!folder.path().join("gift.log").exists());
}
