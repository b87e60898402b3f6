//! Who changed what was released by somebody: asked once for each change that is in sight.

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
    asked
        .map(|(object, generation)| Effect::LoadAuthor(object, generation))
        .collect()
}

/// It is known who changed an object to be of this generation, or at least its server was asked.
pub(super) fn arrived(model: &mut Model, (object, generation): (&ResourceRef, i64), author: Option<Author>) {
    model.world.note_author(object, generation, author);
    model.derive();
    model.touch();
}
