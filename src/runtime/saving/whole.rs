//! Whole logs: read from the server and written as they come, each again from where it was when its connection was lost.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Count, failed, file};
use crate::cluster::Cluster;
use crate::domain::Clean;
use crate::logs::Request;
use crate::logs::run::End;
use crate::logs::save::Outcome;
use crate::logs::whole::{Step, Whole};
use crate::runtime::files;
use crate::runtime::logs::end_of;

/// Logs that are read at a time.
const AT_ONCE: usize = 4;
/// Pieces that may wait for the disk; then the connection is not read.
const PIECES: usize = 16;

/// Whole logs to be read and written.
pub(super) struct Wholes {
    pub(super) folder: PathBuf,
    pub(super) name: String,
    pub(super) files: Vec<(String, Cluster, Request)>,
}

impl Wholes {
    pub(super) async fn save(self, cancel: &CancellationToken, count: &Arc<Count>) -> Outcome {
        let Self { folder, name, files } = self;
        let is_one = files.len() == 1;
        let made = if is_one {
            files::private_folder(&folder).map(|()| folder.clone())
        } else {
            files::private_folder(&folder).and_then(|()| file::new_folder(&folder, &name))
        };
        let inside = match made {
            Ok(inside) => inside,
            Err(error) => return failed(format!("{}: {}", folder.display(), file::in_words(&error))),
        };
        // The disk's failure ends all; a log's own ends that log.
        let halt = cancel.child_token();
        let each = files.into_iter().map(|(own, cluster, request)| {
            let (inside, count, halt) = (inside.clone(), Arc::clone(count), halt.clone());
            let file = if is_one { name.clone() } else { own };
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
            place: file::shown(&place),
            problems,
            is_stopped: cancel.is_cancelled(),
        }
    }
}

/// Why a file is not whole; without a reason it was stopped.
#[derive(Default)]
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
            why: Some(file::in_words(error)),
            is_of_disk: true,
        }
    }
}

/// A log on its way to its file.
pub(super) struct Writing {
    file: File,
    whole: Whole,
    count: Arc<Count>,
}

impl Writing {
    pub(super) fn new(file: File, count: Arc<Count>) -> Self {
        Self {
            file,
            whole: Whole::default(),
            count,
        }
    }

    /// Writes pieces as they come; a disk that is slower than the network makes the network wait.
    pub(super) fn take(&mut self, mut pieces: mpsc::Receiver<Bytes>) -> io::Result<()> {
        while let Some(piece) = pieces.blocking_recv() {
            let cuts = self.whole.cuts();
            let (file, count) = (&mut self.file, &self.count);
            self.whole.feed(&piece, |step| write(file, count, step))?;
            count.cuts.fetch_add(self.whole.cuts() - cuts, Ordering::Relaxed);
            if self.whole.is_broken() {
                break;
            }
        }
        Ok(())
    }

    fn cut(&mut self) -> io::Result<bool> {
        self.whole.cut(|step| write(&mut self.file, &self.count, step))
    }

    fn end(&mut self) -> io::Result<()> {
        self.whole.end(|step| write(&mut self.file, &self.count, step))
    }
}

fn write(file: &mut File, count: &Count, step: Step<'_>) -> io::Result<()> {
    match step {
        Step::Write(bytes) => {
            file.write_all(bytes)?;
            count.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        Step::Back(0) => {}
        Step::Back(bytes) => {
            let end = file.stream_position()?.saturating_sub(bytes);
            file.set_len(end)?;
            file.seek(io::SeekFrom::Start(end))?;
            count.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
    Ok(())
}

async fn write_one(
    folder: &Path,
    name: &str,
    cluster: &Cluster,
    request: &Request,
    (count, halt): (&Arc<Count>, &CancellationToken),
) -> Result<PathBuf, Failure> {
    if halt.is_cancelled() {
        return Err(Failure::default());
    }
    let (opened, part) = file::new_file(folder, name).map_err(|error| Failure::of_disk(None, &error))?;
    let mut writing = Writing::new(opened, Arc::clone(count));
    loop {
        let asked = Request {
            ask: writing.whole.ask(),
            failures: writing.whole.fruitless(),
            ..request.clone()
        };
        let (sender, pieces) = mpsc::channel(PIECES);
        let written = tokio::task::spawn_blocking(move || {
            let wrote = writing.take(pieces);
            (writing, wrote)
        });
        let reading = async move { cluster.read_log(&asked, &sender).await };
        let read = halt.run_until_cancelled(reading).await;
        let wrote;
        (writing, wrote) = written
            .await
            .map_err(|error| Failure::of_disk(Some(part.clone()), &io::Error::other(error)))?;
        let wrote = match (wrote, &read) {
            (Ok(()), Some(Ok(()))) if !writing.whole.is_broken() => writing.end().map(|()| false),
            (Ok(()), Some(Err(error))) if end_of(error) == End::Broken => writing.cut(),
            (wrote, _) => wrote.map(|()| false),
        };
        let why = match (wrote, read) {
            (Err(error), _) => return Err(Failure::of_disk(file::left_of(part), &error)),
            _ if writing.whole.is_broken() => Some("cut, and the server no longer has what came next".to_owned()),
            (Ok(_), Some(Ok(()))) => {
                return file::finish(&part).map_err(|error| Failure::of_disk(Some(part), &error));
            }
            (Ok(true), _) => continue,
            (Ok(false), read) => read.and_then(Result::err).map(|error| error.to_string()),
        };
        return Err(Failure {
            path: file::left_of(part),
            why,
            is_of_disk: false,
        });
    }
}
