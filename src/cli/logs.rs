//! `pilothouse logs`: follows what was asked for and prints its lines, merged by time, without a terminal.
//!
//! The same [`Follower`] as the screen's decides what is read; `asked` turns the command line into what is wanted,
//! `printer` lines into text. While nobody takes what is printed, nothing is read.

mod asked;
mod printer;

use std::io::Write;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::args::{Args, LogFormat, Logs};
use super::setup::Setup;
use super::watch::{self, Known};
use super::{Environment, Failure, Printable, fleet};
use crate::domain::{Clean, Kind, Pod};
use crate::logs::plan::{FOLLOW_LIMIT, Slot, covers};
use crate::logs::queue::Queue;
use crate::logs::{Follower, News, Order, Stamp, What, Wish};
use crate::message::Message;
use crate::runtime::Exit;
use crate::runtime::descriptors;
use crate::runtime::logs::Readings;
use crate::world::World;
use printer::Printer;

/// Pieces that may wait to be printed.
const PIECES: usize = 32;
/// Between two looks at what may go out.
const LOOK: Duration = Duration::from_millis(100);
/// Looks between two plans of what is read.
const LOOKS: u64 = 10;
/// Containers without a log that are named; the others are counted.
const NAMED: usize = 5;

/// Prints logs until they end, or the program is ended.
pub(super) fn run(
    args: &Args,
    logs: &Logs,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let filter = asked::filter(logs)?;
    let selector = super::selector(logs.selector.as_deref())?;
    let start = asked::start(logs, Utc::now())?;
    let setup = Setup::load(args, environment)?;
    for problem in &setup.problems {
        writeln!(err, "pilothouse: {}", Printable(&problem.to_string()))?;
    }
    let allowed = descriptors::raise();
    let printer = Printer::new(args, logs, environment, filter);
    fleet::block_on(async {
        let members = fleet::ready_members(args, &setup).await?;
        let known = watch::until_known(&members, &[Kind::Pod], logs.wait).await;
        for (cluster, gaps) in &known.missing {
            for gap in gaps {
                writeln!(err, "pilothouse: {cluster}: {gap}")?;
            }
        }
        let intents = asked::intents(&known.world, &logs.what, selector.as_ref())?;
        let wish = Wish {
            choice: asked::choice(&known.world, &intents, logs)?,
            intents,
            start,
            is_once: logs.no_follow || logs.previous,
            limit: descriptors::follow_limit(allowed, members.len()),
        };
        Desk::new(known, wish, logs.output, printer).run(out, err).await
    })?
}

/// Everything between what clusters tell and what is printed.
struct Desk {
    known: Known,
    wish: Wish,
    follower: Follower,
    queue: Queue,
    printer: Printer,
    readings: Readings,
    messages: mpsc::Receiver<Message>,
    begun: Instant,
    /// Readings that wait, because what they gave cannot go out yet.
    held: Vec<Slot>,
    told_queued: bool,
}

impl Desk {
    fn new(known: Known, wish: Wish, format: LogFormat, printer: Printer) -> Self {
        let (sender, messages) = mpsc::channel(PIECES);
        Self {
            known,
            follower: Follower::new(wish.clone(), 0),
            wish,
            queue: Queue::new(format == LogFormat::Json),
            printer,
            readings: Readings::new(sender),
            messages,
            begun: Instant::now(),
            held: Vec::new(),
            told_queued: false,
        }
    }

    async fn run(mut self, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut count = 0_u64;
        loop {
            tokio::select! {
                Some(message) = self.messages.recv() => {
                    self.arrived(message);
                    // No more at a time: who sends as fast as this reads would never let anything out.
                    for _ in 0..PIECES {
                        let Ok(message) = self.messages.try_recv() else { break };
                        self.arrived(message);
                    }
                }
                Some((id, report)) = self.known.reports.recv() => {
                    watch::apply(&mut self.known.world, &id, report);
                    while let Ok((id, report)) = self.known.reports.try_recv() {
                        watch::apply(&mut self.known.world, &id, report);
                    }
                }
                _ = looks.tick() => {
                    if count.is_multiple_of(LOOKS) {
                        self.plan();
                    }
                    if count == 0 {
                        self.tell_what_waits(err)?;
                    }
                    count += 1;
                }
            }
            self.give_out(out, err)?;
            if count > 0 && self.is_over() {
                break;
            }
        }
        self.queue
            .drain(Stamp(i64::MAX), |line| self.printer.add(&self.follower, line));
        self.printer.write(out, err)?;
        self.known.cancel.cancel();
        let tally = self.follower.tally();
        if tally.ended == 0 {
            return Err(Failure::failed(
                "there is no log to read",
                "see `pilothouse get instances`",
            ));
        }
        let why = self.printer.why_nothing(self.wish.start, self.wish.is_once);
        if let Some(why) = why.filter(|_| tally.refused == 0 && tally.lost == 0) {
            writeln!(err, "pilothouse: {why}")?;
        }
        let is_whole = tally.lost == 0 && tally.refused == 0 && self.known.missing.is_empty();
        Ok(Exit(if is_whole { Exit::DONE } else { Exit::FAILED }))
    }

    fn now(&mut self) {
        let now = self.begun.elapsed().as_millis() as u64;
        self.queue.set_now(now);
    }

    fn plan(&mut self) {
        self.now();
        let orders = self.follower.replan(self.known.world.pods(), &mut self.queue);
        self.perform(orders);
    }

    fn arrived(&mut self, message: Message) {
        let Message::Log(news) = message else { return };
        self.now();
        let pod = pod_of(&self.known.world, &self.follower, &news);
        let order = self.follower.take(&news, pod, &mut self.queue);
        if let Some(order) = order {
            self.perform(vec![order]);
        } else if matches!(news.what, What::Ended { .. }) {
            // A place may be free.
            let orders = self.follower.refill(self.known.world.pods(), &mut self.queue);
            self.perform(orders);
        }
    }

    fn perform(&mut self, orders: Vec<Order>) {
        for order in orders {
            match order {
                Order::Leave(slot) => self.readings.leave(&slot),
                Order::Read(request) => {
                    let mut clusters = self.known.clusters.iter();
                    if let Some(cluster) = clusters.find(|cluster| *cluster.id() == request.slot.cluster) {
                        self.readings.read(cluster.clone(), *request);
                    }
                }
            }
        }
    }

    /// Prints what may go out, and lets who is too far ahead wait.
    fn give_out(&mut self, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
        self.now();
        let follower = &self.follower;
        let ripe = self.queue.ripe(|stream| follower.is_open(stream), self.wish.is_once);
        let printer = &mut self.printer;
        self.queue.drain(ripe, |line| printer.add(follower, line));
        let before = self.begun.elapsed();
        printer.write(out, err)?;
        let stood = self.begun.elapsed().saturating_sub(before);
        self.queue.stand_still(stood.as_millis() as u64);
        let ahead = follower
            .names()
            .iter()
            .filter(|(stream, _)| self.queue.is_full(*stream));
        let ahead: Vec<Slot> = ahead.map(|(_, name)| name.slot.clone()).collect();
        for slot in self.held.iter().filter(|slot| !ahead.contains(slot)) {
            self.readings.hold_one(slot, false);
        }
        for slot in &ahead {
            self.readings.hold_one(slot, true);
        }
        self.held = ahead;
        if !self.told_queued && follower.tally().queued > 0 {
            self.told_queued = true;
            let (queued, limit) = (follower.tally().queued, self.wish.limit);
            let why = if limit < FOLLOW_LIMIT {
                "; more files may not be open here (ulimit -n)"
            } else {
                ""
            };
            writeln!(
                err,
                "pilothouse: {queued} more containers wait: {limit} of a cluster are read at a time{why}"
            )?;
        }
        Ok(())
    }

    fn tell_what_waits(&self, err: &mut dyn Write) -> Result<(), Failure> {
        let waiting = self.follower.waiting();
        for (pod, why) in waiting.iter().take(NAMED) {
            writeln!(err, "pilothouse: {pod}: no log yet: {why}")?;
        }
        if waiting.len() > NAMED {
            writeln!(err, "pilothouse: and {} more have no log yet", waiting.len() - NAMED)?;
        }
        Ok(())
    }

    /// Whether nothing more can come of what was asked for.
    fn is_over(&self) -> bool {
        let tally = self.follower.tally();
        let is_read = tally.open == 0 && tally.queued == 0;
        // Who is refused a log of something that was named learns it now, not after a minute.
        let is_refused = tally.refused > 0 && tally.waiting == 0;
        // What goes on for ever is over before it began if nothing of it may be read.
        let is_all_refused = is_refused && tally.refused == tally.ended && !self.follower.has_heard();
        let is_finite = asked::is_finite(&self.wish.intents);
        is_read && (self.wish.is_once || is_all_refused || (is_finite && (is_refused || self.is_everything_ended())))
    }

    fn is_everything_ended(&self) -> bool {
        self.known
            .world
            .pods()
            .filter(|(cluster, pod)| covers(&self.wish.intents, &self.wish.choice, cluster, pod))
            .all(|(_, pod)| pod.phase.is_terminal())
    }
}

/// The instance that has the name of the one that ended; of lines nobody asks.
fn pod_of<'a>(world: &'a World, follower: &Follower, news: &News) -> Option<&'a Pod> {
    if matches!(news.what, What::Piece(_)) {
        return None;
    }
    let pod = world
        .cluster(&news.slot.cluster)?
        .pod(follower.instance_of(&news.slot)?)?;
    Some(pod)
}

/// Names in words, the first few of them.
fn few(names: &[Clean]) -> String {
    names.iter().take(3).map(Clean::as_str).collect::<Vec<_>>().join(", ")
}
