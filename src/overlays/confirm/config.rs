//! Another configuration for what waits for a yes.

use super::{Confirm, Fate, Stage};
use crate::release::config::Source;

impl Confirm {
    /// Takes the other configuration, at this place and all that come after it; says which, where there is a choice.
    pub fn switch_config(&mut self) -> Option<Source> {
        let Stage::Ready { prepared, .. } = &self.stage else {
            return None;
        };
        let source = prepared.config.choice?.other();
        for place in self.places.iter_mut().filter(|place| place.fate == Fate::Ahead) {
            if let Some(step) = place.step.with_config(source) {
                place.step = step;
            }
        }
        Some(source)
    }
}
