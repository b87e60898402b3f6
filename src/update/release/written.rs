//! What came of a write: what it takes is promised, and it is told.

use crate::message::{Failure, FailureKind, Trouble};
use crate::model::Model;
use crate::model::release::Writing;
use crate::release::Done;

/// What was written takes room, or may: it is promised before it is seen.
pub(super) fn assume(model: &mut Model, writing: &Writing, result: &Result<Done, Failure>) {
    let may_be_written = match result {
        Ok(_) => true,
        Err(failure) => failure.kind == FailureKind::Unclear,
    };
    if let Some((object, to)) = writing.scales_to.as_ref().filter(|_| may_be_written) {
        model.world.assume(object, *to, model.now);
    }
}

/// Says what came of a write.
pub(super) fn tell(model: &mut Model, writing: &Writing, result: &Result<Done, Failure>) {
    let Writing { what, target, .. } = writing;
    match result {
        Ok(done) => {
            model.tell(Trouble::info(format!("written: {what}, {target}")));
            for told in &done.told {
                model.tell(Trouble::info(format!("{target}: {told}")));
            }
            for unnoted in &done.unnoted {
                model.tell(Trouble::warning(format!("{target}: {unnoted}")));
            }
        }
        Err(failure) => model.tell(Trouble {
            text: format!("{what}, {target}: {}", failure.trouble.text).into(),
            ..failure.trouble.clone()
        }),
    }
}
