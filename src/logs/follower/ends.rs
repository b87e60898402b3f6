//! What follows when the reading of one log ends: it goes on, reads the next run, or is over.

use super::{Follower, Order};
use crate::domain::{Clean, ClusterId, Pod};
use crate::logs::divider::Divider;
use crate::logs::plan::{Phase, Slot, Target, named};
use crate::logs::reading::{News, Request, What};
use crate::logs::run::{Before, End, Next, Run, next};
use crate::logs::sink::Sink;
use crate::logs::stream::Stream;

/// Ticks to wait for the word that a container ended whose log ended in order: the log is faster.
const GRACE: u32 = 2;
/// Readings of what is left of a run before, or of what is read once, that may fail one after the other.
const TRIES: u32 = 3;
/// Ticks before the server is asked again for what it refused.
const REST: u32 = 60;
/// The same for a log that there is not, or not yet, at first; then twice as many each time.
const SOON: u32 = 2;
/// Ticks after which a reading counts as one that worked: what breaks earlier each time is asked for ever later.
const LASTING: u32 = 5;
/// Ticks after which a log of which nothing came is taken for one that has no line.
const ANSWERED: u32 = 5;

/// One container's log.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) target: Target,
    pub(super) stream: Stream,
    pub(super) stage: Stage,
    /// The request that counts; news of others come too late.
    number: u64,
    /// Whether there was a request before that one.
    pub(super) is_asked_again: bool,
    /// Readings that failed one after the other, none of which lasted.
    failures: u32,
    /// Those of them since something came.
    fruitless: u32,
    /// Ticks since it was asked for.
    age: u32,
    /// What the server said when it refused it, if it was told and nothing came since.
    pub(super) refusal: Option<Clean>,
    /// How often it was refused since something came.
    refusals: u32,
    /// Ticks that it was not among what is asked for, or that nothing came since its instance is gone.
    pub(super) leaving: u32,
    /// Whether something came since it was asked for.
    pub(super) has_heard: bool,
    /// Whether something came since the last tick on which it was gone.
    pub(super) is_heard: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stage {
    Open,
    /// The rest of a run before is read; then comes this one.
    Rest(Divider, Run),
    /// It ended; for so many ticks it is not known why.
    Ended(End, u32),
    /// The server did not give it, and is asked again in so many ticks.
    Refused(u32),
    Done,
}

impl Stage {
    /// Whether it takes a place.
    pub(super) const fn is_open(&self) -> bool {
        !matches!(self, Self::Refused(_) | Self::Done)
    }
}

impl Reading {
    pub(super) const fn new(target: Target, stream: Stream) -> Self {
        Self {
            target,
            stream,
            stage: Stage::Open,
            number: 0,
            is_asked_again: false,
            failures: 0,
            fruitless: 0,
            age: 0,
            refusal: None,
            refusals: 0,
            leaving: 0,
            has_heard: false,
            is_heard: false,
        }
    }

    /// Whether it was asked for just now and nothing came yet.
    pub(super) const fn is_awaited(&self) -> bool {
        self.stage.is_open() && !self.has_heard && self.age < ANSWERED
    }
}

impl Follower {
    /// Asks for the log from where it was read.
    pub(super) fn ask(&mut self, slot: &Slot) -> Order {
        self.number += 1;
        let number = self.number;
        let Some(reading) = self.readings.get_mut(slot) else {
            return Order::Leave(slot.clone());
        };
        reading.is_asked_again = reading.number > 0;
        reading.number = number;
        (reading.age, reading.has_heard) = (0, false);
        let is_rest = matches!(reading.stage, Stage::Rest(..));
        if !is_rest {
            reading.stage = Stage::Open;
        }
        let target = &reading.target;
        Order::Read(Box::new(Request {
            slot: slot.clone(),
            pod: target.pod.clone(),
            number,
            ask: reading.stream.ask(),
            previous: is_rest || target.previous,
            follow: !is_rest && !self.wish.is_once && !target.previous && target.phase == Phase::Follow,
            failures: reading.failures,
        }))
    }

    /// Takes what came of a reading; `pod` is the instance of that name ([`Self::instance_of`]) as it is known now.
    pub fn take(&mut self, news: &News, pod: Option<&Pod>, sink: &mut impl Sink) -> Option<Order> {
        let reading = self.readings.get_mut(&news.slot)?;
        if reading.number != news.number || !reading.stage.is_open() {
            return None;
        }
        match &news.what {
            What::Piece(bytes) => {
                reading.fruitless = 0;
                (reading.refusal, reading.refusals) = (None, 0);
                self.has_heard = true;
                (reading.has_heard, reading.is_heard) = (true, true);
                reading.stream.feed(bytes, sink);
                None
            }
            What::Ended { end, reason } => self.ended(&news.slot, *end, reason.clone(), pod, sink),
        }
    }

    fn ended(
        &mut self,
        slot: &Slot,
        end: End,
        reason: Option<Clean>,
        pod: Option<&Pod>,
        sink: &mut impl Sink,
    ) -> Option<Order> {
        if pod.is_some_and(|pod| pod.uid != slot.uid) {
            self.lost += usize::from(self.wish.is_once && end != End::Closed);
            self.replaced(slot, end, sink);
            return None;
        }
        if matches!(end, End::Refused | End::Absent) {
            return self.refuse(slot, end, reason.unwrap_or_default(), sink);
        }
        let reading = self.readings.get_mut(slot)?;
        if end == End::Closed || reading.age >= LASTING {
            reading.failures = 0;
        }
        if end == End::Broken {
            // One interruption is told once, however often it is tried to go on.
            let told = reason.filter(|_| reading.fruitless == 0);
            reading.stream.cut(told, sink);
            reading.failures += 1;
            reading.fruitless += 1;
        } else {
            reading.fruitless = 0;
        }
        let is_tried_enough = reading.fruitless >= TRIES;
        if let Stage::Rest(divider, run) = &reading.stage {
            let (divider, run) = (divider.clone(), run.clone());
            if end == End::Closed || is_tried_enough {
                if end != End::Closed {
                    self.leave_unfinished(slot, sink);
                }
                self.begin(slot, divider, &run, sink);
            }
            return Some(self.ask(slot));
        }
        if self.wish.is_once && (end == End::Closed || is_tried_enough) {
            let is_lost = end == End::Broken;
            self.lost += usize::from(is_lost);
            self.finish(slot, is_lost.then_some(Divider::GivenUp), sink);
            return None;
        }
        if self.wish.is_once || reading.target.previous {
            if end == End::Closed {
                let exit = pod.and_then(|pod| {
                    let container = pod.containers.iter().find(|c| c.name == slot.container)?;
                    container.last_exit.clone()
                });
                self.finish(slot, Some(Divider::Ended { exit }), sink);
                return None;
            }
            return Some(self.ask(slot));
        }
        reading.stage = Stage::Ended(end, 0);
        self.decide(slot, end, 0, pod, sink)
    }

    /// Another instance has the name: the server would answer with its log.
    fn replaced(&mut self, slot: &Slot, end: End, sink: &mut impl Sink) {
        if let Some(reading) = self.readings.get_mut(slot).filter(|_| end != End::Closed) {
            reading.stream.cut(None, sink);
        }
        self.finish(slot, Some(Divider::Replaced), sink);
    }

    /// The server says no: the place is given back, and it is asked again after a while.
    fn refuse(&mut self, slot: &Slot, end: End, reason: Clean, sink: &mut impl Sink) -> Option<Order> {
        let reading = self.readings.get_mut(slot)?;
        reading.stream.cut(None, sink);
        let rest = match end {
            End::Absent => (SOON << reading.refusals.min(5)).min(REST),
            _ => REST,
        };
        reading.refusals += 1;
        // A container that has just been created has a log the next moment: that is not worth a word.
        let is_told = rest > SOON || self.wish.is_once || matches!(reading.stage, Stage::Rest(..));
        if is_told && reading.refusal.as_ref() != Some(&reason) {
            reading.refusal = Some(reason.clone());
            let divider = Divider::Refused { reason };
            sink.divide(reading.stream.id(), None, divider);
        }
        if let Stage::Rest(divider, run) = &reading.stage {
            // What is left of the run before is lost; the present run is another matter.
            let (divider, run) = (divider.clone(), run.clone());
            self.begin(slot, divider, &run, sink);
            return Some(self.ask(slot));
        }
        reading.stage = Stage::Refused(rest);
        if self.wish.is_once {
            self.lost += 1;
            self.finish(slot, None, sink);
        }
        None
    }

    fn decide(&mut self, slot: &Slot, end: End, ticks: u32, pod: Option<&Pod>, sink: &mut impl Sink) -> Option<Order> {
        let reading = self.readings.get_mut(slot)?;
        match next(&reading.target.run(), end, pod) {
            Next::Resume { .. } if end == End::Closed && ticks < GRACE => {
                reading.stage = Stage::Ended(end, ticks);
                None
            }
            Next::Resume { follow } => {
                if end == End::Closed {
                    reading.stream.cut(None, sink);
                }
                reading.target.phase = if follow { Phase::Follow } else { Phase::Read };
                Some(self.ask(slot))
            }
            Next::Wait(None) => {
                reading.stage = Stage::Ended(end, ticks);
                None
            }
            Next::Wait(Some(divider)) | Next::Finish(divider) => {
                self.finish(slot, Some(divider), sink);
                None
            }
            Next::Restart { before, divider, run } => {
                match (end, &before) {
                    (End::Closed, Some(Before::Rest)) => {
                        reading.stream.cut(None, sink);
                    }
                    (End::Closed, _) | (_, Some(Before::Rest)) => {}
                    _ => self.leave_unfinished(slot, sink),
                }
                self.restart(slot, before, divider, run, sink);
                Some(self.ask(slot))
            }
        }
    }

    /// Says that what the run that was read wrote next is lost.
    pub(super) fn leave_unfinished(&self, slot: &Slot, sink: &mut impl Sink) {
        if let Some(reading) = self.readings.get(slot) {
            sink.divide(reading.stream.id(), None, Divider::Unfinished);
        }
    }

    /// Goes on to a later run, by way of what there is to read of the run before it.
    pub(super) fn restart(
        &mut self,
        slot: &Slot,
        before: Option<Before>,
        divider: Divider,
        run: Run,
        sink: &mut impl Sink,
    ) {
        match before {
            None => return self.begin(slot, divider, &run, sink),
            Some(Before::Rest) => {}
            Some(Before::Whole(behind)) => self.begin(slot, behind, &run, sink),
        }
        if let Some(reading) = self.readings.get_mut(slot) {
            reading.stage = Stage::Rest(divider, run);
        }
    }

    /// Another run of the container is read from its start.
    pub(super) fn begin(&mut self, slot: &Slot, divider: Divider, run: &Run, sink: &mut impl Sink) {
        if let Some(reading) = self.readings.get_mut(slot) {
            reading.stream.end(sink);
            sink.divide(reading.stream.id(), None, divider);
            reading.target.restarts = run.restarts;
            reading.target.phase = Phase::Follow;
            reading.stage = Stage::Open;
            (reading.failures, reading.fruitless) = (0, 0);
        }
    }

    /// Nothing more comes of this run.
    pub(super) fn finish(&mut self, slot: &Slot, divider: Option<Divider>, sink: &mut impl Sink) {
        if let Some(reading) = self.readings.get_mut(slot) {
            reading.stream.end(sink);
            if let Some(divider) = divider {
                sink.divide(reading.stream.id(), None, divider);
            }
            reading.stage = Stage::Done;
            self.past.finish(slot.clone(), reading.target.restarts);
        }
    }

    /// A tick later: looks again at what ended without a word why.
    pub(super) fn look_again<'a>(
        &mut self,
        pods: &(impl Iterator<Item = (&'a ClusterId, &'a Pod)> + Clone),
        sink: &mut impl Sink,
    ) -> Vec<Order> {
        for reading in self.readings.values_mut() {
            reading.age += 1;
            if let Stage::Refused(ticks) = &mut reading.stage {
                *ticks = ticks.saturating_sub(1);
            }
        }
        let ended = self.readings.iter().filter_map(|(slot, reading)| match reading.stage {
            Stage::Ended(end, ticks) => Some((slot.clone(), end, ticks + 1)),
            _ => None,
        });
        let ended: Vec<_> = ended.collect();
        let refused: Vec<_> = self.refused().map(|(slot, _)| slot.clone()).collect();
        let slots = ended.iter().map(|(slot, ..)| slot).chain(&refused);
        let names = slots.filter_map(|slot| Some((slot, self.instance_of(slot)?)));
        let known = named(pods.clone(), names);
        for slot in &refused {
            match known.get(slot) {
                Some(pod) if pod.uid == slot.uid => {}
                Some(_) => self.finish(slot, Some(Divider::Replaced), sink),
                None => self.finish(slot, Some(Divider::Gone), sink),
            }
        }
        let decide = |(slot, end, ticks): (Slot, End, u32)| {
            let pod = known.get(&slot).copied();
            self.decide(&slot, end, ticks, pod, sink)
        };
        ended.into_iter().filter_map(decide).collect()
    }
}
