//! Leaving while a write is under way: its answer is waited for, and not for ever.

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::message::{Effect, Severity, Trouble};
use crate::model::Model;

/// How long the answer to a write is waited for where a person wants to leave.
const MOST_SECONDS: i64 = 15;

/// Who leaves while something is written leaves once that was answered.
pub(in crate::update) fn wait(model: &mut Model, effects: &mut Vec<Effect>) {
    let is_leaving = effects.contains(&Effect::Quit);
    if !is_leaving || model.writes.is_empty() || model.is_late() {
        return;
    }
    effects.retain(|effect| *effect != Effect::Quit);
    let until = model.now + TimeDelta::seconds(MOST_SECONDS);
    let until = *model.leaving.get_or_insert(until);
    let left = (until - model.now).num_seconds().max(0);
    let what: Vec<String> = model
        .writes
        .iter()
        .map(|writing| format!("{}, {}", writing.what, writing.target))
        .collect();
    model.tell(Trouble {
        severity: Severity::Warning,
        text: format!("being written: {}", what.join("; ")).into(),
        hint: Some(format!("it ends once that is answered, in {left} s at most").into()),
    });
}

/// The last answer is there: whoever wanted to leave does.
pub(super) fn leave(model: &Model) -> Option<Effect> {
    (model.leaving.is_some() && model.writes.is_empty()).then_some(Effect::Quit)
}

/// Nobody is kept for ever.
pub(super) fn tick(model: &Model, now: Timestamp) -> Option<Effect> {
    model.leaving.is_some_and(|until| now >= until).then_some(Effect::Quit)
}
