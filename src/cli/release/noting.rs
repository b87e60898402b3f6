//! Steps of the command line that are refused before anything is written: each leaves a line in the activity log.

use std::time::Duration;

use chrono::Utc;

use super::super::Failure;
use super::ask::Ask;
use super::targets::Target;
use crate::cluster::Note;
use crate::domain::Clean;
use crate::message::Refused;
use crate::release::step::Step;
use crate::release::{Prepared, Why};
use crate::runtime::activity::{ActivityLog, Answer};
use crate::world::World;

/// Notes what is refused; what is only shown is no attempt.
#[derive(Clone, Copy)]
pub(super) struct Noting<'a> {
    pub(super) activity: &'a ActivityLog,
    ask: &'a Ask,
}

impl<'a> Noting<'a> {
    pub(super) const fn new(activity: &'a ActivityLog, ask: &'a Ask) -> Self {
        Self { activity, ask }
    }

    /// Who writes there: as the cluster knows them, else as this machine does.
    pub(super) fn who(&self, world: &World, target: &Target) -> Clean {
        let view = world.cluster(&target.object.cluster);
        let user = view.and_then(|view| view.identity.user.clone());
        user.unwrap_or_else(|| Clean::new(self.activity.person()))
    }

    /// A step that could not be tried.
    pub(super) fn refused(&self, world: &World, (target, step): (&Target, &Step), why: &str) {
        if !self.ask.yes {
            return;
        }
        let refused = Refused {
            object: target.object.clone(),
            app: target.app.clone(),
            by: Some(self.who(world, target)),
            operation: step.operation(),
            change: step.change(&target.object.key.name),
            why: Clean::new(why),
        };
        self.activity.refused(Utc::now(), &refused);
    }

    /// Steps that are refused together.
    pub(super) fn all_refused(&self, world: &World, steps: &[(Target, Step)], failure: &Failure) {
        for (target, step) in steps {
            self.refused(world, (target, step), &failure.what);
        }
    }

    /// Those that were tried, and that something speaks against.
    pub(super) fn spoken_against(&self, world: &World, targets: &[Target], prepared: &[Prepared]) {
        let why = Why {
            reason: self.ask.reason(),
            ..Why::default()
        };
        let against = targets.iter().zip(prepared);
        for (target, prepared) in against.filter(|(_, prepared)| !prepared.against.is_empty()) {
            let words = crate::release::against::words(&prepared.against);
            let by = self.who(world, target);
            let note = Note {
                app: &target.app,
                by: &by,
                why: &why,
            };
            let answer = Answer::refused(format!("refused: {words}"));
            self.activity
                .released(Utc::now(), prepared, &note, (answer, Duration::ZERO));
        }
    }
}
