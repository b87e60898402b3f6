//! The screen of logs: what is followed, what was received of it, how it is looked at.
//!
//! What it is told comes back as effects: which logs to read, from where. `reading` decides what follows
//! when one ends, `look` moves over the lines, `opened` shows one in full.

mod look;
mod opened;
mod reading;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::domain::{Clean, ClusterId, Pod, Timestamp};
use crate::logs::badge::{Colours, short_names};
use crate::logs::plan::{Choice, FOLLOW_LIMIT, Held, Intent, Phase, Slot, Step, Target, plan, steps};
use crate::logs::stamp::SECOND;
use crate::logs::when::Span;
use crate::logs::{Bookmarks, Divider, Pane, Stamp, Start, Stream, StreamId};
use crate::message::Effect;

pub use look::{Look, Times};
use reading::{Reading, Stage};

/// Lines of a container's past to begin with.
pub const FIRST_LINES: u64 = 200;
/// Bytes of lines that a new filter or search decides over at a time.
pub const SIFT: usize = 4 * 1024 * 1024;
/// Colours of instances.
pub const COLOURS: usize = 6;
/// Seconds that a log may still be read after its instance is gone.
const PATIENCE: u32 = 5;

/// Where the logs of what runs already begin; who comes later is read from its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// So many lines of each container.
    Tail(u64),
    /// The first line that is kept.
    Head,
    /// So many seconds ago.
    Ago(i64),
    At(Stamp),
}

impl Default for From {
    fn default() -> Self {
        Self::Tail(FIRST_LINES)
    }
}

impl std::convert::From<Span> for From {
    fn from(span: Span) -> Self {
        match span {
            Span::Ago(seconds) => Self::Ago(seconds),
            Span::At(at) => Self::At(at),
            Span::Lines(lines) => Self::Tail(lines),
        }
    }
}

/// What a person wants to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follow {
    /// What was selected, in words.
    pub title: Clean,
    pub intents: Vec<Intent>,
    pub choice: Choice,
    pub from: From,
    /// The time to stand still at once its lines are here.
    pub goal: Option<Stamp>,
}

/// Which instances the lines of a stream come from.
#[derive(Clone, Debug)]
pub struct Name {
    pub slot: Slot,
    /// Cluster, instance and container, as far as they tell it from the others.
    pub short: Clean,
    pub(crate) full: Clean,
    pub colour: usize,
}

/// How many containers are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Being read.
    pub open: usize,
    /// Wait for a place.
    pub queued: usize,
    /// Have no log yet.
    pub waiting: usize,
    pub ended: usize,
}

/// Logs on screen.
#[derive(Debug)]
pub struct Logs {
    pub follow: Follow,
    pub pane: Pane,
    pub look: Look,
    pub bookmarks: Bookmarks,
    readings: FxHashMap<Slot, Reading>,
    done: FxHashSet<(Slot, u32)>,
    names: Vec<Name>,
    colours: Colours,
    queued: usize,
    waiting: Vec<(Clean, Clean)>,
    number: u64,
    opened: Timestamp,
    is_begun: bool,
    is_held: bool,
    /// A time that was gone to and whose lines may still come.
    goal: Option<Stamp>,
}

impl Logs {
    /// Logs opened at a time, that keep so many bytes.
    pub fn new(follow: Follow, bytes: usize, opened: Timestamp) -> Self {
        let goal = follow.goal;
        Self {
            follow,
            pane: Pane::new(bytes),
            look: Look::default(),
            bookmarks: Bookmarks::default(),
            readings: FxHashMap::default(),
            done: FxHashSet::default(),
            names: Vec::new(),
            colours: Colours::new(COLOURS),
            queued: 0,
            waiting: Vec::new(),
            number: 0,
            opened,
            is_begun: false,
            is_held: false,
            goal,
        }
    }

    /// Lets what is read follow the instances there are: new ones join, those that are gone leave.
    pub fn replan<'a>(&mut self, pods: impl Iterator<Item = (&'a ClusterId, &'a Pod)> + Clone) -> Vec<Effect> {
        let mut effects = self.look_again(&pods);
        let held = Held {
            open: self
                .readings
                .iter()
                .filter(|(_, reading)| reading.stage != Stage::Done)
                .map(|(slot, _)| slot.clone())
                .collect(),
            done: self.done.clone(),
        };
        let plan = plan(&self.follow.intents, &self.follow.choice, pods, &held, FOLLOW_LIMIT);
        for step in steps(&held, &plan) {
            match step {
                Step::Join(target) => effects.push(self.join(target)),
                Step::Leave(slot) => effects.extend(self.leave(&slot)),
            }
        }
        self.queued = plan.queued.len();
        self.waiting = plan
            .waiting
            .iter()
            .map(|target| {
                let why = match &target.phase {
                    Phase::Wait(why) => why.clone(),
                    Phase::Follow | Phase::Read => Clean::default(),
                };
                (target.pod.name.clone(), why)
            })
            .collect();
        self.is_begun = true;
        effects
    }

    fn join(&mut self, target: Target) -> Effect {
        let slot = target.slot.clone();
        if let Some(reading) = self.readings.get_mut(&slot) {
            // It had ended and started again.
            reading.stream.begin_run();
            reading.target = target;
            let divider = Divider::Joined {
                restarts: reading.target.restarts,
            };
            self.pane.divide(reading.stream.id(), None, divider);
        } else {
            // Who comes later is read from its first line.
            let start = if self.is_begun {
                Start::Everything
            } else {
                self.first_start()
            };
            let stream = Stream::join(&mut self.pane, start);
            self.name(&target);
            if self.is_begun {
                let restarts = target.restarts;
                self.pane.divide(stream.id(), None, Divider::Joined { restarts });
            }
            self.readings.insert(slot.clone(), Reading::new(target, stream));
        }
        self.ask(&slot)
    }

    fn first_start(&self) -> Start {
        match self.follow.from {
            From::Tail(lines) => Start::Tail(lines),
            From::Head => Start::Everything,
            From::Ago(seconds) => Start::Since(Stamp(Stamp::from(self.opened).0.saturating_sub(seconds * SECOND))),
            From::At(at) => Start::Since(at),
        }
    }

    /// The instance is gone: what it wrote last is on its way, so it is given a moment.
    fn leave(&mut self, slot: &Slot) -> Option<Effect> {
        let reading = self.readings.get_mut(slot)?;
        reading.leaving += 1;
        if reading.leaving <= PATIENCE {
            return None;
        }
        self.finish(slot, Divider::Gone);
        Some(Effect::LeaveLog(slot.clone()))
    }

    /// Gives a stream its name and all others theirs: what tells them apart may have changed.
    fn name(&mut self, target: &Target) {
        let full = format!("{}/{}/{}", target.slot.cluster, target.pod.name, target.slot.container);
        self.names.push(Name {
            slot: target.slot.clone(),
            short: Clean::default(),
            full: full.into(),
            colour: self.colours.get(&target.slot.uid, &target.pod.name),
        });
        let full: Vec<Clean> = self.names.iter().map(|name| name.full.clone()).collect();
        for (name, short) in self.names.iter_mut().zip(short_names(&full)) {
            name.short = short;
        }
    }

    /// Whose lines those of a stream are.
    pub fn name_of(&self, stream: StreamId) -> Option<&Name> {
        self.names.get(stream.0 as usize)
    }

    pub fn names(&self) -> &[Name] {
        &self.names
    }

    pub fn tally(&self) -> Tally {
        let open = self.readings.values().filter(|reading| reading.stage != Stage::Done);
        let open = open.count();
        Tally {
            open,
            queued: self.queued,
            waiting: self.waiting.len(),
            ended: self.readings.len() - open,
        }
    }

    /// Containers that have no log yet, each with the reason.
    pub fn waiting(&self) -> &[(Clean, Clean)] {
        &self.waiting
    }

    /// Gives everything up.
    pub fn close(self) -> Vec<Effect> {
        let open = self.readings.into_iter();
        let open = open.filter(|(_, reading)| reading.stage != Stage::Done);
        let leave = open.map(|(slot, _)| Effect::LeaveLog(slot));
        leave.chain(self.is_held.then_some(Effect::HoldLogs(false))).collect()
    }

    /// Makes room, and says if the readings have to wait for it, or need no longer.
    pub fn make_room(&mut self) -> Option<Effect> {
        while self.pane.evict().is_some() {}
        let is_full = !self.pane.has_room();
        let changed = is_full != self.is_held;
        self.is_held = is_full;
        changed.then_some(Effect::HoldLogs(is_full))
    }

    /// The view stands still and has no room for more: the servers wait.
    pub const fn is_full(&self) -> bool {
        self.is_held
    }
}
