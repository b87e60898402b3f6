//! Logs divided: the instances of an app's newest version, and all others, each in a half of their own over one
//! follow. One half is moved over; what decides over the lines in sight counts for both.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Logs, Look, SIFT};
use crate::logs::pace::{Count, MINUTES};
use crate::logs::plan::Target;
use crate::logs::{Bookmarks, Divider, Follower, Pane, Record, Sink, Stamp, Start, StreamId};

/// Whose lines they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    Old,
    /// Of the newest version.
    New,
}

/// A half that is not moved over.
#[derive(Debug)]
pub struct Half {
    pub pane: Pane,
    pub look: Look,
    pub bookmarks: Bookmarks,
    goal: Option<Stamp>,
}

impl Half {
    pub(super) fn new(bytes: usize, goal: Option<Stamp>) -> Self {
        Self {
            pane: Pane::new(bytes),
            look: Look::default(),
            bookmarks: Bookmarks::default(),
            goal,
        }
    }
}

/// Gives each line to the half it belongs to.
pub(super) struct Divided<'a> {
    pane: &'a mut Pane,
    other: Option<&'a mut Pane>,
    side: Side,
    sides: &'a mut FxHashMap<StreamId, Side>,
    forgotten: &'a mut FxHashSet<Side>,
    is_new: &'a dyn Fn(&Target) -> bool,
}

impl Divided<'_> {
    fn pane(&mut self, stream: StreamId) -> &mut Pane {
        let is_other = self.sides.get(&stream).is_some_and(|side| *side != self.side);
        match &mut self.other {
            Some(other) if is_other => other,
            _ => self.pane,
        }
    }
}

impl Sink for Divided<'_> {
    fn join(&mut self, target: &Target) -> StreamId {
        // A stream has the same number in both.
        let stream = self.pane.join();
        if let Some(other) = &mut self.other {
            let is_new = (self.is_new)(target);
            self.sides.insert(stream, if is_new { Side::New } else { Side::Old });
            other.join();
        }
        stream
    }

    fn push(&mut self, stream: StreamId, line: &Record<'_>) {
        self.pane(stream).push(stream, line);
    }

    fn divide(&mut self, stream: StreamId, at: Option<Stamp>, divider: Divider) {
        self.pane(stream).divide(stream, at, divider);
    }

    fn has_room(&self, _: StreamId) -> bool {
        self.pane.has_room() && self.other.as_ref().is_none_or(|other| other.has_room())
    }

    fn has_rows(&self, stream: StreamId) -> bool {
        self.pane.has_rows(stream) || self.other.as_ref().is_some_and(|other| other.has_rows(stream))
    }

    fn forget(&mut self, stream: StreamId) {
        self.forgotten.extend(self.sides.remove(&stream));
        if let Some(other) = &mut self.other {
            other.forget(stream);
        }
        self.pane.forget(stream);
    }
}

impl Logs {
    pub(super) fn sink<'a>(&'a mut self, is_new: &'a dyn Fn(&Target) -> bool) -> (&'a mut Follower, Divided<'a>) {
        let sink = Divided {
            pane: &mut self.pane,
            other: self.other.as_mut().map(|other| &mut other.pane),
            side: self.side,
            sides: &mut self.sides,
            forgotten: &mut self.forgotten,
            is_new,
        };
        (&mut self.follower, sink)
    }

    /// Whether old and new are apart.
    pub const fn is_divided(&self) -> bool {
        self.other.is_some()
    }

    /// Whose half is moved over, and the other half.
    pub fn other(&self) -> Option<(Side, &Half)> {
        Some((self.side, self.other.as_deref()?))
    }

    /// Moves over the other half from now on.
    pub fn change_sides(&mut self) {
        let Some(other) = &mut self.other else { return };
        std::mem::swap(&mut self.pane, &mut other.pane);
        std::mem::swap(&mut self.look, &mut other.look);
        std::mem::swap(&mut self.bookmarks, &mut other.bookmarks);
        std::mem::swap(&mut self.goal, &mut other.goal);
        self.side = match self.side {
            Side::Old => Side::New,
            Side::New => Side::Old,
        };
    }

    /// Does the same with the other half, if there is one.
    pub fn on_other<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.is_divided().then(|| {
            self.change_sides();
            let done = act(self);
            self.change_sides();
            done
        })
    }

    /// Lets the other half be looked at as this one is; both stand still, or neither.
    pub fn look_at_both(&mut self, height: usize) {
        let (look, search) = (self.look.clone(), self.pane.search().cloned());
        let filter = self.pane.filter().clone();
        // Who waits for the lines of a time follows nothing.
        let is_following = look.still.is_none() && self.goal.is_none();
        self.on_other(|half| {
            let is_sifted_anew = *half.pane.filter() != filter || half.pane.search() != search.as_ref();
            if is_sifted_anew {
                half.pane.set_filter(filter);
                half.pane.set_search(search);
                half.pane.sift(SIFT);
            }
            let still = half.look.still;
            half.look = Look { still, ..look };
            match (look.still, still) {
                _ if is_following => half.follow_newest(),
                (Some(_), None) => half.toggle_pause(height),
                (Some(_), Some(_)) if is_sifted_anew => half.stay_near(height),
                _ => {}
            }
        });
    }

    /// Lines that either half was given.
    pub fn received(&self) -> u64 {
        let other = self.other.as_ref().map_or(0, |other| other.pane.counts().received);
        self.pane.counts().received + other
    }

    /// Whether lines were let go to make room.
    pub fn has_let_go(&self) -> bool {
        let other = self.other.as_ref().is_some_and(|other| other.pane.counts().evicted > 0);
        other || self.pane.counts().evicted > 0
    }

    /// How many logs are read and how many there are to read, where some wait for a place: of one side, or of all.
    pub fn part(&self, side: Option<Side>) -> Option<(usize, usize)> {
        let all = self.follower.queued().len();
        let (read, queued) = match side {
            None => (self.names().len(), all),
            Some(side) => {
                let queued = match side {
                    Side::Old => all.saturating_sub(self.queued_new),
                    Side::New => self.queued_new,
                };
                (self.sides.values().filter(|of| **of == side).count(), queued)
            }
        };
        (queued > 0).then_some((read, read + queued))
    }

    /// The lines and errors of a side in each of the last minutes; `None` where not all of a minute was read.
    pub fn minutes(&self, side: Side, now: Stamp) -> [Option<Count>; MINUTES] {
        let pane = match &self.other {
            Some(other) if side != self.side => &other.pane,
            _ => &self.pane,
        };
        let is_read = !self.is_held && self.is_read(side);
        let since = match self.start {
            Start::Everything => Stamp(i64::MIN),
            Start::Since(since) => since,
            // What is before the last lines of a container was not read.
            Start::Tail(_) => self.opened,
        };
        pane.pace().minutes(now, since, is_read)
    }

    /// Whether what a side writes now is known: one of its logs is heard, or all there were have ended.
    fn is_read(&self, side: Side) -> bool {
        let is_of = |stream: StreamId| self.sides.get(&stream) == Some(&side);
        let have_ended = || self.follower.have_ended(is_of);
        let is_over = || have_ended().unwrap_or_else(|| self.forgotten.contains(&side));
        self.follower.is_heard(is_of) || (self.part(Some(side)).is_none() && is_over())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::container::{Container, ContainerState};
    use crate::domain::{AppKey, ClusterId, ObjectKey, Pod, Timestamp, Uid, Version};
    use crate::logs::plan::{Choice, Intent};
    use crate::logs::run::End;
    use crate::logs::{News, Request, What};
    use crate::message::Effect;
    use crate::screens::logs::{Divided, Follow, From};

    fn pod(name: &str) -> Pod {
        let container = Container {
            name: "app".into(),
            state: ContainerState::Running { since: None },
            ..Container::default()
        };
        Pod {
            key: ObjectKey::new("live", name),
            uid: Uid::Uuid(name.bytes().map(u128::from).sum()),
            app: "gift".into(),
            containers: [container].into(),
            ..Pod::default()
        }
    }

    fn follow() -> Follow {
        let app = AppKey {
            namespace: "live".into(),
            name: "gift".into(),
        };
        Follow {
            title: "gift".into(),
            intents: vec![Intent::App(app.clone())],
            choice: Choice::default(),
            from: From::Ago(900),
            goal: None,
            divided: Some(std::sync::Arc::new(Divided {
                app,
                old: Version::default(),
                new: Version::default(),
                revisions: std::collections::BTreeSet::default(),
            })),
        }
    }

    /// The instances of each cluster; of a cluster one log is read at a time.
    fn replan(logs: &mut Logs, there: &[(&ClusterId, &Pod)]) -> Vec<Request> {
        let is_new = |target: &Target| target.pod.name.starts_with("new");
        let effects = logs.replan(there.iter().copied(), is_new).into_iter();
        let read = effects.filter_map(|effect| match effect {
            Effect::ReadLog(request) => Some(*request),
            _ => None,
        });
        read.collect()
    }

    fn take(logs: &mut Logs, request: &Request, what: What) {
        let news = News {
            slot: request.slot.clone(),
            number: request.number,
            what,
        };
        logs.take(&news, None);
    }

    const ENDED: What = What::Ended {
        end: End::Closed,
        reason: None,
    };

    #[test]
    fn a_half_whose_logs_wait_for_a_place_is_not_told_to_be_silent() {
        let [one, two] = ["a", "b"].map(ClusterId::new);
        let opened: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        let mut logs = Logs::new(follow(), 128 * 1024, 1, opened, 0);
        let [gone, old] = ["before", "good"].map(pod);
        let [queued, late] = ["new-1", "new-2"].map(pod);
        let requests = replan(&mut logs, &[(&one, &gone), (&two, &old), (&two, &queued)]);
        let names: Vec<_> = requests.iter().map(|request| request.pod.name.as_str()).collect();
        assert_eq!(names, ["before", "good"]);
        // An old log has ended, and nothing is left of it.
        take(&mut logs, &requests[0], ENDED);
        let lines = format!("{} fine\n", opened.to_rfc3339()).repeat(20_000);
        take(&mut logs, &requests[1], What::Piece(lines.into()));
        replan(&mut logs, &[(&two, &old), (&two, &queued)]);
        assert_eq!(logs.names().len(), 1, "the other is forgotten");
        let last = |logs: &Logs| logs.minutes(Side::New, opened.into())[MINUTES - 1];
        assert_eq!(last(&logs), None, "nothing of the new ones was read");
        // One of the new ones has ended, one waits.
        let requests = replan(&mut logs, &[(&one, &late), (&two, &old), (&two, &queued)]);
        take(&mut logs, &requests[0], ENDED);
        assert_eq!(last(&logs), None, "nor is all of them read");
        replan(&mut logs, &[(&two, &old)]);
        assert_eq!(last(&logs), Some(Count::default()), "none of them is left");
    }
}
