//! The loop: one owner of the state, arms that only receive, a frame when something changed and the line is free.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chrono::Utc;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};

#[cfg(test)]
mod tests;

use super::keyboard::Input;
use super::pacing::Pacing;
use super::screen::Screen;
use super::signals::{self, Asked, Signals};
use super::tasks::Tasks;
use super::terminal::Terminal;
use super::writer::Writer;
use super::{Exit, LAST_FRAME, Perform, Program, Settings, clipboard, logging};
use crate::cluster;
use crate::domain::Clean;
use crate::input::Key;
use crate::input::keymap::{Outcome, Pressed};
use crate::message::{Effect, Message, Severity, Trouble};

/// Changes of objects taken before anything else is looked at, and how long that may take: enough to keep
/// up with a relist of a large fleet, little enough that a key waits a few milliseconds at most.
const BATCH: usize = 2_000;
const BATCH_TIME: Duration = Duration::from_millis(5);

/// The wall clock ran this much ahead of ours: the machine slept.
const SLEPT: Duration = Duration::from_secs(5);

/// Everything the loop owns.
pub(super) struct Shell<P> {
    settings: Settings,
    program: P,
    terminal: Arc<Terminal>,
    writer: Writer,
    screen: Screen,
    pacing: Pacing,
    pressed: Pressed,
    tasks: Tasks,
    perform: Option<Perform>,
    /// Bytes for the terminal that are not a frame; they go with the next write.
    outbox: Vec<u8>,
    stopped: bool,
    ending: Option<Exit>,
    clocks: Clocks,
    /// The time that frames are paced by.
    now: fn() -> Instant,
}

impl<P: Program> Shell<P> {
    pub(super) fn new(settings: Settings, program: P, terminal: Arc<Terminal>, writer: Writer, screen: Screen) -> Self {
        Self {
            settings,
            program,
            terminal,
            writer,
            screen,
            pacing: Pacing::default(),
            pressed: Pressed::default(),
            tasks: Tasks::default(),
            perform: None,
            outbox: Vec::new(),
            stopped: false,
            ending: None,
            clocks: Clocks::now(),
            now: Instant::now,
        }
    }

    /// Runs until something ends the program. `start` connects the world after the first frame.
    pub(super) async fn run(
        mut self,
        mut signals: Signals,
        mut inputs: UnboundedReceiver<Input>,
        mut messages: Receiver<Message>,
        start: impl FnOnce() -> Perform,
    ) -> io::Result<Exit> {
        self.update(Message::Tick(Utc::now(), cluster::moment()));
        self.resized()?;
        self.draw_if_due()?;
        self.perform = Some(start());
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        while self.ending.is_none() {
            let due = self.next_frame((self.now)());
            tokio::select! {
                biased;
                asked = signals.next() => self.asked(asked)?,
                input = inputs.recv() => self.input(input),
                answer = self.tasks.next() => self.world(answer),
                () = self.writer.idle() => {}
                () = wait_until(due) => {}
                _ = seconds.tick() => self.second(),
                message = messages.recv() => self.batch(message, &mut messages),
            }
            self.catch_up(&mut inputs)?;
        }
        Ok(self.end())
    }

    /// After whatever came: keys, rows that were put off, a frame if one is due.
    fn catch_up(&mut self, inputs: &mut UnboundedReceiver<Input>) -> io::Result<()> {
        while let Ok(input) = inputs.try_recv() {
            self.input(Some(input));
        }
        self.program.settle(Utc::now());
        self.draw_if_due()?;
        if self.writer.has_failed() && self.ending.is_none() {
            self.ending = Some(Exit(Exit::HANGUP));
        }
        Ok(())
    }

    fn end(&mut self) -> Exit {
        let exit = self.ending.unwrap_or(Exit(Exit::DONE));
        self.writer.finish(LAST_FRAME);
        self.terminal.leave();
        self.settings.activity.stopped(Utc::now(), exit.0);
        exit
    }

    fn asked(&mut self, asked: Asked) -> io::Result<()> {
        match asked {
            Asked::End(code) => self.ending = Some(Exit(code)),
            Asked::Stop => self.stop(),
            Asked::Continue => self.go_on()?,
            Asked::Resize => self.resized()?,
        }
        Ok(())
    }

    fn input(&mut self, input: Option<Input>) {
        match input {
            Some(Input::Key(key)) => self.key(key),
            Some(Input::Paste(text)) => {
                // Text, never keys: what a terminal would obey is not in it.
                let text: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
                self.person(Message::Paste(text));
            }
            // Without a word when both threads ended.
            Some(Input::Gone) | None => self.ending = Some(Exit(Exit::HANGUP)),
        }
    }

    fn key(&mut self, key: Key) {
        let (outcome, keys) = self.pressed.next(&self.settings.keymap, self.program.mode(), key);
        self.person(match outcome {
            Outcome::Bound(action) => Message::Act(action),
            Outcome::Text(c) => Message::Text(c),
            Outcome::Unbound => Message::Unbound(keys.to_string()),
            Outcome::Pending(following) => {
                let following = following.into_iter().map(|(keys, action)| (keys.to_string(), action));
                Message::Pending(keys.to_string(), following.collect())
            }
        });
    }

    /// A message because of a person: what it changes is shown at once.
    fn person(&mut self, message: Message) {
        self.update(message);
        if self.program.is_dirty() {
            self.pacing.person();
        }
    }

    /// A message from the world.
    fn world(&mut self, message: Option<Message>) {
        if let Some(message) = message {
            self.update(message);
        }
    }

    /// Takes messages from the world until that is enough for now.
    fn batch(&mut self, first: Option<Message>, messages: &mut Receiver<Message>) {
        let begun = (self.now)();
        let mut changes = 0;
        let mut next = first;
        while let Some(message) = next {
            changes += message.changes();
            self.update(message);
            if changes >= BATCH || (self.now)() - begun >= BATCH_TIME {
                return;
            }
            next = messages.try_recv().ok();
        }
    }

    fn second(&mut self) {
        if logging::catch_up() {
            self.update(Message::Logged);
        }
        if self.clocks.slept() {
            self.resume();
        }
        self.update(Message::Tick(Utc::now(), cluster::moment()));
    }

    fn update(&mut self, message: Message) {
        for effect in self.program.update(message) {
            self.effect(effect);
        }
    }

    fn effect(&mut self, effect: Effect) {
        self.settings.activity.effect(Utc::now(), &effect);
        match effect {
            Effect::Quit => self.ending = Some(Exit(Exit::DONE)),
            Effect::Suspend if signals::can_be_brought_back() => self.stop(),
            Effect::Suspend => self.notice(
                Severity::Warning,
                "no shell is there to bring a stopped program back",
                None,
            ),
            Effect::Redraw => {
                // A screen that cannot be cleared is drawn over: nothing is lost.
                let _ = self.screen.forget();
                self.pacing.person();
            }
            Effect::Copy(text) => self.copy(&text),
            effect @ (Effect::LoadEvents(_)
            | Effect::LoadLedger(..)
            | Effect::LoadHistory(_)
            | Effect::LoadScaler(_)
            | Effect::LoadAuthor(..)
            | Effect::LoadLastLines(..)
            | Effect::Claim(..)
            | Effect::LetGo(..)
            | Effect::LoadTags(..)
            | Effect::LoadCommits(..)
            | Effect::Prepare(_)
            | Effect::CarryOut(_)
            | Effect::PrepareBuild(..)
            | Effect::BeginBuild(..)
            | Effect::Refuse(_)
            | Effect::ReadJob(..)
            | Effect::Review(..)
            | Effect::Measure(..)
            | Effect::ReadLog(_)
            | Effect::LeaveLog(_)
            | Effect::HoldLogs(_)
            | Effect::SaveLogs(_)
            | Effect::StopSaving
            | Effect::Reconnect) => {
                if let Some(work) = self.perform.as_mut().and_then(|perform| perform(effect)) {
                    self.tasks.start(work);
                }
            }
        }
    }

    fn copy(&mut self, text: &str) {
        match clipboard::copy(text, self.settings.multiplexer) {
            Some(bytes) => {
                self.outbox.extend(bytes);
                let tmux = self.settings.multiplexer == clipboard::Multiplexer::Tmux;
                let hint =
                    tmux.then_some("tmux passes it on with `set -g set-clipboard on` and `allow-passthrough on`");
                self.notice(
                    Severity::Info,
                    &format!("copied {} characters", text.chars().count()),
                    hint,
                );
            }
            None => self.notice(
                Severity::Warning,
                &format!("{} bytes are more than a terminal takes to its clipboard", text.len()),
                Some("74,994 bytes are the limit"),
            ),
        }
    }

    fn notice(&mut self, severity: Severity, text: &str, hint: Option<&str>) {
        self.person(Message::Notice(Trouble {
            severity,
            text: Clean::new(text),
            hint: hint.map(Clean::new),
        }));
    }

    fn resized(&mut self) -> io::Result<()> {
        let size = self.screen.size()?;
        self.person(Message::Resize {
            width: size.width,
            height: size.height,
        });
        // The terminal may have moved what it showed, also when the program sees no difference.
        self.screen.forget()?;
        self.pacing.person();
        Ok(())
    }

    fn stop(&mut self) {
        self.writer.finish(LAST_FRAME);
        self.terminal.leave();
        self.stopped = true;
        signals::stop_self();
    }

    fn go_on(&mut self) -> io::Result<()> {
        self.stopped = false;
        self.terminal.enter()?;
        self.resume();
        self.resized()
    }

    /// Nothing known is fresh any more, and connections may have died without a word.
    fn resume(&mut self) {
        self.clocks = Clocks::now();
        self.update(Message::Resumed(Utc::now(), cluster::moment()));
        if let Some(work) = self.perform.as_mut().and_then(|perform| perform(Effect::Reconnect)) {
            self.tasks.start(work);
        }
    }

    /// When a frame is due; `None` while nothing is to be drawn, or nothing can be written.
    fn next_frame(&self, now: Instant) -> Option<Instant> {
        let mut pacing = self.pacing;
        if self.program.is_dirty() {
            pacing.world();
        }
        let due = pacing.due(now, self.writer.drain());
        let at_once = (!self.outbox.is_empty()).then_some(now);
        if self.stopped || !self.writer.is_idle() {
            return None;
        }
        at_once.or(due)
    }

    fn draw_if_due(&mut self) -> io::Result<()> {
        let now = (self.now)();
        if self.ending.is_some() || self.next_frame(now).is_none_or(|due| due > now) {
            return Ok(());
        }
        let program = &mut self.program;
        let mut bytes = std::mem::take(&mut self.outbox);
        bytes.extend(self.screen.frame(|frame| program.draw(frame))?);
        self.pacing.drawn(now, bytes.len());
        if !bytes.is_empty()
            && let Err(refused) = self.writer.submit(bytes)
        {
            // It became busy meanwhile, which only this thread can cause: draw it all again later.
            drop(refused);
            self.screen.forget()?;
        }
        Ok(())
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Two clocks of which one stands still while the machine sleeps.
#[derive(Clone, Copy, Debug)]
struct Clocks {
    monotonic: Instant,
    wall: SystemTime,
}

impl Clocks {
    fn now() -> Self {
        Self {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// Whether the machine slept since the last call (or its clock was put forward, which is as bad for ages).
    fn slept(&mut self) -> bool {
        let now = Self::now();
        let slept = now.is_ahead_of(*self);
        *self = now;
        slept
    }

    fn is_ahead_of(self, before: Self) -> bool {
        let monotonic = self.monotonic.saturating_duration_since(before.monotonic);
        let wall = self.wall.duration_since(before.wall).unwrap_or_default();
        wall.saturating_sub(monotonic) > SLEPT
    }
}
