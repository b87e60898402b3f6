//! What a save writes: the lines that are shown, or whole logs of all containers here.

use chrono::FixedOffset;

use super::{Logs, Side, Times};
use crate::domain::{ClusterId, Pod, Timestamp};
use crate::logs::plan::{Held, Target, plan};
use crate::logs::save::{self, Save, Saved};
use crate::logs::shown::Shown;
use crate::logs::{Ask, Request};

impl Logs {
    /// The lines that are shown, with times and names as they are shown but without columns, to a file named after what
    /// is followed. Their text is made by whoever writes it.
    pub fn save_shown(&self, now: Timestamp, east: i32) -> Save {
        let zone = FixedOffset::east_opt(east * 60).filter(|_| self.look.times != Times::None);
        let is_named = self.look.names && self.names().len() > 1;
        let all = self.names().iter().filter(|_| is_named);
        let names = all.map(|(stream, name)| (stream, name.short.clone()));
        let what = Saved::Shown(Box::new(Shown::new(self.pane.clone(), zone, names.collect())));
        let name = if let Some((side, _)) = self.other() {
            let side = match side {
                Side::Old => "old",
                Side::New => "new",
            };
            save::name(self.follow.title.split('/').chain([side]), now, east)
        } else if let Some(only) = self.names().only() {
            save::name([only.full.replace('/', "-").as_str()], now, east)
        } else {
            self.save_name(now, east)
        };
        Save { name, what }
    }

    /// The whole logs of all containers here, those that wait for a place too; `None` if none has one.
    pub fn save_whole<'a>(
        &self,
        pods: impl Iterator<Item = (&'a ClusterId, &'a Pod)>,
        now: Timestamp,
        east: i32,
    ) -> Option<Save> {
        let all = plan(
            &self.follow.intents,
            &self.follow.choice,
            pods,
            &Held::default(),
            usize::MAX,
        );
        let file = |target: &Target| {
            let (cluster, pod) = (target.slot.cluster.0.as_str(), &target.pod);
            save::joined([cluster, &pod.namespace, &pod.name, &target.slot.container])
        };
        let name = match all.follow.as_slice() {
            [] => return None,
            [only] => save::name([file(only).as_str()], now, east),
            _ => self.save_name(now, east),
        };
        let files = all.follow.iter().map(|target| (file(target), whole(target)));
        Some(Save {
            name,
            what: Saved::Whole(files.collect()),
        })
    }

    fn save_name(&self, now: Timestamp, east: i32) -> String {
        let previous = self.follow.choice.previous.then_some("previous");
        save::name(self.follow.title.split('/').chain(previous), now, east)
    }
}

fn whole(target: &Target) -> Request {
    Request {
        slot: target.slot.clone(),
        pod: target.pod.clone(),
        number: 0,
        ask: Ask::default(),
        previous: target.previous,
        follow: false,
        failures: 0,
    }
}
