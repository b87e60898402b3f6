//! Logs to disk: what is shown, or whole logs as the server sends them; for this user alone, over nothing that is there.
//!
//! A file is called `.part` until it is whole: also what a crash leaves tells that it is not.

use std::convert::Infallible;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::files;
use crate::cluster::Cluster;
use crate::domain::{Clean, ClusterId};
use crate::logs::Request;
use crate::logs::save::{Outcome, Progress, Save, Saved, Saving};
use crate::message::Message;

/// Logs that are read at a time.
const AT_ONCE: usize = 4;
/// Pieces that may wait for the disk; then the connection is not read.
const PIECES: usize = 16;
/// How often it is told how far it is.
const PACE: Duration = Duration::from_millis(250);
/// Names that are tried where others are taken.
const NAMES: usize = 100;

/// Saves one thing at a time.
#[derive(Debug)]
pub struct Saver {
    folder: PathBuf,
    running: CancellationToken,
    messages: mpsc::Sender<Message>,
}

/// What is counted while it runs.
#[derive(Debug, Default)]
struct Count {
    bytes: AtomicU64,
    done: AtomicUsize,
    files: usize,
}

impl Count {
    fn progress(&self) -> Progress {
        Progress {
            bytes: self.bytes.load(Ordering::Relaxed),
            done: self.done.load(Ordering::Relaxed),
            files: self.files,
        }
    }
}

impl Saver {
    /// Saves into `folder`, and tells `messages`.
    pub fn new(folder: PathBuf, messages: mpsc::Sender<Message>) -> Self {
        Self {
            folder,
            running: CancellationToken::new(),
            messages,
        }
    }

    /// Starts to save; must be called within the async runtime.
    pub fn save(&mut self, save: Save, find: impl Fn(&ClusterId) -> Option<Cluster>) {
        self.running = CancellationToken::new();
        let (folder, cancel, messages) = (self.folder.clone(), self.running.clone(), self.messages.clone());
        let name = save.name;
        match save.what {
            Saved::Shown(text) => {
                tokio::spawn(async move {
                    let written = tokio::task::spawn_blocking(move || write_text(&folder, &name, &text)).await;
                    let outcome = written.unwrap_or_else(|_| failed("the writing failed inside this program".into()));
                    drop(messages.send(Message::Saving(Saving::Ended(outcome))).await);
                });
            }
            Saved::Whole(files) => {
                let files = files.into_iter();
                let known = files.filter_map(|(file, request)| Some((file, find(&request.slot.cluster)?, request)));
                let whole = Whole {
                    folder,
                    name,
                    files: known.collect(),
                };
                tokio::spawn(async move {
                    let outcome = whole.run(&cancel, &messages).await;
                    drop(messages.send(Message::Saving(Saving::Ended(outcome))).await);
                });
            }
        }
    }

    /// Stops what is being saved; what is written stays.
    pub fn stop(&self) {
        self.running.cancel();
    }
}

/// Whole logs to be read and written.
struct Whole {
    folder: PathBuf,
    name: String,
    files: Vec<(String, Cluster, Request)>,
}

impl Whole {
    async fn run(self, cancel: &CancellationToken, messages: &mpsc::Sender<Message>) -> Outcome {
        let count = Arc::new(Count {
            files: self.files.len(),
            ..Count::default()
        });
        let telling = async {
            loop {
                tokio::time::sleep(PACE).await;
                drop(messages.send(Message::Saving(Saving::Going(count.progress()))).await);
            }
        };
        let told: Infallible = tokio::select! {
            outcome = self.write(cancel, &count) => return outcome,
            never = telling => never,
        };
        match told {}
    }

    async fn write(self, cancel: &CancellationToken, count: &Arc<Count>) -> Outcome {
        let Self { folder, name, files } = self;
        let is_one = files.len() == 1;
        let made = if is_one {
            files::private_folder(&folder).map(|()| folder.clone())
        } else {
            files::private_folder(&folder).and_then(|()| new_folder(&folder, &name))
        };
        let inside = match made {
            Ok(inside) => inside,
            Err(error) => return failed(format!("{}: {}", folder.display(), in_words(&error))),
        };
        // The disk's failure ends all; a log's own ends that log.
        let halt = cancel.child_token();
        let each = files.into_iter().map(|(file, cluster, request)| {
            let (inside, count, halt) = (inside.clone(), Arc::clone(count), halt.clone());
            let file = if is_one { name.clone() } else { file };
            async move {
                let wrote = write_one(&inside, &file, &cluster, &request, (&count, &halt)).await;
                count.done.fetch_add(1, Ordering::Relaxed);
                (request, wrote)
            }
        });
        let mut results = futures::stream::iter(each).buffer_unordered(AT_ONCE);
        let mut place = if is_one { PathBuf::new() } else { inside.clone() };
        let mut problems = Vec::new();
        while let Some((request, wrote)) = results.next().await {
            let subject = format!("{}/{}", request.pod.name, request.slot.container);
            match wrote {
                Ok(path) if is_one => place = path,
                Ok(_) => {}
                Err(Failure { path, why, is_of_disk }) => {
                    if is_of_disk {
                        halt.cancel();
                    }
                    if is_one {
                        place = path.unwrap_or_default();
                    }
                    problems.extend(why.map(|why| Clean::from(format!("{subject}: {why}"))));
                }
            }
        }
        // Succeeds only where nothing was written.
        if !is_one && std::fs::remove_dir(&inside).is_ok() {
            place = PathBuf::new();
        }
        Outcome {
            progress: count.progress(),
            place: shown(&place),
            problems,
            is_stopped: cancel.is_cancelled(),
        }
    }
}

/// Why a file is not whole; without a reason it was stopped.
struct Failure {
    /// What there is of it.
    path: Option<PathBuf>,
    why: Option<String>,
    is_of_disk: bool,
}

impl Failure {
    fn of_disk(path: Option<PathBuf>, error: &io::Error) -> Self {
        Self {
            path,
            why: Some(in_words(error)),
            is_of_disk: true,
        }
    }
}

async fn write_one(
    folder: &Path,
    name: &str,
    cluster: &Cluster,
    request: &Request,
    (count, halt): (&Arc<Count>, &CancellationToken),
) -> Result<PathBuf, Failure> {
    if halt.is_cancelled() {
        return Err(Failure {
            path: None,
            why: None,
            is_of_disk: false,
        });
    }
    let (file, part) = new_file(folder, name).map_err(|error| Failure::of_disk(None, &error))?;
    let (sender, pieces) = mpsc::channel(PIECES);
    let counted = Arc::clone(count);
    let writing = tokio::task::spawn_blocking(move || write_pieces(file, pieces, &counted));
    let reading = async move { cluster.read_log(request, &sender).await };
    let read = halt.run_until_cancelled(reading).await;
    let wrote = writing.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    let of_it = |part: PathBuf| {
        let is_empty = part.metadata().is_ok_and(|file| file.len() == 0);
        let is_gone = is_empty && std::fs::remove_file(&part).is_ok();
        (!is_gone).then_some(part)
    };
    match (wrote, read) {
        (Err(error), _) => Err(Failure::of_disk(of_it(part), &error)),
        (Ok(()), Some(Ok(()))) => finish(&part).map_err(|error| Failure::of_disk(Some(part), &error)),
        (Ok(()), Some(Err(error))) => Err(Failure {
            path: of_it(part),
            why: Some(error.to_string()),
            is_of_disk: false,
        }),
        (Ok(()), None) => Err(Failure {
            path: of_it(part),
            why: None,
            is_of_disk: false,
        }),
    }
}

/// Writes pieces as they come; a disk that is slower than the network makes the network wait.
fn write_pieces(mut file: File, mut pieces: mpsc::Receiver<Bytes>, count: &Count) -> io::Result<()> {
    while let Some(piece) = pieces.blocking_recv() {
        file.write_all(&piece)?;
        count.bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
    }
    Ok(())
}

fn write_text(folder: &Path, name: &str, text: &str) -> Outcome {
    let written = files::private_folder(folder).and_then(|()| {
        let (mut file, part) = new_file(folder, name)?;
        file.write_all(text.as_bytes())?;
        finish(&part)
    });
    match written {
        Ok(path) => Outcome {
            progress: Progress {
                bytes: text.len() as u64,
                done: 1,
                files: 1,
            },
            place: shown(&path),
            ..Outcome::default()
        },
        Err(error) => failed(format!("{}: {}", folder.display(), in_words(&error))),
    }
}

fn failed(why: String) -> Outcome {
    Outcome {
        problems: vec![why.into()],
        ..Outcome::default()
    }
}

/// A file that nobody else may read, under a name that nothing has: `NAME.log.part`.
fn new_file(folder: &Path, name: &str) -> io::Result<(File, PathBuf)> {
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

fn new_folder(folder: &Path, name: &str) -> io::Result<PathBuf> {
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
fn finish(part: &Path) -> io::Result<PathBuf> {
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

fn shown(path: &Path) -> Clean {
    if path.as_os_str().is_empty() {
        return Clean::default();
    }
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Clean::from(whole.display().to_string())
}

fn in_words(error: &io::Error) -> String {
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

#[cfg(test)]
#[path = "saving_tests.rs"]
mod tests;
