//! The claim on the app of a confirmation: taken with its dry run, renewed while it is open, left with it.

use crate::domain::{AppKey, ClusterId};
use crate::message::{Effect, Trouble};
use crate::model::Model;
use crate::overlays::Confirm;
use crate::overlays::confirm::Blank;
use crate::release::claim::Claim;

/// Renews it, or sees whether who has it is through.
pub(super) fn renew(model: &Model) -> Option<Effect> {
    let (id, app) = model.claimed.clone()?;
    Some(Effect::Claim(id, app, false))
}

/// Takes it from who has it, once: who takes it back is asked about anew.
pub(super) fn take_over(model: &Model) -> Option<Effect> {
    let (id, app) = model.claimed.clone()?;
    Some(Effect::Claim(id, app, true))
}

/// Leaves the app that nothing waits for any more.
pub(super) fn follow(model: &mut Model) -> Option<Effect> {
    let wanted = model.confirm().and_then(Confirm::claims);
    if wanted == model.claimed {
        return None;
    }
    let before = std::mem::replace(&mut model.claimed, wanted);
    before.map(|(id, app)| Effect::LetGo(id, app))
}

/// It is known who has the app now.
pub(in crate::update) fn claimed(model: &mut Model, id: ClusterId, app: AppKey, claim: &Claim) -> Vec<Effect> {
    if model.claimed != Some((id, app)) {
        return Vec::new();
    }
    if model.confirm_mut().is_some_and(|confirm| confirm.claimed(claim)) {
        if let Claim::Theirs(holder) = claim {
            model.tell(Trouble::warning(holder.words()));
        }
        model.touch();
    }
    Vec::new()
}

/// Takes what was typed.
pub(super) fn fill(model: &mut Model) -> Vec<Effect> {
    let blank = model.confirm().and_then(Confirm::blank);
    let filled = model.confirm_mut().map(Confirm::fill);
    model.touch();
    match filled {
        Some(Err(missing)) => model.tell(Trouble::info(missing)),
        Some(Ok(())) if blank == Some(Blank::TakeOver) => return take_over(model).into_iter().collect(),
        _ => {}
    }
    Vec::new()
}
