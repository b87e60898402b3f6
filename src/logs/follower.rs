//! Follows the logs of what a person asked for: who joins, who leaves, what is asked of the server.
//!
//! Pure: [`Follower::replan`] and [`Follower::take`] are told what is there and what came, put lines into a
//! [`Sink`] and answer with [`Order`]s. `ends` decides what follows when a reading ends, `past` what is kept of it then,
//! `names` tells the streams apart.

mod ends;
mod names;
mod past;

use rustc_hash::{FxHashMap, FxHashSet};

use super::block::StreamId;
use super::divider::Divider;
use super::plan::{Choice, Held, Intent, Phase, Plan, Slot, Step, Target, containers_of, named, plan, steps};
use super::reading::Request;
use super::resume::Start;
use super::run::{Before, Extent, Next, restarted};
use super::sink::Sink;
use super::stream::Stream;
use crate::domain::{Clean, ClusterId, Container, ObjectKey, Pod};
use ends::{Reading, Stage};
use past::Past;

pub use names::{Name, Names};

/// Colours of instances.
pub const COLOURS: usize = 6;
/// Ticks without a byte after which nothing more is expected of an instance that is gone.
const PATIENCE: u32 = 5;

/// What is to be read, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub intents: Vec<Intent>,
    pub choice: Choice,
    /// Where the logs of what runs already begin; who comes later is read from its first line.
    pub start: Start,
    /// What is there now is read to its end, and nothing is waited for.
    pub is_once: bool,
    /// Logs open at a time in one cluster.
    pub limit: usize,
}

/// What is to be done about a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    Read(Box<Request>),
    Leave(Slot),
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
    /// Could not be read to their end; counted as ended too.
    pub lost: usize,
    /// Not given by the server, which is asked again at times; counted as ended too.
    pub refused: usize,
}

/// The logs that are being read.
#[derive(Debug)]
pub struct Follower {
    wish: Wish,
    readings: FxHashMap<Slot, Reading>,
    past: Past,
    names: Names,
    /// Wait for a place.
    queued: Vec<Target>,
    waiting: Vec<(Clean, Clean)>,
    /// What was there at first.
    first: FxHashSet<Slot>,
    number: u64,
    lost: usize,
    is_begun: bool,
    has_heard: bool,
}

impl Follower {
    /// Numbers its requests from the one after `number` on, so that the news of former ones are known for such.
    pub fn new(wish: Wish, number: u64) -> Self {
        Self {
            wish,
            readings: FxHashMap::default(),
            past: Past::default(),
            names: Names::default(),
            queued: Vec::new(),
            waiting: Vec::new(),
            first: FxHashSet::default(),
            number,
            lost: 0,
            is_begun: false,
            has_heard: false,
        }
    }

    /// Lets what is read follow the instances there are: new ones join, those that are gone leave. Told once a second.
    pub fn replan<'a>(
        &mut self,
        pods: impl Iterator<Item = (&'a ClusterId, &'a Pod)> + Clone,
        sink: &mut impl Sink,
    ) -> Vec<Order> {
        let mut orders = self.look_again(&pods, sink);
        orders.extend(self.go_by_plan(pods.clone(), true, sink));
        self.forget(pods, sink);
        orders
    }

    /// Gives places that are free to who waits for one.
    pub fn refill<'a>(
        &mut self,
        pods: impl Iterator<Item = (&'a ClusterId, &'a Pod)> + Clone,
        sink: &mut impl Sink,
    ) -> Vec<Order> {
        self.go_by_plan(pods, false, sink)
    }

    fn go_by_plan<'a>(
        &mut self,
        pods: impl Iterator<Item = (&'a ClusterId, &'a Pod)> + Clone,
        may_leave: bool,
        sink: &mut impl Sink,
    ) -> Vec<Order> {
        let mut orders = Vec::new();
        let held = Held {
            open: self.open().map(|(slot, _)| slot.clone()).collect(),
            done: self.past.done().clone(),
            resting: self.resting().map(|(slot, _)| slot.clone()).collect(),
        };
        let plan = plan(
            &self.wish.intents,
            &self.wish.choice,
            pods.clone(),
            &held,
            self.wish.limit,
        );
        if !self.is_begun {
            let there = plan.follow.iter().chain(&plan.queued);
            self.first = there.map(|target| target.slot.clone()).collect();
        }
        let steps = steps(&held, &plan);
        if may_leave {
            let leaving = steps.iter().filter_map(|step| match step {
                Step::Leave(slot) => Some(slot.clone()),
                Step::Join(_) => None,
            });
            orders.extend(self.leave(&leaving.collect(), pods.clone(), sink));
        }
        let containers = containers_of(pods, &steps);
        for step in steps {
            match step {
                Step::Join(target) if self.is_wanted(&target.slot) => {
                    let container = containers.get(&target.slot).copied();
                    orders.push(self.join(target, container, sink));
                }
                Step::Join(_) | Step::Leave(_) => {}
            }
        }
        self.names.tell_apart();
        self.note(plan);
        self.is_begun = true;
        orders
    }

    /// Who reads once wants what was there at first, and each log once.
    fn is_wanted(&self, slot: &Slot) -> bool {
        !self.wish.is_once || (self.first.contains(slot) && !self.readings.contains_key(slot))
    }

    fn note(&mut self, plan: Plan) {
        let queued = plan.queued.into_iter();
        self.queued = queued.filter(|target| self.is_wanted(&target.slot)).collect();
        let waiting = plan.waiting.iter().map(|target| {
            let why = match &target.phase {
                Phase::Wait(why) => why.clone(),
                Phase::Follow | Phase::Read => Clean::default(),
            };
            (target.pod.name.clone(), why)
        });
        self.waiting = waiting.collect();
    }

    fn join(&mut self, target: Target, container: Option<&Container>, sink: &mut impl Sink) -> Order {
        let slot = target.slot.clone();
        let is_late = self.is_begun && !self.first.contains(&slot);
        if let Some(reading) = self.readings.get_mut(&slot)
            && matches!(reading.stage, Stage::Refused(_))
            && reading.target.restarts == target.restarts
        {
            // It goes on where it was refused.
            reading.target = target;
        } else if self.readings.contains_key(&slot) {
            self.join_again(target, container, sink);
        } else {
            // Who comes later is read from its first line.
            let start = if is_late { Start::Everything } else { self.wish.start };
            let stream = Stream::new(sink.join(&target), sink.line_limit(), start);
            self.names.add(stream.id(), &target);
            if is_late {
                let restarts = target.restarts;
                sink.divide(stream.id(), None, Divider::Joined { restarts });
            }
            self.readings.insert(slot.clone(), Reading::new(target, stream));
        }
        self.ask(&slot)
    }

    /// A container whose log had ended, or was refused, has started again, once or more often.
    fn join_again(&mut self, target: Target, container: Option<&Container>, sink: &mut impl Sink) {
        let slot = target.slot.clone();
        let Some(reading) = self.readings.get_mut(&slot) else {
            return;
        };
        let extent = match reading.stage {
            Stage::Refused(_) => Extent::SoFar,
            _ => Extent::ToItsEnd,
        };
        let (read, joined, phase) = (reading.target.run(), target.run(), target.phase.clone());
        let restarts = joined.restarts;
        // Who reads runs before the present ones reads nothing else.
        let next = container
            .filter(|_| !target.previous)
            .map(|container| restarted(&read, extent, container));
        reading.target = target;
        match next {
            Some(Next::Restart { before, divider, run }) => {
                if extent == Extent::SoFar && before != Some(Before::Rest) {
                    self.leave_unfinished(&slot, sink);
                }
                self.restart(&slot, before, divider, run, sink);
            }
            _ => self.begin(&slot, Divider::Joined { restarts }, &joined, sink),
        }
        if let Some(reading) = self.readings.get_mut(&slot) {
            reading.target.phase = phase;
        }
    }

    /// What an instance that is gone wrote last is on its way, so it is read as long as something comes of it, or
    /// would if there was room. Who is there and no longer asked for writes on for ever, and is given the same moment.
    /// Who was replaced and was asked for again since is left at once: the server knows names alone, and may have
    /// answered with the log of the other.
    fn leave<'a>(
        &mut self,
        leaving: &FxHashSet<Slot>,
        pods: impl Iterator<Item = (&'a ClusterId, &'a Pod)>,
        sink: &mut impl Sink,
    ) -> Vec<Order> {
        let names = leaving.iter().filter_map(|slot| Some((slot, self.instance_of(slot)?)));
        let known = named(pods, names);
        let mut over = Vec::new();
        for (slot, reading) in &mut self.readings {
            if !leaving.contains(slot) {
                reading.leaving = 0;
                continue;
            }
            let is_there = known.get(slot).is_some_and(|pod| pod.uid == slot.uid);
            let is_replaced = known.contains_key(slot) && !is_there;
            let is_awaited = reading.is_heard || !sink.has_room(reading.stream.id());
            reading.is_heard = false;
            reading.leaving = if is_awaited && !is_there {
                0
            } else {
                reading.leaving + 1
            };
            if reading.leaving > PATIENCE || (is_replaced && reading.is_asked_again) {
                let divider = match (is_there, is_replaced) {
                    (true, _) => Divider::Left,
                    (false, true) => Divider::Replaced,
                    (false, false) => Divider::Gone,
                };
                over.push((slot.clone(), divider));
            }
        }
        let leave = |(slot, divider): (Slot, Divider)| {
            self.finish(&slot, Some(divider), sink);
            Order::Leave(slot)
        };
        over.into_iter().map(leave).collect()
    }

    /// Whose lines those of a stream are.
    pub fn name_of(&self, stream: StreamId) -> Option<&Name> {
        self.names.get(stream)
    }

    pub const fn names(&self) -> &Names {
        &self.names
    }

    pub fn tally(&self) -> Tally {
        let open = self.open().count();
        Tally {
            open,
            queued: self.queued.len(),
            waiting: self.waiting.len(),
            ended: self.readings.len() - open + self.past.forgotten(),
            lost: self.lost,
            refused: self.refused().filter(|(_, reading)| reading.refusal.is_some()).count(),
        }
    }

    /// Whether anything came of any log.
    pub const fn has_heard(&self) -> bool {
        self.has_heard
    }

    /// Whether something came of one of some streams, which goes on.
    pub fn is_heard(&self, is_of: impl Fn(StreamId) -> bool) -> bool {
        let is_heard = |reading: &Reading| reading.stage.is_open() && reading.has_heard;
        self.readings_of(is_of).any(is_heard)
    }

    /// Whether some streams have all ended; `None` where there are none of them, or no longer.
    pub fn have_ended(&self, is_of: impl Fn(StreamId) -> bool) -> Option<bool> {
        let mut of = self.readings_of(is_of).peekable();
        of.peek()?;
        Some(of.all(|reading| reading.stage == Stage::Done))
    }

    fn readings_of(&self, is_of: impl Fn(StreamId) -> bool) -> impl Iterator<Item = &Reading> {
        self.readings.values().filter(move |reading| is_of(reading.stream.id()))
    }

    /// Streams of which nothing came yet, and of which something may come any moment: they were asked for just now.
    pub fn awaited(&self) -> impl Iterator<Item = StreamId> {
        let readings = self.readings.values().filter(|reading| reading.is_awaited());
        readings.map(|reading| reading.stream.id())
    }

    /// The number of the last request.
    pub const fn number(&self) -> u64 {
        self.number
    }

    pub const fn limit(&self) -> usize {
        self.wish.limit
    }

    /// Those that wait for a place.
    pub fn queued(&self) -> &[Target] {
        &self.queued
    }

    /// Containers that have no log yet, each with the reason.
    pub fn waiting(&self) -> &[(Clean, Clean)] {
        &self.waiting
    }

    /// Whether a stream is being read.
    pub fn is_open(&self, stream: StreamId) -> bool {
        let reading = self.name_of(stream).and_then(|name| self.readings.get(&name.slot));
        reading.is_some_and(|reading| reading.stage.is_open())
    }

    /// Whose log it is; `None` before anything was read of it.
    pub fn target_of(&self, stream: StreamId) -> Option<&Target> {
        let reading = self.name_of(stream).and_then(|name| self.readings.get(&name.slot));
        reading.map(|reading| &reading.target)
    }

    /// The name of the instance whose log it is.
    pub fn instance_of(&self, slot: &Slot) -> Option<&ObjectKey> {
        self.readings.get(slot).map(|reading| &reading.target.pod)
    }

    /// The stream of a container's log.
    pub fn stream_of(&self, slot: &Slot) -> Option<StreamId> {
        self.readings.get(slot).map(|reading| reading.stream.id())
    }

    fn open(&self) -> impl Iterator<Item = (&Slot, &Reading)> {
        self.readings.iter().filter(|(_, reading)| reading.stage.is_open())
    }

    fn refused(&self) -> impl Iterator<Item = (&Slot, &Reading)> {
        let is_refused = |reading: &Reading| matches!(reading.stage, Stage::Refused(_));
        self.readings.iter().filter(move |(_, reading)| is_refused(reading))
    }

    /// Those that were refused not long ago.
    fn resting(&self) -> impl Iterator<Item = (&Slot, &Reading)> {
        let is_resting = |reading: &Reading| matches!(reading.stage, Stage::Refused(ticks) if ticks > 0);
        self.readings.iter().filter(move |(_, reading)| is_resting(reading))
    }

    /// Gives everything up.
    pub fn close(self) -> Vec<Order> {
        self.open().map(|(slot, _)| Order::Leave(slot.clone())).collect()
    }
}
