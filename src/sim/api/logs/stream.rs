//! The bytes of a log as they are sent: what is there, then what comes, until the run ends.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Duration};
use tokio::sync::mpsc;

use super::super::super::cluster::Inner;
use super::super::super::fault::{Fault, LogFault};
use super::super::super::journal::{Journal, Nanos};
use super::super::super::load::hash;
use super::super::super::resource::PODS;
use super::{Options, Run, journal};

/// Lines are gathered up to this many bytes before they are sent.
const CHUNK: usize = 64 * 1024;
/// How often a fast log is looked at.
const SHORTEST: Duration = Duration::milliseconds(20);
/// How long hyper is given to write what was handed to it, by the machine's own clock.
const FLUSH: std::time::Duration = std::time::Duration::from_millis(20);

/// A log that is being sent.
struct Stream {
    cluster: Arc<Inner>,
    run: Run,
    journal: Journal,
    options: Options,
    pieces: mpsc::Sender<io::Result<Bytes>>,
    /// The next record.
    next: u64,
    /// Lines of the first record that `tailLines` leaves out.
    skip: u64,
    /// Bytes until the end that was asked for, and until the one that a test wants.
    left: Option<u64>,
    cut: Option<u64>,
}

/// The stream is over.
struct Over;

/// Starts to send a log.
pub(super) fn start(
    cluster: Arc<Inner>,
    run: Run,
    journal: Journal,
    options: Options,
) -> mpsc::Receiver<io::Result<Bytes>> {
    let (pieces, receiver) = mpsc::channel(4);
    let number = cluster.faults.count(|seen| seen.subresource == "log") as u64;
    let cut = cluster.faults.take(|fault| match fault {
        Fault::Logs(LogFault::Cut { seed, most }) => {
            Some(hash(*seed, &[&number.to_string()]) % u64::from(*most).max(1))
        }
        _ => None,
    });
    let stream = Stream {
        left: options.limit,
        next: 0,
        skip: 0,
        cluster,
        run,
        journal,
        options,
        pieces,
        cut,
    };
    tokio::spawn(async move {
        // Over is over, for whichever reason.
        drop(stream.run().await);
    });
    receiver
}

impl Stream {
    async fn run(mut self) -> Result<(), Over> {
        let mut revisions = self.cluster.revisions();
        let mut faults = self.cluster.faults.changes();
        self.place();
        let mut ended = false;
        loop {
            self.cluster.faults.while_silent().await;
            if self.cluster.faults.is_on(|fault| *fault == Fault::Refuse) {
                return self.break_off().await;
            }
            self.rotate();
            revisions.mark_unchanged();
            let gone = !self.look();
            let now = self.now();
            ended = ended || gone || self.journal.is_over();
            self.send_until(self.horizon(now), ended).await?;
            if ended || !self.options.follow {
                return Ok(());
            }
            let due = DateTime::from_timestamp_nanos(self.journal.time(self.next));
            let wake = due.max(self.cluster.now() + SHORTEST);
            let cluster = self.cluster.clone();
            tokio::select! {
                () = cluster.sleep_until(wake) => {}
                _ = revisions.changed() => {}
                _ = faults.changed() => {}
                () = self.pieces.closed() => return Err(Over),
            }
        }
    }

    fn now(&self) -> Nanos {
        self.cluster.now().timestamp_nanos_opt().unwrap_or_default()
    }

    /// Until when there are records: all of a run that is over.
    fn horizon(&self, now: Nanos) -> Nanos {
        if self.journal.is_over() { Nanos::MAX } else { now }
    }

    /// Looks whether the run goes on, has ended, or is no longer known; only the last is `false`.
    fn look(&mut self) -> bool {
        let (run, plan) = (&self.run, self.cluster.load());
        let pod = self.cluster.with_store(|store| {
            let pod = store.get(&PODS, &run.namespace, &run.pod);
            pod.filter(|pod| super::text(pod, &["metadata", "uid"]) == run.uid)
                .cloned()
        });
        match pod.and_then(|pod| journal(&pod, run, &plan)) {
            Some(now) => {
                self.journal.end_as(&now);
                true
            }
            None => false,
        }
    }

    /// Finds the first record: not before what is kept, `since` or the tail.
    fn place(&mut self) {
        let count = self.journal.count(self.horizon(self.now()));
        let mut first = Journal::kept_from(count).max(self.cluster.log_floor(&self.run.id));
        if let Some(since) = self.options.since {
            // A record's last lines may be later than its first.
            first = first.max(self.journal.count(since - 1).saturating_sub(1));
        }
        self.next = first.min(count);
        if let Some(tail) = self.options.tail {
            let (mut lines, mut record) = (0, count);
            while record > self.next && lines < tail {
                record -= 1;
                lines += self.journal.lines(record);
            }
            self.next = record;
            self.skip = lines.saturating_sub(tail);
        }
    }

    /// Loses records if a test wants the file rotated while it is followed.
    fn rotate(&mut self) {
        let lost = self.cluster.faults.take(|fault| match fault {
            Fault::Logs(LogFault::Rotate { records }) if self.options.follow => Some(*records),
            _ => None,
        });
        if let Some(lost) = lost {
            self.next += u64::from(lost);
            self.cluster.raise_log_floor(&self.run.id, self.next);
        }
    }

    async fn send_until(&mut self, now: Nanos, ended: bool) -> Result<(), Over> {
        let count = self.journal.count(now);
        let since = self.options.since.unwrap_or(Nanos::MIN);
        let mut piece = Vec::new();
        while self.next < count {
            self.journal
                .write(self.next, since, self.options.timestamps, &mut piece);
            self.next += 1;
            if self.skip > 0 {
                let mut ends = memchr::memchr_iter(b'\n', &piece);
                let end = ends
                    .nth(self.skip.saturating_sub(1) as usize)
                    .map_or(piece.len(), |end| end + 1);
                piece.drain(..end);
                self.skip = 0;
            }
            if piece.len() >= CHUNK {
                self.send(std::mem::take(&mut piece)).await?;
            }
        }
        let no_end = ended || !self.options.follow;
        if no_end
            && self
                .cluster
                .faults
                .is_on(|fault| *fault == Fault::Logs(LogFault::NoFinalNewline))
        {
            piece.pop();
        }
        if piece.is_empty() {
            return Ok(());
        }
        self.send(piece).await
    }

    async fn send(&mut self, mut piece: Vec<u8>) -> Result<(), Over> {
        let mut last = false;
        if let Some(left) = &mut self.left {
            last = piece.len() as u64 >= *left;
            piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= piece.len() as u64;
        }
        if let Some(cut) = &mut self.cut {
            if piece.len() as u64 >= *cut {
                piece.truncate(usize::try_from(*cut).unwrap_or(usize::MAX));
                drop(self.pieces.send(Ok(piece.into())).await);
                // What hyper has not written when a body fails is never written, and a reader would not get on.
                tokio::time::sleep(FLUSH).await;
                return self.break_off().await;
            }
            *cut -= piece.len() as u64;
        }
        self.pieces.send(Ok(piece.into())).await.map_err(|_| Over)?;
        if last { Err(Over) } else { Ok(()) }
    }

    async fn break_off(&self) -> Result<(), Over> {
        let cut = io::Error::new(io::ErrorKind::ConnectionReset, "the stream was cut");
        drop(self.pieces.send(Err(cut)).await);
        Err(Over)
    }
}
