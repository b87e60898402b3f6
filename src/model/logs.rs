//! Logs on screen: what is followed, what was received of it, how it is looked at.
//!
//! What it is told comes back as effects: which logs to read, from where. `look` moves over the lines, `opened`
//! shows one in full, `saved` is what a file gets, `halves` are the old and the new instances of a release apart.

mod halves;
mod look;
mod opened;
mod saved;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::domain::{Clean, ClusterId, ObjectKey, Pod, Timestamp};
use crate::logs::follower::{Name, Names, Tally};
use crate::logs::plan::{Slot, Target};
use crate::logs::stamp::SECOND;
use crate::logs::{Bookmarks, Follower, News, Order, Pane, Stamp, Start, StreamId, What, Wish};
use crate::message::Effect;
use crate::screens::logs::{Follow, From};

pub use halves::{Half, Side};
pub use look::{Look, Still, Times};

/// Bytes of lines that a new filter or search decides over at a time.
pub const SIFT: usize = 4 * 1024 * 1024;

/// Logs on screen.
#[derive(Debug)]
pub struct Logs {
    pub follow: Follow,
    pub pane: Pane,
    pub look: Look,
    pub bookmarks: Bookmarks,
    follower: Follower,
    /// Where those that ran when the logs were opened began to be read.
    start: Start,
    opened: Stamp,
    is_held: bool,
    /// It was told that the oldest of the lines that were asked for are let go.
    pub is_loss_told: bool,
    /// A time that was gone to and whose lines may still come.
    goal: Option<Stamp>,
    /// The half that is not moved over, of logs that are divided.
    other: Option<Box<Half>>,
    /// Whose half is moved over; of logs that are not divided it means nothing.
    side: Side,
    /// Whose lines those of each stream are.
    sides: FxHashMap<StreamId, Side>,
    /// Of these there were logs that have ended and of which no line is left.
    forgotten: FxHashSet<Side>,
    /// Of the logs that wait for a place, those of new instances.
    queued_new: usize,
}

impl Logs {
    /// Logs opened at a time, that keep so many bytes; so many may be open in one cluster. `number` is that of the
    /// last request of logs before.
    pub fn new(follow: Follow, bytes: usize, limit: usize, opened: Timestamp, number: u64) -> Self {
        let (goal, start) = (follow.goal, start(follow.from, opened));
        let wish = Wish {
            intents: follow.intents.clone(),
            choice: follow.choice.clone(),
            start,
            is_once: false,
            limit,
        };
        let is_divided = follow.divided.is_some();
        let bytes = if is_divided { bytes / 2 } else { bytes };
        Self {
            follow,
            pane: Pane::new(bytes),
            look: Look::default(),
            bookmarks: Bookmarks::default(),
            follower: Follower::new(wish, number),
            start,
            opened: opened.into(),
            is_held: false,
            is_loss_told: false,
            goal,
            other: is_divided.then(|| Box::new(Half::new(bytes, goal))),
            side: Side::New,
            sides: FxHashMap::default(),
            forgotten: FxHashSet::default(),
            queued_new: 0,
        }
    }

    /// Lets what is read follow the instances there are: new ones join, those that are gone leave. Of logs that are
    /// divided `is_new` tells the instances of the newest version.
    pub fn replan<'a>(
        &mut self,
        pods: impl Iterator<Item = (&'a ClusterId, &'a Pod)> + Clone,
        is_new: impl Fn(&Target) -> bool,
    ) -> Vec<Effect> {
        let (follower, mut sink) = self.sink(&is_new);
        let orders = follower.replan(pods, &mut sink);
        let queued = self.follower.queued().iter();
        self.queued_new = queued.filter(|target| is_new(target)).count();
        orders.into_iter().map(effect).collect()
    }

    /// Takes what came of a reading; `pod` is the instance of that name ([`Self::instance_of`]) as it is known now.
    pub fn take(&mut self, news: &News, pod: Option<&Pod>) -> Vec<Effect> {
        // Nobody joins by this.
        let (follower, mut sink) = self.sink(&|_| false);
        let order = follower.take(news, pod, &mut sink);
        if matches!(news.what, What::Piece(_)) {
            self.stand_at_goal();
            self.on_other(Self::stand_at_goal);
        }
        order.map(effect).into_iter().chain(self.make_room()).collect()
    }

    /// Whose lines those of a stream are.
    pub fn name_of(&self, stream: StreamId) -> Option<&Name> {
        self.follower.name_of(stream)
    }

    pub const fn names(&self) -> &Names {
        self.follower.names()
    }

    pub fn tally(&self) -> Tally {
        self.follower.tally()
    }

    /// The name of the instance whose log it is.
    pub fn instance_of(&self, slot: &Slot) -> Option<&ObjectKey> {
        self.follower.instance_of(slot)
    }

    /// How many logs of a cluster may be open at a time.
    pub const fn limit(&self) -> usize {
        self.follower.limit()
    }

    /// Containers that have no log yet, each with the reason.
    pub fn waiting(&self) -> &[(Clean, Clean)] {
        self.follower.waiting()
    }

    /// The number of the last request.
    pub const fn number(&self) -> u64 {
        self.follower.number()
    }

    /// Gives everything up.
    pub fn close(self) -> Vec<Effect> {
        let leave = self.follower.close().into_iter().map(effect);
        leave.chain(self.is_held.then_some(Effect::HoldLogs(false))).collect()
    }

    /// Makes room, and says if the readings have to wait for it, or need no longer.
    pub fn make_room(&mut self) -> Option<Effect> {
        let mut is_full = false;
        for pane in std::iter::once(&mut self.pane).chain(self.other.as_mut().map(|other| &mut other.pane)) {
            while pane.evict().is_some() {}
            is_full |= !pane.has_room();
        }
        let changed = is_full != self.is_held;
        self.is_held = is_full;
        changed.then_some(Effect::HoldLogs(is_full))
    }

    /// The view stands still and has no room for more: the servers wait.
    pub const fn is_full(&self) -> bool {
        self.is_held
    }
}

fn start(from: From, opened: Timestamp) -> Start {
    match from {
        From::Tail(lines) => Start::Tail(lines),
        From::Head => Start::Everything,
        From::Ago(seconds) => Start::Since(Stamp(Stamp::from(opened).0.saturating_sub(seconds * SECOND))),
        From::At(at) => Start::Since(at),
    }
}

fn effect(order: Order) -> Effect {
    match order {
        Order::Read(request) => Effect::ReadLog(request),
        Order::Leave(slot) => Effect::LeaveLog(slot),
    }
}
