//! When what waits for a yes is tried anew: somebody changed the object, or more is known of the version.

use super::{ask, close_reader};
use crate::message::Effect;
use crate::model::Model;
use crate::overlays::Confirm;
use crate::release::Prepared;
use crate::release::against::Others;
use crate::release::ledger::Operation;

/// What the ledgers of other clusters say of the workload that a version is about to be published of.
pub(super) fn others(model: &Model) -> Others {
    let place = model.confirm().and_then(Confirm::place);
    let publishes = |operation| matches!(operation, Operation::Start | Operation::Rollback | Operation::Retry);
    let place = place.filter(|place| publishes(place.step.operation()));
    place.map_or_else(Others::default, |place| model.world.others(&place.object, &place.app))
}

/// Tries it anew where what is shown is not what would be written now.
pub(super) fn outdated(model: &mut Model) -> Vec<Effect> {
    let is_changed = |prepared: &Prepared| {
        let now = model.release_now(&prepared.object);
        now.is_some_and(|((now, _), _)| now > prepared.generation)
    };
    let note = if model.confirm().is_some_and(|confirm| confirm.shown().any(is_changed)) {
        "somebody changed it while this was open: it was tried anew"
    } else if model.confirm().is_some_and(|confirm| confirm.others != others(model)) {
        "more is known of what other clusters say of its versions: it was tried anew"
    } else {
        return Vec::new();
    };
    // What was read of the old one is not what would be written.
    close_reader(model);
    ask(model, Some(note.into()))
}
