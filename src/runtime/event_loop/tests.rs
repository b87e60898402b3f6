//! What the loop does to keep its pace.

use std::cell::Cell;

use ratatui::Frame;
use ratatui::layout::Size;
use tokio::sync::mpsc;

use super::super::activity::ActivityLog;
use super::super::tty::Tty;
use super::*;
use crate::domain::{Batch, Change, ClusterId, ClusterReport, Kind, ObjectKey, Timestamp};
use crate::input::Keymap;
use crate::message::Mode;

#[test]
fn a_wall_clock_that_ran_ahead_means_sleep() {
    let before = Clocks::now();
    let after = |monotonic, wall| Clocks {
        monotonic: before.monotonic + Duration::from_secs(monotonic),
        wall: before.wall + Duration::from_secs(wall),
    };
    for (monotonic, wall, slept) in [(1, 1, false), (1, 5, false), (1, 60, true), (60, 60, false)] {
        assert_eq!(after(monotonic, wall).is_ahead_of(before), slept, "{monotonic} {wall}");
    }
}

/// Changes in the burst, and in a message of it, as a watch sends them.
const BURST: usize = 100_000;
const PART: usize = 500;

/// What one change takes; the bench `keep the world` says less.
const COST: Duration = Duration::from_micros(5);

thread_local! {
    static PASSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static BEGAN: Instant = Instant::now();
}

/// A time that only work makes pass.
fn now() -> Instant {
    BEGAN.with(|began| *began + PASSED.get())
}

/// A program whose work takes time by [`now`], and that sees how long a frame and a key wait.
#[derive(Default)]
struct Busy {
    applied: usize,
    since_settled: usize,
    most_at_once: usize,
    pressed: Option<Instant>,
    frames: Vec<Instant>,
    longest_for_a_key: Duration,
}

impl Program for Busy {
    fn update(&mut self, message: Message) -> Vec<Effect> {
        if let Message::Cluster(_, ClusterReport::Batch(batch)) = message {
            let changes = batch.changes.len();
            PASSED.set(PASSED.get() + COST * u32::try_from(changes).unwrap());
            self.applied += changes;
            self.since_settled += changes;
            self.most_at_once = self.most_at_once.max(self.since_settled);
        }
        Vec::new()
    }

    fn settle(&mut self, _: Timestamp) {
        self.since_settled = 0;
    }

    fn mode(&self) -> Mode {
        Mode::Screen
    }

    fn is_dirty(&self) -> bool {
        true
    }

    fn draw(&mut self, _: &mut Frame<'_>) {
        self.frames.push(now());
        if let Some(pressed) = self.pressed.take() {
            self.longest_for_a_key = self.longest_for_a_key.max(now() - pressed);
        }
    }
}

/// A loop on a terminal that is never taken, so that nothing is written; its first frame is drawn.
fn shell() -> Shell<Busy> {
    let settings = Settings {
        keymap: Keymap::shipped("default").unwrap(),
        synchronized: false,
        multiplexer: clipboard::Multiplexer::None,
        activity: ActivityLog::open(None, String::new()),
        reports: std::path::PathBuf::new(),
    };
    let terminal = Arc::new(Terminal::new(Arc::new(Tty::open().unwrap())));
    let writer = Writer::start(Arc::clone(&terminal)).unwrap();
    let screen = Screen::new(Box::new(|| Ok(Size::new(80, 24))), false).unwrap();
    let mut shell = Shell::new(settings, Busy::default(), terminal, writer, screen);
    shell.now = now;
    shell.draw_if_due().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !shell.writer.is_idle() {
        assert!(Instant::now() < deadline, "the writer hangs");
        std::thread::yield_now();
    }
    shell
}

fn part(first: usize) -> Message {
    let change = |n: usize| Change::Delete(ObjectKey::new("gift", format!("p{n:06}")));
    Message::Cluster(
        ClusterId::new("lab"),
        ClusterReport::Batch(Batch {
            kind: Kind::Pod,
            namespace: Clean::default(),
            generation: 1,
            changes: (first..first + PART).map(change).collect(),
            sweep: false,
        }),
    )
}

#[test]
fn f23_a_burst_is_taken_in_parts_with_frames_and_keys_in_between() {
    let mut shell = shell();
    let (sender, mut messages) = mpsc::channel(BURST / PART);
    for n in 0..BURST / PART {
        sender.try_send(part(n * PART)).unwrap();
    }
    let (keys, mut inputs) = mpsc::unbounded_channel();
    while let Ok(message) = messages.try_recv() {
        // A key is pressed just as the loop begins to take what the world says.
        keys.send(Input::Key(Key::parse("down").unwrap())).unwrap();
        shell.program.pressed = Some(now());
        shell.batch(Some(message), &mut messages);
        shell.catch_up(&mut inputs).unwrap();
    }
    let busy = &shell.program;
    assert_eq!(busy.applied, BURST, "everything was taken");
    assert!(busy.most_at_once < BATCH + PART, "{} at once", busy.most_at_once);
    let took = now() - busy.frames[0];
    assert_eq!(took, COST * u32::try_from(BURST).unwrap());
    let longest = busy.frames.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    assert!(longest < Duration::from_millis(33), "{longest:?} without a frame");
    assert!(
        busy.longest_for_a_key < Duration::from_millis(33),
        "a key waited {:?}",
        busy.longest_for_a_key
    );
}

#[test]
fn f23_the_world_alone_is_drawn_at_its_pace_while_it_changes_for_a_minute() {
    let mut shell = shell();
    let (_keys, mut inputs) = mpsc::unbounded_channel();
    let (sender, mut messages) = mpsc::channel(8);
    let minute = Duration::from_mins(1);
    let mut sent = 0;
    // 1,000 changes a second, as a watch gathers them: 500 each half a second.
    while PASSED.get() < minute {
        sender.try_send(part(sent)).unwrap();
        sent += PART;
        let message = messages.try_recv().ok();
        shell.batch(message, &mut messages);
        shell.catch_up(&mut inputs).unwrap();
        PASSED.set(PASSED.get() + Duration::from_millis(500));
    }
    let busy = &shell.program;
    assert_eq!(busy.applied, sent);
    assert!(
        busy.frames.len() * PART >= sent,
        "{} frames for {sent} changes",
        busy.frames.len()
    );
}
