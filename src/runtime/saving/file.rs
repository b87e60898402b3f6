//! Files of logs on disk: for this user alone, over nothing that is there, called `.part` until they are whole.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::domain::Clean;

/// Names that are tried where others are taken.
const NAMES: usize = 100;

/// A file that nobody else may read, under a name that nothing has: `NAME.log.part`.
pub(super) fn new_file(folder: &Path, name: &str) -> io::Result<(File, PathBuf)> {
    for name in names(name) {
        let part = folder.join(format!("{name}.log.part"));
        if part.with_extension("").symlink_metadata().is_ok() {
            continue;
        }
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part) {
            Ok(file) => return Ok((file, part)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

pub(super) fn new_folder(folder: &Path, name: &str) -> io::Result<PathBuf> {
    for name in names(name) {
        let path = folder.join(name);
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn names(name: &str) -> impl Iterator<Item = String> {
    let more = (2..NAMES).map(move |n| format!("{name}-{n}"));
    std::iter::once(name.to_owned()).chain(more)
}

/// Takes `.part` off a whole file's name, over nothing that is there.
pub(super) fn finish(part: &Path) -> io::Result<PathBuf> {
    let whole = part.with_extension("");
    // A link is never made over a file; a rename is.
    match std::fs::hard_link(part, &whole) {
        Ok(()) => std::fs::remove_file(part)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // Not every file system has links.
        Err(_) if whole.symlink_metadata().is_err() => std::fs::rename(part, &whole)?,
        Err(error) => return Err(error),
    }
    Ok(whole)
}

pub(super) fn shown(path: &Path) -> Clean {
    if path.as_os_str().is_empty() {
        return Clean::default();
    }
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Clean::from(whole.display().to_string())
}

pub(super) fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full".into(),
        io::ErrorKind::QuotaExceeded => "your share of the disk is used up".into(),
        io::ErrorKind::PermissionDenied => "you may not write there".into(),
        io::ErrorKind::ReadOnlyFilesystem => "nothing can be written there: the file system is read-only".into(),
        io::ErrorKind::AlreadyExists => "files of that name are there already".into(),
        io::ErrorKind::NotADirectory => "that is no folder".into(),
        _ => error.to_string(),
    }
}

/// What there is of a file that is not whole: one in which nothing was written is taken away.
pub(super) fn left_of(part: PathBuf) -> Option<PathBuf> {
    let is_empty = part.metadata().is_ok_and(|file| file.len() == 0);
    let is_gone = is_empty && std::fs::remove_file(&part).is_ok();
    (!is_gone).then_some(part)
}
