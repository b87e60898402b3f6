//! What other programs and the terminal's driver ask of this one.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Exit;

/// A signal, by what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// End with this exit code, as shells write it: 128 and the signal's number.
    End(u8),
    /// Stop like any job.
    Stop,
    /// Go on after a stop.
    Continue,
    /// The window has another size.
    Resize,
}

/// The signals this program answers.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    hangup: Signal,
    stop: Signal,
    carry_on: Signal,
    window: Signal,
}

impl Signals {
    /// From now on signals do what this program says; must be called inside the async runtime.
    pub fn new() -> io::Result<Self> {
        let raw = |signal: rustix::process::Signal| SignalKind::from_raw(signal.as_raw());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hangup: signal(SignalKind::hangup())?,
            stop: signal(raw(rustix::process::Signal::TSTP))?,
            carry_on: signal(raw(rustix::process::Signal::CONT))?,
            window: signal(SignalKind::window_change())?,
        })
    }

    /// Waits for the next one; several of a kind that came meanwhile are one.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Asked::End(Exit::TERMINATED),
            _ = self.hangup.recv() => Asked::End(Exit::HANGUP),
            _ = self.interrupt.recv() => Asked::End(Exit::INTERRUPTED),
            _ = self.quit.recv() => Asked::End(Exit::QUIT_SIGNAL),
            _ = self.carry_on.recv() => Asked::Continue,
            _ = self.stop.recv() => Asked::Stop,
            _ = self.window.recv() => Asked::Resize,
        }
    }
}

/// Waits until a person or another program ends this one, which is not on a terminal's screen; gives the exit code for
/// it. Whoever does without the runtime's signals is ended by the system.
pub async fn told_to_end() -> Exit {
    let both = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = both else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => Exit(Exit::TERMINATED),
        _ = interrupt.recv() => Exit(Exit::INTERRUPTED),
    }
}

/// Stops this job until it is continued; its terminal must have been given back before.
pub fn stop_self() {
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::STOP);
}

/// Whether a shell is there that could bring a stopped job back.
pub fn can_be_brought_back() -> bool {
    rustix::process::getsid(None).is_ok_and(|session| session != rustix::process::getpid())
}
