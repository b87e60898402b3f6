//! What no watch brings, read when it is asked for: the revisions that a version is chosen from, and what KEDA keeps.

use super::{asking, past};
use crate::domain::ResourceRef;
use crate::message::{Effect, Trouble};
use crate::model::Model;
use crate::model::instances::room;
use crate::model::release::refusal_of;
use crate::overlays::{Draft, Overlay, Purpose};
use crate::release::history::Told;
use crate::release::ledger::Operation;
use crate::release::scale::Scaler;
use crate::world::beside::has_history;

/// Asks for the revisions of what a version is chosen for.
pub(super) fn load_histories(draft: &Draft) -> Vec<Effect> {
    if !matches!(draft.operation, Operation::Start | Operation::Rollback) {
        return Vec::new();
    }
    let in_place = draft.open().filter(|aim| has_history(aim.object.kind));
    in_place.map(|aim| Effect::LoadHistory(aim.object.clone())).collect()
}

/// Asks what of KEDA decides how many instances there are of what is meant here.
pub(super) fn load_scalers(model: &Model, operation: Operation) -> Vec<Effect> {
    if !matches!(operation, Operation::Scale | Operation::EndFloor) {
        return Vec::new();
    }
    let meant = model.meant().into_iter().filter(|(view, _)| view.link.is_live());
    meant
        .map(|(view, workload)| Effect::LoadScaler(view.object_of(workload)))
        .collect()
}

/// Takes the revisions of a workload; where a version of it is chosen they are offered, with what the ledgers say.
pub(in crate::update) fn history(
    model: &mut Model,
    object: &ResourceRef,
    read: Result<Vec<Told>, Trouble>,
) -> Vec<Effect> {
    match read {
        Ok(history) => model.world.note_history(object, history),
        Err(trouble) => model.tell(trouble),
    }
    let is_its = |draft: &Draft| draft.open().any(|aim| aim.object == *object);
    let purpose = match model.overlays.last() {
        Some(Overlay::Picker(picker)) if model.draft.as_ref().is_some_and(is_its) => picker.purpose,
        _ => return Vec::new(),
    };
    if matches!(purpose, Purpose::Revision | Purpose::Version) {
        offer(model, purpose);
        asking::mark_bad(model);
    }
    model.touch();
    Vec::new()
}

fn offer(model: &mut Model, purpose: Purpose) {
    let items = asking::versions(model, purpose);
    let Some(Overlay::Picker(picker)) = model.overlays.last_mut() else {
        return;
    };
    if purpose == Purpose::Version {
        let known = picker.items().to_vec();
        let others = items
            .into_iter()
            .filter(|item| !known.iter().any(|known| known.target == item.target));
        others.for_each(|item| picker.add(item));
        return;
    }
    picker.mend(items, None);
    let aims = model.draft.iter().flat_map(Draft::open);
    let mut ledgers: Vec<_> = aims
        .filter_map(|aim| {
            let view = model.world.cluster(&aim.object.cluster)?;
            Some((aim.object.cluster.clone(), view.ledger_of(&aim.app)?.versions.clone()))
        })
        .collect();
    ledgers.dedup_by(|one, other| one.0 == other.0);
    for (cluster, versions) in ledgers {
        past::remember(model, &cluster, &versions);
    }
}

/// Takes what of KEDA decides how many instances a workload has; where their number is asked for it is told.
pub(in crate::update) fn scaler(
    model: &mut Model,
    object: &ResourceRef,
    read: Result<Option<Scaler>, Trouble>,
) -> Vec<Effect> {
    match read {
        Ok(scaler) => model.world.note_scaler(object, scaler),
        Err(trouble) => model.tell(trouble),
    }
    model.derive();
    let view = model.world.cluster(&object.cluster);
    let found = view.and_then(|view| Some((view, view.workload(object.kind, &object.key)?)));
    if let (Some((view, workload)), Some(Overlay::HowMany(asked))) = (found, model.overlays.last_mut())
        && asked.draft.operation == Operation::Scale
        && let Some(aim) = asked.draft.aims.iter_mut().find(|aim| aim.object == *object)
    {
        (aim.room, aim.about) = room(view, workload);
        aim.refused = refusal_of(view, workload, &aim.phase, Operation::Scale);
    }
    model.touch();
    Vec::new()
}
