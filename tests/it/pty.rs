//! The program on a pseudo-terminal: a child, the terminal that reads it, and conditions that are waited for.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// Longer than anything takes on a loaded machine; only failures wait for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_pilothouse");

/// A terminal with a program in it.
pub(crate) struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    shared: Arc<Shared>,
    pub(crate) home: tempfile::TempDir,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
pub(crate) struct Seen {
    parser: vt100::Parser,
    /// Every byte the program wrote.
    pub(crate) bytes: Vec<u8>,
    reading: Reading,
    ended: bool,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Reading {
    #[default]
    Free,
    /// Through a line of 64 kbit/s: 8,000 bytes a second.
    Slow,
    /// Nobody reads: the line is blocked.
    Paused,
    /// The next byte is the last one read.
    Closing,
}

impl Seen {
    pub(crate) fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// How often the program wrote these bytes.
    pub(crate) fn count(&self, bytes: &[u8]) -> usize {
        memchr::memmem::find_iter(&self.bytes, bytes).count()
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }
}

impl Terminal {
    /// Starts the program itself, 80×24, with these arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_command(PROGRAM, arguments, &[])
    }

    /// Starts any command; `variables` are its environment beside HOME, PATH, TERM and LANG.
    pub(crate) fn start_command(command: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let size = PtySize {
            rows: 24,
            cols: 80,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let home = tempfile::tempdir().unwrap();
        let mut builder = CommandBuilder::new(command);
        builder.args(arguments);
        builder.env_clear();
        builder.env("HOME", home.path());
        builder.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        builder.env("TERM", "xterm-256color");
        builder.env("LANG", "C.UTF-8");
        for (name, value) in variables {
            builder.env(name, value);
        }
        builder.cwd(home.path());
        let child = pair.slave.spawn_command(builder).unwrap();
        drop(pair.slave);
        let shared = Arc::new(Shared::default());
        lock(&shared).parser = vt100::Parser::new(24, 80, 0);
        let reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || read_all(reader, &theirs));
        Self {
            master: Some(pair.master),
            writer: Some(writer),
            child,
            shared,
            home,
        }
    }

    /// Waits until what was seen fulfils `condition`, which `what` names.
    pub(crate) fn wait_for(&self, what: &str, condition: impl Fn(&Seen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = lock(&self.shared);
        while !condition(&seen) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && !seen.ended,
                "waited for {what} in vain; on the screen:\n{}\n{}",
                seen.text(),
                self.report()
            );
            seen = self
                .shared
                .changed
                .wait_timeout(seen, left.min(Duration::from_millis(50)))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// What the program says of a bug that ended it.
    fn report(&self) -> String {
        let folder = self.home.path().join(".local/state/pilothouse/reports");
        let report = first_file(&folder).and_then(|path| std::fs::read_to_string(path).ok());
        report.unwrap_or_default()
    }

    /// Waits until the program has its screen and `text` is on it.
    pub(crate) fn wait_for_text(&self, text: &str) {
        self.wait_for(text, |seen| {
            seen.screen().alternate_screen() && seen.text().contains(text)
        });
    }

    pub(crate) fn see<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&lock(&self.shared))
    }

    pub(crate) fn type_bytes(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(bytes).unwrap();
        writer.flush().unwrap();
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        self.shared
            .seen
            .lock()
            .unwrap()
            .parser
            .screen_mut()
            // The emulator subtracts below zero in tiny grids; the terminal itself has the size asked for.
            .set_size(rows.max(24), columns.max(80));
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// How the terminal's driver is set, as text to compare.
    pub(crate) fn modes(&self) -> String {
        format!("{:?}", self.master.as_ref().unwrap().get_termios().unwrap())
    }

    pub(crate) fn reading(&self, reading: Reading) {
        lock(&self.shared).reading = reading;
        self.shared.changed.notify_all();
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.process_id().unwrap().cast_signed()).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub(crate) fn signal_group(&self, signal: Signal) {
        kill_process_group(self.pid(), signal).unwrap();
    }

    /// Waits until the child is stopped.
    pub(crate) fn wait_for_stop(&self) {
        let path = format!("/proc/{}/stat", self.pid().as_raw_nonzero());
        wait_until("the program to stop", || {
            let stat = std::fs::read_to_string(&path).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
        });
    }

    /// Closes the terminal, as a window that is closed or a line that is cut.
    pub(crate) fn hang_up(&mut self) {
        self.reading(Reading::Closing);
        // Something to read wakes the reader, which then lets go of the terminal.
        self.type_bytes(b"\x0c");
        wait_until("the reader to let go", || self.see(|seen| seen.ended));
        self.writer = None;
        self.master = None;
    }

    /// Waits for the end: how it ended and how long that took.
    pub(crate) fn wait_for_end(&mut self) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, begun.elapsed());
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "it does not end; on the screen:\n{}",
                self.see(Seen::text)
            );
            std::thread::yield_now();
        }
    }

    /// Waits until everything the program wrote before its end was read.
    pub(crate) fn wait_for_last_byte(&self) {
        wait_until("the last byte", || self.see(|seen| seen.ended));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A test that failed while it looked must not hide the others' reasons.
fn lock(shared: &Shared) -> MutexGuard<'_, Seen> {
    shared.seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_all(mut reader: Box<dyn Read + Send>, shared: &Shared) {
    let mut buffer = [0; 4096];
    loop {
        let mut seen = lock(shared);
        while seen.reading == Reading::Paused {
            seen = shared.changed.wait(seen).unwrap_or_else(PoisonError::into_inner);
        }
        let closing = seen.reading == Reading::Closing;
        let slow = seen.reading == Reading::Slow;
        drop(seen);
        let piece = if slow { &mut buffer[..80] } else { &mut buffer[..] };
        let read = reader.read(piece).unwrap_or(0);
        if slow {
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut seen = lock(shared);
        if read == 0 || closing || seen.reading == Reading::Closing {
            drop(reader);
            seen.ended = true;
            shared.changed.notify_all();
            return;
        }
        seen.bytes.extend_from_slice(&buffer[..read]);
        seen.parser.process(&buffer[..read]);
        shared.changed.notify_all();
    }
}

/// Waits for a condition that nothing announces.
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "waited for {what} in vain");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The first file in `folder`.
pub(crate) fn first_file(folder: &Path) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .next()
}
