//! What a person is told, and the activity log on screen: what was asked for, what came of it, what went wrong.

use super::Model;
use crate::domain::{Clean, ClusterId};
use crate::message::{Severity, Trouble};
use crate::release::Change;
use crate::screens::activity::Entry;

/// Most lines kept in the activity log.
const MOST_ENTRIES: usize = 1_000;
/// Among so many of the newest it is looked whether something stands there already.
const RECENT: usize = 5;

impl Model {
    /// Tells a person something once; what went wrong can be read again in the activity log.
    pub(crate) fn tell(&mut self, trouble: Trouble) {
        if trouble.severity > Severity::Info {
            self.keep(&trouble);
        }
        self.notices.add(trouble, self.now, self.visit);
        self.touch();
    }

    /// Writes what went wrong in the activity log, unless it stands there as what came of something.
    fn keep(&mut self, trouble: &Trouble) {
        let mut newest = self.activity.iter().rev().take(RECENT);
        let is_there = newest.any(|entry| matches!(&entry.outcome, Some((_, text)) if *text == trouble.text));
        if !is_there {
            let text = match &trouble.hint {
                Some(hint) => format!("{}; {hint}", trouble.text).into(),
                None => trouble.text.clone(),
            };
            self.write(
                "told",
                "pilothouse".into(),
                Clean::default(),
                Some((trouble.severity, text)),
            );
        }
    }

    /// Writes in the activity log what the person asked for.
    pub(crate) fn record(&mut self, what: &str, target: Clean) {
        self.write(what, self.settings.person.clone(), target, None);
    }

    /// Writes in the activity log what a cluster says.
    pub(crate) fn record_said(&mut self, cluster: &ClusterId, text: Clean) {
        let outcome = Some((Severity::Info, text));
        self.write("said", cluster.0.clone(), cluster.0.clone(), outcome);
    }

    /// Writes in the activity log which write was asked for: from what to what, and by which requests.
    pub(crate) fn record_write(&mut self, what: &str, target: Clean, change: &Change, request: String) {
        self.record(what, target);
        if let Some(entry) = self.activity.last_mut() {
            entry.change = change.words();
            entry.request = Clean::from(request);
        }
    }

    fn write(&mut self, what: &str, by: Clean, target: Clean, outcome: Option<(Severity, Clean)>) {
        self.activity.push(Entry {
            number: self.entries,
            at: self.now,
            what: what.into(),
            by,
            target,
            change: Clean::default(),
            request: Clean::default(),
            outcome,
        });
        self.entries += 1;
        let surplus = self.activity.len().saturating_sub(MOST_ENTRIES);
        self.activity.drain(..surplus);
        self.trail.outdate_activity();
    }

    /// Writes what came of the newest thing in the activity log that was asked of this target in these words.
    pub(crate) fn conclude(&mut self, what: &str, target: &Clean, outcome: (Severity, Clean)) {
        let mut open = self.activity.iter_mut().rev();
        if let Some(entry) = open.find(|e| e.what == what && e.target == *target && e.outcome.is_none()) {
            entry.outcome = Some(outcome);
            self.trail.outdate_activity();
        }
    }
}
