//! The one way to a write: what was tried without effect is shown, and a person says yes to exactly that.
//!
//! | stage | what it waits for | then |
//! |---|---|---|
//! | [`Stage::Asking`] | the server's dry run | ready, or failed |
//! | [`Stage::Ready`] | a person; no is what every key but one says | writing, or left |
//! | [`Stage::Writing`] | the server's answer | following, or failed; asked anew where somebody else was first |
//! | [`Stage::Following`] | the place is there | the next place is asked for, and waits for a yes of its own |
//! | [`Stage::Failed`] | being left | |
//!
//! A yes counts only once what it is said to was on screen for a frame: keys that were pressed before decide nothing.
//! Nor does one that comes of a key held down, or pressed before there was anything to say yes to: after such a one it
//! takes a second without it.

mod blank;
mod claim;
mod config;
mod gray;
mod job;
mod places;
mod together;

use super::Draft;
use super::field::Field;
use crate::domain::{AppKey, Clean, ClusterId, Driver, ResourceRef, Timestamp, Version};
use crate::message::{Asked, Failure, FailureKind, Ticket, Trouble};
use crate::release::against::Others;
use crate::release::freeze;
use crate::release::outlook::Counts;
use crate::release::step::Step;
use crate::release::{Done, Prepared, Why, Written};

pub use blank::{Blank, TAKE_OVER};

/// One workload that the step is taken on.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub object: ResourceRef,
    pub app: AppKey,
    pub driver: Option<Driver>,
    pub step: Step,
    /// As it was when it was last tried.
    pub counts: Counts,
    pub version: Version,
    /// What its old instances run, where it has such.
    pub old: Option<Version>,
    /// The cluster's.
    pub tag: Option<Clean>,
    /// The app's name is to be typed.
    pub by_name: bool,
    /// A reason is to be typed.
    pub asks_reason: bool,
    /// What is wrong with what the step would go on with.
    pub trouble: Option<String>,
    /// What else there is to know of it.
    pub about: Vec<String>,
    pub fate: Fate,
}

/// What becomes of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Ahead,
    /// It cannot be taken there, with the reason.
    Skipped(Clean),
    /// The step is done there, with how it stands.
    There(Clean),
    /// It was written and did not end well.
    Failed(Clean),
}

/// How far it is with the place it is at.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    Asking,
    Ready {
        prepared: Box<Prepared>,
        /// It was on screen.
        shown: bool,
    },
    Writing,
    /// What is seen of what is older than it, or of a Rollout before this step, says nothing yet.
    Following {
        written: Written,
    },
    Failed(Trouble),
}

/// Whether the key that says yes was pressed before there was anything to say it to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Early {
    #[default]
    No,
    /// It was, since the last second began, or before.
    Just,
    Before,
}

/// What is to be done after an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Nothing,
    /// Somebody else changed it: try it again, and show what it is now.
    Anew,
    /// The next of those that one yes was said to is written.
    Write,
    /// The place it was at does not answer, and what goes back goes on past it: the next one is tried.
    Past(Clean),
    /// The place it was at was the last one.
    Close,
}

/// What is to be done after a dry run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// Nobody waits for it any more.
    Late,
    Shown,
    /// The next place is tried before anything is shown.
    More,
}

/// What is to be confirmed.
#[derive(Clone, Debug)]
pub struct Confirm {
    places: Vec<Place>,
    at: usize,
    stage: Stage,
    ticket: Ticket,
    /// What is typed now.
    pub field: Field,
    why: Why,
    /// A reason is typed where none is asked for.
    gives_reason: bool,
    note: Option<Clean>,
    early: Early,
    /// Since the claim on the app was renewed.
    seconds: u64,
    untouched: Vec<ClusterId>,
    /// All places are tried before they are shown together, and one yes is said to all of them.
    together: bool,
    /// Those that were tried so far, by their places, where they are shown together.
    tried: Vec<(usize, Box<Prepared>)>,
    /// The job that has to end well before anything is written.
    job: Option<Clean>,
    /// A person waits for that job's log.
    reads_job: bool,
    /// When that log was last read because it is open.
    job_followed: Option<Timestamp>,
    /// When the last of those that were written together was.
    pub written: Option<Timestamp>,
    /// What was asked for, where more of it may be asked.
    pub draft: Option<Draft>,
    /// What other clusters said of the versions of the place when it was last tried.
    pub others: Others,
}

impl Confirm {
    /// The first place ahead is the one it is at; `None` where no place is.
    pub fn new(places: Vec<Place>, untouched: Vec<ClusterId>) -> Option<Self> {
        let at = places.iter().position(|place| place.fate == Fate::Ahead)?;
        let together = places
            .iter()
            .any(|place| matches!(place.step, Step::Scale(_) | Step::Delete | Step::Cancel));
        Some(Self {
            together,
            tried: Vec::new(),
            written: None,
            draft: None,
            others: Others::default(),
            job: None,
            reads_job: false,
            job_followed: None,
            places,
            at,
            stage: Stage::Asking,
            ticket: Ticket::default(),
            field: Field::default(),
            why: Why::default(),
            gives_reason: false,
            note: None,
            early: Early::default(),
            seconds: 0,
            untouched,
        })
    }

    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The place it is at.
    pub fn place(&self) -> Option<&Place> {
        self.places.get(self.at)
    }

    pub const fn at(&self) -> usize {
        self.at
    }

    pub const fn stage(&self) -> &Stage {
        &self.stage
    }

    /// What a person has to know of how it came to what is shown.
    pub const fn note(&self) -> Option<&Clean> {
        self.note.as_ref()
    }

    /// Clusters with the same app that nothing is written to.
    pub fn untouched(&self) -> &[ClusterId] {
        &self.untouched
    }

    /// Asks for the dry run of the place it is at.
    pub fn ask(&mut self, ticket: Ticket, note: Option<Clean>) -> Option<Asked> {
        let place = self.places.get(self.at)?;
        let asked = Asked {
            ticket,
            object: place.object.clone(),
            app: place.app.clone(),
            step: place.step.clone(),
            driver: place.driver,
            by: None,
            others: Others::default(),
        };
        let is_first = !self.places.iter().take(self.at).any(|place| place.fate == Fate::Ahead);
        if is_first {
            self.tried.clear();
            self.note = note;
        }
        self.ticket = ticket;
        self.job = None;
        // Whoever types a reason types it on.
        if self.blank() != Some(Blank::Reason) {
            self.field = Field::default();
        }
        self.stage = Stage::Asking;
        // What speaks against another place, or another version, is to be overridden by itself.
        self.why.overridden = None;
        Some(asked)
    }

    /// Takes what is known now of the place that it is at.
    pub fn know(&mut self, (counts, version, old): (Counts, Version, Option<Version>)) {
        if let Some(place) = self.places.get_mut(self.at) {
            (place.counts, place.version, place.old) = (counts, version, old);
        }
    }

    /// Takes what came of the dry run; says whether it was waited for.
    pub fn prepared(&mut self, ticket: Ticket, result: Result<Box<Prepared>, Failure>) -> Tried {
        if ticket != self.ticket || self.stage != Stage::Asking {
            return Tried::Late;
        }
        if self.together {
            return self.tried_one(result);
        }
        // The server knows better than what was seen of it so far.
        if let (Ok(prepared), Some(place)) = (&result, self.places.get_mut(self.at)) {
            place.counts.desired = prepared.desired;
        }
        self.stage = match result {
            Ok(prepared) => Stage::Ready { prepared, shown: false },
            Err(failure) if self.passes(&failure) => {
                self.settle(Fate::Skipped(failure.trouble.text));
                self.advance();
                return Tried::More;
            }
            Err(failure) => {
                self.job = failure.job;
                Stage::Failed(failure.trouble)
            }
        };
        Tried::Shown
    }

    /// Whether one yes is said to all places.
    pub const fn is_together(&self) -> bool {
        self.together
    }

    /// What was tried of what the next yes is said to.
    pub fn shown(&self) -> impl Iterator<Item = &Prepared> {
        let alone = match &self.stage {
            Stage::Ready { prepared, .. } if !self.together => Some(prepared.as_ref()),
            _ => None,
        };
        alone.into_iter().chain(self.tried())
    }

    /// What was tried of those that are shown together and is not written yet.
    pub fn tried(&self) -> impl Iterator<Item = &Prepared> {
        self.tried.iter().map(|(_, prepared)| prepared.as_ref())
    }

    /// It was on screen.
    pub const fn seen(&mut self) {
        if let Stage::Ready { shown, .. } = &mut self.stage {
            *shown = true;
        }
    }

    /// Why a yes does not count now; `None` where it does.
    pub fn refusal(&self) -> Option<&'static str> {
        match &self.stage {
            Stage::Ready { shown: false, .. } | Stage::Asking => Some("it is not shown yet"),
            Stage::Ready { .. } if self.early != Early::No => {
                Some("that key was pressed before this was shown; let it go for a second")
            }
            Stage::Ready { .. } => self.missing(),
            Stage::Writing => Some("it is being written"),
            Stage::Following { .. } => Some("it is written: the next place comes once this one is there"),
            Stage::Failed(_) => Some("it failed"),
        }
    }

    /// A yes was said that does not count: where nothing was shown to say it to, the next one waits.
    pub const fn too_early(&mut self) {
        let is_shown = matches!(self.stage, Stage::Ready { shown: true, .. });
        if !is_shown || !matches!(self.early, Early::No) {
            self.early = Early::Just;
        }
    }

    /// A person says yes: what is to be written, if it may be.
    pub fn confirm(&mut self) -> Option<(Ticket, Box<Prepared>)> {
        if self.refusal().is_some() {
            self.too_early();
            return None;
        }
        match std::mem::replace(&mut self.stage, Stage::Writing) {
            Stage::Ready { prepared, .. } => {
                self.job = prepared.job().map(Clean::new);
                if self.together {
                    self.tried.remove(0);
                }
                Some((self.ticket, prepared))
            }
            other => {
                self.stage = other;
                None
            }
        }
    }

    /// Takes what came of the write; says what is to be done, if it was waited for.
    pub fn carried_out(&mut self, ticket: Ticket, result: &Result<Done, Failure>) -> Next {
        if ticket != self.ticket || self.stage != Stage::Writing {
            return Next::Nothing;
        }
        if self.together {
            return self.written_one(result);
        }
        match result {
            Ok(done) if self.has_more() => {
                self.stage = Stage::Following {
                    written: done.written.clone(),
                };
                Next::Nothing
            }
            Ok(_) => Next::Close,
            Err(failure) if failure.kind == FailureKind::Changed => Next::Anew,
            Err(failure) if self.passes(failure) => {
                self.settle(Fate::Failed(failure.trouble.text.clone()));
                self.advance();
                Next::Past(failure.trouble.text.clone())
            }
            Err(failure) => {
                self.fail(failure.trouble.clone());
                Next::Nothing
            }
        }
    }

    /// Whether it goes on past a place that refuses or whose cluster does not answer, as a way back does: the others are
    /// not worse for it.
    fn passes(&self, failure: &Failure) -> bool {
        let goes_back = self.place().is_some_and(|place| !freeze::stops(place.step.operation()));
        failure.kind != FailureKind::Changed && goes_back && self.has_more()
    }

    fn fail(&mut self, trouble: Trouble) {
        if let Some(place) = self.places.get_mut(self.at) {
            place.fate = Fate::Failed(trouble.text.clone());
        }
        self.stage = Stage::Failed(trouble);
    }

    fn has_more(&self) -> bool {
        let after = self.places.iter().skip(self.at + 1);
        after.into_iter().any(|place| place.fate == Fate::Ahead)
    }
}

#[cfg(test)]
#[path = "confirm_tests.rs"]
mod tests;
