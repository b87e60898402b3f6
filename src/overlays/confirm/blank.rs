//! What a person has to type before a yes counts, one after the other.

use std::collections::BTreeSet;

use super::{Confirm, Fate, Place, Stage};
use crate::domain::{AppKey, Clean};
use crate::overlays::Field;
use crate::release::Why;

/// What is typed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blank {
    /// Why it is written.
    Reason,
    /// Why what speaks against it does not count.
    Override,
    /// That it is taken over from who releases the app.
    TakeOver,
    /// The app's name; who takes it says yes by it.
    Name,
}

impl Confirm {
    /// What is to be typed now. A reason may be typed while the server still tries it.
    pub fn blank(&self) -> Option<Blank> {
        let is_ready = matches!(self.stage, Stage::Ready { .. });
        let lacks_reason = self.asks_reason() && self.why.reason.is_none();
        if (lacks_reason || self.gives_reason) && (is_ready || self.stage == Stage::Asking) {
            return Some(Blank::Reason);
        }
        if !is_ready {
            return None;
        }
        if self.shown().any(|prepared| !prepared.against.is_empty()) && self.why.overridden.is_none() {
            return Some(Blank::Override);
        }
        if self.holder().is_some() && self.why.taken_over.is_none() {
            return Some(Blank::TakeOver);
        }
        self.named().map(|_| Blank::Name)
    }

    /// The places that the next yes is said to.
    pub fn decided(&self) -> impl Iterator<Item = &Place> {
        let all = self.places.iter().enumerate();
        let is_meant = |(at, place): &(usize, &Place)| {
            if self.together {
                place.fate == Fate::Ahead
            } else {
                *at == self.at
            }
        };
        all.filter(is_meant).map(|(_, place)| place)
    }

    /// Whether one of them needs a reason.
    pub fn asks_reason(&self) -> bool {
        self.decided().any(|place| place.asks_reason)
    }

    /// What is typed to say yes, where one of them asks for that: the app's name; of several apps how many they are.
    pub fn named(&self) -> Option<String> {
        let apps: BTreeSet<&AppKey> = self
            .decided()
            .filter(|place| place.by_name)
            .map(|place| &place.app)
            .collect();
        match apps.len() {
            0 => None,
            1 => apps.first().map(|app| app.name.to_string()),
            _ => Some(format!("all {}", self.decided().count())),
        }
    }

    /// Whether something is typed now.
    pub fn is_typing(&self) -> bool {
        self.blank().is_some()
    }

    /// What was said to it so far.
    pub const fn why(&self) -> &Why {
        &self.why
    }

    /// A person wants to say why, or to say it otherwise.
    pub fn give_reason(&mut self) {
        if matches!(self.stage, Stage::Ready { .. }) {
            let said = self.why.reason.as_ref().map_or("", Clean::as_str);
            self.field = Field::new(said);
            self.gives_reason = true;
        }
    }

    /// Takes what was typed.
    ///
    /// # Errors
    /// What is missing.
    pub fn fill(&mut self) -> Result<(), &'static str> {
        let typed = self.field.text();
        let typed = Some(typed.trim()).filter(|typed| !typed.is_empty()).map(Clean::new);
        let needs_reason = self.asks_reason();
        match self.blank() {
            Some(Blank::Reason) if typed.is_none() && needs_reason => return Err(NO_REASON),
            Some(Blank::Reason) => {
                self.why.reason = typed;
                self.gives_reason = false;
            }
            Some(Blank::Override) if typed.is_none() => return Err(AGAINST),
            Some(Blank::Override) => self.why.overridden = typed,
            Some(Blank::TakeOver) if typed.as_deref() != Some(TAKE_OVER) => return Err(HELD),
            Some(Blank::TakeOver) => self.why.taken_over = self.holder().map(|holder| holder.by.clone()),
            Some(Blank::Name) | None => return Ok(()),
        }
        self.field = Field::default();
        Ok(())
    }

    /// Why a yes does not count for want of something typed.
    pub(super) fn missing(&self) -> Option<&'static str> {
        match self.blank()? {
            Blank::Reason => Some(NO_REASON),
            Blank::Override => Some(AGAINST),
            Blank::TakeOver => Some(HELD),
            Blank::Name => {
                let is_named = self.named().is_some_and(|name| self.field.text() == name);
                (!is_named).then_some("the name is not the app's")
            }
        }
    }
}

/// What is typed to take an app over.
pub const TAKE_OVER: &str = "take over";
const HELD: &str = "somebody else releases this app: wait, or type that you take over";
const AGAINST: &str = "something speaks against it: type why that does not count";
const NO_REASON: &str = "it needs a reason: type why it is written";
