//! Who changed what was released by somebody, and what the ledgers of apps in sight say: asked for once a second.

use crate::domain::ResourceRef;
use crate::message::Effect;
use crate::model::Model;
use crate::release::Author;

/// A second passed: whoever is not known yet is asked for.
pub(super) fn wanted(model: &mut Model) -> Vec<Effect> {
    let changed = model.changed_in_sight();
    for (object, generation) in &changed {
        model.world.note_author(object, *generation, None);
    }
    let asked = changed.into_iter();
    let authors = asked.map(|(object, generation)| Effect::LoadAuthor(object, generation));
    let ledgers = model.ledgers_in_sight();
    for (id, app) in &ledgers {
        model.world.note_ledger_asked(id, app, model.now);
    }
    let ledgers = ledgers.into_iter().map(|(id, app)| Effect::LoadLedger(id, app));
    authors.chain(ledgers).chain(scalers(model)).collect()
}

/// What KEDA keeps of the app in sight, where its bounds moved.
fn scalers(model: &mut Model) -> Vec<Effect> {
    let wanted = model.scalers_in_sight();
    for (object, bounds) in &wanted {
        model.world.note_scaler_asked(object, *bounds);
    }
    wanted
        .into_iter()
        .map(|(object, _)| Effect::LoadScaler(object))
        .collect()
}

/// It is known who changed an object to be of this generation, or at least its server was asked.
pub(super) fn arrived(
    model: &mut Model,
    (object, generation): (&ResourceRef, i64),
    author: Option<Author>,
) -> Vec<Effect> {
    model.world.note_author(object, generation, author);
    model.derive();
    model.touch();
    Vec::new()
}
