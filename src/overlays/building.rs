//! The way to a build: what was tried without effect is shown, and a person says yes to exactly that.
//!
//! As over every write, a yes counts only once what it is said to was on screen for a frame, and one that comes of a key
//! pressed before that makes the next wait a second.

use chrono::TimeDelta;

use crate::build::{Asked, PreparedBuild};
use crate::domain::{Clean, ResourceRef, Timestamp};
use crate::message::{Ticket, Trouble};

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// The server's dry run is waited for.
    Asking,
    Ready {
        prepared: Box<PreparedBuild>,
        /// It was on screen.
        shown: bool,
    },
    /// The server's answer is waited for.
    Writing,
    Failed(Trouble),
}

/// A build that is to be confirmed.
#[derive(Clone, Debug)]
pub struct Building {
    /// The workload whose app is built, in the cluster that builds.
    pub object: ResourceRef,
    /// The cluster's.
    pub tag: Option<Clean>,
    pub asked: Asked,
    /// What the commit is about, in its author's words; of one that is built again, why.
    pub subject: Clean,
    /// Once it is done its gray release is shown, for a yes of its own.
    pub gray: bool,
    stage: Stage,
    ticket: Ticket,
    /// When a yes was last said that did not count.
    early: Option<Timestamp>,
}

impl Building {
    pub fn new(
        (object, tag): (ResourceRef, Option<Clean>),
        asked: Asked,
        (subject, gray): (Clean, bool),
        ticket: Ticket,
    ) -> Self {
        Self {
            object,
            tag,
            asked,
            subject,
            gray,
            stage: Stage::Asking,
            ticket,
            early: None,
        }
    }

    pub const fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Takes what came of the dry run; an answer to another question is none.
    pub fn prepared(&mut self, ticket: Ticket, result: Result<Box<PreparedBuild>, Trouble>) {
        if ticket == self.ticket && self.stage == Stage::Asking {
            self.stage = match result {
                Ok(prepared) => Stage::Ready { prepared, shown: false },
                Err(trouble) => Stage::Failed(trouble),
            };
        }
    }

    /// What is there was on screen.
    pub const fn seen(&mut self) {
        if let Stage::Ready { shown, .. } = &mut self.stage {
            *shown = true;
        }
    }

    /// A person says yes; gives what is to be begun.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn yes(&mut self, ticket: Ticket, now: Timestamp) -> Result<Box<PreparedBuild>, &'static str> {
        let is_early = self.early.is_some_and(|early| now - early < TimeDelta::seconds(1));
        let refusal = match &self.stage {
            Stage::Ready { shown: true, .. } if is_early => {
                "that key was pressed before this was shown; let it go for a second"
            }
            Stage::Ready { prepared, shown: true } => {
                let prepared = prepared.clone();
                (self.stage, self.ticket) = (Stage::Writing, ticket);
                return Ok(prepared);
            }
            Stage::Ready { .. } | Stage::Asking => "it is not shown yet",
            Stage::Writing => "it is being written",
            Stage::Failed(_) => "it cannot be built",
        };
        self.early = Some(now);
        Err(refusal)
    }

    /// Takes that it could not be begun; says whether this waited for it.
    pub fn failed(&mut self, ticket: Ticket, trouble: &Trouble) -> bool {
        let is_its = self.is_writing(ticket);
        if is_its {
            self.stage = Stage::Failed(trouble.clone());
        }
        is_its
    }

    /// Whether the answer to this is waited for.
    pub fn is_writing(&self, ticket: Ticket) -> bool {
        ticket == self.ticket && self.stage == Stage::Writing
    }
}
