//! Readings of logs: each a task of its own, held while the view has no room.

use std::collections::HashMap;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cluster::{Cluster, ClusterError};
use crate::logs::plan::Slot;
use crate::logs::run::End;
use crate::logs::{News, Request, What};
use crate::message::Message;

/// Pieces that may wait between the connection and the loop; then the connection is not read.
const PIECES: usize = 4;

/// The readings that run.
#[derive(Debug)]
pub struct Readings {
    running: HashMap<Slot, Running>,
    held: watch::Sender<bool>,
    messages: mpsc::Sender<Message>,
}

/// One reading; it may be held by itself.
#[derive(Debug)]
struct Running {
    cancel: CancellationToken,
    held: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Readings {
    pub fn new(messages: mpsc::Sender<Message>) -> Self {
        Self {
            running: HashMap::new(),
            held: watch::Sender::new(false),
            messages,
        }
    }

    /// Starts a reading in place of the one of the same container; must be called within the async runtime.
    pub fn read(&mut self, cluster: Cluster, request: Request) {
        let (cancel, own) = (CancellationToken::new(), watch::Sender::new(false));
        let held = [self.held.subscribe(), own.subscribe()];
        let (slot, messages, cancelled) = (request.slot.clone(), self.messages.clone(), cancel.clone());
        let task = tokio::spawn(async move {
            let reading = read(&cluster, &request, held, &messages);
            let _ = cancelled.run_until_cancelled(reading).await;
        });
        // Those that have ended by themselves.
        self.running.retain(|_, reading| !reading.task.is_finished());
        let running = Running {
            cancel,
            held: own,
            task,
        };
        if let Some(former) = self.running.insert(slot, running) {
            former.cancel.cancel();
        }
    }

    pub fn leave(&mut self, slot: &Slot) {
        if let Some(reading) = self.running.remove(slot) {
            reading.cancel.cancel();
        }
    }

    /// Holds one reading, or lets it go on.
    pub fn hold_one(&self, slot: &Slot, held: bool) {
        if let Some(reading) = self.running.get(slot) {
            reading
                .held
                .send_if_modified(|now| std::mem::replace(now, held) != held);
        }
    }

    /// Holds all readings, or lets them go on.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }
}

async fn read(
    cluster: &Cluster,
    request: &Request,
    mut held: [watch::Receiver<bool>; 2],
    messages: &mpsc::Sender<Message>,
) {
    let news = |what| {
        Message::Log(News {
            slot: request.slot.clone(),
            number: request.number,
            what,
        })
    };
    let (sender, mut pieces) = mpsc::channel(PIECES);
    let reading = async move { cluster.read_log(request, &sender).await };
    let handing_on = async {
        while let Some(piece) = pieces.recv().await {
            for held in &mut held {
                let _ = held.wait_for(|held| !held).await;
            }
            if messages.send(news(What::Piece(piece))).await.is_err() {
                return;
            }
        }
    };
    // What was read before a failure is handed on before the failure.
    let (outcome, ()) = tokio::join!(reading, handing_on);
    let (end, reason) = match outcome {
        Ok(()) => (End::Closed, None),
        Err(error) => (end_of(&error), Some(error.to_string().into())),
    };
    drop(messages.send(news(What::Ended { end, reason })).await);
}

/// What the server says no to is no interruption. What follows on a login, a delay or trouble of its own is.
pub(super) const fn end_of(error: &ClusterError) -> End {
    match error {
        ClusterError::Forbidden { .. } => End::Refused,
        ClusterError::NotFound { .. } | ClusterError::Invalid { .. } => End::Absent,
        ClusterError::Login { .. }
        | ClusterError::Conflict { .. }
        | ClusterError::Gone { .. }
        | ClusterError::Throttled { .. }
        | ClusterError::Server { .. }
        | ClusterError::Transport { .. }
        | ClusterError::Certificate { .. }
        | ClusterError::Unreadable
        | ClusterError::ReadOnly => End::Broken,
    }
}
