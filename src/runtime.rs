//! The imperative shell: takes the terminal, runs the loop, runs effects, and leaves everything as it was.
//!
//! Start at [`run`]; `event_loop` is the loop, [`terminal`] the way in and out.

pub mod activity;
pub mod builds;
pub mod clipboard;
pub mod descriptors;
mod event_loop;
pub mod files;
pub mod fleet;
pub mod journal;
pub mod keyboard;
pub mod logging;
pub mod logs;
pub mod pacing;
pub mod panics;
pub mod program;
pub mod redact;
pub mod reported;
pub mod saving;
pub mod screen;
mod shift;
pub mod signals;
pub mod tasks;
pub mod terminal;
pub mod tty;
pub mod writer;
mod writes;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::WrapErr;
use ratatui::Frame;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use crate::domain::Timestamp;
use crate::input::Keymap;
use crate::message::{Effect, Message, Mode};
use activity::ActivityLog;
use clipboard::Multiplexer;
use tasks::Work;

/// Threads for the network; the loop has the main thread to itself.
const WORKERS: usize = 2;

/// Messages that may wait for the loop; a cluster that has more waits, and so does its server.
const MESSAGES: usize = 1024;

/// How long a frame in hand may still be written when the program ends.
const LAST_FRAME: Duration = Duration::from_millis(100);

/// What the shell runs: state, and what to draw of it.
pub trait Program {
    /// Takes a message; pure: what is to be done comes back as effects.
    fn update(&mut self, message: Message) -> Vec<Effect>;
    /// Time for what was put off; called before a frame may be drawn, with the time.
    fn settle(&mut self, now: Timestamp);
    /// Which table of the keymap counts now.
    fn mode(&self) -> Mode;
    /// Whether a frame drawn now would differ from the last one.
    fn is_dirty(&self) -> bool;
    /// Draws, and is clean after it.
    fn draw(&mut self, frame: &mut Frame<'_>);
}

/// Runs the effects that reach the world; the shell does the others itself.
pub type Perform = Box<dyn FnMut(Effect) -> Option<Work>>;

/// How the shell behaves.
#[derive(Debug)]
pub struct Settings {
    pub keymap: Keymap,
    /// Frames between the marks of DEC mode 2026.
    pub synchronized: bool,
    pub multiplexer: Multiplexer,
    pub activity: ActivityLog,
    /// Where a report goes when the program itself is wrong.
    pub reports: PathBuf,
}

/// How the program ends: 0, or what shells and scripts expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    pub const DONE: u8 = 0;
    /// Something did not work; what did is printed.
    pub const FAILED: u8 = 1;
    /// It could not start: what was asked for cannot be.
    pub const USAGE: u8 = 2;
    /// The program itself is wrong.
    pub const BUG: u8 = 101;
    pub const HANGUP: u8 = 129;
    pub const INTERRUPTED: u8 = 130;
    pub const QUIT_SIGNAL: u8 = 131;
    pub const TERMINATED: u8 = 143;
}

/// What the world gets of the shell: where its messages go, and the runtime its tasks live on.
#[derive(Clone, Debug)]
pub struct Handles {
    pub messages: mpsc::Sender<Message>,
    pub runtime: tokio::runtime::Handle,
}

/// Takes the terminal and runs `program` until it quits. `start` connects the world once the screen
/// is there, and returns what performs effects on it.
///
/// # Errors
/// What kept the terminal from being taken; it is as it was.
pub fn run(
    settings: Settings,
    program: impl Program,
    start: impl FnOnce(&Handles) -> Perform,
) -> color_eyre::Result<Exit> {
    let tty = Arc::new(tty::Tty::open().wrap_err("the terminal cannot be opened")?);
    let terminal = Arc::new(terminal::Terminal::new(Arc::clone(&tty)));
    panics::install(Arc::clone(&terminal), settings.reports.clone());
    let runtime = Background::new().wrap_err("no threads can be started")?;
    let (sender, messages) = mpsc::channel(MESSAGES);
    let handles = Handles {
        messages: sender,
        runtime: runtime.handle().clone(),
    };
    let exit: io::Result<Exit> = runtime.block_on(async {
        let signals = signals::Signals::new()?;
        terminal.enter()?;
        let (keys, inputs) = mpsc::unbounded_channel();
        keyboard::start(keys)?;
        let writer = writer::Writer::start(Arc::clone(&terminal))?;
        let screen = screen::Screen::new(Box::new(screen::terminal_size), settings.synchronized)?;
        let shell = event_loop::Shell::new(settings, program, Arc::clone(&terminal), writer, screen);
        let exit = shell.run(signals, inputs, messages, || start(&handles)).await;
        // Once the screen was there, only the terminal itself can fail: it is gone, whichever call noticed first.
        Ok(exit.unwrap_or_else(|error| {
            log::warn!("the terminal is gone: {error}");
            Exit(Exit::HANGUP)
        }))
    });
    terminal.leave();
    // A thread that panicked meanwhile ends the program itself.
    let _ending = panics::wait_for_reports();
    exit.wrap_err("the terminal cannot be taken")
}

/// The async runtime; dropping it never waits for what still hangs on the network.
struct Background(Option<Runtime>);

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Background")
    }
}

impl Background {
    fn new() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name(panics::SUPERVISED)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    fn handle(&self) -> tokio::runtime::Handle {
        match &self.0 {
            Some(runtime) => runtime.handle().clone(),
            None => unreachable!("it is taken only by drop"),
        }
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.handle().block_on(future)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
