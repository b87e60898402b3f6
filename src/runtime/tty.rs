//! The way out to the terminal: a file of our own on it, written without ever blocking for good.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

/// How often a write that cannot go on looks whether it should give up.
const GLANCE: Duration = Duration::from_millis(50);

/// How much is written at once where the terminal could only be had as our standard output, whose
/// blocking mode is shared with the shell and so is not ours to change.
const SHARED_CHUNK: usize = 512;

/// The terminal, for writing.
#[derive(Debug)]
pub struct Tty {
    file: File,
    /// Opened by us, in non-blocking mode: another program's view of the terminal does not change.
    own: bool,
}

impl Tty {
    /// Opens the terminal that standard output goes to.
    pub fn open() -> io::Result<Self> {
        let stdout = rustix::stdio::stdout();
        let opened = rustix::termios::ttyname(stdout, Vec::new())
            .map_err(io::Error::from)
            .and_then(|name| {
                OpenOptions::new()
                    .write(true)
                    .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
                    .open(std::ffi::OsStr::from_bytes(name.as_bytes()))
            });
        // After `su` the terminal belongs to another user and cannot be opened again: share what we were given.
        match opened {
            Ok(file) => Ok(Self { file, own: true }),
            Err(_) => Ok(Self {
                file: File::from(rustix::io::dup(stdout)?),
                own: false,
            }),
        }
    }

    /// Writes all of `bytes`, while `go_on` is set and `deadline` has not passed.
    ///
    /// # Errors
    /// `TimedOut` if it gave up; what the terminal answers otherwise.
    pub fn write_all(&self, mut bytes: &[u8], go_on: &AtomicBool, deadline: Option<Instant>) -> io::Result<()> {
        while !bytes.is_empty() {
            if !go_on.load(Ordering::Acquire) || deadline.is_some_and(|at| Instant::now() >= at) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if !self.takes_more(GLANCE)? {
                continue;
            }
            let part = if self.own {
                bytes
            } else {
                bytes.get(..SHARED_CHUNK).unwrap_or(bytes)
            };
            match (&self.file).write(part) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Throws away what was written and not yet read, so that the last words can be said.
    pub fn discard_output(&self) {
        let _ = rustix::termios::tcflush(&self.file, rustix::termios::QueueSelector::OFlush);
    }

    fn takes_more(&self, wait: Duration) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.file, PollFlags::OUT)];
        match poll(&mut fds, Some(&timespec(wait))) {
            Ok(0) | Err(rustix::io::Errno::INTR) => Ok(false),
            Ok(_) => Ok(true),
            Err(e) => Err(e.into()),
        }
    }
}

/// Whether the terminal we read from is still there, waiting up to `wait` for something to read or for its end.
pub fn look_at_stdin(wait: Duration) -> Look {
    let stdin = rustix::stdio::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    match poll(&mut fds, Some(&timespec(wait))) {
        Ok(0) | Err(rustix::io::Errno::INTR) => return Look::Nothing,
        Err(_) => return Look::Gone,
        Ok(_) => {}
    }
    let seen = fds.first().map_or(PollFlags::empty(), PollFd::revents);
    if seen.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        Look::Gone
    } else {
        Look::Readable
    }
}

/// What [`look_at_stdin`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Nothing,
    Readable,
    Gone,
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: duration.as_secs().cast_signed(),
        tv_nsec: duration.subsec_nanos().into(),
    }
}
