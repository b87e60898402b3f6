//! A way back that leads through a gray release instead of at once.

use super::{Confirm, Fate, Place, Stage};
use crate::domain::Kind;
use crate::overlays::Draft;
use crate::release::live::Method;
use crate::release::step::{Count, Return, Step};

impl Confirm {
    /// Whether the way back that is shown leads through a gray release; `None` where there is no such choice: it is
    /// none, or one of a Rollout, whose own steps say how many.
    pub fn is_gray(&self) -> Option<bool> {
        let place = self.place().filter(|place| place.fate == Fate::Ahead)?;
        let is_shown = matches!(self.stage, Stage::Ready { .. } | Stage::Failed(_));
        if !is_shown || !can_be_gray(place) {
            return None;
        }
        match &place.step {
            Step::Rollback(back) => Some(back.gray.is_some()),
            _ => None,
        }
    }

    /// What is asked with how many instances it begins, of the places that are left.
    pub fn gray_draft(&self) -> Option<Draft> {
        let mut draft = self.draft.clone().filter(|_| self.is_gray().is_some())?;
        draft.aims.retain_mut(|aim| {
            let place = self.places.iter().find(|place| place.object == aim.object);
            let place = place.filter(|place| place.fate == Fate::Ahead && can_be_gray(place));
            aim.counts = place.map_or(aim.counts, |place| place.counts);
            place.is_some()
        });
        Some(draft)
    }

    /// Lets this place and all that come after it go back through a gray release of so many instances, or at once.
    pub fn go_back_by(&mut self, gray: Option<(Count, Method)>) {
        let ahead = self.places.iter_mut().filter(|place| place.fate == Fate::Ahead);
        for place in ahead.filter(|place| can_be_gray(place)) {
            if let Step::Rollback(Return { gray: by, .. }) = &mut place.step {
                *by = gray.map(|(count, method)| (count, place.counts.method(method)));
            }
        }
    }
}

fn can_be_gray(place: &Place) -> bool {
    place.object.kind != Kind::Rollout && matches!(place.step, Step::Rollback(_))
}
