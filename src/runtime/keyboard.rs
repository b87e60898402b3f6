//! The thread that reads keys, and the one that notices when nobody can press any more.
//!
//! crossterm's reader never returns once the terminal is gone and burns a core (crossterm issue 793), so it
//! is asked only when there is something to read, and a second thread ends the program if all else hangs.

use std::io;
use std::time::Duration;

use crossterm::event::{Event, KeyEventKind};
use tokio::sync::mpsc::UnboundedSender;

use super::tty::{Look, look_at_stdin};
use crate::input::Key;

/// How often the watcher looks; with [`GRACE`] it stays within the promised second.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// How long the loop may take to end by itself once the terminal is gone.
const GRACE: Duration = Duration::from_millis(500);

/// How long crossterm is given to find what was typed; asked for no time at all it does not look.
const TYPED: Duration = Duration::from_millis(1);

/// How long the keyboard thread waits before it looks again whether anyone still listens.
const IDLE: Duration = Duration::from_mins(1);

/// What came in from the person's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Key(Key),
    Paste(String),
    /// The terminal was closed, or the program that started us is gone.
    Gone,
}

/// Starts both threads; they end with the program.
pub fn start(sender: UnboundedSender<Input>) -> io::Result<()> {
    let watcher = sender.clone();
    // Asked before anything is drawn: a thread that begins late would take whoever adopted us for the parent.
    let parent = rustix::process::getppid();
    std::thread::Builder::new()
        .name("pilothouse-keyboard".into())
        .spawn(move || read_keys(&sender))?;
    std::thread::Builder::new()
        .name("pilothouse-watcher".into())
        .spawn(move || watch_terminal(&watcher, parent))?;
    Ok(())
}

fn read_keys(sender: &UnboundedSender<Input>) {
    while !sender.is_closed() {
        match look_at_stdin(IDLE) {
            Look::Nothing => {}
            Look::Gone => {
                let _ = sender.send(Input::Gone);
                return;
            }
            Look::Readable => {
                if !drain(sender) {
                    // Readable and yet not to be read: the terminal is gone, and asking again would spin.
                    let _ = sender.send(Input::Gone);
                    return;
                }
            }
        }
    }
}

/// Hands on all that was typed; false when stdin cannot be read any more.
fn drain(sender: &UnboundedSender<Input>) -> bool {
    loop {
        match crossterm::event::poll(TYPED) {
            Ok(false) => return true,
            Ok(true) => {}
            Err(_) => return false,
        }
        let Ok(event) = crossterm::event::read() else {
            return false;
        };
        if let Some(input) = input_of(event) {
            // Nobody listens any more: the thread sees that on its next round.
            let _ = sender.send(input);
        }
    }
}

fn input_of(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Key::from_event(key).map(Input::Key),
        Event::Paste(text) => Some(Input::Paste(text)),
        // The size comes from the signal, where a storm of them is one.
        Event::Key(_) | Event::Resize(..) | Event::FocusGained | Event::FocusLost | Event::Mouse(_) => None,
    }
}

fn watch_terminal(sender: &UnboundedSender<Input>, parent: Option<rustix::process::Pid>) {
    while !sender.is_closed() {
        std::thread::sleep(LOOK_EVERY);
        if look_at_stdin(Duration::ZERO) == Look::Gone || rustix::process::getppid() != parent {
            let _ = sender.send(Input::Gone);
            std::thread::sleep(GRACE);
            end_now();
        }
    }
}

#[expect(
    clippy::exit,
    reason = "the terminal is gone and the loop did not end: nothing is left to restore"
)]
fn end_now() {
    std::process::exit(i32::from(super::Exit::HANGUP));
}
