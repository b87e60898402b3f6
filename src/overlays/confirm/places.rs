//! From one place to the next: how the one that is followed stands, and which comes after it.

use super::{Confirm, Fate, Stage};
use crate::domain::Clean;
use crate::message::Trouble;
use crate::release::stand::Stand;

impl Confirm {
    /// Takes how the place it follows stands; says whether the next one is to be asked for.
    pub fn stands(&mut self, stand: Stand, words: &Clean) -> bool {
        if !matches!(self.stage, Stage::Following { .. }) {
            return false;
        }
        match stand {
            Stand::Going => false,
            Stand::There => {
                self.settle(Fate::There(words.clone()));
                self.advance()
            }
            Stand::Failed => {
                self.fail(Trouble::warning(format!("it fails: {words}")));
                false
            }
            Stand::Foreign => {
                self.fail(Trouble::warning(format!(
                    "somebody else changed it: it is neither what was written nor on the way there ({words})"
                )));
                false
            }
        }
    }

    /// The place it is at is not written to.
    pub fn settle(&mut self, fate: Fate) {
        if let Some(place) = self.places.get_mut(self.at) {
            place.fate = fate;
        }
    }

    /// Goes to the next place ahead; says whether there is one.
    pub fn advance(&mut self) -> bool {
        let next = self.places.iter().position(|place| place.fate == Fate::Ahead);
        if let Some(next) = next {
            self.at = next;
            self.why.taken_over = None;
        }
        next.is_some()
    }
}
