//! Logs to disk: what is shown, or whole logs as the server sends them; for this user alone, over nothing that is there.
//!
//! A file is called `.part` until it is whole: also what a crash leaves tells that it is not.

mod file;
mod shown;
mod whole;

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::cluster::Cluster;
use crate::domain::ClusterId;
use crate::logs::save::{Outcome, Progress, Save, Saved, Saving};
use crate::message::Message;
use whole::Wholes;

/// How often it is told how far it is.
const PACE: Duration = Duration::from_millis(250);

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
    cuts: AtomicUsize,
    files: usize,
}

impl Count {
    fn of(files: usize) -> Arc<Self> {
        Arc::new(Self {
            files,
            ..Self::default()
        })
    }

    fn progress(&self) -> Progress {
        Progress {
            bytes: self.bytes.load(Ordering::Relaxed),
            done: self.done.load(Ordering::Relaxed),
            files: self.files,
            cuts: self.cuts.load(Ordering::Relaxed),
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
            Saved::Shown(mut lines) => {
                let count = Count::of(1);
                let counted = Arc::clone(&count);
                let write = move || shown::save(&folder, &name, &mut lines, &counted, &cancel);
                let written = tokio::task::spawn_blocking(write);
                let saving = async {
                    let outcome = written.await;
                    outcome.unwrap_or_else(|_| failed("the writing failed inside this program".into()))
                };
                tokio::spawn(async move { tell(saving, &count, &messages).await });
            }
            Saved::Whole(files) => {
                let files = files.into_iter();
                let known = files.filter_map(|(file, request)| Some((file, find(&request.slot.cluster)?, request)));
                let files: Vec<_> = known.collect();
                let count = Count::of(files.len());
                let whole = Wholes { folder, name, files };
                tokio::spawn(async move { tell(whole.save(&cancel, &count), &count, &messages).await });
            }
        }
    }

    /// Stops what is being saved; what is written stays.
    pub fn stop(&self) {
        self.running.cancel();
    }
}

/// Tells how far it is until it has ended, and then how.
async fn tell(saving: impl Future<Output = Outcome>, count: &Count, messages: &mpsc::Sender<Message>) {
    let telling = async {
        loop {
            tokio::time::sleep(PACE).await;
            drop(messages.send(Message::Saving(Saving::Going(count.progress()))).await);
        }
    };
    let outcome = tokio::select! {
        outcome = saving => outcome,
        never = telling => {
            let never: Infallible = never;
            match never {}
        }
    };
    drop(messages.send(Message::Saving(Saving::Ended(outcome))).await);
}

fn failed(why: String) -> Outcome {
    Outcome {
        problems: vec![why.into()],
        ..Outcome::default()
    }
}

#[cfg(test)]
#[path = "saving_tests.rs"]
mod tests;
