//! What is shown: made into text and written, a little at a time.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use tokio_util::sync::CancellationToken;

use super::{Count, failed, file};
use crate::logs::save::Outcome;
use crate::logs::shown::Shown;
use crate::runtime::files;

/// Bytes that are written at a time.
const ROOM: usize = 256 * 1024;

/// Writes the lines to a file in the folder, until they are all there or it is stopped.
pub(super) fn save(folder: &Path, name: &str, shown: &mut Shown, count: &Count, cancel: &CancellationToken) -> Outcome {
    let opened = files::private_folder(folder).and_then(|()| file::new_file(folder, name));
    match opened {
        Ok((opened, part)) => write((opened, part), shown, count, cancel),
        Err(error) => failed(format!("{}: {}", folder.display(), file::in_words(&error))),
    }
}

/// Writes the lines to a file that is open, and calls it whole once they are all there.
pub(super) fn write(
    (mut opened, part): (File, PathBuf),
    shown: &mut Shown,
    count: &Count,
    cancel: &CancellationToken,
) -> Outcome {
    let mut text = String::with_capacity(2 * ROOM);
    let mut put = |text: &mut String| {
        opened.write_all(text.as_bytes())?;
        count.bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
        text.clear();
        Ok::<(), io::Error>(())
    };
    let wrote = shown.each(|line| {
        text.push_str(line);
        match text.len() >= ROOM {
            true if cancel.is_cancelled() => Err(io::ErrorKind::Interrupted.into()),
            true => put(&mut text),
            false => Ok(()),
        }
    });
    let wrote = wrote.and_then(|()| put(&mut text)).and_then(|()| file::finish(&part));
    let is_stopped = cancel.is_cancelled();
    count
        .done
        .fetch_add(usize::from(wrote.is_ok() && !is_stopped), Ordering::Relaxed);
    let (place, problem) = match wrote {
        Ok(whole) => (Some(whole), None),
        Err(_) if is_stopped => (file::left_of(part), None),
        Err(error) => {
            let problem = format!("{}: {}", part.display(), file::in_words(&error));
            (file::left_of(part), Some(problem.into()))
        }
    };
    Outcome {
        progress: count.progress(),
        place: file::shown(&place.unwrap_or_default()),
        problems: problem.into_iter().collect(),
        is_stopped,
    }
}
