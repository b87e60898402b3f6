//! The terminal taken and given back: every way out of the program passes [`Terminal::leave`], which may run twice.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::tty::Tty;

/// Alternate screen, bracketed paste (pasted text is never a key), no cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[2J";

/// Everything [`ENTER`] and a frame may have switched on, off again.
const LEAVE: &str = "\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?1049l\x1b[?25h";

/// CAN ends an escape sequence that was cut in the middle.
const ABANDON: &str = "\x18";

/// How long the last words may take on a line that is blocked.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How often it is looked whether a frame is out of the writer's hands.
const LOOK: Duration = Duration::from_millis(2);

/// The terminal of this program, in one of two states: ours, or as it was.
///
/// Frames pass here too: once the terminal was given back, whichever thread did so, none is written any more.
#[derive(Debug)]
pub struct Terminal {
    tty: Arc<Tty>,
    ours: AtomicBool,
    /// Held while a frame is written. Whether the last one was cut in the middle.
    frame: Mutex<bool>,
}

impl Terminal {
    /// Prepares to take the terminal; changes nothing yet.
    pub fn new(tty: Arc<Tty>) -> Self {
        Self {
            tty,
            ours: AtomicBool::new(false),
            frame: Mutex::new(false),
        }
    }

    /// Raw mode and a screen of our own.
    pub fn enter(&self) -> io::Result<()> {
        self.ours.store(true, Ordering::Release);
        crossterm::terminal::enable_raw_mode()?;
        self.say(ENTER.as_bytes())
    }

    /// Writes a frame, however long the terminal takes; one that is in hand when the terminal is given back is cut.
    ///
    /// # Errors
    /// What the terminal answers; a frame that comes too late is no error.
    pub fn write_frame(&self, bytes: &[u8]) -> io::Result<()> {
        let mut is_cut = self.frame.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.ours.load(Ordering::Acquire) {
            return Ok(());
        }
        match self.tty.write_all(bytes, &self.ours, None) {
            Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                *is_cut = true;
                Ok(())
            }
            written => written,
        }
    }

    /// Gives the terminal back as it was; does nothing if it is not ours.
    pub fn leave(&self) {
        if self.ours.swap(false, Ordering::AcqRel) {
            if self.was_cut() {
                self.tty.discard_output();
                let _ = self.say(ABANDON.as_bytes());
            }
            if self.say(LEAVE.as_bytes()).is_err() {
                // Nobody reads: drop the half frame that is stuck, then nothing is in the way.
                self.tty.discard_output();
                let _ = self.say([ABANDON, LEAVE].concat().as_bytes());
            }
        }
        let _ = crossterm::terminal::disable_raw_mode();
    }

    /// Waits until no frame is being written, and says whether the last one was cut.
    fn was_cut(&self) -> bool {
        let deadline = Instant::now() + LAST_WORDS;
        loop {
            match self.frame.try_lock() {
                Ok(mut is_cut) => return std::mem::take(&mut is_cut),
                Err(TryLockError::Poisoned(poisoned)) => return std::mem::take(&mut poisoned.into_inner()),
                // Whoever writes looks up in between; it never does if it is this thread that panicked over a frame.
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(LOOK),
                Err(TryLockError::WouldBlock) => return true,
            }
        }
    }

    fn say(&self, bytes: &[u8]) -> io::Result<()> {
        let go_on = AtomicBool::new(true);
        self.tty.write_all(bytes, &go_on, Some(Instant::now() + LAST_WORDS))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave();
    }
}
