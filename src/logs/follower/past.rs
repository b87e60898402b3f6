//! What is kept of logs that have ended: while their instance is there or their lines are, all of it; then, for the
//! last so many, that they were read, so that a server that lists them once more has nothing read twice.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::{Follower, Reading, Stage};
use crate::domain::{ClusterId, Pod};
use crate::logs::plan::{Slot, named};
use crate::logs::sink::Sink;

/// Logs that are known for read after nothing else is known of them.
const REMEMBERED: usize = 1_000;

/// Logs that were read to their end.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// With the restarts of the last run.
    done: FxHashMap<Slot, u32>,
    /// Those of them of which nothing else is known, in the order in which they were forgotten.
    remembered: VecDeque<Slot>,
    forgotten: usize,
}

impl Past {
    pub(super) fn finish(&mut self, slot: Slot, restarts: u32) {
        self.done.insert(slot, restarts);
    }

    pub(super) const fn done(&self) -> &FxHashMap<Slot, u32> {
        &self.done
    }

    /// How many were forgotten.
    pub(super) const fn forgotten(&self) -> usize {
        self.forgotten
    }

    /// Remembers a log for a while; one that `is_read` again is remembered for that.
    fn forget(&mut self, slot: Slot, is_read: impl Fn(&Slot) -> bool) {
        self.forgotten += 1;
        self.remembered.retain(|of| *of != slot);
        self.remembered.push_back(slot);
        if self.remembered.len() > REMEMBERED
            && let Some(oldest) = self.remembered.pop_front()
            && !is_read(&oldest)
        {
            self.done.remove(&oldest);
        }
    }
}

impl Follower {
    /// Gives up what has ended, whose instance is gone and of which no line is left.
    pub(super) fn forget<'a>(&mut self, pods: impl Iterator<Item = (&'a ClusterId, &'a Pod)>, sink: &mut impl Sink) {
        let is_over =
            |(_, reading): &(&Slot, &Reading)| reading.stage == Stage::Done && !sink.has_rows(reading.stream.id());
        let over = self.readings.iter().filter(is_over);
        let over: Vec<_> = over
            .map(|(slot, reading)| (slot.clone(), reading.target.pod.clone()))
            .collect();
        if over.is_empty() {
            return;
        }
        let known = named(pods, over.iter().map(|(slot, name)| (slot, name)));
        let mut streams = Vec::new();
        for (slot, _) in over {
            let is_there = known.get(&slot).is_some_and(|pod| pod.uid == slot.uid);
            if !is_there && let Some(reading) = self.readings.remove(&slot) {
                sink.forget(reading.stream.id());
                streams.push(reading.stream.id());
                self.past.forget(slot, |slot| self.readings.contains_key(slot));
            }
        }
        if !streams.is_empty() {
            self.names.forget(&streams);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::container::{Container, ContainerState};
    use crate::domain::resource::AppKey;
    use crate::domain::{ObjectKey, Uid};
    use crate::logs::plan::{Choice, Intent};
    use crate::logs::run::End;
    use crate::logs::{Content, Divider, News, Order, Pane, Place, Queue, Request, Stamp, Start, What, Which, Wish};

    const SECOND: i64 = 1_000_000_000;

    fn pod(n: usize) -> Pod {
        let container = Container {
            name: "app".into(),
            state: ContainerState::Running { since: None },
            ..Container::default()
        };
        Pod {
            key: ObjectKey::new("live", format!("gift-{n}")),
            uid: Uid::Uuid(n as u128),
            app: "gift".into(),
            containers: [container].into(),
            ..Pod::default()
        }
    }

    fn follower() -> Follower {
        let app = AppKey {
            namespace: "live".into(),
            name: "gift".into(),
        };
        let wish = Wish {
            intents: vec![Intent::App(app)],
            choice: Choice::default(),
            start: Start::Tail(10),
            is_once: false,
            limit: 50,
        };
        Follower::new(wish, 0)
    }

    fn requests(orders: Vec<Order>) -> Vec<Request> {
        let read = orders.into_iter().filter_map(|order| match order {
            Order::Read(request) => Some(*request),
            Order::Leave(_) => None,
        });
        read.collect()
    }

    fn news(request: &Request, what: What) -> News {
        News {
            slot: request.slot.clone(),
            number: request.number,
            what,
        }
    }

    fn line(second: usize, text: &str) -> What {
        let at = Stamp(second as i64 * SECOND).time();
        What::Piece(format!("{} {text}\n", at.to_rfc3339()).into_bytes().into())
    }

    /// The most that is known of at a time: readings, names, what was read.
    fn kept(follower: &Follower, most: &mut [usize; 3]) {
        let now = [follower.readings.len(), follower.names.len(), follower.past.done.len()];
        for (most, now) in most.iter_mut().zip(now) {
            *most = now.max(*most);
        }
    }

    /// Lets an instance a tick come and the one before it go; each writes a line, and is gone.
    fn pass<S: Sink>(follower: &mut Follower, sink: &mut S, count: usize, mut each: impl FnMut(&Follower, &mut S)) {
        let cluster = ClusterId::new("a");
        for n in 0..count {
            let there = pod(n);
            for request in requests(follower.replan([(&cluster, &there)].into_iter(), sink)) {
                assert_eq!(request.pod, there.key, "nobody is read again");
                follower.take(&news(&request, line(n, &format!("line of {n}"))), Some(&there), sink);
                let end = What::Ended {
                    end: End::Closed,
                    reason: None,
                };
                follower.take(&news(&request, end), None, sink);
            }
            each(follower, sink);
        }
    }

    #[test]
    fn of_ten_thousand_that_come_and_go_what_is_kept_on_screen_is_bounded() {
        let (mut follower, mut pane) = (follower(), Pane::new(64 * 1024));
        let (mut most, mut received) = ([0; 3], 0);
        pass(&mut follower, &mut pane, 10_000, |follower, pane| {
            while pane.evict().is_some() {}
            kept(follower, &mut most);
            received = pane.counts().received;
        });
        assert_eq!(received, 10_000, "each is read, once");
        assert_eq!(follower.tally().ended, 10_000);
        let lines = pane.count(Which::All);
        assert!(
            pane.streams() <= lines && lines < 6_000,
            "{} of {lines}",
            pane.streams()
        );
        assert!(
            most[0] < 1_000 && most[1] < 1_000 && most[2] < 1_000 + REMEMBERED,
            "{most:?} {lines}"
        );
        assert!(most[1] > 0 && pane.counts().evicted > 1_000);
        // Whose lines they are, and how they ended, is known of all that are kept.
        let mut ended = 0;
        for row in pane.from(Which::All, Place::default()) {
            let name = follower.name_of(row.stream).map(|name| name.short.clone());
            assert!(name.is_some_and(|name| !name.is_empty()));
            ended += usize::from(matches!(row.content, Content::Divider(Divider::Gone)));
        }
        assert!(ended > 100, "{ended}");
    }

    #[test]
    fn of_ten_thousand_that_are_printed_hardly_anything_is_kept() {
        let (mut follower, mut queue) = (follower(), Queue::new(false));
        let (mut most, mut printed) = ([0; 3], Vec::new());
        pass(&mut follower, &mut queue, 10_000, |follower, queue| {
            queue.drain(Stamp(i64::MAX), |line| {
                assert!(follower.target_of(line.stream).is_some());
                printed.push(line.stream);
            });
            kept(follower, &mut most);
        });
        assert!(most[0] <= 10 && most[1] <= 10 && most[2] <= REMEMBERED + 10, "{most:?}");
        assert_eq!(queue.streams(), follower.readings.len());
        assert_eq!(printed.iter().collect::<std::collections::BTreeSet<_>>().len(), 10_000);
    }

    #[test]
    fn one_that_is_listed_once_more_after_it_is_forgotten_is_not_read_again() {
        let (mut follower, mut queue) = (follower(), Queue::new(false));
        pass(&mut follower, &mut queue, 20, |_, queue| {
            queue.drain(Stamp(i64::MAX), |_| {});
        });
        assert!(follower.readings.len() < 5, "{}", follower.readings.len());
        let (cluster, stale) = (ClusterId::new("a"), pod(7));
        let orders = follower.replan([(&cluster, &stale)].into_iter(), &mut queue);
        assert_eq!(requests(orders), []);
        // It has started again since: that is another run.
        let mut again = stale;
        again.containers = again
            .containers
            .iter()
            .map(|container| Container {
                restarts: 1,
                ..container.clone()
            })
            .collect();
        let orders = follower.replan([(&cluster, &again)].into_iter(), &mut queue);
        assert_eq!(requests(orders).len(), 1);
    }
}
