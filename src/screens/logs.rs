//! The screen of logs: what is followed, what was received of it, how it is looked at.
//!
//! What it is told comes back as effects: which logs to read, from where. `look` moves over the lines, `opened`
//! shows one in full, `saved` is what a file gets.

mod look;
mod opened;
mod saved;

use crate::domain::{Clean, ClusterId, Pod, Timestamp};
use crate::logs::follower::{Name, Tally};
use crate::logs::plan::{Choice, Intent};
use crate::logs::stamp::SECOND;
use crate::logs::when::Span;
use crate::logs::{Bookmarks, Follower, News, Order, Pane, Stamp, Start, StreamId, What, Wish};
use crate::message::Effect;

pub use crate::logs::follower::COLOURS;
pub use look::{Look, Times};

/// Lines of a container's past to begin with.
pub const FIRST_LINES: u64 = 200;
/// Bytes of lines that a new filter or search decides over at a time.
pub const SIFT: usize = 4 * 1024 * 1024;

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
    is_held: bool,
    /// A time that was gone to and whose lines may still come.
    goal: Option<Stamp>,
}

impl Logs {
    /// Logs opened at a time, that keep so many bytes; so many may be open in one cluster.
    pub fn new(follow: Follow, bytes: usize, limit: usize, opened: Timestamp) -> Self {
        let (goal, start) = (follow.goal, start(follow.from, opened));
        let wish = Wish {
            intents: follow.intents.clone(),
            choice: follow.choice.clone(),
            start,
            is_once: false,
            limit,
        };
        Self {
            follow,
            pane: Pane::new(bytes),
            look: Look::default(),
            bookmarks: Bookmarks::default(),
            follower: Follower::new(wish),
            start,
            is_held: false,
            goal,
        }
    }

    /// Lets what is read follow the instances there are: new ones join, those that are gone leave.
    pub fn replan<'a>(&mut self, pods: impl Iterator<Item = (&'a ClusterId, &'a Pod)> + Clone) -> Vec<Effect> {
        let orders = self.follower.replan(pods, &mut self.pane);
        orders.into_iter().map(effect).collect()
    }

    /// Takes what came of a reading; `pod` is the instance as it is known now.
    pub fn take(&mut self, news: &News, pod: Option<&Pod>) -> Vec<Effect> {
        let order = self.follower.take(news, pod, &mut self.pane);
        if matches!(news.what, What::Piece(_)) {
            self.stand_at_goal();
        }
        order.map(effect).into_iter().chain(self.make_room()).collect()
    }

    /// Whose lines those of a stream are.
    pub fn name_of(&self, stream: StreamId) -> Option<&Name> {
        self.follower.name_of(stream)
    }

    pub fn names(&self) -> &[Name] {
        self.follower.names()
    }

    pub fn tally(&self) -> Tally {
        self.follower.tally()
    }

    /// How many logs of a cluster may be open at a time.
    pub const fn limit(&self) -> usize {
        self.follower.limit()
    }

    /// Containers that have no log yet, each with the reason.
    pub fn waiting(&self) -> &[(Clean, Clean)] {
        self.follower.waiting()
    }

    /// Gives everything up.
    pub fn close(self) -> Vec<Effect> {
        let leave = self.follower.close().into_iter().map(effect);
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
