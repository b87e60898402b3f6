//! What is shown: made into text and written, a little at a time.

use std::io::{self, Write as _};
use std::path::Path;
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
    let wrote = opened.and_then(|(mut opened, part)| {
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
        match wrote.and_then(|()| put(&mut text)) {
            Ok(()) => file::finish(&part).map(Some),
            Err(_) if cancel.is_cancelled() => Ok(file::left_of(part)),
            Err(error) => Err(error),
        }
    });
    match wrote {
        Ok(place) => {
            let is_stopped = cancel.is_cancelled();
            count.done.fetch_add(usize::from(!is_stopped), Ordering::Relaxed);
            Outcome {
                progress: count.progress(),
                place: file::shown(&place.unwrap_or_default()),
                is_stopped,
                ..Outcome::default()
            }
        }
        Err(error) => failed(format!("{}: {}", folder.display(), file::in_words(&error))),
    }
}
