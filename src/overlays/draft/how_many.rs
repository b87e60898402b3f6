//! How many instances, while it is typed.

use super::super::field::Field;
use super::{Draft, Many};
use crate::release::ledger::Operation;
use crate::release::scale::Amount;
use crate::release::step::Count;

/// How many instances, being typed.
#[derive(Clone, Debug)]
pub struct HowMany {
    pub draft: Draft,
    pub field: Field,
    /// Nothing was typed yet: the first character takes the place of what is proposed.
    pub fresh: bool,
}

impl HowMany {
    pub fn new(draft: Draft) -> Self {
        Self {
            field: Field::new(&draft.proposal()),
            draft,
            fresh: true,
        }
    }

    /// What was typed.
    ///
    /// # Errors
    /// What is wrong with it: how it has to be written, or that no workload can have so many.
    pub fn count(&self) -> Result<Many, String> {
        if self.draft.operation == Operation::Scale {
            let amount = Amount::parse(&self.field.text())?;
            if let Some(why) = self.draft.undivided(amount) {
                return Err(why);
            }
            let (division, _) = self.draft.division(amount);
            let changes = self
                .draft
                .open()
                .zip(&division)
                .any(|(aim, (_, to))| aim.counts.desired != *to);
            return changes
                .then_some(Many::Amount(amount))
                .ok_or_else(|| "nothing changes: it has as many, or there is room for none".to_owned());
        }
        let count = Count::parse(self.field.text().trim())?;
        let comes_to = self.draft.comes_to(count);
        let is_possible = comes_to.iter().any(|(_, told)| told.is_ok());
        match comes_to.into_iter().find_map(|(_, told)| told.err()) {
            Some(problem) if !is_possible => Err(problem),
            _ => Ok(Many::Count(count)),
        }
    }
}
