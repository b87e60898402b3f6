//! The terminal taken and given back: every way out of the program passes [`Terminal::leave`], which may run twice.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// The terminal of this program, in one of two states: ours, or as it was.
#[derive(Debug)]
pub struct Terminal {
    tty: Arc<Tty>,
    ours: AtomicBool,
}

impl Terminal {
    /// Prepares to take the terminal; changes nothing yet.
    pub fn new(tty: Arc<Tty>) -> Self {
        Self {
            tty,
            ours: AtomicBool::new(false),
        }
    }

    /// Raw mode and a screen of our own.
    pub fn enter(&self) -> io::Result<()> {
        self.ours.store(true, Ordering::Release);
        crossterm::terminal::enable_raw_mode()?;
        self.say(ENTER.as_bytes())
    }

    /// Gives the terminal back as it was; does nothing if it is not ours.
    pub fn leave(&self) {
        if self.ours.swap(false, Ordering::AcqRel) && self.say(LEAVE.as_bytes()).is_err() {
            // Nobody reads: drop the half frame that is stuck, then nothing is in the way.
            self.tty.discard_output();
            let _ = self.say([ABANDON, LEAVE].concat().as_bytes());
        }
        let _ = crossterm::terminal::disable_raw_mode();
    }

    /// Like [`Self::leave`] after a write was given up in the middle of a frame.
    pub fn abandon(&self) {
        self.tty.discard_output();
        let _ = self.say(ABANDON.as_bytes());
        self.leave();
    }

    fn say(&self, bytes: &[u8]) -> io::Result<()> {
        let never = AtomicBool::new(false);
        self.tty.write_all(bytes, &never, Some(Instant::now() + LAST_WORDS))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave();
    }
}
