//! What a save writes: the lines that are shown, or whole logs of all containers here.

use chrono::FixedOffset;

use super::{Logs, Side, Times};
use crate::domain::{ClusterId, Pod, Timestamp};
use crate::logs::plan::{Held, Target, plan};
use crate::logs::save::{self, Save, Saved};
use crate::logs::{Ask, Content, Request, Row, Which};

impl Logs {
    /// The lines that are shown, with times and names as they are shown but without columns, to a file named after what is followed.
    pub fn save_shown(&mut self, now: Timestamp, east: i32) -> Save {
        self.pane.sift(usize::MAX);
        let mut text = String::new();
        for row in self.pane.from(Which::Shown, super::look::FIRST) {
            self.write(&mut text, &row, east);
        }
        let name = match self.names() {
            _ if let Some((side, _)) = self.other() => {
                let side = match side {
                    Side::Old => "old",
                    Side::New => "new",
                };
                save::name(self.follow.title.split('/').chain([side]), now, east)
            }
            names if let Some(only) = names.only() => save::name([only.full.replace('/', "-").as_str()], now, east),
            _ => self.save_name(now, east),
        };
        Save {
            name,
            what: Saved::Shown(text),
        }
    }

    fn write(&self, text: &mut String, row: &Row<'_>, east: i32) {
        if row.is_first {
            text.push_str("⋯\n");
        }
        if self.look.times != Times::None
            && let Some(zone) = FixedOffset::east_opt(east * 60)
        {
            let at = row.at.unwrap_or(row.place.at).time().with_timezone(&zone);
            let sign = if east == 0 { "Z " } else { " " };
            text.push_str(&at.format("%Y-%m-%d %H:%M:%S%.3f").to_string());
            text.push_str(sign);
        }
        if self.look.names
            && self.names().len() > 1
            && let Some(name) = self.name_of(row.stream)
        {
            text.push_str(&name.short);
            text.push(' ');
        }
        if matches!(row.content, Content::Divider(_)) {
            text.push_str("── ");
        }
        text.push_str(&row.content.words());
        text.push('\n');
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
            names if let Some(only) = names.only() => save::name([file(only).as_str()], now, east),
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
