//! What containers wrote last that ended: read for the releases that a person looks at, once a second.

use crate::domain::{Clean, ResourceRef};
use crate::message::Effect;
use crate::model::Model;
use crate::release::Ended;

/// A second passed: what is not known yet is asked for.
pub(super) fn wanted(model: &mut Model) -> Vec<Effect> {
    let ended = model.ended_in_sight();
    for (workload, ended) in &ended {
        model.world.note_last_lines_asked(workload, ended, model.now);
    }
    let ended = ended.into_iter();
    let asked = ended.map(|(workload, ended)| Effect::LoadLastLines(workload, Box::new(ended)));
    asked.collect()
}

/// It is known, or why it cannot be.
pub(super) fn arrived(
    model: &mut Model,
    (workload, ended): (&ResourceRef, &Ended),
    read: Result<Vec<Clean>, Clean>,
) -> Vec<Effect> {
    model.world.note_last_lines(workload, ended, read);
    model.touch();
    Vec::new()
}
