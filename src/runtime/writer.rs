//! The thread that writes frames: one at a time, so that a blocked or slow terminal delays nothing but itself.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::terminal::Terminal;

/// A mailbox for one frame and the thread that empties it.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    idle: Notify,
}

#[derive(Debug, Default)]
struct State {
    frame: Option<Vec<u8>>,
    busy: bool,
    closed: bool,
    failed: bool,
    /// How long the last frame took to be taken.
    drain: Duration,
}

impl Writer {
    /// Starts the thread.
    pub fn start(terminal: Arc<Terminal>) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("pilothouse-writer".into())
            .spawn(move || {
                let _ending = Ending(&theirs);
                write_frames(&theirs, &terminal);
            })?;
        Ok(Self { shared })
    }

    /// Whether a frame handed over now would be written at once.
    pub fn is_idle(&self) -> bool {
        !self.shared.lock().busy
    }

    /// Whether the terminal refuses what is written.
    pub fn has_failed(&self) -> bool {
        self.shared.lock().failed
    }

    /// How long the terminal took to take the last frame.
    pub fn drain(&self) -> Duration {
        self.shared.lock().drain
    }

    /// Hands over bytes; only when idle, otherwise they are given back.
    pub fn submit(&self, frame: Vec<u8>) -> Result<(), Vec<u8>> {
        let mut state = self.shared.lock();
        if state.busy || state.closed {
            return Err(frame);
        }
        state.busy = true;
        state.frame = Some(frame);
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Waits until the writer has become idle since the last look.
    pub async fn idle(&self) {
        self.shared.idle.notified().await;
    }

    /// Lets the frame in hand be finished for up to `patience`.
    pub fn finish(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut state = self.shared.lock();
        while state.busy && Instant::now() < deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the loop when the thread ends, also by a panic.
struct Ending<'a>(&'a Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.busy = false;
        state.failed |= !state.closed;
        drop(state);
        self.0.changed.notify_all();
        self.0.idle.notify_one();
    }
}

fn write_frames(shared: &Shared, terminal: &Terminal) {
    loop {
        let mut state = shared.lock();
        let frame = loop {
            if let Some(frame) = state.frame.take() {
                break frame;
            }
            if state.closed {
                return;
            }
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        let begun = Instant::now();
        let written = terminal.write_frame(&frame);
        let mut state = shared.lock();
        state.busy = false;
        state.drain = begun.elapsed();
        state.failed = written.is_err();
        drop(state);
        shared.changed.notify_all();
        shared.idle.notify_one();
    }
}
