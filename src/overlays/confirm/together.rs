//! Places that are shown together and written by one yes: more instances here and there, several that are deleted.

use super::{Confirm, Fate, Next, Stage, Tried};
use crate::message::{Failure, FailureKind, Ticket, Trouble};
use crate::release::step::Step;
use crate::release::{Done, Prepared, Written};

impl Confirm {
    /// One of those that are shown together was tried; what cannot be written is left out.
    pub(super) fn tried_one(&mut self, result: Result<Box<Prepared>, Failure>) -> Tried {
        let trouble = match result {
            Ok(prepared) => {
                self.tried.push((self.at, prepared));
                None
            }
            Err(failure) => {
                self.settle(Fate::Skipped(failure.trouble.text.clone()));
                Some(failure.trouble)
            }
        };
        let mut rest = self.places.iter().enumerate().skip(self.at + 1);
        if let Some((next, _)) = rest.find(|(_, place)| place.fate == Fate::Ahead) {
            self.at = next;
            return Tried::More;
        }
        self.stage = match (self.tried.first(), trouble) {
            (Some((at, prepared)), _) => {
                self.at = *at;
                Stage::Ready {
                    prepared: prepared.clone(),
                    shown: false,
                }
            }
            (None, trouble) => {
                Stage::Failed(trouble.unwrap_or_else(|| Trouble::warning("none of them can be written")))
            }
        };
        Tried::Shown
    }

    /// One of those that one yes was said to was written, or was not; the others are written all the same.
    pub(super) fn written_one(&mut self, result: &Result<Done, Failure>) -> Next {
        let none_before = !self.places.iter().any(|place| matches!(place.fate, Fate::There(_)));
        match result {
            Ok(_) => self.settle(Fate::There("written".into())),
            Err(failure) if failure.kind == FailureKind::Changed && none_before => return Next::Anew,
            Err(failure) => self.settle(Fate::Failed(failure.trouble.text.clone())),
        }
        if !self.tried.is_empty() {
            return Next::Write;
        }
        let is_followed = self
            .places
            .iter()
            .any(|place| matches!(place.step, Step::Scale(_)) && matches!(place.fate, Fate::There(_)));
        match (is_followed, result) {
            (true, _) => {
                self.stage = Stage::Following {
                    written: Written::default(),
                };
                Next::Nothing
            }
            (false, Ok(_)) => Next::Close,
            (false, Err(failure)) => {
                self.stage = Stage::Failed(failure.trouble.clone());
                Next::Nothing
            }
        }
    }

    /// Goes on with the next of those that one yes was said to.
    pub fn next_write(&mut self, ticket: Ticket) -> Option<Box<Prepared>> {
        if self.tried.is_empty() {
            return None;
        }
        let (at, prepared) = self.tried.remove(0);
        (self.at, self.ticket) = (at, ticket);
        Some(prepared)
    }
}
