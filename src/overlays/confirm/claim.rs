//! Who else releases the app while something waits for a yes.

use super::{Confirm, Early, Place, Stage};
use crate::domain::{AppKey, Clean, ClusterId};
use crate::overlays::Field;
use crate::release::claim::{Claim, Holder, RENEWED_AFTER};

impl Confirm {
    /// The app that it holds: while it may still be written, or is followed.
    pub fn claims(&self) -> Option<(ClusterId, AppKey)> {
        let place = self.place().filter(|place| place.step.is_claimed())?;
        let app = |place: &Place| (place.object.cluster.clone(), place.app.clone());
        (!matches!(self.stage, Stage::Failed(_))).then(|| app(place))
    }

    /// A second passed; says whether it is time to renew the claim on the app.
    pub const fn tick(&mut self) -> bool {
        self.early = match self.early {
            Early::Just => Early::Before,
            Early::Before | Early::No => Early::No,
        };
        self.seconds = (self.seconds + 1) % RENEWED_AFTER.as_secs();
        self.seconds == 0
    }

    /// Who else releases the app.
    pub fn holder(&self) -> Option<&Holder> {
        match &self.stage {
            Stage::Ready { prepared, .. } => prepared.held.as_ref(),
            _ => None,
        }
    }

    /// From whom it is taken over.
    pub const fn taken_over(&self) -> Option<&Clean> {
        self.why.taken_over.as_ref()
    }

    /// It is known who releases the app now; says whether that is news.
    pub fn claimed(&mut self, claim: &Claim) -> bool {
        let before = self.blank();
        let Stage::Ready { prepared, .. } = &mut self.stage else {
            return false;
        };
        let is_same = prepared.held.as_ref().map(|held| &held.identity) == claim.other().map(|other| &other.identity);
        // Of one that is not known now it counts what was.
        if is_same || matches!(claim, Claim::Unknown(_)) {
            return false;
        }
        prepared.held = claim.other().cloned();
        // Another person may have come since it was asked from whom.
        if let (Claim::TakenOver(from), Some(_)) = (claim, &self.why.taken_over) {
            self.why.taken_over = Some(from.clone());
        }
        // Who took it back is asked about anew.
        if prepared.held.is_some() {
            self.why.taken_over = None;
        }
        if self.blank() != before {
            self.field = Field::default();
        }
        true
    }
}
